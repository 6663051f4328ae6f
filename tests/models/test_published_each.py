"""Networks of one Knudsen number each, with walls and of BGK: who answers, and its derivatives."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.solution import SolutionError, load_solution
from hrgradlib.experiments.specs import make_spec
from hrgradlib.optim import task_gradients

NAMES = ("transport-inflow-each", "bgk-smooth-each", "bgk-riemann-each")
EVERY = pytest.mark.parametrize("name", NAMES)


def model_of(name):
    spec = make_spec(name, "sum", "smoke")
    torch.manual_seed(0)
    return spec, spec.build_model().double()


@EVERY
def test_the_nearest_network_answers(name):
    spec, model = model_of(name)
    t, x, eps = (p.double() for p in sample(spec, torch.Generator().manual_seed(0)))
    assert sorted(set(eps.tolist())) == pytest.approx(model.own.tolist())
    mixed = torch.randperm(len(t), generator=torch.Generator().manual_seed(1))
    t, x, eps = t[mixed], x[mixed], eps[mixed] * 1.1
    whole, fields = model(t, x, eps), model.fields(t, x, eps)
    for n, network in enumerate(model.networks):
        here = model.nearest(eps) == n
        assert here.any()
        own = network(t[here], x[here], eps[here])
        for one, other in zip(whole, own, strict=True):
            torch.testing.assert_close(one[here], other)
        for one, other in zip(fields, network.fields(t[here], x[here], eps[here]), strict=True):
            torch.testing.assert_close(one[here], other)


@EVERY
def test_a_task_moves_its_own_network_alone(name):
    spec, model = model_of(name)
    points = [p.double() for p in sample(spec, torch.Generator().manual_seed(0))]
    losses = lambda: spec.case.residuals(spec)(model, *points).square().sum(1)  # noqa: E731
    found = task_gradients(losses, model, spec.case.task_sizes(spec), engine="backwards").matrix
    count = found.shape[1] // spec.tasks
    for task, row in enumerate(found):
        own = row.view(spec.tasks, count).abs().sum(1)
        assert own[task] > 0 and (own[torch.arange(spec.tasks) != task] == 0).all()


@EVERY
def test_it_is_judged_at_its_own_knudsen_numbers(name):
    spec, model = model_of(name)
    asked = (0.9 * model.own[-1], 1.1 * model.own[0])
    own = (model.own[-1], model.own[0])
    np.testing.assert_array_equal(spec.case.errors(model, asked), spec.case.errors(model, own))
    np.testing.assert_array_equal(spec.case.only_eps(model), model.own)
    with pytest.raises(Exception, match="formulation"):
        make_spec(name, "sum", "smoke", formulation="published")


def test_f_of_bgk_is_that_of_the_nearest_network():
    spec, model = model_of("bgk-smooth-each")
    seen = spec.case.observables(model)
    t, x, eps = np.array([0.05, 0.1]), np.array([0.1, -0.4]), model.own[[0, 3]]
    arguments = (torch.from_numpy(a) for a in (t, x, eps))
    state, f = (a.detach().numpy() for a in model(*arguments))
    for k, speed in enumerate(model.velocities.numpy()):
        at = seen.distribution(state, f, t, x, np.full(2, speed), eps)
        np.testing.assert_allclose(at, f[:, k], rtol=1e-6)
    assert seen.places == (-model.reach, model.reach) and CASES["bgk-smooth-each"].conducts_heat


@EVERY
def test_a_run_is_judged_and_answers_for_its_own_knudsen_numbers_alone(name, tmp_path):
    spec = make_spec(name, "sum", "smoke", steps=5)
    result = run(spec, tmp_path / "run", "cpu", quiet=True)
    assert np.isfinite(result["max_error"])
    solution = load_solution(tmp_path / "run")
    own = spec.case.only_eps(solution.model)
    at = 0.5 * solution.problem.final_time
    assert (solution.density(at, [0.1, 0.2], float(own[1])) > 0).all()
    with pytest.raises(SolutionError, match="has no network or code"):
        solution.density(at, 0.1, float(np.sqrt(own[0] * own[1])))
