"""No package grows unnoticed: its figures stand in `sizes.toml`, and a commit may raise them."""

from __future__ import annotations

from tools.sizes import (
    TABLE,
    Size,
    find_growth,
    measure_module,
    measure_repository,
    read_table,
)

MODULE = '''\
"""A docstring
of two lines."""

import os
from pathlib import (
    Path,
)

# A reason.
LIMIT = 3  # lines


def read_file(path: Path) -> str:
    """What it holds."""
    text = """
    a text is code
    """
    return text
'''


def test_no_package_is_larger_than_the_table_says() -> None:
    grown = find_growth(measure_repository(), read_table(TABLE.read_text(encoding="utf-8")))
    assert grown == [], (
        "make it smaller, or `python -m tools.sizes --write` with the reason in the commit"
    )


def test_lines_of_code_are_those_that_do_something() -> None:
    assert measure_module(MODULE) == Size(files=1, lines=18, code=6)


def test_modules_that_a_script_makes_are_left_out() -> None:
    assert measure_module('"""Tables.\n\nTo regenerate: `python -m x`.\n"""\nA = 1\n') == Size()


def test_every_figure_above_the_table_is_reported() -> None:
    sizes = {"flowdsl.a": Size(2, 20, 10), "flowdsl.b": Size(1, 5, 3), "flowdsl.c": Size(1, 1, 1)}
    table = {"flowdsl.a": Size(1, 20, 9), "flowdsl.b": Size(1, 5, 3)}
    assert find_growth(sizes, table) == [
        "flowdsl.a has 2 files of 1",
        "flowdsl.a has 10 lines of code of 9",
        "flowdsl.c is not in the table",
    ]
