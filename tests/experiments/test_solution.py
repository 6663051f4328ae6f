"""A trained network as a function of NumPy arrays."""

import io
import shutil
import time

import numpy as np
import pytest
import torch

from hrgradlib import load_solution
from hrgradlib._system.progress import progress
from hrgradlib.cli import main
from hrgradlib.experiments.solution import Solution, SolutionError
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.velocity import gauss_legendre


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("solution") / "run"
    assert (
        main(
            [
                "run",
                "transport-periodic",
                "--profile",
                "smoke",
                "--steps",
                "20",
                "--quiet",
                "--device",
                "cpu",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    return out


@pytest.fixture(scope="module")
def solution(folder):
    return load_solution(folder)


@pytest.mark.parametrize("as_text", [True, False])
def test_folder_as_text_or_path(folder, as_text):
    loaded = load_solution(str(folder) if as_text else folder)
    assert loaded.spec.steps == 20
    assert loaded.result["max_error"] > 0


@pytest.mark.parametrize(
    ("t", "x", "v", "eps", "shape"),
    [
        (0.1, 0.2, 0.3, 0.5, ()),
        ([0.0, 0.1], 0.2, 0.3, 0.5, (2,)),
        ([[0.0], [0.1]], [0.1, 0.2, 0.3], 0.0, 1, (2, 3)),
        (0.1, np.zeros((4, 1, 1)), np.zeros((3, 1)), np.full(2, 1e-4), (4, 3, 2)),
        (np.float32(0.1), 1, -1, 1, ()),
        (np.zeros(0), 0.5, 0.0, 0.1, (0,)),
    ],
)
def test_shapes_broadcast(t, x, v, eps, shape, solution):
    f = solution.distribution(t, x, v, eps)
    assert f.dtype == np.float64 and f.shape == shape
    without_v = np.broadcast_shapes(*(np.shape(a) for a in (t, x, eps)))
    assert solution.density(t, x, eps).shape == without_v


def test_broadcast_values_are_those_of_single_points(solution):
    t, eps = [0.01, 0.1], [0.5, 1e-3]
    x, v = [0.1, 0.4, 0.9], 0.3
    rows = np.array(t)[:, None], x, np.array(eps)[:, None]
    density = solution.density(*rows)
    together = solution.distribution(*rows[:2], v, rows[2])
    for i in range(2):
        for j in range(3):
            one = solution.density(t[i], x[j], eps[i])
            assert density[i, j] == pytest.approx(one, abs=1e-6)
            one = solution.distribution(t[i], x[j], v, eps[i])
            assert together[i, j] == pytest.approx(one, abs=1e-6)


def test_arguments_may_be_read_only_and_are_left_alone(solution):
    points = [np.full((2, 3), value) for value in (0.05, 0.3, 0.1)]
    for p in points:
        p.flags.writeable = False
    solution.density(*points)
    solution.density(*np.broadcast_arrays(0.05, np.linspace(0, 1, 3), 0.1))
    assert all((p == p[0, 0]).all() for p in points)


@pytest.mark.parametrize("eps", [1.0, 0.1, 1e-4])
def test_average_over_velocity_is_the_density(eps, solution):
    v, weights = gauss_legendre(16)
    x = np.linspace(0, 1, 9)
    f = solution.distribution(0.07, x[:, None], v, eps)
    np.testing.assert_allclose(f @ weights, solution.density(0.07, x, eps), atol=1e-12)
    if eps == 1.0:
        assert np.ptp(f, axis=1).max() > 1e-3  # it does depend on v


@pytest.mark.parametrize("eps", [1.0, 0.03])
def test_distribution_is_density_plus_eps_times_the_micro_part(eps, solution):
    """The first velocity moment of f is ``ε <v g> = ε b_1/√3``, with b_1 from the network."""
    v, weights = gauss_legendre(16)
    x = np.linspace(0, 1, 9)
    f = solution.distribution(0.07, x[:, None], v, eps)
    points = torch.tensor(np.stack(np.broadcast_arrays(0.07, x, eps))).to(
        next(solution.model.parameters())
    )
    with torch.no_grad():
        flux = solution.model(*points)[1][:, 0].double().numpy() / np.sqrt(3)
    np.testing.assert_allclose((f * v) @ weights, eps * flux, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("eps", [1.0, 0.01, 1e-4])
def test_initial_data(eps, solution):
    x, v = np.linspace(0, 1, 9)[:, None], np.linspace(-1, 1, 5)
    expected = np.broadcast_to(1 + 0.5 * np.cos(2 * np.pi * x), (9, 5))
    np.testing.assert_allclose(solution.distribution(0.0, x, v, eps), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(eps=0.0), r"found eps from 0 to 0; expected the trained range \[0.0001, 1\]"),
        (dict(eps=-0.1), "found eps from -0.1"),
        (dict(eps=[0.1, 9e-5]), "found eps from 9e-05 to 0.1"),
        (dict(eps=1.01), "to 1.01"),
        (dict(eps=np.nan), "NaN or inf in eps"),
        (dict(eps=np.inf), "NaN or inf in eps"),
        (dict(t=-1e-3), "found t from -0.001"),
        (dict(t=0.11), r"to 0.11; expected the trained range \[0, 0.1\]"),
        (dict(t=np.nan), "NaN or inf in t"),
        (dict(x=[0.1, np.nan]), "NaN or inf in x"),
    ],
)
def test_points_outside(changes, message, solution):
    good = dict(t=0.05, x=0.5, eps=0.1)
    with pytest.raises(SolutionError, match=message):
        solution.density(**good | changes)
    with pytest.raises(SolutionError, match=message):
        solution.distribution(**good | dict(v=0.0) | changes)


@pytest.mark.parametrize("v", [1.001, -2.0, np.nan, np.inf, [0.0, 1.5]])
def test_velocities_outside(v, solution):
    with pytest.raises(SolutionError, match=r"\|v\| > 1; expected v in \[-1, 1\]"):
        solution.distribution(0.05, 0.5, v, 0.1)


def test_shapes_that_do_not_broadcast(solution):
    with pytest.raises(SolutionError, match="do not broadcast"):
        solution.density(np.zeros(2), np.zeros(3), 0.1)
    with pytest.raises(SolutionError, match="do not broadcast"):
        solution.distribution(np.zeros(2), 0.1, np.zeros(3), 0.1)


def test_ends_of_the_range_are_inside(solution):
    for eps in (1e-4, np.float32(1e-4), 1.0):
        for t in (0.0, 0.1, np.float32(0.1)):
            assert np.isfinite(solution.density(t, 0.5, eps))


def test_missing_folder(tmp_path):
    with pytest.raises(SolutionError, match="holds no finished run: no spec.json"):
        load_solution(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["spec.json", "result.json", "model.pt"])
def test_missing_file(name, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).unlink()
    with pytest.raises(SolutionError, match=f"no {name}.*--resume"):
        load_solution(copy)


@pytest.mark.parametrize("name", ["spec.json", "result.json", "model.pt"])
@pytest.mark.parametrize("keep", [0, 40])
def test_truncated_file(name, keep, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes()[:keep])
    with pytest.raises(SolutionError, match="cannot be read"):
        load_solution(copy)


def test_weights_of_another_network(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    torch.save({"weight": torch.zeros(2)}, copy / "model.pt")
    with pytest.raises(SolutionError, match="cannot be read"):
        load_solution(copy)


def test_a_run_that_failed_says_so(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "result.json").write_text('{"failed": "the loss of task(s) [0] is not finite"}')
    with pytest.raises(SolutionError, match="a run that failed: the loss of task"):
        load_solution(copy)


def test_transport_conducts_no_heat(solution):
    with pytest.raises(
        SolutionError, match="'transport-periodic', which conducts no heat; expected one of bgk"
    ):
        solution.heat_flux(0.1, 0.2, 0.5)


def test_heat_flux_broadcasts_and_vanishes_at_the_start():
    spec = make_spec("bgk-smooth", "hrgrad-gn", "smoke")
    bgk = Solution(spec, spec.build_model(), {})
    flux = bgk.heat_flux([[0.0], [0.1]], [-0.2, 0.0, 0.1], 0.1)
    assert flux.shape == (2, 3) and flux.dtype == np.float64
    assert np.abs(flux[0]).max() < 1e-12 < np.abs(flux[1]).max()
    assert np.shape(bgk.heat_flux(0.1, 0.0, 0.1)) == ()
    with pytest.raises(SolutionError, match="trained range"):
        bgk.heat_flux(0.1, 0.0, 2.0)


def test_many_points_are_evaluated_in_pieces(solution, monkeypatch):
    """The network sees a bounded number at a time, in the order of the points."""
    from hrgradlib.experiments import solution as module
    from hrgradlib.experiments.evaluation import PIECE

    seen = []

    def evaluate(model, *points):
        seen.append(np.size(points[0]))
        return original(model, *points)

    original = module.evaluate
    monkeypatch.setattr(module, "evaluate", evaluate)
    x = np.linspace(0, 1, PIECE + 5).reshape(1, -1, 1)
    t, eps = np.array([0.0, 0.1]).reshape(2, 1, 1), 0.1
    density = solution.density(t, x, eps)
    assert density.shape == (2, PIECE + 5, 1)
    assert max(seen) == PIECE and sum(seen) == 2 * (PIECE + 5)
    some = np.arange(0, PIECE + 5, 997)
    np.testing.assert_allclose(density[:, some, 0], solution.density(t[..., 0], x[0, some, 0], eps),
                               atol=1e-6)  # fmt: skip
    f = solution.distribution(0.1, x[0, :, 0], 0.5, eps)
    np.testing.assert_allclose(f[some], solution.distribution(0.1, x[0, some, 0], 0.5, eps),
                               atol=1e-6)  # fmt: skip


@pytest.mark.parametrize("periods", [1.0, 1e5, 1e6, -3.0])
def test_a_periodic_solution_is_periodic(periods, solution):
    near = solution.density(0.1, 0.25, 0.1)  # 0.25 + periods is exact
    assert solution.density(0.1, 0.25 + periods, 0.1) == near
    assert np.isfinite(solution.density(0.1, 1e300, 0.1))


class _Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_of_the_patient_is_for_terminals(terminal, monkeypatch):
    """A slow machine must not write into a page what a fast one does not."""
    stream = _Stream(terminal)
    monkeypatch.setattr("sys.stderr", stream)
    with progress(2, "point", delay=1e-9) as bar:
        time.sleep(0.01)
        bar.update(2)
    assert bool(stream.getvalue()) == terminal


def test_a_network_for_each_eps_answers_for_no_other():
    spec = make_spec(
        "transport-periodic-published", "sum", "smoke", formulation="published-each", tasks=3
    )
    solution = Solution(spec, spec.build_model(), {})
    assert solution.density(0.05, 0.3, [1e-4, 1e-2, 1.0]).shape == (3,)
    with pytest.raises(SolutionError) as caught:
        solution.density(0.05, 0.3, [1e-2, 0.1])
    assert str(caught.value) == (
        "found eps = 0.1, which has no network or code; expected one of 0.0001, 0.01, 1"
    )
