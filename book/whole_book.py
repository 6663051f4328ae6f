"""Sphinx extension: says what makes this book, where `jupyter-book build` is given its sources.

Chapters are executed by `book/make.py`, which puts what Sphinx reads into a folder of its own.
"""

import sys
from contextlib import suppress
from pathlib import Path

STAGED = "editions.json"  # in that folder alone
ADVICE = (
    "error: `jupyter-book build` is given sources that have not been executed; "
    "`make book` executes the chapters and builds the pages"
)


def setup(app) -> dict:
    if not (Path(app.srcdir) / STAGED).is_file():
        for folder in (app.outdir, app.doctreedir, Path(app.outdir).parent):
            with suppress(OSError):
                Path(folder).rmdir()  # if it is empty, so that nothing is left behind
        sys.exit(ADVICE)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
