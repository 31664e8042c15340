"""The difference of one field as rows for people. Pure.

A text is shown by words or lines, a schema by its facets, and a list of checks by their names.
Every text in a row is on one line and safe to print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flowdsl.deploy.comparison.diff import Difference, FieldChange
from flowdsl.deploy.comparison.edits import Edit
from flowdsl.deploy.comparison.schema_diff import schema_edits, spell_value
from flowdsl.deploy.resources.workflow import CHECKS
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.diagnostics.render.summary import format_count
from flowdsl.source.alignment import Effort, Opcode

Sign = Literal["+", "-", "!", " "]
"""Added, removed or changed; a blank marks a row whose pieces show the change."""
Mark = Literal["", "added", "removed"]
Piece = tuple[str, Mark]
"""Words, and whether they are added or removed."""

VALUE_WIDTH = 100
CONTEXT = 1
"""The number of unchanged lines of a text that are shown around changed ones."""
COSTLY = 1_000_000
"""The number of pairs of lines or words above which they are not aligned, to limit the time."""
REWRITTEN = 2
"""A text is rewritten if less than one in so many of its words stays."""

_ALLOWLIST = "terminal_command_allowlist"
_SCHEMAS = ("input_schema", "output_schema")
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of a difference, indented by `depth` steps.

    `is_whole` is true if the row has the old and the new value of the whole field.
    """

    sign: Sign
    pieces: tuple[Piece, ...]
    depth: int = 0
    is_whole: bool = False


def field_rows(change: FieldChange, *, words: bool) -> list[DiffRow]:
    """Return the difference of a field; of a text by words or, without `words`, by lines."""
    before, after = change.before, change.after
    if change.path in _SCHEMAS:
        return [_make_row(edit.sign, edit.text) for edit in schema_edits(before, after)]
    if change.path == CHECKS:
        return list(_check_rows(before or [], after or [], words)) or [_values_row(before, after)]
    if change.path == _ALLOWLIST:
        return list(_allowlist_rows(before, after))
    return _value_rows(before, after, words, Effort())


def edit_rows(edit: Edit, *, words: bool) -> list[DiffRow]:
    """Return the difference that an edit made, if the value before it is known."""
    return field_rows(
        FieldChange(edit.path, edit.before, edit.after, "drift", edit.after), words=words
    )


def tag_rows(difference: Difference) -> list[DiffRow]:
    """Return the tags that are added and removed."""
    added = [_make_row("+", tag) for tag in sorted(difference.tags_to_add)]
    return added + [_make_row("-", tag) for tag in sorted(difference.tags_to_remove)]


def render_lost_tags(difference: Difference) -> list[DiffRow]:
    """Return our tags that somebody removed."""
    return [_make_row("-", tag) for tag in sorted(difference.tags_drifted)]


def render_plain_rows(rows: Iterable[DiffRow]) -> str:
    """Return rows as text; added and removed words are marked as in `git diff --word-diff`."""
    marks = {"added": "{+%s+}", "removed": "[-%s-]", "": "%s"}
    return "\n".join(
        f"{row.sign} {'  ' * row.depth}" + "".join(marks[mark] % text for text, mark in row.pieces)
        for row in rows
    )


def format_diff_value(value: Any) -> str:
    """Return a value as JSON on one line, cut to `VALUE_WIDTH` characters; `none` for None."""
    return "none" if value is None else spell_value(value, VALUE_WIDTH)


def _make_row(sign: str, text: str, depth: int = 0) -> DiffRow:
    signs: Mapping[str, Sign] = {"+": "+", "-": "-", "!": "!"}
    return DiffRow(signs.get(sign, " "), ((make_printable(text), ""),), depth)


def _values_row(before: Any, after: Any, label: str = "", depth: int = 0) -> DiffRow:
    text = make_printable(f"{label}{format_diff_value(before)} -> {format_diff_value(after)}")
    return DiffRow("!", ((text, ""),), depth, is_whole=not label)


def _value_rows(
    before: Any, after: Any, words: bool, effort: Effort, depth: int = 0
) -> list[DiffRow]:
    texts = [side for side in (before, after) if isinstance(side, str)]
    if len(texts) == 2:
        differ = _word_rows if words else _line_rows
        return list(differ(before.split("\n"), after.split("\n"), depth, effort))
    if len(texts) == 1 and None in (before, after):
        sign = "-" if after is None else "+"
        return [_make_row(sign, line, depth) for line in texts[0].split("\n")]
    return [_values_row(before, after, depth=depth)]


def _word_rows(
    old: Sequence[str], new: Sequence[str], depth: int, effort: Effort
) -> Iterator[DiffRow]:
    for tag, a, b, c, d in _find_word_edits(old, new, effort):
        if tag == "equal":
            continue
        gone, come = (
            _WORDS.findall("\n".join(lines[i:j])) for lines, i, j in ((old, a, b), (new, c, d))
        )
        costly = len(gone) * len(come) > COSTLY
        if costly and 1 < b - a == d - c:
            # The number of lines is equal: most likely each was replaced by the one at its
            # position.
            for before, after in zip(old[a:b], new[c:d], strict=True):
                yield from _word_rows([before], [after], depth, effort)
            continue
        edits = [] if a == b or c == d or costly else _find_word_edits(gone, come, effort)
        if not edits or (not b - a == d - c == 1 and _is_rewritten(gone, come, edits)):
            for lines, mark in ((old[a:b], "removed"), (new[c:d], "added")):
                for line in lines:
                    yield DiffRow(" ", _make_pieces([(line, mark)]), depth)
        else:
            yield from _render_mixed_rows(gone, come, edits, depth)


