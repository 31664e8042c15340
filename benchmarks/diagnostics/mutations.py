"""Single mistakes in programs: slips of the hand, and forms of other languages and editors."""

from __future__ import annotations

import random
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.api import CompileOptions, Diagnostic, MemoryFiles, analyze  # noqa: E402
from flowdsl.config.load import load_project  # noqa: E402
from flowdsl.diagnostics.sink import Sink  # noqa: E402
from flowdsl.source.files import library_of  # noqa: E402
from flowdsl.source.text import SourceFile  # noqa: E402
from flowdsl.syntax.parse import parse_module  # noqa: E402
from flowdsl.syntax.parser.lexer import KEYWORDS, TERMINAL, Lexemes, is_word  # noqa: E402
from flowdsl.syntax.recovery.resynchronisation import statement_words  # noqa: E402
from tests.support.flows.compiling import project_path  # noqa: E402

TEXTS = frozenset((TERMINAL["STRING"], TERMINAL["BLOCK"]))
BRACKETS = "{}()[]"
LIST_ITEMS = (
    "- Click Save",
    "* Open the chart",
    '1. Click "Save"',
    "2) Type the number",
    "• Press Enter",
)
MAPPINGS = (
    "retries: 3",
    "name: intake",
    "timeout: 30s",
    'title: "Look-up"',
    "tags:",
    "on_error: stop",
)
OBJECTS = (
    '{"name": "intake", "count": 3}',
    '{ "steps": ["open", "save"] }',
    '"retries": 3,',
    '{"enabled": true}',
)
ELSES = ("elif", "elseif", "elsif", "else if:", "else:", "elif:")
STRAYS = (*";!&%^~`'\\/+*<>?$@é", "please", "then", "end", "TODO", "x", "5", "//", "...")
SMART = (("“", "”"), ("„", "“"), ("«", "»"), ("‘", "’"))


class Change(NamedTuple):
    """Replaces a range of a text."""

    start: int
    end: int
    replacement: str

    def of(self, text: str) -> str:
        return text[: self.start] + self.replacement + text[self.end :]


class Program(NamedTuple):
    """The files of one project, and how it is checked."""

    files: dict[str, str | bytes]
    options: CompileOptions

    @property
    def entries(self) -> list[str]:
        """The flows of the project itself, which import those of its libraries."""
        flows = (each for each in self.files if each.endswith(".flow"))
        return [each for each in flows if library_of(each) is None]

    def findings(self, path: str, text: str) -> tuple[Diagnostic, ...]:
        """What is found in the program if the file at `path` holds `text`."""
        files = MemoryFiles(self.files | {path: text})
        return analyze(files, self.entries, self.options).diagnostics

    def errors(self, path: str, text: str) -> list[Diagnostic]:
        """The errors of the program if the file at `path` holds `text`."""
        return [each for each in self.findings(path, text) if each.severity == "error"]


class Declaration(NamedTuple):
    """The range of a declaration, and where its keyword and name end."""

    start: int
    end: int
    header_end: int


class Sample:
    """One file of a program, with its tokens, lines and declarations."""

    def __init__(self, program: Program, path: str, text: str) -> None:
        self.program = program
        self.path = path
        self.text = text
        self.tokens = Lexemes(text)
        self.indices = range(2, len(self.tokens.words) - 1)
        self.line_starts = [0, *(at + 1 for at, sign in enumerate(text) if sign == "\n")]
        module = parse_module(SourceFile(path, text), Sink())
        self.declarations = [
            Declaration(node.start, node.end, node.name.end)
            if hasattr(node, "name")
            else Declaration(node.start, node.end, node.end)
            for node in sorted((*module.imports, *module.declarations), key=lambda node: node.start)
        ]

    def span(self, index: int) -> tuple[int, int]:
        return self.tokens.starts[index], self.tokens.ends[index]

    def word(self, index: int) -> str:
        return self.tokens.words[index]

    def pick(self, rng: random.Random, wanted: Callable[[int], bool]) -> int | None:
        """A random token for which `wanted` holds, behind the edition."""
        found = [index for index in self.indices if wanted(index)]
        return rng.choice(found) if found else None

    def line(self, offset: int) -> tuple[int, int]:
        """The range of the line of an offset, with its line break."""
        number = bisect_right(self.line_starts, offset)
        ends = [*self.line_starts[1:], len(self.text)]
        return self.line_starts[number - 1], ends[number - 1]

    def declaration(self, offset: int) -> int | None:
        """The index of the declaration that an offset is in."""
        number = bisect_right([each.start for each in self.declarations], offset) - 1
        return number if number >= 0 and offset <= self.declarations[number].end else None


