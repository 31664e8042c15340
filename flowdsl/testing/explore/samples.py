"""Values of a type, made up, and which others there are to choose from.

A value on which nothing depends has one choice. One that decides has more: missing or there, each
value of an enum, the literals that it is compared with and what lies beside them, lists of other
lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, assert_never

from flowdsl.semantics import types
from flowdsl.semantics.types import NO_CONSTRAINTS, Constraints
from flowdsl.source.matching_text import matching_text
from flowdsl.source.patterns import is_found

from .choices import Choices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from .deciding import Path

    Literals: TypeAlias = Callable[[Path], list[Any] | None]
    """The literals that a value is compared with, by its path; None where nothing depends on it."""

_TEXTS: dict[str, tuple[str, ...]] = {
    "string": ("text", "another text"),
    "date": ("2026-01-31", "2026-02-28", "1970-01-01"),
    "datetime": ("2026-01-31T09:30:00Z", "2026-02-28T10:00:00Z", "1970-01-01T00:00:00Z"),
    "time": ("09:30", "17:45", "00:00"),
    "email": ("ann@example.test", "bo@example.test"),
    "url": ("https://example.test/", "https://example.test/b"),
    "file": ("C:/Reports/a.pdf", "C:/Reports/b.pdf"),
    "any": ("text", "another text"),
}
_COUNTS = (1, 0, 2)
"""How many entries a list has, the usual number first."""


class NoSample(Exception):
    """Nobody knows a value of a field, whose pattern is too much for `matching_text`."""

    def __init__(self, path: Path) -> None:
        super().__init__(".".join(path))


class Samples:
    """Makes values up, each by the choices of a run. `literals` tells what decides."""

    def __init__(self, choices: Choices, literals: Literals) -> None:
        self._choices = choices
        self._literals = literals

    def field(self, field: types.FieldType, path: Path) -> Any:
        """The value of an input or a field, by its names on the wire; None where it is left out."""
        if field.has_default:
            # What is left out has its default; a value that decides may be another one.
            decides = self._literals(path) is not None
            if not decides or not self._choices.choose(2, (path, "given")):
                return None
            return self.value(types.strip_optional(field.type), path, field.constraints)
        return self.value(field.type, path, field.constraints)

    def value(
        self, type_: types.Type, path: Path, constraints: Constraints = NO_CONSTRAINTS, at: int = 0
    ) -> Any:
        """A value of a type; `at` is its place in a list, by which entries differ."""
        match type_:
            case types.Optional(inner):
                if self._literals(path) is None or not self._choices.choose(2, (path, "there")):
                    return None
                return self.value(inner, path, constraints, at)
            case types.ListOf(element):
                entries = range(self._pick(path, _lengths(constraints)))
                return [self.value(element, path, at=number) for number in entries]
            case types.RecordOf(_, fields):
                made = {each.wire_name: self._member(each, path, at) for each in fields}
                return {name: value for name, value in made.items() if value is not None}
            case types.Enum(values):
                return self._pick(path, (*values, *_unlisted(type_, self._literals(path) or ())))
            case types.Primitive("bool"):
                return self._pick(path, (False, True))
            case types.Primitive("int" | "number"):
                return self._pick(path, list(_numbers(self._literals(path) or (), constraints, at)))
            case types.Primitive(name):
                return self._pick(path, _texts(name, self._literals(path) or (), constraints, path))
            case types.Unknown():
                raise AssertionError("the check resolved every type")
            case _:
                assert_never(type_)

    def _member(self, field: types.FieldType, path: Path, at: int) -> Any:
        inner = (*path, field.name)
        if field.has_default:
            return self.field(field, inner)
        return self.value(field.type, inner, field.constraints, at)

    def _pick(self, path: Path, options: Any) -> Any:
        """One of some options, the first where nothing depends on it."""
        if self._literals(path) is None or len(options) < 2:
            return options[0]
        return options[self._choices.choose(len(options), path)]


def _lengths(constraints: Constraints) -> list[int]:
    """The numbers of entries to choose from, as far as a list may have them."""
    least, most = constraints.min_items or 0, constraints.max_items
    lengths = dict.fromkeys(max(count, least) for count in _COUNTS)
    return [count for count in lengths if most is None or count <= most] or [least]


def _numbers(
    literals: Iterable[Any], constraints: Constraints, at: int
) -> Iterable[int | float | Decimal]:
    """Numbers inside their bounds: one, those compared with and their neighbours, another one."""
    low = None if constraints.minimum is None else Decimal(str(constraints.minimum))
    high = None if constraints.maximum is None else Decimal(str(constraints.maximum))
    first = Decimal(1 + at)
    if low is not None:
        first = max(first, low.to_integral_value("ROUND_CEILING"))
    if high is not None:
        first = min(first, high)
    compared = [
        Decimal(str(each))
        for each in literals
        if isinstance(each, int | float | Decimal) and not isinstance(each, bool)
    ]
    beside = [number + step for number in compared for step in (0, 1, -1)]
    for number in dict.fromkeys((first, *beside, first + 1, first - 1)):
        if (low is None or number >= low) and (high is None or number <= high):
            yield int(number) if number == number.to_integral_value() else float(number)


def _unlisted(type_: types.Enum, literals: Iterable[Any]) -> list[str]:
    """Texts that an enum does not list, and that are values of it nevertheless."""
    if not type_.open:
        return []
    texts = dict.fromkeys((*(each for each in literals if isinstance(each, str)), "another text"))
    return [text for text in texts if text not in type_.known]


def _texts(name: str, literals: Iterable[Any], constraints: Constraints, path: Path) -> list[str]:
    """Texts that a field may hold: one, those that it is compared with, another one."""
    examples = [each for each in constraints.examples if isinstance(each, str)]
    compared = [each for each in literals if isinstance(each, str) and each]
    pattern, least, most = constraints.pattern, constraints.min_length or 0, constraints.max_length
    first, *others = (text.ljust(least, "x")[:most] for text in _TEXTS[name])
    made: list[str] = [first]
    if pattern is not None:
        found = (matching_text(pattern, at_least=max(length, least)) for length in (0, 4))
        made, others = [text for text in found if text is not None], []

    def fits(text: str) -> bool:
        has_length = len(text) >= least and (most is None or len(text) <= most)
        return has_length and (pattern is None or is_found(pattern, text))

    fitting = list(filter(fits, dict.fromkeys((*examples, *made, *compared, *others))))
    if not fitting:
        raise NoSample(path)
    if fitting[0] in compared:
        # The usual value is none that something is looked for by.
        fitting.sort(key=lambda each: each in compared)
    return fitting
