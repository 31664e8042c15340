"""Inputs as given: the place of each value, advice on how to give one, and problems. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.source.failure import FlowdslError

Path = tuple[str | int, ...]
"""Names of fields and positions in lists, starting from the value of the input."""

NOWHERE: Mapping[Path, str] = {}


@dataclass(frozen=True, slots=True)
class Given:
    """One value given to one input.

    `is_text`: it is the text of an option or of a cell, whose type is not determined yet; otherwise
    it is a JSON value. `place` is the place of the whole value, and `inside` has those of its
    parts, as far as known. `named_at` is the place of its name, if that is elsewhere: in the header
    of a table.
    """

    name: str
    value: Any = field(repr=False)
    place: str
    is_text: bool = False
    inside: Mapping[Path, str] = field(default_factory=dict, repr=False)
    named_at: str = ""

    def at(self, path: Path) -> str:
        """Return the place of the part at `path`, or of its nearest known parent plus the rest."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.inside:
                rest = format_path(path[length:])
                return self.inside[path[:length]] + (f" at `{rest}`" if rest else "")
        return self.place + (f" at `{format_path(path)}`" if path else "")


def format_path(path: Path) -> str:
    """Format a path as it is written in source: `lines[2].amount`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Advice:
    """How to give a value; `{name}` in a template is replaced by the name of the value."""

    input_template: str
    secret_template: str

    def input(self, name: str) -> str:
        """Return how to give the input `name`."""
        return self.input_template.replace("{name}", name)

    def secret(self, name: str) -> str:
        """Return how to give the secret `name`."""
        return self.secret_template.replace("{name}", name)


ON_COMMAND_LINE = Advice(
    "`--input {name}=...`", "`--secret {name}=env:NAME` or `--secret {name}=file:PATH`"
)
IN_PYTHON = Advice('`inputs={"{name}": ...}`', '`secrets={"{name}": ...}`')


LONGEST_NAME = 60
"""The number of characters of a name in a message."""

LONGEST_REASON = 200
"""The number of characters of a parser's message."""

SHOWN = 20
"""The number of problems that are listed; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    `place` is the option or `FILE:LINE:COLUMN`; `help` says what exists or what to do. `of_name`:
    giving any value under this name is an error, so that one row reports it for all.
    """

    place: str
    message: str
    help: str = ""
    of_name: bool = False

    def inside(self, place: str) -> Problem:
        """Return the problem with `place` in front of its own; unchanged if that is empty."""
        return replace(self, place=f"{place}: {self.place}") if place else self

    def line(self) -> str:
        """`rows.csv:3:2: ...; ...`."""
        tail = f"; {self.help}" if self.help else ""
        return f"{self.place}: {self.message}{tail}"


def format_given_name(name: str) -> str:
    """Return a given name for a message, cut."""
    text = make_printable(name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def cut_reader_words(words: str) -> str:
    """Return a parser's message about the content of a file, cut."""
    return make_printable(words)[:LONGEST_REASON]


class InputsRefused(FlowdslError):
    """The inputs are invalid; nothing was sent."""

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
    """Return the exception for one problem."""
    return InputsRefused([Problem(place, message, help)])
