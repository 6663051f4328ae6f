"""One battery for every problem, whatever its family; and a problem added by the protocol alone."""

import ast
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import hrgradlib
from hrgradlib import load_solution
from hrgradlib.cli import main
from hrgradlib.experiments.campaign import book_runs
from hrgradlib.experiments.cases import CASES, FIRST, Case
from hrgradlib.experiments.cases._case import untrained
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.evaluation import evaluate, relative_l2
from hrgradlib.experiments.places import evaluate_in_plane
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import PROFILES, SETTINGS, SpecError, make_spec
from hrgradlib.kinetics.scales import stratified
from hrgradlib.models import StreamMLP
from hrgradlib.models.observables import Observables
from hrgradlib.training import METHODS

NAMES = list(CASES)
ALL = pytest.mark.parametrize("name", NAMES)
FORMULATIONS = [(name, one) for name in NAMES for one in CASES[name].formulations]
EVERY = pytest.mark.parametrize(("name", "formulation"), FORMULATIONS)


def spec_of(name, formulation, method="hrgrad-gn", **changes):
    return make_spec(name, method, "smoke", formulation=formulation, **changes)


def drawn(spec, seed=0):
    return sample(spec, torch.Generator().manual_seed(seed))


@ALL
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_method_has_its_sizes_in_every_profile(name, method, profile):
    case = CASES[name]
    sizes = case.sizes(profile, METHODS[method])
    assert set(sizes) <= set(SETTINGS)
    spec = make_spec(name, method, profile)
    assert (spec.case, spec.formulation) == (case, case.formulations[0])
    assert all(getattr(spec, k) == v for k, v in sizes.items())
    if METHODS[method].needs == "gradients":
        assert spec.steps == PROFILES[profile]["steps"]
    for formulation in case.formulations:
        one = make_spec(name, method, profile, formulation=formulation)
        assert len(case.task_sizes(one)) % one.tasks == 0


@EVERY
def test_residuals_are_where_their_points_are(name, formulation):
    """The meta device, which holds no numbers, mixes with no other, as CUDA does not."""
    if formulation == "published-each":
        pytest.skip("which network answers depends on numbers")
    spec = spec_of(name, formulation, "sum")
    model = spec.build_model().to("meta")
    points = [p.to("meta") for p in drawn(spec)]
    found = spec.case.residuals(spec)(model, *points)
    assert found.device.type == "meta" and len(found) == len(points[0])


@EVERY
def test_points_are_sorted_by_task_and_lie_in_their_ranges(name, formulation):
    spec = spec_of(name, formulation, per_task=40, beyond=1.2)
    case, points, sizes = spec.case, drawn(spec), spec.case.task_sizes(spec)
    place = (case.dimensions,) if case.dimensions > 1 else ()
    assert [p.shape for p in points] == [(sum(sizes),), (sum(sizes), *place), (sum(sizes),)]
    assert all(p.dtype == spec.kind.dtype and torch.isfinite(p).all() for p in points)
    t, x, eps = (p.split(sizes) for p in points)
    low, high = case.problem.eps_range
    for k, part in enumerate(eps):
        assert low * (1 - 1e-5) <= part.min() and part.max() <= high * (1 + 1e-5)
        if (k + 1) % spec.tasks:
            assert part.max() <= eps[k + 1].min()
    final = spec.beyond * case.problem.final_time
    inside, start = t[: spec.tasks], t[spec.tasks :]
    assert all((part > 0).all() and part.max() <= final * (1 + 1e-6) for part in inside)
    assert max(part.max() for part in inside) > case.problem.final_time
    assert all((part == 0).all() for part in start)
    assert bool(start) == (formulation in case.penalised)


