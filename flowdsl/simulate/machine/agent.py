"""The common part of both agents: execute lines in order, with outcomes pending between lines.

A line may leave an outcome pending for the next: a check that may have failed, or a choice of which
one branch may have been taken. A line that begins with "If there is none" means nothing unless the
line before it looked for something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flowdsl.prompt.sentences import AGAIN, CONSEQUENCE, DONE, LINE, SENTENCES, sentences_at
from flowdsl.simulate import trace
from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import (
    COMMAND,
    COPY,
    DAY,
    Question,
)
from flowdsl.source.record import Record

from .characters import (
    SAVED,
    TOKEN,
    PathParts,
    move_inside,
    outside_lines,
    path_parts,
    spell_platform_value,
)
from .clipboard import display_of, parse_copied_date
from .grammar import Grammar, Said
from .kinds import own_words
from .layout import Defect, Line
from .meanings import sentence_meanings
from .memory import Memory, View, evaluate_condition, from_json

LINES = sentences_at(LINE)
"""The sentences that may be a line; the others are in holes, or in paragraphs."""

DATA_RULES = frozenset(("rules.data", "rules.marked_data"))
"""The rules that explain text in brackets."""

BOX = "value"
"""The only field of the object around a value that is passed to another agent."""

_MARKS = (
    (re.compile("\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}"), DATA_RULES),
    (re.compile("\N{MATHEMATICAL LEFT DOUBLE ANGLE BRACKET}"), frozenset(("rules.marks",))),
    (re.compile("\N{MATHEMATICAL LEFT DOUBLE ANGLE BRACKET}"), frozenset(("rules.marked_data",))),
    (re.compile(r"(?<!\\)\{\$"), frozenset(("rules.secrets",))),
)
"""The marks that may occur in lines, and the rules of which one must explain each."""


class Aborted(Exception):
    """The task is declared failed, with a reason."""


class AttemptFailed(Exception):
    """The current attempt has failed, with a reason."""


class Finished(Exception):
    """The task is complete, with a reason."""


class Open(Record):
    """A pending outcome: the sentence that refers to it, and whether that sentence applies.

    `may_stay` means that no line needs to refer to it: the result of a command may be ignored.
    """

    start: str
    failed: Callable[[Said], bool]
    may_stay: bool = False


def find_readings(grammar: Grammar, line: Line) -> list[Said]:
    """Return the sentences that a line may be, for any reader; none for the author's own words."""
    found = list(grammar.read(LINES, line.text))
    if line.text.endswith(".") and line.text[:1].isupper():
        # A consequence without a condition is a line of its own, with a capital letter.
        found += grammar.hole("consequence", line.text[:1].lower() + line.text[1:-1])
    return found


