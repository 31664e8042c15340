"""The words of instructions in prompts: patterns, and small parsers of a line.

`instructions` builds statements from what is found with them.
"""

from __future__ import annotations

import re

from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS
from flowdsl.semantics.statements.keys import OTHER_NAMES, chord_keys, find_shared_name, is_key

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

NAME = r"[A-Za-z_]\w*"
PATH = rf"(?:\.{NAME}|\[\d+\]|\['[^'\n]*'\]|\[\"[^\"\n]*\"\])*"
ESCAPED = rf"\\(?=\{{+\$?{NAME})"

COUNTS = {"once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
UNITS = {"s": 1000, "m": 60_000, "ms": 1}
_LABELLED_TOO = frozenset(
    ("home", "end", "delete", "insert", "up", "down", "left", "right", "space", "return")
)
"""Keys whose names are also labels of buttons and links: they need the word `key`."""

LONGEST = 1_000
"""Maximum length of a line that is examined, in characters."""

_QUOTED = r"\"[^\"\n]+\""
_BOX = r"(?:field|box|text ?box|search box|input field|input)"
_FILE = r"\"?([^\s\"]+\.\w{2,4}|(?<=\")[^\"]+\.\w{2,4}(?=\"))\"?"
_STORED = rf"\{{\{{[ \t]*({NAME})[ \t]*\}}\}}"
_NAMED = r"(?:(?:with )?(?:the )?(?:file ?name|name)|named|called|as|for|with|on)"

PRESS = (
    r"(?:press|hit) (?:the )?"
    r"\"?((?:page |arrow )?[^\s\"]+?(?: ?\+ ?[^\s\"+]+)*(?: arrow)?)\"?( key)?"
    r"(?: (once|twice|(?:\d{1,2}|two|three|four|five|six) times))?"
)
WAIT = r"wait (?:for )?(\d{1,4}) ?(ms|milliseconds?|s|secs?|seconds?|mins?|minutes?)"
_TARGET = (
    rf"(?:the )?(?:{_BOX} )?{_QUOTED}(?: {_BOX})?|"
    r"(?!(?:the )?(?:right|correct|appropriate|next|same|first|this|that|each|every) )"
    rf"(?:the )?\w[\w /-]{{1,40}}? {_BOX}"
)
TYPE = (
    rf"(?:type|enter|input|fill in|write) (?P<value>\S+|\{{\{{[^}}]*\}}\}}|{_QUOTED}) "
    rf"(?:into|in|in to) (?P<target>{_TARGET})"
)
FILL = (
    rf"(?:fill(?: in)?|set) (?P<target>{_TARGET}) (?:with|to) "
    rf"(?P<value>\S+|\{{\{{[^}}]*\}}\}}|{_QUOTED})"
)
CAPTURE = (
    rf"(?:(?:use |call )?save_screenshot_as_run_attachment {_NAMED}|"
    r"(?:take|save) a screenshot (?:and attach it|as a run attachment)"
    rf"(?: to the run)?(?: {_NAMED})?) {_FILE}|"
    r"(?:take|save) a screenshot(?: of [^{}.;,()]+)? (?:and attach it(?: to the run)?|"
    r"as a(?: run)? attachment|"
    r"(?:with |using |\()(?:the tool )?save_screenshot_as_run_attachment\)?)"
)
EXPORT = (
    rf"(?:(?:use |call )?mark_file_for_export (?:{_NAMED} )?(?:the file )?{_FILE}|"
    rf"mark (?:the file )?{_FILE} for export)"
)
COPY = (
    r"(?:(?:triple|double)[- ]click|select|highlight) (?:on )?([^.;]+?),?(?: and)?(?: then)? "
    rf"(?:use |call )?copy_to_clipboard (?:with (?:the )?key|as) (?:\"?({NAME})\"?|{_STORED})"
)
_POINTS_BACK = r"(?i)(?:it|its|them|they|their|this|that|these|those|one)\b"
"""The beginning of a text that refers back to the sentence before it."""

BETWEEN_SENTENCES = r"(?<=[.!])[ \t]+(?=[A-Z{\"“])"
BETWEEN_ACTS = r",? and then |,? then |,? and (?=(?:press|hit|wait|type|click|select|open|close) )"


def has_condition_words(text: str) -> bool:
    """Whether a text mentions a condition or repetition."""
    return re.search(_DEPENDS, text) is not None


def is_governing_line(text: str) -> bool:
    """Whether the lines below a line are not plain instructions: a condition, a ban, remarks."""
    return has_condition_words(text) or re.search(_OTHER_THAN_STEPS, text) is not None


def strip_markdown(line: str) -> str:
    """Return a line without Markdown marks; bold text and code are put in quotes."""
    marked = re.sub(r"\*\*([^*]+)\*\*|`([^`]+)`", lambda m: f'"{m[1] or m[2]}"', line.strip())
    marked = re.sub(r"\s*(?:->|→|=>)\s*", ", ", marked)
    marked = re.sub(r"[“”„]", '"', re.sub(r'""([^"]+)""', r'"\1"', marked))
    marked = re.sub(rf'"({_STORED}|\{{\$?{NAME}{PATH}\}})"', r"\1", marked)
    marked = re.sub(r"(?<!\w)'([^'\[\]]+)'(?!\w)", r'"\1"', marked)
    return " ".join(marked.removesuffix(".").split())


def parse_chord(written: str, *, named: bool) -> str | None:
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


def points_back(words: str) -> bool:
    return re.match(_POINTS_BACK, words) is not None


def as_sentence(act: str) -> str:
    """Return a part of a sentence as a sentence of its own."""
    return f"{act[:1].upper()}{act[1:]}".rstrip(".") + "."
