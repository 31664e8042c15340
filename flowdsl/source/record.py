"""Frozen, slotted value classes without the import cost of `dataclasses`.

`flowdsl check` must start in the time of one small import, and `dataclasses` alone costs more than
the whole lexer. `Record` gives what the compiler needs from it: declared fields, defaults,
`__slots__`, `__match_args__` and a `repr`. mypy enforces immutability (`frozen_default`), not the
running program, so that building a node stays one call.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, dataclass_transform

_FEW = 20
"""Instances of a class from which on a generated `__init__` pays."""


def _initialise_few(self: Any, *values: Any, **named: Any) -> None:
    """The `__init__` of a record class until it has some instances.

    Generating one takes as long as making fifty instances with this one. Wrong arguments are left
    to the generated one, which raises what Python always raises.
    """
    record = type(self)
    fields, defaults = record._fields, record._defaults
    record._made += 1
    rest = fields[len(values) :]
    given = defaults | named if rest or named else named
    if (
        record._made > _FEW
        or len(values) > len(fields)
        or not given.keys() >= set(rest)
        or not named.keys() <= set(rest)
    ):
        record.__init__ = _initialiser(fields, defaults)
        record.__init__(self, *values, **named)
        return
    for name, value in zip(fields, values, strict=False):
        setattr(self, name, value)
    for name in rest:
        setattr(self, name, given[name])


def _initialiser(fields: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """An `__init__` for these fields, generated as source."""
    parameters = [f"{name}=_defaults[{name!r}]" if name in defaults else name for name in fields]
    body = [f"    self.{name} = {name}" for name in fields] or ["    pass"]
    source = f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(body)
    namespace: dict[str, Any] = {"_defaults": defaults}
    exec(source, namespace)
    return namespace["__init__"]


@dataclass_transform(frozen_default=True, eq_default=False)
class _RecordType(type):
    """Turns the annotations of a class body into slots and an `__init__`."""

    def __new__(
        mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], eq: bool = False
    ) -> type:
        own = tuple(body.get("__annotations__", ()))
        fields: tuple[str, ...] = own
        defaults = {field: body.pop(field) for field in own if field in body}
        for parent in bases:
            if parent is not Record:
                fields = parent._fields + fields  # type: ignore[attr-defined]
                defaults = parent._defaults | defaults  # type: ignore[attr-defined]
        body["__slots__"] = own
        body["_fields"] = fields
        body["_defaults"] = defaults
        body["__match_args__"] = fields
        if own and "__init__" not in body:
            body["__init__"] = _initialise_few
            body["_made"] = 0
        if eq:
            body["__eq__"] = _equal
            body["__hash__"] = _hash
        if eq or any(hasattr(parent, "_values") for parent in bases):
            body["_values"] = property(attrgetter(*fields) if fields else _nothing)
        return super().__new__(mcls, name, bases, body)


def _nothing(record: Any) -> tuple[Any, ...]:
    return ()


def _equal(self: Any, other: Any) -> bool:
    return type(self) is type(other) and self._values == other._values


def _hash(self: Any) -> int:
    return hash((type(self), self._values))


class Record(metaclass=_RecordType):
    """Base of frozen value classes; subclasses declare fields by annotation.

    Instances compare and hash by identity. `class Point(Record, eq=True)` compares and hashes by
    value.
    """

    def __repr__(self) -> str:
        fields: tuple[str, ...] = self._fields  # type: ignore[attr-defined]
        return f"{type(self).__name__}({', '.join(f'{f}={getattr(self, f)!r}' for f in fields)})"

    def __replace__(self, **changes: Any) -> Any:
        """A copy with some fields changed (the protocol of `copy.replace` in Python 3.13)."""
        fields: tuple[str, ...] = self._fields  # type: ignore[attr-defined]
        return type(self)(**({f: getattr(self, f) for f in fields} | changes))
