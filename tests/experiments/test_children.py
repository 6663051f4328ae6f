"""Processes of a set of runs end with the one that started them, however that one ends."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from hrgradlib.experiments._children import run_each

SAYS = "import sys; print('first', file=sys.stderr); print({!r}, file=sys.stderr); sys.exit({})"
# Writes the name of its process, then waits; a run does the same with its checkpoint.
WAITS = """
import os, sys, time
from hrgradlib.experiments._children import end_with_parent
end_with_parent(patience=5)
open(os.path.join(sys.argv[1], f"{os.getpid()}.pid"), "w").close()
time.sleep(60)
"""
PARENT = f"""
import sys
from hrgradlib.experiments._children import run_each
wait = [sys.executable, "-c", {WAITS!r}, sys.argv[1]]
commands = {{n: lambda: wait for n in range(6)}}
for _ in run_each(commands, jobs=2): pass
"""


def python(*arguments):
    return [sys.executable, "-c", *arguments]


def test_some_have_nothing_to_do_and_some_have_to_wait():
    answers = iter([None, None, []])
    commands = {"busy": lambda: next(answers), "done": list, "runs": partial(python, "")}
    found = list(run_each(commands, jobs=1))
    assert sorted(name for name, ended in found) == ["busy", "done", "runs"]
    assert next(answers, "asked three times") == "asked three times"


def test_each_ends_with_its_code_and_last_words():
    commands = {n: partial(python, SAYS.format(f"words {n}", n)) for n in range(4)}
    found = dict(run_each(commands, jobs=2))
    assert {n: (e.code, e.words) for n, e in found.items()} == {
        n: (n, f"words {n}") for n in range(4)
    }


def test_one_that_says_nothing():
    ((_, ended),) = run_each({"a": partial(python, "raise SystemExit(3)")}, jobs=1)
    assert ended == (3, "exit code 3")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def started(folder, count, seconds=40.0):
    """Process numbers of the children, once so many have started."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = [int(path.stem) for path in folder.glob("*.pid")]
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {count} children after {seconds} s")


def gone(pids, seconds=20.0):
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(alive, pids))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_parent_ends_no_child_stays_and_none_is_started(tmp_path, kind):
    with subprocess.Popen(python(PARENT, str(tmp_path)), stderr=subprocess.DEVNULL) as parent:
        try:
            pids = started(tmp_path, 2)
            os.kill(parent.pid, kind)
            assert parent.wait(30) != 0
        finally:
            parent.kill()
    assert gone(pids)
    assert len(list(tmp_path.glob("*.pid"))) == 2


def test_an_error_of_the_caller_ends_them(tmp_path):
    commands = {"short": partial(python, ""), "long": partial(python, WAITS, str(tmp_path))}
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError), closing(run_each(commands, jobs=2)) as each:
        for _ in each:
            pids = started(tmp_path, 1)
            raise ValueError
    assert gone(pids)
    assert signal.getsignal(signal.SIGTERM) is before
