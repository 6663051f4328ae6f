"""The table of verdicts in the README is what the store says; `make verdicts` writes it."""

import importlib.util

import pytest

from hrgradlib.paths import checkout


@pytest.fixture(scope="module")
def verdicts():
    path = checkout() / "tools" / "verdicts.py"
    spec = importlib.util.spec_from_file_location("verdicts", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_says_what_the_store_says(verdicts):
    text = (checkout() / "README.md").read_text(encoding="utf-8")
    assert verdicts.with_block(text) == text, "run `make verdicts`"


def test_every_row_has_a_command_and_a_page_that_is_there(verdicts):
    rows = verdicts.block().split("\n\n")[1].splitlines()[2:]
    assert len(rows) > 10
    for row in rows:
        *_, where, command = row.strip("| ").split(" | ")
        assert (checkout() / where.split("(")[1].rstrip(")")).is_file()
        assert command.strip("`").startswith(("hrgrad results ", "pytest ", "python "))


@pytest.mark.parametrize("text", ["", "<!-- verdicts:end --> <!-- verdicts:begin -->"])
def test_a_file_without_markers_is_refused(verdicts, text):
    with pytest.raises(ValueError, match="once each"):
        verdicts.with_block(text)
