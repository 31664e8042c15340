"""Every name in a file with what it means, from the tables of the checker.

    call open_rental(rental: number)
         │           │       └ reads the input `number`
         │           └ names the parameter `rental`, which another file declares
         └ names the task

The same target has the same `key` wherever it is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from flowdsl.semantics.model import (
    ENVIRONMENT,
    INPUT,
    LOOP,
    SECRET,
    STEP,
    ChainSymbol,
    TaskSymbol,
    ValueSymbol,
    WorkflowSymbol,
)
from flowdsl.semantics.names.paths import path_of
from flowdsl.semantics.names.scopes import KIND_OF_DECLARATION, look_up
from flowdsl.semantics.program import Entry
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.types import FieldType, ListOf, RecordOf, Type, strip_optional
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import name_set_by
from flowdsl.syntax.visit import walk

FIELD = "field"
OUTPUT = "output"
NAMESPACE = "imported file"

DECLARES = "declares"
SETS = "sets"
READS = "reads"

Key: TypeAlias = tuple[str, int, str]
Subject: TypeAlias = "TaskSymbol | WorkflowSymbol | ChainSymbol"
"""What a test is for."""


class Target(Record):
    """What a name means: a value, a field, a declaration, or an imported file.

    `span` is the place that declares it; None for `env`, which `flowdsl.toml` fills. `symbol`,
    `field` and `declaration` are what the analysis knows of it.
    """

    kind: str
    name: str
    span: Span | None
    symbol: ValueSymbol | None = None
    field: FieldType | None = None
    declaration: ast.Decl | None = None

    @property
    def key(self) -> Key | None:
        """Return what identifies the target in every analysis of the same texts."""
        return None if self.span is None else (self.span.path, self.span.start, self.name)


class Occurrence(Record):
    """A name in a file: its place, its meaning, and whether it declares, sets or reads it."""

    start: int
    end: int
    target: Target
    role: str = READS


def find_occurrences(model: SemanticModel, module: ast.Module) -> tuple[Occurrence, ...]:
    """Return the names of a file that mean something, in the order of the source."""
    collector = _Collector(model, module)
    for import_ in module.imports:
        collector.collect_import(import_)
    for declaration in module.declarations:
        collector.collect_declaration(declaration)
    found = {(each.start, each.end): each for each in collector.found}
    return tuple(found[place] for place in sorted(found))


class _Collector:
    """Collects the occurrences of one file.

    `values` are those in scope of the current declaration by name, `outputs` the fields that it
    emits, `subject` what the current test is for.
    """

    def __init__(self, model: SemanticModel, module: ast.Module) -> None:
        self.model = model
        self.source = module.source
        self.scope = model.scopes[module]
        self.found: list[Occurrence] = []
        self.values: Mapping[str, ValueSymbol] = {}
        self.outputs: Mapping[str, FieldType] = {}
        self.subject: Subject | None = None
        self._kinds: dict[ast.Field, str] = {}
        self._results = {task.declaration: task.result for task in model.tasks}

    def add(self, node: ast.Node, target: Target | None, role: str = READS) -> None:
        if target is not None:
            self.found.append(Occurrence(node.start, node.end, target, role))

    # Targets

    def target_of_symbol(self, symbol: ValueSymbol | None) -> Target | None:
        if symbol is None:
            return None
        name = symbol.name.rpartition(".")[2]
        kind = OUTPUT if symbol.is_output else symbol.kind
        if symbol.kind == ENVIRONMENT:
            return Target(kind, name, None, symbol)
        place = None if symbol.field is None else self.model.field_places.get(symbol.field)
        span = symbol.span if place is None else place[1].span(place[0])
        return Target(kind, name, span, symbol, symbol.field)

    def target_of_field(self, field: FieldType | None, kind: str = FIELD) -> Target | None:
        place = None if field is None else self.model.field_places.get(field)
        if field is None or place is None:
            return None
        return Target(kind, field.name, place[1].span(place[0]), field=field)

    def target_of_declaration(self, declaration: ast.Decl, source: SourceFile) -> Target | None:
        if isinstance(declaration, ast.TestDecl):
            return None
        name = declaration.name
        kind = KIND_OF_DECLARATION[type(declaration)]
        return Target(kind, name.text, name.span(source), declaration=declaration)

    def target_of_entry(self, entry: Entry | None) -> Target | None:
        if entry is None:
            return None
        return self.target_of_declaration(entry.declaration, entry.home.source)

    def target_of_namespace(self, name: str) -> Target | None:
        _, span = self.scope.namespaces.get(name, (None, None))
        return None if span is None else Target(NAMESPACE, name, span)

    # Imports and declarations

    def collect_import(self, import_: ast.Import) -> None:
        if isinstance(import_, ast.ImportModule):
            self.add(import_.name, self.target_of_namespace(import_.name.text), DECLARES)
            return
        for imported in import_.names:
            local = imported.alias or imported.name
            target = self.target_of_entry(self.scope.names.get(local.text))
            self.add(imported.name, target)
            if imported.alias is not None:
                self.add(imported.alias, target)

    def collect_declaration(self, declaration: ast.Decl) -> None:
        self.values, self.outputs, self.subject = {}, {}, None
        subject: ast.Decl = declaration
        if isinstance(declaration, ast.TestDecl):
            self.subject = self.model.tested.get(declaration)
            if self.subject is not None:
                subject = self.subject.declaration
                tested = self.target_of_declaration(subject, self.subject.module.source)
                self.add(declaration.subject, tested)
        else:
            named = self.target_of_declaration(declaration, self.source)
            self.add(declaration.name, named, DECLARES)
        self.values = {each.name: each for each in self.model.declared_values.get(subject, ())}
        self.outputs = self._outputs_of(subject)
        for node in walk(declaration):
            self._collect_node(node)

    def _outputs_of(self, declaration: ast.Decl) -> dict[str, FieldType]:
        """Return the outputs of a workflow, or the fields of the result of a task, by name."""
        if isinstance(declaration, ast.TaskDecl):
            result = self._results.get(declaration)
            fields = result.fields if isinstance(result, RecordOf) else ()
        else:
            symbols = self.values.values()
            fields = tuple(each.field for each in symbols if each.is_output and each.field)
            own = (each for each in self.model.workflows if each.declaration is declaration)
            fields = next((each.outputs for each in own), fields)
        return {field.name: field for field in fields}

    def _collect_node(self, node: ast.Node) -> None:
        """Add the names that a node itself holds; those below it have their own turn."""
        match node:
            case ast.Ref():
                self._collect_ref(node)
            case ast.ConstRef(name=dotted):
                self._collect_dotted(dotted, self.values)
            case ast.NamedType(name=dotted):
                self._collect_dotted(dotted)
            case ast.InputsSection(fields=fields):
                self._kinds.update(dict.fromkeys(fields, INPUT))
            case ast.SecretsSection(fields=fields):
                self._kinds.update(dict.fromkeys(fields, SECRET))
            case ast.OutputsSection(fields=fields):
                self._kinds.update(dict.fromkeys(fields, OUTPUT))
            case ast.Answer(field=field, secret=secret):
                self._kinds[field] = SECRET if secret else INPUT
            case ast.Field(name=name):
                kind = self._kinds.get(node, FIELD)
                symbol = None if kind == FIELD else self.values.get(name.text)
                declared = Target(kind, name.text, name.span(self.source), symbol)
                self.add(name, declared, DECLARES)
            case ast.Param(name=name):
                self.add(name, self.target_of_symbol(self.values.get(name.text)), DECLARES)
            case ast.ForStmt(variable=name) | ast.EachTarget(variable=name):
                self.add(name, Target(LOOP, name.text, name.span(self.source)), DECLARES)
                self._collect_setter(node)
            case ast.CallStmt(task=dotted, arguments=arguments):
                self._collect_dotted(dotted)
                task = self.model.calls.get(node)
                self._collect_arguments(arguments, () if task is None else task.params)
                self._collect_setter(node)
            case ast.ChainStep():
                self._collect_chain_step(node)
            case ast.ObjectExpr(pairs=pairs):
                self._collect_keys(pairs, self.model.wanted_types.get(node))
            case _:
                self._collect_setter(node)
                if self.subject is not None:
                    self._collect_test_node(node, self.subject)

    def _collect_ref(self, ref: ast.Ref) -> None:
        symbol = self.model.values.get(ref)
        if symbol is None:
            return
        target = self.target_of_symbol(symbol)
        if "." in symbol.name:
            self.add(ref.name, self.target_of_namespace(ref.name.text))
            if ref.path:
                self._add_part(ref.path[0], target)
        else:
            self.add(ref.name, target)
        type_ = symbol.type
        for part in path_of(ref, symbol):
            type_ = strip_optional(type_)
            if isinstance(type_, ListOf):
                type_ = type_.element
            elif isinstance(type_, RecordOf) and isinstance(part, ast.FieldAccess):
                field = type_.by_either_name(part.name)
                if field is None:
                    return
                self._add_part(part, self.target_of_field(field))
                type_ = field.type
            else:
                return

    def _add_part(self, part: ast.PathPart, target: Target | None) -> None:
        """Add the name of `.name`."""
        if self.source.text.startswith(".", part.start):
            self.add(ast.Name(part.start + 1, part.end, ""), target)

    def _collect_dotted(
        self, dotted: ast.Dotted, values: Mapping[str, ValueSymbol] | None = None
    ) -> None:
        if dotted.namespace is not None:
            self.add(dotted.namespace, self.target_of_namespace(dotted.namespace.text))
        entry = look_up(self.scope, dotted)
        if entry is None and values and dotted.namespace is None:
            self.add(dotted.name, self.target_of_symbol(values.get(dotted.name.text)))
        else:
            self.add(dotted.name, self.target_of_entry(entry))

    def _collect_arguments(
        self, arguments: Iterable[ast.Argument], symbols: Iterable[ValueSymbol]
    ) -> None:
        by_name = {each.name: each for each in symbols}
        for argument in arguments:
            self.add(argument.name, self.target_of_symbol(by_name.get(argument.name.text)))

    def _collect_chain_step(self, step: ast.ChainStep) -> None:
        name = step.name
        self.add(name, Target(STEP, name.text, name.span(self.source)), DECLARES)
        self._collect_dotted(step.workflow)
        entry = look_up(self.scope, step.workflow)
        if entry is not None:
            values = self.model.declared_values.get(entry.declaration, ())
            self._collect_arguments(
                step.arguments, (each for each in values if each.kind in (INPUT, SECRET))
            )

    def _collect_keys(self, pairs: Iterable[ast.Pair], type_: Type | None) -> None:
        if isinstance(type_, RecordOf):
            for pair in pairs:
                if isinstance(pair.key, ast.Name):
                    field = type_.by_either_name(pair.key.text)
                    self.add(pair.key, self.target_of_field(field))

    def _collect_setter(self, node: ast.Node) -> None:
        """Add the name of what a statement sets; its declaration is where it is set first."""
        name = name_set_by(node)
        if name is None:
            return
        target = self.target_of_symbol(self.values.get(name.text))
        if target is None or isinstance(node, ast.EmitStmt):
            target = self.target_of_field(self.outputs.get(name.text), OUTPUT) or target
        is_first = target is not None and target.key == (self.source.path, name.start, name.text)
        self.add(name, target, DECLARES if is_first else SETS)

    # Tests

    def _collect_test_node(self, node: ast.Node, subject: Subject) -> None:
        match node:
            case ast.GivenSection(bindings=bindings):
                self._collect_given([each.name for each in bindings], subject)
            case ast.FixtureSection(changes=changes, rows=rows):
                pairs = () if changes is None else changes.pairs
                keys = [pair.key for pair in pairs if isinstance(pair.key, ast.Name)]
                self._collect_given([*keys, *(each.name for each in rows)], subject)
            case ast.ExpectOutputs(bindings=bindings) | ast.ExpectResult(bindings=bindings):
                for binding in bindings:
                    field = self.outputs.get(binding.name.text)
                    self.add(binding.name, self.target_of_field(field, OUTPUT))
            case ast.ReadAnswer(path=path):
                self._collect_read(path, subject)
            case (
                ast.StepAnswers(step=name)
                | ast.ExpectStepOutputs(step=name)
                | ast.ExpectStepRefused(step=name)
            ):
                self._collect_step_name(name, subject)
            case _:
                pass

    def _collect_given(self, names: Iterable[ast.Name], subject: Subject) -> None:
        fields: Iterable[FieldType] = ()
        if isinstance(subject, ChainSymbol):
            fields = subject.inputs
        by_name = {field.name: field for field in fields}
        for name in names:
            target = self.target_of_symbol(self.values.get(name.text))
            self.add(name, target or self.target_of_field(by_name.get(name.text), INPUT))

    def _collect_read(self, path: tuple[ast.Name, ...], subject: Subject) -> None:
        """Add the names of an answer: those of calls, and of a variable of the last task."""
        if isinstance(subject, ChainSymbol):
            return
        runtime: Mapping[str, ValueSymbol] = subject.runtime
        declaration = subject.declaration
        body = declaration.body if isinstance(declaration, ast.TaskDecl) else declaration.steps
        for name in path[:-1]:
            calls = () if body is None else self.model.bodies.get(body, ())
            called = [each for each in calls if isinstance(each, ast.CallStmt)]
            call = next((each for each in called if name.text in _names_of_call(each)), None)
            task = None if call is None else self.model.calls.get(call)
            if call is None or task is None:
                return
            if call.result is not None and call.result.text == name.text:
                self.add(name, self.target_of_symbol(runtime.get(name.text)))
            else:
                self.add(name, self.target_of_declaration(task.declaration, task.module.source))
            runtime, body = task.runtime, task.declaration.body
        last = path[-1]
        self.add(last, self.target_of_symbol(runtime.get(last.text)))

    def _collect_step_name(self, name: ast.Name, subject: Subject) -> None:
        if isinstance(subject, ChainSymbol):
            for step, _ in subject.steps:
                if step.name.text == name.text:
                    span = step.name.span(subject.module.source)
                    self.add(name, Target(STEP, name.text, span))


def _names_of_call(call: ast.CallStmt) -> tuple[str, ...]:
    """Return the names by which a test means a call: those of its task and its result."""
    return (call.task.name.text, *(() if call.result is None else (call.result.text,)))
