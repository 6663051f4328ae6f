"""The part of a page that a figure needs.

A page draws a figure by one call of ``show``. Its slice are the statements that bind or change the
names in that call, and the names in those, and so on. Whoever is handed a random generator moves
it. What else a call does to its arguments is not seen: pages hand figures what they draw.
"""

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext
from failure import BookError

GENERATORS = ("default_rng", "Generator")
CERTAIN = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Drawing:
    """A call of ``show``: the name of its figure, and the places of the statements it needs."""

    name: str
    slice: frozenset[int]


def statements(page: Path) -> list[ast.stmt]:
    """All of a page's code, in order."""
    notebook = jupytext.read(page)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [statement for source in sources for statement in ast.parse(source).body]


def drawings(code: list[ast.stmt]) -> list[Drawing]:
    """Every figure that a page shows."""
    return [
        Drawing(name, frozenset(_slice(code, place)))
        for place, statement in enumerate(code)
        for name in _shown(statement)
    ]


def _shown(statement: ast.stmt) -> Iterator[str]:
    """Names of the figures that a statement shows."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and _last_name(node.func) == "show":
            name = node.args[1]
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                raise BookError(f"found show(…, {ast.unparse(name)}); expected a name in quotes")
            yield name.value


def _slice(code: list[ast.stmt], place: int) -> list[int]:
    """Statements up to ``place`` that the one there needs, itself included, last first."""
    needed, kept = _names(code[place])[1], [place]
    generators = set().union(*map(_generators, code))
    for index in range(place - 1, -1, -1):
        bound, used = _names(code[index])
        if needed & (bound | _changed(code[index]) | generators & used):
            kept.append(index)
            if isinstance(code[index], CERTAIN):
                needed = needed - bound  # for certain; a loop may not have
            needed = needed | used
    return kept


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Names of the page that a statement binds, and those that it uses."""
    table = symtable.symtable(ast.unparse(statement), "page", "exec")
    symbols = table.get_symbols()
    bound = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    used = {s.get_name() for s in symbols if s.is_referenced()}
    inner = list(table.get_children())
    while inner:  # functions and comprehensions
        table = inner.pop()
        used |= {s.get_name() for s in table.get_symbols() if s.is_global()}
        inner += table.get_children()
    if isinstance(statement, ast.For):  # its body uses what its head binds, and heads in it
        heads = [node.target for node in ast.walk(statement) if isinstance(node, ast.For)]
        own = {node.id for head in heads for node in ast.walk(head) if isinstance(node, ast.Name)}
        used = used - own | _names(ast.Expr(statement.iter))[1]
    return bound, used


def _changed(statement: ast.stmt) -> set[str]:
    """Names whose objects a statement may change: ``x[i] = …``, ``x.a = …``, ``x.append(…)``."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found.add(_first_name(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            method = node.value.func
            if isinstance(method, ast.Attribute) and method.attr != "show":
                found.add(_first_name(method))
    return found


def _generators(statement: ast.stmt) -> set[str]:
    """Names that a statement binds to random generators."""
    made = isinstance(statement, ast.Assign) and any(
        isinstance(node, ast.Call) and _last_name(node.func) in GENERATORS
        for node in ast.walk(statement.value)
    )
    return _names(statement)[0] if made else set()


def _first_name(node: ast.expr) -> str:
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else _first_name(node)
