"""Folders of runs under damage, full disks, kills, strangers and earlier versions."""

import errno
import io
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from hrgradlib import load_solution
from hrgradlib._system.lock import LOCK, FolderInUse, locked
from hrgradlib._system.seal import ForeignSeal, SealError, opened, sealed
from hrgradlib.cli import main
from hrgradlib.experiments import runner
from hrgradlib.experiments.folder import FolderError, is_finished, read_spec
from hrgradlib.experiments.results import load_run
from hrgradlib.experiments.runner import RunError, WriteError, run
from hrgradlib.experiments.sizes import TooLarge
from hrgradlib.experiments.solution import SolutionError
from hrgradlib.experiments.specs import SpecError, make_spec
from hrgradlib.training.loop import CheckpointError, Interrupted, TrainingFailed

SMALL = dict(steps=3, tasks=2, per_task=4, width=6, depth=1, modes=2)
FILES = ["model.pt", "records.npz", "result.json", "spec.json", "provenance.json"]


def small(method="hrgrad-gn", seed=0, **changes):
    return make_spec("transport-periodic", method, "smoke", seed, **SMALL | changes)


SPEC = small()


def go(folder, spec=SPEC, **options):
    return run(spec, folder, "cpu", quiet=True, **options)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "run"
    go(folder)
    return folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "run")


@pytest.fixture
def unfinished(tmp_path):
    """Stopped after two of three steps, with its checkpoint."""
    folder = tmp_path / "unfinished"
    with pytest.MonkeyPatch.context() as patch:

        def stop(state, tasks, schedule, watch, quiet):
            train(state, tasks, runner.Schedule(2, schedule.lr), None, quiet)
            raise Interrupted("stopped")

        train = runner.train
        patch.setattr(runner, "train", stop)
        with pytest.raises(Interrupted):
            go(folder)
    assert (folder / "checkpoint.pt").exists()
    return folder


def weights(folder):
    return torch.load(folder / "model.pt", weights_only=True)


