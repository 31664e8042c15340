"""Splits a prompt into units: its numbered lines with the bullets below them. Pure.

Accepts any prompt, including those that people wrote in the dashboard; `flowdsl.prompt.reading`
accepts only the exact text that FlowDSL writes. A prompt without numbered lines has a unit for each
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flowdsl.tracing.filling import FoundValues, Pattern, fill_in_inputs, pattern_of, plain_lines
from flowdsl.tracing.reasons import LEAST_LETTERS, Reason, read_reasons

MAX_UNITS = 500

TOOLS = (
    "focused_action",
    "copy_to_clipboard",
    "execute_terminal_command",
    "mark_file_for_export",
    "save_screenshot_as_run_attachment",
    "start_loop",
    "end_loop_iteration",
    "upsert_runtime_values",
    "declare_task_failed",
    "extract_prompt",
)
"""Tools that a prompt calls by name (Cyberdesk's documentation).

Everything else is a plain action.
"""
INNER_TOOLS = frozenset({"upsert_runtime_values", "declare_task_failed"})
"""Tools that an instruction names for another agent; they do not tell what a line itself does."""

_NUMBERED = re.compile(r"[ \t]*(\d{1,3}(?:\.\d{1,3})+[.)]?|\d{1,3}[.)])[ \t]+(\S.*)", re.DOTALL)
_RUNTIME_NAME = re.compile(r"\{\{\s*([^\W\d]\w*)")
_QUOTED = re.compile(r"\"([^\"\n]{1,400})\"|'([^'\n]{1,400})'|⟦([^⟧\n]{1,400})⟧")


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A line of the prompt (`number` counts from 1).

    `text` has no tags, and the inputs substituted; `pattern` is the same where values are not
    known.
    """

    number: int
    text: str
    pattern: Pattern
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptUnit:
    """The part of a prompt that one message may belong to.

    A numbered line, such as `3.2`, and the lines below it. `tools` are those that the unit names,
    `own_tool` the one that carries it out. `quoted` are texts between quotes or brackets,
    `variables` the runtime variables. `loop` is the index of the unit that opens its enclosing
    loop.
    """

    label: str
    lines: tuple[UnitLine, ...]
    is_heading: bool = False
    tools: frozenset[str] = frozenset()
    own_tool: str | None = None
    quoted: tuple[Pattern, ...] = ()
    variables: frozenset[str] = frozenset()
    loop: int | None = None
    loop_end: int | None = None

    @property
    def text(self) -> str:
        """Return all of its lines as one text."""
        return "\n".join(line.text for line in self.lines)


def read_units(
    prompt: str, inputs: Mapping[str, Any], known: FoundValues | None = None
) -> tuple[PromptUnit, ...]:
    """Return the units of a prompt in order, with the values of a run's inputs substituted.

    `known` are values found in the history.
    """
    grouped = list(_group_unit_lines(plain_lines(prompt)))[:MAX_UNITS]
    units: list[PromptUnit] = []
    reasons: dict[int, list[Reason]] = {}
    for reason in read_reasons(prompt, inputs, known):
        reasons.setdefault(reason.line, []).append(reason)
    for index, (label, lines) in enumerate(grouped):
        following = grouped[index + 1][0] if index + 1 < len(grouped) else ""
        is_heading = bool(label) and following.startswith(f"{label}.")
        raw = "\n".join(text for _, text in lines)
        named = [tool for tool in TOOLS if re.search(rf"\b{tool}\b", raw)]
        own = [tool for tool in named if tool not in INNER_TOOLS]
        first = min(own, key=lambda tool: raw.index(tool)) if own else None
        filled = [
            UnitLine(
                number,
                fill_in_inputs(text, inputs, known),
                pattern_of(text, inputs, known),
                tuple(reasons.get(number, ())),
            )
            for number, text in lines
        ]
        names = (
            pattern_of(each[1] or each[2] or each[3], inputs, known)
            for each in _QUOTED.finditer(raw)
        )
        units.append(
            PromptUnit(
                label,
                tuple(filled),
                is_heading and first is None,
                frozenset(named),
                first,
                tuple(name for name in names if _is_telling(name)),
                frozenset(_RUNTIME_NAME.findall(raw)),
            )
        )
    return tuple(_assign_loops(units))


def _is_telling(quoted: Pattern) -> bool:
    """Whether a quoted text names something: not only a variable, or a word between two marks."""
    return quoted.known_letters >= LEAST_LETTERS and [each.strip() for each in quoted.pieces] != [
        "and"
    ]


def _group_unit_lines(
    lines: Iterator[tuple[int, str]],
) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Return labels and their lines.

    If nothing is numbered, every line with text is a unit without a label.
    """
    everything = list(lines)
    if not any(_NUMBERED.fullmatch(text) for _, text in everything):
        yield from (("", [(number, text)]) for number, text in everything if text.strip())
        return
    label, unit, is_apart = "", list[tuple[int, str]](), False
    for number, text in everything:
        found = _NUMBERED.fullmatch(text)
        if found is not None and not (unit and _is_below(text, found[1], unit[0][1], label)):
            if unit:
                yield label, unit
            label, unit = found[1].rstrip(".)"), [(number, text)]
        elif not text.strip():
            is_apart = True
            continue
        elif unit and (not is_apart or text[0] in " \t"):
            unit.append((number, text))
        elif unit:
            # A separate paragraph, such as those about replay and outputs.
            yield label, unit
            unit = []
        is_apart = False
    if unit:
        yield label, unit


def _is_below(text: str, number: str, first: str, label: str) -> bool:
    """Whether a numbered line is part of the unit before it, such as a list in a text to type.

    It is indented deeper than the unit's `first` line, and its number is not one below `label`.
    """
    is_deeper = len(text) - len(text.lstrip()) > len(first) - len(first.lstrip())
    return is_deeper and not number.startswith(f"{label}.")


def _assign_loops(units: list[PromptUnit]) -> Iterator[PromptUnit]:
    """Return the units, each with its innermost enclosing loop.

    A loop is from its `start_loop` to its `end_loop_iteration`.
    """
    ends: dict[int, int] = {}
    loops: list[int | None] = []
    opened: list[int] = []
    for index, unit in enumerate(units):
        if unit.own_tool == "start_loop":
            opened.append(index)
        loops.append(opened[-1] if opened else None)
        if unit.own_tool == "end_loop_iteration" and opened:
            ends[opened.pop()] = index
    for unit, loop in zip(units, loops, strict=True):
        end = None if loop is None else ends.get(loop, len(units) - 1)
        yield replace(unit, loop=loop, loop_end=end)
