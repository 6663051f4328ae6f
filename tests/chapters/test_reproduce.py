"""What a reader's own trainings are compared with, and how."""

import os
import re
import subprocess
import sys

import pytest

from hrgradlib.chapters import reproduce
from hrgradlib.experiments.store import Origin, Row, StoreError
from hrgradlib.experiments.studies import STUDIES
from hrgradlib.paths import checkout

NOWHERE = Origin("", "", "", "", {})


def rows(label, errors, **more):
    values = {"failure": "", "seconds": 2.0} | more
    return [Row(f"{label}-s{k}", values | {"max_error": e}, NOWHERE) for k, e in enumerate(errors)]


def test_trainings_are_grouped_by_label_and_failures_count_as_worst():
    stored = [*rows("a-b", [0.1, 0.3, 0.2]), *rows("c", [0.1], failure="diverged")]
    stored.append(Row("table", {"x": 1}, NOWHERE))  # a measurement
    found = reproduce.expected(stored)
    assert [(one.label, one.errors) for one in found] == [
        ("a-b", (0.1, 0.3, 0.2)),
        ("c", (float("inf"),)),
    ]
    assert found[0].median == 0.2 and "3 runs" in str(found[0])


def test_same_numbers_in_another_order_are_the_same():
    ours, yours = rows("a", [0.1, 0.2, 0.3]), rows("a", [0.3, 0.1, 0.2])
    ((label, same, verdict),) = reproduce.against(yours + rows("only yours", [1.0]), ours)
    assert (label, same, verdict.word) == ("a", True, "undecided")


def test_ten_times_the_error_is_called_higher():
    errors = [0.1, 0.11, 0.12, 0.13, 0.14]
    ((_, same, verdict),) = reproduce.against(
        rows("a", [10 * e for e in errors]), rows("a", errors)
    )
    assert not same and verdict.word == "higher"


def test_a_commit_without_the_result_is_named():
    with pytest.raises(StoreError, match="holds no book/results/points.json"):
        reproduce.committed("points", "no-such-commit")


def test_the_array_job_of_the_page_takes_the_study_of_its_number(tmp_path):
    page = (checkout() / "book/appendices/reproduce.md").read_text(encoding="utf-8")
    script = re.search(r"#!/bin/sh\n.*?(?=```)", page, re.DOTALL)[0]
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name, line in (("python", f'exec "{sys.executable}" "$@"'), ("hrgrad", "echo $2")):
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    last = int(re.search(r"--array=0-(\d+)", script)[1])
    assert last + 1 >= len(STUDIES)
    for number, name in ((len(STUDIES) - 1, [*STUDIES][-1]), (last, "")):
        done = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
            env=os.environ | {"SLURM_ARRAY_TASK_ID": str(number), "PYTHONPATH": str(checkout())},
        )  # fmt: skip
        assert done.stdout.strip() == name
