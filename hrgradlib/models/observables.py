"""From a network's outputs to ``f`` and its moments, one view per family of networks.

A view knows what the two outputs of a model mean. ``moments`` are ``<(1, v, v²/2) f>`` with the
average of the equation: ``½ ∫_{-1}^{1}`` for linear transport, ``∫_{-∞}^{∞}`` for BGK.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from hrgradlib.kinetics.bgk import maxwellian_coefficients
from hrgradlib.kinetics.free_flight import FreeFlight, free_distribution, free_flight
from hrgradlib.kinetics.inflow_basis import even_odd, inflow_basis
from hrgradlib.kinetics.velocity import legendre, recurrence
from hrgradlib.models import BGKModel, InflowModel, PeriodicModel, PlainBGKModel

__all__ = ["view_of"]


class PeriodicView:
    """``f = ρ + ε Σ b_k φ_k``; outputs ρ [...] and b [..., M]."""

    speeds, places = (-1.0, 1.0), (-np.inf, np.inf)

    def __init__(self, model: PeriodicModel) -> None:
        self.modes = model.modes

    def moments(self, density, modes, t, x, eps) -> NDArray:
        first, second = recurrence(2)
        beyond = modes[..., 1] if self.modes > 1 else 0.0
        flux, square = first * modes[..., 0], first * second * beyond
        return np.stack([density, eps * flux, 0.5 * (density / 3 + eps * square)], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        return density + eps * (modes * legendre(v, self.modes)[..., 1:]).sum(-1)


class InflowView:
    """``f = S + f'``; outputs ρ (of f) [...] and ``δE_1…, δO_0…`` of f' [..., 2K−1]."""

    speeds, places = (-1.0, 1.0), (0.0, 1.0)

    def __init__(self, model: InflowModel) -> None:
        self.count, self.kind = model.modes, model.kind

    @staticmethod
    def _front(t, x, eps) -> tuple[NDArray, NDArray]:
        """``e^{−t/ε²}`` and the slowest velocity behind the front, x/(t/ε), at most 1."""
        reach = t / eps
        slowest = np.where(x < reach, x / np.where(reach > 0, reach, 1.0), 1.0)
        return np.exp(-t / eps**2) * (t > 0), slowest

    def moments(self, density, modes, t, x, eps) -> NDArray:
        height, slowest = self._front(t, x, eps)
        b = inflow_basis(self.kind, self.count + 1).coupling
        even, odd = modes[..., : self.count - 1], modes[..., self.count - 1 :]
        prime = density - 0.5 * height * (1 - slowest)
        flux = odd @ b[0, : self.count] + 0.25 * height * (1 - slowest**2)
        square = prime / 3 + even @ (b @ b.T)[0, 1 : self.count] + height * (1 - slowest**3) / 6
        return np.stack([density, flux, 0.5 * square], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        height, slowest = self._front(t, x, eps)
        even, odd = even_odd(v, self.count, self.kind)
        prime = density - 0.5 * height * (1 - slowest)
        smooth = prime + (modes * np.concatenate([even[..., 1:], odd], -1)).sum(-1)
        return smooth + height * ((v > slowest) & (v > 0))


class BGKView:
    """``f = E (f_free + Σ_{k≤2} (h_k − a_k) ψ_k) + (1 − E) M[ρ, u, T] + ε Σ_{k≥3} b_k ψ_k``.

    ``E = e^{−t/ε}`` is the share in free flight, ``h_k`` and ``a_k`` are the coefficients of the
    Maxwellian and of the free flight. Outputs (ρ, u, T) [..., 3] and b [..., M].
    """

    speeds, places = (-np.inf, np.inf), (-np.inf, np.inf)

    def __init__(self, model: BGKModel) -> None:
        self.theta, self.modes, self.problem = model.theta, model.modes, model.problem

    def moments(self, state, modes, t, x, eps) -> NDArray:
        rho, u, temperature = np.moveaxis(state, -1, 0)
        return np.stack([rho, rho * u, 0.5 * rho * (u**2 + temperature)], -1)

    def heat_flux(self, state, modes, t, x, eps) -> NDArray:
        """``½<(v − u)³ f>``: the Maxwellian's share is zero, left is what flies and ``b_3``."""
        rho, u, temperature = np.moveaxis(state, -1, 0)
        flight = self._flight(t, x)
        flow = flight.moments[:, 0] * flight.moments[:, 1]
        third, mean_flow = (a.numpy().reshape(rho.shape) for a in (flight.third, flow))
        flown = third + 3 * self.theta * (rho * u - mean_flow) - rho * u * (u**2 + 3 * temperature)
        return 0.5 * np.exp(-t / eps) * flown + self.theta**1.5 * 1.5**0.5 * eps * modes[..., 0]

    def distribution(self, state, modes, t, x, v, eps) -> NDArray:
        rho, u, temperature = np.moveaxis(state, -1, 0)
        flown = np.exp(-t / eps)[..., None]
        macro = flown * self._excess(state, t, x)
        coefficients = np.concatenate([macro, eps[..., None] * modes], -1)
        scaled = v / self.theta**0.5
        below, here = np.zeros_like(scaled), np.ones_like(scaled)
        total = np.zeros(np.broadcast_shapes(np.shape(v), rho.shape))
        for k in range(self.modes + 3):  # He_{k+1}/√(k+1)! from the two before
            total = total + coefficients[..., k] * here
            below, here = here, (scaled * here - k**0.5 * below) / (k + 1) ** 0.5
        gauss = np.exp(-0.5 * scaled**2) / np.sqrt(2 * np.pi * self.theta)
        maxwell = rho * np.exp(-0.5 * (v - u) ** 2 / temperature)
        maxwell = maxwell / np.sqrt(2 * np.pi * temperature)
        free = free_distribution(self.problem, *map(torch.as_tensor, (t, x, v))).numpy()
        flown = flown[..., 0]
        return flown * free + (1 - flown) * maxwell + gauss * total

    def _excess(self, state, t, x) -> NDArray:
        """``h_k − a_k``, k ≤ 2: what free flight lacks of the conserved moments, [..., 3]."""
        states = torch.tensor(state).reshape(-1, 3)
        none = states.new_zeros(len(states), 1, 3)
        h, _ = maxwellian_coefficients(states, none, 2, self.theta)
        return (h - self._flight(t, x).modes).numpy().reshape(state.shape)

    def _flight(self, t, x) -> FreeFlight:
        t, x = (torch.tensor(a).reshape(-1) for a in (t, x))
        return free_flight(self.problem, t, x, torch.ones_like(t), self.theta)


class PlainBGKView(BGKView):
    """f is a network's output itself; the moments are another's, as the formulation has it."""

    def __init__(self, model: PlainBGKModel) -> None:
        self.model = model

    def heat_flux(self, state, modes, t, x, eps) -> NDArray:
        """By the quadrature that the formulation knows f at; modes are f at its nodes."""
        nodes = self.model.nodes.double().cpu().numpy()
        return 0.5 * (nodes[1] - nodes[0]) * ((nodes - state[..., 1:2]) ** 3 * modes).sum(-1)

    def distribution(self, state, modes, t, x, v, eps) -> NDArray:
        like = self.model.nodes
        arguments = (torch.tensor(np.asarray(a)).to(like) for a in (t, x, v, eps))
        with torch.no_grad():
            return self.model.distribution(*arguments).double().cpu().numpy()


def view_of(model) -> PeriodicView | InflowView | BGKView:
    """The view that fits a network."""
    kinds = {
        PeriodicModel: PeriodicView,
        InflowModel: InflowView,
        BGKModel: BGKView,
        PlainBGKModel: PlainBGKView,
    }
    return next(view(model) for kind, view in kinds.items() if isinstance(model, kind))
