"""`docs/prompt-language.md`, made of the sentences, their meanings and what these rest on.

`python -m tools.prompt_language --write | --check` is the script.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from flowdsl.prompt.sentences import FOCUSED, KINDS, MAIN, PLATFORM, SENTENCES, Sentence
from flowdsl.semantics import capabilities
from flowdsl.simulate.machine.meanings import ASSUMPTIONS, AXES, Axis, Meaning, sentence_meanings
from tools.made import write_or_check

FILE = Path(__file__).parents[1] / "docs" / "prompt-language.md"

_BEGINNING = """\
# The language of prompts

Made by `python -m tools.prompt_language --write` of `prompt/sentences.toml`, and of
`meanings.toml` and `assumptions.toml` in `simulate/machine`.

A compiled prompt is written in the sentences below and in no other words, but for those of the
author. A line with # in the first column is the title of a step, which asks for nothing; every
instruction has a number or a dash. FlowDSL's machine carries a prompt out by them alone: it takes
each sentence to mean what is said here, and nothing else. A text in braces is a hole: its name, and
behind the colon its kind. `[name?words|other words]` are words that depend on a value.

A sentence is met by the main agent, which runs the prompt, by a focused one, which a
`focused_action` launches and which knows its own bullets alone, or by the platform: the extraction
agent of a reading in the background, and the transformation agent that makes the outputs.
What a meaning rests on is a page of the documentation of Cyberdesk, or an assumption.
"""

_FAMILIES = {
    "heading": "What the workflow is",
    "rules": "Rules",
    "steps": "Steps",
    "sources": "Where outputs come from",
    "actions": "Actions",
    "screen": "The screen",
    "conditions": "Conditions",
    "control": "Choices, rounds, attempts and loops",
    "data": "Values that are read and kept",
    "tools": "Commands, files and pictures",
    "types": "Types",
    "values": "Values",
    "durations": "Durations",
    "blanks": "Blanks that nobody sees",
}
_READERS = {MAIN: "the main agent", FOCUSED: "a focused agent", PLATFORM: "the platform"}
_DOCS = "https://docs.cyberdesk.io"


def document() -> str:
    """The whole page."""
    families = dict.fromkeys(name.partition(".")[0] for name in SENTENCES)
    parts = [_BEGINNING, *map(_family, families), _kinds(), _axes(), _assumptions()]
    return "\n".join(parts)


def _family(family: str) -> str:
    lines = [f"## {_FAMILIES[family]}", ""]
    for name, sentence in SENTENCES.items():
        if name.startswith(f"{family}."):
            lines += [*_sentence(sentence, sentence_meanings()[name]), ""]
    return "\n".join(lines)


def _sentence(sentence: Sentence, meaning: Meaning) -> Iterator[str]:
    yield f"### `{sentence.name}`"
    yield ""
    yield f"> {_quoted(sentence.text)}"
    yield ""
    yield meaning.means
    yield ""
    readers = " and ".join(_READERS[each] for each in sentence.readers)
    rests = ", ".join(map(_rest, meaning.rests))
    yield f"Met by {readers}; carried out by {_who(meaning.who)}. Rests on {rests}."


def _who(who: tuple[str, ...]) -> str:
    return " and ".join(
        each if each == "nobody" else f"{'a' if each == 'focused' else 'the'} {each} agent"
        for each in who
    )


def _quoted(text: str) -> str:
    """A sentence as code, whatever marks it holds; the kinds of choices are left out."""
    text = re.sub(r"\[(\w+):\w+\?", r"[\1?", text)
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def _rest(rest: str) -> str:
    kind, _, name = rest.partition(":")
    if kind == "D":
        return f"[{name.rpartition('/')[2]}]({_DOCS}{name})"
    return f"[`{name}`](#{name})"


def _kinds() -> str:
    """The kinds of holes."""
    lines = ["## What stands in holes", "", "| Kind | What it is |", "|---|---|"]
    lines += [f"| `{name}` | {what} |" for name, what in KINDS.items()]
    return "\n".join([*lines, ""])


def _axes() -> str:
    lines = [
        "## What nobody knows",
        "",
        "A prompt has to do the same under every value of each; the first is the usual one.",
        "",
    ]
    for axis in AXES.values():
        lines += [*_axis(axis), ""]
    return "\n".join(lines)


def _axis(axis: Axis) -> Iterator[str]:
    yield f"### `{axis.name}`"
    yield ""
    yield f"{axis.question} {' '.join(axis.reason.split())} ({_rest(axis.source)})"
    yield ""
    for value, means in axis.values:
        yield f"- `{json.dumps(value)}`: {means}"


def _assumptions() -> str:
    """The assumptions that some meaning rests on, those of the compiler among them."""
    every = ASSUMPTIONS | capabilities.ASSUMPTIONS
    named = {
        rest[2:] for each in sentence_meanings().values() for rest in each.rests if rest[0] == "I"
    }
    lines = ["## What is assumed", ""]
    for name, words in every.items():
        if name in named or name in ASSUMPTIONS:
            lines += [f"### `{name}`", "", f"{words[:1].upper()}{words[1:]}.", ""]
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Write the page, or say that it is stale."""
    return write_or_check(words, "tools.prompt_language", FILE, document())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
