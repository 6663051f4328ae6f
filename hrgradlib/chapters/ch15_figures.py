"""Figure of chapter 15: how many claims of each grade have which verdict."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hrgradlib.chapters.ch15_claims import count
from hrgradlib.chapters.ch15_verdicts import GRADES, WORDS, Judged
from hrgradlib.chapters.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from hrgradlib.chapters.style import subplots

__all__ = ["summary"]

_COLOURS = dict(zip(WORDS, (GREEN, BLUE, VERMILLION, ORANGE, "#D5D5D5", GREY), strict=True))
_NAMES = {
    "abstract": "the abstract's",
    "review": "the review's",
    "reported": "reported",
    "ours": "our own",
}


def summary(lines: Iterable[Judged]) -> Figure:
    """A bar per grade, cut by verdict; hatched what rests on results of earlier code."""
    counts = count(lines)
    fig, axis = subplots(figsize=(6.8, 2.6))
    for row, grade in enumerate(GRADES):
        left = 0
        for word in WORDS:
            for number, hatch in zip(counts[grade][word], ("", "////"), strict=True):
                if not number:
                    continue
                axis.barh(
                    row, number, left=left, color=_COLOURS[word], hatch=hatch,
                    edgecolor="white", height=0.7,
                )  # fmt: skip
                axis.text(left + number / 2, row, str(number), ha="center", va="center", fontsize=8)
                left += number
    axis.set_yticks(range(len(GRADES)), [_NAMES[grade] for grade in GRADES])
    axis.invert_yaxis()
    axis.set_xlabel("claims")
    axis.grid(axis="y", visible=False)
    handles = [Patch(color=_COLOURS[word], label=word) for word in WORDS]
    handles.append(
        Patch(facecolor="#BBBBBB", edgecolor="white", hatch="////", label="on earlier code")
    )
    fig.legend(handles=handles, loc="outside upper center", ncols=4)
    return fig
