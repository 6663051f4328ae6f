"""Means that the equation keeps: the projection on them, what it costs, and where it is refused."""

import csv
import io
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hrgradlib import Solution, conserving
from hrgradlib.cli import main
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.conservation import ConservationError, defects
from hrgradlib.experiments.evaluation import relative_l2
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.solution import SolutionError
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.maxwellian import conserved
from hrgradlib.kinetics.velocity import gauss_legendre
from hrgradlib.reference.bgk_mixed import MixedReference
from hrgradlib.reference.goldstein_taylor import GoldsteinTaylorReference
from hrgradlib.reference.periodic import PeriodicReference
from hrgradlib.reference.plane import PlaneReference

PERIODIC = {
    "transport-periodic": ("layer", "plain"),
    "transport-2d": ("layer",),
    "transport-periodic-published": ("published", "published-each", "pinn"),
    "bgk-mixed": ("layer",),
    "goldstein-taylor": ("layer",),
}
EVERY = pytest.mark.parametrize(
    ("name", "formulation"), [(n, f) for n, formulations in PERIODIC.items() for f in formulations]
)
LAYER = pytest.mark.parametrize("name", [n for n, f in PERIODIC.items() if "layer" in f])


def untrained(name, formulation="layer", seed=0, dtype=torch.float64, loud=0.2):
    """A network of random weights, the last layer's ``loud`` times as large as they start."""
    spec = make_spec(name, "hrgrad", "smoke", formulation=formulation)
    torch.manual_seed(seed)
    model = spec.build_model().to(dtype)
    with torch.no_grad():
        for parameter in list(model.parameters())[-2:]:
            parameter.mul_(loud)
    return Solution(spec, model, {})


def points(solution):
    """(t, x, ε), x uniform over the period and in the last axis of what is found."""
    problem = solution.problem
    low, high = problem.eps_range
    own = getattr(solution.model, "own", None)  # where few ε have a network or a code
    eps = (np.geomspace(low, high, 3) if own is None else own)[:, None, None]
    t = np.array([0.0, 0.3, 1.0])[:, None] * problem.final_time
    side = np.arange(96 if solution.dimensions == 1 else 24)
    if solution.dimensions == 1:
        return t, side / len(side), eps
    return t, np.stack(np.meshgrid(side, side), -1).reshape(-1, 2) / len(side), eps


def exact(solution):
    """What the equation keeps of the reference, [C, E, T, X], at :func:`points`."""
    problem, (t, x, eps) = solution.problem, points(solution)
    if solution.spec.case.conducts_heat:
        return conserved(MixedReference(problem, coarse=True).moments(t, x, eps))
    if solution.dimensions == 2:
        return PlaneReference(dict(problem.waves)).density(t, x, eps)[None]
    if solution.spec.problem == "goldstein-taylor":
        reference = GoldsteinTaylorReference(dict(problem.modes), dict(problem.flux_modes))
        return reference.density(t, x, eps)[None]
    return PeriodicReference(dict(problem.modes)).density(t, x, eps)[None]


def kept(solution):
    """The same of a solution."""
    columns = 3 if solution.spec.case.conducts_heat else 1
    return np.moveaxis(solution.moments(*points(solution))[..., :columns], -1, 0)


@pytest.mark.parametrize("name", CASES)
def test_every_problem_conserves_or_says_that_it_does_not(name):
    solution = untrained(name, CASES[name].formulations[0])
    if name in PERIODIC:
        assert np.abs(defects(conserving(solution), *points(solution)[::2])).max() < 1e-12
        return
    for refused in (lambda: conserving(solution), lambda: defects(solution, 0.0, 0.1)):
        with pytest.raises(ConservationError, match=f"found problem '{name}', whose .* has ends"):
            refused()


@LAYER
def test_what_is_kept_is_kept_by_the_reference(name):
    """So the exact solution is among those that are projected on."""
    means = exact(untrained(name)).mean(-1)
    np.testing.assert_allclose(means, means[:, :1, :1] + 0 * means, atol=1e-10)


