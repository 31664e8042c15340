"""The one place where an address on a command line is read, for commands that know what there is before the engine begins."""

from __future__ import annotations

from collections.abc import Collection

from flowdsl.config.address import Address
from flowdsl.deploy.addressing import NoSuchAddress, address_in

from ..failure import UsageError

SOURCES = "the sources of this project"
"""Where the addresses of workflows come from, in a message."""


def read_address(word: str, known: Collection[Address], where: str) -> Address:
    """The one of the addresses `known` that `word` means; raises `UsageError`."""
    try:
        return address_in(word, known, where)
    except NoSuchAddress as none:
        raise UsageError(str(none)) from None
