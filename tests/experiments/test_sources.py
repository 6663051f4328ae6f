"""Fingerprints of code: they change with what is computed, and with nothing else."""

import textwrap
import time

import pytest

from hrgradlib.experiments import sources
from hrgradlib.experiments.runner import code_behind
from hrgradlib.experiments.sources import code_fingerprint, modules_behind
from hrgradlib.experiments.specs import make_spec
from hrgradlib.optim import AXES
from hrgradlib.training import METHODS

CODE = '''
"""What it does."""
from neighbour import half

__all__ = ["f"]


class A:
    x: int = 3


def f(x, y=1.0):
    """In words."""
    # how
    return half(x) + y
'''
SAME = [
    CODE.replace("# how", "# how, at length"),
    CODE.replace('"""In words."""', '"""In other words."""'),
    CODE.replace('    """In words."""\n', ""),
    CODE.replace('__all__ = ["f"]', '__all__ = ["A", "f"]'),
    CODE.replace("half(x) + y", "(half( x )\n        + y)"),
    CODE.replace(
        "x: int = 3", 'x: int = 3\n\n    def no(self):\n        """In words."""\n        raise 1'
    ),
]
OTHER = [
    CODE.replace("y=1.0", "y=2.0"),
    CODE.replace("y=1.0", "y=1"),
    CODE.replace("+ y", "- y"),
    CODE.replace("x: int = 3", "x: int = 4"),
    CODE.replace("import half", "import half as half_, third as half"),
    CODE.replace(
        "x: int = 3", "x: int = 3\n\n    def f(self):\n        if self.x:\n            raise 1"
    ),
]


def fingerprint_of(folder, code, neighbour="def half(x): return x / 2"):
    folder.mkdir()
    (folder / "script.py").write_text(textwrap.dedent(code))
    (folder / "neighbour.py").write_text(neighbour)
    return code_fingerprint(folder / "script.py")


@pytest.fixture(autouse=True)
def forget():
    """A process finds every fingerprint once; here, what is behind it changes."""
    code_fingerprint.cache_clear()
    yield
    code_fingerprint.cache_clear()


@pytest.mark.parametrize("code", SAME)
def test_words_and_formatting_do_not_count(tmp_path, code):
    assert fingerprint_of(tmp_path / "a", CODE) == fingerprint_of(tmp_path / "b", code)


@pytest.mark.parametrize("code", OTHER)
def test_what_is_computed_counts(tmp_path, code):
    assert fingerprint_of(tmp_path / "a", CODE) != fingerprint_of(tmp_path / "b", code)


def test_what_is_imported_counts(tmp_path):
    other = fingerprint_of(tmp_path / "b", CODE, "def half(x): return x / 3")
    assert fingerprint_of(tmp_path / "a", CODE) != other


def test_packages_hand_on_to_the_modules_that_define():
    assert sources._defining("hrgradlib.optim", "harmonize") == "hrgradlib.optim._harmonize"
    assert sources._defining("hrgradlib", "HRGrad") == "hrgradlib.optim._hrgrad"
    assert sources._defining("hrgradlib", "HRGradAggregator") == "hrgradlib.optim._torchjd"
    assert sources._defining("hrgradlib.chapters", "style") == "hrgradlib.chapters.style"


def behind(problem, method):
    spec = make_spec(problem, method, "smoke")
    roots = type(spec.case).__module__, spec.kind.__module__
    return {name.removeprefix("hrgradlib.") for name in modules_behind(*roots)}


def test_a_run_depends_on_its_case_and_method_and_on_no_other():
    periodic, inflow = (behind(p, "hrgrad-gn") for p in ("transport-periodic", "transport-inflow"))
    assert {
        "kinetics.periodic",
        "models.periodic",
        "reference.periodic",
        "optim._jacobian",
    } <= periodic
    assert {"kinetics.inflow", "models.inflow", "reference.inflow"} <= inflow
    for found in (periodic, inflow):
        assert not {"reference.bgk", "provenance", "paths", "cli"} & found
        assert not any(name.startswith("chapters") for name in found)
    assert "reference.inflow" not in periodic and "reference.periodic" not in inflow


