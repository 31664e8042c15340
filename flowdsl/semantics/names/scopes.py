"""Scopes: the names of modules, and the values in scope of a body."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from flowdsl.diagnostics.diagnostic import DiagnosticSpec, Label
from flowdsl.diagnostics.suggest import (
    Names,
    find_closest_name,
    join_names,
    prefix_article,
    rename_fix,
    suggest_known_names,
)
from flowdsl.source.files import library_of, spell_flow_path
from flowdsl.source.text import Span
from flowdsl.syntax import ast

from .. import errors
from ..model import CONST, ENV_ROOT, ENVIRONMENT, RESERVED, SECRET, ValueSymbol
from ..program import Entry, ModuleScope, Program
from ..types import PRIMITIVES
from .foreign_names import DAYS, foreign_type, foreign_value, make_writing_fix

PresenceKey: TypeAlias = tuple[str, tuple[str | int, ...]]
"""The key of a reference's value: its root and the steps of its path.

A negative last step says that the list before it has at least that many entries.
"""

KIND_OF_DECLARATION: dict[type[ast.Decl], str] = {
    ast.RecordDecl: "type",
    ast.AliasDecl: "type",
    ast.ConstDecl: "const",
    ast.TaskDecl: "task",
    ast.WorkflowDecl: "workflow",
    ast.ChainDecl: "chain",
}
IMPORTABLE = (
    ast.RecordDecl,
    ast.AliasDecl,
    ast.ConstDecl,
    ast.TaskDecl,
    ast.WorkflowDecl,
    ast.ChainDecl,
)


def build_module_scopes(program: Program, entries: Collection[str] = ()) -> None:
    """Fill `program.scopes` with the names of each module.

    Declarations come first, then imports, which see only what other files declare themselves.
    `entries` are the files whose workflows are compiled.
    """
    for module in program.sources.modules:
        scope = program.scopes[module] = ModuleScope(program, module)
        for declaration in module.declarations:
            if not isinstance(declaration, ast.TestDecl):
                _declare_name(scope, declaration)
        for name in scope.unread:
            scope.names.setdefault(name, None)
    for module in program.sources.modules:
        for import_ in module.imports:
            _import_names(program.scopes[module], import_)
    _report_shared_addresses(program, entries)


def _declare_name(scope: ModuleScope, declaration: ast.Decl) -> None:
    assert not isinstance(declaration, ast.TestDecl)
    name = declaration.name.text
    span = declaration.name.span(scope.source)
    is_type = isinstance(declaration, ast.RecordDecl | ast.AliasDecl)
    if (is_type and name in PRIMITIVES) or name == ENV_ROOT:
        scope.report(errors.RESERVED_NAME, span, name=name)
        scope.names[name] = None
        return
    if isinstance(declaration, ast.ConstDecl) and name in RESERVED:
        report_reserved(scope, name, span)
        scope.names[name] = None
        return
    first = scope.own.get(name)
    if first is not None:
        _report_duplicate(scope, span, name, first.span)
        return
    entry = Entry(declaration, scope.module, span)
    scope.own[name] = entry
    scope.names[name] = entry


def report_reserved(scope: ModuleScope, name: str, span: Span) -> None:
    """Report a value whose name could not be read, at its name or that of its schema file."""
    from .reserved import rename_reserved

    fixes = (rename_reserved(scope.module, name, span),) if span.text == name else ()
    scope.report(errors.RESERVED_NAME, span, name=name, fixes=fixes)


def _report_duplicate(scope: ModuleScope, span: Span, name: str, first: Span) -> None:
    scope.is_first({name: first}, name, span, errors.DUPLICATE_DECLARATION, "declared")


def _import_names(scope: ModuleScope, import_: ast.Import) -> None:
    """Add the names of one import to the scope of a file."""
    target = scope.program.sources.targets.get(import_)
    other = scope.program.scopes[target] if target is not None else None
    if isinstance(import_, ast.ImportModule):
        span = import_.name.span(scope.source)
        name = import_.name.text
        if name in RESERVED:
            report_reserved(scope, name, span)
            scope.namespaces[name] = (None, span)
        elif not _report_clash(scope, name, span):
            scope.namespaces[name] = (other, span)
        return
    for imported in import_.names:
        local = imported.alias or imported.name
        span = local.span(scope.source)
        if imported.alias is not None and local.text in RESERVED:
            report_reserved(scope, local.text, span)
            scope.names[local.text] = None
            continue
        if _report_clash(scope, local.text, span):
            continue
        found = other.own.get(imported.name.text) if other is not None else None
        if (
            other is not None
            and not other.hides(imported.name.text)
            and (found is None or not isinstance(found.declaration, IMPORTABLE))
        ):
            _report_unknown_import(scope, imported.name, other)
            found = None
        entry = None if found is None else Entry(found.declaration, found.home, span)
        scope.names[local.text] = entry


def _report_clash(scope: ModuleScope, name: str, span: Span) -> bool:
    earlier = scope.names.get(name)
    first = earlier.span if earlier is not None else None
    if name in scope.namespaces:
        first = scope.namespaces[name][1]
    if first is not None:
        _report_duplicate(scope, span, name, first)
    return first is not None or name in scope.names


def _report_unknown_import(scope: ModuleScope, name: ast.Name, other: ModuleScope) -> None:
    names = scope.program.names_of(
        (other, "importable"),
        lambda: (n for n, each in other.own.items() if isinstance(each.declaration, IMPORTABLE)),
    )
    span = name.span(scope.source)
    path = spell_flow_path(other.source.path)
    near = find_closest_name(name.text, names)
    if near is not None:
        help = f"`{path}` declares `{near}`"
    elif names:
        help = f"`{path}` declares {join_names(names)}"
    else:
        help = f"`{path}` declares nothing that can be imported"
    scope.report(
        errors.UNKNOWN_IMPORT,
        span,
        name=name.text,
        path=path,
        help=help,
        fixes=rename_fix(span, [near] if near is not None else ()),
    )


def _report_shared_addresses(program: Program, entries: Collection[str]) -> None:
    """Report workflows and chains with the same name: names are addresses, unique in the program.

    Nothing is deployed from a library, so its names are not addresses unless its file is an entry.
    """
    first: dict[str, Span] = {}
    for module in program.sources.modules:
        path = module.source.path
        if library_of(path) is not None and path not in entries:
            continue
        scope, spec = program.scopes[module], errors.DUPLICATE_DECLARATION
        for name, entry in scope.own.items():
            if isinstance(entry.declaration, ast.WorkflowDecl | ast.ChainDecl):
                scope.is_first(first, name, entry.span, spec, "declared")


NOTHING: Mapping[str, str] = MappingProxyType({})


def look_up(scope: ModuleScope, dotted: ast.Dotted) -> Entry | None:
    """Return what `dotted` names in a file; None if it names nothing that could be found."""
    name = dotted.name.text
    if dotted.namespace is None:
        return scope.names.get(name)
    where, _ = scope.namespaces.get(dotted.namespace.text, (None, None))
    return None if where is None else where.own.get(name)


def find_declaration(
    scope: ModuleScope, dotted: ast.Dotted, kind: str, instead: Mapping[str, str] = NOTHING
) -> Entry | None:
    """Return the declaration of `kind` (`type`, `const`, `task`, ...) that `dotted` names.

    `instead` maps other kinds to what to write if the name is of that kind. None if there is no
    such declaration; that is reported unless a failed import or a syntax error may be the cause.
    """
    program = scope.program
    where = scope
    if dotted.namespace is not None:
        namespace = dotted.namespace.text
        if namespace not in scope.namespaces:
            if scope.hides(namespace):
                return None
            span = dotted.namespace.span(scope.source)
            known = program.names_of((scope, "imported file"), lambda: scope.namespaces)
            noun = "imported file"
            program.report_unknown(errors.UNDECLARED_NAMESPACE, span, noun, known, name=namespace)
            return None
        other = scope.namespaces[namespace][0]
        program.use(scope, namespace, None)
        if other is None:
            return None
        where = other
    names: Mapping[str, Entry | None] = where.names if where is scope else where.own
    name = dotted.name.text
    entry = look_up(scope, dotted)
    program.use(where, name, entry)
    if entry is not None and KIND_OF_DECLARATION[type(entry.declaration)] == kind:
        return entry if _may_be_deployed(scope, dotted.name, entry, kind) else None
    if entry is None and (name in names or where.hides(name)):
        return None
    candidates = names_of_kind(where, kind, inside=where is scope)
    _report_undeclared(scope, dotted.name, kind, entry, candidates, instead)
    return None


def _may_be_deployed(scope: ModuleScope, name: ast.Name, entry: Entry, kind: str) -> bool:
    """Whether a file may name a declaration; it may not if a library would deploy it.

    In that case it is reported.
    """
    library = library_of(entry.home.source.path)
    if kind not in ("workflow", "chain") or library in (None, library_of(scope.source.path)):
        return True
    scope.report(errors.WORKFLOW_IN_LIBRARY, name, kind=kind, name=name.text, library=library)
    return False


def names_of_kind(scope: ModuleScope, kind: str, *, inside: bool = True) -> Names:
    """Return the names of a kind that a file declares.

    With `inside`, also the names that it imports, and the built-in types.
    """

    def find() -> Iterator[str]:
        if inside and kind == "type":
            yield from PRIMITIVES
        for name, entry in (scope.names if inside else scope.own).items():
            if entry is not None and KIND_OF_DECLARATION[type(entry.declaration)] == kind:
                yield name

    return scope.program.names_of((scope, kind, inside), find)


def _report_undeclared(
    scope: ModuleScope,
    name: ast.Name,
    kind: str,
    entry: Entry | None,
    candidates: Names,
    instead: Mapping[str, str],
) -> None:
    span = name.span(scope.source)
    foreign_of = {"type": foreign_type, "const": foreign_value}.get(kind)
    foreign = None if foreign_of is None else foreign_of(name.text, span)
    if foreign is not None and entry is None:
        help, fixes = foreign
        labels: tuple[Label, ...] = ()
    elif kind == "const" and entry is None and name.text in DAYS:
        day = DAYS[name.text]
        help = f"a day is counted from today: write `{day}`"
        fixes = make_writing_fix(span, day, "unsafe")
        labels = ()
    elif entry is not None:
        found = KIND_OF_DECLARATION[type(entry.declaration)]
        help = f"`{name.text}` is {prefix_article(found)}"
        if found in instead:
            help += f": write `{instead[found]} {name.text}`"
        labels = (Label(entry.span, f"the {found}"),)
        fixes = ()
    else:
        help = suggest_known_names(kind, candidates, name.text)
        labels = ()
        fixes = rename_fix(span, candidates)
    spec = {
        "type": errors.UNDECLARED_TYPE,
        "task": errors.UNDECLARED_TASK,
        "workflow": errors.UNDECLARED_WORKFLOW,
        "chain": errors.UNDECLARED_CHAIN,
        "const": errors.UNDECLARED_NAME,
    }[kind]
    scope.report(spec, span, name=name.text, help=help, labels=labels, fixes=fixes)


class ValueScope:
    """The values in scope of a body: its own symbols, and the consts and `env` of its module.

    - `ended`: loop variables whose loop has ended.
    - `present`: references that are known to be present at the current place.
    - `clashing`: names with two meanings, which are reported once; their uses are not.
    - `inputs_unknown`: a schema file could not be read, so any name may be an input.
    - `inputs_verbatim`: a prompt file holds the inputs, so their schema refuses nothing for it.
    """

    __slots__ = (
        *("_known", "clashing", "ended", "inputs_unknown", "inputs_verbatim"),
        *("module", "present", "program", "source", "symbols"),
    )

    def __init__(self, module: ModuleScope) -> None:
        self.program = module.program
        self.source = module.source
        self.module = module
        self.symbols: dict[str, ValueSymbol] = {}
        self.ended: dict[str, ValueSymbol] = {}
        self.present: frozenset[PresenceKey] = frozenset()
        self.clashing: set[str] = set()
        self.inputs_unknown = False
        self.inputs_verbatim = False
        self._known: tuple[Names, Names] | None = None

    def report(self, spec: DiagnosticSpec, node: ast.Node | Span, /, **values: Any) -> None:
        """Report a finding about the file of this scope; see `Sink.report`."""
        self.module.report(spec, node, **values)

    def declare(self, symbol: ValueSymbol) -> bool:
        """Add `symbol` to the scope; False, with a report, if its name is already in use."""
        name = symbol.name
        if name in RESERVED:
            self.clashing.add(name)
            report_reserved(self.module, name, symbol.span)
            return False
        if self.is_free(name):
            self._add(symbol)
            return True
        first = self._meaning(name)
        if first is None:
            self._add(symbol)
            return True
        kind, span = first
        self.clashing.add(name)
        self.report(
            errors.SHADOWED_NAME,
            symbol.span,
            name=name,
            kind=prefix_article(kind),
            labels=(Label(span, f"the {kind} is declared here"),),
        )
        return False

    def _add(self, symbol: ValueSymbol) -> None:
        self.symbols[symbol.name] = symbol
        if self._known is not None:
            self._known[symbol.kind == SECRET].add(symbol.name)

    def may_declare(self, name: str) -> bool:
        """Whether `declare` would accept a symbol of this name."""
        return self.is_free(name) or (name != ENV_ROOT and self._meaning(name) is None)

    def is_free(self, name: str) -> bool:
        """Whether `name` means nothing at all here."""
        return not (
            name in self.symbols
            or name in self.module.names
            or name in self.module.namespaces
            or name in RESERVED
        )

    def end_loop(self, symbol: ValueSymbol) -> None:
        """Remove a loop variable from the scope."""
        if self.symbols.get(symbol.name) is symbol:
            del self.symbols[symbol.name]
            if self._known is not None:
                self._known[symbol.kind == SECRET].discard(symbol.name)
        self.ended[symbol.name] = symbol

    def _meaning(self, name: str) -> tuple[str, Span] | None:
        if name in self.symbols:
            symbol = self.symbols[name]
            return symbol.title, symbol.span
        entry = self.module.names.get(name)
        if entry is not None and isinstance(entry.declaration, ast.ConstDecl):
            return CONST, entry.span
        if name in self.module.namespaces:
            return "imported file", self.module.namespaces[name][1]
        return None

    def kind_of(self, name: str) -> str | None:
        """Return the kind of value that a root `name` means; None if it is undeclared."""
        symbol = self.symbols.get(name)
        if symbol is not None:
            return symbol.kind
        entry = self.module.names.get(name)
        if entry is not None and isinstance(entry.declaration, ast.ConstDecl):
            return CONST
        return ENVIRONMENT if name == ENV_ROOT else None

    def known(self) -> tuple[Names, Names]:
        """Return the names of the symbols: those that are not secret, and the secret ones."""
        if self._known is None:
            self._known = Names(), Names()
            for symbol in self.symbols.values():
                self._known[symbol.kind == SECRET].add(symbol.name)
        return self._known
