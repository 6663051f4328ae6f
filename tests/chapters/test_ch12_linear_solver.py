"""Chapter 12: random features solve the networks' own problem, and are judged as networks are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hrgradlib.chapters import ch12_linear_solver as study
from hrgradlib.chapters.ch12_linear_solver import Solves
from hrgradlib.chapters.ch12_random_features import MODES, features, solve
from hrgradlib.experiments.cases.periodic import PeriodicCase, residuals
from hrgradlib.experiments.store import Table
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.kinetics.scales import sample_points

CASE = PeriodicCase()


def solves(count, errors):
    errors = np.array(errors, float)
    return Solves(count, 7 * (count + 1), errors, errors, np.full(len(errors), 4.1), 41)


@pytest.mark.parametrize(("eps", "bound"), [(1.0, 1e-8), (0.1, 1e-3), (1e-4, 1e-3)])
def test_the_error_falls_with_the_number_of_features(eps, bound):
    """A hundred have less than a tenth of the error of 25, against the exact solution."""
    few, many = (
        CASE.errors(solve(CASE.problem, eps, count, 0.25, 1), [eps]).max() for count in (25, 100)
    )
    assert many < bound and many < few / 10 and few < 0.05


def test_what_is_solved_is_the_least_sum_of_the_networks_own_squared_residuals():
    """No other output layer has smaller residuals at the points of the solve."""
    eps, count = 0.1, 8
    model = solve(CASE.problem, eps, count, 0.5, 3)
    generator = torch.Generator().manual_seed(3)
    drawn = sample_points((eps, eps), CASE.problem.final_time, 1, 2 * (count + 1), generator)
    t, x = (p.double() for p in drawn[:2])
    points = t, x, torch.full_like(t, eps)
    loss = residuals(model, *points).square().sum()
    loss.backward()
    output = model.trunk.layers[-1]
    assert torch.cat([p.grad.flatten() for p in output.parameters()]).abs().max() < 1e-9
    with torch.no_grad():
        output.weight += 1e-3
    assert residuals(model, *points).square().sum() > loss


def test_initial_data_hold_whatever_was_drawn():
    model = solve(CASE.problem, 0.03, 5, 1.0, 0)
    x = torch.linspace(0, 1, 9, dtype=torch.float64)
    density, coefficients = model(torch.zeros_like(x), x, torch.full_like(x, 0.03))
    torch.testing.assert_close(density, 1 + 0.5 * torch.cos(2 * torch.pi * x))
    assert not coefficients.any()


def test_other_initial_data_are_solved_as_well():
    problem = replace(PeriodicTransport(), modes=((0, 2.0), (1, -0.3)))
    model = solve(problem, 1.0, 60, 0.25, 0)
    x = torch.arange(8, dtype=torch.float64) / 8
    late = torch.full_like(x, 0.05)
    found = model(late, x, torch.ones_like(x))[0].detach() - 2.0
    usual = solve(CASE.problem, 1.0, 60, 0.25, 0)(late, x, torch.ones_like(x))[0].detach() - 1.0
    torch.testing.assert_close(found, -0.6 * usual, rtol=0, atol=1e-7)  # the problem is linear


def test_a_seed_gives_the_same_bits_and_another_one_others():
    rows = [study.measure(12, 0.5, seed, (1.0, 0.01)) for seed in (4, 4, 5)]
    for row in rows:
        del row["seconds"]
    assert rows[0] == rows[1] and rows[0]["curve"] != rows[2]["curve"]
    assert rows[0]["unknowns"] == 13 * (1 + MODES)
    assert rows[0]["max_error"] == max(rows[0]["curve"]["judged"]) >= rows[0]["final_error"]


@pytest.mark.parametrize(
    ("count", "spread"), [(0, 1.0), (-3, 1.0), (5, 0.0), (5, float("nan")), (5, float("inf"))]
)
def test_draws_that_make_no_sense_are_refused(count, spread):
    with pytest.raises(ValueError, match="expected at least one feature and a positive spread"):
        features(CASE.problem, count, spread, 0)


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan"), float("inf")])
def test_an_eps_that_is_not_positive_is_refused(eps):
    with pytest.raises(ValueError, match=f"found eps = {eps}; expected a positive number"):
        solve(CASE.problem, eps, 5, 1.0, 0)


def test_a_table_says_how_few_features_are_enough():
    found = [solves(25, [1e-2, 2e-2]), solves(50, [1e-3, 4e-3]), solves(100, [1e-4, 2e-4])]
    assert study.enough(found, 5e-3).features == 50 and study.enough(found, 2e-3).features == 100
    assert study.enough(found, 1e-5) is None and study.enough(found, float("nan")) is None
    lines = study.table(found).splitlines()
    assert study.line(found) == {"100 random features, solved per ε": found[-1].median}
    assert len(lines) == 4 and "2.0e-03" in lines[2] and lines[2].endswith("0.100")


def test_stored_draws_ran_at_the_spread_that_the_tuning_draw_chose():
    tried = study.spreads()
    assert set(tried) == set(study.SPREADS)
    chosen, rows = min(tried, key=tried.get), Table.named(study.NAME).rows
    for row in rows.values():
        if row.values["seed"] in study.SEEDS:
            assert row.values["settings"]["spread"] == chosen
        np.testing.assert_allclose(
            row.values["curve"]["judged_eps"], CASE.judged_eps("quick"), rtol=1e-3
        )
    assert len(rows) == len(tried) + len(study.COUNTS) * len(study.SEEDS)
    medians = [one.median for one in study.stored()]
    assert medians == sorted(medians, reverse=True) and medians[-1] < 1e-4
