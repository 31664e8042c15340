"""Resolves an address that a person typed: `workflow.NAME`, or a unique `NAME`. Pure."""

from __future__ import annotations

from collections.abc import Collection

from flowdsl.config.address import Address
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.source.failure import FlowdslError


class NoSuchAddress(FlowdslError):
    """A text matches no address, or several; the message lists the existing addresses."""


def address_in(word: str, known: Collection[Address], where: str) -> Address:
    """Return the address among `known` that `word` names; raises `NoSuchAddress`.

    `where` completes "there is no such address in ..." in the message.
    """
    if (address := Address.unchecked(word)) in known:
        return address
    named = sorted(each for each in known if each.name == word)
    if len(named) == 1:
        return named[0]
    shown = make_printable(word)
    if named:
        raise NoSuchAddress(f"`{shown}` may be {join_names(named)} in {where}; write one of them")
    by_name = {each.name: each for each in known}
    nearest = find_closest_name(word, known) or by_name.get(find_closest_name(word, by_name) or "")
    there = f"there are {join_names(known)}" if known else "there are none"
    if nearest is not None:
        there = f"`{nearest}` exists"
    raise NoSuchAddress(f"`{shown}` is no address in {where}; {there}")
