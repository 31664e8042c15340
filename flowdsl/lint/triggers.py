"""The `when` conditions of rules: cheap checks made after a trigger has fired.

A rule's module is imported only if its condition holds. A condition may hold too often, never too
seldom, but for `names_no_entry`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from flowdsl.semantics.capabilities import COMMAND_BYTES, PLAINED
from flowdsl.semantics.flow_tests.items import expects_something
from flowdsl.semantics.model import INPUT
from flowdsl.semantics.statements.keys import chord_keys, is_shared_key
from flowdsl.semantics.traversal import inner_blocks
from flowdsl.semantics.types import ANY, Enum, ListOf, Optional, Type, strip_optional
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.statements import (
    SETTERS,
    SHOWN,
    TYPED,
    conditions_of,
    else_of,
    name_set_by,
    texts_of,
    variable_set_by,
)
from flowdsl.syntax.visit import walk

from .texts.titles import why_no_title

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from flowdsl.semantics.semantic_model import SemanticModel

    from .context import LintContext
    from .texts.prose import Prose

_BANS = ("please", "do not", "don't", "don’t", "never", "avoid", "under no circumstances")
_SECRET_STEMS = ("pass", "pwd", "pin", "secret", "token", "key", "credential")
_KINDS_OF_CONTROLS = """
    box button dropdown field icon link slot tab arrow one option
