"""Numbers kept for the text: six digits, words as they are, names with the page's prefix."""

import numpy as np

from hrgradlib.chapters import page
from hrgradlib.experiments.verdicts import judge


def test_numbers_and_words_are_kept(monkeypatch):
    kept = {}
    monkeypatch.setattr(page, "glue", lambda name, value, display: kept.update({name: value}))
    keep = page.keeper("ch0-")
    keep("ratio", np.float64(1 / 3))
    keep("count", 12)
    keep("verdict", "met")
    page.keeper()("plain", 2e-7)
    assert kept == {"ch0-ratio": 0.333333, "ch0-count": 12.0, "ch0-verdict": "met", "plain": 2e-7}
    assert type(kept["ch0-ratio"]) is float


def test_a_verdict_is_kept_by_its_parts():
    kept = {}
    page.keep_verdict(kept.__setitem__, "a-b", judge([1.0] * 4, [2.0] * 5))
    assert kept.pop("a-b-p") == 2 / 126
    assert kept == {
        "a-b-ratio": 0.5,
        "a-b-interval": "0.50 to 0.50",
        "a-b-runs": 4,
        "a-b-verdict": "lower",
    }
