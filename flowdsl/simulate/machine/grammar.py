"""Parse a line of a prompt as a sentence, and the values of its holes.

All parses are tried, so that ambiguous lines are detected. A sentence is a sequence of words and
holes; a hole takes any characters up to the words after it, if they are of its kind. Kinds are in
`kinds.py`.

    Press {keys:keys}[times:count? {times} times].
    Press ctrl+s 2 times.        keys=("ctrl+s",) times=2
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flowdsl.prompt.sentences import FLAG, NUMBERS, SENTENCES, Hole, Sentence
from flowdsl.source.record import Record


class Said(Record, eq=True):
    """A parsed sentence: its name, and the values of its holes."""

    name: str
    holes: tuple[tuple[str, Any], ...]

    def __getitem__(self, hole: str) -> Any:
        for name, value in self.holes:
            if name == hole:
                return value
        raise KeyError(hole)


Reader = Callable[[str], Iterable[Any]]
"""Returns every value that a whole text has as a hole of one kind; none if it is not of the kind.
"""


class _Form(Record):
    """A sentence with its choices resolved: words and holes, and the flags that were chosen."""

    parts: tuple[str | Hole, ...]
    chosen: Mapping[str, bool]


def _expand_forms(sentence: Sentence) -> tuple[_Form, ...]:
    forms = []
    for chosen in sentence.variants():
        parts: list[str | Hole] = []
        for part in sentence.words(chosen):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
        forms.append(_Form(tuple(parts), chosen))
    return tuple(forms)


def _words_at(forms: Iterable[_Form], at: int) -> tuple[str, ...]:
    """Return the words at an end of each form, empty for a hole: the first at 0, the last at -1."""
    ends = (form.parts[at] if form.parts else "" for form in forms)
    return tuple({each if isinstance(each, str) else "" for each in ends})


_FORMS = {name: _expand_forms(sentence) for name, sentence in SENTENCES.items()}
_STARTS = {name: _words_at(forms, 0) for name, forms in _FORMS.items()}
_ENDS = {name: _words_at(forms, -1) for name, forms in _FORMS.items()}


_MUCH = 50_000
"""The number of cached parses: those of a dozen prompts, in about 5 MB."""


class Grammar:
    """The sentences, and a reader for each kind of hole, which are added later."""

    def __init__(self) -> None:
        self._kinds: dict[str, Reader] = {}
        self._known: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._read: dict[tuple[tuple[str, ...], str], tuple[Said, ...]] = {}

    def add(self, kinds: Mapping[str, Reader]) -> None:
        """Add readers of further kinds."""
        self._kinds |= kinds

    def forget(self) -> None:
        """Clear the cache if it has become large: texts contain the values of runs."""
        if len(self._known) > _MUCH:
            self._known.clear()
            self._read.clear()

    def read(self, names: tuple[str, ...], text: str) -> tuple[Said, ...]:
        """Return every parse of a text as one of the sentences `names`."""
        key = (names, text)
        if key not in self._read:
            near = (
                name
                for name in names
                if text.startswith(_STARTS[name]) and text.endswith(_ENDS[name])
            )
            self._read[key] = tuple(said for name in near for said in self.sentence(name, text))
        return self._read[key]

    def sentence(self, name: str, text: str) -> tuple[Said, ...]:
        """Return every parse of a text as the sentence `name`."""
        key = (name, text)
        if key not in self._known:
            sentence = SENTENCES[name]
            found = dict.fromkeys(
                said for form in _FORMS[name] for said in self._match_form(sentence, form, text)
            )
            self._known[key] = tuple(found)
        return self._known[key]

    def hole(self, kind: str, text: str) -> tuple[Any, ...]:
        """Return every value that a text has as a hole of a kind."""
        key = (f":{kind}", text)
        if key not in self._known:
            self._known[key] = tuple(self._kinds[kind](text))
        return self._known[key]

    def _match_form(self, sentence: Sentence, form: _Form, text: str) -> Iterator[Said]:
        first = form.parts[0] if form.parts else ""
        if isinstance(first, str) and not text.startswith(first):
            return
        last = form.parts[-1] if form.parts else ""
        if isinstance(last, str) and not text.endswith(last):
            return
        for values in self._rest(form.parts, 0, text, {}):
            given = self._given(sentence, form, values)
            if given is not None:
                yield Said(sentence.name, tuple(given.items()))

    def _rest(
        self, parts: tuple[str | Hole, ...], index: int, text: str, values: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the values of the holes from `index` on, if `text` matches these parts."""
        if index == len(parts):
            if not text:
                yield values
            return
        part = parts[index]
        if isinstance(part, str):
            if text.startswith(part):
                yield from self._rest(parts, index + 1, text[len(part) :], values)
            return
        for end in _find_hole_ends(parts, index, text):
            for value in self.hole(part.kind, text[:end]):
                if part.name in values and values[part.name] != value:
                    continue
                yield from self._rest(parts, index + 1, text[end:], values | {part.name: value})

    def _given(
        self, sentence: Sentence, form: _Form, values: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the value of every hole; None if the words do not match the values."""
        given: dict[str, Any] = {}
        kinds = {hole.name: hole.kind for hole in sentence.holes}
        for hole in sentence.holes:
            if hole.name in values:
                given[hole.name] = values[hole.name]
            elif hole.kind == FLAG:
                given[hole.name] = form.chosen[hole.name]
            elif hole.kind in NUMBERS:
                given[hole.name] = 1
            else:
                given[hole.name] = None
        for name, chosen in form.chosen.items():
            value = given[name]
            if kinds[name] in NUMBERS:
                said = value != 1
            else:
                said = value is not None and value is not False
            if said is not chosen:
                return None
        return given


def _find_hole_ends(parts: tuple[str | Hole, ...], index: int, text: str) -> Iterator[int]:
    """Yield the possible ends of the hole at `index`: before the following words, or at the end."""
    if index + 1 == len(parts):
        yield len(text)
        return
    following = parts[index + 1]
    if isinstance(following, Hole):
        yield from range(len(text) + 1)
        return
    end = text.find(following)
    while end >= 0:
        yield end
        end = text.find(following, end + 1)
