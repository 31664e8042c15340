"""Builds IR statements from the clauses of a prompt: a method for each kind of clause.

`clause_rows.ROWS` says how people write a clause; its kind is the name of the method that builds
its statements. A new wording is a row there; a new kind is a row there and a method here. A method
gets the named groups of its row, and returns an empty list if the clause has to stay prose.
`Instructions` sets `_line` (the line that is read), `_in_list` (whether it is an entry of a list)
and `_reason` (the condition that the clause follows, which is why a run ends).
"""

from __future__ import annotations

import re

from flowdsl.format.literals import is_name
from flowdsl.ir import nodes
from flowdsl.ir.lowering.values import negate_condition
from flowdsl.lint.texts.titles import why_no_title
from flowdsl.source.record import replace

from ..model import NOWHERE
from ..writing.type_names import source_name
from ..writing.value_types import ANY, unwrap_optional
from . import clauses
from .clause_rows import READ
from .languages.german import READ_AFTER_ACT, to_infinitive
from .sentences import decisions
from .statements import (
    is_scalar,
    make_abort,
    make_choose,
    make_decision,
    make_default_else,
    make_expect,
    make_extract,
    make_wait_until,
)
from .values import Values
from .wording import (
    ACT,
    COUNTS,
    KEY_ALONE,
    VALUE,
    as_sentence,
    has_condition_words,
    parse_chord,
    points_back,
    starts_with_act,
    strip_condition_that,
    to_milliseconds,
)

_READ_ONLY = re.compile(
    r"(?i)(?:(?P<where>(?:from|on|in|at) (?:the )?[^,;:]{3,40}?),? )?(?:please )?"
    rf"{READ} (?P<source>.+)"
)
_PRINTS = re.compile(
    r"(?i)(?:get|test|select|import|invoke|write)-|(?:dir|type|echo|cat|cmd /c dir)\b"
)
"""How a command begins that prints something, as `run` needs it."""
_DURATION = (
    r"(?i)(\d{1,3})(?: ?(?:-|to|bis) ?(\d{1,3}))?"
    r" ?(s|secs?|seconds?|mins?|minutes?|minuten?|sekunden?)\b"
)
_LONG = r"(?i)\b(?:hours?|quarter of an hour|half an hour|stunden?|some time|a while|long)\b"

_JUDGES = r"(?i)\b(?:prüfen?|check|verify|compare|vergleich\w*|ob|must|should|muss|soll)\b"
"""Words of a label that make it a check of its value."""

_NO_READING = (
    r"\b(?:it|them|this|that|each|every|all|mail|e-mail|message|text|above|below|instructions?|"
    r"what|whether|how|who|if|value|carefully|again|folgendes|alles|rest)\b"
)
"""Words of what is read that no name says."""

_FOCUS = "the field that has the focus"
_NO_FIELDS = frozenset(("same", "following", "first", "last", "next", "new", "value", "list"))
"""Words of a noun in front of a value that name no field."""
_NOUN = (
    r"(?:(?:das|die|den|der) [A-ZÄÖÜ]\w+|(?:the |your )?(?:number|no|name|date|code|id|ref|"
    r"reference|amount|user|password|text|path|year|month|e-?mail)) "
)
"""What a value is called in front of it, where its own name does not say so."""

_ARTICLES = {"the", "your", "value", "das", "die", "den"}
_THIRD_PERSON = {
    each: f"{each}s" for each in ("say", "show", "come", "appear", "read", "contain")
} | {"be": "is", "have": "has", "sein": "ist", "stehen": "steht", "lauten": "lautet"}
_THIRD_PERSON |= {"übereinstimmen": "stimmt überein", "stimmen": "stimmt"}


def find_paths(text: str) -> list[str]:
    """Return the paths of files in a text, such as `C:\\Out\\a.pdf`."""
    return re.findall(r"(?:(?<!\w)[A-Za-z]:|\\)[\\/][^\s\",;()]+\.\w{2,4}\b", text)


