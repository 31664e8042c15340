"""Changes of a workflow that break its callers.

Callers give inputs and read outputs. So an input breaks them if it accepts less than before, and an
output if it can have more values than before. A new optional input breaks nobody. A property that
is no longer declared is still accepted, unless the schema allows no others. A new output breaks
nobody, unless the schema promised that there are no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowdsl.codegen.artifacts import ChainArtifact
from flowdsl.deploy.comparison.schema_diff import (
    is_schema,
    join_alternatives,
    spell_path,
    spell_value,
)
from flowdsl.deploy.comparison.schema_gaps import OTHER_PROPERTIES, Path, SchemaGap, find_gaps
from flowdsl.deploy.planning.plan import Break, Breaking, Change
from flowdsl.diagnostics.render.cells import make_printable

VALUES_SHOWN = 5


def breaking_changes(change: Change, chains: Sequence[ChainArtifact]) -> tuple[Breaking, ...]:
    """Return the promises that `change` breaks.

    Callers rely on the live workflow, whoever wrote it, so creating a workflow breaks nobody.
    `chains` are those of the project, in which a workflow is called by its name in source.
    """
    name = change.address.name
    if change.action.value == "delete":
        users = tuple(chain.name for chain in chains if steps_of(chain.whole, name))
        message = "the workflow is deleted, with every run and trajectory of it"
        return (Breaking("removed-workflow", "", message, users),)
    broken: list[Breaking] = []
    for field in () if change.difference is None else change.difference.fields:
        if field.path == "input_schema":
            broken += _find_broken_inputs(field.before, field.after, name, chains)
        elif field.path == "output_schema":
            broken += _find_broken_outputs(field.before, field.after, name, chains)
    return tuple(broken)


def _find_broken_inputs(
    before: Any, after: Any, workflow: str, chains: Sequence[ChainArtifact]
) -> Iterator[Breaking]:
    for gap in _find_interface_gaps(before, after, inputs=True):
        if gap.kind == "undeclared":
            continue
        kind, message = _input_message(gap)
        uses = withholds_input if kind == "new-required-input" else passes_input
        users = tuple(chain.name for chain in chains if uses(chain.whole, workflow, gap.path))
        yield Breaking(kind, spell_path(gap.path), message, users)


def _find_broken_outputs(
    before: Any, after: Any, workflow: str, chains: Sequence[ChainArtifact]
) -> Iterator[Breaking]:
    for gap in _find_interface_gaps(after, before, inputs=False):
        kind, message = _output_message(gap)
        users = tuple(
            chain.name for chain in chains if reads_output(chain.whole, workflow, gap.path)
        )
        yield Breaking(kind, spell_path(gap.path), message, users)


def _find_interface_gaps(given: Any, allowed: Any, *, inputs: bool) -> list[SchemaGap]:
    if not (is_schema(given) and is_schema(allowed)):
        # As JSON Schema, the short notation would have another meaning.
        return [SchemaGap("unknown", (), "notation")]
    try:
        return list(
            find_gaps(
                _root_schema_for_gaps(given, allowed, inputs),
                _root_schema_for_gaps(allowed, given, inputs),
            )
        )
    except RecursionError:
        return [SchemaGap("unknown", (), "schema")]


def _root_schema_for_gaps(schema: Any, other: Any, inputs: bool) -> Any:
    """Return a schema for the comparison as a whole.

    Inputs are always an object. No schema means any object if the other schema requires one.
    """
    is_object = isinstance(other, Mapping) and (
        "properties" in other or other.get("type") == "object"
    )
    if schema is None:
        return {"type": "object"} if inputs or is_object else {}
    if isinstance(schema, Mapping) and "type" not in schema and (inputs or "properties" in schema):
        return {"type": "object", **schema}
    return schema


def _input_message(gap: SchemaGap) -> tuple[Break, str]:
    where = _format_subject(gap.path, "the input as a whole")
    match gap.kind:
        case "required" if gap.given:
            return "new-required-input", f"{where} is now required"
        case "required":
            secret = bool(gap.path) and (gap.path[-1] or "").startswith("$")
            return "new-required-input", f"{where} is a new required {_noun_for_input(secret)}"
        case "unexpected":
            return "removed-input", f"{where} is no longer accepted"
        case "other_properties":
            return "narrowed-input", f"{where} no longer takes properties that are not declared"
        case "disjoint":
            return (
                "retyped-input",
                f"{where} is now {join_alternatives(gap.allowed)}, was "
                f"{join_alternatives(gap.given)}",
            )
        case "type":
            now = "" if gap.given == ("null",) else f", only {join_alternatives(gap.allowed)}"
            return "narrowed-input", f"{where} no longer takes {join_alternatives(gap.given)}{now}"
        case "values" if gap.given is None:
            return "narrowed-input", f"{where} now takes only {_join_cut_values(gap.allowed)}"
        case "values":
            return "narrowed-input", f"{where} no longer takes {_join_cut_values(gap.given)}"
        case "texts":
            return "narrowed-input", f"{where} now takes only {gap.allowed}"
        case "bound":
            was = "" if gap.given is None else f", was {spell_value(gap.given)}"
            now = f"now has `{gap.keyword}` {spell_value(gap.allowed)}"
            return "narrowed-input", f"{where} {now}{was}"
        case _:
            return "retyped-input", _describe_unknown_change(where, gap, "take less than before")


def _output_message(gap: SchemaGap) -> tuple[Break, str]:
    where = _format_subject(gap.path, "the output as a whole")
    match gap.kind:
        case "required" if gap.given:
            return "retyped-output", f"{where} may now be missing"
        case "required" | "undeclared":
            return "removed-output", f"{where} is no longer an output"
        case "unexpected":
            return "retyped-output", f"{where} is new, and no other property was to be expected"
        case "other_properties":
            return "retyped-output", f"{where} may now have properties that are not declared"
        case "disjoint":
            return (
                "retyped-output",
                f"{where} is now {join_alternatives(gap.given)}, was "
                f"{join_alternatives(gap.allowed)}",
            )
        case "type":
            return "retyped-output", f"{where} may now be {join_alternatives(gap.given)}"
        case "values" if gap.given is None:
            return (
                "retyped-output",
                f"{where} may now be other than {_join_cut_values(gap.allowed)}",
            )
        case "values":
            return "retyped-output", f"{where} may now be {_join_cut_values(gap.given)}"
        case "texts":
            return "retyped-output", f"{where} may now be other than {gap.allowed}"
        case "bound":
            now = "no longer has" if gap.given is None else f"has `{gap.keyword}`"
            said = f"`{gap.keyword}`" if gap.given is None else f"{spell_value(gap.given)}, was"
            return "retyped-output", f"{where} {now} {said} {spell_value(gap.allowed)}"
        case _:
            return "retyped-output", _describe_unknown_change(where, gap, "be more than before")


def _format_subject(path: Path, whole: str) -> str:
    return f"`{spell_path(path)}`" if path else whole


def _noun_for_input(secret: bool) -> str:
    return "secret" if secret else "input"


def _describe_unknown_change(where: str, gap: SchemaGap, may: str) -> str:
    if gap.keyword == "notation":
        return f"{where} changed in a notation that is not compared field by field"
    if gap.keyword == "schema":
        return f"{where} changed deeper than is compared field by field"
    return f"the `{make_printable(gap.keyword)}` of {where} changed, so that it may {may}"


def _join_cut_values(values: Sequence[Any]) -> str:
    shown = [spell_value(value) for value in values[:VALUES_SHOWN]]
    more = len(values) - len(shown)
    return join_alternatives([*shown, f"{more} more"] if more else shown) if shown else "nothing"


# Inputs that a chain gives to a workflow, and outputs that it reads from it.

Payload = Mapping[str, Any]
"""The body of `POST /v1/runs/chain`, with names in place of ids."""

_OPEN = ("$ref", "$input", "$secret")
"""Keys of an object that represents a value known only when the chain runs."""


def steps_of(payload: Payload, workflow: str) -> list[Payload]:
    """Return the steps that run the workflow."""
    return [step for step in payload.get("steps") or () if step.get("workflow_id") == workflow]


def passes_input(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step gives the workflow a value for `path`, or a value that may contain it."""
    return any(
        not path
        or (path[0] in given and _can_hold_path(given[path[0]], path[1:]))
        or (path[0] == OTHER_PROPERTIES and bool(given))
        for given in _collect_step_values(payload, workflow)
    )


