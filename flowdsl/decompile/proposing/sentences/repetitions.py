"""The English and German of what is done several times: for each entry, until, at most so often.

What of a body is a statement is the matter of `instructions`, as it is for `decisions`.
"""

from __future__ import annotations

import re

from flowdsl.source.record import Record

from ..wording import (
    ACT,
    COUNTS,
    NAME,
    NUMBERS,
    has_condition_words,
    mask,
    starts_with_act,
    to_milliseconds,
)
from .decisions import AGAIN, is_vague

_FLAGS = re.IGNORECASE


class Repeating(Record):
    """`For each noun in {items}, then`; `then` is empty if a list follows.

    `where` says where on the screen the entries are, in place of a list in `items`.
    """

    noun: str
    items: str
    then: str
    where: str = ""


_EACH = (
    r"(?:for|(?:repeat|do)(?: this| the following| these)?(?: steps)? for|für) (?:each|every|"
    r"jede[nrs]?)"
)
_FOR = re.compile(
    r"(?:start_loop over \{(?P<over>[A-Za-z_]\w*)\}\. for (?:each|every) (?P<one>[a-z][\w ]{0,30})|"
    rf"{_EACH} (?P<several>of (?:the|these) )?(?P<noun>[a-z][\w ]{{0,30}}?) (?:in|of|from|"
    rf"aus) (?:the )?"
    r"(?:list |array |input )?"
    r"(?:\{(?P<list>[A-Za-z_]\w*)\}|\{\{ ?(?P<saved>[A-Za-z_]\w*) ?\}\}))"
    r"(?: (?:\(start_loop\),? )?do(?: the following| this| these(?: steps)?)?)?"
    rf"(?P<mark>[,:]?(?= |$)|(?= {ACT})) ?(?P<then>.*)",
    _FLAGS,
)
_BEFORE_LOOP = (
    r"(?i)^(?:(?:step|part|schritt|teil) [A-Z]\b[.:)]? |(?:now|then|next|dann|nun|jetzt)[,:]? |"
    r"use (?=start_loop))+"
)
_FOR_BARE = re.compile(
    r"(?:per|pro|for (?:each|every)|für jede[nrs]?) (?P<noun>[a-zäöü]+):?", _FLAGS
)
_RANGE = re.compile(
    r"(?:repeat|do) (?:steps? |points? )?(?P<first>[A-Z]?\d+(?:\.\d+)*) (?:to|-|–|through|until|"
    r"bis) "
    r"(?:step )?(?P<last>[A-Z]?\d+(?:\.\d+)*) (?P<rest>for .+)",
    _FLAGS,
)


def parse_range(line: str) -> tuple[str, str, str] | None:
    """Return the first label, the last one and the rest of `Repeat 4 to 9 for each row: `."""
    found = _RANGE.fullmatch(line)
    return None if found is None else (found["first"], found["last"], found["rest"])


