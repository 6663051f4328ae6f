"""A book of a page and an executed chapter, built in seconds, to look at what is made of it."""

import json
from pathlib import Path

import jupytext
import nbformat
import yaml
from nbformat.v4 import new_output

ROOT = Path(__file__).resolve().parents[2]
# Others have to do with terms, letters of appendices and the like, of which this book has none.
PUBLISHING = ("offline", "editions", "imprint", "buttons", "elsewhere", "search_words")
INTRO = """\
(first)=
# A book

It has one chapter, which is {ref}`about the limit <ch-limit>` and about little else.
"""
CHAPTER = r"""---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
(ch-limit)=
# The limit $\varepsilon\to0$ of $\rho$

Particles of density $\rho$ that collide often diffuse, whatever $\varepsilon$ is.

```{code-cell} ipython3
print(1)
```
"""


def small_book(folder: Path, make, patch, chapter: str = CHAPTER, printed: str = "1\n") -> Path:
    """Make it below a folder, and `make.py` its own; where its executed notebook lies.

    The chapter, every cell of which has printed the same, had another name once.
    """
    book, work = folder / "book", folder / "work"
    (book / "chapters").mkdir(parents=True)
    (book / "intro.md").write_text(INTRO)
    (book / "chapters" / "limit.md").write_text(chapter)
    toc = {"format": "jb-book", "root": "intro", "chapters": [{"file": "chapters/limit"}]}
    (book / "_toc.yml").write_text(yaml.safe_dump(toc))
    configuration = yaml.safe_load((ROOT / "_config.yml").read_text())
    configuration["sphinx"]["config"]["redirects"] = {"old/deep/name": "chapters/limit"}
    local = configuration["sphinx"]["local_extensions"]
    configuration["sphinx"]["local_extensions"] = {name: local[name] for name in PUBLISHING}
    (folder / "_config.yml").write_text(yaml.safe_dump(configuration))
    path = work / "notebooks" / "chapters" / "limit.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(executed(chapter, printed), path)
    edition = {"profile": "quick", "device": "cpu", "date": "2026-01-01", "commit": "a" * 40}
    path.with_suffix(".json").write_text(json.dumps({"edition": edition}))
    beside = [p for p in make.BESIDE if p.suffix == ".py"]
    for source in beside:
        (book / source.name).write_bytes(source.read_bytes())
    (book / "static").symlink_to(ROOT / "book" / "static")
    (book / "references.bib").write_text("")
    patch.setattr(make, "BOOK", book)
    patch.setattr(make, "TOC", book / "_toc.yml")
    patch.setattr(make, "CONFIG", folder / "_config.yml")
    patch.setattr(make, "BESIDE", (book / "_toc.yml", book / "references.bib",
                                   *(book / p.name for p in beside)))  # fmt: skip
    return work


def executed(text: str, printed: str) -> nbformat.NotebookNode:
    """The notebook of a chapter's text, as if it had been run."""
    notebook = jupytext.reads(text, fmt="md:myst")
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.execution_count, cell.outputs = count, [new_output("stream", text=printed)]
    return notebook


def run(make, patch, *words: object) -> int:
    """Exit status of `make.py` with these words."""
    patch.setattr(make.sys, "argv", ["make.py", *map(str, words)])
    return make.main()
