"""The published networks: derivatives, signs, networks of one Knudsen number, what outputs mean."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.published import half_range
from hrgradlib.models.published import CODE, NodalObservables, OneForEach, PublishedModel, own_eps
from hrgradlib.optim import task_gradients

PERIODIC, SLAB = "transport-periodic-published", "transport-inflow-published"
FORMULATIONS = ("published", "published-each", "published-codes", "pinn")
EVERY = pytest.mark.parametrize(
    ("formulation", "problem"),
    [(name, PERIODIC) for name in FORMULATIONS] + [("published", SLAB), ("pinn", SLAB)],
)
STEP = 1e-6


def spec_of(formulation, problem=PERIODIC, **changes):
    return make_spec(problem, "hrgrad-gn", "smoke", formulation=formulation, **changes)


def model_of(formulation, problem=PERIODIC):
    return spec_of(formulation, problem).build_model().double()


def points():
    return [torch.tensor(p, dtype=torch.float64) for p in ([0.02, 0.07], [0.3, 0.8], [0.1, 1e-3])]


@EVERY
def test_streams_are_derivatives(formulation, problem):
    model, (t, x, eps) = model_of(formulation, problem), points()
    fields, count = model.fields(t, x, eps), spec_of(formulation, problem).modes
    by_t = [
        (a - b) / (2 * STEP)
        for a, b in zip(model(t + STEP, x, eps), model(t - STEP, x, eps), strict=True)
    ]
    by_x = (model(t, x + STEP, eps)[1] - model(t, x - STEP, eps)[1]) / (2 * STEP)
    if formulation == "pinn":
        pairs = [(fields.along_t, by_t[1]), (fields.along_x, by_x)]
        pairs.append((fields.value, model(t, x, eps)[1]))
    else:
        pairs = [(fields.density_t, by_t[0]), (fields.density, model(t, x, eps)[0])]
        for f, even, odd in (
            (by_t[1], fields.even_t, fields.odd_t),
            (by_x, fields.even_x, fields.odd_x),
            (model(t, x, eps)[1], fields.even, fields.odd),
        ):
            back, ahead = f[:, :count].flip(1), f[:, count:]
            pairs += [(even, 0.5 * (ahead + back)), (odd, 0.5 * (ahead - back) / eps[:, None])]
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@EVERY
def test_task_gradients_are_exact(formulation, problem):
    spec, model = spec_of(formulation, problem), model_of(formulation, problem)
    drawn = sample(spec, torch.Generator().manual_seed(0))
    losses = lambda: spec.case.residuals(spec)(model, *drawn).square().sum(1)  # noqa: E731
    sizes = spec.case.task_sizes(spec)
    fast = task_gradients(losses, model, sizes, check=True)
    slow = task_gradients(losses, model, sizes, engine="backwards")
    assert fast.engine == "one-backward"
    torch.testing.assert_close(fast.matrix, slow.matrix, rtol=1e-9, atol=1e-9)


@EVERY
def test_density_is_positive_and_x_is_periodic_where_the_problem_is(formulation, problem):
    model, (t, x, eps) = model_of(formulation, problem), points()
    density, f = model(t, x, eps)
    assert (density > 0).all()
    gap = (model(t, x + 1, eps)[1] - f).abs().max()
    assert gap < 1e-9 if problem == PERIODIC else gap > 1e-3
    meaning = spec_of(formulation, problem).case.observables(model)
    assert (meaning.period, meaning.places[1]) == (
        (1, np.inf) if problem == PERIODIC else (None, 1)
    )


def test_a_published_model_has_a_forward():
    with pytest.raises(TypeError, match="abstract method '?forward"):
        PublishedModel(spec_of("published").case.problem)


def test_networks_of_one_eps_share_nothing_and_the_nearest_answers():
    model, spec = model_of("published-each"), spec_of("published-each")
    assert isinstance(model, OneForEach) and len(model.networks) == spec.tasks
    own = own_eps(spec.case.problem.eps_range, spec.tasks)
    np.testing.assert_allclose(own[[0, -1]], spec.case.problem.eps_range)
    number = model.nearest(torch.tensor([2e-4, 1e-3, 0.8], dtype=torch.float64))
    assert number.tolist() == [0, 1, spec.tasks - 1]
    t, x = torch.full((2, 3), 0.05, dtype=torch.float64)
    density, _ = model(t, x, torch.tensor([1.0, 1e-4, 1.0], dtype=torch.float64))
    assert density[0] == density[2] != density[1]


def test_networks_of_one_eps_are_judged_where_they_were_trained():
    model, case = model_of("published-each"), spec_of("published-each").case
    at, near = case.errors(model, [1e-3]), case.errors(model, [1.4e-3])
    np.testing.assert_array_equal(at, near)
    assert (case.errors(model, [1e-2]) != at).any()


def test_a_code_per_eps_is_zero_at_first_and_each_task_trains_its_own():
    spec = spec_of("published-codes")
    model = spec.build_model().double()
    codes = model.code.codes.weight  # [features, K]
    assert codes.shape == (CODE, spec.tasks) and not codes.any() and len(model.own) == spec.tasks
    points = [p.double() for p in sample(spec, torch.Generator().manual_seed(0))]
    eps = points[2].view(spec.tasks, -1)
    np.testing.assert_allclose(eps, np.repeat(model.own[:, None], eps.shape[1], 1), rtol=1e-6)
    losses = spec.case.residuals(spec)(model, *points).square().sum(1).view(spec.tasks, -1).sum(1)
    for task, loss in enumerate(losses):
        (slope,) = torch.autograd.grad(loss, codes, retain_graph=True)
        assert slope.abs().amax(0).nonzero().flatten().tolist() == [task]


def test_a_network_with_codes_sees_eps_by_its_code_alone_and_is_judged_where_it_has_one():
    model, case = model_of("published-codes"), spec_of("published-codes").case
    t, x = torch.full((2, 2), 0.05, dtype=torch.float64)
    at = torch.tensor([1e-2, 1.0], dtype=torch.float64)
    density, _ = model(t, x, at)
    assert density[0] == density[1]
    with torch.no_grad():
        model.code.codes.weight[:, -1] = 1.0
    density, _ = model(t, x, at)
    assert density[0] != density[1]
    np.testing.assert_array_equal(case.errors(model, [1e-3]), case.errors(model, [1.4e-3]))
    np.testing.assert_array_equal(case.only_eps(model), model.own)
    assert case.only_eps(model_of("published")) is None


def test_moments_and_values_between_the_nodes():
    """Of f = 1 + v + v², a polynomial on each side of zero."""
    meaning = NodalObservables(4)
    v = half_range(4, torch.zeros(1, dtype=torch.float64))[0].numpy()
    both = np.concatenate([-v[::-1], v])
    f = (1 + both + both**2)[None]
    one = np.ones(1)
    moments = meaning.moments(one * 4 / 3, f, one, one, one)
    np.testing.assert_allclose(moments, [[4 / 3, 1 / 3, 0.5 * (1 / 3 + 1 / 5)]])
    asked = np.linspace(-1, 1, 9)
    values = meaning.distribution(one, np.repeat(f, 9, 0), 0, 0, asked, 0)
    np.testing.assert_allclose(values, 1 + asked + asked**2)
