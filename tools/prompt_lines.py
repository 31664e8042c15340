"""Write the lines of prompts, as `prompt.likeness` compares prose with them.

`python -m tools.prompt_lines --write` makes `flowdsl/prompt/lines.py` of `sentences.toml`,
`--check` says whether it is stale. To read the sentences takes as long as to check a file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from flowdsl.prompt.sentences import ASK, LINE, SENTENCES, Hole, sentences_at

from .made import write_or_check

TARGET = Path(__file__).parents[1] / "flowdsl/prompt/lines.py"

_ON_CONDITION = ("If", "Otherwise")
"""The first words of conditional lines, which prose may use, too."""

_ENDS = ("control.ask", "control.ask_else", "control.ask_else_do", "control.ask_decide")

LEAVES = (
    "control.fail_with",
    "control.fail_last",
    "control.abort_with",
    "control.attempt_failed_with",
    "control.attempt_failed_last",
)
"""Ends of sentences that can be a line of their own, with a capital letter and a full stop."""

STARTS = (
    "control.else_",
    "control.retry_missing",
    "control.attempt_missing",
    "tools.run_check",
)
"""Words that refer to the line before; prose that begins with them would too."""


def whole_lines() -> list[str]:
    """Return the sentences that are a whole unconditional line."""
    firsts = {name: next(_find_word_variants(name))[0] for name in sentences_at(LINE)}
    return [
        name
        for name, first in firsts.items()
        if isinstance(first, str) and not first.startswith(_ON_CONDITION)
    ]


def _find_line_sentences() -> Iterator[tuple[str | Hole, ...]]:
    """Yield the words and holes of each sentence that is a line, for each set of choices."""
    for name in whole_lines():
        yield from _find_word_variants(name)
    ends = [next(_find_word_variants(name)) for name in _ENDS]
    for name in sentences_at(ASK):
        for ask in _find_word_variants(name):
            yield from ((*ask, *end[1:]) for end in ends)
    for name in LEAVES:
        for first, *rest in _find_word_variants(name):
            yield f"{str(first)[:1].upper()}{str(first)[1:]}", *rest, "."


def _find_word_variants(name: str) -> Iterator[tuple[str | Hole, ...]]:
    sentence = SENTENCES[name]
    return (tuple(sentence.words(chosen)) for chosen in sentence.variants())


def _spell_part(part: str | Hole) -> str:
    if isinstance(part, Hole):
        return f"“{{{part.kind}}}”" if part.kind == "shown" else f"{{{part.kind}}}"
    assert not {"{", "}"} & {*part}, part
    return part


def make_module() -> str:
    """Return the source of the module."""
    lines: dict[str, dict[str, None]] = {}
    for parts in _find_line_sentences():
        line = "".join(map(_spell_part, parts))
        lines.setdefault(line.partition(" ")[0].removesuffix("."), {})[line] = None
    rows = [
        row
        for first, found in lines.items()
        for row in (f"    {first!r}: (", *(f"        {each!r}," for each in found), "    ),")
    ]
    return "\n".join(
        (
            '"""The lines that the compiler writes.',
            '\nMade by `python -m tools.prompt_lines --write`.\n"""',
            "\n# ruff: noqa: E501",
            "# fmt: off",
            "\nLINES = {",
            *rows,
            "}",
            '"""Each line by its first word, with the kinds of its holes in braces."""',
            "\nREFERENCES = (",
            *(f"    {SENTENCES[name].text!r}," for name in STARTS),
            ")",
            '"""Words that refer to the line before."""',
            "",
        )
    )


if __name__ == "__main__":
    sys.exit(write_or_check(sys.argv[1:], "tools.prompt_lines", TARGET, make_module()))
