"""Sentences that the printer says otherwise, each broken in every way that its parts allow.

The machine goes on reading the sentence as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from flowdsl.prompt import sentences, words
from flowdsl.prompt.sentences import FLAG, NUMBERS, SENTENCES, Choice, Hole, Sentence
from flowdsl.source.record import replace

PATH = "flowdsl/prompt/sentences.toml"

Part = str | Hole | Choice


@dataclass(frozen=True)
class Said:
    """One change of one sentence: it is said with other parts."""

    id: str
    kind: str
    name: str
    parts: tuple[Part, ...]

    path = PATH

    @property
    def places(self) -> frozenset[tuple[str, int | str]]:
        """What a program has to come by for the change to matter."""
        return frozenset({(PATH, self.name)})


def said_otherwise() -> list[Said]:
    """Every change of every sentence, in the order of their names."""
    return [
        Said(f"{PATH}:{name}: {kind}: {about}", kind, name, parts)
        for name, sentence in sorted(SENTENCES.items())
        for kind, about, parts in _changes(sentence)
    ]


def _changes(sentence: Sentence) -> Iterator[tuple[str, str, tuple[Part, ...]]]:
    """The changes of a sentence: the kind of each, what it is about, and the parts then."""
    parts = sentence.parts
    holes = [each for each in sentence.holes if each.kind not in (FLAG, *NUMBERS)]
    for hole in holes:
        yield "lost hole", hole.name, tuple(_filled(parts, {hole: "…"}))
    for one, two in pairwise(holes):
        if one.kind == two.kind:
            swapped = tuple(_filled(parts, {one: two, two: one}))
            yield "swapped holes", f"{one.name}, {two.name}", swapped
    for at, choice in enumerate(parts):
        if isinstance(choice, Choice):
            turned = Choice(choice.hole, choice.otherwise, choice.words)
            changed = (*parts[:at], turned, *parts[at + 1 :])
            yield "turned choice", f"{choice.hole.name} {at}", changed
    for other in SENTENCES.values():
        if other.name != sentence.name and other.holes == sentence.holes and holes:
            yield "other sentence", other.name, other.parts
            break
    else:
        yield "other words", "", (*parts, " or not")


def _filled(parts: tuple[Part, ...], holes: dict[Hole, str | Hole]) -> Iterator[Part]:
    """Parts with something else in some holes."""
    for part in parts:
        match part:
            case Choice(hole=hole):
                inner = (tuple(_filled(each, holes)) for each in (part.words, part.otherwise))
                yield Choice(hole, *inner)
            case Hole():
                yield holes.get(part, part)
            case _:
                yield part


@contextmanager
def said(change: Said) -> Iterator[None]:
    """This process with one sentence said otherwise."""
    whole = words.SENTENCES
    before = whole[change.name]
    choices = tuple(each for each in change.parts if isinstance(each, Choice))
    sentence = replace(before, parts=change.parts, choices=choices)
    words.SENTENCES = {**whole, change.name: sentence}
    try:
        yield
    finally:
        words.SENTENCES = whole


@contextmanager
def listening() -> Iterator[set[tuple[str, int | str]]]:
    """The sentences that are said meanwhile."""
    found: set[tuple[str, int | str]] = set()

    class Listening(dict[str, sentences.Sentence]):
        def __getitem__(self, name: str) -> sentences.Sentence:
            found.add((PATH, name))
            return super().__getitem__(name)

    whole = words.SENTENCES
    words.SENTENCES = Listening(whole)
    try:
        yield found
    finally:
        words.SENTENCES = whole
