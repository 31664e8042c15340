"""Rules about wording; each is right at least nine times in ten on realistic prose."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, WORDING
from flowdsl.lint.context import LintContext
from flowdsl.lint.rule import LoadedRule
from flowdsl.lint.texts.prose import CONDITION, RULE, Prose, compile_prose_pattern, is_english
from flowdsl.lint.texts.targets import CONTROLS, Acting, ends_naming
from flowdsl.lint.triggers import SENTENCES
from flowdsl.syntax import ast
from flowdsl.syntax.statements import DO, SOURCE, TARGET

# A control that is named by nothing but its kind.


AMBIGUOUS_TARGET = WORDING.spec(
    "ambiguous-target",
    "`{target}` names no {kind} in particular",
    "say which one: its label in single quotes, or what it stands next to",
    INFO,
)

_TWO_WORDS = {
    "text box": "box",
    "check box": "box",
    "drop-down": "dropdown",
    "input field": "field",
}


def check_ambiguous_target(context: LintContext, prose: Prose) -> None:
    """Report each control of an instruction that has neither a label nor a place."""
    start, end = prose.bounds
    text = prose.written[:end]
    acting = Acting(text, start)
    english: bool | None = None
    at = text.find("the ", start)
    while at >= 0:
        control = _control(text, at + 4)
        if control and ends_naming(text, at + 4 + len(control)):
            alone = prose.role != DO and acting.is_alone(at)
            before = text[max(start, at - len("press ")) : at].lower()
            pressed = control != "key" or before.endswith(("press ", "hit "))
            if pressed and (alone or acting.is_told(at)):
                english = is_english(text) if english is None else english
                if not english:
                    return
                target = f"the {control}"
                kind = control.split()[-1].rstrip("s")
                place = prose.span(at, at + len(target))
                context.report(AMBIGUOUS_TARGET, place, target=target, kind=kind)
        at = text.find("the ", at + 4)


def _control(text: str, at: int) -> str:
    """The word for a control that begins at `at`; empty when there is none."""
    for words in _TWO_WORDS:
        if text.startswith(words, at) and not text[at + len(words) : at + len(words) + 1].isalnum():
            return words
    end = at
    while text[end : end + 1].isalpha():
        end += 1
    return text[at:end] if text[at:end] in CONTROLS else ""


# A `do` that says only what not to do.

NEGATIVE_ONLY_INSTRUCTION = WORDING.spec(
    "negative-only-instruction",
    "this step only says what not to do",
    "say what to do instead, or move it to `always` when it holds for the whole workflow",
    INFO,
)

_NEGATIVE = re.compile(
    r"\s*(?:please )?(?:do not|don't|don’t|never|avoid|under no circumstances)\b"
    r"(?! (?:forget|mind|wait|worry)\b)[^;:]*",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    r"\b(?:instead|but|only|until|unless|just|rather|leave|first|by \w+ing)\b", re.IGNORECASE
)
_BETWEEN = re.compile(r"[.!?](?:\s+|$)")


def check_negative_only_instruction(context: LintContext, prose: Prose) -> None:
    """Report a `do` whose every sentence forbids something."""
    start, end = prose.bounds
    text = prose.written[start:end]
    sentences = [each for each in _BETWEEN.split(text) if each.strip()]
    if not sentences:
        return
    if all(map(_NEGATIVE.fullmatch, sentences)) and not _POSITIVE.search(text) and is_english(text):
        stripped = text.strip()
        at = start + text.index(stripped)
        context.report(NEGATIVE_ONLY_INSTRUCTION, prose.span(at, at + len(stripped)))


# A place on the screen that is given in pixels.

PIXEL_COORDINATES = WORDING.spec(
    "pixel-coordinates",
    "`{place}` is a place in pixels",
    (
        "name what is there: its label, or what it stands next to; pixels hold for one "
        "resolution and one window"
    ),
    INFO,
)

_N = r"\d{1,4}"
_PLACES = (
    rf"\(\s*{_N}\s*,\s*{_N}\s*\)",
    rf"\bx\s*[=:]?\s*{_N}\s*(?:,|;|and)?\s*y\s*[=:]?\s*{_N}\b",
    rf"\bcoordinates?:?\s+\(?{_N}\s*[,x]\s*{_N}\)?",
    rf"(?<=\bat ){_N}\s*,\s*{_N}\b",
    rf"(?<=\bclick ){_N}(?:\s*,\s*|\s+){_N}\b",
    rf"(?<=\bclick on ){_N}(?:\s*,\s*|\s+){_N}\b",
    rf"\b{_N} ?(?:px|pixels?)"
    r" (?:(?:to the )?(?:left|right)(?: of| from)?|from|above|below|under|over)\b",
)
_NUMBERS = re.compile(r"\d[^\d\n]{1,8}\d|\d ?p")
_POINTING = r"\b(?:click|drag|hover|mouse|move|pointer|cursor|tap|point|press|coordinates?)\b"


def check_pixel_coordinates(context: LintContext, prose: Prose) -> None:
    """Report the first place of an instruction that is given in pixels."""
    if prose.role not in (DO, RULE, SOURCE, TARGET):
        return
    start, end = prose.bounds
    text = prose.written[start:end]
    if _NUMBERS.search(text) is None:
        return
    for pattern in _PLACES:
        found = re.search(pattern, text, re.IGNORECASE)
        if found is not None and re.search(_POINTING, text, re.IGNORECASE) and is_english(text):
            place = prose.span(start + found.start(), start + found.end())
            context.report(PIXEL_COORDINATES, place, place=found[0])
            return


# A `do` that holds many instructions, so that a failure in it does not say where.

SEVERAL_INSTRUCTIONS = WORDING.spec(
    "several-instructions",
    "this `do` holds {count} sentences, and more than {limit} are hard to follow and to trace",
    "split it into several statements, with `type`, `press` and `expect` where they fit",
    INFO,
)

SEVERAL_INSTRUCTIONS_OPTIONS = {"sentences": SENTENCES}

_SHORTEST = 8
"""The least characters of a sentence that counts, with its blanks and full stop."""
_SENTENCE_END = re.compile(r"[\w'\")}\]][.!?](?=\s+\S)")


def check_several_instructions(context: LintContext, statement: ast.DoStmt) -> None:
    """Report a `do` with more sentences than the project allows."""
    text = statement.text
    limit = context.option(
        SEVERAL_INSTRUCTIONS.name, "sentences", SEVERAL_INSTRUCTIONS_OPTIONS["sentences"]
    )
    if text.end - text.start < _SHORTEST * limit:
        return
    prose = Prose(text, DO, context.source)
    start, end = prose.bounds
    count = len(_SENTENCE_END.findall(prose.written[start:end].strip())) + 1
    if count > limit and is_english(prose.written):
        context.report(SEVERAL_INSTRUCTIONS, context.keyword(statement), count=count, limit=limit)


# A control that is known by its colour, size or position alone.

TARGET_BY_LOOK = WORDING.spec(
    "target-by-look",
    "`{target}` is known by {how} alone",
    (
        "name its label or what it does as well: colours and places change with themes, versions "
        "and window sizes"
    ),
    INFO,
)

_COLOUR = r"black|blue|brown|gr[ae]y|green|orange|pink|purple|red|white|yellow"
_SIZE = r"big|large|little|small|tiny"
_ORDER = (
    r"first|second|third|fourth|fifth|last|\d(?:st|nd|rd|th)|left|right|top|bottom|upper|lower"
    r"|leftmost|rightmost|topmost|bottommost"
)
_KIND = r"box|button|checkbox|dropdown|field|icon|link|slot|tab|textbox"
_SIDE = (
    r"(?:(?:far|very|upper|lower|top|bottom|left|right)[ -]?)*"
    r"(?:left|right|top|bottom|middle|center|centre|corner|side)(?: corner| side)?"
)
_WHERE = (
    rf"(?: (?:at|in|on) the {_SIDE}(?: of the (?:screen|page|window|dialog|form))?"
    r"| from the (?:left|right|top|bottom)\b(?! (?!and|then|to|in|on|of)\w))"
)

_BY_LOOK = (
    rf"\bthe (?:(?:{_COLOUR}|{_SIZE}|{_ORDER})[ ,]+)+(?:{_KIND})\b(?:{_WHERE})?",
    rf"\bthe (?:(?:{_COLOUR}|{_SIZE}) )+(?:arrow|one)\b(?:{_WHERE})?",
    rf"\bthe (?!right )(?:{_ORDER}) option\b",
    rf"\bthe (?:{_KIND}){_WHERE}",
)


_LOOKS = frozenset(f"{_COLOUR}|{_SIZE}|{_ORDER}".replace("gr[ae]y", "gray|grey").split("|")) | {
    "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th",
}  # fmt: skip
_BEFORE_PLACES = (["at"], ["in"], ["on"], ["from"])


def check_target_by_look(context: LintContext, prose: Prose) -> None:
    """Report each control that an instruction names only by its look or its place on the screen."""
    start, end = prose.bounds
    text = prose.written[start:end]
    if not _may_be_known_by_look(text):
        return
    acting = Acting(text, 0)
    english: bool | None = None
    for pattern in _BY_LOOK:
        for found in compile_prose_pattern(pattern).finditer(text):
            if "from the" not in " ".join(found[0].split()) and not ends_naming(text, found.end()):
                continue
            alone = prose.role != DO and acting.is_alone(found.start())
            if alone or acting.is_told(found.start()):
                english = is_english(text) if english is None else english
                if not english:
                    return
                how = (
                    "its colour"
                    if re.search(rf"\b(?:{_COLOUR})\b", found[0])
                    else "its place or size"
                )
                place = prose.span(start + found.start(), start + found.end())
                context.report(TARGET_BY_LOOK, place, target=" ".join(found[0].split()), how=how)


def _may_be_known_by_look(text: str) -> bool:
    """Whether `the` is before a look, or before a control and a place; most texts end here."""
    words = [word.rstrip(",") for word in text.split()]
    for index, word in enumerate(words[:-1]):
        if word == "the" and (
            words[index + 1] in _LOOKS or words[index + 2 : index + 3] in _BEFORE_PLACES
        ):
            return True
    return False


# An instruction that says what is wanted, but not what to do.

VAGUE_VERB = WORDING.spec(
    "vague-verb",
    "`{words}` leaves open what to do",
    "say which controls to use and what the screen then shows",
    INFO,
)

_OPEN = r"(?:^\s*|(?<=[.!;,]\s)|(?<=\band\s)|(?<=\bthen\s))"
_END = r"(?=\s*(?:[.!]?\s*$))"
_OBJECT = r"(?:[a-z{][\w{}$.-]* ){0,5}[a-z{][\w{}$.-]*?"
_SOME = r"(?:any|all|the|each|every|remaining|other|possible|these|those)"
_TROUBLE = (
    r"(?:alerts?|conflicts?|dialogs?|differences?|discrepanc(?:y|ies)|errors?|exceptions?|issues?"
    r"|messages?|pop-?ups?|problems?|warnings?)"
)
_TASK = r"(?:everything|all|the process|the task)"

_VAGUE = {
    rf"{_OPEN}(?:handle|deal with|take care of|sort out|cope with)(?! (?:by|it with)\b)"
    rf" {_OBJECT}{_END}": "handle deal care sort cope",
    rf"{_OPEN}(?:address|fix|manage|resolve) (?:(?:{_SOME} )?(?:[a-z]+ )?{_TROUBLE}|it)"
    rf"(?: as needed| if needed)?{_END}": "address fix manage resolve",
    rf"{_OPEN}process (?:the|all|any|each|every|this|these) {_OBJECT}{_END}": "process",
    rf"\b(?:make|be) sure\b.{{0,9}}\b{_TASK}\b.{{0,40}}": "sure",
    rf"\b(?:ensure|check|verify|confirm)(?: that)? {_TASK}\b"
    r" (?:is|are|looks?|works?|went|has)\b.{0,30}": "ensure check verify confirm",
    r"^everything (?:is|looks) (?:fine|good|ok|okay|well|correct|right)\b": "everything",
    r"\b(?:as (?:you see fit|appropriate)|appropriately)\b": "fit appropriate",
    r"\buse (?:your |common )?(?:best |good )?(?:judge?ment|sense)\b": "judg sense",
    r"\bdo (?:whatever|what) (?:is|it takes|you)\b.{0,20}": "what",
    r"\b(?:if something goes wrong), (?:fix|handle|solve) it\b": "something",
    rf"^(?:download|export|get|fetch) the (?:[a-z]+ )?(?:report|file|document|data){_END}":
        "download export get fetch",
    rf"^(?:fill in|fill out|complete) the (?:[a-z]+ )?form{_END}": "fill complete",
    rf"^update the (?:record|ticket|entry|claim|account|chart|profile){_END}": "update",
    rf"^(?:log|sign) in{_END}": "log sign",
    rf"^(?:clean|tidy) up(?: (?:everything|afterwards|the \w+))?{_END}": "clean tidy",
    rf"^wait (?:a|for a) (?:bit|while|moment|little){_END}": "wait",
    r"\b(?:choose|select|pick) the (?:right|correct|appropriate|proper|suitable)"
    rf" (?:option|one|value|category|entry|item){_END}": "choose select pick",
}  # fmt: skip
"""Patterns of vague words, each with words one of which a text has to hold.

