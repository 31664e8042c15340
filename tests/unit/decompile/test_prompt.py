"""Prompts of our own come back as statements; other texts do not.

What is read counts only if it prints to the same bytes, which `read_prompt` itself compares.
"""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowdsl.decompile.model import PromptProgram
from flowdsl.decompile.reading.prompt import read_prompt
from flowdsl.ir import nodes
from flowdsl.ir.images import image_extension, image_hash
from flowdsl.ir.passes.numbering import number_lists
from flowdsl.semantics.capabilities import DOCUMENTED
from flowdsl.source.record import replace
from tests.support.cpu import GIVEN_UP, cpu_seconds
from tests.support.effort import THOROUGH, examples
from tests.support.flows import compiling
from tests.support.flows.compiling import PROJECTS, ROOT, compile_folder, workflow
from tests.support.flows.decompile.prompt_reading import (
    NO_HINTS,
    compiled_prompts,
    hints_of,
    prompt_of,
)
from tests.support.flows.generated.programs import mutated
from tests.support.flows.generated.prompts import PICTURE, PromptWriter
from tests.support.rows import in_rows

VALID = ROOT / "tests/corpus/valid"
FOLDERS = [
    *PROJECTS,
    *(VALID / name for name in ("chains", "files", "flow", "names", "types")),
    ROOT / "tests/prose",
]


@in_rows("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_a_project_compiles_to_is_read_back(folder: Path) -> None:
    for original, prompt, hints in compiled_prompts(compile_folder(folder)):
        assert read_prompt(prompt, hints) is not None, original.name


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, 1 << 40))
@example(100069)  # a list that may be missing, read with an `else`
@example(100071)  # a value that an `else` sets anew
@example(100299)  # a list that is saved as missing, with an `else` of the main agent
@example(12)  # a brace before a value in a rule
def test_every_statement_on_every_account_is_read_back(seed: int) -> None:
    writer = PromptWriter(random.Random(seed))
    original, capabilities = writer.workflow(), writer.capabilities
    prompt = prompt_of(original, capabilities)
    assert read_prompt(prompt, hints_of(original, PICTURE), capabilities) is not None


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, 1 << 40))
def test_a_changed_prompt_is_read_as_it_stands_or_not_at_all(seed: int) -> None:
    rng = random.Random(seed)
    writer = PromptWriter(rng)
    original, capabilities = writer.workflow(), writer.capabilities
    start, steps, rest = prompt_of(original, capabilities).partition("Steps\n")
    steps, replay, rest = rest.partition("Replay\n")
    prompt = f"{start}Steps\n{mutated(rng, steps)}{replay}{rest}"
    program = read_prompt(prompt, hints_of(original, PICTURE), capabilities)
    if program is not None:
        whole = _with(original, program)
        # Reading puts lists under one key, which a compilation may number again.
        again = (prompt_of(each, capabilities) for each in (whole, number_lists(whole)))
        assert prompt in again


def _with(original: nodes.Workflow, program: PromptProgram) -> nodes.Workflow:
    return replace(
        original,
        title=program.title,
        description=program.description,
        rules=program.rules,
        body=program.body,
        sources=program.sources,
    )


# What is not ours

OURS = compiling.prompt_of(
    workflow(
        (
            'do "Open the list."\nif sees "a note" { extract x: string? from "the note" }\nemit '
            'seen = "x"'
        ),
        sections='title = "Look" outputs { seen: string } always { "Close pop-ups." }',
    )
)


