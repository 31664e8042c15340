"""Where a value of an input was written, so that a message can point at it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
                rest = shown(path[length:])
                return self.inside[path[:length]] + (f" at `{rest}`" if rest else "")
        return self.place + (f" at `{shown(path)}`" if path else "")


def shown(path: Path) -> str:
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
