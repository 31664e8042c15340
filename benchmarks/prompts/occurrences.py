"""How often does each construct occur among generated programs, and each pair of constructs?

    python benchmarks/prompts/occurrences.py [--programs N] [--seed S] [--rarest R]

The programs are those of `law.py`. Prints in how many of them each construct of
`tests/support/meaning/constructs.py` occurs, and of the pairs of the constructs that are wanted
together how many there are, the R rarest, and those that never occur. Exits 1 where a construct or
such a pair stands at 0. Needs the development dependencies.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.meaning.checked import checked  # noqa: E402
from tests.support.meaning.constructs import (  # noqa: E402
    EXPECTED,
    IMPOSSIBLE,
    WANTED,
    constructs,
)
from tests.support.meaning.generator.programs import program  # noqa: E402


def counted(seeds: range) -> tuple[int, Counter[str], Counter[tuple[str, str]]]:
    """How many programs check, and in how many each construct and each pair occurs."""
    singles: Counter[str] = Counter(dict.fromkeys(EXPECTED, 0))
    possible = set(combinations(sorted(WANTED), 2)) - IMPOSSIBLE.keys()
    pairs: Counter[tuple[str, str]] = Counter(dict.fromkeys(sorted(possible), 0))
    count = 0
    for seed in seeds:
        found = checked(program(seed))
        if found is not None:
            count += 1
            names = constructs(found.source)
            singles.update(names)
            pairs.update(possible.intersection(combinations(sorted(names & WANTED), 2)))
    return count, singles, pairs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first program")
    parser.add_argument("--rarest", type=int, default=20, help="pairs that are told")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.programs)
    count, singles, pairs = counted(seeds)
    print(f"{count} programs")
    for name, times in singles.most_common():
        print(f"{times:8}  {name}")
    print(f"\n{len(pairs)} pairs of {len(WANTED)} constructs, the rarest:")
    for (one, other), times in pairs.most_common()[: -options.rarest - 1 : -1]:
        print(f"{times:8}  {one}  +  {other}")
    missing = [
        *(name for name in singles if not singles[name]),
        *(p for p in pairs if not pairs[p]),
    ]
    print(f"{len(missing)} never occur")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
