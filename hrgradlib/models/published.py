"""Networks as the literature trains them for linear transport, periodic in x.

Velocity is an input, density a network of its own, the initial condition nobody's but the loss's;
no layer coordinate. Means over v are sums over the Q Gauss nodes of [0, 1].
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.published import KineticFields, ParityFields, half_range
from hrgradlib.kinetics.velocity import gauss_legendre
from hrgradlib.models.encodings import CodePerRegime
from hrgradlib.models.observables import Observables
from hrgradlib.models.regime import regime
from hrgradlib.models.streams import StreamMLP

__all__ = [
    "NodalObservables",
    "OneForEach",
    "ParityModel",
    "PublishedModel",
    "VanillaModel",
    "nearest",
    "own_eps",
]

CODE = 8  # features of a trained code
WAVES = 4  # k = 1 … 4: eight Fourier features in x


class PublishedModel(nn.Module, ABC):
    """What both kinds share: the features of (t, x), of ε where it is known, and of speeds.

    Args:
        problem: data and ranges.
        width, depth: of every trunk (hidden features, hidden layers).
        nodes: Q, speeds.
        knows_eps: whether the position of ``log10 ε`` in its range is an input.
        codes: K; if not 0, each of K Knudsen numbers, see :func:`own_eps`, has a trained code, zero
            at first, and that is the input instead. Source: Huang et al. 2022 (meta-auto-decoder).

    Attributes:
        own: the Knudsen numbers that it answers for, the smallest first; None for all.
    """

    own: NDArray | None = None

    def __init__(
        self,
        problem: PeriodicTransport,
        width: int = 32,
        depth: int = 4,
        nodes: int = 4,
        knows_eps: bool = True,
        codes: int = 0,
    ) -> None:
        super().__init__()
        self.problem, self.nodes, self.knows_eps = problem, nodes, knows_eps
        self.inputs = 1 + 2 * WAVES + (CODE if codes else knows_eps)
        if codes:
            self.own = own_eps(problem.eps_range, codes)
            self.code = CodePerRegime(codes, CODE)
            nn.init.zeros_(self.code.codes.weight)

    @abstractmethod
    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """``ρ`` [N] and f at the 2Q velocities [N, 2Q], −v before v; points are three [N]."""

    def _features(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """[N, F], and the derivatives by x and t, [N, 2, F]."""
        wave = 2 * torch.pi * torch.arange(1, WAVES + 1, dtype=x.dtype, device=x.device)
        angle = wave * x[:, None]
        cos, sin = torch.cos(angle), torch.sin(angle)
        final = self.problem.final_time
        known = [(2 * t / final - 1)[:, None], cos, sin]
        if self.knows_eps:
            position = regime(eps, self.problem.eps_range)[:, None]
            known.append(position if self.own is None else self.code(position))
        features = torch.cat(known, 1)
        zero = torch.zeros_like(t)[:, None]
        rest = zero.expand(-1, features.shape[1] - 1 - 2 * WAVES)
        along_x = torch.cat([zero, -wave * sin, wave * cos, rest], 1)
        along_t = torch.zeros_like(features)
        along_t[:, 0] = 2 / final
        return features, torch.stack([along_x, along_t], 1)

    @staticmethod
    def _at(speeds: Tensor, features: Tensor, tangents: Tensor | None):
        """Features with a speed beside them, [N, V, F + 1]; tangents [N, 2, V, F + 1]."""
        count = len(speeds)
        wide = features[:, None].expand(-1, count, -1)
        column = speeds[:, None].expand(len(features), -1, 1)
        if tangents is None:
            return torch.cat([wide, column], 2)
        moving = tangents[:, :, None].expand(-1, -1, count, -1)
        return torch.cat([wide, column], 2), nn.functional.pad(moving, (0, 1))


class ParityModel(PublishedModel):
    """A network for ρ, positive by softplus, and one for (r, j), r positive, of (t, x, v, ε)."""

    def __init__(self, *sizes, **more) -> None:
        super().__init__(*sizes, **more)
        _, width, depth, *_ = sizes
        self.density = StreamMLP([self.inputs] + [width] * depth + [1])
        self.parts = StreamMLP([self.inputs + 1] + [width] * depth + [2])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        features, _ = self._features(t, x, eps)
        speeds, _ = half_range(self.nodes, t)
        density = softplus(self.density(features))[:, 0]
        parts = self.parts(self._at(2 * speeds - 1, features, None))
        even, odd = softplus(parts[..., 0]), eps[:, None] * parts[..., 1]
        return density, torch.cat([(even - odd).flip(1), even + odd], 1)

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> ParityFields:
        """What the residuals need, at points given as three tensors [N]."""
        features, tangents = self._features(t, x, eps)
        speeds, _ = half_range(self.nodes, t)
        density, along = self.density(features, tangents)
        parts, moving = self.parts(*self._at(2 * speeds - 1, features, tangents))
        slope, even_slope = torch.sigmoid(density[:, 0]), torch.sigmoid(parts[..., 0])
        return ParityFields(
            density=softplus(density)[:, 0],
            density_t=slope * along[:, 1, 0],
            even=softplus(parts[..., 0]),
            even_t=even_slope * moving[:, 1, :, 0],
            even_x=even_slope * moving[:, 0, :, 0],
            odd=parts[..., 1],
            odd_t=moving[:, 1, :, 1],
            odd_x=moving[:, 0, :, 1],
        )


class VanillaModel(PublishedModel):
    """One network for f, positive by softplus, of (t, x, v, ε); ρ is its mean over v."""

    def __init__(self, *sizes, **more) -> None:
        super().__init__(*sizes, **more)
        _, width, depth, *_ = sizes
        self.trunk = StreamMLP([self.inputs + 1] + [width] * depth + [1])

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        features, _ = self._features(t, x, eps)
        value = softplus(self.trunk(self._at(self._velocities(t), features, None)))[..., 0]
        _, w = half_range(self.nodes, t)
        return value @ (0.5 * torch.cat([w.flip(0), w])), value

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> KineticFields:
        """What the residual needs, at points given as three tensors [N]."""
        inputs = self._at(self._velocities(t), *self._features(t, x, eps))
        out, moving = self.trunk(*inputs)
        slope = torch.sigmoid(out[..., 0])
        return KineticFields(
            softplus(out[..., 0]), slope * moving[:, 1, :, 0], slope * moving[:, 0, :, 0]
        )

    def _velocities(self, like: Tensor) -> Tensor:
        speeds, _ = half_range(self.nodes, like)
        return torch.cat([-speeds.flip(0), speeds])


def own_eps(eps_range: tuple[float, float], count: int) -> NDArray:
    """The Knudsen numbers that have a network each: equally far apart in log ε, the ends too."""
    return np.geomspace(*eps_range, count) if count > 1 else np.array(eps_range[:1])


def nearest(own: NDArray, eps: Tensor) -> Tensor:
    """Number of the nearest of these Knudsen numbers in log ε, shape of ``eps``."""
    known = torch.from_numpy(np.log(own)).to(eps)
    return (eps.log()[..., None] - known).abs().argmin(-1)


class OneForEach(nn.Module):
    """K networks that share nothing, each of one Knudsen number, see :func:`own_eps`.

    Args:
        networks: K of them, the smallest ε first, each without ε among its inputs.
    """

    def __init__(self, networks: list[ParityModel]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.problem, self.nodes = networks[0].problem, networks[0].nodes
        self.own = own_eps(self.problem.eps_range, len(networks))

    def nearest(self, eps: Tensor) -> Tensor:
        """Number of the network whose ε is nearest, shape of ``eps``."""
        return nearest(self.own, eps)

    def forward(self, t: Tensor, x: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`ParityModel.forward`, of the network whose ε is nearest."""
        found = [network(*part) for network, part in self._parted(t, x, eps)]
        density, values = (torch.cat(parts) for parts in zip(*found, strict=True))
        return density, values

    def fields(self, t: Tensor, x: Tensor, eps: Tensor) -> ParityFields:
        """As :meth:`ParityModel.fields`."""
        found = [network.fields(*part) for network, part in self._parted(t, x, eps)]
        return ParityFields(*map(torch.cat, zip(*found, strict=True)))

    def _parted(self, *points: Tensor):
        """Networks, and the points of each as long as it is the same one."""
        numbers, counts = torch.unique_consecutive(self.nearest(points[-1]), return_counts=True)
        parts = zip(*(p.split(counts.tolist()) for p in points), strict=True)
        return [(self.networks[n], part) for n, part in zip(numbers.tolist(), parts, strict=True)]


