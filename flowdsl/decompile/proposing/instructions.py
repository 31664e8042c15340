"""Recognises one-line instructions of a prompt that mean exactly what one statement means."""

from __future__ import annotations

import re
from collections.abc import Callable

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import unmet_reason
from flowdsl.prompt.reading.texts import read_path
from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS
from flowdsl.semantics.statements.keys import OTHER_NAMES, chord_keys, find_shared_name, is_key

from ..model import NOWHERE, PromptHints
from ..writing.type_names import source_name

_DEPENDS = (
    r"(?i)\b(?:if|in case|in the event|when|whenever|where(?:ver)? (?:there|it|this|that)|once|"
    r"unless|until|till|while|as long as|otherwise|else|depending|provided|assuming|"
    r"should (?:the|a|an|any|it|this|that|there)|(?:may|might)(?= [a-z])|"
    r"sometimes|optional(?:ly)?|alternatively|"
    r"for (?:each|every|all|any)|(?:each|every) time|repeat|loop|iterate|"
    r"falls|wenn|sobald|solange|sonst|ansonsten|andernfalls|jede[nrs]?|wiederhole\w*|"
    r"si|sinon|tant que|chaque|mientras|cada|cuando|se|caso|quando|enquanto|finché|ogni|altrimenti|"
    r"als|indien|zodra|zolang|telkens|elke|"
    r"om|när|varje|jeśli|jeżeli|gdy|dopóki|każd\w*|pokud|jestliže|když|každ\w*|eğer)\b"
    r"|場合|もし|たら|ごと|如果|若|每|当|경우|마다|إذا|كل|\?(?=\s|$)"
)
_OTHER_THAN_STEPS = (
    r"(?i)\b(?:never|not|don['’]t|mustn['’]t|no longer|avoid|forbidden|prohibited|"
    r"notes?|tips?|hints?|examples?|background|faq|mistakes?|"
    r"trouble\w*|problems?|errors?|exceptions?|fallbacks?|instead|known|"
    r"nie|niemals|nicht|kein\w*|jamais|nunca|mai)\b"
)

_NAME = r"[A-Za-z_]\w*"
_PATH = rf"(?:\.{_NAME}|\[\d+\]|\['[^'\n]*'\]|\[\"[^\"\n]*\"\])*"
_ESCAPED = rf"\\(?=\{{+\$?{_NAME})"

