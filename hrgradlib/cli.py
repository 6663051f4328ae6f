"""The command ``hrgrad``: train, evaluate, list; sets of runs and the book's stored results."""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hrgradlib._system.interrupt import Interrupts
from hrgradlib._system.plain import speak_plainly
from hrgradlib.experiments._children import end_with_parent
from hrgradlib.experiments._commands import add_commands
from hrgradlib.experiments.campaign import CampaignError
from hrgradlib.experiments.cases import CASES
from hrgradlib.experiments.conservation import conserving
from hrgradlib.experiments.evaluation import PIECE
from hrgradlib.experiments.folder import FolderError
from hrgradlib.experiments.networks import load_solution
from hrgradlib.experiments.places import COORDINATES
from hrgradlib.experiments.runner import RunError, WriteError, run
from hrgradlib.experiments.sizes import TooLarge
from hrgradlib.experiments.solution import Solution, SolutionError
from hrgradlib.experiments.specs import PROFILES, SETTINGS, SpecError, check_number, make_spec
from hrgradlib.experiments.store import StoreError
from hrgradlib.training import METHODS
from hrgradlib.training._extras import MethodUnavailable
from hrgradlib.training.loop import CheckpointError, Interrupted, TrainingFailed

__all__ = ["DEFAULT_METHOD", "main"]

DEFAULT_METHOD = "hrgrad-gn"  # the safest at a minute or two: chapter 13
BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code (2: bad input, 1: it failed, 130: interrupted).

    Whatever goes wrong is one line on stderr. What is none of ours to foresee says its kind, and
    where it was raised if ``HRGRAD_TRACEBACK`` is set.
    """
    speak_plainly(sys.stdout, sys.stderr)
    try:
        options = _parser().parse_args(arguments)
        end_with_parent()
        with Interrupts() as interrupts, interrupts.at_once():
            return options.action(options)
    except (SpecError, RunError, CheckpointError, SolutionError, StoreError, TooLarge) as error:
        return _fail(error, BAD_INPUT)
    except MethodUnavailable as error:
        return _fail(error, BAD_INPUT)
    except (TrainingFailed, WriteError, CampaignError, FolderError) as error:
        return _fail(error, FAILED)
    except (Interrupted, KeyboardInterrupt) as error:
        return _fail(str(error) or "interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("HRGRAD_TRACEBACK"):
            raise
        reason = (str(error).splitlines() or ["no reason given"])[0]
        kind = type(error).__name__
        return _fail(f"{kind}: {reason} (HRGRAD_TRACEBACK=1 shows where)", FAILED)


def _fail(error: object, code: int) -> int:
    print(f"hrgrad: {error}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        # argparse takes -1e-2 for an option: it knows negative numbers without exponents only.
        self._negative_number_matcher = re.compile(
            r"-(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|-(inf|nan)$", re.IGNORECASE
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="hrgrad", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("run", help="train one network and judge it against the reference")
    one.add_argument("problem", help="see hrgrad list")
    one.add_argument("--method", default=DEFAULT_METHOD, help=f"default {DEFAULT_METHOD}")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--out", type=Path, required=True, help="new folder for the results")
    one.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    one.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    for name, kind in SETTINGS.items():
        flag, text = f"--{name.replace('_', '-')}", "instead of the profile's or tuned value"
        if kind is bool:
            one.add_argument(
                flag,
                action="store_true",
                default=None,
                help="descend on every current task gradient",
            )
        else:
            one.add_argument(flag, type=kind, help=text)
    one.set_defaults(action=_run)

    values = commands.add_parser("evaluate", help="print the density of a trained network as CSV")
    values.add_argument("folder", type=Path, help="what hrgrad run wrote to --out; or book:NAME")
    for name in ("t", "x", "eps"):
        values.add_argument(f"--{name}", type=float, nargs="+", required=True)
    values.add_argument("--y", type=float, nargs="+", help="second coordinate, in two dimensions")
    values.add_argument(
        "--conserve",
        action="store_true",
        help="with the mass (of BGK momentum and energy too) that a periodic problem keeps",
    )
    values.set_defaults(action=_evaluate)

    listing = commands.add_parser("list", help="problems, methods, profiles")
    listing.set_defaults(action=_list)

    one.add_argument("--profile", default="quick")
    one.add_argument("--device", default="auto", help="auto, cpu or cuda")
    one.add_argument("--quiet", action="store_true", help="no progress bar")
    add_commands(commands)
    return parser


def _run(options: argparse.Namespace) -> int:
    changes = {name: getattr(options, name) for name in SETTINGS}
    spec = make_spec(options.problem, options.method, options.profile, options.seed, **changes)
    check_number("threads", options.threads, "[1, inf)")
    result = run(spec, options.out, options.device, options.resume, options.quiet, options.threads)
    what = ", ".join(result["quantities"])
    print(
        f"{spec.problem} {spec.method} seed {spec.seed}: max relative L2 error ({what}) "
        f"{result['max_error']:.2e} after {result['seconds']:.1f} s of training"
    )
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    solution = load_solution(options.folder)
    if options.conserve:
        solution = conserving(solution)
    if (solution.dimensions == 1) != (options.y is None):
        raise SolutionError(
            f"found a problem of dimension {solution.dimensions} and "
            f"{'no --y' if options.y is None else '--y'}; expected --y in two dimensions alone"
        )
    names = ["t", *COORDINATES[: solution.dimensions], "eps"]
    axes = [np.array(getattr(options, name)) for name in names]
    for k, axis in enumerate(axes):  # refuse before anything is printed
        next(_columns(solution, *(axis if i == k else axes[i][0] for i in range(len(axes)))))
    shape = tuple(len(axis) for axis in axes)
    velocity = ["velocity"] if solution.dimensions == 1 else [f"velocity_{n}" for n in names[1:-1]]
    print(",".join([*names, "density", *velocity, "temperature"]))
    for start in range(0, math.prod(shape), PIECE):
        places = np.arange(start, min(start + PIECE, math.prod(shape)))
        index = np.unravel_index(places, shape)
        grid = [axis[i] for axis, i in zip(axes, index, strict=True)]
        for row in zip(*grid, *_columns(solution, *grid), strict=True):
            print(",".join(f"{value:.7g}" for value in row))
    return 0


def _columns(solution: Solution, t: NDArray, *rest: NDArray) -> Iterator[NDArray]:
    """Density, components of the velocity, temperature at (t, coordinates, ε) that broadcast."""
    *places, eps = rest
    x = places[0] if len(places) == 1 else np.stack(np.broadcast_arrays(*places), -1)
    yield solution.density(t, x, eps)
    yield from np.atleast_2d(solution.velocity(t, x, eps).T)
    yield solution.temperature(t, x, eps)


def _list(options: argparse.Namespace) -> int:
    tables = {
        "problems": {name: case.summary for name, case in CASES.items()},
        "methods": {name: method.summary for name, method in METHODS.items()},
        "profiles": {
            name: ", ".join(f"{k} {v}" for k, v in p.items()) for name, p in PROFILES.items()
        },
    }
    for title, table in tables.items():
        print(f"{title}:")
        for name, text in table.items():
            print(f"  {name:20s} {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
