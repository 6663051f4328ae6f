"""Networks that share nothing, one for each of K Knudsen numbers, of any published form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hrgradlib.models.published import OneForEach

__all__ = ["AnyForEach"]


class AnyForEach(OneForEach):
    """As :class:`hrgradlib.models.published.OneForEach`, of networks of one kind, whichever it is.

    Args:
        networks: K of them, the smallest ε first.
    """

    networks: Any

    @property
    def velocities(self) -> Tensor:
        """Those of the networks, which all have the same."""
        return self.networks[0].velocities

    @property
    def reach(self) -> float:
        """Half the length of the domain, as of the networks."""
        return self.networks[0].reach

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> Any:
        """What the networks' own method of this name makes, of the one whose ε is nearest."""
        found = [network.fields(*part) for network, part in self._parted(t, x, eps)]
        return type(found[0])(*map(torch.cat, zip(*found, strict=True)))

    def distribution(self, t: Tensor, x: Tensor, v: Tensor, eps: Tensor) -> Tensor:
        """f, in the shape of the arguments; each by the network whose ε is nearest."""
        number, found = self.nearest(eps), torch.empty_like(t)
        for n in number.unique().tolist():
            here = number == n
            arguments = (a[here] for a in (t, x, v, eps))
            found[here] = self.networks[n].distribution(*arguments)
        return found
