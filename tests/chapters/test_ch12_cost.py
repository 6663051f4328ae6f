"""Counts of chapter 12, the benchmarks behind it, and the measurements kept with the book."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from hrgradlib import residual_jacobian, task_gradients
from hrgradlib.chapters import ch12_cost as cost
from hrgradlib.chapters import ch12_figures as figures

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def benchmarks():
    """The scripts, imported as they import each other."""
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        import step_memory
        import step_time
        import steps
    finally:
        sys.path.remove(folder)
    return steps, step_time, step_memory


def test_counts_of_a_small_network():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    macs = cost.layer_macs(model)
    assert macs == 3 * 4 + 4 * 2
    assert cost.network_flops(macs, rows=10) == 3 * 2 * 20 * 10
    for tasks in (1, 5, 16):
        ratio = cost.network_flops(macs, 10, tasks) / cost.network_flops(macs, 10)
        assert ratio == pytest.approx(cost.passes(tasks))


def test_the_kernel_is_that_of_the_smaller_side():
    wide, tall = cost.gauss_newton_flops(100, 400, 5), cost.gauss_newton_flops(400, 100, 5)
    assert wide == tall
    assert wide["kernel"] == 100 * 100 * 400
    assert cost.state_floats(1, 7)["sum"] == 21 and cost.state_floats(5, 7)["hrgrad"] == 147


def test_every_step_has_a_label_and_moves_its_network(benchmarks):
    steps, *_ = benchmarks
    assert {*steps.STEPS, *steps.PARTS, *steps.SMALL_STEPS} == {*cost.LABELS}
    for name, make in (steps.STEPS | steps.PARTS | steps.SMALL_STEPS).items():
        bench = steps.Bench(2, 4, CPU, small=name in steps.SMALL_STEPS)
        step = make(bench)
        before = [p.detach().clone() for p in bench.parameters]
        step()
        moved = [not torch.equal(p, q) for p, q in zip(bench.parameters, before, strict=True)]
        assert all(moved) != (name.endswith("gradients") or name in steps.PARTS), name
        assert all(bool(p.isfinite().all()) for p in bench.parameters), name


def test_all_ways_give_the_same_gradients(benchmarks):
    bench = benchmarks[0].Bench(3, 5, CPU, small=True)
    loop = torch.stack([torch.cat([g.flatten() for g in row]) for row in bench.rows()])
    found = task_gradients(bench.point_losses, bench.model, bench.sizes)
    torch.testing.assert_close(found.matrix, loop)


def test_gauss_newton_cells_have_the_residuals_that_the_chapter_counts(benchmarks):
    steps, step_time, step_memory = benchmarks
    from hrgradlib.experiments.cases.periodic import residuals

    bench = steps.Bench(2, 3, CPU, small=True)
    found = residual_jacobian(
        lambda *points: residuals(bench.model, *points), bench.model, bench.points, bench.sizes
    )
    assert len(found.residuals) == (1 + steps.SMALL["modes"]) * 2 * 3
    assert step_time.SMALL_CELLS == step_memory.SMALL_CELLS


def test_measuring_takes_turns_and_summarises_by_turn(benchmarks, capsys):
    _, step_time, _ = benchmarks
    calls = []
    seconds = step_time.measure(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 0.0, 9, CPU
    )
    assert {name: len(v) for name, v in seconds.items()} == {"a": 3, "b": 3}  # out of budget
    turns = {"sum": np.array([1.0, 2.0, 4.0]), "b": np.array([2.0, 2.0, 2.0])}
    _, row = step_time.summary(5, 8, turns, "sum")
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == (1.0, 0.5, 2.0)
    assert row["ratio_fastest"] == 2.0 and row["milliseconds"] == 2000.0
    assert "5 x     8" in capsys.readouterr().out


def test_long_methods_are_left_out_beyond_the_limit(benchmarks):
    steps, step_time, _ = benchmarks
    assert step_time.names(5, 256, limit=10_000) == [*steps.STEPS, *steps.PARTS]
    assert not set(step_time.names(32, 4096, limit=10_000)) & set(steps.K_FOLD)


def test_memory_grows_with_the_points():
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("no high-water mark of resident memory on this system")
    code = (  # a process of its own: this one's heap is full of room by now
        "import torch, step_memory as m\n"
        "m.allocator(threshold=1 << 16, keep=1 << 16)\n"
        "cpu = torch.device('cpu')\n"
        "print(*(m.apart('sum', 2, p, cpu) for p in (64, 2048)))"
    )
    folder = Path(__file__).resolve().parents[2] / "benchmarks"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    few, many = map(int, done.stdout.split())
    assert many > few and many > 2 * 2048 * 64 * 4 * 3  # one layer's three streams at least


@pytest.mark.parametrize("name", ["step-time", "step-memory"])
def test_stored_measurements_hold_what_the_chapter_shows(name):
    content = cost.stored(name)
    assert content["provenance"]["device"] == "cpu"
    assert {r["step"] for r in content["rows"]} <= {*cost.LABELS}
    for tasks in (5, 16):
        for points in (256, 1024):
            assert cost.cell(content["rows"], tasks, points, "sum")["ratio"] == 1.0
            assert cost.cell(content["rows"], tasks, points, "hrgrad")["ratio"] > 0
    with pytest.raises(KeyError, match="no measurement of 'sum' with 3 tasks"):
        cost.cell(content["rows"], 3, 256, "sum")
    for row in content["rows"] if name == "step-time" else []:
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"] and row["turns"] >= 3


@pytest.mark.parametrize("tasks", [5, 16])
@pytest.mark.parametrize("points", [256, 512, 1024, 4096])
def test_stored_times_keep_the_promise(tasks, points):
    assert cost.cell(cost.stored("step-time")["rows"], tasks, points, "hrgrad")["ratio"] <= 1.10


@pytest.mark.parametrize("tasks, points, factor", [(5, 512, 3.5), (5, 1024, 3.5), (16, 256, 9.0)])
def test_stored_gradients_are_so_much_faster_than_torchjds(tasks, points, factor):
    rows = cost.stored("step-time")["rows"]
    ours, theirs = (cost.cell(rows, tasks, points, s) for s in ("gradients", "torchjd-gradients"))
    assert ours["turns"] == theirs["turns"] >= 3
    assert theirs["milliseconds"] >= factor * ours["milliseconds"]


def test_where_the_factor_is_missed_nothing_with_one_backward_pass_reaches_it():
    rows = cost.stored("step-time")["rows"]
    ours, theirs = (cost.cell(rows, 5, 256, s) for s in ("gradients", "torchjd-gradients"))
    limit = cost.separate_passes(rows, 5, 256)
    assert limit < 3.5
    assert theirs["milliseconds"] / ours["milliseconds"] > 0.95 * limit


def test_an_update_replaces_only_its_own_cells(benchmarks):
    _, step_time, _ = benchmarks
    row = dict(step="sum", points=8, ratio=1.0)
    old = {"provenance": {"commit": "a"}, "rows": [row | {"tasks": k} for k in (2, 5)]}
    new = {
        "provenance": {"commit": "b"},
        "budget_seconds": 1.0,
        "rows": [row | {"tasks": 5, "ratio": 1.5}],
    }
    both = step_time.updated(old, new)
    assert [(r["tasks"], r["ratio"]) for r in both["rows"]] == [(2, 1.0), (5, 1.5)]
    assert both["provenance"] == {"commit": "a"}
    assert both["updates"][0]["cells"] == [(5, 8)]


def test_stored_memory_keeps_the_promise():
    rows = cost.stored("step-memory")["rows"]
    for tasks in (5, 16):
        for points in (256, 1024):
            assert cost.cell(rows, tasks, points, "hrgrad")["ratio"] <= 1.2


def test_figures_from_stored_rows():
    times, memory = cost.stored("step-time")["rows"], cost.stored("step-memory")["rows"]
    for fig in (figures.overhead(times), figures.task_gradients(times), figures.memory(memory)):
        fig.canvas.draw()
        plt.close(fig)
