"""Workflows as a service may hold them: those of `tests/corpus/payloads`, and random ones."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Payload = dict[str, Any]

CORPUS = Path(__file__).parents[3] / "corpus" / "payloads"

NAMES = (
    "claim", "member_id", "dob", "items", "loop_item", "x", "first name", "取引先", "class",
    "e-mail", "Größe", "2nd", "true", "a'b", "_",
)  # fmt: skip
PATHS = (
    "", "", "", ".name", "[0]", "[0].id", "['first name']", '["x y"]', ".a.b[2]", ".", "[", "[]",
    "[-1]",
)  # fmt: skip
TITLES = (
    "Claim intake", "Überweisung prüfen", "請求書", "🚚", "CON", "nul.txt", "workflow",
    "Ops/Claims: \"final\"", "2nd reminder", "a\\", "{x}", "Path C:\\Jobs\\", "two\nlines",
    " padded ", "flow 1", "# x", "Claim intake",
)  # fmt: skip
SENTENCES = (
    "Open LedgerPro from the taskbar and wait for its main window.",
    "Type {claim} into the search field, press Tab and then Enter.",
    (
        "Use focused_action to find the row of {member_id} and open it; if there is none use "
        'declare_task_failed with "No row".'
    ),
    "Read the total with focused_action and save it as {{total}} with upsert_runtime_values.",
    "Triple-click the number in the banner, then copy_to_clipboard with key number.",
    'Take a screenshot with extract_prompt="every row" and process_async="run".',
    'save_screenshot_as_run_attachment named "page_{{number}}.png".',
    "Sign in with {user} and {$password}. Never write {$password} anywhere.",
    'use start_loop with text="{items}" and type {{loop_item.name}}; end_loop_iteration text="ok".',
    "For each room, and for each posting of the room, flag the duplicates.",
    "mark_file_for_export C:\\Exports\\{claim}\\report.pdf",
    "Click “Save”, then „Schließen“ – ¡ahora! 保存を押します。 اضغط «حفظ» 🐈‍⬛",
    'The answer is JSON such as {"error": "E-1", "retry": [true, null], "at": {"x": 1}}.',
    "Do not touch the recipes.",
)
COMMANDS = (
    "Get-ChildItem C:\\out | ForEach-Object { $_.Name } | ConvertTo-Json",
    "Get-Item \"${env:TEMP}\\{claim}.csv\" | Select-Object @{n='KB';e={$_.Length/1KB}}",
    'Stop-Process -Name "{{process}}" -Force',
    "net use Z: \\\\files.test\\share {$password}",
    "Get-Date",
    'echo """ `n " \\',
    "a\r\nb\n",
    "\x1b[0m",
    "flowdsl: this workflow runs no terminal command",
    "",
    "{",
)
NASTY = (
    '"', "'", '"""', "\\", "\\{", "\\\\", "{", "}", "{{", "}}", "{{x}}", "{x}", "{$x}", "${x}",
    "{ x }", "{#", "#}", "{# note #}", "#", "\n", "\n\n", "\r\n", "\r", "\t", " ", "  \n", "\x0b",
    "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u00a0", "\u200b", "\ufeff", "\u202e", "é",
    "e\u0301", "中", "ß", "🥐", "\U0001d4d7", "<p>", "</p>", "&nbsp;", "&lt;", "<br>", "r\"", "1.",
    "- ", "Steps\n", "Rules\n", "__EMPTY__", "flow 1\n", "word", "Click", "%", "$", "`", "~", "|",
    "//", "/*",
)  # fmt: skip
HTML = (
    "<p>{}</p>",
    '<p class="MsoNormal"><span style="font-family:&quot;Calibri&quot;">{}<o:p></o:p></span></p>',
    "<ul><li>{}</li></ul>",
    "<p><strong>{}</strong>&nbsp;</p>",
    (
        '<p>{}<img src="supabase://workflow-prompt-images/org_2x/prompt-assets/a.png" alt="a '
        '&amp; b"></p>'
    ),
    "<h2>{}</h2><p><br></p>",
)
MARKDOWN = (
    "# {}", "## {}", "1. {}", "  - {}", "* {}", "> {}", "| {} | x |", "```\n{}\n```", "**{}**",
    "\t{}", "- [ ] {}",
)  # fmt: skip
KINDS = (
    "run_attachment_exists",
    "run_attachment_image_check",
    "output_data_agentic_check",
    "output_data_passes_schema_validation",
)
SHORT_NOTATIONS = (
    '{"mrn":"string","vitals":{"rate":"number"},"items":"array"}', "{ free: [string] }",
    "A list of photos.", "", "null", "[]", "true", '"number"', "{}",
)  # fmt: skip
MODEL_KEYS = (
    "main_agent_model_id",
    "cache_detection_model_id",
    "fallback_model_1_id",
    "fallback_model_2_id",
)


