"""What every figure of the book must be: drawn without a warning, with data and labelled axes."""

from collections.abc import Callable, Mapping
from types import ModuleType

from matplotlib import pyplot as plt


def check(figure: Callable) -> None:
    """Draw a figure; warnings are errors in tests."""
    fig = figure()
    panels = [a for a in fig.axes if a.get_label() != "<colorbar>" and a.axison]
    fig.canvas.draw()
    labelled = [a for a in panels if a.get_xlabel() and (a.get_ylabel() or a.get_yticklabels())]
    plt.close(fig)
    assert all(a.has_data() for a in panels)
    assert labelled or not panels  # a drawing without axes needs no labels


def untried(module: ModuleType, tried: Mapping[str, Callable]) -> set[str]:
    """Figures of a module that a test does not draw, and the other way round."""
    figures = {name for name in module.__all__ if callable(getattr(module, name))}
    return figures ^ set(tried)
