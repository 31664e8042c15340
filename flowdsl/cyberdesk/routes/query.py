"""Query parameters of lists."""

from __future__ import annotations

from collections.abc import Sequence


def chosen(
    *, include: Sequence[str] = (), **params: str | int | bool | list[str] | None
) -> dict[str, str | int | bool | list[str]]:
    """The parameters that are not None, and the names of `include`, if any, joined by commas.

    A list becomes one parameter for each of its values.
    """
    given = {name: value for name, value in params.items() if value is not None}
    if include:
        given["include"] = ",".join(include)
    return given
