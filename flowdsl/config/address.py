"""Addresses, such as `workflow.intake`: how FlowDSL names the objects that it manages.

Only this module knows the syntax of an address; all others use its `kind` and `name`.
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
"""Kinds of objects that are recorded in state and that a project can adopt or release."""

KINDS = (*MANAGED, IMAGE)


class NotAnAddress(ValueError):
    """Raised for a text that is not an address; the message says how one is written."""


class Address(str):
    """The kind of an object and its name, immutable; as text `<kind>.<name>`.

    It is a string, so that it sorts, hashes and is written to JSON as its text. mypy rejects a
    plain string where an `Address` is required. A kind contains no dot, but a name may: the name of
    a tag is any text.
    """

    __slots__ = ()

    def __new__(cls, kind: str, name: str) -> Self:
        return super().__new__(cls, f"{kind}.{name}")

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str]]:
        return self.unchecked, (str(self),)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse an address; raises `NotAnAddress`."""
        kind, _, name = text.partition(".")
        if kind not in KINDS or not name:
            raise NotAnAddress(
                f"`{text}` is no address; one is written `KIND.NAME`, and a kind is one of "
                + ", ".join(KINDS)
            )
        return cls(kind, name)

    @classmethod
    def unchecked(cls, text: str) -> Self:
        """Return `text` as an address without validation, for FlowDSL's own documents and marks.

        A document must not be rejected for a kind that only a later version knows. Without a dot in
        `text`, kind and name are empty.
        """
        return super().__new__(cls, text)

    @property
    def kind(self) -> str:
        """The kind of the object: one of `KINDS`, unless the address is unchecked."""
        return self[: max(self.find("."), 0)]

    @property
    def name(self) -> str:
        """A workflow's name in source, a model's alias, a picture's SHA-256, or a tag's name."""
        return self.partition(".")[2]


def workflow_address(name: str) -> Address:
    """Return the address of the workflow that is called `name` in the sources."""
    return Address(WORKFLOW, name)
