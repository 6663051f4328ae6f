"""tools/lower_bounds.py: the oldest versions that pyproject.toml allows, as constraints."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def bounds(*extras: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "lower_bounds.py"), *extras],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split("==") for line in done.stdout.split())


def test_the_core_needs_three_packages():
    assert set(bounds()) == {"torch", "numpy", "scipy"}


def test_a_bound_is_allowed_and_nothing_older():
    extras = PROJECT["optional-dependencies"]
    every = [*PROJECT["dependencies"], *(line for lines in extras.values() for line in lines)]
    found = bounds(*extras)
    for wanted in map(Requirement, every):
        if wanted.name != PROJECT["name"]:
            assert wanted.specifier.contains(found.pop(wanted.name)), wanted
            assert {s.operator for s in wanted.specifier} <= {">=", "==", "<"}, wanted
    assert not found


def test_extras_that_hold_extras_are_followed():
    assert {"tqdm", "torchjd", "matplotlib"} <= set(bounds("test"))
    assert "pytest" not in bounds("book")


def test_an_unknown_extra_is_named():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "lower_bounds.py"), "sweep"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "no extra 'sweep'" in done.stderr


@pytest.mark.parametrize("line", ["numpy", "numpy<3"])
def test_a_dependency_without_a_bound_is_refused(line, tmp_path):
    script = (ROOT / "tools" / "lower_bounds.py").read_text(encoding="utf-8")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "lower_bounds.py").write_text(script, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "toy"\ndependencies = ["{line}"]\n', encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, str(tmp_path / "tools" / "lower_bounds.py")],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "has no lower bound" in done.stderr
