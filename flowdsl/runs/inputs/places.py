"""Inputs as somebody gave them: where a value was written, so that a message can point at it, how
one is given, and what is wrong with one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.source.failure import FlowdslError

Path = tuple[str | int, ...]
"""Names of fields and positions in lists, from the value of the input down."""

NOWHERE: Mapping[Path, str] = {}


@dataclass(frozen=True, slots=True)
class Given:
    """One value that somebody gave to one input.

    `is_text`: it is the text of an option or of a cell, whose type nobody has told yet; else a JSON
    value. `place` is where it stands as a whole, `inside` where its parts do, as far as is known.
    `named_at` is where its name stands, if somewhere else: in the header of a table.
    """

    name: str
    value: Any = field(repr=False)
    place: str
    is_text: bool = False
    inside: Mapping[Path, str] = field(default_factory=dict, repr=False)
    named_at: str = ""

    def at(self, path: Path) -> str:
        """The place of the part at `path`, or of what it is a part of with the rest of the path."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.inside:
                rest = format_path(path[length:])
                return self.inside[path[:length]] + (f" at `{rest}`" if rest else "")
        return self.place + (f" at `{format_path(path)}`" if path else "")


def format_path(path: Path) -> str:
    """A path as it is written in source: `lines[2].amount`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Ways:
    """The advice of messages; `{name}` in a template stands for the name of the value."""

    input_template: str
    secret_template: str

    def input(self, name: str) -> str:
        """How the input `name` is given."""
        return self.input_template.replace("{name}", name)

    def secret(self, name: str) -> str:
        """How the secret `name` is given."""
        return self.secret_template.replace("{name}", name)


ON_COMMAND_LINE = Ways(
    "`--input {name}=...`", "`--secret {name}=env:NAME` or `--secret {name}=file:PATH`"
)
IN_PYTHON = Ways('`inputs={"{name}": ...}`', '`secrets={"{name}": ...}`')


LONGEST_NAME = 60
"""Characters of a name in a message."""

LONGEST_REASON = 200
"""Characters of what a reader says."""

SHOWN = 20
"""Problems that are told one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `place` is the option or `FILE:LINE:COLUMN`; `help` says what exists or what
    to do. `of_name`: it is wrong to give anything by this name, so that one row says it for all.
    """

    place: str
    message: str
    help: str = ""
    of_name: bool = False

    def inside(self, place: str) -> Problem:
        """The mistake as one of what is at `place`; as it is where that is empty."""
        return replace(self, place=f"{place}: {self.place}") if place else self

    def line(self) -> str:
        """`rows.csv:3:2: ...; ...`."""
        tail = f"; {self.help}" if self.help else ""
        return f"{self.place}: {self.message}{tail}"


def format_given_name(name: str) -> str:
    """A name that somebody gave, as a message has it, cut."""
    text = make_printable(name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def cut_reader_words(words: str) -> str:
    """Words of a reader about what a file holds, as a message has them, cut."""
    return make_printable(words)[:LONGEST_REASON]


class InputsRefused(FlowdslError):
    """Inputs that do not fit; nothing was sent."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.lines()))

    def lines(self) -> list[str]:
        """One line for each of the first `SHOWN` problems, and one that counts the others."""
        lines = [problem.line() for problem in self.problems[:SHOWN]]
        rest = len(self.problems) - SHOWN
        if rest > 0:
            lines.append(f"and {rest} more problem{'s' if rest > 1 else ''} with the inputs")
        return lines


def make_refusal(place: str, message: str, help: str = "") -> InputsRefused:
    """What to raise for one problem."""
    return InputsRefused([Problem(place, message, help)])
