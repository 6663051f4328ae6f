"""The book without its solutions, for a course: `make.py html --student`.

A solution is a directive `{solution}`, or everything from `{solution-start}` to `{solution-end}`,
code cells and their results included. Both are cut out of the executed notebooks and of the source
texts before anything is built, so that no page, download or search index holds them.
"""

import re

import nbformat

OPENS = re.compile(r"^(`{3,})\{solution\}")
STARTS = re.compile(r"^`{3,}\{solution-start\}")
ENDS = re.compile(r"^`{3,}\{solution-end\}")
FENCE = re.compile(r"^(`{3,})\s*$")


class Cutter:
    """Goes through lines and says which are outside of solutions; remembers where it is."""

    def __init__(self) -> None:
        self.inside = False  # between solution-start and solution-end
        self.until = ""  # fence that ends the directive we are in

    def keep(self, line: str) -> bool:
        """Whether a line stays."""
        if self.until:
            closed = FENCE.match(line)
            if closed and closed[1] == self.until:
                self.until = ""
            return False
        if STARTS.match(line) or ENDS.match(line):
            self.inside = bool(STARTS.match(line))
            self.until = re.match("`+", line)[0]
            return False
        if self.inside:
            return False
        if opened := OPENS.match(line):
            self.until = opened[1]
            return False
        return True


def text_without_solutions(text: str) -> str:
    """A source text, cut.

    Raises:
        ValueError: a solution does not end.
    """
    cutter = Cutter()
    kept = [line for line in text.splitlines(keepends=True) if cutter.keep(line)]
    if cutter.inside or cutter.until:
        raise ValueError("a solution does not end")
    return "".join(kept)


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook, cut in place; cells that have nothing left go.

    Raises:
        ValueError: a solution does not end.
    """
    cutter, cells = Cutter(), []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            if not cutter.inside:
                cells.append(cell)
            continue
        lines = [line for line in cell.source.splitlines(keepends=True) if cutter.keep(line)]
        if cutter.until:
            raise ValueError("a solution does not end with its cell")
        cell.source = "".join(lines).strip("\n")
        if cell.source.strip():
            cells.append(cell)
    if cutter.inside:
        raise ValueError("a solution does not end")
    notebook.cells = cells
    return notebook
