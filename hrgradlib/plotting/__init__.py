"""Figures of the book: one style sheet (`style`) and one function per figure, by chapter."""

from hrgradlib.plotting.style import eps_colour, eps_label, figures_dir, show, use_style

__all__ = ["eps_colour", "eps_label", "figures_dir", "show", "use_style"]
