"""One body of a generated program: its names, and the values and texts made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from . import texts
from .drawing import Chooser
from .values import ANY, ORDERED, STRING, Field, State, Task, Type, Value, readable

VARIABLES = ("v", "val", "val1", "the_v", "r", "row")
"""Names of runtime variables: few, so that they are set again, and some begin like others."""

SEARCHED = ("string", "enum", "email", "url", "file")
"""The types of values in which a text is looked for."""
PARTS = ("a", "A", "ann", "Lee", "EMPTY", " ", ".", "daily", "]", "C:/a")
"""Texts that are looked for: in plain values, in nasty ones, and in what a missing value spells."""
MATCHED = (
    'greeting matches r"Hi[.] "',
    'greeting matches r"Hi"',
    '"AB" matches r"[A-Z]+"',
    'empty matches r"x?"',
    '"{limit}0" matches r"[0-9]|20"',
)
"""Conditions about patterns, which are decided before a run."""


@dataclass(frozen=True)
class Place:
    """Where a statement stands.

    `main`: the main agent may be needed. `outside`: a decision of the screen may need it, too.
    `loop`: there is a `for` around, `repeated`: a `retry` or `repeat`, `attempt`: a `retry`.
    `locked` are variables that must not be set here, since a loop around would empty what was read
    before it.
    """

    main: bool
    outside: bool = False
    depth: int = 0
    loop: bool = False
    repeated: bool = False
    attempt: bool = False
    top: bool = True
    locked: frozenset[str] = frozenset()

    def inner(self, *, screen: bool) -> Place:
        """The place of what a decision decides; `screen`: only the screen does."""
        main = self.main and screen and self.outside and not self.loop
        return replace(self, depth=self.depth + 1, main=main, top=False)


@dataclass
class Body:
    """The names of one body.

    `fixed` are inputs, parameters, consts and loop variables, `secrets` the names of secrets.
    `types` has the type that a runtime variable has in the whole body, `targets` what was emitted,
    to be declared in the end, `kept` the variables that a `keep` declares, `read` the targets that
    may be read, and `unreadable` names that mean something else somewhere. `closed`: no required
    target may be added any more. `finishes`: it is a task that may end the run.
    `pictures`: the program shows pictures, and so runs no command. `themes` are rare constructs
    that it holds more often than others. `printed`: focused agents have a terminal, so that what a
    command prints can be kept.
    """

    c: Chooser
    fixed: list[Value]
    secrets: tuple[str, ...] = ()
    task: bool = False
    pictures: bool = False
    types: dict[str, tuple[Type, bool, str]] = field(default_factory=dict)
    targets: dict[str, Field] = field(default_factory=dict)
    closed: bool = False
    finishes: bool = False
    main: bool = False
    loops: bool = False
    decides: bool = False
    count: int = 0
    kept: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    unreadable: frozenset[str] = frozenset()
    themes: frozenset[str] = frozenset()
    printed: bool = False

    # Values

    def often(self, theme: str, weight: int) -> int:
        """The weight of a construct, which is larger in a program of its theme."""
        return 6 * weight if theme in self.themes else weight

    def values(self, state: State) -> list[Value]:
        """All that can be read, as far as it is there for certain: what was set last stands first.

        Then come loop variables, and then the inputs or parameters in their order.
        """
        return [
            part
            for value in (
                *reversed(state.set.values()),
                *reversed(state.outputs.values()),
                *self.fixed,
            )
            for part in readable(value, state.present)
        ]

    def having(self, state: State, wanted: Callable[[Value], bool]) -> list[Value]:
        """What can be read and is as wanted, in the order of `values`."""
        return [each for each in self.values(state) if wanted(each)]

    def choose(self, found: list[Value]) -> Value:
        """One of some values, half of the time one of those that were set last."""
        return self.c.pick(found[:3] if self.c.flag() else found)

    def value_for(self, state: State, wanted: Field, *, trusted: bool = False) -> str:
        """The code of a value for a field: something read, or a literal."""
        found = self.having(
            state,
            lambda each: (
                each.type.fits(wanted.type)
                and (wanted.optional or not each.optional)
                and not (trusted and each.untrusted)
            ),
        )
        if found and not self.c.once_in(3):
            same = [each for each in found if each.type.name == wanted.type.name == "any"]
            return self.choose(same or found).code
        return self.literal(state, wanted, trusted=trusted)

    def literal(self, state: State, wanted: Field, *, trusted: bool = False) -> str:
        """A value written out, which may hold something read."""
        type_ = wanted.type
        if wanted.optional and not wanted.absent and self.c.once_in(4):
            return "null"
        if type_.options:
            return self.c.pick(type_.literals)
        if type_.name in ("int", "number") and self.c.once_in(4):
            lists = self.having(state, lambda each: each.type.element is not None)
            if lists:
                return f"count of {self.choose(lists).code}"
        if type_.name == "list":
            assert type_.element is not None
            entry = Field("entry", type_.element)
            entries = [self.value_for(state, entry, trusted=trusted) for _ in self.c.several(0, 2)]
            return f"[{', '.join(entries)}]"
        if type_.name == "record":
            pairs = [
                f"{each.name}: {self.value_for(state, each, trusted=trusted)}"
                for each in type_.fields
                if not (each.optional or each.default) or self.c.flag()
            ]
            return f"{{ {', '.join(pairs)} }}"
        if type_ in (STRING, ANY) and self.c.once_in(3):
            return self.text(state, texts.VALUES, untrusted=not trusted)
        return self.c.pick(texts.LITERALS[type_.name])

    # Texts

    def text(
        self,
        state: State,
        patterns: Iterable[str],
        *,
        untrusted: bool = False,
        fixed: bool = False,
        command: bool = False,
        secret: bool = False,
        typed: bool = False,
        title: bool = False,
    ) -> str:
        """A text, with a value that is there for certain where the pattern has room for one.

        `typed`: it is typed, as a value of the type `any` is not. `title`: it holds no const, which
        may end like an instruction.
        """
        pattern = self.c.pick(tuple(patterns))
        if "@@" not in pattern:
            return pattern
        if secret and self.secrets and "@@@" not in pattern and self.c.once_in(4):
            return pattern.replace("@@", f"{{${self.c.pick(self.secrets)}}}")
        whole = "@@@" in pattern
        if not fixed and not whole and self.c.once_in(8):
            lists = self.having(state, lambda each: each.type.element is not None)
            if lists:
                return pattern.replace("@@", f"{{count of {self.choose(lists).code}}}")
        found = self.having(
            state,
            lambda each: (
                each.type.scalar != whole
                and not (each.optional or each.type.has_gaps)
                and (untrusted or not each.untrusted)
                and not (fixed and each.runtime)
                and (not command or each.command)
                and (not typed or each.type.name != "any")
                and not (title and each.constant)
            ),
        )
        slot = "@@@" if whole else "@@"
        return pattern.replace(slot, self.choose(found).text if found else "it")

    # Conditions

    def condition(self, state: State, depth: int = 0) -> tuple[str, bool, str, str]:
        """A condition.

        With it whether only the screen decides, the code of a value that is there where it holds,
        and of one that is there where it does not.
        """
        values = self.values(state)
        optional = [each for each in values if each.optional]
        emptiable = optional or [each for each in values if each.type.name == "list"]
        flags = [each for each in values if each.type.name == "bool"]
        # The const `empty` is an empty text, with which nothing is compared.
        compared = [each for each in values if each.type.scalar and each.code != "empty"]
        searched = [each for each in compared if each.type.name in SEARCHED]
        counted = [each for each in values if each.type.element is not None]
        lists = [each for each in counted if each.type.element and each.type.element.scalar]
        kind = self.c.weighted(
            (
                ("sees", 4),
                ("flag", 2 if flags else 0),
                ("compare", 3 if compared else 0),
                ("empty", 4 if emptiable else 0),
                ("in", 2 if compared else 0),
                ("entry", 2 if compared and lists else 0),
                ("count", 2 if counted else 0),
                ("part", 2 if searched else 0),
                ("matches", 1),
                ("not", 1 if depth < 2 else 0),
                ("both", 2 if depth < 2 else 0),
            )
        )
        match kind:
            case "flag":
                found = self.choose(flags)
                return found.code, False, found.code, ""
            case "compare":
                return self._comparison(state, compared), False, "", ""
            case "part":
                left = self.choose(searched)
                relation = self.c.pick(("contains", "starts with", "ends with"))
                other = [f'"{part}"' for part in PARTS]
                other += [each.code for each in searched if each.code != left.code]
                return f"{left.code} {relation} {self.c.pick(other)}", False, left.code, ""
            case "in":
                asked, written = self._choice(compared)
                return written, False, "" if " not in " in written else asked.code, ""
            case "count":
                operator = self.c.pick(("==", "!=", "<", ">=", "<=", ">"))
                limit = self.c.number(0, 3)
                found = self.choose(counted)
                written = f"count of {found.code} {operator} {limit}"
                return written, False, *_entries_that_are_there(found.code, operator, limit)
            case "entry":
                entries = self.choose(lists)
                element = entries.type.element
                same = [each.code for each in compared if each.type == element]
                assert element is not None
                same += element.literals or texts.LITERALS[element.name]
                word = self.c.pick(("in", "not in"))
                return f"{self.c.pick(same)} {word} {entries.code}", False, "", ""
            case "matches":
                return self.c.pick(MATCHED), False, "", ""
            case "empty":
                found = self.choose(emptiable)
                there = f"{found.code}[0]" if found.type.element is not None else found.code
                if optional and self.c.flag():
                    return f"not {found.code} is empty", False, there, ""
                if optional and self.c.once_in(3):
                    return f"{found.code} is not empty", False, there, ""
                return f"{found.code} is empty", False, "", there
            case "not":
                inner, screen, held, missing = self.condition(state, depth + 1)
                return f"not ({inner})", screen, missing, held
            case "both":
                word = self.c.pick(("and", "or"))
                left, screen, held, missing = self.condition(state, depth + 1)
                right, other, _, _ = self.condition(state, depth + 1)
                return (
                    f"({left}) {word} ({right})",
                    screen and other,
                    held if word == "and" else "",
                    missing if word == "or" else "",
                )
            case _:
                return f"sees {self.text(state, texts.CONDITIONS, untrusted=True)}", True, "", ""

    def _comparison(self, state: State, compared: list[Value]) -> str:
        left = self.choose(compared)
        operators = (
            ("==", "!=", "<", ">=", "<=", ">") if left.type.name in ORDERED else ("==", "!=")
        )
        operator = self.c.pick(operators)
        same = [each for each in compared if each.type == left.type and each.code != left.code]
        if same and self.c.once_in(3):
            return f"{left.code} {operator} {self.c.pick(same).code}"
        options = left.type.literals or texts.LITERALS[left.type.name]
        return f"{left.code} {operator} {self.c.pick(options)}"

    def _choice(self, compared: list[Value]) -> tuple[Value, str]:
        """What is asked whether it is one of some values, and the condition."""
        asked = self.choose(compared)
        options = list(asked.type.literals) or list(dict.fromkeys(texts.LITERALS[asked.type.name]))
        first = self.c.number(0, len(options) - 1)
        some = options[first : first + self.c.number(1, 3)]
        return asked, f"{asked.code} {self.c.pick(('in', 'not in'))} [{', '.join(some)}]"

    # Names

    def name_for(
        self, state: State, place: Place, type_: Type, optional: bool, origin: str = ""
    ) -> str:
        """A runtime variable for a value: a new one, or one of the type that is set again."""
        again = [
            name
            for name, known in self.types.items()
            if known == (type_, optional, origin) and name not in place.locked
        ]
        if again and (self.c.flag() or (origin and self.c.flag())):
            return self.c.pick(again)
        free = [name for name in VARIABLES if name not in self.types]
        if free:
            name = free[0]
        else:
            self.count += 1
            name = f"v{self.count + 1}"
        self.types[name] = (type_, optional, origin)
        return name

    def target(self, wanted: Field) -> Field | None:
        """What is emitted under a name; None where nothing of the kind may be added."""
        known = self.targets.get(wanted.name)
        if known is not None:
            return known
        if self.closed and not (wanted.optional or wanted.default):
            return None
        self.targets[wanted.name] = wanted
        if wanted.name not in self.unreadable and not self.c.once_in(4):
            self.read.add(wanted.name)
        return wanted

    def is_trusted(self, target: Field) -> bool:
        """Whether what is emitted has to be text of the program's own."""
        return self.task or target.name in self.read

    def may_finish(self, state: State, place: Place) -> bool:
        """Whether the run may end at a place: what is required has been emitted."""
        required = {each.name for each in self.targets.values() if not each.optional}
        return place.main and not place.loop and (self.task or required <= state.emitted)

    def finish(self) -> None:
        """Note that the run may end here."""
        self.main = True
        if self.task:
            self.finishes = True
        else:
            self.closed = True

    def may_call(self, task: Task, state: State, place: Place) -> bool:
        """Whether a task may be called at a place."""
        if task.finishes and not self.may_finish(state, place):
            return False
        fixed_by_the_first_entry = place.loop and (task.loops or task.decides)
        lost_by_the_first_entry = place.attempt and task.loops
        return (place.main or not task.main) and not (
            fixed_by_the_first_entry or lost_by_the_first_entry
        )


def _entries_that_are_there(code: str, operator: str, limit: int) -> tuple[str, str]:
    """The last entry that a list has where its count is as asked, and where it is not."""
    least = {"==": limit, ">=": limit, ">": limit + 1, "!=": int(limit == 0)}.get(operator, 0)
    other = {"!=": limit, "<": limit, "<=": limit + 1, "==": int(limit == 0)}.get(operator, 0)
    held, missing = (f"{code}[{min(count, 2) - 1}]" if count else "" for count in (least, other))
    return held, missing
