"""Task gradients that make harmonising hard, and what a direction built from them is judged by.

Everything here is plain NumPy on the gradients themselves: nothing of the package is used.
"""

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st

EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Problem:
    """K gradients as unit vectors [K, n] (a zero row: task at rest) and their norms [K]."""

    units: np.ndarray
    norms: np.ndarray

    @property
    def gradients(self) -> np.ndarray:
        return self.norms[:, None] * self.units

    @property
    def moving(self) -> np.ndarray:
        return (self.norms > 0) & (self.units != 0).any(1)

    @property
    def cosines(self) -> np.ndarray:
        return self.units[self.moving] @ self.units[self.moving].T

    @property
    def gramian(self) -> torch.Tensor:
        cosines = self.units @ self.units.T
        return torch.from_numpy(self.norms[:, None] * cosines * self.norms)

    def direction(self, weights: torch.Tensor) -> np.ndarray:
        """``Σ w_k g_k`` over its largest coefficient: the scale cancels in every cosine."""
        coefficients = weights.double().numpy() * self.norms
        return (coefficients / max(np.abs(coefficients).max(), 1e-300)) @ self.units

    def cosines_to(self, direction: np.ndarray) -> np.ndarray:
        """Cosine of every moving task with a direction."""
        return self.units[self.moving] @ direction / np.linalg.norm(direction)

    @property
    def slack(self) -> float:
        """Rounding of a cosine: coefficients on the units reach ``1/√λ`` with λ cut at 10 K eps."""
        return 3 * np.sqrt(len(self.norms) * EPS)


def normalised(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def _spread(rng, tasks, n):
    return rng.normal(size=(tasks, n))


def _low_rank(rng, tasks, n):
    rank = rng.integers(1, min(tasks, n) + 1)
    return rng.normal(size=(tasks, rank)) @ rng.normal(size=(rank, n))


def _duplicates(rng, tasks, n):
    return rng.normal(size=(tasks, n))[rng.integers(0, max(1, tasks // 2), tasks)]


def _near_duplicates(rng, tasks, n):
    return _duplicates(rng, tasks, n) + 10.0 ** rng.uniform(-16, -4) * rng.normal(size=(tasks, n))


def _opposed(rng, tasks, n):
    vectors = rng.normal(size=(tasks, n))
    vectors[-1] = -vectors[0]
    return vectors


def _nearly_opposed(rng, tasks, n):
    vectors = _opposed(rng, tasks, n)
    return vectors + 10.0 ** rng.uniform(-16, -2) * rng.normal(size=(tasks, n))


def _cone(rng, tasks, n):
    """Around a common direction; the wider the cone, the more conflict."""
    return rng.normal(size=n) + 10.0 ** rng.uniform(-3, 1) * rng.normal(size=(tasks, n))


def _lattice(rng, tasks, n):
    """Small integers: exact duplicates, oppositions, zero rows and hulls through zero."""
    return rng.integers(-1, 2, size=(tasks, n)).astype(float)


def _at_rest(rng, tasks, n):
    vectors = rng.normal(size=(tasks, n))
    vectors[rng.random(tasks) < 0.4] = 0
    return vectors


KINDS = (_spread, _low_rank, _duplicates, _near_duplicates, _opposed, _nearly_opposed, _cone,
         _lattice, _at_rest)


@st.composite
def problems(draw, kinds=KINDS, max_tasks=32, decades=30) -> Problem:
    """Random and adversarial gradients, norms over ``10^±decades``, K > n among them."""
    kind = draw(st.sampled_from(kinds))
    tasks = draw(st.integers(1, max_tasks))
    n = draw(st.integers(1, 2 * max_tasks))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    spread = draw(st.sampled_from([0, 1, decades]))
    norms = 10.0 ** rng.uniform(-spread, spread, tasks)
    units = normalised(kind(rng, tasks, n))
    return Problem(units, norms * (units != 0).any(1))


@st.composite
def regular_problems(draw, min_tasks=1, max_tasks=8, decades=3) -> Problem:
    """Linearly independent gradients, with a cosine matrix of moderate condition."""
    tasks = draw(st.integers(min_tasks, max_tasks))
    n = tasks + draw(st.integers(0, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from([_spread, _cone]))
    units = normalised(kind(rng, tasks, n))
    while np.linalg.eigvalsh(units @ units.T)[0] < 1e-4:
        units = normalised(units + 0.3 * rng.normal(size=units.shape))
    return Problem(units, 10.0 ** rng.uniform(-decades, decades, tasks))


harmonies = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])
axes = st.sampled_from(["equiangular", "maxmin"])
