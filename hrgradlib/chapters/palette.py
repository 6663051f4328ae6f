"""The book's colours.

Those of Okabe and Ito, told apart under the common kinds of colour blindness, and a grey.
"""

from __future__ import annotations

__all__ = [
    "BLACK", "BLUE", "CYCLE", "GREEN", "GREY", "ORANGE", "PURPLE", "SEQUENTIAL", "SKY",
    "VERMILLION", "YELLOW",
]  # fmt: skip

BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#7F7F7F"

#: Order in which unnamed curves take their colours; yellow is left out, too pale on white.
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)

#: Sequential map for fields.
SEQUENTIAL = "cividis"
