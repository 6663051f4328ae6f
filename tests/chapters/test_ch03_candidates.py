"""Two candidates of chapter 3: the identity of the losses, and the bound of the error."""

import numpy as np

from hrgradlib.chapters import ch03_candidates as candidates
from hrgradlib.reference.periodic import PeriodicReference

T = 0.1


def test_the_plain_loss_hides_the_wrong_candidate_and_the_other_form_shows_it():
    found = candidates.compare(np.array([1e-4, 1.0]), T, 40, PeriodicReference())
    plain, split = found.losses["plain form"], found.losses["micro–macro form"]
    assert plain["wrong"][0] < 3 * plain["right"][0] < 1e-6
    assert split["wrong"][0] > 1e5 * split["right"][0]
    assert found.gap < 1e-7
    assert all(error <= bound for error, bound in found.bounds.values())


def test_a_wrong_flux_is_seen_by_both_forms():
    times = candidates.times_of(1e-4, T, 20)
    plain, _, micro, _ = candidates.residuals_of(1.0, 1e-4, times, flux=0.5)
    late = times > 1e-6
    np.testing.assert_allclose(plain[late], micro[late], rtol=1e-3)
    assert plain[late].max() > 0.1


def test_squares_are_those_of_the_formula():
    """By hand: after the layer the macro residual of a candidate is (1 − γ) ∂t of its mode."""
    times = np.array([0.05])
    _, macro, _, _ = candidates.residuals_of(0.5, 1e-3, times)
    rate = (2 * np.pi) ** 2 / 3
    mode = 0.5 * np.exp(-0.5 * rate * times)
    np.testing.assert_allclose(macro, (0.5 * rate * mode) ** 2 / 2, rtol=1e-6)
