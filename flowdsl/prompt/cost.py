"""Estimate the cost of a prompt: the model calls that it requires, and its length in tokens.

Reads the text alone, so that a prompt written by hand, or by another version, is counted the same
way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowdsl.source.record import Record

from .words import say_sentence

SECTIONS = ("title", "rules", "steps")
"""The parts of a prompt: the text before the rules, and one part for each heading."""


class Calls(Record, eq=True):
    """Model calls besides the main agent: `focused` calls, and `readings` in the background.

    Each line counts once, including lines that a condition skips; repetitions count as one round or
    attempt.
    """

    focused: int
    readings: int


class LoopCalls(Record, eq=True):
    """The calls of one entry of a loop, without those of loops inside it.

    `items` is what the loop runs over, as the prompt writes it.
    """

    items: str
    calls: Calls


class PromptCost(Record, eq=True):
    """The cost of a prompt.

    `calls` are those of a run outside of its loops. `tokens` are estimated, by section; a prompt
    without our headings is all `steps`.
    """

    calls: Calls
    loops: tuple[LoopCalls, ...]
    tokens: dict[str, int]

    @property
    def all_tokens(self) -> int:
        """The estimated length of the whole prompt."""
        return sum(self.tokens.values())

    @property
    def entry(self) -> Calls:
        """The calls of one entry of every loop together."""
        return Calls(
            sum(loop.calls.focused for loop in self.loops),
            sum(loop.calls.readings for loop in self.loops),
        )


def prompt_cost(prompt: str) -> PromptCost:
    """Return the cost of a prompt in plain text or HTML."""
    calls, loops = _count_calls(prompt)
    tokens = dict.fromkeys(SECTIONS, 0)
    for section, text in _split_sections(prompt):
        tokens[section] += estimate_tokens(text)
    return PromptCost(calls, loops, tokens)


# Calls

_EVENT = re.compile(
    r"(?<!not )(?<!never )\buse\s+(?:"
    r"(?P<focused>focused_action\b)"
    r"|(?P<start>start_loop\b)(?: with text=(?P<items>\"[^\"\n]*\"|'[^'\n]*'|⟦[^\n]*⟧))?"
    r"|(?P<end>end_loop_iteration\b))"
    r"|(?P<reading>\bextract_prompt ?=)",
    re.IGNORECASE,
)
"""An instruction to use a tool; "do not use end_loop_iteration" does not match."""


def _count_calls(prompt: str) -> tuple[Calls, tuple[LoopCalls, ...]]:
    """Return the calls outside of loops, and those of each loop in order."""
    found: list[list[int]] = [[0, 0]]
    items: list[str] = []
    within = [0]
    for event in _EVENT.finditer(prompt.replace("&nbsp;", " ")):
        match event.lastgroup:
            case "focused":
                found[within[-1]][0] += 1
            case "reading":
                found[within[-1]][1] += 1
            case "end":
                if len(within) > 1:
                    within.pop()
            case _:
                within.append(len(found))
                found.append([0, 0])
                items.append((event["items"] or "")[1:-1])
    outside, *inside = (Calls(*each) for each in found)
    return outside, tuple(map(LoopCalls, items, inside))


# Tokens

_IDEOGRAPHS = r"\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff"
_PIECE = re.compile(
    r"(?P<word>_?[A-Za-z]+)"
    r"|(?P<number>[0-9]+)"
    rf"|(?P<ideographs>[{_IDEOGRAPHS}]+)"
    rf"|(?P<letters>(?:(?![A-Za-z0-9{_IDEOGRAPHS}])[^\W_])+)"
    r"|(?P<rare>[^\x00-\u206f\w\s])"
    r"|(?P<marks>(?:(?!_[A-Za-z])(?:[^\u2070-\U0010ffff\w\s]|_))+)"
)
_CHARACTERS = {"word": 10, "number": 3, "ideographs": 1, "letters": 3, "marks": 3}
"""The number of characters per token, by kind of piece."""

_RARE = 3
"""The tokens of a rare mark, such as our brackets."""


def estimate_tokens(text: str) -> int:
    """Estimate the number of tokens of a text.

    Words, digits, other letters and marks are counted in pieces, a line end and its indent as one.
    On prompts this is within 7 % of two public encodings of OpenAI (`o200k_base`, `cl100k_base`);
    other models differ more among themselves.
    """
    pieces = 0
    for piece in _PIECE.finditer(text):
        kind = str(piece.lastgroup)
        pieces += _RARE if kind == "rare" else -(-len(piece[0]) // _CHARACTERS[kind])
    return pieces + max(0, sum(map(bool, text.split("\n"))) - 1)


# Sections


def _split_sections(prompt: str) -> Iterator[tuple[str, str]]:
    """Split a prompt into sections; each begins with its heading."""
    headings = [
        (say_sentence("rules.title"), "rules"),
        (say_sentence("steps.title"), "steps"),
    ]
    lines = prompt.split("\n")
    plain = [line.removeprefix("<p>").removesuffix("<br>") for line in lines]
    starts: list[tuple[int, str]] = []
    for heading, section in headings:
        if heading in plain:
            at = plain.index(heading)
            if not starts or starts[-1][0] < at:
                starts.append((at, section))
    if not any(section == "steps" for _, section in starts):
        yield "steps", prompt
        return
    ends = [at for at, _ in starts[1:]] + [len(lines)]
    yield "title", "\n".join(lines[: starts[0][0]])
    for (at, section), end in zip(starts, ends, strict=True):
        yield section, "\n".join(lines[at:end])
