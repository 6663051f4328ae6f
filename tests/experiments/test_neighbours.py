"""Processes that meet: two in one folder, and two sets of runs in one home."""

import os
import subprocess
import sys
import time

import pytest

from hrgradlib.experiments.folder import is_finished
from hrgradlib.experiments.specs import make_spec

SIZES = dict(steps=3, tasks=2, per_task=4, width=6, depth=1, modes=2)
FLAGS = [w for k, v in SIZES.items() for w in (f"--{k.replace('_', '-')}", str(v))]

pytestmark = pytest.mark.slow  # Python with PyTorch starts two and six times

# Everything is loaded, then all wait for the same file.
TOGETHER = """
import pathlib, sys, time
from hrgradlib.cli import main
from hrgradlib.experiments import _commands, runner
from hrgradlib.experiments.specs import make_spec

here = pathlib.Path(sys.argv[1])
(here / f"{sys.argv[2]}.ready").touch()
while not (here / "go").exists():
    time.sleep(0.001)
%s
"""
RUN = "sys.exit(main(sys.argv[3:]))"
REPRODUCE = f"""
specs = [make_spec("transport-periodic", "sum", "smoke", seed, **{SIZES}) for seed in (0, 1)]
_commands.book_runs = lambda profile: {{runner.run_folder(spec): spec for spec in specs}}
sys.exit(main(sys.argv[3:]))
"""


def together(folder, script, *arguments, **more):
    """Exit codes and what was said on stderr of two processes with the same arguments."""
    command = [sys.executable, "-c", TOGETHER % script, str(folder)]
    pair = [
        subprocess.Popen([*command, name, *arguments], env=os.environ | more, text=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for name in ("one", "other")
    ]  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(folder.glob("*.ready"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    (folder / "go").touch()
    said = [process.communicate(timeout=120)[1] for process in pair]
    return [(process.returncode, words) for process, words in zip(pair, said, strict=True)]


def test_of_two_runs_into_one_folder_one_leaves_with_one_line(tmp_path):
    out = tmp_path / "out"
    run = ["run", "transport-periodic", "--method", "sum", "--profile", "smoke", "--quiet", *FLAGS]
    (won, nothing), (left, line) = sorted(together(tmp_path, RUN, *run, "--out", str(out)))
    assert (won, left, nothing) == (0, 2, "")
    assert line.startswith(f"hrgrad: {out} ") and line.count("\n") == 1
    assert is_finished(out, make_spec("transport-periodic", "sum", "smoke", 0, **SIZES))


def test_two_reproduce_at_once_leave_each_others_folders(tmp_path):
    """Each run is trained once; whoever comes second waits for it."""
    reproduce = ["reproduce", "--profile", "smoke", "--device", "cpu", "--quiet"]
    found = together(tmp_path, REPRODUCE, *reproduce, HRGRAD_HOME=str(tmp_path / "home"))
    assert [code for code, _ in found] == [0, 0], found
    runs = tmp_path / "home" / "runs" / "smoke" / "transport-periodic"
    assert sorted(path.name for path in runs.iterdir()) == ["sum-s0", "sum-s1"]
    for seed in (0, 1):
        spec = make_spec("transport-periodic", "sum", "smoke", seed, **SIZES)
        assert is_finished(runs / f"sum-s{seed}", spec)
