"""The English of conditions, repetitions and rules in a prompt, and what depends on them.

A condition is taken only where the screen or a value can decide it, and a consequence only where
it needs no other step of the prompt.
"""

from __future__ import annotations

import re

from flowdsl.source.record import Record, replace

from .clauses import CUT, parse_clause
from .wording import (
    ACT,
    ENDS_AS_ACT,
    NAME,
    has_condition_words,
    mask,
    starts_with_act,
    strip_fillers,
)

_FLAGS = re.IGNORECASE


class ConditionalSentence(Record):
    """`If condition, then. Otherwise, otherwise.`; None if it has no second part.

    `behind`: the condition follows its act, so that it is about this act alone.
    """

    condition: str
    then: str
    otherwise: str | None
    behind: bool = False


class Repeating(Record):
    """`For each noun in {items}, then`; `then` is empty if a list follows."""

    noun: str
    items: str
    then: str


_IF = re.compile(
    r"(?:but )?(?:if|in case|falls|wenn) |(?=(?:steht|erscheint|kommt|meldet) )", _FLAGS
)
_BEHIND_CONDITION = re.compile(
    rf",? -> |, then,? |,? then,? |, dann |: |, (?={ACT}|it is )| (?={ACT})"
    rf"|, (?=[^,;]+{ENDS_AS_ACT})",
    _FLAGS,
)
_FINITE = re.compile(
    r"\b(?:there['’]s|is|are|isn['’]t|aren['’]t|was|has|have|hasn['’]t|appears?|comes?(?: up)?|"
    r"shows?|says?|contains?|exists?|pops? up|opens?|displays?|asks?|reads?|starts?|ends?|"
    r"does(?:n['’]t| not)|do(?:n['’]t| not)|reports?|means|differs|fails|stops)\b",
    _FLAGS,
)
_NOT_BEFORE_ACT = re.compile(
    r"\b(?:to|the|a|an|and|or|not|can|cannot|please|no|in|of|with|for|whether|which|that|it|"
    r"should|must|may|will|would|could|n['’]t)$",
    _FLAGS,
)
_ELSE = re.compile(r"(?:[,;]|,? but)? ?(?:otherwise|else|sonst),? ", _FLAGS)
_OTHERWISE = re.compile(
    r"(?:otherwise|else|if not|if that is not the case|sonst|andernfalls)[,:]? (?P<then>.+)", _FLAGS
)
_NEGATION = re.compile(
    r"if (?:it|this|that|one|they)(?:['’]s| is| are| was| does| do| has)"
    r"(?:n['’]t| not)(?: so)?,? (?P<then>.+)",
    _FLAGS,
)
_OTHERWISE_HEAD = re.compile(r"(?:otherwise|else|if not)[,:]?", _FLAGS)
_TRAILING_IF = re.compile(r"(?P<then>.+?),? (?:only )?(?:if|when) (?P<condition>.+)", _FLAGS)
_MESSAGE = re.compile(
    r"(?:the )?(?:message |popup |window |button )?\"[^\"]{5,}\"(?: or \"[^\"]{5,}\")*"
    r"(?: message)?",
    _FLAGS,
)
_SHOWS_TEXT = re.compile(r"it (?:says|shows|asks|reads|displays) \"", _FLAGS)
_VAGUE = re.compile(
    r"(?:it is |this is )?"
    r"(?:needed|necessary|required|possible|applicable|so|not|desired|in doubt|yes|no|asked)\b"
    r"|you\b|(?:es|das|dies|man|it|it['’]s|this|that|they|one|any of|he|she|none|all|someone|"
    r"there['’]s (?:none|one|nothing)|something|anything|the difference|the result|both|either|"
    r"neither|the same|different)\b|there (?:is|are) (?:still )?(?:none|one|any)\b",
    _FLAGS,
)
_VAGUE_INSIDE = re.compile(
    r"\b(?:still|again|already did|the same|such|as well|then|that|until|afterwards)\b", _FLAGS
)
_JUMP = re.compile(
    r"\b(?:steps? \w+|point \d|punkt \d|schritt \d|part [A-Z]|repeat|next|skip|jump|loop|"
    r"end_loop_iteration|try|same as|start over|start (?:again|the run again)|go on|continue with|"
    r"go (?:back )?to (?:\d|step)|weiter|nochmals?|erneut|wiederholen|statt ?dessen|"
    r"once more|instead|anyway|as well|the rest)\b",
    _FLAGS,
)
"""What a part of the task that is decided by itself cannot do, or cannot know."""

