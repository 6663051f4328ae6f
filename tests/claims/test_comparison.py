"""Chapter 12: everybody runs at what the stored grid chose, on seeds that did not choose."""

import numpy as np
import pytest

from hrgradlib.chapters import ch12_comparison as comparison
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.comparison_studies import COMPARED, GRID_OF, VARIANTS, tuned
from hrgradlib.experiments.store import Table
from hrgradlib.experiments.studies import MORE_RUNS, STUDIES


@pytest.mark.parametrize(("study", "grid"), GRID_OF.items())
def test_stored_runs_are_at_the_tuned_settings(study, grid):
    tried = {key: row.values for key, row in Table.named(grid).rows.items()}
    for key, row in Table.named(study).rows.items():
        label = key.rsplit("-s", 1)[0]
        chosen = tuned(label, tried, STUDIES[study][1][label]["problem"])
        assert {name: row.values["settings"][name] for name in chosen} == chosen, key
        more, finalists = MORE_RUNS.get(study, ((), ()))
        assert row.values["seed"] in STUDIES[study][0] + (more if label in finalists else ())


@pytest.mark.parametrize("problem", comparison.PROBLEMS)
def test_the_guard_leaves_no_recorded_step_uphill(problem):
    found = comparison.arms(problem)
    for label in {"hrgrad-guard", "hrgrad-soap-guard"} & set(found):
        assert (found[label].uphill == 0).all()


@pytest.mark.parametrize("problem", comparison.PROBLEMS)
def test_every_arm_has_its_work_and_its_products(problem):
    for label, arm in comparison.arms(problem).items():
        assert (arm.work > 0).all() and label in (*COMPARED, *VARIANTS)
        whole = np.isfinite(arm.errors)
        assert not np.isnan(arm.uphill[whole]).any(), label
        if comparison.family(label) != "second order" and label != "sum-time":
            assert (arm.work == 2000).all()


@pytest.mark.parametrize("problem", comparison.PROBLEMS)
def test_lines_that_cost_nothing_are_over_the_same_knudsen_numbers_as_the_errors(problem):
    assert all(0.01 < error < 2 for error in comparison.trivial(problem).values())
    judged = np.array(CASES[problem].judged_eps("quick"))
    for name in (comparison.PROBLEMS[problem], GRID_OF[comparison.PROBLEMS[problem]]):
        for row in Table.named(name).rows.values():
            if "curve" in row.values:
                np.testing.assert_allclose(row.values["curve"]["judged_eps"], judged, rtol=1e-3)


def test_sum_under_soap_is_the_method_that_other_pages_call_so():
    """Watching changes no bit, so the rows may be called by the name of what is watched."""
    for key, row in Table.named("comparison").rows.items():
        if key.startswith("sum-soap"):
            assert row.values["method"] == "sum-soap-watched"
