"""From a prompt file to a file of statements that compiles and fills in the same variables.

Each attempt proposes statements, declares what they need, and compiles the whole file. Where that
fails, the parts of the prompt that were understood become prose again, and are then tried anew in
halves: a part that is understood wrongly costs nothing but itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from html import unescape
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import Compilation
from flowdsl.diagnostics.suggest import find_closest_name
from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.walk import walk
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.source.record import Record, replace
from flowdsl.syntax import ast

from ..fields import loose_fields, split_secrets
from ..model import PromptHints
from ..writing.value_types import unwrap_optional
from .convert import Proposal, propose_statements
from .declarations import (
    FileEdit,
    apply_edits,
    declare_fields,
    make_optional,
    require_fields,
    type_inputs,
)
from .prompt_variables import (
    VariableDifference,
    VariableUse,
    compare_variables,
    infer_type,
    variables_in,
)
from .section import InlineTypes, Section, SourceNames, Unwritable, steps_section
from .sentences.repetitions import find_parts_of_entries

BOM = b"\xef\xbb\xbf"
_ANY = nodes.ScalarType(name="any")
_STRING = nodes.ScalarType(name="string")


class Conversion(Record):
    """A file with statements in the place of a prompt.

    `prompt` is what they compile to, None if they do not. `difference` are the variables that only
    one of both prompts has. `required` are fields that are required now, `typed` inputs of any
    type that are texts now, and `declared` variables that are declared now, by their names in
    source; `optional` are outputs that may be missing now; `slashes` are variables whose backslash
    became a slash, and `renamed` misspelt ones
    with the names that they were taken for.
    """

    proposal: Proposal
    section: Section
    content: bytes
    compilation: Compilation
    prompt: str | None
    difference: VariableDifference
    required: tuple[str, ...]
    typed: tuple[str, ...]
    declared: tuple[str, ...]
    slashes: tuple[nodes.Variable, ...]
    renamed: tuple[tuple[str, str], ...]
    optional: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether it compiles and fills in exactly the variables of the old prompt."""
        same = not self.difference.lost and not self.difference.gained
        return self.prompt is not None and same and not self.section.undeclared


