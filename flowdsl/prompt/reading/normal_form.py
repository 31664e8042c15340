"""Remove from an edited prompt what means nothing to its reader.

That is how its lines are numbered, blank lines and blanks at line ends, a rule without the words
that stand before each of the author's rules, and the HTML of an editor of rich text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import unescape

from flowdsl.prompt.outline import DEEPER, TITLE, begins_paragraph
from flowdsl.prompt.words import RULES, rule_line, say_sentence
from flowdsl.source.record import Record

from .outline import find_rules_start, read_rules

_NUMBER = re.compile(r"(?:[0-9]{1,4}[.)]|[0-9]{1,4}(?:\.[0-9]{1,4})+[.)]?)(?: +|$)")
_PRESS = re.compile(r"Press ([^ ]+(?: [^ ]+)*?)((?: [0-9]+ times)?\.)")
_BULLET = re.compile(r"[-*\u2022](?: +|$)")
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)\b[^<>]*>", re.IGNORECASE)
_DROPPED = frozenset(("span", "strong", "b", "em", "i", "u"))
_BLOCKS = frozenset(("p", "div"))
_LISTS = frozenset(("ol", "ul"))


def normalise_prompt(prompt: str) -> str:
    """Return an edited prompt as it would be compiled, as far as that means the same.

    A compiled prompt stays as it is, and so does one that FlowDSL did not write.
    """
    plain = _remove_editor_html(prompt)
    if plain is None:
        return prompt
    lines = [line.rstrip() for line in re.split(r"\r\n|\r|\n", plain)]
    heading = say_sentence("steps.title")
    start = find_rules_start(lines)
    if start is None or heading not in lines[start:]:
        return prompt
    at = lines.index(heading, start)
    before = _drop_blank_ends(lines[:start])
    rules = _normalise_rules(_drop_blank_ends(lines[start:at]))
    if rules is None:
        return prompt
    steps = _Renumbering().renumber(_drop_blank_ends(lines[at + 1 :]))
    return "\n".join([*before, *([""] if before else []), *rules, "", heading, *steps])


def _drop_blank_ends(lines: Sequence[str]) -> list[str]:
    return "\n".join(lines).strip("\n").split("\n") if any(lines) else []


# Rules


def _normalise_rules(lines: list[str]) -> list[str] | None:
    """Return the rules, with those that somebody added as rules of the author, at the end.

    None if the others are not the rules of a prompt.
    """
    always = _write_author_rule("")
    end = next((at for at, line in enumerate(lines) if line.startswith(always)), len(lines))
    ours = [line for line in lines[:end] if line in _compiled_rules()]
    added = [line for line in lines[:end] if line and line not in _compiled_rules()]
    authors = [_write_author_rule(_drop_mark(line)) for line in added]
    for line in lines[end:]:
        is_added = _BULLET.match(line) is not None and not line.startswith(always)
        authors.append(_write_author_rule(_drop_mark(line)) if is_added else line)
    normal = [*ours, *authors]
    steps = ["", say_sentence("steps.title"), TITLE if ours[1:2] == [_ordered(titles=True)] else ""]
    return normal if read_rules([*normal, *steps], 0) is not None else None


def _drop_mark(line: str) -> str:
    """Return the text of a line without the mark of a bullet before it."""
    content = line.strip()
    mark = _BULLET.match(content)
    return content if mark is None else content[mark.end() :]


@cache
def _compiled_rules() -> frozenset[str]:
    """Return the lines of every rule that is not the author's."""
    found = {rule_line(key, flag) for key in RULES for flag in (False, True)}
    found |= {_ordered(titles=False), _ordered(titles=True), say_sentence("rules.title")}
    return frozenset((*found, f"- {say_sentence('rules.instruction')}"))


def _ordered(*, titles: bool) -> str:
    return f"- {say_sentence('rules.order', titles)}"


def _write_author_rule(words: str) -> str:
    return f"- {say_sentence('rules.always', words)}"


# Steps


