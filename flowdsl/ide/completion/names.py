"""The names that are in scope at a place, from the tables of the checker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flowdsl.compiler.import_lines import insert_import, spell_import
from flowdsl.semantics.model import INPUT, LOOP, RUNTIME, SECRET, TaskSymbol, ValueSymbol
from flowdsl.semantics.names.scopes import IMPORTABLE, KIND_OF_DECLARATION
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.types import (
    FieldType,
    ListOf,
    RecordOf,
    Type,
    describe_type,
    strip_optional,
)
from flowdsl.source.files import resolve_path, spell_flow_path
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from ..names.hover import element_of, spell_signature
from ..occurrences import FIELD, NAMESPACE, OUTPUT
from ..session import Session
from .context import CompletionContext
from .items import Item

_FROM = re.compile(r"""[^"\n]*from\s+"([^"\n]*)\"""")


class VisibleNames:
    """What a place sees; the last values of a declaration count where it cannot be read now."""

    def __init__(self, session: Session, path: str, text: str, context: CompletionContext) -> None:
        self.session = session
        self.path = path
        self.source = SourceFile(path, text)
        self.context = context
        self.snapshot = session.analyze_file(path)
        self.model: SemanticModel = self.snapshot.model
        module = self.snapshot.module(path)
        self.module_scope = None if module is None else self.model.scopes[module]
        self._symbols = self._find_symbols(module)

    def _find_symbols(self, module: ast.Module | None) -> tuple[ValueSymbol, ...]:
        """Return the values of the declaration around the place, or what its test is for."""
        around = self.context.declaration
        if around is None or module is None:
            return ()
        if around[0] == "test":
            subject = self._subject()
            return () if subject is None else self.model.declared_values.get(subject, ())
        key = (self.path, *around)
        for declaration in module.declarations:
            if isinstance(declaration, ast.TestDecl):
                continue
            kind = KIND_OF_DECLARATION[type(declaration)]
            if (kind, declaration.name.text) == around:
                symbols = self.model.declared_values.get(declaration, ())
                if symbols:
                    self.session.last_values[key] = symbols
                return symbols or self.session.last_values.get(key, ())
        return self.session.last_values.get(key, ())

    def _subject(self) -> ast.Decl | None:
        """Return the declaration that the test around the place is for."""
        words = self.context.words
        if "for" not in words or self.module_scope is None:
            return None
        at = words.index("for")
        name = next(
            (each for each in words[at + 1 : at + 3] if each in self.module_scope.names), ""
        )
        entry = self.module_scope.names.get(name)
        return None if entry is None else entry.declaration

    # Values

    def values(self) -> Iterator[Item]:
        """Yield the values in scope that are no secrets, nearest ones first."""
        for name, type_ in self._loops():
            yield _item(name, LOOP, type_, order=0)
        for symbol in self._symbols:
            if symbol.kind != SECRET:
                kind = OUTPUT if symbol.is_output else symbol.kind
                yield _item(symbol.name, kind, symbol.type, symbol.field)

    def secrets(self, sign: str = "") -> Iterator[Item]:
        """Yield the secrets in scope, with `sign` before their names."""
        for symbol in self._symbols:
            if symbol.kind == SECRET:
                yield _item(f"{sign}{symbol.name}", SECRET, symbol.type, symbol.field, order=2)

    def _loops(self) -> Iterator[tuple[str, Type | None]]:
        """Yield the variables of the loops around the place, the innermost first."""
        words = self.context.words
        for at in reversed(self.context.opened):
            first = at
            while first > 0 and words[first - 1] not in ("{", "}") and words[first] != "for":
                first -= 1
            if words[first] == "for" and first + 3 <= at and words[first + 2] == "in":
                name = words[first + 1]
                yield name, self._type_of_loop(name, words[first + 3])

    def _type_of_loop(self, name: str, iterable: str) -> Type | None:
        symbol = next((each for each in self._symbols if each.name == iterable), None)
        if symbol is not None:
            return element_of(symbol.type)
        for each in self.model.values.values():
            if each.kind == LOOP and each.name == name and each.span.path == self.path:
                return each.type
        return None

    def settable(self, *, outputs: bool) -> Iterator[Item]:
        """Yield the outputs, or the other variables, that a statement may set."""
        for symbol in self._symbols:
            if symbol.kind == RUNTIME and symbol.is_output == outputs:
                kind = OUTPUT if outputs else RUNTIME
                yield _item(symbol.name, kind, symbol.type, symbol.field, order=0)

    # Paths

    def after_dot(self) -> Iterator[Item]:
        """Yield what may follow a dot: fields of a value, or declarations of an imported file."""
        words = self.context.words
        first = len(words) - 1
        while first > 0 and (words[first] in (".", "[", "]") or words[first - 1] in (".", "[")):
            first -= 1
        owner = "".join(words[first:-1])
        if "." not in owner and self.module_scope is not None:
            home, _ = self.module_scope.namespaces.get(owner, (None, None))
            if home is not None:
                wanted = {"call": "task", "run": "workflow"}.get(words[first - 1] if first else "")
                for name, entry in home.own.items():
                    kind = KIND_OF_DECLARATION.get(type(entry.declaration), "")
                    if kind and wanted in (None, kind):
                        yield self._describe(name, entry.declaration)
                return
        yield from self.fields_of(f"{owner}.")

    def fields_of(self, owner: str) -> Iterator[Item]:
        """Yield the fields of the value that a path such as `page.rows[0].` leads to."""
        names = re.findall(r"[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\]", owner)
        if not names:
            return
        type_ = self._type_of(names[0])
        for name in names[1:]:
            inner = None if type_ is None else strip_optional(type_)
            if isinstance(inner, ListOf) and name.startswith("["):
                type_ = inner.element
            elif isinstance(inner, RecordOf):
                field = inner.by_either_name(name)
                type_ = None if field is None else field.type
            else:
                return
        yield from self._fields(type_)

    def _fields(self, type_: Type | None, mark: str = "") -> Iterator[Item]:
        inner = None if type_ is None else strip_optional(type_)
        for field in inner.fields if isinstance(inner, RecordOf) else ():
            yield _item(field.name, FIELD, field.type, field, order=0, after=mark)

    def _type_of(self, name: str) -> Type | None:
        for loop, type_ in self._loops():
            if loop == name:
                return type_
        symbols = (*self._symbols, *self.model.values.values())
        return next((each.type for each in symbols if each.name == name), None)

    def keys_of_record(self) -> Iterator[Item]:
        """Yield the fields of the record that `emit rows += {` and the like begin."""
        words, opened = self.context.words, self.context.opened
        at = opened[-1] if opened else -1
        if at < 3 or words[at] != "{" or words[at - 1] not in ("=", "+="):
            return
        type_ = self._type_of(words[at - 2])
        if words[at - 1] == "+=" and type_ is not None:
            type_ = element_of(type_)
        written = set(words[at:])
        yield from (each for each in self._fields(type_, ": ") if each.label not in written)

    # Declarations

    def declarations(self, kind: str, *, elsewhere: bool = True) -> Iterator[Item]:
        """Yield the declarations of a kind: known in this file, or to be imported."""
        known: set[str] = set()
        for name, entry in () if self.module_scope is None else self.module_scope.names.items():
            known.add(name)
            if entry is not None and KIND_OF_DECLARATION[type(entry.declaration)] == kind:
                yield self._describe(name, entry.declaration)
        if not elsewhere:
            return
        kinds = (kind, "fixture") if kind == "const" else (kind,)
        for path in sorted(self.session.entries):
            names = [n for each, n in self.session.facts_of(path).declared if each in kinds]
            if path == self.path or not names or self._is_imported_by(path):
                continue
            for name in names:
                edit = insert_import(self.source, spell_import(self.path, path, name))
                if name not in known and edit is not None:
                    detail = f"import from {spell_flow_path(path)}"
                    yield Item(name, kind, detail, edits=(edit,), order=4)

    def _is_imported_by(self, path: str) -> bool:
        """Whether a file imports this one, directly or not, so that it cannot be imported."""
        seen: set[str] = set()
        pending = [path]
        while pending:
            for each in self.session.facts_of(pending.pop()).imports:
                if each == self.path:
                    return True
                if each not in seen:
                    seen.add(each)
                    pending.append(each)
        return False

    def _describe(self, name: str, declaration: ast.Decl) -> Item:
        kind = KIND_OF_DECLARATION[type(declaration)]
        doc = getattr(declaration, "doc", None) or ""
        if isinstance(declaration, ast.TaskDecl):
            task = next((t for t in self.model.tasks if t.declaration is declaration), None)
            if task is not None:
                detail, _ = spell_signature(task)
                return Item(name, kind, detail, doc, order=0)
        return Item(name, kind, "", doc, order=0)

    def namespaces(self) -> Iterator[Item]:
        """Yield the imported files that have a name."""
        for name in () if self.module_scope is None else self.module_scope.namespaces:
            yield Item(name, NAMESPACE, insert=f"{name}.", order=1)

    def importable(self, after: str) -> Iterator[Item]:
        """Yield what the file that an import names further on declares."""
        found = _FROM.match(after)
        path = None if found is None else resolve_path(self.path, found[1])
        module = None if path is None else self.session.module_of(path)
        for declaration in () if module is None else module.declarations:
            if isinstance(declaration, IMPORTABLE):
                yield self._describe(declaration.name.text, declaration)

    # Calls and tests

    def task_called(self) -> TaskSymbol | None:
        """Return the task of the call whose arguments the place is in."""
        words, opened = self.context.words, self.context.opened
        at = next((each for each in reversed(opened) if words[each] == "("), -1)
        if at < 1 or self.module_scope is None:
            return None
        name, scope = words[at - 1], self.module_scope
        entry = scope.names.get(name)
        if at > 2 and words[at - 2] == ".":
            home, _ = scope.namespaces.get(words[at - 3], (None, None))
            entry = None if home is None else home.own.get(name)
        if entry is None:
            return None
        return next((t for t in self.model.tasks if t.declaration is entry.declaration), None)

    def arguments(self) -> Iterator[Item]:
        """Yield the parameters of the called task, or inputs of the run workflow, not yet given."""
        task = self.task_called()
        words, opened = self.context.words, self.context.opened
        given = set(words[opened[-1] :]) if opened else set()
        symbols: Iterable[ValueSymbol] = () if task is None else task.params
        if task is None and self.module_scope is not None and opened:
            entry = self.module_scope.names.get(words[opened[-1] - 1])
            values = () if entry is None else self.model.declared_values.get(entry.declaration, ())
            symbols = [each for each in values if each.kind in (INPUT, SECRET)]
        for number, symbol in enumerate(symbols):
            if symbol.name not in given:
                kind, order = symbol.kind, number - len(words)
                yield _item(symbol.name, kind, symbol.type, symbol.field, order=order, after=": ")

    def in_test(self, section: str) -> Iterator[Item]:
        """Yield the inputs, readings or outputs that a section of a test may hold."""
        for symbol in self._symbols:
            fits = {
                "given": symbol.kind == INPUT,
                "reads": symbol.kind == RUNTIME,
                "outputs": symbol.is_output,
                "result": symbol.is_output,
            }.get(section, False)
            if fits:
                kind = symbol.kind
                yield _item(symbol.name, kind, symbol.type, symbol.field, order=0, after=" = ")


def _item(
    name: str,
    kind: str,
    type_: Type | None,
    field: FieldType | None = None,
    order: int = 1,
    after: str = "",
) -> Item:
    """Return the item of a value; `after` is inserted with its name."""
    detail = "" if type_ is None else describe_type(type_, 8)
    doc = "" if field is None else field.doc or ""
    return Item(name, kind, detail, doc, f"{name}{after}" if after else "", order=order)
