"""Falls of the terms' losses: computed from the rows as said, and judged by the rule as said."""

import json

import numpy as np
import pytest

from hrgradlib.chapters.ch08_balance import falls, imbalance, table
from hrgradlib.chapters.ch15_balance import terms_fall_alike
from hrgradlib.chapters.ch15_reading import Lacking
from hrgradlib.experiments.results import row_of
from hrgradlib.experiments.runner import run
from hrgradlib.experiments.specs import make_spec
from hrgradlib.experiments.term_studies import METHODS


def row(macro, micro):
    """The losses fall by these factors."""
    return {"term_losses": [[macro, 2 * micro], [0.5, 7.0], [1.0, 2.0]]}


class Store:
    """What a claim reads, of runs with these falls by method."""

    def __init__(self, **found):
        self.found = {label.replace("_", "-"): rows for label, rows in found.items()}

    def rows(self, table, *labels):
        assert table == "term-balance"
        missing = [label for label in labels if label not in self.found]
        if missing:
            raise Lacking(missing[0])
        return [row(*ends) for label in labels for ends in self.found[label]]


def test_falls_are_first_over_last():
    broken = [{"failure": "NaN"}, {"failure": "NaN", "term_losses": np.nan}]  # as read either way
    found = falls([row(8.0, 2.0), row(3.0, 30.0), *broken])
    np.testing.assert_allclose(found[:2], [[8, 2], [3, 30]])
    assert imbalance(found).tolist() == pytest.approx([4.0, 10.0, np.inf, np.inf])
    assert table({"sum": found[2:]}).endswith("inf, at most inf")


def test_the_table_has_a_line_for_every_method():
    lines = table({"sum": falls([row(8.0, 2.0)] * 3), "hrgrad": falls([row(2.0, 2.0)])}).split("\n")
    assert len(lines) == 3 and max(map(len, lines)) <= 80
    assert "4, at most 4" in lines[1] and "1, at most 1" in lines[2]
    assert table({}) == "no run is stored yet"


EVEN, APART = [(2.0 + 0.01 * k, 2.0) for k in range(8)], [(9.0 + k / 10, 1.0) for k in range(8)]
WIDE = [(50.0 + k, 1.0) for k in range(8)]


@pytest.mark.parametrize(
    ("ours", "base", "word"),
    [
        (EVEN, WIDE, "confirmed"),
        (APART, WIDE, "confirmed"),
        (EVEN, EVEN, "refined"),
        (WIDE, EVEN, "refuted"),
        ([*EVEN[:-1], (11.0, 1.0)], WIDE, "refuted"),  # one run is enough
    ],
)
def test_the_rule(ours, base, word):
    cells = dict(zip(("hrgrad", "sum", "hrgrad_soap", "sum_soap"), (ours, base) * 2, strict=True))
    if ours is EVEN and base is WIDE:  # less than under the sum in one metric is not enough
        mixed = cells | {"sum_soap": EVEN}
        assert terms_fall_alike(Store(**mixed)).word == "refined"
    assert terms_fall_alike(Store(**cells)).word == word


def test_a_missing_method_is_lacking():
    with pytest.raises(Lacking):
        terms_fall_alike(Store(hrgrad=EVEN))


@pytest.mark.parametrize("segmentation", ["terms", "regimes"])
def test_rows_hold_the_losses_of_terms_alone(tmp_path, segmentation):
    spec = make_spec(
        problem="transport-periodic", method=METHODS[0], profile="smoke", segmentation=segmentation
    )
    run(spec, tmp_path / "run", device="cpu", quiet=True)
    values, _ = row_of(tmp_path / "run", spec)
    if segmentation == "regimes":
        assert "term_losses" not in values
        return
    losses = np.array(json.loads(json.dumps(values["term_losses"])))
    assert losses.shape == (10, 2) and (losses > 0).all()
    assert losses[-1].sum() < losses[0].sum()
