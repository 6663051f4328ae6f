"""Probes: changed code that computes the same keeps stored rows valid, other code does not."""

import json

import pytest
import torch

from hrgradlib.experiments import probes
from hrgradlib.experiments.catalogue import RESULTS, Stored, states
from hrgradlib.experiments.probes import agree, probe, same
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.store import Row, Table, recorded
from hrgradlib.experiments.studies import STUDIES
from hrgradlib.provenance import collect
from hrgradlib.training._extras import MethodUnavailable
from hrgradlib.training.methods import HarmonizedSoap

SPEC = make_spec("transport-periodic", "hrgrad-soap", "smoke", seed=3)


def test_a_probe_is_the_same_each_time_and_of_any_seed():
    assert probe(SPEC) == probe(SPEC.with_(seed=5))
    assert len(probe(SPEC)) == 4 * SPEC.tasks + len(SPEC.case.errors(SPEC.build_model()).ravel())


@pytest.mark.parametrize("change", [dict(lr=1.01e-2), dict(harmony=0.4), dict(beta2=0.98)])
def test_a_probe_sees_settings(change):
    assert not agree(probe(SPEC), probe(SPEC.with_(**change)))


def test_a_probe_sees_code(monkeypatch):
    before, step = probe(SPEC), HarmonizedSoap.step

    def shorter(self, residuals, points, sizes, observe):
        return step(self, lambda *p: residuals(*p) * (1 - 1e-4), points, sizes, observe)

    monkeypatch.setattr(HarmonizedSoap, "step", shorter)
    assert not agree(before, probe(SPEC))


@pytest.mark.parametrize(("method", "after"), [("dwa", 100), ("nash-mtl", 25)])
def test_a_probe_lasts_until_a_method_does_all_it_does(method, after):
    assert probes._short(make_spec("transport-periodic", method)).steps > after
    assert probes._short(SPEC).steps == probes.STEPS


def test_stored_probes_that_agree_are_written_once():
    table = probes._table()
    found = {tuple(row.values["numbers"]) for row in table.rows.values()}
    shared = json.loads(table.path.read_bytes())["shared"]
    assert len(shared) == len(found) == len({*map(tuple, shared.values())})


def test_failure_is_no_agreement_with_success():
    assert probe(SPEC.with_(lr=1e30)) == []
    assert not agree(probe(SPEC), []) and not agree([], [])


def _put(table, code, spec, numbers, machine="here"):
    short = probes._short(spec).fingerprint()
    key = "-".join(filter(None, (code, short, machine)))
    table.put(key, {"numbers": numbers}, recorded(collect("cpu"), short, code))


def test_rows_of_earlier_code_stay_while_probes_agree(tmp_path, monkeypatch):
    """One study of one cell, trained by code "old"; today's is what it is."""
    monkeypatch.setitem(STUDIES, "tiny", ((3,), {"a": dict(method="sum", steps=3)}))
    monkeypatch.setattr(probes, "_table", lambda: Table(tmp_path / "probes.json"))
    ((folder, spec),) = probes.study_runs("tiny").items()
    line = type(RESULTS["scales"])("tiny", 1, ())
    table = Table(tmp_path / "tiny.json")
    table.put(probes.row_key(folder), {}, recorded(collect("cpu"), spec.fingerprint(), "old"))
    now = probes.code_behind(spec)

    def state():
        probes._stored.cache_clear()
        return set(states(line, table).values())

    assert state() == {"stale"}
    _put(probes._table(), "old", spec, [1.0, 2.0])
    _put(probes._table(), now, spec, [1.0, 2.1])
    assert state() == {"stale"} and not same("old", now, spec)
    _put(probes._table(), now, spec, [1.0, 2.0 * (1 + 1e-8)])
    assert state() == {"fresh"} and same("old", now, spec)
    other = Row("x", {}, recorded(collect("cpu"), "another", "old"))
    table.put(probes.row_key(folder), {}, other.origin)
    assert state() == {"stale"}  # of another specification, whatever its code


@pytest.fixture
def codes(tmp_path, monkeypatch):
    """What codes one kind of run has probes of, once they are made again; today's is "now"."""
    monkeypatch.setattr(probes, "_table", lambda: Table(tmp_path / "probes.json"))
    monkeypatch.setattr(probes, "code_behind", lambda spec: "now")
    monkeypatch.setattr(probes, "arithmetic", lambda: "here")

    def found(stored, awaited=False, studies=()):
        kind = probes._Kind("tiny", probes._short(SPEC), set(stored), awaited)
        monkeypatch.setattr(probes, "_kinds", lambda: [kind])
        probes.main(studies, quiet=True)
        return {key.split("-")[0] for key in probes._table().rows}

    return found


def test_versions_are_compared_on_one_machine_and_through_others(tmp_path, monkeypatch):
    """As if a second machine had taken over between two changes."""
    monkeypatch.setattr(probes, "_table", lambda: Table(tmp_path / "probes.json"))

    def alike(old, new):
        probes._stored.cache_clear()
        return same(old, new, SPEC)

    _put(probes._table(), "first", SPEC, [1.0], "")  # before machines were told apart
    _put(probes._table(), "second", SPEC, [1.0], "")
    _put(probes._table(), "third", SPEC, [1.0], "here")
    assert alike("first", "second") and not alike("first", "third")
    _put(probes._table(), "second", SPEC, [3.0], "here")
    assert not alike("first", "third") and not alike("second", "third")
    _put(probes._table(), "third", SPEC, [3.0], "here")
    assert alike("first", "third") and alike("third", "first")


