"""Reading an address that a person wrote: `workflow.NAME`, or `NAME` alone where only one thing has it. Pure."""

from __future__ import annotations

from collections.abc import Collection

from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.suggest import closest, listed


class NoSuchAddress(Exception):
    """What was written names nothing, or several things; the message says what exists."""


def address_in(word: str, known: Collection[str], where: str) -> str:
    """The one of the addresses `known` that `word` means; `where` says of what they are, for the message.

    Raises `NoSuchAddress`.
    """
    if word in known:
        return word
    named = sorted(each for each in known if name_of(each) == word)
    if len(named) == 1:
        return named[0]
    shown = printable(word)
    if named:
        raise NoSuchAddress(f"`{shown}` may be {listed(named)} in {where}; write one of them")
    by_name = {name_of(each): each for each in known}
    nearest = closest(word, known) or by_name.get(closest(word, by_name) or "")
    there = f"there are {listed(known)}" if known else "there are none"
    if nearest is not None:
        there = f"`{nearest}` exists"
    raise NoSuchAddress(f"`{shown}` is no address in {where}; {there}")


def name_of(address: str) -> str:
    """The part of an address behind its kind."""
    return address.partition(".")[2]
