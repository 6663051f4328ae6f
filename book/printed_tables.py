"""Tables of the printed book: columns as wide as their text needs, and over pages if they are long.

A browser finds widths by itself and lets a table scroll; LaTeX does neither. Lengths are counted in
letters, which is close enough.
"""

from itertools import zip_longest
from math import ceil
from typing import NamedTuple

from docutils import nodes
from search_words import without_tex
from sphinx.transforms.post_transforms import SphinxPostTransform

LINE = 100  # letters that a line of a table holds
PAGE = 34  # lines from which on a table may go over pages
GAP = 3  # letters between columns
MONOSPACED = 1.3  # width of a letter of code, in letters


class Cell(NamedTuple):
    """Lengths of a cell's text: all of it, and of the longest word."""

    whole: float
    word: float


def measured(entry: nodes.Element) -> Cell:
    whole, word = 0.0, 0.0
    for text in without_tex(entry).findall(nodes.Text):
        code = isinstance(text.parent, nodes.literal) or isinstance(
            text.parent.parent, nodes.literal
        )
        letter = MONOSPACED if code else 1.0
        whole += letter * len(text)
        word = max([word, *(letter * len(one) for one in text.split())])
    return Cell(whole, word)


def widths(columns: list[list[Cell]], line: float = LINE) -> list[float]:
    """Of the columns, so that no word is cut and those with much text have much room."""
    least = [max(cell.word for cell in column) + GAP for column in columns]
    wanted = [max(max(cell.whole for cell in column) + GAP, low)
              for column, low in zip(columns, least, strict=True)]  # fmt: skip
    found, left = list(least), line - sum(least)
    while left > 0.5:  # what one column does not need goes to the others
        open_ = [i for i in range(len(found)) if found[i] < wanted[i]]
        if not open_:
            break
        total = sum(wanted[i] for i in open_)
        for i in open_:
            found[i] += min(left * wanted[i] / total, wanted[i] - found[i])
        left = line - sum(found)
    return found


def fit(table: nodes.table) -> None:
    """Set a table's widths, where its text does not fit into a line; let a long one be broken."""
    rows = [[measured(entry) for entry in row.findall(nodes.entry)]
            for row in table.findall(nodes.row)]  # fmt: skip
    columns = [list(column) for column in zip_longest(*rows, fillvalue=Cell(0, 0))]
    found = widths(columns)
    if sum(max(cell.whole for cell in column) + GAP for column in columns) > LINE:
        for colspec, width in zip(table.findall(nodes.colspec), found, strict=True):
            colspec["colwidth"] = round(width)
        table["classes"].append("colwidths-given")
    lines = sum(
        max(ceil(c.whole / w) for c, w in zip(row, found, strict=False)) + 0.3 for row in rows
    )
    if lines > PAGE:
        table["classes"].append("longtable")


class Tables(SphinxPostTransform):
    """All tables, once numbers from the chapters and the words of references stand in them."""

    default_priority = 600
    formats = ("latex",)

    def run(self, **kwargs) -> None:
        for table in self.document.findall(nodes.table):
            fit(table)
