"""One repository address, whatever it is written like, and what follows from it."""

import json
import subprocess

import pytest

from hrgradlib import address
from hrgradlib.address import AddressError, Repository, parse, published, repository

GITHUB = "https://github.com/owner/some.name"


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    monkeypatch.delenv("HRGRAD_REPOSITORY", raising=False)


@pytest.mark.parametrize(
    "text",
    [
        GITHUB,
        f"{GITHUB}/",
        f"{GITHUB}.git",
        f" {GITHUB}.git\n",
        f"git+{GITHUB}.git",
        "http://github.com/owner/some.name",
        "https://owner:token@github.com/owner/some.name.git",  # a secret stays one
        "git@github.com:owner/some.name.git",
        "github.com:owner/some.name",
        "ssh://git@github.com/owner/some.name.git",
        "ssh://git@github.com:22/owner/some.name.git",
        "git://github.com/owner/some.name",
    ],
)
def test_every_form_is_one_address(text):
    assert parse(text) == Repository(GITHUB)


@pytest.mark.parametrize(
    "text",
    ["", "/srv/git/name.git", "../name", "file:///srv/name.git", r"C:\work\name", "https://x.org",
     "https://github.com/owner", 'https://x.org/a/b"><script>', "name", "git@github.com:"],
)  # fmt: skip
def test_what_is_none_on_the_web_is_none(text):
    assert parse(text) is None


def test_groups_and_ports_of_a_host_of_ones_own():
    assert parse("ssh://git@git.uni.edu:2222/a/b/c.git") == Repository("https://git.uni.edu/a/b/c")
    assert parse("https://git.uni.edu:8443/a/b.git").url == "https://git.uni.edu:8443/a/b"


def repository_with(folder, remote):
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", remote], check=True)
    return folder


def test_the_environment_is_asked_before_the_configuration_and_that_before_the_remote(
    tmp_path, monkeypatch
):
    root = repository_with(tmp_path, "git@github.com:the/remote.git")
    assert repository("", root).path == "the/remote"
    assert repository("https://github.com/the/configured", root).path == "the/configured"
    monkeypatch.setenv("HRGRAD_REPOSITORY", "https://github.com/the/environment")
    assert repository("https://github.com/the/configured", root).path == "the/environment"


def test_repository_and_site_follow_from_the_configuration_of_the_checkout(tmp_path):
    root = repository_with(tmp_path, "git@github.com:the/remote.git")
    assert published(root=root) == (
        Repository("https://github.com/the/remote"), "https://the.github.io/remote",
    )  # fmt: skip
    (root / "_config.yml").write_text("repository: {url: https://github.com/the/configured}\n")
    found, site = published(root=root)
    assert (found.path, site) == ("the/configured", "https://the.github.io/configured")
    told = {"repository": {"url": ""}, "html": {"baseurl": "https://book.example.org/"}}
    found, site = published(told, root)
    assert (found.path, site) == ("the/remote", "https://book.example.org")
    assert published({"repository": None}, tmp_path.parent) == (None, "")


def test_a_remote_in_a_folder_and_no_remote_are_no_address(tmp_path):
    assert repository("", repository_with(tmp_path / "a", "/srv/git/name.git")) is None
    subprocess.run(["git", "init", "-q", tmp_path / "b"], check=True)
    assert repository("", tmp_path / "b") is None


def test_a_repository_that_surrounds_an_archive_is_not_asked(tmp_path):
    repository_with(tmp_path, "git@github.com:the/other.git")
    (tmp_path / "unpacked").mkdir()
    assert repository("", tmp_path / "unpacked") is None


def test_what_is_given_and_is_no_address_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(AddressError, match="configured.*'nonsense'; expected such as https"):
        repository("nonsense", tmp_path)
    monkeypatch.setenv("HRGRAD_REPOSITORY", "/srv/name")
    with pytest.raises(AddressError, match="HRGRAD_REPOSITORY = '/srv/name'"):
        repository("", tmp_path)


def test_an_installed_copy_knows_what_it_was_installed_from(monkeypatch):
    class Installed:
        text = json.dumps({"url": f"{GITHUB}.git", "vcs_info": {"vcs": "git"}})

        def read_text(self, name):
            return self.text if name == "direct_url.json" else None

    monkeypatch.setattr(address, "checkout", lambda: None)
    monkeypatch.setattr(address.metadata, "distribution", lambda name: Installed())
    assert repository() == Repository(GITHUB)
    monkeypatch.setattr(Installed, "text", None)  # from an index
    assert repository() is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            GITHUB,
            {
                "edit": f"{GITHUB}/edit/main/book/a%20b.md",
                "issue": f"{GITHUB}/issues/new?title=Page%20a%2Fb",
                "colab": "https://colab.research.google.com/github/owner/some.name/blob/notebooks/c/d.ipynb",
                "binder": "https://mybinder.org/v2/gh/owner/some.name/notebooks?urlpath=lab/tree/c/d.ipynb",
                "pages": "https://owner.github.io/some.name",
            },
        ),
        (
            "https://gitlab.com/group/sub/name",
            {
                "edit": "https://gitlab.com/group/sub/name/-/edit/main/book/a%20b.md",
                "issue": "https://gitlab.com/group/sub/name/-/issues/new?issue%5Btitle%5D=Page%20a%2Fb",
                "colab": "",
                "binder": "https://mybinder.org/v2/gl/group%2Fsub%2Fname/notebooks?urlpath=lab/tree/c/d.ipynb",
                "pages": "https://group.gitlab.io/sub/name",
            },
        ),
        (
            "https://git.uni.edu/a/b",
            {
                "edit": "",
                "issue": "",
                "colab": "",
                "binder": "https://mybinder.org/v2/git/https%3A%2F%2Fgit.uni.edu%2Fa%2Fb/notebooks?urlpath=lab/tree/c/d.ipynb",
                "pages": "",
            },
        ),
    ],
)
def test_what_follows_from_an_address(url, expected):
    found = Repository(url)
    assert expected == {
        "edit": found.edit("book/a b.md", "main"),
        "issue": found.issue("Page a/b"),
        "colab": found.colab("c/d.ipynb", "notebooks"),
        "binder": found.binder("c/d.ipynb", "notebooks"),
        "pages": found.pages(),
    }


def test_the_pages_of_an_owner_have_no_folder():
    assert parse("https://github.com/Owner/owner.github.io").pages() == "https://owner.github.io"


def test_a_name_that_only_begins_like_a_known_host_is_another():
    assert parse("https://github.com.evil.org/a/b").host == ""


@pytest.mark.parametrize("text", ["- a\n- list\n", "repository: https://github.com/the/book\n"])
def test_a_configuration_of_another_shape_is_one_line(tmp_path, text):
    (tmp_path / "_config.yml").write_text(text)
    with pytest.raises(AddressError, match="expected the sections repository and html"):
        published(root=tmp_path)
