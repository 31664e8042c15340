"""The English of conditions, waits, checks, choices, readings and ends in a prompt.

Each function parses one sentence, without marks of Markdown, into its parts; it returns None for a
sentence of another form. What a part means, and whether its variables can be used, is decided in
`instructions`.
"""

from __future__ import annotations

import re

from flowdsl.source.record import Record

_FLAGS = re.IGNORECASE
_VERB_FOCUSED = r"(?:use (?:a |the )?(?:tool )?focused_action to )?"
_NAME = r"[A-Za-z_]\w*"
_MARKED_NAME = (
    rf"(?:\{{\{{[ \t]*(?P<braces>{_NAME})[ \t]*\}}\}}|"
    rf"[\"'](?P<quoted>{_NAME})[\"']|(?P<bare>{_NAME}))"
)
_WITH_TOOL = r"(?:,? (?:with|using|via|by|through)(?: the)?(?: tool)? upsert_runtime_values)?"

_READ = re.compile(
    rf"{_VERB_FOCUSED}(?:read|extract|get|find|note(?: down)?|record|look up|identify|determine|"
    r"capture) (?P<source>[^.;]+?)(?: (?:with|using) (?:a )?focused_action)?,?"
    r"(?: and| then| and then)? "
    r"(?:(?:save|store|remember|keep|write|put) (?:(?:it|that|them|the value) )?)?"
    r"(?:as|in|into|under|to) (?:the )?(?:(?:runtime )?(?:variable|value|output|key|name|field) )?"
    rf"{_MARKED_NAME}{_WITH_TOOL}",
    _FLAGS,
)
_SAVE = re.compile(
    r"(?:use upsert_runtime_values to )?(?:save|store|remember|keep) (?P<source>[^.;]+?) "
    r"(?:as|in|into|under) (?:the )?(?:(?:runtime )?(?:variable|value|output|key) )?"
    rf"{_MARKED_NAME}{_WITH_TOOL}",
    _FLAGS,
)
_READ_SEVERAL = re.compile(rf"{_VERB_FOCUSED}(?:read|extract|note|record|get) (.+)", _FLAGS)
_READ_PART = re.compile(rf"(?P<source>[^,;.]+?) as {_MARKED_NAME}", _FLAGS)

_READ_TOGETHER = re.compile(
    rf"{_VERB_FOCUSED}(?:read|extract|get|note|record) (?P<sources>[^.;]+?),? (?:and |then )?"
    r"(?:save|store|remember|keep) them (?:as|in|into|under) (?P<names>.+)",
    _FLAGS,
)
_AND = r", and |,| and "

_AMOUNT = r"(?P<amount>\d{1,4}) ?(?P<unit>s|secs?|seconds?|m|mins?|minutes?)"
_BOUND = rf"(?:(?:for )?(?:up to|at most|a maximum of|max(?:imum)?\.?) {_AMOUNT}(?: at most)?,? )?"
_BOUND_BEHIND = (
    r"(?:,? \(?(?:for )?(?:up to|at most|a maximum of|max(?:imum)?\.?) (?P<amount2>\d{1,4}) ?"
    r"(?P<unit2>s|secs?|seconds?|m|mins?|minutes?)(?: at most)?\)?)?"
)
_WAIT_UNTIL = re.compile(rf"wait {_BOUND}(?:until|till) (?P<condition>.+?){_BOUND_BEHIND}", _FLAGS)
_WAIT_FOR = re.compile(
    rf"wait {_BOUND}for (?P<what>.+?) to "
    r"(?P<verb>be|appear|load|open|finish|complete|close|disappear|show up|start|come up)"
    rf"(?P<rest>(?: [^,;]+?)?){_BOUND_BEHIND}",
    _FLAGS,
)
_THIRD = {"be": "is", "finish": "finishes", "show up": "shows up", "come up": "comes up"}
_NO_TIME = (
    r"(?i)(?:a few|a couple|some|several|about|around|\d|one|two|three) ?\w* ?"
    r"(?:seconds?|moments?|time|minutes?)?\b"
)