class LineEdit(Record):
    """`new` lines in the place of the `old` ones of a section, which stand `before` times above."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    before: int


class Converter:
    """Converts the prompt of one workflow; `build` compiles the project with a new file."""

    def __init__(
        self,
        symbol: WorkflowSymbol,
        workflow: nodes.Workflow,
        prompt: str,
        original: bytes,
        build: Callable[[bytes], Compilation],
    ) -> None:
        self._symbol = symbol
        self._title = workflow.title
        self._original = original
        self._build = build
        self._hints = prompt_hints_for(workflow)
        prompt, self._renamed = _take_back_misspellings(prompt, self._hints)
        self._hints, self._entries = _type_entries(prompt, self._hints)
        self.prompt, self._slashes = _take_back_escapes(prompt, self._hints)

    def convert(self) -> Conversion:
        """Return the attempt with the most statements that is sound, or the last one of all prose.

        Raises `Unwritable` for a text that source cannot express.
        """
        self.refused: list[str] = []
        best = self._try_attempt(())
        if best is not None and best.is_sound:
            return best
        recognized = self._find_every_part()
        prose = self.attempt(recognized)
        if not prose.is_sound:
            return prose
        self._best, self.refused = prose, list(recognized)
        self._admit(recognized)
        return self._best

    def _find_every_part(self) -> list[str]:
        """Return all parts that are ever understood.

        Where a part is prose, parts of it may be understood that nobody looked for before.
        """
        every: dict[str, None] = {}
        while True:
            found = propose_statements(self.prompt, self._hints, self._title, every).recognized
            if every.keys() >= set(found):
                return list(every)
            every.update(dict.fromkeys(found))

    def _try_attempt(self, refused: Collection[str]) -> Conversion | None:
        """Return an attempt; None if source cannot express it, as a loop in a loop."""
        try:
            return self.attempt(refused)
        except Unwritable:
            return None

    def _admit(self, parts: Sequence[str]) -> None:
        """Make statements of those of `parts` that are sound with what was admitted before.

        All at once, else each half by itself: few are wrong, so few attempts are made.
        """
        attempt = self._try_attempt([each for each in self.refused if each not in parts])
        if attempt is not None and attempt.is_sound:
            self._best = attempt
            self.refused = [each for each in self.refused if each not in parts]
        elif len(parts) > 1:
            middle = len(parts) // 2
            self._admit(parts[:middle])
            self._admit(parts[middle:])

    def write_section(self, refused: Collection[str]) -> tuple[str, ...]:
        """Return the lines of the section in which the parts `refused` are prose."""
        proposal = propose_statements(self.prompt, self._hints, self._title, refused)
        return steps_section(proposal, self._hints, self._source_names()).lines

    def attempt(self, refused: Collection[str], edited: Sequence[LineEdit] = ()) -> Conversion:
        """Return the file in which the parts `refused` are prose, with some lines `edited`.

        An output that only some cases set may be missing, which its type then says.
        """
        attempt = self._attempt(refused, edited, ())
        unset = _find_unset_outputs(attempt.compilation)
        return self._attempt(refused, edited, unset) if unset else attempt

    def _attempt(
        self, refused: Collection[str], edited: Sequence[LineEdit], optional: Collection[str]
    ) -> Conversion:
        hints, names = self._hints, self._source_names()
        proposal = propose_statements(self.prompt, hints, self._title, refused)
        section = steps_section(proposal, hints, names)
        inputs = [each[1:-1] for each in section.undeclared if re.fullmatch(r"\{\w+\}", each)]
        secrets = [each[2:-1] for each in section.undeclared if re.fullmatch(r"\{\$\w+\}", each)]
        if any(map(is_name, (*inputs, *secrets))) and not self._symbol.inputs_from:
            hints = _add_fields(hints, inputs, secrets)
            proposal = propose_statements(self.prompt, hints, self._title, refused)
            section = steps_section(proposal, hints, names)
        else:
            inputs, secrets = [], []
        section = replace(section, lines=_edit_lines(section.lines, edited))
        used = self._used_fields(proposal, names)
        needed = {**used, "runtime": used["runtime"] - set(optional)}
        required = list(require_fields(self._symbol, needed))
        entries = {names.inputs.get(each, each): text for each, text in self._entries.items()}
        in_part = self._used_in_part(proposal, names) - entries.keys()
        typed = list(type_inputs(self._symbol, used["input"], in_part, entries))
        edits = [
            *(edit for _, edit in (*required, *typed)),
            *make_optional(self._symbol, optional),
            *filter(
                None,
                (
                    declare_fields(self._symbol, "secrets", secrets),
                    declare_fields(self._symbol, "inputs", inputs),
                ),
            ),
        ]
        content = self._new_content(section, edits)
        compilation = self._build(content)
        after = _prompt_text_of(compilation, self._symbol.name)
        return Conversion(
            proposal,
            section,
            content,
            compilation,
            after,
            self._compare(proposal, hints, after),
            tuple(dict.fromkeys(name for name, _ in required)),
            tuple(name for name, _ in typed),
            (*inputs, *(f"${each}" for each in secrets)),
            self._slashes,
            self._renamed,
            tuple(optional),
        )

    def _used_fields(self, proposal: Proposal, names: SourceNames) -> dict[str, set[str]]:
        """Return the fields that a statement uses: names in source, by their sigils."""
        own = {"input": names.inputs, "secret": names.secrets, "runtime": names.outputs}
        variables = {
            (each.sigil, each.name)
            for each in walk((proposal.body, proposal.rules))
            if isinstance(each, nodes.Variable)
        }
        return {
            sigil: {field for name, field in fields.items() if (sigil, name) in variables}
            for sigil, fields in own.items()
        }

    def _used_in_part(self, proposal: Proposal, names: SourceNames) -> set[str]:
        return {
            names.inputs.get(each.name, each.name)
            for each in walk(proposal.body)
            if isinstance(each, nodes.Variable) and each.path
        }

    def _compare(
        self, proposal: Proposal, hints: PromptHints, after: str | None
    ) -> VariableDifference:
        declared = {field.name for field in (*(hints.inputs or ()), *hints.secrets)}
        outputs = {field.name for field in hints.outputs or ()} - declared
        loops = any(isinstance(each, nodes.Loop) for each in walk(proposal.body))
        entries = {each.removesuffix("s") for each in declared} if loops else set()
        text = unescape(self.prompt) if proposal.rich_text else self.prompt
        found = [
            _as_output(each, outputs)
            for each in variables_in(text, declared)
            if each.variable.name in declared | outputs
            or not (each.variable.path or each.variable.name in entries)
        ]
        return compare_variables(found, proposal.body, after)

    def _source_names(self) -> SourceNames:
        symbol, source = self._symbol, self._symbol.module.source.text
        written = {
            field.name.text: source[field.type.start : field.type.end]
            for item in symbol.declaration.items
            if isinstance(item, ast.OutputsSection)
            for field in item.fields
        }
        return SourceNames(
            inputs={field.wire_name: field.name for field in symbol.inputs},
            secrets={field.wire_name: field.name for field in symbol.secrets},
            outputs={field.wire_name: field.name for field in symbol.outputs},
            types={field.wire_name: written[field.name] for field in symbol.outputs},
        )

    def _new_content(self, section: Section, edits: list[FileEdit]) -> bytes:
        """The file with the old section and declarations replaced, and all else byte for byte."""
        text = self._symbol.module.source.text
        old = prompt_section(self._symbol)
        line_start = text.rfind("\n", 0, old.start) + 1
        before = text[line_start : old.start]
        indent = before if not before.strip() else "  "
        end = "\r\n" if "\r\n" in text else "\n"
        lines = [section.lines[0], *(indent + each if each else each for each in section.lines[1:])]
        steps = FileEdit(old.start, old.end, "\n".join(lines))
        own = [
            FileEdit(each.start, each.end, each.new.replace("\n", end)) for each in (*edits, steps)
        ]
        content = apply_edits(text, own).encode()
        return BOM + content if self._original.startswith(BOM) else content


def _find_unset_outputs(compilation: Compilation) -> tuple[str, ...]:
    """Return the outputs that only some paths set, by their names in source."""
    messages = [
        each.message
        for each in compilation.analysis.diagnostics
        if each.spec.name == "missing-emit"
    ]
    names = (re.match(r"output `(\w+)`", each) for each in messages)
    return tuple(dict.fromkeys(each[1] for each in names if each is not None))


def _edit_lines(lines: tuple[str, ...], edited: Sequence[LineEdit]) -> tuple[str, ...]:
    """Return lines with edits of blocks; one whose block is gone is left out."""
    places: list[tuple[int, LineEdit]] = []
    for edit in edited:
        size = len(edit.old)
        found = [at for at in range(len(lines)) if lines[at : at + size] == edit.old]
        if len(found) > edit.before:
            places.append((found[edit.before], edit))
    for at, edit in sorted(places, key=lambda place: place[0], reverse=True):
        lines = (*lines[:at], *edit.new, *lines[at + len(edit.old) :])
    return lines


def prompt_section(symbol: WorkflowSymbol) -> ast.PromptFrom:
    """Return the `prompt from` of a workflow that has one."""
    return next(item for item in symbol.declaration.items if isinstance(item, ast.PromptFrom))


def prompt_hints_for(workflow: nodes.Workflow) -> PromptHints:
    """Return what the schemas of a workflow tell of its variables."""
    inputs, secrets = workflow.inputs, workflow.secrets
    outputs: tuple[nodes.FieldSpec, ...] | None = workflow.outputs
    if workflow.input_schema is not None:
        every = loose_fields(_parse_json_or_none(workflow.input_schema)) or ()
        inputs, secrets = split_secrets(every)
    if workflow.output_schema is not None:
        outputs = loose_fields(_parse_json_or_none(workflow.output_schema))
    return PromptHints(inputs, secrets, outputs, {})


def _type_entries(prompt: str, hints: PromptHints) -> tuple[PromptHints, dict[str, str]]:
    """Return hints with types for inputs of which only the prompt says what is inside them.

    `{client.name}`, or `{row.no}` in `For each row in {rows}`, says that there is such a field,
    which is taken for a text. The types are also returned as source, by input; where the schema
    says that there is a list, that of an entry.
    """
    used = [each.variable for each in variables_in(prompt, [x.name for x in hints.inputs or ()])]
    types: dict[str, str] = {}
    fields = []
    for field in hints.inputs or ():
        items = unwrap_optional(field.type)
        parts = find_parts_of_entries(prompt, field.name)
        of_any = items in (_ANY, nodes.ListType(element=_ANY))
        if of_any and parts:
            entry = infer_type([(each,) for each in parts])
            field = replace(field, type=nodes.ListType(element=entry))
            types[field.name] = InlineTypes({}).type_text(field.type if items == _ANY else entry)
        elif items == _ANY:
            paths = [each.path for each in used if each.name == field.name]
            type_ = infer_type(paths)
            if isinstance(type_, nodes.RecordType):
                field = replace(field, type=type_)
                types[field.name] = InlineTypes({}).type_text(type_)
        fields.append(field)
    return replace(hints, inputs=tuple(fields) if hints.inputs is not None else None), types


def defaults_of(workflow: nodes.Workflow) -> dict[str, Any]:
    """Return the defaults in the input schema of a workflow whose schema is in a file, by name."""
    schema = _parse_json_or_none(workflow.input_schema or "null")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    entries = properties.items() if isinstance(properties, dict) else ()
    return {
        name: entry["default"]
        for name, entry in entries
        if isinstance(entry, dict) and "default" in entry
    }


def _add_fields(hints: PromptHints, inputs: list[str], secrets: list[str]) -> PromptHints:
    """Return hints with further inputs and secrets, which are texts."""
    more = [
        tuple(nodes.FieldSpec(name=each, type=_STRING) for each in new) for new in (inputs, secrets)
    ]
    return PromptHints(
        (*(hints.inputs or ()), *more[0]), (*hints.secrets, *more[1]), hints.outputs, hints.pictures
    )


def _as_output(found: VariableUse, outputs: Collection[str]) -> VariableUse:
    """Return a variable of the prompt, with `{x}` of an output as the run's value."""
    variable = found.variable
    if variable.sigil != "input" or variable.name not in outputs:
        return found
    runtime = nodes.Variable(sigil="runtime", name=variable.name, path=variable.path)
    return VariableUse(found.start, found.end, runtime, found.escaped)


