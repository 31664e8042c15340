"""`docs/prompt-language.md` shows every sentence and axis as they are."""

from __future__ import annotations

import re

from flowdsl.prompt.sentences import SENTENCES
from flowdsl.simulate.machine.meanings import AXES
from tools.prompt_language import document


def test_every_sentence_and_axis_has_a_section_and_every_link_one() -> None:
    text = document()
    sections = re.findall(r"^### `([^`]+)`$", text, re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert set(sections) >= {*SENTENCES, *(axis.name for axis in AXES.values())}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(sections)
