"""Assembles the values of a run from all sources, checked as a whole before sending. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from flowdsl.cyberdesk.errors import make_printable
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.ir import nodes
from flowdsl.ir.days import NoDay, day_of
from flowdsl.runs.inputs.convert import (
    EMPTY,
    ValueMismatch,
    default_of,
    describe_type,
    field_mismatches,
    fill_in_defaults,
    format_path_below,
    from_text,
    place_mismatches,
    secret_sentence,
)
from flowdsl.runs.inputs.declared import DeclaredInputs
from flowdsl.runs.inputs.documents import InputRow
from flowdsl.runs.inputs.machine_parameters import ANYWHERE, MachineParameters
from flowdsl.runs.inputs.places import (
    ON_COMMAND_LINE,
    Advice,
    Given,
    InputsRefused,
    Problem,
    format_given_name,
)

Made = TypeVar("Made")

TRANSFERS = "~/CyberdeskTransfers"
"""The service's default folder for files on the machine (SDK)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for the machine.

    `input` is the input that gets its path there, None if no input does.
    """

    input: str | None
    place: str
    filename: str
    content: bytes = field(repr=False)
    folder: str = TRANSFERS
    is_temporary: bool = False

    @property
    def path(self) -> str:
        """Where the file is on the machine."""
        return f"{self.folder.rstrip('/')}/{self.filename}"


@dataclass(frozen=True, slots=True)
class RunValues:
    """The values of one run.

    `place` is that of its row, empty for the only run. `notes` are for people: inputs left to a
    machine.
    """

    inputs: dict[str, Any]
    secrets: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class InputSources:
    """The sources of values for every requested run; `secrets` are texts with their places.

    `advice` says in messages how to give a value. `today` is the day for inputs whose default
    depends on it. With `asks_for_secrets`, a missing secret is not reported yet.
    """

    given: tuple[Given, ...] = ()
    secrets: tuple[Given, ...] = ()
    uploads: tuple[Upload, ...] = ()
    machine_parameters: MachineParameters = ANYWHERE
    references: bool = False
    advice: Advice = ON_COMMAND_LINE
    today: date | None = None
    asks_for_secrets: bool = False


def missing_secrets(declared: DeclaredInputs, sources: InputSources) -> list[nodes.FieldSpec]:
    """Return the required secrets that no source gives, in the order of the source."""
    given = {each.name for each in sources.secrets}
    return [
        spec
        for name, spec in declared.secrets.items()
        if name not in given
        and spec.required
        and not sources.machine_parameters.supplies(name, secret=True)
        and not (spec.machine and not sources.machine_parameters.is_known)
    ]


def assemble(
    declared: DeclaredInputs, sources: InputSources, row: InputRow | None = None
) -> RunValues:
    """Return the values of one run, of `row` or the only one.

    Raises `InputsRefused` with all problems at once.
    """
    (values,) = _of_rows(declared, sources, (row,), _Assembly.values)
    return values


def assemble_given_values(declared: DeclaredInputs, sources: InputSources) -> RunValues:
    """Convert the values given to one run, without defaults or a check for missing ones.

    Raises `InputsRefused`.
    """
    run = _Assembly(declared, sources, None)
    inputs, secrets = run.given()
    if run.problems:
        raise InputsRefused(dict.fromkeys(run.problems))
    return RunValues({name: each for name, each in inputs.items() if each is not None}, secrets)


def check_given(
    declared: DeclaredInputs, sources: InputSources, rows: Sequence[InputRow] = ()
) -> None:
    """Raise `InputsRefused` for given values that are invalid wherever the runs go.

    Missing values are not checked, since a machine may supply them and has not been read yet.
    """
    _of_rows(declared, sources, rows or (None,), _Assembly.given)


def assemble_rows(
    declared: DeclaredInputs, sources: InputSources, rows: Sequence[InputRow | None]
) -> tuple[RunValues, ...]:
    """Return the values of the run of each row, None for the only one.

    Raises `InputsRefused` with the problems of all rows. A problem with a column or a name, or with
    the same message for every row, is reported once.
    """
    return tuple(_of_rows(declared, sources, rows, _Assembly.values))


def _of_rows(
    declared: DeclaredInputs,
    sources: InputSources,
    rows: Sequence[InputRow | None],
    work: Callable[[_Assembly], Made],
) -> list[Made]:
    """Return the result of `work` for each run; raises `InputsRefused` with all problems."""
    results: list[Made] = []
    problems: list[Problem] = []
    header = next((row.header for row in rows if row is not None), None)
    if header is not None:
        problems += header.problems
        columns = _Assembly(declared, sources, None)
        for name, place in header.places.items():
            columns.find_declared_field(Given(name, None, place))
        problems += columns.problems
    for row in rows:
        if row is not None and row.problems:
            problems += row.problems
            continue
        run = _Assembly(declared, sources, row)
        results.append(work(run))
        problems += run.problems
    if problems:
        raise InputsRefused(_join_problems(problems, [row for row in rows if row is not None]))
    return results


def _join_problems(problems: Iterable[Problem], rows: Sequence[InputRow]) -> Iterator[Problem]:
    """Return the problems without repetitions."""
    of_rows = {row.place for row in rows if not row.problems}
    said: dict[tuple[str, str], list[Problem]] = {}
    for problem in dict.fromkeys(problems):
        said.setdefault((problem.message, problem.help), []).append(problem)
    for same in said.values():
        if len(same) == len(of_rows) > 1 and {each.place for each in same} == of_rows:
            yield Problem(rows[0].table, same[0].message, same[0].help)
        elif same[0].of_name:
            yield same[0]
        else:
            yield from same


class _Assembly:
    """The values of one run while they are collected; mismatches are kept in `problems`."""

    def __init__(
        self, declared: DeclaredInputs, sources: InputSources, row: InputRow | None
    ) -> None:
        self._declared = declared
        self._sources = sources
        self._row = row
        self._notes: list[str] = []
        self.problems: list[Problem] = []

    def given(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the given inputs and secrets that fit."""
        return self._inputs(), self._secrets()

    def values(self) -> RunValues:
        """Return all values that fit."""
        inputs, secrets = self.given()
        if not self._sources.asks_for_secrets:
            # A secret given as an input was reported already.
            as_inputs = {each.name.removeprefix("$") for each in self._given()}
            for spec in missing_secrets(self._declared, self._sources):
                if spec.name not in as_inputs:
                    self._missing_secret(spec)
        self._fill_missing_inputs(inputs)
        if not self.problems and self._declared.schema is not None:
            self._by_schema(inputs, secrets)
        place = "" if self._row is None else self._row.place
        return RunValues(
            {name: value for name, value in inputs.items() if value is not None},
            secrets,
            tuple(self._notes),
            place,
        )

    def _say(self, place: str, message: str, help: str = "", *, of_name: bool = False) -> None:
        self.problems.append(Problem(place, message, help, of_name))

    # What is given

    def _inputs(self) -> dict[str, Any]:
        inputs: dict[str, Any] = {}
        for given in self._one_source_each():
            spec = self.find_declared_field(given)
            is_file = any(each.input == given.name for each in self._sources.uploads)
            if spec is None or (is_file and not self._takes_file(given, spec)):
                continue
            value = from_text(given.value, spec.type) if given.is_text else given.value
            value = fill_in_defaults(value, spec.type)
            if spec.absent and value is None and given.is_text:
                inputs[given.name] = None
                continue
            for wrong in self._find_mismatches(value, spec, references=self._sources.references):
                place = given.place if given.is_text else given.at(wrong.path)
                self._say(place, wrong.sentence(spec.name), wrong.help)
            inputs[given.name] = None if value == "" else value
        return inputs

    def _find_mismatches(
        self, value: Any, spec: nodes.FieldSpec, *, references: bool = False
    ) -> list[ValueMismatch]:
        """Return the mismatches of a value with an input's type and its place in the prompt."""
        mismatches = list(field_mismatches(value, spec, references=references))
        return mismatches or list(
            place_mismatches(value, self._declared.schemas.get(spec.name, ()))
        )

    def _given(self) -> list[Given]:
        return [*self._sources.given, *(() if self._row is None else self._row.given)]

    def _one_source_each(self) -> list[Given]:
        every = self._given()
        for upload in self._sources.uploads:
            if upload.input is not None:
                every.append(Given(upload.input, upload.path, upload.place))
        first: dict[str, Given] = {}
        for given in every:
            if given.name in first:
                self._say(
                    given.named_at or given.place,
                    f"input `{format_given_name(given.name)}` is given twice",
                    f"it is given by {first[given.name].place}, too",
                    of_name=True,
                )
            first.setdefault(given.name, given)
        return list(first.values())

    def find_declared_field(self, given: Given) -> nodes.FieldSpec | None:
        """Return the declaration with the name of a value; None, and reported, if there is none."""
        name, declared = given.name, self._declared
        place = given.named_at or given.place
        spec = declared.inputs.get(name)
        if spec is not None:
            return spec
        bare = name.removeprefix("$")
        if bare in declared.secrets:
            self._say(
                place,
                f"`{bare}` is a secret of `{declared}` and not given as an input",
                f"give it as {self._sources.advice.secret(bare)}",
                of_name=True,
            )
            return None
        if declared.is_open and name and not name.startswith("$"):
            return nodes.FieldSpec(name=name, type=nodes.ScalarType(name="any"))
        nearest = find_closest_name(name, declared.inputs)
        known = f"there are {join_names(declared.inputs)}" if declared.inputs else "it takes none"
        self._say(
            place,
            f"`{format_given_name(name)}` is no input of {declared.kind} `{declared}`",
            f"an input named `{nearest}` exists" if nearest else known,
            of_name=True,
        )
        return None

    def _takes_file(self, given: Given, spec: nodes.FieldSpec) -> bool:
        """Whether an input takes a file; reported if it does not."""
        type_ = spec.type.inner if isinstance(spec.type, nodes.OptionalType) else spec.type
        if type_ == nodes.ScalarType(name="file"):
            return True
        self._say(
            given.place,
            f"`{spec.name}` takes {describe_type(spec.type)}, not a file",
            f"give it with {self._sources.advice.input(spec.name)}",
        )
        return False

    def _secrets(self) -> dict[str, Any]:
        secrets: dict[str, Any] = {}
        declared = self._declared
        for given in self._sources.secrets:
            spec = declared.secrets.get(given.name)
            if spec is None and declared.is_open and given.name not in declared.inputs:
                secrets[given.name] = given.value
            elif spec is None:
                self._no_secret(given)
            elif given.name in secrets:
                self._say(given.place, f"secret `{given.name}` is given twice")
            else:
                value = from_text(given.value, spec.type)
                if wrong := next(field_mismatches(value, spec), None):
                    self._say(given.place, secret_sentence(spec.name, wrong))
                secrets[given.name] = value
        return secrets

    def _no_secret(self, given: Given) -> None:
        declared, name = self._declared, make_printable(given.name)
        if given.name in declared.inputs:
            self._say(
                given.place,
                f"`{name}` is an input of `{declared}` and no secret",
                f"give it as {self._sources.advice.input(name)}",
            )
            return
        nearest = find_closest_name(given.name, declared.secrets)
        known = f"there are {join_names(declared.secrets)}" if declared.secrets else "it takes none"
        self._say(
            given.place,
            f"`{name}` is no secret of {declared.kind} `{declared}`",
            f"a secret named `{nearest}` exists" if nearest else known,
        )

    # What is not given

    def _where(self) -> str:
        return self._declared.name if self._row is None else self._row.place

    def _missing_secret(self, spec: nodes.FieldSpec) -> None:
        lacking = self._sources.machine_parameters.find_lacking_suppliers(spec.name, secret=True)
        nobody = f", and {lacking[0].name} has no parameter for it" if lacking else ""
        self._say(
            self._declared.name,
            f"the secret `{spec.name}` is not given{nobody}",
            f"give it as {self._sources.advice.secret(spec.name)}",
        )

    def _fill_missing_inputs(self, inputs: dict[str, Any]) -> None:
        """Fill in defaults, and find the missing values."""
        machine_parameters = self._sources.machine_parameters
        for name, spec in self._declared.inputs.items():
            if name in inputs:
                if inputs[name] is None and (spec.machine or name in machine_parameters.names()):
                    # Deliberately no value was given, and only this keeps a parameter from filling
                    # it.
                    inputs[name] = EMPTY
                continue
            self._check_supplied(spec)
            if machine_parameters.supplies(name):
                continue
            if spec.day is not None:
                self._fill_day(spec, inputs)
            elif spec.has_default:
                inputs[name] = default_of(spec)
                for wrong in place_mismatches(inputs[name], self._declared.schemas.get(name, ())):
                    self._say(self._where(), f"the default {wrong.sentence(name)}", wrong.help)
            elif spec.required:
                self._missing(spec)

    def _fill_day(self, spec: nodes.FieldSpec, inputs: dict[str, Any]) -> None:
        try:
            inputs[spec.name] = day_of(spec, inputs, self._sources.today)
        except NoDay as none:
            give = f"give it as {self._sources.advice.input(spec.name)}"
            self._say(self._where(), f"input `{spec.name}` is not given and {none.why}", give)
            return
        for wrong in field_mismatches(inputs[spec.name], spec):
            self._say(self._where(), wrong.sentence(spec.name), wrong.help)

    def _check_supplied(self, spec: nodes.FieldSpec) -> None:
        for supplier, value in self._sources.machine_parameters.values(spec.name):
            for wrong in self._find_mismatches(value, spec):
                self._say(supplier.name, f"its parameter {wrong.sentence(spec.name)}", wrong.help)

    def _missing(self, spec: nodes.FieldSpec) -> None:
        machine_parameters, name = self._sources.machine_parameters, spec.name
        where = self._declared.name if self._row is None else self._row.place_of_missing(name)
        lacking = machine_parameters.find_lacking_suppliers(name)
        give = f"give it as {self._sources.advice.input(name)}; it takes {describe_type(spec.type)}"
        if self._row is not None:
            give = f"it takes {describe_type(spec.type)}"
        if not machine_parameters.is_known:
            if spec.machine:
                self._notes.append(f"`{name}` is left to the machine that the run gets")
            else:
                self._say(where, f"input `{name}` is not given", give)
            return
        if not lacking:
            self._say(where, f"input `{name}` is not given, and no machine supplies it", give)
        elif len(lacking) < len(machine_parameters.machines):
            # It is not known which of them the run gets: the service refuses it there, if at all.
            names = ", ".join(each.name for each in lacking[:3])
            self._say(
                where, f"input `{name}` is not given, and {names} has no parameter of it", give
            )
        else:
            nearest = find_closest_name(name, machine_parameters.names())
            exists = f"; a parameter named `{nearest}` exists" if nearest else ""
            self._say(
                where,
                f"input `{name}` is not given, and {lacking[0].name} has no parameter `{name}`"
                f"{exists}",
                give,
            )

    def _by_schema(self, inputs: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        """Check the whole against the schema file, beyond the types that are read from it."""
        from flowdsl.emulator.simulation.schemas import input_problems, read_schema

        schema = read_schema(self._declared.schema)
        if schema is None:
            return
        machine_parameters = self._sources.machine_parameters
        effective = {
            name: next(machine_parameters.values(name), (None, None))[1]
            for name in machine_parameters.names()
        }
        effective |= {name: value for name, value in inputs.items() if value is not None}
        hidden = {*secrets, *machine_parameters.names(secret=True)}
        for wrong in input_problems(
            schema, effective, hidden, machine_known=machine_parameters.is_known
        ):
            root = str(wrong.path[0]) if wrong.path else self._declared.name
            what = f"{root}{format_path_below(tuple(wrong.path[1:]))}"
            self._say(
                self._where(), f"`{what}` does not fit the schema: {make_printable(wrong.message)}"
            )
