"""Chapter 15: claims on directions are counted, and each count can come out the other way."""

import numpy as np
import pytest

from hrgradlib.chapters import ch15_geometry as geometry
from hrgradlib.chapters.ch15_reading import Reading

NONE = Reading(lambda name: {}, lambda name: {})
WORDS = {
    "equal_cosines": "refined",
    "is_config": "confirmed",
    "keeps_norms": "confirmed",
    "length_follows_conflict": "confirmed",
    "opposes_originals": "refuted",
    "opposes_rotated": "confirmed",
    "rays_explode": "confirmed",
    "rotates_as_worded": "refuted",
}


@pytest.mark.parametrize("name", geometry.__all__)
def test_what_is_counted_says_what_chapter_7_proves(name):
    found = getattr(geometry, name)(NONE)
    assert found.word == WORDS[name] and found.number


def test_another_rule_would_be_found_out(monkeypatch):
    """The reading under which something turns, in place of the wording: neither idle nor ConFIG."""
    monkeypatch.setattr(geometry, "_worded", geometry._rotated)
    assert geometry.rotates_as_worded(NONE).word == "confirmed"
    assert geometry.is_config(NONE).word == "refuted"
    longer = [found._replace(rotated=2 * found.rotated) for found in geometry._rotated()]
    monkeypatch.setattr(geometry, "_rotated", lambda: longer)
    assert geometry.keeps_norms(NONE).word == "refuted"
    turned = [found._replace(weights=-found.weights) for found in longer]
    monkeypatch.setattr(geometry, "_rotated", lambda: turned)
    assert geometry.opposes_rotated(NONE).word == "refuted"


def test_the_sum_is_neither_of_equal_cosines_nor_shortened(monkeypatch):
    monkeypatch.setattr(geometry, "_ours", lambda case, *_: 2 * np.ones(len(case.units)))
    assert geometry.equal_cosines(NONE).word == "refuted"
    assert geometry.length_follows_conflict(NONE).word == "refuted"