_FOR_SHOWN = re.compile(
    rf"{_EACH} (?P<noun>(?!one\b|of\b|time\b|page\b|other\b|entry\b)[a-z][a-z]+(?: [a-z]+)?) "
    r"(?P<where>(?:in|on|of|at|auf|still on) (?:the |this |der |dem )?[^,:.{}]{3,40}|"
    r"(?:who|that|which|whose|with) [^,:.{}]{3,60})"
    r"(?P<mark>[,:]?) ?(?P<then>.*)",
    _FLAGS,
)
_START_LOOP = re.compile(
    r"(?:(?:use |with )?start_loop (?:over|for|on|with) (?:text ?= ?)?|"
    r"(?:now )?(?:go|work|loop|step) through (?:(?:the|all|each|every|this|list|entries|of) )*)"
    r"(?:\"?\{\{? ?(?P<list>\w+) ?\}\}?\"?(?:,? (?:one (?:run|round|pass) |once )?(?:for|per) "
    r"(?:(?:each|every) )?(?P<one>\w+))?|"
    r"(?:the |each |every |all )+(?P<noun>\w+?)s? (?P<where>(?:of|in|on) the [\w ]{3,40}))",
    _FLAGS,
)
_ROUNDS = re.compile(
    r"(?:(?P<word>while|as long as|solange) (?P<so>[^,:;]{5,120}?)(?:[,:] |, dann )(?P<act>.+)"
    r"|(?:keep|continue|go on) (?P<keep>press|click|hit|scroll|push)ing (?P<rest>[^,;]{2,60}?) "
    r"(?:until|till) (?P<until>[^,;]{4,90})"
    r"|(?P<doing>(?:scroll|page|press page) (?:down|up)(?: (?:and (?:carry|go) on|further))?|"
    r"press \S+|F\d{1,2}|(?:click|press|hit) [^,;]{2,60}? every "
    r"(?P<pause>\d+ ?(?:s|sec|seconds?|min|minutes?)\b)) (?:until|till) (?P<goal>[^,;]{4,90}))",
    _FLAGS,
)
_TIMES = (
    rf"(?:(?:\d{{1,2}}|{NUMBERS}|ein) ?(?:times?|tries|attempts?|goes|x|mal|versuche?)\b|once|"
    rf"twice|"
    r"(?:ein|zwei|drei|vier|fünf|zehn)mal\b)"
)
_ATTEMPTS = re.compile(
    r"(?P<act>.*?)(?:^|,? |, (?:but |and |then )?)(?:(?:do|try|repeat)(?: this| it| that|"
    r" again)?(?: step)? )?"
    r"(?:and )?(?:(?:but |aber |and )?(?:(?:only |just )?up to|at (?:the )?most|max(?:imum|"
    r"imal)?\.?(?: of)?|"
    r"a maximum of|(?:no|not) more(?: often)? than|(?:but|aber) (?:only|just|nur)|höchstens|bis zu|"
    rf"nicht öfter als) (?P<most>{_TIMES})|(?:and |but )?(?P<bound>{_TIMES})(?: at (?:the )?most|"
    r" max(?:imum|imal)?| is enough| reicht|(?P<then>(?=,? (?:and )?(?:then|dann) ))))"
    r"(?: (?:in total|overall|insgesamt|per \w+))?"
    r"(?:,? (?:with|waiting|and wait)? ?(?P<pause>\d+ ?(?:s|sec|seconds?|m|min|minutes?))"
    r"(?: in between| between\w*| each time)*)?"
    r"(?:[,;.]? (?:and |but )?(?:then|after that|dann|danach|if it still fails|"
    r"after the \w+(?: time)?)[:,]? "
    r"(?P<otherwise>.+))?[.!]?",
    _FLAGS,
)


class Attempts(Record):
    """`Press F5 again, at most 3 times, then fail`; `act` is empty if it stands before."""

    act: str
    most: int
    pause_milliseconds: int
    otherwise: str


def parse_attempts(consequence: str) -> Attempts | None:
    """Parse an act that is done again a number of times, and what comes after the last."""
    found = _ATTEMPTS.fullmatch(consequence.strip())
    if found is None or has_condition_words(found["otherwise"] or ""):
        return None
    if found["then"] is not None and AGAIN.search(mask(found["act"])) is None:
        return None  # "press Tab 3 times, then type it"
    words = re.match(r"\d+|[a-zäöüß]+", (found["most"] or found["bound"]).lower())
    number = words[0] if words is not None else ""
    word = number.removesuffix("mal") if number not in COUNTS else number
    most = int(word) if word.isdecimal() else COUNTS.get(word, 1)
    pause = to_milliseconds(found["pause"]) if found["pause"] else 0
    act = re.sub(r"(?i)[,;]? (?:and|und|but|aber|,)$", "", found["act"].strip().rstrip(",;"))
    return Attempts(act, most, pause, (found["otherwise"] or "").rstrip(".!"))


_LASTING = re.compile(
    r"\b(?:there (?:is|are)|there['’]s|still|active|enabled|visible|shown|open|not empty|noch|"
    r"aktiv|"
    r"steht|offen|angezeigt|vorhanden|zu sehen)\b",
    _FLAGS,
)


class Rounds(Record):
    """`While there are rows, do it`: rounds that go on until a condition, or while it holds."""

    condition: str
    act: str
    holds: bool
    pause_milliseconds: int = 0