@EVERY
def test_means_are_right_to_rounding_and_corrected_once(name, formulation):
    solution = untrained(name, formulation)
    t, x, eps = points(solution)
    corrected = conserving(solution)
    assert np.abs(defects(solution, t, eps)).max() > 1e-4
    assert np.abs(defects(corrected, t, eps)).max() < 1e-12
    assert np.abs(defects(corrected, t, eps, 100 if solution.dimensions == 1 else 40)).max() < 1e-7
    again = conserving(corrected)
    np.testing.assert_allclose(again.moments(t, x, eps), corrected.moments(t, x, eps), rtol=1e-13)


def test_on_equidistant_places_as_well():
    """Of smooth periodic functions every good rule says the same."""
    for name in ("transport-periodic", "transport-2d"):
        density = conserving(untrained(name)).density(*points(untrained(name)))
        assert np.abs(density.mean(-1) - 1).max() < 1e-12


def test_networks_of_single_precision():
    solution = untrained("transport-periodic", dtype=torch.float32)
    t, x, eps = points(solution)
    corrected = conserving(solution)
    assert np.abs(defects(solution, t, eps)).max() > 1e-4
    assert np.abs(defects(corrected, t, eps)).max() < 1e-12  # the same numbers, in double precision
    assert np.abs(corrected.density(t, x, eps).mean(-1) - 1).max() < 1e-6


@LAYER
@pytest.mark.parametrize("seed", range(3))
def test_errors_can_only_fall_and_by_what_pythagoras_says(name, seed):
    solution, reference = untrained(name, seed=seed), exact(untrained(name))
    corrected = conserving(solution)
    t, _, eps = points(solution)
    before, after = (((kept(s) - reference) ** 2).mean(-1) for s in (solution, corrected))
    lacking = np.moveaxis(defects(solution, t[:, 0], eps[:, 0]), -1, 0)
    # Equidistant places and Gauss's mean over a kink: 1e-5 of what is compared.
    np.testing.assert_allclose(before, after + lacking**2, rtol=1e-4, atol=1e-11)
    assert (after <= before * (1 + 1e-4) + 1e-11).all()
    assert after.sum() < before.sum()


class Field(torch.nn.Module):
    """``ρ = 1 + defect + Σ a_k cos(2πkx + k)``, no micro part: a network that is known."""

    modes = 1

    def __init__(self, amplitudes, defect):
        super().__init__()
        self.amplitudes = torch.nn.Parameter(torch.tensor(amplitudes).double())
        self.defect = defect

    def forward(self, t, x, eps):
        k = torch.arange(1, len(self.amplitudes) + 1)
        waves = torch.cos(2 * torch.pi * k * x[:, None] + k) @ self.amplitudes
        return 1 + self.defect + waves, torch.zeros_like(x)[:, None]


@settings(max_examples=30)
@given(
    st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=6),
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
)
def test_of_a_known_field_the_mean_alone_changes(amplitudes, defect, wave):
    spec = make_spec("transport-periodic", "hrgrad", "smoke")
    found, right = (Solution(spec, Field(amplitudes, d), {}) for d in (defect, 0.0))
    x = np.arange(64) / 64
    at = 0.05, x, 0.1
    np.testing.assert_allclose(conserving(found).density(*at), right.density(*at), atol=1e-14)
    np.testing.assert_allclose(conserving(right).density(*at), right.density(*at), atol=1e-14)
    truth = 1 + wave * np.cos(2 * np.pi * x)
    errors = [relative_l2(s.density(*at), truth) for s in (found, conserving(found))]
    assert errors[1] <= errors[0] + 1e-14


