"""The whole book as one PDF, to be printed or handed out; LaTeX makes it of the executed chapters.

    python book/pdf.py --work book/_build/quick --out book/_build/pdf

How it is arranged stands in printed.py, how it looks in printed.tex.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from failure import BookError
from make import BOOK, as_status, cut_solutions, say, stage_sources
from surroundings import surroundings

TOOLS = ("xelatex", "latexmk", "rsvg-convert")
# What Debian calls that, with the styles and fonts that are read.
PACKAGES = (
    "latexmk texlive-xetex texlive-latex-extra librsvg2-bin "
    "fonts-freefont-otf fonts-dejavu-core fonts-texgyre-math"
)
NAME = "hrgrad"  # as printed.py has it
# Errors; references that lead nowhere, or to two places; signs that no font has.
COMPLAINT = re.compile(
    r"! .*|LaTeX Warning: .*`.*' .*(?:undefined|multiply defined).*|Missing character: .*"
)
OVERFULL = re.compile(r"Overfull \\hbox \((\d+)\.\d+pt too wide\).*")
MARGIN = 20  # points that a line may be too long; nobody sees fewer


def check_tools(needed: Sequence[str] = TOOLS) -> None:
    """An error, in a line, says what is missing and what brings it."""
    if missing := [tool for tool in needed if not shutil.which(tool)]:
        advice = f"the PDF needs LaTeX (Debian: sudo apt-get install {PACKAGES})"
        raise BookError(f"no {', '.join(missing)}; {advice}")


def write_latex(stage: Path, out: Path) -> Path:
    """The folder with the LaTeX document and its figures."""
    shutil.rmtree(out / "_build", ignore_errors=True)
    jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
    command = [jupyter_book, "build", str(stage), "--path-output", str(out), "--builder", "latex",
               "--quiet", "-W", "-n", "--keep-going"]  # fmt: skip
    environment = surroundings(BOOK / "_build")
    if subprocess.run(command, stdout=sys.stderr, env=environment).returncode:
        raise BookError("writing the LaTeX failed or warned; see above")
    return out / "_build" / "latex"


def complaints(log: str) -> list[str]:
    """Lines of LaTeX's log that say that something on a page is wrong, each once."""
    found = []
    for line in log.splitlines():
        wide = OVERFULL.match(line)
        if COMPLAINT.match(line) or (wide and int(wide[1]) > MARGIN):
            found.append(line)
    return list(dict.fromkeys(found))


def typeset(folder: Path, name: str = NAME) -> Path:
    """Run LaTeX until contents and references are as they should be."""
    command = ["latexmk", "-xelatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
    environment = {**os.environ, "max_print_line": "1000"}  # a line of the log is one line
    done = subprocess.run(command, cwd=folder, capture_output=True, env=environment)
    log = folder / f"{name}.log"
    told = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    if found := complaints(told):
        raise BookError("\n".join([f"LaTeX complains in {log}:", *found[:10]]))
    if done.returncode:
        raise BookError(f"latexmk failed; {log} says why")
    return folder / f"{name}.pdf"


def build(work: Path, out: Path, *, student: bool) -> Path:
    """The PDF of the chapters executed below ``work``."""
    check_tools()
    stage = stage_sources(work)
    if student:
        cut_solutions(stage)
    made = typeset(write_latex(stage, out))
    return Path(shutil.copyfile(made, out / made.name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--work", type=Path, default=BOOK / "_build" / "quick",
                        help="executed notebooks are there")  # fmt: skip
    parser.add_argument("--out", type=Path, default=BOOK / "_build" / "pdf",
                        help="made as OUT/hrgrad.pdf")  # fmt: skip
    parser.add_argument("--student", action="store_true", help="leave the solutions out")
    parser.add_argument("--check", action="store_true", help="only see that LaTeX is there")
    args = parser.parse_args()
    if args.check:
        return as_status(check_tools)
    work, out = args.work.resolve(), args.out.resolve()
    return as_status(lambda: say(f"   built {build(work, out, student=args.student)}"))


if __name__ == "__main__":
    sys.exit(main())
