"""What a prompt says apart from the lines that follow from its other lines.

Those are the calls of focused agents around bullets, what a call is given and is to do before it
fails, the check after a loop that this is for, and the rules about words. They come and go as
statements are added and taken out beside them, so that two prompts may say the same in the same
order with other such lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from flowdsl.ir import nodes

from .frames import frames_of_sentence
from .normal_form import normalise_prompt
from .outline import IMAGE, ReadItem, read_outline


def says_the_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two workflows, given as their fields, have prompts that say the same.

    The title may differ if the workflows have the same name: then one prompt only shows it late.
    """
    prompts = one.get("main_prompt"), other.get("main_prompt")
    lines = [list_own_lines(each) for each in prompts if isinstance(each, str)]
    if len(lines) < len(prompts) or None in lines:
        return False
    skipped = 1 if one.get("name") == other.get("name") else 0
    first, second = ((each or ())[skipped:] for each in lines)
    return first == second or say_the_same_words(first, second)


def say_the_same_words(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether own lines have the same words in the same order, wherever the steps are cut."""
    first, second = [
        each.partition(_STEPS) for each in ("\n".join(lines) for lines in (one, other))
    ]
    return first[0] == second[0] and _list_words(first[2]) == _list_words(second[2])


def _list_words(steps: str) -> list[tuple[str, str]]:
    """Return the words of lines, each with the indent of its line, but for what cuts are made of.

    A sentence begins small, since another cut may put its first word behind a comma.
    """
    words = []
    for line in steps.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        begins = True
        for word in line.replace("\u201c", "").replace("\u201d", "").split():
            bare = word.rstrip(".,:;")
            if bare in CUTS:
                continue
            words.append((indent, bare[:1].lower() + bare[1:] if begins else bare))
            begins = bare != word or bare.endswith(("}", "\u27e7"))
    return words


@lru_cache(maxsize=64)
def list_own_lines(prompt: str) -> tuple[str, ...] | None:
    """Return the lines that follow from no other; None for a prompt that is not of FlowDSL.

    The first is the title. A line has the indent of its depth, bullets of a call that of the call.
    What a block saves without a value of the run stands at its end, in order.
    """
    plain = normalise_prompt(prompt)
    outline = read_outline(plain, {found[1]: found[1] for found in IMAGE.finditer(plain)})
    if outline is None:
        return None
    steps = _list_block(outline.items, "", frozenset(_NOTED.findall(plain)))
    return (outline.title, outline.description or "", *outline.rules, _STEPS.strip(), *steps)


def _list_block(items: Sequence[ReadItem], indent: str, noted: frozenset[str]) -> list[str]:
    """Return the lines of a block; `noted` are the variables with the reason of a failure."""
    groups: list[tuple[str, list[str]]] = []
    saved: list[str] = []
    for item, text in _without_calls(items):
        check = _CHECK.fullmatch(text)
        if check is not None and check[1] in noted:
            continue
        more = ""
        if text.startswith(_starts_with_more()):
            text, more = [*_ADDED.split(text, maxsplit=1), ""][:2]
        if text.startswith('Save "') and _OF_RUN.search(text) is None:
            saved += (indent + part for part in _SAVED.split(_spell_alike(text.rstrip("."))))
        else:
            lines = [indent + _spell_alike(text), *_list_block(item.children, indent + "  ", noted)]
            groups.insert(find_place_behind_head(text, groups), (text, lines))
        if more:
            groups.append((more, [indent + _spell_alike(more)]))
    return [*(line for _, lines in groups for line in lines), *sorted(saved)]


def find_place_behind_head(text: str, before: Sequence[tuple[str, object]]) -> int:
    """Return where a line belongs among those before it: at the end, or behind its first line.

    A command and the check of it are lines of one statement, and so are a copy and its check.
    """
    head = next((head for start, head in _list_continued() if text.startswith(start)), None)
    if head is None:
        return len(before)
    further = tuple(start for start, _ in _list_continued())
    for place in range(len(before), max(len(before) - _MOST_BETWEEN, 0), -1):
        if before[place - 1][0].startswith((head, *further)):
            return place
    return len(before)


@cache
def _starts_with_more() -> tuple[str, ...]:
    """Return the starts of lines behind whose sentence somebody may have added another."""
    return ('Save "', *(head for _, head in _list_continued()))


@cache
def _list_continued() -> tuple[tuple[str, str], ...]:
    """Return how a further line of a statement begins, and how the first one does."""
    return tuple(
        (each.start, frames_of_sentence(head)[0].start)
        for head, names in _FURTHER.items()
        for name in names
        for each in frames_of_sentence(name)
    )


def _without_calls(items: Sequence[ReadItem]) -> Iterator[tuple[ReadItem, str]]:
    """Yield the items of a block and of calls in it; titles have nothing under them."""
    for item in items:
        called = _CALL.fullmatch(item.text)
        if called and item.children and item.children[0].bullet:
            for bullet in item.children:
                if _NOTE.fullmatch(bullet.text) is None:
                    yield bullet, (called[1] or "") + bullet.text
        elif item.title:
            yield ReadItem(item.text), f"# {item.text}"
            yield from _without_calls(item.children)
        else:
            yield item, item.text


def bracket_inputs(prompt: str, compiled: str, names: Iterable[str]) -> str:
    """Return an edited prompt with brackets around inputs, as in a compiled one.

    Only lines that `compiled` does not have are changed.
    """
    held = {line.lstrip(" 0123456789.-") for line in compiled.split("\n")}
    bare = "|".join(map(re.escape, names)) or "(?!)"
    pattern = re.compile(rf"\u27e6[^\u27e7]*\u27e7|(?<![\\{{])(\{{(?:{bare})\}})(?!\}})")

    def bracket(found: re.Match[str]) -> str:
        return found[0] if found[1] is None else f"\u27e6{found[1]}\u27e7"

    return "\n".join(
        line if line.lstrip(" 0123456789.-") in held else pattern.sub(bracket, line)
        for line in prompt.split("\n")
    )


def _spell_alike(line: str) -> str:
    """Return a line with its values spelled as for any agent, in an object or not."""
    line = _MARK.sub(r"{{\1}}", line.replace(_IN_BOX, ""))
    line = _BOXED.sub(r"\1", line.replace(f".{nodes.BOX}}}}}", "}}"))
    return _BRACKETED.sub(r"\1", line)


def _pattern_of(name: str, hole: str) -> str:
    frames = (hole.join(map(re.escape, each.literals)) for each in frames_of_sentence(name))
    return "|".join(frames)


_FURTHER = {
    "tools.run": ("tools.run_check", "tools.run_read"),
    "data.copy": ("data.copy_check", "data.copy_save", "data.copy_empty"),
}
"""The sentence of the first line of a statement, and those of further ones."""

_MOST_BETWEEN = 20
"""How many lines somebody may have put between those of a statement; bounds the time it takes."""

_STEPS = "\n#\n"
"""The line between rules and steps; a title has a blank behind the sign."""

CUTS = frozenset(("", *".,:;\u201c\u201d", "and", "then"))
"""What comes and goes where a sentence is cut in two, and the marks of a text."""

_CALL = re.compile("Use focused_action( with model=.+)?:")
_NOTE = re.compile(
    r"Data: \w+ = \{\{\w+\}\}(?:; \w+ = \{\{\w+\}\})*"
    f"|{_pattern_of('control.note_failure', '.+')}|{_pattern_of('control.report_failure', '')}"
)
_OF_RUN = re.compile("\u27ea|\\{\\{")
_SAVED = re.compile(r'; (?="\w+": )')
_ADDED = re.compile(r"(?<=[.\u27e7]) (?=[A-Z])")
"""Where a sentence follows that somebody added to the line."""

_NOTED = re.compile(r'Before you fail(?: the whole task)?, save "(\w+)":')
_CHECK = re.compile(
    r'If \u27e6\u27ea(\w+)\.value\u27eb\u27e7 is not exactly "__EMPTY__", '
    r"fail with \u27e6\u27ea\1\.value\u27eb\u27e7\."
)
"""The check after a loop whose passes may fail, and the variable that it asks for."""

_IN_BOX = f' in an object with "{nodes.BOX}"'
_BOXED = re.compile(rf'\(an object with "{nodes.BOX}": ([^()]*)\)')
_MARK = re.compile("\u27ea([^\u27ea\u27eb]*)\u27eb")
_BRACKETED = re.compile("\u27e6(\\{[^{}]*\\}|\\{\\{[^{}]*\\}\\})\u27e7")
