"""The data of the stages that a reader chooses among."""

import json
import re

import numpy as np
import pytest

from hrgradlib.chapters.ch07_stages import CHOICES, STAGES, interactive_stages, staged


@pytest.mark.parametrize("name", CHOICES)
def test_stages_are_those_of_the_method(name):
    """Recomputed from the rounded vectors that the page holds."""
    found = {key: np.array(value) for key, value in staged(CHOICES[name]).items() if key != "title"}
    units, anchor, rays = found["units"], found["anchor"], found["rays"]
    assert (units @ rays.T >= -1e-3).all()  # the harmonised cone opposes no gradient
    total = rays.sum(0)
    np.testing.assert_allclose(total / np.linalg.norm(total), anchor, atol=1e-3)
    np.testing.assert_allclose(found["anchorCosines"], units @ anchor, atol=1e-3)
    assert (found["anchorCosines"] > 0).all()  # so that stage 2, as worded, turns nothing
    angles, across = found["angles"][:, None], found["across"]
    np.testing.assert_allclose((across * units).sum(1), 0, atol=1e-3)
    turned = np.cos(angles) * units + np.sin(angles) * across
    np.testing.assert_allclose(found["rotated"], turned, atol=1e-3)
    assert not found["angles"][~found["turns"]].any()
    assert np.ptp(found["rotatedCosines"]) < 1e-3 and found["rotatedCosines"].min() > 0
    np.testing.assert_allclose(found["rotated"] @ found["g"], found["rotatedCosines"], atol=1e-3)
    np.testing.assert_allclose(units @ found["g"], found["cosines"], atol=1e-3)


def test_what_is_shown_first_opposes_a_gradient_as_it_was():
    first = staged(next(iter(CHOICES.values())))
    assert min(first["cosines"]) == pytest.approx(-0.15, abs=0.01)


def test_the_picture_holds_every_choice_and_no_foreign_address():
    html = interactive_stages("fig-stages")
    data = json.loads(re.search(r'json">(.*?)</script>', html)[1])
    assert data["stages"] == list(STAGES) and len(STAGES) == 4
    assert list(data["presets"]) == list(CHOICES) and data["first"] in CHOICES
    assert data["figure"] == "fig-stages" and "http" not in html
