"""A slimmed picture says the same as what Matplotlib wrote."""

import io
import re
from xml.etree import ElementTree

import pytest
from matplotlib import pyplot as plt

from hrgradlib.chapters import style
from hrgradlib.chapters.slim_svg import slim

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'


@pytest.fixture
def written():
    """A figure with many marks, lines of one look, and a map."""
    fig, (left, right) = style.subplots(1, 2)
    left.plot(range(200), [0.123456789 * n for n in range(200)], "o", color="C2")
    left.scatter(range(20), range(20), c=range(20), alpha=0.5)
    right.plot([0, 1], [0, 1], "--")
    right.imshow([[0, 1], [2, 3]])
    buffer = io.StringIO()
    fig.savefig(buffer, format="svg")
    plt.close(fig)
    return buffer.getvalue()


def leaves(svg):
    """Every drawn element with the look that it has or inherits, in order."""
    found = []

    def walk(node, inherited):
        own = {k: v for k, v in node.attrib.items() if k in ("style", "clip-path")}
        look = inherited | own
        if node.tag.endswith(("}path", "}use", "}image")):
            href = node.get("{http://www.w3.org/1999/xlink}href", "")[:40]
            found.append((node.tag, href, look.get("style"), look.get("clip-path")))
        for child in node:
            walk(child, look)

    walk(ElementTree.fromstring(svg), {})
    return found


def places(svg):
    outlines = re.findall(r'\sd="([^"]*)"', svg) + re.findall(r'\s[xy]="([^"]*)"', svg)
    return [float(n) for text in outlines for n in re.findall(r"-?\d+(?:\.\d+)?", text)]


def test_everything_is_drawn_with_its_look_at_its_place(written):
    slimmed = slim(written)
    assert leaves(slimmed) == leaves(written)
    assert places(slimmed) == pytest.approx(places(written), abs=0.00501)
    assert len(slimmed) < 0.7 * len(written)


def marks(look):
    """Five marks of one look."""
    return HEAD + f'<path d="M0 0L1 1" {look}/>' * 5 + "</svg>"


def test_what_a_group_would_change_stays_with_its_element():
    """Of overlapping parts each is transparent, not their union; a transform moves its own clip."""
    for look in ('style="fill: red; opacity: 0.5"', 'clip-path="url(#a)" transform="scale(2)"'):
        assert slim(marks(look)).count(look) == 5
    assert slim(marks('style="fill: red"')).count("red") == 1


def test_only_names_that_are_referred_to_are_kept():
    svg = f'{HEAD}<g id="axes_1"><path id="m1" d="M 0.004 1"/><use xlink:href="#m1"/></g></svg>'
    assert slim(svg) == f'{HEAD}\n<g><path id="m1" d="M0 1"/><use xlink:href="#m1"/></g></svg>'
