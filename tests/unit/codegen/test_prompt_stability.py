"""An edit that means nothing changes no byte of what is deployed: recordings are tied to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from flowdsl.codegen.artifacts import render_plain_json
from tests.support.flows.compiling import PROJECTS, compile_folder, compiled, read_folder

PROGRAM = """\
flow 1

const most = 5
const folder = "C:/Out"

type Entry { code: string, note: string? }

## Opens a record of a place.
task open_record(code: string, place: string) -> Entry {
  step "Open {code} of {place}" {
    do \"\"\"
      Press F3, type {code} into "Code" and press Enter. Then look for
      - the first row of the list, which may be
        folded
      - the row {code}

      Leave the rest as it is.
    \"\"\"
    copy shown from "the code in the header"
    press "Tab"
    extract remark: string? from "the remark in the header"
    emit code = shown
    emit note = remark
  }
}

task close_record() {
  press "Alt+F4"
  expect "the list is in front"
}

## Reads a record, and looks at others.
workflow read_records {
  inputs { first: string, codes: string[] @max_items(5) }
  outputs { entry: Entry, total: number, seen: string[] }
  steps {
    press "F5"
    call open_record(code: first, place: "Hall") as record
    emit entry = record
    call close_record()
    for each in codes max most {
      choose "the row {each} of the list"
      press "Escape"
      emit seen += each
    }
    step "Look at the date" {
      extract day: date from "the date in the title"
      expect "the list is of {day}"
      if sees "a banner" {
        capture "banner.png"
      }
    }
    step "Sum up" {
      do "Open {folder}/{first}.csv and look at its end."
      extract sum: number from "the last number"
      emit total = sum
    }
    press "Alt+F4"
  }
}
"""

Edit = Callable[[str], str]


def words(*pairs: tuple[str, str]) -> Edit:
    """Every word of the pairs becomes the other one."""

    def edit(source: str) -> str:
        for old, new in pairs:
            assert re.search(rf"\b{old}\b", source), old
            assert not re.search(rf"\b{new}\b", source), new
            source = re.sub(rf"\b{old}\b", new, source)
        return source

    return edit


def within(start: str, end: str, edit: Edit) -> Edit:
    """An edit of the text from `start` up to `end` alone."""

    def edited(source: str) -> str:
        at = source.index(start)
        until = source.index(end, at)
        return source[:at] + edit(source[at:until]) + source[until:]

    return edited


def replaced(*pairs: tuple[str, str]) -> Edit:
    def edit(source: str) -> str:
        for old, new in pairs:
            assert source.count(old) == 1, old
            source = source.replace(old, new)
        return source

    return edit


def turned_round(source: str) -> str:
    """The declarations in the opposite order."""
    head, *declarations = re.split(r"\n\n(?=\S)", source.rstrip("\n"))
    assert len(declarations) == 5, declarations
    return "\n\n".join([head, *reversed(declarations)]) + "\n"


def commented(source: str) -> str:
    """A comment at the end of every line that a text does not go on behind."""
    lines, inside = [], False
    for line in source.split("\n"):
        inside ^= line.count('"""') == 1
        lines.append(line if inside or "##" in line else f"{line}  # why: see the manual")
    return "\n".join(lines)


IN_TASK = "task open_record", "task close_record"
LOOK, SUM_UP = re.finditer(
    r'    step "(?:Look at the date|Sum up)" \{\n.*?\n    \}\n', PROGRAM, re.DOTALL
)
NAMED_AFTER_TASKS = "names of runtime variables hold those of the task and its variable"

