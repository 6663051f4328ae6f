"""What `pip install hrgradlib` installs."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from shutil import copyfile, copytree

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    # Built from a copy: setuptools leaves build folders beside what it builds.
    tree = tmp_path_factory.mktemp("tree")
    copytree(ROOT / "hrgradlib", tree / "hrgradlib")
    copytree(ROOT / "examples", tree / "examples")
    (tree / "tests").mkdir()
    (tree / "tests" / "__init__.py").touch()  # something that must stay outside
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copyfile(ROOT / name, tree / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(tree / "dist"), str(tree)],
        check=True,
    )  # fmt: skip
    with zipfile.ZipFile(next((tree / "dist").glob("*.whl"))) as opened:
        yield opened


def test_wheel_holds_the_library_and_nothing_else(wheel):
    names = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert {Path(name).parts[0] for name in names} == {"hrgradlib"}
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "hrgradlib").rglob("*.py")}
    assert sources <= set(names)
    assert "hrgradlib/py.typed" in names


def test_wheel_carries_the_licence(wheel):
    assert any(name.endswith("LICENSE") for name in wheel.namelist())


def test_lock_is_exact_and_free_of_platform_packages():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(pin.count("==") == 1 and "+" not in pin and "@" not in pin for pin in pins)
    assert not any(pin.startswith(("nvidia-", "cuda-", "triton")) for pin in pins)


def test_lock_covers_every_dependency():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    pinned = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith("#"):
            name, version = line.split(";")[0].split("==")  # some are for some Pythons only
            pinned[canonicalize_name(name)] = version.strip()
    every = [line for extra in extras.values() for line in extra]
    for wanted in map(Requirement, [*project["dependencies"], *every]):
        if wanted.name == "hrgradlib":  # one extra that holds another
            continue
        version = pinned[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{wanted} is locked to {version}"
