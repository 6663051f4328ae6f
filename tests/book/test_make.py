"""book/make.py: what it accepts, what it refuses, what it leaves behind."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

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


def test_injected_cell_is_hidden(make, tmp_path):
    cell = new_code_cell("profile = 1", metadata={"tags": ["injected-parameters"]})
    path = tmp_path / "x.ipynb"
    nbformat.write(new_notebook(cells=[cell]), path)
    make.hide_injected_parameters(path)
    assert "remove-cell" in nbformat.read(path, as_version=4).cells[0].metadata.tags


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
    digests = [make.digest([a]), make.digest([b]), make.digest([a, b]), make.digest([a], "x")]
    a.write_text("2")
    digests.append(make.digest([a]))
    assert len(set(digests)) == len(digests)
