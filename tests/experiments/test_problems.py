"""Every problem end to end: trained by `hrgrad run`, judged, loaded; and the bounds that hold."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from hrgradlib.cli import main
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.collocation import collocation, sample
from hrgradlib.experiments.solution import SolutionError, load_solution
from hrgradlib.experiments.specs import SpecError, make_spec
from hrgradlib.kinetics.bgk_problems import BGK_SMOOTH
from hrgradlib.kinetics.inflow import InflowTransport

# At the final time after 30 steps of a tiny network; an untrained one is off by 0.5 to 3.
SMOKE = {
    "transport-periodic": 0.06,
    "transport-inflow": 0.12,
    "bgk-smooth": 0.03,
    "bgk-layer": 0.25,
    "bgk-riemann": 0.15,
    "transport-2d": 0.16,
    "transport-periodic-published": 0.3,
    "transport-inflow-published": 0.9,
    "bgk-smooth-published": 0.11,
    "bgk-riemann-published": 0.9,
    "bgk-smooth-split": 0.11,
    "bgk-riemann-split": 0.9,
    "bgk-smooth-pinn": 0.5,
    "bgk-riemann-pinn": 0.9,
    "bgk-sod": 0.4,
    "bgk-mixed": 0.18,
    "goldstein-taylor": 0.3,
    "convection-diffusion": 0.1,
}


#: Those that answer for every ε; networks of one ε each: tests/models/test_published_each.py.
PROBLEMS = [name for name in CASES if not name.endswith("-each")]


def places(problem, first):
    """Places with these first coordinates, in as many dimensions as the problem has."""
    if CASES[problem].dimensions == 1:
        return first
    return np.stack([first, 0.7 - np.asarray(first)], -1)


@pytest.fixture(scope="module", params=PROBLEMS)
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "run"
    assert (
        main(
            [
                "run",
                request.param,
                "--profile",
                "smoke",
                "--device",
                "cpu",
                "--quiet",
                "--out",
                str(folder),
            ]
        )
        == 0
    )
    return folder


def result_of(folder):
    return json.loads((folder / "result.json").read_text())


def test_seconds_of_training_already_bring_the_error_down(trained):
    result = result_of(trained)
    problem = json.loads((trained / "spec.json").read_text())["problem"]
    assert result["final_error"] < SMOKE[problem]
    assert len(result["quantities"]["density"]) == 7


def test_a_solution_answers_every_question(trained):
    solution = load_solution(trained)
    problem = solution.problem
    t, eps = problem.final_time, np.array(problem.eval_eps)[:, None]
    of, size = solution.spec.problem, solution.dimensions
    x = places(of, np.linspace(0.05, 0.45, 5))
    moments = solution.moments(t, x, eps)
    assert moments.shape == (7, 5, 2 + size) and np.isfinite(moments).all()
    np.testing.assert_allclose(moments[..., 0], solution.density(t, x, eps))
    density, velocity = solution.density(t, x, eps), solution.velocity(t, x, eps)
    assert velocity.shape == ((7, 5) if size == 1 else (7, 5, size))
    velocity = velocity.reshape(7, 5, size)
    np.testing.assert_allclose(moments[..., 1:-1], density[..., None] * velocity)
    energy = (velocity**2).sum(-1) + size * solution.temperature(t, x, eps)
    np.testing.assert_allclose(moments[..., -1], 0.5 * density * energy)
    f = solution.distribution(t, places(of, 0.3), np.linspace(-1, 1, 5), 0.1)
    assert f.shape == (5,) and np.isfinite(f).all()
    assert (density > 0).all()


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (dict(eps=2.0), "expected the trained range"),
        (dict(eps=1e-9), r"expected the trained range \[[^]]*\]($|, or down to 1e-08 by its)"),
        (dict(eps=-1.0), "expected the trained range"),
        (dict(t=2.0), "found t from 2"),
        (dict(x=np.nan), "found NaN or inf in x"),
        (dict(t=[0.01, 0.02], x=[0.1, 0.2, 0.3]), "do not broadcast"),
    ],
)
def test_what_was_not_trained_is_not_answered(trained, point, message):
    solution = load_solution(trained)
    where = dict(t=0.01, x=0.1, eps=0.1) | point
    where["x"] = places(solution.spec.problem, where["x"])
    with pytest.raises(SolutionError, match=message):
        solution.density(**where)


def test_only_inflow_is_asked_below_its_range(trained):
    limit = result_of(trained)["limit"]
    solution = load_solution(trained)
    if limit is None:
        x = places(solution.spec.problem, 0.1)
        with pytest.raises(SolutionError, match="expected the trained range"):
            solution.density(0.01, x, solution.problem.eps_range[0] / 10)
    else:
        assert 0 < limit["density"] < 0.05
        low, lower = (solution.density(0.05, 0.3, e) for e in (1e-4, 1e-8))
        assert low == pytest.approx(lower, abs=1e-3)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_points_are_chosen_where_residuals_are_large(problem):
    """Of c candidates each task keeps its number, all of them candidates of its own range of ε."""
    spec = make_spec(problem, "hrgrad-gn", "smoke", candidates=4)
    model = spec.build_model()
    residuals, sizes = spec.case.residuals(spec), []
    for seed in range(8):  # few points a draw: their mean is noise
        both = (
            collocation(spec, model, torch.Generator().manual_seed(seed)),
            sample(spec.with_(per_task=4 * spec.per_task), torch.Generator().manual_seed(seed)),
        )
        with torch.no_grad():
            sizes.append([residuals(model, *p).norm(dim=1).mean() for p in both])
    assert torch.tensor(sizes).mean(0).diff() < 0
    chosen = collocation(spec, model, torch.Generator().manual_seed(0))
    assert len(chosen[0]) == sum(spec.case.task_sizes(spec))
    pool = sample(spec.with_(per_task=4 * spec.per_task), torch.Generator().manual_seed(0))
    for points in zip(chosen, pool, strict=True):
        kept, offered = (p.view(spec.tasks, -1, *p.shape[1:], 1).flatten(2) for p in points)
        assert (kept[:, :, None] == offered[:, None]).all(3).any(2).all()
    low, high = spec.case.problem.eps_range
    assert low <= chosen[2].min() and chosen[2].max() <= high


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("bgk-smooth", dict(formulation="micro-macro")),
        ("transport-inflow", dict(formulation="plain")),
        ("transport-periodic", dict(formulation="plain", candidates=2)),
        ("bgk-layer", dict(candidates=0)),
    ],
)
def test_settings_without_a_meaning_are_refused(problem, changes):
    with pytest.raises(SpecError, match="expected"):
        make_spec(problem, "hrgrad-gn", "smoke", **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(eps_range=(0.0, 1.0)), "eps_range"),
        (dict(eps_range=(1.0, 0.1)), "eps_range"),
        (dict(final_time=0.0), "final_time"),
        (dict(inflow_left=-1.0), "inflow_left = -1.0; expected a distribution"),
        (dict(inflow_right=np.inf), "inflow_right"),
        (dict(initial=np.nan), "initial"),
    ],
)
def test_unphysical_inflow_data_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        InflowTransport(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(left=(0.0, 0.0, 1.0)), "ρ > 0 and Θ > 0"),
        (dict(right=(1.0, 0.0, -0.5)), "ρ > 0 and Θ > 0"),
        (dict(left=(1.0, np.inf, 1.0)), "ρ > 0 and Θ > 0"),
        (dict(profile="step"), "profile"),
        (dict(eps_range=(0.0, 1.0)), "eps_range"),
        (dict(final_time=-1.0), "final_time"),
        (dict(steepness=0.0), "steepness"),
    ],
)
def test_unphysical_bgk_data_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(BGK_SMOOTH, **changes)


QUICK = {
    "transport-inflow": dict(density=2e-2),
    "bgk-smooth": dict(density=1e-2, momentum=3e-2, energy=1.5e-2),
    "transport-2d": dict(density=2e-2),
    "goldstein-taylor": dict(density=2e-2),
    "convection-diffusion": dict(density=2e-2),
}


@pytest.mark.slow
@pytest.mark.parametrize("problem", QUICK)
def test_a_quick_run_holds_its_bounds(problem, tmp_path):
    assert main(["run", problem, "--device", "cpu", "--quiet", "--out", str(tmp_path / "run")]) == 0
    result = result_of(tmp_path / "run")
    for quantity, bound in QUICK[problem].items():
        assert max(row[-1] for row in result["quantities"][quantity]) <= bound
        if result["limit"]:
            assert result["limit"][quantity] <= bound
    assert result["seconds"] < 240
