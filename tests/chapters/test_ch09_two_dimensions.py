"""Two dimensions: stored errors and maps, whatever part of them is there, and their figures."""

import numpy as np
import pytest
from drawing import check
from matplotlib import pyplot as plt

from hrgradlib.chapters import ch09_plane_maps as maps
from hrgradlib.chapters import ch09_two_dimensions as plane
from hrgradlib.chapters.ch09_two_dimensions import Errors
from hrgradlib.experiments import store
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Origin, Table
from hrgradlib.experiments.studies import row_key, study_runs

EPS = np.array([1.0, 0.1, 1e-4])
LINES = plane.lines(EPS)


def errors(level):
    return Errors(EPS, level * np.array([[1.0, 2.0, 1.0], [2.0, 3.0, 1.0]]), np.array([9, 11]), 0)


@pytest.fixture
def no_tables(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "results_folder", lambda profile: tmp_path)
    monkeypatch.setattr(store, "_READ", set())


def test_of_no_rows_everything_says_so(no_tables):
    assert plane.stored() == {} and maps.read_maps() == {} and store.names_read() == set()
    assert plane.table({}) == "not measured yet"
    fig = plane.error_by_eps(EPS, {}, LINES)
    assert "not measured yet" in " ".join(t.get_text() for t in fig.axes[0].texts)
    plt.close(fig)


def test_rows_come_by_method_and_a_failure_is_counted(no_tables):
    stored = Table.named("transport-2d")
    for folder, spec in study_runs("transport-2d").items():
        settings = {k: v for k, v in spec.to_dict().items() if k != "seed"}
        values = dict(method=spec.method, seed=spec.seed, failure="", settings=settings)
        if spec.seed == 12:
            values["failure"] = "the loss is not finite"
        else:
            judged = [1e-3 * spec.seed, 2e-3]
            values |= dict(max_error=max(judged), mean_error=1e-3, seconds=60.0)
            values["curve"] = {"judged_eps": [1.0, 1e-6], "judged": judged}
        stored.put(row_key(folder), values, Origin("", "", "", "2026-01-02", {}))
    found = plane.stored()
    assert list(found) == ["hrgrad-gn", "hrgrad-soap"]
    np.testing.assert_allclose(found["hrgrad-gn"].errors, [[0.010, 0.002], [0.011, 0.002]])
    assert found["hrgrad-gn"].failed == 1
    text = plane.table(found).splitlines()
    assert len(text) == 3 and "1.05e-02" in text[1] and "(1 failed)" in text[1]


def test_where_a_network_is_beaten():
    trivial = {"a": np.array([1e-2, 1.0, 1e-2]), "b": np.array([1.0, 1e-1, 1e-4])}
    assert plane.lost(errors(1e-3), trivial) == "ε ≤ 0.0001"
    assert plane.lost(errors(1.0), trivial) == "all ε"


def test_maps_of_the_right_mean_are_nearer():
    exact = plane.exact_map(0.1, 16)
    side = np.cos(2 * np.pi * np.arange(16) / 16)
    words = plane.kept_words({0.1: exact + 0.03 + 0.04 * 2**0.5 * side})
    norm = np.sqrt((exact**2).mean())
    assert words == f"{0.04 / norm:.1e} instead of {0.05 / norm:.1e} at ε = 0.1"
    assert plane.kept_words({}) == "not measured yet"


def test_a_cut_costs_less_the_later_it_is():
    costs = [plane.cut_error(pairs, np.array([1.0, 0.2, 0.1])) for pairs in (2, 3, 4, 12)]
    assert costs[0] < 0.05 and costs[-1] < 1e-7
    assert all(later < earlier / 2 for earlier, later in zip(costs, costs[1:], strict=False))


def test_trivial_lines_cross():
    """Free transport is better at ε = 1, diffusion below; the ansatz is best nowhere."""
    found = LINES
    assert found["free transport"][0] < found["diffusion"][0]
    assert found["diffusion"][-1] < 1e-3 < found["free transport"][-1]
    assert (
        found["untrained ansatz"] > np.minimum(found["free transport"], found["diffusion"])
    ).all()


def test_maps_are_those_of_a_network(no_tables, monkeypatch, tmp_path):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    spec = make_spec("transport-2d", "hrgrad-gn", "smoke", seed=10)
    folder = tmp_path / "run"
    monkeypatch.setattr(maps, "study_runs", lambda name: {folder: spec})
    asked = []

    def train(runs, device, jobs, quiet):
        asked.append(list(runs))
        run(runs[folder], folder, device, quiet=True)

    monkeypatch.setattr(maps, "run_all", train)
    maps.main()
    found = maps.read_maps()
    assert list(found) == list(maps.EPS) and asked == [[folder]]
    for eps, density in found.items():
        exact = plane.exact_map(eps, maps.SIDE)
        assert density.shape == exact.shape == (maps.SIDE, maps.SIDE)
        # Also if the network is poor: another orientation would be off by more than 0.2.
        assert np.abs(density - exact).mean() < 0.1
    maps.main()
    assert len(asked) == 1  # nothing is left to be made


def test_exact_maps_know_which_coordinate_is_which():
    waves = dict(CASES["transport-2d"].problem.waves)
    density = plane.exact_map(1e-6, 16)
    assert waves[1, 2] and np.ptp(density.mean(1)) > 0.01 > np.ptp(density.mean(0))


@pytest.mark.parametrize("measured", [True, False])
def test_draws(measured):
    exact = {eps: plane.exact_map(eps, 8) for eps in (1.0, 1e-6)}
    found = {eps: density + 1e-3 for eps, density in exact.items()} if measured else {}
    if measured:
        check(lambda: plane.density_maps(exact, found))
        own = {"hrgrad-gn": errors(1e-3), "hrgrad-soap": errors(2e-3)}
        check(lambda: plane.error_by_eps(EPS, own, LINES))
    else:
        check(lambda: plane.density_maps(exact, {}))
