"""Replaces a range of source by another one without touching its unchanged parts.

Old and new source are aligned token by token. Comments, line breaks and spelling are kept where the
tokens are equal, and if only words of a text literal differ, these are replaced inside it:

    old source    choose "the row of {who}"  # by hand
    new source    choose "the line of Ann" else abort "no Ann"
    spliced       choose "the line of {who}" else abort "no Ann"  # by hand

A reference is kept if the words that it expands to are: here `{who}` expands to `Ann`. The caller
has to verify the meaning of the result, by compiling and comparing it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence

from flowdsl.source.alignment import Effort
from flowdsl.source.record import Record
from flowdsl.syntax.parser.lexer import lex

from .editing import Edit, indent_at, insertion_after, line_start, make_removal_edit, stands_alone
from .literals import LITERALS, Rendered, TextSplicer, words_in, words_of

_COMMA = re.compile(r"[ \t]*,")
_OPENING = ("(", "[", "{")
_DOC, _TEXT = "doc", "text"


class Block(Record):
    """A range of source that counts as one token; equal keys mean that it stays unchanged."""

    start: int
    end: int
    key: Hashable


class _SpliceToken(Record):
    key: Hashable
    start: int
    end: int
    kind: str


class Draft(Record):
    """Rewritten source; `blocks` are ranges in it that are edited separately."""

    text: str
    blocks: Sequence[Block] = ()


class Splicer(TextSplicer):
    """Splices ranges of one file."""

    def splice_range(
        self, start: int, end: int, base: Draft | None, new: Draft, blocks: Sequence[Block] = ()
    ) -> list[Edit]:
        """Return the edits after which a range of the file, which means `base`, means `new`.

        `blocks` are the ranges in it that are edited separately. What is the same in `base` and
        `new` keeps its spelling in the file. Without `base` the range itself is compared.
        """
        old = list(_tokenise_range(self._text, start, end, blocks, self._rendered))
        wanted = list(_tokenise_range(new.text, 0, len(new.text), new.blocks, self._rendered))
        between = old
        if base is not None:
            between = list(
                _tokenise_range(base.text, 0, len(base.text), base.blocks, self._rendered)
            )
        edits: list[Edit] = []
        for i1, i2, j1, j2 in _find_token_changes(old, between, wanted, new.text):
            if i1 == i2:
                edits.append(self._make_insertion(old, i1, new.text, wanted, j1, j2))
            elif j1 == j2:
                edits.append(self._make_token_removal(old, i1, i2))
            elif i2 - i1 == j2 - j1 == 1 and old[i1].kind == wanted[j1].kind == _TEXT:
                one, other = old[i1], wanted[j1]
                edits += self.literal(one.start, one.end, new.text[other.start : other.end])
            else:
                first, last = wanted[j1].start, wanted[j2 - 1].end
                written = self._indent_for_place(new.text, first, last, old[i1].start)
                edits.append(Edit(self._path, old[i1].start, old[i2 - 1].end, written))
        return edits

    def _make_insertion(
        self,
        old: Sequence[_SpliceToken],
        at: int,
        new: str,
        new_tokens: Sequence[_SpliceToken],
        first: int,
        end: int,
    ) -> Edit:
        """Return an edit that inserts new tokens before the old one at `at`."""
        start, stop = new_tokens[first].start, new_tokens[end - 1].end
        opens = at > 0 and self._text[old[at - 1].start : old[at - 1].end] in _OPENING
        gap = new[new_tokens[first - 1].end : start] if first else ""
        on_own_line = "\n" in gap
        documents = new_tokens[end - 1].kind == _DOC
        in_front = documents or not first or (opens and not on_own_line)
        if in_front and at < len(old) and end < len(new_tokens):
            where = old[at].start
            text = self._indent_for_place(new, start, new_tokens[end].start, where)
            return Edit(self._path, where, where, text)
        where = old[at - 1].end
        if on_own_line:
            comma = _COMMA.match(self._text, where)
            where = comma.end() if comma else where
            anchor = new_tokens[first - 1].end
            deeper = len(indent_at(new, start)) - len(indent_at(new, anchor))
            here = indent_at(self._text, where)
            indent = here + " " * deeper if deeper > 0 else here[: len(here) + deeper]
            lines = self.restore_references(_dedent_range(new, start, stop)).split("\n")
            if gap.count("\n") > 1:
                lines.insert(0, "")
            return insertion_after(self._text, self._path, where, lines, indent)
        text = self._indent_for_place(new, new_tokens[first - 1].end, stop, where)
        return Edit(self._path, where, where, text)

    def _make_token_removal(self, old: Sequence[_SpliceToken], first: int, end: int) -> Edit:
        start, stop = old[first].start, old[end - 1].end
        comma = _COMMA.match(self._text, stop)
        if stands_alone(self._text, start, comma.end() if comma else stop):
            return make_removal_edit(self._text, self._path, start, comma.end() if comma else stop)
        if first and self._text[old[first - 1].start : old[first - 1].end] not in _OPENING:
            return Edit(self._path, old[first - 1].end, stop, "")
        if end < len(old) and self._text[old[end].start] not in ")]}":
            stop = old[end].start
        return Edit(self._path, start, stop, "")

    def _indent_for_place(self, new: str, start: int, end: int, where: int) -> str:
        """Return a part of the new source with its lines indented for a place in the old one."""
        old_indent, new_indent = indent_at(self._text, where), indent_at(new, start)
        first, *rest = self.restore_references(new[start:end]).split("\n")
        lines = [
            first,
            *(old_indent + line.removeprefix(new_indent) if line else "" for line in rest),
        ]
        if rest and not rest[-1]:
            # The old token at the place follows on this line.
            lines[-1] = old_indent
        return "\n".join(lines)


def _tokenise_range(
    text: str, start: int, end: int, blocks: Sequence[Block], rendered: Rendered
) -> Iterator[_SpliceToken]:
    """Return the tokens of a range: without commas between them, with doc comments."""
    by_start = {each.start: each for each in blocks}
    done = start
    for token in lex(text[start:end]):
        first, last = start + token.start, start + token.end
        if first < done:
            continue
        word = text[first:last]
        block = by_start.get(first)
        if block is not None:
            done = block.end
            yield _SpliceToken(block.key, first, block.end, "block")
        elif token.kind == "COMMENT" and word.startswith("##") and not word.startswith("###"):
            yield _SpliceToken((_DOC, word.strip()), first, last, _DOC)
        elif token.kind in LITERALS:
            yield _SpliceToken((_TEXT, *words_of(word, rendered)), first, last, _TEXT)
        elif f"{{{word}}}" in rendered:
            words = words_in(rendered[f"{{{word}}}"])
            yield _SpliceToken((_TEXT, *words), first, last, "reference")
        elif token.kind not in ("WS", "COMMENT", "COMMA"):
            yield _SpliceToken(word, first, last, token.kind)


Change = tuple[int, int, int, int]
"""A range of old tokens, and the range of new ones that replaces it."""


def _find_token_changes(
    old: Sequence[_SpliceToken],
    base: Sequence[_SpliceToken],
    new: Sequence[_SpliceToken],
    text: str,
) -> Iterator[Change]:
    """Return the changes from `base` to `new` as ranges of `old`, which means the same as `base`.

    `text` is the source of `new`. Text literals with different words are separate changes.
    """
    effort = Effort()
    keys = [[each.key for each in tokens] for tokens in (old, base, new)]
    spelled = [each[1:] for each in effort.compute_opcodes(keys[0], keys[1]) if each[0] != "equal"]
    ranges: list[list[int]] = []
    done = 0
    for tag, b1, b2, n1, n2 in effort.compute_opcodes(keys[1], keys[2]):
        if tag == "equal":
            continue
        if tag == "insert":
            back = _measure_slide(text, new, n1, n2, b1 - done)
            b1, b2, n1, n2 = b1 - back, b2 - back, n1 - back, n2 - back
        done = b2
        i1, i2 = (
            _map_base_position(b1, spelled, end=False),
            _map_base_position(b2, spelled, end=b1 < b2),
        )
        for a1, a2, c1, c2 in spelled:
            if (c1 < b2 and b1 < c2) or c1 < b1 == b2 < c2:
                i1, i2 = min(i1, a1), max(i2, a2)
                n1, n2 = n1 - max(b1 - c1, 0), n2 + max(c2 - b2, 0)
                b1, b2 = min(b1, c1), max(b2, c2)
        if ranges and i1 < ranges[-1][1]:
            ranges[-1][1], ranges[-1][3] = max(i2, ranges[-1][1]), max(n2, ranges[-1][3])
        else:
            ranges.append([i1, i2, n1, n2])
    for i1, i2, n1, n2 in ranges:
        yield from _refine_change(effort, old, new, (i1, i2, n1, n2))


def _map_base_position(place: int, spelled: Sequence[Change], *, end: bool) -> int:
    """Return the position among old tokens of a position among those of the base."""
    shift = 0
    for _, a2, c1, c2 in spelled:
        if c2 < place or (c2 == place and (c1 < c2 or not end)):
            shift = a2 - c2
    return place + shift


def _refine_change(
    effort: Effort, old: Sequence[_SpliceToken], new: Sequence[_SpliceToken], change: Change
) -> Iterator[Change]:
    """Split a change at tokens that are equal, or text literals whose words differ."""
    i1, i2, j1, j2 = change
    before, after = (
        [_TEXT if each.kind == _TEXT else each.key for each in tokens]
        for tokens in (old[i1:i2], new[j1:j2])
    )
    for tag, a1, a2, b1, b2 in effort.compute_opcodes(before, after):
        if tag != "equal":
            yield i1 + a1, i1 + a2, j1 + b1, j1 + b2
            continue
        for at in range(a2 - a1):
            one, other = i1 + a1 + at, j1 + b1 + at
            if old[one].key != new[other].key:
                yield one, one + 1, other, other + 1


def _measure_slide(
    text: str, tokens: Sequence[_SpliceToken], start: int, end: int, most: int
) -> int:
    """Return how far back a run of new tokens should move so that it begins a line."""
    for back in range(most + 1):
        at = start - back
        if back and tokens[at].key != tokens[end - back].key:
            break
        if not text[line_start(text, tokens[at].start) : tokens[at].start].strip():
            return back
    return 0


def _dedent_range(text: str, start: int, end: int) -> str:
    """Return a range without the indent of its first line."""
    return text[start:end].replace(f"\n{indent_at(text, start)}", "\n")
