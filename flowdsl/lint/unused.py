"""The names of a program that nothing uses.

In a file with errors, a name may be used where nothing was resolved: in a declaration that could
not be parsed, or in a place that does not allow it. In such a file, a name counts as unused only if
the text does not mention it a second time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from flowdsl.diagnostics.diagnostic import ERROR, Diagnostic
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import INPUT, PARAMETER, RUNTIME, SECRET, ValueSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.traversal import statements
from flowdsl.semantics.types import INPUT as DAY_OF_INPUT
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by
from flowdsl.syntax.visit import walk

from .bodies import body_of, find_keyword
from .context import Unused

_OFTEN = 1 << 30
"""A count that no name reaches by its declarations."""

Found: TypeAlias = "tuple[ast.Module, ast.Decl | None, Unused]"
"""An unused name, with the file and the declaration that it is in."""

_DECLARED: dict[type[ast.Decl], str] = {
    ast.RecordDecl: "type",
    ast.AliasDecl: "type",
    ast.ConstDecl: "const",
    ast.TaskDecl: "task",
}


class _Mentions:
    """Mentions of names in files with errors.

    These are in their text, and in the errors, for instance about a misspelt name. `paths` are
    files that imports connect, `sources` those of them that could be read, `errors` the errors of
    the program by path.
    """

    def __init__(
        self,
        paths: Iterable[str],
        sources: Mapping[str, SourceFile],
        errors: Mapping[str, list[Diagnostic]],
    ) -> None:
        self._errors = errors
        self._mentioned: dict[str, Counter[str]] = {}
        self._starts: dict[str, list[int]] = {}
        broken = [path for path in paths if path in errors]
        self._broken = [sources[path] for path in broken if path in sources]
        self._unread = any(path not in sources for path in broken)

    def reported(self, span: Span) -> bool:
        """Whether there is an error inside `span`."""
        starts = self._starts.get(span.path)
        if starts is None:
            errors = self._errors.get(span.path, ())
            starts = self._starts[span.path] = sorted(error.span.start for error in errors)
        at = bisect_left(starts, span.start)
        return at < len(starts) and starts[at] < span.end

    def here(self, source: SourceFile, name: str, own: int = 1) -> bool:
        """Whether a file has errors and mentions `name` more often than declaring it takes.

        It is declared `own` times there.
        """
        if source.path not in self._errors:
            return False
        mentioned = self._mentioned.get(source.path)
        if mentioned is None:
            mentioned = self._mentioned[source.path] = Counter(re.findall(r"\w+", source.text))
            for error in self._errors[source.path]:
                for word in re.findall(r"`(?=([^`]*)`)", error.help or ""):
                    mentioned[word] = _OFTEN
        return mentioned[name] > own

    def anywhere(self, home: SourceFile, name: str) -> bool:
        """Whether some file with errors mentions a name that `home` declares.

        True, too, when such a file could not be read.
        """
        return self._unread or any(
            self.here(source, name, 1 if source is home else 0) for source in self._broken
        )


def find_unused_names(
    model: SemanticModel, groups: Iterable[Sequence[str]], sink: Sink, *, whole: bool
) -> Iterator[Found]:
    """The unused names of files, file by file.

    Declarations that other files may use count only when the program is `whole`. `groups` are the
    paths of the files, together where imports connect them; `sink` holds what was found in the
    program so far.
    """
    used = set(model.values.values())
    modules = {module.source.path: module for module in model.modules}
    sources = {path: module.source for path, module in modules.items()}
    errors: dict[str, list[Diagnostic]] = {}
    for found in sink.findings_in_order() if sink.has_errors else ():
        if found.severity == ERROR:
            errors.setdefault(found.span.path, []).append(found)
    for group in groups:
        mentions = _Mentions(group, sources, errors)
        for path in group:
            if path in modules:
                yield from _of_module(model, modules[path], used, mentions, whole=whole)


def _of_module(
    model: SemanticModel,
    module: ast.Module,
    used: set[ValueSymbol],
    mentions: _Mentions,
    *,
    whole: bool,
) -> Iterator[Found]:
    source = module.source
    yield from _find_unused_imports(model, module, mentions)
    for declaration in module.declarations:
        kind = _DECLARED.get(type(declaration))
        if whole and kind is not None and declaration not in model.used_declarations:
            assert not isinstance(declaration, ast.TestDecl)
            name = declaration.name
            if not mentions.anywhere(source, name.text):
                lines = extend_to_description(whole_lines(declaration.span(source)))
                if find_keyword(source, "fixture", declaration.start, name.start):
                    kind = "fixture"
                unused = Unused(kind, name.text, name.span(source), lines)
                yield module, declaration, unused
        for unused in _find_unused_values(model, declaration, source, used, mentions):
            yield module, declaration, unused


def _find_unused_imports(
    model: SemanticModel, module: ast.Module, mentions: _Mentions
) -> Iterator[Found]:
    source = module.source
    path = source.path
    for import_ in module.imports:
        if mentions.reported(import_.span(source)):
            continue
        if isinstance(import_, ast.ImportModule):
            names = [import_.name]
        else:
            names = [each.alias or each.name for each in import_.names]
        unused = [
            at
            for at, name in enumerate(names)
            if (path, name.text) not in model.used_names and not mentions.here(source, name.text)
        ]
        for at in unused:
            if len(unused) == len(names):
                whole = whole_lines(import_.span(source))
            else:
                assert isinstance(import_, ast.ImportNames)
                whole = list_entry(source, import_.names, at)
            name = names[at]
            yield module, None, Unused("import", name.text, name.span(source), whole)


def _find_unused_values(
    model: SemanticModel,
    declaration: ast.Decl,
    source: SourceFile,
    used: set[ValueSymbol],
    mentions: _Mentions,
) -> Iterator[Unused]:
    """The unused inputs, secrets, parameters and runtime variables of a declaration."""
    if isinstance(declaration, ast.ChainDecl):
        yield from _chain_values(declaration, source, mentions)
        return
    verbatim = ""
    fields: dict[int, ast.Field | ast.Param] | None = None
    setters_of: dict[str, list[ast.Stmt]] | None = None
    symbols = model.declared_values.get(declaration, ())
    days = (each.field.day for each in symbols if each.field is not None)
    counted_from = {day.name for day in days if day is not None and day.base == DAY_OF_INPUT}
    for symbol in symbols:
        if symbol in used:
            continue
        if symbol.is_output:
            continue  # the run hands it over
        if symbol.kind == RUNTIME:
            if setters_of is None:
                setters_of = _find_setters(declaration)
            setters = setters_of.get(symbol.name, [])
            if not mentions.here(source, symbol.name, len(setters)):
                yield _variable(symbol, setters, source)
            continue
        if fields is None:
            fields = {field.name.start: field for field in _fields(declaration)}
            verbatim = _read_verbatim_files(model, declaration)
        field = fields.get(symbol.span.start)
        if field is None or symbol.kind not in (INPUT, SECRET, PARAMETER):
            continue
        if symbol.field is not None and symbol.field.constraints.machine:
            continue  # its declaration makes sure that the machine defines it
        wire_name = symbol.field.wire_name if symbol.field is not None else symbol.name
        if wire_name in verbatim or wire_name in counted_from:
            continue
        if not mentions.here(source, symbol.name):
            kind = "parameter" if isinstance(field, ast.Param) else symbol.kind
            yield Unused(kind, symbol.name, symbol.span, field.span(source))


def _chain_values(
    chain: ast.ChainDecl, source: SourceFile, mentions: _Mentions
) -> Iterator[Unused]:
    """The unused inputs, secrets and answers of a chain.

    No name can be shadowed, so that every reference by that name means the declared one.
    """
    used = {node.name.text for node in walk(chain) if isinstance(node, ast.Ref)}
    used |= {node.name.name.text for node in walk(chain) if isinstance(node, ast.ConstRef)}
    for item in chain.items:
        fields: list[tuple[str, ast.Name, ast.Node]] = []
        if isinstance(item, ast.InputsSection | ast.SecretsSection):
            kind = INPUT if isinstance(item, ast.InputsSection) else SECRET
            fields += ((kind, field.name, field) for field in item.fields)
        elif isinstance(item, ast.Pause):
            fields += (
                (SECRET if each.secret else INPUT, each.field.name, each) for each in item.answers
            )
        for kind, name, written in fields:
            if name.text not in used and not mentions.here(source, name.text):
                yield Unused(kind, name.text, name.span(source), written.span(source))


def _fields(declaration: ast.Decl) -> Iterator[ast.Field | ast.Param]:
    if isinstance(declaration, ast.TaskDecl):
        yield from declaration.params
    elif isinstance(declaration, ast.WorkflowDecl):
        for item in declaration.items:
            if isinstance(item, ast.InputsSection | ast.SecretsSection):
                yield from item.fields


def _find_setters(declaration: ast.Decl) -> dict[str, list[ast.Stmt]]:
    """The statements of a body that set each runtime variable."""
    body = body_of(declaration)
    found: dict[str, list[ast.Stmt]] = {}
    for statement in statements(body) if body is not None else ():
        variable = variable_set_by(statement)
        if variable is not None:
            found.setdefault(variable.text, []).append(statement)
    return found


def _variable(symbol: ValueSymbol, setters: list[ast.Stmt], source: SourceFile) -> Unused:
    """An unused runtime variable.

    If several statements set it, nothing can be removed.
    """
    whole = Span(source, symbol.span.start, symbol.span.start)
    if len(setters) == 1:
        match setters[0]:
            case ast.CallStmt(start=start, result=ast.Name() as name):
                whole = _without_as(source, start, name.start, name.end)
            case ast.RunStmt(start=start, name=ast.Name() as name, type=type_):
                end = name.end if type_ is None else type_.end
                whole = _without_as(source, start, name.start, end)
            case ast.ForStmt(body=body, reason=ast.Name() as name):
                whole = _without_as(source, body.end, name.start, name.end)
            case statement:
                whole = whole_lines(statement.span(source))
    return Unused(RUNTIME, symbol.name, symbol.span, whole)


def _without_as(source: SourceFile, start: int, name: int, end: int) -> Span:
    """The place of `as name`, with its line if it is alone there, or else with blanks beside it."""
    text = source.text
    keyword = find_keyword(source, "as", start, name)
    assert keyword is not None, "the statement was parsed with it"
    at = _skip_blanks(text, keyword.start, -1)
    if text[at - 1] not in "\r\n":
        return Span(source, at, end)
    # The line above may end with a comment, which what follows must not become a part of.
    end = _skip_blanks(text, end, 1)
    line_end = _LINE_END.match(text, end)
    return (
        Span(source, keyword.start, end) if line_end is None else Span(source, at, line_end.end())
    )


def _read_verbatim_files(model: SemanticModel, declaration: ast.Decl) -> str:
    """The text of the files that a workflow takes verbatim, in which names are no references."""
    if not isinstance(declaration, ast.WorkflowDecl):
        return ""
    paths = {
        path
        for workflow in model.workflows
        if workflow.declaration is declaration
        for path in (workflow.prompt_from, workflow.checks_from, workflow.extra_from)
    }
    return "\n".join(model.texts.get(path, "") for path in paths if path is not None)


# Source that is removed together with a node: its lines, its comma, its description.


def whole_lines(span: Span) -> Span:
    """`span` with the lines that it is on, when nothing but a comment is there as well.

    Otherwise, `span` as it is.
    """
    text = span.source.text
    start = _skip_blanks(text, span.start, -1)
    if start > 0 and text[start - 1] not in "\r\n":
        return span
    rest = _REST_OF_LINE.match(text, span.end)
    return span if rest is None else Span(span.source, start, rest.end())


_LINE_END = re.compile(r"\r\n?|\n")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n|\Z)")
"""The end of a line on which nothing but a comment follows."""


def _skip_blanks(text: str, offset: int, step: int) -> int:
    """The first offset from one on, backward if `step` is -1, that has no blank before it."""
    while text[(at := offset + min(step, 0)) : at + 1] in (" ", "\t") and at >= 0:
        offset += step
    return offset


def list_entry(source: SourceFile, entries: Sequence[ast.Node], index: int) -> Span:
    """An entry of a comma-separated list of at least two, with the comma that goes with it.

    A comment on the entry before it stays.
    """
    entry = entries[index]
    if index + 1 < len(entries):
        return Span(source, entry.start, entries[index + 1].start)
    before = entries[index - 1].end
    if "#" not in source.text[before : entry.start]:
        return Span(source, before, entry.end)
    comma = re.compile(r"\s*,").match(source.text, entry.end)
    return Span(source, entry.start, entry.end if comma is None else comma.end())


def extend_to_description(lines: Span) -> Span:
    """The lines of a declaration with the `##` comment right above them.

    `lines` as they are if another declaration stands before it on its first line.
    """
    source = lines.source
    start = lines.start
    if lines.first.column != 1:
        return lines
    number = lines.first.line
    while number > 1 and source.line(number - 1).lstrip().startswith("##"):
        number -= 1
        start = source.offset(number, 1)
    return Span(source, start, lines.end)
