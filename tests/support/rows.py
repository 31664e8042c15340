"""Many rows of one claim in a few tests.

To collect, announce and report a test takes longer than most rows do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., None])

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

        return _named_after(check, test)

    return decorate


def _named_after(check: Callable[..., None], test: F) -> F:
    """`test` with the name of the function that it makes a test."""
    test.__name__, test.__qualname__ = check.__name__, check.__qualname__
    test.__doc__, test.__module__ = check.__doc__, check.__module__
    return test


def in_rows(
    names: str | Sequence[str],
    rows: Iterable[Any],
    *,
    ids: Callable[[Any], object] | Sequence[object] | None = None,
) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make one test of all rows; the arguments are those of `pytest.mark.parametrize`.

    For tests without fixtures, whose rows need none of their own.
    """
    words = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
    every = [dict(zip(words, [row] if len(words) == 1 else row, strict=True)) for row in rows]

    def name(number: int) -> str:
        if isinstance(ids, Sequence):
            return str(ids[number])
        shown = (str(ids(each)) if ids else repr(each) for each in every[number].values())
        return f"{number}: {'-'.join(shown):.60}"

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            assert every, "no rows were found"
            check_rows(range(len(every)), lambda number: check(**every[number]), name)

        return _named_after(check, test)

    return decorate
