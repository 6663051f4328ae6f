"""The data of chapter 9's interactive picture."""

import json
import re

import numpy as np
import pytest

from hrgradlib.chapters.ch09_slider import NETWORK, REFERENCE, curves, interactive
from hrgradlib.experiments.cases._case import untrained
from hrgradlib.experiments.solution import Solution
from hrgradlib.experiments.specs import make_spec
from hrgradlib.kinetics.periodic import PeriodicTransport
from hrgradlib.models.periodic import PeriodicModel

PROBLEM = PeriodicTransport()


@pytest.fixture(scope="module")
def found():
    model = untrained(PeriodicModel(PROBLEM, 4, 1, 2))
    spec = make_spec("transport-periodic", "hrgrad", "smoke")
    return curves(Solution(spec, model, {}), PROBLEM, count=5, cells=8)


def test_a_network_that_knows_nothing_is_the_untrained_line(found):
    np.testing.assert_allclose(found.density[NETWORK], found.density["untrained"], atol=1e-6)
    np.testing.assert_allclose(found.errors[NETWORK], found.errors["untrained"], rtol=1e-4)


def test_the_formulas_are_good_where_their_limits_are(found):
    assert found.eps[0] < found.eps[-1]
    diffusion, flight = found.errors["diffusion"][:, -1], found.errors["free transport"][:, -1]
    assert diffusion[0] < 1e-5 and diffusion[-1] > 0.01
    assert flight[-1] < diffusion[-1] and flight[0] > 0.01


def test_the_page_holds_every_line_and_no_foreign_address(found):
    html = interactive(found)
    data = json.loads(re.search(r'json">(.*?)</script>', html)[1])
    assert [line["name"] for line in data["lines"]] == list(found.density)
    assert data["lines"][0]["name"] == REFERENCE and data["lines"][0]["errors"] is None
    shape = (len(data["eps"]), len(data["times"]), len(data["x"]))
    assert all(np.shape(line["density"]) == shape for line in data["lines"])
    assert "http" not in html and html == interactive(found)
