"""All measurements on the BGK references in one file, for chapter 2.

``python -m hrgradlib.chapters.ch02_bgk_tables`` makes ``book/results/bgk-verification.json`` anew,
in a few minutes on one core; with names behind it, only the tables named.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hrgradlib.chapters import ch02_verification_bgk as verify
from hrgradlib.chapters import ch02_verification_bgk_limits as limits
from hrgradlib.experiments.store import Table, here, read
from hrgradlib.kinetics.bgk_problems import BGK_LAYER, BGK_PROBLEMS, BGK_RIEMANN, BGK_SMOOTH
from hrgradlib.reference.bgk import BGKReference
from hrgradlib.reference.bgk_similarity import Similarity, SimilarityMesh, solve_similarity

__all__ = ["TABLES", "main", "measure", "read_tables"]

_NAME = "bgk-verification"
_SCAN = (100.0, 10.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-8)
_FLUID = (1e-4, 2.5e-4, 1e-3, 2e-3, 4e-3, 8e-3)


@contextmanager
def _nothing_cached() -> Iterator[None]:
    before = os.environ.get("HRGRAD_HOME")
    with tempfile.TemporaryDirectory() as empty:
        os.environ["HRGRAD_HOME"] = empty
        try:
            yield
        finally:
            del os.environ["HRGRAD_HOME"]
            if before is not None:
                os.environ["HRGRAD_HOME"] = before


def _estimates() -> list[dict]:
    """The references' own error estimates, largest over the times errors are quoted at.

    Also the processor time of the first call at each ε, nothing being cached: one table serves
    every ε of the jump, which the first one pays for.
    """
    rows = []
    with _nothing_cached():
        for problem in BGK_PROBLEMS.values():
            reference = BGKReference(problem)
            for eps in problem.eval_eps:
                started = time.process_time()
                errors = [float(reference.error_estimate(problem.eval_times, eps, q).max())
                          for q in ("density", "momentum", "energy")]  # fmt: skip
                seconds = round(time.process_time() - started, 1)
                rows.append(verify.row(errors, problem=problem.name, eps=eps, seconds=seconds))
    return rows


def _agreement() -> list[dict]:
    """The second discretisation against the first, at every ε of every problem."""
    rows = []
    for problem, nx, nv, weno in ((BGK_SMOOTH, 450, 96, True), (BGK_LAYER, 900, 96, False),
                                  (BGK_RIEMANN, 600, 192, False)):  # fmt: skip
        found = verify.agreement(BGKReference(problem), problem.eval_eps, nx, nv, weno)
        rows += [{"problem": problem.name} | r for r in found]
    return rows


def _riemann_refinement() -> list[dict]:
    reference = BGKReference(BGK_RIEMANN)
    return [verify.agreement(reference, [eps], nx, nv, weno=False)[0]
            for eps in (0.1, 0.01) for nx, nv in ((150, 48), (300, 96), (600, 192))]  # fmt: skip


def _positivity() -> list[dict]:
    smooth = [{"problem": p.name} | r for p in (BGK_SMOOTH, BGK_LAYER)
              for r in verify.positivity(p, (1.0, 1e-2, 1e-3))]  # fmt: skip
    jump = verify.positivity(BGK_RIEMANN, (1.0, 1e-2, 1e-8), schemes=("imex",))
    return smooth + [{"problem": BGK_RIEMANN.name} | r for r in jump]


def _balance() -> list[dict]:
    table = solve_similarity(BGK_RIEMANN.left, BGK_RIEMANN.right, SimilarityMesh())
    return limits.similarity_conservation(Similarity(table), (0.01, 0.1, 0.4, 0.9, 1.5, 3.5, 4.5))


def _orders(scheme: str, sizes: tuple[int, ...], **options) -> list[dict]:
    return [{"eps": e} | r for e in (1.0, 1e-2, 1e-8)
            for r in verify.space_orders(scheme, e, sizes, **options)]  # fmt: skip


#: What is measured, by name.
TABLES: dict[str, Callable[[], list[dict]]] = {
    "estimates": _estimates,
    "agreement": _agreement,
    "riemann_refinement": _riemann_refinement,
    "space_semi_lagrangian": lambda: _orders("semi-lagrangian", (40, 80, 160), nv=61, nt=100),
    "space_imex": lambda: _orders("imex", (50, 100, 200), nv=64),
    "time": lambda: [{"eps": e, "q": q} | r for e in (1.0, 1e-2, 1e-8) for q in (1, 2, 3)
                     for r in verify.time_orders(e, (10, 20, 40, 80), q)],
    "uniformity": lambda: verify.uniformity(_SCAN, (25, 50, 100)),
    "conservation": lambda: verify.conservation((1e8, 1.0, 1e-2, 1e-8)),
    "positivity": _positivity,
    "domain": lambda: [{"problem": p.name} | verify.domain_effect(p, e)
                       for p in (BGK_SMOOTH, BGK_LAYER) for e in (1.0, 0.1, 1e-3)],
    "free_flight": lambda: [{"problem": p.name} | r for p in (BGK_SMOOTH, BGK_LAYER)
                            for r in limits.free_flight(p)],
    "euler_riemann": lambda: limits.euler_riemann((100, 200, 400, 800)),
    "fluid": lambda: limits.fluid_orders(_FLUID),
    "balance": _balance,
}  # fmt: skip


def measure(name: str) -> dict:
    """One table: its rows, and the processor time they took."""
    started = time.process_time()
    rows = TABLES[name]()
    return {"seconds": round(time.process_time() - started, 1), "rows": rows}


def read_tables() -> dict[str, list[dict]]:
    """Rows of the stored tables, by name; undefined orders are nan."""
    return {table.key: [{k: math.nan if v is None else v for k, v in r.items()}
                        for r in table.values["rows"]] for table in read(_NAME)}  # fmt: skip


def main(names: list[str]) -> None:
    """Measure the named tables, all (``--force``), or what is missing or other code made."""
    names = list(TABLES) if "--force" in names else names
    if unknown := set(names) - set(TABLES):
        raise SystemExit(f"found tables {sorted(unknown)}; expected some of {list(TABLES)}")
    stored, now = Table.named(_NAME), here(roots=[__spec__.name])
    for name in names or [name for name in TABLES if not stored.has(name, now)]:
        found = measure(name)
        for r in found["rows"]:
            r.update({k: None for k, v in r.items() if v != v})  # JSON has no nan
        stored.put(name, found, here(roots=[__spec__.name]))
        print(f"{name}: {found['seconds']} s")


if __name__ == "__main__":
    main(sys.argv[1:])
