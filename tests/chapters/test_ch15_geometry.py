"""Chapter 15: claims on directions are counted, and each count can come out the other way."""

import numpy as np
import pytest
import torch
from conflictfree.grad_operator import ConFIG_update

from hrgradlib.chapters import ch15_geometry as geometry
from hrgradlib.chapters.ch15_reading import Reading

NONE = Reading(lambda name: {}, lambda name: {})
WORDS = {
    "equal_cosines": "refined",
    "is_config": "confirmed",
    "keeps_norms": "confirmed",
    "length_follows_conflict": "refined",
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


def test_length_that_goes_with_conflict_confirms_and_against_it_refutes(monkeypatch):
    """Directions whose relative length is a function of the worst pair's cosine."""

    def by_worst_pair(sign):
        return lambda case, *_: np.full(
            len(case.units), np.exp(sign * (case.units @ case.units.T).min())
        )

    monkeypatch.setattr(geometry, "_ours", by_worst_pair(+1))
    assert geometry.length_follows_conflict(NONE).word == "confirmed"
    monkeypatch.setattr(geometry, "_ours", by_worst_pair(-1))
    assert geometry.length_follows_conflict(NONE).word == "refuted"


def test_config_of_vectors_is_its_authors():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # the authors' weights have it, whatever the gradients
    try:
        for case in geometry._random():
            theirs = ConFIG_update(torch.from_numpy(case.gradients)).numpy()
            found = geometry.config_of_vectors(case.gradients)
            np.testing.assert_allclose(found, theirs, atol=1e-9 * np.linalg.norm(theirs))
    finally:
        torch.set_default_dtype(before)


def test_another_aggregation_than_configs_would_be_found_out(monkeypatch):
    """The library's ConFIG, wrong by its length: the comparison is with the formula on vectors."""
    longer = [found._replace(weights=1.1 * found.weights) for found in geometry._worded()]
    monkeypatch.setattr(geometry, "_worded", lambda: longer)
    assert geometry.is_config(NONE).word == "refuted"