_IF = re.compile(
    r"(?:if|in case) (?P<condition>[^,:]{3,160}?)(?:, then,? |,? then |, |: )(?P<then>[^;]+?)"
    r"(?:[,;] ?(?:otherwise|else),? (?P<otherwise>.+))?",
    _FLAGS,
)
_IF_HEAD = re.compile(r"(?:if|in case) (?P<condition>[^:]{3,160}?)(?:, then|,)?:", _FLAGS)
_OTHERWISE = re.compile(
    r"(?:otherwise|else|if not|if that is not the case)[,:]? (?P<then>.+)", _FLAGS
)
_OTHERWISE_HEAD = re.compile(r"(?:otherwise|else|if not)[,:]?", _FLAGS)
_VAGUE = re.compile(
    r"(?:it is |this is )?"
    r"(?:needed|necessary|required|possible|applicable|so|not|desired|in doubt)\b"
    r"|you\b|(?:it|this|that|they|one|any of)\b|there (?:is|are) (?:none|one|any)$",
    _FLAGS,
)
_GO_ON = re.compile(
    r"(?:just |simply )?(?:do nothing|continue|go on|proceed|move on|carry on|"
    r"ignore (?:it|this)|skip (?:it|this))"
    r"(?: (?:with|to) the next (?:step|one)| (?:as|like) (?:normal|usual)| normally)?",
    _FLAGS,
)

_A_REASON = r"(?: (?:the )?(?:reason|message|error|text))?"
_FAIL = re.compile(
    r"(?:use|call) (?:the (?:tool )?)?declare_task_failed"
    rf"(?:,? (?:with|and|giving|because|saying|stating|:){_A_REASON}:? (?P<reason>.+))?|"
    r"(?:stop|end|fail|abort|terminate|quit) (?:the )?(?:task|run|workflow|process)"
    rf" (?:with|and report|and say|saying|because of){_A_REASON}:? (?P<why>\".+\")",
    _FLAGS,
)
_VERIFY = re.compile(
    rf"{_VERB_FOCUSED}(?:verify|confirm|check|ensure|make sure|validate)"
    r"(?: \(focused_action\))? that (?P<condition>.+)",
    _FLAGS,
)
_CHOOSE = re.compile(
    r"use (?:a |the )?(?:tool )?focused_action to "
    r"(?:select|choose|pick|find and (?:open|click|select)) (?P<target>[^;]+)",
    _FLAGS,
)
_FOR = re.compile(
    r"(?:for|repeat (?:this|the following)(?: steps)? for) (?:each|every) "
    r"(?P<noun>[a-z][\w ]{0,30}?) (?:in|of|from) (?:the )?(?:list |array |input )?"
    r"\{(?P<list>[A-Za-z_]\w*)\}(?P<mark>[,:]?) ?(?P<then>.*)",
    _FLAGS,
)


_VALUE = r"\{\{?\$?[A-Za-z_]\w*\}?\}"
_TYPE_PAIR = re.compile(
    rf"(?P<verb>type|enter|input|fill in) (?P<first>{_VALUE} (?:into|in|as|for) [^{{}}]+?)"
    rf"(?:,| and|, and) (?P<second>{_VALUE} (?:into|in|as|for) [^{{}}]+)",
    _FLAGS,
)
_RULE = re.compile(
    r"(?:please )?(?:note|important|warning|attention|caution|hinweis|achtung|wichtig)\b"
    r"[ \w]{0,12}[:!]",
    _FLAGS,
)
_RULES_HEADING = re.compile(
    r"(?:important |general )?(?:notes?|rules?|warnings?|constraints|hints?|hinweise|regeln)",
    _FLAGS,
)


class Reading(Record):
    """A sentence that reads what `source` says into the variable `name`; `marked` as a variable."""

    source: str
    name: str
    marked: bool


class Awaiting(Record):
    """A sentence that waits until `condition` holds, for `milliseconds`, None if it names none."""

    condition: str
    milliseconds: int | None


class Deciding(Record):
    """A sentence `If condition, then. Otherwise, otherwise.`; None if it has no second part."""

    condition: str
    then: str
    otherwise: str | None


class Repeating(Record):
    """A sentence `For each noun in {items}, then`; `then` is empty if a list follows."""

    noun: str
    items: str
    then: str


def parse_reading(sentence: str) -> Reading | None:
    """Parse `Read X and save it as name`, or `Save X as name`."""
    found = _READ.fullmatch(sentence) or _SAVE.fullmatch(sentence)
    return None if found is None else _make_reading(found)


def parse_readings(sentence: str) -> list[Reading]:
    """Parse `Read A as {{a}}, B as {{b}}` and `Read A and B, save them as {{a}} and {{b}}`.

    Empty for another form.
    """
    together = _READ_TOGETHER.fullmatch(sentence)
    if together is not None:
        sources = [each.strip() for each in re.split(_AND, together["sources"])]
        names = [
            re.fullmatch(_MARKED_NAME, each.strip()) for each in re.split(_AND, together["names"])
        ]
        marked = [each for each in names if each is not None and each["bare"] is None]
        if len(marked) == len(names) == len(sources) and all(sources):
            return [
                Reading(source, each["braces"] or each["quoted"], True)
                for source, each in zip(sources, marked, strict=True)
            ]
        return []
    whole = _READ_SEVERAL.fullmatch(sentence)
    if whole is None:
        return []
    parts = re.split(r",? and (?=[^,]+ as )|, ", whole[1])
    found = [_READ_PART.fullmatch(part.strip()) for part in parts]
    readings = [_make_reading(each) for each in found if each is not None]
    return readings if len(readings) == len(parts) > 1 else []


