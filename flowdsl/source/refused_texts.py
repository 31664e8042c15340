"""Characters that an input text must not contain, by the places where a prompt uses it.

The service inserts values into the prompt before an agent reads it, so a value could end the hole
that it is inserted into and continue as an instruction, or spell a secret. `input_schema` refuses
those by `{"not": {"type": "string", "pattern": ...}}`, beside a `pattern` of the author. The
patterns are made of classes of characters and alternatives only, which all dialects of regular
expressions read alike. This module holds these patterns, and the messages about a text that one of
them matches.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from flowdsl.source.record import Record

CONTROLS = r"\u0000-\u001f\u007f\u0085\u2028\u2029"
"""Line separators and invisible characters, in the syntax of a character class."""

_PAIR = r"\{[{$]"
_MARKUP = r"<[A-Za-z/!?]|&[A-Za-z#]"
_SIGNS = ('"', "\\", "{", "$", "<", "&")
_ENDS = "⟦⟧"


class RefusedTexts(Record, eq=True):
    """What a place refuses besides `⟦`, `⟧` and a brace before another one or a dollar sign.

    `lines`: whatever is not on one line. `signs`: single characters of `_SIGNS`. `markup`: what
    begins a tag or an entity of HTML.
    """

    lines: bool = False
    signs: frozenset[str] = frozenset()
    markup: bool = False

    def combine_with(self, other: RefusedTexts) -> RefusedTexts:
        """What two places refuse together."""
        if self._covers(other):
            return self
        return RefusedTexts(
            self.lines or other.lines, self.signs | other.signs, self.markup or other.markup
        )

    def _covers(self, other: RefusedTexts) -> bool:
        """Whether whatever `other` refuses is refused."""
        return (
            self.lines >= other.lines and self.markup >= other.markup and self.signs >= other.signs
        )

    def pattern(self) -> str:
        """A regular expression that matches inside refused texts."""
        signs = "".join(re.escape(sign) if sign == "\\" else sign for sign in self._in_order())
        single = f"[{CONTROLS if self.lines else ''}{signs}{_ENDS}]"
        return "|".join((single, _PAIR, *((_MARKUP,) if self.markup else ())))

    def takes(self) -> str:
        """A phrase for the accepted texts."""
        signs = [f"`{sign}`" for sign in ("⟦", "⟧", *self._in_order(), "{{", "{$")]
        without = [*signs, *(("markup",) if self.markup else ())]
        line = "texts on one line" if self.lines else "texts"
        return f"{line} without {', '.join(without[:-1])} and {without[-1]}"

    def schema(self) -> dict[str, Any]:
        """The schema under `not`; null is no text, and is not refused."""
        return {"type": "string", "pattern": self.pattern()}

    def _in_order(self) -> list[str]:
        return [sign for sign in _SIGNS if sign in self.signs]


_READ = re.compile(
    rf"\[(?P<lines>{re.escape(CONTROLS)})?(?P<signs>\"?(?:\\\\)?\{{?\$?<?&?){_ENDS}\]"
    rf"\|{re.escape(_PAIR)}(?P<markup>\|{re.escape(_MARKUP)})?"
)


def read_refused(schema: object) -> RefusedTexts | None:
    """Parse what a schema under `not` refuses, if FlowDSL wrote it for a place of a prompt."""
    if not isinstance(schema, Mapping) or schema.keys() != {"type", "pattern"}:
        return None
    pattern = schema["pattern"]
    found = _READ.fullmatch(pattern) if isinstance(pattern, str) else None
    if found is None or schema["type"] != "string":
        return None
    return RefusedTexts(
        lines=found["lines"] is not None,
        signs=frozenset(found["signs"]),
        markup=found["markup"] is not None,
    )


def remove_restrictions(schema: Any) -> Any:
    """Return a schema of inputs without what `codegen.input_patterns` adds."""
    return _remove_restrictions(schema, is_inputs=True)


def normalise_inputs(schema: Any) -> Any:
    """Return a schema of inputs as `remove_restrictions`, with sorted names of required ones."""
    bare = remove_restrictions(schema)
    required = bare.get("required") if isinstance(bare, dict) else None
    return {**bare, "required": sorted(required, key=str)} if isinstance(required, list) else bare


def _remove_restrictions(schema: Any, *, is_inputs: bool = False) -> Any:
    if isinstance(schema, list):
        return [_remove_restrictions(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    bare = dict(schema)
    if read_refused(bare.get("not")) is not None:
        del bare["not"]
    if isinstance(properties := bare.get("properties"), dict):
        bare["properties"] = {
            name: _remove_restrictions(entry) for name, entry in properties.items()
        }
        if not is_inputs and bare.get("additionalProperties") is False:
            del bare["additionalProperties"]
            is_added = bare["properties"] != properties
            is_empty = not any(bare["properties"].values())
            if is_added and is_empty and not {"$ref", "anyOf"}.isdisjoint(bare):
                del bare["properties"]  # a reference says what the fields are
    if "items" in bare:
        bare["items"] = _remove_restrictions(bare["items"])
    return bare


class RefusedPart(Record):
    """A refused part of a text: `takes` says what is accepted, `why` finishes "because"."""

    takes: str
    start: int
    found: str
    why: str

    def describe(self) -> str:
        """Return what is wrong with the text, to follow its name or spelling in a sentence."""
        return f"is not {self.takes}: {self.place()}"

    def place(self, text: str = "") -> str:
        """Return which character is refused, for a text as it is displayed."""
        of = f" of {text}" if text else ""
        if len(self.found) == 1:
            return f"character {self.start + 1}{of} is {character_name(self.found)}"
        return f"characters {self.start + 1} and {self.start + 2}{of} are `{self.found}`"


def first_fault(text: str, refused: RefusedTexts) -> RefusedPart | None:
    """The first part of a text that a place refuses."""
    faults = [
        RefusedPart(takes, found.start(), found[0], why)
        for pattern, takes, why in _find_refusal_rules(refused)
        if (found := re.search(pattern, text)) is not None
    ]
    return min(faults, key=lambda fault: fault.start, default=None)


def _find_refusal_rules(refused: RefusedTexts) -> Iterator[tuple[str, str, str]]:
    """Yield the patterns of refused parts, each with what is accepted instead, and why."""
    if refused.lines:
        yield f"[{CONTROLS}]", "a text on one line", "it stands within a line of the prompt"
    yield (
        f"[{_ENDS}]",
        "a text without `⟦` and `⟧`",
        "the prompt puts them around values; `[` and `]` are taken",
    )
    if signs := refused.signs & {'"', "\\"}:
        named = " and ".join(f"`{sign}`" for sign in sorted(signs))
        spelled = "".join(map(re.escape, signs))
        yield f"[{spelled}]", f"a text without {named}", "the prompt spells it inside of a list"
    for sign in sorted(refused.signs - {'"', "\\"}):
        why = "the prompt has other characters next to it, which would continue it"
        yield re.escape(sign), f"a text without `{sign}`", why
    yield (
        _PAIR,
        "a text without `{{` and `{$`",
        "the service would put a value or a secret there; a blank after the brace helps",
    )
    if refused.markup:
        yield (
            _MARKUP,
            "a text without markup",
            "the prompt has a picture and is read as HTML; a blank after the sign helps",
        )


_NAMES = {
    "\t": "a tab",
    "\n": "a line feed",
    "\r": "a carriage return",
    "\u0085": "a next line",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
}


def character_name(character: str) -> str:
    """A character for people: itself between backticks, or its name where it cannot be seen."""
    code = f"U+{ord(character):04X}"
    if character in _NAMES:
        return f"{_NAMES[character]} ({code})"
    if unicodedata.category(character).startswith("C"):
        return f"a control character ({code})"
    return f"`{character}`"


def find_refused_texts(
    value: Any, schema: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str, RefusedPart]]:
    """The texts in a value that the places of a schema refuse, each with its path."""
    if not isinstance(schema, Mapping):
        return
    match value:
        case str():
            refused = read_refused(schema.get("not"))
            if refused is not None and (fault := first_fault(value, refused)) is not None:
                yield path, value, fault
        case list():
            for index, inner in enumerate(value):
                yield from find_refused_texts(inner, schema.get("items"), (*path, index))
        case dict():
            properties = schema.get("properties")
            known = properties if isinstance(properties, Mapping) else {}
            for name, inner in value.items():
                yield from find_refused_texts(inner, known.get(name), (*path, name))
        case _:
            pass
