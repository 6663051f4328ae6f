"""Whole runs: they learn, repeat bit for bit, survive a kill, and fail in clear words."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import pytest
import torch

from hrgradlib import StepRefused, load_solution
from hrgradlib.cli import main
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.reference.periodic import PeriodicReference

STEPS = 120
# Saves after every step, so that a kill at any moment leaves a checkpoint.
EAGER = """
import dataclasses, sys
from hrgradlib.experiments import runner
usual = runner._schedule
runner._schedule = lambda spec: dataclasses.replace(usual(spec), save_seconds=0)
from hrgradlib.cli import main
sys.exit(main(sys.argv[1:]))
"""


def options(folder, method="hrgrad", steps=STEPS, *more):
    return [
        "run",
        "transport-periodic",
        "--profile",
        "smoke",
        "--device",
        "cpu",
        "--seed",
        "4",
        "--method",
        method,
        "--steps",
        str(steps),
        "--out",
        str(folder),
        *more,
    ]


@pytest.fixture(scope="module", params=["hrgrad", "sum"])
def method(request):
    return request.param


@pytest.fixture(scope="module")
def whole(tmp_path_factory, method):
    """A run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / method
    assert main(options(folder, method, STEPS, "--quiet")) == 0
    return folder


def contents(folder):
    """All that must repeat: weights, errors, records. Clock and date are left out."""
    result = json.loads((folder / "result.json").read_text())
    for name in ("seconds", "files", "sha256"):  # checksums are of clock and date, too
        result.pop(name)
    with np.load(folder / "records.npz") as stored:
        records = {name: stored[name] for name in stored.files if name != "seconds"}
    return torch.load(folder / "model.pt", weights_only=True), result, records


def assert_same(one, other):
    (weights, result, records), (weights2, result2, records2) = contents(one), contents(other)
    assert weights.keys() == weights2.keys()
    assert all(torch.equal(weights[key], weights2[key]) for key in weights)
    assert result == result2
    assert records.keys() == records2.keys()
    for name in records:
        np.testing.assert_array_equal(records[name], records2[name], err_msg=name)


def start(code, arguments, **kwargs):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *code, *arguments], env=environment, **kwargs)