@EVERY
def test_everything_else_follows(name, formulation):
    """Moments, velocity and f are those of one distribution, where they were before."""
    solution = untrained(name, formulation, seed=1)
    t, x, eps = points(solution)
    x = x[:: len(x) // 3]
    corrected = conserving(solution)
    moments = corrected.moments(t, x, eps)
    np.testing.assert_allclose(corrected.density(t, x, eps), moments[..., 0], rtol=1e-12)
    if solution.dimensions == 2:
        v, weights = 2 * np.pi * np.arange(16) / 16, np.full(16, 1 / 16)
    elif name == "bgk-mixed":
        v, weights = np.linspace(-12, 12, 121), np.full(121, 0.2)
    elif name == "goldstein-taylor":
        v, weights = np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    else:
        half, share = gauss_legendre(12)
        v = np.concatenate([(half - 1) / 2, (half + 1) / 2])
        weights = np.concatenate([share, share]) / 2
    where = x[..., None, :] if solution.dimensions == 2 else x[:, None]
    mass = [
        s.distribution(t[..., None], where, v, eps[..., None]) @ weights
        for s in (solution, corrected)
    ]
    gone = corrected.density(t, x, eps) - solution.density(t, x, eps)
    np.testing.assert_allclose(mass[1] - mass[0], gone, atol=1e-8)
    assert np.abs(gone).max() > 1e-4


def test_a_gas_of_no_mass_or_temperature_is_refused():
    loud = untrained("bgk-mixed", loud=30.0)
    t, x, eps = loud.problem.final_time, np.linspace(-0.5, 0.5, 41), 0.1
    assert (loud.density(t, x, eps) > 0).all() and (loud.temperature(t, x, eps) > 0).all()
    with pytest.raises(ConservationError, match=r"found a \w+ of -\S+ at t = 0.2, eps = 0.1 after"):
        conserving(loud).moments(t, x, eps)
    spec = make_spec("transport-periodic", "hrgrad", "smoke")
    light = Solution(spec, Field([0.5], 0.6), {})
    assert (light.density(0.1, x, 0.1) > 0).all()
    assert (conserving(light).density(0.1, x, 0.1) > 0).all()
    lighter = Solution(spec, Field([1.2], 0.6), {})
    assert (lighter.density(0.1, x, 0.1) > 0).all()
    with pytest.raises(ConservationError, match="found a density of -0.198 at t = 0.1"):
        conserving(lighter).density(0.1, x, 0.1)


def test_points_are_checked_as_ever():
    solution = untrained("transport-periodic")
    with pytest.raises(SolutionError, match="expected the trained range"):
        conserving(solution).density(0.2, 0.5, 0.1)
    with pytest.raises(SolutionError, match="expected the trained range"):
        defects(solution, 0.05, 2.0)
    with pytest.raises(SolutionError, match="found nodes = 0; expected at least 1"):
        conserving(solution, 0)
    assert conserving(solution).density(np.zeros(0), 0.5, 0.1).shape == (0,)
    assert defects(solution, np.zeros((2, 1)), [0.1, 1.0, 0.5]).shape == (2, 3, 1)


def test_many_places_at_one_time_are_those_of_single_ones():
    solution = conserving(untrained("transport-periodic"))
    x = np.linspace(0, 1, 40001)  # more than a piece
    density = solution.density(0.05, x, 0.1)
    for k in (0, 20000, 40000):
        assert density[k] == pytest.approx(solution.density(0.05, x[k], 0.1), abs=1e-14)


def test_the_command_prints_the_corrected_solution(tmp_path, capsys):
    run(make_spec("transport-periodic", "hrgrad", "smoke", steps=2), tmp_path / "a", quiet=True)
    x = [str(k / 32) for k in range(32)]
    asked = ["evaluate", str(tmp_path / "a"), "--t", "0.1", "--eps", "0.1", "--x", *x]
    masses = []
    for options in ([], ["--conserve"]):
        assert main([*asked, *options]) == 0
        rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
        masses.append(np.mean([float(row["density"]) for row in rows]))
    assert abs(masses[0] - 1) > 1e-4 and abs(masses[1] - 1) < 1e-6
    run(make_spec("convection-diffusion", "hrgrad", "smoke", steps=2), tmp_path / "b", quiet=True)
    other = ["evaluate", str(tmp_path / "b"), "--t", "0", "--eps", "0.1", "--x", "0", "--conserve"]
    assert main(other) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"hrgrad: found problem 'convection-diffusion', whose [^\n]*\n", said.err)
    assert not said.out
