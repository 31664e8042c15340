"""Reports the delimiters of prompts in an author's texts.

`⟦ ⟧ ⟪ ⟫` enclose values, so no text of a program may contain them; `“ ”` enclose descriptions of
the screen, so no such description may contain them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flowdsl.diagnostics.diagnostic import Edit, Fix
from flowdsl.source.text import SourceFile, Span
from flowdsl.syntax import ast
from flowdsl.syntax.statements import AWAITED, EXPECTED, SOURCE, TARGET, texts_of
from flowdsl.syntax.visit import children

from .. import errors
from ..model import ENVIRONMENT, PARAMETER, TaskSymbol
from ..program import Program

BRACKETS = frozenset("⟦⟧⟪⟫")
QUOTES = frozenset("“”")
_SCREEN = (TARGET, AWAITED, EXPECTED, SOURCE)
_DOC = re.compile(r"(?m)^[ \t]*##.*")
_FIELDS = (ast.InputsSection, ast.OutputsSection)
_NOT_PRINTED = (
    ast.TestDecl,
    ast.ChainDecl,
    ast.ImportNames,
    ast.ImportModule,
    ast.MatchesExpr,
    ast.Annotation,
)
"""Nodes that no agent reads, and tests, which describe the desktop."""


def report_reserved_brackets(program: Program, ordered: Iterable[TaskSymbol]) -> None:
    """Report each text that contains a delimiter; `ordered` are the tasks, callees first."""
    written = [module.source.text for module in program.sources.modules]
    given = [value for each in program.environments.values() for value in each.values()]
    every = [*written, *program.texts.values(), *given]
    if any(sign in text for text in every for sign in BRACKETS):
        for module in program.sources.modules:
            _report_brackets(program, module)
    if any(sign in text for text in every for sign in QUOTES):
        _Descriptions(program).check(ordered)


def _report_brackets(program: Program, module: ast.Module) -> None:
    source = module.source
    if not BRACKETS.isdisjoint(source.text):
        for found in _DOC.finditer(source.text):
            _report_first(program, source, found.start(), found.end(), found[0])
    for node in _find_printed_nodes(module):
        if isinstance(node, ast.TextLiteral | ast.StringLit):
            _report_first(program, source, node.start, node.end, node.value)
        elif isinstance(node, ast.ConstDecl) and node.file is not None:
            value = program.consts[node].value if node in program.consts else None
            _report_lines(program, node.file.span(source), node.file.value, value)
        elif isinstance(node, ast.Ref | ast.ConstRef):
            symbol = program.values.get(node)
            if symbol is not None and symbol.kind == ENVIRONMENT:
                for held in _find_in_environments(program, node, BRACKETS):
                    _report_sign(program, node.span(source), held, "a variable of the environment")


def _find_printed_nodes(node: ast.Node) -> Iterator[ast.Node]:
    """Yield every node below one that a prompt or a generated schema may contain."""
    for child in _children_to_print(node):
        if not isinstance(child, _NOT_PRINTED):
            yield child
            yield from _find_printed_nodes(child)


def _children_to_print(node: ast.Node) -> Iterable[ast.Node]:
    """Return the children of a node; of a workflow with a prompt file, only its fields."""
    if isinstance(node, ast.WorkflowDecl) and any(
        isinstance(item, ast.PromptFrom) for item in node.items
    ):
        return [item for item in node.items if isinstance(item, _FIELDS)]
    return children(node)


def _report_first(program: Program, source: SourceFile, start: int, end: int, value: str) -> None:
    for at in range(start, end):
        if source.text[at] in BRACKETS and source.text[at] in value:
            _report_sign(program, Span(source, at, at + 1), source.text[at], "a text")
            return


def _report_lines(program: Program, span: Span, path: str, value: object) -> None:
    """Report the first line of a file that contains a delimiter, where the file is named."""
    for number, line in enumerate(str(value or "").split("\n"), start=1):
        for sign in line:
            if sign in BRACKETS:
                _report_sign(program, span, sign, f"a text, and line {number} of `{path}` has one")
                return


def _report_sign(program: Program, span: Span, sign: str, where: str) -> None:
    program.sink.report(
        errors.RESERVED_BRACKET,
        span,
        sign=sign,
        where=where,
        marked="values begin and end",
        help="write `[` and `]`, or say in words what is meant",
    )


def _find_in_environments(
    program: Program, ref: ast.Ref | ast.ConstRef, signs: frozenset[str]
) -> Iterator[str]:
    """Find the first of some characters in the value of `env.x` in any environment."""
    if isinstance(ref, ast.ConstRef):
        key = ref.name.name.text
    else:
        key = "".join(str(part.name) for part in ref.path if isinstance(part, ast.FieldAccess))
    held = (values.get(key, "") for values in program.environments.values())
    yield from [sign for value in held for sign in value if sign in signs][:1]


class _Descriptions:
    """Finds the delimiters in descriptions of the screen.

    `shown` maps each task to the parameters that are used in such a description.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.shown: dict[TaskSymbol, set[str]] = {}

    def check(self, ordered: Iterable[TaskSymbol]) -> None:
        for owner, body in self.program.find_bodies(ordered):
            shown: set[str] = set()
            self._body(owner.module.source, body, shown)
            if isinstance(owner, TaskSymbol):
                self.shown[owner] = shown
                for param in owner.declaration.params:
                    if param.name.text in shown and param.default is not None:
                        self._expression(owner.module.source, param.default, set())

    def _body(self, source: SourceFile, body: ast.Block, shown: set[str]) -> None:
        for statement in self.program.statements(body):
            for text, role in texts_of(statement):
                if role in _SCREEN:
                    self._expression(source, text, shown)
            if isinstance(statement, ast.CallStmt) and statement in self.program.calls:
                wanted = self.shown.get(self.program.calls[statement], ())
                for argument in statement.arguments:
                    if argument.name.text in wanted:
                        self._expression(source, argument.value, shown)

    def _expression(self, source: SourceFile, expr: ast.Node, shown: set[str]) -> None:
        """Report the delimiters in a description, and record the parameters in it."""
        for part in expr.parts if isinstance(expr, ast.Text) else (expr,):
            if isinstance(part, ast.TextLiteral | ast.StringLit):
                if not QUOTES.isdisjoint(part.value):
                    self._report_literal(source, part, expr)
            elif isinstance(part, ast.Ref | ast.ConstRef):
                self._reference(source, part, shown)

    def _reference(self, source: SourceFile, ref: ast.Ref | ast.ConstRef, shown: set[str]) -> None:
        symbol = self.program.values.get(ref)
        if symbol is None:
            return
        if symbol.kind == PARAMETER:
            shown.add(symbol.name)
            return
        held = (
            list(_find_in_environments(self.program, ref, QUOTES))
            if (symbol.kind == ENVIRONMENT)
            else [sign for sign in str(self.program.constants.get(ref, "")) if sign in QUOTES]
        )
        for sign in held[:1]:
            self._report(ref.span(source), sign, ())

    def _report_literal(
        self, source: SourceFile, part: ast.TextLiteral | ast.StringLit, expr: ast.Node
    ) -> None:
        places = [at for at in range(part.start, part.end) if source.text[at] in QUOTES]
        fixes: tuple[Fix, ...] = ()
        if isinstance(expr, ast.Text) and expr.form == ast.STRING:
            edits = tuple(Edit(Span(source, at, at + 1), '\\"') for at in places)
            fixes = (Fix('write `\\"` for these signs', edits, "safe"),)
        at = places[0]
        self._report(Span(source, at, at + 1), source.text[at], fixes)

    def _report(self, span: Span, sign: str, fixes: tuple[Fix, ...]) -> None:
        self.program.sink.report(
            errors.RESERVED_BRACKET,
            span,
            sign=sign,
            where="what is said of the screen",
            marked="such words begin and end",
            help="write `\\\"` or `'` around what the screen shows",
            fixes=fixes,
        )
