"""Laws of pulling: what is brought in compiles to what the service has, and no more changes."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flowdsl.codegen.artifacts import stand_in
from flowdsl.codegen.prompt.document import emit_template
from flowdsl.compiler.pipeline import CompileOptions, compile_project
from flowdsl.config.address import Address
from flowdsl.decompile.project import import_workflows
from flowdsl.decompile.pulling.attempts import FILE, STATEMENTS
from flowdsl.decompile.pulling.goal import normalise_fields
from flowdsl.decompile.pulling.pull import Pulled
from flowdsl.deploy.resources.policy import normalise_value, render_canonical_json
from flowdsl.deploy.resources.workflow import POLICIES
from flowdsl.diagnostics.sink import Sink
from flowdsl.format.formatter import format_source
from flowdsl.prompt.reading.normal_form import normalise_prompt
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast
from flowdsl.syntax.parse import parse_module
from tests.support.effort import THOROUGH, examples, rows
from tests.support.flows.compiling import EXAMPLES, ROOT, SAMPLES, read_folder
from tests.support.flows.decompile import payloads, round_trip
from tests.support.flows.decompile.pulling import DEFAULT_NAME, Desk
from tests.support.flows.generated.prompts import PromptWriter
from tests.support.flows.generated.task_programs import task_programs
from tests.support.flows.generated.workflows import workflows
from tests.support.rows import in_rows
from tests.support.services import dashboard
from tests.support.services.dashboard import Values
from tests.support.services.dashboard_edits import TABLE, judge_pull

PATH = "flows/main.flow"
SLOW = settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SECTIONS = """
  title = "The desk's own"
  checks {
    output satisfies "it is complete"
    cleanup "Close everything."
  }
"""


def _commented(source: str) -> str:
    """The program in the one style, with a comment on and above many of its lines."""
    text = format_source(SourceFile(PATH, source)).text
    lines: list[str] = []
    in_block = False
    for number, line in enumerate(text.split("\n")):
        quotes = line.count('"""')
        words = line.strip().split(" ")[0]
        if not in_block and not quotes and words in ("do", "press", "step", "expect", "call", "if"):
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f"{indent}# above {number}")
            if line.endswith('"'):
                line += f"  # beside {number}"
        in_block ^= quotes % 2 == 1
        lines.append(line)
    return "\n".join(lines)


def _desk(source: str) -> Desk:
    head, _, rest = source.rpartition("workflow w {")
    text = _commented(f"{head}workflow w {{{SECTIONS}{rest}")
    compilation = compile_project(MemoryFiles({PATH: text}), [PATH], CompileOptions())
    assume(compilation.bundle is not None)
    return Desk({PATH: text})


def _edited(desk: Desk, address: str, rng: random.Random, kind: str) -> Values:
    values = desk.values(address)
    prompt = str(values["main_prompt"])
    match kind:
        case "field":
            dashboard.change_field(rng, values)
        case "renumbered":

            def resolve(part: object) -> str:
                if hasattr(part, "alias"):
                    return DEFAULT_NAME
                return f"image:{part.sha256}.{part.extension}"  # type: ignore[attr-defined]

            workflow = desk.built.workflow(Address.unchecked(address))
            capabilities = desk.workspace.capabilities
            values["main_prompt"] = dashboard.renumbered(rng, workflow, capabilities, resolve)
        case "everything":
            dashboard.change_field(rng, values)
            dashboard.change_field(rng, values)
            values["main_prompt"] = dashboard.reword(rng, prompt)
        case _:
            values["main_prompt"] = getattr(dashboard, kind)(rng, prompt)
    return values


KINDS = ("reword", "reword_prose", "add_line", "drop_line", "renumbered", "field", "everything")


def _normal(values: Mapping[str, object]) -> dict[str, str]:
    found = {path: normalise_value(POLICIES[path], value) for path, value in values.items()}
    return {
        path: render_canonical_json(value) for path, value in found.items() if value is not None
    }


