"""Bad input gets one clear line on stderr and exit code 2, and leaves nothing behind."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from hrgradlib._system.seal import sealed
from hrgradlib.cli import main
from hrgradlib.experiments import runner
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.specs import PROFILES, make_spec
from hrgradlib.training import METHODS
from hrgradlib.training.loop import Interrupted

SMALL = ["--profile", "smoke", "--steps", "3", "--device", "cpu", "--quiet"]


def arguments(folder, *more):
    return ["run", "transport-periodic", *SMALL, "--out", str(folder), *more]


def refused(capsys, given):
    """The one line that is printed."""
    assert main(given) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("hrgrad: ") and captured.err.count("\n") == 1, captured.err
    return captured.err


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def trained(out):
    assert main(arguments(out)) == 0
    return out


@pytest.fixture
def unfinished(out):
    """A folder as a kill leaves it."""
    spec = make_spec("transport-periodic", "hrgrad-gn", "smoke", 0, steps=3)

    def stop(*_, **__):
        raise Interrupted("stopped")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(runner, "train", stop)
        runner.run(spec, out, "cpu", quiet=True)
    (out / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut short")
    return out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--method", "magic"], "unknown method 'magic'; expected one of hrgrad, sum"),
        (["--profile", "huge"], "unknown profile 'huge'; expected one of smoke, quick, full"),
        (["--device", "tpu"], "unknown device 'tpu'; expected auto, cpu or cuda"),
        (["--seed", "-1"], f"found seed = -1; expected a number in [0, {2**63})"),
        (["--seed", str(2**64)], f"found seed = {2**64}; expected a number in [0, {2**63})"),
        (["--beta2", "1.0"], "found beta2 = 1.0; expected a number in [0, 1)"),
        (["--beta2", "nan"], "found beta2 = nan; expected a number in [0, 1)"),
        (["--lr", "0"], "found lr = 0.0; expected a number in (0, inf)"),
        (["--lr", "inf"], "found lr = inf; expected a number in (0, inf)"),
        (["--steps", "0"], "found steps = 0; expected a number in [1, inf)"),
        (["--tasks", "0"], "found tasks = 0; expected a number in [1, inf)"),
        (["--harmony", "1.5"], "found harmony = 1.5; expected a number in [0, 1]"),
        (["--axis", "middle"], "unknown axis 'middle'; expected one of equiangular"),
        (["--margin", "0.5"], "found margin for hrgrad-gn; expected it for hrgrad-reported alone"),
        (["--a-min", "60"], "Inner: found a_min = 60, a_max = 50; expected a_min ≤ a_max."),
        (["--threads", "0"], "found threads = 0; expected a number in [1, inf)"),
    ],
)
def test_bad_option(more, message, out, capsys):
    assert message in refused(capsys, arguments(out, *more))
    assert not out.exists()


def test_unknown_problem(out, capsys):
    line = refused(capsys, ["run", "navier-stokes", "--out", str(out)])
    assert "unknown problem 'navier-stokes'; expected one of transport-periodic" in line
    assert not out.exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for a device that is missing")
def test_missing_device(out, capsys):
    line = refused(capsys, arguments(out, "--device", "cuda"))
    assert "cuda was asked for, but PyTorch sees none" in line
    assert not out.exists()


def test_folder_in_use(out, capsys):
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    line = refused(capsys, arguments(out))
    assert "exists and is not empty; choose another, or pass --resume" in line
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


def test_resume_in_a_folder_that_holds_no_run(out, capsys):
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    assert "no run" in refused(capsys, arguments(out, "--resume"))
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_folder_is_a_file(more, out, capsys):
    out.write_text("a file")
    assert str(out) in refused(capsys, arguments(out, *more))
    assert out.read_text() == "a file"


def test_folder_below_a_file(out, capsys):
    out.write_text("a file")
    assert str(out) in refused(capsys, arguments(out / "run"))


def test_empty_folder_is_welcome(out):
    out.mkdir()
    assert main(arguments(out)) == 0


def test_finished_folder_is_not_overwritten(trained, capsys):
    before = (trained / "model.pt").read_bytes()
    capsys.readouterr()
    assert "not empty" in refused(capsys, arguments(trained))
    assert (trained / "model.pt").read_bytes() == before


@pytest.mark.parametrize(
    "more", [["--seed", "1"], ["--method", "sum"], ["--lr", "0.3"], ["--guard"]]
)
def test_resume_with_other_options(more, trained, capsys):
    capsys.readouterr()
    line = refused(capsys, arguments(trained, "--resume", *more))
    assert "another specification" in line


def test_truncated_checkpoint(unfinished, capsys):
    line = refused(capsys, arguments(unfinished, "--resume"))
    assert "checkpoint.pt is damaged" in line and "delete it" in line


def test_truncated_checkpoint_can_be_deleted(unfinished):
    (unfinished / "checkpoint.pt").unlink()
    assert main(arguments(unfinished, "--resume")) == 0


def test_checkpoint_of_another_run(unfinished, capsys):
    archive = io.BytesIO()
    torch.save({"done": 1}, archive)
    (unfinished / "checkpoint.pt").write_bytes(sealed(archive.getvalue(), "of another"))
    assert "belongs to a run with another" in refused(capsys, arguments(unfinished, "--resume"))


def test_damaged_specification(unfinished, capsys):
    (unfinished / "spec.json").write_text('{"problem": "tra')
    assert "spec.json" in refused(capsys, arguments(unfinished, "--resume"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["reproduce", "--profile", "huge"], "unknown profile 'huge'"),
        (["reproduce", "--jobs", "0"], "found jobs = 0; expected a number in [1, inf)"),
        (["study", "none"], "unknown study 'none'"),
        (["results", "none"], "unknown result 'none'"),
        (["results", "pinn", "--profile", "smoke", "--force"], "has no profile 'smoke'"),
    ],
)
def test_other_commands(given, message, capsys):
    assert message in refused(capsys, given)


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["fly"],
        ["run"],
        ["run", "transport-periodic"],
        ["run", "transport-periodic", "--out"],
        ["run", "transport-periodic", "--out", "x", "--seed", "one"],
    ],
)
def test_argparse_has_the_same_code(given, capsys):
    with pytest.raises(SystemExit) as caught:
        main(given)
    assert caught.value.code == 2
    assert "usage: hrgrad" in capsys.readouterr().err


def test_list(capsys):
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for name in (*CASES, *METHODS, *PROFILES):
        assert f"\n  {name} " in shown


def test_run_prints_its_result(out, capsys):
    assert main(arguments(out)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith("transport-periodic hrgrad-gn seed 0: max relative L2 error")


def test_progress_bar_unless_quiet(out, capsys):
    given = [a for a in arguments(out) if a != "--quiet"]
    assert main(given) == 0
    assert "3/3" in capsys.readouterr().err


def test_options_reach_the_run(out):
    assert (
        main(
            arguments(
                out,
                "--harmony",
                "0.25",
                "--axis",
                "maxmin",
                "--guard",
                "--tasks",
                "3",
                "--beta2",
                "0.9",
                "--lr",
                "0.003",
                "--seed",
                "7",
            )
        )
        == 0
    )
    spec = json.loads((out / "spec.json").read_text())
    assert {k: spec[k] for k in ("harmony", "axis", "guard", "tasks", "beta2", "lr", "seed")} == {
        "harmony": 0.25,
        "axis": "maxmin",
        "guard": True,
        "tasks": 3,
        "beta2": 0.9,
        "lr": 0.003,
        "seed": 7,
    }


def test_exit_code_reaches_the_shell():
    done = subprocess.run(
        [sys.executable, "-m", "hrgradlib.cli", "run", "none", "--out", "unused"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("hrgrad: unknown problem") and done.stderr.count("\n") == 1


def test_gauss_newton_says_what_memory_it_takes(capsys, tmp_path):
    assert (
        main(
            [
                "run",
                "transport-periodic",
                "--method",
                "hrgrad-gn",
                "--profile",
                "smoke",
                "--steps",
                "2",
                "--device",
                "cpu",
                "--out",
                str(tmp_path / "run"),
            ]
        )
        == 0
    )
    assert "150 residuals x 705 parameters, 1 MiB a step" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_list_in_any_terminal(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "hrgradlib", "list"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert done.returncode == 0 and done.stderr == b""
    text = done.stdout.decode(encoding)
    assert ("ε in [1e-4, 1]" if encoding == "utf-8" else "eps in [1e-4, 1]") in text


@pytest.mark.parametrize("number", ["-1e-2", "-1E-02", "-0.01", "-.01", "-10.e-3"])
def test_negative_numbers_are_numbers(number, trained, capsys):
    capsys.readouterr()
    given = ["evaluate", str(trained), "--t", "0.1", "--eps", "0.1", "--x", number, "0.99", "1e300"]
    assert main(given) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert rows[0].split(",")[3:] == rows[1].split(",")[3:]  # periodic
    assert "nan" not in rows[2]
    assert "found lr = -0.01" in refused(capsys, arguments(trained, "--lr", number))


def test_evaluate_writes_piece_by_piece(trained, capsys, monkeypatch):
    given = ["evaluate", str(trained), "--t", "0", "0.1", "--x", "0", "0.3", "0.7", "--eps", "1"]
    assert main(given) == 0
    whole = capsys.readouterr().out.split("seed 0")[-1].split("\nt,x")[-1]
    monkeypatch.setattr("hrgradlib.cli.PIECE", 4)
    assert main(given) == 0
    rows = capsys.readouterr().out.split("t,x")[-1].splitlines()[1:]
    assert len(rows) == 6
    expected = np.loadtxt(whole.splitlines()[-6:], delimiter=",")
    np.testing.assert_allclose(np.loadtxt(rows, delimiter=","), expected, rtol=1e-6, atol=1e-6)


def test_evaluate_refuses_before_it_prints(trained, capsys):
    capsys.readouterr()
    given = ["evaluate", str(trained), "--t", "0.1", "--x", "0.5", "--eps", "0.1", "2"]
    assert "found eps" in refused(capsys, given)


def test_what_nobody_foresaw_is_one_line(capsys, monkeypatch):
    def fail(*arguments):
        raise KeyError("odd")

    monkeypatch.setattr("hrgradlib.cli._list", fail)
    assert main(["list"]) == 1
    assert capsys.readouterr().err == "hrgrad: KeyError: 'odd' (HRGRAD_TRACEBACK=1 shows where)\n"
    monkeypatch.setenv("HRGRAD_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["list"])


def test_without_the_extra_the_command_says_what_to_install(capsys, monkeypatch):
    from hrgradlib import __main__ as door

    monkeypatch.setattr(door, "find_spec", lambda name: None if name == "tqdm" else name)
    assert door.main() == 2
    line = capsys.readouterr().err
    assert line == "hrgrad: the command needs tqdm: pip install 'hrgradlib[run]'\n"


def test_a_reader_that_leaves_is_no_error(trained):
    command = [sys.executable, "-m", "hrgradlib", "evaluate", str(trained), "--t", "0.1"]
    places = [str(k / 7000) for k in range(7000)]
    command += ["--eps", "0.1", "--x", *places]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(b"t,x,eps")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1