@EVERY
def test_a_seed_gives_the_same_points_and_the_same_network(name, formulation):
    spec = spec_of(name, formulation)
    one, two, other = drawn(spec), drawn(spec), drawn(spec, 1)
    assert all(map(torch.equal, one, two)) and not any(map(torch.equal, one[:2], other[:2]))
    torch.manual_seed(5)
    first, second = spec.build_model(), spec.build_model()
    assert all(map(torch.equal, first.parameters(), second.parameters()))
    different = spec.with_(seed=1).build_model()
    assert not all(map(torch.equal, first.parameters(), different.parameters()))
    assert all(p.dtype == spec.kind.dtype for p in first.parameters())


@EVERY
@pytest.mark.parametrize("method", ["hrgrad", "hrgrad-gn"])
def test_residuals_are_finite_and_reach_every_parameter(name, formulation, method):
    spec = spec_of(name, formulation, method)
    model, points = spec.build_model(), drawn(spec)
    found = spec.case.residuals(spec)(model, *points)
    assert found.shape[0] == len(points[0]) and found.ndim == 2 and torch.isfinite(found).all()
    found.square().sum(1).mean().backward()
    gradients = [p.grad for p in model.parameters()]
    assert all(g is not None and torch.isfinite(g).all() for g in gradients)
    assert all(g.abs().max() > 0 for g in gradients)


@EVERY
def test_errors_by_quantity_eps_and_time(name, formulation):
    spec = spec_of(name, formulation)
    case, model = spec.case, spec.build_model()
    found, problem = case.errors(model), case.problem
    shape = (len(case.quantities), len(problem.eval_eps), len(problem.eval_times))
    assert found.shape == shape and (found > 0).all() and np.isfinite(found).all()
    limit = case.limit_errors(model)
    if limit is not None:
        assert set(limit) == set(case.quantities) and all(e > 0 for e in limit.values())


@ALL
def test_errors_are_judged_densely_over_the_range(name):
    case = CASES[name]
    dense = case.judged_eps("quick")
    assert len(dense) >= 41 and case.judged_eps("full") == dense
    assert sorted((dense[-1], dense[0])) == pytest.approx(case.problem.eps_range, rel=1e-12)
    assert case.judged_eps("smoke") == case.problem.eval_eps
    some = case.problem.eval_eps[2:0:-1]
    model = make_spec(name, "sum").build_model()
    np.testing.assert_array_equal(case.errors(model, some), case.errors(model)[:, 2:0:-1])
    for errors in case.trivial_errors(some).values():
        assert errors.shape == case.errors(model, some).shape


@ALL
def test_trivial_errors(name):
    case = CASES[name]
    found, shape = case.trivial_errors(), case.errors(make_spec(name, "sum").build_model()).shape
    assert list(found)[0] == "untrained ansatz" and len(found) >= 3
    for label, errors in found.items():
        assert errors.shape == shape, label
        assert (errors > 0).all() and np.isfinite(errors).all(), label
    # At the end of the range one limit is near: in the least of them all errors are small.
    final = np.stack([errors[:, -1, -1].max() for errors in list(found.values())[1:]])
    assert final.min() < 0.3


def test_trivial_errors_of_bgk_smooth():
    """The figures that chapter 11 compares with: free flight at the worst ε, at the final time."""
    found = CASES["bgk-smooth"].trivial_errors()
    worst = {label: errors[:, :, -1].max(1) for label, errors in found.items()}
    np.testing.assert_allclose(worst["untrained ansatz"], [1.0e-3, 2.9e-2, 2.3e-2], rtol=0.05)
    np.testing.assert_allclose(found["untrained ansatz"], found["free flight"], rtol=1e-6)
    # Chapman–Enskog: Euler errs by O(ε), Navier–Stokes–Fourier by O(ε²).
    euler, fourier = (found[k][1, :, -1] for k in ("Euler", "Navier–Stokes–Fourier"))
    assert (fourier[-3:] < 0.2 * euler[-3:]).all() and fourier[0] > euler[0]