def same_weights(one, other):
    one, other = weights(one), weights(other)
    return all(torch.equal(one[k], other[k]) for k in one)


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["missing", "empty", "cut", "not UTF-8", "[]", "null"])
def test_resume_repairs_a_finished_folder(name, how, folder, original):
    path = folder / name
    content = {"empty": b"", "cut": path.read_bytes()[:-9], "not UTF-8": b"\xff\xfe{"}
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(content.get(how, how.encode()))
    assert not is_finished(folder, SPEC)
    result = go(folder, resume=True)
    assert is_finished(folder, SPEC) and result["max_error"] > 0
    assert same_weights(folder, original)
    assert {p.name for p in folder.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", ["model.pt", "records.npz", "result.json", "spec.json"])
def test_flipped_bytes_are_noticed(name, folder):
    content, draw = (folder / name).read_bytes(), random.Random(0)
    for _ in range(60):
        places = draw.sample(range(len(content)), 8)
        changed = bytearray(content)
        for place in places:
            changed[place] ^= 1 << draw.randrange(8)
        (folder / name).write_bytes(changed)
        with pytest.raises(SolutionError if name != "records.npz" else FolderError) as caught:
            load_solution(folder) if name != "records.npz" else load_run(folder)
        assert "\n" not in str(caught.value)


def test_files_of_another_run_of_the_same_shape_are_refused(folder, tmp_path):
    go(tmp_path / "other", small(seed=1))
    for name in ("model.pt", "records.npz", "result.json"):
        copy = shutil.copytree(folder, tmp_path / name)
        shutil.copy(tmp_path / "other" / name, copy / name)
        with pytest.raises(SolutionError if name == "model.pt" else FolderError):
            load_solution(copy) if name == "model.pt" else load_run(copy)


def test_a_flipped_or_foreign_checkpoint_is_refused(unfinished, tmp_path, capsys):
    content, draw = (unfinished / "checkpoint.pt").read_bytes(), random.Random(1)
    for _ in range(40):
        changed = bytearray(content)
        for place in draw.sample(range(len(content)), 8):
            changed[place] ^= 1 << draw.randrange(8)
        (unfinished / "checkpoint.pt").write_bytes(changed)
        with pytest.raises(CheckpointError, match="delete it|another"):
            go(unfinished, resume=True)
    (unfinished / "checkpoint.pt").write_bytes(sealed(content[:-2], "another"))
    with pytest.raises(CheckpointError, match="another specification"):
        go(unfinished, resume=True)


def test_seals():
    archive = io.BytesIO()
    torch.save({"a": torch.arange(3)}, archive)
    content = sealed(archive.getvalue(), "mine")
    assert torch.equal(torch.load(io.BytesIO(content))["a"], torch.arange(3))
    assert opened(content, "mine") == content
    with pytest.raises(ForeignSeal):
        opened(content, "yours")
    with pytest.raises(SealError, match="no checksum"):
        opened(archive.getvalue(), "mine")


class Malicious:
    def __reduce__(self):
        return os.mkdir, (os.environ["HRGRAD_TEST_TRAP"],)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_that_runs_code_runs_nothing(legacy, unfinished, folder, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    monkeypatch.setenv("HRGRAD_TEST_TRAP", str(trap))
    archive = io.BytesIO()
    if legacy:
        pickle.dump(Malicious(), archive)
    else:
        torch.save(Malicious(), archive)
    content = archive.getvalue() if legacy else sealed(archive.getvalue(), SPEC.fingerprint())
    (unfinished / "checkpoint.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match="delete it"):
        go(unfinished, resume=True)
    for name in ("model.pt", "records.npz"):
        (folder / name).write_bytes(content)
        result = json.loads((folder / "result.json").read_text())
        for field in ("files", "sha256"):  # as of an earlier version, which listed no checksums
            result.pop(field, None)
        (folder / "result.json").write_text(json.dumps(result))
    with pytest.raises(SolutionError, match="model.pt is damaged"):
        load_solution(folder)
    with pytest.raises(FolderError, match="records.npz is damaged"):
        load_run(folder)
    assert not trap.exists()


# --- earlier versions -----------------------------------------------------------------------------


def test_a_folder_of_an_earlier_version_is_read_by_all(folder):
    raw = json.loads((folder / "spec.json").read_text())
    del raw["candidates"]
    (folder / "spec.json").write_text(json.dumps(raw))
    result = json.loads((folder / "result.json").read_text())
    del result["files"], result["sha256"]
    (folder / "result.json").write_text(json.dumps(result))
    assert read_spec(folder) == SPEC
    assert load_solution(folder).spec == load_run(folder).spec == SPEC
    before = (folder / "model.pt").stat().st_mtime_ns
    assert go(folder, resume=True)["max_error"] == result["max_error"]
    assert (folder / "model.pt").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("change", "message"),
    [({"colour": 1}, "does not know: .'colour'"), ({"lr": None}, "lacks .'lr'"),
     ({"steps": "many"}, "damaged"), ({"problem": "none"}, "damaged")],
)  # fmt: skip
def test_a_specification_that_is_none(change, message, folder):
    raw = json.loads((folder / "spec.json").read_text()) | change
    (folder / "spec.json").write_text(
        json.dumps({name: value for name, value in raw.items() if value is not None})
    )
    with pytest.raises(FolderError, match=message):
        read_spec(folder)


# --- disks and memory -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["spec.json", "checkpoint.pt", "model.pt", "records.npz",
                                  "result.json"])  # fmt: skip
def test_a_full_disk_is_one_line_and_resumable(name, tmp_path, original, monkeypatch, capsys):
    folder, replace = tmp_path / "run", os.replace

    def full(source, target):
        if os.path.basename(target) == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WriteError, match="No space left on device"):
        go(folder)
    assert not list(folder.glob("*.part")) and not (folder / LOCK).exists()
    monkeypatch.setattr(os, "replace", replace)
    go(folder, resume=True)
    assert same_weights(folder, original)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (dict(width=10**9), TooLarge),
        (dict(width=10**9, method="hrgrad"), TooLarge),
        (dict(width=10**12), TooLarge),
        (dict(depth=10**9), TooLarge),
        (dict(per_task=10**9), TooLarge),
        (dict(per_task=10**8, width=400, method="sum"), TooLarge),
        (dict(per_task=10**7, width=400), TooLarge),
        (dict(lr=1e300, method="hrgrad"), SpecError),
        (dict(lr=1e38, method="sum"), SpecError),
    ],
)
def test_what_must_fail_is_refused_before_anything_is_written(changes, error, tmp_path):
    with pytest.raises(error) as caught:
        go(tmp_path / "run", small(**changes))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
    go(tmp_path / "run")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_corrected_command_uses_the_folder_of_a_failure(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(TrainingFailed):
        go(folder, small(lr=1e200, steps=6))
    assert not is_finished(folder, small(lr=1e200, steps=6))
    with pytest.raises(SolutionError, match="failed"):
        load_solution(folder)
    assert go(folder)["max_error"] > 0


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RunError, match="cannot be used .Permission denied"):
        go(tmp_path / "run")


