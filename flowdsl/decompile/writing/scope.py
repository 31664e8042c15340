"""How variables are spelled in the statements of a workflow or task."""

from __future__ import annotations

from collections.abc import Iterable

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.prompt.text import spell_path
from flowdsl.semantics.model import RESERVED
from flowdsl.source.record import Record

from .lines import LOOP_KEY, Key
from .type_names import Unspeakable, source_name
from .value_types import ANY, Types, type_at

PLAIN, RUNTIME, SECRET = "plain", "runtime", "secret"
"""What a name is for: a value of the run may not stand everywhere, and a secret has its `$`."""


class Spelled(Record):
    """The name of a variable in source, and what it is: `PLAIN`, `RUNTIME` or `SECRET`."""

    name: str
    sigil: str


class Scope:
    """The names in scope of statements, and their types.

    `taken` holds every name that is already used there. The item of a loop is in scope between
    `enter_loop` and `leave_loop`.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken) | RESERVED
        self.names: dict[Key, Spelled] = {}
        self.types: Types = {}
        self._loops: list[tuple[str, Key]] = []

    def add(self, key: Key, name: str, sigil: str, type_: nodes.Type) -> None:
        """Add a variable under a name; raises `Unspeakable` if the name is not free."""
        if not is_name(name) or name in self.taken:
            raise Unspeakable(f"`{name}` is no free name")
        self.taken.add(name)
        self.names[key] = Spelled(name, sigil)
        self.types[key] = type_

    def put(self, key: Key, name: str, sigil: str) -> None:
        """Add a variable under a name, even if another variable has it."""
        if name not in RESERVED:
            self.taken.add(name)
            self.names[key] = Spelled(name, sigil)
            self.types.setdefault(key, ANY)

    def enter_loop(self, wanted: str, items: nodes.Type, key: Key = LOOP_KEY) -> str:
        """Add the item of a loop to the scope until `leave_loop`, and return its name."""
        if key in self.names:
            raise Unspeakable("a loop stands in a loop")
        name = source_name(wanted, self.taken)
        self.taken.add(name)
        self._loops.append((name, key))
        self.names[key] = Spelled(name, PLAIN)
        items = items.inner if isinstance(items, nodes.OptionalType) else items
        self.types[key] = items.element if isinstance(items, nodes.ListType) else items
        return name

    def leave_loop(self) -> None:
        name, key = self._loops.pop()
        self.taken.discard(name)
        del self.names[key], self.types[key]

    def find(self, key: Key) -> Spelled | None:
        """Return the name of a variable; None if it is not in scope."""
        return self.names.get(key)

    def _spelled(self, variable: nodes.Variable) -> Spelled:
        found = self.find((variable.sigil, variable.name))
        if found is None:
            what = "the item of a loop" if variable.name == LOOP_ITEM else f"`{variable.name}`"
            raise Unspeakable(f"{what} is not in reach")
        return found

    def in_text(self, variable: nodes.Variable) -> str:
        """Return a variable as written inside a text, braces included."""
        return f"{{{self.in_code(variable)}}}"

    def in_code(self, variable: nodes.Variable) -> str:
        """Return a variable as written outside of texts."""
        found = self._spelled(variable)
        inside = found.name + _spell_source_path(variable.path)
        return f"${inside}" if found.sigil == SECRET else inside

    def may_head(self, variable: nodes.Variable) -> bool:
        """Whether a variable is allowed in a step title or a command: runtime values are not."""
        return self._spelled(variable).sigil != RUNTIME

    def type_of(self, variable: nodes.Variable) -> nodes.Type:
        return type_at(self.types.get((variable.sigil, variable.name), ANY), variable.path)


def _spell_source_path(path: tuple[str | int, ...]) -> str:
    """Return a path as source writes it, with one kind of quotation marks only."""
    written = spell_path(path)
    if '["' in written and any(isinstance(part, str) and "'" in part for part in path):
        raise Unspeakable("the name of a field holds a quotation mark")
    return written
