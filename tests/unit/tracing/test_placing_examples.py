"""The prompts of the examples, done by an agent that keeps half of the words and says no number."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

from flowdsl.codegen.artifacts import render_plain_json
from flowdsl.tracing.align import place_entries
from flowdsl.tracing.history import read_entries, read_history
from flowdsl.tracing.prompt_units import PromptUnit, read_units
from tests.support.flows.compiling import EXAMPLES, compile_folder
from tests.support.rows import in_rows

OTHER_WORDS = {"click": "hitting", "type": "entering", "press": "pressing", "open": "bringing up"}
POPUP = "A notice about printer toner came up; dismissing it."
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/flowdsl.toml"))


def in_other_words(text: str, chance: Random) -> str:
    """Half of the words of a text, three at the least where it has them, some of them others."""
    words = re.findall(r"[\w{}$.'-]+", re.sub(r"^\s*[\d.]+\s", "", text))
    half = [index for index in range(len(words)) if chance.random() < 0.5]
    least = min(3, len(words))
    kept = half if len(half) >= least else sorted(chance.sample(range(len(words)), least))
    return " ".join(OTHER_WORDS.get(words[at].lower(), words[at]) for at in kept)


def done(unit: PromptUnit, chance: Random) -> dict[str, Any]:
    """What the agent writes for a unit: a call of its tool, or words and a click."""
    lines = [line.text for line in unit.lines]
    if unit.own_tool is not None:
        given = in_other_words("\n".join(lines[1:] or lines), chance)
        use = {"type": "tool_use", "tool_name": unit.own_tool, "tool_input": {"text": given}}
        return {"role": "assistant", "content": [use]}
    said = {"type": "text", "text": in_other_words("\n".join(lines), chance)}
    use = {"type": "tool_use", "tool_name": "computer", "tool_input": {"action": "click"}}
    return {"role": "assistant", "content": [said, use]}


def prompts(folder: Path) -> list[str]:
    bundle = compile_folder(folder, "local").bundle
    assert bundle is not None
    return [render_plain_json(workflow.payload["main_prompt"]) for workflow in bundle.workflows]


@in_rows("project", PROJECTS)
def test_what_is_sure_is_right_and_most_is_placed(project: str) -> None:
    placed = right = found = all_of_them = 0
    for prompt in prompts(EXAMPLES / project):
        units = read_units(prompt, {})
        for seed in range(4):
            chance = Random(seed)
            messages, truth = [], []
            for index, unit in enumerate(units):
                if unit.is_heading:
                    continue
                loop = {} if unit.loop is None else {"loop_uuid": "a", "iteration_index": 0}
                messages.append({**done(unit, chance), **loop})
                truth.append(index)
            popup = {"role": "assistant", "content": [{"type": "text", "text": POPUP}]}
            messages.insert(len(messages) // 2, popup)
            truth.insert(len(truth) // 2, -1)
            entries = read_entries(read_history(messages).messages, None)
            for place, unit_index in zip(place_entries(entries, units), truth, strict=True):
                # The pop-up belongs to no line, and weighs more the fewer lines a prompt has.
                all_of_them += unit_index >= 0
                found += unit_index >= 0 and place is not None
                if place is not None:
                    placed += 1
                    right += place.unit == unit_index
                    assert place.unit == unit_index or place.confidence != "high"
    assert found >= 0.95 * all_of_them
    assert right >= 0.9 * placed
