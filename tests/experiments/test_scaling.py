"""Losses times unknown powers of ten: each regime its own, the same for every method."""

import numpy as np
import pytest
import torch

from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.collocation import sample
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.scaling import loss_scales, residuals
from hrgradlib.experiments.specs import SpecError, make_spec
from hrgradlib.kinetics.scales import regime_of


@pytest.mark.parametrize("method", ["hrgrad", "hrgrad-gn"])
@pytest.mark.parametrize("problem", CASES)
def test_every_point_has_the_factor_of_its_own_task(problem, method):
    spec = make_spec(problem, method, "smoke", decades=3.0, draw=4)
    model, points = spec.build_model(), sample(spec, torch.Generator().manual_seed(0))
    scaled = residuals(spec)(model, *points)
    plain = spec.case.residuals(spec)(model, *points)
    wanted = torch.from_numpy(loss_scales(spec)).repeat_interleave(spec.per_task)
    found = scaled.square().sum(1) / plain.square().sum(1)
    # A point within rounding of the end of its range may count for the next one.
    right = torch.isclose(found.double(), wanted, rtol=1e-3)
    assert right.double().mean() > 0.99


def test_regimes_are_those_that_are_drawn():
    for case in CASES.values():
        spec = make_spec(case.name, "hrgrad", "quick")
        eps = case.sample(spec, torch.Generator().manual_seed(1))[2].double()
        found = regime_of(eps, case.problem.eps_range, spec.tasks, case.bias)
        wanted = torch.arange(spec.tasks).repeat_interleave(spec.per_task)
        assert (found == wanted).double().mean() > 0.999


def test_factors_depend_on_the_draw_alone_and_span_the_decades():
    specs = [make_spec("transport-periodic", m, decades=3.0, draw=1) for m in ("hrgrad", "sum")]
    np.testing.assert_array_equal(*map(loss_scales, specs))
    other = loss_scales(specs[0].with_(draw=2))
    assert (other != loss_scales(specs[0])).all()
    many = np.log10([loss_scales(specs[0].with_(draw=d)) for d in range(200)])
    assert np.abs(many).max() <= 3 and many.min() < -2.9 and many.max() > 2.9
    assert abs(many.mean()) < 0.15


def test_no_decades_change_nothing():
    plain = make_spec("transport-periodic", "hrgrad", "smoke")
    assert plain.with_(decades=0.0).fingerprint() == plain.fingerprint()
    assert plain.with_(decades=1.0).fingerprint() != plain.fingerprint()
    assert residuals(plain) is plain.case.residuals(plain)
    with pytest.raises(SpecError, match=r"decades = -1.* expected a number in \[0, 15\]"):
        plain.with_(decades=-1.0)


def test_a_scaled_run_is_judged_by_the_errors_of_the_problem(tmp_path):
    spec = make_spec("transport-periodic", "hrgrad", "smoke", steps=40, decades=3.0, draw=3)
    result = run(spec, tmp_path / "run", "cpu", quiet=True)
    first = run(spec.with_(decades=0.0), tmp_path / "plain", "cpu", quiet=True)
    ratio = np.array(result["losses"]) / np.array(first["losses"])
    assert ratio.max() / ratio.min() > 10  # the losses are scaled
    assert result["max_error"] < 1  # the errors are not
