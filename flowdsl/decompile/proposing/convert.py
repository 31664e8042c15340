"""Converts a prompt that somebody wrote in the dashboard to statements.

Headings become steps, list entries and paragraphs become `do`. An instruction becomes a statement
of another kind only if it states it plainly. What depends on a condition in other words than those
of `sentences` stays prose, with everything below it.

Nothing is lost: an output that no statement sets is read at the end, and a value that is used
before the prompt says how it is read is read in front of its first use.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.ir.walk import walk
from flowdsl.lint.texts.titles import why_no_title
from flowdsl.semantics.texts.reserved_brackets import BRACKETS
from flowdsl.source.record import Record

from ..model import NOWHERE, PromptHints
from .clauses import cut_sentences
from .instructions import Instructions, is_beyond_agent
from .leaps import Segment, Unresolved, has_leap, resolve_leaps
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
from .sentences.decisions import (
    find_leap,
    governs_behind,
    is_for_none_found,
    is_otherwise_head,
    means_going_on,
    parse_case,
    parse_decision,
    parse_decision_head,
    parse_negation,
    parse_otherwise,
    parse_question,
    points_at_before,
    repeats,
    shows_text,
    tells_what_to_do,
)
from .sentences.repetitions import Repeating, parse_range, parse_repetition, parse_rounds
from .sentences.rules import (
    is_heading_of_rules,
    is_in_turn,
    is_rule,
    repeats_steps,
    stands_alone_as_rule,
    stands_always,
    states_always,
)
from .statements import chain_statements, find_plain_choice, make_decision
from .unread import let_unused_be_missing, read_before_use
from .wording import (
    as_sentence,
    has_condition_words,
    is_governing_line,
    points_back,
    starts_with_act,
    strip_markdown,
)

_NUMBER = (
    r"(?i)(?:(?:step|schritt)\s+\d{1,3}(?:\s*[.:)–-]|(?-i:(?=\s+[A-ZÄÖÜ])))|"
    r"\d{1,3}(?:\.\d{1,3})*[.:)]|\d{1,3}(?:\.\d{1,3})+)\s+"
)
_LONGEST_TITLE = 100
_NARROWEST = 60
"""The least length of a line that a margin cuts, in characters."""
_LONGEST_CASE = 60
_FENCE = "```", "~~~"
_STEP_NUMBER = (
    r"(?i)(?<=[\w,;:][ \xa0])(?:steps?|points?|items?|schritte?n?|punkte?n?|étapes?|pasos?|passos?)"
    r"[ \xa0]\d{1,3}(?:\.\d{1,3})*\b"
)
_PLAIN = str.maketrans("⟦⟧⟪⟫", "[][]")
_AFTER_LOOP = (
    r"(?i)(?:next \w+$|end of (?:the )?(?:list|loop)|"
    r"(?:when|once) (?:all|everything|finished|done)|"
    r"after (?:all|the last)|end_loop)"
)
_LOOP_END = r"(?i)(?:use )?(?:end of (?:the )?loop|end_loop\w*)(?: with .*)?\W*$"
_READING_HEAD = (
    r"(?i)(?:please )?(?:read|get|extract|note|find|lies|notiere)\b[^.:]{0,40}"
    r"(?:\b(?:save|store|speicher\w*)\b[^.:]{0,30})?:"
)
_OPENS_ACTS = (
    r"(?i)(?:and )?(?:then|now|after that|next|steps|(?:please )?do (?:this|the following)|"
    r"proceed as follows|dann|danach|anschließend)[^.!?\n]{0,20}:\s*"
)
"""The head of a list of acts."""
_AT_ANY_TIME = r"(?i)\b(?:at any (?:time|point|moment)|whenever|ever|jederzeit|sometimes|during)\b"
_GOES_ON_BELOW = (",", " -", " and", " or", " then", " und", " oder", " dann")
_OF_BEFORE = re.compile(
    r"(?i)(?:if (?:not|so|yes|no|it|they|there (?:is|are))|otherwise|else|in (?:this|that) case|"
    r"sonst|wenn (?:nicht|ja|nein)|falls (?:nicht|ja|nein))\b[^.]{0,12}:"
)
"""The head of a list for a case of the sentence before it."""
_GREETING = (
    r"(?i)(?:hi|hello|hey|dear|good \w+|hallo|guten \w+|sehr geehrte\w*|liebe\w*)\b[^.:]{0,40}[,!]"
)
_MAIL_HEADER = r"(?i)(?:from|to|cc|subject|date|sent|von|an|betreff|datum|gesendet): .*"
_CLOSING = (
    r"(?is)(?:cheers|thanks|thank you|many thanks|(?:kind |best )?regards|all the best|danke|"
    r"vielen dank|(?:viele|liebe|mit freundlichen) grüße\w*|gruß)\b.{0,60}"
)
"""The end of a mail, with the name below it."""
_OF_NO_TITLE = frozenset(
    (
        *("a", "an", "and", "for", "in", "of", "on", "the", "to"),
        *("flow", "instructions", "procedure", "process", "prompt", "steps", "task", "workflow"),
    )
)
"""Words of a heading that add nothing to the title of a workflow."""


class Proposal(Record):
    """Statements for a prompt, and `rules` for the whole task.

    `recognized` has the parts of the prompt that are more than prose, also refused ones.
    `sources` says where outputs come from. `read_at_the_end` are the outputs that the prompt does
    not say how to read; a last step reads them. `read_before` are values that are read before
    their first use, since the prompt does not say when. `pictures` are the addresses of the
    pictures in the prompt, which the statements do not show. `references` are mentions of numbered
    steps, such as `step 3`. `rich_text` says that the prompt was HTML, `brackets` that it contained
    the signs that mark values in prompts of FlowDSL, and `entries_in_words` that words stand in the
    place of a `{{loop_item}}`, since its loop was not understood.
    """

    body: nodes.Body
    rules: tuple[nodes.Text, ...]
    recognized: tuple[str, ...]
    sources: tuple[nodes.OutputSource, ...]
    read_at_the_end: tuple[str, ...]
    read_before: tuple[str, ...]
    pictures: tuple[str, ...]
    references: tuple[str, ...]
    rich_text: bool
    brackets: bool
    entries_in_words: bool


def propose_statements(
    prompt: str, hints: PromptHints, title: str = "", refused: Collection[str] = ()
) -> Proposal:
    """Return statements that say what `prompt` says, in its order; never raises.

    `title` is the title of the workflow: a heading that only repeats it is left out. `refused` are
    parts of `recognized` that stay prose.
    """
    rich = is_rich_text(prompt)
    pictures = find_shown_pictures(prompt)
    if rich:
        prompt = plain_text(prompt)
    marked = not BRACKETS.isdisjoint(prompt)
    prompt = prompt.translate(_PLAIN)
    instructions = Instructions(hints, refused, prompt)
    body = tuple(_convert_titled_prompt(read_blocks(prompt), title, instructions))
    read_before: list[str] = []
    body = read_before_use(body, instructions, set(), read_before)
    reported = {field.name for field in hints.outputs or ()}
    body = let_unused_be_missing(body, set(read_before) - reported)
    sourced = {source.field for source in instructions.sources()}
    missing = [field for field in hints.outputs or () if field.name not in sourced]
    if missing:
        readings = [instructions.reading(field) for field in missing]
        body += (_make_titled_step("Read the results", iter(readings), instructions),)
    labels = "|".join(re.findall(r"(?m)^[ \t]*([A-Z]\d{1,2})[.)]", prompt)) or "(?!)"
    named = re.findall(rf"{_STEP_NUMBER}|(?<=\w )\b(?:{labels})\b", prompt)
    references = tuple(dict.fromkeys(named))
    entries = [
        each for each in walk(body) if isinstance(each, nodes.Variable) and each.name == LOOP_ITEM
    ]
    return Proposal(
        body,
        tuple(instructions.rules),
        tuple(dict.fromkeys(instructions.recognized)),
        instructions.sources(),
        tuple(field.name for field in missing),
        tuple(read_before),
        pictures,
        references,
        rich,
        marked,
        len(re.findall(rf"\{{\{{\s*{LOOP_ITEM}\b", prompt)) > len(entries),
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
        has_values = any(isinstance(each, nodes.Variable) for each in instructions.text(first.text))
        if has_values or _title_words(first.text) - _title_words(title) - _OF_NO_TITLE:
            yield instructions.prose(first.text)
        inner = instructions.plain() if has_condition_words(first.text) else instructions
        yield from _convert_blocks(blocks[1:], inner, inside=False)
    else:
        yield from _convert_blocks(blocks, instructions, inside=False)


def _title_words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _convert_blocks(
    blocks: Sequence[Block], instructions: Instructions, *, inside: bool = True
) -> Iterator[nodes.Statement]:
    blocks = _split_heads(_attach_lists(blocks))
    if not inside:
        blocks = [each for block in blocks for each in _split_remarks(block)]
        blocks = _split_lines_behind(blocks)
    at = 0
    while at < len(blocks):
        block = blocks[at]
        at += 1
        if not inside and isinstance(block, Paragraph):
            told, block = _split_greeting(block, blocks[: at - 1])
            yield from map(instructions.prose, told)
        if isinstance(block, Heading):
            end = at
            while end < len(blocks) and not _ends_section(blocks[end], block.level):
                end += 1
            yield from _convert_section(block.text, blocks[at:end], instructions)
            at = end
        elif isinstance(block, Paragraph):
            following = blocks[at] if at < len(blocks) else None
            loop = _convert_introduced_loop(block.text, following, instructions)
            cases: list[nodes.Statement] = []
            if not loop and isinstance(following, Listing):
                whole = f"{block.text}\n{following.written}"
                cases = _convert_readings(block.text, (following,), instructions) or _convert_cases(
                    block.text, whole, (following,), instructions
                )
            if loop or cases:
                yield from loop or cases
                at += 1
                behind = blocks[at] if at < len(blocks) else None
                ends = isinstance(behind, Paragraph) and re.fullmatch(_LOOP_END, behind.text)
                at += bool(loop and ends)
            elif (
                isinstance(following, Listing)
                and is_heading_of_rules(block.text)
                and _read_rule_list((following,), instructions)
            ):
                at += 1
            elif isinstance(following, Listing) and (
                governed := _convert_governing_entry(
                    Entry(block.text, (following,), f"{block.text}\n{following.written}"),
                    (),
                    instructions,
                )
            ):
                yield from governed[0]
                at += 1
            elif isinstance(following, Listing) and re.fullmatch(_OPENS_ACTS, block.text):
                yield instructions.prose(block.text)
            elif isinstance(following, Listing) and _is_introducing_list(block.text, following):
                yield instructions.prose(f"{block.text}\n{following.written}")
                at += 1
            elif isinstance(following, Paragraph) and (
                following.text.startswith(_FENCE) or _opens_case(block.text)
            ):
                yield instructions.prose(f"{block.text}\n{following.text}")
                at += 1
            elif (
                (stands_always(block.text) or states_always(block.text))
                and (not inside or re.search(_AT_ANY_TIME, block.text) is not None)
                and any(isinstance(each, Listing) for each in blocks[:at])
                and all(
                    isinstance(each, Paragraph) and _is_remark(each.text) for each in blocks[at:]
                )
                and instructions.read_rules([block.text])
            ):
                pass  # an exception behind the last list can come at any time
            elif (
                not inside
                and not any(isinstance(each, Listing) for each in blocks[:at])
                and any(isinstance(each, Listing) for each in blocks[at:])
                and _tells_before_acts(block.text)
            ):
                yield instructions.prose(block.text)
            elif _is_table(block.text) and instructions.accept(block.text):
                yield from _convert_table(block.text, instructions)
            elif not _take_rules(block.text, instructions):
                yield from _convert_lines(_split_sentence_lines(block.text), instructions)
        else:
            yield from _convert_listing(block, instructions)


def _tells_before_acts(text: str) -> bool:
    """Whether a paragraph has conditions and no acts: in front of a list, they hold during it."""
    sentences = cut_sentences(strip_markdown(text))
    decides = has_condition_words(text) and len(sentences) > 1
    return decides and not any(map(starts_with_act, sentences))


def _split_greeting(block: Paragraph, before: Sequence[Block]) -> tuple[list[str], Paragraph]:
    """Return the greeting that opens a prompt, or a mail in it, and what it says.

    Elsewhere it opens a letter that is written.
    """
    greeting, _, rest = block.text.partition("\n")
    last = before[-1] if before else None
    opens = last is None or (
        isinstance(last, Paragraph) and re.match(_MAIL_HEADER, last.text) is not None
    )
    if not opens or not rest or re.fullmatch(_GREETING, greeting.strip()) is None:
        return [], block
    return [greeting], Paragraph(rest)


def _attach_lists(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks in which a list stands below the entry before it that announces it."""
    attached: list[Block] = []
    for block in blocks:
        before = attached[-1] if attached else None
        last = before.entries[-1] if isinstance(before, Listing) else None
        announces = last is not None and not last.below and last.text.rstrip().endswith(":")
        if isinstance(block, Listing) and isinstance(before, Listing) and last and announces:
            written = f"{last.written}\n{block.written}"
            entries = (*before.entries[:-1], Entry(last.text, (block,), written))
            attached[-1] = Listing(before.ordered, entries)
        else:
            attached.append(block)
    return attached


