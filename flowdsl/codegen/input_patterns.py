"""What the values of inputs may hold, by where they stand in the prompt.

The service puts values into the prompt before anyone reads it, so a value could end the line that
it stands in, or the brackets around it, and go on as an instruction. `input_schema` refuses those:

- in an instruction a value is one line without brackets of ours;
- between brackets, as what is typed or compared, it may have lines;
- in a text of JSON that the prompt spells out, as a list inside a text, it is one line without
  what JSON spells in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import text_of
from flowdsl.ir.walk import statements, walk
from flowdsl.source.patterns import is_found

LINE = r"^[^\n\r⟦⟧]*(?!\n)$"
TEXT = r"^[^⟦⟧]*$"
JSON = r'^[^"\\\x00-\x1f⟦⟧]*(?!\n)$'
"""The patterns of the places. `$` alone would allow a line end behind the last character."""

WORDS = {
    TEXT: "takes a text without `⟦` and `⟧`",
    LINE: "takes a text on one line, without `⟦` and `⟧`",
    JSON: 'takes a text on one line, without `"`, `\\`, `⟦` and `⟧`',
}
"""What a place takes, behind the name of an input."""

_PATTERNS = (TEXT, LINE, JSON)
"""Each one is narrower than those before it."""

_WIDE = re.compile(r"(?<!\\)\.|\\[sSDWn]|\[\^|[⟦⟧\n]")


def restrict(properties: dict[str, Any], workflow: nodes.Workflow) -> None:
    """Adds patterns to the schemas of inputs, by name, for the places where they stand."""
    for variable, pattern in _uses(workflow):
        if variable.sigil == "input" and variable.name in properties:
            _restrict(properties[variable.name], variable.path, pattern)


def _restrict(schema: dict[str, Any], path: tuple[str | int, ...], pattern: str) -> None:
    for part in path:
        if isinstance(part, int):
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(part, {})
    for inner in (schema.get("items"), *schema.get("properties", {}).values()):
        if isinstance(inner, dict):
            # As a whole it stands there as JSON, which spells line ends, and brackets as they are.
            _restrict(inner, (), TEXT)
    kinds = schema.get("type")
    # An enum with any other text is the only type that becomes `anyOf`.
    textual = "anyOf" in schema or "string" in (kinds if isinstance(kinds, list) else [kinds])
    if "enum" in schema or not textual:
        return
    given = schema.get("pattern")
    if given is None or given in (TEXT, LINE):
        schema["pattern"] = pattern if given is None else max(given, pattern, key=_PATTERNS.index)
    elif given != JSON and (pattern == JSON or not is_narrow(given)):
        schema["allOf"] = [{"pattern": pattern}]


def refused_texts(
    value: Any, schema: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """The texts in a value that a pattern of `restrict` refuses, each with its path and `WORDS`."""
    if not isinstance(schema, dict):
        return
    match value:
        case str():
            every = schema.get("allOf")
            given = [schema, *every] if isinstance(every, list) else [schema]
            patterns = [each.get("pattern") for each in given if isinstance(each, dict)]
            for pattern in patterns:
                if pattern in _PATTERNS and not is_found(pattern, value):
                    yield path, value, WORDS[pattern]
        case list():
            for index, inner in enumerate(value):
                yield from refused_texts(inner, schema.get("items"), (*path, index))
        case dict():
            properties = schema.get("properties")
            known = properties if isinstance(properties, dict) else {}
            for name, inner in value.items():
                yield from refused_texts(inner, known.get(name), (*path, name))
        case _:
            pass


def unrestricted(schema: Any) -> Any:
    """A schema of inputs without the patterns that `restrict` may have added."""
    if isinstance(schema, list):
        return [unrestricted(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    bare = dict(schema)
    if bare.get("pattern") in _PATTERNS:
        del bare["pattern"]
    if bare.get("allOf") in [[{"pattern": pattern}] for pattern in _PATTERNS]:
        del bare["allOf"]
    if isinstance(properties := bare.get("properties"), dict):
        bare["properties"] = {name: unrestricted(entry) for name, entry in properties.items()}
    if "items" in bare:
        bare["items"] = unrestricted(bare["items"])
    return bare


def is_narrow(pattern: str) -> bool:
    """Whether a pattern of the author surely allows neither line ends nor brackets of ours."""
    whole = pattern.startswith("^") and pattern.endswith("$") and "|" not in pattern
    return whole and not _WIDE.search(pattern)


def _uses(workflow: nodes.Workflow) -> Iterator[tuple[nodes.Variable, str]]:
    """The variables of a prompt, each with the pattern of its place; narrower ones come last."""
    places = [
        (node, TEXT if exact else LINE)
        for statement in statements(workflow.body)
        for node, exact in _places(statement)
    ]
    places += [(rule, LINE) for rule in workflow.rules]
    uses = [
        (part, JSON if part.in_json else place)
        for node, place in places
        for part in walk(node)
        if isinstance(part, nodes.Variable)
    ]
    yield from sorted(uses, key=lambda use: _PATTERNS.index(use[1]))


def _places(statement: nodes.Statement) -> Iterator[tuple[Any, bool]]:
    """The texts and values of a statement, each with whether it stands between brackets."""
    match statement:
        case nodes.TypeIn(value=value, target=target):
            yield value, True
            yield target, False
        case nodes.Store(assignments=assignments):
            yield tuple(each.value for each in assignments), True
        case nodes.Run(command=command):
            yield command, True
        case nodes.If(branches=branches):
            for branch in branches:
                yield from _in_condition(branch.condition)
        case nodes.Repeat(until=until):
            yield from _in_condition(until)
        case nodes.Loop(items=items, entry=None):
            yield text_of(items), True
        case nodes.Loop(items=items):
            yield items, True
        case nodes.Step(title=text) | nodes.Do(text=text):
            yield text, False
        case nodes.Choose(target=text) | nodes.Clear(target=text) | nodes.TypeDay(target=text):
            yield text, False
        case nodes.WaitUntil(condition=text) | nodes.Expect(condition=text):
            yield text, False
        case nodes.Extract(source=text) | nodes.Copy(source=text):
            yield text, False
        case nodes.BackgroundExtract(source=text):
            yield text, False
        case nodes.Capture(file=text) | nodes.Export(file=text):
            yield text, False
        case nodes.Picture(shows=shows) if shows is not None:
            yield shows, False
        case nodes.Leave(reason=reason) if reason is not None:
            yield reason, False
        case _:
            pass


def _in_condition(condition: nodes.Condition) -> Iterator[tuple[Any, bool]]:
    for node in walk(condition):
        match node:
            case nodes.Sees(text=text):
                yield text, False
            case nodes.Compare(left=left, right=right) | nodes.TextRelation(left=left, right=right):
                yield (left, right), True
            case (
                nodes.OneOf(operand=operand)
                | nodes.IsEmpty(operand=operand)
                | nodes.IsTrue(operand=operand)
            ):
                yield operand, True
            case _:
                pass
