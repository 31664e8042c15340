"""Frozen, slotted value classes without the import cost of `dataclasses`.

`flowdsl check` must start in the time of one small import, and `dataclasses` alone costs more than
the whole lexer. `Record` gives what the compiler needs from it: declared fields, defaults,
`__slots__`, `__match_args__` and a `repr`. mypy enforces immutability (`frozen_default`), not the
running program, so that building a node stays one call.
"""

from __future__ import annotations

from operator import attrgetter, is_
from typing import Any, TypeVar, dataclass_transform

TYPE_CHECKING = False

_FEW = 20
"""Instances of a class from which on a generated `__init__` pays."""


def _initialise_few(self: Any, *values: Any, **named: Any) -> None:
    """The `__init__` of a record class until it has some instances.

    Generating one takes as long as making fifty instances with this one. Wrong arguments are left
    to the generated one, which raises what Python always raises.
    """
    record = type(self)
    fields, defaults = record._fields, record._defaults
    counts = record._counts
    counts[0] += 1
    rest = fields[len(values) :]
    given = {**defaults, **named} if rest or named else named
    if (
        counts[0] > _FEW
        or (values and (record._kw_only or len(values) > len(fields)))
        or (rest and not given.keys() >= {*rest})
        or (named and not named.keys() <= {*rest})
    ):
        record.__init__ = _make_initialiser(fields, defaults, record._kw_only)
        record.__init__(self, *values, **named)
        return
    for name, value in zip(fields, values, strict=False):
        setattr(self, name, value)
    for name in rest:
        setattr(self, name, given[name])


def _make_initialiser(fields: tuple[str, ...], defaults: dict[str, Any], kw_only: bool) -> Any:
    """An `__init__` for these fields, generated as source."""
    parameters = [f"{name}=_defaults[{name!r}]" if name in defaults else name for name in fields]
    if kw_only and parameters:
        parameters.insert(0, "*")
    body = [f"    self.{name} = {name}" for name in fields] or ["    pass"]
    source = f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(body)
    namespace: dict[str, Any] = {"_defaults": defaults}
    exec(source, namespace)
    return namespace["__init__"]


def _copy_few(self: Any, **changes: Any) -> Any:
    """The `__replace__` of a record class until it has made some copies, as `_initialise_few`."""
    record = type(self)
    record._counts[1] += 1
    if record._counts[1] > _FEW:
        record.__replace__ = _make_copier(record._fields)
        return record.__replace__(self, **changes)
    return _copy(self, changes)


def _copy(self: Any, changes: dict[str, Any]) -> Any:
    return type(self)(**({name: getattr(self, name) for name in self._fields} | changes))


def _make_copier(fields: tuple[str, ...]) -> Any:
    """A `__replace__` for these fields, generated as source."""
    parameters = "".join(f", {name}=_SAME" for name in fields)
    body = [f"    new.{name} = self.{name} if {name} is _SAME else {name}" for name in fields]
    source = f"def __replace__(self, *{parameters}):\n    new = _new(_type(self))\n"
    namespace: dict[str, Any] = {"_SAME": object(), "_new": object.__new__, "_type": type}
    exec("\n".join((source, *body, "    return new")), namespace)
    return namespace["__replace__"]


class _Uncompared:
    """The default of a field that does not count where instances are compared."""

    def __init__(self, default: Any) -> None:
        self.default = default


