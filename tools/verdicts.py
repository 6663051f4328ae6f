"""Write the table of verdicts between the markers of a Markdown file.

    python tools/verdicts.py README.md

The claims are those of chapter 15 that are marked for it, the negative ones first; the verdicts
are computed from book/results.
"""

import argparse
import sys
from pathlib import Path

from hrgradlib.chapters.ch15_claims import everything, negative_first, outcome
from hrgradlib.chapters.ch15_tables import readme_table

BEGIN, END = "<!-- verdicts:begin -->", "<!-- verdicts:end -->"


def block() -> str:
    """What stands between the markers."""
    lines = list(everything().values())
    table = readme_table(negative_first(line for line in lines if line.claim.front))
    return f"Verdicts on {len(lines)} claims: {outcome(lines)}.\n\n{table}"


def with_block(text: str) -> str:
    """A text with today's table between its markers.

    Raises:
        ValueError: the markers are not there, once each and in this order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in after:
        raise ValueError(f"expected {BEGIN} and {END}, once each, in this order")
    return f"{before}{BEGIN}\n\n{block()}\n\n{END}{after}"


def main() -> int:
    """Write the block; 1 if the file cannot be read or has no markers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=Path)
    path = parser.parse_args().file
    try:
        path.write_text(with_block(path.read_text(encoding="utf-8")), encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
