"""Which reasons the lines of a prompt give, and which of them are what was looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.simulate.machine.execute import Payload
from flowdsl.simulate.machine.performance import Asking, Spot, perform_payload
from flowdsl.simulate.trace import FAILED
from flowdsl.simulate.world import CHOOSE, COMMAND, COPY, EXPECT, READ, SEES, WAIT, Question
from flowdsl.tracing.reasons import MAX_LINE, MAX_PROMPT, reasons_of
from tests.support.flows.compiling import EXAMPLES, compile_folder

LOOKED_FOR = (WAIT, EXPECT, CHOOSE, READ, COPY)
UNMET = "not so or not found: "


class Missing:
    """A desk on which everything is there but one of the things that are looked for."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.missed: Question | None = None

    def answer(self, question: Question, asking: Asking) -> Any:
        if question.kind == SEES:
            return asking.usual
        if question.kind in LOOKED_FOR:
            if self.left == 0 and self.missed in (None, question):
                self.missed = question
                return None if question.kind in (READ, COPY) else False
            self.left -= self.missed is None
        if question.kind in (READ, COPY) and question.shape is not None:
            return _value(question.shape)
        return "x" if question.kind in (READ, COPY) else question.kind != COMMAND or True

    def stops(self, done: Spot, following: Spot | None) -> str | None:
        return None


def _value(shape: Any) -> Any:
    match type(shape).__name__:
        case "EnumShape":
            return shape.values[0]
        case "ListShape":
            return [_value(shape.element)]
        case "OptionalShape":
            return _value(shape.inner)
        case "RecordShape":
            return {each.name: _value(each.shape) for each in shape.fields}
        case _:
            return {"int": 1, "number": 1, "bool": True, "date": "2026-03-01"}.get(shape.name, "x")


def payloads() -> Iterator[tuple[str, Payload]]:
    """The workflows of the examples."""
    for folder in sorted(path.parent for path in EXAMPLES.glob("*/flowdsl.toml")):
        bundle = compile_folder(folder, "local").bundle
        assert bundle is not None
        for each in bundle.workflows:
            schemas = each.payload.get("input_schema"), each.payload.get("output_schema")
            yield each.name, Payload(render_plain_json(each.payload["main_prompt"]), *schemas)


def inputs_of(payload: Payload) -> dict[str, Any]:
    """Some value for each input."""
    properties = json.loads(payload.input_schema or "{}").get("properties", {})
    return {
        name: ["v"] if each.get("type") == "array" else "v" for name, each in properties.items()
    }


def test_what_the_machine_fails_with_is_known_and_means_what_was_missed() -> None:
    """The machine carries prompts out and shares no code with what reads reasons."""
    defaults = others = 0
    for name, payload in payloads():
        inputs = inputs_of(payload)
        reasons = reasons_of(payload.prompt, inputs, is_certain=True)
        for number in range(12):
            desk = Missing(number)
            ending = perform_payload(payload, inputs, desk).ending
            if desk.missed is None or ending.status != FAILED or ending.reason is None:
                continue
            shown, where = reasons.in_words(ending.reason), (name, desk.missed)
            assert shown == ending.reason, where
            if ending.reason == f"{UNMET}{desk.missed.text}":
                # An agent that leaves the first words away says the opposite of what happened.
                assert reasons.in_words(desk.missed.text) == shown, where
                defaults += 1
            else:
                others += 1
    assert defaults >= 10 and others >= 10, (defaults, others)


def test_what_is_too_long_is_not_read_and_so_nothing_is_claimed() -> None:
    check = "- Check “all is well”."
    long = f"- Check “{'all is ' * MAX_LINE}well”."
    assert reasons_of(f"{long}\n{check}", {}, is_certain=True).in_words("all is well") == (
        "not so or not found: all is well"
    )
    behind = "words\n" * (MAX_PROMPT // 5) + check
    assert reasons_of(behind, {}, is_certain=True).in_words("all is well") == '"all is well"'
