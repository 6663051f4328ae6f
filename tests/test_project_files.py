"""Files beside the code say what is so: environment, citation, licences, workflow, hooks."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def workflow() -> dict:
    return yaml.safe_load(text(".github/workflows/ci.yml"))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def commands(workflow: dict) -> list[str]:
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if "run" in step]


def test_conda_environment_is_the_lock_and_the_package():
    environment = yaml.safe_load(text("environment.yml"))
    *conda, pip = environment["dependencies"]
    assert pip == {"pip": ["-r requirements.lock", "-e ."]}  # nothing is listed a second time
    (python,) = (line for line in conda if line.startswith("python="))
    assert PROJECT["requires-python"] == ">=" + python.removeprefix("python=")
    assert set(conda) - {python} == {"pip", "make"}


def pins() -> dict[str, str]:
    lines = text("requirements.lock").splitlines()
    locked = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in locked}


def test_the_lock_holds_what_the_project_asks_for():
    """So the environment that is made from it, by make or by conda, is one that it allows."""
    asked = [*PROJECT["dependencies"], *sum(PROJECT["optional-dependencies"].values(), [])]
    locked = pins()
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if name != PROJECT["name"]:
            assert requirement.specifier.contains(locked[name]), requirement


def test_citation_names_this_version_and_the_paper():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    (paper,) = citation["references"]
    assert {"type", "title", "authors"} <= set(paper)
    assert paper["title"] in text("book/references.bib")
    assert paper["identifiers"][0]["value"] == "arXiv:2604.24745"


def test_changelog_keeps_its_form():
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert headings[1].startswith(f"[{PROJECT['version']}] - ")
    kinds = set(re.findall(r"^### (.*)$", text("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_text_and_code_have_their_licences():
    assert text("LICENSE").startswith("MIT License")
    assert "SPDX-License-Identifier: CC-BY-4.0" in text("LICENSE-TEXT")
    for page in ("README.md", "book/intro.md"):
        assert "CC BY 4.0" in text(page) and "MIT" in text(page)


def test_ci_runs_make_targets_and_nothing_else(workflow):
    for command in commands(workflow):
        make, target, *_ = command.split()
        assert make == "make" and target in targets(), command


def test_ci_covers_the_ends_of_what_is_promised(workflow):
    matrix = workflow["jobs"]["unit"]["strategy"]["matrix"]
    assert PROJECT["requires-python"] == ">=" + matrix["python"][0] and len(matrix["python"]) == 2
    assert matrix["dtype"] == ["float32", "float64"]
    assert {"make lint", "make test"} <= set(commands(workflow))
    assert any(command.startswith("make test-oldest") for command in commands(workflow))


def test_publishing_makes_the_site_and_pushes_its_notebooks():
    workflow = yaml.safe_load(text(".github/workflows/publish.yml"))
    own = commands(workflow)
    assert own == ["make site", ".ci/push-notebooks notebooks"]
    assert "site" in targets() and (ROOT / ".ci/push-notebooks").stat().st_mode & 0o100
    assert workflow["permissions"] == {"contents": "read"}  # each job asks for what it needs
    uploads = {
        step["with"]["path"]
        for step in workflow["jobs"]["site"]["steps"]
        if "upload" in step.get("uses", "")
    }
    assert uploads == {"book/_build/site", "book/_build/site/notebooks"}
    assert {workflow["jobs"][name]["needs"] for name in ("pages", "notebooks")} == {"site"}


def test_hooks_download_nothing():
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))
    for repository in hooks["repos"]:
        assert repository["repo"] == "local"
        assert all(hook["language"] == "system" for hook in repository["hooks"])
        assert all(hook["entry"].startswith(".venv/bin/") for hook in repository["hooks"])


def test_scripts_keep_their_line_endings():
    assert "* text=auto eol=lf" in text(".gitattributes").splitlines()
    assert not [p for p in (ROOT / ".ci").iterdir() if b"\r" in p.read_bytes()]


def test_documented_extras_exist():
    named = set(re.findall(r"'\.\[(\w+)\]'", text("README.md")))
    assert named == set(PROJECT["optional-dependencies"])


def test_contributing_names_files_and_targets_that_exist():
    page = text("CONTRIBUTING.md")
    files = set(re.findall(r"[`(]((?:\.?[\w-]+/)+[\w.-]*|[\w-]+\.(?:md|toml|yml))[`)]", page))
    rooted = {f for f in files if not (ROOT / f).exists() and not (ROOT / "hrgradlib" / f).exists()}
    assert len(files) > 30
    assert not rooted - {".venv/bin/ruff"}
    assert set(re.findall(r"make ([a-z-]+)", page)) <= targets()
