"""Counts of chapter 13, the benchmarks behind it, and the measurements kept with the book."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hrgradlib import HRGrad, residual_jacobian, task_gradients
from hrgradlib.chapters import ch13_cost as cost

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
    assert cost.state_floats(1, 7)["sum"] == 21


def test_the_count_of_memory_is_what_a_step_holds():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = HRGrad(model.parameters())
    found = task_gradients(lambda: model(torch.ones(10, 3))[:, 0].square(), model, [2] * 5)
    optimizer.step(found)
    state = optimizer._state
    held = [found.matrix, *state.per_task.values(), *state.shared.values(), *state.scratch]
    floats = sum(x.numel() * x.element_size() for x in held) // 4
    assert floats == cost.state_floats(5, found.matrix.shape[1])["hrgrad"]


def test_every_step_has_a_label_and_moves_its_network(benchmarks):
    steps, *_ = benchmarks
    assert {*steps.STEPS, *steps.PARTS, *steps.SMALL_STEPS} == {*cost.LABELS}
    for name, make in (steps.STEPS | steps.PARTS | steps.SMALL_STEPS).items():
        bench = steps.Bench(2, 4, CPU, small=name in steps.SMALL_STEPS)
        step = make(bench)
        before = [p.detach().clone() for p in bench.parameters]
        step()
        step()  # SOAP's first only measures
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


def test_cells_are_kept_as_they_are_measured(benchmarks, tmp_path):
    steps, *_ = benchmarks
    path, script = tmp_path / "cells.json", Path(steps.__file__)
    cells = [(2, 8, ["sum"]), (5, 8, ["sum"]), (5, 8, ["sum-small", "hrgrad-gn"])]
    kept = steps.Kept(path, script, CPU)
    assert kept.missing(cells) == cells
    kept.put([dict(tasks=5, points=8, step="sum", ratio=1.5)], clock="process")
    again = steps.Kept(path, script, CPU)
    assert again.missing(cells) == [cells[0], cells[2]]
    assert steps.Kept(path, script, CPU, force=True).missing(cells) == cells
    (row,) = again.table.rows.values()
    assert row.values["rows"][0]["ratio"] == 1.5 and row.values["clock"] == "process"
    nothing = steps.Kept(None, script, CPU)
    nothing.put([dict(tasks=5, points=8, step="sum")])
    assert nothing.missing(cells) == cells
