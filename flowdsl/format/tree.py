"""Items, which are on lines of their own, and the bodies in braces that hold them.

Everything below an item is a range of tokens. Each token of a file belongs to an item or to the
braces of a body, so that nothing can get lost. For example:

    workflow intake { inputs { name: string, } }
    0        1      2 3      4 5   6 7     8 9 10     the numbers of the tokens

    Item("workflow", 0, 11) with Body(2, 10), in which is
      Item("inputs", 3, 10) with Body(4, 9), in which is
        Item("field", 5, 8), to which its comma does not belong

A rule of the grammar without braces stands in `_ITEMS`, one with braces in `_BODY_AT`, which says
where they begin, or in `_SPECIAL` with a builder of its own. Builders count tokens from the first
one of their rule, as `grammars/flowdsl.lark` has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowdsl.syntax.parser.driver import MAX_DEPTH, Build, make_rules
from flowdsl.syntax.parser.lexer import Lexemes
from flowdsl.syntax.statements import STATEMENTS

from .sheet import COMMA, LBRACE, REST, Sheet
from .texts import format_text_literal

IMPORTS = ("import_names", "import_ns")
"""The rules of imports, in the order that they take if the path is the same."""


class Body:
    """Braces around items, by the tokens that open and close them; `broken` takes several lines."""

    __slots__ = ("broken", "close", "items", "open")

    def __init__(self, open: int, close: int, items: list[Item], broken: bool) -> None:
        self.open = open
        self.close = close
        self.items = items
        self.broken = broken


class Item:
    """A declaration, section, setting, statement, field or the like: tokens `start` up to `past`.

    Annotations on lines of their own reach up to `first`. `raw` is the source of an item that stays
    as it is; a `marginal` one includes the indent of its first line.
    """

    __slots__ = ("bodies", "first", "marginal", "past", "raw", "rule", "start")

    def __init__(self, rule: str, first: int, past: int, bodies: Sequence[Body] = ()) -> None:
        self.rule = rule
        self.start = self.first = first
        self.past = past
        self.bodies = bodies
        self.raw: str | None = None
        self.marginal = False


class Reader:
    """What the builders of the items of one file share.

    `troubled` says that a text or a number may be wrong; the syntax tree tells.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.troubled = False


def number_tokens(sheet: Sheet) -> Lexemes:
    """Return tokens whose offsets are their own numbers, which the parser hands to the rules."""
    tokens, size = Lexemes(""), len(sheet.words)
    tokens.words, tokens.kinds, tokens.blanks = sheet.words, sheet.kinds, sheet.blanks
    tokens.starts = list(range(size))
    tokens.ends = list(range(1, size + 1))
    return tokens


# The rules. `start` and `end` are tokens; children that are None, numbers or tuples are no items.

_BODY_AT = dict.fromkeys(
    ("record", "workflow", "chain", "t_case", "t_step", "t_run_block", "t_step_outputs"), 2
) | dict.fromkeys(
    (
        *("inputs", "secrets", "outputs", "model", "terminal", "always", "checks", "shared"),
        *("given", "screens", "reads", "commands", "judgements", "t_outputs", "t_result"),
    ),
    1,
)
"""Rules with one body, and the position of its brace."""
_STEADY = frozenset(("workflow", "chain"))
_ITEMS = frozenset(
    (
        *(row.keyword for row in STATEMENTS.values()),
        *("type_day", "type_day_of_start", "type_into", "type_text", "wait_fixed", "wait_until"),
        *("copy_untyped", "extract_output", "run_as", "run_as_output"),
        *("keep_new", "if_", "case", "for_", "while_", "former_repeat"),
        *(
            "edition",
            "import_names",
            "import_ns",
            "const",
            "const_from",
            "fixture",
            "alias",
            "task",
        ),
        *("setting", "steps", "extra", "check", "chain_step", "bind"),
        *("prompt_from", "inputs_from", "outputs_from", "checks_from", "extra_from"),
        *("t_contains", "t_omits", "t_tokens", "t_matches", "t_aborts", "t_finishes", "t_fails"),
        *("t_cases", "t_never_finishes"),
        *("t_refused", "t_step_refused", "t_step_outputs_refused", "t_does", "t_never"),
        *("t_reaches", "t_types", "o_does", "o_never"),
        *("judgement", "command", "expected", "read"),
        *("given_fixture", "given_rows"),
        *("screen", "screen_choose", "screen_expect", "screen_sees", "screen_wait"),
    )
)
"""The rules of items without a body of their own; most statements are named by their word."""


