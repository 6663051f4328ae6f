"""Numbers kept for the text: six digits, words as they are, names with the page's prefix."""

import numpy as np

from hrgradlib.chapters import page


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
