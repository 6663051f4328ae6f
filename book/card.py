"""The picture that a shared link shows: the logo and the title, 1200 × 630 pixels.

Networks take no SVG. Of SVG this reads what the logo is made of: ellipses, text, and paths of
straight lines; anything else is refused, so that no part of a new logo is left out unseen.
"""

import re
import textwrap
from pathlib import Path
from xml.etree import ElementTree

from failure import BookError
from imprint import SIZE

SVG = "{http://www.w3.org/2000/svg}"
MARGIN = 0.06  # of the card's height
INHERITED = ("stroke", "stroke-width", "fill")


def strokes(path: str) -> list[list[tuple[float, float]]]:
    """The polygonal lines of a path of moves and lines, absolute or relative."""
    words = re.findall(r"[A-Za-z]|-?\d+(?:\.\d+)?", path)
    lines: list[list[tuple[float, float]]] = []
    command, x, y = "", 0.0, 0.0
    while words:
        if words[0].isalpha():
            command = words.pop(0)
            if command.upper() not in ("M", "L", "H", "V"):
                raise BookError(f"the logo has a path command {command!r}; expected M, L, H or V")
        relative = command.islower()
        if command.upper() in ("M", "L"):
            dx, dy = float(words.pop(0)), float(words.pop(0))
            x, y = (x + dx, y + dy) if relative else (dx, dy)
        elif command.upper() == "H":
            x = x * relative + float(words.pop(0))
        else:
            y = y * relative + float(words.pop(0))
        if command.upper() == "M":
            lines.append([])
            command = "l" if relative else "L"  # what follows a move without a command is a line
        lines[-1].append((x, y))
    return lines


def shapes(node: ElementTree.Element, inherited: dict[str, str]):
    """Every drawn element below a node, with the attributes that it inherits."""
    given = inherited | {k: v for k, v in node.attrib.items() if k in INHERITED}
    kind = node.tag.removeprefix(SVG)
    if kind in ("svg", "g"):
        for child in node:
            yield from shapes(child, given)
    elif kind in ("path", "ellipse", "text"):
        yield kind, node, given
    else:
        raise BookError(f"the logo holds <{kind}>; expected paths, ellipses and text")


def draw(logo: Path, title: str, target: Path) -> None:
    """Write the card of a logo and a title, as PNG; a logo that cannot be drawn is an error."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Ellipse

    root = ElementTree.parse(logo).getroot()
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    dots = 100
    size = SIZE[0] / dots, SIZE[1] / dots
    # No layout engine, whatever the settings of the process say: every place is given.
    figure = Figure(figsize=size, dpi=dots, facecolor="white", layout="none")
    room = 1 - 2 * MARGIN
    axes = figure.add_axes((MARGIN, 0.38, room, 0.55))
    axes.set(xlim=(left, left + width), ylim=(top + height, top), aspect="equal")
    axes.set_axis_off()
    figure.draw_without_rendering()  # settles how large a unit is
    unit = axes.get_window_extent().height / abs(height) * 72 / dots  # points a unit of the logo
    for kind, node, given in shapes(root, {}):
        line = {"color": given.get("stroke"), "lw": float(given.get("stroke-width", 1)) * unit}
        if kind == "path":
            for points in strokes(node.attrib["d"]):
                axes.plot(*zip(*points, strict=True), solid_capstyle="round",
                          solid_joinstyle="round", **line)  # fmt: skip
        elif kind == "ellipse":
            cx, cy, rx, ry = (float(node.attrib[name]) for name in ("cx", "cy", "rx", "ry"))
            dashes = (0, (3, 3)) if "stroke-dasharray" in node.attrib else "-"
            axes.add_patch(Ellipse((cx, cy), 2 * rx, 2 * ry, fill=False, ls=dashes, **line))
        else:
            place = float(node.attrib["x"]), float(node.attrib["y"])
            size = float(node.attrib["font-size"]) * unit
            axes.text(*place, node.text, size=size, family="serif", color=given.get("fill"))
    words = "\n".join(textwrap.wrap(title.split(": ")[-1], 40))  # the logo says the rest
    figure.text(0.5, 0.2, words, ha="center", va="center", size=36, color="#222222")
    target.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_png(target, metadata={"Software": None})
