"""Converts a prompt that somebody wrote in the dashboard to statements.

Headings become steps, list entries and paragraphs become `do`. An instruction becomes a statement
of another kind only if it has exactly one meaning and states it plainly. Conditions and loops are
never guessed: a line that mentions one stays prose, with everything below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flowdsl.ir import nodes
from flowdsl.lint.texts.titles import why_no_title
from flowdsl.semantics.texts.reserved_brackets import BRACKETS
from flowdsl.source.record import Record

from ..model import NOWHERE, PromptHints
from .instructions import Instructions, has_condition_words, is_governing_line
from .rich_text import (
    Block,
    Entry,
    Heading,
    Listing,
    Paragraph,
    find_shown_pictures,
    is_rich_text,
    plain_text,
    read_blocks,
)

_NUMBER = r"(?i)(?:step\s+\d{1,3}\s*[.:)–-]?|\d{1,3}(?:\.\d{1,3})*[.:)]|\d{1,3}(?:\.\d{1,3})+)\s+"
_SENTENCE = r"[A-Z{\"'“`].*[.!]"
_LONGEST_TITLE = 100
_FENCE = "```", "~~~"
_STEP_NUMBER = (
    r"(?i)(?<=[\w,;:][ \xa0])(?:steps?|points?|items?|schritte?n?|punkte?n?|étapes?|pasos?|passos?)"
    r"[ \xa0]\d{1,3}(?:\.\d{1,3})*\b"
)
_PLAIN = str.maketrans("⟦⟧⟪⟫", "[][]")
_OF_NO_TITLE = frozenset(
    (
        *("a", "an", "and", "for", "in", "of", "on", "the", "to"),
        *("flow", "instructions", "procedure", "process", "prompt", "steps", "task", "workflow"),
    )
)
"""Words of a heading that add nothing to the title of a workflow."""


class Proposal(Record):
    """Statements for a prompt.

    `sources` says where outputs come from. `read_at_the_end` are the outputs that the prompt does
    not say how to read; a last step reads them. `pictures` are the addresses of the pictures in the
    prompt, which the statements do not show. `references` are mentions of numbered steps, such as
    `step 3`. `rich_text` says that the prompt was HTML, and `brackets` that it contained the signs
    that mark values in prompts of FlowDSL.
    """

    body: nodes.Body
    sources: tuple[nodes.OutputSource, ...]
    read_at_the_end: tuple[str, ...]
    pictures: tuple[str, ...]
    references: tuple[str, ...]
    rich_text: bool
    brackets: bool


def propose_statements(prompt: str, hints: PromptHints, title: str = "") -> Proposal:
    """Return statements that say what `prompt` says, in its order; never raises.

    `title` is the title of the workflow: a heading that only repeats it is left out.
    """
    rich = is_rich_text(prompt)
    pictures = find_shown_pictures(prompt)
    if rich:
        prompt = plain_text(prompt)
    marked = not BRACKETS.isdisjoint(prompt)
    prompt = prompt.translate(_PLAIN)
    instructions = Instructions(hints)
    body = tuple(_convert_titled_prompt(read_blocks(prompt), title, instructions))
    sources = instructions.sources()
    told = {source.field for source in sources}
    missing = [field for field in hints.outputs or () if field.required and field.name not in told]
    if missing:
        readings = [instructions.reading(field) for field in missing]
        body += (_make_titled_step("Read the results", iter(readings), instructions),)
        sources = instructions.sources()
    references = tuple(dict.fromkeys(re.findall(_STEP_NUMBER, prompt)))
    return Proposal(
        body, sources, tuple(field.name for field in missing), pictures, references, rich, marked
    )


# Blocks


def _convert_titled_prompt(
    blocks: Sequence[Block], title: str, instructions: Instructions
) -> Iterator[nodes.Statement]:
    """Return the statements of a whole prompt.

    A heading above all others is not a step; it is left out if it only repeats the title.
    """
    first = blocks[0] if len(blocks) > 1 else None
    levels = [block.level for block in blocks[1:] if isinstance(block, Heading)]
    if isinstance(first, Heading) and first.level < min(levels, default=2):
        if _title_words(first.text) - _title_words(title) - _OF_NO_TITLE:
            yield _make_do(first.text, instructions)
        inner = instructions.plain() if has_condition_words(first.text) else instructions
        yield from _convert_blocks(blocks[1:], inner)
    else:
        yield from _convert_blocks(blocks, instructions)


def _title_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _convert_blocks(
    blocks: Sequence[Block], instructions: Instructions
) -> Iterator[nodes.Statement]:
    at = 0
    while at < len(blocks):
        block = blocks[at]
        at += 1
        if isinstance(block, Heading):
            end = at
            while end < len(blocks) and not _ends_section(blocks[end], block.level):
                end += 1
            yield from _convert_section(block.text, blocks[at:end], instructions)
            at = end
        elif isinstance(block, Paragraph):
            following = blocks[at] if at < len(blocks) else None
            if isinstance(following, Listing) and _is_introducing_list(block.text, following):
                yield _make_do(f"{block.text}\n{following.written}", instructions)
                at += 1
            elif isinstance(following, Paragraph) and (
                following.text.startswith(_FENCE) or _opens_case(block.text)
            ):
                yield _make_do(f"{block.text}\n{following.text}", instructions)
                at += 1
            else:
                for line in _split_sentence_lines(block.text):
                    yield from instructions.read(line)
        else:
            reader = instructions
            for entry in block.entries:
                yield from _convert_entry(entry, reader)
                if not entry.below and _opens_case(entry.text):
                    # The case that it introduces can only be in the entries after it.
                    reader = instructions.plain()


def _ends_section(block: Block, level: int) -> bool:
    return isinstance(block, Heading) and block.level <= level


def _convert_section(
    heading: str, blocks: Sequence[Block], instructions: Instructions
) -> Iterator[nodes.Statement]:
    title = re.sub(_NUMBER, "", _strip_title_marks(heading), count=1)
    # Text that applies only in some case, repeatedly or never stays prose.
    inner = instructions.plain() if is_governing_line(title) else instructions
    if not blocks:
        yield _make_do(heading, instructions)
    elif _can_be_title(title, instructions):
        yield _make_titled_step(title, _convert_blocks(blocks, inner), instructions)
    elif is_governing_line(title) and all(
        isinstance(block, Paragraph | Listing) for block in blocks
    ):
        # For example "For each claim": the title of a step is not an instruction.
        below = (each.written if isinstance(each, Listing) else each.text for each in blocks)
        yield _make_do("\n".join((f"{title}:", *below)), instructions)
    else:
        yield _make_do(heading, instructions)
        yield from _convert_blocks(blocks, inner)


def _convert_entry(entry: Entry, instructions: Instructions) -> Iterator[nodes.Statement]:
    if not entry.below:
        yield from instructions.read(entry.text)
    elif _is_group(entry, instructions):
        inner = _convert_blocks(entry.below, instructions)
        yield _make_titled_step(_strip_title_marks(entry.text), inner, instructions)
    else:
        yield _make_do(_without_mark(entry.written), instructions)


def _strip_title_marks(title: str) -> str:
    return title.replace("**", "").strip().rstrip(".:; ")


def _is_group(entry: Entry, instructions: Instructions) -> bool:
    """Whether an entry is only a title for the numbered instructions below it."""
    return (
        len(entry.below) == 1
        and isinstance(entry.below[0], Listing)
        and entry.below[0].ordered
        and not is_governing_line(entry.text)
        and _can_be_title(_strip_title_marks(entry.text), instructions)
    )


def _can_be_title(text: str, instructions: Instructions) -> bool:
    """Whether a text can be a step's title: one short line, with no variables except inputs."""
    return (
        0 < len(text) <= _LONGEST_TITLE
        and why_no_title(text) is None
        and "\n" not in text
        and all(
            piece.sigil == "input"
            for piece in instructions.text(text)
            if isinstance(piece, nodes.Variable)
        )
    )