def uncompared(*, default: Any) -> Any:
    """A default, of a field that does not count where instances are compared by value."""
    return _Uncompared(default)


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(uncompared,))
class _RecordType(type):
    """Turns the annotations of a class body into slots and an `__init__`.

    A class inherits its fields, and `eq` and `kw_only` with them.

    The classes that it makes are plain ones, of type `type`: Python compares those itself, where
    it calls the metaclass of others for every `isinstance` and `case` that does not hold, which
    takes four times as long. What others are derived from (`base=True`) is an instance of this
    class instead, which has no instances and stands for `plain`, the class that they inherit from.
    """

    plain: type

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        eq: bool = False,
        kw_only: bool = False,
        base: bool = False,
        extra: tuple[str, ...] = (),
    ) -> type:
        bases = tuple(each.plain if isinstance(each, _RecordType) else each for each in bases)
        own = tuple(body.get("__annotations__", ()))
        fields: tuple[str, ...] = own
        defaults = {field: body.pop(field) for field in own if field in body}
        apart = {field for field, each in defaults.items() if isinstance(each, _Uncompared)}
        defaults |= {field: defaults[field].default for field in apart}
        for parent in bases:
            fields = parent._fields + fields  # type: ignore[attr-defined]
            defaults = parent._defaults | defaults  # type: ignore[attr-defined]
            apart |= parent._uncompared  # type: ignore[attr-defined]
            kw_only = kw_only or parent._kw_only  # type: ignore[attr-defined]
        body["__slots__"] = (*own, *extra)
        body["_fields"] = fields
        body["_defaults"] = defaults
        body["_uncompared"] = apart
        body["_kw_only"] = kw_only
        body["__match_args__"] = () if kw_only else fields
        if own and "__init__" not in body:
            body["__init__"] = _initialise_few
            body["__replace__"] = _copy_few
            # Instances and copies; an attribute of the class would empty Python's caches each time.
            body["_counts"] = [0, 0]
        if eq:
            body["__eq__"] = _equal
            body["__hash__"] = _hash
        if eq or any(hasattr(parent, "_values") for parent in bases):
            compared = [field for field in fields if field not in apart]
            body["_values"] = property(attrgetter(*compared) if compared else _no_values)
        plain = type(name, bases, body)
        if not base:
            return plain
        names = {"plain": plain, "__doc__": plain.__doc__, "__module__": plain.__module__}
        return super().__new__(mcls, name, (), names)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.plain)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other.plain if isinstance(other, _RecordType) else other, cls.plain)

    if not TYPE_CHECKING:  # no class has every attribute

        def __getattr__(cls, name: str) -> Any:
            return getattr(cls.plain, name)


def _no_values(record: Any) -> tuple[Any, ...]:
    return ()


def _equal(self: Any, other: Any) -> bool:
    return self is other or (type(self) is type(other) and self._values == other._values)


def _hash(self: Any) -> int:
    return hash(self._values)


class Record(metaclass=_RecordType, base=True):
    """Base of frozen value classes; subclasses declare fields by annotation.

    Instances compare and hash by identity. `class Point(Record, eq=True)` compares and hashes by
    value. With `kw_only=True` fields are given by name alone, so that one without a default may
    follow one that has a default. All instances share a default. A class from which others are
    derived says `base=True`, and has no instances of its own. `extra` are further attributes, which
    are no fields: they are not given, compared or copied.
    """

    def __init_subclass__(cls) -> None:
        if "_fields" not in vars(cls):
            raise TypeError(f"`{cls.__name__}` derives from a record without `base=True`")

    def __repr__(self) -> str:
        fields: tuple[str, ...] = self._fields  # type: ignore[attr-defined]
        return f"{type(self).__name__}({', '.join(f'{f}={getattr(self, f)!r}' for f in fields)})"

    def __replace__(self, **changes: Any) -> Any:
        """A copy with some fields changed (the protocol of `copy.replace` in Python 3.13)."""
        return _copy(self, changes)


_AnyRecord = TypeVar("_AnyRecord", bound=Record)
_NOTHING = object()
"""Marks a field that does not exist, which the copy rejects."""


def replace(record: _AnyRecord, /, **changes: Any) -> _AnyRecord:
    """Return a record with some fields changed, or the record itself if nothing changes.

    Most passes leave most of a program unchanged, and building a new record costs more than
    comparing.
    """
    for name, value in changes.items():
        before = getattr(record, name, _NOTHING)
        if before is not value and (type(value) is not tuple or not is_unchanged(before, value)):
            changed: _AnyRecord = record.__replace__(**changes)
            return changed
    return record


def is_unchanged(before: Any, after: Any) -> bool:
    """Whether a field holds the same object as before, or a tuple of the same objects."""
    return before is after or (
        isinstance(before, tuple)
        and isinstance(after, tuple)
        and len(before) == len(after)
        and all(map(is_, before, after))
    )


def field_names(class_: type) -> tuple[str, ...]:
    """The names of the fields of a class of records, in their order; empty for other classes."""
    # A record is a plain class; a named tuple has `_fields`, too, but no `_defaults`.
    return class_._fields if hasattr(class_, "_defaults") else ()  # type: ignore[attr-defined]


def field_defaults(class_: type[Record]) -> dict[str, Any]:
    """The defaults of those fields of a class that have one."""
    defaults: dict[str, Any] = class_._defaults  # type: ignore[attr-defined]
    return defaults
