"""A browser, a local server for the built book, and one visit to every page of it."""

import functools
import importlib.util
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from visiting import Visit, visit

ROOT = Path(__file__).resolve().parents[2]
# Another built book can be tested: HRGRAD_BOOK_HTML=book/_build/html pytest -m book
HTML = Path(os.environ.get("HRGRAD_BOOK_HTML", ROOT / "book/_build/test/_build/html")).resolve()
PATIENCE = 120_000  # milliseconds; a page takes one second, but on a busy machine much longer
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The sandbox cannot be set up by root; the rest keeps Chromium from calling home.
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


sys.path.insert(0, str(ROOT / "book"))  # scripts, as `python book/make.py` finds them


def load_make():
    """The module book/make.py, which is a script and not part of the package."""
    spec = importlib.util.spec_from_file_location("book_make", ROOT / "book" / "make.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def make():
    return load_make()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case per page of the table of contents, and one per executable chapter."""
    if "page_name" in metafunc.fixturenames:
        chapters, static = load_make().pages()
        metafunc.parametrize("page_name", [*static, *chapters])
    if "chapter_name" in metafunc.fixturenames:
        metafunc.parametrize("chapter_name", load_make().pages()[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks first for the visits waits for all of them: minutes on a busy machine."""
    for item in items:
        if "visits" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1800))


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        pass


@pytest.fixture(scope="session")
def html() -> Path:
    """Folder of the built book."""
    return HTML


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Address of the built book, served on a free local port."""
    if not (HTML / "index.html").is_file():
        pytest.fail(f"no built book at {HTML}; `make test` builds it", pytrace=False)
    handler = functools.partial(QuietHandler, directory=HTML)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator:
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.fail("no Chromium found (Debian: sudo apt-get install chromium)", pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def page(browser) -> Iterator:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def visits(browser, site) -> dict[str, Visit]:
    """Every HTML page of the book, opened once; the tests look at what was found there."""
    names = {path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html")}
    names = {name for name in names if not name.startswith("_static/")}
    names.remove("index.html")  # leads to the first page; has a test of its own
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    found = {name: visit(context, site, name) for name in sorted(names)}
    context.close()
    return found
