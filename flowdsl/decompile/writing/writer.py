"""Writes a workflow as the text of a `.flow` file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from flowdsl.format.formatter import format_source
from flowdsl.format.literals import alike_literals, is_name, plain_literal, value_literal
from flowdsl.ir import nodes
from flowdsl.ir.lowering.statements import Names
from flowdsl.ir.walk import statements, walk
from flowdsl.prompt.text import commands_of
from flowdsl.semantics.capabilities import NO_COMMAND
from flowdsl.source.record import replace
from flowdsl.source.text import SourceFile

from ..added import source_form
from ..model import FlowFile
from .kept import declare_kept, infer_kept
from .lines import Failed, Keep, Line, all_lines, lines_of, variable_set
from .marks import find_marks
from .outputs import find_own_outputs, keep_stored, place_emits, replace_stores
from .scope import PLAIN, RUNTIME, SECRET, Scope
from .statement_text import INDENT, Wanted, Writer
from .type_names import TypeNames, Unspeakable, doc_lines, field_text, source_names
from .value_text import Consts, ValueWriter, check_entries, require_literal
from .value_types import ANY, STRING, Types, as_declared, collect_declared_records


def write_flow(flow: FlowFile, *, set_outputs: bool = True) -> str | None:
    """Return the source text of a workflow, formatted; None if source cannot express part of it.

    With `set_outputs`, a variable with the name and the type of its output is that output;
    otherwise the output gets another name in source.
    """
    try:
        text = _FlowWriter(flow, set_outputs).text()
    except (Unspeakable, RecursionError):
        return None
    return format_source(SourceFile("", text)).text


_READERS = nodes.Extract | nodes.BackgroundExtract | nodes.Copy | nodes.Run


class _FlowWriter:
    """Writes one workflow.

    The statements are planned first, because they determine the names of inputs and outputs and the
    types and constants to declare.
    """

    def __init__(self, flow: FlowFile, set_outputs: bool) -> None:
        self.flow = flow
        self.set_outputs = set_outputs
        self.own: frozenset[str] = frozenset()
        """The variables that are outputs."""
        self.workflow = replace(flow.workflow, body=source_form(flow.workflow.body))
        self.root: list[Line] = []
        self.runtime: list[str] = []
        self.types: Types = {}
        for field in self.workflow.inputs:
            self.types["input", field.name] = field.type
        for field in self.workflow.secrets:
            self.types["secret", field.name] = field.type
        if flow.prompt_file is None:
            self._plan()
        self.marks = find_marks(self.workflow, self.flow.untrusted)
        self.inputs = self._input_names()
        self.outputs = self._output_names()
        self.named = TypeNames(
            self.workflow.inputs if flow.inputs_file is None else (),
            self.workflow.secrets,
            self.workflow.outputs if flow.outputs_file is None else (),
            self._read_fields(),
            taken=[self.workflow.name],
        )
        self.consts = Consts(Names(self._all_names()).fresh)
        self.scope = self._scope()

    def _plan(self) -> None:
        """Find the places where outputs are emitted and variables are declared."""
        workflow = self.workflow
        outputs = {field.name: field.type for field in workflow.outputs}
        declared = collect_declared_records((*workflow.outputs, *workflow.inputs))
        lines = lines_of(workflow.body)
        for line in all_lines(lines):
            node = line.node
            if isinstance(node, _READERS) and node.variable is not None:
                type_: nodes.Type = STRING
                if node.type is not None:
                    type_ = as_declared(node.type, declared)
                    line.node = replace(node, type=type_)
                self.types["runtime", node.variable] = type_
        if self.set_outputs:
            own = find_own_outputs(lines, workflow, source_names(workflow.outputs))
            self.own = frozenset(each.variable for each in own if each.variable is not None)
            for source in own:
                self.types["runtime", source.variable or ""] = outputs[source.field]
        sources = tuple(each for each in workflow.sources if each.variable not in self.own)
        self.root = replace_stores(lines, workflow.sources, self.own)
        for line in all_lines(self.root):
            if isinstance(line.node, Failed):
                self.types["runtime", line.node.variable] = STRING
        infer_kept(self.root, sources, outputs, self.types)
        place_emits(self.root, sources, outputs, self.types)
        keep_stored(self.root, sources)
        declare_kept(self.root, self.types)
        found = (variable_set(line.node) for line in all_lines(self.root))
        names = (name for name in found if name is not None)
        self.runtime = list(dict.fromkeys((*names, *sorted(self.own))))

    # Names

    def _wire_names(self) -> Iterator[str]:
        for field in (*self.workflow.inputs, *self.workflow.secrets):
            yield field.name

    def _input_names(self) -> dict[tuple[str, str], str]:
        """Return the source names of inputs and secrets."""
        workflow = self.workflow
        names = source_names(workflow.inputs, self.runtime)
        if self.flow.inputs_file is not None and any(name != names[name] for name in names):
            raise Unspeakable("an input of a schema file has no name of its own")
        secrets = source_names(workflow.secrets, (*self.runtime, *names.values()))
        found = {
            **{("input", name): own for name, own in names.items()},
            **{("secret", name): own for name, own in secrets.items()},
        }
        if self.flow.inputs_file is not None:
            for variable in walk((workflow.body, workflow.rules, workflow.checks or ())):
                if isinstance(variable, nodes.Variable) and variable.sigil in ("input", "secret"):
                    found.setdefault((variable.sigil, variable.name), variable.name)
        return found

    def _output_names(self) -> dict[str, str]:
        """Return the source names of outputs, chosen so that lowering keeps their variables."""
        workflow = self.workflow
        names = Names((*self._wire_names(), *self.runtime))
        wanted = {
            source.field: source.variable for source in workflow.sources if source.kind == "stored"
        }
        fields = [field.name for field in workflow.outputs]
        plain = source_names(workflow.outputs)
        own = {each.field: each.variable for each in workflow.sources if each.variable in self.own}
        found: dict[str, str] = {}
        for field in dict.fromkeys([*fields, *(source.field for source in workflow.sources)]):
            name, variable = plain.get(field, field), wanted.get(field)
            if field in own:
                found[field] = name
                continue
            if variable is None and field in plain and name in self.runtime:
                taken = {*self.runtime, *plain.values()}
                name = next(each for n in count(1) if (each := f"{name}_{n}") not in taken)
            if variable is not None and not _is_kept_as_output(names, name, variable):
                if field not in plain or not is_name(variable) or not names.is_free(variable):
                    raise Unspeakable(f"output `{field}` cannot be kept as `{variable}`")
                name = variable
            if variable is not None:
                names.fresh(name if names.is_free(name) else f"output_{name}")
            found[field] = name
        if len(set(found.values())) != len(found):
            raise Unspeakable("two outputs would have one name")
        return found

    def _read_fields(self) -> list[nodes.FieldSpec]:
        """Return values that are read or stored, as fields, so that their types get names."""
        found: list[nodes.FieldSpec] = []
        for line in all_lines(self.root):
            node = line.node
            if isinstance(node, _READERS | Keep) and node.variable and node.type is not None:
                found.append(nodes.FieldSpec(name=node.variable, type=node.type))
        return found

    def _all_names(self) -> Iterator[str]:
        yield self.workflow.name
        yield from self.workflow.names
        yield from self._wire_names()
        yield from self.runtime
        yield from self.inputs.values()
        for line in all_lines(self.root):
            if isinstance(line.node, nodes.Loop):
                yield line.node.variable

    def _scope(self) -> Scope:
        scope = Scope(())
        for name in self.runtime:
            type_ = self.types.get(("runtime", name), STRING)
            scope.add(("runtime", name), name, RUNTIME, type_)
        for key, name in self.inputs.items():
            scope.add(key, name, SECRET if key[0] == "secret" else PLAIN, self.types.get(key, ANY))
        return scope

    def _writer(self, scope: Scope, wanted: Wanted) -> Writer:
        bounds = {
            field.name: field.constraints["maxItems"]
            for field in self.workflow.inputs
            if "maxItems" in field.constraints
        }
        return Writer(scope, self.named, self.consts, wanted, bounds, outputs=self.own)

    # The file

    def text(self) -> str:
        workflow = "\n".join(self._workflow())
        head = ["flow 1"]
        if consts := self.consts.declarations():
            head.append("\n".join(consts))
        return "\n\n".join((*head, *self._write_declarations(), workflow)) + "\n"

    def _write_declarations(self) -> Iterator[str]:
        """Return the type declarations, with `@untrusted` at marked fields."""
        marked: dict[str, set[str]] = {}
        for record, field in self.marks.inside:
            name = source_names(record.fields)[field]
            marked.setdefault(f"type {self.named.type_text(record)} {{", set()).add(f"{name}:")
        for declaration in self.named.declarations():
            head, *lines = declaration.split("\n")
            fields = marked.get(head, set())
            yield "\n".join(
                (
                    head,
                    *(
                        f"{line} @untrusted" if line.split(" ")[0] in fields else line
                        for line in lines
                    ),
                )
            )

    def _workflow(self) -> Iterator[str]:
        workflow = self.workflow
        if workflow.description:
            yield from doc_lines(workflow.description)
        yield f"workflow {workflow.name} {{"
        sections = [
            section
            for section in (
                [*self._settings()],
                [*self._schemas()],
                [*self._models(), *self._write_terminal()],
                [*self._write_always()],
                [*self._steps()],
                [*self._write_checks()],
                [*self._extra()],
            )
            if section
        ]
        for number, section in enumerate(sections):
            if number:
                yield ""
            for part in section:
                for line in part.split("\n"):
                    yield INDENT + line
        yield "}"

    def _settings(self) -> Iterator[str]:
        workflow = self.workflow
        if workflow.title != workflow.name:
            yield f"title = {require_literal(value_literal(workflow.title))}"
        if workflow.tags:
            yield f"tags = {_write_list(workflow.tags)}"
        if workflow.webhooks:
            yield "webhooks = true"
        if workflow.file_exports:
            yield "file_exports = true"
        if workflow.renamed_from is not None:
            yield f"renamed_from = {require_literal(plain_literal(workflow.renamed_from))}"
        if workflow.protect:
            yield "protect = true"

    def _fields(
        self,
        word: str,
        fields: Iterable[nodes.FieldSpec],
        names: Mapping[str, str],
        file: str | None = None,
    ) -> Iterator[str]:
        """Return the section of fields, each with its name in source, or the one with a file."""
        if file is not None:
            yield _write_from(word, file)
            return
        marked = self.marks.whole if word == "inputs" else ()
        yield from _write_section(
            word,
            [
                field_text(each, self.named, name=names[each.name], untrusted=each.name in marked)
                for each in fields
            ],
        )

    def _schemas(self) -> Iterator[str]:
        flow, workflow = self.flow, self.workflow
        inputs, secrets = (
            {name: own for (kind, name), own in self.inputs.items() if kind == sigil}
            for sigil in ("input", "secret")
        )
        yield from self._fields("inputs", workflow.inputs, inputs, flow.inputs_file)
        yield from self._fields("secrets", workflow.secrets, secrets)
        yield from self._fields("outputs", workflow.outputs, self.outputs, flow.outputs_file)

    def _models(self) -> Iterator[str]:
        models = self.workflow.models
        if models is not None:
            yield from _write_section("model", model_settings(models), always=True)

    def _write_terminal(self) -> Iterator[str]:
        body = self.workflow.body
        commands = {*commands_of(body)}
        terminal = self.workflow.terminal
        allow = tuple(entry for entry in terminal.allow if entry not in commands)
        if allow == (NO_COMMAND,) and not commands:
            allow = ()
        yield from _write_section("terminal", terminal_settings(body, allow, terminal.unrestricted))

    def _write_always(self) -> Iterator[str]:
        values = ValueWriter(self.scope, self.consts)
        yield from _write_section("always", [values.text(rule) for rule in self.workflow.rules])

    def _steps(self) -> Iterator[str]:
        if self.flow.prompt_file is not None:
            yield _write_from("prompt", self.flow.prompt_file)
            return
        types = {field.name: field.type for field in self.workflow.outputs}
        wanted = Wanted(
            {field: (name, types[field]) for field, name in self.outputs.items() if field in types}
        )
        yield "steps {"
        yield from self._writer(self.scope, wanted).block(self.root, attempt=False)
        yield "}"

    def _extra(self) -> Iterator[str]:
        if self.flow.extra_file is not None:
            yield _write_from("extra", self.flow.extra_file)
        elif self.workflow.extra:
            yield f"extra {require_literal(value_literal(self.workflow.extra))}"

    def _write_checks(self) -> Iterator[str]:
        if self.flow.checks_file is not None:
            yield _write_from("checks", self.flow.checks_file)
            return
        checks, cleanup = self.workflow.checks, self.workflow.cleanup
        if checks is not None or cleanup is not None:
            values = ValueWriter(self.scope, self.consts)
            yield from _write_section(
                "checks", check_entries(checks or (), cleanup, values), always=True
            )


def model_settings(models: nodes.Models) -> list[str]:
    """Return the settings of a `model` section; raises `Unspeakable`."""
    settings = []
    if models.main is not None:
        settings.append(f"main = {require_literal(plain_literal(models.main))}")
    if models.cache_detection is not None:
        settings.append(
            f"cache_detection = {require_literal(plain_literal(models.cache_detection))}"
        )
    if models.fallbacks:
        settings.append(f"fallbacks = {_write_list(models.fallbacks)}")
    return settings


def terminal_settings(body: nodes.Body, allow: Sequence[str], unrestricted: bool) -> list[str]:
    """Return the settings of a `terminal` section next to statements; raises `Unspeakable`."""
    settings = (
        [f"allow = [{', '.join(map(require_literal, alike_literals(allow)))}]"] if allow else []
    )
    if unrestricted:
        settings.append("unrestricted = true")
    if any(isinstance(statement, nodes.TypeDay) for statement in statements(body)):
        settings.append("dates = true")
    return settings


def _is_kept_as_output(names: Names, name: str, variable: str) -> bool:
    """Whether lowering keeps an output called `name` in `variable`."""
    wanted = name if names.is_free(name) else f"output_{name}"
    if names.is_free(wanted):
        return wanted == variable
    number = 2
    while not names.is_free(f"{wanted}_{number}"):
        number += 1
    return variable == f"{wanted}_{number}"


def _write_section(name: str, entries: Iterable[str], *, always: bool = False) -> Iterator[str]:
    """Return a section with one entry per line.

    Without entries, nothing or, with `always`, `name {}`.
    """
    lines = [INDENT + line for entry in entries for line in entry.split("\n")]
    if lines:
        yield "\n".join((f"{name} {{", *lines, "}"))
    elif always:
        yield f"{name} {{}}"


def _write_from(word: str, file: str) -> str:
    return f"{word} from {require_literal(plain_literal(file))}"


def _write_list(entries: Iterable[Any]) -> str:
    return require_literal(value_literal(list(entries)))


# Parts of a file, laid out


def format_section_lines(kind: str, lines: Sequence[str]) -> list[str] | None:
    """Return the lines inside a section as `fmt` formats them, without indent.

    None if they do not parse. `kind` is a key of `AROUND`.
    """
    head, tail = AROUND[kind]
    text = "\n".join([*head, *lines, *tail, ""])
    formatted = format_source(SourceFile("", text))
    if formatted.mistakes or formatted.problem is not None:
        return None
    written = formatted.text.split("\n")
    depth = INDENT * len(tail)
    inside = written[len(head) : -len(tail) - 1]
    return [line.removeprefix(depth) for line in inside]


AROUND: dict[str, tuple[list[str], list[str]]] = {
    "item": (["flow 1", "", "workflow w {"], ["}"]),
    "statement": (["flow 1", "", "workflow w {", "  steps {"], ["  }", "}"]),
    "field": (["flow 1", "", "workflow w {", "  inputs {"], ["  }", "}"]),
    "check": (["flow 1", "", "workflow w {", "  checks {"], ["  }", "}"]),
}
"""The lines around those of a kind while they are formatted: before, and after."""