Mutation = Callable[[random.Random, Sample], Change | None]


def on_token(
    wanted: Callable[[Sample, int], bool], edit: Callable[[random.Random, str], str]
) -> Mutation:
    """A mutation that changes the spelling of a token."""

    def mutate(rng: random.Random, sample: Sample) -> Change | None:
        index = sample.pick(rng, lambda at: wanted(sample, at))
        return None if index is None else Change(*sample.span(index), edit(rng, sample.word(index)))

    return mutate


def any_token(sample: Sample, index: int) -> bool:
    return True


def spelt(words: Iterable[str]) -> Callable[[Sample, int], bool]:
    known = frozenset(words)
    return lambda sample, index: sample.word(index) in known


def is_keyword(sample: Sample, index: int) -> bool:
    return sample.tokens.kinds[index] == KEYWORDS.get(sample.word(index), -1)


def is_text(sample: Sample, index: int) -> bool:
    return sample.tokens.kinds[index] in TEXTS


def is_block(sample: Sample, index: int) -> bool:
    return sample.tokens.kinds[index] == TERMINAL["BLOCK"]


def is_line(sample: Sample, index: int) -> bool:
    return is_text(sample, index) and not is_block(sample, index)


def has_variable(sample: Sample, index: int) -> bool:
    return is_text(sample, index) and any(variables(sample.word(index)))


def swap_tokens(rng: random.Random, sample: Sample) -> Change | None:
    index = sample.pick(rng, lambda at: at + 1 in sample.indices)
    if index is None:
        return None
    (start, middle), (after, end) = sample.span(index), sample.span(index + 1)
    between = sample.text[middle:after]
    return Change(start, end, sample.word(index + 1) + between + sample.word(index))


