"""Reports a variable that is set only to be emitted, as the output of its name.

The statement that sets the variable can set the output itself, where the run does the same then:
see `semantics/declarations/joining`. An output that is emitted to itself is reported, too.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import STYLE, Edit, Fix, Label
from flowdsl.lint.context import LintContext
from flowdsl.semantics.declarations.joining import Joining, emits_itself, remove_statement
from flowdsl.semantics.model import RUNTIME
from flowdsl.semantics.traversal import inner_blocks, own_variable_set_by
from flowdsl.semantics.types import FieldType
from flowdsl.syntax import ast
from flowdsl.syntax.statements import variable_set_by

SPEC = STYLE.spec("emitted-unchanged", "{what}", "{way}")


def check(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> None:
    """Report each output of a body that is given a value of its name."""
    body = context.body
    if body is None or context.may_lack_statements():
        return
    statements = context.statements(body)
    fields = {field.name: field for field in context.emitted_fields()}
    found: dict[str, list[ast.EmitStmt]] = {}
    for each in statements:
        if isinstance(each, ast.EmitStmt) and each.name.text in fields:
            found.setdefault(each.name.text, []).append(each)
    for name, emits in found.items():
        if any(map(emits_itself, emits)):
            _check_output(context, body, statements, fields[name], emits)


def _check_output(
    context: LintContext,
    body: ast.Block,
    statements: list[ast.Stmt],
    field: FieldType,
    emits: list[ast.EmitStmt],
) -> None:
    model = context.model
    setters = [
        each
        for each in statements
        if (name := own_variable_set_by(each, model.set_outputs)) is not None
        and name.text == field.name
    ]
    unchanged = [each for each in emits if emits_itself(each)]
    emitted = model.values.get(unchanged[0].value)  # type: ignore[arg-type]
    if emitted is None or emitted.kind != RUNTIME:
        return
    if emitted.is_output:
        for emit in unchanged:
            _report_no_change(context, body, statements, emit)
        return
    edits = Joining(model, context.source, body, statements, field, setters, emits).find_edits()
    if edits:
        first = variable_set_by(setters[0])
        assert first is not None
        kept = isinstance(setters[0], ast.KeepStmt)
        word = context.keyword(setters[0]).text
        word = "run ... as" if word == "run" else word
        context.report(
            SPEC,
            context.span(emits[0]),
            what=f"`{field.name}` is {'kept' if kept else 'read'} only to be emitted unchanged",
            way="write `emit` for each `keep`, and leave this out"
            if kept
            else f"`{word} {field.name}` without a type sets the output; leave this out",
            labels=(Label(context.span(first), "set here"),),
            fixes=(Fix("set the output itself", tuple(edits), "safe"),),
        )


def _report_no_change(
    context: LintContext, body: ast.Block, statements: list[ast.Stmt], emit: ast.EmitStmt
) -> None:
    """Report an output that is given its own value."""
    blocks = [body, *(inner.block for each in statements for inner in inner_blocks(each))]
    alone = any(block.statements == (emit,) for block in blocks)
    edit: Edit = remove_statement(context.source, emit)
    context.report(
        SPEC,
        context.span(emit),
        what=f"`{emit.name.text}` is emitted as the value that it has",
        way="remove this: what sets the variable has set the output",
        fixes=(Fix("remove it", (edit,), "unsafe" if alone else "safe"),),
    )