def parse_rounds(sentence: str) -> Rounds | None:
    """Parse `While X, do Y`, `Keep pressing F3 until X`."""
    plain = sentence.strip().rstrip(".!").rstrip()
    found = _ROUNDS.fullmatch(plain)
    if found is None or is_vague(found["so"] or ""):
        return None
    if found["so"]:
        lasting = found["word"].lower() != "while" or _LASTING.search(found["so"]) is not None
        idle = r"(?i)(?:don['’]t|do not|nothing|nichts|leave|wait|warten|look)\b"
        if not lasting or re.match(idle, found["act"]) is not None:
            return None
        return Rounds(found["so"], found["act"], holds=True)
    act = f"{found['keep']} {found['rest']}" if found["keep"] else found["doing"]
    act = re.sub(r"(?i)^(?=F\d)", "press ", re.sub(r"(?i) every \d.*", "", act))
    condition = re.sub(r"(?i)^you (?:see|can see) ", "", found["until"] or found["goal"])
    pause = to_milliseconds(found["pause"]) if found["pause"] else 0
    return Rounds(condition, act, holds=False, pause_milliseconds=pause)


_EACH_TREATED = re.compile(
    r"jede[rsn]? (?P<noun>[^\W\d_]\w+) (?P<where>(?:in|auf|aus) (?:der|dem) [\w ]{3,30}?) "
    r"(?:wird|werden) [^.;:]{0,40}(?:bearbeitet|geprüft|erledigt|durchgegangen|abgearbeitet)"
    r"(?:, (?:maximal|höchstens|meist|das) [^.;:]*)?",
    _FLAGS,
)
"""A sentence that tells what the rest of its paragraph is done for."""


def parse_repetition(sentence: str) -> Repeating | None:
    """Parse `For each order in {orders}, do Y`, `For each sample in the grid:`, `Per order:`."""
    sentence = re.sub(_BEFORE_LOOP, "", sentence)
    sentence = re.sub(r"(?i)( do (?:the following|this))[.:]+$", r"\1", sentence)
    found = _FOR.fullmatch(sentence)
    if found is not None and not (found["then"] and not found["mark"] and not found["noun"]):
        if found["then"] and not (found["mark"] or starts_with_act(found["then"])):
            return None
        items = found["list"] or found["over"] or found["saved"]
        noun = found["noun"] or found["one"]
        noun = noun.removesuffix("s") if found["several"] else noun
        return Repeating(noun, items, found["then"])
    over = _START_LOOP.fullmatch(sentence)
    if over is not None:
        noun = over["noun"] or over["one"] or over["list"].rpartition("_")[2].removesuffix("s")
        return Repeating(noun, over["list"] or "", "", over["where"] or "")
    bare = _FOR_BARE.fullmatch(sentence)
    if bare is not None:
        return Repeating(bare["noun"], f"{bare['noun'].lower()}s", "")
    treated = _EACH_TREATED.fullmatch(sentence.rstrip("."))
    if treated is not None:
        return Repeating(treated["noun"], "", "", treated["where"])
    shown = _FOR_SHOWN.fullmatch(sentence)
    if shown is None or (shown["then"] and not shown["mark"]):
        return None
    return Repeating(shown["noun"], "", shown["then"], shown["where"])


def is_plural(items: str, noun: str) -> bool:
    """Whether a list is called as several of its entries: `orders` of an `order`, `scheine`."""
    return items.lower() in {f"{noun.lower()}{end}" for end in ("s", "es", "e", "n", "en", "er")}


def find_parts_of_entries(prompt: str, items: str) -> tuple[str, ...]:
    """Return the fields that a prompt uses of the entries of an input, `{row.no}` of `{rows}`."""
    looped = re.search(rf"(?i)\bstart_loop\b[^.\n{{]*\{{{items}\}}", prompt) is not None
    nouns = [each for each in re.findall(rf"\{{({NAME})\.", prompt) if is_plural(items, each)]
    nouns += (["loop item"] if looped else []) + re.findall(
        rf"(?i)\b(?:each|every) (?:of the )?([a-z][\w ]{{0,30}}?) (?:in|of|"
        rf"from) (?:the )?\{{{items}\}}",
        prompt,
    )
    return tuple(
        dict.fromkeys(
            part
            for noun in nouns
            for part in re.findall(rf"\{{{noun.replace(' ', '_')}\.({NAME})[}}.\[]", prompt)
        )
    )
