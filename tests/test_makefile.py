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