Parts = dict[str, str | None]
"""The named groups of the row of `clause_rows.ROWS` that matched; None for one without a match."""


class Builders(Values):
    """Builds the statements of clauses; a method returns an empty list for one that stays prose."""

    def press(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `press` of `press Ctrl+S twice`."""
        keys = parse_chord(parts["keys"] or "", named=parts.get("named") is not None)
        number = (parts.get("times") or "once").lower().removesuffix(" times")
        times = COUNTS.get(number) or (int(number) if number.isdecimal() else 0)
        return [nodes.Press(origin=NOWHERE, keys=keys, times=times)] if keys and times else []

    def press_for(self, parts: Parts) -> list[nodes.Statement]:
        """Return the step of `save with Ctrl+S`: its title says what the keys are for."""
        presses, purpose = self.press(parts), (parts["purpose"] or "").strip()
        title = self.text(f"{purpose[:1].upper()}{purpose[1:]}")
        often = re.search(r"(?i)\b(?:each|every|between|always)\b", purpose)
        if not presses or has_condition_words(purpose) or often:
            return []
        if points_back(purpose) or self._inside or self._entries:
            return []  # no step stands in a loop or a branch
        if why_no_title(purpose) is not None:
            return []
        return [nodes.Step(origin=NOWHERE, title=title, body=tuple(presses))]

    def wait(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `wait` of `wait 5 seconds`."""
        return [nodes.Wait(origin=NOWHERE, milliseconds=to_milliseconds(parts["amount"] or ""))]

    def wait_until(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `wait until` of `wait for the list to load`, which may be limited."""
        words = parts.get("condition") or parts.get("seen")
        if not words:
            verb = (parts["verb"] or "").lower()
            third = {"be": "is", "finish": "finishes"}.get(verb)
            third = third or re.sub(r"^(\w+)", r"\1s", verb)
            words = f"{parts['what']} {third}{parts['rest'] or ''}"
        vague = decisions.is_vague(words) or re.match(r"(?i)(?:a few|a couple|some|about)\b", words)
        text = self._readable(words)
        limit = parts.get("limit") or parts.get("limit2") or parts.get("limit3")
        milliseconds = to_milliseconds(limit) if limit else self._find_long_timeout()
        if not text or vague or milliseconds is None:
            return []
        condition = nodes.Sees(text=text) if parts.get("seen") else text
        return [make_wait_until(condition, milliseconds)]

    def _find_long_timeout(self) -> int | None:
        """Return the longest time of more than a minute that the line names, in milliseconds.

        0 if it names none, for which the default suffices. None for hours, and for vague times such
        as `a while`.
        """
        if re.search(_LONG, self._line) is not None:
            return None
        found = re.findall(_DURATION, self._line)
        times = [to_milliseconds(f"{last or first} {unit}") for first, last, unit in found]
        longest = max(times, default=0)
        return longest if longest > 60_000 else 0

    def type(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `type` of `type {claim} into the search field`."""
        written, target = parts["value"] or "", self._readable(parts["target"])
        note = (parts.get("note") or "").strip()
        if target and note:
            told = note if note.startswith("(") else f"({note})"
            target = (*target, nodes.TextPiece(value=f" {told}"))
        named = re.sub(r"(?i)^the (?:output|variable|value) ", "", parts["target"] or "")
        if _bare_name(named) in self._outputs:
            return self.emit({"name": _bare_name(named), "value": written})
        if target:
            target = _place(target, parts)
        appositive = set(re.findall(r"\w+", (parts.get("appositive") or "").lower()))
        named_so = appositive - _ARTICLES - _name_words(written)
        if not target or (named_so and not re.fullmatch(_NOUN, parts.get("appositive") or "")):
            return []
        if (written.startswith('"') and "{" not in written) or re.fullmatch(r"[A-Z0-9]+", written):
            literal = (nodes.TextPiece(value=written.strip('"')),)
            return [nodes.TypeIn(origin=NOWHERE, value=literal, display=None, target=target)]
        return self._make_typing(self.text(written), target)

    def type_here(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `type` of `type {code}` or `enter the code {code}`, whose field has the focus.

        A noun in front of a value names its field.
        """
        written, named = parts["value"] or "", (parts.get("target") or "").strip()
        target = self._readable(named or _FOCUS)
        another = re.search(rf"{re.escape(written)},? (?:and |und |& )?[{{\"]", self._line)
        if not target or another or set(named.lower().split()) & _NO_FIELDS:
            return []
        target = _place(target, parts)
        if re.fullmatch("[0-9]+|[A-Z]+", written):
            literal = (nodes.TextPiece(value=written),)
            return [nodes.TypeIn(origin=NOWHERE, value=literal, display=None, target=target)]
        return self._make_typing(self.text(written), target)

    def type_keys(self, parts: Parts) -> list[nodes.Statement]:
        """Return the acts of `{$user} Tab {$password} Enter`; empty unless all can be typed."""
        statements: list[nodes.Statement] = []
        for word in re.findall(rf"{VALUE}|\w+", parts["keys"] or ""):
            act = {"keys": word} if word[0] != "{" else {"value": word, "target": None}
            made = self.press(act) if word[0] != "{" else self.type_here(act)
            if not made:
                return []
            statements += made
        return statements

    def type_pairs(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `type` of each pair of a label and a value; empty unless all can be typed."""
        pairs = clauses.split_pairs(parts["pairs"] or "")
        how = (parts.get("how") or "").strip("()")
        if has_condition_words(how):
            return []
        if how:
            label, value = pairs[-1]
            pairs[-1] = (f"{label} ({how})", value)
        if not self._has_acted and len(pairs) > 1 and "$" not in (parts["pairs"] or ""):
            return []
        note = parts.get("note") or ""
        statements = [
            each
            for label, value in pairs
            for each in self._make_typing(self.text(value), self.text(f"{label}{note}"))
        ]
        login = parts.get("login") or ""
        told = [self._do(login.capitalize())] if login else []
        return [*statements, *told] if len(statements) == len(pairs) else []

    def set_field(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `type` of `Quantity = {quantity}`, an entry of a list."""
        label = f"{parts['target']}{parts.get('note') or ''}"
        target = self._readable(label)
        known = "_" in label or parts["target"] in self._outputs or re.search(_JUDGES, label)
        # What follows in the sentence may say how the value is written.
        whole = rf"{re.escape(parts['target'] or '')}(?: =|:)? {re.escape(parts['value'] or '')}"
        whole += re.escape(parts.get("note") or "")
        whole += rf"(?:[.!]|$|,? (?:then |and |und |dann )?(?:press |hit )?{KEY_ALONE}(?:\W|$))"
        whole_line = re.match(whole, self._line) is not None
        alone = whole_line and not starts_with_act(label) and not has_condition_words(label)
        equals = f"{label} = {parts['value']}" in self._line
        header = re.match(r"(?i)(?:from|to|subject|date|cc|mail|von|an|betreff|datum)\b", label)
        alone = alone or ("$" in (parts["value"] or "") and not starts_with_act(label))
        is_whole = (alone and (self._in_list or header is None)) or equals
        if not (is_whole and self._has_acted and target) or known:
            return []
        value = parts["value"] or ""
        if re.match(r"[A-Za-z]:", value):
            literal = (nodes.TextPiece(value=value),)
            return [nodes.TypeIn(origin=NOWHERE, value=literal, display=None, target=target)]
        return self._make_typing(self.text(value.strip('"')), target)

    def type_entry(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `type` of `type its weight in Gross weight` in a loop over records."""
        words = re.sub(r"(?i)^(?:its|the|their) ", "", parts["words"] or "").strip().lower()
        target = self._readable(parts["target"])
        value = self._part_of_entry(words)
        if value is None or not target:
            return []
        target = _place(target, parts)
        return [nodes.TypeIn(origin=NOWHERE, value=(value,), display=None, target=target)]

    def type_unnamed(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `type`s of `enter {$user} and {$password}`: their names say which fields."""
        statements: list[nodes.Statement] = []
        for written in (parts["first"] or "", parts["second"] or ""):
            words = re.sub(r"[^a-z]+", " ", written.lower()).split()
            if written == parts["second"] and parts.get("word"):
                words = [(parts["word"] or "").lower()]
            place = f" of {parts['place']}" if parts.get("place") else ""
            target = self.text(f"the field {words[-1]}{place}")
            statements += self._make_typing(self.text(written), target)
        if len(statements) != 2:
            return []
        # The click is said by nothing else.
        act = (parts.get("login") or parts.get("german") or "").strip().capitalize()
        return [
            *statements,
            *([self._do(act)] if act else []),
        ]

    def _do(self, act: str) -> nodes.Statement:
        return nodes.Do(origin=NOWHERE, text=self.text(as_sentence(act)))

    def clear(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `clear` of `clear the filter box`."""
        target = self._readable(parts["target"])
        return [nodes.Clear(origin=NOWHERE, target=target)] if target else []

    def run(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `run` of a command that prints something: one that does not has failed."""
        written, name = parts["command"] or "", _bare_name(parts.get("name") or "")
        known = bool(name) and (self.is_declared(name) or name in self._outputs)
        # A command holds no free text, and none in a loop or a branch may miss what it prints.
        if "{" in written or not _PRINTS.match(written) or known or self._entries or self._inside:
            return []
        text = nodes.OptionalType(inner=nodes.ScalarType(name="string")) if name else None
        if name:
            self._note_extracted(name)
        return [
            nodes.Run(
                origin=NOWHERE,
                command=(nodes.TextPiece(value=written),),
                variable=name or None,
                type=text,
                otherwise=None,
            )
        ]

    def _make_typing(self, value: nodes.Text, target: nodes.Text) -> list[nodes.Statement]:
        """Return the `type` of a value, empty unless its variables can be typed here."""
        variables = [each for each in value if isinstance(each, nodes.Variable)]
        alone = len(value) == 1 or not any(each.sigil == "secret" for each in variables)
        if not variables or not alone or not all(map(self._can_type, variables)):
            return []
        return [nodes.TypeIn(origin=NOWHERE, value=value, display=None, target=target)]

    def _can_type(self, variable: nodes.Variable) -> bool:
        if variable.sigil == "runtime":
            return self._is_readable(variable)
        if variable.sigil == "secret":
            return variable.name in self._secrets
        field = self._inputs.get(variable.name)
        return field is not None and (bool(variable.path) or is_scalar(field.type))

    def capture(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `capture` of `take a screenshot`, with a numbered name unless it has one."""
        if parts.get("file"):
            file = self._file(parts["file"] or "")
            return [] if file is None else [nodes.Capture(origin=NOWHERE, file=file)]
        self._captures += 1
        number = f"_{self._captures}" if self._captures > 1 else ""
        shown = re.findall(r"[a-z]+", (parts.get("shown") or "").lower())
        shown = [each for each in shown if each not in ("the", "a", "an", "run", "this", "it")]
        of = "_".join(["screenshot", *shown[:4]])
        name = (nodes.TextPiece(value=f"{of}{number}.png"),)
        return [nodes.Capture(origin=NOWHERE, file=name)]

    def export(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `export` of the file of a clause."""
        file = self._file(parts["file"] or "")
        return [] if file is None else [nodes.Export(origin=NOWHERE, file=file)]

    def export_named_before(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `export` of `mark it for export`.

        It is the only path of the line, or the last one that was saved to, of the named kind.
        """
        paths = set(find_paths(self._line))
        if len(paths) > 1:
            return []
        kind = (parts.get("ending") or "").lower()
        last = self._saved_path if self._saved_path.lower().endswith(kind) else ""
        path = paths.pop() if paths else last
        return self.export({"file": path}) if path else []

    def _file(self, written: str) -> nodes.Text | None:
        """Return the name of a file.

        None if it contains a variable that is no declared input, or a brace that begins none.
        """
        name = self.text(written)
        variables = [piece for piece in name if isinstance(piece, nodes.Variable)]
        known = all(
            each.name in (self._inputs if each.sigil == "input" else self._set | self._named)
            for each in variables
        )
        # For the platform, a brace after a backslash begins no variable; it was probably meant to.
        plain = not any("{" in piece.value for piece in name if isinstance(piece, nodes.TextPiece))
        return name if known and plain else None

    def copy(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `copy` of `copy the number with copy_to_clipboard as number`."""
        variable, words = _bare_name(parts["name"] or ""), parts["source"] or ""
        source, type_ = self.text(words), self._type_of_output(variable)
        if points_back(words) or not is_scalar(type_) or not self._is_extractable(variable, source):
            return []
        self._note_extracted(variable)
        return [
            nodes.Copy(
                origin=NOWHERE,
                variable=variable,
                type=type_,
                source=source,
                otherwise=make_default_else(type_, source),
            )
        ]

    def read_value(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `extract`s of `read the fee and the tax and save them as fee and tax`."""
        written = parts.get("inside") or parts.get("names") or ""
        return self._read_sources(
            parts["source"] or "", parts.get("where"), written, parts.get("note")
        )

    def read_arrow(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `extract` of `due date -> {{due}}`, which is no case with its act."""
        source, name = parts["source"] or "", _bare_name(parts["names"] or "")
        listed = isinstance(unwrap_optional(self._type_of_output(name)), nodes.ListType)
        act = starts_with_act(source) and _READ_ONLY.fullmatch(source) is None
        if listed or act or source.startswith('"') or not self._is_value_name(name):
            return []
        return self._read_sources(source, None, parts["names"] or "", None)

    def read_unnamed(self, parts: Parts) -> list[nodes.Statement]:
        """Return the readings of `read the fee and the tax`, named by their words.

        Nothing ends where one is not there: the prompt only says to look.
        """
        sources = clauses.split_list(parts["source"] or parts["german"] or "")
        readings: list[nodes.Statement] = []
        for source in sources:
            words = re.sub(r"\([^()]*\)", "", source.lower())
            for umlaut, plain in ("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"):
                words = words.replace(umlaut, plain)
            words = re.sub(r"^(?:the|a|an|his|her|its|der|die|das|den) ", "", words.strip())
            name = "_".join(re.findall(r"[a-z0-9]+", words)[:4])
            text = self._readable(source)
            vague = re.search(_NO_READING, words) or not re.fullmatch(r"[\w \"/.-]{3,60}", words)
            if vague or not is_name(name) or not text or has_condition_words(source):
                return []
            name = source_name(name, self._taken())
            type_ = nodes.OptionalType(inner=nodes.ScalarType(name="string"))
            readings.append(make_extract(name, type_, text))
        self._set |= {each.variable for each in readings if isinstance(each, nodes.Extract)}
        return readings

    def read_several(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `extract`s of `read the fee as fee and the tax as tax`; empty unless all."""
        before = self._state()
        statements: list[nodes.Statement] = []
        for source, name in clauses.split_readings(parts["several"] or ""):
            read = self._read_sources(source, None, name, None)
            if not read:
                self._restore(before)
                return []
            statements += read
        return statements

    def _read_into(self, described: str, written: str) -> list[nodes.Statement]:
        """Return the readings of `described`, a sentence in front of `Save it as NAME`."""
        described = described.strip().rstrip(".!:")
        german = re.fullmatch(READ_AFTER_ACT, to_infinitive(described))
        if german is not None:
            read = self._read_sources(german["source"], None, written, german["note"])
            act = as_sentence(german["act"] or "")
            told = [nodes.Do(origin=NOWHERE, text=self.text(act))] if german["act"] else []
            return [*told, *read] if read else []
        found = _READ_ONLY.fullmatch(described)
        if found is not None:
            return self._read_sources(found["source"], found["where"], written, None)
        acts = re.fullmatch(rf"(?i)(?P<act>{ACT}.+?),? (?:and|und) (?P<read>{READ}\b.+)", described)
        if acts is not None and has_condition_words(acts["act"]) is False:
            read = self._read_into(acts["read"], written)
            return [self._do(acts["act"]), *read] if read else []
        there = re.fullmatch(
            r"(?i)(?P<where>(?:on|in|at) [^,;]+?),? there (?:is|are) (?P<what>.+)", described
        )
        if there is not None:
            return self._read_sources(there["what"], there["where"], written, None)
        if starts_with_act(described) or len(clauses.split_list(written)) != 1:
            return []
        return self._read_sources(described, None, written, None)

    def _read_sources(
        self, sources: str, where: str | None, written: str, note: str | None
    ) -> list[nodes.Statement]:
        """Return an `extract` of each of `sources` into the name at the same place in `written`.

        `the header: no, date` names the place of every source in front of the colon. Empty unless
        there are as many names as sources, a name is known or marked as one, no source depends on a
        condition, refers to something before or is in the prompt itself, and all can be extracted
        here.
        """
        told = re.match(r"(?i)screenshot with extract_prompt ?= ?\"([^\"]+)\"", sources)
        sources = sources if told is None else told[1]  # the tool has what to read as an argument
        names = [_bare_name(each) for each in clauses.split_list(written)]
        lead, colon, listed = sources.rpartition(": ")
        each_source = [sources] if len(names) == 1 else clauses.split_list(listed or sources)
        marked = len([each for each in clauses.split_list(written) if not is_name(each)])
        known = any(map(self._is_value_name, names)) or marked
        if re.search(r"(?i)\bexecute_terminal_command\b|^(?:run|execute) \"", self._line):
            return []  # what a command prints is on no screen
        if re.search(r"^\(|\b(?:read|append|click|press|[a-z]+_[a-z]+_[a-z_]+)\b", sources):
            return []
        if re.match(r"(?i)(?:reiter|register|menü|menu|tab|maske) [^,]+, ", sources):
            return []  # the way to it
        if re.search(r"(?i)\b(?:you|we|I(?! (?:der|die|das|den)\b))\b", sources):
            return []  # of what was done, which no screen shows
        others = any("_" in each and re.search(rf"\b{each}\b", sources) for each in self._outputs)
        if others or re.search(r"(?i)\b(?:as|als|in|into|unter|under) \{\{", sources):
            return []  # "the fee as {{fee}} and the tax" has names of its own
        if re.search(
            r" = | -> |\b(?:save|store)\b|\b(?:and|then) (?:set|put|add|write)\b", sources
        ):
            return []
        if len(each_source) != len(names) or not known or has_condition_words(sources):
            return []
        lack_head = [re.match(r"(?i)(of|for) ", each) for each in each_source]
        shared = re.match(r"(?i)(.+?) (?:of|for) ", each_source[0])
        if shared is not None:  # "the number of errors and of warnings"
            each_source = [
                f"{shared[1]} {each}" if lacks else each
                for each, lacks in zip(each_source, lack_head, strict=True)
            ]
        before = self._state()
        statements: list[nodes.Statement] = []
        for source, name in zip(each_source, names, strict=True):
            words = f"{lead}{colon}{source}" if len(names) > 1 else source
            words = f"{words}, {where[:1].lower()}{where[1:]}" if where else words
            text = self.text(f"{words}{note or ''}")
            above = re.search(r"(?i)\b(?:above|below)\b", source)  # in the prompt, not on screen
            if points_back(source) or above or not self._is_extractable(name, text):
                self._restore(before)
                return []
            read = self._read_or_append(name, text)
            if not read:
                self._restore(before)
                return []
            statements += read
        return statements

    def _read_or_append(self, name: str, source: nodes.Text) -> list[nodes.Statement]:
        """Return the reading of a value, which is added where a loop saves it into a list."""
        type_ = self._type_of_output(name)
        self._note_extracted(name)
        inner = type_.inner if isinstance(type_, nodes.OptionalType) else type_
        adds = re.search(rf"(?i)\b(?:add|append|put)\b[^.]*\b{name}\b", self._line)
        if isinstance(inner, nodes.ListType) and adds and not self._entries:
            return []  # each of several, which nothing here goes through
        if not isinstance(inner, nodes.ListType) or not self._entries:
            return [make_extract(name, type_, source)]
        entry = source_name(f"{name}_entry", self._taken())
        self._set.add(entry)
        element = nodes.ScalarType(name="string") if inner.element == ANY else inner.element
        value = nodes.TextValue(text=(nodes.Variable(sigil="runtime", name=entry),))
        added = nodes.Assignment(variable=name, value=value, append=True, origin=NOWHERE)
        store = nodes.Store(origin=NOWHERE, assignments=(added,))
        return [make_extract(entry, element, source), store]

    def _is_value_name(self, name: str) -> bool:
        return name in self._outputs or name in self._named or "_" in name

    def emit(self, parts: Parts) -> list[nodes.Statement]:
        """Return the assignment of `save status = "closed"`, for an output of the same type."""
        name, written = parts["name"] or "", parts["value"] or ""
        field = self._outputs.get(name)
        if field is None or name in self._set:
            return []
        type_ = field.type.inner if isinstance(field.type, nodes.OptionalType) else field.type
        value: str | int | bool = written.strip('"')
        if written in ("true", "false"):
            value = written == "true"
        elif re.fullmatch("[0-9]+", written):  # `isdigit` holds for "²", which is no number
            value = int(written)
        kinds = {"string": str, "bool": bool, "int": int, "number": int}
        wanted: type | None = str if isinstance(type_, nodes.EnumType) else None
        if isinstance(type_, nodes.ScalarType):
            wanted = kinds.get(type_.name)
        if type(value) is not wanted:
            return []
        self._origins[name] = name
        stored = nodes.Assignment(
            variable=name, value=nodes.ConstantValue(value=value), origin=NOWHERE
        )
        return [nodes.Store(origin=NOWHERE, assignments=(stored,))]

    def emit_several(self, parts: Parts) -> list[nodes.Statement]:
        """Return the assignments of `set a and b both to 0`; empty unless all are outputs."""
        names = clauses.split_list(parts["names"] or "")
        before = self._state()
        made = [self.emit({"name": _bare_name(each), "value": parts["value"]}) for each in names]
        if not all(made):
            self._restore(before)
            return []
        return [each for statements in made for each in statements]

    def abort(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `abort` of a clause, with its own reason or the condition that it follows."""
        words = (
            parts.get("reason") or parts.get("why") or parts.get("given") or self._reason or ""
        ).strip()
        reason = parts.get("reason") or ""
        if starts_with_act(reason) or re.search(r"(?i) in (?:the|its) (?:reason|text)$", reason):
            return []  # "and list the numbers in the reason" says how to make one
        words = ", ".join(filter(None, (words, parts.get("rest"))))
        words = re.sub(r"^([\"'])([^\"']*)\1$", r"\2", words)
        text = self._readable(words or "the task cannot be done")
        return list(make_abort(text)) if text else []

    def give_up(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `abort` of `stop and fail`."""
        return self.abort(parts)

    def finish(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `finish` of a clause, with the condition that it follows as the reason."""
        words = parts.get("why") or self._reason or "nothing is left to do"
        words = re.sub(r"^\"([^\"]*)\"$", r"\1", words)
        reason = self._readable(words)
        return [nodes.Leave(origin=NOWHERE, action="finish", reason=reason)] if reason else []

    def expect(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `expect` of `check that the list is open`."""
        condition = self._readable(strip_condition_that(parts["condition"] or ""))
        return [make_expect(condition)] if condition else []

    def expect_or(self, parts: Parts) -> list[nodes.Statement]:
        """Return the check of `check that it is open, otherwise fail`, which ends the run."""
        ends = clauses.parse_clause(parts["otherwise"] or "", None)
        if ends is None or ends.kind not in ("abort", "give_up"):
            return []
        checks = self.expect(parts) if parts["condition"] else self.must(parts)
        given = any(ends.parts.get(each) for each in ("why", "reason", "given"))
        aborts = self.abort(ends.parts) if given else []
        for check in checks if aborts else ():
            if isinstance(check, nodes.Expect):
                return [replace(check, otherwise=tuple(aborts))]
        return [] if given else checks

    def must(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `expect` of `the status must be "Delivered"`."""
        verb, rest = _THIRD_PERSON[(parts["verb"] or "").lower()], parts["rest"] or ""
        if verb == "is" and re.match(r" (?:\w+ed|done|put|set)\b", rest):
            return []
        shown = r"\"|\b[A-Z]{2,}\b" if verb in ("is", "has") else r"\"|\b[A-Z]{2,}\b|\{|\d"
        shows = verb in ("is", "has", "ist", "steht", "stimmt")
        if shows and re.search(shown, rest) is None:
            return []  # it may say what to do: the pin has to be clicked
        words = f"{parts['thing']} {verb}{rest}{parts.get('note') or ''}"
        condition = None if has_condition_words(words) else self._readable(words)
        return [make_expect(condition)] if condition else []

    def choose(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `choose` of `select the row whose status is open`."""
        words = parts["target"] or ""
        label = parts.get("label")
        for noun in filter(
            None, (each for each, _ in self._entries[-1:])
        ):  # its agent does not know which entry it is
            words = re.sub(rf"(?i)^(the {re.escape(noun)})\b(?! \{{)", rf"\1 {{{noun}}}", words)
        target = self._readable(f"{words} in {label}" if label else words)
        if has_condition_words(label or ""):
            return []
        if points_back(words) or re.fullmatch(r"(?i)the (?:row|line|entry|first one)", words):
            return []
        return [make_choose(target)] if target else []

    def find_and_open(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `choose` of `find {no} in the list and double-click it`."""
        return self.choose(parts)

    def must_equal(self, parts: Parts) -> list[nodes.Statement]:
        """Return the `if` of `{{count}} must be the same as {expected}`, which ends the run."""
        condition = self._compare(f"{parts['left']} = {parts['right']}")
        if condition is None:
            return []
        words = self.text(f"{parts['left']} is not {parts['right']}")
        decision = make_decision(negate_condition(condition), make_abort(words), ())
        return [] if decision is None else [decision]


def _place(target: nodes.Text, parts: Parts) -> nodes.Text:
    """Return where a value is typed, with its screen and with how it is written there."""
    how = (parts.get("how") or "").strip("()")
    told = f" on {parts['screen']}" if parts.get("screen") else ""
    return (
        (*target, nodes.TextPiece(value=f"{told} ({how})" if how else told))
        if told or how
        else target
    )


def _bare_name(written: str) -> str:
    return written.strip("{}\"' \t")


def _name_words(written: str) -> set[str]:
    """The words of the name in `{shipment.no}`, which a noun in front of it may repeat."""
    return set(re.findall(r"[a-z]+|\d+", written.lower().replace("_", " ")))
