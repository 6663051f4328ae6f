"""Task gradients that make harmonising hard, and what a direction built from them is judged by.

A hypothesis example is a whole batch of problems, so that every property is checked on thousands
of Gramians. Everything here is plain NumPy on the gradients themselves: nothing of the package is
used but the list of its axes.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from hrgradlib.optim import AXES, Property

EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Batch:
    """B problems of K gradients: unit vectors [B, K, n] (zero: at rest) and their norms [B, K]."""

    units: np.ndarray
    norms: np.ndarray

    def __len__(self) -> int:
        return len(self.norms)

    def __getitem__(self, chosen) -> "Batch":
        return Batch(self.units[chosen], self.norms[chosen])

    def _repr_pretty_(self, printer, cycle) -> None:
        """What hypothesis shows of a failing example: all numbers would fill the screen."""
        printer.text(f"Batch of shape {self.units.shape}")

    @property
    def tasks(self) -> int:
        return self.norms.shape[1]

    @property
    def gradients(self) -> np.ndarray:
        return self.norms[..., None] * self.units

    @property
    def moving(self) -> np.ndarray:
        return (self.norms > 0) & (self.units != 0).any(-1)

    @property
    def cosines(self) -> np.ndarray:
        """[B, K, K] with the rows of the identity for tasks at rest, as they change no bound."""
        return self.units @ self.units.mT + np.eye(self.tasks) * ~self.moving[..., None]

    @property
    def gramian(self) -> torch.Tensor:
        cosines = self.units @ self.units.mT
        return torch.from_numpy(self.norms[:, :, None] * cosines * self.norms[:, None, :])

    def direction(self, weights: torch.Tensor) -> np.ndarray:
        """[B, n] ``Σ w_k g_k`` over its largest coefficient: the scale cancels in every cosine."""
        coefficients = weights.double().numpy() * self.norms
        largest = np.abs(coefficients).max(-1, keepdims=True)
        return np.einsum("bk,bkn->bn", coefficients / np.maximum(largest, 1e-300), self.units)

    def cosines_to(self, direction: np.ndarray) -> np.ndarray:
        """[B, K] cosine of every task with a direction; for a task at rest, infinity."""
        length = np.linalg.norm(direction, axis=-1, keepdims=True)
        cosines = np.einsum("bkn,bn->bk", self.units, direction) / np.maximum(length, 1e-300)
        return np.where(self.moving, cosines, np.inf)

    @property
    def slack(self) -> float:
        """Rounding of a cosine: coefficients on the units reach ``1/√λ`` with λ cut at 10 K eps."""
        return 3 * np.sqrt(self.tasks * EPS)

    @property
    def clear(self) -> np.ndarray:
        """[B] whether the rank is beyond doubt, so that rounding cannot change the direction.

        No eigenvalue of the cosines lies where it could be taken for zero or not, or is so small
        that rounding turns the axis; and 1 is in their range, or clearly is not.
        """
        cut = 10 * self.tasks * EPS
        values, vectors = np.linalg.eigh(self.cosines)
        ones = np.einsum("bij,bi->bj", vectors, self.moving.astype(float))
        missing = (ones**2 * (values < cut)).sum(-1)
        small = (values > 0.3 * cut) & (values < 1e-9)
        return ~small.any(-1) & ~((missing > cut / 100) & (missing < 100 * cut))


def normalised(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def decades(rng, low, high, count):
    """[count, 1, 1] numbers spread evenly over powers of ten."""
    return 10.0 ** rng.uniform(low, high, (count, 1, 1))


# --- kinds: (rng, B, K, n) -> [B, K, n] -----------------------------------------------------------


def _spread(rng, *shape):
    return rng.normal(size=shape)


def _low_rank(rng, count, tasks, n):
    """Every rank from one to what K and n allow."""
    inner = min(tasks, n)
    kept = np.arange(inner) < rng.integers(1, inner + 1, (count, 1, 1))
    return (rng.normal(size=(count, tasks, inner)) * kept) @ rng.normal(size=(count, inner, n))


def _duplicates(rng, count, tasks, n):
    chosen = rng.integers(0, max(1, tasks // 2), (count, tasks, 1))
    return np.take_along_axis(rng.normal(size=(count, tasks, n)), chosen, 1)


def _near_duplicates(rng, *shape):
    return _duplicates(rng, *shape) + decades(rng, -16, -4, shape[0]) * rng.normal(size=shape)


def _opposed(rng, *shape):
    vectors = rng.normal(size=shape)
    vectors[:, -1] = -vectors[:, 0]
    return vectors


def _nearly_opposed(rng, *shape):
    return _opposed(rng, *shape) + decades(rng, -16, -2, shape[0]) * rng.normal(size=shape)


def _nearly_stationary(rng, count, tasks, n):
    """The last gradient all but cancels a convex combination of the others."""
    vectors = rng.normal(size=(count, tasks, n))
    mixture = rng.dirichlet(np.ones(max(tasks - 1, 1)), count)[:, None]
    vectors[:, -1:] = -mixture @ vectors[:, : max(tasks - 1, 1)]
    return vectors + decades(rng, -12, -1, count) * rng.normal(size=vectors.shape)


def _cone(rng, count, tasks, n):
    """Around a common direction; the wider the cone, the more conflict."""
    shape = (count, tasks, n)
    return rng.normal(size=(count, 1, n)) + decades(rng, -3, 1, count) * rng.normal(size=shape)


def _needle(rng, count, tasks, n):
    """Almost one direction."""
    shape = (count, tasks, n)
    return rng.normal(size=(count, 1, n)) + decades(rng, -16, -3, count) * rng.normal(size=shape)


def _lattice(rng, *shape):
    """Small integers: exact duplicates, oppositions, zero rows and hulls through zero."""
    return rng.integers(-1, 2, size=shape).astype(float)


def _at_rest(rng, *shape):
    return rng.normal(size=shape) * (rng.random(shape[:2]) > 0.4)[..., None]


KINDS = (
    _spread,
    _low_rank,
    _duplicates,
    _near_duplicates,
    _opposed,
    _nearly_opposed,
    _nearly_stationary,
    _cone,
    _needle,
    _lattice,
    _at_rest,
)


# --- strategies ----------------------------------------------------------------------------------


def _norms(rng, count, tasks, reach):
    """A third of the problems each: equal norms, one decade up and down, ``10^±reach``."""
    spread = rng.choice([0, 1, reach], (count, 1))
    return 10.0 ** (spread * rng.uniform(-1, 1, (count, tasks)))


@st.composite
def batches(draw, max_tasks=32, reach=30, copies=10) -> Batch:
    """Random and adversarial gradients, each kind ``copies`` times; K > n among them."""
    tasks = draw(st.integers(1, max_tasks))
    n = draw(st.integers(1, 2 * max_tasks))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    units = normalised(np.concatenate([kind(rng, copies, tasks, n) for kind in KINDS]))
    norms = _norms(rng, len(units), tasks, reach)
    return Batch(units, norms * (units != 0).any(-1))


@st.composite
def regular_batches(draw, min_tasks=1, max_tasks=8, reach=3, count=100) -> Batch:
    """Linearly independent gradients, with a cosine matrix of moderate condition."""
    tasks = draw(st.integers(min_tasks, max_tasks))
    n = tasks + draw(st.integers(0, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    halves = [kind(rng, count // 2, tasks, n) for kind in (_spread, _cone)]
    units = normalised(np.concatenate(halves))
    while (bad := np.linalg.eigvalsh(units @ units.mT)[:, 0] < 1e-4).any():
        units[bad] = normalised(units[bad] + 0.3 * rng.normal(size=units[bad].shape))
    return Batch(units, 10.0 ** rng.uniform(-reach, reach, (len(units), tasks)))


harmonies = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])
#: Of adversarial batches of up to 32 tasks; the others are for few tasks: tests/optim/test_rays.py.
axes = st.sampled_from(sorted(a for a in AXES if Property.ANY_NUMBER in AXES[a].properties))


# --- how many Gramians were checked --------------------------------------------------------------

#: A hundred batches of a hundred problems; making one takes time on a busy machine.
many = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])


class Tally:
    """Counts the Gramians on which a property was checked."""

    count = 0

    def add(self, checked: np.ndarray | int) -> None:
        self.count += int(np.sum(checked))


tally = Tally()


def on_ten_thousand(test):
    """Run a hypothesis test and fail unless it reported 10,000 Gramians to ``tally``."""

    @functools.wraps(test)
    def counted(*args, **kwargs):
        tally.count = 0
        test(*args, **kwargs)
        assert tally.count >= 10_000, f"only {tally.count} Gramians were checked"

    return counted
