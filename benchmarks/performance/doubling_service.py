"""Workflows as a service may hold them, of any size, and all that reads them: for `doubling.py`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from doubling_phases import Job
from doubling_texts import Files, Make, repeated, steps

from flowdsl.cli.views.difference import field_lines
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.decompile.model import PromptHints
from flowdsl.decompile.project import import_workflows
from flowdsl.decompile.proposing.convert import propose_statements
from flowdsl.deploy.comparison.diff import FieldChange
from flowdsl.deploy.comparison.field_diff import field_rows, render_plain_rows
from flowdsl.source.files import MemoryFiles
from tests.support.flows.decompile.pulling import Desk
from tests.support.flows.decompile.round_trip import served


def _prompt(piece: str) -> Make:
    return lambda size: {"main_prompt": repeated(piece, size)}


def _html(piece: str) -> Make:
    return lambda size: {"main_prompt": f"<p>Go</p>{repeated(piece, size)}"}


def _compiled(piece: str, inputs: str = "") -> Make:
    """The prompt that FlowDSL itself writes for many statements, of about the size asked for."""

    def make(size: int) -> Files:
        files = MemoryFiles(steps(piece, inputs)(max(size // 3, 200)))
        bundle = compile_project(files, ["a.flow"], CompileOptions()).bundle
        assert bundle is not None
        (body,) = served(bundle).values()
        return {"main_prompt": body["main_prompt"]}

    return make


def _schema(piece: str) -> Make:
    def make(size: int) -> Files:
        properties = json.loads("{" + repeated(piece + ",", size).removesuffix(",") + "}")
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        return {"main_prompt": "Go", "input_schema": json.dumps(schema)}

    return make


def _checks(size: int) -> Files:
    piece = (
        '{"name": "c§", "type": "run_attachment_exists", "filename": "a§.pdf",'
        ' "match_type": "exact"},'
    )
    text = "[" + repeated(piece, size).removesuffix(",") + "]"
    return {"main_prompt": "Go", "post_run_checks": text}


KINDS: dict[str, Make] = {
    "prose": _prompt("Open LedgerPro § and wait for its window. Type {a} into it.\n"),
    "the same line": _prompt("Open the window.\n"),
    "two lines in turns": _prompt("a\nb\n"),
    "one long line": _prompt("Open the window § and press Enter. "),
    "one word": _prompt("a"),
    "the same word": _prompt("the "),
    "punctuation": _prompt(". , "),
    "blanks": _prompt(" "),
    "blank lines": _prompt("\n"),
    "backslashes": _prompt("\\"),
    "opened braces": _prompt("{"),
    "closed braces": _prompt("}"),
    "braces in turns": _prompt("{a} {{b}} {$c} {{{d}}} \\{e} "),
    "opened comments": _prompt("{# a "),
    "quotes": _prompt('" \' """ '),
    "variables": _prompt("Type {a§} and {{b§}} and {$c§} into the field.\n"),
    "paths": _prompt("{a" + ".b" * 40 + "}\n"),
    "one long path": lambda size: {"main_prompt": "Type {a" + repeated(".b", size) + "}"},
    "headings": _prompt("# Part §\n"),
    "nested headings": _prompt("# A §\n## B\n### C\n#### D\nGo.\n"),
    "deeper and deeper headings": _prompt("###### A §\nGo.\n##### B\n#### C\n### D\n## E\n# F\n"),
    "lists": _prompt("- Open it §\n"),
    "numbered lists": _prompt("1. Open it §\n"),
    "nested lists": _prompt("- a\n  - b\n    - c\n      - d §\n"),
    "deeper and deeper lists": lambda size: {
        "main_prompt": "".join(" " * (2 * at) + "- a\n" for at in range(max(int(size**0.5) - 1, 2)))
    },
    "tables": _prompt("| a § | b | c |\n|---|---|---|\n"),
    "one wide table": _prompt("| a § "),
    "fences": _prompt("```\nGet-Item §\n```\n"),
    "opened fences": _prompt("```\n~~~~\n"),
    "emphasis": _prompt("**a** *b* __c__ `d` "),
    "opened emphasis": _prompt("**a *b __c `d "),
    "links": _prompt("[a §](https://x.test/§) ![b](y.png) "),
    "opened links": _prompt("[a ](["),
    "step numbers": _prompt("Go to step § and then to steps 1.2.3.4 "),
    "dotted numbers": _prompt("1.2.3.4.5.6.7.8.9."),
    "tools": _prompt(
        "Use focused_action to read the total and save it as {{t§}} with upsert_runtime_values.\n"
    ),
    "loops": _prompt('use start_loop with text="{a}" and end_loop_iteration text="ok".\n'),
    "html": _html("<p>Open <b>it</b> &amp; close § it</p>"),
    "html lists": _html("<ul><li>Open §</li></ul>"),
    "nested html": _html("<ul><li>"),
    "closed html": _html("</p></li>"),
    "opened tags": _html("<p <b "),
    "pictures": _html('<p><img src="supabase://workflow-prompt-images/o/p/§.png" alt="a"></p>'),
    "one picture again": _html('<img src="supabase://workflow-prompt-images/o/p/a.png" alt="a">'),
    "entities": _html("&amp;&nbsp;&#65;&x"),
    "line ends of all kinds": _prompt("a\r\nb\rc\n\u2028"),
    "control characters": _prompt("\x01\x1b[0m\x7f"),
    "compiled: do": _compiled('do "Open the window § and press Enter"\n'),
    "compiled: commands": _compiled('run "Get-Item C:/a§"\n'),
    "compiled: ifs": _compiled('if sees "a §" { press "Enter" } else { press "Tab" }\n'),
    "compiled: steps": _compiled('step "Do §" { do "Open the window" }\n'),
    "compiled: variables": _compiled('extract v§: string from "field §"\ndo "Type {{v§}}"\n'),
    "compiled: loops": _compiled(
        'for x§ in rows max 5 { do "Open {x§}" press "Enter" }\n', "inputs { rows: string[] }"
    ),
    "compiled: retries": _compiled('retry 2 { do "a §" } else { abort "no" }\n'),
    "schema": _schema('"a§": {"type": "string", "description": "b §"}'),
    "schema of records": _schema('"a§": {"type": "object", "properties": {"b": {"type": "null"}}}'),
    "schema of the same records": _schema(
        '"a§": {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}'
    ),
    "schema of choices": _schema('"a§": {"enum": ["x", "y§"]}'),
    "one schema of choices": lambda size: {
        "main_prompt": "Go",
        "input_schema": json.dumps(
            {"type": "object", "properties": {"a": {"enum": repeated("c§ ", size).split()}}}
        ),
    },
    "checks": _checks,
}