class NodalObservables(Observables):
    """f at 2Q velocities; between them the polynomial through those of the same sign."""

    speeds, places, period = (-1.0, 1.0), (-np.inf, np.inf), 1.0

    def __init__(self, nodes: int) -> None:
        found, weights = gauss_legendre(nodes)
        self.at, self.weights = 0.5 * (found + 1), weights

    def moments(self, density, modes, t, x, eps) -> NDArray:
        back, ahead = self._halves(modes)
        flux = 0.5 * (ahead - back) @ (self.weights * self.at)
        square = 0.5 * (ahead + back) @ (self.weights * self.at**2)
        return np.stack([density, flux, 0.5 * square], -1)

    def distribution(self, density, modes, t, x, v, eps) -> NDArray:
        back, ahead = self._halves(modes)
        basis = np.stack([_lagrange(self.at, k, np.abs(v)) for k in range(len(self.at))], -1)
        return (np.where((v < 0)[..., None], back, ahead) * basis).sum(-1)

    def _halves(self, values: NDArray) -> tuple[NDArray, NDArray]:
        """Values at −v and at v, v rising; [..., Q] each."""
        count = len(self.at)
        return values[..., :count][..., ::-1], values[..., count:]


def _lagrange(nodes: NDArray, chosen: int, v: NDArray) -> NDArray:
    """The polynomial that is 1 at one node and 0 at the others."""
    others = np.delete(nodes, chosen)
    return ((v[..., None] - others) / (nodes[chosen] - others)).prod(-1)
