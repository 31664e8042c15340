"""Many rows of one claim in a few tests.

To collect, announce and report a test takes longer than most rows do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

T = TypeVar("T")

Check = Callable[[T], None]


def check_rows(rows: Iterable[T], check: Check[T], name: Callable[[T], object] = str) -> None:
    """Check every row, also after one that fails.

    Raises an `ExceptionGroup` that names all that do.
    """
    failures: list[Exception] = []
    names: list[str] = []
    for row in rows:
        try:
            check(row)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - every row has its turn
            failure = error if isinstance(error, Exception) else AssertionError(str(error))
            failure.add_note(f"row: {name(row)}")
            failures.append(failure)
            names.append(str(name(row)))
    if failures:
        raise ExceptionGroup(f"{len(failures)} rows fail: {', '.join(names)}", failures)


def for_rows(
    rows: Callable[[], Iterable[T]],
    *,
    name: Callable[[T], object] = str,
    parts: int = 1,
    fewest: int = 1,
) -> Callable[[Check[T]], Callable[[int], None]]:
    """Make the test of one row the test of all, or `parts` tests of a share each.

    Workers run the parts beside each other. Rows are found when the test runs: a worker that
    collects reads none. The test fails, too, where there are fewer than `fewest` of them in all.
    """

    def decorate(check: Check[T]) -> Callable[[int], None]:
        @pytest.mark.parametrize("part", range(parts))
        def test(part: int) -> None:
            every = list(rows())
            assert len(every) >= fewest, f"only {len(every)} rows were found"
            check_rows(every[part::parts], check, name)

        test.__name__, test.__qualname__ = check.__name__, check.__qualname__
        test.__doc__, test.__module__ = check.__doc__, check.__module__
        return test

    return decorate
