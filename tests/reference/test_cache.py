"""Results on disk: found again, never confused, made again when damaged."""

import json
import sys
import types

import numpy as np
import pytest

from hrgradlib.reference._cache import cache_dir, cache_key, cached

THIS = [sys.modules[__name__]]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HRGRAD_HOME", str(tmp_path))
    return tmp_path


class Solver:
    """Counts how often it is asked."""

    def __init__(self, **arrays):
        self.calls, self.arrays = 0, arrays or {"rho": np.linspace(0, 1, 5), "n": np.array(3)}

    def __call__(self):
        self.calls += 1
        return self.arrays


def test_computed_once():
    solver = Solver()
    first = cached("test", {"eps": 0.1}, solver, THIS)
    second = cached("test", {"eps": 0.1}, solver, THIS)
    assert solver.calls == 1 and set(second) == {"rho", "n"}
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
        assert first[name].dtype == second[name].dtype


def test_provenance_stands_beside():
    cached("test", {"eps": 0.1, "cells": [1, 2]}, Solver(), THIS)
    (path,) = cache_dir().glob("*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["parameters"] == {"eps": 0.1, "cells": [1, 2]}
    assert {"commit", "versions", "time"} <= set(record["provenance"])
    assert path.with_suffix(".npz").is_file() and len(list(cache_dir().iterdir())) == 2


def test_parameters_name_and_source_are_the_key(tmp_path):
    module = types.ModuleType("solver")
    module.__file__ = str(tmp_path / "solver.py")
    (tmp_path / "solver.py").write_text("order = 2\n")
    keys = [
        cache_key("a", {"eps": 0.1}, [module]),
        cache_key("b", {"eps": 0.1}, [module]),
        cache_key("a", {"eps": 0.1 + 1e-16}, [module]),
        cache_key("a", {"eps": 0.1}, THIS),
    ]
    (tmp_path / "solver.py").write_text("order = 3\n")
    keys.append(cache_key("a", {"eps": 0.1}, [module]))
    assert len(set(keys)) == 5
    assert cache_key("a", {"x": 1, "y": 2}, THIS) == cache_key("a", {"y": 2, "x": 1}, THIS)


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.write_bytes(b""),
        lambda p: p.write_bytes(b"not a zip file"),
        lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
        lambda p: p.write_bytes(p.read_bytes().replace(b"rho.npy", b"rhx.npy", 1)),
        lambda p: np.savez(p, rho=np.zeros(5)),
        lambda p: np.savez(p, rho=np.zeros(5), _key="of something else"),
        lambda p: np.savez(p, rho=np.array([None]), _key=np.array([None])),
    ],
)
def test_damaged_file_is_computed_again(damage):
    solver = Solver()
    good = cached("test", {}, solver, THIS)
    (path,) = cache_dir().glob("*.npz")
    damage(path)
    again = cached("test", {}, solver, THIS)
    assert solver.calls == 2
    np.testing.assert_array_equal(again["rho"], good["rho"])
    assert cached("test", {}, solver, THIS) and solver.calls == 2


def test_flipped_bits_are_noticed():
    solver = Solver(rho=np.random.default_rng(0).normal(size=1000))
    good = cached("test", {}, solver, THIS)
    (path,) = cache_dir().glob("*.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    np.testing.assert_array_equal(cached("test", {}, solver, THIS)["rho"], good["rho"])
    assert solver.calls == 2


def test_nothing_writable_is_no_error(home):
    (home / "cache").write_text("a file where the folder should be")
    solver = Solver()
    assert cached("test", {}, solver, THIS)["n"] == 3
    assert cached("test", {}, solver, THIS)["n"] == 3 and solver.calls == 2


def test_objects_are_refused():
    with pytest.raises(ValueError, match="objects"):
        cached("test", {}, Solver(rho=np.array([None])), THIS)