def withholds_input(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step gives no value for `path`, or one that may lack it.

    A part of an optional input is missing only in a step that gives that input.
    """
    return any(
        _can_lack_path(given[path[0]], path[1:]) if path[0] in given else len(path) == 1
        for given in _collect_step_values(payload, workflow)
    )


def reads_output(payload: Payload, workflow: str, path: Path) -> bool:
    """Whether a step reads the output at `path`, a part of it, or an output that contains it."""
    aliases = {step.get("session_alias") for step in steps_of(payload, workflow)}
    for reference in _find_references(payload):
        alias, *rest = reference.split(".")
        if alias in aliases and rest[:1] == ["outputs"] and _is_path_overlapping(rest[1:], path):
            return True
    return False


def _collect_step_values(payload: Payload, workflow: str) -> Iterator[dict[Any, Any]]:
    """Return the inputs that each step gives, secrets as `$name` like in an input schema."""
    for step in steps_of(payload, workflow):
        yield {
            **(payload.get("shared_inputs") or {}),
            **_rename_secrets(payload.get("shared_sensitive_inputs")),
            **(step.get("inputs") or {}),
            **_rename_secrets(step.get("sensitive_inputs")),
        }


def _rename_secrets(values: Any) -> dict[str, Any]:
    return {f"${name}": value for name, value in (values or {}).items()}


def _is_open(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _OPEN


def _can_hold_path(value: Any, path: Path) -> bool:
    if not path or _is_open(value):
        return True
    first, *rest = path
    if isinstance(value, list | tuple):
        return first is None and any(_can_hold_path(item, tuple(rest)) for item in value)
    if not isinstance(value, Mapping):
        return True
    if first == OTHER_PROPERTIES:
        return any(_can_hold_path(item, tuple(rest)) for item in value.values())
    return first in value and _can_hold_path(value[first], tuple(rest))


def _can_lack_path(value: Any, path: Path) -> bool:
    if not path:
        return False
    if _is_open(value):
        return True
    first, *rest = path
    if isinstance(value, list | tuple):
        return first is None and any(_can_lack_path(item, tuple(rest)) for item in value)
    if not isinstance(value, Mapping):
        return False
    if first in value:
        return _can_lack_path(value[first], tuple(rest))
    if first == OTHER_PROPERTIES:
        return any(_can_lack_path(item, tuple(rest)) for item in value.values())
    return not rest


def _find_references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _find_references(item)


def _is_path_overlapping(reference: list[str], path: Path) -> bool:
    """Whether one path is a prefix of the other; the index of a list item matches any item."""
    pairs = zip(reference, path, strict=False)
    return all(part == step or step in (None, OTHER_PROPERTIES) for part, step in pairs)
