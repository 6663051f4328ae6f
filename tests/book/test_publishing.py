"""Parts of publishing, each for itself; the whole is in test_site.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from docutils.core import publish_doctree
from nbformat.v4 import new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import buttons  # noqa: E402
import card  # noqa: E402
import imprint  # noqa: E402
import search_words  # noqa: E402
from failure import BookError  # noqa: E402
from install_cell import with_install_cell  # noqa: E402

from hrgradlib.address import Repository  # noqa: E402


def git(folder, *words):
    who = ["-c", "user.name=A", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture(autouse=True)
def no_address_from_outside(monkeypatch):
    monkeypatch.delenv("HRGRAD_REPOSITORY", raising=False)


def test_a_release_is_pinned_by_its_tag_else_by_its_commit(checkout):
    head = git(checkout, "rev-parse", "HEAD")
    assert imprint.collect(checkout, {})["pin"] == head
    git(checkout, "tag", "v1.2.2")
    assert imprint.collect(checkout, {})["pin"] == head
    git(checkout, "tag", "v1.2.3")
    assert imprint.collect(checkout, {})["pin"] == "v1.2.3"
    (checkout / "pyproject.toml").write_text('[project]\nversion = "1.2.3" # changed\n')
    assert imprint.collect(checkout, {})["commit"] == f"{head}+"


def test_an_archive_is_pinned_by_its_version(checkout, tmp_path):
    (tmp_path / "zip").mkdir()
    (tmp_path / "zip" / "pyproject.toml").write_bytes((checkout / "pyproject.toml").read_bytes())
    found = imprint.collect(tmp_path / "zip", {})
    assert (found["commit"], found["pin"], found["repository"]) == ("", "v1.2.3", "")
    assert imprint.told(found) == "Version 1.2.3."


def test_configuration_is_asked_for_repository_branch_and_place(checkout):
    configuration = {
        "repository": {"url": "https://github.com/a/b.git", "branch": "trunk"},
        "html": {"baseurl": "https://book.example.org/"},
    }
    found = imprint.collect(checkout, configuration)
    assert found["repository"] == "https://github.com/a/b" and found["branch"] == "trunk"
    assert found["site"] == "https://book.example.org"


def test_without_an_address_nothing_leads_to_one(checkout):
    found = imprint.collect(checkout, {"repository": {"url": ""}, "html": {"baseurl": ""}})
    assert (found["repository"], found["site"]) == ("", "")
    notebook = with_install_cell(new_notebook(cells=[new_markdown_cell("# A")]), found)
    assert [cell.source for cell in notebook.cells] == ["# A"]

    class Application:
        class config:
            imprint = found
            editions = {"a": {}}

    context = {"header_buttons": []}
    buttons.add_buttons(Application, "a", "page.html", context, object())
    assert context["header_buttons"] == []


def test_a_host_that_is_not_known_has_the_buttons_that_it_can_have():
    repository = Repository("https://git.uni.edu/a/b")
    assert [b["text"] for b in buttons.source(repository, "intro", "main")] == ["Repository"]
    assert [b["text"] for b in buttons.launch(repository, "a.ipynb")] == ["Run on Binder"]


def test_a_description_is_the_first_words_that_are_neither_formula_nor_list():
    page = publish_doctree(
        "* an item of a list that is long enough to be taken for a sentence\n\n"
        ".. note:: a note that is long enough to be taken for the first sentence\n\n"
        "Where :math:`\\rho` grows, particles are many, and nobody counts them all.\n"
    )
    assert (
        imprint.description(page) == "Where grows, particles are many, and nobody counts them all."
    )
    assert imprint.description(None) == ""


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\varepsilon\to0", "ε → 0"),
        (r"\|u\|_{L^2}", "u L 2"),
        (r"\rho_\eps", "ρ ε"),
        (r"\mathrm{d}x", "d x"),
        ("x", "x"),
    ],
)
def test_a_formula_is_found_by_what_it_shows(tex, words):
    assert " ".join(search_words.words(tex).replace("|", " ").split()) == words


def test_lines_of_the_logo():
    assert card.strokes("M46 76V10m-8 10 8-10 8 10") == [
        [(46, 76), (46, 10)],
        [(38, 20), (46, 10), (54, 20)],
    ]


@pytest.mark.parametrize("part", ["<path d='M0 0C1 1 2 2 3 3' stroke='red'/>", "<rect/>"])
def test_a_logo_that_cannot_be_drawn_whole_is_refused(part, tmp_path):
    logo = tmp_path / "logo.svg"
    logo.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4">{part}</svg>')
    with pytest.raises(BookError, match="the logo (has|holds)"):
        card.draw(logo, "A book", tmp_path / "card.png")


def test_the_branch_holds_the_folder_and_nothing_else(checkout, tmp_path):
    """Twice, from another state: what was there before is gone."""
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(checkout, "remote", "add", "origin", str(remote))
    folder = tmp_path / "notebooks"
    (folder / "chapters").mkdir(parents=True)
    (folder / ".binder").mkdir()
    (folder / ".binder" / "postBuild").write_text("#!/bin/sh\n")
    for name in ("a", "b"):
        path = folder / "chapters" / f"{name}.ipynb"
        path.write_text("{}")
        subprocess.run(
            [ROOT / ".ci/push-notebooks", folder], cwd=checkout, check=True, env=os.environ
        )
        held = git(remote, "ls-tree", "-r", "--format=%(objectmode) %(path)", "notebooks")
        assert held.splitlines() == ["100755 .binder/postBuild", f"100644 chapters/{name}.ipynb"]
        assert git(remote, "rev-list", "--count", "notebooks") == "1"
        path.unlink()


def test_no_notebooks_are_not_pushed(checkout, tmp_path):
    git(checkout, "remote", "add", "origin", str(tmp_path))
    done = subprocess.run(
        [ROOT / ".ci/push-notebooks", tmp_path / "nowhere"],
        cwd=checkout, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and "run 'make site' first" in done.stderr