def _is_introducing_list(text: str, listing: Listing) -> bool:
    """Whether a list belongs to the paragraph before it: its condition or its introduction."""
    return _is_announcement(text) and (not listing.ordered or is_governing_line(text))


def _opens_case(text: str) -> bool:
    """Whether the text after a line applies only in some case, or never."""
    return _is_announcement(text) and is_governing_line(text)


def _is_announcement(text: str) -> bool:
    return text.rstrip("*_ ").endswith((":", "：", "?", "？"))


def _split_sentence_lines(paragraph: str) -> list[str]:
    """Return the lines of a paragraph if each is a complete sentence, else the whole paragraph."""
    lines = paragraph.split("\n")
    if all(re.fullmatch(_SENTENCE, line) for line in lines) and not has_condition_words(paragraph):
        return lines
    return [paragraph]


def _without_mark(written: str) -> str:
    """Return an entry without its list mark, with the lines below dedented by the same width."""
    first, *rest = written.split("\n")
    text = re.sub(r"\s*(?:[-*•+‣–]|\w{1,3}[.)]|(?i:step)\s+\d+\s*[.:)–-])\s+", "", first, count=1)
    width = min([len(line) - len(line.lstrip()) for line in rest if line], default=0)
    return "\n".join([text, *(line[max(width - 2, 0) :] for line in rest)])


# Statements


def _make_do(text: str, instructions: Instructions) -> nodes.Do:
    return nodes.Do(origin=NOWHERE, text=instructions.text(text))


def _make_titled_step(
    title: str, body: Iterator[nodes.Statement], instructions: Instructions
) -> nodes.Step:
    return nodes.Step(origin=NOWHERE, title=instructions.text(title), body=tuple(body))
