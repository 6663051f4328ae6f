"""Networks as the literature trains them for linear transport between two walls.

Those of :mod:`hrgradlib.models.published`, which see x itself: nothing is periodic here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hrgradlib.models.published import NodalObservables, ParityModel, PublishedModel, VanillaModel
from hrgradlib.models.regime import regime

__all__ = ["SlabModel", "SlabObservables", "SlabParityModel", "SlabVanillaModel"]


class SlabModel(PublishedModel):
    """What the networks of a slab [0, 1] see: t, x, and ε where it is known, each in [−1, 1]."""

    def __init__(self, *sizes, **more) -> None:
        super().__init__(*sizes, **more)
        self.inputs = 2 + self.knows_eps

    def _features(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        final = self.problem.final_time
        known = [2 * t / final - 1, 2 * x - 1]
        if self.knows_eps:
            known.append(regime(eps, self.problem.eps_range))
        features = torch.stack(known, 1)
        along_x, along_t = torch.zeros_like(features), torch.zeros_like(features)
        along_x[:, 1], along_t[:, 0] = 2.0, 2 / final
        return features, torch.stack([along_x, along_t], 1)


class SlabParityModel(ParityModel, SlabModel):
    """Networks for ρ and for (r, j), as :class:`hrgradlib.models.published.ParityModel`."""


class SlabVanillaModel(VanillaModel, SlabModel):
    """One network for f, as :class:`hrgradlib.models.published.VanillaModel`."""


class SlabObservables(NodalObservables):
    """f at 2Q velocities, on [0, 1]."""

    places = (0.0, 1.0)
    period: Any = None
