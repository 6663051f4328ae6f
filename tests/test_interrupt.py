"""Ctrl-C before the command is there: one line, exit code 130."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hrgradlib._system.interrupt import leaving

COMMANDS = {
    "module": ["-m", "hrgradlib"],
    "script": ["-c", "import sys; from hrgradlib.__main__ import main; sys.exit(main())"],
}
# What `import torch` finds here: it says that it has begun, and takes long.
TORCH = """
import pathlib, time
pathlib.Path(__file__).with_name("begun").touch()
time.sleep(60)
"""


def start(command, **more):
    return subprocess.Popen(
        [sys.executable, *command, "list"],
        env=os.environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_while_torch_is_loaded(command, tmp_path):
    (tmp_path / "torch.py").write_text(TORCH)
    path = os.pathsep.join([str(tmp_path), os.getcwd()])
    with start(command, PYTHONPATH=path) as process:
        wait_until((tmp_path / "begun").exists)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "hrgrad: interrupted\n")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks into /proc")
def test_while_the_true_torch_is_loaded():
    with start(COMMANDS["module"]) as process:
        maps = Path(f"/proc/{process.pid}/maps")
        wait_until(lambda: "libtorch" in maps.read_text() or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "hrgrad: interrupted\n")


def test_at_once():
    """Before our first line it is Python, or the system, that ends the process."""
    with start(COMMANDS["module"]) as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode != 0 and out == ""


def test_what_was_there_before_is_there_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with leaving("words", 3):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
