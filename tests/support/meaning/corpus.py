"""The programs of `corpus/meaning`: each with a world, and the trace that it means there.

`<case>.world.json` stands beside `<case>.flow`:

- `about`: what the case shows.
- `inputs`: by their names on the wire.
- `today`: the day on which the run begins, where defaults depend on it.
- `answers`: by the text of the question, or by its kind and its text (`read the total`). A list
  answers one time after the other. A question without an answer is a mistake of the case.
- `situations`: the number of the rule of `always` by the position at which its situation arises.
- `trace`, `ending`: what the program does, an event a line, and how the run ends.
- `account`: the `focused_agent_tools` of the account, and whether it has `environments`.
- `sends`: what is sent besides the prompt and the schemas (`requests.py`).
- `again`: another world of the same form, in which the recording of the first run is replayed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from flowdsl.codegen.artifacts import WorkflowArtifact
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.executions import payload_of
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import Question, Unanswerable, World
from flowdsl.source.files import MemoryFiles

from .checked import DOCUMENTED, account

FOLDER = Path(__file__).parents[2] / "corpus" / "meaning"
PROGRAM, WORLD = ".flow", ".world.json"


@dataclass(frozen=True)
class Written:
    """A world that is written down, and what a program does in it."""

    fields: Mapping[str, Any]

    def world(self) -> World:
        """The world, whose lists of answers begin anew."""
        situations = {int(at): rule for at, rule in self.fields.get("situations", {}).items()}
        today = self.fields.get("today")
        day = None if today is None else date.fromisoformat(today)
        return World(self.fields["inputs"], Turns(self.fields["answers"]), situations, day)

    @property
    def trace(self) -> dict[str, Any]:
        """The trace that is written down, in the form of `as_written`."""
        return {name: self.fields.get(name) for name in ("trace", "ending")}

    @property
    def sends(self) -> Mapping[str, Any]:
        """What is sent besides the prompt and the schemas, in the form of `requests.py`."""
        found: Mapping[str, Any] = self.fields.get("sends", {})
        return found


class Turns:
    """Answers by text; a list is consumed, one question after the other."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = {
            key: list(each) if isinstance(each, list) else each for key, each in answers.items()
        }

    def __call__(self, question: Question, position: int) -> Any:
        for key in (f"{question.kind} {question.text}", question.text):
            if key not in self._answers:
                continue
            answer = self._answers[key]
            if not isinstance(answer, list):
                return answer
            if answer:
                return answer.pop(0)
        raise Unanswerable(f"{question.kind} {question.text} at position {position}")


@dataclass(frozen=True)
class Case:
    """A program of the corpus."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        return (FOLDER / f"{self.name}.flow").read_text(encoding="utf-8")

    @cached_property
    def first(self) -> Written:
        """The first run."""
        path = FOLDER / f"{self.name}.world.json"
        return Written(json.loads(path.read_text(encoding="utf-8")))

    @property
    def again(self) -> Written | None:
        """The replay, where the case has one."""
        fields = self.first.fields.get("again")
        return None if fields is None else Written(fields)

    @cached_property
    def compilation(self) -> Compilation:
        return compile_project(MemoryFiles(self.files), [f"{self.name}.flow"], self.options)

    @property
    def files(self) -> dict[str, str | bytes]:
        """The program, and what it may take from files beside it."""
        return {f"{self.name}{PROGRAM}": self.source, **_files_beside()}

    @property
    def options(self) -> CompileOptions:
        """How the program is compiled."""
        return _options(json.dumps(self.first.fields.get("account", {})))

    @property
    def is_generated_for(self) -> bool:
        """Whether there are generated worlds for it: one workflow, whose inputs have types."""
        return self.source.count("\nworkflow ") == 1 and "inputs from" not in self.source

    @property
    def model(self) -> SemanticModel:
        return self.compilation.analysis.model

    @property
    def workflow(self) -> WorkflowSymbol:
        return self.model.workflows[-1]

    @property
    def artifact(self) -> WorkflowArtifact:
        assert self.compilation.bundle is not None, self.compilation.analysis.diagnostics
        name = self.workflow.name
        return next(each for each in self.compilation.bundle.workflows if each.name == name)

    @cached_property
    def payload(self) -> Payload:
        return payload_of(self.artifact)


@cache
def _options(written: str) -> CompileOptions:
    """How programs are compiled for an account, written as JSON; each has one value of its own."""
    fields = json.loads(written)
    if not fields:
        return DOCUMENTED
    tools = tuple(fields.get("focused_agent_tools", ()))
    return account(tools, environments=fields.get("environments", True))


@cache
def _files_beside() -> dict[str, bytes]:
    """The files of the corpus that programs take texts, schemas or pictures from."""
    return {
        each.name: each.read_bytes()
        for each in FOLDER.iterdir()
        if not each.name.endswith((PROGRAM, WORLD))
    }


@cache
def cases() -> list[Case]:
    """Every program of the corpus; what is compiled of one is kept for the next test."""
    return [Case(path.stem) for path in sorted(FOLDER.glob("*.flow"))]


def as_written(trace: Trace) -> dict[str, Any]:
    """A trace as a case of the corpus has it."""
    ending = trace.ending
    written: dict[str, Any] = {"status": ending.status, "reason": ending.reason}
    written["outputs"] = dict(ending.outputs)
    return {"trace": [str(event) for event in trace.events], "ending": written}
