"""Restrict the values of inputs by their places in the prompt.

The service inserts values into the prompt before any agent reads it, so a value could end its line,
or the brackets around it, and continue as an instruction. `input_schema` refuses such values:

- no text of an input holds brackets of ours, or a brace before another one or a dollar sign;
- in an instruction a text is one line, also where it is an entry of a list that a loop goes over;
- in a text of JSON that the prompt spells out, as a list inside a text, it is one line without
  what JSON spells in another way;
- where a brace, a dollar sign or another value stands beside it, it holds none of these signs;
- in a prompt with a picture, which is HTML, it holds no markup;
- a record has no other fields than those whose texts are restricted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Any, TypeAlias

from flowdsl.ir import nodes
from flowdsl.ir.facts import facts_of, find_statements, own_facts
from flowdsl.ir.lowering.values import LOOP_ITEM, text_of
from flowdsl.ir.walk import inner_bodies, node_fields, walk
from flowdsl.source.record import Record, replace
from flowdsl.source.refused_texts import RefusedTexts, read_refused
from flowdsl.syntax.statements import BY_KIND, STATEMENTS

TEXT = RefusedTexts()
LINE = RefusedTexts(lines=True)
JSON = RefusedTexts(lines=True, signs=frozenset(('"', "\\")))
"""The restrictions of places: between brackets, in an instruction, in a text of JSON."""

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|\(\?.?|.", re.DOTALL)
_PLAIN = re.compile(r"(?:\\[dw!-/:-@\[-`{-~]|[ -\[\]-~])+")
"""Characters, ranges and escapes without line ends and invisible characters."""


def restrict_inputs(schema: Any, workflow: nodes.Workflow) -> None:
    """Add the restrictions of places to the schema of inputs.

    A schema by the author is restricted as well, as far as it says which properties are texts. The
    places of inputs in a prompt written by hand are not known.
    """
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if workflow.prompt is not None or not isinstance(properties, dict):
        return
    inputs = {name: each for name, each in properties.items() if isinstance(each, dict)}
    together: dict[tuple[str, tuple[str | int, ...]], RefusedTexts] = {}
    for name, each in inputs.items():
        if not name.startswith("$"):
            together[name, ()] = TEXT
            _close_records(each)
    for variable, refused in _find_input_uses(workflow, inputs.keys()):
        if variable.name in inputs:
            place = variable.name, variable.path
            known = together.get(place)
            together[place] = refused if known is None else known.combine_with(refused)
    for (name, path), refused in together.items():
        _restrict_at_path(inputs[name], path, refused)


def _restrict_at_path(
    schema: dict[str, Any], path: tuple[str | int, ...], refused: RefusedTexts
) -> None:
    for part in path:
        inner = schema.get("items") if isinstance(part, int) else _properties_of(schema).get(part)
        if not isinstance(inner, dict):
            return
        schema = inner
    for inner in (schema.get("items"), *_properties_of(schema).values()):
        if isinstance(inner, dict):
            # As a whole it is inserted as JSON, which escapes line ends but not brackets.
            _restrict_at_path(inner, (), RefusedTexts(markup=refused.markup))
    kinds = schema.get("type")
    # Only an enum with any other text becomes `anyOf`.
    textual = "anyOf" in schema or "string" in (kinds if isinstance(kinds, list) else [kinds])
    if "enum" in schema or not textual:
        return
    if fits_one_line(schema.get("pattern")):
        # In some dialects `$` also matches before a final line end.
        refused = refused.combine_with(LINE)
    own = schema.get("not")
    known = read_refused(own)
    if own is not None and known is None:  # the author's own
        before = schema.get("allOf")
        schema["allOf"] = [*(before if isinstance(before, list) else []), {"not": own}]
    schema["not"] = (refused if known is None else known.combine_with(refused)).schema()


def _close_records(schema: dict[str, Any]) -> None:
    """Refuse fields that are not listed: a text that holds a record holds all of its fields."""
    if isinstance(schema.get("properties"), dict) and schema.keys().isdisjoint(_OTHER_FIELDS):
        schema["additionalProperties"] = False
    for inner in (schema.get("items"), *_properties_of(schema).values()):
        if isinstance(inner, dict):
            _close_records(inner)


_OTHER_FIELDS = ("additionalProperties", "patternProperties", "unevaluatedProperties")
"""Keywords by which an author allows other fields; no step may use such a record."""


def _properties_of(schema: dict[str, Any]) -> dict[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def fits_one_line(pattern: object) -> bool:
    """Whether a pattern by the author certainly matches only texts on one line, in JSON Schema."""
    return isinstance(pattern, str) and _matches_one_line(pattern)


@lru_cache(maxsize=1024)
def _matches_one_line(pattern: str) -> bool:
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return False
    depth = 0
    for token in _TOKEN.findall(pattern[1:-1]):
        depth += (token.startswith("(")) - (token == ")")
        held = token[1:-1] if token.startswith("[") else token
        unsure = token == "." or held.startswith("^")
        if unsure or (token == "|" and not depth) or _PLAIN.fullmatch(held) is None:
            return False
    # A backslash before the last sign makes it a literal dollar sign.
    return bool(_TOKEN.findall(pattern)[-1] == "$")


def _find_input_uses(
    workflow: nodes.Workflow, inputs: Set[str]
) -> Iterator[tuple[nodes.Variable, RefusedTexts]]:
    """Yield `inputs`, and perhaps others, in a prompt, each with the restrictions of its place."""
    kept: dict[str, list[nodes.Stored]] = {}
    every = RefusedTexts()
    for statement in find_statements(workflow.body, {"store", "picture"}):
        if isinstance(statement, nodes.Store):
            for each in statement.assignments:
                kept.setdefault(each.variable, []).append(each.value)
        else:
            every = RefusedTexts(markup=True)
    for rule in workflow.rules:
        yield from _find_input_holes(rule, LINE.combine_with(every), _yield_itself)
    names = frozenset((*inputs, LOOP_ITEM))
    place = _Place(names, every.combine_with(LINE), every.combine_with(TEXT), kept)
    yield from _in_body(workflow.body, place, _yield_itself)


_ASKED = (nodes.Choose, nodes.WaitUntil, nodes.Expect, nodes.Extract, nodes.If, nodes.Repeat)
"""Statements that a focused agent executes, or whose condition it evaluates."""

_Kept: TypeAlias = Mapping[str, list[nodes.Stored]]
"""The values that the runtime variables are set to."""


class _Place(Record):
    """What holds at every place of a workflow.

    `names` are the variables that may contain an input. `line` is refused in instructions, `text`
    between brackets.
    """

    names: frozenset[str]
    line: RefusedTexts
    text: RefusedTexts
    kept: _Kept


_StandsFor: TypeAlias = Callable[[nodes.Variable], Iterator[nodes.Variable]]
"""Returns the inputs whose text a variable may contain."""


def _yield_itself(variable: nodes.Variable) -> Iterator[nodes.Variable]:
    if variable.sigil == "input":
        yield variable


def _in_body(
    body: nodes.Body, workflow: _Place, stands_for: _StandsFor, loop_is_flat: bool = True
) -> Iterator[tuple[nodes.Variable, RefusedTexts]]:
    """Yield the inputs in a body, of a loop or not, with the restrictions of their places."""
    for statement in body:
        if workflow.names.isdisjoint(facts_of(statement).names):
            continue
        # A focused agent receives an entry with fields as JSON, which has clear ends.
        is_asked = not loop_is_flat and isinstance(statement, _ASKED)
        here = _yield_itself if is_asked else stands_for
        if not workflow.names.isdisjoint(own_facts(statement).names):
            for node, exact in _find_text_places(statement):
                refused = workflow.text if exact else workflow.line
                yield from _find_input_holes(node, refused, here)
        is_choice = isinstance(statement, (nodes.If, nodes.Repeat))
        inside, is_flat = here if not is_choice else stands_for, loop_is_flat
        if isinstance(statement, nodes.Loop) and statement.entry is None:
            inside, is_flat = _entry_of(statement.items, workflow.kept), statement.flat
        for inner in inner_bodies(statement):
            yield from _in_body(inner, workflow, inside, is_flat)


def _entry_of(items: nodes.Value, kept: _Kept) -> _StandsFor:
    """Return the possible sources of the current entry of a main agent's loop, which is pasted."""
    lists: list[nodes.Stored] = [items]
    if isinstance(only := _only_piece(items), nodes.Variable) and only.sigil == "runtime":
        lists = kept.get(only.name, [])

    def stands_for(variable: nodes.Variable) -> Iterator[nodes.Variable]:
        if (variable.sigil, variable.name) != ("runtime", LOOP_ITEM):
            yield from _yield_itself(variable)
            return
        for each in lists:
            inside = (0, *variable.path) if _only_piece(each) is not None else ()
            for found in walk(each):
                if isinstance(found, nodes.Variable) and found.sigil == "input":
                    yield replace(found, path=(*found.path, *inside))

    return stands_for


