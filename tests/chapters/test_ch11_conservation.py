"""The defect of a balance is the integral of the residual, whatever the weights."""

import numpy as np
import pytest

from hrgradlib.chapters.ch11_conservation import conservation_defects, integrated_residuals
from hrgradlib.experiments.solution import Solution
from hrgradlib.experiments.specs import make_spec


@pytest.mark.parametrize(("name", "eps"), [("bgk-smooth", (1.0, 0.1)), ("bgk-layer", (0.1,))])
def test_defects_are_integrated_residuals(name, eps):
    spec = make_spec(name, "hrgrad-gn", "smoke")
    solution = Solution(spec, spec.build_model(), {})
    defects = conservation_defects(solution, eps, [solution.problem.final_time])[..., 0]
    integrals = integrated_residuals(solution, eps, 24)
    assert np.abs(defects).max() > 1e-4
    np.testing.assert_allclose(integrals, defects, rtol=2e-3, atol=2e-6)


def test_nothing_is_missing_at_the_start():
    spec = make_spec("bgk-layer", "hrgrad-gn", "smoke")
    solution = Solution(spec, spec.build_model(), {})
    assert np.abs(conservation_defects(solution, [0.1], [0.0])).max() < 1e-12
