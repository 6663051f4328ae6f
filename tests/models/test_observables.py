"""Moments and distribution of every family of networks belong together."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.evaluation import evaluate
from hrgradlib.kinetics.bgk_problems import BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.kinetics.inflow import InflowTransport
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.models.bgk import BGKModel, BGKObservables
from hrgradlib.models.bgk_plain import PlainBGKModel, PlainBGKObservables
from hrgradlib.models.inflow import InflowModel, InflowObservables
from hrgradlib.models.periodic import PeriodicModel, PeriodicObservables

MODELS = {
    "periodic": lambda: PeriodicModel(PeriodicTransport(), 8, 2, 5),
    "inflow": lambda: InflowModel(InflowTransport(), 8, 2, 3),
    "inflow-legendre": lambda: InflowModel(InflowTransport(), 8, 2, 3, kind="legendre"),
    "bgk": lambda: BGKModel(BGK_SMOOTH, 8, 2, 4),
    "bgk-riemann": lambda: BGKModel(BGK_RIEMANN, 8, 2, 4),
}
MEANING = {
    PeriodicModel: PeriodicObservables,
    InflowModel: InflowObservables,
    BGKModel: BGKObservables,
    PlainBGKModel: PlainBGKObservables,
}
POINTS = [(0.05, 0.1, 0.3), (0.1, 0.7, 1e-3), (0.02, 0.01, 1.0), (0.0, 0.4, 0.1)]


def velocities(name, front, ray):
    """Nodes and weights of ``<·>``, split at the front's velocity where f jumps."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    bgk = name.startswith("bgk")
    edges = np.unique(np.clip([-9, -3, 0, ray, 3, 9], -9, 9)) if bgk else [-1.0, 0.0, front, 1.0]
    panels = list(zip(edges[:-1], edges[1:], strict=True))
    v = [a + (b - a) * (nodes + 1) / 2 for a, b in panels]
    w = [(b - a) * weights / 2 for a, b in panels]
    return np.concatenate(v), np.concatenate(w) / (1 if bgk else 2)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("t", "x", "eps"), POINTS)
def test_moments_are_those_of_the_distribution(name, t, x, eps):
    torch.manual_seed(0)
    model = MODELS[name]().double()
    observed = MEANING[type(model)](model)
    front = min(1.0, x * eps / t) if t > 0 else 1.0
    v, w = velocities(name, front, x / t if t > 0 else 0.0)
    points = [np.full_like(v, p) for p in (t, x, eps)]
    first, modes = evaluate(model, *points)
    f = observed.distribution(first, modes, points[0], points[1], v, points[2])
    found = observed.moments(first, modes, *points)[0]
    exact = [w @ f, w @ (v * f), w @ (0.5 * v**2 * f)]
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["bgk", "bgk-riemann"])
@pytest.mark.parametrize(("t", "x", "eps"), POINTS)
def test_heat_flux_is_that_of_the_distribution(name, t, x, eps):
    torch.manual_seed(0)
    model = MODELS[name]().double()
    observed = MEANING[type(model)](model)
    v, w = velocities(name, 1.0, x / t if t > 0 else 0.0)
    points = [np.full_like(v, p) for p in (t, x, eps)]
    state, modes = evaluate(model, *points)
    f = observed.distribution(state, modes, points[0], points[1], v, points[2])
    found = observed.heat_flux(state, modes, *points)[0]
    exact = 0.5 * w @ ((v - state[0, 1]) ** 3 * f)
    np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-10)


def test_plain_heat_flux_is_that_of_its_distribution():
    torch.manual_seed(0)
    model = PlainBGKModel(BGK_SMOOTH, 8, 2).double()
    observed = MEANING[type(model)](model)
    v = model.nodes.numpy()
    points = [np.full_like(v, p) for p in (0.05, 0.1, 0.3)]
    state, modes = evaluate(model, *points)
    f = observed.distribution(state, modes, *points[:2], v, points[2])
    exact = 0.5 * (v[1] - v[0]) * ((v - state[0, 1]) ** 3 * f).sum()
    np.testing.assert_allclose(observed.heat_flux(state, modes, *points)[0], exact, rtol=1e-10)


def test_inflow_and_initial_state_are_those_of_the_problem():
    torch.manual_seed(0)
    model = InflowModel(InflowTransport(), 8, 2, 3).double()
    v = np.linspace(-1, 1, 9)
    points = [np.full_like(v, p) for p in (0.0, 0.3, 0.5)]
    f = MEANING[type(model)](model).distribution(
        *evaluate(model, *points), *points[:2], v, points[2]
    )
    assert (f == 0).all()


def test_bgk_starts_from_its_maxwellian():
    torch.manual_seed(0)
    model = BGKModel(BGK_SMOOTH, 8, 2, 4).double()
    v = np.linspace(-5, 5, 21)
    points = [np.full_like(v, p) for p in (0.0, 0.2, 0.5)]
    f = MEANING[type(model)](model).distribution(
        *evaluate(model, *points), *points[:2], v, points[2]
    )
    rho, u, temperature = BGK_SMOOTH.initial_moments(np.array(0.2))[0]
    exact = rho * np.exp(-0.5 * (v - u) ** 2 / temperature) / np.sqrt(2 * np.pi * temperature)
    np.testing.assert_allclose(f, exact, rtol=1e-12)
