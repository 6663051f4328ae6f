"""Chapter 3: losses of a right and of a wrong candidate, in the plain and the micro–macro form.

A candidate is ``ρ̃ = 1 + ½ e^{−γξ²t/3} cos ξx``, ``g̃ = −(1 − e^{−t/ε²}) v ∂x ρ̃``: the diffusion
limit with the factor of the layer for γ = 1; a density that decays at half the rate for γ = ½.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.kinetics.velocity import gauss_legendre
from hrgradlib.reference.periodic import PeriodicReference

__all__ = ["GAMMAS", "Compared", "compare", "residuals_of", "times_of"]

#: Rates of the two candidates.
GAMMAS = {"right": 1.0, "wrong": 0.5}
_XI = 2 * np.pi  # wave number of the initial density


class Compared(NamedTuple):
    """Two candidates over the Knudsen numbers.

    Attributes:
        losses: by form and candidate, [E] mean squared residual over time.
        bounds: by candidate and ε, the largest error over time and what bounds it.
        gap: largest gap of the identity between the two forms, relative.
    """

    losses: dict[str, dict[str, NDArray]]
    bounds: dict[tuple[str, float], tuple[float, float]]
    gap: float


def residuals_of(
    gamma: float, eps: float, times: NDArray, flux: float = 1.0
) -> tuple[NDArray, NDArray, NDArray, float]:
    """‖plain‖², ‖macro‖², ‖micro‖² of a candidate, [T] each, and the identity's relative gap.

    Derivatives are automatic, of ρ̃, g̃ and f̃ each, so that the identity is tested.

    Args:
        gamma: rate of the candidate.
        eps: Knudsen number.
        times: [T]
        flux: factor of g̃.
    """
    v_nodes, w = (torch.tensor(part) for part in gauss_legendre(4))
    places = torch.arange(8).double() / 8
    grid = torch.meshgrid(torch.tensor(times), places, v_nodes, indexing="ij")
    t, x, v = (part.clone().requires_grad_() for part in grid)
    rho = 1 + 0.5 * torch.exp(-gamma * _XI**2 * t / 3) * torch.cos(_XI * x)
    rho_t, rho_x = _along(rho, t, x)
    g = flux * torch.expm1(-t / eps**2) * v * rho_x
    g_t, g_x = _along(g, t, x)
    f = rho + eps * g
    f_t, f_x = _along(f, t, x)

    def average(h: torch.Tensor) -> torch.Tensor:
        return (h * w).sum(-1, keepdim=True)

    plain = eps * f_t + v * f_x - (average(f) - f) / eps
    macro = (rho_t + average(v * g_x)).expand_as(plain)
    micro = eps**2 * g_t + eps * (v * g_x - average(v * g_x)) + v * rho_x + g

    def square(residual: torch.Tensor) -> NDArray:
        return (residual**2 * w).sum(-1).mean(-1).detach().numpy()

    gap = (plain - eps * macro - micro).detach().abs().max() / plain.detach().max()
    return square(plain), square(macro), square(micro), float(gap)


def _along(value: torch.Tensor, *variables: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Derivatives of every entry of a tensor with respect to each of the variables."""
    return torch.autograd.grad(value.sum(), variables, create_graph=True)


def times_of(eps: float, final_time: float, count: int) -> NDArray:
    """Times that see the layer and what follows: ``count`` on either scale, sorted."""
    return np.union1d(
        np.geomspace(1e-3 * eps**2, final_time, count), np.linspace(0, final_time, count)
    )


def compare(
    eps_axis: NDArray, final_time: float, count: int, reference: PeriodicReference
) -> Compared:
    """Both losses of both candidates at every ε, their errors, and the bound by the loss.

    Args:
        eps_axis: [E] Knudsen numbers.
        final_time: the mean is over [0, T].
        count: of :func:`times_of`.
        reference: knows the exact amplitude.
    """
    losses: dict[str, dict[str, NDArray]] = {"plain form": {}, "micro–macro form": {}}
    bounds, gaps = {}, []
    for name, gamma in GAMMAS.items():
        found = []
        for eps in eps_axis:
            times = times_of(eps, final_time, count)
            *squares, gap = residuals_of(gamma, eps, times)
            plain, macro, micro = (np.trapezoid(h, times) / final_time for h in squares)
            root = np.trapezoid(np.sqrt(squares[1]), times)
            exact = reference.mode_amplitude(times[::10], eps)
            error = np.abs(np.exp(-gamma * _XI**2 * times[::10] / 3) - exact).max() / np.sqrt(8)
            bounds[name, eps] = error, 2 * root + np.sqrt(final_time * micro / 2)
            found.append((plain, macro + micro))
            gaps.append(gap)
        losses["plain form"][name], losses["micro–macro form"][name] = np.array(found).T
    return Compared(losses, bounds, max(gaps))
