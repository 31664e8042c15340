"""The wording of prompts: Markdown, keys, conditions, and words that mean nothing by themselves.

`clauses` parses instructions in such wording.
"""

from __future__ import annotations

import re

from flowdsl.semantics.capabilities import MODIFIERS, NAMED_KEYS
from flowdsl.semantics.statements.keys import OTHER_NAMES, chord_keys, find_shared_name, is_key

from .languages.german import IMPERATIVE, INFINITIVE, KEYS

CONDITION_WORDS = (
    r"(?i)\b(?:if|in case|in the event|when|whenever|where(?:ver)? (?:there|it|this|that)|once|"
    r"unless|until|till|while|as long as|otherwise|else|depending|provided|assuming|"
    r"should (?:the|a|an|any|it|this|that|there)|(?:may|might)(?= [a-z])|"
    r"sometimes|optional(?:ly)?|alternatively|"
    r"for (?:each|every|all|any)|(?:each|every) time|repeat|loop|iterate|"
    r"falls|wenn|sobald|solange|sonst|ansonsten|andernfalls|jede[nrs]?|wiederhole\w*|"
    r"si|sinon|tant que|chaque|mientras|cada|cuando|se|caso|quando|enquanto|finché|ogni|altrimenti|"
    r"als(?= (?:de|het|er|je|een|geen|u|dit|dat) )|indien|zodra|zolang|telkens|elke|"
    r"om|när|varje|jeśli|jeżeli|gdy|dopóki|każd\w*|pokud|jestliže|když|každ\w*|eğer)\b"
    r"|^(?:should|sollten?|were|had)\b|(?:^|, )(?:ist|sind|hat|kommt|steht|erscheint|wird)\b"
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

COUNTS = {"once": 1, "twice": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6} | {
    "a": 1,
    "one": 1,
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "sixty": 60,
    "eine": 1,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "zehn": 10,
    "zwanzig": 20,
}
NUMBERS = "(?:" + "|".join(each for each in COUNTS if each not in ("once", "twice", "a")) + ")"
_LABELLED_TOO = frozenset(
    ("home", "end", "delete", "insert", "up", "down", "left", "right", "space", "return")
)
"""Keys whose names are also labels of buttons and links: they need the word `key`."""

LONGEST = 2_000
"""Maximum length of a line that is examined, in characters."""

STORED = rf"\{{\{{[ \t]*({NAME})[ \t]*\}}\}}"
VALUE = rf"\{{\{{?[ \t]*\$?{NAME}{PATH}[ \t]*\}}?\}}"
"""A variable of a prompt, as it is written."""

_SHELTERED = r"\"[^\"]*\"|\([^()]*\)|\{[^{}]*\}"
_FILLERS = (
    r"(?i)(?:(?:please|I|now|then|dann|jetzt|zuletzt|zum schluss|zuerst|next|first|also|just|"
    r"dort|hier|anschließend|nun|simply|finally|afterwards|lastly|danach|bitte|"
    r"(?:in|at) the end|am ende|after that|you (?:should|must|have to|need to|can)|(?:make|be) "
    r"sure to|"
    r"remember to|and) *,? )+"
)
KEY_ALONE = (
    r"(?:(?:Ctrl|Alt|Shift|Strg)\s?\+\s?[^\s,;.]+|Enter|Tab|Esc(?:ape)?|F\d{1,2}|Page (?:Up|Down))"
)
_VERBS = (
    r"(?:call|press|hit|push|wait|type|enter|input|fill|write|put|paste|click|double[- ]click|"
    r"right[- ]click|"
    r"triple-click|select|choose|pick|mark|tick|untick|check|uncheck|verify|make sure|ensure|"
    r"confirm|open|close|go|switch|navigate|scroll|start|launch|run|take|save|store|remember|"
    r"keep|read|extract|get|note|record|find|look|search|copy|add|append|set|leave|use|create|"
    r"answer|send|submit|log|sign|accept|download|upload|export|print|continue|proceed|ignore|skip|"
    r"do|don['’]t|finish|end|stop|abort|fail|give|declare_task_failed|mark_file_for_export|"
    r"save_screenshot_as_run_attachment|copy_to_clipboard|upsert_runtime_values|change|delete|"
    r"remove|rotate|calculate|compare|assign|insert|sort|filter|zip|attach|exit|lock|forward|tab|"
    r"pick|repeat|try|refresh|report|bring|extend|book|treat|move|replace|reply|cancel|clear|"
    r"correct|"
    r"fix|PF\d{1,2}|login|log in|apply|approve|reject|assign|charge|increase|reset|restart|"
    r"reload|reopen|ask|inform|tell|"
    r"decline|dismiss|deny|allow|hover|drag|drop|count|scan|disconnect|"
    r"minimi[sz]e|maximi[sz]e|double[- ]check|"
    r"highlight|expand|activate|deactivate|jump|overwrite|rename|escalate|retry|choose|"
    rf"prüfen|warten|clear|{IMPERATIVE})"
)
ACT = rf"(?:(?:please|also|just|now|only|I) )?{_VERBS}\b(?![\w-])"
"""How an instruction begins."""
ENDS_AS_ACT = rf"\b{INFINITIVE}$"
"""How an instruction ends in German."""

_POINTS_BACK = r"(?i)(?:it|its|them|they|their|this|that|these|those|one)\b"
"""The beginning of a text that refers back to the sentence before it."""


def has_condition_words(text: str) -> bool:
    """Whether a text mentions a condition or repetition."""
    return re.search(CONDITION_WORDS, text) is not None


def is_governing_line(text: str) -> bool:
    """Whether the lines below a line are not plain instructions: a condition, a ban, remarks."""
    return has_condition_words(text) or re.search(_OTHER_THAN_STEPS, text) is not None


def strip_markdown(line: str) -> str:
    """Return a line without Markdown marks; bold text and code are put in quotes."""
    marked = re.sub(r"\*\*([^*]+)\*\*|`([^`]+)`", lambda m: f'"{m[1] or m[2]}"', line.strip())
    marked = re.sub(r"(?<![-=])\s*(?:->|→|=>)\s*", " -> ", marked)
    marked = re.sub(r"[“”„]", '"', re.sub(r'""([^"]+)""', r'"\1"', marked))
    marked = re.sub(rf'"({VALUE})"', r"\1", marked)
    marked = re.sub(r"(?<!\w)'([^'\[\]]+)'(?!\w)", r'"\1"', marked)
    return " ".join(marked.removesuffix(".").split())


def parse_chord(written: str, *, named: bool) -> str | None:
    """Return the keys of `Ctrl + S` in the platform's notation.

    None for a text that may be the label of a button. `named` says that the word `key` is next to
    it.
    """
    words = re.sub(r"[ -](?:key|taste)$", "", written.lower())
    words = words.replace("strg", "ctrl").replace("umschalt", "shift")
    words = re.sub(r"^arrow |(?<=\w) arrow$", "", words)
    named = named or re.search(r"(?i)\barrow\b", written) is not None
    words = re.sub(r"^pfeiltaste |^pfeil nach ", "pfeil ", words).replace("pfeil nach ", "pfeil ")
    named = named or words.replace(" ", "") in KEYS
    found = (OTHER_NAMES.get(key, KEYS.get(key, key)) for key in chord_keys(words.replace(" ", "")))
    keys = [find_shared_name(key) or key for key in found]
    *modifiers, last = keys
    if not all(key in MODIFIERS for key in modifiers) or not is_key(last) or not last.isascii():
        return None
    if not modifiers and (last not in NAMED_KEYS or (last in _LABELLED_TOO and not named)):
        return None
    return "+".join(keys)


def mask(text: str) -> str:
    """Return a text of the same length without what is in quotes, parentheses and braces."""
    return re.sub(
        _SHELTERED, lambda found: f"{found[0][0]}{'_' * (len(found[0]) - 2)}{found[0][-1]}", text
    )


def strip_fillers(text: str) -> str:
    """Return a clause without the words of politeness and order at its beginning."""
    return re.sub(_FILLERS, "", text, count=1) if re.match(_FILLERS, text) else text


def to_milliseconds(duration: str) -> int:
    """Return the length of `3 seconds`, `500 ms` or `2m`."""
    amount, unit = re.fullmatch(
        r"(\d+|[a-zü]+?) ?((?:ms|milli|[sm])[a-z]*)", duration.lower().rstrip(".")
    ).groups()  # type: ignore[union-attr]
    scale = 1 if unit.startswith(("ms", "milli")) else 60_000 if unit[0] == "m" else 1000
    return (COUNTS.get(amount) or int(amount)) * scale


def points_back(words: str) -> bool:
    return re.match(_POINTS_BACK, words) is not None


def as_sentence(act: str) -> str:
    """Return a part of a sentence as a sentence of its own."""
    return f"{act[:1].upper()}{act[1:]}".rstrip(".;,") + "."


def starts_with_act(text: str) -> bool:
    """Whether a text begins with an imperative, or is a key."""
    act = strip_fillers(text)
    found = re.match(ACT, act, re.IGNORECASE) or re.match(rf"{KEY_ALONE}(?!\w)", act)
    ends = rf"{ENDS_AS_ACT[:-1]}(?=$|[,;]| und | -> )"
    return found is not None or re.search(ends, act.rstrip(".! ")) is not None


def strip_condition_that(condition: str) -> str:
    """Return `the list is sorted` of `that the list is sorted`."""
    return re.sub(r"(?i)^that ", "", condition)
