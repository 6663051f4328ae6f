"""The harmonised direction against its definition, by brute force and by other people's code."""

import math
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from conflictfree.grad_operator import ConFIG_update
from gramians import problems, regular_problems
from hypothesis import given, settings
from hypothesis import strategies as st
from torchjd.aggregation import ConFIG

from hrgradlib import harmonize


def rotation(problem):
    """``θ -> d(θ)`` of the definition, from the gradients themselves; and c."""
    units, norms = problem.units, problem.norms
    raw = units.T @ np.linalg.solve(units @ units.T, np.ones(len(units)))
    axis = raw / np.linalg.norm(raw)
    c = 1 / np.linalg.norm(raw)
    s = math.sqrt(max(1 - c**2, 0.0))
    off = (units - c * axis) / max(s, 1e-300)

    def direction(theta):
        theta = np.atleast_1d(theta)[:, None]
        return np.cos(theta) * norms.sum() * axis + np.sin(theta) * (norms @ off)

    return direction, c


def largest_angle(problem, harmony):
    """Scan the angle, then bisect: the largest θ up to which every cosine is at least κ c."""
    direction, c = rotation(problem)
    phi = math.acos(min(c, 1.0))

    def holds(theta):
        d = direction(theta)
        cosines = d @ problem.units.T / np.linalg.norm(d, axis=1, keepdims=True)
        return (cosines >= harmony * c - 1e-15).all(1)

    angles = np.linspace(0, phi, 2001)
    broken = np.flatnonzero(~holds(angles))
    if broken.size == 0:
        return phi
    low, high = angles[max(broken[0] - 1, 0)], angles[broken[0]]
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle)[0] else (low, middle)
    return low


@settings(max_examples=150)
@given(regular_problems(min_tasks=2), st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99]))
def test_angle_is_the_largest_allowed_one(problem, harmony):
    found = harmonize(problem.gramian, harmony)
    direction, c = rotation(problem)
    np.testing.assert_allclose(found.cosine, c, rtol=1e-10)
    np.testing.assert_allclose(found.angle, math.acos(min(c, 1)), atol=1e-7)
    theta = largest_angle(problem, harmony)
    np.testing.assert_allclose(found.rotated_to, theta, rtol=0, atol=1e-10)
    expected = direction(theta)[0]
    d = problem.direction(found.weights)
    assert 1 - d @ expected / np.linalg.norm(d) / np.linalg.norm(expected) < 1e-12


@settings(max_examples=150)
@given(regular_problems(), st.sampled_from([0.0, 0.3, 0.5, 1.0]),
       st.sampled_from(["equiangular", "maxmin"]))
def test_length_is_the_sum_of_the_projected_gradients(problem, harmony, axis):
    weights = harmonize(problem.gramian, harmony, axis).weights.numpy()
    d = weights @ problem.gradients
    length = np.linalg.norm(d)
    np.testing.assert_allclose(length, (problem.gradients @ d).sum() / length, rtol=1e-9)
    assert length <= np.linalg.norm(problem.gradients.sum(0)) * (1 + 1e-9)


def config(gradients):
    """The authors' code; its default weights are float32 whatever the gradients are."""
    with default_dtype(gradients.dtype):
        return ConFIG_update(gradients)


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@settings(max_examples=100)
@given(regular_problems(decades=1))
def test_full_harmony_is_config(problem):
    """Direction and length of ConFIG (arXiv 2408.11104), as its authors and TorchJD compute it."""
    gradients = torch.from_numpy(problem.gradients)
    d = harmonize(problem.gramian, 1.0).weights @ gradients
    scale = float(d.norm())
    for oracle in (config(gradients), ConFIG()(gradients)):
        torch.testing.assert_close(d, oracle, rtol=0, atol=1e-9 * scale)


def test_full_harmony_is_config_with_duplicates():
    rng = np.random.default_rng(3)
    gradients = torch.from_numpy(rng.normal(size=(4, 20))[[0, 1, 1, 2, 3, 3]])
    d = harmonize(gradients @ gradients.T, 1.0).weights @ gradients
    torch.testing.assert_close(d, config(gradients), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(d, ConFIG()(gradients), rtol=1e-9, atol=1e-9)


@given(problems(max_tasks=10, decades=5))
def test_alignment_and_worst_pair(problem):
    found = harmonize(problem.gramian)
    units = problem.units[problem.moving]
    if len(units) == 0:
        return
    mean = units.mean(0)
    np.testing.assert_allclose(found.alignment, 2 * mean @ mean - 1, atol=1e-12)
    pairs = [units[i] @ units[j] for i in range(len(units)) for j in range(i)]
    np.testing.assert_allclose(found.worst_pair, min(pairs, default=1.0), atol=1e-12)


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


