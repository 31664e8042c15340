"""The results of a search for the workflows of a project whose state was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowdsl.config.address import Address


@dataclass(frozen=True, slots=True)
class Named:
    """The id and display name of a workflow, for messages."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """A workflow to be recorded in state, at `address`.

    `by` says how it was found: by its mark, or in a list of ids. `wanted` is its address in the
    source, or None; if it differs from `address`, the next deploy moves it there. `created_as` is
    the address in its mark. `copies` have the same mark, as duplicates do. `replaces` is an id that
    state holds for this address and that no longer exists.
    """

    address: Address
    id: str
    name: str
    generation: int
    by: Literal["mark", "ids"]
    wanted: Address | None = None
    created_as: Address | None = None
    copies: tuple[Named, ...] = ()
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Unfound:
    """A workflow in the source for which no workflow of the service was found.

    `namesakes` have its display name, which proves nothing.
    """

    address: Address
    name: str
    namesakes: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Matches:
    """The result of a search.

    `recovered` is sorted by address. `remarks` has a line for each workflow that was left alone,
    with the reason. `unfound` is what the next deploy will create.
    """

    recovered: tuple[Recovered, ...]
    remarks: tuple[str, ...]
    unfound: tuple[Unfound, ...]
