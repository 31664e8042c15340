"""Addresses, such as `workflow.intake`: how FlowDSL names the objects that it manages.

This module alone knows how an address is put together; all others ask it for `kind` and `name`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

WORKFLOW: Final = "workflow"
TAG: Final = "tag"
TAG_GROUP: Final = "tag_group"
MODEL: Final = "model"
IMAGE: Final = "image"

MANAGED = (WORKFLOW, TAG, TAG_GROUP, MODEL)
"""Kinds of objects that state holds and that a project can adopt and give up."""

KINDS = (*MANAGED, IMAGE)


class NotAnAddress(ValueError):
    """A text that is no address; the message says how one is written."""


class Address(str):
    """The kind of an object and its name, immutable; as text `<kind>.<name>`.

    It is a string, so that it sorts, hashes and is written to JSON as its text. mypy keeps plain
    strings out of where an address is wanted. A kind has no dot, but a name may have some: the name
    of a tag is any text.
    """

    __slots__ = ()

    def __new__(cls, kind: str, name: str) -> Self:
        return super().__new__(cls, f"{kind}.{name}")

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str]]:
        return self.unchecked, (str(self),)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that `text` spells; raises `NotAnAddress`."""
        kind, _, name = text.partition(".")
        if kind not in KINDS or not name:
            raise NotAnAddress(
                f"`{text}` is no address; one is written `KIND.NAME`, and a kind is one of "
                + ", ".join(KINDS)
            )
        return cls(kind, name)

    @classmethod
    def unchecked(cls, text: str) -> Self:
        """`text` as an address, letter for letter: for documents that FlowDSL wrote, and for marks.

        A document is not refused for a kind that only a later version knows. Without a dot in
        `text`, kind and name are empty.
        """
        return super().__new__(cls, text)

    @property
    def kind(self) -> str:
        """The kind of the object: one of `KINDS`, unless the address is unchecked."""
        return self[: max(self.find("."), 0)]

    @property
    def name(self) -> str:
        """A workflow's name in source, a model's alias, a picture's SHA-256, a tag's name."""
        return self.partition(".")[2]


def workflow_address(name: str) -> Address:
    """The address of the workflow that the sources call `name`."""
    return Address(WORKFLOW, name)
