"""Cells of a study that a stored grid decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

__all__ = ["LookedUp"]


class LookedUp(Mapping[str, dict]):
    """Settings by label, as today's store has them: looked up whenever they are asked for.

    Args:
        cells: looks them up; those that the grid cannot decide yet it leaves out.

    Example:
        >>> grid = {}
        >>> study = LookedUp(lambda: {name: {"lr": lr} for name, lr in grid.items()})
        >>> grid["sum"] = 1e-2
        >>> dict(study)
        {'sum': {'lr': 0.01}}
    """

    def __init__(self, cells: Callable[[], dict[str, dict]]) -> None:
        self._cells = cells

    def __getitem__(self, label: str) -> dict:
        return self._cells()[label]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells())

    def __len__(self) -> int:
        return len(self._cells())

    def items(self):  # looks them up once
        return self._cells().items()
