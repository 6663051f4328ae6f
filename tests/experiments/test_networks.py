"""Trained networks of the book: published with checksums, and opened by name."""

import http.client
import re
import shutil
import urllib.request

import numpy as np
import pytest

from hrgradlib import address, load_solution
from hrgradlib.experiments import networks
from hrgradlib.experiments.networks import CHECKSUMS, FILES, choose, publish, shown_runs
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.solution import SolutionError
from hrgradlib.experiments.specs import make_spec

NAME = "transport-periodic-hrgrad-s0"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """``runs/quick`` with one run, of five steps."""
    runs = tmp_path_factory.mktemp("home") / "runs" / "quick"
    spec = make_spec("transport-periodic", "hrgrad", "smoke").with_(steps=5, width=4)
    run(spec, runs / "transport-periodic" / "hrgrad-s0", device="cpu", quiet=True)
    return runs


@pytest.fixture
def site(trained, tmp_path):
    assert publish(trained, tmp_path / "site" / "networks") == [NAME]
    return tmp_path / "site"


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    """No run is here, and nobody says where the book is published."""
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HRGRAD_SITE", raising=False)
    monkeypatch.setattr(networks, "checkout", lambda: None)
    monkeypatch.delenv("HRGRAD_REPOSITORY", raising=False)
    monkeypatch.setattr(address, "checkout", lambda: None)  # so that none has a configuration,
    monkeypatch.setattr(address, "_installed_from", lambda: "")  # or came from anywhere
    return tmp_path / "home"


def density(name):
    return load_solution(name).density(0.05, [0.1, 0.4], 0.1)


def test_published_are_weights_and_checksums_alone(trained, site):
    folder = site / "networks"
    assert {p.name for p in folder.iterdir()} == {NAME, CHECKSUMS}
    assert {p.name for p in (folder / NAME).iterdir()} == set(FILES)
    lines = (folder / CHECKSUMS).read_text().splitlines()
    assert len(lines) == len(FILES) and all(NAME in line for line in lines)


def test_runs_of_studies_and_unfinished_ones_are_no_networks_of_the_book(trained, tmp_path):
    problem = shutil.copytree(trained / "transport-periodic", tmp_path / "transport-periodic")
    for name in ("hrgrad-rules--hrgrad-s0", "hrgrad-grid-lr1-b0.9-s0", "hrgrad-cut-s0"):
        shutil.copytree(problem / "hrgrad-s0", problem / name)
    (problem / "hrgrad-cut-s0" / "model.pt").write_bytes(b"")
    assert set(shown_runs(tmp_path)) == {NAME}


@pytest.mark.parametrize(
    ("name", "meant"),
    [("a-b", "a-b-s2"), ("a-b-s10", "a-b-s10"), ("a", None), ("a-b-s1", None), ("a-c", "a-c")],
)
def test_a_name_without_a_seed_is_the_first(name, meant):
    assert choose(name, ["a-b-s10", "a-b-s2", "a-b-longer-s0", "a-c", "a-c-s0"]) == meant


def test_a_run_of_the_home_is_opened_by_name(trained, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(trained.parents[1]))
    expected = density(trained / "transport-periodic" / "hrgrad-s0")
    np.testing.assert_array_equal(density("book:transport-periodic-hrgrad"), expected)
    np.testing.assert_array_equal(density(f"book:{NAME}"), expected)


def test_a_run_of_the_checkout_is_opened_from_another_home(trained, empty_home, monkeypatch):
    monkeypatch.setattr(networks, "checkout", lambda: trained.parents[1])
    assert np.isfinite(density(f"book:{NAME}")).all()


