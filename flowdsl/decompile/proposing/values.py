"""The values of a prompt: its variables, which can be read where, and conditions on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import LOOP_ITEM, negate_condition
from flowdsl.source.record import replace

from ..model import NOWHERE, PromptHints
from ..writing.type_names import source_name
from ..writing.value_types import ANY, type_at, unwrap_optional
from .prompt_variables import infer_type, variable_of_match, variables_in
from .sentences import decisions
from .sentences.decisions import shows_text
from .sentences.repetitions import Repeating
from .statements import is_scalar, make_extract
from .wording import ESCAPED, NAME, PATH, STORED, VALUE, points_back


def _compile_variable_pattern(hints: PromptHints) -> re.Pattern[str]:
    """Return a pattern for variables of the platform; a declared name in one may be any text."""
    declared = {field.name for field in (*(hints.inputs or ()), *hints.secrets)}
    odd = sorted((name for name in declared if not is_name(name)), key=len, reverse=True)
    name = "|".join((*map(re.escape, odd), NAME))
    return re.compile(
        rf"(?<![\\{{])(?:\{{\{{[ \t]*({NAME})({PATH})[ "
        rf"\t]*\}}\}}|\{{(\$?)({name})({PATH})\}}(?!\}}))"
    )


def _make_character_pieces(characters: str) -> list[nodes.Piece]:
    # Code generation adds the backslash where the platform needs one.
    whole = re.sub(rf"\\(\{{+\$?{NAME})\\(\}}+)", r"\1\2", characters)
    unescaped = re.sub(ESCAPED, "", whole)
    return [nodes.TextPiece(value=unescaped)] if unescaped else []


_TOOLS = r"(?:start_loop|end_loop|declare_task|mark_file|save_screenshot|copy_to|upsert_|focused_)"
_LACKS = r"(?i)\b(?:empty|blank|missing|(?:not )?given|leer)$"
_MORE = r"bigger|greater|larger|more|higher|over|above|größer|mehr|höher|>"
_LESS = r"less|smaller|lower|fewer|under|below|kleiner|weniger|niedriger|<"


def _bare_scalar(type_: nodes.Type) -> str:
    inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
    return inner.name if isinstance(inner, nodes.ScalarType) else ""


class Values:
    """The variables of a prompt, and those that its statements have set so far.

    `recognized` has the parts of the prompt that are more than prose.
    """

    def __init__(self, hints: PromptHints, refused: Collection[str] = (), prompt: str = "") -> None:
        self.recognized: list[str] = []
        self.without_leaps: set[str] = set()
        self.as_prose: set[str] = set()
        self.rules: list[nodes.Text] = []
        self._entries: list[tuple[str, nodes.Type]] = []
        self._nouns: list[set[str]] = []
        self.named_labels = decisions.find_named_labels(prompt)
        self._headings = set(re.findall(r"(?m)^#+ .*?\b(\d+(?:\.\d+)*)\b", prompt))
        self._refused = refused
        self._inputs = {field.name: field for field in hints.inputs or ()}
        self._secrets = {field.name for field in hints.secrets}
        self._outputs = {field.name: field for field in hints.outputs or ()}
        self._set: set[str] = set()
        self._origins: dict[str, str] = {}
        self._named = set(re.findall(STORED, prompt))
        self._plain, self._has_acted = False, False
        self._line, self._in_list, self._captures = "", False, 0
        self._saved_path = ""
        self._reason: str | None = None
        self._said, self._before, self._inside, self._decided = "", "", False, False
        self._acted = ""  # the last sentence that does more than wait
        self._may_leap = self._is_judged = self._is_retried = False
        self._pending: list[nodes.Text] = []
        compared = (
            rf"\{{\{{ ?({NAME}) ?\}}\}} (?:is |are |must be |ist )?(?:{_MORE}|{_LESS}|the same as)"
            rf"(?: than| als)? (?:\{{|\d)"
        )
        self._compared = set(re.findall(compared, prompt))
        self._compared |= set(re.findall(r"(\w+_\w+)(?: ?\}\})? (?:is|ist|=) \d+\b(?!\.)", prompt))
        self._nouns_of_fields = {each.lower() for each in re.findall(r"\{(\w+)\.", prompt)}
        self._variable = _compile_variable_pattern(hints)
        self._uses = [
            each.variable
            for each in variables_in(prompt, [*self._inputs, *self._secrets])
            if each.variable.sigil == "runtime"
        ]

    def text(self, characters: str) -> nodes.Text:
        """Return the characters and variables of a part of a prompt."""
        pieces: list[nodes.Piece] = []
        at = 0
        for found in self._variable.finditer(characters):
            pieces += _make_character_pieces(characters[at : found.start()])
            pieces.append(self._resolve(variable_of_match(*found.groups())))
            at = found.end()
        return (*pieces, *_make_character_pieces(characters[at:]))

    def _resolve(self, variable: nodes.Variable) -> nodes.Piece:
        """Return the value that a single brace means, or words for one that nothing declares.

        `{x}` of an output is the run's value, and `{row.no}` in a loop over rows that of the entry.
        What the platform calls `{{loop_item}}` is one only in a loop.
        """
        name, path = variable.name, variable.path
        if (variable.sigil, name) == ("runtime", LOOP_ITEM) and not any(map(len, self._nouns)):
            name, variable = "entry", replace(variable, sigil="input", name="entry")
            if not path:
                return nodes.TextPiece(value="the entry")
        if variable.sigil != "input" or name in self._inputs:
            return variable
        if name in self._outputs:
            return replace(variable, sigil="runtime")
        for noun, entry in reversed(self._entries):
            if noun == name and (type_at(entry, path) != ANY or not path):
                return nodes.Variable(sigil="runtime", name=LOOP_ITEM, path=path)
        if path:
            part = " ".join(str(each).replace("_", " ") for each in reversed(path))
            return nodes.TextPiece(value=f"the {part} of the {name.replace('_', ' ')}")
        return variable

    def name_items(self, found: Repeating) -> Repeating:
        """Return a loop over `each slip in the list` as one over `{slips}`, if fields are of it.

        So is `per slip`.
        """
        noun = found.noun.lower().replace(" ", "_")
        known = found.items in self._inputs or found.items in self._outputs
        if known or (found.where and noun not in self._nouns_of_fields):
            return found
        lists = [
            name
            for name, field in self._inputs.items()
            if name.lower().startswith(noun)
            and isinstance(unwrap_optional(field.type), nodes.ListType)
        ]
        return replace(found, items=lists[0], where="") if len(lists) == 1 else found

    @contextmanager
    def inside_loop(self, found: Repeating) -> Iterator[None]:
        """Read lines of a loop: what the prompt calls an entry is its value there."""
        found = self.name_items(found)
        field = self._inputs.get(found.items) or self._outputs.get(found.items)
        items = None if field is None else field.type
        items = items.inner if isinstance(items, nodes.OptionalType) else items
        entry = items.element if isinstance(items, nodes.ListType) else ANY
        names = {found.noun.lower().replace(" ", "_"), found.items.removesuffix("s") or found.noun}
        self._entries += [(name, entry) for name in names]
        noun = found.noun.lower()
        self._nouns.append(
            {noun, noun.rpartition(" ")[2], *(("row", "line") if found.where else ())}
        )
        try:
            yield
        finally:
            self._nouns.pop()
            del self._entries[-len(names) :]

    @contextmanager
    def inside_rounds(self) -> Iterator[None]:
        """Read lines that are done several times, but not for the entries of a list."""
        self._entries.append(("", ANY))
        try:
            with self.inside_decision():
                yield
        finally:
            self._entries.pop()

    @contextmanager
    def inside_decision(self) -> Iterator[None]:
        """Read lines that a condition governs, where an act may end the run."""
        outer, self._inside = self._inside, True
        try:
            yield
        finally:
            self._inside = outer

    def sources(self) -> tuple[nodes.OutputSource, ...]:
        """Return the sources of the outputs that statements have read so far."""
        return tuple(
            nodes.OutputSource(field=field, kind="runtime", variable=variable, origin=NOWHERE)
            for field, variable in self._origins.items()
        )

    def _state(self) -> tuple[dict[str, str], set[str], int]:
        return dict(self._origins), set(self._set), self._captures

    @contextmanager
    def trying(self) -> Iterator[Callable[[], None]]:
        """Yield a function that takes back what was read since, so that it can be read anew."""
        before, recognized, rules = self._state(), len(self.recognized), len(self.rules)
        told = self._said, self._before, self._decided, self._has_acted, self._acted

        def take_back() -> None:
            self._restore(before)
            self._said, self._before, self._decided, self._has_acted, self._acted = told
            del self.recognized[recognized:], self.rules[rules:]

        yield take_back

    def _restore(self, state: tuple[dict[str, str], set[str], int]) -> None:
        self._origins, self._set, self._captures = dict(state[0]), set(state[1]), state[2]

    def condition(self, words: str) -> nodes.Condition | None:
        """Return a condition: values that are compared, else what the screen shows."""
        for joint, join in ((" and ", nodes.AllOf), (" or ", nodes.AnyOf)):
            parts = [self._compare(each) for each in words.split(joint)]
            known = tuple(each for each in parts if each is not None)
            if len(known) == len(parts):
                return known[0] if len(known) == 1 else join(operands=known)
        named = re.match(rf"({NAME})(?= (?:is|was|ist|=) )", words)
        if named and "_" in named[0] and named[0] in self._valued():
            value = named[0] if named[0] in self._inputs else f"{{{named[0]}}}"
            return self._compare(f"{{{value}}}{words[named.end() :]}")
        if named and named[0] in self._inputs and re.search(_LACKS, words):
            return None  # the value or the field that is called so
        screen = shows_text(words)
        text = self.text(words) if screen and "{" not in words else self._readable(words)
        if not text or self._is_about_input(words):
            return None
        operators = rf"is|not|are|after|before|than|yes|no|als|ist|sind|true|false|{_MORE}|{_LESS}"
        bare = re.sub(rf"(?i){VALUE}|\b(?:{operators})\b|\d", " ", words)
        seen = "".join(re.findall(r"\w", bare))
        first = 1 if re.match(r"(?i)(?:is|are|ist|sind) \{", words) else 0
        if isinstance(text[first], nodes.Variable) and len(seen) < 8:
            return None  # about values alone, in words that are no operator
        return nodes.Sees(text=text)

    def _is_about_input(self, words: str) -> bool:
        """Whether words are about an input that is a text: `the mail` with `{mail_body}`."""
        nouns = re.findall(
            r"(?i)\b(?:the|a|an|der|die|das) (e?-?mail|text|letter|request|message|note|order)\b",
            f"{words} {self._said if self._told_by_prompt() else ''}",
        )
        names = {part for name in self._inputs for part in name.lower().split("_")}
        names |= {name for name, _ in self._entries} | {each.removesuffix("s") for each in names}
        names |= {each.removesuffix("text").removesuffix("body") for each in names}
        said = {each.lower().replace("-", "").removeprefix("e") for each in nouns}
        return not names.isdisjoint(said)

    def _part_of_entry(self, words: str) -> nodes.Variable | None:
        """Return the field that words name of the entry of the innermost loop."""
        for _, entry in reversed(self._entries):
            inner = entry.inner if isinstance(entry, nodes.OptionalType) else entry
            if isinstance(inner, nodes.RecordType):
                for field in inner.fields:
                    if field.name.replace("_", " ").lower() == words:
                        return nodes.Variable(sigil="runtime", name=LOOP_ITEM, path=(field.name,))
        return None

    def _told_by_prompt(self) -> bool:
        """Whether the sentence before reads what stands in the prompt, not on the screen."""
        return re.match(r"(?i)(?:read|lies|find|extract|save|speicher)", self._said) is not None

    def _compare(self, words: str) -> nodes.Condition | None:
        """Return the comparison that words say: `{x} is bigger than 0`, `{x} = "a"`, `{x}`."""
        words = re.sub(rf"(?i)^(?:is|are|ist|sind) ({VALUE}) ", r"\1 is ", words.strip())
        words = re.sub(rf"(?i)^({VALUE}) (.+) (?:ist|sind)$", r"\1 is \2", words)
        found = re.fullmatch(rf"({VALUE})(?: (?:is|are|ist))?(?: (.+))?", words)
        left = self.text(found[1])[0] if found is not None else None
        if found is None or not isinstance(left, nodes.Variable) or left.sigil == "secret":
            return None
        said = (found[2] or "").strip()
        type_ = self._type_of(left)
        optional = isinstance(type_, nodes.OptionalType)
        type_ = type_.inner if isinstance(type_, nodes.OptionalType) else type_
        if left.path and (type_ == ANY or optional):
            return None
        listed = isinstance(type_, nodes.ListType)
        value = nodes.TextValue(text=(left,), json=listed)
        empty = re.fullmatch(
            r"(?i)(?P<not>not |nicht )?(?:empty|blank|leer|missing|given|filled(?: in)?|set|there)",
            said,
        )
        if empty is not None and (optional or listed or type_ == nodes.ScalarType(name="string")):
            is_there = re.search(r"(?i)(?:given|filled.*|set|there)$", said) is not None
            condition: nodes.Condition = nodes.IsEmpty(operand=value, listed=listed)
            same = is_there == (empty["not"] is not None)
            return condition if same else negate_condition(condition)
        either = re.fullmatch(
            r"(?:(?:is|are|=) )?(\"[^\"{}]+\"(?:(?:, | or |, or )\"[^\"{}]+\")+)", said
        )
        if either is not None and type_ == nodes.ScalarType(name="string"):
            texts = re.findall(r"\"([^\"]+)\"", either[1])
            constants = [nodes.ConstantValue(value=each) for each in texts]
            return nodes.AnyOf(
                operands=tuple(
                    nodes.Compare(left=value, operator="==", right=each) for each in constants
                )
            )
        equal = re.fullmatch(
            r"(?i)(?P<not>not |does not equal |!= )?(?:equals |==? |says )?"
            r"(?:\"(?P<quoted>[^\"{}]+)\"|(?P<word>\w+))?",
            said,
        )
        word = (equal["word"] or "").lower() if equal is not None else ""
        if equal is not None and type_ == nodes.ScalarType(name="bool"):
            truth = nodes.IsTrue(operand=value)
            holds = word in ("true", "yes", "ja", "set", "")
            if not holds and word not in ("false", "no", "nein"):
                return None
            return truth if holds == (equal["not"] is None) else negate_condition(truth)
        counts = isinstance(type_, nodes.ScalarType) and type_.name in ("int", "number")
        if equal is not None and (equal["quoted"] or word) and is_scalar(type_) and not counts:
            words = equal["quoted"] or equal["word"]
            if type_ != nodes.ScalarType(name="string") and not (
                isinstance(type_, nodes.EnumType) and words in type_.values
            ):
                return None
            if equal["quoted"] is None and not re.match(r"=", said) and word not in ("yes", "no"):
                return None
            constant = nodes.ConstantValue(value=words)
            operator = "!=" if equal["not"] else "=="
            return nodes.Compare(left=value, operator=operator, right=constant)
        both = re.fullmatch(
            rf"(?i)(?:(?P<equal>=|equal to|the same as|gleich)|(?P<differ>!=|not equal to|"
            rf"different from)|(?P<more>{_MORE})|(?P<less>{_LESS}))(?: than| als)? "
            rf"(?P<than>{VALUE})",
            said,
        )
        if both is not None:
            return self._compare_values(left, both)
        number = re.fullmatch(
            rf"(?i)(?:(?:(?P<more>{_MORE})|(?P<less>{_LESS}))(?: than| als)? |=? ?)"
            r"(?P<than>\d+(?:\.\d+)?)",
            said,
        )
        if number is None or not counts:
            return None
        than = float(number["than"]) if "." in number["than"] else int(number["than"])
        return nodes.Compare(
            left=value,
            operator=">" if number["more"] else "<" if number["less"] else "==",
            right=nodes.ConstantValue(value=than),
            numeric=True,
        )

    def _compare_values(self, left: nodes.Variable, found: re.Match[str]) -> nodes.Condition | None:
        """Return the comparison of two values, of which both are numbers or both texts."""
        right = self.text(found["than"])[0]
        if not isinstance(right, nodes.Variable) or right.sigil == "secret":
            return None
        sides = (left, right)
        if not all(map(self._is_readable, sides)):
            return None
        types = [_bare_scalar(self._type_of(each)) for each in sides]
        numbers = all(each in ("int", "number") for each in types)
        if not numbers and (types != ["string", "string"] or found["more"] or found["less"]):
            return None
        operator = "==" if found["equal"] else "!=" if found["differ"] else None
        return nodes.Compare(
            left=nodes.TextValue(text=(left,)),
            operator=operator or (">" if found["more"] else "<"),
            right=nodes.TextValue(text=(right,)),
            numeric=operator is None,
        )

    def _type_of(self, variable: nodes.Variable) -> nodes.Type:
        """Return the type of a value, of any type where nothing declares it."""
        if variable.sigil == "runtime":
            return type_at(self._type_of_output(variable.name), variable.path)
        field = self._inputs.get(variable.name)
        if field is None:
            return ANY
        return type_at(field.type, variable.path)

    def _readable(self, words: str | None) -> nodes.Text | None:
        """Return words as a text; None if they point back, or a variable cannot be read here."""
        if not words or points_back(words) or re.search(rf"\b{_TOOLS}", words):
            return None  # no agent of a statement has a tool
        text = self.text(words)
        variables = [piece for piece in text if isinstance(piece, nodes.Variable)]
        if LOOP_ITEM in words and not any(map(len, self._nouns)):
            return None  # its agent does not know which entry it is
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

    def is_counted(self, name: str) -> bool:
        """Whether an output is named in braces more than once: what counts is read at the end."""
        return name in self._outputs and sum(each.name == name for each in self._uses) > 1

    def in_order(self, names: Collection[str]) -> list[str]:
        """Return names of the run's values in the order of their first use."""
        used = dict.fromkeys(each.name for each in self._uses)
        return [each for each in used if each in names]

    def is_declared(self, name: str) -> bool:
        """Whether an input or a secret has the name, so that nothing else can."""
        return name in self._inputs or name in self._secrets

    def _is_extractable(self, variable: str, source: nodes.Text) -> bool:
        """Whether `variable` can be read from `source` here: a tool is none, a number no source."""
        told = "".join(each.value for each in source if isinstance(each, nodes.TextPiece))
        if self.is_declared(variable) or re.match(_TOOLS, variable) or told.strip().isdigit():
            return False
        variables = [piece for piece in source if isinstance(piece, nodes.Variable)]
        return all(map(self._is_readable, variables))

    def _note_extracted(self, variable: str) -> None:
        """Count `variable` as set from here on, and as the source of the output of its name."""
        self._set.add(variable)
        if variable in self._outputs:
            self._origins[variable] = variable

    def _is_readable(self, variable: nodes.Variable) -> bool:
        if variable.sigil == "runtime":  # what nothing reads is read in front of its first use
            return variable.name in self._set | self._named | {LOOP_ITEM}
        return variable.sigil == "input" and variable.name in self._inputs

    def _type_of_output(self, variable: str) -> nodes.Type:
        field = self._outputs.get(variable)
        if field is None:
            if variable in self._compared:
                return nodes.ScalarType(name="number")
            return infer_type(each.path for each in self._uses if each.name == variable)
        return field.type

    def _valued(self) -> set[str]:
        return self._inputs.keys() | self._outputs.keys() | self._set | self._named

    def _taken(self) -> set[str]:
        return self._inputs.keys() | self._secrets | self._set
