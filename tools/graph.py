"""Draw which module of hrgradlib imports which: rooms (folders) on floors, every arrow downwards.

    python tools/graph.py docs/import-graph.svg

Between two rooms one arrow is drawn, as thick as the imports are many, dashed where all of them
are inside functions; a room stands below everything that imports it. Rooms that import each other
cannot be drawn: that is an error.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "hrgradlib"
GROUND = "ground"  # paths, provenance, _files: what every room may stand on
INK, PAPER = "#1f2933", "#ffffff"
COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#E69F00", "#7F7F7F", "#8C5A2B", "#000000",
           "#5B4FA0")  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[tuple[str, bool]]:
    """Modules of the package that a file imports, and whether a function does so."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_top = set(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{a.name}" for a in node.names]
            names = [n if n in known else node.module for n in names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        else:
            continue
        yield from ((name, node not in at_top) for name in names if name in known)


def room(module: str) -> str:
    """The folder a module lives in; files beside the folders are the ground, or the door."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] in ("cli", "__main__"):
        return "hrgradlib, cli"
    return parts[1] if (PACKAGE / parts[1]).is_dir() else GROUND


def floors(arrows: Counter[tuple[str, str]], rooms: list[str]) -> dict[str, int]:
    """Height of every room: one above the highest room that it imports."""
    below = {r: {b for a, b in arrows if a == r} for r in rooms}
    height: dict[str, int] = {}
    while len(height) < len(rooms):
        ready = [r for r in rooms if r not in height and below[r] <= set(height)]
        if not ready:
            raise SystemExit(f"rooms import each other: {sorted(set(rooms) - set(height))}")
        for r in ready:
            height[r] = max((height[b] + 1 for b in below[r]), default=0)
    return height


def draw(out: Path) -> None:
    """Write the picture."""
    known = modules()
    arrows: Counter[tuple[str, str]] = Counter()
    early: set[tuple[str, str]] = set()
    inside = 0
    for name, path in known.items():
        for target, in_function in set(imports(path, known)):
            pair = (room(name), room(target))
            if pair[0] == pair[1]:
                inside += 1
                continue
            arrows[pair] += 1
            if not in_function:
                early.add(pair)
    rooms = sorted({room(name) for name in known})
    height = floors(arrows, rooms)
    members = {r: [n for n in known if room(n) == r and known[n].stem != "__init__"] for r in rooms}
    boxes, size = layout(rooms, height, members)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" height="{size[1]}" font-family="Helvetica, Arial, sans-serif">',
        "<title>Imports between the rooms of hrgradlib</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
    ]
    colour = {r: COLOURS[i % len(COLOURS)] for i, r in enumerate(rooms)}
    for pair in sorted(arrows):
        lines += arrow(boxes, arrows, pair, colour[pair[0]], dashed=pair not in early)
    for r in rooms:
        lines += box(boxes[r], r, members[r], colour[r])
    lines.append("</svg>")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    imported = sum(arrows.values()) + inside
    print(
        f"{out}: {len(known)} modules, {len(rooms)} rooms on {max(height.values()) + 1} floors, "
        f"{len(arrows)} arrows for {imported} imports"
    )


WIDTH, LINE, HEAD, GAP, FLOOR = 7.2, 15, 30, 46, 74  # of a letter, a line, a title; between boxes


def shown(names: list[str], columns: int) -> list[list[str]]:
    """Short names in columns of nearly equal length."""
    short = [".".join(n.split(".")[2:]) or n.split(".")[-1] for n in names]
    rows = -(-len(short) // columns)
    return [short[i * rows : (i + 1) * rows] for i in range(columns)] if short else []


def columns_of(names: list[str]) -> int:
    """In how many columns a room shows its modules."""
    return 1 if len(names) < 5 else 2 if len(names) < 12 else 3 if len(names) < 24 else 5


def layout(
    rooms: list[str], height: dict[str, int], members: dict[str, list[str]]
) -> tuple[dict[str, tuple[float, float, float, float]], tuple[float, float]]:
    """Boxes (x, y, width, height) by room, floor by floor, each floor centred."""
    sizes = {}
    for r in rooms:
        table = shown(members[r], columns_of(members[r]))
        width = sum(WIDTH * max(map(len, c)) + 16 for c in table if c) + 12
        sizes[r] = max(width, 8.5 * len(r) + 30), HEAD + LINE * max(map(len, table)) + 8
    rows = [[r for r in rooms if height[r] == h] for h in range(max(height.values()), -1, -1)]
    total = max(sum(sizes[r][0] for r in row) + GAP * (len(row) - 1) for row in rows) + 80
    boxes, y = {}, 24.0
    for row in rows:
        x = (total - sum(sizes[r][0] for r in row) - GAP * (len(row) - 1)) / 2
        for r in row:
            boxes[r] = (x, y, *sizes[r])
            x += sizes[r][0] + GAP
        y += max(sizes[r][1] for r in row) + FLOOR
    return boxes, (round(total), round(y - FLOOR + 24))


def box(
    at: tuple[float, float, float, float], name: str, names: list[str], colour: str
) -> list[str]:
    """A room and the modules in it."""
    x, y, width, tall = at
    lines = [
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{tall:.0f}" rx="6" '
        f'fill="{PAPER}" stroke="{colour}" stroke-width="2"/>',
        f'<text x="{x + 10:.0f}" y="{y + 20:.0f}" font-size="14" font-weight="bold" '
        f'fill="{INK}">{name}</text>',
    ]
    left = x + 12
    for column in shown(names, columns_of(names)):
        for i, one in enumerate(column):
            lines.append(
                f'<text x="{left:.0f}" y="{y + HEAD + 10 + LINE * i:.0f}" font-size="11.5" '
                f'fill="{INK}">{one}</text>'
            )
        left += WIDTH * max(map(len, column), default=0) + 16
    return lines


def slot(boxes: dict, partners: list[str], name: str) -> float:
    """Where along an edge an arrow ends: partners in their order from the left."""
    order = sorted(partners, key=lambda r: boxes[r][0] + boxes[r][2] / 2)
    return (order.index(name) + 1) / (len(order) + 1)


def arrow(boxes: dict, arrows: Counter, pair: tuple[str, str], colour: str, dashed: bool) -> list:
    """A curve from the bottom of one box to the top of another, spread along their edges."""
    count = arrows[pair]
    targets = [b for a, b in arrows if a == pair[0]]
    sources = [a for a, b in arrows if b == pair[1]]
    (x0, y0, w0, h0), (x1, y1, w1, _) = boxes[pair[0]], boxes[pair[1]]
    share_out, share_in = slot(boxes, targets, pair[1]), slot(boxes, sources, pair[0])
    a, b = x0 + w0 * share_out, x1 + w1 * share_in
    start, end = y0 + h0, y1 - 7
    bend = max(30.0, 0.45 * (end - start))
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return [
        f'<path d="M{a:.0f},{start:.0f} C{a:.0f},{start + bend:.0f} {b:.0f},{end - bend:.0f} '
        f'{b:.0f},{end:.0f}" fill="none" stroke="{colour}" stroke-opacity="0.75" '
        f'stroke-width="{1 + min(count, 40) / 10:.1f}"{dash}>'
        f"<title>{pair[0]} → {pair[1]}: {count} imports</title></path>",
        f'<path d="M{b - 5:.0f},{end - 3:.0f} L{b + 5:.0f},{end - 3:.0f} L{b:.0f},{end + 6:.0f} Z" '
        f'fill="{colour}"/>',
    ]


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
