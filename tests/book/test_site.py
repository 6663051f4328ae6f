"""What is published, made from a book of two pages: buttons, notebooks, redirects, footers."""

import io
import json
import re
import subprocess
import sys
import tokenize
from types import SimpleNamespace
from xml.etree import ElementTree

import editions
import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from small_book import ROOT, run, small_book

ADDRESS = "https://github.com/owner/hrgrad"


@pytest.fixture(scope="module")
def published(tmp_path_factory, make):
    """Its site, for a repository on the web."""
    folder = tmp_path_factory.mktemp("small book")  # a path with a space, as people have them
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRGRAD_REPOSITORY", "git@github.com:owner/hrgrad.git")
        patch.setenv("HRGRAD_HOME", str(folder / "home"))
        work = small_book(folder, make, patch)
        for command in ("html", "site"):
            assert run(make, patch, command, "--work", work, "--out", folder) == 0
    return folder / "_build" / "site"


def head():
    git = ["git", "-C", ROOT, "rev-parse", "HEAD"]
    return subprocess.run(git, capture_output=True, text=True).stdout.strip()


def text(published, name):
    return (published / name).read_text(encoding="utf-8")


def addresses(page):
    return re.findall(r'href="([^"]+)"', page)


def test_a_chapter_has_every_button(published):
    found = addresses(text(published, "chapters/limit.html"))
    notebook = "chapters/limit.ipynb"
    assert {
        ADDRESS,
        f"{ADDRESS}/edit/main/book/chapters/limit.md",
        f"{ADDRESS}/issues/new?title=Page%20chapters%2Flimit%3A%20",
        f"https://colab.research.google.com/github/owner/hrgrad/blob/notebooks/{notebook}",
        f"https://mybinder.org/v2/gh/owner/hrgrad/notebooks?urlpath=lab/tree/{notebook}",
    } <= set(found)
    assert (published / "notebooks" / notebook).is_file()  # what the branch holds


def test_a_page_without_cells_has_no_button_that_runs_it(published):
    found = addresses(text(published, "intro.html"))
    assert f"{ADDRESS}/edit/main/book/intro.md" in found
    assert not [address for address in found if "colab" in address or "mybinder" in address]


def test_no_button_opens_a_text(published):
    for name in ("intro.html", "chapters/limit.html"):
        for address in addresses(text(published, name)):
            assert not re.search(r"(colab|mybinder).*\.md", address)


def test_notebooks_begin_with_the_pinned_release(published):
    paths = [published / "notebooks/chapters/limit.ipynb",
             published / "_static/notebooks/limit.ipynb",
             published / "_static/notebooks/limit.executed.ipynb"]  # fmt: skip
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        first = notebook.cells[0]
        pinned = re.search(
            r'%pip install --quiet "hrgradlib\[book\] @ git\+(.+)@(.+)"', first.source
        )
        assert pinned[1] == ADDRESS
        assert pinned[2] == head() or pinned[2].startswith("v")
        assert first.cell_type == "code" and not first.outputs
    executed, clean = (nbformat.read(p, as_version=4).cells[-1] for p in paths[:2])
    assert executed.outputs and not clean.outputs


def test_where_the_library_is_installed_the_first_cell_does_nothing(published):
    notebook = nbformat.read(published / "notebooks/chapters/limit.ipynb", as_version=4)
    code = TransformerManager().transform_cell(notebook.cells[0].source)
    assert list(tokenize.generate_tokens(io.StringIO(code).readline))

    def never():
        raise AssertionError("something was installed")

    exec(compile(code, "cell", "exec"), {"get_ipython": never})


def test_after_a_restart_the_first_cell_finds_the_stored_results_again(
    published, tmp_path, monkeypatch
):
    """The library is installed then, and would look for results where there are none."""
    notebook = nbformat.read(published / "notebooks/chapters/limit.ipynb", as_version=4)
    code = TransformerManager().transform_cell(notebook.cells[0].source)
    (tmp_path / "hrgrad-book").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    exec(compile(code, "cell", "exec"), {})
    assert sys.path[0] == str(tmp_path / "hrgrad-book")


def test_binder_installs_the_same(published):
    folder = published / "notebooks" / ".binder"
    cell = nbformat.read(published / "notebooks/chapters/limit.ipynb", as_version=4).cells[0].source
    requirement = re.search(r'"(hrgradlib\[book\] @ [^"]+)"', cell)[1]
    assert requirement in (folder / "requirements.txt").read_text().splitlines()
    script = folder / "postBuild"
    assert script.stat().st_mode & 0o100
    subprocess.run(["sh", "-n", script], check=True)