_EDITS: dict[str, Callable[[str], str]] = {
    "each line edited": lambda text: "\n".join(f"{line} now" for line in text.split("\n")),
    "lines turned round": lambda text: "\n".join(reversed(text.split("\n"))),
    "each second line gone": lambda text: "\n".join(text.split("\n")[::2]),
    "words turned round": lambda text: " ".join(reversed(text.split(" "))),
}
"""What somebody makes of a prompt in the dashboard."""


def _payload(files: Files) -> dict[str, Any]:
    body: dict[str, Any] = {"name": "W", **files}
    if "post_run_checks" in files:
        body["post_run_checks"] = json.loads(files["post_run_checks"])
    return body


def phases(files: Files) -> Iterator[tuple[str, Job]]:
    """What reads a workflow of the service: import, convert, the differences of a plan, pull."""
    payload = _payload(files)
    prompt = str(payload["main_prompt"])
    yield "import", lambda: import_workflows([payload])
    if len(prompt) > 100:
        yield "convert", lambda: propose_statements(prompt, PromptHints(None, (), None, {}), "W")
        for name, edit in _EDITS.items():
            edited = edit(prompt)
            change = FieldChange("main_prompt", prompt, edited, "drift", edited)
            yield f"lines, {name}", lambda it=change: render_plain_rows(field_rows(it, words=False))
            yield f"words, {name}", lambda it=change: render_plain_rows(field_rows(it, words=True))
            yield (
                f"unified, {name}",
                lambda it=change: list(field_lines("p", it.before, it.after, unified=True)),
            )
        desk = Desk({"a.flow": 'flow 1\nworkflow w { prompt from "p.md" }\n', "p.md": "Go"})
        (address,) = desk.built.desired
        values = desk.values(address) | {"main_prompt": prompt}
        yield "pull into a file", lambda: desk.pulled({address: values})
        desk_of_statements = Desk({"a.flow": 'flow 1\nworkflow w { steps { do "Go" } }\n'})
        yield "pull into statements", lambda: desk_of_statements.pulled({address: values})
    if "input_schema" in files:
        schema = json.loads(files["input_schema"])
        other = json.loads(files["input_schema"].replace("string", "integer").replace('"x"', '"z"'))
        turned = {**other, "properties": dict(reversed(other["properties"].items()))}
        turned["required"] = list(reversed(schema.get("required", [])))
        for name, after in (("changed", other), ("turned round", turned), ("new", None)):
            change = FieldChange("input_schema", after, schema, "drift", schema)
            yield f"schema {name}", lambda it=change: render_plain_rows(field_rows(it, words=True))
    if "post_run_checks" in files:
        checks = payload["post_run_checks"]
        others = [{**each, "filename": "b"} for each in reversed(checks)]
        change = FieldChange("post_run_checks", checks, others, "drift", others)
        yield "checks changed", lambda: render_plain_rows(field_rows(change, words=True))
