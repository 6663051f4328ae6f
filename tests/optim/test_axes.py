"""Every axis keeps the properties it lists, and does not keep those it leaves out."""

import pytest
from gramians import harmonies, regular_batches
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from theorems import THEOREMS

from hrgradlib.optim import AXES

LISTED = [(axis, prop) for axis in AXES for prop in AXES[axis].properties]
LEFT_OUT = [(a, p) for a in AXES for p in THEOREMS if p not in AXES[a].properties]
#: Any counterexample will do: none is made smaller.
FIRST = settings(max_examples=50, phases=[Phase.generate])


@pytest.mark.parametrize(("axis", "prop"), LISTED, ids=lambda v: getattr(v, "name", v))
@settings(max_examples=15)
@given(batch=regular_batches(count=40), harmony=harmonies)
def test_a_listed_property_holds(axis, prop, batch, harmony):
    THEOREMS[prop](axis, batch, harmony)


@pytest.mark.parametrize(("axis", "prop"), LEFT_OUT, ids=lambda v: getattr(v, "name", v))
def test_a_property_left_out_does_not_hold(axis, prop):
    """So that the table of methods and properties has no empty cell that could be filled."""

    def fails(example):
        try:
            THEOREMS[prop](axis, *example)
        except AssertionError:
            return True
        return False

    batches = st.tuples(regular_batches(min_tasks=3, count=20), harmonies)
    assert find(batches, fails, settings=FIRST) is not None
