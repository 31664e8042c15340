"""Writes the `steps` section of a proposal with the names that an existing file declares."""

from __future__ import annotations

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.walk import walk
from flowdsl.prompt.text import spell_variable
from flowdsl.source.record import Record

from ..model import PromptHints
from ..writing.lines import LOOP_KEY, Emit, Key, Line, lines_of, variable_set
from ..writing.scope import PLAIN, RUNTIME, SECRET, Scope
from ..writing.statement_text import Wanted, Writer
from ..writing.type_names import TypeNames, Unspeakable, field_text, source_names
from ..writing.value_text import Consts, ValueWriter
from ..writing.value_types import ANY
from ..writing.writer import format_section_lines
from .convert import Proposal

_SIGILS = {"input": PLAIN, "runtime": RUNTIME, "secret": SECRET}


class SourceNames(Record):
    """Maps the wire name of each field of a workflow to its name in the source file.

    `types` has the types of outputs as the file writes them.
    """

    inputs: dict[str, str]
    secrets: dict[str, str]
    outputs: dict[str, str]
    types: dict[str, str]


class Section(Record):
    """The lines of a section, without indent.

    `undeclared` are the variables that nothing declares or sets, as they are spelled in a prompt.
    """

    lines: tuple[str, ...]
    undeclared: tuple[str, ...]


class Unwritable(ValueError):
    """Raised for a proposal that source cannot express; its text is the reason."""


def steps_section(proposal: Proposal, hints: PromptHints, names: SourceNames) -> Section:
    """Return `steps { ... }`, with `always { ... }` before it; raises `Unwritable`."""
    scope = Scope(())
    outputs = {field.name: field.type for field in hints.outputs or ()}
    # Types are compared by their representation; `wanted` says what each output has to be.
    types = InlineTypes(
        {repr(outputs[name]): text for name, text in names.types.items() if name in outputs}
    )
    wanted = Wanted(
        {name: (names.outputs.get(name, name), type_) for name, type_ in outputs.items()}
    )
    try:
        for field in hints.inputs or ():
            _add_to_scope(scope, "input", field, names.inputs)
        for field in hints.secrets:
            _add_to_scope(scope, "secret", field, names.secrets)
        lines = lines_of(proposal.body)
        _declare_set_variables(lines, scope)
        undeclared = _declare_missing((proposal.body, proposal.rules), scope)
        # A variable with the name of its output needs no `emit`; for others one is inserted.
        emitted_outputs = {
            origin.variable: origin.field
            for origin in proposal.sources
            if names.outputs.get(origin.field, origin.field) != origin.variable
        }
        by_name = {origin.variable or "" for origin in proposal.sources} - emitted_outputs.keys()
        writer = Writer(scope, types, Consts(), wanted, {}, outputs=by_name)
        block = writer.block(_insert_emits(lines, emitted_outputs), attempt=False)
        rules = [ValueWriter(scope, Consts()).text(rule) for rule in proposal.rules]
    except Unspeakable as problem:
        raise Unwritable(str(problem)) from None
    steps = format_section_lines("item", ["steps {", *block, "}"])
    always = format_section_lines("item", ["always {", *rules, "}"]) if rules else []
    if steps is None or always is None:
        raise Unwritable("the statements cannot be laid out")
    return Section((*always, *([""] if always else []), *steps), undeclared)


class InlineTypes(TypeNames):
    """Types as an existing file writes them.

    A record for which the file has no name is written on one line.
    """

    def __init__(self, known: dict[str, str]) -> None:
        super().__init__()
        self._known = known

    def type_text(self, type_: nodes.Type) -> str:
        known = self._known.get(repr(type_))
        if known is not None:
            return known
        if not isinstance(type_, nodes.RecordType):
            return super().type_text(type_)
        names = source_names(type_.fields)
        bare = (nodes.FieldSpec(name=field.name, type=field.type) for field in type_.fields)
        fields = [field_text(field, self, name=names[field.name]) for field in bare]
        return f"{{ {', '.join(fields)} }}" if fields else "{}"


def _add_to_scope(scope: Scope, sigil: str, field: nodes.FieldSpec, names: dict[str, str]) -> None:
    """Add a field to the scope, unless source has no name for it."""
    name = names.get(field.name, field.name)
    if is_name(name) and name not in scope.taken:
        scope.add((sigil, field.name), name, _SIGILS[sigil], field.type)


def _declare_set_variables(lines: list[Line], scope: Scope) -> None:
    """Add the variables that the statements set to the scope."""
    for line in lines:
        node = line.node
        if (
            isinstance(node, nodes.Extract | nodes.Copy | nodes.Run)
            and node.variable is not None
            and node.type is not None
            and ("runtime", node.variable) not in scope.names
        ):
            scope.add(("runtime", node.variable), node.variable, RUNTIME, node.type)
        for body in line.bodies:
            _declare_set_variables(body, scope)


def _declare_missing(texts: tuple[object, ...], scope: Scope) -> tuple[str, ...]:
    """Add the variables that are not in scope to it; return them as a prompt spells them."""
    missing = []
    for node in walk(texts):
        if not isinstance(node, nodes.Variable):
            continue
        key: Key = (node.sigil, node.name)
        if key in scope.names or key == LOOP_KEY:
            continue
        if not is_name(node.name):
            raise Unspeakable(
                f"`{node.name}` is no name of the language; give it one in `inputs` with `@wire`"
            )
        if node.name in scope.taken:
            raise Unspeakable(f"`{node.name}` would name an input and another value as well")
        scope.add(key, node.name, _SIGILS[node.sigil], ANY)
        missing.append(spell_variable(nodes.Variable(sigil=node.sigil, name=node.name)))
    return tuple(missing)


def _insert_emits(lines: list[Line], variables: dict[str | None, str]) -> list[Line]:
    """Return the lines, with an `emit` after each line that sets the variable of an output."""
    result = []
    for line in lines:
        bodies = [_insert_emits(body, variables) for body in line.bodies]
        if isinstance(line.node, nodes.Store):
            (stored,) = line.node.assignments
            assert not isinstance(stored.value, nodes.FailureReason)
            result.append(Line(Emit(stored.variable, stored.value, stored.append)))
            continue
        result.append(Line(line.node, bodies))
        name = variable_set(line.node)
        if name is not None and name in variables:
            value = nodes.TextValue(text=(nodes.Variable(sigil="runtime", name=name),))
            result.append(Line(Emit(variables[name], value, append=False)))
    return result
