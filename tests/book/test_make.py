"""book/make.py: what it accepts, what it refuses, what it leaves behind."""

import os
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PARAMETERS = {"profile": "smoke", "device": "cpu"}
FAILING_CHAPTER = """\
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
raise RuntimeError("broken chapter")
```
"""


def notebook_with(source):
    cell = new_code_cell(source, metadata={"tags": ["parameters"]})
    return new_notebook(cells=[new_markdown_cell("# A chapter"), cell])


def test_toc_lists_files_in_order(make):
    toc = {
        "root": "intro",
        "parts": [
            {"caption": "A", "chapters": [{"file": "a", "sections": [{"file": "b"}]}]},
            {"caption": "B", "chapters": [{"file": "c"}]},
        ],
    }
    assert make.toc_files(toc) == ["intro", "a", "b", "c"]


def test_known_parameters_pass(make):
    make.check_parameters(notebook_with('profile = "quick"\ndevice = "cpu"'), PARAMETERS, "x")


def test_missing_parameter_is_named(make):
    with pytest.raises(make.BookError, match="x: .* does not set device"):
        make.check_parameters(notebook_with('profile = "quick"'), PARAMETERS, "x")


def test_missing_parameters_cell(make):
    with pytest.raises(make.BookError, match="found 0 cells tagged `parameters`"):
        make.check_parameters(new_notebook(), PARAMETERS, "x")


def test_the_parameters_shown_are_those_that_were_run(make, tmp_path):
    """One cell, and never the source's "quick" above results of another profile."""
    source = notebook_with('profile = "quick"\ndevice = "cpu"')
    injected = new_code_cell(
        '# Parameters\nprofile = "smoke"\ndevice = "cuda"\n',
        metadata={"tags": ["injected-parameters"]},
    )
    source.cells.append(injected)
    path = tmp_path / "x.ipynb"
    nbformat.write(source, path)
    make.show_what_was_run(path)
    cells = nbformat.read(path, as_version=4).cells
    assert [c.source for c in cells[1:]] == ['profile = "smoke"\ndevice = "cuda"']
    assert cells[1].metadata.tags == ["parameters"]


def test_downloads_are_the_chapter_with_and_without_results(make, tmp_path, monkeypatch):
    monkeypatch.setattr(make, "BOOK", tmp_path / "book")
    (tmp_path / "book" / "chapters").mkdir(parents=True)
    (tmp_path / "book" / "chapters" / "x.md").write_text(FAILING_CHAPTER)
    stage = tmp_path / "stage"
    (stage / "static").mkdir(parents=True)
    (stage / "chapters").mkdir()
    cell = new_code_cell("1", outputs=[new_output("stream", text="1")], execution_count=3)
    nbformat.write(new_notebook(cells=[cell]), stage / "chapters" / "x.ipynb")
    make.offer_downloads("chapters/x", stage, {"repository": ""})
    folder = stage / "static" / "notebooks"
    clean, executed = (
        nbformat.read(folder / f"x{end}", as_version=4).cells[0]
        for end in (".ipynb", ".executed.ipynb")
    )
    assert clean.outputs == [] and clean.execution_count is None and clean.source == "1"
    assert executed.outputs[0].text == "1" and executed.execution_count == 3
    assert (folder / "x.md").read_text() == FAILING_CHAPTER


def test_an_edition_names_profile_device_date_and_commit(make, tmp_path, monkeypatch):
    found = make.edition(PARAMETERS)
    assert found.items() >= PARAMETERS.items() and len(found["date"]) == 10
    monkeypatch.setattr(make, "ROOT", tmp_path)
    assert make.edition(PARAMETERS)["commit"] == ""


def test_failing_chapter_leaves_nothing_behind(make, tmp_path, monkeypatch):
    monkeypatch.setattr(make, "BOOK", tmp_path)
    (tmp_path / "x.md").write_text(FAILING_CHAPTER)
    target = tmp_path / "out" / "x.ipynb"
    with pytest.raises(make.BookError, match="broken chapter"):
        make.execute_chapter("x", target, PARAMETERS)
    assert list(target.parent.iterdir()) == []