def _item(rule: str) -> Build:
    def build(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
        bodies = [child for child in children if type(child) is Body]
        return Item(rule, start, end, bodies)

    return build


def _item_with_body(rule: str, brace: int) -> Build:
    steady = rule in _STEADY

    def build(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
        items = [child for child in children if type(child) is Item]
        if reader.sheet.kinds[end - 2] == REST:
            items.append(Item("rest", end - 2, end - 1))
        return Item(rule, start, end, (_body(reader, start + brace, end, items, steady),))

    return build


def _body(reader: Reader, open: int, end: int, items: list[Item], steady: bool) -> Body:
    blank = reader.sheet.blanks[open + 1]
    broken = "#" in blank or (bool(items) and (steady or "\n" in blank))
    return Body(open, end - 1, items, broken)


def _block(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Body:
    reader.sheet.move_comment_behind(start)
    body = _body(reader, start, end, list(children), True)
    body.broken = body.broken and not _is_plain_line(reader.sheet, body)
    return body


def _is_plain_line(sheet: Sheet, body: Body) -> bool:
    """Whether a block is one statement without blocks or annotations, on the line of its braces."""
    between = sheet.blanks[body.open + 1] + sheet.blanks[body.close]
    if len(body.items) != 1 or "\n" in between or "#" in between:
        return False
    (item,) = body.items
    return not item.bodies and item.start == item.first


def _always(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
    texts = [Item("text", at, at + 1) for at in range(start + 2, end - 1)]
    return Item("always", start, end, (_body(reader, start + 1, end, texts, False),))


def _build_prefixed_item(rule: str) -> Build:
    """An item of words before another one, which has the body."""

    def build(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
        (inner,) = (child for child in children if type(child) is Item)
        return Item(rule, start, end, inner.bodies)

    return build


def _test(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
    items = [child for child in children if type(child) is Item]
    brace = start + 4 + (reader.sheet.kinds[start + 4] != LBRACE)
    return Item("test", start, end, (_body(reader, brace, end, items, True),))


def _match(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
    items = [child for child in children if type(child) is Item]
    if type(last := children[-1]) is Body:
        items.append(Item("else", last.open - 1, end - 1, (last,)))
    brace = items[0].start - 1 if items else end - 2
    return Item("match", start, end, (_body(reader, brace, end, items, True),))


def _build_item_around(rule: str) -> Build:
    """An item with a body of other items, and words before or after it."""

    def build(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
        items = [child for child in children if type(child) is Item]
        first, past = (items[0].start, items[-1].past) if items else (end - 1, end - 1)
        return Item(rule, start, end, (_body(reader, first - 1, past + 1, items, False),))

    return build


def _describe(build_item: Build) -> Build:
    """Return a builder of items like another one, for items whose doc comments count."""

    def build(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
        reader.sheet.described.add(start)
        item: Item = build_item(reader, start, end, children)
        return item

    return build


def _field(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
    return Item("field", start, end - (reader.sheet.kinds[end - 1] == COMMA))


def _object(reader: Reader, start: int, end: int, children: Sequence[Any]) -> None:
    sheet = reader.sheet
    if end - start > 2 and "\n" in sheet.blanks[start + 1]:
        sheet.openings.add(start + 1)


def _object_type(reader: Reader, start: int, end: int, children: Sequence[Any]) -> None:
    reader.sheet.bare.add(start)
    _object(reader, start, end, children)


def _declaration(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
    item: Item = children[-1]
    item.start = start
    return item


def _last_body(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Body | None:
    last = children[-1]
    return last if type(last) is Body else None


def _import_names(reader: Reader, start: int, end: int, children: Sequence[Any]) -> Item:
    # A comment among the names belongs to one of them, so they keep their order.
    sheet = reader.sheet
    close = end - 3
    if not any("#" in blank for blank in sheet.blanks[start + 2 : close + 1]):
        past = close - (sheet.kinds[close - 1] == COMMA)
        _sort_names(sheet, start + 2, past)
    return Item("import_names", start, end)


def _sort_names(sheet: Sheet, first: int, past: int) -> None:
    entries: list[list[int]] = [[]]
    for at in range(first, past):
        if sheet.kinds[at] == COMMA:
            entries.append([])
        else:
            entries[-1].append(at)
    entries.sort(key=lambda entry: [sheet.words[at] for at in entry])
    order = [at for entry in entries for at in (-1, *entry)][1:]
    columns: tuple[tuple[list[Any], str | int], ...] = (
        (sheet.words, ","),
        (sheet.texts, ","),
        (sheet.kinds, COMMA),
    )
    for column, comma in columns:
        column[first:past] = [comma if at < 0 else column[at] for at in order]


_SPACES = frozenset((" ", "\t"))
"""Blanks before the last three characters of a text, which may be its closing quotes."""


def _text(reader: Reader, start: int, end: int, children: Sequence[Any]) -> None:
    word = reader.sheet.words[start]
    if "{" in word or "\n" in word or word[-4:-3] in _SPACES:
        written = format_text_literal(word)
        if written is None:
            reader.troubled = True
        else:
            reader.sheet.texts[start] = written


def _type(reader: Reader, start: int, end: int, children: Sequence[Any]) -> None:
    if len(children) > MAX_DEPTH:
        reader.troubled = True


def _file(reader: Reader, start: int, end: int, children: Sequence[Any]) -> list[Item]:
    return list(children)


def _nothing(reader: Reader, start: int, end: int, children: Sequence[Any]) -> None:
    return None


_SPECIAL: dict[str, Build] = {
    "always": _always,
    "annotated": _describe(_declaration),
    "answer": _describe(_field),
    "block": _block,
    "check": _describe(_item("check")),
    "field": _describe(_field),
    "file": _file,
    "held": _object,
    "import_names": _import_names,
    "item": _describe(_declaration),
    "item_answers": _build_item_around("item_answers"),
    "match": _match,
    "object": _object,
    "object_type": _object_type,
    "pattern_object": _object,
    "on_failure": _last_body,
    "otherwise": _last_body,
    "pause": _describe(_item_with_body("pause", 1)),
    "step": _describe(_item("step")),
    "t_order": _build_item_around("t_order"),
    "t_run": _build_prefixed_item("t_run"),
    "t_then": _build_prefixed_item("t_then"),
    "test": _test,
    "text": _text,
    "type": _type,
    "value_object": _object,
}


ITEM_BUILDS = _ITEMS.union(_BODY_AT, _SPECIAL)
"""The rules that build something; all others are inside of items."""


def _build_of(name: str) -> Build:
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in _BODY_AT:
        return _item_with_body(name, _BODY_AT[name])
    return _item(name) if name in _ITEMS else _nothing


ITEM_RULES = make_rules(_build_of)
"""The rules that build items; they are given a `Reader`."""
