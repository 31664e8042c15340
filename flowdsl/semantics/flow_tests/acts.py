"""Expectations about what a run does.

They cover what it does or never does, which steps it reaches, and in which entries of a loop.
"""

from __future__ import annotations

from flowdsl.diagnostics.suggest import join_names, suggest_known_names
from flowdsl.syntax import ast
from flowdsl.syntax.texts.paragraphs import on_one_line

from .. import errors, places
from ..model import ChainSymbol, TaskSymbol, WorkflowSymbol
from ..names.scopes import ValueScope
from ..program import Program
from ..types import UNKNOWN, ListOf, Optional, RecordOf, Type, Unknown, strip_optional
from ..values.bounds import make_quotable
from ..values.expressions import check_text, check_value
from .run_texts import RunTexts, TextPatterns, normalize_chords
from .stated import StatedWords

Selector = ast.ItemNumber | ast.ItemWhere | ast.PassNumber
Subject = WorkflowSymbol | TaskSymbol | ChainSymbol
"""The subject of a test."""


def check_act(
    scope: ValueScope,
    act: ast.Act,
    workflow: Subject | None,
    texts: RunTexts | None,
    words: StatedWords | None,
) -> None:
    """Report an act that nothing in the workflow does; its texts are checked already.

    With `words`, only those words can occur in the values of a run.
    """
    program = scope.program
    if texts is None or workflow is None:
        return

    def report(
        node: ast.Node, doing: str, noun: str, known: TextPatterns, text: str, help: str = ""
    ) -> None:
        scope.report(
            errors.UNKNOWN_ACT,
            node,
            workflow=workflow.name,
            act=f"{doing} {make_quotable(text)}" if text else doing,
            help=help or describe_nearest_texts(program, noun, known, text),
        )

    if act.display is not None and not texts.displays.matches(act.display.value):
        report(act.display, "type ... as", "format", texts.displays, act.display.value)
    known = texts.acts[act.verb]
    if act.duration is not None:
        if not known.matches(str(act.duration.milliseconds)):
            report(act.duration, act.verb, "duration", known, act.duration.text)
        return
    if not act.texts:
        if not known.written:
            report(act, act.verb, "text", known, "")
        return
    sought = act.texts[-1]
    text = program.constants.get(inner_text(sought))
    if isinstance(text, str):
        text = normalize_chords(text) if act.verb == "press" else on_one_line(text)
        if not is_possible(known, sought, text, words):
            report(sought, act.verb, "text", known, text)
    if len(act.texts) > 1 and not texts.types_nothing:
        value = act.texts[0]
        if isinstance(value, ast.Text) and program.constants.get(value) == "":
            report(value, f'{act.verb} ""', "", known, "", _NO_EMPTY)


_NO_EMPTY = (
    "a value that is empty or missing is not typed: write `type into` and the field for any value"
)


def check_step(
    scope: ValueScope,
    title: ast.Text | ast.PartText,
    workflow: Subject | None,
    texts: RunTexts | None,
) -> None:
    """Check the title of a step that a run is expected to reach."""
    program = scope.program
    check_text(scope, inner_text(title), places.TEST_VALUE)
    text = program.constants.get(inner_text(title))
    if texts is None or workflow is None or not isinstance(text, str):
        return
    text = on_one_line(text)
    if not is_possible(texts.steps, title, text):
        scope.report(
            errors.UNKNOWN_ACT,
            title,
            workflow=workflow.name,
            act=f"step {make_quotable(text)}",
            help=describe_nearest_texts(program, "step", texts.steps, text),
        )


def describe_nearest_texts(program: Program, noun: str, patterns: TextPatterns, text: str) -> str:
    """Return the help for a text that does not occur in a workflow."""
    names = program.names_of(patterns, lambda: map(make_quotable, patterns.written))
    return suggest_known_names(noun, names, make_quotable(text))


def inner_text(written: ast.Text | ast.PartText) -> ast.Text:
    """Return the text of a `Text` or of a `PartText`."""
    return written.text if isinstance(written, ast.PartText) else written


def is_possible(
    known: TextPatterns,
    written: ast.Text | ast.PartText,
    text: str,
    words: StatedWords | None = None,
) -> bool:
    """Whether some text of a run can equal `text`, or contain it; its values have only `words`."""
    if not isinstance(written, ast.PartText):
        return known.matches(text, words)
    return any(known.find_texts_holding(text)) if words is None else known.may_hold(text, words)


