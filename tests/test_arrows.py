"""The house's arrows go one way: who may import whom, and never the other way round.

Imports inside functions count, and those for a type checker. A room may stand on what its line
names, and on the ground.
"""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "hrgradlib"
GROUND = {"address", "paths", "provenance", "_files", "_system"}
MAY_IMPORT = {
    "optim": set(),  # not even the ground: it is taken alone into other projects
    "kinetics": GROUND,
    "models": {"kinetics"} | GROUND,
    "reference": {"kinetics"} | GROUND,
    "training": {"optim", "models", "kinetics"} | GROUND,
    "experiments": {"training", "optim", "models", "kinetics", "reference"} | GROUND,
    "chapters": {"experiments", "training", "optim", "models", "kinetics", "reference"} | GROUND,
    "cli": {"experiments", "training", "optim", "models", "kinetics", "reference"} | GROUND,
    "__main__": {"cli"} | GROUND,
    "__init__": {"optim"},
    **dict.fromkeys(GROUND, GROUND),
}


def modules():
    paths = {p: p.relative_to(PACKAGE.parent).with_suffix("").parts for p in PACKAGE.rglob("*.py")}
    return {".".join(n[:-1] if n[-1] == "__init__" else n): p for p, n in paths.items()}


MODULES = modules()


def imports(path, for_types=True):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing = {n for part in tree.body if isinstance(part, ast.If)
              and ast.unparse(part.test) == "TYPE_CHECKING" for n in ast.walk(part)}  # fmt: skip
    for node in ast.walk(tree):
        if node in typing and not for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [f"{node.module}.{a.name}" for a in node.names]
            yield from (n if n in MODULES else node.module for n in names)


def room(module):
    return module.split(".")[1] if "." in module else "__init__"


def graph(**options):
    return {m: set(imports(p, **options)) & set(MODULES) - {m} for m, p in MODULES.items()}


GRAPH = graph()


@pytest.mark.parametrize("name", MODULES)
def test_imports_only_what_its_room_may(name):
    allowed = MAY_IMPORT[room(name)] | {room(name)}
    wrong = {i for i in GRAPH[name] if room(i) not in allowed}
    assert not wrong, f"{name} imports {sorted(wrong)}; its room may import {sorted(allowed)}"


def test_no_module_imports_itself_over_others():
    # raises CycleError, which names the modules; what only a type checker reads runs nowhere
    TopologicalSorter(graph(for_types=False)).prepare()


def loaded_by(statement):
    code = f"import sys; {statement}; print('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_the_package_loads_no_extra():
    extra = {"matplotlib", "torchjd", "tqdm", "IPython", "pandas", "myst_nb", "threadpoolctl"}
    more = loaded_by("from hrgradlib import HRGrad") - loaded_by("import torch, numpy, scipy")
    assert not more & extra


def test_the_package_itself_is_loaded_at_once():
    """Else Ctrl-C while torch is loaded would find the command before it can answer."""
    assert not loaded_by("import hrgradlib") & {"torch", "numpy", "scipy"}


def test_the_picture_of_the_arrows_names_every_module(tmp_path):
    out = tmp_path / "graph.svg"
    tool = PACKAGE.parent / "tools" / "graph.py"
    subprocess.run([sys.executable, tool, out], capture_output=True, check=True)
    texts = {e.text for e in ElementTree.parse(out).iter("{http://www.w3.org/2000/svg}text")}
    named = {m.split(".", 2)[-1] for m, p in MODULES.items() if p.stem != "__init__"}
    assert named - texts <= {f"hrgradlib.{name}" for name in GROUND | {"cli"}}
