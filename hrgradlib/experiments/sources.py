"""Fingerprints of code: has what made a number changed since?

A fingerprint is a hash over the syntax trees of modules and of all that they import of this
package. Comments, docstrings, ``__all__`` and formatting do not count. Modules that only choose
among others (their choice stands in the specification) or only move bytes do not count either.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["code_fingerprint", "modules_behind"]

_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = _PACKAGE.name

_IRRELEVANT = {
    # registries: what they name is a root of its own
    f"{_NAME}.experiments.cases",
    f"{_NAME}.experiments._spec",
    f"{_NAME}.experiments.specs",
    f"{_NAME}.experiments.studies",
    f"{_NAME}.training",
    # ground: files, paths, processes
    f"{_NAME}._files",
    f"{_NAME}.paths",
    f"{_NAME}.provenance",
    f"{_NAME}.experiments.sources",
    f"{_NAME}.experiments.store",
    f"{_NAME}.reference._cache",
}


_GROUND = f"{_NAME}._system"

# A name changes no number: a module that was renamed still counts under the one it had.
_EARLIER_NAMES = {
    f"{_NAME}.chapters.ch11_truncation": f"{_NAME}.chapters.ch10_truncation",
    f"{_NAME}.chapters.ch12_step_cost": f"{_NAME}.chapters.ch11_step_cost",
}

# A text of an error changes no number: one that was reworded counts as it was, part by part.
_EARLIER_TEXTS: dict[object, str] = {
    ": found Θ = ": ": found T = ",
    "; expected Θ > 0.": "; expected T > 0.",
    "; expected (ρ, u, Θ) with ρ > 0 and Θ > 0.": "; expected (ρ, u, T) with ρ > 0 and T > 0.",
    "; expected ρ > 0 and Θ > 0.": "; expected ρ, T > 0.",
}

# Registries that do not count where one of the modules that they name is a root: the choice made.
_CHOICES = {f"{_NAME}.optim._axes"}


@cache  # hundreds of rows share a handful of roots
def code_fingerprint(*roots: str | Path) -> str:
    """Hash of the code behind some modules, 16 hexadecimal digits.

    Args:
        roots: dotted names of modules of this package, or paths of scripts.

    Raises:
        FileNotFoundError: a root does not exist.
    """  # noqa: DOC502 (raised where it is read)
    trees = {
        Path(_EARLIER_NAMES.get(name, name)).name: _shape(_path(name))
        for name in modules_behind(*roots)
    }
    return hashlib.sha256(repr(sorted(trees.items())).encode()).hexdigest()[:16]


def modules_behind(*roots: str | Path) -> set[str]:
    """The roots and every module of this package that they import, directly or not."""
    found: set[str] = set()
    waiting = [str(root) for root in roots]
    made = {name for name in _CHOICES if set(_imports(name)) & set(waiting)}
    while waiting:
        name = waiting.pop()
        if name not in found | made | _IRRELEVANT and not name.startswith(_GROUND):
            found.add(name)
            waiting += _imports(name)
    return found


def _path(name: str) -> Path:
    """The file of a module; of a script, whose name is its path, that path."""
    if name.endswith(".py"):
        return Path(name)
    path = _PACKAGE.parent.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


@cache
def _imports(name: str) -> tuple[str, ...]:
    path, found = _path(name), []
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if _is_ours(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            if _is_ours(node.module):
                found += [_defining(node.module, alias.name) for alias in node.names]
            elif (beside := path.with_name(f"{node.module}.py")).exists():
                found.append(str(beside))  # a script's neighbour
    return tuple(found)


def _is_ours(name: str) -> bool:
    return name.split(".")[0] == _NAME


def _defining(module: str, name: str) -> str:
    """The module that ``name`` comes from: packages hand on what others define."""
    path = _path(module)
    if path.name != "__init__.py":
        return module
    if _path(f"{module}.{name}").exists():
        return f"{module}.{name}"
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and name in {a.asname or a.name for a in node.names}:
            return _defining(str(node.module), name)
    for part in ast.walk(_tree(path)):  # a table of what is imported when first asked for
        if isinstance(part, ast.Dict):
            for key, value in zip(part.keys, part.values, strict=True):
                if getattr(key, "value", None) == name and isinstance(value, ast.Constant):
                    return str(value.value)
    return module


@cache
def _shape(path: Path) -> str:
    """Text of the syntax tree, the same for every version of Python."""
    return "".join(_walk(_tree(path)))


def _walk(node: object) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield repr(_EARLIER_TEXTS.get(node.value, node.value))
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for field, value in ast.iter_fields(node):
            if value is not None and value != []:  # later versions have more fields, mostly empty
                yield f"{field}="
                yield from _walk(_without_words(value) if field == "body" else value)
        yield ")"
    elif isinstance(node, list):
        for item in node:
            yield from _walk(item)
            yield ","
    else:
        yield repr(node)


def _without_words(body: object) -> object:
    """A block without docstrings (and other lone strings), ``__all__``, and what only refuses."""
    if not isinstance(body, list):
        return body
    return [node for node in body if not _is_words(node)]


def _is_words(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return [getattr(target, "id", "") for target in node.targets] == ["__all__"]
    if isinstance(node, ast.FunctionDef):  # one that does nothing but raise computes no number
        return [type(part) for part in node.body if not _is_words(part)] == [ast.Raise]
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(value, ast.Constant) and value.value is not ...
