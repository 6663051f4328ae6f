"""BGK as published: derivatives, data, terms, judges, and what a training lowers."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.evaluation import evaluate
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.bgk_plain import maxwellian
from hrgradlib.models.published_bgk import SwishMLP
from hrgradlib.models.streams import StreamMLP
from hrgradlib.optim import task_gradients

NAMES = ("bgk-smooth-published", "bgk-riemann-published")
EVERY = pytest.mark.parametrize("name", NAMES)
STEP = 1e-6


def spec_of(name, **changes):
    return make_spec(name, "hrgrad-gn", "smoke", **changes)


def points(spec, dtype=torch.float64):
    return [p.to(dtype) for p in sample(spec, torch.Generator().manual_seed(0))]


def groups(spec, found):
    """Mean squares of the terms' columns, in their order."""
    sizes = [*spec.case.terms(spec)]
    parts = found.split([*sizes, found.shape[1] - sum(sizes)], 1)
    return torch.stack([part.square().sum(1).mean() for part in parts])


@EVERY
def test_streams_are_derivatives(name):
    spec = spec_of(name)
    torch.manual_seed(0)
    model, (t, x, eps) = spec.build_model().double(), points(spec, torch.float64)
    fields = model.fields(t, x, eps)
    later, earlier = model(t + STEP, x, eps), model(t - STEP, x, eps)
    by_t = [(a - b) / (2 * STEP) for a, b in zip(later, earlier, strict=True)]
    by_x = (model(t, x + STEP, eps)[1] - model(t, x - STEP, eps)[1]) / (2 * STEP)
    for one, other in (
        (fields.moments, model(t, x, eps)[0]),
        (fields.value, model(t, x, eps)[1]),
        (fields.moments_t, by_t[0]),
        (fields.along_t, by_t[1]),
        (fields.along_x, by_x),
    ):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    assert (fields.value > 0).all() and (fields.moments[:, [0, 2]] > 0).all()


@EVERY
def test_moments_are_exact_at_the_ends_whatever_the_network(name):
    model = spec_of(name).build_model().double()
    ends = torch.tensor([-model.reach, model.reach], dtype=torch.float64)
    t = torch.tensor([0.01, 0.03], dtype=torch.float64)
    states, _ = model(t, ends, torch.full_like(t, 0.1))
    wanted = torch.tensor([model.problem.left, model.problem.right], dtype=torch.float64)
    torch.testing.assert_close(states, wanted, rtol=1e-6, atol=1e-7)


def test_the_activation_is_swish_and_its_tangents_are_derivatives():
    torch.manual_seed(0)
    model = SwishMLP([2, 5, 5, 1]).double()
    x, along = torch.randn(4, 2).double(), torch.randn(4, 1, 2).double()
    value, slope = model(x, along)
    plain = x
    for layer in model.layers[:-1]:
        plain = torch.nn.functional.silu(layer(plain))
    torch.testing.assert_close(value, model.layers[-1](plain))
    torch.testing.assert_close(value, model(x))
    _, exact = torch.autograd.functional.jvp(model, x, along[:, 0])
    torch.testing.assert_close(slope[:, 0], exact)
    assert isinstance(model, StreamMLP)


@EVERY
def test_task_gradients_are_exact(name):
    spec = spec_of(name)
    model, drawn = spec.build_model().double(), points(spec, torch.float64)
    losses = lambda: spec.case.residuals(spec)(model, *drawn).square().sum(1)  # noqa: E731
    sizes = spec.case.task_sizes(spec)
    fast = task_gradients(losses, model, sizes, check=True)
    slow = task_gradients(losses, model, sizes, engine="backwards")
    assert fast.engine == "one-backward"
    torch.testing.assert_close(fast.matrix, slow.matrix, rtol=1e-9, atol=1e-9)


