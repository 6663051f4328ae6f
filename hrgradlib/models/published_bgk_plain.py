"""A plain PINN for BGK on the line: one network, of f alone."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from hrgradlib.kinetics.published import KineticFields
from hrgradlib.kinetics.published_bgk_plain import moments_of
from hrgradlib.models.published_bgk import PublishedBGKModel, _bell

__all__ = ["VanillaBGKModel"]


class VanillaBGKModel(PublishedBGKModel):
    """``f = softplus(N) e^{−v²/2Θ_ψ}`` of (t, x, v, ε); (ρ, u, Θ) are sums over the velocities.

    Arguments as of the parent.
    """

    def __init__(self, *sizes, **more) -> None:
        super().__init__(*sizes, **more)
        del self.macro  # no part of this form

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """(ρ, u, Θ) [N, 3], and f at the velocities [N, V]."""
        features, _ = self._features(t, x, eps)
        f = self._at_speeds(features, self.velocities)
        return moments_of(f, self.velocities), f

    def kinetic_fields(self, t: Tensor, x: Tensor, eps: Tensor) -> KineticFields:
        """What the residual needs, at points given as three tensors [N]."""
        v, inputs = self.velocities, self._features(t, x, eps)
        out, moving = self.kinetic(*self._at(v / v[-1], *inputs))
        bell = _bell(v)
        slope = torch.sigmoid(out[..., 0]) * bell
        return KineticFields(
            softplus(out[..., 0]) * bell, slope * moving[:, 1, :, 0], slope * moving[:, 0, :, 0]
        )