def corpus() -> dict[str, Payload]:
    """The hand-written payloads by file name without its ending."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(CORPUS.glob("*.json"))
    }


def payload(rng: random.Random, ours: Sequence[Payload] = ()) -> Payload:
    """A random workflow that the service would take.

    `ours` are workflows that FlowDSL wrote: some are damaged ones of them.
    """
    if ours and _chance(rng, 0.2):
        return _damaged(rng, rng.choice(ours))
    body: Payload = {"main_prompt": _prompt(rng)}
    return _reply(rng, _settings(rng, body)) if _chance(rng, 0.3) else _settings(rng, body)


def _damaged(rng: random.Random, own: Payload) -> Payload:
    """A workflow of ours after somebody changed it in a dashboard.

    Its prompt, its settings, or neither.
    """
    prompt = own["main_prompt"]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        at = rng.randrange(len(prompt) + 1)
        until = min(len(prompt), at + rng.choice((0, 1, 1, 3, 20, 200)))
        prompt = (
            prompt[:at] + rng.choice(("", nasty(rng, 2), rng.choice(SENTENCES))) + prompt[until:]
        )
    changed = _settings(rng, {})
    kept = {field: changed[field] for field in changed if _chance(rng, 0.1)}
    return own | {"main_prompt": prompt or "."} | kept


def _settings(rng: random.Random, body: Payload) -> Payload:
    """`body` with random fields beside its prompt."""
    if _chance(rng, 0.9):
        body["name"] = rng.choice((*TITLES, None, "", nasty(rng, 4)[:255]))
    if _chance(rng, 0.8):
        body["input_schema"] = _schema_text(rng, inputs=True)
    if _chance(rng, 0.7):
        body["output_schema"] = _schema_text(rng, inputs=False)
    for flag in ("includes_file_exports", "is_webhooks_enabled"):
        if _chance(rng, 0.7):
            body[flag] = _chance(rng, 0.5)
    if _chance(rng, 0.6):
        body["terminal_command_allowlist"] = rng.choice(
            (None, [], rng.sample(COMMANDS, rng.randint(1, 4)), [rng.choice(COMMANDS)])
        )
    if _chance(rng, 0.5):
        body["model_metadata"] = _models(rng)
    if _chance(rng, 0.6):
        body["post_run_checks"] = rng.choice(
            (None, [], [_check(rng) for _ in range(rng.randint(1, 4))])
        )
    if _chance(rng, 0.4):
        body["post_run_check_failure_cleanup_prompt"] = rng.choice(
            (None, "", "Close the dialog.", rng.choice(SENTENCES), nasty(rng, 6))
        )
    if _chance(rng, 0.15):
        body[rng.choice(("description", "priority", "x-odd key"))] = _json(rng, 2)
    return body


def nasty(rng: random.Random, most: int) -> str:
    """Up to `most` pieces of text that something may stumble over.

    No NUL, no half of a surrogate pair.
    """
    return "".join(rng.choice(NASTY) for _ in range(rng.randint(0, most)))


# Prompts


def _prompt(rng: random.Random) -> str:
    text = rng.choice((_prose, _markdown, _html, _commands, _noise))(rng)
    text += rng.choice(("", "", "", "\n", "\n\n\n", " ", "\\", " \t\n"))
    if _chance(rng, 0.1):
        text = text.replace("\n", "\r\n")
    if _chance(rng, 0.1):
        text = rng.choice(("# ", "flow 1\n", "\ufeff", "\n\n", "Steps\n", "{")) + text
    return text or "."


def _sentences(rng: random.Random, least: int, most: int) -> list[str]:
    found = []
    for _ in range(rng.randint(least, most)):
        sentence = rng.choice(SENTENCES)
        if _chance(rng, 0.3):
            sentence = sentence.replace("claim", _variable(rng), 1)
        if _chance(rng, 0.15):
            at = rng.randrange(len(sentence) + 1)
            sentence = sentence[:at] + nasty(rng, 3) + sentence[at:]
        found.append(sentence)
    return found


def _variable(rng: random.Random) -> str:
    name = rng.choice(NAMES) + rng.choice(PATHS)
    return rng.choice(("{%s}", "{{%s}}", "{$%s}", "\\{%s}", "${%s}", "{{{%s}}}", "{ %s }")) % name


def _prose(rng: random.Random) -> str:
    return rng.choice((" ", "\n", "\n\n", "\n   ", "  \n")).join(_sentences(rng, 1, 30))


def _markdown(rng: random.Random) -> str:
    return "\n".join(rng.choice(MARKDOWN).format(each) for each in _sentences(rng, 2, 20))


def _html(rng: random.Random) -> str:
    return rng.choice(("", "\n")).join(
        rng.choice(HTML).format(each.replace("&", "&amp;").replace("<", "&lt;"))
        for each in _sentences(rng, 1, 12)
    )


def _commands(rng: random.Random) -> str:
    lines = _sentences(rng, 1, 6) + [rng.choice(COMMANDS) for _ in range(rng.randint(1, 5))]
    rng.shuffle(lines)
    return "\n".join(lines)


def _noise(rng: random.Random) -> str:
    return nasty(rng, 40)


# Schemas


def _schema_text(rng: random.Random, *, inputs: bool) -> str | None:
    if _chance(rng, 0.1):
        return None
    if _chance(rng, 0.15):
        return rng.choice(SHORT_NOTATIONS)
    schema = _record(rng, 2)
    if inputs and _chance(rng, 0.5):
        schema["properties"]["$" + rng.choice(NAMES)] = {"type": "string"}
    if inputs and _chance(rng, 0.1):
        schema["$comment"] = rng.choice(("ours", "flowdsl:p/local/workflow.x/1/00000000 mine"))
    if _chance(rng, 0.05):
        schema = {"type": "array", "items": schema}
    return json.dumps(schema, indent=rng.choice((None, None, 2)), ensure_ascii=_chance(rng, 0.5))


def _record(rng: random.Random, depth: int) -> Payload:
    names = rng.sample(NAMES, rng.randint(0, 5))
    schema: Payload = {"type": "object", "properties": {n: _schema(rng, depth - 1) for n in names}}
    if names and _chance(rng, 0.7):
        schema["required"] = rng.sample(names, rng.randint(1, len(names)))
    if _chance(rng, 0.1):
        schema["additionalProperties"] = rng.choice((False, True, {"type": "string"}))
    if _chance(rng, 0.1):
        schema["description"] = rng.choice(SENTENCES) + nasty(rng, 2)
    if _chance(rng, 0.03):
        schema["$defs"] = {"part": {"type": "string"}}
        schema["properties"]["part"] = {"$ref": "#/$defs/part"}
    if _chance(rng, 0.03):
        schema["oneOf"] = [{"required": names}, {"not": {"required": names}}]
    if _chance(rng, 0.02):
        schema = dict(reversed(schema.items()))
    return schema


def _schema(rng: random.Random, depth: int) -> Payload:
    kinds = [
        "string",
        "string",
        "number",
        "integer",
        "boolean",
        "enum",
        "nullable",
        "format",
        "any",
    ]
    if depth > 0:
        kinds += ["object", "array", "array"]
    schema: Payload
    match rng.choice(kinds):
        case "enum":
            schema = {"type": "string", "enum": rng.choice((["a", "b c"], ["x"], ["", 'q"'], []))}
        case "nullable":
            schema = {
                "type": rng.choice((["string", "null"], ["null", "integer"], ["number", "string"]))
            }
        case "format":
            schema = {
                "type": "string",
                "format": rng.choice(("date", "date-time", "time", "email", "uri")),
            }
        case "any":
            schema = rng.choice(
                ({}, {"const": 1}, {"type": "string", "const": "x"}, {"enum": [1, None]})
            )
        case "object":
            schema = _record(rng, depth)
        case "array":
            schema = {"type": "array", "items": _schema(rng, depth - 1)}
            if _chance(rng, 0.3):
                schema |= rng.choice(({"minItems": 1}, {"maxItems": 50}, {"uniqueItems": True}))
        case simple:
            schema = {"type": simple}
    if schema.get("type") == "string" and _chance(rng, 0.3):
        schema |= rng.choice(
            (
                {"pattern": "^[0-9]{6}$"},
                {"minLength": 1, "maxLength": 9},
                {"pattern": "(?<x>a)"},
                {"pattern": "["},
            )
        )
    if schema.get("type") in ("number", "integer") and _chance(rng, 0.3):
        schema |= rng.choice(
            (
                {"minimum": 0},
                {"maximum": 1.5e3},
                {"exclusiveMinimum": 0},
                {"multipleOf": 0.01},
                {"minimum": 9, "maximum": 1},
            )
        )
    if _chance(rng, 0.15):
        schema["default"] = rng.choice((None, "x", 1, 0.5, True, [], {}, nasty(rng, 3)))
    if _chance(rng, 0.2):
        schema["description"] = rng.choice(
            (*SENTENCES, "", " x", "two\nlines", "# x", nasty(rng, 4))
        )
    return schema


def _json(rng: random.Random, depth: int) -> Any:
    if depth > 0 and _chance(rng, 0.4):
        keys = ("a", "b c", "$x", "")
        return rng.choice(
            (
                [_json(rng, depth - 1) for _ in range(rng.randint(0, 3))],
                {rng.choice(keys): _json(rng, depth - 1) for _ in range(rng.randint(0, 3))},
            )
        )
    return rng.choice((None, True, 0, -1, 2.5, 1e-7, 10**30, "", "text", nasty(rng, 4)))


# Checks, models, replies


def _check(rng: random.Random) -> Payload:
    kind = rng.choice((*KINDS, *KINDS, *KINDS, "human_review"))
    check: Payload = {
        "name": rng.choice(("picture", "picture", "x", "", nasty(rng, 3), "output matches schema")),
        "type": kind,
    }
    if "attachment" in kind:
        check |= _target(rng)
    if kind.endswith("image_check") or "agentic" in kind:
        check["check_prompt"] = rng.choice(("It shows {claim}.", "All is well.", "", nasty(rng, 5)))
        if _chance(rng, 0.3):
            check["model"] = _uuid(rng)
    if _chance(rng, 0.3):
        check["description"] = rng.choice(("Asked for by audit.", "", nasty(rng, 3)))
    if _chance(rng, 0.3):
        check["allow_missing_attachments"] = _chance(rng, 0.5)
    if _chance(rng, 0.1):
        check["severity"] = _json(rng, 1)
    return check


def _target(rng: random.Random) -> Payload:
    names = ("shot.png", "{claim}.pdf", "{{number}}.png", "\\{x}.png", 'q".png')
    match rng.randrange(5):
        case 0 | 1:
            return {"file_target_mode": "exact", "file_names": rng.sample(names, rng.randint(1, 3))}
        case 2:
            found: Payload = {
                "file_target_mode": "regex",
                "file_name_regex": rng.choice((r"^a\.png$", "[", '"')),
            }
            count: tuple[Payload, ...] = (
                {},
                {"expected_match_count": 2},
                {"expected_match_count": 0},
                {"expected_match_count_ref": "{claim}"},
                {"expected_match_count_ref": "n"},
            )
            return found | rng.choice(count)
        case 3:
            items = rng.choice(("{items}", "{items[0].x}", "items", "{{items}}"))
            return {
                "file_target_mode": "loop_items",
                "loop_input": items,
                "loop_item_filename_template": rng.choice(
                    ("{{loop_item}}.png", "{{loop_item.id}}_{claim}.png", "x")
                ),
            }
        case _:
            return rng.choice(({}, {"file_target_mode": "exact"}, {"file_target_mode": "glob"}))


def _models(rng: random.Random) -> Payload | None:
    keys = rng.sample(MODEL_KEYS, rng.randint(0, 4))
    models: Payload = {key: _uuid(rng) if _chance(rng, 0.6) else None for key in keys}
    if _chance(rng, 0.1):
        models["planner_model_id"] = _uuid(rng)
    return None if _chance(rng, 0.2) else models


def _reply(rng: random.Random, body: Payload) -> Payload:
    organization, times = (
        "org_2x",
        {"created_at": "2026-02-11T10:00:00Z", "updated_at": "2026-02-12T10:00:00Z"},
    )
    owned = {"organization_id": organization, "user_id": _uuid(rng), **times}
    nothing = dict.fromkeys(
        (
            "name",
            "input_schema",
            "output_schema",
            "terminal_command_allowlist",
            "model_metadata",
            "post_run_check_failure_cleanup_prompt",
        )
    )
    checks = [
        check | owned | {"id": _uuid(rng), "order": place}
        for place, check in enumerate(body.get("post_run_checks") or ())
    ]
    tags = rng.sample(("front desk", "nightly", "Lohn & Gehalt", 'q"{x}'), rng.randint(0, 3))
    return {
        **nothing,
        "includes_file_exports": False,
        "is_webhooks_enabled": False,
        **body,
        **owned,
        "id": _uuid(rng),
        "includes_input_variables": "{" in body["main_prompt"],
        "workflow_metadata": {"has_unaddressed_error": False},
        "old_versions": [{"main_prompt": "older"}],
        "tags": [
            owned | {"name": tag, "id": _uuid(rng), "order": at, "is_archived": False}
            for at, tag in enumerate(tags)
        ],
        "post_run_checks": checks,
    }


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share
