"""Compute the inputs of the steps of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flowdsl.semantics.model import ChainSymbol, WorkflowSymbol
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.semantics.types import FieldType
from flowdsl.syntax import ast

from ..shapes import without_missing
from ..trace import Recorder
from ..world import Question, World
from .budget import Budget
from .defaults import fill_in_defaults
from .expressions import constant_in, evaluate_expression
from .fields import on_the_wire
from .frames import Frame, Run
from .reading import fill_in_field_defaults
from .values import Value


def inputs_of_chain(chain: ChainSymbol) -> tuple[FieldType, ...]:
    """Return the inputs of a chain, including the answers of its pauses."""
    return (*chain.inputs, *(field for pause in chain.pauses for field in pause.inputs))


def bindings_of_step(chain: ChainSymbol, step: ast.ChainStep) -> dict[str, ast.Expr]:
    """Return the arguments of a chain's step, by input name; its own override shared ones."""
    shared = {
        binding.name.text: binding.value
        for item in chain.declaration.items
        if isinstance(item, ast.SharedSection)
        for binding in item.bindings
    }
    return shared | {argument.name.text: argument.value for argument in step.arguments}


class ChainRun:
    """The values of one run of a chain: its inputs, and the outputs of the finished steps.

    `inputs` are by wire name, with the answers of pauses and with defaults, including those that
    depend on `today`. Raises `UnknownDay`.
    """

    def __init__(
        self,
        model: SemanticModel,
        chain: ChainSymbol,
        inputs: Mapping[str, Any],
        environment: Mapping[str, str],
        today: date | None = None,
        budget: Budget | None = None,
    ) -> None:
        recorder = Recorder(World({}, _refuse_chain_question, {}))
        run = Run(model, recorder, {}, environment, budget=budget)
        self._frame = Frame(run, chain.module.source, ast.Block(0, 0, ()), (), {})
        fields = inputs_of_chain(chain)
        found = fill_in_defaults(self._frame, fields, inputs, today)
        types = {field.wire_name: field.type for field in fields}
        self.inputs = run.inputs = {
            name: fill_in_field_defaults(
                without_missing(each), types[name], constant_in(self._frame)
            )
            for name, each in found.items()
        }
        self._chain = chain

    def given(self, step: ast.ChainStep, workflow: WorkflowSymbol) -> dict[str, Any]:
        """Return the inputs of a step by wire name.

        Raises `TooLong` if they are larger than the remaining budget.
        """
        written = bindings_of_step(self._chain, step)
        found: dict[str, Any] = {}
        for field in workflow.inputs:
            if field.name in written:
                data = evaluate_expression(self._frame, written[field.name], field.type).data
                # A missing value is not passed, so that the default of the workflow applies.
                if data is not None:
                    found[field.wire_name] = on_the_wire(data, field.type)
        return found

    def ends(self, step: ast.ChainStep, outputs: Mapping[str, Any]) -> None:
        """Record the outputs of a step, by wire name, for the following steps."""
        self._frame.names[step.name.text] = Value({"outputs": dict(outputs)})


def _refuse_chain_question(question: Question, position: int) -> Any:
    raise AssertionError(f"what a step is given asks nothing, and not {question} at {position}")
