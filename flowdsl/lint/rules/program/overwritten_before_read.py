"""Reports a value that is replaced before anything reads it.

Follows the statements of one block at a time, looking through steps. Branches and loops can only
suppress a finding.
"""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Label
from flowdsl.lint.bodies import without_steps
from flowdsl.lint.context import LintContext
from flowdsl.semantics.control_flow.leaving import has_no_path_behind
from flowdsl.semantics.traversal import inner_blocks, output_set_by, own_variable_set_by
from flowdsl.syntax import ast
from flowdsl.syntax.statements import else_of, name_set_by
from flowdsl.syntax.visit import walk

SPEC = SUSPICIOUS.spec(
    "overwritten-before-read",
    "{what} `{name}` gets another value before this one is used",
    "remove one of the two, or give the second another name",
)


def check(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> None:
    """Report the values that are replaced, in each block of a body."""
    body = context.body
    if body is None or context.may_lack_statements():
        return
    _follow_block_values(context, body)
    for statement in context.statements(body):
        if not isinstance(statement, ast.StepStmt | ast.AnnotatedStmt):
            for inner in inner_blocks(statement):
                _follow_block_values(context, inner.block)


def _follow_block_values(context: LintContext, block: ast.Block) -> None:
    """Report the values of one block that are replaced before they are used."""
    variables: dict[str, ast.Name] = {}
    outputs: dict[str, ast.Name] = {}
    set_outputs = context.model.set_outputs
    for statement in without_steps(block):
        for node in walk(statement):
            if isinstance(node, ast.Ref):
                variables.pop(node.name.text, None)
                outputs.pop(node.name.text, None)
            elif isinstance(node, ast.FinishStmt | ast.CallStmt):
                # A run that ends here delivers what it has emitted.
                outputs.clear()
        for inner in inner_blocks(statement):
            _forget_what_is_set(inner.block, variables, outputs)
        name = own_variable_set_by(statement, set_outputs)
        if name is not None:
            earlier = variables.get(name.text)
            adds = isinstance(statement, ast.KeepStmt) and statement.append
            if earlier is not None and not adds and not _keeps_on_failure(statement):
                _report(context, "runtime variable", earlier, name)
            variables[name.text] = name
        output = output_set_by(statement, set_outputs)
        if output is not None:
            earlier = outputs.pop(output.text, None)
            if not (isinstance(statement, ast.EmitStmt) and statement.append):
                if earlier is not None and not _keeps_on_failure(statement):
                    _report(context, "output", earlier, output)
                outputs[output.text] = output


def _forget_what_is_set(
    block: ast.Block, variables: dict[str, ast.Name], outputs: dict[str, ast.Name]
) -> None:
    """Forget the names that a branch sets: it does so on some paths only."""
    for node in walk(block):
        if (name := name_set_by(node)) is not None:
            outputs.pop(name.text, None)
            variables.pop(name.text, None)


def _keeps_on_failure(statement: ast.Stmt) -> bool:
    """Whether the run continues if a statement fails; its variable then keeps its old value."""
    otherwise = else_of(statement)
    return (
        otherwise is not None
        and isinstance(otherwise.action, ast.Block)
        and not has_no_path_behind(otherwise.action)
    )


def _report(context: LintContext, what: str, earlier: ast.Name, later: ast.Name) -> None:
    label = Label(context.span(later), "set again here")
    context.report(SPEC, context.span(earlier), what=what, name=earlier.text, labels=(label,))
