"""The harmonised direction against its definition: brute force on the angle, and by hand."""

import math

import numpy as np
import pytest
import torch
from gramians import axes, batches, many, on_ten_thousand, regular_batches, tally
from hypothesis import given, settings
from hypothesis import strategies as st

from hrgradlib import harmonize

HARMONIES = np.arange(11) / 10


class Rotation:
    """``θ -> d(θ)`` of the definition, from the gradients themselves, for a batch of problems."""

    def __init__(self, batch):
        units, self.norms = batch.units, batch.norms
        ones = np.ones((*self.norms.shape, 1))
        raw = (units.mT @ np.linalg.solve(units @ units.mT, ones))[..., 0]
        length = np.linalg.norm(raw, axis=-1, keepdims=True)
        self.axis, self.c = raw / length, 1 / length[:, 0]
        sine = np.sqrt(np.maximum(1 - self.c**2, 0.0))[:, None, None]
        off = units - self.c[:, None, None] * self.axis[:, None]
        self.off = np.einsum("bk,bkn->bn", self.norms, off / np.maximum(sine, 1e-300))
        self.units, self.angle = units, np.arccos(np.minimum(self.c, 1.0))

    def direction(self, theta):
        """[..., B] angles to [..., B, n]."""
        along = self.norms.sum(-1, keepdims=True) * self.axis
        return np.cos(theta)[..., None] * along + np.sin(theta)[..., None] * self.off

    def worst(self, theta):
        """[..., B] the smallest cosine of ``d(θ)`` with a gradient."""
        d = self.direction(theta)
        dots = np.einsum("bkn,...bn->...bk", self.units, d)
        return (dots / np.linalg.norm(d, axis=-1, keepdims=True)).min(-1)

    def largest_angles(self, harmonies, points=401):
        """[H, B] scan the angle, then bisect: the largest θ before which no cosine is below κ c."""
        grid = np.linspace(0, 1, points)[:, None] * self.angle
        worst = self.worst(grid)
        angles = []
        for harmony in harmonies:
            bound = harmony * self.c - 1e-15
            broken = worst < bound
            first = np.where(broken.any(0), broken.argmax(0), points)
            low = np.take_along_axis(grid, np.clip(first - 1, 0, None)[None], 0)[0]
            high = np.take_along_axis(grid, np.minimum(first, points - 1)[None], 0)[0]
            for _ in range(50):
                middle = 0.5 * (low + high)
                holds = self.worst(middle) >= bound
                low, high = np.where(holds, middle, low), np.where(holds, high, middle)
            angles.append(np.where(broken.any(0), low, self.angle))
        return np.array(angles)


@on_ten_thousand
@many
@given(regular_batches(min_tasks=2))
def test_angle_is_the_largest_allowed_one_for_every_harmony(batch):
    rotation, gramian = Rotation(batch), batch.gramian
    expected = rotation.largest_angles(HARMONIES[:-1])
    for harmony, theta in zip(HARMONIES[:-1], expected, strict=True):
        found = harmonize(gramian, harmony, "equiangular")
        np.testing.assert_allclose(found.cosine, rotation.c, rtol=1e-8)
        np.testing.assert_allclose(found.rotated_to, theta, rtol=0, atol=1e-9)
        d, wanted = batch.direction(found.weights), rotation.direction(theta)
        lengths = np.linalg.norm(d, axis=-1) * np.linalg.norm(wanted, axis=-1)
        assert ((d * wanted).sum(-1) / lengths).min() > 1 - 1e-12
    full = harmonize(gramian, 1.0, "equiangular")  # the axis itself, also where d could turn off it
    assert (full.rotated_to == 0).all()
    d = batch.direction(full.weights)
    assert ((d * rotation.axis).sum(-1) / np.linalg.norm(d, axis=-1)).min() > 1 - 1e-12
    tally.add(len(batch))


@settings(many, max_examples=30)
@given(regular_batches(), st.sampled_from(HARMONIES.tolist()), axes)
def test_length_is_the_sum_of_the_projected_gradients(batch, harmony, axis):
    weights = harmonize(batch.gramian, harmony, axis).weights.numpy()
    gradients = batch.gradients
    d = np.einsum("bk,bkn->bn", weights, gradients)
    length = np.linalg.norm(d, axis=-1)
    along = np.einsum("bkn,bn->bk", gradients, d).sum(-1)
    np.testing.assert_allclose(length, along / length, rtol=1e-9)
    assert (length <= np.linalg.norm(gradients.sum(1), axis=-1) * (1 + 1e-9)).all()


@settings(many, max_examples=30)
@given(batches(max_tasks=10, reach=5, copies=3))
def test_alignment_and_worst_pair(batch):
    found = harmonize(batch.gramian)
    for i in np.flatnonzero(batch.moving.any(-1)):
        units = batch.units[i][batch.moving[i]]
        mean = units.mean(0)
        np.testing.assert_allclose(found.alignment[i], 2 * mean @ mean - 1, atol=1e-12)
        pairs = [units[j] @ units[k] for j in range(len(units)) for k in range(j)]
        np.testing.assert_allclose(found.worst_pair[i], min(pairs, default=1.0), atol=1e-12)


@pytest.mark.parametrize("cosine", [-0.999, -0.5, 0.0, 0.3, 0.999])
def test_alignment_of_two_tasks_is_their_cosine(cosine):
    found = harmonize(torch.tensor([[4.0, 6 * cosine], [6 * cosine, 9.0]], dtype=torch.float64))
    assert float(found.alignment) == pytest.approx(cosine, abs=1e-12)
    assert float(found.worst_pair) == pytest.approx(cosine, abs=1e-12)


def test_two_gradients_by_hand():
    """At 120 degrees, equal norms: the axis is the bisector and the sum lies on it already."""
    found = harmonize(torch.tensor([[1.0, -0.5], [-0.5, 1.0]], dtype=torch.float64), 0.5)
    assert found.weights.tolist() == [1.0, 1.0]
    assert float(found.cosine) == pytest.approx(0.5)
    assert float(found.angle) == pytest.approx(math.pi / 3)


def test_two_gradients_with_conflict_by_hand():
    """κ = 0, norms 1 and 4 at 120 degrees: the weak task must end at a right angle to d."""
    gradients = torch.tensor([[1.0, 0.0], [-2.0, 2 * math.sqrt(3)]], dtype=torch.float64)
    found = harmonize(gradients @ gradients.T, 0.0)
    d = found.weights @ gradients
    # d points along (0, 1) and has the length of the projections: 0 + 2 √3.
    torch.testing.assert_close(d, torch.tensor([0.0, 2 * math.sqrt(3)], dtype=torch.float64))
