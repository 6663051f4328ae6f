"""How many Hermite modes BGK needs, with and without free flight split off. No network here.

The moment system of :mod:`hrgradlib.kinetics.bgk`, closed after n micro modes, is integrated on a
fine mesh (central differences of sixth order, Runge–Kutta of fourth order) and compared with the
reference: what remains is the error that even a perfect network with n modes has.
``python -m hrgradlib.chapters.ch11_truncation`` measures the book's table anew (minutes).
"""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.experiments.store import Table, here, read
from hrgradlib.kinetics.bgk import CONSERVED, maxwellian_coefficients
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGKProblem
from hrgradlib.kinetics.free_flight import free_distribution
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.reference.bgk import BGKReference

__all__ = ["MomentSystem", "main", "read_truncation", "truncation_errors"]

_NAME = "bgk-truncation"
_SPEEDS = np.linspace(-9, 9, 121)
_ROOM = 1.25  # of the mesh beyond the problem's domain
_PROBLEM, _EPS, _MODES = BGK_LAYER, (1.0, 0.3, 0.1, 0.03), (4, 6, 8, 11, 14)  # of the table


class MomentSystem:
    """``∂t f_k + √Θ_ψ (√(k+1) ∂x f_{k+1} + √k ∂x f_{k−1}) = (h_k(U) − f_k)/ε``, k ≤ n + 2.

    Args:
        problem: smooth data.
        eps: Knudsen number, > 0.
        modes: n.
        split: whether f' = f − e^{−t/ε} f_free is what is expanded; else f itself.
        cells: of the mesh.
        theta: temperature Θ_ψ of the basis.

    Raises:
        ValueError: a jump, which central differences cannot follow.
    """

    def __init__(
        self,
        problem: BGKProblem,
        eps: float,
        modes: int,
        split: bool,
        cells: int = 240,
        theta: float = 1.2,
    ) -> None:
        if problem.length == 0:
            raise ValueError(f"MomentSystem: found {problem.name}; expected smooth data, no jump.")
        self.problem, self.eps, self.theta, self.split = problem, eps, theta, split
        self.count = modes + CONSERVED
        reach = _ROOM * problem.domain[1]
        self.x, self.dx = np.linspace(-reach, reach, cells, endpoint=False, retstep=True)
        self.roots = np.sqrt(theta * np.arange(1, self.count))[:, None]

    def solve(self) -> NDArray:
        """(ρ, u, Θ) at the final time, [3, cells]."""
        fastest = np.sqrt(2 * self.theta * self.count)
        step = min(1.1 * self.dx / fastest, 1.5 * self.eps)
        steps = int(np.ceil(self.problem.final_time / step))
        h = self.problem.final_time / steps
        self._basis = self._hermite() * (_SPEEDS[1] - _SPEEDS[0])
        flight = self._flown(0.0)
        f = (
            np.zeros_like(flight)
            if self.split
            else self._maxwellian(self.problem.initial_moments(self.x)[0].T)
        )
        for i in range(steps):
            middle, after = self._flown((i + 0.5) * h), self._flown((i + 1) * h)
            k1 = self._slope(f, flight)
            k2 = self._slope(f + h / 2 * k1, middle)
            k3 = self._slope(f + h / 2 * k2, middle)
            k4 = self._slope(f + h * k3, after)
            f, flight = f + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), after
        return self._primitive(f + flight)

    def _slope(self, f: NDArray, flight: NDArray) -> NDArray:
        along, slope = self._derivative(f), np.zeros_like(f)
        slope[:-1] -= self.roots * along[1:]
        slope[1:] -= self.roots * along[:-1]
        return slope + (self._maxwellian(self._primitive(f + flight)) - f) / self.eps

    def _derivative(self, f: NDArray) -> NDArray:
        """``∂x``; beyond the ends the far field goes on."""
        wide, n = np.pad(f, ((0, 0), (3, 3)), mode="edge"), f.shape[1]
        pairs = [wide[:, 3 + j : 3 + j + n] - wide[:, 3 - j : 3 - j + n] for j in (1, 2, 3)]
        return (45 * pairs[0] - 9 * pairs[1] + pairs[2]) / (60 * self.dx)

    def _flown(self, t: float) -> NDArray:
        """Coefficients of ``e^{−t/ε} f0(x − v t, v)``; zero where nothing is split off."""
        if not self.split:
            return np.zeros((self.count, len(self.x)))
        v = torch.as_tensor(_SPEEDS)[:, None]
        f = free_distribution(self.problem, v.new_tensor(t), torch.as_tensor(self.x), v).numpy()
        return np.exp(-t / self.eps) * (self._basis @ f)

    def _hermite(self) -> NDArray:
        """``He_k(v/√Θ_ψ)/√k!`` at the speeds, [K, V]."""
        y = _SPEEDS / self.theta**0.5
        rows = [np.ones_like(y), y]
        for k in range(1, self.count - 1):
            rows.append((y * rows[k] - k**0.5 * rows[k - 1]) / (k + 1) ** 0.5)
        return np.stack(rows)

    def _maxwellian(self, primitives: NDArray) -> NDArray:
        state = torch.as_tensor(primitives.T)
        h, _ = maxwellian_coefficients(
            state, state.new_zeros(len(state), 1, 3), self.count - 1, self.theta
        )
        return h.T.numpy()

    def _primitive(self, f: NDArray) -> NDArray:
        u = self.theta**0.5 * f[1] / f[0]
        return np.stack([f[0], u, self.theta * (2**0.5 * f[2] / f[0] + 1) - u**2])


def truncation_errors(
    reference: BGKReference, eps: float, modes: int, split: bool, cells: int = 240
) -> NDArray:
    """Relative L2 errors over the window of ρ, ρu and E at the final time, [3]."""
    problem = reference.problem
    system = MomentSystem(problem, eps, modes, split, cells)
    inside = (system.x >= problem.window[0]) & (system.x <= problem.window[1])
    found = conserved(system.solve()[:, inside])
    exact = conserved(reference.moments(problem.final_time, system.x[inside], eps))
    return np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)


def read_truncation() -> list[dict]:
    """Rows of the stored table: eps, modes, split, density, momentum, energy."""
    return [row.values for row in read(_NAME)]


def main(force: bool = False) -> None:
    """Measure the rows that the stored table lacks or that other code made."""
    reference, table = BGKReference(_PROBLEM), Table.named(_NAME)
    for eps, split, modes in product(_EPS, (False, True), _MODES):
        key = f"eps{eps:g} {'split' if split else 'whole'} {modes} modes"
        origin = here(roots=[__spec__.name])
        if table.has(key, origin) and not force:
            continue
        errors = [float(f"{e:.3e}") for e in truncation_errors(reference, eps, modes, split)]
        named = dict(zip(("density", "momentum", "energy"), errors, strict=True))
        values = {"problem": _PROBLEM.name, "eps": eps, "modes": modes, "split": split} | named
        table.put(key, values, origin)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(force="--force" in sys.argv)