def test_trivial_errors_of_transport():
    """Each limit is best on its side, and diffusion errs by O(ε²) without walls, O(ε) with."""
    for name, order in (("transport-periodic", 2), ("transport-inflow", 1)):
        found = CASES[name].trivial_errors()
        free, diffusion = (found[k][0, :, -1] for k in ("free transport", "diffusion"))
        assert free[0] < 0.2 * diffusion[0] and diffusion[-1] < 0.01 * free[-1]
        assert diffusion[-2] / diffusion[-1] == pytest.approx(10.0**order, rel=0.05)


@EVERY
def test_observables_belong_to_the_network(name, formulation):
    spec = spec_of(name, formulation)
    model, problem = spec.build_model(), spec.case.problem
    meaning = spec.case.observables(model)
    assert isinstance(meaning, Observables)
    assert hasattr(meaning, "heat_flux") == spec.case.conducts_heat
    t, x, eps = np.broadcast_arrays(
        problem.final_time * np.array([[0.3], [1.0]]), np.array([0.1, 0.3, 0.45]), 0.1
    )
    if spec.case.dimensions == 2:
        x = np.stack([x, 0.5 - x], -1)
    at = evaluate if spec.case.dimensions == 1 else evaluate_in_plane
    first, modes = at(model, t, x, eps)
    moments = meaning.moments(first, modes, t, x, eps)
    assert moments.shape == (2, 3, 2 + spec.case.dimensions)
    density = first if first.ndim == 2 else first[..., 0]
    np.testing.assert_allclose(moments[..., 0], density)
    f = meaning.distribution(first, modes, t, x, np.full_like(t, 0.3), eps)
    assert f.shape == (2, 3) and np.isfinite(f).all()


@ALL
def test_the_book_shows_reported_seeds_alone(name):
    case = CASES[name]
    shown = {spec.seed for spec in book_runs("quick", name).values()}
    assert shown == set(case.reported_seeds[: case.shown_seeds])
    assert case.name == name and len(case.summary) < 100


# --- names ---------------------------------------------------------------------------------------


def test_no_module_decides_by_a_problems_name():
    """Names stand in the cases, and as data in problems, studies, their catalogue, and chapters."""
    root = Path(hrgradlib.__file__).parent
    allowed = [
        *(root / "experiments/cases").glob("*.py"),
        *(root / "chapters").glob("*.py"),
        root / "experiments/catalogue.py",
        root / "kinetics/bgk_problems.py",
        *(root / "experiments").glob("*studies.py"),
    ]
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in sorted(set(root.rglob("*.py")) - set(allowed))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in NAMES
    ]
    assert not found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("heat", "sum"), f"unknown problem 'heat'; expected one of {', '.join(NAMES)}"),
        ((FIRST, "adam"), f"unknown method 'adam'; expected one of {', '.join(METHODS)}"),
        ((FIRST, "sum", "tiny"), "unknown profile 'tiny'; expected one of smoke, quick, full"),
    ],
)
def test_unknown_names_list_what_exists(arguments, message):
    with pytest.raises(SpecError) as refused:
        make_spec(*arguments)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(lr=-1), "found lr = -1; expected a number in (0, inf)"),
        (dict(hold=1.0), "found hold = 1.0; expected a number in [0, 1)"),
        (dict(candidates=65), "found candidates = 65; expected a number in [1, 64]"),
        (
            dict(formulation="plain", candidates=2),
            "found candidates = 2; expected a number in [1, 1]",
        ),
        (
            dict(formulation="micro"),
            f"unknown formulation of {FIRST} 'micro'; expected one of layer, plain",
        ),
        (dict(axis="x"), "unknown axis 'x'; expected one of equiangular"),
        (dict(speed=1), "found settings speed; expected steps, tasks"),
    ],
)
def test_refusals_say_what_was_expected(changes, message):
    with pytest.raises(SpecError) as refused:
        make_spec(FIRST, "sum", "smoke", **changes)
    assert str(refused.value).startswith(message)


