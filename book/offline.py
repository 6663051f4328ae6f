"""Sphinx extension: pages that ask no other machine for anything.

MathJax is served from the book, out of the installed package that carries it; Thebe, which Jupyter
Book adds to every page (twice, which is an error in the browser's console), is left out.
"""

import importlib.metadata
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

# What MathJax needs at run time. Without the extensions \boldsymbol and others fail in the browser.
MATHJAX_PARTS = ("tex-mml-chtml.js", "output/chtml/fonts/", "input/tex/extensions/")


def copy_mathjax(target: Path) -> None:
    for file in importlib.metadata.files("sphinx-mathjax-offline") or []:
        _, found, part = file.as_posix().partition("static/mathjax/")
        if found and part.startswith(MATHJAX_PARTS):
            copy = target / part
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), copy)
    if not (target / MATHJAX_PARTS[0]).is_file():
        raise FileNotFoundError("sphinx-mathjax-offline holds no MathJax; run `make setup`")


def add_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        copy_mathjax(Path(app.outdir) / "_static" / "mathjax")


def leave_out_thebe(app: Sphinx, config: Config) -> None:
    for listeners in app.events.listeners.values():
        listeners[:] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]
    styles = app.registry.css_files
    styles[:] = [(name, options) for name, options in styles if name != "sphinx-thebe.css"]


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", leave_out_thebe)
    app.connect("build-finished", add_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