_GO_ON = re.compile(
    r"(?:just |simply )?(?:do nothing|continue|go on|proceed|move on|carry on|"
    r"ignore (?:it|this)|skip (?:it|this))"
    r"(?: (?:with|to) the next (?:step|one)| (?:as|like) (?:normal|usual)| normally)?",
    _FLAGS,
)
_GOING_ON_BEHIND = re.compile(
    r",? (?:and |then )*(?:continue|go on|proceed|carry on)(?: anyway| normally)?$", _FLAGS
)


def parse_decision(sentence: str) -> ConditionalSentence | None:
    """Parse `If X, do Y`, `"X" -> do Y` and `Do Y if X`, with `otherwise Z` behind the first two.

    None if the condition is vague, or if what follows is no act.
    """
    text = sentence.strip().rstrip(".!").rstrip()
    shown = mask(text)
    begin = _IF.match(shown)
    if begin is not None:
        for behind in _BEHIND_CONDITION.finditer(shown, begin.end()):
            condition = text[begin.end() : behind.start()]
            bare = behind[0] == " "
            if bare and (
                _FINITE.search(shown, begin.end(), behind.start()) is None
                or _NOT_BEFORE_ACT.search(shown[: behind.start()]) is not None
            ):
                continue
            return _make_decision(condition, text[behind.end() :])
        return None
    arrow = shown.find(" -> ")
    if arrow > 0 and _MESSAGE.fullmatch(text[:arrow]):
        return _make_decision(text[:arrow], text[arrow + 4 :])
    behind_act = _TRAILING_IF.fullmatch(shown)
    if behind_act is not None and not has_condition_words(behind_act["then"]):
        at, until = behind_act.end("then"), behind_act.start("condition")
        then = text[:at]
        complete = not then.endswith(":") and _ELSE.search(shown[until:]) is None
        if complete and re.match(ACT, then, _FLAGS) and CUT.search(mask(then)) is None:
            found = _make_decision(text[until:], then)
            if found is not None and found.otherwise is None:
                return replace(found, behind=True)
    return None


def begins_decision(sentence: str) -> bool:
    """Whether a sentence decides about something of its own, and not about what is before it."""
    if parse_negation(sentence) is not None:
        return False
    if parse_decision(sentence) is not None:
        return True
    shown = mask(sentence)
    begin = _IF.match(shown)
    if begin is not None:
        return begin.end() > 0 and not is_vague(sentence[begin.end() :])
    arrow = shown.find(" -> ")
    return arrow > 0 and sentence.startswith('"') and not is_vague(sentence[:arrow])


def _make_decision(condition: str, rest: str) -> ConditionalSentence | None:
    rest = rest.strip()
    split = _ELSE.search(mask(rest))
    then, otherwise = rest, None
    if split is not None and split.start() > 0:
        then, otherwise = rest[: split.start()], rest[split.end() :]
    if is_vague(condition) or " " not in condition or len(condition) > 160:
        return None
    for act in (then, otherwise):
        if act is not None and not _is_act(act):
            return None
    return ConditionalSentence(condition, then, otherwise)


def _is_act(text: str) -> bool:
    """Whether a consequence is something to do here, that needs no other step and no condition."""
    if means_going_on(text):
        return True
    understood = starts_with_act(text) or parse_clause(strip_fillers(text), None) is not None
    # Where the run ends, nothing follows; to go on is what happens anyway.
    text = re.sub(_GOING_ON_BEHIND, "", text)
    until_end = re.split(r"\bdeclare_task_failed\b", mask(text))[0]
    jumps = _JUMP.search(until_end) is not None
    return (
        understood
        and not jumps
        and not has_condition_words(re.sub(r"(?i)\bwait until\b", "", text))
    )