def test_digest_sees_contents_names_and_extras(make, tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("1")
    files = ([a], [b], [a, b])
    digests = [make.digest(paths, root=tmp_path) for paths in files]
    digests.append(make.digest([a], "x", root=tmp_path))
    a.write_text("2")
    digests.append(make.digest([a], root=tmp_path))
    assert len(set(digests)) == len(digests)


def tree(make, monkeypatch, root, home, time):
    """A checkout with a trained run, every file written at ``time``; what chapters depend on."""
    files = {
        root / "hrgradlib" / "one.py": "1",
        root / "book" / "results" / "table.csv": "2",
        root / "examples" / "three.py": "3",
        root / "requirements.lock": "4",
        home / "runs" / "smoke" / "case" / "run" / "result.json": "5",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (time, time))
    monkeypatch.setattr(make, "ROOT", root)
    monkeypatch.setattr(make, "BOOK", root / "book")
    monkeypatch.setattr(make, "EXAMPLES", root / "examples")
    monkeypatch.setenv("HRGRAD_HOME", str(home))
    return make.library_digest("smoke")


def test_a_copied_checkout_executes_nothing_again(make, tmp_path, monkeypatch):
    first = tree(make, monkeypatch, tmp_path / "a", tmp_path / "a", 1e9)
    copied = tree(make, monkeypatch, tmp_path / "b" / "deeper", tmp_path / "home", 2e9)
    assert first == copied
    (tmp_path / "home" / "runs" / "smoke" / "case" / "run" / "result.json").write_text("6")
    assert make.library_digest("smoke") != first


def executed_in(make, monkeypatch, root):
    """Names of the chapters that `execute` runs, by what stands in for running one."""
    seen = []

    def run_it(name, target, parameters):
        seen.append(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("{}")

    for name, path in {"ROOT": root, "BOOK": root / "book", "TOC": root / "book/_toc.yml",
                       "EXAMPLES": root / "examples"}.items():  # fmt: skip
        monkeypatch.setattr(make, name, path)
    monkeypatch.setattr(make, "execute_chapter", run_it)
    monkeypatch.setattr(make, "settle", lambda work: None)
    monkeypatch.setenv("HRGRAD_HOME", str(root))
    words = ["make.py", "execute", "--profile", "smoke", "--work", str(root / "book/_build/smoke")]
    monkeypatch.setattr(make.sys, "argv", words)
    assert make.main() == 0
    return seen


def test_a_copied_and_a_moved_checkout_run_no_chapter_again(make, tmp_path, monkeypatch):
    root = tmp_path / "first"
    tree(make, monkeypatch, root, root, 1e9)
    (root / "book" / "x.md").write_text(FAILING_CHAPTER)
    (root / "book" / "_toc.yml").write_text("{format: jb-book, root: x}")
    assert executed_in(make, monkeypatch, root) == ["x"]
    assert executed_in(make, monkeypatch, root) == []
    copied = tmp_path / "elsewhere" / "a copy"
    shutil.copytree(root, copied, copy_function=shutil.copyfile)  # with times of its own
    assert executed_in(make, monkeypatch, copied) == []
    assert executed_in(make, monkeypatch, copied.rename(tmp_path / "moved")) == []
    (tmp_path / "moved" / "hrgradlib" / "one.py").write_text("changed")
    assert executed_in(make, monkeypatch, tmp_path / "moved") == ["x"]


def test_a_lock_beside_a_run_changes_nothing(make, tmp_path, monkeypatch):
    first = tree(make, monkeypatch, tmp_path, tmp_path, 1e9)
    (tmp_path / "runs" / "smoke" / "case" / "run" / ".lock").write_text("1234")
    assert make.library_digest("smoke") == first


def test_a_relative_home_is_one_place_for_all_chapters(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRGRAD_HOME", "store")
    seen = []
    monkeypatch.setattr(make, "execute", lambda args: seen.append(os.environ["HRGRAD_HOME"]))
    monkeypatch.setattr(make.sys, "argv", ["make.py", "execute", "--work", "work"])
    assert make.main() == 0
    assert seen == [str(tmp_path / "store")]
