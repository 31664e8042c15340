"""Generated programs, checked and compiled."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from hypothesis import strategies as st

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.model import WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.simulate.executions import FirstRuns, on_its_day, payload_of
from flowdsl.simulate.interpreter.errors import MissingInText
from flowdsl.simulate.interpreter.interpret import interpret
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.trace import Trace
from flowdsl.simulate.world import World
from flowdsl.source.files import MemoryFiles
from flowdsl.syntax import ast

from .generator.programs import ENVIRONMENT, FILES, program, programs

PATH = "main.flow"


def account(tools: tuple[str, ...] = (), *, environments: bool = True) -> CompileOptions:
    """How programs are compiled for an account of which this has been tried."""
    variables = ", ".join(f"{key} = {json.dumps(value)}" for key, value in ENVIRONMENT.items())
    text = f"""
[project]
name = "a"
libraries = {{ shared = "../shared" }}
[platform]
focused_agent_tools = {json.dumps(tools)}
"""
    if environments:
        text += f'[env.ward]\napi = "local"\nvars = {{ {variables} }}\n'
    project = load_project(text, "flowdsl.toml", Sink())
    assert project is not None
    return CompileOptions(project, project.environments.get("ward"))


DOCUMENTED = account()
"""How programs are compiled for any account."""


@dataclass(frozen=True)
class Checked:
    """A program of one workflow that checks without errors, and what it compiles to."""

    source: str
    compilation: Compilation
    options: CompileOptions = DOCUMENTED

    def __repr__(self) -> str:
        return f"Checked:\n{self.source}"

    @property
    def model(self) -> SemanticModel:
        return self.compilation.analysis.model

    @property
    def workflow(self) -> WorkflowSymbol:
        return self.model.workflows[0]

    @property
    def environment(self) -> Mapping[str, str]:
        """The values of `env` that it is compiled with."""
        return self.options.environment.vars if self.options.environment else {}

    @cached_property
    def payload(self) -> dict[str, Any]:
        """The body of the request that creates the workflow."""
        assert self.compilation.bundle is not None
        payload: dict[str, Any] = render_plain_json(self.compilation.bundle.workflows[0].payload)
        return payload

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = json.loads(self.payload.get("input_schema") or "{}")
        return schema

    @property
    def findings(self) -> frozenset[str]:
        """The names of all diagnostics."""
        return frozenset(each.name for each in self.compilation.analysis.diagnostics)

    @property
    def replayable(self) -> bool:
        """Whether the law of replay holds for it."""
        return not self.findings & {"branch-outside-focused-action", "decided-once"}

    @cached_property
    def executed(self) -> Payload:
        """What the machine executes of it."""
        assert self.compilation.bundle is not None
        return payload_of(self.compilation.bundle.workflows[0])

    @cached_property
    def _traces(self) -> dict[World, Trace | MissingInText]:
        return {}

    def trace(self, world: World) -> Trace:
        """What the program does in a world whose answers are always the same, executed once.

        Raises `MissingInText` as `interpret` does.
        """
        if world not in self._traces:
            try:
                self._traces[world] = interpret(self.model, self.workflow, world, self.environment)
            except MissingInText as missing:
                self._traces[world] = missing
        found = self._traces[world]
        if isinstance(found, MissingInText):
            raise found
        return found

    @cached_property
    def _runs(self) -> dict[World, FirstRuns]:
        return {}

    def runs(self, world: World) -> FirstRuns:
        """The first runs of its payload in such a world. Raises `MissingInText`."""
        if world not in self._runs:
            began = on_its_day(self.workflow, world)
            self._runs[world] = FirstRuns(self.executed, began, self.trace(world))
        return self._runs[world]

    @property
    def rules(self) -> int:
        """How many rules of `always` there are."""
        return sum(
            len(item.rules)
            for item in self.workflow.declaration.items
            if isinstance(item, ast.AlwaysSection)
        )


def files_of(source: str) -> dict[str, str]:
    """The files of a program by their paths; lines `#= PATH` stand between them."""
    first, *others = re.split(r"^#= (.*)\n", source, flags=re.M)
    return {PATH: first, **dict(zip(others[::2], others[1::2], strict=True))}


def joined(files: Mapping[str, str]) -> str:
    """The files of a program as one text, from which `files_of` takes them."""
    first, *others = files
    return files[first] + "".join(f"#= {path}\n{files[path]}" for path in others)


def compiled(source: str, options: CompileOptions = DOCUMENTED) -> Compilation:
    """What a source text compiles to, if it checks."""
    return compile_project(MemoryFiles({**files_of(source), **FILES}), [PATH], options)


def checked(source: str, options: CompileOptions = DOCUMENTED) -> Checked | None:
    """A program, if it checks without errors."""
    compilation = compiled(source, options)
    return None if compilation.bundle is None else Checked(source, compilation, options)


@lru_cache(maxsize=200)
def checked_seed(seed: int) -> Checked | None:
    """The program of a seed, if it checks without errors.

    Several laws hold of the same programs, which take longer to compile than to try.
    """
    return checked(program(seed))


def checked_programs() -> st.SearchStrategy[Checked]:
    """Programs that check without errors; nearly all that are generated do."""
    found = programs().map(checked)
    return found.filter(lambda each: each is not None)  # type: ignore[return-value]
