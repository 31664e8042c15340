"""The main agent: executes the numbered lines, and is recorded.

The lines that it executes are the recording, which a loop repeats for its further entries and a
replay repeats on another day: without decisions, with values filled in anew. Only focused actions,
readings, commands and the lists of loops are evaluated again then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from flowdsl.prompt.sentences import DONE, MAIN
from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import READ, Question
from flowdsl.source.record import Record

from .agent import BOX, DATA_RULES, Aborted, Agent, AttemptFailed, Finished, Open
from .characters import move_inside, outside_lines
from .focused import ATTEMPT_FAILED, FAILED, Report, launch_focused_agent
from .grammar import Grammar, Said
from .layout import Defect, Line, Page, walk_lines
from .meanings import sentence_meanings
from .memory import Memory, convert_to_saved

Recording: TypeAlias = "list[int | RecordedLoop]"
"""The numbers of the executed lines, in order."""

WAITS = ("control.retry_wait", "control.round_wait")
"""Sentences that wait before a further attempt or round, and do nothing in the first."""


_BRACKETED = re.compile("⟦[^⟦⟧]*⟧")


class RecordedLoop(Record):
    """A loop in a recording: its first line, and the recording of one pass.

    `body` is None if the list had no entries, so that no pass was recorded.
    """

    line: int
    body: Recording | None


class _Left(Exception):
    """Raised to leave a group of lines."""


class MainAgent(Agent):
    reader = MAIN

    def __init__(
        self,
        grammar: Grammar,
        recorder: Recorder,
        memory: Memory,
        page: Page,
        rules: Sequence[Said],
    ) -> None:
        super().__init__(grammar, recorder, memory, memory.view(focused=False), rules)
        self.recording: Recording = []
        self._lines = {each.number: each for each in walk_lines(page.steps)}
        self._told_of_failures = any(each.name == "rules.fail" and each["calls"] for each in rules)
        self._hear_titles(page.titles, rules)
        names = [each.name for each in rules]
        passed_on = names.index("rules.instruction") + 1 if "rules.instruction" in names else None
        self._passed_on = () if passed_on is None else tuple(rules[passed_on:])

    # Executing lines

    def sentence(self, said: Said, line: Line) -> Open | None:
        if sentence_meanings()[said.name].step:
            if said.name in WAITS and not self.is_further(said):
                return None
            return self._step(said, line)
        match said.name:
            case "control.only_if":
                if self.decided(said, line):
                    self.body(line.children)
            case "data.if_missing":
                if self.view.value(said["value"]) == EMPTY:
                    self.body(line.children)
            case "control.repeat_stop":
                if self.memory.values.get(said["decision"][0]) == DONE:
                    raise _Left
            case "control.rounds":
                self._carry_out_rounds(said, line)
            case "control.start_loop":
                self._loop(line)
            case _:
                return super().sentence(said, line)
        return None

    def _hear_titles(self, titles: Sequence[str], rules: Sequence[Said]) -> None:
        """Refuse titles that no rule explains, and titles with values outside brackets."""
        told = any(each.name == "rules.order" and each["titles"] for each in rules)
        if told != bool(titles):
            raise Defect("the rule on titles does not go with the prompt", " ".join(titles[:1]))
        for title in titles:
            bare = _BRACKETED.sub("", title)
            if outside_lines(title) or move_inside(bare) != bare:
                raise Defect("a value in a title that is not in brackets", title)
            if _BRACKETED.search(title) and not DATA_RULES & self.rules:
                raise Defect("no rule says what stands in brackets", title)

    def do(self, line: Line) -> None:
        self.recording.append(line.number)
        super().do(line)

    def finished(self, said: Said, line: Line) -> Exception:
        return Finished(self.view.text(said["reason"]))

    def _step(self, said: Said, line: Line) -> Open | None:
        """Execute one step of the recording."""
        self.recording.append(line.number)
        if "rules.order" not in self.rules:
            raise Defect("no rule says in which order the lines are done", line.text)
        if said.name == "screen.focused":
            if "rules.instruction" not in self.rules:
                raise Defect("nothing says that every focused_action is called", line.text)
            self._follow_report(self._focused(said, line))
            return None
        if line.children:
            raise Defect("lines under a sentence that ends", line.text)
        if said.name == "data.background":
            self._read_in_background(said)
            return None
        return super().sentence(said, line)

    def _focused(self, said: Said, line: Line) -> Report:
        if not line.children or any(not each.bullet for each in line.children):
            raise Defect("a focused_action without bullets", line.text)
        return launch_focused_agent(
            self._passed_on,
            line.children,
            self.grammar,
            self.recorder,
            self.memory,
            said["model"] or "",
        )

    def _follow_report(self, report: Report) -> None:
        """Handle the report of a focused agent according to the rules."""
        if report.kind == ATTEMPT_FAILED:
            if not self.attempts:
                raise Defect("a failed attempt is reported where none is made", report.reason)
            raise AttemptFailed(report.reason)
        if report.kind == FAILED:
            if not self._told_of_failures:
                raise Defect("no rule says what a failed focused_action means", report.reason)
            raise Aborted(report.reason)

    def _read_in_background(self, said: Said) -> None:
        reading: Said = said["prompt"]
        question = Question(
            READ,
            self.view.text(reading["source"]),
            shape=reading["type"],
            model=said["model"] or "",
        )
        self.recorder.hint(key=reading["key"])
        found = self.recorder.ask(question)
        value = EMPTY if found in (None, "", EMPTY) else convert_to_saved(found, question.shape)
        if value != EMPTY or reading["optional"]:
            # No line may rely on it: its time of arrival is unknown.
            late = {BOX: value} if reading["boxed"] else value
            self.memory.late.append((reading["key"], late))

    # Rounds

    def repeat(self, said: Said, line: Line) -> Open:
        raise Defect("the main agent is to look whether another round is needed", line.text)

    def _carry_out_rounds(self, said: Said, line: Line) -> None:
        """Execute rounds; the line that ends them early is optional."""
        if said["decision"] and self.memory.values.get(said["decision"][0]) == DONE:
            return
        for number in range(1, self.number(said["limit"], line) + 1):
            try:
                self.carry_out_round(number, line)
            except _Left:
                return

    # Loops

    def _loop(self, line: Line) -> None:
        """Execute the first pass by hand, and the others from its recording."""
        items = self._evaluate_loop_entries(line)
        self.recording.append(RecordedLoop(line.number, self._passes(line, items)))

    def _lines_of_pass(self, line: Line) -> Sequence[Line]:
        """Return the lines of one pass, without the one that ends it."""
        ends = [
            number
            for number, each in enumerate(line.children)
            if self._is_sentence(each, "end_loop")
        ]
        if ends != [len(line.children) - 1]:
            raise Defect("a loop without its end", line.text)
        return line.children[:-1]

    def _passes(self, line: Line, items: Sequence[Any]) -> Recording | None:
        """Execute a pass for each entry, the first by hand; return the recording of the first."""
        lines = self._lines_of_pass(line)
        self.recorder.loop(line.number, len(items))
        if not items:
            self.recorder.left()
            return None
        outer, self.recording = self.recording, []
        self.recorder.passes(items[0])
        self.memory.values["loop_item"] = items[0]
        try:
            self.body(lines)
        finally:
            pass_, self.recording = self.recording, outer
        self.recorder.passed()
        self._further(items[1:], pass_, lines)
        return pass_

    def _is_sentence(self, line: Line, name: str) -> bool:
        said = self.said(line)
        return said is not None and said.name == f"control.{name}"

    def _evaluate_loop_entries(self, line: Line) -> list[Any]:
        """Return the entries of a loop, evaluated now."""
        said = self.said(line)
        if said is None:
            raise self.meaningless_defect(line)
        items = self._entries(self.listed(said["items"]))
        kind, content = said["items"]
        self.memory.loops_of_run = kind == "variable" or "{{" in content
        if not items and not said["may_be_empty"]:
            raise Defect("nothing is said of a list without entries", line.text)
        return items

    def _entries(self, found: Any) -> list[Any]:
        match found:
            case bool():
                return []
            case int():
                return list(range(found))
            case list():
                return found
            case str():
                return [found] if found and self.memory.variant.text_is_entry else []
            case _:
                return []

    def _further(self, items: Iterable[Any], pass_: Recording, live: Sequence[Line] = ()) -> None:
        """Repeat a recorded pass for further entries; `live` are its lines if an agent attends."""
        for item in items:
            self.recorder.passes(item)
            self.memory.values["loop_item"] = item
            try:
                if live and self.memory.variant.by_hand:
                    self._repeat_by_hand(live)
                else:
                    self.replay_recording(pass_)
                self.recorder.passed()
            except Aborted:
                if self.memory.variant.failure_leaves:
                    break
                raise
        self.memory.values.pop("loop_item", None)
        self.recorder.left()

    def _repeat_by_hand(self, lines: Sequence[Line]) -> None:
        """Execute the lines of a pass again; only the first pass is recorded."""
        outer, self.recording = self.recording, []
        try:
            self.body(lines)
        finally:
            self.recording = outer

    # Repeating a recording

    def replay_recording(self, recording: Recording) -> None:
        """Repeat a recording with values filled in anew, without any decision."""
        for step in recording:
            if isinstance(step, RecordedLoop):
                self._replay_loop(step)
                continue
            line = self._lines[step]
            self.recorder.begin(line.number)
            said = self.said(line)
            if said is None:
                Agent.do(self, line)
            elif said.name == "screen.focused":
                report = self._focused(said, line)
                if report.kind != "done":
                    raise Aborted(report.reason)
            elif said.name == "data.background":
                self._read_in_background(said)
            elif said.name in WAITS:
                self.act("pause", str(said["time"]))
            else:
                Agent.sentence(self, said, line)

    def _replay_loop(self, loop: RecordedLoop) -> None:
        """Repeat a loop over its current entries.

        If there were none when it was recorded, an agent works through its lines. This is
        unverified, but no prompt can do without it.
        """
        line = self._lines[loop.line]
        items = self._evaluate_loop_entries(line)
        if loop.body is None:
            self._passes(line, items)
        else:
            self.recorder.loop(line.number, len(items))
            self._further(items, loop.body)
