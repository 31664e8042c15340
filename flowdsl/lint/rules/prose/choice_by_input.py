"""Reports a choice by an input in the prose of a `do`.

A replay repeats the recorded click, whatever the input is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Edit, Fix
from flowdsl.lint.bodies import body_of
from flowdsl.lint.context import LintContext
from flowdsl.lint.texts.prose import Prose, compile_prose_pattern, is_english
from flowdsl.semantics.model import INPUT, LOOP, PARAMETER, RUNTIME
from flowdsl.syntax import ast
from flowdsl.syntax.statements import keyword_span

SPEC = SUSPICIOUS.spec(
    "choice-by-input",
    "what `{name}` chooses here is chosen once: a replay clicks where the recorded run did",
    "write `choose`, which looks for it again on every run",
)

_DECIDE = "write it as an `if` with that condition, which is decided again on every run"

_SCROLL = 'write `repeat max 20 { … } until sees "…"`, which looks after each round'
_COUNT = "name what the keys lead to in `choose`; a replay repeats the recorded presses"

_VARYING = frozenset((INPUT, PARAMETER, LOOP, RUNTIME))
_MARK = "\x01"
_VARIABLE = r"[\"'\\]*(?P<variable>\x01+)(?!\x01)"

_VERB = (
    r"(?P<verb>\b(?:(?:double|right)[- ]?click|click|select|choose|pick|open|tick|untick|uncheck"
    r"|highlight|mark"
    r"|check(?! (?:that|if|whether)\b)|expand|find|locate|drag|move|delete)\b(?: on\b)?)"
)
_PICKING = (
    r"(?P<verb>\b(?:(?:double|right)[- ]?click|click|select|choose|pick|tick|untick|uncheck"
    r"|highlight|expand|check(?! (?:that|if|whether)\b))\b(?: on\b)?)"
)
_TYPING = r"(?P<verb>\b(?:press|put|type|key in)\b)"
_STOP = r"and|or|then|to|into|as|until|while|when|if|by|than|types?|enter|press|set"
_NAVIGATION = r"(?:page|url|address|site|website|search|command)\b"
_GAP = rf"(?:(?!\b(?:{_STOP}|{_NAVIGATION})\b)[^,;:>\x01]){{0,60}}?"
_WORD = rf"(?!(?:{_STOP})\b|{_NAVIGATION})[\w.-]+ "
_ONE = (
    r"(?-i:rows?|lines?|entry|entries|records?|results?|items?|match|option|suggestion|card|tile)"
)
_LIST = r"(?:[\w-]+ ){0,3}(?:list|results|table|grid|worklist|board|queue|drop-?down)\b"
_IN_LIST = rf"(?:in|from|on) the {_LIST}"
_OF_ONE = rf"{_ONE} (?:(?!in\b|folder\b|file\b){_WORD}){{0,5}}?{_VARIABLE}"
_TYPED = (
    r"(?:address|app|application|directory|drive|file|folder|for|in|link|path|portal|program|with"
    r"|window)\b"
)
_WHOSE = (
    r"(?:\bmatching|\bthat match(?:es)?|\bowned by|\bthat belongs? to|\bthat shows?"
    rf"|\bwhose\b{_GAP}\b(?:is|are|equals|starts with)|\bwhere\b{_GAP}\b(?:is|equals))"
    rf" (?:\w+ )?{_VARIABLE}"
)

_CHOOSING = """
    click doubleclick rightclick select choose pick tick untick uncheck highlight check expand
