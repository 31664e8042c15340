"""Plans requested runs: checked as far as possible without the service, then made requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flowdsl.cyberdesk.models.run import Run, RunBulkCreate, RunCreate
from flowdsl.ir import nodes
from flowdsl.runs.chain_body import chain_body, chain_steps, merge_step_schemas
from flowdsl.runs.inputs.assemble import (
    InputSources,
    RunValues,
    assemble,
    assemble_rows,
    check_given,
    missing_secrets,
)
from flowdsl.runs.inputs.declared import DeclaredInputs, collect_declared
from flowdsl.runs.inputs.documents import InputRow
from flowdsl.runs.inputs.machine_parameters import MachineParameters
from flowdsl.runs.inputs.places import Given, InputsRefused, Problem
from flowdsl.runs.names import source_named
from flowdsl.runs.starting.parts import ChainParts, PartRequests
from flowdsl.runs.starting.uploads import file_inputs
from flowdsl.runs.submit import BulkRequest, ChainRequest, Request, SingleRequest

MAX_BULK = 1000
"""The limit of runs in one request (API contract)."""

MAX_COUNT = 10_000
"""The limit of runs in one plan."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of new runs besides their values and their place.

    `count` is the number of runs with the same inputs. `alias` is the name of the run for later
    ones of its session.
    """

    count: int = 1
    is_priority: bool = False
    starts_session: bool = False
    releases_session: bool = False
    alias: str | None = None


def named_source(program: nodes.Program, word: str) -> nodes.Workflow | nodes.Chain:
    """Return the workflow or chain that a word names; raises `NoSuchName`."""
    workflows = {each.name: each for each in program.workflows}
    chains = {each.name: each for each in program.chains}
    kind, name = source_named(word, workflows, chains)
    return chains[name] if kind == "chain" else workflows[name]


def workflows_of(
    program: nodes.Program, source: nodes.Workflow | nodes.Chain
) -> dict[str, DeclaredInputs]:
    """Return the declarations of the workflows in a run of `source`, by their names in source."""
    names = (
        [step.workflow for step in source.steps]
        if isinstance(source, nodes.Chain)
        else [source.name]
    )
    return {each.name: collect_declared(each) for each in program.workflows if each.name in names}


class RequestPlan:
    """Runs of one workflow or starts of a chain: one for each of `rows`, or one for `sources`.

    `ask` asks a person for a secret that was not given; without it a missing one is a problem.
    `workflows` are those that have to be deployed, by their names in source.
    """

    def __init__(
        self,
        program: nodes.Program,
        source: nodes.Workflow | nodes.Chain,
        sources: InputSources,
        rows: Sequence[InputRow] = (),
        wanted: RunOptions | None = None,
        ask: Callable[[nodes.FieldSpec], Given] | None = None,
    ) -> None:
        self._source, self._sources, self._rows = source, sources, rows
        self._wanted, self._ask = wanted or RunOptions(), ask
        self.declared = collect_declared(source)
        self.workflows = workflows_of(program, source)
        if isinstance(source, nodes.Chain):
            self.declared = merge_step_schemas(self.declared, source, self.workflows)

    def check(self, *, is_placed: bool) -> None:
        """Raise `InputsRefused` for problems that do not depend on the service.

        `is_placed`: the runs go to a machine or to pools. These may supply missing values, and so
        may the session in which a chain continues.
        """
        try:
            check_given(self.declared, self._sources, self._rows)
        except InputsRefused:
            if not is_placed:
                self._check_unasked()
            raise
        if not is_placed:
            # No person is asked for values that a machine supplies, so everything is known by now.
            self._values(self._sources)

    def _check_unasked(self) -> None:
        """Raise `InputsRefused` for all problems before a person is asked for a secret."""
        sources = replace(self._sources, asks_for_secrets=self._ask is not None)
        assemble_rows(self.declared, sources, self._rows or (None,))

    def requests(
        self,
        ids: Mapping[str, str],
        where: Mapping[str, Any],
        machine_parameters: MachineParameters,
    ) -> tuple[list[tuple[Request, str]], list[str]]:
        """Return the requests, each with the place of its row, and notes for people.

        `ids` are those of `workflows`; `where` and `machine_parameters` are the result of
        `find_place`. `where` may also name the model of the runs. Raises `InputsRefused`.
        """
        sources = replace(self._sources, machine_parameters=machine_parameters)
        source = self._source
        if isinstance(source, nodes.Chain):
            return self._chain(
                source,
                replace(sources, machine_parameters=MachineParameters()),
                ids,
                where,
                machine_parameters,
            )
        every = self._values(sources)
        wanted = self._wanted
        shared: dict[str, Any] = {**where, "workflow_id": ids[source.name]}
        if wanted.is_priority:
            shared["is_priority"] = True
        if wanted.starts_session:
            shared["start_session"] = True
        if sources.uploads:
            shared["file_inputs"] = file_inputs(sources.uploads)
        notes = [note for values in every for note in values.notes]
        if wanted.count > 1:
            (values,) = every
            if "main_agent_model_id" in shared:
                # A bulk request cannot select a model.
                one = SingleRequest(RunCreate(**shared, **_value_fields(values)))
                return [(one, values.place)] * wanted.count, notes
            return self._make_bulk_requests(shared, values), notes
        if wanted.alias is not None:
            shared["session_alias"] = wanted.alias
        if wanted.releases_session:
            shared["release_session_after"] = True
        return [
            (SingleRequest(RunCreate(**shared, **_value_fields(each))), each.place)
            for each in every
        ], notes

    def part_requests(
        self,
        parts: ChainParts,
        begun: Sequence[Sequence[Run]],
        ids: Mapping[str, str],
        machine_parameters: MachineParameters,
    ) -> PartRequests:
        """Return the requests of a chain that pauses; `begun` are the parts started before.

        Raises `InputsRefused` for values that are missing or do not fit.
        """
        self.declared = parts.find_needed_values(self.declared, begun)
        (values,) = self._values(replace(self._sources, machine_parameters=MachineParameters()))
        shared, advice, today = self._of_chain(), self._sources.advice, self._sources.today
        return PartRequests(parts, begun, values, ids, machine_parameters, shared, advice, today)

    def _values(self, sources: InputSources) -> tuple[RunValues, ...]:
        """Return the values of each run; raises `InputsRefused`."""
        missing = missing_secrets(self.declared, sources)
        if missing and self._ask is not None:
            asked = tuple(map(self._ask, missing))
            self._sources = replace(self._sources, secrets=(*self._sources.secrets, *asked))
            sources = replace(sources, secrets=self._sources.secrets)
        if self._rows:
            return assemble_rows(self.declared, sources, self._rows)
        return (assemble(self.declared, sources),)

    def _make_bulk_requests(
        self, shared: Mapping[str, Any], values: RunValues
    ) -> list[tuple[Request, str]]:
        left, found = self._wanted.count, list[tuple[Request, str]]()
        while left:
            count = min(left, MAX_BULK)
            body = RunBulkCreate(**shared, **_value_fields(values), count=count)
            found.append((BulkRequest(body), values.place))
            left -= count
        return found

    def _chain(
        self,
        chain: nodes.Chain,
        sources: InputSources,
        ids: Mapping[str, str],
        where: Mapping[str, Any],
        machine_parameters: MachineParameters,
    ) -> tuple[list[tuple[Request, str]], list[str]]:
        """Return one request for each start of a chain."""
        more = {**where, **self._of_chain()}
        requests: list[tuple[Request, str]] = []
        notes: list[str] = []
        problems: list[Problem] = []
        for values in self._values(sources):
            try:
                steps, of_steps = chain_steps(
                    chain,
                    chain.steps,
                    values,
                    self.workflows,
                    ids,
                    machine_parameters,
                    advice=sources.advice,
                    today=sources.today,
                )
            except InputsRefused as refused:
                problems += (each.inside(values.place) for each in refused.problems)
                continue
            notes += (*values.notes, *of_steps)
            requests.append((ChainRequest(chain_body(chain, steps, more)), values.place))
        if problems:
            raise InputsRefused(problems)
        return requests * self._wanted.count, notes

    def _of_chain(self) -> dict[str, Any]:
        """Return the fields of every request of a chain, except its steps and its place."""
        shared: dict[str, Any] = {}
        if self._wanted.is_priority:
            shared["is_priority"] = True
        if self._sources.uploads:
            shared["shared_file_inputs"] = file_inputs(self._sources.uploads)
        return shared


def _value_fields(values: RunValues) -> dict[str, Any]:
    """Return the fields of a request that hold values; empty without values."""
    fields: dict[str, Any] = {}
    if values.inputs:
        fields["input_values"] = values.inputs
    if values.secrets:
        fields["sensitive_input_values"] = values.secrets
    return fields
