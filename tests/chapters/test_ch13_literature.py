"""Weights of the networks that the benchmark of the literature's step times."""

from torch import nn

from hrgradlib.chapters.ch13_literature import (
    at_equal_width,
    literature_weights,
    perceptron_weights,
)


def test_weights_are_counted_as_torch_counts_them():
    layers = nn.Sequential(nn.Linear(3, 7), nn.Linear(7, 7), nn.Linear(7, 1))
    assert perceptron_weights(3, 7, 2) == sum(p.numel() for p in layers.parameters())


def test_the_usual_networks_are_ten_times_as_large():
    usual, ours = literature_weights()
    assert 10 < usual / ours < 14


def test_the_ratio_at_equal_width_is_said_where_it_is_measured():
    rows = [{"ratio": 113.0, "ratio_low": 90.0, "ratio_high": 130.0}]
    assert at_equal_width(rows) == "The ratio at equal width was not measured."
    wide = {"width": 256, "depth": 5, "ratio": 8.4, "ratio_low": 7.2, "ratio_high": 9.3}
    assert at_equal_width([*rows, wide]).endswith("our step is 8 times faster [7, 9].")
