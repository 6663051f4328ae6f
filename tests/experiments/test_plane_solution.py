"""Solutions and the command ``evaluate`` where a place has two coordinates."""

import csv
import io

import numpy as np
import pytest

from hrgradlib import load_solution
from hrgradlib.cli import main
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.solution import SolutionError
from hrgradlib.experiments.specs import make_spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("plane") / "run"
    run(make_spec("transport-2d", "hrgrad-gn", "smoke", steps=2), out, "cpu", quiet=True)
    return out


@pytest.fixture(scope="module")
def solution(folder):
    return load_solution(folder)


def test_initial_data_say_which_coordinate_is_which(solution):
    x = np.random.default_rng(0).uniform(-1, 2, (3, 4, 2))
    wanted = 1 + 0.25 * (
        np.cos(2 * np.pi * x[..., 0]) + np.cos(2 * np.pi * (x[..., 0] + 2 * x[..., 1]))
    )
    np.testing.assert_allclose(solution.density(0.0, x, 1e-6), wanted, atol=1e-6)
    f = solution.distribution(0.0, x[..., None, :], np.linspace(-9, 9, 5), 0.1)
    assert f.shape == (3, 4, 5)
    np.testing.assert_allclose(f, np.broadcast_to(wanted[..., None], f.shape), atol=1e-6)


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-6])
def test_moments_are_means_over_the_angle(eps, solution):
    x, angle = np.array([[0.2, 0.7], [0.5, 0.1]]), 2 * np.pi * np.arange(16) / 16
    f = solution.distribution(0.05, x[:, None], angle, eps)
    density, velocity = solution.density(0.05, x, eps), solution.velocity(0.05, x, eps)
    np.testing.assert_allclose(f.mean(1), density, rtol=1e-12)
    for k, part in enumerate((np.cos(angle), np.sin(angle))):
        flux = (f * part).mean(1)
        np.testing.assert_allclose(flux, density * velocity[:, k], rtol=1e-6, atol=1e-15)
    spread = 0.5 * (1 - (velocity**2).sum(1))  # speed one: ½ <|Ω − u|² f>/<f>
    np.testing.assert_allclose(solution.temperature(0.05, x, eps), spread, rtol=1e-12)


def test_shapes_and_periods(solution):
    x = np.array([0.3, 0.6])
    assert solution.density(0.1, x, 0.1).shape == ()
    assert solution.velocity([[0.1], [0.05]], np.zeros((3, 2)), 0.1).shape == (2, 3, 2)
    assert solution.density(0.1, x + [3, -2], 0.1) == pytest.approx(solution.density(0.1, x, 0.1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(x=0.3), r"found x of shape \(\); expected \(..., 2\), 2 coordinates a place"),
        (dict(x=np.zeros((2, 3))), r"found x of shape \(2, 3\)"),
        (dict(x=[0.1, np.nan]), "found NaN or inf in y"),
        (dict(eps=1e-7), "expected the trained range"),
        (dict(t=np.zeros(3), x=np.zeros((2, 2))), "do not broadcast"),
    ],
)
def test_points_that_are_none(changes, message, solution):
    good = dict(t=0.05, x=[0.1, 0.2], eps=0.1)
    with pytest.raises(SolutionError, match=message):
        solution.density(**good | changes)
    with pytest.raises(SolutionError, match=message):
        solution.distribution(**good | dict(v=0.0) | changes)


def test_the_command_prints_every_place(folder, solution, capsys):
    asked = ["--t", "0.1", "--x", "0", "0.25", "--y", "0.1", "0.5", "0.9", "--eps", "1", "1e-6"]
    assert main(["evaluate", str(folder), *asked]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    names = ["t", "x", "y", "eps", "density", "velocity_x", "velocity_y", "temperature"]
    assert len(rows) == 12 and list(rows[0]) == names
    for row in rows:
        t, x, y, eps, density, *velocity, _ = (float(row[name]) for name in names)
        assert density == pytest.approx(solution.density(t, [x, y], eps), rel=1e-6)
        assert velocity == pytest.approx(solution.velocity(t, [x, y], eps), rel=1e-6)


def test_the_command_asks_for_the_second_coordinate(folder, capsys):
    assert main(["evaluate", str(folder), "--t", "0", "--x", "0", "--eps", "1"]) == 2
    said = capsys.readouterr()
    assert "dimension 2 and no --y; expected --y in two dimensions alone" in said.err
    assert not said.out
