"""The store: rows come back with their origin, and nothing that goes wrong loses a table."""

import resource
import subprocess
import sys

import pytest

from hrgradlib import paths
from hrgradlib.experiments import store
from hrgradlib.experiments.store import Origin, StoreError, Table, here, recorded

ORIGIN = Origin("spec", "code", "a" * 40, "2026-01-01T00:00:00+00:00", {"device": "cpu"})


def test_a_row_comes_back_as_it_was_put(tmp_path):
    values = {"error": 1.25e-3, "curve": {"seconds": [0.1, 0.2]}, "why": "ε too small"}
    table = Table(tmp_path / "new" / "one.json")
    table.put("a", values, ORIGIN)
    table.put("b", {}, ORIGIN)
    rows = Table(table.path).rows
    assert list(rows) == ["a", "b"]
    assert rows["a"].values == values and rows["a"].origin == ORIGIN
    assert table.path.read_text(encoding="utf-8").count('"cpu"') == 1  # machines once


def test_a_row_is_replaced_in_its_place_and_others_are_kept(tmp_path):
    table = Table(tmp_path / "one.json")
    for key in "abc":
        table.put(key, {"n": 0}, ORIGIN)
    Table(table.path).put("d", {"n": 0}, ORIGIN)  # another process
    table.put("b", {"n": 1}, ORIGIN)
    assert [(key, row.values["n"]) for key, row in Table(table.path).rows.items()] == [
        ("a", 0),
        ("b", 1),
        ("c", 0),
        ("d", 0),
    ]
    table.keep(["d", "b", "nobody"])
    assert list(Table(table.path).rows) == ["d", "b"]


@pytest.mark.parametrize("changes", [{"spec": "other"}, {"code": "other"}, {"code": ""}])
def test_a_row_counts_only_for_its_specification_and_code(tmp_path, changes):
    table = Table(tmp_path / "one.json")
    assert not table.has("a", ORIGIN)
    table.put("a", {}, ORIGIN)
    assert table.has("a", ORIGIN)
    assert not table.has("a", Origin(**{**ORIGIN.__dict__, **changes}))


def test_a_full_disk_leaves_the_old_table(tmp_path):
    """A file that may not grow beyond some bytes stands for a disk without room."""
    table = Table(tmp_path / "one.json")
    table.put("a", {"n": 1}, ORIGIN)
    before = table.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))
    try:
        with pytest.raises(StoreError, match="cannot be written .*is intact"):
            table.put("b", {"n": [2] * 100_000}, ORIGIN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert table.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]
    assert list(Table(table.path).rows) == ["a"]


def test_a_writer_that_is_killed_leaves_a_table(tmp_path):
    path = tmp_path / "one.json"
    Table(path).put("first", {"n": 0}, ORIGIN)
    code = (
        "import sys, itertools\n"
        "from pathlib import Path\n"
        "from hrgradlib.experiments.store import Origin, Table\n"
        "table = Table(Path(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "for n in itertools.count():\n"
        "    table.put(f'k{n % 50}', {'n': [n] * 200}, Origin('', '', 'c', 't', {}))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        for _ in range(20):  # read while it writes: always a whole table
            assert "first" in Table(path).rows
        process.kill()
    assert "first" in Table(path).rows


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"null", b"{}", b'{"rows": 3, "machines": []}', b"\xff\xfe"),
        b'{"rows": [{"key": "a", "values": {}, "shared": {"x": "0f"}}], "machines": []}',
        b'{"rows": [{"key": "a", "values": {}, "shared": 3}], "machines": []}',
    ],
)
def test_a_damaged_table_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "one.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is no table of results; restore it"):
        Table(path)
    assert path.read_bytes() == content


def test_equal_values_are_written_once_and_read_as_ever(tmp_path):
    """In a file of either form; a row without the value, or with one of another type, as well."""
    values = {"a": [0.1, 1.0], "b": [0.1, 1.0], "c": [0.1, 1], "d": "none", "e": [], "f": [0.1]}
    rows = {key: {"of": key, "numbers": numbers} for key, numbers in values.items()}
    rows["g"] = {"of": "g"}
    plain, once = Table(tmp_path / "plain.json"), Table(tmp_path / "once.json", once="numbers")
    for key, row in rows.items():
        plain.put(key, row, ORIGIN)
        once.put(key, row, ORIGIN)
    text = once.path.read_text()
    assert text.count("[0.1, 1.0]") == 1 and plain.path.read_text().count("[0.1, 1.0]") == 2
    for table in (Table(plain.path), Table(once.path), Table(plain.path, once="numbers")):
        assert list(table.rows) == list(rows) and table.rows == plain.rows
        assert [repr(row.values) for row in table.rows.values()] == [*map(repr, rows.values())]
    Table(plain.path, once="numbers").put("g", rows["g"], ORIGIN)  # the earlier form is replaced
    assert plain.path.read_text() == text


def test_a_row_more_changes_few_lines(tmp_path):
    table = Table(tmp_path / "one.json", once="numbers")
    for key in range(20):
        table.put(str(key), {"numbers": [key % 7 + 0.5]}, ORIGIN)
    before = table.path.read_text().splitlines()
    table.put("new", {"numbers": [99.5]}, ORIGIN)
    after = table.path.read_text().splitlines()
    assert len(after) == len(before) + 2
    assert len({line.rstrip(",") for line in after} - {line.rstrip(",") for line in before}) == 2
    table.keep([str(key) for key in range(20)])
    assert table.path.read_text().splitlines() == before


def test_what_is_missing_says_how_it_is_made():
    with pytest.raises(StoreError, match="hrgrad results nobody"):
        store.read("nobody")


def test_tables_of_another_profile_are_not_the_books(monkeypatch, tmp_path):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    assert Table.named("points").path == paths.checkout() / "book" / "results" / "points.json"
    assert Table.named("points", "smoke").path == tmp_path / "results" / "smoke" / "points.json"


def test_the_origin_names_commit_code_and_machine():
    origin = here("spec", roots=["hrgradlib.experiments.evaluation"])
    assert origin.spec == "spec" and len(origin.code) == 16
    assert origin.machine["versions"]["torch"] and origin.machine["threads"] == 1
    assert origin.unclean == origin.commit.endswith("+")
    old = recorded({"commit": "a+", "time": "t", "device": "cpu"}, "s", "")
    assert old.unclean and old.machine == {"device": "cpu"}


def test_numbers_that_are_none_are_refused(tmp_path):
    with pytest.raises(ValueError):
        Table(tmp_path / "one.json").put("a", {"error": float("nan")}, ORIGIN)
    assert not list(tmp_path.iterdir())