class Told(torch.nn.Module):
    """A network that meets all data: the initial Maxwellians everywhere, at all times."""

    def __init__(self, model):
        super().__init__()
        self.model, self.asked = model, []
        self.problem, self.velocities, self.reach = model.problem, model.velocities, model.reach

    def forward(self, t, x, eps):
        self.asked.append((t, x))
        states, _ = self.problem.initial_moments(x)
        return states, maxwellian(states, self.velocities)

    def fields(self, t, x, eps):
        return self.model.fields(t, x, eps)


@EVERY
def test_penalties_vanish_where_the_data_hold(name):
    spec = spec_of(name)
    told, (t, x, eps) = Told(spec.build_model()), points(spec)
    found = groups(spec, spec.case.residuals(spec)(told, t, x, eps))
    assert len(found) == 5 and (found[-2:] == 0).all() and (found[:-2] > 0).all()
    (start, inside), (late, ends) = told.asked
    assert (start == 0).all() and torch.equal(inside, x) and torch.equal(late, t)
    assert set(ends.tolist()) == {-1.0, 1.0} and ((ends - x).abs() <= 1).all()
    assert x.min() < -0.5 and x.max() > 0.5  # uniform over the domain, beyond the window


@EVERY
def test_the_weight_is_that_of_both_penalties(name):
    found = []
    for weight in (1.0, 100.0):
        spec = spec_of(name, initial_weight=weight)
        torch.manual_seed(0)
        rows = spec.case.residuals(spec)(spec.build_model(), *points(spec))
        assert rows.shape[1] == sum(spec.case.terms(spec)) + spec.modes
        found.append(groups(spec, rows))
    assert (found[1] / found[0]).tolist() == pytest.approx([1, 1, 1, 100, 100], rel=1e-4)


@EVERY
def test_it_is_judged_as_the_problem_itself(name):
    case, layered = CASES[name], CASES[name.removesuffix("-published")]
    model, eps = spec_of(name).build_model(), layered.problem.eval_eps
    np.testing.assert_array_equal(case.errors(model, eps), layered.errors(model, eps))
    ours, theirs = case.trivial_errors(eps), layered.trivial_errors(eps)
    assert list(ours) == list(theirs)
    for key in list(ours)[1:]:
        np.testing.assert_array_equal(ours[key], theirs[key])
    assert (ours["untrained ansatz"] > theirs["untrained ansatz"]).any()
    assert case.judged_eps("quick") == layered.judged_eps("quick")


def test_outputs_mean_what_they_are():
    """f between the velocities that it is trained at, and the heat flux by their sum."""
    spec = spec_of(NAMES[0])
    model = spec.build_model().double()
    seen = spec.case.observables(model)
    t, x, eps = np.array([0.05, 0.1]), np.array([0.1, -0.4]), np.array([0.1, 1.0])
    state, f = evaluate(model, t, x, eps)
    v = model.velocities.numpy()
    for k, speed in enumerate(v):
        at = seen.distribution(state, f, t, x, np.full(2, speed), eps)
        np.testing.assert_allclose(at, f[:, k], rtol=1e-12)
    mass = seen.moments(state, f, t, x, eps)[:, 0]
    np.testing.assert_allclose(mass, state[:, 0])
    flux = (v[1] - v[0]) * (0.5 * (v - state[:, 1:2]) ** 3 * f).sum(1)
    np.testing.assert_allclose(seen.heat_flux(state, f, t, x, eps), flux)


@EVERY
def test_a_short_training_lowers_the_loss_and_both_penalties(name):
    spec = make_spec(name, "sum", "smoke")
    torch.manual_seed(0)
    model, residuals = spec.build_model(), spec.case.residuals(spec)
    optimizer, generator = torch.optim.Adam(model.parameters(), 1e-2), torch.Generator()
    losses = []
    for _ in range(60):
        found = groups(spec, residuals(model, *sample(spec, generator)))
        losses.append(found.detach())
        optimizer.zero_grad()
        found.sum().backward()
        optimizer.step()
    before, after = losses[0], torch.stack(losses[-10:]).mean(0)
    assert after.sum() < 0.5 * before.sum()
    assert (after[-2:] < 0.7 * before[-2:]).all()
