"""A trace: what reached the desktop, what was asked, and how the run ended.

Two traces are equal when the same events happened in the same order and the run ended alike. Each
event and each question may say where it comes from, which is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowdsl.source.record import Record

from .world import CHECK, COPY, Question, World

# The verbs of events

DO = "do"
"""An instruction in the author's words: its text."""
OPEN = "open"
"""Something that was chosen is opened: what it is."""
TYPE = "type"
"""A value is typed: the value, the target."""
TYPE_AS = "type as"
"""A value is typed in another format: the value as texts spell it, the format, the target."""
CLEAR = "clear"
"""A field is emptied: the target."""
PRESS = "press"
"""Keys: the chords as the platform names them, how often."""
PAUSE = "pause"
"""A fixed wait: its milliseconds."""
COMMAND = "command"
"""A terminal command: its exact text."""
COPIED = "copied"
"""A text was selected and copied: what it is."""
CAPTURE = "capture"
"""A screenshot is kept: the name of the file."""
EXPORT = "export"
"""A file is kept: its path."""
SHOW = "show"
"""A picture is shown to the agent: its SHA-256, what it is said to show."""
HANDLE = "handle"
"""A situation of `always` is dealt with: the rule."""
MISS = "miss"
"""A situation arises, and whoever works does not know its rule."""

_STILL = frozenset((SHOW, HANDLE, MISS))
"""Verbs that do not move the desktop on."""

# How a run ends

SUCCESS = "success"
FAILED = "task_failed"
NOT_STARTED = "not_started"
"""The service refuses the inputs: `reason` tells which one, and why. No run ends so by itself."""
BROKEN = "broken"
"""The prompt could not be carried out: `reason` tells why. No program ends so."""


# How a post-run check ends, beside SUCCESS

CHECK_FAILED = "failed"
INFRA_ERROR = "infra_error"
"""The check itself cannot be carried out."""


_SECRET = "\ufdd1{}\ufdd2"
_MARKED_SECRET = re.compile("\ufdd1([^\ufdd1\ufdd2]*)\ufdd2")


def mark_secret(alias: str) -> str:
    """The placeholder of a secret in a text that is typed, where the service puts the secret in.

    A text may spell a placeholder, too, which `act` tells from this.
    """
    return _SECRET.format(alias)


def without_marks(text: str) -> str:
    """A text in which secrets are not marked."""
    return _MARKED_SECRET.sub(r"\1", text)


class Event(Record, eq=True):
    """Something that was done: a verb, what belongs to it, and the secrets that the service put in.

    A text has a secret as its placeholder.
    """

    verb: str
    texts: tuple[str, ...]
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        written = " ".join((self.verb, *(repr(text) for text in self.texts)))
        return f"{written} with the secret {', '.join(self.secrets)}" if self.secrets else written


class Asked(Record, eq=True):
    """A question, the position at which it was asked, and the answer as the world gave it."""

    question: Question
    position: int
    answer: Any


class Ending(Record, eq=True):
    """How a run ended.

    `reason` is None for a run that worked to its end. `outputs` are by their names on the wire, a
    missing value as None, and empty for a run that failed.
    """

    status: str
    reason: str | None
    outputs: Mapping[str, Any]


class Verdict(Record):
    """How a post-run check ended, and why in words where it did not succeed."""

    status: str
    message: str = ""


