"""A trace: the actions on the desktop, the questions, and how the run ended.

Two traces are equal if the same events happened in the same order and the run ended in the same
way. Events and questions may record their origin, which is not compared.
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
"""A chosen thing is opened: its description."""
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
AWAIT = "await"
"""A wait for a condition on the screen, of which all questions follow: its longest milliseconds."""
COMMAND = "command"
"""A terminal command: its exact text."""
COPIED = "copied"
"""A text was selected and copied: what it is."""
CAPTURE = "capture"
"""A screenshot is kept: the name of the file."""
EXPORT = "export"
"""A file is kept: its path."""
SHOW = "show"
"""A picture is shown to the agent: its SHA-256, its description."""
HANDLE = "handle"
"""A situation of `always` is handled: the rule."""
MISS = "miss"
"""A situation arises whose rule the acting agent does not know."""

# How a run ends

SUCCESS = "success"
FAILED = "task_failed"
NOT_STARTED = "not_started"
"""The service refuses the inputs: `reason` says which one, and why. Set before a run."""
BROKEN = "broken"
"""The prompt could not be executed: `reason` says why. Never the ending of a program."""


# How a post-run check ends, besides SUCCESS

CHECK_FAILED = "failed"
INFRA_ERROR = "infra_error"
"""The check itself cannot be executed."""


_SECRET = "\ufdd1{}\ufdd2"
_MARKED_SECRET = re.compile("\ufdd1([^\ufdd1\ufdd2]*)\ufdd2")


def mark_secret(alias: str) -> str:
    """Return the marked placeholder of a secret in typed text, which the service replaces.

    Text may also spell a placeholder; the mark distinguishes the two in `act`.
    """
    return _SECRET.format(alias)


def without_marks(text: str) -> str:
    """Return a text without the marks of secrets."""
    return _MARKED_SECRET.sub(r"\1", text)


class Event(Record, eq=True):
    """An action: a verb, its texts, and the secrets that the service inserted.

    Texts contain secrets as their placeholders.
    """

    verb: str
    texts: tuple[str, ...]
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        written = " ".join((self.verb, *(repr(text) for text in self.texts)))
        return f"{written} with the secret {', '.join(self.secrets)}" if self.secrets else written


class Asked(Record, eq=True):
    """A question, the position at which it was asked, and the answer of the world."""

    question: Question
    position: int
    answer: Any


class Ending(Record, eq=True):
    """How a run ended.

    `reason` is None for a run that completed normally. `outputs` are by wire name, with None for
    missing values, and empty for a run that failed.
    """

    status: str
    reason: str | None
    outputs: Mapping[str, Any]


class Verdict(Record):
    """How a post-run check ended, and the reason if it did not succeed."""

    status: str
    message: str = ""


class Trace(Record):
    """The record of one run.

    - `heading`: title and description, as agents read them.
    - `events`: in order.
    - `asked`: every question, in the order of its first occurrence.
    - `situations`: the rule that was handled at each position where its situation arose.
    - `places`: the origin of each event, parallel to `events`.
    - `refused`: of a run that ended well, why the service refuses its outputs; else None.
    - `checks`: the verdicts of its post-run checks, in their order; none where the run did not end
      well or its outputs are refused.
    - `judged`: the questions to models in those checks, after the last position.
    """

    heading: tuple[str, str]
    events: tuple[Event, ...]
    asked: tuple[Asked, ...]
    situations: Mapping[int, str]
    ending: Ending
    places: tuple[object, ...]
    refused: str | None = None
    checks: tuple[Verdict, ...] = ()
    judged: tuple[Asked, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether the run succeeded, the service accepted its outputs, and all checks succeeded."""
        is_right = all(each.status == SUCCESS for each in self.checks)
        return self.ending.status == SUCCESS and self.refused is None and is_right


class Recorder:
    """Writes the trace of an execution, and passes its questions to a world.

    `rules` are the standing rules of `always` that the current agent knows. `place` is the origin
    of the following events.
    """

    def __init__(self, world: World, rules: Iterable[str] = ()) -> None:
        self.rules: tuple[str, ...] = tuple(rules)
        self.place: object = None
        self._world = world
        self._events: list[Event] = []
        self._places: list[object] = []
        self._asked: dict[tuple[Question, int], Any] = {}
        self._situations: dict[int, str] = {}
        self._position = 0

    @property
    def position(self) -> int:
        """The number of actions and waits so far."""
        return self._position

    def outline(self, lines: Sequence[object]) -> None:
        """Called with the outline that is executed, if there is one."""

    def ends(self) -> None:
        """Called when the execution is over."""

    def begin(self, place: object) -> None:
        """Set the origin of the following events."""
        self.place = place

    def loop(self, place: object, entries: int) -> None:
        """A loop over `entries` entries begins; `passes` and `passed` are called for each pass."""

    def passes(self, item: Any) -> None:
        """A pass of the innermost loop begins, with this entry."""

    def passed(self) -> None:
        """A pass of the innermost loop is over."""

    def left(self) -> None:
        """The innermost loop is over."""

    def hint(self, *, key: str = "", usual: bool = False) -> None:
        """Give a custom world a hint about the next question, which comparisons ignore.

        `key` is the variable that the answer is saved in. `usual` is the default answer of a
        screen.
        """

    @property
    def count(self) -> int:
        """The number of events so far."""
        return len(self._events)

    def act(self, verb: str, *texts: str) -> None:
        """Record an action."""
        self._meet_situation()
        self._add(verb, texts)
        if verb != SHOW:  # a picture does not change the desktop
            self._position += 1

    def wait(self, question: Question) -> bool:
        """Pass a WAIT to the world; waiting changes the desktop, whatever the answer."""
        answer = self.ask(question)
        self._position += 1
        return bool(answer)

    def ask(self, question: Question) -> Any:
        """Return the world's answer to a question at this position."""
        if question.kind != CHECK:  # all agents have finished
            self._meet_situation()
        key = (question, self._position)
        if key not in self._asked:
            self._asked[key] = self._answer(question)
        return self._asked[key]

    @property
    def events(self) -> Sequence[Event]:
        """The actions so far."""
        return self._events

    def trace(
        self,
        heading: tuple[str, str],
        ending: Ending,
        refused: str | None = None,
        checks: tuple[Verdict, ...] = (),
    ) -> Trace:
        """Return the trace of a run that ended with `ending`."""
        asked = [Asked(*key, answer) for key, answer in self._asked.items()]
        return Trace(
            heading,
            tuple(self._events),
            tuple(each for each in asked if each.question.kind != CHECK),
            dict(self._situations),
            ending,
            tuple(self._places),
            refused,
            checks,
            tuple(each for each in asked if each.question.kind == CHECK),
        )

    def _meet_situation(self) -> None:
        """Handle the situation that arises at this position, once."""
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
        """Return the rule of the situation that arises at a position."""
        number = self._world.situations.get(position)
        return None if number is None or number >= len(self.rules) else self.rules[number]

    def _answer(self, question: Question) -> Any:
        return self._world.answer(question, self._position)


class NotAsked(Exception):
    """A question that the first execution did not ask at this position."""

    def __init__(self, question: Question, position: int) -> None:
        super().__init__(question, position)
        self.question = question
        self.position = position


class Playback(Recorder):
    """Writes a second trace, answered from the answers recorded in a first one.

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
        return super().ask(self._as_asked_first(question))

    def _as_asked_first(self, question: Question) -> Question:
        """Return the question as the first execution asked it.

        An agent that copies does not know the shape. A question without a model may be answered by
        the model that answers the other questions of the same call.
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
