"""What the front page says in numbers is what is stored."""

import numpy as np

from hrgradlib.experiments.studies import read_study
from hrgradlib.paths import checkout


def test_the_readme_says_how_often_steps_point_uphill():
    text = " ".join((checkout() / "README.md").read_text(encoding="utf-8").split())
    assert "about 3 % of all (step, regime) pairs still point there, as many as under" in text
    rows = read_study("guard")[0]
    for label in ("hrgrad", "sum"):
        share = 100 * np.mean([r["uphill"] for r in rows if r["label"] == label])
        assert 2.5 < share < 3.5
    assert "with `guard=True` none does" in text
    assert all(r["uphill"] == 0 for r in rows if r["label"] == "hrgrad-guard")