"""
_DO = frozenset(_CHOOSING.split())
_ACT = _DO | {"open", "mark", "find", "locate", "drag", "move", "delete"}
_ANY = frozenset[str]()
_KEY = frozenset(("press", "put", "type", "key"))
_BRANCH = (
    rf"(?P<verb>\b(?:if|when|unless|in case)\b) (?:the )?{_VARIABLE}"
    r" (?:is|isn't|are|was|equals?|says|contains|starts with|ends with|has)\b"
)
"""A decision by a value: `if x is a, press F1`."""

_CLAIMING = "matching match matches owned belongs belong shows show whose where"
_CLAIMS = frozenset(_CLAIMING.split())
_PATTERNS: tuple[tuple[Set[str], Set[str], str], ...] = (
    ({"if", "when", "unless", "case"}, _ANY, _BRANCH),
    # the row matching x, the claim whose number is x
    (_ACT, _CLAIMS, rf"{_VERB} {_GAP}{_WHOSE}"),
    (_KEY, _CLAIMS, rf"{_TYPING} {_GAP}\b{_ONE} {_WHOSE}"),
    # the row of x, the entry for supplier x, the line x
    (_ACT, _ANY, rf"{_VERB} (?:{_WORD}){{0,4}}?{_OF_ONE}"),
    (
        _KEY,
        {"front", "next", "beside"},
        rf"{_TYPING} (?:{_WORD}){{1,6}}?(?:in front of|next to|beside)"
        rf" (?:{_WORD}){{0,2}}?{_OF_ONE}",
    ),
    # the patient x in the list
    (_ACT, _ANY, rf"{_VERB} (?:{_WORD}){{1,4}}{_VARIABLE}(?: and (?:\w+ )?\x01+)? {_IN_LIST}"),
    # x from the results
    (_ACT, _ANY, rf"{_VERB} {_VARIABLE} {_IN_LIST}"),
    # from the results, open the parcel of x
    (
        _ACT,
        _ANY,
        rf"{_IN_LIST}(?:(?!\b(?:and|or|then)\b)[^.;,>\x01]){{0,40}},?"
        rf" {_VERB} (?:{_WORD}){{0,5}}{_VARIABLE}",
    ),
    # click on x, select x
    (_DO, _ANY, rf"{_PICKING} {_VARIABLE}(?! times\b)"),
    # the box x, the box beside x, the checkbox for the x bill
    (
        _DO,
        _ANY,
        rf"{_PICKING} (?:{_WORD}){{1,3}}?(?:check ?)?box(?:es)? (?:{_WORD}){{0,4}}?{_VARIABLE}",
    ),
    # the type x, the time slot x
    (_DO, _ANY, rf"{_PICKING} the (?:type |{_WORD})(?:{_WORD}){{0,2}}?{_VARIABLE}"),
    # go to the tab x
    (
        {"change", "go", "jump", "navigate", "switch"},
        _ANY,
        rf"(?P<verb>\b(?:change|go|jump|navigate|switch)\b(?: over| back)? to)"
        rf" the (?:(?!{_TYPED}){_WORD}){{1,3}}?{_VARIABLE}",
    ),
    # go to the x tab, click on the x button
    (
        {"click", "go", "open", "press", "switch"},
        {"button", "card", "icon", "link", "menu", "tab", "tile"},
        rf"(?P<verb>\b(?:click|go to|open|press|switch to)\b(?: on)?) the {_VARIABLE}"
        r"[\"'\\]* (?:button|card|icon|link|menu|tab|tile)\b",
    ),
    # open the order x
    (
        {"open"},
        _ANY,
        rf"(?P<verb>\bopen\b) the (?:(?!{_TYPED}){_WORD}){{1,2}}?{_VARIABLE}"
        r"(?! (?:by|using|via|with)\b)",
    ),
    # set the drop-down to x
    (
        {"set"},
        _ANY,
        r"(?P<verb>\bset\b)[^.;,:\x01]{0,40}?\b(?:drop-?down|list|combo ?box|radio button)\b"
        rf"[^.;,:\x01]{{0,40}}? to {_VARIABLE}",
    ),
    # navigate to Accounts > x
    (
        {"browse", "choose", "click", "go", "navigate", "open", "select"},
        _ANY,
        r"(?P<verb>\b(?:browse|choose|click|go|navigate|open|select)\b(?: to)?)"
        rf" [^.;,\x01]{{1,60}}>\s*{_VARIABLE}",
    ),
    # scroll down until x is visible
    (
        {"page", "scroll"},
        {"until", "to"},
        rf"(?P<verb>\b(?:page|scroll)\b) [^.;,\x01]{{0,30}}?\b(?:until|to) {_GAP}{_VARIABLE}",
    ),
    # press the down arrow x times
    (
        {"click", "hit", "press", "push", "tap"},
        {"times"},
        rf"(?P<verb>\b(?:click|hit|press|push|tap)\b) [^.;,\x01]{{1,40}}? {_VARIABLE} times\b",
    ),
)
"""Patterns, each with verbs one of which it holds, and with other words, one of which as well.

