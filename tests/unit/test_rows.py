"""Many rows in one test: each has its turn, and a failure names every row that fails."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.left_out import LEFT_OUT, TESTS, WHOLE, drop
from tests.support.rows import check_rows, for_rows


def test_a_failure_names_every_row_that_fails_and_what_is_wrong_there() -> None:
    seen = []

    def check(row: int) -> None:
        seen.append(row)
        if row == 4:
            pytest.fail("four is too much")
        assert row != 2, "two is no row"

    with pytest.raises(ExceptionGroup) as caught:
        check_rows(range(6), check, lambda row: f"row-{row}")

    assert seen == list(range(6))
    assert caught.value.message == "2 rows fail: row-2, row-4"
    told = [(str(each).splitlines()[0], each.__notes__) for each in caught.value.exceptions]
    assert told == [("two is no row", ["row: row-2"]), ("four is too much", ["row: row-4"])]


def test_parts_are_all_rows_each_once_and_missing_rows_are_noticed() -> None:
    seen = []

    @for_rows(lambda: "abcdefg", parts=3, fewest=7)
    def test_of_a_row(row: str) -> None:
        """What is claimed."""
        seen.append(row)

    for part in range(3):
        test_of_a_row(part)
    assert sorted(seen) == list("abcdefg")
    assert (test_of_a_row.__name__, test_of_a_row.__doc__) == ("test_of_a_row", "What is claimed.")
    (mark,) = test_of_a_row.pytestmark
    assert list(mark.args[1]) == [0, 1, 2]

    with pytest.raises(AssertionError, match="only 7 rows were found"):
        for_rows(lambda: "abcdefg", fewest=8)(seen.append)(0)


def test_what_ends_a_run_ends_it() -> None:
    def check(row: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_rows(range(2), check)


_PROOF = re.compile(r"`([\w/]+?)(?:\.py)?`")


def test_every_entry_names_tests_and_what_proves_their_claims() -> None:
    files = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8"))
    assert list(files) == sorted(files)
    wrong = []
    for file, tests in files.items():
        text = (TESTS / file).read_text(encoding="utf-8")
        for name, entry in tests.items():
            why = entry[1] if isinstance(entry, list) else entry
            proofs = [each for each in _PROOF.findall(why) if "/" in each]
            there = name == WHOLE or f"def {name}(" in text
            if not why or not there or not all(_is_there(each) for each in proofs):
                wrong.append((file, name, why))
    assert wrong == []


def _is_there(proof: str) -> bool:
    return (TESTS / proof).is_dir() or (TESTS / f"{proof}.py").is_file()


def test_rows_stay_at_even_distances() -> None:
    assert drop("abcdefg", 3) == [*"bdfg"]
    assert drop("abcde", [0, 4]) == [*"bcd"]
    assert (drop("ab", 0), drop("ab", 5)) == ([*"ab"], [])