def test_machines_that_round_alike_are_one(monkeypatch):
    name = probes.arithmetic()
    probes.arithmetic.cache_clear()
    assert probes.arithmetic() == name and len(name) == 8
    tanh = torch.tanh
    probes.arithmetic.cache_clear()
    monkeypatch.setattr(torch, "tanh", lambda x: tanh(x) * (1 + 2 * torch.finfo(x.dtype).eps))
    assert probes.arithmetic() != name
    probes.arithmetic.cache_clear()


def test_all_that_agreed_is_kept_while_todays_code_does_not(codes):
    """The next version may agree with it again, and then no more than the way there is kept."""
    numbers = probe(SPEC)
    _put(probes._table(), "old", SPEC, [5.0], "there")
    for code, machine in (("between", "there"), ("aside", "there")):
        _put(probes._table(), code, SPEC, [5.0], machine)
    _put(probes._table(), "between", SPEC, [6.0], "here")
    _put(probes._table(), "now", SPEC, [7.0], "here")
    assert codes({"old"}) == {"now", "old", "between", "aside"}
    for code in ("between", "now"):
        _put(probes._table(), code, SPEC, numbers, "here")
    assert codes({"old"}) == {"now", "old", "between"} and len(probes._table().rows) == 4


def test_probes_are_kept_of_code_that_trained_what_is_stored(codes):
    _put(probes._table(), "older", SPEC, [0.0])
    assert codes({"now"}) == {"now"}
    (row,) = probes._table().rows.values()
    assert row.values["numbers"] == probe(SPEC)
    _put(probes._table(), "old", SPEC, [0.0])
    assert codes({"old"}) == {"now", "old"}


def test_code_is_not_probed_that_nothing_can_be_compared_with(codes):
    assert codes({"lost"}) == codes(set()) == set()


def test_probes_of_code_that_still_trains_are_made_and_kept(codes):
    """Rows that come late must find them, whatever has been merged meanwhile."""
    assert codes(set(), awaited=True, studies=["tiny"]) == {"now"}
    _put(probes._table(), "old", SPEC, [0.0])
    assert codes({"now"}, awaited=True) == {"now", "old"}
    assert codes({"now"}) == {"now"}


def test_what_was_probed_is_kept_when_a_later_one_cannot_be(tmp_path, monkeypatch):
    first, lost, last = (probes._short(SPEC.with_(lr=lr)) for lr in (1e-2, 2e-2, 3e-2))

    def found(spec):
        if spec == lost:
            raise MethodUnavailable("it needs a package, not installed here")
        return [1.0]

    monkeypatch.setattr(probes, "_table", lambda: Table(tmp_path / "probes.json"))
    monkeypatch.setattr(probes, "probe", found)
    kinds = [probes._Kind("tiny", s, set(), True) for s in (first, lost, last)]
    monkeypatch.setattr(probes, "_kinds", lambda: kinds)
    (words,) = probes.main(["tiny"], quiet=True)
    assert words == "transport-periodic, hrgrad-soap: it needs a package, not installed here"
    made = {key.split("-")[1] for key in probes._table().rows}
    assert made == {first.fingerprint(), last.fingerprint()}


@pytest.fixture(autouse=True)
def _fresh_cache():
    yield
    probes._stored.cache_clear()
    torch.set_num_threads(1)


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A table that a script trains, of which one row is of code "old"; its state."""
    table = Table(tmp_path / "table_probes.json")
    monkeypatch.setattr(probes, "probed_tables", lambda: table)
    line = Stored("peers", 1, ("01_kinetic_equations",), script="x.py", probe=("y.py",))
    monkeypatch.setattr(Stored, "code", lambda self: "now")
    measured = Table(tmp_path / "peers.json")
    measured.put("a", {}, recorded(collect("cpu"), "", "old"))

    def state(line=line, **numbers):
        for code, found in numbers.items():
            table.put(f"{code}-peers-here", {"numbers": found}, recorded(collect("cpu"), "", code))
        probes._of_tables.cache_clear()
        return states(line, measured)["a"]

    yield state
    probes._of_tables.cache_clear()


def test_a_table_of_a_script_stays_fresh_where_its_probe_agrees(script):
    assert script() == "stale"
    assert script(old=[1.0, 2.0]) == "stale"
    assert script(now=[1.0, 2.1]) == "stale"
    assert script(now=[1.0, 2.0 * (1 + 1e-9)]) == "fresh"
    without = Stored("peers", 1, ("01_kinetic_equations",), script="x.py")
    assert script(without) == "stale"


def test_every_trained_table_of_a_script_has_a_probe_of_todays_code():
    for line in RESULTS.values():
        if line.probe:
            keys = [key.split("-") for key in probes.probed_tables().rows]
            assert [line.code(), line.name] in [key[:2] for key in keys]
