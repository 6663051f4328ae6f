"""The oldest versions that pyproject.toml allows, as a pip constraints file.

    python tools/lower_bounds.py [EXTRA ...] > lower-bounds.txt
    pip install -c lower-bounds.txt '.[EXTRA]'

CI installs them and runs the tests, so that a bound is a measurement and not a wish. Extras that
hold other extras (``hrgradlib[run,torchjd]``) are followed; exact pins stay as they are.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def lower_bounds(pyproject: str, extras: list[str]) -> list[str]:
    """Constraints ``name==bound`` for the core's dependencies and those of the extras, sorted.

    Args:
        pyproject: text of a pyproject.toml.
        extras: names of optional dependencies, such as ``["test"]``.

    Raises:
        ValueError: an extra does not exist, or a dependency has no lower bound.
    """
    project = tomllib.loads(pyproject)["project"]
    optional = project.get("optional-dependencies", {})
    found: dict[str, str] = {}
    waiting, seen = list(extras), set()
    lines = list(project["dependencies"])
    while waiting:
        extra = waiting.pop()
        if extra not in optional:
            raise ValueError(f"no extra {extra!r}; there are {', '.join(sorted(optional))}")
        if extra not in seen:
            seen.add(extra)
            lines += optional[extra]
            for line in optional[extra]:
                own = re.fullmatch(rf"{project['name']}\[(.*)\]", line.strip())
                waiting += [name.strip() for name in own[1].split(",")] if own else []
    for line in lines:
        name = re.match(r"[A-Za-z0-9._-]+", line)[0]
        if name == project["name"]:
            continue
        bound = re.search(r"(?:>=|==)\s*([0-9][0-9A-Za-z.]*)", line)
        if bound is None:
            raise ValueError(f"{line!r} has no lower bound; expected something like '{name}>=1.0'")
        found[name] = bound[1]
    return [f"{name}=={found[name]}" for name in sorted(found, key=str.lower)]


if __name__ == "__main__":
    print("\n".join(lower_bounds(PYPROJECT.read_text(encoding="utf-8"), sys.argv[1:])))
