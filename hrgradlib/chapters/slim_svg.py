"""The same picture in fewer bytes: what Matplotlib writes for every line and mark is said once.

A page carries some ten pictures, and most of a picture are repeated styles and digits that nobody
can see.
"""

from __future__ import annotations

import re
from itertools import groupby

__all__ = ["slim"]

_DIGITS = 2  # decimals of a point that are kept: a hundredth is below any screen's and printer's
_FEW = 3  # elements that a style must be common to before it is said once for them

_OUTLINE = re.compile(r'(?<=\sd=")[^"]*')
_PLACE = re.compile(r'(?<=\s[xy]=")-?\d+\.\d+(?=")')
_NUMBER = re.compile(r"-?\d+\.\d+")
_SPACE = re.compile(r"\s*([A-Za-z])\s*")
_BETWEEN = re.compile(r">\s+<")
_COMMENT = re.compile(r"<!-- .*? -->", re.DOTALL)
_RUN = re.compile(rf"(?:<(?:path|use) [^<>]*/>){{{_FEW},}}")
_ELEMENT = re.compile(r"<(?:path|use) [^<>]*/>")
_NAME = re.compile(r' id="([^"]*)"')
_NAMED = re.compile(r'"#([^"]*)"|url\(#([^)]*)\)')
_SHARED = re.compile(r' (?:clip-path|style)="[^"]*"')


def slim(svg: str) -> str:
    """A picture that Matplotlib has written, without what it says more than once.

    Args:
        svg: the text of the file.
    """
    svg = _OUTLINE.sub(lambda found: _SPACE.sub(r"\1", _NUMBER.sub(_short, found[0])).strip(), svg)
    svg = _BETWEEN.sub("><", _COMMENT.sub("", _PLACE.sub(_short, svg)))
    named = {one or other for one, other in _NAMED.findall(svg)}
    svg = _NAME.sub(lambda found: found[0] if found[1] in named else "", svg)
    return _RUN.sub(lambda found: _grouped(found[0]), svg).replace("><g", ">\n<g")


def _short(found: re.Match[str]) -> str:
    text = f"{float(found[0]):.{_DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _grouped(run: str) -> str:
    """Neighbours of one look, inside a group that has it."""
    pieces = []
    for look, neighbours in groupby(_ELEMENT.findall(run), _look):
        elements = list(neighbours)
        if look and len(elements) >= _FEW:
            inner = "".join(_SHARED.sub("", element) for element in elements)
            pieces.append(f"<g{look}>{inner}</g>")
        else:
            pieces += elements
    return "".join(pieces)


def _look(element: str) -> str:
    """What a group can say for an element; empty where it would mean something else there.

    Opacity of a group is not that of its parts, and an element's transform moves its clip.
    """
    look = "".join(_SHARED.findall(element))
    alone = " transform=" in element or re.search(r"[\" ]opacity:", look)
    return "" if alone else look
