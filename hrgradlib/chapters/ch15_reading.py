"""Chapter 15: stored rows as a claim reads them, and the state of all that it has read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hrgradlib.experiments.catalogue import RESULTS, states
from hrgradlib.experiments.store import Row, Table

__all__ = ["Lacking", "Reading"]


class Lacking(LookupError):
    """What a claim rests on is not stored, or not all of it."""


class Reading:
    """The store for one claim: it hands out whole cells only, and notes what it has handed out.

    Args:
        rows: by the name of a table its rows, by key; today's store if left out.
        states: by the name of a table the state of every row that is there or wanted, as of
            :func:`hrgradlib.experiments.catalogue.states`.
    """

    def __init__(
        self,
        rows: Callable[[str], Mapping[str, Row]] | None = None,
        states: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        self._rows, self._states = rows or _stored, states or _stored_states
        self._read: set[tuple[str, str]] = set()

    def rows(self, table: str, *labels: str) -> list[dict]:
        """Values of all rows of a table, or of the rows with these labels, a ``label`` in each.

        The label of a run is its key without the seed.

        Raises:
            Lacking: a row of them is missing, or all are.
        """
        found, known = self._rows(table), self._states(table)
        chosen = [key for key in {**known, **found} if not labels or _label(key) in labels]
        missing = [key for key in chosen if key not in found]
        absent = [label for label in labels if label not in map(_label, chosen)]
        if not chosen or missing or absent:
            raise Lacking(_lacks(table, bool(missing) and bool(found), absent))
        self._read |= {(table, key) for key in chosen}
        return [{"label": _label(key)} | found[key].values for key in chosen]

    def column(self, table: str, label: str, name: str) -> NDArray:
        """One number of every run with this label; [runs].

        Raises:
            Lacking: a run is missing, or has no such number.
        """
        rows = self.rows(table, label)
        if any(name not in row for row in rows):
            raise Lacking(f"{label} of {table} was stored without {name}")
        return np.array([row[name] for row in rows], float)

    def errors(self, table: str, *labels: str) -> NDArray:
        """Final errors (the largest over ε and t) of these runs, inf where one failed; [runs].

        Raises:
            Lacking: a run is missing.
        """  # noqa: DOC502 (raised by rows)
        return np.array([row.get("max_error", np.inf) for row in self.rows(table, *labels)])

    @property
    def earlier(self) -> bool:
        """Whether a row that was read is of earlier code or of earlier settings."""
        return any(self._states(table).get(key) != "fresh" for table, key in self._read)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that were read."""
        return tuple(sorted({table for table, _ in self._read}))


def _label(key: str) -> str:
    stem, _, seed = key.rpartition("-s")
    return stem if stem and seed.isdigit() else key


def _lacks(table: str, some: bool, absent: list[str]) -> str:
    """Without numbers: a table that is being filled changes no page until it is whole."""
    if some:
        return f"rows of {table} are missing"
    return f"nothing of {', '.join(absent)} in {table}" if absent else f"no rows of {table} yet"


@cache
def _table(name: str) -> Table:
    return Table.named(name)


def _stored(name: str) -> Mapping[str, Row]:
    return _table(name).rows if name in RESULTS else {}


@cache
def _stored_states(name: str) -> Mapping[str, str]:
    if name not in RESULTS:
        return {}
    found = states(RESULTS[name], _table(name))
    return {} if set(found) == {"table"} else found
