"""Every table of errors stands beside what costs no training, on every page."""

import re

import pytest

from hrgradlib import paths
from hrgradlib.experiments.catalogue import RESULTS
from hrgradlib.experiments.studies import STUDIES

BOOK = paths.checkout() / "book"
PAGES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (*(BOOK / "chapters").glob("*.md"), *(BOOK / "appendices").glob("*.md"))
}
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"\b(\w+)\.(\w*table\w*|standings|in_numbers|at_own_eps)\(")
MODULE = re.compile(r"\b(\w+) as (\w+)|^from hrgradlib\.chapters import (\w+)$", re.MULTILINE)
TOLD = re.compile(r"in_line|judged_lines|largest\(|trivial|costless")
# Tables of no errors, or of errors of no network of these problems.
OTHER = {
    *("balance.table", "shared.table"),  # losses; shares of pairs
    *("scales.asked_table", "uphill.worth_table", "comparison.rank_table"),  # ratios; ranks
    *("metrics.regret_table", "peers.in_numbers"),  # ratios; the figure's caption says why
    "rates.table",  # how often the rule is wrong
}


def tables():
    for page in sorted({page for name in (*STUDIES, "pinn") for page in RESULTS[name].chapters}):
        text = PAGES[page]
        modules = {b or c: a or c for a, b, c in MODULE.findall(text)}
        for cell in CELL.findall(text):
            for owner, name in TABLE.findall(cell):
                if f"{owner}.{name}" not in OTHER:
                    yield page, f"{owner}.{name}", cell, modules.get(owner, "")


@pytest.mark.parametrize(("page", "name", "cell", "module"), [*tables()])
def test_a_table_of_errors_says_what_costs_no_training(page, name, cell, module):
    source = BOOK.parent / "hrgradlib" / "chapters" / f"{module}.py"
    function = name.split(".")[1]
    own = ""
    if source.is_file():
        found = re.search(rf"^def {function}\(.*?(?=^def |\Z)", source.read_text(), re.M | re.S)
        own = found[0] if found else ""
    assert TOLD.search(cell) or TOLD.search(own), f"{page}: {name}"


def test_every_page_with_errors_of_networks_names_the_table_of_what_costs_none():
    shown = {page for name in (*STUDIES, "pinn") for page in RESULTS[name].chapters}
    assert shown - set(RESULTS["trivial"].chapters) == {"08_convergence"}  # rates and losses alone
