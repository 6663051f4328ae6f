"""The replication report: what was claimed, what was rebuilt, verdicts; two pages from the store.

    python book/report.py --out book/_build/paper

The text stands in report.tex; all that is counted or measured is chapter 15's, and comes from here.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

import yaml
from imprint import collect
from make import BOOK, CONFIG, ROOT, as_status, say
from pdf import check_tools, typeset

from hrgradlib.chapters.ch15_claims import count, everything, negative_first
from hrgradlib.chapters.ch15_verdicts import WORDS, Judged
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.verdicts import LEVEL
from hrgradlib.training import METHODS

TEXT = BOOK / "report.tex"
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
GRADES = {
    "abstract": "of the abstract",
    "review": "of the review page",
    "reported": "reported of the text",
    "ours": "our own",
}


def escaped(text: str) -> str:
    """A claim's words as LaTeX: signs that mean something to it, and code in backquotes."""
    plain = re.sub(r"[\\~^&%$#_{}]", lambda sign: SPECIAL.get(sign[0], "\\" + sign[0]), text)
    return re.sub(r"`([^`]*)`", r"\\texttt{\1}", plain)


def row(cells: list[str]) -> str:
    return " & ".join(cells) + r"\\"


def counts(lines: list[Judged]) -> str:
    """How many claims of each grade have which verdict."""
    return "\n".join(
        row([GRADES[grade], *(str(words[word]) for word in WORDS)])
        for grade, words in count(lines).items()
    )


def stands(line: Judged) -> bool:
    """Whether there is a verdict on it today."""
    return not line.lacking and line.word not in ("not tested", "could not be checked")


def verdicts(front: list[Judged]) -> str:
    return "\n".join(
        row([escaped(c) for c in (one.claim.text, one.verdict, one.number, one.claim.chapter)])
        for one in front
        if stands(one)
    )


def still_open(front: list[Judged]) -> str:
    """The important claims without a verdict, each with what it waits for."""
    told = []
    for one in front:
        if not stands(one):
            found = f"; {one.number}" if one.number != "–" else ""
            told.append(
                f"\\item {escaped(one.claim.text)} \\emph{{{escaped(one.verdict + found)}.}}"
            )
    return "\n".join(told) or "\\item none."


def values() -> dict[str, str]:
    """What report.tex calls by a command, by the command's name."""
    lines = list(everything().values())
    front = negative_first(line for line in lines if line.claim.front)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    (paper,) = citation["references"]
    imprint = collect(ROOT, yaml.safe_load(CONFIG.read_text(encoding="utf-8")))
    names = [f"{one['given-names']} {one['family-names']}" for one in paper["authors"]]
    return {
        "PaperTitle": escaped(paper["title"]),
        "PaperAuthors": escaped(", ".join(names)),
        "PaperYear": str(paper["year"]),
        "PaperUrl": paper["url"],
        "Authors": escaped(", ".join(one["name"] for one in citation["authors"])),
        "Version": imprint["version"],
        "Commit": imprint["commit"][:9] or "unknown",
        "Claims": str(len(lines)),
        "Cases": str(len(CASES)),
        "Methods": str(len(METHODS)),
        "Results": str(len(RESULTS)),
        "Level": f"{LEVEL:g}",
        "Words": str(len(WORDS)),
        "CountsHead": row(["claims", *WORDS]),
        "Counts": counts(lines),
        "Verdicts": verdicts(front),
        "Open": still_open(front),
    }


def build(out: Path) -> Path:
    check_tools(("xelatex", "latexmk"))
    out.mkdir(parents=True, exist_ok=True)
    commands = "".join(f"\\newcommand{{\\{n}}}{{{text}}}\n" for n, text in values().items())
    (out / "report-values.tex").write_text(commands, encoding="utf-8")
    shutil.copyfile(TEXT, out / TEXT.name)
    return typeset(out, TEXT.stem)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=BOOK / "_build" / "paper",
                        help="made as OUT/report.pdf")  # fmt: skip
    out = parser.parse_args().out.resolve()
    return as_status(lambda: say(f"built {build(out)}"))


if __name__ == "__main__":
    sys.exit(main())