@in_rows(
    "prompt",
    [
        "",
        "\n\n\n",
        "Open the portal and download the report.",
        "1. Open the portal.\n2. Download {report}.",
        "Look\n\nRules\n- Be careful.\n\nSteps\n1. Open it.",
        OURS.replace("Workflow: ", ""),
        OURS.replace("Workflow: ", "Title: "),
        OURS.replace("Workflow: Look", "Purpose: See.\nWorkflow: Look"),
        OURS.replace("Workflow: Look", "Workflow: Look\nWorkflow: Look"),
        OURS.replace("Rules\n", "Rules:\n"),
        OURS.replace("1. Open", "2. Open"),
        OURS.replace("1. Open", "1) Open"),
        OURS.replace("\n2. ", "\n\n2. "),
        OURS.replace("\n1. ", "\n# Look\n1. "),
        OURS.replace("in order.", "in order. Lines with # are only titles."),
        OURS.replace("     - Read", "    - Read"),
        OURS.replace("Use focused_action:", "Use focused_action for this:"),
        OURS.replace("the list.", "the list {x."),
        OURS.replace("the list.", "the list. "),
        OURS.replace("Steps\n", "\nSteps\n"),
        OURS.replace("even if its answer", "unless its answer"),
        OURS + "\n",
        OURS + "\nBe quick.",
        "\n" + OURS,
        f"<p>{OURS}</p>",
        OURS.replace("Open", "Open\0"),
        OURS.replace("\n", "\r\n"),
    ],
)
def test_a_text_that_is_not_ours_is_not_read(prompt: str) -> None:
    assert prompt != OURS
    assert read_prompt(prompt, NO_HINTS) is None


def test_a_picture_that_nobody_has_is_not_read() -> None:
    picture = nodes.Picture(
        origin=ORIGIN,
        sha256=image_hash(PICTURE),
        extension=image_extension(PICTURE),
        alternative="a.png",
        shows=None,
    )
    original = nodes.Workflow(origin=ORIGIN, name="w", title="w", body=(picture,))
    prompt = prompt_of(original, DOCUMENTED)
    assert read_prompt(prompt, hints_of(original, PICTURE)) is not None
    assert read_prompt(prompt, hints_of(original)) is None


ORIGIN = nodes.Origin(path="", start_line=1, start_column=1, end_line=1, end_column=1)
LONG = 380_000 if THOROUGH else 40_000
STEPS = OURS.partition("Steps\n")[2].partition("\n\nReplay")[0]
FOCUSED = "1. Use focused_action:\n   - "
SAVE = 'Save "x": '


@in_rows(
    "steps",
    [
        "1. " + "\\{" * LONG,
        "1. " + "{x['" * (LONG // 4),
        "1. {x" + ".a" * (LONG // 2),
        "1. " + "{x} " * (LONG // 4),
        "1. a" + "\n" * LONG + "     b",
        "1. a\n" + "     b\n" * (LONG // 7) + "     b",
        "1. Click " + ", type ⟦" * (LONG // 12),
        "1. Click a, type " + "⟦b⟧ " * (LONG // 4),
        "1. Click a, type ⟦" + "⟦2:" * (LONG // 3),
        FOCUSED + "If " + "⟦2:" * (LONG // 3) + " is true:",
        FOCUSED + SAVE + "a list of " + "⟦a⟧, then " * (LONG // 10) + ".",
        FOCUSED + "If " + "(" * LONG + ":",
        FOCUSED + SAVE + 'an object with "a": (' * (LONG // 22) + ".",
        FOCUSED + SAVE + "a list of " + '"a", then ' * (LONG // 10) + ".",
        FOCUSED + "a" + "\n   - b" * (LONG // 7),
        FOCUSED + "a:\n" + "\n".join(f"   {'  ' * depth}- b:" for depth in range(1, 600)),
    ],
    ids=range(16),
)
def test_a_text_made_to_take_long_does_not(steps: str) -> None:
    prompt = OURS.replace(STEPS, steps)
    assert len(prompt) > LONG // 2
    with cpu_seconds(GIVEN_UP):
        read_prompt(prompt, NO_HINTS)


def test_a_text_of_a_million_characters_is_not_looked_at() -> None:
    assert read_prompt(OURS.replace(STEPS, "1. " + "x" * 1_000_000), NO_HINTS) is None
