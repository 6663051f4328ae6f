"""Text for terminals that know fewer letters than formulas have."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

__all__ = ["speak_plainly"]

_SPELLED = {
    "ε": "eps",
    "ρ": "rho",
    "κ": "kappa",
    "λ": "lambda",
    "β": "beta",
    "π": "pi",
    "½": "1/2",
    "²": "^2",
    "·": "*",
    "–": "-",
    "−": "-",
    "…": "...",
}


def speak_plainly(*streams: TextIO) -> None:
    """Spell what a stream's encoding lacks, instead of raising ``UnicodeEncodeError``."""
    codecs.register_error("hrgrad-spelled", _spell)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="hrgrad-spelled")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_SPELLED.get(letter, "?") for letter in lost), error.end
