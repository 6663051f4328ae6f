"""What a page opens is noted with the statement that opens it."""

import nbclient
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from hrgradlib.chapters.opened import source_of

READS = """\
def counted(name):
    return len(read(name))


some = [counted(name)
        for name in ("scales",)]
print(opened())"""


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/a b/book/results/scales.json", "results/scales"),
        ("home/results/smoke/scales.json", "results/smoke/scales"),
        ("/h/runs/quick/bgk-layer/sum-s0/model.pt", "runs/quick/bgk-layer/sum-s0"),
        ("/h/runs/quick/bgk-layer/sum-s0/spec.json", ""),
        ("/book/probes.json", ""),
        ("/myresults/scales.json", ""),
    ],
)
def test_which_files_are_sources(path, source):
    assert source_of(path) == source


def test_a_page_notes_cell_and_line_of_what_it_opens():
    imports = (
        "from hrgradlib.chapters import style\n"
        "from hrgradlib.chapters.opened import opened\n"
        "from hrgradlib.experiments.store import read"
    )
    page = new_notebook(cells=[new_code_cell(imports), new_code_cell(READS)])
    nbclient.NotebookClient(page, kernel_name="python3").execute()
    assert page.cells[1].outputs[0].text == ("[Opened(cell=2, line=5, source='results/scales')]\n")