def _read_rule_list(blocks: Sequence[Block], instructions: Instructions) -> bool:
    lines = _list_plain_lines(blocks)
    return bool(lines) and instructions.read_rules(lines)


def _split_heads(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks in which what stands before the head of a list is a paragraph of its own."""
    split: list[Block] = []
    for block, following in pairwise([*blocks, None]):
        if isinstance(block, Paragraph) and isinstance(following, Listing):
            told, head = _split_list_head(block.text)
            split += [Paragraph(each) for each in (told, head) if each]
        elif block is not None:
            split.append(block)
    return split


def _split_remarks(block: Block) -> list[Block]:
    """Return a paragraph without the rules, the exceptions and the end of a mail below it."""
    lines = block.text.split("\n") if isinstance(block, Paragraph) else []
    split: list[Block] = []
    closes = (
        at
        for at in range(1, len(lines))
        if len(lines[at].split()) < 4 and re.fullmatch(_CLOSING, "\n".join(lines[at:]))
    )
    end = next(closes, len(lines))
    if end < len(lines):
        split = [Paragraph("\n".join(lines[end:]))]
    while end > 1 and (
        is_rule(lines[end - 1])
        or (stands_always(lines[end - 1]) and re.search(_AT_ANY_TIME, lines[end - 1]))
    ):
        end -= 1
        split.insert(0, Paragraph(lines[end]))
    return [Paragraph("\n".join(lines[:end])), *split] if split else [block]


def _is_remark(text: str) -> bool:
    """Whether a paragraph behind the last list is no step: a rule, an exception, a closing."""
    closes = re.fullmatch(_CLOSING, text) is not None
    return closes or is_rule(text) or stands_always(text) or states_always(text)


def _split_lines_behind(blocks: Sequence[Block]) -> list[Block]:
    """Return blocks in which the lines behind the last list are paragraphs if one is a remark.

    What a rule says last, `At the end lock it`, is a step.
    """
    lists = [at for at, each in enumerate(blocks) if isinstance(each, Listing)]
    first = lists[-1] + 1 if lists else len(blocks)
    split: list[Block] = [*blocks[:first]]
    for block in blocks[first:]:
        lines = block.text.split("\n") if isinstance(block, Paragraph) else []
        closes = lines and re.fullmatch(_CLOSING, "\n".join(lines)) is not None
        fenced = any(each.startswith(_FENCE) for each in lines)
        if closes or fenced or not any(map(_is_remark, lines)):
            split.append(block)
            continue
        for line in lines:
            sentences = cut_sentences(line)
            turns = (at for at, each in enumerate(sentences) if at and is_in_turn(each))
            end = next(turns, len(sentences)) if is_rule(line) else len(sentences)
            parts = (" ".join(sentences[:end]), " ".join(sentences[end:]))
            split += [Paragraph(each) for each in parts if each]
    return split


def _split_list_head(text: str) -> tuple[str, str]:
    """Return what is said before the head of a list at the end of a text, and the head.

    `Click Exceptions. While there is an entry in the list:` All is head if a list behind the text
    may depend on more of it.
    """
    above, _, line = text.rpartition("\n")
    sentences = cut_sentences(line) or [line]
    points = points_back(sentences[-1]) or _OF_BEFORE.match(sentences[-1]) is not None
    at = -2 if points else -1
    told = [*cut_sentences(above), *sentences[:at]]
    if not _is_announcement(line) or len(sentences) < -at or any(map(_may_govern, told)):
        return "", text
    return "\n".join(filter(None, (above, " ".join(sentences[:at])))), " ".join(sentences[at:])


def _may_govern(sentence: str) -> bool:
    """Whether a sentence may be about the list behind those that follow it."""
    return repeats(sentence) or (governs_behind(sentence) and not tells_what_to_do(sentence))


def _convert_lines(lines: Sequence[str], instructions: Instructions) -> Iterator[nodes.Statement]:
    """Return the statements of the lines of a paragraph.

    What follows a line `For each sample in the grid:` is its body, up to a line that ends it.
    """
    for at, line in enumerate(lines):
        told, head = _split_loop_head(line)
        ends = (n for n in range(at + 1, len(lines)) if re.match(_AFTER_LOOP, lines[n]))
        end = next(ends, len(lines))
        if len(lines) > 1:
            number = re.match(_NUMBER, line)
            line = line if number is None else line[number.end() :]
        if head is None or end == at + 1:
            with instructions.judged(*lines[at + 1 : at + 2]):
                yield from instructions.read(line)
            continue
        if told:
            yield from instructions.read(told)
        whole = "\n".join((head, *lines[at + 1 : end]))
        yield from _convert_line_loop(head, lines[at + 1 : end], instructions) or (
            instructions.prose(whole),
        )
        behind = lines[end:]
        if behind and re.match(r"(?i)(?:next \w+|end of|end_loop)\b", behind[0]):
            behind = behind[1:]
        yield from _convert_lines(behind, instructions)
        return


def _split_loop_head(line: str) -> tuple[str, str | None]:
    """Return what is before the head of a loop at the end of a line, and the head."""
    found = re.fullmatch(
        r"(?is)(?P<told>(?:.*[.!?] )?)(?P<head>(?:for|für) (?:each|every|jede\w*) .+)", line
    )
    if found is None:
        return line, None
    repeated = parse_repetition(_strip_title_marks(strip_markdown(found["head"])))
    is_head = repeated is not None and not repeated.then
    if not is_head and not found["head"].rstrip().endswith(":"):
        return line, None
    return found["told"].strip(), found["head"]


def _convert_line_loop(
    head: str, lines: Sequence[str], instructions: Instructions
) -> list[nodes.Statement]:
    """Return the loop of a head and the lines of its body; empty if it is none."""
    repeated = parse_repetition(_strip_title_marks(strip_markdown(head)))
    if repeated is None or not instructions.accept("\n".join((head, *lines))):
        return []
    with instructions.trying() as take_back:
        with instructions.inside_loop(repeated):
            entries = tuple(Entry(each, (), each) for each in lines)
            body = _convert_listing(Listing(False, entries), instructions, in_loop=True)
        loop = instructions.make_loop(repeated, body)
        if not loop:
            take_back()
    return loop


def _convert_listing(
    listing: Listing, instructions: Instructions, *, in_loop: bool = False
) -> list[nodes.Statement]:
    """Return the statements of a list; an entry whose leap cannot be said is prose."""
    listing = _fold_loops(listing)
    last = find_leap(listing.entries[-1].text)
    if in_loop and last is not None and not last[0] and instructions.leaves_entry(last[2], ""):
        listing = Listing(listing.ordered, listing.entries[:-1])  # "end_loop_iteration"
    for _ in listing.entries:
        with instructions.trying() as take_back:
            segments = _read_segments(listing, instructions)
            stranded = _find_stranded(listing, segments) - instructions.as_prose
            if stranded:
                take_back()
                instructions.as_prose |= stranded
                continue
            try:
                return resolve_leaps(
                    segments, instructions.named_labels, instructions.may_place, in_loop=in_loop
                )
            except Unresolved:  # one that is prose may go to where another leads past
                take_back()
                for each in segments:
                    if has_leap(each.statements):
                        instructions.without_leaps |= _texts_of(listing, each.label)
    return [
        statement
        for segment in _read_segments(listing, instructions.plain())
        for statement in segment.statements
    ]


def _fold_loops(listing: Listing) -> Listing:
    """Return a list in which the entries that a loop does again stand below its head.

    They end with `end_loop_iteration`, or the head names them: `Repeat 4 to 9 for each row`.
    """
    entries: list[Entry] = []
    at = 0
    while at < len(listing.entries):
        entry = listing.entries[at]
        at += 1
        *told, head = entry.text.split("\n")
        named = parse_range(_strip_title_marks(head))
        head = head if named is None else named[2]
        repeated = None if entry.below else parse_repetition(_strip_title_marks(head))
        last = at
        if repeated is not None and not repeated.then:
            rest = listing.entries[at:]
            labels = [each.label for each in rest]
            if named is not None and labels[:1] == [named[0]] and named[1] in labels:
                last = at + labels.index(named[1]) + 1
            ends = [n for n, each in enumerate(rest) if re.match(_LOOP_END, each.text)]
            if named is None and ends and re.search(r"(?i)start_loop", head):
                last = at + ends[0]
        if last == at:
            entries.append(entry)
            continue
        body = listing.entries[at:last]
        below = Listing(listing.ordered, body)
        written = "\n".join((entry.written, *(f"  {each.written}" for each in body)))
        entries += [Entry(each, (), each) for each in told]
        entries.append(Entry(head, (below,), written))
        at = last + bool(listing.entries[last:] and re.match(_LOOP_END, listing.entries[last].text))
    return Listing(listing.ordered, tuple(entries))


def _drop_loop_end(listing: Listing) -> Listing:
    """Return a list without the line `end_loop_iteration` directly below its last entry."""
    last = listing.entries[-1]
    text, _, line = last.text.rpartition("\n")
    if not text or last.below or re.match(_LOOP_END, line) is None:
        return listing
    entry = Entry(text, (), last.written.rpartition("\n")[0])
    return Listing(listing.ordered, (*listing.entries[:-1], entry))


def _find_stranded(listing: Listing, segments: Sequence[Segment]) -> set[str]:
    """Return the texts of decisions in front of an `otherwise` that is no `else` of theirs.

    "A: x", "B: y", "otherwise z": where B stays prose, z would follow A, too.
    """
    texts = {each.label: each.text for each in listing.entries}
    stranded: set[str] = set()
    deciding: list[str] = []
    gone_by = False  # an act stands behind the last decisions
    for before, behind in pairwise(segments):
        chosen = find_plain_choice(before.statements) is not None
        if chosen and is_for_none_found(strip_markdown(texts.get(behind.label, ""))):
            stranded.add(texts.get(before.label, ""))
    for segment in segments:
        text = texts.get(segment.label, "")
        plain = strip_markdown(text)
        prose = all(isinstance(each, nodes.Do) for each in segment.statements)
        negated = parse_negation(plain) is not None
        other = parse_otherwise(text.strip()) is not None or is_otherwise_head(
            _strip_title_marks(text)
        )
        if prose and (other or negated):
            stranded.update(deciding)
            deciding = []
        case = parse_decision(plain) or parse_case(plain, any_label=True)
        if case is None and not any(isinstance(each, nodes.If) for each in segment.statements):
            gone_by = True
            continue
        if gone_by:
            deciding, gone_by = [], False
        deciding.append(text)
    return stranded


def _texts_of(listing: Listing, label: str) -> set[str]:
    """Return the text of the entry with a label, those below it, and the whole of each."""
    entries = [each for each in listing.entries if each.label == label]
    texts: set[str] = set()
    while entries:
        entry = entries.pop()
        texts |= {entry.text, entry.written}
        for block in entry.below:
            entries += block.entries if isinstance(block, Listing) else ()
    return texts


def _read_segments(listing: Listing, instructions: Instructions) -> list[Segment]:
    """Return the statements of each entry of a list."""
    segments: list[Segment] = []
    reader = instructions
    cases = [] if listing.ordered else [x.text for x in listing.entries if _names_case(x.text)]
    entries = list(listing.entries)
    while entries:
        entry = entries.pop(0)
        label = entry.label
        governed = _convert_governing_entry(entry, entries[:1], reader)
        if governed is not None:
            statements, took_next = governed
            chained = _chain_with_last(segments, statements)
            segments.append(Segment(label, tuple(statements)))
            if chained is not None:
                segments[-2:] = [chained]
            del entries[:took_next]
            continue
        decides = not entry.below and bool(entries) and reader.decides_last(entry.text)
        if decides and _is_otherwise(entries[0]):
            stop = "" if entry.text.rstrip().endswith((".", "!", ",", ";")) else ";"
            joined = f"{entry.text.rstrip()}{stop} {entries[0].text}"
            if entry.text in reader.without_leaps:
                reader.without_leaps.add(joined)
            both = reader.read(joined, entry=True)
            if not all(isinstance(each, nodes.Do) for each in both):
                chained = _chain_with_last(segments, both)
                segments.append(Segment(label, tuple(both)))
                if chained is not None:
                    segments[-2:] = [chained]
                del entries[0]
            else:
                segments.append(Segment(label, (reader.prose(entry.text),)))
            continue
        single = instructions.plain() if len(cases) > 1 and entry.text in cases else reader
        with single.judged(*(each.text for each in entries[:1])):
            statements = list(_convert_entry(entry, single))
        chained = _chain_with_last(segments, statements)
        segments.append(Segment(label, tuple(statements)))
        if chained is not None:
            segments[-2:] = [chained]
        if not entry.below and _opens_case(entry.text):
            # The case that it introduces can only be in the entries after it.
            reader = instructions.plain()
    return segments


def _names_case(text: str) -> bool:
    """Whether an entry of a list may be a case and what is done in it: `Cash: set the flag`."""
    label, colon, act = text.partition(": ")
    return (
        bool(colon)
        and starts_with_act(act)
        and not (starts_with_act(label) or has_condition_words(label) or len(label) > _LONGEST_CASE)
    )


def _chain_with_last(
    segments: Sequence[Segment], statements: Sequence[nodes.Statement]
) -> Segment | None:
    """Return the last segment with a decision chained to its end; None if they are no chain."""
    last = segments[-1] if segments else None
    if last is None or not last.statements or len(statements) != 1:
        return None
    chained = chain_statements(last.statements, statements[0])
    return None if chained is None else Segment(last.label, chained)


def _ends_section(block: Block, level: int) -> bool:
    return isinstance(block, Heading) and block.level <= level


def _convert_section(
    heading: str, blocks: Sequence[Block], instructions: Instructions
) -> Iterator[nodes.Statement]:
    title = re.sub(_NUMBER, "", _strip_title_marks(heading), count=1)
    # Text that applies only in some case, repeatedly or never stays prose.
    governs = is_governing_line(title) and title.lower() not in ("loop", "the loop")
    inner = instructions.plain() if governs else instructions
    if not blocks:
        yield instructions.prose(heading)
    elif (lines := _list_plain_lines(blocks)) and (
        is_heading_of_rules(title) or (not has_condition_words(title) and all(map(is_rule, lines)))
    ):
        for line in lines:
            if not instructions.read_rules([line]):
                yield instructions.prose(line)
    elif _can_be_title(title, instructions):
        step = _make_titled_step(title, _convert_blocks(blocks, inner), instructions)
        if step.body:  # else all below the heading is rules
            yield step
    elif is_governing_line(title) and all(
        isinstance(block, Paragraph | Listing) for block in blocks
    ):
        # For example "For each claim": the title of a step is not an instruction.
        below = (each.written if isinstance(each, Listing) else each.text for each in blocks)
        yield instructions.prose("\n".join((f"{title}:", *below)))
    else:
        yield instructions.prose(heading)
        yield from _convert_blocks(blocks, inner)


def _list_plain_lines(blocks: Sequence[Block]) -> list[str]:
    """Return paragraphs and entries of lists, one by one; empty if one has something below it."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            lines.append(block.text)
        elif isinstance(block, Listing) and not any(entry.below for entry in block.entries):
            lines += (entry.text for entry in block.entries)
        else:
            return []
    return lines


def _convert_entry(entry: Entry, instructions: Instructions) -> Iterator[nodes.Statement]:
    if (
        not entry.below
        and stands_alone_as_rule(entry.text)
        and _take_rules(entry.text, instructions)
    ):
        return
    if not entry.below:
        lines = _split_sentence_lines(entry.text)
        if len(lines) == 1:
            yield from instructions.read(entry.text, entry=True)
        else:
            yield from _convert_lines(lines, instructions)
    elif cases := _convert_cases(entry.text, entry.written, entry.below, instructions):
        yield from cases
    elif readings := _convert_readings(entry.text, entry.below, instructions):
        yield from readings
    elif details := _convert_details(entry, instructions):
        yield from details
    elif _is_group(entry, instructions):
        inner = _convert_blocks(entry.below, instructions)
        yield _make_titled_step(_strip_title_marks(entry.text), inner, instructions)
    else:
        told, _ = _split_list_head(entry.text)
        written = entry.bare
        if told and written.startswith(told):
            yield from _convert_lines(_split_sentence_lines(told), instructions)
            written = written[len(told) :].lstrip()
        yield instructions.prose(written)


def _convert_cases(
    text: str, written: str, below: Sequence[Block], instructions: Instructions
) -> list[nodes.Statement]:
    """Return the statements of a text and of the list of cases below it, empty if it has none.

    A question alone is part of each case, `Check how many rows there are`; in front of it and
    instead of it may be other sentences.
    """
    listing = below[0] if len(below) == 1 else None
    if not isinstance(listing, Listing) or any(each.below for each in listing.entries):
        return []
    cases = [each.text for each in listing.entries]
    if any("\n" in each for each in (text, *cases)):
        return []
    with instructions.trying() as take_back:
        question = parse_question(strip_markdown(text))
        with instructions.judged(*cases):
            statements = [] if question else instructions.read(text, entry=True)
        told = question or strip_markdown(instructions.said).rstrip(".:!?")
        may_leap = written not in instructions.without_leaps
        decision = instructions.read_cases(told, cases, may_leap=may_leap)
        if decision is None:
            take_back()
            return []
        if not instructions.accept(written):
            take_back()
            return []
    return [*statements, *decision]


def _convert_details(entry: Entry, instructions: Instructions) -> list[nodes.Statement]:
    """Return the statements of an entry and of the acts below it, one after another.

    Empty unless all of it is understood as acts: what is below may be cases of what is above.
    """
    if any(not isinstance(each, Listing) for each in entry.below) or (
        _is_announcement(entry.text) or governs_behind(entry.text)
    ):
        return []
    with instructions.trying() as take_back:
        below = [
            each.text
            for block in entry.below
            for each in (block.entries if isinstance(block, Listing) else ())
        ]
        if parse_question(strip_markdown(entry.text)) is not None and any(
            parse_case(strip_markdown(each), any_label=True) is not None for each in below
        ):
            return []
        with instructions.judged(*below[:1]):
            statements = instructions.read(entry.text, entry=True)
        cases = False
        for listing in entry.below:
            for segment in (
                _read_segments(listing, instructions) if isinstance(listing, Listing) else ()
            ):
                cases = cases or not all(map(_is_plain_act, segment.statements))
                statements += segment.statements
        if cases or all(isinstance(each, nodes.Do) for each in statements):
            take_back()
            return []
    return statements


def _convert_readings(
    head: str, below: Sequence[Block], instructions: Instructions
) -> list[nodes.Statement]:
    """Return the readings of `Read and save:` above entries such as `meter number -> meter`."""
    listing = below[0] if len(below) == 1 else None
    if not isinstance(listing, Listing) or re.fullmatch(_READING_HEAD, head.strip()) is None:
        return []
    with instructions.trying() as take_back:
        statements: list[nodes.Statement] = []
        for entry in listing.entries:
            pair = re.fullmatch(
                r"(?P<source>.+?) (?:->|as) (?P<name>\S+)", strip_markdown(entry.text)
            )
            read = instructions.read_pair(pair["source"], pair["name"]) if pair is not None else []
            if not read or entry.below:
                take_back()
                return []
            statements += read
        if not instructions.accept(f"{head}\n{listing.written}"):
            take_back()
            return []
    return statements


def _is_plain_act(statement: nodes.Statement) -> bool:
    """Whether a statement says what to do, in no case of something before it."""
    if not isinstance(statement, nodes.Do):
        return True
    words = "".join(
        each.value if isinstance(each, nodes.TextPiece) else "x" for each in statement.text
    )
    opens = re.match(
        r"(?i)(?:otherwise|sonst|not|none|still|(?:if|wenn|falls) (?:no|not|nein|nicht))\b", words
    )
    case = re.match(r"[^\".:]{2,50}(?:: | -> | → )", words)
    decides = re.match(r"(?i)(?:if|when|wenn|falls)\b", words)
    return opens is None and (case is None or decides is not None or starts_with_act(words))


def _is_table(paragraph: str) -> bool:
    """Whether a paragraph is a table of fields and their values."""
    lines = paragraph.split("\n")
    head = re.fullmatch(
        r"\|\s*field\w*\s*\|\s*(?:value|content)\w*\s*\|", lines[0].strip(), re.IGNORECASE
    )
    return head is not None and all(
        re.fullmatch(r"\|[^|]+\|[^|]+\|", each.strip()) for each in lines
    )


def _convert_table(paragraph: str, instructions: Instructions) -> Iterator[nodes.Statement]:
    for line in paragraph.split("\n")[1:]:
        label, value = (each.strip() for each in line.strip().strip("|").split("|"))
        if label.strip("-: "):
            yield from instructions.read_row(label, value)


def _take_rules(paragraph: str, instructions: Instructions) -> bool:
    """Take a paragraph as rules for the whole task if each of its lines is one."""
    lines = paragraph.split("\n")
    stand = all(is_rule(each) and not repeats_steps(each) for each in lines)
    return stand and instructions.read_rules(lines)


def _is_otherwise(entry: Entry) -> bool:
    return not entry.below and parse_otherwise(entry.text) is not None


def _convert_governing_entry(
    entry: Entry, following: Sequence[Entry], instructions: Instructions
) -> tuple[list[nodes.Statement], bool] | None:
    """Return the `if` or `for` of an entry whose consequence is the list below it.

    True with it if the entry `following` is its `Otherwise`. None for any other entry.
    """
    if len(entry.below) != 1 or not isinstance(entry.below[0], Listing):
        return None
    line = _strip_title_marks(entry.text)
    repeated = parse_repetition(line)
    condition = None if repeated else parse_decision_head(f"{line}:")
    rounds = parse_rounds(f"{line}: x") if condition is None and repeated is None else None
    if (repeated is None or repeated.then) and condition is None and rounds is None:
        return None
    if entry.text in instructions.as_prose:
        return None
    if _holds_line_behind(entry.below[0]) or not instructions.accept(entry.written):
        return None
    if rounds is not None:
        with instructions.inside_rounds():
            inner = tuple(_convert_blocks(entry.below, instructions))
        beyond = any(map(is_beyond_agent, inner))
        made = [] if beyond else instructions.make_rounds(rounds, inner)
        return (made, False) if made else None
    if repeated is not None:
        loop = _make_loop_of_list(repeated, entry.below[0], instructions)
        return (loop, False) if loop else None
    with instructions.trying() as take_back:
        with instructions.inside_decision():
            inner = tuple(_convert_blocks(entry.below, instructions))
            other: tuple[nodes.Statement, ...] = ()
            took_next = False
            for next_entry in following:
                act = None if next_entry.below else parse_otherwise(next_entry.text.strip())
                if is_otherwise_head(_strip_title_marks(next_entry.text)) and next_entry.below:
                    other = tuple(_convert_blocks(next_entry.below, instructions))
                elif act is not None and not means_going_on(act.rstrip(".")):
                    other = tuple(instructions.read(as_sentence(act)))
                took_next = bool(other) or act is not None
        points = points_at_before(condition or "") and not shows_text(condition or "")
        decided = None if points else instructions.condition(condition or "")
        beyond = any(map(is_beyond_agent, (*inner, *other)))
        beyond = beyond or (decided is not None and instructions.freezes(decided, (*inner, *other)))
        decision = None if decided is None or beyond else make_decision(decided, inner, other)
        if decision is None:
            take_back()
    return None if decision is None else ([decision], took_next)


def _convert_introduced_loop(
    line: str, following: Block | None, instructions: Instructions
) -> list[nodes.Statement]:
    """Return the `for` of a paragraph `For each row in {rows}:` with the list behind it."""
    repeated = parse_repetition(_strip_title_marks(line))
    if repeated is None or repeated.then or not isinstance(following, Listing):
        return []
    written = f"{line}\n{following.written}"
    following = _drop_loop_end(following)
    if _holds_line_behind(following) or not instructions.accept(written):
        return []
    return _make_loop_of_list(repeated, following, instructions)


def _make_loop_of_list(
    repeated: Repeating, listing: Listing, instructions: Instructions
) -> list[nodes.Statement]:
    """Return the loop whose body is a list; empty if it is none."""
    with instructions.trying() as take_back:
        with instructions.inside_loop(repeated):
            inner = _convert_listing(listing, instructions, in_loop=True)
        loop = instructions.make_loop(repeated, inner)
        if not loop:
            take_back()
    return loop


def _holds_line_behind(listing: Listing) -> bool:
    """Whether the last entry of a list holds a line that may stand behind the list.

    `After that, press F10` directly below it, and not indented.
    """
    last = listing.entries[-1]
    if last.below:
        inner = last.below[-1]
        return isinstance(inner, Listing) and _holds_line_behind(inner)
    margins = [len(line) - len(line.lstrip()) for line in last.written.split("\n")]
    anew = len(_split_sentence_lines(last.text)) > 1
    return anew and any(margin <= margins[0] for margin in margins[1:])


def _strip_title_marks(title: str) -> str:
    return title.replace("**", "").strip().rstrip(".:; ")


def _is_group(entry: Entry, instructions: Instructions) -> bool:
    """Whether an entry is only a title for the numbered instructions below it."""
    return (
        len(entry.below) == 1
        and isinstance(entry.below[0], Listing)
        and entry.below[0].ordered
        and (_is_announcement(entry.text) or not starts_with_act(entry.text))
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
    """Return the lines of a paragraph where each begins anew, else the whole paragraph.

    A line that decides about the one before it (`Otherwise ...`) stays with it. Wrapped text, a
    letter and a block of code stay whole.
    """
    lines = paragraph.split("\n")
    if any(line.startswith((*_FENCE, "|", ">", '"""')) for line in lines):
        return [paragraph]
    if any(re.fullmatch(_GREETING, line.strip()) for line in lines):
        return [paragraph]
    if _is_wrapped(lines):
        return [" ".join(line.strip() for line in lines)]
    joined: list[str] = []
    cut = lines[0][:1].isupper() and min(map(len, lines[:-1]), default=0) > _NARROWEST
    for line in lines:
        text = line.strip()
        if joined and parse_otherwise(text) is not None:
            joined[-1] = f"{joined[-1].rstrip()} {text}"
        elif joined and (
            joined[-1].endswith(_GOES_ON_BELOW) or (cut and _goes_on(joined[-1], line))
        ):
            joined[-1] = f"{joined[-1]} {text}"
        else:
            joined.append(text)
    return joined


def _goes_on(before: str, line: str) -> bool:
    """Whether a line goes on with the sentence of the one before it, which the margin has cut."""
    ends = before.rstrip("\"')*_ ").endswith((".", "!", "?", ":", ";"))
    return line[:1].islower() and not ends


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines end where the margin was and not where a sentence does.

    There, the first word of the next line has no room.
    """
    width = max(map(len, lines))
    if any(len(one) + len(f"{two} ".split()[0]) + 6 < width for one, two in pairwise(lines)):
        return False
    goes_on = [
        before
        for before, after in pairwise(lines)
        if not before.rstrip("\"')*_ ").endswith((".", "!", "?", ":", ";", "}"))
        and not (after[:1].isupper() or starts_with_act(after) or has_condition_words(after))
    ]
    return bool(goes_on) and max(map(len, lines)) < 140


# Statements


def _make_titled_step(
    title: str, body: Iterator[nodes.Statement], instructions: Instructions
) -> nodes.Step:
    return nodes.Step(origin=NOWHERE, title=instructions.text(title), body=tuple(body))