# --- a problem of a new family, through the protocol alone ----------------------------------------


@dataclass(frozen=True)
class Decay:
    """``u' = −ε u``, u(0) = 1."""

    eps_range: tuple[float, float] = (0.1, 1.0)
    final_time: float = 1.0
    eval_eps: tuple[float, ...] = (1.0, 0.5, 0.1)
    eval_times: tuple[float, ...] = (0.5, 1.0)


class DecayModel(nn.Module):
    """``u = 1 + t N(t, ε)``."""

    def __init__(self, width, depth):
        super().__init__()
        self.net = StreamMLP([2] + [width] * depth + [1])

    def forward(self, t, x, eps):
        u = 1 + t * self.net(torch.stack([t, eps], 1))[:, 0]
        return u, torch.zeros_like(u)[:, None]

    def residual(self, t, x, eps):
        along = torch.tensor([1.0, 0.0], dtype=t.dtype).expand(len(t), 1, 2)
        out, out_t = self.net(torch.stack([t, eps], 1), along)
        return out + t[:, None] * out_t[:, 0] + eps[:, None] * (1 + t[:, None] * out)


class DecayObservables(Observables):
    speeds, places = (-1.0, 1.0), (-np.inf, np.inf)

    def moments(self, first, modes, t, x, eps):
        return np.stack([first, 0 * first, first / 6], -1)

    def distribution(self, first, modes, t, x, v, eps):
        return first


class DecayCase(Case):
    name, summary, problem = "toy-decay", "exponential decay", Decay()

    def build(self, spec):
        return DecayModel(spec.width, spec.depth)

    def draw(self, spec, count, generator):
        draw = torch.rand(3, spec.tasks, count, generator=generator)
        eps = stratified(self.problem.eps_range, draw[0])
        return [p.flatten() for p in (draw[1] * spec.beyond, draw[2], eps)]

    def residuals(self, spec):
        return lambda model, *points: model.residual(*points)

    def observables(self, model):
        return DecayObservables()

    def errors(self, model, eps=None):
        grid = np.broadcast_arrays(
            np.array(self.problem.eval_times)[:, None],
            np.linspace(0, 1, 4),
            np.array(eps or self.problem.eval_eps)[:, None, None],
        )
        t, _, eps = grid
        return relative_l2(evaluate(model, *grid)[0], np.exp(-eps * t))[None]

    def trivial_errors(self, eps=None):
        return {"untrained ansatz": self.errors(untrained(DecayModel(1, 1)), eps)}


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(CASES, "toy-decay", DecayCase())
    return "toy-decay"


@pytest.mark.parametrize("method", ["hrgrad-gn", "hrgrad", "sum"])
def test_a_toy_problem_trains_and_is_judged(toy, method, tmp_path):
    steps = 30 if method == "hrgrad-gn" else 300
    spec = make_spec(toy, method, "smoke", steps=steps, warmup=10, width=8, candidates=2)
    result = run(spec, tmp_path / "run", "cpu", quiet=True)
    trivial = spec.case.trivial_errors()["untrained ansatz"].max()
    assert result["max_error"] < 0.1 * trivial
    assert result["limit"] is None and list(result["quantities"]) == ["density"]
    solution = load_solution(tmp_path / "run")
    assert solution.density(1.0, 0.2, 0.5) == pytest.approx(np.exp(-0.5), abs=0.1)
    with pytest.raises(ValueError, match="'toy-decay', which conducts no heat"):
        solution.heat_flux(1.0, 0.2, 0.5)


def test_a_toy_problem_is_known_to_every_command(toy, capsys):
    assert main(["list"]) == 0
    assert "toy-decay" in capsys.readouterr().out
    assert {spec.seed for spec in book_runs("smoke", toy).values()} == {10, 11, 12}
    assert any(spec.problem == toy for spec in book_runs("smoke").values())