def needs_other_steps(act: str) -> bool:
    """Whether an act names another step, or does something once more."""
    return _JUMP.search(mask(act)) is not None


def parse_decision_head(line: str) -> str | None:
    """Return the condition of `If X:`, whose consequence is the list below it."""
    found = re.fullmatch(r"(?i)(?:if|in case) (?P<condition>[^:]{3,160}?)(?:, then|,)?:", line)
    return None if found is None or is_vague(found["condition"]) else found["condition"]


def parse_otherwise(sentence: str) -> str | None:
    """Return what follows `Otherwise, ` or `If not, `."""
    found = _OTHERWISE.fullmatch(sentence.strip())
    return None if found is None else found["then"]


def parse_negation(sentence: str) -> str | None:
    """Return what follows `Otherwise, ` or `If it isn't, `, behind a sentence that checks."""
    found = _NEGATION.fullmatch(sentence.strip())
    act = found["then"] if found is not None else parse_otherwise(sentence)
    return act if act is not None and _is_act(act.rstrip(".!")) else None


def is_event(sentence: str) -> bool:
    """Whether a sentence only tells what happens: `When it is through, the report pops up.`"""
    shown = mask(sentence)
    if re.match(
        r"(?:this|it|the [\w ]+?)(?: (?:can|usually|may))? (?:takes?|runs?|lasts?) ", shown, _FLAGS
    ):
        return True
    found = re.match(r"(?:when|once|as soon as) [^,;]+, (?P<event>.+)", shown, _FLAGS)
    return (
        found is not None
        and not starts_with_act(found["event"])
        and not has_condition_words(found["event"])
    )


def parse_question(sentence: str) -> str | None:
    """Return what `Use focused_action to check whether X` asks, in front of a list of cases."""
    found = re.fullmatch(
        r"(?:use (?:a |the )?(?:tool )?focused_action to |mit focused_action )?"
        r"(?:(?:check|look|see|prüfen)(?: with focused_action)?,? "
        r"(?P<question>(?:whether|if|how many|at|ob|wie viele) .+)|"
        r"(?:verify|check|confirm)(?: with focused_action| \(focused_action\))?,? that "
        r"(?P<fact>.+))",
        sentence.strip().rstrip(".:"),
        _FLAGS,
    )
    if found is None:
        return None
    return re.sub(r"(?i)^(?:whether|if|ob) ", "", found["question"] or found["fact"])


def parse_case(line: str) -> tuple[str, str] | None:
    """Return the condition and the act of `no row: click "New"`, a case of a question."""
    shown = mask(line)
    found = re.match(r"(?P<case>[^:.;]{2,60}?)(?:: | -> )(?P<act>.+)", shown)
    depends = depends_on_before(line) and re.match(r"(?i)not ", line) is None
    if found is None or starts_with_act(line) or depends:
        return None
    return line[: found.end("case")], line[found.start("act") :]


def parse_unless_found(sentence: str) -> str | None:
    """Return what follows `If none fits, `, behind a choice."""
    found = re.fullmatch(
        r"(?i)if (?:none|nothing|no one|there is none)(?: of them)?"
        r"(?: (?:fits?|matches|is found))?,? (?P<then>.+)",
        sentence.strip().rstrip(".!"),
    )
    return None if found is None else found["then"]


def depends_on_before(sentence: str) -> bool:
    """Whether a sentence decides about what the sentence before it says."""
    return (
        re.match(r"(?i)(?:but )?(?:if|otherwise|else|when|sonst|not |none|still)\b", sentence)
        is not None
    )


def is_otherwise_head(line: str) -> bool:
    """Whether a line is `Otherwise:`, whose consequence is the list below it."""
    return _OTHERWISE_HEAD.fullmatch(line) is not None


