"""Recognises instructions of a prompt that mean what statements mean.

Keys, waits, typing, copies and files are patterns of this module; sentences with a condition, a
reading or an end are parsed by `sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM
from flowdsl.prompt.likeness import like_a_sentence
from flowdsl.prompt.reading.texts import read_path
from flowdsl.source.record import replace

from ..model import NOWHERE, PromptHints
from ..writing.type_names import source_name
from ..writing.value_types import ANY, type_at
from . import sentences
from .patterns import (
    BETWEEN_ACTS,
    BETWEEN_SENTENCES,
    CAPTURE,
    COPY,
    COUNTS,
    ESCAPED,
    EXPORT,
    FILL,
    LONGEST,
    NAME,
    PATH,
    PRESS,
    TYPE,
    UNITS,
    WAIT,
    as_sentence,
    has_condition_words,
    parse_chord,
    points_back,
    strip_markdown,
)
from .statements import (
    is_scalar,
    make_choose,
    make_decision,
    make_default_else,
    make_expect,
    make_extract,
    make_loop,
    make_wait_until,
)


def _compile_variable_pattern(hints: PromptHints) -> re.Pattern[str]:
    """Return a pattern for variables of the platform; a declared name in one may be any text."""
    declared = {field.name for field in (*(hints.inputs or ()), *hints.secrets)}
    odd = sorted((name for name in declared if not is_name(name)), key=len, reverse=True)
    name = "|".join((*map(re.escape, odd), NAME))
    return re.compile(
        rf"(?<![\\{{])(?:\{{\{{[ \t]*({NAME})({PATH})[ "
        rf"\t]*\}}\}}|\{{(\$?)({name})({PATH})\}}(?!\}}))"
    )


def _variable_from_match(found: re.Match[str]) -> nodes.Variable:
    runtime, runtime_path, secret, name, path = found.groups()
    return nodes.Variable(
        sigil="runtime" if runtime else "secret" if secret else "input",
        name=runtime or name,
        path=read_path(runtime_path if runtime else path),
    )


def _make_character_pieces(characters: str) -> list[nodes.Piece]:
    # Code generation adds the backslash where the platform needs one.
    unescaped = re.sub(ESCAPED, "", characters)
    return [nodes.TextPiece(value=unescaped)] if unescaped else []


class Instructions:
    """Parses instructions one after another, and records which variables they set.

    The methods from `press` to `copy` build a statement from a match of `_PATTERNS`, or return
    None. `recognized` has the lines that are more than prose, also those in `refused`, which are
    left as prose.
    """

    def __init__(self, hints: PromptHints, refused: Collection[str] = ()) -> None:
        self.recognized: list[str] = []
        self.rules: list[nodes.Text] = []
        self._entries: list[tuple[str, nodes.Type]] = []
        self._refused = refused
        self._inputs = {field.name: field for field in hints.inputs or ()}
        self._secrets = {field.name for field in hints.secrets}
        self._outputs = {field.name: field for field in hints.outputs or ()}
        self._set: set[str] = set()
        self._origins: dict[str, str] = {}
        self._plain = False
        self._variable = _compile_variable_pattern(hints)

    def plain(self) -> Instructions:
        """Return a parser that makes every line a `do`."""
        reader = Instructions(PromptHints((), (), (), {}))
        reader._plain = True
        reader._inputs, reader._outputs = self._inputs, self._outputs
        reader._variable = self._variable
        return reader

    def text(self, characters: str) -> nodes.Text:
        """Return the characters and variables of a part of a prompt."""
        pieces: list[nodes.Piece] = []
        at = 0
        for found in self._variable.finditer(characters):
            pieces += _make_character_pieces(characters[at : found.start()])
            pieces.append(self._resolve(_variable_from_match(found)))
            at = found.end()
        return (*pieces, *_make_character_pieces(characters[at:]))

    def _resolve(self, variable: nodes.Variable) -> nodes.Piece:
        """Return the value that a single brace means, or words for one that nothing declares.

        `{x}` of an output is the run's value, and `{row.no}` in a loop over rows that of the entry.
        """
        name, path = variable.name, variable.path
        if variable.sigil != "input" or name in self._inputs:
            return variable
        if name in self._outputs:
            return replace(variable, sigil="runtime")
        for noun, entry in reversed(self._entries):
            if noun == name and type_at(entry, path) != ANY:
                return nodes.Variable(sigil="runtime", name=LOOP_ITEM, path=path)
        if path:
            part = " ".join(str(each).replace("_", " ") for each in reversed(path))
            return nodes.TextPiece(value=f"the {part} of the {name.replace('_', ' ')}")
        return variable

    @contextmanager
    def inside_loop(self, found: sentences.Repeating) -> Iterator[None]:
        """Read lines of a loop: what the prompt calls an entry is its value there."""
        field = self._inputs.get(found.items)
        items = None if field is None else field.type
        items = items.inner if isinstance(items, nodes.OptionalType) else items
        entry = items.element if isinstance(items, nodes.ListType) else ANY
        self._entries.append((found.noun.lower().replace(" ", "_"), entry))
        try:
            yield
        finally:
            self._entries.pop()

    def sources(self) -> tuple[nodes.OutputSource, ...]:
        """Return the sources of the outputs that statements have read so far."""
        return tuple(
            nodes.OutputSource(field=field, kind="runtime", variable=variable, origin=NOWHERE)
            for field, variable in self._origins.items()
        )

    def read(self, line: str) -> list[nodes.Statement]:
        """Return the statements for a line; one `do` if nothing in it is more than prose."""
        prose: list[nodes.Statement] = [self.prose(line)]
        if self._plain or "\n" in line or len(line) > LONGEST:
            return prose
        before = dict(self._origins), set(self._set)
        statements = self._read_line(line)
        if all(isinstance(each, nodes.Do) for each in statements) or not self.accept(line):
            self._origins, self._set = before
            return prose
        return statements

    def accept(self, line: str) -> bool:
        """Note a line that was recognised, and return whether it may become statements."""
        if self._plain:
            return False
        self.recognized.append(line)
        return line not in self._refused

    def read_rule(self, text: str) -> bool:
        """Take a remark for the whole task as a rule, unless it holds a value of the run."""
        rule = self.text(text)
        kinds = {piece.sigil for piece in rule if isinstance(piece, nodes.Variable)}
        if "\n" in text or not kinds <= {"input"} or not self.accept(text):
            return False
        self.rules.append(rule)
        return True

    def prose(self, text: str) -> nodes.Statement:
        """Return a `do` with a text; a line in the very words of a statement asks politely."""
        lines = [
            f"Please {line[:1].lower()}{line[1:]}" if like_a_sentence(line) else line
            for line in text.split("\n")
        ]
        return nodes.Do(origin=NOWHERE, text=self.text("\n".join(lines)))

    def _read_line(self, line: str) -> list[nodes.Statement]:
        """Return the statements of a line, sentence by sentence.

        A decision has to be the last sentence, or the last but its `Otherwise`: what follows may be
        part of it. A line with any other condition in it is left as it is.
        """
        whole = self._read_sentence(line)
        if whole:
            return whole
        parts = re.split(BETWEEN_SENTENCES, line)
        statements: list[nodes.Statement] = []
        for at, part in enumerate(parts):
            read = self._read_sentence(part)
            if not read and has_condition_words(part):
                rest = parts[at:]
                decided = self._read_decision(rest[0], rest[1] if len(rest) == 2 else None)
                return [*statements, decided] if decided and len(rest) <= 2 else []
            statements += read or [self.prose(part)]
        return statements

    def _read_sentence(self, line: str) -> list[nodes.Statement]:
        """Return the statements that a sentence is, without a `do`; empty if it is prose."""
        plain = strip_markdown(line)
        if re.search(BETWEEN_SENTENCES, plain) is not None:
            return []
        for pattern, build in _PATTERNS:
            found = re.fullmatch(pattern, plain, re.IGNORECASE)
            if found is not None:
                statement = build(self, found)
                return [] if statement is None else [statement]
        parts = [self._read_sentence(each) for each in sentences.split_typing(plain)]
        if parts:
            return [each for part in parts for each in part] if all(parts) else []
        readings = sentences.parse_readings(plain)
        if readings:
            several = [self._read_reading(each) for each in readings]
            return [each for each in several if each] if all(several) else []
        for read in (
            self._read_reading,
            self._read_failure,
            self._read_awaiting,
            self._read_check,
            self._read_choice,
            self._read_repetition,
        ):
            found_statement = read(plain)
            if found_statement is not None:
                return [found_statement]
        return self._read_two_acts(plain)

    def _read_two_acts(self, plain: str) -> list[nodes.Statement]:
        """Return the statements of `Type {x} into "X" and press Tab`, if each act is one."""
        acts = re.split(BETWEEN_ACTS, plain, flags=re.IGNORECASE)
        if len(acts) == 1 or has_condition_words(plain):
            return []
        statements: list[nodes.Statement] = []
        for act in acts:
            if not act or points_back(act):
                return []
            statements += self._read_sentence(act) or [self.prose(as_sentence(act))]
        if all(isinstance(each, nodes.Do) for each in statements):
            return []
        return statements

    # Sentences of `sentences`

    def _read_reading(self, plain: str | sentences.Reading) -> nodes.Statement | None:
        found = sentences.parse_reading(plain) if isinstance(plain, str) else plain
        if found is None or points_back(found.source) or has_condition_words(found.source):
            return None
        if not found.marked and found.name not in self._outputs and "_" not in found.name:
            return None
        source = self.text(found.source)
        if not self._can_extract(found.name, source):
            return None
        return make_extract(found.name, self._type_of_output(found.name), source)

    def _read_failure(self, plain: str) -> nodes.Statement | None:
        reason = sentences.parse_failure(plain)
        if reason is None:
            return None
        text = self._readable(reason or "the task cannot be done")
        return nodes.Leave(origin=NOWHERE, action="abort", reason=text) if text else None

    def _read_awaiting(self, plain: str) -> nodes.Statement | None:
        found = sentences.parse_awaiting(plain)
        condition = found and self._readable(found.condition)
        if not found or not condition or sentences.is_vague(found.condition):
            return None
        return make_wait_until(condition, found.milliseconds)

    def _read_check(self, plain: str) -> nodes.Statement | None:
        condition = self._readable(sentences.parse_check(plain))
        return make_expect(condition) if condition else None

    def _read_choice(self, plain: str) -> nodes.Statement | None:
        target = self._readable(sentences.parse_choice(plain))
        return make_choose(target) if target else None

    def _read_repetition(self, plain: str) -> nodes.Statement | None:
        found = sentences.parse_repetition(plain)
        if found is None or not found.then or has_condition_words(found.then):
            return None
        with self.inside_loop(found):
            body = [self.prose(as_sentence(found.then))]
        return self.make_loop(found, body)

    def make_loop(
        self, found: sentences.Repeating, body: Sequence[nodes.Statement]
    ) -> nodes.Statement | None:
        """Return the loop over an input list; None if it is another value."""
        return make_loop(found.noun, self._inputs.get(found.items), self._taken(), body)

    def _read_decision(self, sentence: str, after: str | None) -> nodes.Statement | None:
        """Return `if` for a sentence, and the `Otherwise` behind it."""
        found = sentences.parse_decision(strip_markdown(sentence))
        if found is None:
            return None
        otherwise = found.otherwise
        if after is not None:
            if otherwise is not None:
                return None
            otherwise = sentences.parse_otherwise(strip_markdown(after))
            if otherwise is None:
                return None
        condition = self.condition(found.condition)
        if condition is None:
            return None
        then = self._read_consequence(found.then)
        other = [] if otherwise is None else self._read_consequence(otherwise)
        if then is None or other is None:
            return None
        return make_decision(condition, then, other)

    def _read_consequence(self, act: str) -> list[nodes.Statement] | None:
        """Return the statements of a consequence, empty for going on; None for another decision."""
        if sentences.means_going_on(act):
            return []
        statements = self._read_sentence(act)
        if not statements and has_condition_words(act):
            return None
        return statements or [self.prose(as_sentence(act))]

    def condition(self, words: str) -> nodes.Condition | None:
        """Return a condition: a value that is compared, else what the screen shows."""
        text = self._readable(words)
        if not text:
            return None
        compared = re.fullmatch(
            rf"\{{({NAME})\}} (is not|does not equal|!=|is|equals|==?) \"([^\"{{}}]+)\"", words
        )
        if compared is not None:
            field = self._inputs.get(compared[1])
            if field is None or not is_scalar(field.type):
                return None
            left = nodes.Variable(sigil="input", name=compared[1])
            return nodes.Compare(
                left=nodes.TextValue(text=(left,)),
                operator="!=" if "not" in compared[2] or compared[2] == "!=" else "==",
                right=nodes.ConstantValue(value=compared[3]),
            )
        if isinstance(text[0], nodes.Variable):  # about a value, and in words that are no operator
            return None
        return nodes.Sees(text=text)

    def _readable(self, words: str | None) -> nodes.Text | None:
        """Return words as a text; None if they point back, or a variable cannot be read here."""
        if not words or points_back(words):
            return None
        text = self.text(words)
        variables = [piece for piece in text if isinstance(piece, nodes.Variable)]
        return text if all(map(self._is_readable, variables)) else None

    def reading(self, field: nodes.FieldSpec) -> nodes.Extract:
        """Return the statement that reads an output as its schema describes it."""
        words = " ".join((field.description or "").split())
        if not words:
            words = f'the value "{field.name.replace("_", " ")}"'
        variable = source_name(field.name, self._taken())
        self._set.add(variable)
        self._origins[field.name] = variable
        return make_extract(variable, field.type, (nodes.TextPiece(value=words),))

    def reading_of(self, variable: str) -> nodes.Extract:
        """Return the statement that reads a value that the prompt only names."""
        field = self._outputs.get(variable)
        words = " ".join((field.description or "").split()) if field is not None else ""
        words = words or f"the {variable.replace('_', ' ')}"
        self._set.add(variable)
        if field is not None:
            self._origins.setdefault(variable, variable)
        return make_extract(
            variable, self._type_of_output(variable), (nodes.TextPiece(value=words),)
        )

    def is_declared(self, name: str) -> bool:
        """Whether an input or a secret has the name, so that nothing else can."""
        return name in self._inputs or name in self._secrets

    # One method for each kind of statement

    def press(self, found: re.Match[str]) -> nodes.Statement | None:
        keys = parse_chord(found[1], named=found[2] is not None)
        times = COUNTS.get(number := (found[3] or "once").lower().removesuffix(" times"))
        times = int(number) if times is None else times
        return nodes.Press(origin=NOWHERE, keys=keys, times=times) if keys and times else None

    def wait(self, found: re.Match[str]) -> nodes.Statement | None:
        unit = found[2].lower()
        scale = UNITS["ms" if unit.startswith(("ms", "milli")) else unit[0]]
        return nodes.Wait(origin=NOWHERE, milliseconds=int(found[1]) * scale)

    def type(self, found: re.Match[str]) -> nodes.Statement | None:
        written, target = found["value"], self.text(found["target"])
        if written.startswith('"') and "{" not in written:
            literal = (nodes.TextPiece(value=written.strip('"')),)
            return nodes.TypeIn(origin=NOWHERE, value=literal, display=None, target=target)
        return self._make_typing(self.text(written), target)

    def _make_typing(self, value: nodes.Text, target: nodes.Text | str) -> nodes.Statement | None:
        """Return `type` for a value that is one variable that can be typed here."""
        if (
            len(value) != 1
            or not isinstance(value[0], nodes.Variable)
            or not self._can_type(value[0])
        ):
            return None
        where = self.text(target) if isinstance(target, str) else target
        return nodes.TypeIn(origin=NOWHERE, value=value, display=None, target=where)

    def _can_type(self, variable: nodes.Variable) -> bool:
        if variable.sigil == "runtime":
            return variable.name in self._set
        if variable.sigil == "secret":
            return variable.name in self._secrets
        field = self._inputs.get(variable.name)
        return field is not None and (bool(variable.path) or is_scalar(field.type))

    def read_capture_line(self, found: re.Match[str]) -> nodes.Statement | None:
        file = self._file(found)
        return None if file is None else nodes.Capture(origin=NOWHERE, file=file)

    def read_export_line(self, found: re.Match[str]) -> nodes.Statement | None:
        file = self._file(found)
        return None if file is None else nodes.Export(origin=NOWHERE, file=file)

    def _file(self, found: re.Match[str]) -> nodes.Text | None:
        """Return the file name in a match; None if it contains other variables than inputs."""
        written = next((group for group in found.groups() if group), "")
        name = self.text(written or "screenshot.png")
        variables = [piece for piece in name if isinstance(piece, nodes.Variable)]
        known = all(each.sigil == "input" and each.name in self._inputs for each in variables)
        # For the platform, a brace after a backslash begins no variable; it was probably meant to.
        plain = not any("{" in piece.value for piece in name if isinstance(piece, nodes.TextPiece))
        return name if known and plain else None

    def copy(self, found: re.Match[str]) -> nodes.Statement | None:
        variable, source = found[2] or found[3], self.text(found[1])
        type_ = self._type_of_output(variable)
        if points_back(found[1]) or not is_scalar(type_) or not self._can_extract(variable, source):
            return None
        return nodes.Copy(
            origin=NOWHERE,
            variable=variable,
            type=type_,
            source=source,
            otherwise=make_default_else(type_, source),
        )

    def _can_extract(self, variable: str, source: nodes.Text) -> bool:
        """Whether `variable` can be read from `source` here.

        If so, it counts as set from here on.
        """
        if variable in self._inputs or variable in self._secrets:
            return False
        for piece in source:
            if isinstance(piece, nodes.Variable) and not self._is_readable(piece):
                return False
        self._set.add(variable)
        if variable in self._outputs:
            self._origins[variable] = variable
        return True

    def _is_readable(self, variable: nodes.Variable) -> bool:
        if variable.sigil == "runtime":
            return variable.name in self._set
        return variable.sigil == "input" and variable.name in self._inputs

    def _type_of_output(self, variable: str) -> nodes.Type:
        field = self._outputs.get(variable)
        return nodes.ScalarType(name="string") if field is None else field.type

    def _taken(self) -> set[str]:
        return self._inputs.keys() | self._secrets | self._set


_PATTERNS: tuple[
    tuple[str, Callable[[Instructions, re.Match[str]], nodes.Statement | None]], ...
] = (
    (PRESS, Instructions.press),
    (WAIT, Instructions.wait),
    (TYPE, Instructions.type),
    (FILL, Instructions.type),
    (CAPTURE, Instructions.read_capture_line),
    (EXPORT, Instructions.read_export_line),
    (COPY, Instructions.copy),
)
