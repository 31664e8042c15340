"""Execute a payload on a custom desk: without the trace of a program, and with free answers.

    performance = perform(payload, inputs, desk)
    for step in performance.steps:
        print(step.spot.label, step.text, step.events)

The machine is that of `execute`. The desk answers its questions, and can see the position of the
run: the numbered line, and the pass of a loop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from flowdsl.prompt.sentences import SENTENCES
from flowdsl.simulate.shapes import Shape
from flowdsl.simulate.trace import Asked, Ending, Event, Recorder, without_marks
from flowdsl.simulate.world import COPY, Question, World
from flowdsl.source.record import Record

from .agent import LINES, Aborted, find_readings
from .characters import at_path as value_at
from .characters import fill_in_inputs, fill_in_variables, move_inside, spell_platform_value
from .execute import Payload, carry_out, heading_of, input_names, load_grammar, rules_of
from .grammar import Grammar
from .layout import Defect, Line, Page, read_page, walk_lines
from .main_agent import WAITS, RecordedLoop, Recording
from .meanings import sentence_meanings
from .variants import Variant

USUAL = Variant()
"""The assumed behaviour of the service on a custom desk."""


class Pass(Record, eq=True):
    """A pass of a loop.

    `loop` numbers the loops of a run in the order of their beginnings, from 0; `entry` numbers the
    passes, from 1 to `entries`.
    """

    loop: int
    entry: int
    entries: int


class Spot(Record, eq=True):
    """The position of a run: the line's label, such as `5.2.1`, and each enclosing loop's pass."""

    label: str
    passes: tuple[Pass, ...] = ()


class Asking(Record):
    """Context of a question besides its words.

    `key` is the variable that the answer is saved in, or empty. `usual` is the default answer of a
    screen: yes for the condition that ends a repetition. `position` counts the actions and waits so
    far.
    """

    spot: Spot
    position: int
    key: str
    usual: bool


class Desk(Protocol):
    """Answers questions, and may end a run."""

    def answer(self, question: Question, asking: Asking) -> Any:
        """Return the answer to a question, which is not asked again before the desktop changes."""

    def stops(self, done: Spot, following: Spot | None) -> str | None:
        """Return the reason with which the task fails between two lines that act; None to continue.

        `following` is None after the last line.
        """


class Step(Record):
    """A numbered line that was reached.

    - `line`: the line with its number, as in a run without inputs, so that recordings of all runs
      are comparable.
    - `text`: with the lines of its instruction, inputs and the entry of its loop filled in.
    - `acts`: whether it is a step of the recording, or the beginning or the end of a loop; other
      lines are titles and decisions.
    - `title`: whether it only groups further lines.
    - `entries`, `begins`: of the beginning of a loop, how many entries it has, and its number.
    """

    spot: Spot
    line: str
    text: str
    acts: bool
    title: bool
    events: list[Event]
    asked: list[Asked]
    entries: int | None = None
    begins: int | None = None


class Performance(Record):
    """The result of executing a payload on a desk.

    `values` are the final runtime values. `recording` exists if the run succeeded. `refused` is why
    the service refuses its outputs, if it does.
    """

    steps: Sequence[Step]
    ending: Ending
    values: Mapping[str, Any]
    recording: Recording | None
    refused: str | None = None


def perform_payload(
    payload: Payload, inputs: Mapping[str, Any], desk: Desk, recording: Recording | None = None
) -> Performance:
    """Execute a payload on a desk, or replay a recording; the service has accepted `inputs`.

    A prompt that cannot be executed ends BROKEN, with the error as the reason.
    """
    grammar = load_grammar()
    grammar.forget()
    outline = _StepOutline(_read_prompt_page(payload, {}).steps, grammar)
    plain = {each.label: each.line for each in outline.lines.values()}
    minutes = _Minutes(desk, grammar, plain)
    done = carry_out(payload, inputs, minutes, USUAL, recording)
    return Performance(
        minutes.done(), done.trace.ending, done.values, done.recording, done.trace.refused
    )


# Recognising our prompts

_TOOL = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_TOOLS = frozenset(
    found
    for name in (*LINES, "rules.fail", "rules.save", "data.background_prompt")
    for found in _TOOL.findall(re.sub(r"\{[^{}]*\}", "", SENTENCES[name].text))
)
"""The tools that sentences name; an author's own words may not name them."""


