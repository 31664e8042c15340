"""Rules about one declaration, statement or section alone."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.diagnostics.diagnostic import STYLE, SUSPICIOUS
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.triggers import MAY_BE_BLANK, may_be_anything
from flowdsl.semantics.declarations.wire import is_uuid
from flowdsl.semantics.flow_tests.items import expects_something, runs_of
from flowdsl.syntax import ast
from flowdsl.syntax.statements import DO, STATEMENTS, texts_of
from flowdsl.syntax.visit import walk

# A wait of a fixed length: too short on a slow day, too long on every other.


FIXED_WAIT = STYLE.spec(
    "fixed-wait",
    "this waits {duration} whatever the screen shows",
    'write what it waits for, as in `wait until "the results are listed"`',
)


def check_fixed_wait(context: LintContext, statement: ast.WaitStmt) -> None:
    """Report the wait."""
    context.report(FIXED_WAIT, context.span(statement), duration=statement.duration.text)


# A statement that does nothing: without words, or with nothing in its blocks.

NO_EFFECT = SUSPICIOUS.spec(
    "no-effect",
    "{what}",
    "{way}",
)

_REMOVE = "write what is meant, or remove it"


def check_no_effect(context: LintContext, statement: ast.Stmt) -> None:
    """Report a statement that does nothing."""
    if context.may_lack_statements():
        return
    found = _without_effect(statement)
    if found is not None:
        what, way = found
        context.report(NO_EFFECT, context.keyword(statement), what=what, way=way)


def _without_effect(statement: ast.Stmt) -> tuple[str, str] | None:
    """Return why a statement has no effect, and what to write; None if it has one."""
    blank = [r for text, r in texts_of(statement) if r not in MAY_BE_BLANK and _is_blank(text)]
    if blank:
        keyword = STATEMENTS[type(statement)].keyword
        is_do = DO in blank
        what = f"this `{keyword}` says nothing" if is_do else f"a text of this `{keyword}` is empty"
        return what, _REMOVE
    match statement:
        case ast.TypeStmt(value=ast.Text() as text) if not text.parts:
            return "this `type` types nothing", "write `clear` to empty the field, or remove it"
        case ast.StepStmt(body=body) if not body.statements:
            return "this `step` holds nothing", _REMOVE
        case ast.ForStmt(body=body) if not body.statements:
            return "this `for` does nothing for an entry", _REMOVE
        case ast.WhileStmt(body=body, delay=None) | ast.RepeatStmt(body=body, delay=None) if (
            not body.statements
        ):
            return (
                f"this `{STATEMENTS[type(statement)].keyword}` does nothing in a round",
                "write `wait until` with what is to be seen, or say what a round does",
            )
        case ast.ExpectStmt(otherwise=ast.Otherwise(action=ast.Block(statements=()))):
            return (
                "this `expect` goes on whatever is on screen",
                "write `else abort` with a reason, or say in the `else` what is done then",
            )
        case ast.IfStmt():
            return _branches(statement)
        case ast.MatchStmt(branches=branches, otherwise=otherwise):
            blocks = [branch.body for branch in branches]
            blocks += [] if otherwise is None else [otherwise]
            if any(block.statements for block in blocks):
                return None
            return "no branch of this `match` does anything", _REMOVE
        case _:
            return None


def _branches(statement: ast.IfStmt) -> tuple[str, str] | None:
    """Return why an `if` has no effect; an empty `else` alone is meant to do nothing."""
    if any(branch.body.statements for branch in statement.branches):
        return None
    otherwise = statement.otherwise
    if otherwise is None or not otherwise.statements:
        return "no branch of this `if` does anything", _REMOVE
    if len(statement.branches) > 1:
        return None
    return "the first branch of this `if` is empty", "turn the condition round, with `not`"


def _is_blank(text: ast.Text) -> bool:
    """Whether a text consists of blanks and comments only."""
    return all(
        isinstance(part, ast.TextComment)
        or (isinstance(part, ast.TextLiteral) and not part.value.strip())
        for part in text.parts
    )


# The id of a model configuration in the place of an alias.
#
# The id is different in every organization.

RAW_MODEL_ID = SUSPICIOUS.spec(
    "raw-model-id",
    "a model is named by its id, which holds in one organization only",
    "write an alias here, and its id under `[models]` in `flowdsl.toml`",
)


def check_raw_model_id(
    context: LintContext,
    node: ast.ModelSection | ast.ChooseStmt | ast.ExtractStmt | ast.Check,
) -> None:
    """Report the ids."""
    for literal in _names(node):
        value = literal.value if isinstance(literal, ast.StringLit) else _constant(context, literal)
        if isinstance(value, str) and is_uuid(value):
            context.report(RAW_MODEL_ID, context.span(literal))


def _constant(context: LintContext, literal: ast.Node) -> object:
    return context.model.constants.get(literal)


def _names(
    node: ast.ModelSection | ast.ChooseStmt | ast.ExtractStmt | ast.Check,
) -> Iterator[ast.Node]:
    """The places that name a model."""
    if isinstance(node, ast.ModelSection):
        for setting in node.settings:
            yield from walk(setting.value)
        return
    named = node.body if isinstance(node, ast.Check) else node
    takes_model = ast.ChooseStmt | ast.ExtractStmt | ast.ImageCheck | ast.OutputCheck
    if isinstance(named, takes_model) and named.model is not None:
        yield named.model


# A test, or a case of one, that expects nothing: it passes whatever its flow does.

TEST_EXPECTS_NOTHING = SUSPICIOUS.spec(
    "test-expects-nothing",
    "this {what} expects nothing, and passes whatever the flow does, as long as it ends well",
    'say what comes out or what is done, as in `outputs {{ total = 3 }}` or `does press "F5"`',
)


def check_test_expects_nothing(context: LintContext, test: ast.TestDecl) -> None:
    """Report each run without an expectation; the rows of a table are reported once."""
    reported: set[int] = set()
    for title, items in runs_of(test, context.model.table_cases):
        if title.start not in reported and not expects_something(items):
            reported.add(title.start)
            what = "test" if title is test.title else "case"
            context.report(TEST_EXPECTS_NOTHING, context.span(title), what=what)


# A workflow without a description, or an output of any shape without one.

MISSING_DESCRIPTION = STYLE.spec("missing-description", "{subject} has no description")


def check_missing_description(context: LintContext, declaration: ast.WorkflowDecl) -> None:
    """Report a workflow without a description, and outputs of any type without one."""
    if declaration.doc is None:
        context.report(
            MISSING_DESCRIPTION,
            context.span(declaration.name),
            subject=f"workflow `{declaration.name.text}`",
            help="write `## what it does` above it: people who choose a workflow read it",
        )
    symbol = context.workflow(declaration)
    if symbol is None or symbol.outputs_from is not None:
        return
    vague = {
        field.name for field in symbol.outputs if field.doc is None and may_be_anything(field.type)
    }
    if not vague:
        return
    for item in declaration.items:
        if isinstance(item, ast.OutputsSection):
            for field in item.fields:
                if field.name.text in vague:
                    context.report(
                        MISSING_DESCRIPTION,
                        context.span(field.name),
                        subject=f"output `{field.name.text}`, which may be anything,",
                        help=(
                            "write `## what it holds` above it: the agent reads that when it "
                            "fills the output"
                        ),
                    )


RULES = (
    LoadedRule(MISSING_DESCRIPTION, check_missing_description),
    LoadedRule(FIXED_WAIT, check_fixed_wait),
    LoadedRule(NO_EFFECT, check_no_effect),
    LoadedRule(RAW_MODEL_ID, check_raw_model_id),
    LoadedRule(TEST_EXPECTS_NOTHING, check_test_expects_nothing),
)
