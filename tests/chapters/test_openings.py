"""What the pictures that open chapters 10 and 11 show."""

import numpy as np
import pytest
from scipy.special import expn

from hrgradlib.chapters.openings import free_density, scales_and_flight, uncollided_density
from hrgradlib.kinetics.bgk_problems import BGK_LAYER
from hrgradlib.reference.inflow import InflowReference

X = np.linspace(0, 1, 11)


def test_long_after_the_front_the_layer_is_an_exponential_integral():
    found = uncollided_density(1e3, X, 0.1, nodes=400)
    np.testing.assert_allclose(found, expn(2, X / 0.1) / 2, atol=1e-5)


def test_without_collisions_it_is_all_there_is():
    t, eps = 0.1, 1.0  # e^{-t/eps²} have not collided, so up to a tenth is missing
    whole = InflowReference().density(t, X, eps)
    found = uncollided_density(t, X, eps)
    assert (found <= whole + 1e-6).all() and found[0] == pytest.approx(0.5)
    assert np.abs(whole - found).max() < 0.1
    assert (found[X > t / eps] == 0).all()


def test_free_flight_of_the_layer_keeps_the_far_field_and_spreads_the_middle():
    found = free_density(BGK_LAYER, 0.1, np.array([-5.0, -0.1, 0.1, 5.0]))
    left, right = BGK_LAYER.left[0], BGK_LAYER.right[0]
    assert found[0] == pytest.approx(left) and found[-1] == pytest.approx(right)
    assert right < found[2] < found[1] < left


def test_every_curve_is_drawn():
    eps = np.geomspace(1e-3, 1, 5)
    flown = {0.1: (X, X / 2), 1.0: (X + 1, X)}
    fig = scales_and_flight(eps, {"a": eps, "b": eps**0.5}, X, flown, 0.1)
    left, right = fig.axes
    assert len(left.lines) == 2 and len(right.lines) == 5  # one of them is for the legend
