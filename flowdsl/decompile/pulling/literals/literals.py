"""Edits of words inside literals and doc comments: the smallest edits there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape

from flowdsl.format.literals import unspeakable
from flowdsl.ir import nodes
from flowdsl.ir.walk import statements
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from ...writing.literals import text_literal
from ..attempts import WORDS, Attempt, EditContext
from ..differences import Hunk, Path, hunks, leaves
from ..editing import Edit, indent_at
from ..goal import TAGS, Goal
from ..workspace import Built, Workspace
from .anchors import Anchored, anchor
from .spots import DOC, NAME, Stretch, Token, text_stretches, texts_in

VARIABLE = re.compile(r"\{\{[ \t]*[A-Za-z_][^{}\r\n]*\}\}|\{\$?[A-Za-z_][^{}\r\n]*\}", re.ASCII)
"""What the platform takes for a variable."""

_PROTECTED = re.compile(r"\\(?=\{)")


class Change(Record, eq=True):
    """`new` in the place of the characters from `start` to `end` of a file, inside one token."""

    start: int
    end: int
    new: str


Changes = dict[Token, tuple[Change, ...]]
"""The changes of each token, in order."""


def attempts(context: EditContext) -> Iterator[Attempt]:
    """All changes of words at once, then the literals one by one.

    Each also with the tests that quote them.
    """
    sure, unsure = literal_changes(context.workspace, context.built, context.goal)
    if len(sure) > 1:
        yield from _both(context, sure)
    for changes in (sure, unsure):
        for token, own in changes.items():
            yield from _both(context, {token: own})


def _both(context: EditContext, changes: Changes) -> Iterator[Attempt]:
    yield from context.attempt(WORDS, edits_of(context.built, changes))
    quoted = with_tests(context.built, changes)
    if quoted.keys() != changes.keys():
        yield from context.attempt(WORDS, edits_of(context.built, quoted))


def literal_changes(workspace: Workspace, built: Built, goal: Goal) -> tuple[Changes, Changes]:
    """The changes of words in literals that lead to the goal: the sure ones, then the unsure ones.

    A change is unsure if its literal comes out in several places and only some of them are to
    change.
    """
    anchored = anchor(workspace, built, goal.address)
    wanted = dict(leaves(dict(goal.values)))
    workflow = built.workflow(goal.address)
    html = any(isinstance(each, nodes.Picture) for each in statements(workflow.body))
    found: dict[Token, dict[Change, int]] = {}
    wrong: set[Token] = set()
    for path, leaf in anchored.leaves.items():
        if path not in wanted or path[0] == TAGS or wanted[path] == leaf.text:
            continue
        for hunk in hunks(leaf.text, wanted[path]):
            placed = _placed(anchored, path, hunk, html and path == ("main_prompt",))
            if placed is None:
                continue
            token, change, times = placed
            changes = found.setdefault(token, {})
            changes[change] = changes.get(change, 0) + 1
            if any(_clash(change, other) for other in changes if other != change):
                wrong.add(token)
            if times > 1 and changes[change] > times:
                wrong.add(token)
    sure: Changes = {}
    unsure: Changes = {}
    for token, changes in found.items():
        whole = all(count == _times(anchored, token, change) for change, count in changes.items())
        kept = tuple(sorted(changes, key=lambda each: (each.start, each.end)))
        if token not in wrong:
            (sure if whole else unsure)[token] = kept
    return sure, unsure


def _clash(one: Change, other: Change) -> bool:
    return (one.start < other.end and other.start < one.end) or one.start == other.start


def _placed(
    anchored: Anchored, path: Path, hunk: Hunk, html: bool
) -> tuple[Token, Change, int] | None:
    """The token in which a hunk stands, its change there, and how often that place comes out."""
    origins = anchored.leaves[path].origins
    new = unescape(hunk.new) if html else hunk.new
    if hunk.start < hunk.end:
        first, last = origins[hunk.start], origins[hunk.end - 1]
        if first is None or last is None:
            return None
        one, other = anchored.stretches[first[0]], anchored.stretches[last[0]]
        start, end = one.starts[first[1]], other.ends[last[1]]
        if one.token != other.token or start > end:
            return None
        return one.token, Change(start, end, new), anchored.occurrences[first]
    before = origins[hunk.start - 1] if hunk.start else None
    behind = origins[hunk.start] if hunk.start < len(origins) else None
    if before is not None:
        stretch = anchored.stretches[before[0]]
        at = stretch.ends[before[1]]
        return stretch.token, Change(at, at, new), anchored.occurrences[before]
    if behind is not None:
        stretch = anchored.stretches[behind[0]]
        at = stretch.starts[behind[1]]
        return stretch.token, Change(at, at, new), anchored.occurrences[behind]
    return None


def _times(anchored: Anchored, token: Token, change: Change) -> int:
    """How often the place of a change comes out in the payload."""
    return max(
        (
            times
            for (at, position), times in anchored.occurrences.items()
            if anchored.stretches[at].token == token
            and (
                anchored.stretches[at].starts[position] == change.start
                or anchored.stretches[at].ends[position] == change.start
            )
        ),
        default=1,
    )


# Writing


def edits_of(built: Built, changes: Mapping[Token, Iterable[Change]]) -> list[Edit]:
    """The edits that carry changes out; a change that its literal cannot hold is left out."""
    sources = {module.source.path: module.source.text for module in built.model.modules}
    written: list[Edit] = []
    for token, own in changes.items():
        edit = _in_place(sources[token.path], token, tuple(own))
        written += _rewritten(built, token, tuple(own)) if edit is None else edit
    return written


def with_tests(built: Built, changes: Changes) -> Changes:
    """The changes, and the same changes in tests that quote the whole text of a literal."""
    quoted: Changes = {}
    texts = {
        (module.source.path, text.start): (module, text)
        for module in built.model.modules
        for declaration in module.declarations
        for text in texts_in(declaration)
    }
    for token, own in changes.items():
        found = texts.get((token.path, token.start))
        if found is None:
            continue
        module, text = found
        stretches = list(text_stretches(module.source, text))
        for home, declaration in built.model.tests:
            for answer in texts_in(declaration):
                others = list(text_stretches(home.source, answer))
                if [stretch.value for stretch in others] == [
                    stretch.value for stretch in stretches
                ] and stretches:
                    moved = tuple(_moved(change, stretches, others) for change in own)
                    if None not in moved:
                        quoted[others[0].token] = tuple(each for each in moved if each is not None)
    return {**changes, **quoted}


def _moved(change: Change, stretches: list[Stretch], others: list[Stretch]) -> Change | None:
    """A change of one text, applied to another text of the same words."""
    for stretch, other in zip(stretches, others, strict=True):
        if change.start in stretch.starts or change.start in stretch.ends:
            first = _position(stretch, change.start)
            last = _position(stretch, change.end)
            if last is None or first is None:
                return None
            return Change(_offset(other, first), _offset(other, last), change.new)
    return None


def _position(stretch: Stretch, offset: int) -> int | None:
    if offset in stretch.starts:
        return stretch.starts.index(offset)
    return len(stretch.starts) if stretch.ends and offset == stretch.ends[-1] else None


def _offset(stretch: Stretch, position: int) -> int:
    return stretch.starts[position] if position < len(stretch.starts) else stretch.ends[-1]


def _in_place(text: str, token: Token, changes: tuple[Change, ...]) -> list[Edit] | None:
    """The edits for changes where they stand; None if the token has to be written anew for one."""
    found: list[Edit] = []
    for change in changes:
        new = _spelled(text, token, change)
        if new is None:
            return None
        found.append(Edit(token.path, change.start, change.end, new))
    return found


def _spelled(text: str, token: Token, change: Change) -> str | None:
    """New words as a token of this form spells them; None if it cannot, or not simply."""
    new = change.new
    if unspeakable().search(new) or "{#" in new:
        return None
    if "\n" in new and token.form != ast.BLOCK:
        return None
    match token.form:
        case ast.RAW:
            return None if '"' in new else new
        case ast.STRING if new.endswith("\\") or (text[change.start - 1 : change.start] == "\\"):
            return None
        case ast.STRING | "name":
            return new.replace('"', '\\"')
        case ast.BLOCK:
            if '"' in new or "\\" in new:
                return None if '""' in new or "\\" in new else new
            indent = indent_at(text, change.start)
            return re.sub(r"\n(?=[^\n])", f"\n{indent}", new)
        case _:
            return new


def _rewritten(built: Built, token: Token, changes: tuple[Change, ...]) -> list[Edit]:
    """A literal written anew with changes.

    No edit where no literal can hold them or it has comments.
    """
    if token.form in (DOC, NAME):
        return []
    (module,) = (each for each in built.model.modules if each.source.path == token.path)
    source = module.source
    text = next(
        (
            each
            for declaration in module.declarations
            for each in texts_in(declaration)
            if (each.start, each.end) == (token.start, token.end)
        ),
        None,
    )
    if text is None or any(isinstance(part, ast.TextComment) for part in text.parts):
        return []
    pieces = _pieces(text, source.text, list(text_stretches(source, text)), changes)
    if pieces is None:
        return []
    indent = indent_at(source.text, token.start)
    written = literal_of(pieces, indent)
    return [] if written is None else [Edit(token.path, token.start, token.end, written)]


def literal_of(text: nodes.Text, indent: str) -> str | None:
    """The literal of a text whose variables are named as source spells them.

    The lines of a block literal are indented deeper than `indent`; None where no literal can hold
    it.
    """
    written = text_literal(text, lambda variable: variable.name)
    if written is None or not written.startswith('"""'):
        return written
    lines = written.split("\n")
    inner = [f"{indent}  {line}" if line else "" for line in lines[1:-1]]
    return "\n".join([lines[0], *inner, indent + lines[-1]])


