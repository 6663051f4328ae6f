"""The web address of the repository this code belongs to, and the addresses that follow from it.

Whoever forks the project has another one, so it is written nowhere in the code. It is the
environment's ``HRGRAD_REPOSITORY``, else the one in the book's configuration, else the remote
``origin`` of the checkout, or what an installed copy was installed from. Where none of them is an
address on the web there is none, and what would lead to it is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import quote, urlencode

from hrgradlib.paths import checkout

__all__ = ["AddressError", "Repository", "parse", "published", "repository"]

_CONFIGURATION = "_config.yml"  # of a checkout
_SECTIONS = ("repository", "html")  # what is read of it

_FORMS = (
    re.compile(r"(?:git\+)?https?://(?:[^@/]*@)?(?P<host>[\w.-]+(?::\d+)?)/(?P<path>.+)"),
    re.compile(r"(?:git\+)?(?:ssh|git)://(?:[^@/]*@)?(?P<host>[\w.-]+)(?::\d+)?/(?P<path>.+)"),
    re.compile(r"(?:[\w.-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?P<path>[^/\\].*)"),
)
_PATH = re.compile(r"[\w.~-]+(?:/[\w.~-]+)+")
_HOSTS = {"github": re.compile(r"github\.com$"), "gitlab": re.compile(r"gitlab\.")}


class AddressError(ValueError):
    """What was given as the repository's address is none."""


@dataclass(frozen=True)
class Repository:
    """A repository on the web.

    Attributes:
        url: such as ``https://github.com/owner/name``, without a name or a password.
    """

    url: str

    @property
    def host(self) -> str:
        """``github``, ``gitlab``, or empty for a host whose pages nothing is known of."""
        name = self.url.removeprefix("https://").split("/", 1)[0]
        return next((kind for kind, form in _HOSTS.items() if form.match(name)), "")

    @property
    def path(self) -> str:
        """Owner and name, such as ``owner/name``."""
        return self.url.removeprefix("https://").split("/", 1)[1]

    def edit(self, file: str, branch: str) -> str:
        """Where a file is edited in the browser; empty if that is not known."""
        between = {"github": "/edit", "gitlab": "/-/edit"}.get(self.host)
        return f"{self.url}{between}/{quote(branch)}/{quote(file)}" if between else ""

    def issue(self, title: str) -> str:
        """Where an issue is opened; empty if that is not known."""
        forms = {"github": ("/issues/new", "title"), "gitlab": ("/-/issues/new", "issue[title]")}
        if self.host not in forms:
            return ""
        place, field = forms[self.host]
        return f"{self.url}{place}?{urlencode({field: title}, quote_via=quote)}"

    def colab(self, notebook: str, branch: str) -> str:
        """Where Colab opens a notebook of a branch; empty for a host that it cannot read."""
        if self.host != "github":
            return ""
        place = f"{self.path}/blob/{quote(branch)}/{quote(notebook)}"
        return f"https://colab.research.google.com/github/{place}"

    def binder(self, notebook: str, branch: str) -> str:
        """Where Binder opens a notebook of a branch."""
        whose = {"github": f"gh/{self.path}", "gitlab": f"gl/{quote(self.path, safe='')}"}
        source = whose.get(self.host, f"git/{quote(self.url, safe='')}")
        shown = urlencode({"urlpath": f"lab/tree/{notebook}"}, safe="/")
        return f"https://mybinder.org/v2/{source}/{quote(branch, safe='')}?{shown}"

    def pages(self) -> str:
        """Where the host serves the project's pages; empty if that is not known."""
        owner, _, name = self.path.partition("/")
        if self.host == "github":
            root = f"https://{owner.lower()}.github.io"
            return root if name.lower() == f"{owner}.github.io".lower() else f"{root}/{name}"
        return f"https://{owner}.gitlab.io/{name}" if "//gitlab.com/" in self.url else ""


def parse(text: str) -> Repository | None:
    """The address in a text as git writes it, over https or ssh; None if it is none on the web."""
    for form in _FORMS:
        if found := form.fullmatch(text.strip()):
            path = found["path"].strip("/").removesuffix(".git")
            return Repository(f"https://{found['host']}/{path}") if _PATH.fullmatch(path) else None
    return None


def repository(configured: str = "", root: Path | None = None) -> Repository | None:
    """The repository of this code, or None where nothing names one.

    Args:
        configured: what a configuration file says, or nothing.
        root: whose remote is asked last; that of this code if not given.

    Raises:
        AddressError: the environment or the configuration names something else than an address.
    """
    given = {"HRGRAD_REPOSITORY": os.environ.get("HRGRAD_REPOSITORY", ""),
             "the configured repository": configured}  # fmt: skip
    for name, text in given.items():
        if text:
            found = parse(text)
            if found is None:
                raise AddressError(
                    f"found {name} = {text!r}; expected such as https://github.com/owner/name"
                )
            return found
    root = root or checkout()
    return parse(_origin(root) if root else _installed_from())


def published(
    configuration: Mapping | None = None, root: Path | None = None
) -> tuple[Repository | None, str]:
    """The repository, and where the book lies on the web (empty where that is not known).

    All that leads to either asks here: pages and their buttons, notebooks, downloaded networks.

    Args:
        configuration: of the book, as ``_config.yml`` has it: ``repository.url`` and
            ``html.baseurl``; that of the checkout if not given.
        root: whose remote is asked last; that of this code if not given.

    Raises:
        AddressError: the environment or the configuration names something else than an address, or
            the checkout's configuration cannot be read.
    """  # noqa: DOC502
    told = _configuration(root or checkout()) if configuration is None else configuration
    url, site = (
        str((told.get(section) or {}).get(key) or "")
        for section, key in (("repository", "url"), ("html", "baseurl"))
    )
    found = repository(url, root)
    return found, (site or (found.pages() if found else "")).rstrip("/")


def _configuration(root: Path | None) -> Mapping:
    """What the book's configuration says; nothing where there is none, or nobody to read it."""
    try:
        import yaml  # comes with the book's tools, not with the library
    except ImportError:
        return {}
    try:
        text = (root / _CONFIGURATION).read_text(encoding="utf-8") if root else ""
        told = yaml.safe_load(text) or {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise AddressError(f"{_CONFIGURATION} cannot be read ({reason})") from error
    sections = [told.get(name) or {} for name in _SECTIONS] if isinstance(told, dict) else [told]
    for section in sections:
        if not isinstance(section, dict):
            raise AddressError(
                f"{_CONFIGURATION}: expected the sections {' and '.join(_SECTIONS)}, each with "
                f"keys of its own, found {section!r:.60}"
            )
    return told


def _installed_from() -> str:
    """What pip was told to install this package from, if it was an address (PEP 610)."""
    try:
        told = metadata.distribution("hrgradlib").read_text("direct_url.json")
        return str(json.loads(told or "{}").get("url", ""))
    except (metadata.PackageNotFoundError, ValueError):
        return ""


def _origin(root: Path) -> str:
    """Address of the remote ``origin`` of the repository whose top is ``root``."""
    words = (("rev-parse", "--show-toplevel"), ("remote", "get-url", "origin"))
    try:
        top, url = (
            subprocess.run(
                ["git", "-C", str(root), *asked], capture_output=True, text=True, check=True
            ).stdout.strip()
            for asked in words
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return url if Path(top).resolve() == root.resolve() else ""  # not one that merely surrounds it
