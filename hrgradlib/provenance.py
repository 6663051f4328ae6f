"""Where a result comes from: commit, versions, machine, time."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import torch

from hrgradlib.paths import checkout

__all__ = ["collect"]

# A table that is being filled is no change of what fills it.
_DATA = (":!book/results", ":!book/probes.json")
_PACKAGES = ("hrgradlib", "torch", "numpy", "scipy", "matplotlib", "torchjd")


def collect(device: str | torch.device = "cpu") -> dict:
    """JSON-able record of what produces a result.

    Args:
        device: where tensors live; its name is recorded.
    """
    device = torch.device(device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "commit": _commit(),
        "versions": versions,
        "device": device.type,
        "device_name": name,
        "threads": torch.get_num_threads(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _commit() -> str:
    """Commit of the checkout, with ``+`` if tracked files other than stored results differ.

    A repository that merely surrounds the package (that of a virtual environment, or the one an
    archive was unpacked in) is not asked: its commit says nothing about this code.
    """
    root, version = checkout(), metadata.version("hrgradlib")
    git = ["git", "-C", str(root)]
    try:
        top, commit = subprocess.run(
            [*git, "rev-parse", "--show-toplevel", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\n")[:2]
        if root is None or Path(top).resolve() != root:
            return f"unknown (installed {version})"
        changes = [*git, "diff", "--quiet", "HEAD", "--", str(root), *_DATA]
        dirty = subprocess.run(changes, capture_output=True, cwd=root).returncode
    except (OSError, subprocess.CalledProcessError):
        return f"unknown (installed {version})"
    return commit + ("+" if dirty else "")
