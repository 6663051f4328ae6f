"""What the front page says is what is stored."""

import pytest

from hrgradlib.chapters import ch12_comparison as comparison
from hrgradlib.paths import checkout


def test_the_readme_says_whether_steps_point_uphill():
    text = " ".join((checkout() / "README.md").read_text(encoding="utf-8").split())
    assert "some of the (step, regime) pairs still point there, as under the plain sum" in text
    assert "with `guard=True` none does, to first order" in text
    found = comparison.arms("transport-periodic")
    if not {"hrgrad", "sum", "hrgrad-guard"} <= set(found):
        pytest.skip("no row is stored yet")
    assert all((found[label].uphill > 0).any() for label in ("hrgrad", "sum"))
    assert (found["hrgrad-guard"].uphill == 0).all()
