"""BGK in the literature's setting: what its cells change, and that nothing else differs."""

from hrgradlib.experiments.failure_elsewhere_studies import ELSEWHERE, ELSEWHERE_FAILURES
from hrgradlib.experiments.literature_bgk_studies import BASES, CHANGES, LITERATURE_BGK, VELOCITIES
from hrgradlib.experiments.specs import make_spec

SEEDS, CELLS = LITERATURE_BGK["literature-bgk"]


def test_a_cell_is_its_base_but_for_its_change():
    for label, cell in CELLS.items():
        problem, base = BASES[label.split("-")[0]]
        seeds, others = ELSEWHERE_FAILURES[ELSEWHERE[problem].study]
        assert set(SEEDS) <= set(seeds) and others[base]["problem"] == f"{problem}-published"
        assert {k: v for k, v in cell.items() if others[base].get(k) != v} == CHANGES[label]


def test_all_is_the_three_changes_together():
    spec = make_spec(**CELLS["sum-all"])
    assert (spec.method, spec.schedule, spec.lr) == ("sum", "staircase", 1e-3)
    assert len(spec.build_model().velocities) == VELOCITIES == 64
    assert spec.problem == "bgk-smooth-split"
