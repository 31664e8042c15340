"""Base classes: strict request models, tolerant reply models, and pages of lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from flowdsl.cyberdesk.limits import MAX_ITEMS

Item = TypeVar("Item")
Row = TypeVar("Row")
Items = Annotated[list[Item], Field(max_length=MAX_ITEMS, fail_fast=True)]
"""A list in a reply.

Validation ends at the first invalid item: an error for each would take a hundred times the memory
of the reply.
"""


def _canonical_uuid(text: str) -> str:
    return str(UUID(text))


UuidText = Annotated[str, AfterValidator(_canonical_uuid)]
"""A UUID in the lower-case, hyphenated form of the service's replies."""


class WriteModel(BaseModel):
    """A request body that refuses unknown fields and distinguishes absent from null.

    Error messages do not contain refused values. Fields newer than this client are sent with
    `copy_passing`, which names them one by one. The default of a field represents "absent" and is
    not sent, so it need not be a valid value of the field.
    """

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, protected_namespaces=(), allow_inf_nan=False
    )

    always_sent: ClassVar[tuple[str, ...]] = ()
    """Fields that are sent even when nobody set them."""
    never_sent: ClassVar[frozenset[str]] = frozenset()
    """Fields of the resource that only the service writes."""
    _unread: dict[str, Any] = PrivateAttr(default_factory=dict)

    def copy_passing(self, fields: Mapping[str, Any]) -> Self:
        """Return a copy that also sends `fields`, which this client does not know, unchanged.

        Raises `ValueError` for a field that the model has, or that only the service writes.
        """
        for name in fields:
            if name in type(self).model_fields or name in self.never_sent:
                raise ValueError(f"`{name}` cannot be passed through")
        copy = self.model_copy()
        copy._unread = {**self._unread, **fields}
        return copy

    def model_post_init(self, context: Any, /) -> None:
        self.model_fields_set.update(self.always_sent)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object to send: exactly the fields that were set, and `always_sent`."""
        return self.model_dump(mode="json", exclude_unset=True)

    @model_serializer(mode="wrap")
    def _with_unread(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # `_unread` may replace the default of an `always_sent` field, but never a field that was
        # set.
        return {**handler(self), **self._unread}


class OverlayModel(WriteModel):
    """A request value that the service replaces as a whole.

    Fields of it that FlowDSL does not manage must be sent back unchanged.
    """

    @classmethod
    def lay_over(cls, remote: Mapping[str, Any], owned: Mapping[str, Any]) -> Self:
        """Merge `owned` over the service's copy of the value.

        All other fields of `remote` are sent back unchanged, including those newer than this
        client, except the `never_sent` ones.
        """
        built = cls.model_validate(owned)
        built._unread = {
            key: value
            for key, value in remote.items()
            if key not in owned and key not in cls.never_sent
        }
        return built


class ReadModel(BaseModel):
    """A reply, which keeps unknown fields; an absent field is not in `model_fields_set`.

    Its lists are declared as `Items`.
    """

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True, protected_namespaces=())

    def unknown_fields(self) -> dict[str, Any]:
        """Return the fields that this client does not know, as the service sent them."""
        return dict(self.model_extra or {})

    def as_sent(self) -> dict[str, Any]:
        """Return the fields of the reply, including unknown ones, without absent ones."""
        return self.model_dump(exclude_unset=True)


class ListPage(ReadModel, Generic[Row]):
    """One page of a list; `total` counts the rows that match on all pages."""

    items: Items[Row]
    total: int
    skip: int | None = None
    limit: int | None = None
    included: Items[dict[str, Any]] | None = None
    _size: int = PrivateAttr(0)

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return the name for messages, such as `WorkflowPage`."""
        return f"{params[0].__name__}Page"

    @property
    def size(self) -> int:
        """The size in bytes of the reply that contained this page; 0 for a page without one."""
        return self._size

    def weigh(self, size: int) -> None:
        """Set `size`."""
        self._size = size
