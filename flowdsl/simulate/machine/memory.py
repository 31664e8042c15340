"""The runtime values of a run, and the evaluation of texts, values and conditions with them.

An instruction names a value in one of two ways. The platform inserts `{{x}}` before the agent
reads; a mark ⟪x⟫ it leaves alone, and the agent looks up what it has saved as `x` or was handed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, NoReturn

from flowdsl.simulate.shapes import (
    EMPTY,
    EnumShape,
    FieldShape,
    ListShape,
    OptionalShape,
    RecordShape,
    ScalarShape,
    Shape,
)
from flowdsl.simulate.trace import Recorder
from flowdsl.simulate.world import SEES, Question

from .characters import SAVED, PathParts, at_path, fill_in_variables, spell_platform_value
from .grammar import Said
from .kinds import without_notes
from .layout import Defect
from .variants import Variant

LOOP_ITEM = "loop_item"
"""The variable for the current entry of a loop."""

OBSERVATION = "an observation of the run"
"""Stands for the value of a variable that was never set: anything that an agent has seen."""


class Memory:
    """The runtime values of one run, by the bare names of their variables.

    `commands` are those that the terminal accepts, before variables are filled in; None for any.
    `reasons` has the condition or question that each decision was made by, by its variable and
    answer: later lines must repeat it. `secrets` are the names of those that the service inserts
    when their placeholders are typed. `loops_of_run` means that the entries of the current loop are
    from the run, not from its inputs or the prompt. `late` has the values of background readings:
    no line knows them, and only the outputs wait for them.
    """

    secrets: frozenset[str] = frozenset()

    def __init__(self, variant: Variant, commands: frozenset[str] | None = None) -> None:
        self.variant = variant
        self.commands = commands
        self.values: dict[str, Any] = {}
        self.late: list[tuple[str, Any]] = []
        self.reasons: dict[tuple[str, str], Any] = {}
        self.loops_of_run = False

    def save_value(self, key: str, value: Any) -> None:
        """Save one value, as `upsert_runtime_values` does."""
        before = self.values.get(key)
        if isinstance(before, dict) and isinstance(value, dict) and self.variant.merges:
            value = _merge_records(before, value)
        self.values[key] = value

    def save_late_values(self) -> None:
        """Save the values of background readings: the run has ended."""
        for key, value in self.late:
            self.save_value(key, value)

    def view(self, *, focused: bool) -> View:
        """Return the view of an agent on the values."""
        of_run = self.loops_of_run
        return View(self.variant, self.values, self.secrets, focused=focused, of_run=of_run)


def _merge_records(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(before)
    for name, value in after.items():
        old = merged.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[name] = _merge_records(old, value)
        else:
            merged[name] = value
    return merged


class View:
    """The values of runtime variables as an agent sees them."""

    def __init__(
        self,
        variant: Variant,
        values: Mapping[str, Any],
        secrets: frozenset[str],
        *,
        focused: bool,
        of_run: bool,
    ) -> None:
        """`values` are the current ones, of which an agent knows those that it has `saved`.

        `marks_explained` means that the agent was told the rule by which a mark names what it has
        saved itself. `handed` are the values from the first bullet of a focused agent,
        `Data: x = {{x}}`. `entries` are those at which its loops over lists are, by their marks.
        `of_run` is `Memory.loops_of_run`.
        """
        self._variant = variant
        self._values = values
        self._focused = focused
        self._secrets = secrets
        self._of_run = of_run
        self.saved: set[str] = set()
        self.marks_explained = True
        self.handed: dict[str, Any] = {}
        self.entries: dict[str, Any] = {}

    def value(self, path: PathParts) -> Any:
        """Return the value of `{{path}}`, or of the mark ⟪path⟫ if `path` begins with `SAVED`.

        Raises Defect for one that the agent cannot read there.
        """
        if path[0] == SAVED and path[1] in self.entries:
            found = at_path(self.entries, path[1:])
            return EMPTY if found is None else found
        if path[0] == SAVED:
            if path[1] in self.saved and not self.marks_explained:
                raise Defect("no rule says that a mark is what was saved", str(path[1]))
            return self.known(*path[1:])
        if self._focused and (path != (LOOP_ITEM,) or self._of_run):
            raise Defect("a value of the run stands in an instruction", ".".join(map(str, path)))
        return self.fill_in_variable(path)

    def known(self, *path: str | int) -> Any:
        """Return a value that the agent has saved itself, or else received, by name or path."""
        known = self._values if path[0] in self.saved else self.handed
        found = at_path(known, path) if path[0] in known else EMPTY
        return EMPTY if found is None else found

    def fill_in_variable(self, path: PathParts) -> Any:
        """Return the text that the platform inserts for `{{path}}`."""
        if path[0] not in self._values:
            match self._variant.unset:
                case "spelling":
                    return "{{" + ".".join(map(str, path)) + "}}"
                case "observation":
                    return OBSERVATION
                case _:
                    return EMPTY
        found = at_path(self._values, path)
        return EMPTY if found is None else found

    def text(self, template: str) -> str:
        """Return a text with everything filled in; a secret in it raises LiveSecret."""
        return fill_in_variables(without_notes(template), self._spelled)

    def given(self, template: str, *, secrets: bool = False) -> str:
        """Return a text as a tool receives it: secrets in it are marked, whatever their source.

        With `secrets` it is typed, so that it may contain one.
        """
        plain = without_notes(template)
        return fill_in_variables(plain, self._spelled, secrets=secrets, known=self._secrets)

    def _spelled(self, path: PathParts, _: str) -> str:
        return spell_platform_value(self.value(path))

    def built(self, value: tuple[str, Any]) -> Any:
        """Return a value described in a prompt, as JSON."""
        kind, content = value
        match kind:
            case "json":
                return EMPTY if content is None else content
            case "text":
                return self.text(content)
            case "written":
                return from_json(self.text(content))
            case "variable":
                return self.value(content)
            case "list":
                return [self.built(each) for each in content]
            case _:
                return {name: self.built(each) for name, each in content}


def evaluate_condition(
    condition: Said, view: View, recorder: Recorder, *, ends: bool | None = None
) -> bool:
    """Evaluate a condition; all its questions about the screen are asked at once.

    `ends` is the outcome with which rounds end, as they usually do at the first look; None for
    other conditions.
    """
    for question, wanted in zip(
        _collect_questions(condition, view), _find_wanted_answers(condition), strict=True
    ):
        recorder.hint(usual=ends is not None and wanted is ends)
        recorder.ask(question)
    return _evaluate_part(condition, view, recorder)


def _collect_questions(condition: Said, view: View) -> list[Question]:
    match condition.name:
        case "conditions.sees" | "conditions.sees_not":
            return [Question(SEES, view.text(condition["text"]))]
        case "conditions.not_":
            return _collect_questions(condition["condition"], view)
        case "all" | "any":
            return [
                each for part in condition["operands"] for each in _collect_questions(part, view)
            ]
        case _:
            return []


def _find_wanted_answers(condition: Said) -> list[bool]:
    """Return the answer to each of the questions of a condition with which it holds."""
    match condition.name:
        case "conditions.sees":
            return [True]
        case "conditions.sees_not":
            return [False]
        case "conditions.not_":
            return [not each for each in _find_wanted_answers(condition["condition"])]
        case "all" | "any":
            return [each for part in condition["operands"] for each in _find_wanted_answers(part)]
        case _:
            return []


def _evaluate_part(condition: Said, view: View, recorder: Recorder) -> bool:
    match condition.name:
        case "conditions.sees":
            return bool(recorder.ask(Question(SEES, view.text(condition["text"]))))
        case "conditions.sees_not":
            return not recorder.ask(Question(SEES, view.text(condition["text"])))
        case "conditions.not_":
            return not _evaluate_part(condition["condition"], view, recorder)
        case "all":
            return all(_evaluate_part(each, view, recorder) for each in condition["operands"])
        case "any":
            return any(_evaluate_part(each, view, recorder) for each in condition["operands"])
        case "conditions.is_true":
            return spell_platform_value(view.built(condition["value"])) == "true"
        case "conditions.is_not_true":
            return spell_platform_value(view.built(condition["value"])) != "true"
        case "conditions.is_empty":
            return _is_empty(condition, view)
        case "conditions.is_not_empty":
            return not _is_empty(condition, view)
        case "conditions.texts":
            left, right = (
                spell_platform_value(view.built(condition[side])) for side in ("left", "right")
            )
            return _compare_values(left, condition["comparison"], right)
        case "conditions.numbers":
            first, second = (
                _parse_number(view.built(condition[side])) for side in ("left", "right")
            )
            if first is None or second is None:
                return False
            return _compare_values(first, condition["relation"], second)
        case "conditions.parts":
            left, right = (
                spell_platform_value(view.built(condition[side])) for side in ("left", "right")
            )
            return _has_part(left, condition["part"], right)
        case "conditions.one_of" | "conditions.none_of":
            among = spell_platform_value(view.built(condition["value"])) in [
                spell_platform_value(each) for each in _find_choices(condition, view)
            ]
            return among == (condition.name == "conditions.one_of")
        case "conditions.number_one_of" | "conditions.number_none_of":
            among = _is_a_number_of(view.built(condition["value"]), _find_choices(condition, view))
            return among == (condition.name == "conditions.number_one_of")
        case _:
            raise AssertionError(condition.name)


def _is_empty(condition: Said, view: View) -> bool:
    found = spell_platform_value(view.built(condition["value"]))
    return found in ("", EMPTY) or (condition["listed"] and found == "[]")


def _has_part(text: str, words: str, part: str) -> bool:
    """Whether a text contains, or begins or ends with, another one, or does not; case-sensitive."""
    relation = words.removeprefix("not ")
    found = {
        "contains": text.find(part) >= 0,
        "starts with": text.startswith(part),
        "ends with": text.endswith(part),
    }[relation]
    return found == (relation == words)


def _find_choices(condition: Said, view: View) -> list[Any]:
    """Return the values that one is compared with: those named, or the entries of a list."""
    found = [view.built(choice) for choice in condition["choices"]]
    if not condition["listed"]:
        return found
    (entries,) = (from_json(each) if isinstance(each, str) else each for each in found)
    held = entries if isinstance(entries, list) else []
    return [each for each in held if each not in (None, "", EMPTY)]


def _is_a_number_of(value: Any, choices: list[Any]) -> bool:
    number, among = _parse_number(value), [_parse_number(choice) for choice in choices]
    return number is not None and None not in among and number in among


def _parse_number(value: Any) -> Decimal | None:
    """Return the finite number that a value spells; None if it spells none."""
    try:
        number = Decimal(spell_platform_value(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _compare_values(left: Any, operator: str, right: Any) -> bool:
    match operator:
        case "==":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case "<":
            return bool(left < right)
        case ">":
            return bool(left > right)
        case "<=":
            return bool(left <= right)
        case _:
            return bool(left >= right)


def from_json(text: str) -> Any:
    """Return the JSON value that a text spells; the text itself if it is not JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(constant: str) -> NoReturn:
    """Refuse what Python reads beyond JSON: `NaN`, `Infinity` and `-Infinity`."""
    raise ValueError(constant)