MEANS_NOTHING: dict[str, tuple[Edit, str]] = {
    "rename a task": (words(("open_record", "show_record")), ""),
    "rename a task without variables": (words(("close_record", "leave_record")), ""),
    "rename what a task copies": (within(*IN_TASK, words(("shown", "found"))), ""),
    "rename what a task reads": (
        replaced(("extract remark:", "extract said:"), ("= remark", "= said")),
        "",
    ),
    "rename a parameter": (
        replaced(
            ("(code: string, place", "(number: string, place"),
            ('"Open {code} of', '"Open {number} of'),
            ("F3, type {code} into", "F3, type {number} into"),
            ("the row {code}\n", "the row {number}\n"),
            ("(code: first", "(number: first"),
        ),
        "",
    ),
    "rename a loop variable": (
        replaced(("for each", "for one"), ("{each}", "{one}"), ("+= each", "+= one")),
        "",
    ),
    "rename a const": (words(("folder", "target"), ("most", "limit")), ""),
    "rename a type": (words(("Entry", "Row")), ""),
    "declare in another order": (turned_round, ""),
    "name arguments in another order": (
        replaced(('code: first, place: "Hall"', 'place: "Hall", code: first')),
        "",
    ),
    "write comments": (commented, ""),
    "write a comment in a text": (
        replaced(("and look at its end.", "and {# the sum #}look at its end.")),
        "",
    ),
    "wrap a text block differently": (
        replaced(
            (
                'into "Code" and press Enter. Then look for\n',
                'into "Code"\n      and press\n      Enter. Then look for\n',
            ),
            ("which may be\n        folded\n", "which\n        may be folded\n"),
        ),
        "",
    ),
    "indent a text block differently": (
        within('do """', "copy", lambda text: text.replace("\n  ", "\n      ")),
        "",
    ),
    "make a text of a const": (
        replaced(
            ('place: "Hall"', "place: hall"),
            ("const most", 'const hall = "Hall"\nconst most'),
        ),
        "",
    ),
    "move a step without variables into a task": (
        lambda source: (
            source.replace('    press "Alt+F4"\n  }\n}\n', "    call leave()\n  }\n}\n")
            + '\ntask leave() {\n  press "Alt+F4"\n}\n'
        ),
        "",
    ),
    "move a step with a variable of its own into a task": (
        lambda source: (
            source.replace(LOOK[0], "    call look()\n") + "\ntask look() {\n" + LOOK[0] + "}\n"
        ),
        NAMED_AFTER_TASKS,
    ),
    "move a step with a result into a task": (
        lambda source: (
            source.replace(
                SUM_UP[0], "    call sum_up(name: first) as sums\n    emit total = sums.total\n"
            )
            + "\ntask sum_up(name: string) -> { total: number } {\n"
            + SUM_UP[0].replace("{first}", "{name}")
            + "}\n"
        ),
        "the result of a task is saved as an object, beside the values it is made of",
    ),
}


def payload(source: str) -> object:
    (workflow,) = compiled({"main.flow": source}).workflows
    return render_plain_json(workflow.payload)