def _is_rewritten(old: Sequence[str], new: Sequence[str], edits: Sequence[Opcode]) -> bool:
    """Whether too few words stay for a diff by words, which would mix the two texts.

    A prompt whose prose becomes statements is such a text.
    """
    kept = sum(_count_words(old[a:b]) for tag, a, b, _, _ in edits if tag == "equal")
    return kept * REWRITTEN < min(_count_words(old), _count_words(new))


def _count_words(texts: Sequence[str]) -> int:
    return sum(text.isalnum() for text in texts)


def _render_mixed_rows(
    old: Sequence[str], new: Sequence[str], edits: Sequence[Opcode], depth: int
) -> Iterator[DiffRow]:
    rows: list[list[tuple[str, str]]] = [[]]
    for tag, a, b, c, d in edits:
        kept = tag == "equal"
        for words, mark in (
            (old[a:b], "" if kept else "removed"),
            (() if kept else new[c:d], "added"),
        ):
            first, *others = "".join(words).split("\n")
            rows[-1].append((first, mark))
            rows += [[(line, mark)] for line in others]
    for row in rows:
        if pieces := _make_pieces(row):
            yield DiffRow(" ", pieces, depth)


def _make_pieces(texts: Iterable[tuple[str, str]]) -> tuple[Piece, ...]:
    marks: Mapping[str, Mark] = {"added": "added", "removed": "removed"}
    return tuple((make_printable(text), marks.get(mark, "")) for text, mark in texts if text)


def _line_rows(
    old: Sequence[str], new: Sequence[str], depth: int, effort: Effort
) -> Iterator[DiffRow]:
    edits = _find_word_edits(old, new, effort)
    for number, (tag, a, b, c, d) in enumerate(edits):
        if tag != "equal":
            yield from (_make_row("-", line, depth) for line in old[a:b])
            yield from (_make_row("+", line, depth) for line in new[c:d])
            continue
        # Unchanged lines are shown only next to changed ones.
        head = min(b, a + (CONTEXT if number else 0))
        tail = max(head, b - (CONTEXT if number < len(edits) - 1 else 0))
        yield from (_make_row(" ", line, depth) for line in old[a:head])
        if tail > head:
            yield _make_row(" ", "…", depth)
        yield from (_make_row(" ", line, depth) for line in old[tail:b])


def _find_word_edits(old: Sequence[str], new: Sequence[str], effort: Effort) -> list[Opcode]:
    """Return the opcodes of `SequenceMatcher` that turn `old` into `new`.

    Ranges that would take long to align become one `replace`.
    """
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    end, new_end = len(old) - tail, len(new) - tail
    inner: list[Opcode] = []
    if (end - head) * (new_end - head) > COSTLY:
        inner = [("replace", head, end, head, new_end)]
    elif end > head or new_end > head:
        inner = [
            (tag, a + head, b + head, c + head, d + head)
            for tag, a, b, c, d in effort.compute_opcodes(
                old[head:end], new[head:new_end], _is_blank
            )
        ]
    edges: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    ends: list[Opcode] = [("equal", end, len(old), new_end, len(new))] if tail else []
    return [*edges, *inner, *ends]


def _is_blank(text: str) -> bool:
    """Whether a text is blank.

    Blanks are everywhere, so they do not start an alignment; next to aligned texts they still
    match.
    """
    return not text.strip()


def _allowlist_rows(before: Any, after: Any) -> Iterator[DiffRow]:
    old, new = set(before or ()), set(after or ())
    if not (old and new):
        sides = (
            format_count(len(side), "command") if side else "every command" for side in (old, new)
        )
        yield _make_row("!", " -> ".join(sides))
    yield from (_make_row("-", command) for command in sorted(old - new))
    yield from (_make_row("+", command) for command in sorted(new - old))


def _check_rows(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], words: bool
) -> Iterator[DiffRow]:
    """Return the difference of two lists of checks by name; no rows if names are not unique."""
    effort = Effort()
    olds, news = ({str(check.get("name")): check for check in side} for side in (before, after))
    for name in dict.fromkeys((*news, *olds)):
        if name not in olds or name not in news:
            sign, check = ("+", news[name]) if name in news else ("-", olds[name])
            yield _make_row(sign, f"{format_diff_value(name)}: {check.get('type')}")
            for field in sorted(check.keys() - {"name", "type"}):
                if check[field] is not False:
                    yield _make_row(sign, f"{field}: {format_diff_value(check[field])}", 1)
        elif olds[name] != news[name]:
            yield _make_row("!", format_diff_value(name))
            yield from _check_fields(olds[name], news[name], words, effort)
    kept = [[name for name in side if name in olds and name in news] for side in (olds, news)]
    if kept[0] != kept[1]:
        yield _make_row("!", f"order: {format_diff_value(kept[0])} -> {format_diff_value(kept[1])}")


def _check_fields(
    old: Mapping[str, Any], new: Mapping[str, Any], words: bool, effort: Effort
) -> Iterator[DiffRow]:
    for field in sorted(old.keys() | new.keys()):
        before, after = old.get(field), new.get(field)
        if before == after and type(before) is type(after):
            continue
        if isinstance(before, str) and isinstance(after, str):
            yield _make_row(" ", field, 1)
            yield from _value_rows(before, after, words, effort, 2)
        else:
            yield _values_row(before, after, f"{field}: ", 1)
