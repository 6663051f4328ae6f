"""The moment system of `kinetics.inflow`, cut after n functions, solved on a fine mesh.

What a network can reach at best: its error against `InflowReference` is that of its equations, cut
in v, plus its own. This solver has only the former (and that of its mesh, of which it is second
order): characteristic variables of the cut system, each moved by Fromm's upwind scheme, collisions
and the split front's source between two half steps. Explicit, so for ε ≳ 0.05.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hrgradlib.kinetics.inflow_basis import InflowBasis, inflow_basis

__all__ = ["truncated_density"]


def truncated_density(
    kind: str, count: int, t: float, eps: float, cells: int = 1000, reach: float = 1.0
) -> tuple[NDArray, NDArray]:
    """``ρ(t, x)`` of ``transport-inflow`` with n even and n odd functions of v.

    Args:
        kind: basis, "half-range" or "legendre".
        count: n.
        t, eps: dimensionless.
        cells: of the mesh on [0, reach].
        reach: at most 1; nothing may have come so far, or it is the right wall.

    Returns:
        Cell centres x [cells] and the density there.
    """
    basis = inflow_basis(kind, count)
    zero = np.zeros((count, count))
    matrix = np.block([[zero, basis.coupling], [basis.coupling.T, zero]])
    speeds, modes = np.linalg.eigh(matrix)
    width = reach / cells
    x = (np.arange(cells) + 0.5) * width
    steps = int(np.ceil(t * speeds.max() / (0.9 * eps * width)))
    h = t / steps
    shares = np.abs(speeds) * h / (eps * width)
    c = np.zeros((2 * count, cells))  # coefficients of f'
    for now in h * np.arange(steps):
        _collide(c, x, now + h / 4, h / 2, eps)
        w = modes.T @ c
        walls = _walls(w, -np.expm1(-(now + h / 2) / eps**2), speeds, modes, basis)
        for row, share, speed, wall in zip(w, shares, speeds, walls, strict=True):
            along = row if speed > 0 else row[::-1]
            along[:] = _fromm(along, share, wall)
        c = modes @ w
        _collide(c, x, now + 3 * h / 4, h / 2, eps)
    return x, c[0] + _front(t, x, eps)


def _front(t: float, x: NDArray, eps: float) -> NDArray:
    """``<S>``."""
    return 0.5 * np.exp(-t / eps**2) * np.clip(1 - eps * x / t, 0, 1)


def _collide(c: NDArray, x: NDArray, t: float, h: float, eps: float) -> None:
    """``ε² ∂t c = <c> − c + <S>`` over h, the source taken at t; in place."""
    c[1:] *= np.exp(-h / eps**2)
    c[0] += h / eps**2 * _front(t, x, eps)


def _walls(
    w: NDArray, inflow: float, speeds: NDArray, modes: NDArray, basis: InflowBasis
) -> NDArray:
    """What enters in every characteristic [2n]: on the left from n half-range moments, right 0."""
    enters = speeds > 0
    inward = np.concatenate([basis.even_in, basis.odd_in], 1) @ modes
    leaving = (1.5 * w[:, 0] - 0.5 * w[:, 1])[~enters]
    wanted = np.zeros(len(inward))
    wanted[0] = inflow
    result = np.zeros(len(speeds))
    result[enters] = np.linalg.solve(inward[:, enters], wanted - inward[:, ~enters] @ leaving)
    return result


def _fromm(values: NDArray, share: float, wall: float) -> NDArray:
    """One step to the right by ``share`` cells, with ``wall`` coming in."""
    ghosts = 2 * wall - values[1::-1]
    padded = np.concatenate([ghosts, values, values[-1:]])
    flux = padded[1:-1] + 0.25 * (1 - share) * (padded[2:] - padded[:-2])
    return values - share * np.diff(flux)
