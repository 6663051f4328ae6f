"""The same pages whatever a user's own folders hold; one line where Jupyter Book is used alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = {"profile": "smoke", "device": "cpu"}
CHAPTER = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# A chapter

```{code-cell} ipython3
:tags: [parameters]
profile = "quick"
device = "cpu"
```

```{code-cell} ipython3
import sys
import matplotlib
matplotlib.pyplot = __import__("matplotlib.pyplot").pyplot
print(sys.prefix, matplotlib.rcParams["lines.linewidth"], "mine" in globals())
```
"""


@pytest.fixture
def book(make, tmp_path, monkeypatch):
    folder = tmp_path / "a book"  # with a space
    folder.mkdir()
    (folder / "x.md").write_text(CHAPTER)
    monkeypatch.setattr(make, "BOOK", folder)
    return folder


def execute(make, book):
    """What the chapter prints; stderr is none of it."""
    make.settle(book / "_build")
    make.execute_chapter("x", book / "out" / "x.ipynb", PARAMETERS)
    (*_, cell) = nbformat.read(book / "out" / "x.ipynb", as_version=4).cells
    assert [output.name for output in cell.outputs] == ["stdout"]
    return cell.outputs[0].text.strip()


def usual():
    return f"{sys.prefix} 1.5 False"


def test_a_home_that_is_not_there(make, book, monkeypatch):
    monkeypatch.setenv("HOME", "/nonexistent")
    assert execute(make, book) == usual()


def test_a_home_full_of_a_users_own_things(make, book, tmp_path, monkeypatch):
    """A style, a start-up file, and a kernel of the same name that would die."""
    home = tmp_path / "home"
    kernel = home / "share" / "kernels" / "python3"
    startup = home / ".ipython" / "profile_default" / "startup"
    style = home / ".config" / "matplotlib"
    for folder in (kernel, startup, style):
        folder.mkdir(parents=True)
    dies = {"argv": ["/bin/false"], "display_name": "Mine", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(dies))
    (startup / "00.py").write_text("mine = 1\n")
    (style / "matplotlibrc").write_text("lines.linewidth: 9\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_PATH", str(home / "share"))
    monkeypatch.setenv("IPYTHONDIR", str(home / ".ipython"))
    monkeypatch.setenv("MPLCONFIGDIR", str(style))
    assert execute(make, book) == usual()


@pytest.fixture
def sources(tmp_path):
    """The files that Jupyter Book reads first, in a folder of their own."""
    folder = tmp_path / "checkout"
    (folder / "book").mkdir(parents=True)
    for name in ("_config.yml", "_toc.yml", "README.md", "book/_toc.yml"):
        shutil.copyfile(ROOT / name, folder / name)
    for path in [*(ROOT / "book").glob("*.py"), *(ROOT / "book").glob("*.md")]:
        shutil.copyfile(path, folder / "book" / path.name)
    return folder


@pytest.mark.parametrize("place", [".", "book"])
def test_jupyter_book_on_the_sources_says_what_to_do(place, sources):
    before = sorted(path.relative_to(sources) for path in sources.rglob("*"))
    command = [Path(sys.executable).with_name("jupyter-book"), "build", place]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = (text for text in done.stderr.splitlines() if "error" in text)
    assert "`make book` executes the chapters" in line
    assert sorted(path.relative_to(sources) for path in sources.rglob("*")) == before