def is_ours(payload: Payload) -> bool:
    """Whether a prompt is one of FlowDSL's: the machine can parse all of it.

    The outline and the paragraphs have the right layout, every rule is a sentence, and so is every
    line that names a tool. Whether each has a meaning in its place is not checked.
    """
    grammar = load_grammar()
    try:
        page = _read_prompt_page(payload, {})
        heading_of(page, grammar)
        if not rules_of(page, grammar):
            return False
    except Defect:
        return False
    return all(_is_read(line, grammar) for line in walk_lines(page.steps))


def _is_read(line: Line, grammar: Grammar) -> bool:
    found = find_readings(grammar, line)
    if found:
        return len(found) == 1
    bulleted = any(each.bullet for each in line.children)
    return not bulleted and _TOOLS.isdisjoint(_TOOL.findall(move_inside(line.text)))


def _read_prompt_page(payload: Payload, inputs: Mapping[str, Any]) -> Page:
    return read_page(fill_in_inputs(payload.prompt, inputs, input_names(payload.input_schema)))


def labels_of(payload: Payload) -> Sequence[str]:
    """Return the labels of the numbered lines of a prompt, in order."""
    outline = _StepOutline(_read_prompt_page(payload, {}).steps, load_grammar())
    return [each.label for each in outline.lines.values()]


# Recordings as lines of the prompt


def recording_of(payload: Payload, lines: Sequence[str]) -> Recording | None:
    """Return the recording that consists of these lines, in the form of `Step.line`.

    None if the prompt has other lines, as it may have been changed since.
    """
    outline = _StepOutline(_read_prompt_page(payload, {}).steps, load_grammar())
    numbers = {each.line: number for number, each in outline.lines.items() if each.acts}
    try:
        steps = [numbers[line] for line in lines]
    except KeyError:
        return None
    found, rest = _build_recording(steps, outline, None)
    return found if not rest else None


def _build_recording(
    steps: Sequence[int], outline: _StepOutline, end: int | None
) -> tuple[Recording, Sequence[int]]:
    """Return the recording up to the line `end`, and the rest."""
    found: Recording = []
    while steps and steps[0] != end:
        number, *steps = steps
        if number not in outline.loops:
            found.append(number)
            continue
        last = outline.loops[number]
        within = outline.lines[number].label + "."
        entered = bool(steps) and steps[0] != number
        if entered and outline.lines[steps[0]].label.startswith(within):
            body, steps = _build_recording(steps, outline, last)
            found.append(RecordedLoop(number, body))
            steps = steps[1:]
        else:
            found.append(RecordedLoop(number, None))
    return found, steps


# Logging an execution


class _NumberedLine(Record):
    """A line of the main agent."""

    label: str
    line: str
    text: str
    acts: bool
    title: bool
    waits: bool


class _StepOutline:
    """The lines of the main agent by their numbers on the page.

    `loops` maps the first line of each loop to its last, and `copied` the variable of a copy to the
    type that it is converted to.
    """

    def __init__(self, lines: Iterable[Line], grammar: Grammar) -> None:
        self.lines: dict[int, _NumberedLine] = {}
        self.loops: dict[int, int] = {}
        self.copied: dict[str, Shape] = {}
        self._grammar = grammar
        self._add_lines(lines, "")

    def _add_lines(self, lines: Iterable[Line], above: str) -> None:
        for count, line in enumerate(lines, 1):
            if line.bullet:
                self._find_copies(line)
                continue
            label = f"{above}.{count}" if above else str(count)
            names = [said.name for said in find_readings(self._grammar, line)]
            over = any(not each.bullet for each in line.children)
            ends = "control.start_loop" in names or "control.end_loop" in names
            acts = ends or (not over and (not names or sentence_meanings()[names[0]].step))
            title = over and not ends
            text = "\n".join(_render_texts(line, alone=over))
            plain, waits = f"{label} {move_inside(line.text)}", bool(names) and names[0] in WAITS
            self.lines[line.number] = _NumberedLine(label, plain, text, acts, title, waits)
            self._add_lines(line.children, label)
            if names == ["control.start_loop"]:
                self._loop(line)

    def _loop(self, line: Line) -> None:
        ends = [
            each.number
            for each in line.children
            for said in find_readings(self._grammar, each)
            if said.name == "control.end_loop"
        ]
        if ends:
            self.loops[line.number] = ends[-1]

    def _find_copies(self, line: Line) -> None:
        for said in find_readings(self._grammar, line):
            ask = dict(said.holes).get("ask")
            if ask is not None and ask.name == "data.copy_save":
                self.copied[ask["key"]] = ask["type"]
        for each in line.children:
            self._find_copies(each)


