"""An instruction that says what is wanted, but not what to do."""

from __future__ import annotations

import re

from flowdsl.diagnostics.diagnostic import INFO, DiagnosticSpec
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import CONDITION, RULE, Prose, is_english, wrapped
from flowdsl.syntax.statements import DO

SPEC = DiagnosticSpec(
    "vague-verb",
    "wording",
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


def check(context: LintContext, prose: Prose) -> None:
    """Report the first vague words of an instruction that are followed by nothing more precise."""
    if prose.role not in (DO, RULE, CONDITION):
        return
    start, end = prose.bounds
    text = prose.written[start:end]
    lower = text.lower()
    for pattern, held in _VAGUE.items():
        if not any(word in lower for word in held.split()):
            continue
        found = wrapped(pattern).search(text)
        if found is not None:
            words = re.sub(r"^(?:handle|deal with)\b", "", found[0], flags=re.IGNORECASE)
            if _TOLD_HOW.search(words) is None and is_english(text):
                first = found.end() - len(found[0].lstrip())
                place = prose.span(start + first, start + found.end())
                context.report(SPEC, place, words=" ".join(found[0].split()).strip(" ."))
                return
