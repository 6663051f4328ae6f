"""The figure of the page on a first APNN: it draws what it is given."""

import numpy as np

from hrgradlib.chapters import first_apnn_figures as figures


def test_densities_are_drawn_with_their_errors():
    x = np.linspace(0, 1, 8, endpoint=False)
    exact = {1.0: np.cos(x), 1e-4: np.sin(x) + 2}
    found = {eps: values + 1e-3 for eps, values in exact.items()}
    fig = figures.densities(x, exact, found, np.ones(8))
    left, right = fig.axes
    assert len(left.lines) == 5 and len(right.lines) == 2
    np.testing.assert_allclose(right.lines[0].get_ydata(), 1e-3)
    assert right.get_yscale() == "log"