def wait_for(condition, process, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < end, "it never got going"
        time.sleep(0.01)


def done_steps(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["done"]


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_stopped_and_resumed_is_the_same_run(tmp_path, kind):
    """From the command line, stopped once its progress bar moves, at a step nobody chose."""
    steps = 800  # the bar moves every half second
    stopped, straight = tmp_path / "stopped", tmp_path / "straight"
    arguments = options(stopped, "hrgrad", steps)
    process = start(["-m", "hrgradlib.cli"], arguments, stderr=subprocess.PIPE)
    seen = b""
    while not re.search(rb" [1-9]\d*/%d " % steps, seen):
        byte = process.stderr.read(1)
        assert byte, seen
        seen += byte
    process.send_signal(kind)
    rest = process.communicate(timeout=300)[1].decode()
    assert process.returncode == 130
    assert re.search(r"hrgrad: stopped after step \d+ of 800; use --resume\n$", rest)
    done = done_steps(stopped)
    assert 0 < done < steps
    assert not (stopped / "result.json").exists()
    with pytest.raises(ValueError, match="no finished run"):
        load_solution(stopped)

    if kind == signal.SIGTERM:  # what follows is the same for both
        assert main([*arguments, "--resume", "--quiet"]) == 0
        assert main([*options(straight, "hrgrad", steps), "--quiet"]) == 0
        assert_same(stopped, straight)
        assert not (stopped / "checkpoint.pt").exists()


def test_killed_and_resumed_is_the_same_run(tmp_path, method, whole):
    """SIGKILL, twice."""
    folder = tmp_path / "killed"
    for more in ([], ["--resume"]):
        before = done_steps(folder) if more else 0
        process = start(["-c", EAGER], options(folder, method, STEPS, "--quiet", *more))
        checkpoint = folder / "checkpoint.pt"
        wait_for(lambda c=checkpoint, b=before: c.exists() and done_steps(c.parent) > b, process)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert 0 < done_steps(folder) < STEPS
    assert main(options(folder, method, STEPS, "--quiet", "--resume")) == 0
    assert_same(folder, whole)


def test_same_seed_same_bits_and_another_seed_another_network(tmp_path, method, whole):
    spec = make_spec("transport-periodic", method, "smoke", 4, steps=STEPS)
    run(spec, tmp_path / "again", "cpu", quiet=True)
    assert_same(tmp_path / "again", whole)
    run(spec.with_(seed=5), tmp_path / "other", "cpu", quiet=True)
    one = torch.load(whole / "model.pt", weights_only=True)
    other = torch.load(tmp_path / "other" / "model.pt", weights_only=True)
    assert not any(torch.equal(one[k], other[k]) for k in one if k.endswith("weight"))


def test_resuming_a_finished_run_returns_its_result(whole, method, capsys):
    before = (whole / "model.pt").stat().st_mtime_ns
    assert main(options(whole, method, STEPS, "--quiet", "--resume")) == 0
    assert (whole / "model.pt").stat().st_mtime_ns == before
    assert "max relative L2 error (density)" in capsys.readouterr().out


def test_folder_explains_itself(whole, method):
    names = {path.name for path in whole.iterdir()}
    assert names == {"spec.json", "provenance.json", "model.pt", "records.npz", "result.json"}
    provenance = json.loads((whole / "provenance.json").read_text())
    assert {"commit", "versions", "device", "threads", "time"} <= provenance.keys()
    spec = make_spec("transport-periodic", method, "smoke", 4, steps=STEPS)
    assert json.loads((whole / "spec.json").read_text()) == asdict(spec)


def test_records(whole, method):
    with np.load(whole / "records.npz") as stored:
        records = dict(stored)
    assert records["losses"].shape == (STEPS, 5)
    assert records["error"].shape == (10, 7, 4)
    assert records["error_steps"].tolist() == [12 * i + 11 for i in range(10)]
    seen = records["gramian_steps"] if method == "hrgrad" else slice(None)
    assert records["gramian"].shape == (len(range(0, STEPS, 25)), 5, 5)
    norms = np.sqrt(np.diagonal(records["gramian"], axis1=1, axis2=2))
    np.testing.assert_allclose(records["norms"][seen], norms, rtol=1e-3)
    assert (np.abs(records["cosine_gradients"]) <= 1 + 1e-6).all()
    result = json.loads((whole / "result.json").read_text())
    np.testing.assert_allclose(result["errors"], records["error"][-1], rtol=1e-6)
    assert result["max_error"] == np.max(result["judged"]["errors"])


def test_it_learns(tmp_path):
    """The smoke profile as it is. Leaving ρ at ρ0 gives 29 %, at its mean 34 %."""
    spec = make_spec("transport-periodic", "hrgrad", "smoke")
    result = run(spec, tmp_path / "run", "cpu", quiet=True)
    assert result["max_error"] < 0.1
    solution, reference = load_solution(tmp_path / "run"), PeriodicReference()
    x = np.linspace(0.01, 0.99, 37)
    for eps in (0.5, 0.02, 2e-4):  # between the values it was judged at
        exact = reference.density(0.07, x, eps)
        found = solution.density(0.07, x, eps)
        assert np.linalg.norm(found - exact) < 0.1 * np.linalg.norm(exact)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_reported(tmp_path, method, capsys):
    arguments = options(tmp_path / "run", method, STEPS, "--quiet", "--lr", "1e30")
    assert main(arguments) == 1
    line = capsys.readouterr().err
    assert line.startswith("hrgrad: ") and line.count("\n") == 1
    assert "NaN or inf" in line or "not finite" in line
    with pytest.raises(ValueError, match="run"):
        load_solution(tmp_path / "run")
    # Asked again, it says so again.
    assert main([*arguments, "--resume"]) == 1
    assert capsys.readouterr().err.startswith("hrgrad: ")


@pytest.mark.parametrize(
    "error",
    [
        StepRefused("the kernel is not positive definite", ()),
        MemoryError("12 GiB, 2 GiB are free"),
        torch.cuda.OutOfMemoryError("12 GiB, 2 GiB are free"),
    ],
)
def test_what_stops_a_step_leaves_one_line(tmp_path, method, capsys, monkeypatch, error):
    """Whatever the method: a singular kernel and a lack of memory end the command, not Python."""
    from hrgradlib.training import METHODS

    def refuse(*arguments):
        raise error

    monkeypatch.setattr(METHODS[method], "step", refuse)
    assert main(options(tmp_path / "run", method, STEPS, "--quiet")) == 1
    assert capsys.readouterr().err == f"hrgrad: {error}\n"