def check_selector(
    scope: ValueScope, selector: Selector, workflow: Subject | None, texts: RunTexts | None
) -> None:
    """Check which entries of which loop, or which rounds or attempts, a selector means."""
    noun = selector.kind if isinstance(selector, ast.PassNumber) else "item"
    if isinstance(selector, ast.ItemNumber | ast.PassNumber):
        number = selector.number.value
        scope.program.constants[selector.number] = number
        if number < 1 and workflow is not None:
            scope.report(
                errors.UNKNOWN_ITEM,
                selector.number,
                workflow=workflow.name,
                which=f"with {'a round' if noun == 'round' else f'an {noun}'} {number}",
                help=f"{noun}s are counted from 1",
            )
            return
    if isinstance(selector, ast.PassNumber):
        if texts is not None and workflow is not None and noun not in texts.passes:
            scope.report(
                errors.UNKNOWN_ITEM,
                selector,
                workflow=workflow.name,
                which=f"with {noun}s",
                help=_PASSES[noun],
            )
        return
    loop = None
    if texts is not None and workflow is not None:
        loop = _find_loop(scope, selector, workflow, texts)
    if isinstance(selector, ast.ItemWhere):
        wanted = UNKNOWN if loop is None else _field_type(scope, selector, loop)
        what = f"`{selector.field.text}` of an item"
        check_value(scope, selector.value, wanted, places.TEST_VALUE, what)


_PASSES = {
    "attempt": "attempts are those of a `retry`; the entries of a `for` are items: `item 2`",
    "round": "rounds are those of a `while` or a `repeat`; the entries of a `for` are items: "
    "`item 2`",
}


def _find_loop(
    scope: ValueScope, selector: ast.ItemNumber | ast.ItemWhere, workflow: Subject, texts: RunTexts
) -> ast.ForStmt | None:
    """Find the loop that is meant; None, with a report, if there is none or it is ambiguous.

    Nothing is reported if the list of some loop is unknown.
    """
    if any(
        isinstance(loop.iterable, ast.Ref) and loop.iterable not in scope.program.values
        for loop in texts.loops
    ):
        return None
    names = sorted({list_name(loop) or loop.variable.text for loop in texts.loops})
    of = selector.of
    found = [loop for loop in texts.loops if of is None or means_loop(of.text, loop)]
    if found and (of is not None or len(names) == 1):
        return found[0]
    which, help = "with items", None
    if names:
        help = f"there are loops of {join_names(names)}"
        if of is None:
            help += f": write `{selector.span(scope.source).text} of {names[0]}`, or of another"
        which = "that `item` alone could mean" if of is None else f"of `{of.text}`"
    scope.report(
        errors.UNKNOWN_ITEM, of or selector, workflow=workflow.name, which=which, help=help
    )
    return None


def list_name(loop: ast.ForStmt) -> str | None:
    """Return the name of the list of a loop: the last one of its path."""
    iterable = loop.iterable
    if not isinstance(iterable, ast.Ref):
        return None
    fields = [part.name for part in iterable.path if isinstance(part, ast.FieldAccess)]
    return fields[-1] if fields else iterable.name.text


def means_loop(name: str, loop: ast.ForStmt) -> bool:
    """Whether `of name` means a loop: by its list, or by its variable."""
    return name in (list_name(loop), loop.variable.text)


def element_type(program_types: dict[ast.Ref, Type], loop: ast.ForStmt) -> Type:
    """Return the type of the entries of a loop; unknown for counts and literals."""
    iterable = loop.iterable
    if not isinstance(iterable, ast.Ref):
        return UNKNOWN
    list_type = strip_optional(program_types.get(iterable, UNKNOWN))
    return strip_optional(list_type.element) if isinstance(list_type, ListOf) else UNKNOWN


def _field_type(scope: ValueScope, selector: ast.ItemWhere, loop: ast.ForStmt) -> Type:
    """Return the type of the field that selects entries; a field that they lack is reported."""
    element = element_type(scope.program.ref_types, loop)
    name = selector.field.text
    if isinstance(loop.iterable, ast.Ref) and isinstance(element, Unknown):
        return UNKNOWN  # an error in its type is reported already
    if not isinstance(element, RecordOf):
        if name == loop.variable.text:
            return Optional(element)
        known = [loop.variable.text]
    else:
        field = element.by_either_name(name)
        if field is not None:
            return Optional(strip_optional(field.type))
        known = [each.name for each in element.fields]
    span = selector.field.span(scope.source)
    scope.program.report_unknown(
        errors.UNKNOWN_FIELD, span, "field", known, name=name, owner="an item"
    )
    return UNKNOWN
