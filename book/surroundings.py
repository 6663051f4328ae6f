"""What chapters are executed in: the same for everyone, whatever a user's own folders hold.

A kernel, a start-up file or a style of the user's own would change pages; a home that is missing or
cannot be written would end them, or put its complaint onto them.
"""

import os
import subprocess
import sys
from pathlib import Path

# What would bring in files of the user's own. MPLBACKEND: the kernel has one that makes figures.
LEFT_OUT = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "MATPLOTLIBRC", "MPLBACKEND", "PYTHONSTARTUP",
            "IPYTHON_STARTUP", "PYTHONWARNINGS")  # fmt: skip
FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR",
           "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")  # fmt: skip


def surroundings(work: Path) -> dict[str, str]:
    """Environment of a command; what users have at home lies below ``work``, and is empty."""
    place = work / "surroundings"
    chosen = {name: place / name.lower() for name in FOLDERS}
    for folder in chosen.values():
        folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    # The kernel is the environment's, not one registered elsewhere on the machine.
    return {**kept, **{n: str(f) for n, f in chosen.items()}, "JUPYTER_PREFER_ENV_PATH": "1"}


def settle(work: Path) -> None:
    """Let Matplotlib look for fonts before a chapter does: it would say so on the page."""
    environment = surroundings(work)
    if not any(Path(environment["MPLCONFIGDIR"]).glob("fontlist*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        subprocess.run(command, env=environment, capture_output=True)
