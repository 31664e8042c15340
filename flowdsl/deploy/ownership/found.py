"""What a search for the workflows of a project whose state is lost has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flowdsl.config.address import Address


@dataclass(frozen=True, slots=True)
class Named:
    """A workflow of the organisation that is told to people."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """One workflow that state will know.

    `by` says how it was found: by its `mark`, or in a list of `ids`. `wanted` is the address that the source has for it,
    None where it has none; where it is not `address`, the next deploy moves it there. `created_as` is the address in its
    mark. `copies` carry the same mark, as duplicates do. `replaces` is an id that state holds and that does not exist.
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
    """A workflow in source that nothing was found for. `namesakes` have its display name, which proves nothing."""

    address: Address
    name: str
    namesakes: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found, sorted by address; what was left alone and why, a line each; what the next deploy will create."""

    recovered: tuple[Recovered, ...]
    remarks: tuple[str, ...]
    unfound: tuple[Unfound, ...]