class Agent:
    """Parses lines and executes them.

    `reader` is MAIN or FOCUSED. `view` is how the agent sees runtime variables, and `rules` are the
    names of the rules that it received.
    """

    reader = ""

    def __init__(
        self,
        grammar: Grammar,
        recorder: Recorder,
        memory: Memory,
        view: View,
        rules: Sequence[Said],
        model: str = "",
    ) -> None:
        self.rules = {each.name for each in rules}
        self.further = {
            each.name for each in rules if any(words is True for _, words in each.holes)
        }
        self._standing = [each["rule"] for each in rules if each.name == "rules.always"]
        self.grammar = grammar
        self.recorder = recorder
        self.memory = memory
        self.view = view
        view.marks_explained = "rules.marks" in self.further
        self.model = model
        self.attempts = 0
        self.rounds = 0
        self.last_reason: str | None = None

    # Lines in order

    def body(self, lines: Sequence[Line]) -> None:
        """Execute lines, one after the other."""
        self._refuse_unexplained_marks(lines)
        open_: Open | None = None
        chosen: bool | None = None
        for line in lines:
            said = self.said(line)
            self.recorder.begin(line.number)
            if said is None or not self.is_start(said):
                self._refuse_open_check(open_, line)
            if said is None:
                self.carry_out_own_words(line)
                open_, chosen = None, None
                continue
            if self.is_start(said):
                open_, chosen = self._start(said, line, open_, chosen)
                continue
            open_ = self.sentence(said, line)
            chosen = None
        if lines:
            self._refuse_open_check(open_, lines[-1])

    def _refuse_open_check(self, open_: Open | None, line: Line) -> None:
        """Refuse a check without a line that says what its failure means."""
        if open_ is not None and not open_.may_stay:
            raise Defect("nothing says what to do where a check fails", line.text)

    def _refuse_unexplained_marks(self, lines: Sequence[Line]) -> None:
        """Refuse marks and words that no rule explains, and values in standing rules."""
        for rule in self._standing:
            if move_inside(rule) != rule and DATA_RULES.isdisjoint(self.rules):
                raise Defect("no rule says what stands in brackets", rule)
        for line in lines:
            for mark, rules in _MARKS:
                if mark.search(line.text) and rules.isdisjoint(self.rules):
                    raise Defect(f"{min(rules)} is missing", line.text)

    def said(self, line: Line) -> Said | None:
        """Return the sentence that a line is, for this reader; None if it is not one of ours."""
        found = find_readings(self.grammar, line)
        if len(found) > 1:
            names = ", ".join(each.name for each in found)
            raise Defect(f"a line with {len(found)} meanings ({names})", line.text)
        if not found:
            return None
        self.check_sentence_belongs(found[0], line)
        return found[0]

    def check_sentence_belongs(self, said: Said, line: Line) -> None:
        """Refuse a sentence that is not meant for this agent, or whose words no rule explains."""
        if self.reader not in SENTENCES[said.name].readers:
            raise self.meaningless_defect(line)
        explained = sentence_meanings()[said.name].explained
        if explained and explained not in self.rules:
            raise Defect(f"{explained} is missing", line.text)

    def is_start(self, said: Said) -> bool:
        """Whether a sentence refers to the pending outcome of the line before."""
        return said.name in (
            "control.under",
            "control.then",
            "control.decide",
            "control.decide_otherwise",
            "control.decide_none",
        )

    def _start(
        self, said: Said, line: Line, open_: Open | None, chosen: bool | None
    ) -> tuple[Open | None, bool | None]:
        """Execute a line that begins with a condition; return its own pending outcome."""
        match said.name:
            case "control.decide" | "control.decide_otherwise":
                if said.name == "control.decide":
                    chosen = None  # begins a new choice, also directly after another one
                elif chosen is None:
                    raise self.meaningless_defect(line)
                taken = not chosen and evaluate_condition(
                    said["condition"],
                    self.view,
                    self.recorder,
                    ends=True if said["answer"] == DONE else None,
                )
                self.memory.reasons[said["variable"], said["answer"]] = unmark_variables(
                    said["condition"]
                )
                if taken:
                    self.memory.save_value(said["variable"], said["answer"])
                return None, bool(chosen) or taken
            case "control.decide_none":
                if chosen is None:
                    raise self.meaningless_defect(line)
                none = Said("control.no_condition", ())
                self.memory.reasons[said["variable"], said["answer"]] = none
                if not chosen:
                    self.memory.save_value(said["variable"], said["answer"])
                return None, None
            case _:
                return self._carry_out_branch(said, line, open_, chosen)

    def _carry_out_branch(
        self, said: Said, line: Line, open_: Open | None, chosen: bool | None
    ) -> tuple[Open | None, bool | None]:
        """Execute the lines under, or the words after, a condition, if it holds."""
        start: Said = said["start"]
        self.check_sentence_belongs(start, line)
        taken = self._is_branch_taken(start, line, open_, chosen)
        if said.name == "control.under":
            if not line.children:
                raise Defect("a condition with nothing under it", line.text)
            if taken:
                self.body(line.children)
        elif line.children:
            raise Defect("lines under a sentence that ends", line.text)
        elif taken:
            self.consequence(said["consequence"], line)
        if start.name == "control.if_":
            return None, taken
        if start.name == "control.else_if":
            return None, bool(chosen) or taken
        return None, None

    def _is_branch_taken(
        self, start: Said, line: Line, open_: Open | None, chosen: bool | None
    ) -> bool:
        match start.name:
            case "control.if_":
                return evaluate_condition(start["condition"], self.view, self.recorder)
            case "control.else_if":
                if chosen is None:
                    raise self.meaningless_defect(line)
                return not chosen and evaluate_condition(
                    start["condition"], self.view, self.recorder
                )
            case "control.else_":
                if chosen is None:
                    raise self.meaningless_defect(line)
                return not chosen
            case "control.loop_too_many":
                return len(self.entries(start["items"], line)) > self.number(start["limit"], line)
            case "control.if_decided":
                return self.decided(start, line)
            case "control.rounds_missing":
                return bool(self.memory.values.get(start["decision"][0]) == AGAIN)
            case _:
                if open_ is None or open_.start != start.name:
                    raise self.meaningless_defect(line)
                return open_.failed(start)

    def decided(self, said: Said, line: Line) -> bool:
        """Whether an earlier decision was saved as this answer, for the stated reason."""
        why: Said = said["why"]
        known = self.memory.reasons.get((said["variable"][0], said["answer"]))
        told = why["check"] if why.name == "control.failed" else why
        if known is not None and known != unmark_variables(told):
            raise Defect("a decision is told with another reason than it had", line.text)
        return bool(self.memory.values.get(said["variable"][0]) == said["answer"])

    def meaningless_defect(self, line: Line) -> Defect:
        return Defect(f"it means nothing here to the {self.reader} agent", line.text)

    def carry_out_own_words(self, line: Line) -> None:
        """Execute a line that is not a sentence: the author's words, with no lines below."""
        if outside_lines(line.text):
            raise Defect("a value brings a line end into an instruction", line.text)
        if line.children:
            raise Defect("lines under words that no sentence is", line.text)
        self.do(line)

    # Consequences

    def consequence(self, said: Said, line: Line) -> None:
        """Execute a consequence."""
        self.check_sentence_belongs(said, line)
        match said.name:
            case "control.go_on":
                return
            case "control.fail_with":
                raise self.failed(self.view.text(said["reason"]))
            case "control.fail_last":
                raise self.failed(self.last(line))
            case "control.attempt_failed_with":
                raise self.attempt_failed(self.view.text(said["reason"]), line)
            case "control.attempt_failed_last":
                raise self.attempt_failed(self.last(line), line)
            case "control.abort_with":
                raise self.aborted(self.view.text(said["reason"]))
            case "control.finish":
                raise self.finished(said, line)
            case _:
                raise self.meaningless_defect(line)

    def last(self, line: Line) -> str:
        if self.last_reason is None:
            raise self.meaningless_defect(line)
        return self.last_reason

    def failed(self, reason: str) -> Exception:
        return self.aborted(reason)

    def aborted(self, reason: str) -> Exception:
        return Aborted(reason)

    def attempt_failed(self, reason: str, line: Line) -> Exception:
        return AttemptFailed(reason) if self.attempts else self.meaningless_defect(line)

    def finished(self, said: Said, line: Line) -> Exception:
        return self.meaningless_defect(line)

    # Sentences

    def sentence(self, said: Said, line: Line) -> Open | None:
        """Execute a sentence; return its pending outcome for the next line."""
        match said.name:
            case "control.while_" | "control.repeat":
                return self.repeat(said, line)
            case "control.reach":
                self.reach(said, line)
            case "control.retry" | "control.attempts":
                return self.retry(said["attempts"], said, line)
            case "control.attempt":
                return self.retry(1, said, line)
            case "control.each" | "control.each_number":
                return self.each(said, line)
            case "control.ask_else_do" if line.children:
                return self.own(said, line)
            case _ if line.children:
                raise Defect("lines under a sentence that ends", line.text)
            case "actions.type_into":
                value = self.view.given(said["value"], secrets=True)
                target = self._reach_field(said)
                if value in ("", EMPTY):
                    self._told("rules.typed_missing", line)
                else:
                    self.act(trace.TYPE, value, target)
            case "actions.type_shown":
                value = self.view.given(said["value"], secrets=True)
                self.act(trace.TYPE_AS, value, said["display"], self._reach_field(said))
            case "actions.clear":
                self.act(trace.CLEAR, self.view.text(said["target"]))
            case "actions.press":
                self.act(trace.PRESS, said["keys"], str(said["times"]))
            case "actions.wait":
                self.pauses(line)
                self.act(trace.PAUSE, str(said["time"]))
            case "control.retry_wait" | "control.round_wait":
                self.pauses(line)
                if self.is_further(said):
                    self.act(trace.PAUSE, str(said["time"]))
            case "tools.capture":
                self.act(trace.CAPTURE, self.view.given(said["file"]))
            case "tools.export":
                self.act(trace.EXPORT, self.view.given(said["path"]))
            case "tools.run":
                return self.run(said)
            case "tools.type_day":
                self.paste_date(said, line)
            case "data.copy":
                self.copy(said)
            case "tools.picture":
                address, _ = said["picture"]
                self.act(trace.SHOW, address, self.view.text(said["shows"] or ""))
            case "steps.nothing":
                return None
            case _ if SENTENCES[said.name].place == CONSEQUENCE:
                self.consequence(said, line)
            case _:
                return self.own(said, line)
        return None

    def _reach_field(self, said: Said) -> str:
        """Return the field that something is typed into, emptied where the sentence says so."""
        target = self.view.text(said["target"])
        if said["over"]:
            self.act(trace.CLEAR, target)
        return target

    def _told(self, rule: str, line: Line) -> None:
        """Refuse a line that means nothing without a rule."""
        if rule not in self.rules:
            raise Defect(f"{rule} is missing", line.text)

    def pauses(self, line: Line) -> None:
        """Refuse a pause if the author has standing rules and no rule covers pauses."""
        if "rules.always" in self.rules:
            self._told("rules.wait", line)

    def waits(self, number: int, delay: int | None, line: Line) -> None:
        """Wait between two attempts or rounds: before all but the first."""
        if delay is not None:
            self.pauses(line)
            if number > 1:
                self.act(trace.PAUSE, str(delay))

    def is_further(self, said: Said) -> bool:
        """Whether the attempt, or the round, that a wait begins is not the first."""
        return (self.attempts if said.name == "control.retry_wait" else self.rounds) > 1

    def number(self, bound: int | str, line: Line) -> int:
        """Return a bound, which an input may have given as a text of digits."""
        try:
            return int(bound)
        except ValueError:
            raise Defect(f"`{bound}` bounds something and is no number", line.text) from None

    def own(self, said: Said, line: Line) -> Open | None:
        """Execute a sentence that only one of the agents knows."""
        raise self.meaningless_defect(line)

    def act(self, verb: str, *texts: str) -> None:
        self.recorder.act(verb, *texts)

    def do(self, line: Line) -> None:
        own = next(own_words(line.text), None)
        if own is None:
            raise Defect("a value stands bare in an instruction", line.text)
        words = self.view.given(own, secrets=True).strip()
        if words:
            self.act(trace.DO, words)

    def run(self, said: Said) -> Open:
        self._allowed(said["command"])
        command = self.view.text(said["command"])
        self.act(trace.COMMAND, self.view.given(said["command"]))
        self._command = command
        question = Question(COMMAND, command)

        def failed(_: Said) -> bool:
            return not self.recorder.ask(question)

        return Open(sentence_meanings()[said.name].goes_on, failed, may_stay=True)

    def _allowed(self, command: str) -> None:
        """Refuse a command that the service would not run; variables in it are not filled in."""
        if self.memory.commands is not None and command not in self.memory.commands:
            raise Defect("a command that is not in the allowlist", command)

    def paste_date(self, said: Said, line: Line) -> None:
        self._allowed(said["command"])
        today = self.recorder.ask(Question(DAY, "today"))
        copied = parse_copied_date(said["command"], date.fromisoformat(today))
        if copied is None:
            raise Defect("a command that puts no date on the clipboard", line.text)
        found, shown = copied
        target = self._reach_field(said)
        self.act(trace.TYPE_AS, found.isoformat(), display_of(shown), target)

    def copy(self, said: Said) -> None:
        source = self.view.text(said["source"])
        self.act(trace.COPIED, source)
        question = Question(COPY, source)
        self.recorder.hint(key=said["key"])
        found = self.recorder.ask(question)
        missing = found in (None, "", EMPTY)
        text = self.memory.variant.clipboard if missing else spell_platform_value(found)
        self.memory.values[said["key"]] = text
        self.view.saved.add(said["key"])

    def repeat(self, said: Said, line: Line) -> Open:
        raise NotImplementedError

    def reach(self, said: Said, line: Line) -> None:
        raise NotImplementedError

    def entries(self, items: tuple[str, Any], line: Line) -> Sequence[Any]:
        """Return the entries of a list; only a focused agent counts them."""
        raise self.meaningless_defect(line)

    def each(self, said: Said, line: Line) -> Open | None:
        """Execute lines for each entry of a list; only a focused agent iterates by itself."""
        raise self.meaningless_defect(line)

    def carry_out_round(self, number: int, line: Line) -> None:
        """Execute one round of a group of lines; `number` counts from 1."""
        outer, self.rounds = self.rounds, number
        try:
            self.body(line.children)
        finally:
            self.rounds = outer

    def retry(self, attempts: int, said: Said, line: Line) -> Open:
        """Execute attempts, until one succeeds."""
        if not line.children:
            raise Defect("a group without lines", line.text)
        outer = self.attempts
        failed = True
        delay = dict(said.holes).get("delay")
        for number in range(1, attempts + 1):
            self.attempts = number
            self.waits(number, delay, line)
            try:
                self.body(line.children)
            except AttemptFailed as failure:
                self.last_reason = str(failure)
                continue
            finally:
                self.attempts = outer
            failed = False
            break
        return Open(sentence_meanings()[said.name].goes_on, lambda _: failed)

    def listed(self, items: tuple[str, Any]) -> Any:
        """Return the entries for a loop or a count: JSON, or a text that is not JSON."""
        kind, content = items
        found = self.view.value(content) if kind == "variable" else self.view.text(content)
        return from_json(found) if isinstance(found, str) else found

    def saved(self, key: str, value: Any, *, boxed: bool = False) -> None:
        """Save a value, or an object around it, which this agent knows from now on."""
        self.view.saved.add(key)
        self.memory.save_value(key, {BOX: value} if boxed else value)

    _command = ""


def unmark_variables(said: Any) -> Any:
    """Return a sentence with marks as variables: one agent saves a value, another receives it."""
    match said:
        case Said(name=name, holes=holes):
            return Said(name, unmark_variables(holes))
        case ("text", str() as text) if (
            path := _variable_path(unmark_variables(text))
        ) is not None:
            return "variable", path
        case tuple():
            return tuple(map(unmark_variables, said[1:] if said[:1] == (SAVED,) else said))
        case str():
            return re.sub("⟪([^⟪⟫]*)⟫", r"{{\1}}", said)
        case _:
            return said


def _variable_path(text: str) -> PathParts | None:
    """Return the path of the runtime variable that is the whole text."""
    found = TOKEN.fullmatch(text)
    return path_parts(found["runtime"]) if found is not None and found["runtime"] else None
