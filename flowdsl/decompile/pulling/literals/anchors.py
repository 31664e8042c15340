"""Which characters of a payload come from which characters of the source.

The idea: the sources are compiled once more with a private character, an *anchor*, behind the first
character of every word of their prose. Where an anchor comes out, the word came from there,
whatever inlining, consts and sentences of the compiler did on the way. From each anchor the two
texts are then followed in both directions as far as they agree.

An example, with `¹`, `²` and `³` for anchors:

    source         task hello(who: string) { do "Greet {who} now" }   call hello(who: "Ann")
    with anchors   do "G¹reet {who} n²ow"                             who: "A³nn"
    payload        1. G¹reet A³nn n²ow
    found          `Greet ` from the `do`, `Ann` from the argument, ` now` from the `do` again

`1. ` has no origin: it is a word of the compiler. Anchors can break what is compiled, for example
where an argument is compared with a const. A literal in which they are errors is left without
(`_blamed`), and where the payload differs in more than the anchors, all consts and arguments are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from flowdsl.config.address import Address
from flowdsl.source.record import Record
from flowdsl.syntax import ast

from ..differences import Path, leaves
from ..goal import forms
from ..workspace import Built, Workspace
from .spots import Stretch, stretches_of

_FIRST, _LAST = 0xF0000, 0x10FFFD
_ANCHOR = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_WORD = re.compile(r"\w+")
_ATTEMPTS = 8
"""How often the sources are compiled, each time without the literals in which anchors were errors.
"""


class Leaf(Record):
    """A text in a payload, with the origin of each character.

    An origin is the number of a stretch and the position in it; None for words of the compiler.
    """

    text: str
    origins: list[tuple[int, int] | None]


class Anchored(Record):
    """The texts of a payload by path. `occurrences` counts how often each origin comes out."""

    stretches: list[Stretch]
    leaves: dict[Path, Leaf]
    occurrences: dict[tuple[int, int], int]


def anchor(workspace: Workspace, built: Built, address: Address) -> Anchored:
    """The origins of all texts in the payload of a workflow."""
    entry = built.symbol(address).module.source.path
    alone = workspace.build(built.texts, [entry]) or built
    stretches = [
        stretch
        for stretch in stretches_of(alone.model.modules)
        if not _ANCHOR.search(stretch.value)
    ]
    plain = dict(leaves(forms(built.desired[address])))
    marked, numbers = _marked(workspace, alone, address, entry, stretches)
    found: dict[Path, Leaf] = {}
    counts: dict[tuple[int, int], int] = {}
    for path, text in plain.items():
        leaf = Leaf(text, _origins(text, marked.get(path, ""), stretches, numbers))
        found[path] = leaf
        for origin in leaf.origins:
            if origin is not None:
                counts[origin] = counts.get(origin, 0) + 1
    return Anchored(stretches, found, counts)


def _marked(
    workspace: Workspace, built: Built, address: Address, entry: str, stretches: list[Stretch]
) -> tuple[dict[Path, str], dict[int, tuple[int, int]]]:
    """The texts of the payload with anchors in them, and the origin that each anchor stands for."""
    plain = dict(leaves(forms(built.desired[address])))
    left = set(range(len(stretches)))
    for _ in range(_ATTEMPTS):
        numbers = _numbered(stretches, left)
        texts = dict(built.texts) | _with_anchors(built, stretches, numbers)
        variant = workspace.build(texts, [entry])
        if variant is None:
            blamed = _blamed(workspace, built, stretches, left, numbers)
            if not blamed:
                blamed = {at for at in left if stretches[at].is_const}
            if not blamed:
                break
            left -= blamed
            continue
        marked = dict(leaves(forms(variant.desired[address])))
        differing = [
            path
            for path, text in plain.items()
            if path in marked and _ANCHOR.sub("", marked[path]) != text
        ]
        const = {at for at in left if stretches[at].is_const}
        if differing and const:
            # The compiler decides by arguments and consts; with other values it writes other words.
            left -= const
            continue
        return marked, numbers
    return {}, {}


def _numbered(stretches: list[Stretch], left: set[int]) -> dict[int, tuple[int, int]]:
    """Anchors, each with the origin (stretch and position) of the character that it follows."""
    found: dict[int, tuple[int, int]] = {}
    number = _FIRST
    for at in sorted(left):
        for word in _WORD.finditer(stretches[at].value):
            if number & 0xFFFE == 0xFFFE:
                number = (number | 0xFFFF) + 1  # The last two of each plane are noncharacters.
            if number > _LAST:
                return found
            found[number] = (at, word.start())
            number += 1
    return found


def _with_anchors(
    built: Built, stretches: list[Stretch], numbers: Mapping[int, tuple[int, int]]
) -> dict[str, str]:
    """The files with anchors, by path.

    Tests are blanked out: the texts that they ask for would not be found.
    """
    marks: dict[str, list[tuple[int, str]]] = {}
    for number, (at, position) in numbers.items():
        stretch = stretches[at]
        marks.setdefault(stretch.token.path, []).append((stretch.ends[position], chr(number)))
    texts: dict[str, str] = {}
    for module in built.model.modules:
        path, text = module.source.path, module.source.text
        for declaration in module.declarations:
            if isinstance(declaration, ast.TestDecl):
                start, end = declaration.start, declaration.end
                blank = re.sub(r"[^\r\n]", " ", text[start:end])
                text = text[:start] + blank + text[end:]
        for offset, mark in sorted(marks.get(path, ()), reverse=True):
            text = text[:offset] + mark + text[offset:]
        texts[path] = text
    return texts


def _blamed(
    workspace: Workspace,
    built: Built,
    stretches: list[Stretch],
    left: set[int],
    numbers: Mapping[int, tuple[int, int]],
) -> set[int]:
    """The stretches in which the last compilation found errors."""
    shifts: dict[str, list[int]] = {}
    for at, position in numbers.values():
        shifts.setdefault(stretches[at].token.path, []).append(stretches[at].ends[position])
    spans: list[tuple[str, int, int]] = []
    for error in workspace.errors:
        offsets = sorted(shifts.get(error.span.path, ()))
        spans.append(
            (
                error.span.path,
                _original(offsets, error.span.start),
                _original(offsets, error.span.end),
            )
        )
    return {
        at
        for at in left
        for path, start, end in spans
        if stretches[at].token.path == path
        and stretches[at].token.start < max(end, start + 1)
        and start < stretches[at].token.end
    }


def _original(offsets: Iterable[int], place: int) -> int:
    """The offset that `place`, in a file with anchors at `offsets`, has without them."""
    before = 0
    for offset in offsets:
        if offset + before >= place:
            break
        before += 1
    return place - before


# From anchors to characters


def _origins(
    text: str, marked: str, stretches: list[Stretch], numbers: Mapping[int, tuple[int, int]]
) -> list[tuple[int, int] | None]:
    """The origin of each character of `text`, found from `marked`, the same text with anchors."""
    origins: list[tuple[int, int] | None] = [None] * len(text)
    if not marked or _ANCHOR.sub("", marked) != text:
        return origins
    anchors: list[tuple[int, int, int]] = []
    offset = 0
    for character in marked:
        if _ANCHOR.match(character):
            if ord(character) in numbers:
                anchors.append((offset - 1, *numbers[ord(character)]))
        else:
            offset += 1
    for place, at, position in anchors:
        _extend(text, origins, place, stretches[at].value, at, position, 1)
    for place, at, position in anchors:
        _extend(text, origins, place - 1, stretches[at].value, at, position - 1, -1)
    return origins


def _extend(
    text: str,
    origins: list[tuple[int, int] | None],
    place: int,
    value: str,
    at: int,
    position: int,
    step: int,
) -> None:
    """Follows a stretch from one character as far as the text agrees and is not taken.

    `step` is 1 for forwards, -1 for backwards. A brace may come out escaped, and a character as an
    HTML entity: then all its characters have its origin.
    """
    while 0 <= place < len(text) and 0 <= position < len(value):
        if origins[place] is not None and origins[place] != (at, position):
            return
        character = value[position]
        if text[place] == character or (character.isspace() and text[place].isspace()):
            origins[place] = (at, position)
        elif step > 0 and character == "{" and text.startswith("\\{", place):
            origins[place] = origins[place + 1] = (at, position)
            place += 1
        elif step > 0 and (written := _entity(text, place, character)):
            for inner in range(place, place + written):
                origins[inner] = (at, position)
            place += written - 1
        else:
            return
        if character.isspace():
            place, position = _behind_blanks(text, value, place, position, step)
            continue
        place += step
        position += step


def _behind_blanks(text: str, value: str, place: int, position: int, step: int) -> tuple[int, int]:
    """The next places behind blanks, of which the payload may have others than the source."""
    while 0 <= place < len(text) and text[place].isspace():
        place += step
    while 0 <= position < len(value) and value[position].isspace():
        position += step
    return place, position


def _entity(text: str, place: int, character: str) -> int:
    """The length of the HTML entity for `character` at `place`; 0 if there is none."""
    written: Any = escape(character, quote=False)
    return len(written) if written != character and text.startswith(written, place) else 0