Most patterns need not be tried, nor compiled. No other words: the pattern needs none.
"""
_BY_WORD: dict[str, list[int]] = {}
for _at, _row in enumerate(_PATTERNS):
    for _word in _row[0]:
        _BY_WORD.setdefault(_word, []).append(_at)

_SENTENCE = re.compile(r"(?:[^.;!?]|[.;!?](?!\s|$))+")
_OPENING = re.compile(
    r"\s*((?:double-click|click|select|choose|pick|open)(?: on)?\s+)", re.IGNORECASE
)


def check(context: LintContext, prose: Prose) -> None:
    """Report the first choice of a `do` that depends on a value that varies from run to run."""
    choice = find_choice(context, prose)
    statement = None if choice is None else find_recorded_do(context, prose.text)
    if choice is None or statement is None:
        return
    found, offset, rest = choice
    name = prose.written[offset + found.start("variable") : offset + found.end("variable")]
    place = prose.span(offset + found.start("verb"), offset + found.end())
    fixes = () if rest.strip(" \n.!") else _make_choose_fix(prose, statement)
    help = None
    if compile_prose_pattern(_BRANCH).match(found[0]):
        help = _DECIDE
    elif found["verb"].lower().startswith("scroll"):
        help = _SCROLL
    elif re.search(r"\stimes$", found[0]):
        help = _COUNT
    context.report(SPEC, place, name=name, fixes=fixes, help=help)


def find_choice(context: LintContext, prose: Prose) -> tuple[re.Match[str], int, str] | None:
    """The first choice by a varying value, the offset of its sentence, and the rest of the text."""
    if not _find_patterns(prose.written):
        return None
    variables = [part for part in prose.text.parts if _varies(context, part)]
    if not variables:
        return None
    start, end = prose.bounds
    masked = _mask_variables(prose, variables)[:end]
    for sentence in _SENTENCE.finditer(masked, start):
        found = _find_choice(sentence[0])
        if found is not None and is_english(sentence[0]):
            return (
                found,
                sentence.start(),
                masked[start : sentence.start()] + masked[sentence.end() :],
            )
    return None


def _find_choice(sentence: str) -> re.Match[str] | None:
    for pattern in _find_patterns(sentence):
        found = compile_prose_pattern(pattern).search(sentence)
        if found is not None:
            return found
    return None


def _find_patterns(text: str) -> list[str]:
    """The patterns whose words are in a text."""
    held = set(re.findall("[a-z]+", text.lower()))
    tried = {at for word in _BY_WORD.keys() & held for at in _BY_WORD[word]}
    rows = (_PATTERNS[at] for at in sorted(tried))
    return [pattern for _, others, pattern in rows if not others or not held.isdisjoint(others)]


def _varies(context: LintContext, part: ast.TextPart) -> bool:
    value = context.model.values.get(part) if isinstance(part, ast.Ref) else None
    return value is not None and value.kind in _VARYING


def _mask_variables(prose: Prose, variables: list[ast.TextPart]) -> str:
    """Replace the variables that vary by marks; offsets stay the same."""
    parts = list(prose.written)
    for each in variables:
        length = each.end - each.start
        parts[each.start - prose.text.start : each.end - prose.text.start] = _MARK * length
    return "".join(parts)


def _make_choose_fix(prose: Prose, statement: ast.DoStmt) -> tuple[Fix, ...]:
    """The fix that writes `choose`, for a text of one sentence that says nothing but the choice."""
    start, end = prose.bounds
    opening = _OPENING.match(prose.written, start)
    if opening is None or re.search(
        r",| and (?:then )?(?:\w+-)?(?:click|open|press|type|select)\b",
        prose.written[opening.end() : end],
    ):
        return ()
    keyword = keyword_span(statement, prose.source)
    edits = (Edit(keyword, "choose"), Edit(prose.span(opening.start(1), opening.end()), ""))
    return (Fix("choose it on every run", edits, "unsafe"),)


def find_recorded_do(context: LintContext, text: ast.Text) -> ast.DoStmt | None:
    """The `do` with this text, when the main agent carries it out and its actions are recorded.

    None when a focused agent carries it out.
    """
    body = body_of(context.declaration)
    found = next(
        (each for each in _by_main_agent(body) if getattr(each, "text", None) is text), None
    )
    if not isinstance(found, ast.DoStmt):
        return None
    if isinstance(context.declaration, ast.TaskDecl) and not _is_called_plainly(
        context, context.declaration
    ):
        return None
    return found


def _by_main_agent(block: ast.Block | None, *, looped: bool = False) -> Iterator[ast.Stmt]:
    """Yield the statements of a body outside branches, attempts, repetitions and nested loops.

    Others are carried out by the focused agent that decides, or iterates over the list.
    """
    for statement in block.statements if block is not None else ():
        if isinstance(statement, ast.AnnotatedStmt):
            statement = statement.statement
        yield statement
        is_loop = isinstance(statement, ast.ForStmt)
        if isinstance(statement, ast.StepStmt | ast.ForStmt) and not (is_loop and looped):
            yield from _by_main_agent(statement.body, looped=looped or is_loop)


def _is_called_plainly(context: LintContext, task: ast.TaskDecl) -> bool:
    """Whether the main agent carries out some call of a task, or nothing calls the task."""
    if all(symbol.declaration is not task for symbol in context.model.calls.values()):
        return True
    for module in context.model.modules:
        for declaration in module.declarations:
            for statement in _by_main_agent(body_of(declaration)):
                if isinstance(statement, ast.CallStmt):
                    symbol = context.model.calls.get(statement)
                    if symbol is not None and symbol.declaration is task:
                        return True
    return False