_SHOWN = re.compile(
    r"(?:[A-Z]{3} ?|[$€£] ?)?(-?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)(?: ?(?:[A-Z]{3}|[$€£]))?",
    re.ASCII,
)
"""A number on a screen: with thousands separators, with a currency before or after it."""


def as_shown(text: str) -> Any:
    """Return the number or boolean that a copied text shows; the text itself if it shows none."""
    found = _SHOWN.fullmatch(text)
    return from_json(text if found is None else found[1].replace(",", ""))


def read_as(text: str, shape: Shape) -> Any:
    """Return a copied text as a value of a type; None if it is no number or boolean of it."""
    whole = shape == ScalarShape("int") or (isinstance(shape, EnumShape) and shape.numeric)
    if not whole and shape not in _CONVERTED:
        return convert_to_saved(text, shape)
    value = as_shown(text)
    if isinstance(value, bool) or shape == ScalarShape("bool"):
        return value if isinstance(value, bool) and shape == ScalarShape("bool") else None
    fits = isinstance(value, int) or (isinstance(value, float) and not whole and isfinite(value))
    return value if fits else None


_CONVERTED = (ScalarShape("number"), ScalarShape("bool"))
"""The shapes for which a copied text is converted to a value."""


def convert_to_saved(value: Any, shape: Shape | None = None) -> Any:
    """Return a value as an agent that reads it saves it.

    A missing part becomes its default, or else `__EMPTY__`, at any depth.
    """
    match value, shape:
        case ((None | "" | "__EMPTY__"), _):
            return EMPTY
        case list(), ListShape(element=element):
            return [convert_to_saved(each, element) for each in value]
        case dict(), RecordShape(fields=fields):
            return dict(value) | {
                field.name: _field_written(value.get(field.name), field) for field in fields
            }
        case _, OptionalShape(inner=inner):
            return convert_to_saved(value, inner)
        case _:
            return value


def take_braces_apart(value: Any) -> Any:
    """Return a value with a blank inserted in its texts after each `{` before `{` or `$`."""
    if isinstance(value, list):
        return [take_braces_apart(each) for each in value]
    if isinstance(value, dict):
        return {name: take_braces_apart(each) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    following = (*value[1:], "")
    return "".join(
        f"{each} " if each == "{" and after in ("{", "$") else each
        for each, after in zip(value, following, strict=False)
    )


def _field_written(value: Any, field: FieldShape) -> Any:
    found = convert_to_saved(value, field.shape)
    if found != EMPTY or field.default is None:
        return found
    listed = isinstance(field.shape, EnumShape) and not field.shape.numeric
    text = listed or field.shape == ScalarShape("string")
    return field.default if text else from_json(field.default)