def test_runs_of_one_case_and_method_share_their_code():
    one, two = (
        make_spec("transport-periodic", "sum", "smoke", seed, lr=0.1 + seed) for seed in (0, 1)
    )
    assert code_behind(one) == code_behind(two)
    assert code_behind(one) != code_behind(make_spec("bgk-smooth", "sum", "smoke"))


def test_a_run_depends_on_its_axis_and_on_no_other():
    for find in (axis.find for axis in AXES.values()):
        behind = modules_behind(find.__module__, METHODS["hrgrad"].__module__)
        others = {axis.find.__module__ for axis in AXES.values()} - {find.__module__}
        assert find.__module__ in behind and not others & behind
    specs = [make_spec("transport-periodic", "hrgrad", "smoke", axis=axis) for axis in AXES]
    assert len({code_behind(spec) for spec in specs}) == len(AXES)


def test_a_new_axis_makes_no_run_stale(monkeypatch):
    """Lines of the registry change; the code behind runs with the axes it had does not."""
    before = code_behind(spec := make_spec("transport-periodic", "hrgrad", "smoke"))
    monkeypatch.setitem(AXES, "new", AXES["rays"])
    assert code_behind(spec) == before


def test_a_measurement_depends_on_every_axis():
    """It may take any of them: no specification says which."""
    behind = modules_behind("hrgradlib.chapters.ch08_convergence")
    assert {axis.find.__module__ for axis in AXES.values()} <= behind


def test_it_is_quick():
    for cached in (sources._tree, sources._imports, sources._shape):
        cached.cache_clear()
    began = time.process_time()
    code_behind(make_spec("bgk-smooth", "hrgrad-gn", "smoke"))
    once = time.process_time()
    assert once - began < 1
    for seed in range(100):
        code_behind(make_spec("bgk-smooth", "hrgrad-gn", "smoke", seed))
    assert time.process_time() - once < (once - began)


def test_a_root_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        code_fingerprint("hrgradlib.nobody")


def test_a_renamed_module_counts_as_before(tmp_path, monkeypatch):
    """By the name it had, which no module has any more; its contents count all the same."""
    for now, before in sources._EARLIER_NAMES.items():
        assert sources._path(now).is_file() and not sources._path(before).is_file()
    package = tmp_path / "hrgradlib"
    package.mkdir()
    monkeypatch.setattr(sources, "_PACKAGE", package)
    (package / "before.py").write_text(CODE)
    found = code_fingerprint("hrgradlib.before")
    (package / "now.py").write_text(CODE)
    assert code_fingerprint("hrgradlib.now") != found
    monkeypatch.setattr(sources, "_EARLIER_NAMES", {"hrgradlib.now": "hrgradlib.before"})
    code_fingerprint.cache_clear()
    assert code_fingerprint("hrgradlib.now") == found
    (package / "other.py").write_text(OTHER[0])
    monkeypatch.setattr(sources, "_EARLIER_NAMES", {"hrgradlib.other": "hrgradlib.before"})
    assert code_fingerprint("hrgradlib.other") != found


def test_a_reworded_error_counts_as_before(tmp_path, monkeypatch):
    """No module says it as before; what is computed beside it counts all the same."""
    texts = "".join(path.read_text() for path in sources._PACKAGE.glob("[km]*/*.py"))
    for now, before in sources._EARLIER_TEXTS.items():
        assert now in texts and before not in texts
    code = (
        'def f(x):\n    if x < 0:\n        raise ValueError(f"f: found x = {x}; expected more")\n'
    )
    found = fingerprint_of(tmp_path / "a", code)
    reworded = code.replace("expected more", "expected x ≥ 0")
    assert fingerprint_of(tmp_path / "b", reworded) != found
    monkeypatch.setattr(sources, "_EARLIER_TEXTS", {"; expected x ≥ 0": "; expected more"})
    assert fingerprint_of(tmp_path / "c", reworded) == found
    assert fingerprint_of(tmp_path / "d", reworded.replace("x < 0", "x < 1")) != found
