"""The link check finds what leads nowhere, and nothing else."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@pytest.fixture
def links(make):
    return make.publish.links


def book(folder, **pages):
    for name, body in {"index": "", **pages}.items():
        path = folder / f"{name.replace('__', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<html><body>{body}</body></html>")
    (folder / "a file.pdf").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    "link",
    ["a.html", "a.html#place", "#here", "../a%20file.pdf", "../index.html", "../", "b.html?q=1",
     "https://example.org/a", "mailto:a@example.org", "javascript:void(0)", "data:,x"],
)  # fmt: skip
def test_what_leads_somewhere(link, links, tmp_path):
    page = f'<h1 id="here"></h1><a href="{link}">'
    assert links.dead(book(tmp_path, c__a='<p id="place">', c__b=page)) == []


@pytest.mark.parametrize(
    "link",
    ["lost.html", "a.html#lost", "#lost", "a%20file.pdf", "../../index.html", "/c/lost.html"],
)
def test_what_leads_nowhere(link, links, tmp_path):
    found = links.dead(book(tmp_path, c__a='<p id="place">', c__b=f'<a href="{link}">'))
    assert found == [f"c/b.html -> {link}"]


@pytest.mark.parametrize(
    "element",
    [
        '<img src="lost.svg">',
        '<script src="lost.js"></script>',
        '<link rel="icon" href="lost.svg">',
    ],
)
def test_what_a_page_loads_is_a_link_too(element, links, tmp_path):
    assert len(links.dead(book(tmp_path, a=element))) == 1


class Host(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/there": 200, "/locked": 403}.get(self.path, 404))
        self.end_headers()

    def log_message(self, *args):
        pass


def test_other_machines_are_asked(links, tmp_path, monkeypatch, capsys):
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        top = f"http://127.0.0.1:{server.server_port}"
        book(tmp_path, a="".join(f'<a href="{top}/{n}#x">' for n in ("there", "locked", "gone")))
        monkeypatch.setattr("sys.argv", ["links.py", "--external", str(tmp_path)])
        assert links.main() == 1
        server.shutdown()
    told = capsys.readouterr().out
    assert f"DEAD: {top}/gone (status 404), from a.html" in told
    assert f"refuses scripts: {top}/locked" in told and "/there" not in told
    assert "3 addresses on other machines, 1 dead" in told


def test_without_a_book_one_line_says_what_to_do(links, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["links.py", str(tmp_path)])
    assert links.main() == 1
    assert capsys.readouterr().err == f"error: no book at {tmp_path}; run `make book` first\n"
