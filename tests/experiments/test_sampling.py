"""Collocation points of transport-periodic."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from hrgradlib.kinetics.scales import sample_points

T, RANGE = 0.1, (1e-4, 1.0)


def draw(tasks=5, per_task=4000, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = sample_points(RANGE, T, tasks, per_task, generator)
    return [p.double().numpy().reshape(tasks, per_task) for p in points]


def uniform(values, low=0.0, high=1.0):
    """p-value of Kolmogorov and Smirnov's test."""
    return kstest((values.ravel() - low) / (high - low), "uniform").pvalue


def test_shapes_order_and_ranges():
    generator = torch.Generator().manual_seed(0)
    points = sample_points(RANGE, T, 3, 7, generator)
    assert [p.shape for p in points] == [(21,)] * 3
    assert all(p.dtype == torch.get_default_dtype() for p in points)
    t, x, eps = draw()
    assert t.min() >= 0 and t.max() <= np.float32(T)
    assert x.min() >= 0 and x.max() < 1
    assert eps.min() >= 1e-4 * (1 - 1e-5) and eps.max() <= 1 + 1e-5


@pytest.mark.parametrize("tasks", [1, 5, 10])
def test_every_task_has_its_own_range_of_log_eps(tasks):
    _, _, eps = draw(tasks)
    edges = np.linspace(-4, 0, tasks + 1)
    for k in range(tasks):
        exponent = np.log10(eps[k])
        assert exponent.min() >= edges[k] - 1e-5 and exponent.max() <= edges[k + 1] + 1e-5
        assert uniform(exponent, edges[k], edges[k + 1]) > 1e-4


def test_half_of_the_times_uniform_half_in_the_layer():
    t, x, eps = draw()
    half = t.shape[1] // 2
    layer = np.expm1(-t / eps**2) / np.expm1(-T / eps**2)
    for k in range(len(t)):
        assert uniform(t[k, :half], 0, T) > 1e-4
        assert uniform(layer[k, half:]) > 1e-4
        assert uniform(x[k, :half]) > 1e-4 and uniform(x[k, half:]) > 1e-4
    # And not the other way round, where ε tells them apart.
    assert uniform(layer[0, :half]) < 1e-6
    assert uniform(t[0, half:], 0, T) < 1e-6


def test_coordinates_are_independent():
    t, x, eps = draw(tasks=1, per_task=20000)
    half = t.shape[1] // 2
    numbers = np.stack([t[0, :half], x[0, :half], np.log(eps[0, :half])])
    assert np.abs(np.corrcoef(numbers) - np.eye(3)).max() < 0.05


def test_a_seed_gives_the_same_points_and_steps_differ():
    one, two, other = draw(seed=3), draw(seed=3), draw(seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[0], other[0])
    generator = torch.Generator().manual_seed(0)
    first, second = (sample_points(RANGE, T, 2, 4, generator) for _ in range(2))
    assert not torch.equal(first[1], second[1])