def _holds(desk: Desk, address: str, values: Values) -> tuple[dict[str, str], Pulled]:
    """Pull, and check every law."""
    compiled = str(desk.values(address)["main_prompt"])
    assert normalise_prompt(compiled) == compiled
    done = desk.pulled({address: values})
    (pulled,) = done.workflows
    before, wanted = _normal(desk.values(address)), _normal(values)
    differing = {
        path for path in before.keys() | wanted.keys() if before.get(path) != wanted.get(path)
    }
    assert set(pulled.brought) | pulled.left.keys() == differing
    assert not set(pulled.brought) & pulled.left.keys()
    after = desk.after(done.texts)
    now = _normal(after.values(address))
    for path in before.keys() | wanted.keys() | now.keys():
        expected = wanted if path in pulled.brought else before
        same = POLICIES[path].says_the_same if pulled.brought else None
        if now.get(path) != expected.get(path):
            assert same is not None and same(after.values(address), values), path
            assert path != "main_prompt" or pulled.implied, "the next deploy's changes are told"
    for other, desired in desk.built.desired.items():
        if other != address:
            assert normalise_fields(after.built.desired[other]) == normalise_fields(desired)
    if not pulled.brought:
        assert done.texts == {}
    for path, text in done.texts.items():
        if path in desk.files:
            _comments_stay(desk.text(path), text, set(pulled.levels.values()))
    again = after.pulled({address: values})
    assert again.texts == {}
    assert not again.workflows[0].brought
    assert again.workflows[0].left.keys() == pulled.left.keys()
    return done.texts, pulled


def _comments_stay(before: str, after: str, levels: set[str]) -> None:
    if levels & {FILE}:
        return  # The steps went into a file, and the comments in them with them.
    comments = re.compile(r"(?<!#)#(?!#) (?:above|beside) \d+")
    lost = set(comments.findall(before)) - set(comments.findall(after))
    gone = {
        line.strip()
        for line in difflib.ndiff(before.split("\n"), after.split("\n"))
        if line.startswith("- ")
    }
    # Only what stands on a line that went or inside a statement that was written anew may go.
    assert all(any(each in line for line in gone) for each in lost)


