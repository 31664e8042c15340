"""Extracts instructions from a prompt: its numbered lines, and the tools and names in them."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from flowdsl.emulator.simulation.variables import Values, parse_path, value_at

MAX_STEPS = 500

_TOOLS = (
    "focused_action",
    "copy_to_clipboard",
    "execute_terminal_command",
    "mark_file_for_export",
    "save_screenshot_as_run_attachment",
    "start_loop",
    "end_loop_iteration",
    "screenshot",
)
PLAIN_TOOL = "computer"

_TOOL = re.compile(r"\b(" + "|".join(_TOOLS) + r")\b")
_NUMBERED = re.compile(r"(\s*)(\d{1,3}(?:\.\d{1,3})+[.)]?|\d{1,3}[.)])\s+(\S.*)")
_QUOTED = r"""(?P<quote>["'])(?P<text>(?:(?!(?P=quote))[^\n])+)(?P=quote)"""
_REASON = re.compile(rf"\bdeclare_task_failed\b[^\"'\n]{{0,40}}{_QUOTED}")
_SCREENSHOT = re.compile(rf"\bsave_screenshot_as_run_attachment\b[^\"'\n]{{0,60}}{_QUOTED}")
_EXPORT = re.compile(
    rf"\bmark_file_for_export\b(?:[^\"'\n]{{0,60}}{_QUOTED}|\s+(?P<bare>[^\s\"']+))"
)
_LOOP = re.compile(rf"\bstart_loop\b[^\"'⟦\n]{{0,40}}(?:{_QUOTED}|⟦(?P<filled>[^\n]+?)⟧)")
_COPIED = re.compile(r"\bcopy_to_clipboard\b[^\"'\n]{0,40}?\bkey\s+[\"']?(?P<key>\w+)")
_SAVED = re.compile(
    r"\(key \"(?P<key>\w+)\"\)(?:: the text " + _QUOTED + r"|: (?P<var>\{\S+\})\.)?"
)
_TAG_BREAK = re.compile(r"</(?:p|div|li|h\d|tr)>|<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered line with the lines that belong to it.

    `loop` is the list it is repeated for. `is_group` is true for the heading of other lines.
    """

    number: str
    text: str
    loop: str | None
    is_group: bool

    @property
    def tool(self) -> str:
        """The first tool that the text names, else `PLAIN_TOOL`."""
        found = _TOOL.search(self.text)
        return found[1] if found else PLAIN_TOOL

    @property
    def reasons(self) -> list[str]:
        """The reasons with which the step may declare the task failed."""
        return [match["text"] for match in _REASON.finditer(self.text)]


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that a step attaches to the run; variables in `name` are not filled in yet."""

    step: int
    name: str
    loop: str | None


@dataclass(frozen=True, slots=True)
class SavedValue:
    """A runtime variable that a step saves; `text`, if the prompt has it, may contain variables."""

    key: str
    text: str | None


@functools.lru_cache(maxsize=64)
def read_steps(prompt: str) -> tuple[Step, ...]:
    """Return the numbered lines in order, or every line of a prompt without numbers."""
    lines = _strip_tags(prompt).splitlines()
    found = list(_split_numbered_steps(lines))
    if not found:
        written = [line.strip() for line in lines if line.strip()]
        found = [(str(index), text) for index, text in enumerate(written, 1)]
    found = found[:MAX_STEPS]
    steps: list[Step] = []
    loops: list[str | None] = [None]
    for index, (number, text) in enumerate(found):
        opened = _LOOP.search(text)
        if opened:
            loops.append(opened["text"] or opened["filled"])
        following = found[index + 1][0] if index + 1 < len(found) else ""
        steps.append(Step(number, text, loops[-1], following.startswith(f"{number}.")))
        if _closes_loop(text) and len(loops) > 1:
            loops.pop()
    return tuple(steps)


def evidence_of(steps: Sequence[Step]) -> Iterator[AttachedFile]:
    """Yield the saved screenshots and exported files, in the order of the steps."""
    for index, step in enumerate(steps):
        for match in _SCREENSHOT.finditer(step.text):
            yield AttachedFile(index, match["text"], step.loop)
        for match in _EXPORT.finditer(step.text):
            yield AttachedFile(index, match["text"] or match["bare"].rstrip(".,;"), step.loop)


def loop_span(steps: Sequence[Step], index: int) -> tuple[int, int] | None:
    """Return the innermost loop around a step as a range of steps; None outside of loops.

    The range begins with the `start_loop` step and ends after the last step of the loop.
    """
    opened: list[int] = []
    for at, step in enumerate(steps):
        if _LOOP.search(step.text):
            opened.append(at)
        if _closes_loop(step.text) and opened:
            start = opened.pop()
            if start <= index <= at:
                return start, at + 1
    around = [start for start in opened if start <= index]
    return (around[-1], len(steps)) if around else None


def find_saved_values(steps: Sequence[Step]) -> Iterator[SavedValue]:
    """Yield the runtime variables that the steps save, in order."""
    for step in steps:
        for match in _COPIED.finditer(step.text):
            yield SavedValue(match["key"], None)
        for match in _SAVED.finditer(step.text):
            yield SavedValue(match["key"], match["text"] or match["var"])


def loop_items(written: str, inputs: Values, runtime: Values) -> list[JsonValue]:
    """Return the items of a loop, `written` as a list, a number, or a variable that holds one."""
    text = written.strip()
    value: JsonValue = text
    source = runtime if text.startswith("{{") else inputs
    path = parse_path(text.strip("{}"))
    if text.startswith("{") and path is not None:
        value = value_at(source, path)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    if isinstance(value, int) and not isinstance(value, bool):
        return list(range(min(max(value, 0), MAX_STEPS)))
    return value[:MAX_STEPS] if isinstance(value, list) else []


def _closes_loop(text: str) -> bool:
    return "end_loop_iteration with" in text


def _strip_tags(prompt: str) -> str:
    """Return the text of a prompt without the tags of the dashboard's editor."""
    if _TAG_BREAK.search(prompt) is None:
        return prompt
    return html.unescape(_TAG.sub("", _TAG_BREAK.sub("\n", prompt)))


def _split_numbered_steps(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    number, parts = "", [""]
    for line in lines:
        match = _NUMBERED.fullmatch(line)
        if match is None:
            if number and line.strip():
                parts.append(line.strip())
                continue
            if not number:
                continue
        if number:
            yield number, "\n".join(parts)
        number, parts = ("", [""]) if match is None else (match[2].rstrip(".)"), [match[3]])
    if number:
        yield number, "\n".join(parts)