class Trace(Record):
    """What happened in one run.

    - `heading`: title and description, as they are read.
    - `events`: in order.
    - `asked`: every question, in the order in which it was asked first.
    - `used`: those of which the answer mattered.
    - `situations`: the rule that was dealt with at each position where its situation arose.
    - `places`: where each event comes from, of the same length as `events`.
    - `refused`: of a run that ended well, why the service refuses its outputs; else None.
    - `checks`: the verdicts of its post-run checks, in their order; none where the run did not end
      well or its outputs are refused.
    - `judged`: what models were asked in those checks, behind the last position.
    """

    heading: tuple[str, str]
    events: tuple[Event, ...]
    asked: tuple[Asked, ...]
    used: frozenset[tuple[Question, int]]
    situations: Mapping[int, str]
    ending: Ending
    places: tuple[object, ...]
    refused: str | None = None
    checks: tuple[Verdict, ...] = ()
    judged: tuple[Asked, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether the run ended well, and the service took its outputs and found all checks so."""
        is_right = all(each.status == SUCCESS for each in self.checks)
        return self.ending.status == SUCCESS and self.refused is None and is_right


class Recorder:
    """Writes the trace of whoever executes a program, and puts its questions to a world.

    `rules` are the standing rules of `always` that whoever works at present knows. `place` is where
    the events that follow come from.
    """

    def __init__(self, world: World, rules: Iterable[str] = ()) -> None:
        self.rules: tuple[str, ...] = tuple(rules)
        self.place: object = None
        self._world = world
        self._events: list[Event] = []
        self._places: list[object] = []
        self._asked: dict[tuple[Question, int], Any] = {}
        self._used: set[tuple[Question, int]] = set()
        self._situations: dict[int, str] = {}
        self._position = 0

    @property
    def position(self) -> int:
        """The number of actions and waits so far."""
        return self._position

    def outline(self, lines: Sequence[object]) -> None:
        """What is carried out, where it has an outline."""

    def ends(self) -> None:
        """Everything is done."""

    def begin(self, place: object) -> None:
        """Note where the events that follow come from."""
        self.place = place

    def loop(self, place: object, entries: int) -> None:
        """A loop over so many entries begins; `passes` and `passed` are told of each of them."""

    def passes(self, item: Any) -> None:
        """A pass of the innermost loop begins, with this entry."""

    def passed(self) -> None:
        """A pass of the innermost loop is over."""

    def left(self) -> None:
        """The innermost loop is over."""

    def hint(self, *, key: str = "", usual: bool = False) -> None:
        """What a free world may want to know of the next question, and no comparison does.

        `key` is the variable that the answer is saved in. `usual` is whether a screen shows what is
        asked, where nobody says.
        """

    def known(self, question: Question) -> Question:
        """The question as it is put to the world."""
        return question

    @property
    def count(self) -> int:
        """The number of events so far."""
        return len(self._events)

    def act(self, verb: str, *texts: str) -> None:
        """Record that something was done."""
        if verb in _STILL:
            self._add(verb, texts)
            return
        self._meet_situation()
        self._add(verb, texts)
        self._position += 1

    def wait(self, question: Question) -> bool:
        """Put a WAIT to the world; waiting moves the desktop on, whatever comes of it."""
        answer = self.ask(question)
        self.use(question)
        self._position += 1
        return bool(answer)

    def ask(self, question: Question) -> Any:
        """The answer to a question at this position, as the world gives it."""
        if question.kind != CHECK:  # nobody works any more
            self._meet_situation()
        key = (question, self._position)
        if key not in self._asked:
            self._asked[key] = self._answer(question)
        return self._asked[key]

    def use(self, question: Question, position: int | None = None) -> None:
        """Note that the answer to a question mattered; `position` is where it was asked."""
        self._used.add((question, self._position if position is None else position))

    @property
    def events(self) -> Sequence[Event]:
        """What was done so far."""
        return self._events

    def trace(
        self,
        heading: tuple[str, str],
        ending: Ending,
        refused: str | None = None,
        checks: tuple[Verdict, ...] = (),
    ) -> Trace:
        """The trace of a run that ended so."""
        asked = [Asked(*key, answer) for key, answer in self._asked.items()]
        return Trace(
            heading,
            tuple(self._events),
            tuple(each for each in asked if each.question.kind != CHECK),
            frozenset(self._used),
            dict(self._situations),
            ending,
            tuple(self._places),
            refused,
            checks,
            tuple(each for each in asked if each.question.kind == CHECK),
        )

    def _meet_situation(self) -> None:
        """Deal with the situation that arises at this position, once."""
        position = self._position
        if position in self._situations:
            return
        rule = self._arises(position)
        if rule is not None:
            self._situations[position] = rule
            self._add(HANDLE if rule in self.rules else MISS, (rule,))

    def _add(self, verb: str, texts: tuple[str, ...]) -> None:
        secrets = tuple(each for text in texts for each in _MARKED_SECRET.findall(text))
        self._events.append(Event(verb, tuple(map(without_marks, texts)), secrets))
        self._places.append(self.place)

    def _arises(self, position: int) -> str | None:
        """The rule of the situation that arises at a position."""
        number = self._world.situations.get(position)
        return None if number is None or number >= len(self.rules) else self.rules[number]

    def _answer(self, question: Question) -> Any:
        return self._world.answer(question, self._position)


class NotAsked(Exception):
    """A question that the first execution did not put at this position."""

    def __init__(self, question: Question, position: int) -> None:
        super().__init__(question, position)
        self.question = question
        self.position = position


class Playback(Recorder):
    """Writes a second trace in the world of a first one, which is the record of its answers.

    A question that the first execution did not ask has no answer, and raises `NotAsked`.
    """

    def __init__(self, world: World, first: Trace) -> None:
        super().__init__(world)
        self._first = first
        asked = (*first.asked, *first.judged)
        self._answers = {(each.question, each.position): each.answer for each in asked}
        self._copies: dict[tuple[str, int], Question] = {}
        for each in first.asked:
            if each.question.kind == COPY:
                self._copies.setdefault((each.question.text, each.position), each.question)

    def ask(self, question: Question) -> Any:
        return super().ask(self.known(question))

    def use(self, question: Question, position: int | None = None) -> None:
        super().use(self.known(question), position)

    def known(self, question: Question) -> Question:
        """The question as the first execution put it.

        Whoever copies does not know the shape. A question that any model may answer may be put to
        the model that answers others of the same call.
        """
        if question.model and (question, self._position) not in self._answers:
            plain = question.__replace__(model="")
            return plain if (plain, self._position) in self._answers else question
        if question.kind != COPY:
            return question
        return self._copies.get((question.text, self._position), question)

    def _arises(self, position: int) -> str | None:
        return self._first.situations.get(position)

    def _answer(self, question: Question) -> Any:
        key = (question, self._position)
        if key not in self._answers:
            raise NotAsked(question, self._position)
        return self._answers[key]
