"""Where a result comes from: commit, versions, machine, time."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import torch

__all__ = ["collect", "home"]

_PACKAGES = ("hrgradlib", "torch", "numpy", "scipy", "matplotlib", "torchjd")


def home() -> Path:
    """Folder that holds ``runs/`` and ``figures/``.

    ``$HRGRAD_HOME`` if set, else the checkout around this package, else the current folder.
    """
    chosen = os.environ.get("HRGRAD_HOME")
    if chosen:
        return Path(chosen)
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() else Path.cwd()


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
    """Commit of the checkout, with ``+`` if tracked files differ; "unknown" outside of one."""
    root = Path(__file__).resolve().parents[1]
    git = ["git", "-C", str(root)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        dirty = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True).returncode
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+" if dirty else "")
