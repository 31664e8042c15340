"""Forty edits of workflows as a person makes them in a dashboard, with what is to come back.

Ten kinds of four, of the twelve programs of the corpus and of the examples.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from flowdsl.decompile.pulling.attempts import FILE
from tests.support.flows.decompile.pulling import Desk
from tests.support.services.dashboard import Values

Change = Callable[[Values], None]

_SHOWN = 160
"""The most characters of a line of a verdict."""


@dataclass(frozen=True)
class TableEdit:
    """An edit: `added` and `removed` are the lines of source that it is to come back as.

    `extra` is the number of other lines that may be added, where a `call` becomes its statements.
    `project` is a folder below the root of the checkout.
    """

    kind: str
    workflow: str
    change: Change
    added: tuple[str, ...]
    removed: tuple[str, ...] = ()
    project: str = "tests/corpus/valid/workflows"
    extra: int = 0

    @property
    def address(self) -> str:
        return f"workflow.{self.workflow}"


def _in_prompt(*pairs: tuple[str, str]) -> Change:
    """Exchange parts of the prompt, of which each stands there once."""

    def change(values: Values) -> None:
        prompt = str(values["main_prompt"])
        for old, new in pairs:
            assert prompt.count(old) == 1, (old, prompt.count(old))
            prompt = prompt.replace(old, new)
        values["main_prompt"] = prompt

    return change


def _after(line: str, *new: str) -> Change:
    """Put lines in below the line that contains some words."""

    def change(values: Values) -> None:
        lines = str(values["main_prompt"]).split("\n")
        (at,) = (number for number, each in enumerate(lines) if line in each)
        lines[at + 1 : at + 1] = new
        values["main_prompt"] = "\n".join(lines)

    return change


def _without(*parts: str) -> Change:
    """Take out the lines that contain some words."""

    def change(values: Values) -> None:
        lines = str(values["main_prompt"]).split("\n")
        for part in parts:
            (at,) = (number for number, each in enumerate(lines) if part in each)
            del lines[at]
        values["main_prompt"] = "\n".join(lines)

    return change


def _all_of(*changes: Change) -> Change:
    def change(values: Values) -> None:
        for each in changes:
            each(values)

    return change


def _set(**fields: object) -> Change:
    return lambda values: values.update(fields)


def _in_schema(field: str, change: Callable[[dict[str, dict[str, object]]], None]) -> Change:
    """Change the fields of a schema."""

    def edit(values: Values) -> None:
        document = json.loads(values[field])
        change(document["properties"])
        values[field] = json.dumps(document)

    return edit


def _new_input(name: str, description: str) -> Change:
    def edit(values: Values) -> None:
        document = json.loads(values.get("input_schema") or '{"type": "object", "properties": {}}')
        document["properties"][name] = {"type": "string", "description": description}
        document["required"] = [*document.get("required", ()), name]
        values["input_schema"] = json.dumps(document)

    return edit


def _paragraphs(values: Values) -> None:
    """Save the prompt with an editor that makes a paragraph of every line."""
    lines = str(values["main_prompt"]).replace("   ", "\u00a0 \u00a0").split("\n")
    values["main_prompt"] = "".join(
        f"<p>{escape(line, quote=False) or '<br>'}</p>" for line in lines
    ).replace("\u00a0", "&nbsp;")


def _breaks(values: Values) -> None:
    """Save the prompt with an editor that breaks lines inside paragraphs, and makes words bold."""
    blocks = escape(str(values["main_prompt"])).split("\n\n")
    marked = "".join(f"<p>{block.replace(chr(10), '<br>')}</p>" for block in blocks)
    values["main_prompt"] = marked.replace("Rules<br>", "<strong>Rules</strong><br>")


def _divs(values: Values) -> None:
    lines = escape(str(values["main_prompt"])).split("\n")
    values["main_prompt"] = "".join(f"<div>{line or '<br/>'}</div>\r\n" for line in lines)


def _lists(values: Values) -> None:
    """Save the prompt with an editor that makes lists of the lines of rules and of bullets."""
    html: list[str] = []
    depth = 0
    for line in str(values["main_prompt"]).split("\n"):
        bullet = re.match(r"( *)- ", line)
        deeper = 0 if bullet is None else 1 + max(len(bullet[1]) - 3, 0) // 2
        opened = min(deeper, depth + 1)
        html += ["<ul>"] * (opened - depth) + ["</ul>"] * (depth - opened)
        depth = opened
        words = escape(line.strip().removeprefix("- "))
        html.append(f"<li>{words}</li>" if bullet else f"<p>{words or '<br>'}</p>")
    values["main_prompt"] = "".join(html) + "</ul>" * depth


def _check(values: Values) -> None:
    values["post_run_checks"] = [
        *values["post_run_checks"],
        {
            "name": "complete",
            "type": "output_data_agentic_check",
            "check_prompt": "every row has a status",
        },
    ]


AP, REPORTS, CLINIC = (
    f"examples/{each}" for each in ("accounts-payable", "claims-reports", "clinic")
)

LINE, GONE, BULLET, RULE, PARAGRAPH, INPUT, HTML, READING, SETTING, KEYS = KINDS = (
    "a line inserted, numbers left",
    "a line deleted, numbers left",
    "a bullet",
    "a rule",
    "a paragraph",
    "a new input with its use",
    "saved by an editor of rich text",
    "a reading or check reworded",
    "a setting, field or check",
    "keys and models",
)

TABLE = (
    # A line inserted
    TableEdit(
        LINE,
        "begin_sign_in",
        _after("type the secret {$password}", "Tick the box Remember this computer."),
        ('do "Tick the box Remember this computer."',),
    ),
    TableEdit(
        LINE,
        "request_authorisation",
        _after("11.1 Click the button", "   11.2 Wait for the dialog to open."),
        ('do "Wait for the dialog to open."',),
    ),
    TableEdit(
        LINE,
        "schedule_visit",
        _after("a name stands beside the patient", "5. Close the list of patients."),
        ('do "Close the list of patients."',),
    ),
    TableEdit(
        LINE,
        "patient_lookup",
        _after("1. Double-click", "Maximise the sign-in window."),
        ('do "Maximise the sign-in window."',),
        project=CLINIC,
        extra=60,
    ),
    # A line deleted
    TableEdit(
        GONE,
        "request_authorisation",
        _without('14. Click the button "Submit"'),
        (),
        ('do "Click the button \\"Submit\\"."',),
    ),
    TableEdit(
        GONE,
        "reconcile_account",
        _without("6.3 Press enter."),
        (),
        ('press "Enter"',),
    ),
    TableEdit(
        GONE,
        "run_report",
        _without("Wait up to 3 minutes for “the report is shown”"),
        (),
        ('wait until "the report is shown" timeout 3m',),
    ),
    TableEdit(
        GONE,
        "release_batch",
        _without("Wait up to 1 minute"),
        (),
        (
            'wait until "a message says that the batch is released" timeout 1m',
            'else abort "Batch {batch} was not released"',
        ),
    ),
    # A bullet
    TableEdit(
        BULLET,
        "claims_status",
        _after(
            'Clear everything in the field "Claim number"', "        - Click into the search form."
        ),
        ('do "Click into the search form."',),
    ),
    TableEdit(
        BULLET,
        "begin_sign_in",
        _after("Read “the last digits", '   - Write the digits into the note "Bank".'),
        ('do "Write the digits into the note \\"Bank\\"."',),
    ),
    TableEdit(
        BULLET,
        "enter_batch",
        _after('Click the button "Send for release".', '- Confirm with "Yes".'),
        ('do "Confirm with \\"Yes\\"."',),
    ),
    TableEdit(
        BULLET,
        "upload_documents",
        _after('Tick the box "Confidential"', '          - Choose "Only me" beside it.'),
        (
            'if document.confidential { do "Tick the box \\"Confidential\\"."',
            'do "Choose \\"Only me\\" beside it."',
            "}",
        ),
        ('if document.confidential { do "Tick the box \\"Confidential\\"." }',),
    ),
    # A rule
    TableEdit(
        RULE,
        "work_queue",
        _after('If the window "Are you still there?"', "- Never open a case that is marked red."),
        ('"Never open a case that is marked red."',),
    ),
    TableEdit(
        RULE,
        "enter_invoices",
        _after("- While waiting, look", "- If a tip of the day appears, close it."),
        ("always {", '"If a tip of the day appears, close it."', "}"),
    ),
    TableEdit(
        RULE,
        "schedule_visit",
        _in_prompt(('appears, click "Close".', 'appears, click "Close" and go on.')),
        ('"If a note named \\"Message of the day\\" appears, click \\"Close\\" and go on."',),
        ('"If a note named \\"Message of the day\\" appears, click \\"Close\\"."',),
    ),
    TableEdit(
        RULE,
        "correct_records",
        _in_prompt(
            (
                "- Do the numbered lines in order.",
                "- Do the numbered lines in order.\n* Use the mouse only where a line says so.",
            )
        ),
        ("always {", '"Use the mouse only where a line says so."', "}"),
    ),
    # A paragraph
    TableEdit(
        PARAGRAPH,
        "work_queue",
        _after('1. Open "Deskline"', "", "The queue takes a moment to load.", ""),
        ('do "The queue takes a moment to load."',),
    ),
    TableEdit(
        PARAGRAPH,
        "run_report",
        _after("11. Use mark_file_for_export", "", "Close the report and leave the program open."),
        ('do "Close the report and leave the program open."',),
    ),
    TableEdit(
        PARAGRAPH,
        "reconcile_account",
        _in_prompt(("\n\nSteps\n", "\n\nThe bank shows the newest posting first.\n\nSteps\n")),
        ("always {", '"The bank shows the newest posting first."', "}"),
    ),
    TableEdit(
        PARAGRAPH,
        "upload_documents",
        _in_prompt(("where one is refused.", "where one is refused. Never changes a document.")),
        (
            "## Files documents in the archive, and goes on where one is refused. Never changes a "
            "document.",
        ),
        ("## Files documents in the archive, and goes on where one is refused.",),
    ),
    # A new input
    TableEdit(
        INPUT,
        "schedule_visit",
        _all_of(
            _new_input("branch", "Where the visit is."),
            _after("3. Press tab.", "4. Choose {branch} in the list of branches."),
        ),
        (
            "## Where the visit is.",
            "branch: string",
            'do "Choose {branch} in the list of branches."',
        ),
    ),
    TableEdit(
        INPUT,
        "upload_documents",
        _all_of(
            _new_input("device", "The token."),
            _after("type ⟦{dossier}⟧", 'Click the field "Token", type ⟦{device}⟧'),
        ),
        ("## The token.", "device: string", 'type device into "the field \\"Token\\""'),
    ),
    TableEdit(
        INPUT,
        "run_report",
        _all_of(
            _new_input("ward", "The ward."),
            _after(
                "Find and open or select “the entry ⟦{report}⟧",
                "   - Select the ward {ward} below it.",
            ),
        ),
        ("## The ward.", "ward: string", 'do "Select the ward {ward} below it."'),
    ),
    TableEdit(
        INPUT,
        "make_quotes",
        _all_of(
            _new_input("signature", "Who signs."),
            _after('Click the tab "Items".', "        - Sign with {signature}."),
        ),
        ("## Who signs.", "signature: string", 'do "Sign with {signature}."'),
    ),
    # Saved by an editor of rich text
    TableEdit(
        HTML,
        "begin_sign_in",
        _all_of(_after("4. Press enter.", "Wait for the next page to load."), _paragraphs),
        ('do "Wait for the next page to load."',),
    ),
    TableEdit(
        HTML,
        "claims_status",
        _all_of(_in_prompt(("of all payers", "of every payer")), _breaks),
        ('do "Open the bookmark \\"Claims of every payer\\" in Microsoft Edge."',),
        ('do "Open the bookmark \\"Claims of all payers\\" in Microsoft Edge."',),
    ),
    TableEdit(
        HTML,
        "enter_batch",
        _all_of(
            _in_prompt(('Click the button "Add payment"', 'Click the button "New payment"')), _divs
        ),
        ('do "Click the button \\"New payment\\"."',),
        ('do "Click the button \\"Add payment\\"."',),
    ),
    TableEdit(
        HTML,
        "work_queue",
        _all_of(_in_prompt(('Click the button "Take over', 'Press the button "Take over')), _lists),
        ('do "Press the button \\"Take over the new address\\"."',),
        ('do "Click the button \\"Take over the new address\\"."',),
    ),
    # A reading or check reworded
    TableEdit(
        READING,
        "enter_batch",
        _in_prompt(("“the reference of the batch”", "“the reference at the top of the batch”")),
        ('extract batch from "the reference at the top of the batch"',),
        ('extract batch from "the reference of the batch"',),
    ),
    TableEdit(
        READING,
        "claims_status",
        _in_prompt(
            ('Read “the panel "Status" of the claim”', 'Read “the tab "Status" of the claim”')
        ),
        ('extract shown: Shown from "the tab \\"Status\\" of the claim"',),
        ('extract shown: Shown from "the panel \\"Status\\" of the claim"',),
    ),
    TableEdit(
        READING,
        "request_authorisation",
        _in_prompt(
            (
                "Wait up to 2 minutes for “the result page",
                "Wait up to 5 minutes for “the result page",
            )
        ),
        ('wait until "the result page is shown" timeout 5m',),
        ('wait until "the result page is shown" timeout 2m',),
    ),
    TableEdit(
        READING,
        "invoice_batch",
        _in_prompt(
            (
                'the field "Batch total" at the bottom of the entry form',
                'the field "Batch total" below',
            )
        ),
        ('extract batch_total from "the field \\"Batch total\\" below"',),
        ('extract batch_total from "the field \\"Batch total\\" at the bottom of the entry form"',),
        project=AP,
    ),
    # Settings
    TableEdit(
        SETTING,
        "export_drawings",
        _set(name="CAD: export drawings as PDF"),
        ('title = "CAD: export drawings as PDF"',),
        ('title = "CAD: export drawings"',),
    ),
    TableEdit(
        SETTING,
        "correct_records",
        _set(is_webhooks_enabled=True),
        ("webhooks = true",),
    ),
    TableEdit(
        SETTING,
        "reconcile_account",
        _in_schema(
            "input_schema", lambda fields: fields["account"].update(description="The last digits.")
        ),
        ("## The last digits.",),
        (),
    ),
    TableEdit(
        SETTING,
        "claims_status",
        _check,
        ('output satisfies "every row has a status" as "complete"',),
    ),
    # Keys and models
    TableEdit(
        KEYS,
        "run_report",
        _in_prompt(("7. Press ctrl+shift+s.", "7. Press Ctrl+Alt+S.")),
        ('press "Ctrl+Alt+S"',),
        ('press "Ctrl+Shift+S"',),
    ),
    TableEdit(
        KEYS,
        "release_batch",
        _all_of(
            _in_prompt(("4. Press enter.", "4. Press Enter.")),
            _after("4. Press Enter.", "Press Tab."),
        ),
        ('press "Tab"',),
    ),
    TableEdit(
        KEYS,
        "export_drawings",
        _in_prompt(("Press ctrl+p.", "Press Ctrl+Shift+P.")),
        ('press "Ctrl+Shift+P"',),
        ('press "Ctrl+P"',),
    ),
    TableEdit(
        KEYS,
        "archive_file",
        _set(**{"model_metadata.main_agent_model_id": "00000000-1111-4222-8333-000000000002"}),
        ("model {", 'main = "00000000-1111-4222-8333-000000000002"', "}"),
        project=REPORTS,
    ),
)
"""The edits."""


def judge_pull(desk: Desk, edit: TableEdit) -> tuple[str, list[str]]:
    """Pull an edit: `expected`, `otherwise` or `left`, and why it is not as expected."""
    values = desk.values(edit.address)
    edit.change(values)
    done = desk.pulled({edit.address: values}, as_file=False)
    (pulled,) = done.workflows
    if pulled.left or not pulled.brought or FILE in pulled.levels.values():
        return "left", [f"{path}: {reason}" for path, reason in pulled.left.items()]
    changes = [
        line
        for path, text in done.texts.items()
        for line in difflib.Differ().compare(desk.text(path).splitlines(), text.splitlines())
    ]
    added, removed = (
        [
            line[2:].strip().removesuffix(",")
            for line in changes
            if line.startswith(mark) and line[2:].strip()
        ]
        for mark in ("+ ", "- ")
    )
    reasons = [f"lacks `{line}`" for line in edit.added if line not in added]
    reasons += [f"keeps `{line}`" for line in edit.removed if line not in removed]
    if not edit.extra:
        reasons += [f"also adds `{line}`" for line in added if line not in edit.added]
        reasons += [f"also removes `{line}`" for line in removed if line not in edit.removed]
    elif len(added) > edit.extra:
        reasons.append(f"adds {len(added)} lines")
    after = desk.after(done.texts)
    again = after.pulled({edit.address: values}, as_file=False)
    if again.texts or again.workflows[0].brought or again.workflows[0].left:
        reasons.append("a second pull is not settled")
    return ("otherwise" if reasons else "expected"), [line[:_SHOWN] for line in reasons]