def _take_back_misspellings(
    prompt: str, hints: PromptHints
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a prompt in which each misspelt variable has the declared name nearest to it.

    The platform fills in `__EMPTY__` for `{mont}` where `month` is declared.
    """
    inputs = [field.name for field in hints.inputs or ()]
    outputs = [field.name for field in hints.outputs or ()]
    secrets = [field.name for field in hints.secrets]
    candidates = {"input": [*inputs, *outputs], "secret": secrets, "runtime": outputs}
    every = {*inputs, *outputs, *secrets}
    found = variables_in(prompt, every)
    set_here = {each.variable.name for each in found if each.variable.sigil == "runtime"}
    renamed: dict[str, str] = {}
    for each in reversed(found):
        name, sigil = each.variable.name, each.variable.sigil
        is_entry = f"{name}s" in inputs  # `{row}` of `{rows}`
        known = name in every or is_entry or (sigil == "input" and name in set_here)
        if each.variable.path or known:
            continue
        nearest = find_closest_name(name, candidates[sigil])
        if nearest is not None:
            renamed[name] = nearest
            at = prompt.index(name, each.start)
            prompt = prompt[:at] + nearest + prompt[at + len(name) :]
    return prompt, tuple(sorted(renamed.items()))


def _take_back_escapes(prompt: str, hints: PromptHints) -> tuple[str, tuple[nodes.Variable, ...]]:
    r"""Return a prompt in which `C:\Out\{x}` is `C:\Out/{x}`, and the variables that it concerns.

    The platform reads `\{` as a brace, so that the value would not be filled in.
    """
    declared = {field.name for field in (*(hints.inputs or ()), *hints.secrets)}
    escaped = [each for each in variables_in(prompt, declared) if each.escaped]
    for each in reversed(escaped):
        prompt = f"{prompt[: each.start - 1]}/{prompt[each.start :]}"
    return prompt, tuple(each.variable for each in escaped)


def _parse_json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _prompt_text_of(compilation: Compilation, name: str) -> str | None:
    if compilation.bundle is None:
        return None
    artifact = next(each for each in compilation.bundle.workflows if each.name == name)
    prompt: str = render_plain_json(artifact.payload)["main_prompt"]
    return prompt


def list_changes_of_declarations(conversion: Conversion) -> Iterator[str]:
    """Describe what else changed than the prompt, one sentence for each kind."""
    if any(isinstance(each, nodes.Loop) for each in walk(conversion.proposal.body)):
        yield "look at the bound of each `for`: a list with more entries ends the run"
    if conversion.required:
        names = ", ".join(f"`{each}`" for each in conversion.required)
        verb = "is" if len(conversion.required) == 1 else "are"
        yield f"{names} {verb} required now, since the prompt uses the value in every run"
    if conversion.optional:
        names = ", ".join(f"`{each}`" for each in conversion.optional)
        yield f"{names} may be missing now, since the prompt sets it in some cases only"
    if conversion.typed:
        names = ", ".join(f"`{each}`" for each in conversion.typed)
        yield f"{names}: typed as the prompt uses it, since a step can hold no value of any type"
    if conversion.declared:
        names = ", ".join(f"`{each}`" for each in conversion.declared)
        yield f"{names}: declared now, since the prompt fills it in; give it its type"
    for name, nearest in conversion.renamed:
        yield f"`{name}` in the prompt is taken for `{nearest}`, which is declared"
    if conversion.slashes:
        names = ", ".join(f"`{{{each.name}}}`" for each in conversion.slashes)
        yield (
            rf"a `/` stands in place of the backslash before {names}, which the platform would "
            "have taken for an escaped brace"
        )