def _only_piece(value: nodes.Stored) -> nodes.Piece | None:
    if isinstance(value, nodes.TextValue) and len(value.text) == 1:
        return value.text[0]
    return None


def _find_input_holes(
    node: Any, refused: RefusedTexts, stands_for: _StandsFor
) -> Iterator[tuple[nodes.Variable, RefusedTexts]]:
    """Yield the inputs in a node, each with the restrictions of its place."""
    parts = node if isinstance(node, tuple) else (node,)
    for at, part in enumerate(parts):
        if isinstance(part, nodes.Variable):
            here = refused.combine_with(JSON) if part.in_json else refused
            if signs := _refused_beside(parts[:at], parts[at + 1 : at + 2], here):
                here = here.combine_with(RefusedTexts(signs=signs))
            yield from ((each, here) for each in stands_for(part))
        elif isinstance(part, tuple):
            yield from _find_input_holes(part, refused, stands_for)
        else:
            for name in node_fields(part):
                yield from _find_input_holes(getattr(part, name), refused, stands_for)


def _refused_beside(
    before: tuple[Any, ...], after: tuple[Any, ...], here: RefusedTexts
) -> frozenset[str]:
    """Return the signs that are refused due to the pieces of a text adjacent to a value.

    A brace at the end of the value would combine with the piece after it, a backslash there would
    escape a variable, and its beginning would combine with a brace before it. Values between that
    brace and the value may be empty.
    """
    signs: set[str] = set()
    texts = (each for each in reversed(before) if not isinstance(each, nodes.Variable))
    beginning = next(texts, None)
    if isinstance(beginning, nodes.TextPiece) and beginning.value.endswith("{"):
        signs |= {"{", "$"}
    for each in after:
        follows = each.value[:1] if isinstance(each, nodes.TextPiece) else "{"
        if follows in ("{", "$"):
            signs |= {"{", "\\"} if follows == "{" else {"{"}
        if here.markup and (isinstance(each, nodes.Variable) or re.match("[A-Za-z/!?#]", follows)):
            signs |= {"<", "&"}
    return frozenset(signs)


def _find_text_places(statement: nodes.Statement) -> Iterator[tuple[Any, bool]]:
    """Yield the texts and values of a statement, each with whether it is between brackets."""
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
        case nodes.TypeDay(target=target):
            yield target, False
        case _:
            for name, _ in STATEMENTS[BY_KIND[statement.kind][0]].texts:
                if (text := getattr(statement, name)) is not None:
                    yield text, False


def _in_condition(condition: nodes.Condition) -> Iterator[tuple[Any, bool]]:
    for node in walk(condition):
        match node:
            case nodes.Sees(text=text):
                yield text, False
            case nodes.Compare(left=left, right=right) | nodes.TextRelation(left=left, right=right):
                yield (left, right), True
            case nodes.OneOf(operand=operand, values=values):
                yield (operand, *values), True
            case nodes.IsEmpty(operand=operand) | nodes.IsTrue(operand=operand):
                yield operand, True
            case _:
                pass
