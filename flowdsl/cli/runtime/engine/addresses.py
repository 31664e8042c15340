"""Reading an address of a command line.

For commands that know which addresses there are before the engine begins.
"""

from __future__ import annotations

from collections.abc import Collection

from flowdsl.config.address import Address
from flowdsl.deploy.addressing import NoSuchAddress, address_in

from ..failure import UsageError

SOURCES = "the sources of this project"
"""The place of the addresses of workflows, for a message."""


def read_address(word: str, known: Collection[Address], where: str) -> Address:
    """The address among `known` that `word` means; raises `UsageError`."""
    try:
        return address_in(word, known, where)
    except NoSuchAddress as none:
        raise UsageError(str(none)) from None
