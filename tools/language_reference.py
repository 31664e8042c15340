"""`docs/language-reference.md`: the texts of `tools/language`, with facts from the tables.

`python -m tools.language_reference --write | --check` is the script.

A file of `tools/language` is a chapter. Where a chapter has a table here, it has an entry
`### NAME` for every row; the page shows below the heading what grammar, tables and compiler say of
it, and then the text. Examples are those of `split_example`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from flowdsl.codegen.artifacts import Bundle
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.ir import nodes
from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS, TOOLS
from flowdsl.semantics.declarations import settings
from flowdsl.semantics.types import BOOL, PRIMITIVES, STRING, ListOf, Optional, Type
from flowdsl.semantics.values.annotations import DECLARATION_ANNOTATIONS, FIELD_ANNOTATIONS
from flowdsl.semantics.values.displays import PARTS
from flowdsl.source.files import MemoryFiles
from flowdsl.source.record import Record, field_defaults
from flowdsl.syntax.statements import LOOP, STATEMENTS
from tools.grammar_forms import Form, Grammar
from tools.made import write_or_check

Table: TypeAlias = Mapping[str, tuple[str, ...]]
"""The entries of a chapter: the paragraphs below the heading of each."""

FILE = Path(__file__).parents[1] / "docs" / "language-reference.md"
FOLDER = Path(__file__).parent / "language"
GRAMMAR = Grammar()
EXAMPLE = re.compile(r"^```flow\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)
_CUT = "---\n"
_DECLARED = r"(?:##|@|import|const|type \w+ *[={]|fixture|task|workflow|chain|test) ?"
_PART = (
    r"(?:inputs|secrets|outputs|model|terminal|always|steps|prompt|checks|extra) (?:\{|from)"
    r"|\w+ = "
)

CLAUSES = {"in": "in background", "on": "on failure"}
"""The heading of a part of statements whose first keyword says too little."""

CONDITIONS = {
    "negation": "not",
    "and_": "and",
    "or_": "or",
    "compare": "==",
    "text_relation": "contains",
    "is_in": "in",
    "is_not_in": "not in",
    "is_empty": "is empty",
    "is_not_empty": "is not empty",
    "matches": "matches",
    "sees": "sees",
    "count_of": "count of",
}
"""The heading of each kind of condition, by the name of its node."""

TYPE_FORMS = {
    "object_type": ("{ name: T }", "{ key: string }"),
    "enum_type": ('"a" | "b"', '"open" | "paid"'),
    "[ ]": ("T[]", "string[]"),
    "?": ("T?", "string?"),
}
"""The heading and an example of each type that is made of others, by its form in the grammar."""


# Examples


def split_example(written: str) -> tuple[str, str]:
    """Return what the page shows of an example, and the whole file that has to be clean.

    An example is a file, or declarations, or parts of a workflow, or statements. Lines above `---`
    are not shown: declarations, or the parts of the workflow that the others need.
    """
    hidden, shown = written.split(_CUT) if _CUT in written else ("", written)
    if shown.startswith("flow 1"):
        return shown, shown
    if re.match(_DECLARED, shown):
        return shown, f"flow 1\n{hidden}{shown}"
    chunks = re.split(r"^(?=[^\s}])", hidden, flags=re.MULTILINE)
    declared = "".join(chunk for chunk in chunks if re.match(_DECLARED, chunk))
    parts = "".join(chunk for chunk in chunks if not re.match(_DECLARED, chunk))
    if re.match(_PART, shown):
        parts += shown
        if not re.search(r"^(?:steps|prompt) ", parts, re.MULTILINE):
            parts += 'steps { press "F5" }\n'
    else:
        parts += f"steps {{\n{shown}}}\n"
    return shown, f"flow 1\n{declared}## An example.\nworkflow example {{\n{parts}}}\n"


# Tables


def _forms_table(forms: Iterator[Form]) -> dict[str, tuple[str, ...]]:
    """Entries by the first keyword of their forms."""
    found: dict[str, list[str]] = {}
    for form in forms:
        if form.keywords:
            found.setdefault(form.keywords[0], []).append(form.text)
    return {keyword: (_render_forms(texts),) for keyword, texts in found.items()}


def _render_forms(texts: list[str]) -> str:
    return "\n".join(("```text", *texts, "```"))


def _find_declarations() -> Table:
    rules = {"import_", *GRAMMAR.find_members("item")} - {"annotation"}
    return _forms_table(form for rule in rules for form in GRAMMAR.find_forms(rule))


def _find_statements() -> Table:
    rules = GRAMMAR.find_members("statement")
    table = _forms_table(form for rule in rules for form in GRAMMAR.find_forms(rule))
    return {keyword: (*forms, *_describe_agents(keyword)) for keyword, forms in table.items()}


def _describe_agents(keyword: str) -> Iterator[str]:
    tools = {row.tool for row in STATEMENTS.values() if row.keyword == keyword and row.tool}
    if tools - {LOOP} and not any(TOOLS[tool].focused for tool in tools):
        yield "The main agent alone can do it: see [replay](#what-a-replay-repeats)."


def _find_clauses() -> Table:
    table: dict[str, set[str]] = {}
    for rule in GRAMMAR.find_members("statement"):
        for text in GRAMMAR.find_clauses(rule):
            first, second = (*text.split(), "")[:2]
            name = second if first == "N" else first
            table.setdefault(CLAUSES.get(name, name), set()).add(text)
    return {name: (_render_forms(sorted(texts)),) for name, texts in table.items()}


def _find_conditions() -> Table:
    forms = (
        form for rule in ("or_", "and_", "not_", "count_of") for form in GRAMMAR.find_forms(rule)
    )
    return {
        CONDITIONS.get(form.alias, form.alias): (_render_forms([form.text]),)
        for form in forms
        if form.keywords or form.alias in CONDITIONS
    }


def _find_checks() -> Table:
    shown = GRAMMAR.find_forms("target")
    table = {
        " ".join(form.keywords[:2]): (_render_forms([f"{form.text} exists [if present]"]),)
        for form in shown
    }
    for rule in GRAMMAR.find_members("check_body") - {"check_file"}:
        for form in GRAMMAR.find_forms(rule):
            table[" ".join(form.keywords[:3])] = (_render_forms([form.text]),)
    return table


def _find_types() -> Table:
    examples = {name: name for name in PRIMITIVES} | dict(TYPE_FORMS.values())
    return {
        heading: (f"JSON Schema: `{_find_schema(type_)}`",) for heading, type_ in examples.items()
    }


def _find_schema(type_: str) -> str:
    """The JSON Schema of an output of this type, without its description."""
    part = f'outputs {{ x: {type_} }}\nsteps {{ extract x from "x" }}'
    schema = json.loads(_compile_payload(part)["output_schema"])
    keywords = schema["properties"]["x"]
    keywords.pop("description")
    return json.dumps(keywords)


def _find_field_annotations() -> Table:
    table = {}
    for name, known in FIELD_ANNOTATIONS.items():
        facts = [f"Goes with: {known.goes_with}."]
        if known.repeats:
            facts.append("May be repeated.")
        table[f"@{name}"] = (" ".join(facts),)
    return table


def _find_declaration_annotations() -> Table:
    return {f"@{name}": () for name in DECLARATION_ANNOTATIONS}


def _find_settings(
    rules: Mapping[str, settings.SettingRule], class_: type[Record], frame: str, chain: bool = False
) -> Table:
    """Entries for settings: their type, their default, and what is sent for them."""
    sent = _compile_chain if chain else _compile_payload
    without = sent(frame.replace("SETTING", ""))
    defaults = field_defaults(class_)
    table = {}
    for name, rule in rules.items():
        with_it = sent(frame.replace("SETTING", f"{name} = {_sample(rule.type)}"))
        default = defaults.get(name, False if rule.type == BOOL else None)
        facts = {
            "Value": _describe_values(rule),
            "Default": f"`{json.dumps(default)}`" if isinstance(default, bool) else "none",
            "Sent as": ", ".join(f"`{key}`" for key in _find_changes(without, with_it)) or "-",
        }
        table[name] = (" · ".join(f"{what}: {value}" for what, value in facts.items()),)
    return table


def _describe_values(rule: settings.SettingRule) -> str:
    match rule.type:
        case ListOf(element=Optional()):
            return f"a list of at most {rule.limit} texts; `null` is the service's own"
        case ListOf():
            return "a list of texts"
        case type_:
            return "`true` or `false`" if type_ == BOOL else "a text"


def _sample(type_: Type) -> str:
    if isinstance(type_, ListOf):
        return '["x", "y"]'
    return '"x"' if type_ == STRING else "true"


def _find_changes(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths at which two payloads differ."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield path
        return
    for key in sorted(before.keys() | after.keys()):
        yield from _find_changes(
            before.get(key, {}), after.get(key, {}), f"{path}.{key}".strip(".")
        )


def _compile_payload(parts: str) -> Mapping[str, Any]:
    """The payload of a workflow with these parts."""
    return _compile(f"workflow w {{\n{parts}\n}}").workflows[0].payload


def _compile_chain(parts: str) -> Mapping[str, Any]:
    text = f'workflow w {{ steps {{ press "F5" }} }}\nchain c {{ {parts}\nstep one = run w() }}'
    return _compile(text).chains[0].payload


def _compile(declarations: str) -> Bundle:
    files = MemoryFiles({"x.flow": f"flow 1\n{declarations}\n"})
    bundle = compile_project(files, ["x.flow"], CompileOptions()).bundle
    assert bundle is not None
    return bundle


_STEPS = 'steps { press "F5" }'
TABLES: Mapping[str, Callable[[], Table]] = {
    "Declarations": _find_declarations,
    "Parts of a workflow": lambda: _forms_table(GRAMMAR.find_forms("wf_item")),
    "Settings of a workflow": lambda: _find_settings(
        settings.WORKFLOW_SETTINGS, nodes.Workflow, f"SETTING\n{_STEPS}"
    ),
    "Settings of `model`": lambda: _find_settings(
        settings.MODEL_SETTINGS, nodes.Models, f"model {{ SETTING }}\n{_STEPS}"
    ),
    "Settings of `terminal`": lambda: _find_settings(
        settings.TERMINAL_SETTINGS, nodes.Terminal, f"terminal {{ SETTING }}\n{_STEPS}"
    ),
    "Settings of a chain": lambda: _find_settings(
        settings.CHAIN_SETTINGS, nodes.Chain, "SETTING", chain=True
    ),
    "Types": _find_types,
    "Annotations of fields": _find_field_annotations,
    "Annotations of declarations": _find_declaration_annotations,
    "Statements": _find_statements,
    "Clauses": _find_clauses,
    "Conditions": _find_conditions,
    "Checks": _find_checks,
    "Parts of a chain": lambda: _forms_table(GRAMMAR.find_forms("chain_item")),
}
"""The chapters that have an entry for each row of a table."""


# The page


def document() -> str:
    """The whole page."""
    return "\n".join(_render_chapter(text) for text in _read_chapters()).rstrip() + "\n"


def find_entries() -> dict[str, dict[str, str]]:
    """The texts of the entries of each chapter that has a table, by chapter and name."""
    chapters = (_split_chapter(text) for text in _read_chapters())
    return {title: entries for title, _, entries in chapters if title in TABLES}


def _read_chapters() -> Iterator[str]:
    for path in sorted(FOLDER.glob("*.md")):
        fences = _BLOCK.split(path.read_text("utf-8"))
        # A `##` inside a block is a comment.
        apart = "".join(
            re.sub(r"^(?=## )", "\0", text, flags=re.M) if at % 2 == 0 else text
            for at, text in enumerate(fences)
        )
        yield from (text.rstrip() + "\n" for text in apart.split("\0") if text)


def _split_chapter(text: str) -> tuple[str, str, dict[str, str]]:
    """The title of a chapter, what comes before its entries, and these by their names."""
    beginning, *pieces = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)
    title = beginning.partition("\n")[0].lstrip("# ")
    return title, beginning, dict(zip(pieces[::2], pieces[1::2], strict=True))


def _render_chapter(text: str) -> str:
    title, beginning, entries = _split_chapter(text)
    table = TABLES[title]() if title in TABLES else {}
    rendered = [beginning]
    for name, body in entries.items():
        facts = "".join(f"{fact}\n\n" for fact in table.get(name, ()))
        shown = f"`{name}`" if title in TABLES else name
        rendered.append(f"### {shown}\n\n{facts}{body.lstrip()}")
    return _fill(EXAMPLE.sub(_show_example, "".join(rendered)))


def _show_example(written: re.Match[str]) -> str:
    return f"```flow\n{split_example(written[1])[0]}```"


def _fill(text: str) -> str:
    """Put lists that stand in tables in the place of their names."""
    return (
        text.replace("@KEYS@", ", ".join(f"`{key}`" for key in sorted(NAMED_KEYS, key=_key_order)))
        .replace("@MODIFIERS@", ", ".join(f"`{key}`" for key in sorted(MODIFIERS)))
        .replace("@PARTS@", "\n".join(f"| `{part}` | {what} |" for part, what in PARTS.items()))
    )


def _key_order(key: str) -> tuple[str, int]:
    return re.sub(r"\d", "", key), int(re.sub(r"\D", "", key) or 0)


def main(words: list[str]) -> int:
    """Write the page, or say that it is stale."""
    return write_or_check(words, "tools.language_reference", FILE, document())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