@SLOW
@given(workflows() | task_programs(), st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
def test_an_edit_of_a_random_program_is_brought_in_or_left(
    source: str, seed: int, kind: str
) -> None:
    desk = _desk(source)
    values = _edited(desk, "workflow.w", random.Random(seed), kind)
    _holds(desk, "workflow.w", values)


FOLDERS = (SAMPLES, *(EXAMPLES / name for name in ("accounts-payable", "claims-reports", "clinic")))


@cache
def shipped_desk(folder: Path) -> Desk:
    """The desk of a shipped program, compiled once."""
    return Desk(read_folder(folder))


DESKS = st.sampled_from(FOLDERS).map(shipped_desk)


@settings(SLOW, max_examples=25 if THOROUGH else 2)
@given(DESKS, st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
def test_an_edit_of_a_shipped_program_is_brought_in_or_left(
    desk: Desk, seed: int, kind: str
) -> None:
    rng = random.Random(seed)
    address = rng.choice(sorted(desk.built.desired))
    _holds(desk, address, _edited(desk, address, rng, kind))


@SLOW
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
def test_an_edit_of_an_imported_workflow_is_brought_in_or_left(seed: int, kind: str) -> None:
    """Parts of it are in files: the prompt, schemas, checks, further fields."""
    rng = random.Random(seed)
    body = payloads.payload(rng, round_trip.shipped())
    files = {**import_workflows([body]).files}
    files = {path: content for path, content in files.items() if path.startswith("flows/")}
    compilation = compile_project(
        MemoryFiles({**files}), [each for each in files if each.endswith(".flow")], CompileOptions()
    )
    assume(compilation.bundle is not None)
    try:
        desk = Desk(files)
    except AssertionError:
        assume(False)  # It names models or checks that a deploy refuses.
        raise
    (address,) = desk.built.desired
    _holds(desk, address, _edited(desk, address, rng, kind))


@SLOW
@given(st.integers(0, 2**32 - 1))
def test_a_prompt_with_every_statement_and_odd_texts_is_brought_in_or_left(seed: int) -> None:
    rng = random.Random(seed)
    writer = PromptWriter(rng)
    prompt = emit_template(writer.workflow(), writer.capabilities).render(stand_in)
    source = """flow 1

workflow w {
  title = "A title"
  inputs { name: string, memo: string?, rows: string[] @max_items(20) }
  steps {
    # above 1
    do "Open {name}."
    for row in rows { do "See {row}." }
  }
}
"""
    desk = Desk({PATH: source})
    _holds(desk, "workflow.w", desk.values("workflow.w") | {"main_prompt": prompt})


TEXT = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from('{}$#"\\<>&\n\r `'), max_size=40
)


@SLOW
@given(TEXT, TEXT)
def test_any_text_of_the_service_is_kept_to_the_letter_or_left(before: str, behind: str) -> None:
    source = """flow 1
workflow w {
  inputs { name: string }
  steps {
    do "Open {name} and go on."
    press "Enter"
  }
}
"""
    desk = Desk({PATH: source})
    prompt = str(desk.values("workflow.w")["main_prompt"])
    rewritten = prompt.replace("Open {name} and go on", f"{before}{{name}}{behind}")
    texts, pulled = _holds(
        desk, "workflow.w", desk.values("workflow.w") | {"main_prompt": rewritten}
    )
    if not pulled.brought:
        assert texts == {}


@SLOW
@given(TEXT.filter(str.strip))
def test_any_title_is_kept_to_the_letter_or_left(title: str) -> None:
    desk = Desk({PATH: 'flow 1\nworkflow w { steps { do "x" } }\n'})
    _holds(desk, "workflow.w", desk.values("workflow.w") | {"name": title})


@settings(SLOW, max_examples=25 if THOROUGH else 2)
@given(DESKS, st.integers(0, 2**32 - 1))
def test_words_inside_one_literal_change_its_lines_and_no_others(desk: Desk, seed: int) -> None:
    rng = random.Random(seed)
    address = rng.choice(sorted(desk.built.desired))
    values = _edited(desk, address, rng, "reword_prose")
    texts, pulled = _holds(desk, address, values)
    # A call that becomes its statements, which a note tells, changes more.
    assume(pulled.levels.get("main_prompt") == STATEMENTS and not pulled.notes)
    changed = 0
    for path, text in texts.items():
        old, new = desk.text(path).split("\n"), text.split("\n")
        assert len(old) == len(new)
        # What a test expects of the changed words changes with them.
        tests = _lines_of_tests(desk.text(path))
        both = enumerate(zip(old, new, strict=True))
        changed += sum(one != other for at, (one, other) in both if at not in tests)
    assert changed == 1


def _lines_of_tests(text: str) -> set[int]:
    """The numbers of the lines of tests, from 0."""
    module = parse_module(SourceFile(PATH, text), Sink())
    tests = [each for each in module.declarations if isinstance(each, ast.TestDecl)]
    return {
        at
        for each in tests
        for at in range(text.count("\n", 0, each.start), text.count("\n", 0, each.end) + 1)
    }


@in_rows("number", rows(range(len(TABLE)), 10), ids=lambda at: f"{TABLE[at].kind}: {at}")
def test_an_edit_of_the_table_comes_back_as_it_would_be_written(number: int) -> None:
    edit = TABLE[number]
    verdict, reasons = judge_pull(shipped_desk(ROOT / edit.project), edit)
    assert (verdict, reasons) == ("expected", [])


@in_rows("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_to_pull(folder: Path) -> None:
    desk = shipped_desk(folder)
    done = desk.pulled({address: desk.values(address) for address in desk.built.desired})
    assert done.texts == {}
    assert not any(each.brought or each.left or each.conflicts for each in done.workflows)
