"""The study of the literature's setting: what its cells change, and that nothing else differs."""

from hrgradlib.experiments.failure_studies import FAILURES
from hrgradlib.experiments.literature_studies import BASES, CHANGES, LITERATURE, QUADRATURE
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.studies import study_runs
from hrgradlib.models.published import own_eps

SEEDS, CELLS = LITERATURE["literature"]


def test_a_cell_is_its_base_but_for_its_change():
    for label, cell in CELLS.items():
        study, base = BASES[label.split("-")[0]]
        seeds, others = FAILURES[study]
        assert set(SEEDS) <= set(seeds)
        assert {k: v for k, v in cell.items() if others[base].get(k) != v} == CHANGES[label]


def test_the_schedule_is_the_literatures():
    spec = make_spec(**CELLS["published-theirs"])
    assert (spec.method, spec.initial_weight) == ("sum", 1.0)
    assert (spec.schedule, spec.lr, spec.warmup, spec.hold) == ("staircase", 1e-3, 0, 0.0)


def test_quadrature_is_the_literatures():
    assert make_spec(**CELLS["published-nodes"]).build_model().nodes == QUADRATURE == 30


def test_a_network_with_codes_has_the_eps_of_networks_of_one_eps():
    each, codes = (
        make_spec(**CELLS[label]).build_model() for label in ("each-theirs", "codes-ours")
    )
    assert codes.own.tolist() == each.own.tolist() == own_eps(codes.problem.eps_range, 5).tolist()


def test_runs_go_seed_by_seed():
    seeds = [spec.seed for spec in study_runs("literature").values()]
    assert seeds == sorted(seeds) and len(seeds) == 27
