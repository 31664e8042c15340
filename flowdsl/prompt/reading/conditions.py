"""Parse conditions in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import text_value
from flowdsl.prompt.sentences import ALL, AND, ANY, COMPARISONS, NUMERIC, PARTS

from .frames import frames_of_sentence
from .phrases import Phrases, read_constant, read_joined
from .texts import Texts

Operator = Literal["==", "!=", "<=", ">=", "<", ">"]
Relation = Literal["contains", "starts with", "ends with"]


class Conditions:
    """Parses conditions at a position of a text.

    Every reader returns the result and the offset after it, or None if there is none.
    """

    def __init__(self, texts: Texts, phrases: Phrases) -> None:
        self._phrases = phrases
        self._text = texts.delimited_text_reader()
        self._quoted = phrases.name
        self._variable = texts.variable
        self._sentences = phrases.sentences
        self._sentences.kinds |= {
            "bare": self._read_operand,
            "choices": self._choices,
            "condition": self.condition,
            "operand": self._read_operand,
            "part": _read_relation_words,
            "relation": _read_numeric_operator,
            "truth": lambda text, at: self._read_truth(text, at) or self._read_operand(text, at),
        }

    def condition(self, text: str, position: int) -> tuple[nodes.Condition, int] | None:
        if text.startswith("(", position):
            return self._joined(text, position)
        read = self._sentences.read
        for name, make in _CONDITIONS:
            if (found := read(name, text, position)) is not None:
                return make(*found[0]), found[1]
        return self._about_operand(text, position)

    def _about_operand(self, text: str, position: int) -> tuple[nodes.Condition, int] | None:
        left = self._read_truth(text, position) or self._read_operand(text, position)
        if left is None:
            return None
        operand, end = left

        def empty(listed: bool) -> nodes.IsEmpty:
            return nodes.IsEmpty(operand=operand, listed=listed)

        for name, make in (
            ("is_not_empty", lambda listed: nodes.Not(operand=empty(listed))),
            ("is_empty", empty),
            ("is_not_true", lambda _: nodes.Not(operand=nodes.IsTrue(operand=operand))),
            ("is_true", lambda _: nodes.IsTrue(operand=operand)),
        ):
            for frame in frames_of_sentence(f"conditions.{name}"):
                after = frame.literals[1]
                if text.startswith(after, end):
                    return make(frame.implied.get("listed", False)), end + len(after)
        operator = _read_comparison_operator(text, end + 1) if text.startswith(" ", end) else None
        if operator is None or not text.startswith(" ", operator[1]):
            return None
        right = self._read_operand(text, operator[1] + 1)
        if right is None:
            return None
        return nodes.Compare(left=operand, operator=operator[0], right=right[0]), right[1]

    def _read_truth(self, text: str, position: int) -> tuple[nodes.Value, int] | None:
        """Parse an input with its name before it."""
        name = self._quoted(text, position)
        if name is None or not text.startswith(" (", name[1]):
            return None
        value = self._variable(text, name[1] + 2)
        return (value[0], value[1] + 1) if value and text.startswith(")", value[1]) else None

    def _joined(self, text: str, position: int) -> tuple[nodes.Condition, int] | None:
        operands: list[nodes.Condition] = []
        word: str | None = None
        while text.startswith("(", position):
            read = self.condition(text, position + 1)
            if read is None or not text.startswith(")", read[1]):
                return None
            operands.append(read[0])
            position = read[1] + 1
            if word is None:
                word = next(
                    (each for each in (ALL, ANY) if text.startswith(f"{each}(", position)), None
                )
            if word is None or not text.startswith(f"{word}(", position):
                break
            position += len(word)
        if len(operands) < 2:
            return None
        join = nodes.AllOf if word == ALL else nodes.AnyOf
        return join(operands=tuple(operands)), position

    def _choices(self, text: str, position: int) -> tuple[tuple[nodes.Value, ...], int] | None:
        return read_joined(self._read_operand, AND, text, position)

    def _read_operand(self, text: str, position: int) -> tuple[nodes.Value, int] | None:
        if (found := self._text(text, position)) is not None:
            return text_value(found[0]), found[1]
        if (quoted := self._quoted(text, position)) is not None:
            return nodes.ConstantValue(value=quoted[0]), quoted[1]
        return read_constant(text, position) or self._phrases.value(text, position)


def _make_choice(
    operand: nodes.Value, listed: bool, values: tuple[nodes.Value, ...], *, numeric: bool = False
) -> nodes.OneOf:
    return nodes.OneOf(operand=operand, values=values, numeric=numeric, listed=listed)


def _make_number_choice(*parts: Any) -> nodes.OneOf:
    return _make_choice(*parts, numeric=True)


def _read_relation_words(text: str, position: int) -> tuple[str, int] | None:
    for relation, words in PARTS.items():
        if text.startswith(f"{words} ", position):
            return relation, position + len(words)
    return None


def _make_relation(left: nodes.Value, part: str, right: nodes.Value) -> nodes.Condition:
    for relation in get_args(Relation):
        plain = nodes.TextRelation(left=left, relation=relation, right=right)
        if part == relation:
            return plain
        if part == f"not {relation}":
            return nodes.Not(operand=plain)
    raise AssertionError(part)


def _read_numeric_operator(text: str, position: int) -> tuple[Operator, int] | None:
    return _read_operator(NUMERIC, text, position)


def _read_comparison_operator(text: str, position: int) -> tuple[Operator, int] | None:
    return _read_operator(COMPARISONS, text, position)


def _read_operator(words: dict[str, str], text: str, position: int) -> tuple[Operator, int] | None:
    for operator in get_args(Operator):
        if text.startswith(f"{words[operator]} ", position):
            return operator, position + len(words[operator])
    return None


_CONDITIONS: tuple[tuple[str, Callable[..., nodes.Condition]], ...] = (
    ("conditions.sees", lambda text: nodes.Sees(text=text)),
    ("conditions.sees_not", lambda text: nodes.Not(operand=nodes.Sees(text=text))),
    ("conditions.not_", lambda condition: nodes.Not(operand=condition)),
    (
        "conditions.numbers",
        lambda left, operator, right: nodes.Compare(
            left=left, operator=operator, right=right, numeric=True
        ),
    ),
    ("conditions.parts", _make_relation),
    ("conditions.one_of", _make_choice),
    ("conditions.none_of", lambda *parts: nodes.Not(operand=_make_choice(*parts))),
    ("conditions.number_one_of", _make_number_choice),
    ("conditions.number_none_of", lambda *parts: nodes.Not(operand=_make_number_choice(*parts))),
)
"""The sentences that begin with words of ours, each with the condition that it says."""
