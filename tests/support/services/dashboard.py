"""Edits of a workflow as a person makes them in a dashboard.

In the text of the prompt and in the fields around it.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from html import escape
from typing import Any

from flowdsl.codegen.artifacts import stand_in
from flowdsl.codegen.prompt.document import emit_template
from flowdsl.ir import nodes
from flowdsl.semantics.capabilities import DOCUMENTED, Capabilities
from flowdsl.source.record import replace

Values = dict[str, Any]
"""The declared fields of a workflow, closed, as `deploy.resource.Desired.values` has them."""

WORDS = (
    "slowly",
    "the blue one",
    "twice",
    'the "Next" button',
    "it's",
    "<b>now</b>",
    "a & b",
    "Größe",
    "取引先",
    "{ 1 }",
    "100 %",
    "C:\\Reports",
    "(see below)",
    "“quoted”",
)
"""What people put in."""

_STEP_LINE = re.compile(r"^( *)(\d[\d.]*|-) (.*)$")


def _step_lines(prompt: str) -> tuple[list[str], list[int]]:
    """The lines of a prompt, and which of them are numbered or bullets of the steps."""
    lines = prompt.split("\n")
    start = lines.index("Steps") if "Steps" in lines else 0
    end = lines.index("Replay") if "Replay" in lines else len(lines)
    return lines, [at for at in range(start, end) if _STEP_LINE.match(lines[at])]


def reword(rng: random.Random, prompt: str) -> str:
    """One line with a few words changed, put in or taken out."""
    lines, steps = _step_lines(prompt)
    if not steps:
        return prompt
    at = rng.choice(steps)
    words = lines[at].split(" ")
    plain = [n for n, word in enumerate(words) if word.isalpha() and len(word) > 2]
    if not plain:
        return prompt
    place = rng.choice(plain)
    kind = rng.randrange(3)
    if kind == 0:
        words[place] = rng.choice(WORDS)
    elif kind == 1:
        words.insert(place, rng.choice(WORDS))
    else:
        del words[place]
    lines[at] = " ".join(words)
    return "\n".join(lines)


def reword_prose(rng: random.Random, prompt: str) -> str:
    """One line of the author's own prose with words changed.

    No line with words that compilation puts around it.
    """
    lines, steps = _step_lines(prompt)
    own = [
        at
        for at in steps
        if not re.search(
            (
                r"focused_action|declare_task|upsert|loop|attempt|Otherwise|If |Press |Wait "
                r"|Click .*type exactly|screen|Save |Check |Find |Before you fail|Data: "
            ),
            lines[at],
        )
        and len(lines[at].split()) > 3
    ]
    if not own:
        return reword(rng, prompt)
    at = rng.choice(own)
    words = lines[at].split(" ")
    plain = [n for n, word in enumerate(words) if word.isalpha() and len(word) > 2]
    if not plain:
        return prompt
    place = rng.choice(plain)
    words[place : place + rng.randrange(2)] = [rng.choice(WORDS)]
    lines[at] = " ".join(words)
    return "\n".join(lines)


def add_line(rng: random.Random, prompt: str) -> str:
    """A line of its own, which people do not number."""
    lines, steps = _step_lines(prompt)
    if not steps:
        return prompt + "\nBe careful."
    at = rng.choice(steps)
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines.insert(at + 1, f"{indent}Also look at {rng.choice(WORDS)}.")
    return "\n".join(lines)


def drop_line(rng: random.Random, prompt: str) -> str:
    """A line taken out, the numbers left as they were."""
    lines, steps = _step_lines(prompt)
    if steps:
        del lines[rng.choice(steps)]
    return "\n".join(lines)


def add_numbered_line(rng: random.Random, prompt: str) -> str:
    """A line with a number that another has already, between two lines of the main agent."""
    lines, steps = _step_lines(prompt)
    tops = [at for at in steps if lines[at][0].isdecimal()]
    if not tops:
        return prompt
    at = rng.choice(tops)
    lines.insert(at, f"{rng.randint(1, 9)}. Also look at {rng.choice(WORDS)}.")
    return "\n".join(lines)


def add_rule(rng: random.Random, prompt: str) -> str:
    """A rule below one of those that are there."""
    lines = prompt.split("\n")
    if "Steps" not in lines or "Rules" not in lines:
        return prompt
    at = rng.randint(lines.index("Rules") + 2, lines.index("Steps") - 1)
    lines.insert(at, f"- Never touch {rng.choice(WORDS)}.")
    return "\n".join(lines)


def add_blanks(rng: random.Random, prompt: str) -> str:
    """Blanks at line ends, and a line of words changed."""
    return "\n".join(line + " " * rng.randrange(3) for line in reword(rng, prompt).split("\n"))


def save_as_rich_text(rng: random.Random, prompt: str) -> str:
    """A line without a number, saved by an editor of rich text."""
    if prompt.startswith("<p>"):
        return add_numbered_line(rng, prompt)
    changed = add_numbered_line(rng, prompt).replace("   ", "\u00a0 \u00a0")
    lines = escape(changed, quote=rng.random() < 0.5).replace("\u00a0", "&nbsp;").split("\n")
    return "".join(f"<p>{line or '<br>'}</p>" for line in lines)


# With the numbers put right


def _bodies(body: nodes.Body, at: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], nodes.Body]]:
    found = [(at, body)]
    for index, each in enumerate(body):
        if isinstance(each, nodes.Step):
            found += _bodies(each.body, (*at, index))
    return found


def _replaced(body: nodes.Body, at: tuple[int, ...], new: nodes.Body) -> nodes.Body:
    if not at:
        return new
    step = body[at[0]]
    assert isinstance(step, nodes.Step)
    inner = replace(step, body=_replaced(step.body, at[1:], new))
    return (*body[: at[0]], inner, *body[at[0] + 1 :])


def renumbered(
    rng: random.Random,
    workflow: nodes.Workflow,
    capabilities: Capabilities = DOCUMENTED,
    resolve: Callable[[Any], str] = stand_in,
) -> str:
    """The prompt with a line added, taken out or moved, and every number put right."""
    at, body = rng.choice(_bodies(workflow.body))
    plain = [
        n
        for n, each in enumerate(body)
        if isinstance(each, nodes.Do | nodes.Press | nodes.Clear | nodes.Wait)
    ]
    kind = rng.choice(("add", "drop", "move") if plain else ("add",))
    new = list(body)
    if kind == "add":
        text = (nodes.TextPiece(value=f"Also look at {rng.choice(WORDS)}."),)
        new.insert(rng.randint(0, len(new)), nodes.Do(origin=workflow.origin, text=text))
    elif kind == "drop" and len(new) > 1:
        del new[rng.choice(plain)]
    else:
        moved = new.pop(rng.choice(plain))
        new.insert(rng.randint(0, len(new)), moved)
    changed = replace(workflow, body=_replaced(workflow.body, at, tuple(new)))
    return emit_template(changed, capabilities).render(resolve)


# Fields


def _schema(values: Values, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    try:
        document = json.loads(values[name])
    except ValueError:
        return
    fields = document.get("properties") if isinstance(document, dict) else None
    if isinstance(fields, dict) and all(isinstance(each, dict) for each in fields.values()):
        change(document)
        values[name] = json.dumps(document)


def change_field(rng: random.Random, values: Values) -> str:
    """One field that is no prompt, changed in place; what was done is named."""
    kinds = ["name", "flag", "allowlist"]
    if values.get("input_schema"):
        kinds += ["description", "bound", "enum", "required", "new input"]
    if values.get("output_schema"):
        kinds.append("output")
    if values.get("post_run_checks"):
        kinds += ["check", "no check", "new check"]
    kind = rng.choice(kinds)
    match kind:
        case "name":
            values["name"] = f"{values['name']} {rng.choice(WORDS)}"
        case "flag":
            flag = rng.choice(("is_webhooks_enabled", "includes_file_exports"))
            values[flag] = not values.get(flag)
        case "allowlist":
            values["terminal_command_allowlist"] = [
                *(values.get("terminal_command_allowlist") or ()),
                rng.choice(("Get-Date", 'dir "C:\\a b"', "echo {x}")),
            ]
        case "description" | "bound" | "enum" | "required" | "new input":

            def change(document: dict[str, Any]) -> None:
                _change_inputs(rng, kind, document)

            _schema(values, "input_schema", change)
        case "output":

            def describe(document: dict[str, Any]) -> None:
                fields = list((document.get("properties") or {}).values())
                if fields:
                    chosen = rng.choice(fields)
                    own = str(chosen.get("description", ""))
                    chosen["description"] = f"{rng.choice(WORDS)} here. {own}".strip()

            _schema(values, "output_schema", describe)
        case _:
            values["post_run_checks"] = _checks(rng, kind, values["post_run_checks"])
    return kind


def _change_inputs(rng: random.Random, kind: str, document: dict[str, Any]) -> None:
    fields = document.get("properties") or {}
    names = [name for name in fields if not name.startswith("$")]
    if not names:
        return
    chosen = rng.choice(names)
    field = fields[chosen]
    match kind:
        case "description":
            field["description"] = f"Called {rng.choice(WORDS)} by the desk."
        case "bound" if field.get("type") in ("integer", "number"):
            field["minimum"] = rng.randint(0, 5)
        case "bound" if field.get("type") == "array":
            field["maxItems"] = rng.randint(1, 9)
        case "bound" if rng.random() < 0.5:
            field["maxLength"] = rng.randint(1, 90)
        case "bound":
            field["pattern"] = "^[A-Z0-9-]+$"
        case "enum" if "enum" in field:
            field["enum"] = [*(field["enum"] or ()), "new"]
        case "enum":
            field["enum"] = ["a", "b"]
        case "required":
            required = list(document.get("required") or ())
            kept = [name for name in required if name != chosen]
            document["required"] = [*kept, chosen] if kept == required else kept
            if not document["required"]:
                del document["required"]
        case _:
            document["properties"] = {"added": {"type": "string"}, **fields}
            document["required"] = ["added", *(document.get("required") or ())]


def _checks(rng: random.Random, kind: str, checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    checks = copy.deepcopy(checks)
    at = rng.randrange(len(checks))
    if kind == "no check" and len(checks) > 1:
        del checks[at]
    elif kind == "new check":
        prompt = f"the result is {rng.choice(WORDS)}"
        new = {"name": "new", "type": "output_data_agentic_check", "check_prompt": prompt}
        checks.insert(at, new)
    elif "check_prompt" in checks[at]:
        checks[at]["check_prompt"] += f" and {rng.choice(WORDS)}"
    else:
        checks[at]["description"] = "Looked at by the desk."
    return checks
