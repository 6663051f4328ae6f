"""What networks hold is counted from what is there, and compared at the same error."""

import math

import numpy as np
import pytest
import torch

from hrgradlib.chapters import ch13_apart as apart
from hrgradlib.chapters import ch13_cost as cost
from hrgradlib.chapters import ch13_memory as memory
from hrgradlib.experiments.apart_studies import APART
from hrgradlib.experiments.runner import begin
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.studies import study_runs
from hrgradlib.training.loop import Schedule, train
from hrgradlib.training.state import TrainingState

ROWS = [
    {"tasks": 5, "points": 128, "step": "sum-soap", "mebibytes": 5.25},
    {"tasks": 5, "points": 128, "step": "hrgrad", "mebibytes": 7.0},
]


def spec(method="sum-soap", **changes):
    return make_spec("transport-periodic", method, "quick", **changes)


def stepped(method):
    run = spec(method, tasks=5, per_task=4)
    made, tasks = begin(run, torch.device("cpu"))
    state = TrainingState(made.model, made, torch.Generator().manual_seed(1))
    train(state, tasks, Schedule(2, run.lr, 0), quiet=True)
    return made


@pytest.mark.parametrize("method", ["sum", "hrgrad", "sum-soap", "hrgrad-soap", "hrgrad-gn"])
def test_the_state_is_that_of_the_optimizer(method):
    optimizer = stepped(method).optimizer
    tensors = {id(t): t for named in optimizer.state.values() for t in named.values()}
    wanted = sum(t.numel() * t.element_size() for t in tensors.values())
    assert memory.held(spec(method, tasks=5)).state == wanted > 0
    longer = memory.held(spec(method, tasks=5, per_task=64))
    assert longer.state == wanted  # points leave nothing behind


def test_counts_of_pencil_and_paper():
    n = sum(p.numel() for p in spec().build_model().parameters())
    plain, rotated = (memory.held(spec(m, tasks=7)) for m in ("sum", "hrgrad"))
    assert plain.numbers == n and plain.weights == 4 * n
    counters = len([*spec().build_model().parameters()])
    assert plain.state == 4 * (2 * n + counters)
    assert rotated.state == 4 * ((7 + 1) * n + 1)
    gauss_newton = memory.held(spec("hrgrad-gn"))
    assert gauss_newton.weights == 8 * gauss_newton.numbers < plain.weights


def test_what_is_no_optimizers_is_counted_too():
    """M-ConFIG keeps its averages by itself; a tensor that stands twice counts once."""
    assert memory.held(spec("m-config", tasks=5)).state > 5 * 4 * 14_000

    class Twice:
        def state_dict(self, one=torch.zeros(10)):  # noqa: B008
            return {"a": [one, {"b": one}], "steps": 3, "c": (torch.zeros(2).double(),)}

    assert memory.state_bytes(Twice()) == 40 + 16


def test_a_step_is_taken_from_the_cell_that_fits():
    usual = spec()
    assert usual.tasks * usual.per_task == 5 * 128
    assert memory.peak(ROWS, usual) == 5.25
    assert math.isnan(memory.peak(ROWS, spec(width=32)))
    assert math.isnan(memory.peak(ROWS, spec(per_task=32)))
    assert math.isnan(memory.peak(ROWS, spec("hrgrad")))  # ten tasks, not five
    assert memory.peak(ROWS, spec("hrgrad", tasks=5, per_task=128)) == 7.0


def test_every_measured_step_is_of_the_network_counted():
    rows = cost.stored("step-memory")["rows"]
    lines = memory.by_method(rows).splitlines()
    assert max(map(len, lines)) <= 100
    told = {row["step"] for row in rows}
    for method, points in memory.MEASURED.items():
        run = spec(method, tasks=5, per_task=points)
        assert math.isnan(memory.peak(rows, run)) == (method not in told)
    for line in lines[1:]:
        if "Adam" in line or "SOAP" in line:
            count, *_ = line[30:].split()
            assert int(count.replace(",", "")) == memory.held(spec()).numbers


def choices():
    one = apart.Choice("one", 3, 14225, np.array([30.0]), np.array([1e-3]), spec())
    wide = apart.Choice("wide", 1, 56900, np.full(4, 50.0), np.full(4, 1e-4), spec())
    narrow = apart.Choice(
        "narrow", 1, 16836, np.full(4, 5.0), np.array([1e-4, 1e-2, 1e-4, 1e-4]), spec(width=32)
    )
    return [one, wide, narrow]


def test_time_and_memory_are_of_the_same_networks():
    """To 1e-3 and below, three narrow networks and a wide one."""
    small, large = memory.held(spec(width=32)), memory.held(spec())
    lines = memory.same_error(choices(), ROWS).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["error", "1.0e-02", "1.0e-03", "1.0e-04"]
    loose, middle, tight = (line.split()[1:] for line in lines[2:])
    assert loose[:4] == ["30", "20", "56", f"{4 * small.weights / 1024:.0f}"]
    assert loose[-2:] == ["5.2", "–"]  # a narrow network's step was not measured
    assert middle[1] == "65" and middle[-1] == "5.2"
    assert middle[3] == f"{(3 * small.weights + large.weights) / 1024:.0f}"
    assert middle[5] == f"{(3 * small.state + large.state) / 1024:.0f}"
    assert middle[7] == f"{(large.weights + large.state) / 1024:.0f}" == middle[6]
    assert tight[0::2] == ["–"] * 5 and tight[1::2] == middle[1::2]
    assert max(map(len, lines)) <= 100


def test_in_words():
    words = memory.told(choices(), ROWS)
    assert words.startswith(
        "to errors of 1.0e-03 to 1.0e-02, which both reach, four networks take "
    )
    assert "take 0.7 to 2.2 times the seconds" in words
    assert memory.told(choices()[:1], ROWS) == "no error that both reach is stored yet"
    assert memory.same_error([], ROWS) == "no run is stored yet"
    single = memory.told([choices()[0], choices()[1]], ROWS)
    assert single.startswith("to errors of 1.0e-03, which both") and "store 4.0 times" in single


def test_runs_of_the_study_have_as_many_points_as_a_measured_step():
    rows = cost.stored("step-memory")["rows"]
    for run in study_runs("apart").values():
        assert math.isnan(memory.peak(rows, run)) == (run.width != spec().width)
    assert {changes["method"] for changes in APART["apart"][1].values()} == {"sum-soap"}