def _make_reading(found: re.Match[str]) -> Reading:
    name = found["braces"] or found["quoted"] or found["bare"]
    return Reading(found["source"], name, found["bare"] is None)


def parse_awaiting(sentence: str) -> Awaiting | None:
    """Parse `Wait until X` and `Wait for X to appear`, each with `up to 30 seconds`."""
    found = _WAIT_UNTIL.fullmatch(sentence)
    if found is not None:
        return Awaiting(found["condition"], _find_milliseconds(found))
    found = _WAIT_FOR.fullmatch(sentence)
    if found is None or re.match(_NO_TIME, found["what"]) is not None:
        return None
    verb = found["verb"].lower()
    condition = f"{found['what']} {_THIRD.get(verb, verb + 's')}{found['rest'] or ''}"
    return Awaiting(condition, _find_milliseconds(found))


def _find_milliseconds(found: re.Match[str]) -> int | None:
    amount, unit = found["amount"] or found["amount2"], found["unit"] or found["unit2"]
    if amount is None or unit is None:
        return None
    return int(amount) * (60_000 if unit.lower().startswith("m") else 1000)


def parse_decision(sentence: str) -> Deciding | None:
    """Parse `If X, do Y` and `If X, do Y, otherwise Z`; None if X is vague or points back."""
    found = _IF.fullmatch(sentence)
    if found is None or is_vague(found["condition"]):
        return None
    return Deciding(found["condition"], found["then"], found["otherwise"])


def parse_decision_head(line: str) -> str | None:
    """Return the condition of `If X:`, whose consequence is the list below it."""
    found = _IF_HEAD.fullmatch(line)
    return None if found is None or is_vague(found["condition"]) else found["condition"]


def parse_otherwise(sentence: str) -> str | None:
    """Return what follows `Otherwise, `."""
    found = _OTHERWISE.fullmatch(sentence)
    return None if found is None else found["then"]


def is_otherwise_head(line: str) -> bool:
    """Whether a line is `Otherwise:`, whose consequence is the list below it."""
    return _OTHERWISE_HEAD.fullmatch(line) is not None


def is_vague(condition: str) -> bool:
    """Whether a condition cannot be decided by the screen alone: `needed`, `it fails`."""
    return _VAGUE.match(condition.strip()) is not None


def means_going_on(act: str) -> bool:
    """Whether an act is to do nothing."""
    return _GO_ON.fullmatch(act) is not None


def parse_failure(sentence: str) -> str | None:
    """Return the reason of `use declare_task_failed with ...`, empty if it names none."""
    found = _FAIL.fullmatch(sentence)
    if found is None:
        return None
    return (found["reason"] or found["why"] or "").strip("\"' ")


def parse_check(sentence: str) -> str | None:
    """Return the condition of `Verify that X`."""
    found = _VERIFY.fullmatch(sentence)
    return None if found is None else found["condition"]


def parse_choice(sentence: str) -> str | None:
    """Return what is selected by `Use focused_action to select X`."""
    found = _CHOOSE.fullmatch(sentence)
    return None if found is None else found["target"]


def parse_repetition(sentence: str) -> Repeating | None:
    """Parse `For each order in {orders}, do Y`."""
    found = _FOR.fullmatch(sentence)
    if found is None or (found["then"] and not found["mark"]):
        return None
    return Repeating(found["noun"], found["list"], found["then"])


def split_typing(sentence: str) -> list[str]:
    """Split `Type {a} into X and {b} into Y` into one sentence for each; empty for another form."""
    found = _TYPE_PAIR.fullmatch(sentence)
    if found is None:
        return []
    return [f"{found['verb']} {found['first']}", f"{found['verb']} {found['second']}"]


def is_rule(paragraph: str) -> bool:
    """Whether a paragraph is a remark for the whole task: `Important: ...`."""
    return _RULE.match(paragraph) is not None


def is_heading_of_rules(heading: str) -> bool:
    """Whether the lines below a heading are rules for the whole task."""
    return _RULES_HEADING.fullmatch(heading.strip("*:# ")) is not None
