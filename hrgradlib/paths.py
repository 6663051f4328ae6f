"""Every folder the project reads or writes, in one place."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["checkout", "home", "results_folder"]

_PACKAGE = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """Root of the checkout this package is part of; None for an installed copy."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "book").is_dir() else None


def home() -> Path:
    """Folder that holds ``runs/``, ``figures/`` and ``cache/``, an absolute path.

    ``$HRGRAD_HOME`` if set, else the checkout around this package, else the current folder.
    """
    chosen = os.environ.get("HRGRAD_HOME")
    return Path(chosen).absolute() if chosen else checkout() or Path.cwd()


def results_folder(profile: str = "quick") -> Path:
    """Where stored results lie: the book's own in a checkout, else ``results/`` in the home.

    Those of another profile than ``quick`` are not the book's: ``results/PROFILE/`` in the home.
    """
    if profile != "quick":
        return home() / "results" / profile
    root = checkout()
    return root / "book" / "results" if root else home() / "results"
