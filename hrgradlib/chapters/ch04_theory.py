"""Chapter 4 without training: a family of wrong solutions, extreme eigenvalues, linear descents.

All of it is about the three losses of :mod:`hrgradlib.chapters.ch04_pinn`.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hrgradlib.chapters.ch04_pinn import (
    CELLS,
    LOSSES,
    PROBLEM,
    Case,
    build,
    draw,
    mean_squares,
    residuals,
)
from hrgradlib.kinetics.periodic import PeriodicFields
from hrgradlib.kinetics.velocity import gauss_legendre, recurrence
from hrgradlib.optim import residual_jacobian
from hrgradlib.reference.periodic import PeriodicReference

__all__ = ["Candidate", "Extremes", "coercivity", "descent", "even_points", "extremes", "landscape"]

WAVE = 2 * np.pi


# --- wrong solutions -----------------------------------------------------------------------------


class Candidate:
    """``ρ = 1 + ½ e^{−Dξ²ω} cos ξx``, ``g = −γ σ v ∂xρ``: any rate D, any multiple γ of the flux.

    It has what the losses need of a network. ``b_1 = −γ σ α_1 ∂xρ``, and the other modes are zero.

    Args:
        diffusivity: D; 1/3 is the right one in the limit, 0 leaves the density as it was.
        flux: γ; 1 is the right one in the limit.
        modes: M of the residual, at least 2.
    """

    def __init__(self, diffusivity: float, flux: float = 1.0, modes: int = 4) -> None:
        self.diffusivity, self.flux, self.modes = diffusivity, flux, modes

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> PeriodicFields:
        """What the residuals need, at points given as three tensors [N]."""
        layer, rate = eps.square(), self.diffusivity * WAVE**2
        grown = -torch.expm1(-t / layer)
        amplitude = 0.5 * torch.exp(-rate * (t - layer * grown))
        slope = -WAVE * amplitude * torch.sin(WAVE * x)
        curvature = -(WAVE**2) * amplitude * torch.cos(WAVE * x)
        flux = -self.flux * float(recurrence(1)[0])
        # ε² ∂t b + b = flux · (∂xρ + σ ε² ∂t ∂xρ), as ε² ∂t σ + σ = 1
        relaxation = flux * slope * (1 - layer * rate * grown.square())
        rest = (0, self.modes - 1)
        return PeriodicFields(
            density_t=self.diffusivity * grown * curvature,
            density_x=slope,
            micro_x=torch.nn.functional.pad((flux * grown * curvature)[:, None], rest),
            relaxation=torch.nn.functional.pad(relaxation[:, None], rest),
        )


def even_points(eps: float, count: int = 4000) -> tuple[Tensor, ...]:
    """Points (t, x, ε): midpoints in time, places that average ``cos²`` and ``sin²`` exactly."""
    t = (torch.arange(count, dtype=torch.float64) + 0.5) / count * PROBLEM.final_time
    x = torch.arange(count, dtype=torch.float64) % 4 / 4 + 0.125
    return t, x, torch.full_like(t, eps)


def landscape(eps: float, diffusivity: NDArray, flux: NDArray) -> dict[str, NDArray]:
    """Losses ``"pinn"`` and ``"apnn"`` of the candidates, [flux, diffusivity]."""
    points = even_points(eps, 256)
    squares = [
        [mean_squares(Candidate(d, f), LOSSES[0], points) for d in diffusivity] for f in flux
    ]
    macro, micro = (
        np.array([[one[part] for one in row] for row in squares]) for part in ("macro", "micro")
    )
    return {"pinn": eps**2 * macro + micro, "apnn": macro + micro}


# --- eigenvalues ---------------------------------------------------------------------------------


class Extremes(NamedTuple):
    """Smallest and largest value of loss over squared norm, per loss, in a linear space."""

    least: dict[str, float]
    largest: dict[str, float]


def coercivity(final_time: float) -> float:
    """``C_T``: the mean squared error of (ρ, g) is at most this multiple of the APNN loss."""
    return max(5 * final_time + 8 * final_time**2, 1.5 + final_time)


def extremes(eps: float, modes: int = 4, degree: int = 6) -> Extremes:
    """Rayleigh quotients over one Fourier mode with polynomials in t for ``N_ρ`` and ``N_k``.

    Errors are ``ρ = (ω/T) p_0(t) cos ξx`` and ``b_k = σ p_k(t)`` times sine (k odd) or cosine;
    norms are those of (ρ, g) or, for the plain form, of (ρ, h).
    """
    fields, found, weight = _one_mode(eps, modes, degree)
    scale = np.r_[eps, np.ones(modes)][:, None]
    unscaled = np.r_[1.0, np.full(modes, eps)][:, None]
    pairs = {
        "apnn": (fields, found),
        "pinn": (fields, scale * found),
        "pinn-plain": (unscaled * fields, eps * scale * found),
    }
    values = {name: _quotients(*(weight * p for p in pair)) for name, pair in pairs.items()}
    return Extremes({n: v[-1] for n, v in values.items()}, {n: v[0] for n, v in values.items()})


def _one_mode(eps: float, modes: int, degree: int) -> tuple[NDArray, NDArray, NDArray]:
    """(ρ, b_k) and residuals of the basis, [times, 1 + M, n]; roots of weights [times, 1, 1]."""
    t, weight = _layered_times(eps)
    layer, count = eps**2, degree + 1
    grown, clock = -np.expm1(-t / layer)[:, None], _clock(t, layer)[:, None]
    basis = [
        np.polynomial.legendre.Legendre.basis(j, [0, PROBLEM.final_time]) for j in range(count)
    ]
    p = np.stack([b(t) for b in basis], 1)
    p_t = np.stack([b.deriv()(t) * np.ones_like(t) for b in basis], 1)
    alpha = recurrence(modes)
    fields = np.zeros((len(t), 1 + modes, (1 + modes) * count))
    found = np.zeros_like(fields)
    own = [slice(k * count, (k + 1) * count) for k in range(1 + modes)]
    slope = [WAVE if k % 2 else -WAVE for k in range(1 + modes)]  # of sine and cosine
    fields[:, 0, own[0]] = clock / PROBLEM.final_time * p
    found[:, 0, own[0]] = (grown * p + clock * p_t) / PROBLEM.final_time
    found[:, 0, own[1]] = alpha[0] * slope[1] * grown * p
    found[:, 1, own[0]] = alpha[0] * slope[0] * fields[:, 0, own[0]]
    for k in range(1, 1 + modes):
        fields[:, k, own[k]] = grown * p
        found[:, k, own[k]] = p + grown * layer * p_t
        if k > 1:
            found[:, k, own[k - 1]] = eps * alpha[k - 1] * slope[k - 1] * grown * p
        if k < modes:
            found[:, k, own[k + 1]] = eps * alpha[k] * slope[k + 1] * grown * p
    return fields, found, np.sqrt(weight)[:, None, None]


def _clock(t: NDArray, layer: float) -> NDArray:
    """``ω = t − ε² σ``, by its series where the difference would lose digits."""
    tau = t / layer
    series = tau**2 / 2 - tau**3 / 6 + tau**4 / 24
    return layer * np.where(tau < 1e-2, series, tau + np.expm1(-tau))


def _layered_times(eps: float, order: int = 16) -> tuple[NDArray, NDArray]:
    """Gauss points on panels that halve towards t = 0, below the layer; weights sum to one."""
    final = PROBLEM.final_time
    halvings = int(np.ceil(np.log2(100 * final / min(eps**2, final))))
    edges = np.r_[0.0, final * 2.0 ** -np.arange(halvings, -1, -1.0)]
    nodes, weights = gauss_legendre(order)
    width = np.diff(edges)[:, None]
    return (edges[:-1, None] + width * (nodes + 1) / 2).ravel(), (width * weights).ravel() / final


def _quotients(fields: NDArray, found: NDArray) -> NDArray:
    """Stationary values of ``‖found c‖²/‖fields c‖²``, falling."""
    n = fields.shape[2]
    _, size, axes = np.linalg.svd(fields.reshape(-1, n), full_matrices=False)
    return np.linalg.svd(found.reshape(-1, n) @ (axes.T / size), compute_uv=False) ** 2


# --- gradient descent on the linearised network --------------------------------------------------


def descent(profile: str, loss: str, eps: float, steps: NDArray, points: int = 192) -> NDArray:
    """Error of ρ(T) after steps of gradient descent on the network linearised where it starts.

    Linearised, the loss is quadratic and the path a sum of exponentials: no step is carried out.
    The learning rate is one over the largest eigenvalue.

    Args:
        profile: size of the network.
        loss: one of ``LOSSES``.
        eps: Knudsen number.
        steps: [S] numbers of steps.
        points: of the batch, the same for every loss.

    Returns:
        [S] relative L2 errors.
    """
    model = build(Case.of(profile, LOSSES[0], "adam", eps))
    batch = residual_jacobian(
        partial(residuals(loss), model),
        model,
        draw(eps, points, torch.Generator().manual_seed(1)),
        [points],
    )
    x = torch.arange(CELLS, dtype=torch.float64) / CELLS
    end = torch.full_like(x, PROBLEM.final_time), x, torch.full_like(x, eps)
    density = residual_jacobian(lambda *p: model(*p)[0][:, None], model, end, [CELLS])
    exact = (
        torch.from_numpy(
            PeriodicReference(dict(PROBLEM.modes)).density(PROBLEM.final_time, x.numpy(), eps)
        )
        / CELLS**0.5
    )
    left, size, axes = torch.linalg.svd(batch.matrix, full_matrices=False)
    kept = size > 1e-12 * size[0]
    wanted = (left.mT @ batch.residuals)[kept] / size[kept]
    decay = torch.log1p(-(size[kept] / size[0]).square().clamp(max=1 - 1e-16))
    moved = -torch.expm1(torch.from_numpy(np.asarray(steps, dtype=float))[:, None] * decay)
    change = (moved * wanted) @ axes[kept] @ density.matrix.mT
    return ((density.residuals - change - exact).norm(dim=1) / exact.norm()).numpy()
