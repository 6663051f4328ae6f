"""The skeleton every chapter shares, read from its source."""

import jupytext
import pytest


@pytest.fixture
def notebook(make, chapter_name):
    return jupytext.read(make.BOOK / f"{chapter_name}.md")


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def test_takes_profile_and_device(notebook, make, chapter_name):
    make.check_parameters(notebook, {"profile": "smoke", "device": "cpu"}, chapter_name)


def test_opens_with_its_kernel_in_jupyter(notebook):
    """JupyterLab with jupytext reads both from the head of the text."""
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata["jupytext"]["text_representation"]["format_name"] == "myst"


def test_some_result_is_compared_when_executed_again(notebook):
    assert tagged(notebook, "nbval-check-output")


def test_figures_have_caption_and_description(notebook):
    for cell in notebook.cells:
        options = cell.metadata.get("mystnb", {})
        if "figure" in options:
            assert options["figure"].get("caption", "").strip(), cell.source
            assert options.get("image", {}).get("alt", "").strip(), cell.source


@pytest.mark.parametrize(
    "part", ["What you will learn", "{exercise}", "{solution", ":class: dropdown", "{cite:"]
)
def test_has_the_common_parts(notebook, part):
    assert part in prose(notebook)