def misspell(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def delete_quote(rng: random.Random, word: str) -> str:
    return word[1:] if rng.random() < 0.5 else word[:-1]


def smart_quotes(rng: random.Random, word: str) -> str:
    opening, closing = rng.choice(SMART)
    return rng.choice(
        (f"{opening}{word[1:-1]}{closing}", f"{opening}{word[1:]}", f"{word[:-1]}{closing}")
    )


def whole_line(rng: random.Random, sample: Sample) -> tuple[int, int] | None:
    """A line of a declaration that holds a token."""
    index = sample.pick(rng, lambda at: True)
    return None if index is None else sample.line(sample.tokens.starts[index])


def delete_line(rng: random.Random, sample: Sample) -> Change | None:
    found = whole_line(rng, sample)
    return None if found is None else Change(*found, "")


def duplicate_line(rng: random.Random, sample: Sample) -> Change | None:
    found = whole_line(rng, sample)
    return None if found is None else Change(found[0], found[0], sample.text[found[0] : found[1]])


def join_lines(rng: random.Random, sample: Sample) -> Change | None:
    found = whole_line(rng, sample)
    if found is None or sample.text[found[1] - 1 : found[1]] != "\n":
        return None
    indent = len(sample.text) - len(sample.text[found[1] :].lstrip(" "))
    return Change(found[1] - 1, indent, "")


def truncate(rng: random.Random, sample: Sample) -> Change | None:
    """Leaves out the rest of a declaration, from a token inside it on."""
    inner = [each for each in sample.declarations if each.end > each.header_end]
    if not inner:
        return None
    declaration = rng.choice(inner)
    starts = [
        start for start in sample.tokens.starts if declaration.header_end <= start < declaration.end
    ]
    return Change(rng.choice(starts), declaration.end, "") if starts else None


def insert_between(words: Sequence[str]) -> Mutation:
    """A mutation that puts a word in front of a token."""

    def mutate(rng: random.Random, sample: Sample) -> Change | None:
        index = sample.pick(rng, lambda at: True)
        if index is None:
            return None
        start = sample.tokens.starts[index]
        return Change(start, start, rng.choice(words) + rng.choice(("", " ")))

    return mutate


def insert_line(lines: Sequence[str]) -> Mutation:
    """A mutation that puts a line in front of a line that begins with a statement or a setting."""

    def mutate(rng: random.Random, sample: Sample) -> Change | None:
        names = (TERMINAL["KEY"], TERMINAL["FIELD"])

        def begins(at: int) -> bool:
            fits = sample.word(at) in statement_words() or sample.tokens.kinds[at] in names
            return fits and "\n" in sample.tokens.blanks[at]

        index = sample.pick(rng, begins)
        if index is None:
            return None
        start = sample.tokens.starts[index]
        indent = sample.text[sample.line(start)[0] : start]
        return Change(start, start, f"{rng.choice(lines)}\n{indent}")

    return mutate


def other_else(rng: random.Random, sample: Sample) -> Change | None:
    """`elif` and its kind, for an `else` or behind the body of an `if`."""
    found = []
    for index in sample.indices:
        if sample.word(index) == "else" and sample.word(index + 1) in ("{", "if"):
            start, end = sample.span(index)
            if sample.word(index + 1) == "if":
                end = sample.tokens.ends[index + 1]
            found.append((start, end, ""))
        elif sample.word(index) == "if" and is_keyword(sample, index):
            close = closing(sample, index)
            if close is not None and sample.word(close + 1) != "else":
                end = sample.tokens.ends[close]
                found.append((end, end, ' { do "Close it." }'))
    if not found:
        return None
    start, end, body = rng.choice(found)
    word = rng.choice(ELSES)
    condition = ' sees "an empty list"' if body and not word.startswith("else:") else ""
    colon = ":" if word.endswith(":") and body else ""
    written = f"{word.rstrip(':')}{condition}{colon}{body}" if body else word
    return Change(start, end, f" {written}" if body else written)


def closing(sample: Sample, index: int) -> int | None:
    """The brace that closes the next body."""
    depth = 0
    for at in range(index, sample.indices.stop):
        depth += {"{": 1, "}": -1}.get(sample.word(at), 0)
        if depth == 0 and sample.word(at) == "}":
            return at
    return None


def variables(word: str) -> Iterable[tuple[int, int]]:
    """The ranges of `{name}` in a text."""
    at = word.find("{")
    while at >= 0:
        end = word.find("}", at)
        if end > 0 and is_word(word[at + 1 : end]) and word[at - 1] != "{":
            yield at, end + 1
        at = word.find("{", at + 1)


def variable(form: Callable[[str], str]) -> Mutation:
    """A mutation that spells a variable inside a text in another way."""

    def edit(rng: random.Random, word: str) -> str:
        start, end = rng.choice(list(variables(word)))
        return word[:start] + form(word[start + 1 : end - 1]) + word[end:]

    return on_token(has_variable, edit)


KINDS: dict[str, Mutation] = {
    "token deleted": on_token(any_token, lambda rng, word: ""),
    "token doubled": on_token(any_token, lambda rng, word: f"{word} {word}"),
    "tokens swapped": swap_tokens,
    "keyword misspelt": on_token(is_keyword, misspell),
    "bracket deleted": on_token(spelt(BRACKETS), lambda rng, word: ""),
    "bracket added": insert_between(BRACKETS),
    "`=` for `:`": on_token(spelt(":"), lambda rng, word: rng.choice(("=", " ="))),
    "`:` for `=`": on_token(spelt("="), lambda rng, word: ":"),
    "quote deleted": on_token(is_line, delete_quote),
    "closing quotes of block deleted": on_token(is_block, lambda rng, word: word[:-3]),
    "opening quotes of block deleted": on_token(is_block, lambda rng, word: word[3:]),
    "quotes of word processors": on_token(is_line, smart_quotes),
    "line deleted": delete_line,
    "line doubled": duplicate_line,
    "lines joined": join_lines,
    "declaration truncated": truncate,
    "stray character or word": insert_between(STRAYS),
    "Markdown list item": insert_line(LIST_ITEMS),
    "YAML mapping": insert_line(MAPPINGS),
    "JSON object": insert_line(OBJECTS),
    "`elif` and the like": other_else,
    "comma lost": on_token(spelt(","), lambda rng, word: ""),
    "comma added": insert_between((",",)),
    "`${x}`": variable("${{{}}}".format),
    "`{ x }`": variable("{{ {} }}".format),
    "`{x` unclosed": variable("{{{}".format),
}


def programs_below(folder: Path) -> list[Program]:
    """The programs in a folder: the folder itself if it holds `.flow` files, else its folders."""
    own = any(path.suffix == ".flow" for path in folder.iterdir() if path.is_file())
    roots = [folder] if own else sorted(path for path in folder.iterdir() if path.is_dir())
    return [read_program(root) for root in roots]


def read_program(root: Path) -> Program:
    files: dict[str, str | bytes] = {}
    options = CompileOptions()
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        name = project_path(path.relative_to(root))
        if name == "flowdsl.toml":
            project = load_project(path.read_text(encoding="utf-8"), name, Sink())
            options = CompileOptions(project)
        elif path.suffix == ".flow":
            files[name] = path.read_text(encoding="utf-8")
        else:
            files[name] = path.read_bytes()
    return Program(files, options)


def samples_of(programs: Iterable[Program]) -> list[Sample]:
    return [
        Sample(program, path, text)
        for program in programs
        for path, text in program.files.items()
        if isinstance(text, str)
    ]