def test_a_renamed_page_leads_to_its_new_name(published):
    moved = text(published, "old/deep/name.html")
    assert 'content="0; url=../../chapters/limit.html"' in moved
    assert "old/deep" not in text(published, "sitemap.xml")


def test_a_redirect_must_lead_somewhere(make, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("HRGRAD_REPOSITORY", ADDRESS)
    work = small_book(tmp_path, make, monkeypatch)
    configuration = yaml.safe_load(make.CONFIG.read_text())
    configuration["sphinx"]["config"]["redirects"] = {"old": "nowhere", "intro": "chapters/limit"}
    make.CONFIG.write_text(yaml.safe_dump(configuration))
    assert run(make, monkeypatch, "html", "--work", work, "--out", tmp_path) == 1
    told = capfd.readouterr().err
    assert "redirects: old leads to nowhere, which is no page" in told
    assert "redirects: intro is a page, and cannot lead elsewhere" in told


def test_searchers_are_told_of_every_page(published):
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    tree = ElementTree.fromstring(text(published, "sitemap.xml"))
    found = {place.text for place in tree.iter(f"{space}loc")}
    top = "https://owner.github.io/hrgrad"
    assert {f"{top}/intro.html", f"{top}/chapters/limit.html"} <= found
    assert not any("404" in address or "notebooks" in address for address in found)
    assert f"Sitemap: {top}/sitemap.xml" in text(published, "robots.txt")


def test_a_page_that_is_not_there_finds_its_way_from_any_depth(published):
    page = text(published, "404.html")
    assert "There is no such page" in page
    for address in re.findall(r'\s(?:href|src)="([^"]*)"', page):
        assert re.match(r"(https?:|data:|#|/hrgrad/)", address), address


def test_a_shared_link_shows_title_words_and_card(published):
    page = text(published, "chapters/limit.html")
    found = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', page))
    assert found["og:image"] == "https://owner.github.io/hrgrad/_static/card.png"
    assert found["og:url"] == "https://owner.github.io/hrgrad/chapters/limit.html"
    assert found["og:description"].startswith("Particles of density that collide often")
    card = (published / "_static" / "card.png").read_bytes()
    assert card[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(card[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (1200, 630)


def test_every_footer_names_version_and_commit(published, make):
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]
    for name in ("intro.html", "chapters/limit.html", "search.html", "404.html"):
        line = re.search(r'<p class="imprint">(.*)</p>', text(published, name))[1]
        assert line.startswith(f"Version {version}, commit {head()[:10]}")


def test_the_search_index_holds_words(published):
    index = text(published, "searchindex.js")
    assert "The limit ε → 0 of ρ" in json.loads(index[len("Search.setIndex(") : -1])["titles"]
    assert "varepsilon" not in index


def test_networks_and_their_list_are_there(published):
    assert (published / "networks" / "checksums.txt").is_file()


def test_a_chapter_that_was_not_built_is_an_error(published, make):
    publish = make.publish
    with pytest.raises(make.BookError, match="1 of 2 pages were not built: chapters/lost"):
        publish.count(published, ["intro", "chapters/lost"])
    assert publish.count(published, ["intro", "chapters/limit"]).startswith("2 pages")


def test_every_page_says_how_it_or_its_chapters_were_executed(published):
    line = "xecuted 2026-01-01, profile quick, device cpu, commit aaaaaaaaaa."
    assert f'<p class="edition">E{line}</p>' in text(published, "chapters/limit.html")
    assert f'<p class="edition">Chapters e{line}</p>' in text(published, "intro.html")
    assert "edition-caveat" not in text(published, "intro.html")


def test_a_page_that_quotes_chapters_warns_as_they_do():
    usual = {"profile": "quick", "device": "cpu", "date": "2026-01-01", "commit": "a" * 40}
    chapters = {"one": usual, "two": {**usual, "profile": "smoke", "date": "2026-01-03"}}
    app = SimpleNamespace(config=SimpleNamespace(editions=chapters))
    bodies = {}
    for page in ("intro", "one", "two"):
        context = {"body": page}
        editions.add_edition(app, page, "page.html", context, doctree=object())
        bodies[page] = context["body"]
    assert {page for page, body in bodies.items() if "profile smoke" in body} == {"intro", "two"}
    assert "Executed with the profile smoke." in bodies["intro"]
    assert "Chapters executed 2026-01-01 to 2026-01-03, profile quick" in bodies["intro"]