# --- kills and neighbours -------------------------------------------------------------------------


def test_leftovers_of_kills_are_removed(tmp_path, unfinished, original):
    (unfinished / "checkpoint.pt.4711.part").write_bytes(b"half")
    (unfinished / LOCK).write_text("4711")  # its process is dead: the file locks nothing
    go(unfinished, resume=True)
    assert {p.name for p in unfinished.iterdir()} == set(FILES)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("left", [[], [LOCK], ["spec.json.4711.part", LOCK]])
def test_a_kill_before_the_specification_leaves_a_usable_folder(left, resume, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in left:
        (folder / name).write_text("")
    assert go(folder, resume=resume)["max_error"] > 0


@pytest.mark.parametrize("resume", [False, True])
def test_one_of_two_in_a_folder_leaves(resume, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with locked(folder), pytest.raises(RunError, match=f"in use by process {os.getpid()}"):
        go(folder, resume=resume)
    assert list(folder.iterdir()) == []


def test_of_many_at_once_one_holds_the_lock(tmp_path):
    held, most, refused, turn = [], [], [], threading.Barrier(8)

    def hold():
        turn.wait()
        for _ in range(50):
            try:
                with locked(tmp_path):
                    held.append(1)
                    most.append(len(held))
                    held.pop()
            except FolderInUse:
                refused.append(1)

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(most) + len(refused) == 400
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_before_the_first_step_says_so(tmp_path, monkeypatch, capsys):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "check_network", interrupt)
    given = ["run", "transport-periodic", "--profile", "smoke", "--quiet", "--out"]
    assert main([*given, str(tmp_path / "run")]) == 130
    line = capsys.readouterr().err
    assert line == "hrgrad: stopped before the first step; the same command starts again\n"


@pytest.mark.parametrize("stage", ["watch", "judge"])
def test_a_signal_is_honoured_while_a_reference_is_computed(stage, tmp_path, monkeypatch, original):
    import signal

    kind, calls = type(SPEC.case), []
    errors = kind.errors

    def slow(self, model, eps=None):
        calls.append(1)
        if len(calls) == (1 if stage == "watch" else 4):
            os.kill(os.getpid(), signal.SIGTERM)
            raise AssertionError("went on as if there had been no signal")
        return errors(self, model, eps)

    monkeypatch.setattr(kind, "errors", slow)
    with pytest.raises(Interrupted, match="use --resume"):
        go(tmp_path / "run")
    go(tmp_path / "run", resume=True)
    assert same_weights(tmp_path / "run", original)
    with np.load(tmp_path / "run" / "records.npz") as one, np.load(original / "records.npz") as two:
        np.testing.assert_array_equal(one["error"], two["error"])


def test_bits_do_not_depend_on_the_threads_of_the_environment(tmp_path):
    """Gauss–Newton, whose kernel NumPy and SciPy factor by their own BLAS."""
    code = (
        "import sys; from pathlib import Path; from hrgradlib.experiments.runner import run;"
        "from hrgradlib.experiments.specs import make_spec;"
        "run(make_spec('transport-periodic', 'hrgrad-gn', 'smoke', per_task=40, width=24, steps=3),"
        "Path(sys.argv[1]), 'cpu', quiet=True)"
    )
    for threads in "12":
        more = {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS", "MKL")}
        command = [sys.executable, "-c", code, str(tmp_path / threads)]
        subprocess.run(command, check=True, env=os.environ | more)
    assert same_weights(tmp_path / "1", tmp_path / "2")
