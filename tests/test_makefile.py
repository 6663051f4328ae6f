"""`make`: a verdict of its own, and the Python that was named."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"
# A stage that fails while another make begins a table of its own, then the verdict of `make test`.
BESIDE = """
verdict: start
\t$(call stage,one,false,go on)
\t@$(MAKE) --no-print-directory -f Makefile MAKELEVEL= start
\t$(call stage,two,true,go on)
\t@test -s $(STAGES) && ! grep -q FAILED $(STAGES)
"""


@pytest.fixture
def project(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("no make on this system")
    text = MAKEFILE.read_text(encoding="utf-8")
    assert BESIDE.splitlines()[-1] in text.splitlines()  # the verdict is the one of `make test`
    (tmp_path / "Makefile").write_text(text + BESIDE, encoding="utf-8")
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    return tmp_path


def make(folder, *arguments):
    return subprocess.run(
        ["make", *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_a_make_beside_it_does_not_change_the_verdict(project):
    done = make(project, "verdict")
    assert done.returncode != 0
    assert len(list((project / "book" / "_build" / "stages").iterdir())) == 2


def test_a_python_that_is_not_there_is_not_replaced_by_another(project):
    done = make(project, "setup", "PYTHON=/nonexistent/python")
    assert done.returncode != 0 and not (project / ".venv").exists()
    assert "/nonexistent/python" in done.stderr and "error:" in done.stderr


def test_without_conda_one_line_says_what_to_do(project):
    (project / "bin").mkdir()
    for name in ("make", "sh", "date", "mkdir", "dirname"):
        (project / "bin" / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["make", "environment"], cwd=project, capture_output=True, text=True,
        env={"PATH": str(project / "bin")},
    )  # fmt: skip
    assert done.returncode != 0
    assert "error: no micromamba, mamba or conda" in done.stderr


def test_the_conda_environment_is_made_from_its_file_and_tried(project):
    """By what stands in for conda here, and notes what it is told."""
    (project / "bin").mkdir()
    conda = project / "bin" / "conda"
    conda.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> conda.log\n')
    conda.chmod(0o755)
    for name in ("make", "sh", "date", "mkdir", "dirname"):
        (project / "bin" / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["make", "environment"], cwd=project, capture_output=True, text=True,
        env={"PATH": str(project / "bin")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made, tried = (project / "conda.log").read_text().splitlines()
    assert made == "env create --yes --prefix .conda --file environment.yml"
    assert tried.startswith("run --prefix .conda python -c import hrgradlib")


@pytest.mark.parametrize("failing", ["none", "--nbval", "-m book and", "-m not slow"])
def test_notebooks_pages_and_the_other_tests_each_decide(project, failing):
    """By what stands in for Python here, notes what it is asked for, and fails at one of them."""
    with (project / "Makefile").open("a", encoding="utf-8") as makefile:
        makefile.write("\nsides:\n\t@$(both)\n")
    (project / "book" / "_build" / "test").mkdir(parents=True)
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$*" >> asked.log\n'
        f'case "$*" in *"{failing}"*) echo failed; exit 1;; esac\n'
    )
    python.chmod(0o755)
    done = make(project, "sides")
    assert (done.returncode == 0) == (failing == "none")
    assert ("failed" in done.stdout) == (failing != "none")
    asked = (project / "asked.log").read_text().splitlines()
    assert len(asked) == 3  # whichever fails, the others have run
    marks = {mark for mark in ("book and not slow", "not slow and not book")
             if sum(f"-m {mark} " in line for line in asked) == 1}  # fmt: skip
    assert len(marks) == 2


def test_pages_are_tested_where_make_looks_for_it():
    tests = MAKEFILE.parent / "tests"
    marked = [p for p in tests.rglob("test_*.py") if "pytest.mark." + "book" in p.read_text()]
    assert marked and {path.parent for path in marked} == {tests / "book"}