def is_vague(condition: str) -> bool:
    """Whether a condition cannot be decided by the screen alone: `needed`, `it fails`."""
    condition = condition.strip()
    if shows_text(condition):
        return False
    outside = mask(condition)
    return _VAGUE.match(condition) is not None or _VAGUE_INSIDE.search(outside) is not None


def shows_text(condition: str) -> bool:
    """Whether a condition is that `it says "..."`, which is the screen."""
    return _SHOWS_TEXT.match(condition.strip()) is not None


def means_going_on(act: str) -> bool:
    """Whether an act is to do nothing."""
    return _GO_ON.fullmatch(act.strip().rstrip(".")) is not None


_FOR = re.compile(
    r"(?:start_loop over \{(?P<over>[A-Za-z_]\w*)\}\. for (?:each|every) (?P<one>[a-z][\w ]{0,30})|"
    r"(?:for|repeat (?:this|the following)(?: steps)? for) (?:each|every) "
    r"(?P<noun>[a-z][\w ]{0,30}?) (?:in|of|from) (?:the )?(?:list |array |input )?"
    r"\{(?P<list>[A-Za-z_]\w*)\})(?: (?:\(start_loop\),? )?do(?: the following)?)?"
    r"(?P<mark>[,:]?) ?(?P<then>.*)",
    _FLAGS,
)
_RULE = re.compile(
    r"(?:> ?)?(?:please )?(?:(?:note|important|warning|attention|caution|hinweis|achtung|wichtig|"
    r"remarks?|please be careful|be careful)\b[ \w]{0,14}[:!]|"
    r"(?:never|do not|don['’]t|niemals|at no time|at any (?:time|point))\b)",
    _FLAGS,
)
_RULES_HEADING = re.compile(
    r"(?:important |general )?(?:notes?|rules?|warnings?|constraints|hints?|remarks?|hinweise|"
    r"regeln)",
    _FLAGS,
)


def parse_repetition(sentence: str) -> Repeating | None:
    """Parse `For each order in {orders}, do Y`."""
    found = _FOR.fullmatch(sentence)
    if found is None or (found["then"] and not found["mark"]):
        return None
    return Repeating(found["noun"] or found["one"], found["list"] or found["over"], found["then"])


def find_parts_of_entries(prompt: str, items: str) -> tuple[str, ...]:
    """Return the fields that a prompt uses of the entries of an input, `{row.no}` of `{rows}`."""
    nouns = re.findall(
        rf"(?i)\b(?:each|every) ([a-z][\w ]{{0,30}}?) (?:in|of|from) (?:the )?\{{{items}\}}", prompt
    )
    return tuple(
        dict.fromkeys(
            part
            for noun in nouns
            for part in re.findall(rf"\{{{noun.replace(' ', '_')}\.({NAME})[}}.\[]", prompt)
        )
    )


def is_rule(paragraph: str) -> bool:
    """Whether a paragraph is a remark for the whole task: `Important: ...`, `Never ...`."""
    return _RULE.match(paragraph) is not None


def stands_alone_as_rule(entry: str) -> bool:
    """Whether an entry of a list is a rule for the whole task: `Never ...`, `Note: ...`."""
    return (
        re.match(r"(?i)(?:never|niemals|at no time|(?:note|hinweis|warning): )", entry) is not None
    )


def repeats_steps(rule: str) -> bool:
    """Whether a rule sends back to steps by number, or does something for each of some things."""
    return (
        re.search(r"(?i)\b(?:steps?|schritt|point|punkt) \d|\bfor (?:each|every)\b", rule)
        is not None
    )


def stands_always(paragraph: str) -> bool:
    """Whether a paragraph tells what to do in a case that may come at any time."""
    begins = re.match(r"(?i)(?:if|when|whenever|sometimes|wenn|falls)\b", paragraph) is not None
    whole = "\n" not in paragraph and paragraph.rstrip().endswith((".", "!"))
    return begins and whole and not needs_other_steps(paragraph)


def is_heading_of_rules(heading: str) -> bool:
    """Whether the lines below a heading are rules for the whole task."""
    return _RULES_HEADING.fullmatch(heading.strip("*:# ")) is not None
