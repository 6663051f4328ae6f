"""The geometry of chapter 7's pictures, and the interactive one's data."""

import json
import re

import numpy as np
import pytest

from hrgradlib.chapters.ch07_cone import PRESETS, cosines_with, interactive, sweep

KAPPAS = np.linspace(0, 1, 5).tolist()


@pytest.mark.parametrize("name", PRESETS)
def test_gradients_have_the_norms_of_their_preset(name):
    lengths = np.linalg.norm(PRESETS[name].gradients(), axis=1)
    np.testing.assert_allclose(lengths, PRESETS[name].norms, rtol=1e-14)


@pytest.mark.parametrize("name", PRESETS)
def test_the_axis_has_one_angle_to_every_gradient(name):
    gradients = PRESETS[name].gradients()
    found = sweep(gradients, KAPPAS)
    np.testing.assert_allclose(cosines_with(found.axis, gradients), found.cosine, atol=1e-12)
    assert found.cosine == pytest.approx(np.cos(found.angle))


@pytest.mark.parametrize("name", PRESETS)
def test_rotated_gradients_stand_at_the_angle_that_is_left(name):
    found = sweep(PRESETS[name].gradients(), KAPPAS)
    np.testing.assert_allclose(
        found.rotated @ found.axis, np.cos(found.theta)[:, None] * np.ones(3), atol=1e-12
    )
    floor = found.kappa[:, None] * found.cosine
    assert (found.cosines >= floor - 1e-9).all()


def test_the_interactive_picture_holds_every_preset_and_no_foreign_address():
    html = interactive("fig-cone", steps=3)
    data = json.loads(re.search(r'json">(.*?)</script>', html)[1])
    assert list(data["presets"]) == list(PRESETS) and data["first"] in PRESETS
    assert len(data["presets"]["mild"]["theta"]) == 3
    assert "http" not in html and html == interactive("fig-cone", steps=3)