def test_a_network_is_downloaded_once(trained, site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    expected = density(trained / "transport-periodic" / "hrgrad-s0")
    np.testing.assert_array_equal(density("book:transport-periodic-hrgrad"), expected)
    shutil.rmtree(site)
    np.testing.assert_array_equal(density("book:transport-periodic-hrgrad"), expected)
    assert set(p.name for p in (empty_home / "cache" / "networks").iterdir()) == {NAME}


@pytest.fixture
def asked(monkeypatch):
    """Addresses that were asked for, in a world without a network."""
    addresses = []

    def urlopen(address, timeout):
        addresses.append(address)
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return addresses


LIST = f"networks/{CHECKSUMS}"


@pytest.mark.parametrize(
    ("url", "baseurl", "expected"),
    [
        ("https://github.com/owner/name", "", f"https://owner.github.io/name/{LIST}"),
        ("https://github.com/a/b", "https://book.example.org/", f"https://book.example.org/{LIST}"),
        ("", "https://book.example.org", f"https://book.example.org/{LIST}"),
    ],
)
def test_the_place_that_the_book_names_is_asked(
    url, baseurl, expected, empty_home, tmp_path, monkeypatch, asked
):
    text = f'repository: {{url: "{url}"}}\nhtml: {{baseurl: "{baseurl}"}}\n'
    (tmp_path / "_config.yml").write_text(text)
    monkeypatch.setattr(address, "checkout", lambda: tmp_path)
    with pytest.raises(SolutionError, match=r"checksums.txt cannot be read \(no network\)"):
        load_solution(f"book:{NAME}")
    assert asked == [expected]


def test_the_environment_goes_before_the_configuration(empty_home, tmp_path, monkeypatch, asked):
    (tmp_path / "_config.yml").write_text("repository: {url: https://github.com/a/b}\n")
    monkeypatch.setattr(address, "checkout", lambda: tmp_path)
    monkeypatch.setenv("HRGRAD_REPOSITORY", "git@github.com:owner/name.git")
    with pytest.raises(SolutionError, match="cannot be read"):
        load_solution(f"book:{NAME}")
    assert asked == [f"https://owner.github.io/name/{LIST}"]


@pytest.mark.parametrize("text", ["repository: {url: nonsense}", "repository: {url", "\xff"])
def test_a_configuration_without_sense_is_one_line(text, empty_home, tmp_path, monkeypatch, asked):
    (tmp_path / "_config.yml").write_bytes(text.encode("latin-1"))
    monkeypatch.setattr(address, "checkout", lambda: tmp_path)
    with pytest.raises(SolutionError, match="_config.yml cannot be read|found the configured") as e:
        load_solution(f"book:{NAME}")
    assert "\n" not in str(e.value) and not asked


def test_a_home_that_cannot_be_written_keeps_nothing_and_works(site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    empty_home.parent.mkdir(exist_ok=True)
    empty_home.write_text("a file where the folder would be")
    assert np.isfinite(density(f"book:{NAME}")).all()
    assert empty_home.is_file()


def test_a_download_that_was_cut_short_is_made_again(site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    density(f"book:{NAME}")
    kept = empty_home / "cache" / "networks" / NAME
    (kept / "model.pt").unlink()
    assert np.isfinite(density(f"book:{NAME}")).all() and (kept / "model.pt").is_file()


@pytest.mark.parametrize("file", FILES)
def test_what_does_not_fit_its_checksum_is_refused(file, site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    path = site / "networks" / NAME / file
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(SolutionError, match=f"{file} does not fit its checksum"):
        load_solution(f"book:{NAME}")
    assert not (empty_home / "cache").exists()


def test_an_unknown_name_is_told_what_there_is(site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    with pytest.raises(SolutionError) as caught:
        load_solution("book:transport-periodic-nonsense")
    assert str(caught.value) == (
        f"found no network 'transport-periodic-nonsense'; there are: {NAME}"
    )


def test_without_an_address_one_line_says_what_to_do(empty_home):
    with pytest.raises(SolutionError, match="found no network 'x'; `make book` trains them"):
        load_solution("book:x")


@pytest.mark.parametrize("site", ["nonsense", "http://127.0.0.1:9", "file:///nonexistent"])
def test_a_site_that_is_not_there_is_one_line(site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site)
    with pytest.raises(SolutionError, match="cannot be read") as caught:
        load_solution("book:x")
    assert "\n" not in str(caught.value)


def test_a_server_that_breaks_off_is_one_line(empty_home, monkeypatch):
    def urlopen(address, timeout):
        raise http.client.IncompleteRead(b"half")

    monkeypatch.setenv("HRGRAD_SITE", "http://somewhere")
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    with pytest.raises(SolutionError, match=r"checksums.txt cannot be read \(IncompleteRead"):
        load_solution("book:x")


def test_only_the_network_that_is_asked_for_is_read(trained, tmp_path, monkeypatch):
    problem = tmp_path / "runs" / "quick" / "transport-periodic"
    shutil.copytree(trained / "transport-periodic", problem)
    for name in ("hrgrad-s1", "hrgrad-s2", "sum-s0"):
        shutil.copytree(problem / "hrgrad-s0", problem / name)
    (problem / "hrgrad-s0" / "model.pt").write_bytes(b"")  # so that the second seed is meant
    read, whole = [], networks._is_whole
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    monkeypatch.setattr(networks, "checkout", lambda: None)
    monkeypatch.setattr(networks, "_is_whole", lambda f: read.append(f.name) or whole(f))
    assert np.isfinite(density("book:transport-periodic-hrgrad")).all()
    assert read == ["hrgrad-s0", "hrgrad-s1"]


@pytest.mark.parametrize("name", ["..", ".hidden", "-rf"])
def test_a_list_cannot_name_what_is_no_network(name, site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    (site / "networks" / CHECKSUMS).write_text(
        "".join(f"{'0' * 64}  {name}/{file}\n" for file in FILES)
    )
    with pytest.raises(SolutionError, match=f"^found no network '{re.escape(name)}'$"):
        load_solution(f"book:{name}")


def test_a_list_cannot_name_files_elsewhere(site, empty_home, monkeypatch):
    monkeypatch.setenv("HRGRAD_SITE", site.as_uri())
    (site / "networks" / CHECKSUMS).write_text(
        "".join(f"{'0' * 64}  ../../outside/{file}\n" for file in FILES)
    )
    with pytest.raises(SolutionError, match=r"found no network '\.\./\.\./outside'"):
        load_solution("book:../../outside")
