"""Docstrings keep their word: examples run, public names have one, documented arguments exist."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import hrgradlib
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.training.methods import Method

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(hrgradlib.__path__, "hrgradlib.")
    if not m.name.split(".")[-1].startswith("_")  # the private ones are held by the linter
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    """A finished run of a few steps."""
    path = tmp_path_factory.mktemp("runs") / "my-run"
    run(make_spec("transport-periodic", "hrgrad", "smoke", steps=2), path, quiet=True)
    return str(path)


@pytest.mark.parametrize("name", hrgradlib.__all__)
def test_every_public_name_has_an_example_that_runs(name, request):
    found = getattr(hrgradlib, name)
    module = importlib.import_module(found.__module__)
    examples = [t for t in doctest.DocTestFinder().find(found, name, module) if t.examples]
    assert examples, f"{name} has no example"
    for test in examples:
        assert not any(doctest.SKIP in example.options for example in test.examples)
        if re.search(r"\bfolder\b", test.docstring):
            test.globs["folder"] = request.getfixturevalue("folder")
        assert doctest.DocTestRunner().run(test).failed == 0


def public(module):
    """Functions and classes that a module defines, and their methods, by qualified name."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            if issubclass(value, Exception):
                continue
            methods = {m: f for m, f in vars(value).items() if inspect.isfunction(f)}
            yield name, value, value.__doc__ or getattr(value, "summary", None)
            for method, function in methods.items():
                if not method.startswith("_"):
                    yield f"{name}.{method}", function, inherited(value, method)
        elif inspect.isfunction(value):
            yield name, value, value.__doc__


def inherited(owner: type, name: str) -> str | None:
    """The docstring of a method, or of the one it replaces; methods of training need no base."""
    every = (getattr(vars(c).get(name), "__doc__", None) for c in (*owner.__mro__, Method))
    return next((text for text in every if text), None)


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_documented_there_or_where_they_are_inherited_from(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert [label for label, _, text in public(module) if not text] == []


@pytest.mark.parametrize("name", MODULES)
def test_documented_arguments_exist(name):
    for label, value, text in public(importlib.import_module(name)):
        unknown = documented(inspect.cleandoc(text or "")) - set(
            inspect.signature(value).parameters
        )
        assert not unknown, f"{name}.{label}"


def documented(text: str) -> set[str]:
    """Names in a section ``Args``: one a line, or several that share a line, by commas."""
    section = re.search(r"^Args:\n((?:    .*\n|\n)*)", text + "\n", re.MULTILINE)
    lines = section[1].splitlines() if section else []
    heads = [m[1] for line in lines if (m := re.match(r"    (\*{0,2}\w+(?:, \w+)*):", line))]
    return {name.lstrip("*") for head in heads for name in head.split(", ")}


def test_the_section_is_read_as_it_is_written():
    text = (
        "One.\n\nArgs:\n    t, x: [N].\n        more: no name.\n    **rest: all.\n\nNote:\n    a: b"
    )
    assert documented(text) == {"t", "x", "rest"}
