"""Answers of a person at a pause of a chain, checked against the types of the pause. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowdsl.cyberdesk.errors import make_printable
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.ir import nodes
from flowdsl.runs.inputs.convert import (
    default_of,
    describe_type,
    field_mismatches,
    fill_in_defaults,
    from_text,
    secret_sentence,
)
from flowdsl.runs.inputs.places import Given, InputsRefused, Problem, make_refusal


@dataclass(frozen=True, slots=True)
class PauseQuestion:
    """One value that a pause asks for; `pause` is its number in the chain, from 0."""

    spec: nodes.FieldSpec
    is_secret: bool
    pause: int

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def option(self) -> str:
        """How to give the answer on a command line."""
        return f"--answer {self.name}={'env:NAME' if self.is_secret else '...'}"


def questions_of(chain: nodes.Chain) -> dict[str, PauseQuestion]:
    """Return every question of a chain, in its order, by name."""
    return {
        spec.name: PauseQuestion(spec, is_secret, number)
        for number, pause in enumerate(chain.pauses)
        for is_secret, fields in ((False, pause.inputs), (True, pause.secrets))
        for spec in fields
    }


def find_question(
    chain: nodes.Chain, questions: Mapping[str, PauseQuestion], name: str, place: str
) -> PauseQuestion:
    """Return the question with this name; raises `InputsRefused` if no pause asks for it."""
    question = questions.get(name)
    if question is not None:
        return question
    nearest = find_closest_name(name, questions)
    known = (
        f"an answer named `{nearest}` exists" if nearest else f"it asks for {join_names(questions)}"
    )
    raise make_refusal(
        place, f"chain `{chain.name}` does not ask for `{make_printable(name)}`", known
    )


def parse_answer(question: PauseQuestion, text: str, place: str) -> Any:
    """Parse an answer, None for deliberately no value; raises `InputsRefused`.

    An empty text takes the default. The message contains nothing of a secret.
    """
    return convert_answer(question, Given(question.name, text, place, is_text=True))


def convert_answer(question: PauseQuestion, given: Given) -> Any:
    """Like `parse_answer`, but also for a JSON value; None counts as an empty text."""
    spec, place, value = question.spec, given.place, given.value
    if value is None or value == "":
        if spec.required:
            raise make_refusal(
                place, f"`{spec.name}` takes {describe_type(spec.type)}, and this is empty"
            )
        return default_of(spec) if spec.has_default else None
    value = from_text(value, spec.type) if given.is_text else value
    value = fill_in_defaults(value, spec.type)
    wrong = list(field_mismatches(value, spec))
    if wrong and question.is_secret:
        raise make_refusal(place, secret_sentence(spec.name, wrong[0]))
    if wrong:
        raise InputsRefused(
            Problem(
                place if given.is_text else given.at(each.path), each.sentence(spec.name), each.help
            )
            for each in wrong
        )
    return value
