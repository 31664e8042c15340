"""Rules about parts of a flow that do nothing, or do it with the wrong value."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Edit, Fix
from flowdsl.lint.bodies import without_steps
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.triggers import outputs_never_set
from flowdsl.semantics.model import SECRET
from flowdsl.syntax import ast
from flowdsl.syntax.visit import walk

# A `retry` with one attempt and without an `else`: its failure is that of its body.

SINGLE_ATTEMPT = SUSPICIOUS.spec(
    "single-attempt",
    "one attempt is what happens without `retry`",
    "write how often it is tried in all, as in `retry 3`, or leave `retry` out",
)


def check_attempts(context: LintContext, statement: ast.RetryStmt) -> None:
    """Report a `retry` that tries once and has no `else`."""
    attempts = statement.attempts
    once = isinstance(attempts, ast.IntLit) and attempts.value == 1
    if once and statement.otherwise is None and not context.may_lack_statements():
        context.report(SINGLE_ATTEMPT, context.span(attempts))


# A `for` over a list whose entries nobody reads does the same for each of them.

UNREAD_ENTRY = SUSPICIOUS.spec(
    "unread-entry",
    "nothing in the loop reads `{name}`, so that each entry gets the same",
    "use it where the entries differ, or loop over a number: `for {name} in 3`",
)


def check_entry(context: LintContext, statement: ast.ForStmt) -> None:
    """Report a loop over a list whose variable is not read; a name with `_` in front is meant."""
    name = statement.variable.text
    if isinstance(statement.iterable, ast.IntLit) or name.startswith("_"):
        return
    if not statement.body.statements:
        return  # `no-effect` reports it
    blocks = (statement.body, *(() if statement.failure is None else (statement.failure,)))
    read = any(
        isinstance(node, ast.Ref) and node.name.text == name
        for block in blocks
        for node in walk(block)
    )
    if not read and not context.may_lack_statements():
        context.report(UNREAD_ENTRY, context.span(statement.variable), name=name)


# A round that reads a page, turns it and then looks: the page that ends the loop is not read.

UNREAD_LAST_ROUND = SUSPICIOUS.spec(
    "unread-last-round",
    "the loop looks at what its last `{act}` shows, and what is there when it ends is never read",
    "read once before the loop and loop with `while`, which looks before it goes on; or let the "
    "round read what ends the loop",
)
_ACTS = (ast.DoStmt, ast.PressStmt, ast.ChooseStmt)
_READINGS = (ast.ExtractStmt, ast.CopyStmt)


def check_last_round(context: LintContext, statement: ast.RepeatStmt) -> None:
    """Report a `repeat` that reads, ends each round with an act, and looks only then.

    A loop that ends when something is no longer seen is meant: what ends most of them is the last
    page, which shows no way on. Where something appears at the end, nothing was left to read.
    """
    until = statement.condition
    if not (isinstance(until, ast.NotExpr) and isinstance(until.operand, ast.SeesExpr)):
        return
    *others, last = (None, *without_steps(statement.body))
    reads = any(isinstance(each, _READINGS) for each in others)
    if reads and isinstance(last, _ACTS) and not context.may_lack_statements():
        act = context.keyword(last).text
        context.report(UNREAD_LAST_ROUND, context.span(until), act=act)


# `user: $password, password: $user` signs in with the two the wrong way round.

SWAPPED_SECRETS = SUSPICIOUS.spec(
    "swapped-secrets",
    "the secret `${given}` is given for `{parameter}`, and `${other}` for `{own}`",
    "give each parameter the secret that is named like it",
)


def check_secrets(context: LintContext, call: ast.CallStmt) -> None:
    """Report two secrets of a call of which each is named like the parameter of the other."""
    task = context.model.calls.get(call)
    if task is None:
        return
    secret = {parameter.name for parameter in task.params if parameter.kind == SECRET}
    given: Mapping[str, ast.Ref] = {
        each.name.text: each.value
        for each in call.arguments
        if each.name.text in secret and isinstance(each.value, ast.Ref) and not each.value.path
    }
    for parameter, value in given.items():
        for own, other in given.items():
            name = value.name.text
            swapped = _is_named_like(name, own) and _is_named_like(other.name.text, parameter)
            right = _is_named_like(name, parameter) or _is_named_like(other.name.text, own)
            if parameter < own and swapped and not right:
                edits = (
                    Edit(context.span(value.name), other.name.text),
                    Edit(context.span(other.name), name),
                )
                context.report(
                    SWAPPED_SECRETS,
                    context.span(value),
                    given=name,
                    parameter=parameter,
                    other=other.name.text,
                    own=own,
                    fixes=(Fix("swap the two", edits, "unsafe"),),
                )


def _is_named_like(secret: str, parameter: str) -> bool:
    """Whether the words of a parameter's name are among those of a secret's name."""
    return set(parameter.casefold().split("_")) <= set(secret.casefold().split("_"))


# `output matches schema` proves nothing where a workflow has no outputs.

SCHEMA_WITHOUT_OUTPUTS = SUSPICIOUS.spec(
    "schema-without-outputs",
    "the workflow has no outputs that could match a schema",
    "declare outputs, or remove the check",
)


def check_schema(context: LintContext, section: ast.ChecksSection) -> None:
    """Report `output matches schema` in a workflow without outputs."""
    declaration = context.declaration
    if not isinstance(declaration, ast.WorkflowDecl) or context.may_lack_statements():
        return
    if any(isinstance(each, ast.OutputsSection | ast.OutputsFrom) for each in declaration.items):
        return
    for check in section.checks:
        if isinstance(check.body, ast.SchemaCheck):
            context.report(SCHEMA_WITHOUT_OUTPUTS, context.span(check.body))


# An optional output that nothing sets: callers of the workflow wait for a value that never comes.

OUTPUT_NEVER_SET = SUSPICIOUS.spec(
    "output-never-set",
    "nothing sets the output `{name}`, so that it is always missing",
    'set it, as in `extract {name} from "..."`, or remove it',
)


def check_outputs(context: LintContext, section: ast.OutputsSection) -> None:
    """Report the optional outputs that no statement sets; `missing-emit` reports the others."""
    if context.may_lack_statements():
        return
    for name in outputs_never_set(context, section):
        context.report(OUTPUT_NEVER_SET, context.span(name), name=name.text)


RULES = (
    LoadedRule(OUTPUT_NEVER_SET, check_outputs),
    LoadedRule(SINGLE_ATTEMPT, check_attempts),
    LoadedRule(UNREAD_ENTRY, check_entry),
    LoadedRule(UNREAD_LAST_ROUND, check_last_round),
    LoadedRule(SWAPPED_SECRETS, check_secrets),
    LoadedRule(SCHEMA_WITHOUT_OUTPUTS, check_schema),
)
