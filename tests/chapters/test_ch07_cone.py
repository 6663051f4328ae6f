"""The geometry of chapter 7's pictures, and the interactive one's data."""

import json
import re

import numpy as np
import pytest

from hrgradlib.chapters.ch07_cone import (
    NORMS,
    PRESETS,
    cosines_with,
    interactive,
    sweep,
    sweep_about,
)
from hrgradlib.optim import AXES

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
    assert set(data["axes"]) == set(AXES) and data["norms"] == list(NORMS)
    for preset in data["presets"].values():
        for axis in AXES:
            assert [len(one["theta"]) for one in preset["cases"][axis]] == [3] * len(NORMS)
    assert "http" not in html and html == interactive("fig-cone", steps=3)


@pytest.mark.parametrize("name", PRESETS)
def test_about_the_equiangular_axis_both_ways_agree(name):
    gradients = PRESETS[name].gradients()
    one, two = sweep(gradients, KAPPAS), sweep_about(gradients, KAPPAS, "equiangular")
    for field in ("axis", "cosine", "angle", "theta", "rotated", "direction", "cosines"):
        np.testing.assert_allclose(getattr(two, field), getattr(one, field), atol=1e-6)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("ratio", NORMS.values())
@pytest.mark.parametrize("name", PRESETS)
def test_the_direction_is_the_sum_of_what_was_rotated(name, ratio, axis):
    """Each task's rotated unit vector, stretched back along the axis, adds up to the direction."""
    preset = PRESETS[name]
    gradients, lengths = preset.gradients(ratio), np.array(preset.lengths(ratio))
    found = sweep_about(gradients, KAPPAS, axis)
    np.testing.assert_allclose(np.linalg.norm(gradients, axis=1), lengths)
    parts = found.rotated / (found.rotated @ found.axis)[..., None]  # of height one
    heights = lengths * (gradients @ found.axis / lengths)
    total = np.einsum("k,mkn->mn", heights, parts)
    np.testing.assert_allclose(
        cosines_with(total, found.direction[:1])[:, 0], (found.direction @ found.direction[0])
        / np.linalg.norm(found.direction, axis=1) / np.linalg.norm(found.direction[0]), atol=1e-6
    )  # fmt: skip
    assert (found.cosines >= found.kappa[:, None] * found.cosine - 1e-6).all()
