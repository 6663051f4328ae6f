"""Trained networks of the book: published as small folders, and found by name.

A network's name is that of its run: ``PROBLEM-METHOD[-LABEL]-sSEED``, or without the seed for the
first one. Published are its specification, provenance, result and weights, beside a list of
checksums; what a run recorded of its training is left out.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hrgradlib._files import write_bytes
from hrgradlib.address import AddressError, published
from hrgradlib.experiments.folder import FolderError, read_spec, read_weights
from hrgradlib.experiments.solution import Solution, SolutionError
from hrgradlib.experiments.solution import load_solution as load_folder
from hrgradlib.paths import checkout, home

__all__ = ["load_solution", "network", "publish", "shown_runs"]

PREFIX = "book:"
CHECKSUMS = "checksums.txt"  # as sha256sum writes it
FILES = ("spec.json", "provenance.json", "result.json", "model.pt")
_PROFILE = "quick"  # of the book's own runs
_LINE = re.compile(rf"([0-9a-f]{{64}})  ([A-Za-z0-9][\w.-]*)/({'|'.join(map(re.escape, FILES))})")
_SEED = re.compile(r"-s(\d+)$")
_MOST = 1 << 26  # bytes of a published file; a network has a hundredth of it
_PATIENCE = 30  # seconds


def load_solution(folder: str | Path) -> Solution:
    """The solution that ``hrgrad run … --out FOLDER`` wrote, or that the book has trained.

    Args:
        folder: of a run; or ``book:NAME``, such as ``book:transport-periodic-hrgrad-gn``, a network
            of the book (its first seed, or that of ``book:NAME-s1``): from ``runs/`` of
            ``$HRGRAD_HOME`` or the checkout, else downloaded from the published book.

    Raises:
        SolutionError: the folder holds no finished run, or a file of it is damaged; there is no
            network of this name, or it cannot be downloaded.

    Example:
        >>> solution = load_solution(folder)
        >>> solution.spec.problem, solution.problem.eps_range
        ('transport-periodic', (0.0001, 1.0))
    """  # noqa: DOC502
    if not str(folder).startswith(PREFIX):
        return load_folder(folder)
    with network(str(folder).removeprefix(PREFIX)) as found:
        return load_folder(found)


def shown_runs(runs: Path) -> dict[str, Path]:
    """Folders of whole runs that the book shows, by the network's name.

    Args:
        runs: of one profile, ``runs/PROFILE``. Runs of studies and grids in it are left out: their
            results are stored as tables.
    """
    return {name: folder for name, folder in _folders(runs).items() if _is_whole(folder)}


def _folders(runs: Path) -> dict[str, Path]:
    """The same whether or not they are whole: no file is opened."""
    found = {}
    for folder in sorted(runs.glob("*/*")):
        if "--" not in folder.name and "-grid-" not in folder.name:
            found[f"{folder.parent.name}-{folder.name}"] = folder
    return found


def publish(runs: Path, target: Path) -> list[str]:
    """Copy every network that the book shows into ``target``, with their checksums.

    Args:
        runs: see :func:`shown_runs`.
        target: a new folder.

    Returns:
        Their names.
    """
    found = shown_runs(runs)
    lines = []
    for name, folder in found.items():
        (target / name).mkdir(parents=True)
        for file in FILES:
            content = (folder / file).read_bytes()
            (target / name / file).write_bytes(content)
            lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}/{file}\n")
    target.mkdir(parents=True, exist_ok=True)
    (target / CHECKSUMS).write_text("".join(lines), encoding="ascii")
    return list(found)


def choose(name: str, names: Iterable[str]) -> str | None:
    """The one of these names that is meant: this one, or its first seed."""
    known = set(names)
    if name in known:
        return name
    seeds = [n for n in known if _SEED.sub("", n) == name and _SEED.search(n)]
    return min(seeds, key=lambda n: int(n[len(name) + 2 :]), default=None)


@contextmanager
def network(name: str) -> Iterator[Path]:
    """The folder of a network of the book, which lasts as long as the context.

    It is that of a run in ``$HRGRAD_HOME`` or the checkout; else it was downloaded before; else it
    is downloaded now, from ``$HRGRAD_SITE`` or where the book is published
    (:func:`hrgradlib.address.published`), and kept in ``cache/`` of the home where that can be
    written.

    Args:
        name: without the prefix.

    Raises:
        SolutionError: there is none of this name, or what was downloaded is not what was published.
    """
    kept = home() / "cache" / "networks"
    if here := _here(name, kept):
        yield here
        return
    local = {n for n, folders in _found_here(kept).items() if any(map(_is_whole, folders))}
    site = _site(name, local)
    listed = _listed(site)
    if (chosen := choose(name, listed)) is None:
        raise SolutionError(_unknown(name, {*local, *listed}))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / chosen
        folder.mkdir()
        for file, expected in listed[chosen].items():
            content = _fetch(f"{site}/networks/{chosen}/{file}")
            if hashlib.sha256(content).hexdigest() != expected:
                raise SolutionError(f"{site}/networks/{chosen}/{file} does not fit its checksum")
            (folder / file).write_bytes(content)
        _keep(folder, kept / chosen)
        yield folder


def _found_here(kept: Path) -> dict[str, list[Path]]:
    """Folders of every name, the home's first, then the checkout's, then what was downloaded."""
    found: dict[str, list[Path]] = {}
    for place in filter(None, (home(), checkout())):
        for name, folder in _folders(place / "runs" / _PROFILE).items():
            found.setdefault(name, []).append(folder)
    for folder in kept.glob("*"):
        found.setdefault(folder.name, []).append(folder)
    return found


def _here(name: str, kept: Path) -> Path | None:
    """The folder that is meant, the next one where it is not whole; no others are read."""
    found = _found_here(kept)
    while chosen := choose(name, found):
        for folder in found.pop(chosen):
            if _is_whole(folder):
                return folder
    return None


def _is_whole(folder: Path) -> bool:
    try:
        read_spec(folder)
        read_weights(folder)
    except FolderError:
        return False
    return (folder / "provenance.json").is_file()


def _site(name: str, local: Iterable[str]) -> str:
    """Where networks are published."""
    try:
        site = os.environ.get("HRGRAD_SITE") or published()[1]
    except AddressError as error:
        raise SolutionError(str(error)) from error
    if not site:
        raise SolutionError(
            f"{_unknown(name, local)}; `make book` trains them, and HRGRAD_SITE names a published "
            "book to download from"
        )
    return site.rstrip("/")


def _unknown(name: str, names: Iterable[str]) -> str:
    known = ", ".join(sorted(names))
    return f"found no network {name!r}" + (f"; there are: {known}" if known else "")


def _listed(site: str) -> dict[str, dict[str, str]]:
    """Checksums of every published network, by name and file."""
    listed: dict[str, dict[str, str]] = {}
    text = _fetch(f"{site}/networks/{CHECKSUMS}").decode("ascii", "replace")
    for line in text.splitlines():
        if found := _LINE.fullmatch(line):
            listed.setdefault(found[2], {})[found[3]] = found[1]
    return {name: files for name, files in listed.items() if len(files) == len(FILES)}


def _fetch(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
            content = answer.read(_MOST + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no address
        reason = getattr(error, "reason", None) or error
        raise SolutionError(f"{address} cannot be read ({reason})") from error
    if len(content) > _MOST:
        raise SolutionError(f"{address} has more than {_MOST} bytes; expected a small network")
    return content


def _keep(folder: Path, target: Path) -> None:
    """Leave a copy for the next time; a home that is full or cannot be written has none."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            write_bytes(target / path.name, path.read_bytes())
    except OSError:
        shutil.rmtree(target, ignore_errors=True)