"""
_KINDS = tuple(_KINDS_OF_CONTROLS.split())
SENTENCES = 8
"""The most sentences of a `do` that are easy to follow."""
_PLAINED = frozenset(PLAINED)


def writes_optional(context: LintContext, node: ast.Node) -> bool:
    """Whether a part of a file puts a value that may be missing into a text."""
    return bool(context.optional_refs(node))


def may_read_as_instruction(context: LintContext, step: ast.StepStmt) -> bool:
    """Whether a title may read as an instruction; one with a const always may."""
    title = context.source.text[step.title.start : step.title.end]
    return (
        any(isinstance(part, ast.Ref) for part in step.title.parts)
        or why_no_title(re.sub(r'^r?"+|\\|"+$', "", title).strip()) is not None
    )


def may_read_as_outline(words: str) -> Callable[[LintContext, ast.WorkflowDecl], bool]:
    """Condition: a title or description has a line that begins like an outline or with `words`."""
    opening = frozenset((*words.split(), "rules", "steps"))

    def check(context: LintContext, workflow: ast.WorkflowDecl) -> bool:
        symbol = context.workflow(workflow)
        title = None if symbol is None else symbol.settings.get("title")
        heading = title if isinstance(title, str) else workflow.name.text
        return any(
            not line[:1].isalpha() or re.split(r"\W", line.lower(), maxsplit=1)[0] in opening
            for line in map(str.strip, f"{heading}\n{workflow.doc or ''}".split("\n"))
            if line
        )

    return check


def asks_for_two(context: LintContext, statement: ast.Stmt) -> bool:
    """Whether a condition of a statement has two `sees`, by its text."""
    text = context.source.text
    return any(text.count("sees", each.start, each.end) > 1 for each in conditions_of(statement))


def may_be_constant(context: LintContext, statement: ast.Stmt) -> bool:
    """Whether a condition of a statement may hold in every run, or in none.

    It asks for one thing twice, or for a value of which something is known.
    """
    for condition in conditions_of(statement):
        if type(condition) is ast.SeesExpr or type(condition) is ast.Ref:
            continue
        asked: set[str] = set()
        left: list[ast.Condition] = [condition]
        while left:
            part = left.pop()
            match part:
                case ast.NotExpr(operand=operand):
                    left.append(operand)
                case ast.AndExpr(operands=operands) | ast.OrExpr(operands=operands):
                    left += operands
                case _:
                    names = _names_asked_for(context, part)
                    if names is None or not asked.isdisjoint(names):
                        return True
                    asked.update(names)
    return False


def _names_asked_for(context: LintContext, part: ast.Condition) -> list[str] | None:
    """Return the names that a part of a condition asks for; None if it may be constant alone."""
    match part:
        case ast.SeesExpr():
            return ["sees"]  # which no value is called
        case ast.Ref():
            return [part.name.text]
        case ast.EmptyExpr(operand=operand):
            optional = isinstance(context.model.ref_types.get(operand), Optional)
            return [operand.name.text] if optional else None
        case ast.TextRelationExpr(left=left, right=right):
            return [each.name.text for each in (left, right) if isinstance(each, ast.Ref)]
        case ast.CompareExpr(left=left, right=right):
            refs = [each for each in (left, right) if isinstance(each, ast.Ref)]
            known = any(_is_bounded(context.model, each) for each in refs)
            return None if known else [each.name.text for each in refs]
        case _:
            return None


def _is_bounded(model: SemanticModel, ref: ast.Ref) -> bool:
    """Whether a value may be one of a list, or between two bounds."""
    symbol = model.values.get(ref)
    type_ = model.ref_types.get(ref)
    return (symbol is not None and symbol.kind == INPUT) or (
        type_ is not None and isinstance(strip_optional(type_), Enum)
    )


def may_be_covered(context: LintContext, statement: ast.IfStmt | ast.MatchStmt) -> bool:
    """Whether a statement has an `else if`, or is a `match` with an `else`."""
    if isinstance(statement, ast.MatchStmt):
        return statement.otherwise is not None
    return has_branches(context, statement)


def has_branches(context: LintContext, statement: ast.IfStmt) -> bool:
    """Whether an `if` has an `else if`."""
    return len(statement.branches) > 1


def may_expect_nothing(context: LintContext, test: ast.TestDecl) -> bool:
    """Whether a test has cases (which are checked later), or has no expectation itself."""
    has_cases = any(isinstance(item, ast.TestCase | ast.CasesFrom) for item in test.items)
    return has_cases or not expects_something(test.items)


def has_limit(context: LintContext, statement: ast.ForStmt) -> bool:
    """Whether a `for` has a `max`."""
    return statement.limit is not None


def tries_once(context: LintContext, statement: ast.RetryStmt) -> bool:
    """Whether a `retry` has one attempt."""
    attempts = statement.attempts
    return isinstance(attempts, ast.IntLit) and attempts.value == 1


def names_no_entry(context: LintContext, statement: ast.ForStmt) -> bool:
    """Whether a loop holds no `{entry}` or `{entry.field}`, by its text.

    The one condition that may hold too seldom: a comment that spells the entry hides the finding.
    Walking every loop instead would cost each check one hundredth of its time.
    """
    inner = context.source.text[statement.variable.end : statement.end]
    name = statement.variable.text
    return f"{{{name}." not in inner and f"{{{name}}}" not in inner


def looks_for_an_absence(context: LintContext, statement: ast.RepeatStmt) -> bool:
    """Whether a `repeat` ends when something is no longer seen."""
    return isinstance(statement.condition, ast.NotExpr)


def gives_secrets(context: LintContext, call: ast.CallStmt) -> bool:
    """Whether a call gives two secrets at least."""
    given = (each.value for each in call.arguments)
    return sum(isinstance(value, ast.Ref) and value.secret for value in given) > 1


def lacks_outputs(context: LintContext, section: ast.ChecksSection) -> bool:
    """Whether the workflow of a section declares no outputs."""
    items = getattr(context.declaration, "items", ())
    return {ast.OutputsSection, ast.OutputsFrom}.isdisjoint(map(type, items))


def has_file_checks(context: LintContext, section: ast.ChecksSection) -> bool:
    """Whether a section has a check about files."""
    return any(isinstance(each.body, ast.FileCheck | ast.ImageCheck) for each in section.checks)


def names_wait(context: LintContext, statement: ast.RunStmt) -> bool:
    """Whether a command may contain a wait."""
    written = _spell_with_consts(context, statement.command).lower()
    return any(word in written for word in ("sleep", "timeout", "wait-", "ping"))


def is_long(context: LintContext, statement: ast.RunStmt) -> bool:
    """Whether a command may have more bytes than a driver takes.

    A character has at most four bytes, and a const may have any number.
    """
    command = statement.command
    consts = (
        isinstance(part, ast.Ref) and part in context.model.constants for part in command.parts
    )
    return 4 * (command.end - command.start) > COMMAND_BYTES or any(consts)


def has_operators(context: LintContext, statement: ast.RunStmt) -> bool:
    """Whether a command holds characters that may open syntax of PowerShell 7."""
    written = _spell_with_consts(context, statement.command)
    return (
        "?" in written or "&" in written or "||" in written or ("|" in written and "\n" in written)
    )


def sets_state(context: LintContext, statement: ast.RunStmt) -> bool:
    """Whether a command may change the folder that it is in, or set a variable."""
    written = _spell_with_consts(context, statement.command).lower()
    return "=" in written or any(word in written for word in ("cd", "chdir", "sl", "loc", "pushd"))


def has_else_block(context: LintContext, statement: ast.Stmt) -> bool:
    """Whether the `else` of a statement is a block."""
    otherwise = else_of(statement)
    return otherwise is not None and isinstance(otherwise.action, ast.Block)


def may_be_empty(context: LintContext, statement: ast.Stmt) -> bool:
    """Whether a text of a statement, or one of its blocks, may be empty."""
    if not _holds_nothing(context.module.source) and not context.may_lack_statements():
        return False
    if _has_blank_text(context.module.source):
        for text, role in texts_of(statement):
            if role not in MAY_BE_BLANK and _may_be_blank(text):
                return True
        if type(statement) is ast.TypeStmt:
            return type(statement.value) is ast.Text and _may_be_blank(statement.value)
    return any(not inner.block.statements for inner in inner_blocks(statement))


_BLANK_TEXT = re.compile(r'"(?<!"")(?:(?!"")\s*(?:"(?!")|\{#)|""\s*(?:"""|\{#))')


_EMPTY_BLOCK = re.compile(r"\{\s*(?:\}|#(?![^\r\n{}]*+(?:(?<=#)\})?[ \t]*[\r\n]\s*+[^\s{}#]))")
"""Braces with nothing in them, or whose first comment is not followed by something else."""


@lru_cache(maxsize=1)
def _holds_nothing(source: SourceFile) -> bool:
    """Whether a file without syntax errors may hold an empty text or block: few do."""
    return _has_blank_text(source) or _EMPTY_BLOCK.search(source.text) is not None


@lru_cache(maxsize=1)
def _has_blank_text(source: SourceFile) -> bool:
    """Whether a file may hold a text of blanks and comments: few do, and all texts are many."""
    return _BLANK_TEXT.search(source.text) is not None


MAY_BE_BLANK = (TYPED, SHOWN)
"""The roles of texts that mean something without words: blanks can be typed."""


def _may_be_blank(text: ast.Text) -> bool:
    """Whether a text holds nothing but blanks, and comments if there are any."""
    for part in text.parts:
        if type(part) is ast.Ref or (type(part) is ast.TextLiteral and not part.value.isspace()):
            return False
    return True


def has_rare_key(context: LintContext, statement: ast.PressStmt) -> bool:
    """Whether a driver may lack a key, or a chord that it is a part of."""
    keys = statement.keys.value
    names = (name for chord in keys.split() for name in chord_keys(chord))
    return not all(map(is_shared_key, names)) or "delete" in keys.lower()


def has_typographic(context: LintContext, found: ast.TypeStmt | Prose) -> bool:
    """Whether what is typed holds a quote or dash that a driver replaces."""
    text = found.value if isinstance(found, ast.TypeStmt) else found.text
    if isinstance(text, ast.DayExpr):
        return False
    written = _spell_with_consts(context, text)
    return not written.isascii() and not _PLAINED.isdisjoint(written)


def _spell_with_consts(context: LintContext, node: ast.Text | ast.Ref) -> str:
    """The text of a node in the source, followed by the values of the consts that it names."""
    written = context.source.text[node.start : node.end]
    constants = context.model.constants
    named = (
        part for part in ((node,) if isinstance(node, ast.Ref) else node.parts) if part in constants
    )
    return "\n".join(
        (written, *(str(constants[part]) for part in named if isinstance(part, ast.Ref)))
    )


def may_abort(context: LintContext, statement: ast.RetryStmt) -> bool:
    """Whether an attempt may hold an `abort`, or call a task that does."""
    written = context.source.text[statement.body.start : statement.body.end]
    return "abort" in written or "call" in written


def names_model(
    context: LintContext,
    node: ast.ModelSection | ast.ChooseStmt | ast.ExtractStmt | ast.Check,
) -> bool:
    """Whether a statement, section or check says which model it wants."""
    named = node.body if isinstance(node, ast.Check) else node
    return isinstance(named, ast.ModelSection) or getattr(named, "model", None) is not None


def has_secret_like_name(
    context: LintContext, node: ast.InputsSection | ast.TaskDecl | ast.Pause
) -> bool:
    """Whether the name of an input, parameter or answer holds a part of a word for a secret."""
    if isinstance(node, ast.InputsSection):
        names = [field.name.text.lower() for field in node.fields]
    elif isinstance(node, ast.Pause):
        names = [each.field.name.text.lower() for each in node.answers if not each.secret]
    else:
        names = [param.name.text.lower() for param in node.params if not param.secret]
    return any(stem in name for name in names for stem in _SECRET_STEMS)


def lacks_description(context: LintContext, declaration: ast.WorkflowDecl) -> bool:
    """Whether a workflow has no description, or an output that may be anything has none."""
    symbol = context.workflow(declaration)
    outputs = () if symbol is None else symbol.outputs
    return declaration.doc is None or any(
        field.doc is None and may_be_anything(field.type) for field in outputs
    )


def may_be_anything(type_: Type) -> bool:
    """Whether a type says nothing about a value, or about the entries of a list."""
    inner = strip_optional(type_)
    return inner == ANY or (isinstance(inner, ListOf) and may_be_anything(inner.element))


def sets_twice(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> bool:
    """Whether a body gives a runtime variable or an output more than one value."""
    table = context.model.set_outputs
    variables, outputs = set[str](), set[str]()
    for statement in context.body_statements():
        if type(statement) is ast.EmitStmt:
            name, known = None if statement.append else statement.name, outputs
        elif type(statement) in SETTERS:
            name, known = variable_set_by(statement), outputs if statement in table else variables
        else:
            continue
        if name is not None:
            if name.text in known:
                return True
            known.add(name.text)
    return False


def outputs_never_set(context: LintContext, section: ast.OutputsSection) -> list[ast.Name]:
    """Return the names of the optional outputs of a section that no statement sets.

    None where the prompt is in a file, which may say how they are set.
    """
    if context.body is None:
        return []
    left = {field.name for field in context.emitted_fields() if isinstance(field.type, Optional)}
    for statement in context.body_statements() if left else ():
        # A variable named like the output counts: another finding says what is wrong with it.
        if type(statement) in SETTERS or type(statement) is ast.EmitStmt:
            name = name_set_by(statement)
            if name is not None:
                left.discard(name.text)
    return [field.name for field in section.fields if field.name.text in left]


def emits_unchanged(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> bool:
    """Whether a body emits a value of the name of the output."""
    return any(
        isinstance(each, ast.EmitStmt)
        and isinstance(each.value, ast.Ref)
        and each.value.name.text == each.name.text
        for each in context.body_statements()
    )


def leaves_unless(
    context: LintContext, statement: ast.IfStmt
) -> ast.AbortStmt | ast.FailStmt | None:
    """Return the one statement of an `if not`, where that is an `abort` or a `fail`."""
    branch = statement.branches[0]
    if len(statement.branches) > 1 or statement.otherwise is not None or statement.expected:
        return None
    if not isinstance(branch.condition, ast.NotExpr) or len(branch.body.statements) != 1:
        return None
    [leaving] = branch.body.statements
    start = branch.condition.start
    if not context.source.text.startswith("not", start):
        return None  # `x is not empty`
    return leaving if isinstance(leaving, ast.AbortStmt | ast.FailStmt) else None


def compares_again(context: LintContext, statement: ast.Stmt) -> bool:
    """Whether a condition may compare one value with two."""
    for condition in conditions_of(statement):
        if isinstance(condition, ast.SeesExpr | ast.Ref | ast.CompareExpr):
            continue
        compared: set[str] = set()
        for node in walk(condition):
            if isinstance(node, ast.CompareExpr) and isinstance(node.left, ast.Ref):
                name = node.left.name.text
                if name in compared:
                    return True
                compared.add(name)
    return False


def types_twice(context: LintContext, node: ast.TaskDecl | ast.StepsSection) -> bool:
    """Whether a body types into two fields of one name."""
    targets = [each.target for each in context.body_statements() if type(each) is ast.TypeStmt]
    text = context.source.text
    return len(targets) > len({text[each.start : each.end] for each in targets})


def has_many_sentences(context: LintContext, statement: ast.DoStmt) -> bool:
    """Whether a `do` may hold more sentences than the project allows."""
    text = statement.text
    limit = context.option("several-instructions", "sentences", SENTENCES)
    ends = (context.source.text.count(mark, text.start, text.end) for mark in ".!?")
    return sum(ends) >= limit


def opens_with_ban(context: LintContext, prose: Prose) -> bool:
    """Whether a text begins with a ban."""
    start, end = prose.bounds
    return prose.written[start:end].lstrip(" \t\r\n.!?").lower().startswith(_BANS)


def has_variables(context: LintContext, prose: Prose) -> bool:
    """Whether a text holds a variable."""
    return any(isinstance(part, ast.Ref) for part in prose.text.parts)


def has_numbers(context: LintContext, prose: Prose) -> bool:
    """Whether a text may have two numbers, or a number of pixels."""
    written = prose.written
    return sum(map(written.count, "0123456789")) > 1 or "px" in written or "pixel" in written


def the_look_of_a_control(looks: str) -> Callable[[LintContext, Prose], bool]:
    """Condition: `the` comes directly before one of `looks`, and a control is named."""
    is_named = the(looks)

    def holds(context: LintContext, prose: Prose) -> bool:
        written = prose.written.lower()
        return any(kind in written for kind in _KINDS) and is_named(context, prose)

    return holds


def opens_with(first: str, others: str) -> Callable[[LintContext, Prose], bool]:
    """Condition: a text begins with a word of `first`, or contains one of `others`."""
    opening, anywhere = frozenset(first.split()), frozenset(others.split())

    def holds(context: LintContext, prose: Prose) -> bool:
        start, end = prose.bounds
        words = re.findall("[a-z_]+", prose.written[start:end].lower())
        return not anywhere.isdisjoint(words) or not opening.isdisjoint(words[:1])

    return holds


def a_line_opens_with(words: str) -> Callable[[LintContext, Prose], bool]:
    """Condition: a line of a text begins with one of `words`."""
    opening = re.compile(rf"(?m)^\s*(?:{'|'.join(words.split())})(?![a-z])")

    def holds(context: LintContext, prose: Prose) -> bool:
        start, end = prose.bounds
        return opening.search(prose.written[start:end].lower()) is not None

    return holds


def the(words: str) -> Callable[[LintContext, Prose], bool]:
    """Condition: the word `the` comes directly before one of `words` (separated by blanks)."""
    wanted = frozenset(words.split())

    def holds(context: LintContext, prose: Prose) -> bool:
        written = prose.written.lower()
        pairs = pairwise(re.findall("[a-z_]+", written)) if "the" in written else ()
        return any(first == "the" and second in wanted for first, second in pairs)

    return holds