def marked(edits: dict[str, tuple[Edit, str]]) -> list[object]:
    """The edits as parameters; one that changes a prompt today has the reason beside it."""
    return [
        pytest.param(
            edit, id=name, marks=[pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        )
        for name, (edit, reason) in edits.items()
    ]


@pytest.mark.parametrize("edit", marked(MEANS_NOTHING))
def test_an_edit_that_means_nothing_changes_no_byte(edit: Edit) -> None:
    edited = edit(PROGRAM)
    assert edited != PROGRAM
    assert payload(edited) == payload(PROGRAM)


TITLED = """\
flow 1
workflow w {
  inputs { memo: string?, names: string[] @max_items(3) }
  steps {
    BLOCK
  }
}
"""
BLOCKS = (
    "if memo is empty { BODY }",
    'while not sees "the end" max 3 { BODY }',
    "retry 2 { BODY }",
    'choose "the row" else { BODY }',
    'copy code from "the code" else { BODY }',
    'if sees "a list" { for name in names max 3 { BODY } }',
)
BODIES = (
    'abort "none"',
    'expect "it is done"',
    'press "F5"',
    'wait until "it is there" timeout 9s',
)


def test_the_title_of_what_one_focused_agent_does_changes_no_byte() -> None:
    for block, body in product(BLOCKS, BODIES):
        bare, titled = (
            TITLED.replace("BLOCK", block.replace("BODY", each))
            for each in (body, f'step "Now" {{ {body} }}')
        )
        assert payload(titled) == payload(bare), (block, body)


# Edits of one place leave the others alone


def steps(source: str) -> list[str]:
    """The lines of the steps without their numbers, which count what stands before them."""
    prompt = str(dict(payload(source))["main_prompt"])  # type: ignore[call-overload]
    written = prompt.partition("\nSteps\n")[2]
    lines = (re.sub(r"^( *)[0-9][0-9.]* ", r"\1", line) for line in written.split("\n"))
    return [line for line in lines if line]


BEGIN = '    press "F5"\n'
END = '    press "Alt+F4"\n  }\n}\n'
EARLIER = 'call open_record(code: "A1", place: "Hall")'

ADDED_BEFORE: dict[str, tuple[Edit, str]] = {
    "an action": (replaced((BEGIN, f'    press "F6"\n{BEGIN}')), ""),
    "a read": (
        replaced((BEGIN, f'    extract x: string from "x"\n    expect "{{x}}"\n{BEGIN}')),
        "",
    ),
    "a call of another task": (
        lambda source: (
            source.replace(BEGIN, f"    call other()\n{BEGIN}")
            + '\ntask other() {\n  copy shown from "y"\n  expect "{shown} is there"\n}\n'
        ),
        "",
    ),
    "a call of a task without variables": (
        replaced((BEGIN, f"    call close_record()\n{BEGIN}")),
        "",
    ),
    "a call of a task that decides": (
        lambda source: (
            source.replace(BEGIN, f"    call other()\n{BEGIN}")
            + '\ntask other() {\n  if sees "a mark" {\n    capture "mark.png"\n  }\n}\n'
        ),
        "",
    ),
    "a call of a task with a loop": (
        lambda source: (
            source.replace(BEGIN, f"    call other(list: codes)\n{BEGIN}")
            + "\ntask other(list: string[]) {\n"
            + '  for each in list max 5 {\n    choose "the row {each}"\n  }\n}\n'
        ),
        "",
    ),
    "a call of a task whose result nobody uses": (
        replaced((BEGIN, f"    {EARLIER}\n{BEGIN}")),
        "",
    ),
    "a call of a task with a result": (
        replaced((BEGIN, f'    {EARLIER} as past\n    expect "{{past.code}} is it"\n{BEGIN}')),
        "",
    ),
}


@pytest.mark.parametrize("edit", marked(ADDED_BEFORE))
def test_what_is_added_before_changes_nothing_behind_it(edit: Edit) -> None:
    before, after = steps(PROGRAM), steps(edit(PROGRAM))
    kept = before[before.index("Press f5.") :]
    assert len(after) > len(before)
    assert after[-len(kept) :] == kept


ADDED_BEHIND: dict[str, tuple[Edit, str]] = {
    "a call of a task without variables": (
        replaced((END, f"    call close_record()\n{END}")),
        "",
    ),
    "a call of a task whose result nobody uses": (
        replaced((END, f'    press "F6"\n    {EARLIER}\n{END}')),
        "",
    ),
    "a call of a task with a result": (
        replaced(
            (END, f'    press "F6"\n    {EARLIER} as last\n    expect "{{last.code}}"\n{END}')
        ),
        "",
    ),
}


@pytest.mark.parametrize("edit", marked(ADDED_BEHIND))
def test_what_is_added_behind_changes_nothing_before_it(edit: Edit) -> None:
    before, after = steps(PROGRAM), steps(edit(PROGRAM))
    kept = before[: before.index("Press alt+f4.", before.index("# Sum up"))]
    assert len(after) > len(before)
    assert after[: len(kept)] == kept


# Whole projects


def paragraphs_turned_round(source: str) -> str:
    """The declarations of a file in the opposite order, imports and the edition first."""
    parts = re.split(r"\n\n(?=\S)", source.rstrip("\n"))
    fixed = [part for part in parts if re.match(r"flow |import ", part)]
    return "\n\n".join([*fixed, *reversed([part for part in parts if part not in fixed])]) + "\n"


@pytest.mark.parametrize("edit", [paragraphs_turned_round, commented], ids=["order", "comments"])
@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_no_project_depends_on_order_and_comments(folder: Path, edit: Edit, tmp_path: Path) -> None:
    changed = 0
    for path, content in read_folder(folder).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".flow"):
            text = content.decode() if isinstance(content, bytes) else content
            content = edit(text)
            changed += content != text
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    assert changed
    assert payloads(tmp_path) == payloads(folder)


def payloads(folder: Path) -> dict[str, object]:
    bundle = compile_folder(folder).bundle
    assert bundle is not None
    return {each.name: render_plain_json(each.payload) for each in bundle.workflows}


def test_every_edit_is_a_program() -> None:
    """What is expected to fail fails for what it changes, not because it does not compile."""
    edits = [*MEANS_NOTHING.values(), *ADDED_BEFORE.values(), *ADDED_BEHIND.values()]
    assert all(payload(edit(PROGRAM)) for edit, _ in edits)