def spelled_pieces(words: str) -> Iterator[nodes.Piece]:
    """Words of a prompt as pieces of a source text.

    What the platform takes for a variable stays one.
    """
    at = 0
    for found in VARIABLE.finditer(words):
        if words[max(found.start() - 1, 0) : found.start()] == "\\":
            continue
        yield from _piece(words[at : found.start()])
        yield nodes.Variable(sigil="input", name=found.group())
        at = found.end()
    yield from _piece(words[at:])


def _piece(words: str) -> Iterator[nodes.Piece]:
    if words:
        yield nodes.TextPiece(value=_PROTECTED.sub("", words))


def _pieces(
    text: ast.Text, source: str, stretches: list[Stretch], changes: tuple[Change, ...]
) -> nodes.Text | None:
    """The pieces of a text after changes; its variables keep their spelling."""
    pieces: list[nodes.Piece] = []
    units: list[tuple[int, int, nodes.Piece]] = []
    by_start = {stretch.starts[0]: stretch for stretch in stretches if stretch.starts}
    for part in text.parts:
        if isinstance(part, ast.Ref):
            spelled = source[part.start : part.end]
            variable = nodes.Variable(sigil="input", name=spelled)
            units.append((part.start, part.end, variable))
        elif isinstance(part, ast.TextLiteral):
            stretch = by_start.get(part.start)
            if stretch is None or stretch.value != part.value:
                return None
            units += (
                (start, end, nodes.TextPiece(value=character))
                for start, end, character in zip(
                    stretch.starts, stretch.ends, stretch.value, strict=True
                )
            )
    pending = list(changes)
    for start, end, piece in units:
        while pending and pending[0].start <= start and pending[0].end <= start:
            pieces += spelled_pieces(pending.pop(0).new)
        if pending and pending[0].start <= start and end <= pending[0].end:
            continue
        pieces.append(piece)
    for change in pending:
        pieces += spelled_pieces(change.new)
    return tuple(pieces)