class _OpenLine(Record):
    """An open line of the outline: its column in the edited prompt, and its number or indent."""

    bullet: bool
    edited_indent: int
    edited_column: int
    column: int
    label: str


class _Renumbering:
    """Numbers the lines of the steps anew, and those that somebody added without a number."""

    def __init__(self) -> None:
        self._numbered: list[str] = []
        self._open: list[_OpenLine] = []
        self._counts: list[int] = [0]
        self._titled = False

    def renumber(self, lines: Sequence[str]) -> list[str]:
        """Return the lines with their numbers and blank lines as they would be compiled."""
        blanks = 0
        after = [*lines[1:], ""]
        for number in range(len(lines) - 2, -1, -1):
            after[number] = after[number] or after[number + 1]
        for line, following in zip(lines, after, strict=True):
            if not line:
                blanks += 1
                continue
            self._add_line(line, following, blanks)
            blanks = 0
        return self._numbered

    def _add_line(self, line: str, following: str, blanks: int) -> None:
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if not indent and line.startswith(TITLE):
            self._numbered += [""] if self._numbered else []
            self._numbered.append(line)
            self._open, self._titled = [], True
            return
        if self._continues_item(line, indent, blanks):
            last = self._open[-1]
            lead = " " * (last.column + indent - last.edited_column)
            self._numbered += [*[""] * blanks, lead + content]
            return
        label = _NUMBER.match(content)
        bullet = _BULLET.match(content)
        if (between := self._find_indent_between_bullets(content, indent, following)) is not None:
            self._add_bullet(between, content, bullet or label)
        elif bullet is not None or (label is None and self._goes_under_bullets(indent)):
            self._add_bullet(indent, content, bullet)
        else:
            if label is None and not content.endswith(":"):
                indent = max(indent, self._find_indent_of_first(following))
            self._add_number(indent, content, label, apart=blanks > 0)

    def _continues_item(self, line: str, indent: int, blanks: int) -> bool:
        """Whether a line is a further line of the text of the item above it."""
        if not self._open:
            return False
        column = self._open[-1].edited_column
        return indent >= column + len(DEEPER) or bool(
            blanks and indent == column and begins_paragraph("", line[column:])
        )

    def _find_indent_of_first(self, following: str) -> int:
        """Return the indent of a line that is to be the first below one with a colon; 0 for none.

        For example, a line between `1. Use start_loop ...:` and `   1.1 Press enter.`
        """
        content = following.lstrip(" ")
        column = len(following) - len(content)
        opens = bool(self._open) and self._numbered[-1].endswith(":")
        first = opens and column > self._open[-1].edited_indent and _NUMBER.match(content)
        return column if first else 0

    def _goes_under_bullets(self, indent: int) -> bool:
        bullets = [each for each in self._open if each.bullet]
        return bool(bullets) and indent >= bullets[0].edited_indent

    def _find_indent_between_bullets(self, content: str, indent: int, following: str) -> int | None:
        """Return the indent of the bullets around a line that has a lesser one.

        None if it is not between bullets. The last of them may be followed by one without indent.
        """
        bullets = [each for each in self._open if each.bullet]
        after = following.lstrip(" ")
        column = len(following) - len(after)
        follows = _BULLET.match(after) is not None
        if not bullets:
            # Above the first bullet of a call.
            opens = bool(self._numbered) and self._numbered[-1].endswith(":")
            first = opens and follows and indent < column and _BULLET.match(content) is None
            return column if first and not content.endswith(":") else None
        least = bullets[0].edited_indent
        if indent >= least or content.endswith(":"):
            return None
        marked = not indent and _BULLET.match(content) is not None
        return least if marked or (follows and column >= least) else None

    def _add_bullet(self, indent: int, content: str, mark: re.Match[str] | None) -> None:
        while self._open and self._open[-1].bullet and self._open[-1].edited_indent >= indent:
            self._open.pop()
        text = content if mark is None else content[mark.end() :]
        width = 2 if mark is None else mark.end()
        text = _lower_keys(text)
        own = 0
        if self._open:
            last = self._open[-1]
            own = len(last.label) + 2 if last.bullet else 3 * len(self._open)
        self._numbered.append(f"{' ' * own}- {text}".rstrip())
        self._open.append(_OpenLine(True, indent, indent + width, own + 2, " " * own))

    def _add_number(
        self, indent: int, content: str, mark: re.Match[str] | None, *, apart: bool
    ) -> None:
        while self._open and (self._open[-1].bullet or self._open[-1].edited_indent >= indent):
            self._open.pop()
        if mark is None and self._open and not self._numbered[-1].endswith(":"):
            # No line is under a line that does not end with a colon.
            self._open.pop()
        depth = len(self._open)
        if depth == 0 and apart and self._titled and not self._numbered[-1].startswith(TITLE):
            self._numbered.append("")
            self._titled = False
        del self._counts[depth + 1 :]
        self._counts += [0] * (depth + 1 - len(self._counts))
        self._counts[depth] += 1
        number = ".".join(map(str, self._counts[: depth + 1]))
        lead = "   " * depth + number + (". " if depth == 0 else " ")
        text = _lower_keys(content if mark is None else content[mark.end() :])
        width = len(lead) if mark is None else indent + mark.end()
        self._numbered.append((lead + text).rstrip())
        self._open.append(_OpenLine(False, indent, width, len(lead), number))


