"""The first cell of a notebook that leaves the project: it brings the library it was made with.

On Colab nothing of this book is there. The cell installs the pinned release and fetches the same
commit's files, among which stored results are; where the library is installed it does nothing.
"""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

TAG = "install"
FOLDER = "hrgrad-book"
CELL = """\
# Where the book's library is not installed, as on Colab, this brings the release that the page was
# made with, and the stored results that it reads, which it finds again after a restart. Anywhere
# else it does nothing.
import importlib.util, os, sys

if importlib.util.find_spec("hrgradlib") is None:
    %pip install --quiet "{requirement}"
    !git clone --quiet {url} {folder} && git -C {folder} checkout --quiet {pin}
if os.path.isdir("{folder}"):
    sys.path.insert(0, os.path.abspath("{folder}"))
"""


def requirement(imprint: dict[str, str]) -> str:
    """The pinned release as pip takes it."""
    return f"hrgradlib[book] @ git+{imprint['repository']}@{imprint['pin']}"


def install_cell(imprint: dict[str, str]) -> NotebookNode:
    source = CELL.format(
        requirement=requirement(imprint),
        url=imprint["repository"],
        pin=imprint["pin"],
        folder=FOLDER,
    ).rstrip()
    return new_code_cell(source, id=TAG, metadata={"tags": [TAG]})


def with_install_cell(notebook: NotebookNode, imprint: dict[str, str]) -> NotebookNode:
    """The notebook, which begins with the cell where there is a repository to install from."""
    if imprint["repository"]:
        notebook.cells.insert(0, install_cell(imprint))
        notebook.nbformat_minor = max(notebook.nbformat_minor, 5)  # the first to know cells' names
    return notebook


def without_results(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.metadata.pop("execution", None)
            cell.metadata.pop("papermill", None)
    notebook.metadata.pop("papermill", None)
    return notebook
