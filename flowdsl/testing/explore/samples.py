"""Generate values of a type, and alternatives to choose from.

A value on which no branch depends has one option. One that decides has more (`Deciding` tells the
two apart): missing or present, each value of an enum, the literals that it is compared with and
their neighbours, lists of other lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar, assert_never

from flowdsl.semantics import types
from flowdsl.semantics.types import NO_CONSTRAINTS, Constraints
from flowdsl.semantics.values.formats import TYPE_OF_FORMAT, has_spelling, is_spelled
from flowdsl.simulate.interpreter.budget import Budget
from flowdsl.source.matching_text import matching_text
from flowdsl.source.patterns import Unusable, may_be_found
from flowdsl.source.record import Record
from flowdsl.testing.explore.deciding import Deciding, Path, Scope

Chosen = tuple[int, ...]
"""The index of the option taken at each choice, in the order of the run."""


class Alternative(Record):
    """An alternative choice: the choices of a run up to a point, then another option.

    - `picked`: the choice, by the `what` of `Choices.choose`, and the index of the other option.
    - `branches`: those that the run had taken up to then.
    - `made`: all choices of the run, of which the one at `at` is replaced.
    """

    picked: tuple[Hashable, int]
    branches: frozenset[Hashable]
    made: Chosen
    at: int

    @property
    def chosen(self) -> Chosen:
        """The choices of the run with this alternative."""
        # A long run has many alternatives: they share its list of choices.
        return (*self.made[: self.at], self.picked[1])


class Choices:
    """The choices of one path: the first ones are `given`, the others are defaults.

    `budget` limits its runs.
    """

    def __init__(self, given: Chosen = (), budget: Budget | None = None) -> None:
        self.budget = Budget() if budget is None else budget
        self._given = given
        self._made: list[int] = []
        self._offered: list[tuple[Hashable, int, frozenset[Hashable]]] = []
        self._branches: frozenset[Hashable] = frozenset()

    @property
    def count(self) -> int:
        """The number of choices so far."""
        return len(self._made)

    def record_branch(self, branch: Hashable) -> None:
        """Record that the run takes a branch."""
        if branch not in self._branches:
            self._branches |= {branch}

    def choose(self, options: int, what: Hashable) -> int:
        """Return the index of the option to take, out of `options`; 0 is the default.

        `what` identifies the choice, such as the path of a value, and is the same in every run.
        """
        at = len(self._made)
        taken = self._given[at] if at < len(self._given) else 0
        self._made.append(taken)
        self._offered.append((what, options, self._branches))
        return taken

    def alternatives(self) -> Iterator[Alternative]:
        """Yield every alternative to the choices after the given ones."""
        made = tuple(self._made)
        for at in range(len(self._given), len(made)):
            what, options, branches = self._offered[at]
            for option in range(1, options):
                yield Alternative((what, option), branches, made, at)


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
_T = TypeVar("_T")
MOST_ENTRIES = MOST_CHARACTERS = 10_000
"""The most entries of a list, and the most characters of a text, that are generated."""
_COUNTS = (1, 0, 2)
"""The numbers of entries of a list, the default first."""


class NoSample(Exception):
    """Raised for a value of which no sample of a usable size keeps type, bounds and spelling."""

    def __init__(self, path: Path) -> None:
        super().__init__(".".join(path))


class Samples:
    """Generates values, each by the choices of a run.

    Values are named in `scope`, and `deciding` tells which of them affect control flow: none
    without it. Values that keep the bounds of the fields they flow into are tried first.
    """

    def __init__(
        self, choices: Choices, deciding: Deciding | None = None, scope: Scope | None = None
    ) -> None:
        self._choices = choices
        self._deciding = deciding
        self._scope = scope

    def _literals(self, path: Path) -> list[Any] | None:
        """Return the literals that branches compare a value with, maybe none.

        None if no branch depends on it, so that it has one option.
        """
        if self._deciding is None or self._scope is None:
            return None
        return self._deciding.literals(self._scope, path)

    def field(self, field: types.FieldType, path: Path) -> Any:
        """Return the value of an input or a field, by wire names; None if it is left out."""
        if field.has_default:
            # A field that is left out has its default; a value that decides may be another one.
            decides = self._literals(path) is not None
            if not decides or not self._choices.choose(2, (path, "given")):
                return None
            return self.value(types.strip_optional(field.type), path, field.constraints)
        return self.value(field.type, path, field.constraints)

    def value(
        self, type_: types.Type, path: Path, constraints: Constraints = NO_CONSTRAINTS, at: int = 0
    ) -> Any:
        """Return a value of a type; `at` is its index in a list, so that entries differ."""
        match type_:
            case types.Optional(inner):
                if self._literals(path) is None or not self._choices.choose(2, (path, "there")):
                    return None
                return self.value(inner, path, constraints, at)
            case types.ListOf(element):
                lengths = _list_lengths(constraints, self._bounds(path))
                if not lengths:
                    raise NoSample(path)
                entries = range(self._pick_option(path, lengths))
                return [self.value(element, path, at=number) for number in entries]
            case types.RecordOf(_, fields):
                made = {each.wire_name: self._member(each, path, at) for each in fields}
                return {name: value for name, value in made.items() if value is not None}
            case types.Enum(values):
                return self._pick_option(
                    path, (*values, *_make_unlisted_texts(type_, self._literals(path) or ()))
                )
            case types.Primitive("bool"):
                return self._pick_option(path, (False, True))
            case types.Primitive("int" | "number" as name):
                literals, bounds = self._literals(path) or (), self._bounds(path)
                numbers = _list_numbers(literals, constraints, bounds, 1 + at, whole=name == "int")
                if not numbers:
                    raise NoSample(path)
                return self._pick_option(path, numbers)
            case types.Primitive(name):
                literals, bounds = self._literals(path) or (), self._bounds(path)
                return self._pick_option(
                    path, _list_texts(name, literals, constraints, bounds, path)
                )
            case types.Unknown():
                raise AssertionError("the check resolved every type")
            case _:
                assert_never(type_)

    def _bounds(self, path: Path) -> list[Constraints]:
        if self._deciding is None or self._scope is None:
            return []
        return [*self._deciding.bounds(self._scope, path)]

    def _member(self, field: types.FieldType, path: Path, at: int) -> Any:
        inner = (*path, field.name)
        if field.has_default:
            return self.field(field, inner)
        return self.value(field.type, inner, field.constraints, at)

    def _pick_option(self, path: Path, options: Any) -> Any:
        """Choose one of some options; the first if no branch depends on it."""
        if self._literals(path) is None or len(options) < 2:
            return options[0]
        return options[self._choices.choose(len(options), path)]


def _list_lengths(constraints: Constraints, bounds: list[Constraints]) -> list[int]:
    """Return the numbers of entries to choose from, within the bounds of the list."""
    least, most = constraints.min_items or 0, constraints.max_items
    wanted = (each.min_items or 0 for each in bounds)
    lengths = dict.fromkeys(max(count, least) for count in (*_COUNTS, *wanted))
    most = MOST_ENTRIES if most is None else min(most, MOST_ENTRIES)
    found = [count for count in lengths if count <= most]

    def keeps(count: int, of: Constraints) -> bool:
        return (of.min_items or 0) <= count and (of.max_items is None or count <= of.max_items)

    return _in_bounds_first(found, bounds, keeps)


def _in_bounds_first(
    options: Iterable[_T], bounds: list[Constraints], keeps: Callable[[_T, Constraints], bool]
) -> list[_T]:
    """Return the options, those first that keep all bounds."""
    return sorted(options, key=lambda each: not all(keeps(each, of) for of in bounds))


def _list_numbers(
    literals: Iterable[Any],
    constraints: Constraints,
    bounds: list[Constraints],
    usual: int,
    *,
    whole: bool,
) -> list[int | float]:
    """Return numbers to choose from: a sample, literals and their neighbours, another one.

    The sample is the number nearest to `usual` that keeps the bounds; those of the value itself
    come last, and so win over others.
    """

    def floor(number: Decimal) -> Decimal:
        return number.to_integral_value("ROUND_FLOOR") if whole else number

    first = Decimal(usual)
    for of in (*bounds, constraints):
        low, high = _limits(of)
        if low is not None:
            first = max(first, low.to_integral_value("ROUND_CEILING"))
        if high is not None:
            first = min(first, floor(high))
    compared = [
        floor(Decimal(str(each)))
        for each in literals
        if isinstance(each, int | float | Decimal) and not isinstance(each, bool)
    ]
    beside = [number + step for number in compared for step in (0, 1, -1)]
    every = dict.fromkeys((first, *beside, first + 1, first - 1))
    fitting = [number for number in every if _is_between(number, constraints)]
    ordered = _in_bounds_first(fitting, bounds, _is_between)
    return [
        int(number) if number == number.to_integral_value() else float(number) for number in ordered
    ]


def _limits(constraints: Constraints) -> tuple[Decimal | None, Decimal | None]:
    low, high = constraints.minimum, constraints.maximum
    return None if low is None else Decimal(str(low)), None if high is None else Decimal(str(high))


def _is_between(number: Decimal, constraints: Constraints) -> bool:
    low, high = _limits(constraints)
    return (low is None or number >= low) and (high is None or number <= high)


def _make_unlisted_texts(type_: types.Enum, literals: Iterable[Any]) -> list[str]:
    """Return valid texts of an open enum that it does not list."""
    if not type_.open:
        return []
    texts = dict.fromkeys((*(each for each in literals if isinstance(each, str)), "another text"))
    return [text for text in texts if text not in type_.known]


def _list_texts(
    name: str,
    literals: Iterable[Any],
    constraints: Constraints,
    bounds: list[Constraints],
    path: Path,
) -> list[str]:
    """Return texts to choose from: a sample, the literals it is compared with, and another one."""
    every = (constraints, *bounds)
    examples = [each for of in every for each in of.examples if isinstance(each, str)]
    compared = [each for each in literals if isinstance(each, str) and each]
    spelling = TYPE_OF_FORMAT.get(constraints.format or "", name)
    usual = list(_TEXTS[spelling])
    made = _make_fitting_texts(constraints, usual)
    first, others = (made[:1], made[1:]) if constraints.pattern is None else (made, [])
    bounded = [text for of in bounds for text in _make_fitting_texts(of, made or usual)]
    fitting = [
        text
        for text in dict.fromkeys((*examples, *first, *bounded, *compared, *others))
        if _fits(text, constraints) and (not has_spelling(spelling) or is_spelled(spelling, text))
    ]
    if not fitting:
        raise NoSample(path)
    if fitting[0] in compared:
        # The default value is not one that a condition looks for.
        fitting.sort(key=lambda each: each in compared)
    return _in_bounds_first(fitting, bounds, _fits)


def _make_fitting_texts(constraints: Constraints, texts: list[str]) -> list[str]:
    """Return texts of a valid length and pattern, derived from `texts` if there is no pattern."""
    least, most = constraints.min_length or 0, constraints.max_length
    if least > MOST_CHARACTERS:
        return []
    if constraints.pattern is None:
        return [text.ljust(least, "x")[:most] for text in texts]
    lengths = (max(length, least) for length in (0, 4))
    found = (matching_text(constraints.pattern, at_least=length) for length in lengths)
    return [text for text in found if text is not None]


def _fits(text: str, constraints: Constraints) -> bool:
    least, most = constraints.min_length or 0, constraints.max_length
    has_length = len(text) >= least and (most is None or len(text) <= most)
    if not has_length or constraints.pattern is None:
        return has_length
    try:
        return may_be_found(constraints.pattern, text)
    except Unusable:
        return False
