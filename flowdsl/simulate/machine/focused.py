"""The focused agent: knows its own bullets and the screen, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from flowdsl.prompt.sentences import FOCUSED
from flowdsl.simulate.shapes import EMPTY
from flowdsl.simulate.trace import Playback
from flowdsl.simulate.world import COPY, Question
from flowdsl.source.record import Record

from .agent import Aborted, Agent, Open
from .characters import spelled
from .grammar import Grammar, Said
from .layout import Defect, Line
from .memory import Memory, holds, written

DONE, FAILED, ATTEMPT_FAILED = "done", "failed", "attempt failed"


class Report(Record):
    """What a focused agent ends with: `kind` is DONE, FAILED or ATTEMPT_FAILED."""

    kind: str
    reason: str = ""


class _Reported(Exception):
    """The agent ends with the word that the attempt has failed."""


def focused_action(
    lines: Sequence[Line], grammar: Grammar, recorder: Playback, memory: Memory, model: str
) -> Report:
    """Launch a focused agent with an instruction, and wait for its report."""
    view = memory.view(frozen=memory.variant.at_call)
    agent = Focused(grammar, recorder, memory, view, model)
    rules, recorder.rules = recorder.rules, agent.standing_rules(lines)
    try:
        agent.body(lines)
    except Aborted as failure:
        return Report(FAILED, str(failure))
    except _Reported as failure:
        return Report(ATTEMPT_FAILED, str(failure))
    finally:
        recorder.rules = rules
    return Report(DONE)


class Focused(Agent):
    reader = FOCUSED

    def standing_rules(self, lines: Sequence[Line]) -> tuple[str, ...]:
        """The situations that these bullets tell the agent to deal with."""
        return ()

    def attempt_reported(self, reason: str, line: Line) -> Exception:
        return _Reported(reason)

    def repeat(self, said: Said, line: Line) -> Open:
        """Rounds, with a look before each and after the last."""
        for _ in range(said["limit"]):
            if holds(said["condition"], self.view, self.recorder):
                return Open("control.repeat_missing", lambda _: False)
            self.body(line.children)
        reached = holds(said["condition"], self.view, self.recorder)
        return Open("control.repeat_missing", lambda _: not reached)

    def own(self, said: Said, line: Line) -> Open | None:
        match said.name:
            case "screen.choose" | "screen.wait_until" | "screen.expect":
                return self.ask_screen(said)
            case "data.read" | "data.save":
                return self.read(said)
            case "tools.run_save":
                return self.output(said)
            case "data.copy_check":
                return self.check_copy(said, line)
            case "data.store" | "data.store_field" | "data.append" | "data.append_field":
                self.store(said, line)
            case "data.store_copied":
                self.store_copied(said)
            case "control.loop_count":
                return self.count(said)
            case _:
                raise self.meaningless(line)
        return None

    def count(self, said: Said) -> Open:
        """Count the entries of a list; `control.loop_too_many` tells the limit."""
        kind, content = said["items"]
        found = self.view.value(content) if kind == "variable" else content
        count = len(found) if isinstance(found, list) else 0
        return Open("control.loop_too_many", lambda start: count > start["limit"])

    def check_copy(self, said: Said, line: Line) -> Open:
        """Whether what was copied is there; a copy that is there is what the screen shows."""
        held = self.memory.values.get(said["value"][0])
        question = Question(COPY, self.view.text(said["source"]))
        found = self.recorder.ask(question)
        self.recorder.use(question)
        missing = found in (None, "", EMPTY)
        if not missing and spelled(held) != spelled(found):
            raise Defect("another value is checked than was copied", line.text)
        return Open("data.copy_missing", lambda _: missing)

    def store_copied(self, said: Said) -> None:
        """Save a copied text as a value of its type, which is the one that was asked for."""
        key: str = said["key"]
        if key not in self.memory.copied:
            raise Defect("a copied value is converted that was not copied", key)
        question, found = self.memory.copied[key]
        if question.shape != said["type"]:
            raise Defect("a copied value is converted to another type", key)
        if found not in (None, "", EMPTY):
            self.memory.save(key, written(found))

    def store(self, said: Said, line: Line) -> None:
        key: str = said["key"]
        value = self.view.built(said["value"])
        field = dict(said.holes).get("field")
        if said.name.startswith("data.append"):
            if (key, field) in self._appended:
                raise Defect("two entries are added to one list in one call", line.text)
            self._appended.add((key, field))
        if said.name == "data.store":
            self.memory.save(key, value)
            return
        before = self.memory.values.get(key)
        if field is None:
            entries = list(before) if isinstance(before, list) else []
            self.memory.values[key] = [*entries, value]
            return
        fields = dict(before) if isinstance(before, dict) else {}
        if said.name == "data.append_field":
            listed = fields.get(field)
            value = [*listed, value] if isinstance(listed, list) else [value]
        self.memory.values[key] = fields | {field: value}
