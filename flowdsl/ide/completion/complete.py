"""Completion in a flow: what the grammar allows at a place, and the names that fit there."""

from __future__ import annotations

from collections.abc import Iterator

from flowdsl.semantics.declarations.settings import (
    CHAIN_SETTINGS,
    MODEL_SETTINGS,
    TERMINAL_SETTINGS,
    WORKFLOW_SETTINGS,
)
from flowdsl.semantics.types import PRIMITIVES, describe_type
from flowdsl.semantics.values.annotations import DECLARATION_ANNOTATIONS, FIELD_ANNOTATIONS
from flowdsl.syntax.parser.tables import TERMINALS, WORDS

from ..session import Session
from .context import CompletionContext, braces_in_text, find_context
from .files import complete_file_name
from .items import ANNOTATION, KEYWORD, SETTING, VALUE, Item
from .names import VisibleNames

_KEYWORDS = {TERMINALS[number]: word for word, number in WORDS if word.isalpha()} | {
    "SECRET": "secret",
    "ONLY": "only",
    "SECRETS": "secrets",
    "CONTAINS": "contains",
    "STARTS": "starts",
    "ENDS": "ends",
    "COUNT_OF": "count of",
    "AT_LEAST": "at least",
    "AT_MOST": "at most",
}
_TAKE_MODELS = ("using", "main", "cache_detection", "fallbacks")
"""Words whose value is the alias of a model."""

_SETTINGS = {
    "workflow": WORKFLOW_SETTINGS,
    "chain": CHAIN_SETTINGS,
    "model": MODEL_SETTINGS,
    "terminal": TERMINAL_SETTINGS,
}


def complete(session: Session, path: str, text: str, offset: int) -> tuple[int, list[Item]]:
    """Return where the word at an offset begins, and what may stand in its place.

    `text` is the text of the flow at `path`. Items are in the order in which they are shown.
    """
    context = find_context(text, offset)
    scope = VisibleNames(session, path, text, context)
    if context.text is not None:
        items = list(_complete_in_text(session, path, context, scope))
    else:
        items = [*_complete_names(context, scope, text, offset), *_complete_keywords(context)]
    unique: dict[str, Item] = {}
    for item in items:
        unique.setdefault(item.label, item)
    return context.start, sorted(unique.values(), key=lambda item: (item.order, item.label))


def _complete_in_text(
    session: Session, path: str, context: CompletionContext, scope: VisibleNames
) -> Iterator[Item]:
    """Complete inside a text: a file, the alias of a model, or a name in braces."""
    assert context.text is not None
    if context.before() in ("from", "image", "rows") or context.words[-1:] == ("import",):
        yield from complete_file_name(session, path, context)
        return
    word = context.before()
    if word in ("=", "[", ","):
        word = next((each for each in reversed(context.words) if each in _TAKE_MODELS), word)
    if word in _TAKE_MODELS and session.options.project is not None:
        environments = session.options.project.environments.values()
        aliases = {alias for each in environments for alias in each.models}
        for alias in sorted(aliases | set(session.options.project.models)):
            yield Item(alias, VALUE, "a model", insert=alias)
        return
    braces = braces_in_text(context.text)
    if braces is None:
        return
    is_secret, owner = braces
    if owner:
        yield from scope.fields_of(owner)
    elif is_secret:
        yield from scope.secrets()
    else:
        yield from scope.values()
        yield from scope.secrets(sign="$")


def _complete_keywords(context: CompletionContext) -> Iterator[Item]:
    if context.before() in (".", "$", "@"):
        return
    for terminal in context.expected:
        word = _KEYWORDS.get(terminal)
        if word is not None:
            yield Item(word, KEYWORD, order=3)


def _complete_names(
    context: CompletionContext, scope: VisibleNames, text: str, offset: int
) -> Iterator[Item]:
    """Yield the names and keys that fit; what fits follows from the word before the place."""
    before, expected = context.before(), context.expected
    opener = context.opener()
    if before == "@":
        yield from _complete_annotations(context)
    elif before == "$":
        yield from scope.secrets()
    elif before == ".":
        yield from scope.after_dot()
    elif before in ("{", ",") and opener.startswith("import") and context.words[:1] == ("import",):
        yield from scope.importable(text[offset:])
    elif before == "call":
        yield from scope.declarations("task")
        yield from scope.namespaces()
    elif before == "run" and context.before(2) == "=":
        yield from scope.declarations("workflow")
        yield from scope.namespaces()
    elif before == "for" and context.before(3) == "test":
        yield from scope.declarations("workflow", elsewhere=False)
    elif context.before(2) == "for" and context.before(4) == "test":
        if before in ("task", "chain"):
            yield from scope.declarations(before, elsewhere=False)
    elif before in ("extract", "copy", "emit", "keep") or (before == "as" and "FIELD" in expected):
        yield from scope.settable(outputs=before != "keep")
    elif _is_type_place(context):
        for name in PRIMITIVES:
            yield Item(name, "type", order=2)
        yield from scope.declarations("type")
        yield from scope.namespaces()
    elif opener.endswith("(") and before in ("(", ",") and "FIELD" in expected:
        yield from scope.arguments()
    else:
        yield from _complete_keys(context, scope)
        if _is_value_place(context):
            yield from scope.values()
            yield from scope.secrets(sign="$")
            yield from scope.declarations("const")


def _complete_annotations(context: CompletionContext) -> Iterator[Item]:
    if not context.opened:
        for name in DECLARATION_ANNOTATIONS:
            yield Item(name, ANNOTATION, "of a declaration")
        return
    for name, rule in FIELD_ANNOTATIONS.items():
        takes = "(" if rule.read is not None else ""
        yield Item(name, ANNOTATION, f"for {rule.goes_with}", insert=name + takes)


def _complete_keys(context: CompletionContext, scope: VisibleNames) -> Iterator[Item]:
    """Yield the keys that fit: settings, fields of a record, names in a section of a test."""
    if "KEY" not in context.expected and "ROOT" not in context.expected:
        if "FIELD" in context.expected:
            yield from scope.keys_of_record()
        return
    words = context.opener().split()
    word = words[-2] if len(words) > 1 else ""
    owner = word if word in _SETTINGS else (context.declaration or ("",))[0]
    is_body = word in ("model", "terminal") or len(context.opened) == 1
    if is_body and owner in _SETTINGS:
        for name, rule in _SETTINGS[owner].items():
            yield Item(name, SETTING, describe_type(rule.type), insert=f"{name} = ", order=2)
    if context.declaration is not None and context.declaration[0] == "test":
        yield from scope.in_test(word)


def _is_type_place(context: CompletionContext) -> bool:
    """Whether a type may stand at a place: a record could, and `true` could not."""
    expected = context.expected
    return context.before() in (":", "->", "=") and (
        {"NAME", "LBRACE", "STRING"} <= expected and "TRUE" not in expected
    )


def _is_value_place(context: CompletionContext) -> bool:
    """Whether a value may be written at a place: a variable or a constant could."""
    expected = context.expected
    if context.before() in ("as", "task", "workflow", "chain", "for", "type") and (
        "DOLLAR" not in expected
    ):
        return False
    return bool(expected & {"DOLLAR", "TRUE", "SEES"}) or (
        "NAME" in expected and context.before() in ("max", "retry", "with", "given", "in", "match")
    )
