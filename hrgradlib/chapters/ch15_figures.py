"""Figure of chapter 15: how many claims of each grade have which verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hrgradlib.chapters.ch15_claims import count, earlier_words
from hrgradlib.chapters.ch15_verdicts import GRADES, WORDS, Judged, Word
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


def summary(lines: Sequence[Judged]) -> Figure:
    """A bar per grade, cut by verdict; hatched, within what is not tested, what had been said."""
    stands, had = count(lines), earlier_words(lines)
    fig, axis = subplots(figsize=(6.8, 2.6))
    for row, grade in enumerate(GRADES):
        left = 0
        for word, number, hatch in _pieces(stands[grade], had[grade]):
            axis.barh(
                row, number, left=left, color=_COLOURS[word], hatch=hatch, edgecolor="white",
                height=0.7,
            )  # fmt: skip
            axis.text(left + number / 2, row, str(number), ha="center", va="center", fontsize=8)
            left += number
    axis.set_yticks(range(len(GRADES)), [_NAMES[grade] for grade in GRADES])
    axis.invert_yaxis()
    axis.set_xlabel("claims")
    axis.grid(axis="y", visible=False)
    axis.set_axisbelow(True)  # no line through a number
    handles = [Patch(color=_COLOURS[word], label=word) for word in WORDS]
    handles.append(
        Patch(facecolor="#BBBBBB", edgecolor="white", hatch="////", label="earlier code had said")
    )
    fig.legend(handles=handles, loc="outside upper center", ncols=4)
    return fig


def _pieces(stands: Mapping[Word, int], had: Mapping[Word, int]) -> list[tuple[Word, int, str]]:
    """Of a bar, from the left: word, claims, hatch."""
    found: list[tuple[Word, int, str]] = []
    for word in WORDS:
        if word == "not tested":
            found.append((word, stands[word] - sum(had.values()), ""))
            found += [(said, had[said], "////") for said in WORDS]
        else:
            found.append((word, stands[word], ""))
    return [piece for piece in found if piece[1]]