def _render_texts(line: Line, *, alone: bool) -> Iterator[str]:
    """Yield the lines of a text, with the bullets under it unless `alone`."""
    yield from (each.strip() for each in line.text.split("\n"))
    for each in () if alone else line.children:
        first, *rest = _render_texts(each, alone=False)
        yield from (f"- {first}", *rest)


class _Minutes(Recorder):
    """Logs every line of the main agent with its actions and questions."""

    def __init__(self, desk: Desk, grammar: Grammar, plain: Mapping[str, str]) -> None:
        """`plain` has the lines of the prompt without inputs, by label."""
        super().__init__(World({}, self._refuse_question, {}))
        self._plain = plain
        self.steps: list[Step] = []
        self._desk = desk
        self._grammar = grammar
        self._outline = _StepOutline((), grammar)
        self._spot = Spot("")
        self._acted: Spot | None = None
        self._passes: list[tuple[Pass, Any]] = []
        self._open: list[int] = []
        self._begun = 0
        self._hint = ("", False)
        self._copies: dict[tuple[str, int], Question] = {}

    def outline(self, lines: Sequence[Any]) -> None:
        self._outline = _StepOutline(lines, self._grammar)

    def begin(self, place: Any) -> None:
        super().begin(place)
        if place in self._outline.lines and place not in self._outline.loops:
            self._come_to(place)

    def ends(self) -> None:
        self._stop(None)

    def loop(self, place: Any, entries: int) -> None:
        self._open.append(place)
        self._come_to(place, entries)
        self._passes.append((Pass(self._begun, 0, entries), None))
        self._begun += 1

    def passes(self, item: Any) -> None:
        now, _ = self._passes[-1]
        self._passes[-1] = (Pass(now.loop, now.entry + 1, now.entries), item)

    def passed(self) -> None:
        self._come_to(self._outline.loops[self._open[-1]])

    def left(self) -> None:
        self._passes.pop()
        self._open.pop()

    def _come_to(self, number: int, entries: int | None = None) -> None:
        line = self._outline.lines[number]
        spot = Spot(line.label, tuple(each for each, _ in self._passes))
        if line.acts:
            # A line that only decides may itself fail the task.
            self._stop(spot)
            self._acted = spot
        self._spot = spot
        text = self._fill_in_entry(line.text)
        plain = self._plain.get(line.label, line.line)
        begins = None if entries is None else self._begun
        self.steps.append(Step(spot, plain, text, line.acts, line.title, [], [], entries, begins))

    def _stop(self, following: Spot | None) -> None:
        if self._acted is None and following is not None:
            return
        reason = self._desk.stops(self._acted or self._spot, following)
        if reason is not None:
            raise Aborted(reason)

    def _fill_in_entry(self, text: str) -> str:
        """Fill in the entry of the loop around; other variables are unchanged."""
        item = self._passes[-1][1] if self._passes else None

        def put(path: Sequence[str | int], written: str) -> str:
            if path[0] != "loop_item" or not self._passes:
                return written
            return spell_platform_value(value_at({"loop_item": item}, tuple(path)))

        return without_marks(fill_in_variables(text, put, secrets=True))

    def done(self) -> list[Step]:
        """Return the steps; a wait before an attempt or round acts only if it is not the first."""
        idle = {each.label for each in self._outline.lines.values() if each.waits}
        return [
            each.__replace__(acts=False) if each.spot.label in idle and not each.events else each
            for each in self.steps
        ]

    # Questions

    def hint(self, *, key: str = "", usual: bool = False) -> None:
        self._hint = (key, usual)

    def ask(self, question: Question) -> Any:
        if question.kind == COPY:
            shape = self._outline.copied.get(self._hint[0])
            made = question.__replace__(shape=shape)
            question = self._copies.setdefault((question.text, self.position), made)
        try:
            return super().ask(question)
        finally:
            self._hint = ("", False)

    def _answer(self, question: Question) -> Any:
        answer = self._desk.answer(question, Asking(self._spot, self.position, *self._hint))
        if self.steps:
            self.steps[-1].asked.append(Asked(question, self.position, answer))
        return answer

    def _add(self, verb: str, texts: tuple[str, ...]) -> None:
        super()._add(verb, texts)
        if self.steps:
            self.steps[-1].events.append(self.events[-1])

    def _refuse_question(self, question: Question, position: int) -> Any:
        raise AssertionError(question, position)
