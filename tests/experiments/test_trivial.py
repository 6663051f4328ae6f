"""Stored trivial errors: those of the cases, at every Knudsen number where they are asked for."""

import numpy as np
import pytest

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.trivial import measure, stored_trivial_errors


@pytest.mark.parametrize("name", CASES)
def test_there_are_lines_wherever_a_problem_is_judged(name):
    case = CASES[name]
    for eps in (case.problem.eval_eps, case.judged_eps("quick")):
        for errors in stored_trivial_errors(name, eps).values():
            assert errors.shape == (len(case.quantities), len(eps), len(case.problem.eval_times))
            assert (errors > 0).all()


@pytest.mark.parametrize("name", ["transport-periodic", "bgk-riemann"])
def test_stored_lines_come_out_again(name):
    eps = (0.1, 1.0)
    found = measure(name, eps)
    for line, errors in stored_trivial_errors(name, eps).items():
        np.testing.assert_allclose(errors, found["errors"][line], rtol=2e-3)


def test_what_is_not_stored_is_refused_in_a_line():
    with pytest.raises(LookupError, match=r"found eps = 0\.0123; expected those of the table"):
        stored_trivial_errors("bgk-smooth", [0.1, 0.0123])
    with pytest.raises(LookupError, match="found 'bgk'; expected one of transport-periodic"):
        stored_trivial_errors("bgk", [0.1])
