"""What `flowdsl deploy` shows: the plan, each result, and how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from flowdsl.deploy.diff import Difference, FieldChange
from flowdsl.deploy.named import NamedChange
from flowdsl.deploy.outcome import Outcome, Result, Status
from flowdsl.deploy.plan import Action, Change, Plan
from flowdsl.deploy.policy import fingerprint
from flowdsl.deploy.resource import address_of
from flowdsl.diagnostics.render.cells import printable
from flowdsl.diagnostics.render.summary import counted

GOOD, BAD, WARNED, QUIET = "green", "red", "yellow", "dim"
ADDED, REMOVED = "green underline", "red strike"
Part = tuple[str, str]
"""Text and its style; no style is the empty string. `ADDED` and `REMOVED` words are marked where there is no colour."""

LINES_SHOWN = 40
VALUE_WIDTH = 100
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")

_SIGNS: dict[Action, Part] = {
    Action.CREATE: ("+", GOOD),
    Action.UPDATE: ("~", WARNED),
    Action.RENAME: ("~", WARNED),
    Action.ADOPT: ("=", WARNED),
    Action.MISSING: ("!", BAD),
    Action.KEEP: ("?", QUIET),
    Action.FORGET: ("?", QUIET),
}
_RESULTS = {"performed": ("note", QUIET), "conflict": ("conflict", WARNED)}
_NOTES = {
    Action.ADOPT: "is taken over",
    Action.MISSING: "no longer exists in the organisation",
    Action.KEEP: "left the source and is kept",
    Action.FORGET: "is dropped from state",
}


def render_plan(plan: Plan, *, color: bool) -> str:
    """The plan for people; what does not change is not in it."""
    lines: list[list[Part]] = []
    for item in plan.uploads:
        lines.append([("+", GOOD), (f" {address_of('image', item.sha256[:12])}", "")])
    for named in plan.named:
        lines += _named_lines(named)
    for change in plan.changes:
        lines += _change_lines(change)
    lines += [[(f"note: {note}", QUIET)] for note in plan.notes]
    lines.append([("plan: ", ""), (_summary(plan), "")])
    return _painted(lines, color)


def render_result(result: Result, *, color: bool) -> str | None:
    """A result that people have to know of; None for what went well and needs no remark."""
    if result.outcome == "not_attempted" or (result.outcome == "performed" and not result.message):
        return None
    label, style = _RESULTS.get(result.outcome, (result.outcome, BAD))
    said = printable(f"{result.address}: {result.message}")
    return _painted([[(f"{label}: ", style), (said, "")]], color)


def render_outcome(outcome: Outcome, environment: str) -> str:
    """How it ended, in one line."""
    done = [result for result in outcome.results if result.outcome == "performed"]
    flows = [result for result in done if result.address.startswith("workflow.")]
    created = sum(result.action == Action.CREATE for result in flows)
    changed = len(flows) - created
    others = len(done) - len(flows)
    plan = outcome.plan
    if outcome.status is Status.NOTHING_TO_DO:
        same = 0 if plan is None else len(plan.of(Action.UNCHANGED, Action.ADOPT))
        kept = 0 if plan is None else len(plan.of(Action.KEEP))
        orphans = f"; {counted(kept, 'workflow')} left the source and stayed" if kept else ""
        return f"nothing to do: {counted(same, 'workflow')} up to date in {environment}{orphans}"
    parts = [f"{created} created" if created else "", f"{changed} updated" if changed else ""]
    parts.append(f"{counted(others, 'other object')} written" if others else "")
    for label in ("failed", "conflict", "unknown", "not_attempted"):
        number = sum(result.outcome == label for result in outcome.results)
        parts.append(f"{number} {label.replace('_', ' ')}" if number else "")
    counts = ", ".join(part for part in parts if part) or "nothing written"
    return f"{'deployed to' if outcome.status is Status.DONE else 'stopped in'} {environment}: {counts}"


def plan_events(plan: Plan) -> Iterator[dict[str, Any]]:
    """The plan as objects of the machine format, without any text of a prompt."""
    for item in plan.uploads:
        yield {"address": address_of("image", item.sha256), "action": "create", "fields": []}
    for named in plan.named:
        if named.writes:
            fields = _field_events(named.difference)
            yield {"address": named.address, "action": named.action, "fields": fields}
    for change in plan.changes:
        if change.action is not Action.UNCHANGED:
            yield {
                "address": change.address,
                "previous_address": change.previous_address,
                "workflow_id": None if change.prior is None else change.prior.id,
                "action": change.action.value,
                "fields": _field_events(change.difference),
            }


def _field_events(difference: Difference | None) -> list[dict[str, Any]]:
    return [
        {
            "path": field.path,
            "before_sha256": fingerprint(field.before),
            "after_sha256": fingerprint(field.after),
            "origin": field.origin,
        }
        for field in (() if difference is None else difference.fields)
    ]


def _summary(plan: Plan) -> str:
    numbers = {action: len(plan.of(action)) for action in Action}
    words = {
        Action.CREATE: "to create",
        Action.UPDATE: "to update",
        Action.RENAME: "to rename",
        Action.ADOPT: "to adopt",
        Action.MISSING: "missing",
        Action.KEEP: "kept",
        Action.UNCHANGED: "up to date",
    }
    parts = [f"{numbers[action]} {word}" for action, word in words.items() if numbers[action]]
    others = len(plan.uploads) + sum(change.writes for change in plan.named)
    if others:
        parts.append(f"{counted(others, 'other object')} to write")
    return ", ".join(parts)


def _named_lines(change: NamedChange) -> Iterator[list[Part]]:
    if change.writes:
        sign = ("+", GOOD) if change.action == "create" else ("~", WARNED)
        yield [sign, (f" {change.address}", "")]
        yield from _difference_lines(change.difference)


def _change_lines(change: Change) -> Iterator[list[Part]]:
    moved = change.previous_address
    if change.action is Action.UNCHANGED and moved is None:
        return
    head = [_SIGNS.get(change.action, ("~", WARNED)), (f" {change.address}", "")]
    head.append((f'  "{printable(change.name)}"', QUIET))
    if moved is not None:
        head.append((f"  was {moved}", QUIET))
    if note := _NOTES.get(change.action):
        head.append((f"  {note}", QUIET))
    yield head
    yield from _difference_lines(change.difference)


def _difference_lines(difference: Difference | None) -> Iterator[list[Part]]:
    if difference is None:
        return
    for field in difference.fields:
        drift = [("  edited elsewhere", WARNED)] if field.origin != "source" else []
        if isinstance(field.before, str) and isinstance(field.after, str):
            yield [(f"    {printable(field.path)}", ""), *drift]
            yield from _word_diff(field.before, field.after)
        else:
            yield [(f"    {printable(field.path)}: ", ""), *_values(field), *drift]
    tags: list[Part] = [(f" +{printable(tag)}", GOOD) for tag in sorted(difference.tags_to_add)]
    tags += [(f" -{printable(tag)}", BAD) for tag in sorted(difference.tags_to_remove)]
    if tags:
        drift = [("  edited elsewhere", WARNED)] if difference.tags_drifted else []
        yield [("    tags:", ""), *tags, *drift]


def _values(field: FieldChange) -> list[Part]:
    return [(_value(field.before), BAD), (" -> ", ""), (_value(field.after), GOOD)]


def _value(value: Any) -> str:
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= VALUE_WIDTH else text[: VALUE_WIDTH - 1] + "…")


def _word_diff(before: str, after: str) -> Iterator[list[Part]]:
    """The changed lines of a text, words that go and words that come marked; at most `LINES_SHOWN` of them."""
    old, new = before.split("\n"), after.split("\n")
    shown: list[list[Part]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            shown += _changed_words("\n".join(old[a:b]), "\n".join(new[c:d]))
    for parts in shown[:LINES_SHOWN]:
        yield [("      ", ""), *parts]
    if len(shown) > LINES_SHOWN:
        yield [(f"      … {counted(len(shown) - LINES_SHOWN, 'more line')}", QUIET)]


def _changed_words(before: str, after: str) -> list[list[Part]]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    lines: list[list[Part]] = [[]]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        pieces = [("".join(old[a:b]), REMOVED)] if tag in ("replace", "delete") else []
        if tag in ("replace", "insert"):
            pieces.append(("".join(new[c:d]), ADDED))
        if tag == "equal":
            pieces.append(("".join(old[a:b]), ""))
        for text, style in pieces:
            for number, line in enumerate(text.split("\n")):
                if number:
                    lines.append([])
                if line:
                    lines[-1].append((printable(line), style))
    return [line for line in lines if line]


def _painted(lines: list[list[Part]], color: bool) -> str:
    """Plain text, in which words that go and come have the marks of `git diff --word-diff`, or coloured text."""
    if not color:
        marks = {REMOVED: ("[-", "-]"), ADDED: ("{+", "+}")}
        return "\n".join(
            "".join(text.join(marks[style]) if style in marks else text for text, style in line)
            for line in lines
        )
    from io import StringIO

    from rich.console import Console
    from rich.text import Text

    sheet = StringIO()
    console = Console(file=sheet, force_terminal=True, color_system="standard", width=10_000)
    for line in lines:
        console.print(Text.assemble(*((text, style) for text, style in line)), soft_wrap=True)
    return sheet.getvalue().rstrip("\n")
