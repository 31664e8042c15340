"""A grammar of instructions: sentences are cut into clauses, and clauses are parsed by a table.

    line      = sentence ...            "Type {x} in Name, press Tab. Wait until it is there."
    sentence  = decision | clause ...   cut at `;`, `->`, `, then`, `and` with a verb behind it
    decision  = If CONDITION, clause ... [otherwise clause ...]
    clause    = a row of `clause_rows`, or prose

The longest run of pieces that a row matches is one clause, so that `read the fee and save it as
fee` stays whole. What a clause means, and whether its variables can be used, is decided in
`instructions`. The text is free of Markdown (`wording.strip_markdown`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowdsl.source.record import Record

from .clause_rows import GERMAN_ROWS, MARKED_NAME, ROWS, SPANNING
from .languages.german import to_infinitive
from .wording import (
    ACT,
    CONDITION_WORDS,
    ENDS_AS_ACT,
    KEY_ALONE,
    VALUE,
    has_condition_words,
    mask,
    starts_with_act,
    strip_fillers,
)


class Clause(Record):
    """A clause of a row called `kind`, with the parts of its text by name; `prose` has none."""

    kind: str
    text: str
    parts: dict[str, str | None]


# Cutting

_SENTENCE_END = re.compile(rf"(?:(?<=[.!?])|(?<=[.!?][\")]))[ \t]+(?=[A-ZÄÖÜ{{\"“]|{ACT})")
_ABBREVIATION = re.compile(
    r"(?i)(?:^|[\s(])(?:z\.\s?b|e\.\s?g|i\.\s?e|no|nr|stat|dr|mr|mrs|ms|approx|max|min|etc|ca|bzw|"
    r"incl|ref|acct|v)\.$"
)
CUT = re.compile(
    r"\s*;\s+|\s*->\s*|: (?=declare_task_failed)|,? and then,? |,? then,? |,? (?:und )?dann |"
    r", (?:und )?(?:danach|anschließend) |"
    rf"(?:,| und) (?=[^,;]{{0,80}}?{ENDS_AS_ACT[:-1]}(?:$|[,;.]| und | \())|, (?=in (?:the "
    rf")?[^,;]{{2,40}} (?:type|enter) )|"
    r", (?=(?:[A-ZÄÖÜ][\w.-]+ )?\{[^{}]*\}\}? (?:ins|in das|in die) )|"
    r"(?<=en), (?=[A-ZÄÖÜ][\w.-]+ \{+[^{}]*\}+,)|"
    r"(?<=\}), (?=(?:enter|tab)\b)|(?<=tab), (?=\{)|"
    rf",? (?:and|&|und) (?=(?:then )?{ACT}|{KEY_ALONE}(?:[,.;]|$| to )|\{{)|"
    rf", (?:but )?(?=(?:then )?{ACT}|{KEY_ALONE}(?:[,.;]|$| and )|\{{)|(?<=\}}), (?!\{{)",
    re.IGNORECASE,
)


_WORD = re.compile(r"(?<![\w\\/.:$])[^\W\d_]+(?![\w\\]|\.\w)")
_FEWEST_SHOUTED = 3
"""Words in capitals from which on a line is not a label alone."""


def soften(line: str) -> str:
    """Return a line all in capitals with the words of the grammar in small letters.

    Names and what is in quotes stay as they are written.
    """
    shown = mask(line)
    words = _WORD.findall(shown)
    if len(words) < _FEWEST_SHOUTED or not all(map(str.isupper, words)):
        return line
    if not _KNOWN:
        patterns = " ".join((CONDITION_WORDS, ACT, *(pattern for _, pattern in ROWS)))
        _KNOWN.update(re.findall(r"[^\W\d_]+", re.sub(r"\\.", " ", patterns)), ("an", "are"))
    at, softened = 0, ""
    for found in _WORD.finditer(shown):
        opens = re.search(r"(?:^|[.!?][\")]?\s+)$", shown[: found.start()]) is not None
        word = found[0].lower() if found[0].lower() in _KNOWN else found[0]
        word = word.capitalize() if opens and word.islower() else word
        softened += f"{line[at : found.start()]}{word}"
        at = found.end()
    return softened + line[at:]


_KNOWN: set[str] = set()
"""The words of the grammar; filled once they are needed."""


def cut_sentences(line: str) -> list[str]:
    """Cut a line into sentences, outside of quotes, parentheses and braces."""
    shown, at, sentences = mask(line), 0, []
    for found in _SENTENCE_END.finditer(shown):
        if _ABBREVIATION.search(shown, at, found.start()) is None:
            sentences.append(line[at : found.start()])
            at = found.end()
    return [each for each in (*sentences, line[at:]) if each.strip()]


def parse_clauses(sentence: str) -> list[Clause]:
    """Return the clauses of a sentence without a decision; neighbours that are prose are one."""
    text = sentence.strip().rstrip(".!;,").rstrip()
    shown = mask(text)
    cuts = [found.span() for found in CUT.finditer(shown)]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    clauses: list[Clause] = []
    at, prose_from = 0, None
    while at < len(starts):
        for last in range(len(ends) - 1, at - 1, -1):
            clause = parse_clause(text[starts[at] : ends[last]], clauses[-1] if clauses else None)
            if clause is not None:
                break
        else:
            remarked = _parse_remarked(text[starts[at] : ends[at]], clauses)
            if remarked and prose_from is None:
                clauses += remarked
                at += 1
                continue
            prose_from = starts[at] if prose_from is None else prose_from
            at += 1
            continue
        if prose_from is not None:
            clauses.append(_make_prose(text[prose_from : cuts[at - 1][0]]))
            prose_from = None
        clauses.append(clause)
        at = last + 1
    if prose_from is not None:
        clauses.append(_make_prose(text[prose_from:]))
    return clauses


_SAME_AS = {
    "abort_since": "abort",
    "choose_by_values": "choose",
    "again": "type",
    "again_here": "type_here",
    "again_press": "press",
    "type_into": "type",
}
"""Kinds of rows that only another clause before them, or a cut inside, makes another kind."""

_REMARKED = (
    "press",
    "press_for",
    "set_field",
    "type",
    "type_here",
    "type_pairs",
    "wait",
    "wait_until",
)


def _parse_remarked(text: str, before: Sequence[Clause]) -> list[Clause]:
    """Return the clause of `press F7, the list opens` with its remark; empty for another text.

    What is remarked about a value that is typed, `type {day} in Day, without dots`, is kept with
    its field.
    """
    shown = mask(text)
    for cut in re.finditer(r", | (?=\()| (?=like |e\.?g\.? |z\.B\. )", shown):
        head, remark = text[: cut.start()], text[cut.end() :]
        clause = parse_clause(head, before[-1] if before else None)
        if clause is None or clause.kind not in _REMARKED:
            continue
        fits = clause.parts.get("target") if clause.kind[:4] in ("type", "set_") else remark
        decides = has_condition_words(remark) or starts_with_act(remark)
        decides = (
            decides or re.match(r"(?:as|als|in|im|into) [^\"]*\"[^\"]*\"$", remark) is not None
        )
        if (
            not fits
            or decides
            or re.match(r"(?i)(?:not|only|no|nur|nicht|or|oder|and|if|which|who|whose)\b", remark)
        ):
            return []
        if fits == remark and cut[0] != ", ":
            return []
        if fits == remark:
            return [clause, _make_prose(remark.strip("()"))]
        note = remark if remark.startswith("(") else f"({remark})"
        return [Clause(clause.kind, text, {**clause.parts, "target": f"{fits} {note}"})]
    return []


def _make_prose(text: str) -> Clause:
    return Clause("prose", text, {})


_COMPILED: list[tuple[str, re.Pattern[str]]] = []
_GERMAN: list[tuple[str, re.Pattern[str]]] = []


def parse_clause(text: str, before: Clause | None) -> Clause | None:
    """Return the clause of the first row that matches the whole text; None for prose.

    A value with a place, `{b} in "Date"`, takes the verb of the clause `before` it.
    """
    if not _COMPILED:
        _COMPILED.extend((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in ROWS)
        _GERMAN.extend((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in GERMAN_ROWS)
    plain = strip_fillers(text.strip())
    plain = re.sub(r"(?i)^mit focused_action (?=.* (?:ab|aus)?lesen\b)", "", plain)
    german = to_infinitive(plain)
    found = _match_row(_GERMAN, german, before) or _match_row(_COMPILED, german, before)
    return None if found is None else Clause(found[0], text, found[1].groupdict())


def _match_row(
    rows: Sequence[tuple[str, re.Pattern[str]]], plain: str, before: Clause | None
) -> tuple[str, re.Match[str]] | None:
    """Return the kind and the match of the first row that matches; None for none."""
    is_piece = CUT.search(mask(plain)) is None
    for kind, pattern in rows:
        if not (is_piece or kind in SPANNING):
            continue
        found = pattern.fullmatch(plain)
        if found is None:
            continue
        if kind == "again" and not (before and before.kind == "type"):
            continue
        if kind in ("again_here", "again_press") and not (before and before.kind == "press"):
            continue
        return _SAME_AS.get(kind, kind), found
    return None


def split_list(text: str) -> list[str]:
    """Split `a, b (c, d) and e` into its entries, outside of quotes and parentheses."""
    shown, at, entries = mask(text), 0, []
    for found in re.finditer(r",? (?:and|und) |, ", shown):
        entries.append(text[at : found.start()])
        at = found.end()
    return [each.strip() for each in (*entries, text[at:]) if each.strip()]


def split_readings(several: str) -> list[tuple[str, str]]:
    """Return the source and the name of `A as {{a}}, B as {{b}}`; empty for another form."""
    found = [
        re.fullmatch(
            rf"(?P<source>.+?)(?: (?:ab|aus)?lesen)? (?:as|als|->|into|in|under) "
            rf"(?P<name>{MARKED_NAME})",
            each,
            re.IGNORECASE,
        )
        for each in split_list(several)
    ]
    pairs = [(each["source"], each["name"]) for each in found if each is not None]
    return pairs if len(pairs) == len(found) > 1 else []


def split_pairs(pairs: str) -> list[tuple[str, str]]:
    """Return the label and the value of each of `user {a}, password {b}`, or of `{a} in user`."""
    if re.match(VALUE, pairs):
        placed = rf"({VALUE}) (?:in|bei|ins|unter|im) (.+?)(?=(?:,| und) \{{|$)"
        return [(found[2], found[1]) for found in re.finditer(placed, pairs)]
    return [
        (re.sub(r"^(?:and|und|the) ", "", found[1].strip(" ,:=")), found[2])
        for found in re.finditer(rf"([^{{}}]+?) ({VALUE})", pairs)
    ]
