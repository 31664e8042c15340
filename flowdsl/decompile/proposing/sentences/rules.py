"""The English and German of remarks that hold for the whole task: `Never press Esc`."""

from __future__ import annotations

import re

from ..wording import has_condition_words, mask, starts_with_act, strip_markdown
from .decisions import is_fragment, needs_other_steps

_FLAGS = re.IGNORECASE

_RULE = re.compile(
    r"(?:> ?)?(?:!+ ?|\(!\) ?|\*\*)?(?:please )?(?:(?:PS ?\d?|NB|tip|note|"
    r"important|warning|attention|caution|hinweis|achtung|wichtig|"
    r"remarks?|please be careful|be careful)\b[ \w]{0,14}[:!]|(?<=! )(?:do not|don['’]t)|"
    r"(?:bitte )?nicht [^.,;:]+en[.!]*$|"
    r"(?:bitte )?(?:nie|immer|auf (?:gar )?keinen fall|keinesfalls|unter keinen umständen|stets|"
    r"darauf achten)\b|bitte beachten\b|"
    r"[a-zäöüß]+n?(?: sie)? (?:bitte )?(?:nie|niemals|auf keinen fall|keinesfalls)\b|"
    r"(?!(?:do not|don['’]t) (?:go on|continue|proceed) )"
    r"(?:we |you )?(?:never|always|do not|don['’]t|niemals|immer|at no time|under no circumstances|"
    r"at any (?:time|point))\b|[^.:;,]{3,60} (?:must|may|should|is|are|be|darf|dürfen|werden|"
    r"wird)(?: be)? "
    r"(?:never|nie|niemals)\b)",
    _FLAGS,
)
_RULES_HEADING = re.compile(
    r"(?:important |general )?(?:general|important|wichtig|achtung|please note|bitte beachten|"
    r"notes?|rules?|don['’]ts?|warnings?|constraints|hints?|remarks?|hinweise|"
    r"regeln)",
    _FLAGS,
)


def is_rule(paragraph: str) -> bool:
    """Whether a paragraph is a remark for the whole task: `Important: ...`, `Never ...`."""
    return _RULE.match(paragraph) is not None


def is_ban(sentence: str) -> bool:
    """Whether a sentence forbids something for the whole task: `Never press Esc`."""
    return (
        re.match(
            r"(?i)(?:(?:and |(?:one (?:more|last) thing|note|rule|important|wichtig): |ps\d?:? )?"
            r"(?:please |bitte )?(?:we |you |make sure )?(?:never|niemals|nie|always|immer|"
            r"auf (?:gar )?keinen fall|keinesfalls|[a-zäöüß]+e (?:nie|niemals|auf keinen fall)|"
            r"(?:don['’]t|do not) ever|"
            r"under no circumstances|at no time)\b|[^.:;,]{3,60} (?:must|may|should|is|are|darf|"
            r"dürfen|werden|wird) (?:never|niemals)\b|(?:one (?:more|last) thing: )?"
            r"[^.:;,]{9,90}, (?:so )?never\b|(?:please )?(?:don['’]t|do not) "
            r"(?:.*, (?:whatever happens|not even .+)|"
            r"[^,]* (?:at any time|under any circumstances)\b.*)$)",
            sentence.rstrip(".! "),
        )
        is not None
        and re.search(
            r"(?i)\b(?:it|them|this|that|these|one|here|es|ihn|sie)\b(?! (?:more|last) thing)",
            mask(sentence).partition(", ")[0],  # behind it is the reason
        )
        is None
        and not has_condition_words(re.sub(r"(?i)\beven if\b", "", sentence))
    )


def stands_alone_as_rule(entry: str) -> bool:
    """Whether an entry of a list is a rule for the whole task: `Never ...`, `Note: ...`."""
    return re.match(
        r"(?i)(?:never|niemals|nie|auf keinen fall|at no time|(?:note|hinweis|warning): )", entry
    ) is not None or is_ban(strip_markdown(entry))


def repeats_steps(rule: str) -> bool:
    """Whether a rule sends back to steps by number, or does something for each of some things."""
    return (
        re.search(r"(?i)\b(?:steps?|schritt|point|punkt) \d|\bfor (?:each|every)\b", rule)
        is not None
    )


def stands_always(paragraph: str) -> bool:
    """Whether a paragraph tells what to do in a case that may come at any time."""
    begins = re.match(r"(?i)(?:if|when|whenever|sometimes|wenn|falls)\b", paragraph) is not None
    whole = "\n" not in paragraph and not paragraph.rstrip().endswith((":", ","))
    return begins and whole and not (needs_other_steps(paragraph) or is_in_turn(paragraph))


def states_always(line: str) -> bool:
    """Whether a line states what holds in every step: `Club members are exempt from the fee`."""
    opening = re.split(r"[,;:]", mask(line))[0]
    does = (
        r"\b[a-z]+_[a-z]+_[a-z_]+\b|(?i:\b(?:save|store|read|export|keep|speicher\w*|lies)\b)|\{\{"
    )
    return (
        line.rstrip().endswith((".", "!"))
        and not is_fragment(opening)
        and re.match(r"(?i)(?:it|this|that|these|they|you|we|I|es|das|dies\w*|sie)\b", line) is None
        and not (starts_with_act(line) or is_in_turn(line) or needs_other_steps(line))
        and re.search(does, line) is None
    )


def is_in_turn(sentence: str) -> bool:
    """Whether a sentence says when its turn comes: `When you are done`, `At the end`."""
    return (
        re.match(
            r"(?i)(?:and |und )?(?:at the (?:very )?end|in the end|finally|lastly|last|then|"
            r"afterwards|after|once|before|first|next|(?:am|zum) (?:ende|schluss)|danach|dann|"
            r"anschließend|zuletzt|abschließend|nachdem|bevor|vorher|"
            r"(?:when|if|wenn|sobald) (?:you|we|all|everything|alle|alles|du|sie)(?: \w+)* "
            r"(?:done|finished|through|over|fertig|durch|erledigt))\b",
            sentence,
        )
        is not None
    )


def is_heading_of_rules(heading: str) -> bool:
    """Whether the lines below a heading are rules for the whole task."""
    return _RULES_HEADING.fullmatch(heading.strip("*:# ")) is not None