_COUNTS = {"once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_UNITS = {"s": 1000, "m": 60_000, "ms": 1}
_LABELLED_TOO = frozenset(
    ("home", "end", "delete", "insert", "up", "down", "left", "right", "space", "return")
)
"""Keys whose names are also labels of buttons and links: they need the word `key`."""

_LONGEST = 1_000
"""Maximum length of a line that is examined, in characters."""

_QUOTED = r"\"[^\"\n]+\""
_BOX = r"(?:field|box|text ?box|search box|input field|input)"
_FILE = r"\"?([^\s\"]+\.\w{2,4}|(?<=\")[^\"]+\.\w{2,4}(?=\"))\"?"
_STORED = rf"\{{\{{[ \t]*({_NAME})[ \t]*\}}\}}"
_NAMED = r"(?:(?:with )?(?:the )?(?:file ?name|name)|named|called|as|for|with|on)"

_PRESS = (
    r"(?:press|hit) (?:the )?"
    r"\"?((?:page |arrow )?[^\s\"]+?(?: ?\+ ?[^\s\"+]+)*(?: arrow)?)\"?( key)?"
    r"(?: (once|twice|(?:\d{1,2}|two|three|four|five|six) times))?"
)
_WAIT = r"wait (?:for )?(\d{1,4}) ?(ms|milliseconds?|s|secs?|seconds?|mins?|minutes?)"
_TYPE = (
    rf"(?:type|enter|input) (\S+|\{{\{{[^}}]*\}}\}}) (?:into|in) "
    rf"((?:the )?(?:{_BOX} )?{_QUOTED}(?: {_BOX})?)"
)
_CAPTURE = (
    rf"(?:(?:use |call )?save_screenshot_as_run_attachment {_NAMED}|"
    r"(?:take|save) a screenshot (?:and attach it|as a run attachment)"
    rf"(?: to the run)?(?: {_NAMED})?) {_FILE}"
)
_EXPORT = (
    rf"(?:(?:use |call )?mark_file_for_export (?:{_NAMED} )?{_FILE}|"
    rf"mark (?:the file )?{_FILE} for export)"
)
_COPY = (
    r"(?:(?:triple|double)[- ]click|select|highlight) (?:on )?([^.;]+?),?(?: and)?(?: then)? "
    rf"(?:use |call )?copy_to_clipboard (?:with (?:the )?key|as) (?:\"?({_NAME})\"?|{_STORED})"
)
_EXTRACT = (
    r"(?:use (?:a )?focused_action to )?(?:read|extract|note|record) ([^.;]+?)"
    r"(?: (?:with|using) (?:a )?focused_action)?,? "
    rf"(?:(?:and )?(?:save|store|remember|keep) it )?(?:as|in|into) {_STORED}"
    r"(?: (?:with|using) upsert_runtime_values)?"
)
_POINTS_BACK = r"(?i)(?:it|its|them|they|their|this|that|these|those|one)\b"
"""The beginning of a text that refers back to the sentence before it."""

_BETWEEN_SENTENCES = r"(?<=[.!])[ \t]+(?=[A-Z{\"“])"


def has_condition_words(text: str) -> bool:
    """Whether a text mentions a condition or repetition."""
    return re.search(_DEPENDS, text) is not None


def is_governing_line(text: str) -> bool:
    """Whether the lines below a line are not plain instructions: a condition, a ban, remarks."""
    return has_condition_words(text) or re.search(_OTHER_THAN_STEPS, text) is not None


def _compile_variable_pattern(hints: PromptHints) -> re.Pattern[str]:
    """Return a pattern for variables of the platform; a declared name in one may be any text."""
    declared = {field.name for field in (*(hints.inputs or ()), *hints.secrets)}
    odd = sorted((name for name in declared if not is_name(name)), key=len, reverse=True)
    name = "|".join((*map(re.escape, odd), _NAME))
    return re.compile(
        rf"(?<![\\{{])(?:\{{\{{[ \t]*({_NAME})({_PATH})[ "
        rf"\t]*\}}\}}|\{{(\$?)({name})({_PATH})\}}(?!\}}))"
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
    unescaped = re.sub(_ESCAPED, "", characters)
    return [nodes.TextPiece(value=unescaped)] if unescaped else []


class Instructions:
    """Parses instructions one after another, and records which variables they set.

    The methods from `press` to `read_extract_line` build a statement from a match of `_PATTERNS`,
    or return None.
    """

    def __init__(self, hints: PromptHints) -> None:
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
        reader._variable = self._variable
        return reader

    def text(self, characters: str) -> nodes.Text:
        """Return the characters and variables of a part of a prompt."""
        pieces: list[nodes.Piece] = []
        at = 0
        for found in self._variable.finditer(characters):
            pieces += _make_character_pieces(characters[at : found.start()])
            pieces.append(_variable_from_match(found))
            at = found.end()
        return (*pieces, *_make_character_pieces(characters[at:]))

    def sources(self) -> tuple[nodes.OutputSource, ...]:
        """Return the sources of the outputs that statements have read so far."""
        return tuple(
            nodes.OutputSource(field=field, kind="runtime", variable=variable, origin=NOWHERE)
            for field, variable in self._origins.items()
        )

    def read(self, line: str) -> list[nodes.Statement]:
        """Return the statements for a line.

        One statement if the whole line is one; otherwise one for each sentence if at least one
        sentence is more than prose; otherwise one `do`.
        """
        prose: nodes.Statement = nodes.Do(origin=NOWHERE, text=self.text(line))
        if self._plain or "\n" in line or len(line) > _LONGEST or has_condition_words(line):
            return [prose]
        whole = self._read_sentence(line)
        if whole is not None:
            return [whole]
        sentences = re.split(_BETWEEN_SENTENCES, line)
        statements = [self._read_sentence(each) for each in sentences]
        if not any(statements):
            return [prose]
        return [
            statement or nodes.Do(origin=NOWHERE, text=self.text(sentence))
            for sentence, statement in zip(sentences, statements, strict=True)
        ]

    def _read_sentence(self, line: str) -> nodes.Statement | None:
        plain = _strip_markdown(line)
        for pattern, build in _PATTERNS:
            found = re.fullmatch(pattern, plain, re.IGNORECASE)
            if found is not None:
                return build(self, found)
        return None

    def reading(self, field: nodes.FieldSpec) -> nodes.Extract:
        """Return the statement that reads an output as its schema describes it."""
        words = " ".join((field.description or "").split())
        if not words:
            words = f'the value "{field.name.replace("_", " ")}"'
        variable = source_name(field.name, self._taken())
        self._set.add(variable)
        self._origins[field.name] = variable
        return self._make_extract(variable, field.type, (nodes.TextPiece(value=words),))

    # One method for each kind of statement

    def press(self, found: re.Match[str]) -> nodes.Statement | None:
        keys = _parse_chord(found[1], named=found[2] is not None)
        times = _COUNTS.get(number := (found[3] or "once").lower().removesuffix(" times"))
        times = int(number) if times is None else times
        return nodes.Press(origin=NOWHERE, keys=keys, times=times) if keys and times else None

    def wait(self, found: re.Match[str]) -> nodes.Statement | None:
        unit = found[2].lower()
        scale = _UNITS["ms" if unit.startswith(("ms", "milli")) else unit[0]]
        return nodes.Wait(origin=NOWHERE, milliseconds=int(found[1]) * scale)

    def type(self, found: re.Match[str]) -> nodes.Statement | None:
        value, target = self.text(found[1]), self.text(found[2])
        if (
            len(value) != 1
            or not isinstance(value[0], nodes.Variable)
            or not self._can_type(value[0])
        ):
            return None
        return nodes.TypeIn(origin=NOWHERE, value=value, display=None, target=target)

    def _can_type(self, variable: nodes.Variable) -> bool:
        if variable.sigil == "runtime":
            return variable.name in self._set
        if variable.sigil == "secret":
            return variable.name in self._secrets
        field = self._inputs.get(variable.name)
        return field is not None and (bool(variable.path) or _is_scalar(field.type))

    def read_capture_line(self, found: re.Match[str]) -> nodes.Statement | None:
        file = self._file(found)
        return None if file is None else nodes.Capture(origin=NOWHERE, file=file)

    def read_export_line(self, found: re.Match[str]) -> nodes.Statement | None:
        file = self._file(found)
        return None if file is None else nodes.Export(origin=NOWHERE, file=file)

    def _file(self, found: re.Match[str]) -> nodes.Text | None:
        """Return the file name in a match; None if it contains other variables than inputs."""
        name = self.text(next(group for group in found.groups() if group))
        variables = [piece for piece in name if isinstance(piece, nodes.Variable)]
        known = all(each.sigil == "input" and each.name in self._inputs for each in variables)
        # For the platform, a brace after a backslash begins no variable; it was probably meant to.
        plain = not any("{" in piece.value for piece in name if isinstance(piece, nodes.TextPiece))
        return name if known and plain else None

    def copy(self, found: re.Match[str]) -> nodes.Statement | None:
        variable, source = found[2] or found[3], self.text(found[1])
        type_ = self._type_of_output(variable)
        if (
            _points_back(found[1])
            or not _is_scalar(type_)
            or not self._can_extract(variable, source)
        ):
            return None
        return nodes.Copy(
            origin=NOWHERE,
            variable=variable,
            type=type_,
            source=source,
            otherwise=_make_default_else(type_, source),
        )

    def read_extract_line(self, found: re.Match[str]) -> nodes.Statement | None:
        variable, source = found[2], self.text(found[1])
        if _points_back(found[1]) or not self._can_extract(variable, source):
            return None
        return self._make_extract(variable, self._type_of_output(variable), source)

    def _make_extract(self, variable: str, type_: nodes.Type, source: nodes.Text) -> nodes.Extract:
        return nodes.Extract(
            origin=NOWHERE,
            variable=variable,
            type=type_,
            source=source,
            model=None,
            otherwise=_make_default_else(type_, source),
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
    (_PRESS, Instructions.press),
    (_WAIT, Instructions.wait),
    (_TYPE, Instructions.type),
    (_CAPTURE, Instructions.read_capture_line),
    (_EXPORT, Instructions.read_export_line),
    (_COPY, Instructions.copy),
    (_EXTRACT, Instructions.read_extract_line),
)


def _strip_markdown(line: str) -> str:
    """Return a line without Markdown marks; bold text and code are put in quotes."""
    marked = re.sub(r"\*\*([^*]+)\*\*|`([^`]+)`", lambda m: f'"{m[1] or m[2]}"', line.strip())
    marked = re.sub(r"[“”„]", '"', re.sub(r'""([^"]+)""', r'"\1"', marked))
    marked = re.sub(rf'"({_STORED}|\{{\$?{_NAME}{_PATH}\}})"', r"\1", marked)
    marked = re.sub(r"(?<!\w)'([^'\[\]]+)'(?!\w)", r'"\1"', marked)
    return " ".join(marked.removesuffix(".").split())


def _parse_chord(written: str, *, named: bool) -> str | None:
    """Return the keys of `Ctrl + S` in the platform's notation.

    None for a text that may be the label of a button. `named` says that the word `key` is next to
    it.
    """
    words = written.lower()
    words = re.sub(r"^arrow |(?<=\w) arrow$", "", words)
    named = named or words != written.lower()
    found = (OTHER_NAMES.get(key, key) for key in chord_keys(words.replace(" ", "")))
    keys = [find_shared_name(key) or key for key in found]
    *modifiers, last = keys
    if not all(key in MODIFIERS for key in modifiers) or not is_key(last) or not last.isascii():
        return None
    if not modifiers and (last not in NAMED_KEYS or (last in _LABELLED_TOO and not named)):
        return None
    return "+".join(keys)


def _points_back(words: str) -> bool:
    return re.match(_POINTS_BACK, words) is not None


def _is_scalar(type_: nodes.Type) -> bool:
    inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
    return isinstance(inner, nodes.ScalarType | nodes.EnumType)


def _make_default_else(type_: nodes.Type, source: nodes.Text) -> nodes.Body | None:
    """Return the `else` of a read that must not fail, as lowering adds it if source has none."""
    if isinstance(type_, nodes.OptionalType):
        return None
    return (nodes.Leave(origin=NOWHERE, action="abort", reason=unmet_reason(source)),)