def _lower_keys(text: str) -> str:
    """Return a line that presses keys with their names as they are compiled."""
    found = _PRESS.fullmatch(text)
    if found is None:
        return text
    from .texts import read_keys

    keys = found[1].lower()
    return text if read_keys(keys) is None else f"Press {keys}{found[2]}"


# HTML


def _remove_editor_html(prompt: str) -> str | None:
    """Return the lines that an editor of rich text shows; None for what it cannot show so."""
    if re.match(r"\s*<(?:p|div|[ou]l)\b", prompt, re.IGNORECASE) is None:
        return prompt
    paragraphs = _read_paragraphs(prompt)
    if paragraphs is None:
        return None
    # Either a paragraph is a line, and an empty one a blank line, or it has lines.
    apart = any(len(each) > 1 for each in paragraphs)
    return ("\n\n" if apart else "\n").join("\n".join(each) for each in paragraphs)


def _read_paragraphs(prompt: str) -> list[list[str]] | None:
    paragraphs: list[list[str]] = []
    line = ""
    position = 0
    lists: list[str] = []
    for tag in [*_TAG.finditer(prompt), None]:
        words = prompt[position : len(prompt) if tag is None else tag.start()]
        if "<" in words or ">" in words:
            return None
        line += unescape(re.sub(r"[\r\n]+", "", words)).replace("\u00a0", " ")
        if tag is None:
            break
        position = tag.end()
        name = tag[2].lower()
        if name == "br":
            paragraphs = paragraphs or [[]]
            paragraphs[-1].append(line)
            line = ""
        elif name in _LISTS:
            lists = lists[:-1] if tag[1] else [*lists, name]
        elif name == "li" and not tag[1]:
            mark = "1. " if lists[-1:] == ["ol"] else "- "
            paragraphs.append([])
            line = " " * len(mark) * max(len(lists) - 1, 0) + mark
        elif name in _BLOCKS and not tag[1]:
            if not (lists and line):
                paragraphs.append([])
        elif (name in _BLOCKS or name == "li") and paragraphs:
            # A break before the end of a paragraph only keeps it open for writing.
            paragraphs[-1] += [line] if line or not (paragraphs[-1] or lists) else []
            line = ""
        elif name not in _DROPPED:
            return None
    if line.strip():
        return None
    return [[_indent_number(each) for each in lines] for lines in paragraphs if lines]


def _indent_number(line: str) -> str:
    """Return a line with the indent of its number, which HTML loses."""
    found = re.match(r"[0-9]{1,4}((?:\.[0-9]{1,4})+) ", line)
    return line if found is None else "   " * found[1].count(".") + line
