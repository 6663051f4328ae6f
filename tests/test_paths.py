"""Where files go, and which commit is named, when the package is not in a checkout of its own."""

import subprocess

import pytest

from hrgradlib import paths, provenance


def _git(folder, *words):
    subprocess.run(
        ["git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b", *words],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def other_repository(tmp_path):
    """A repository with one commit that has nothing to do with this package."""
    _git(tmp_path, "init")
    _git(tmp_path, "commit", "--allow-empty", "-m", "theirs")
    return tmp_path


def test_an_installed_copy_does_not_name_the_commit_around_its_environment(
    other_repository, monkeypatch
):
    site = other_repository / ".venv/lib/python3.11/site-packages/hrgradlib"
    site.mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", site)
    assert provenance.collect()["commit"].startswith("unknown (installed ")


def test_an_unpacked_archive_does_not_name_the_commit_around_it(other_repository, monkeypatch):
    package = other_repository / "unpacked" / "hrgradlib"
    package.mkdir(parents=True)
    (package.parent / "book").mkdir()
    (package.parent / "pyproject.toml").touch()
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.checkout() == package.parent
    assert provenance.collect()["commit"].startswith("unknown (installed ")


def test_a_checkout_names_its_commit(other_repository, monkeypatch):
    package = other_repository / "hrgradlib"
    package.mkdir()
    (package.parent / "book").mkdir()
    (package.parent / "pyproject.toml").touch()
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert len(provenance.collect()["commit"].removesuffix("+")) == 40


@pytest.mark.parametrize(("changed", "mark"), [("book/results/a.json", ""), ("a.py", "+")])
def test_a_table_that_grows_is_no_change_of_the_code(other_repository, monkeypatch, changed, mark):
    (other_repository / "hrgradlib").mkdir()
    (other_repository / "book/results").mkdir(parents=True)
    for name in ("pyproject.toml", "a.py", "book/results/a.json"):
        (other_repository / name).write_text("1")
    _git(other_repository, "add", ".")
    _git(other_repository, "commit", "-m", "ours")
    monkeypatch.setattr(paths, "_PACKAGE", other_repository / "hrgradlib")
    assert len(provenance.collect()["commit"]) == 40
    (other_repository / changed).write_text("2")
    assert provenance.collect()["commit"][40:] == mark


def test_outside_a_checkout_results_go_to_the_home(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "site-packages" / "hrgradlib")
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path / "mine"))
    assert paths.results_folder() == tmp_path / "mine" / "results"


def test_in_a_checkout_results_are_the_books(monkeypatch, tmp_path):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    assert paths.results_folder() == paths.checkout() / "book" / "results"


def test_a_relative_home_is_one_folder_from_wherever_it_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HRGRAD_HOME", "store")
    assert paths.home() == tmp_path / "store"