An expression takes as long to compile as many texts to read, so most are never compiled.
"""

_TOLD_HOW = re.compile(r"\b(?:by|using|with|as follows|through|via)\b(?! popups)|[:>'\"]")


def check_vague_verb(context: LintContext, prose: Prose) -> None:
    """Report the first vague words of an instruction that are followed by nothing more precise."""
    if prose.role not in (DO, RULE, CONDITION):
        return
    start, end = prose.bounds
    text = prose.written[start:end]
    lower = text.lower()
    for pattern, held in _VAGUE.items():
        if not any(word in lower for word in held.split()):
            continue
        found = compile_prose_pattern(pattern).search(text)
        if found is not None:
            words = re.sub(r"^(?:handle|deal with)\b", "", found[0], flags=re.IGNORECASE)
            if _TOLD_HOW.search(words) is None and is_english(text):
                first = found.end() - len(found[0].lstrip())
                place = prose.span(start + first, start + found.end())
                context.report(VAGUE_VERB, place, words=" ".join(found[0].split()).strip(" ."))
                return


RULES = (
    LoadedRule(AMBIGUOUS_TARGET, check_ambiguous_target),
    LoadedRule(NEGATIVE_ONLY_INSTRUCTION, check_negative_only_instruction),
    LoadedRule(PIXEL_COORDINATES, check_pixel_coordinates),
    LoadedRule(SEVERAL_INSTRUCTIONS, check_several_instructions, SEVERAL_INSTRUCTIONS_OPTIONS),
    LoadedRule(TARGET_BY_LOOK, check_target_by_look),
    LoadedRule(VAGUE_VERB, check_vague_verb),
)
