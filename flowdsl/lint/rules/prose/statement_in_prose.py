"""Reports instructions in the prose of a `do` for which there is a statement.

A condition, a repetition, a reading, a day or a stop in a `do` of the main agent, or in a prompt in
a file: a replay repeats the actions of the recorded run, and decides, reads and stops nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from flowdsl.diagnostics.diagnostic import SUSPICIOUS, Edit, Fix, Label
from flowdsl.lint.context import LintContext
from flowdsl.lint.rules.prose.choice_by_input import find_choice, find_recorded_do
from flowdsl.lint.rules.prose.prompt_files import find_prompt_file, hide_tags
from flowdsl.lint.texts.prose import Prose, compile_prose_pattern, is_english
from flowdsl.source.text import Span
from flowdsl.syntax import ast

SPEC = SUSPICIOUS.spec(
    "statement-in-prose",
    "`{words}` in {place} {result}",
    "write the statement that says it: `if`, `for`, `repeat`, `extract`, `capture` or `abort`",
)

_HIDDEN = "\x02"
_QUOTED = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)|\\?\"[^\"\n]*\"|{[^{}\n]*}|`[^`\n]*`")
_START = r"(?:^|[.!?;:,]\s|\n)\s{0,40}(?:[-*] )?(?:(?:and|then|but|so|please|also|now)\b,? )*"
_CLAUSE = rf"(?:{_START}|\b(?:and|then) )"
_GAP = r"(?:(?!\b(?:wait|and|then|hold)\b)[^.;,])"
_REST = r"[^.;!?]"

_ASKING = """
    as even what see check verify ask asks asked asking know confirm sure
"""
_ASKED = "".join(rf"(?<!\b{word}\s)" for word in _ASKING.split())
_NOTHING = r"(?! any\b(?:\W|$)| possible\b| not\b| so\b)"
_CONDITIONS = (
    rf"{_START}(?P<words>(?:if|unless|in case|otherwise|depending on|should (?:an?|the|it|there))"
    rf"\b{_NOTHING})",
    rf" {_ASKED}(?P<words>(?:only )?(?:if|unless|in case|depending on)\b{_NOTHING})",
)

_ROWS = r"(?:boxes|entries|invoices|items|jobs|lines|orders|pages|records|results|rows|tickets)"
_REPEATED = (
    r"(?:approve|cancel|check|click|close|confirm|copy|delete|dismiss|download|enter|export|handle"
    r"|mark|open|post|press|print|process|release|remove|save|select|tick|type|update)"
)
_LOOPS = (
    r"\b(?P<words>for (?:each|every))\b",
    rf"{_START}(?P<words>for all)\b",
    rf"{_CLAUSE}(?P<words>(?:repeat|redo) (?:this|these|that|it|everything|for|until|the"
    r" (?:above|same|steps?|last|previous|procedure|process))\b)",
    rf"{_CLAUSE}(?P<words>do (?:this|that|it|the same) "
    r"(?:again|(?:for|with) (?:each|every|all)|one by one|until)\b)",
    r"\b(?P<words>one by one|one after (?:the other|another)|as long as)\b",
    r"\b(?P<words>(?:go|work|step|loop|page|run) (?:your way )?(?:through|over)"
    rf" (?:all|each|every|the (?:\w+ ){{0,2}}(?:list|table|{_ROWS})))\b",
    rf"(?<!\bnot\s)(?<!n't\s)(?<!\bnever\s)\b(?P<words>(?:click|hit|page|press|scroll|tap)\b{_GAP}{{0,60}}?\buntil)\b",
    r"\b(?P<words>keep (?:on )?(?:clicking|hitting|paging|pressing|scrolling|tapping))\b",
    rf"{_CLAUSE}(?P<words>{_REPEATED} (?:each|every) (?!\d|minute|second|hour)[a-z]\w*)",
    rf"{_CLAUSE}(?P<words>{_REPEATED} all (?:of )?(?:the )?(?:\w+ ){{0,2}}?{_ROWS}"
    r" (?:that|which|whose|where))\b",
)

_INTO = (
    rf"(?!{_REST}{{0,200}}\b(?:in|into|under|to|as) "
    r"(?:the (?:\w+ ){0,2}(?:field|box|column)\b|\x02))"
)
_READ = (
    r"(?:amount|balance|code|count|date|id|name|number|price|reference|status|sum|total|value)\b"
)
_THING = r"(?:the|its|this|all|what|which|how)"
_READINGS = (
    rf"{_CLAUSE}(?P<words>(?:note(?: down)?|write down|jot down|memori[sz]e|remember"
    rf"|(?:make|take) (?:a )?note of|keep track of) (?={_THING}\b)){_INTO}",
    rf"{_CLAUSE}(?P<words>(?:keep|hold|store) (?={_THING}\b{_REST}{{0,200}}"
    r"\b(?:in mind|for later)\b))",
    rf"{_CLAUSE}(?P<words>(?:read(?: off| out)?|extract|find out|grab)"
    rf" (?=the (?:[\w-]+ ){{0,3}}{_READ})){_INTO}",
)
_SCREENSHOTS = (
    r"\b(?P<words>(?:(?:take|make|capture|grab) (?:an? |another |one )?|(?:get|save) an? )"
    r"(?:full )?(?:screen\s?shot|screen capture"
    r"|(?:picture|snapshot) of the (?:screen|page|window)))"
    rf"\b(?!{_REST}{{0,200}}\b(?:snip\w*|extract_prompt|paste|clipboard|Win|Print)\b)",
)
_DAYS = (
    r"\b(?:choose|click|enter|fill in|insert|key in|pick|put|select|set|type|use|write)\b"
    r"[^.;]{0,60}?\b(?P<words>(?-i:today|yesterday|tomorrow)(?!'s (?!date\b|day\b))(?:'s \w+)?"
    r"|the current (?:date|day|month|year))\b",
)
_STOPS = (
    rf"{_CLAUSE}(?P<words>(?:stop|abort|halt|give up)\b)"
    r"(?=\s*$|\s*[.!;,]| (?:here|now|if|when|unless|with|immediately|everything|processing"
    r"|and report|the (?:\w+ )?(?:workflow|run|processing|automation))\b)",
    rf"{_CLAUSE}(?P<words>(?:cancel|end|exit|fail|quit) the (?:workflow|run|automation))\b",
)

_SHOWN = re.compile(
    r"\s+(?:appears|(?:is|are) (?:shown|visible|displayed|open)|comes up|opens|pops up|shows up"
    r"|exists?|is there)$"
)
_SEEN = re.compile(r"^(?:you see|there (?:is|are)|the screen shows)\s+")
_UNNAMED = re.compile(r"(?:it|they|that|this|so|asked|needed|necessary|required|prompted)\b")


_BY_TOOL = {
    "leaves": "save_screenshot_as_run_attachment",
    "is done": "start_loop",
}
"""The tool that does what a prompt says, by how the result begins that it would have without."""


def check(context: LintContext, prose: Prose | ast.PromptFrom) -> None:
    """Report the first instruction of a recorded `do` that a statement says."""
    if isinstance(prose, ast.PromptFrom):
        _check_prompt_file(context, prose)
        return
    start, end = prose.bounds
    text = _QUOTED.sub(lambda quoted: _HIDDEN * len(quoted[0]), prose.written[start:end])
    found = next(_find_all(text), None)
    if found is None or not is_english(prose.written):
        return
    statement = find_recorded_do(context, prose.text)
    if statement is None or find_choice(context, prose) is not None:
        return
    match, result, say = found
    code, help = ("", say) if isinstance(say, str) else say(text, prose.written[start:end], match)
    place = prose.span(start + match.start("words"), start + match.end("words"))
    fixes: tuple[Fix, ...] = ()
    span = context.span(statement)
    # In a raw text braces and backslashes mean themselves, and a comment would be lost.
    if code and prose.text.form == ast.STRING and "{#" not in span.text:
        fixes = (Fix("decide it on every run", (Edit(span, code),), "unsafe"),)
    words = " ".join(match["words"].split())
    context.report(
        SPEC, place, words=words, place="this `do`", result=result, help=help, fixes=fixes
    )


def _check_prompt_file(context: LintContext, node: ast.PromptFrom) -> None:
    """Report the first instruction of each kind in a prompt file, outside of focused actions."""
    source = find_prompt_file(context)
    if source is None:
        return
    shown = hide_tags(source.text)
    reported: set[str] = set()
    for line in re.finditer(r"[^\n]+", shown):
        if "focused_action" in line[0] or not is_english(line[0]):
            continue
        hidden = _QUOTED.sub(lambda quoted: _HIDDEN * len(quoted[0]), line[0])
        for match, result, _ in _find_all(hidden):
            tools = [tool for begins, tool in _BY_TOOL.items() if result.startswith(begins)]
            if result in reported or any(tool in line[0] for tool in tools):
                continue
            reported.add(result)
            if result.startswith("keeps"):
                result = "is read once: a replay has the value of the recorded run"
            start = line.start() + match.start("words")
            end = start + len(match["words"].rstrip())
            context.report(
                SPEC,
                Span(source, start, end),
                words=" ".join(match["words"].split()),
                place="this prompt",
                result=result,
                help="let a `focused_action` do it, or write a statement: "
                "`flowdsl convert --step` proposes some",
                labels=(Label(context.span(node), "taken in here"),),
            )


_Say = Callable[[str, str, "re.Match[str]"], tuple[str, str]] | str
"""Makes the statement for a whole text ('' where it is not one sentence), and the help.

Only the help where the words of the author are no part of the statement."""


def _find_all(text: str) -> Iterator[tuple[re.Match[str], str, _Say]]:
    held = set(re.findall("[a-z]+", text.lower()))
    for words, patterns, result, say in _KINDS:
        if held.isdisjoint(words.split()):
            continue
        for pattern in patterns:
            match = compile_prose_pattern(pattern).search(text)
            if match is not None:
                yield match, result, say


def _say_condition(text: str, written: str, match: re.Match[str]) -> tuple[str, str]:
    """An `if` with the words of the author, where the text is one condition and one action."""
    general = 'write `if sees "…" { do "…" }`, which is decided again on every run'
    cut = _split_condition(text, match)
    if cut is None:
        return "", general
    (first, last), (begin, end) = cut
    shown = _SEEN.sub("", _SHOWN.sub("", written[first:last].strip()))
    action = written[begin:end].strip(" .!,")
    if not shown or not action or _UNNAMED.match(shown) or '"' in written or "\n" in written:
        return "", general
    negated = "not " if match["words"].lower().startswith("unless") else ""
    if compile_prose_pattern(_STOPS[0]).match(text[begin:end].strip()):
        then = f'abort "{shown[0].upper()}{shown[1:]}"'
    else:
        then = f'do "{action[0].upper()}{action[1:]}"'
    code = f'if {negated}sees "{shown}" {{ {then} }}'
    return code, f"write `{code}`, which is decided again on every run"


_SEVERAL = re.compile(r"[,:]|\b(?:and|then)\b")
"""Behind a condition: it may be several things, of which only some are asked."""


def _split_condition(
    text: str, match: re.Match[str]
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The bounds of what is asked and of what is done; None where the text is more than that."""
    if re.fullmatch(r"(?:only )?(?:if|unless|in case)", match["words"].lower()) is None:
        return None
    if len(re.findall(r"[.!?;](?=\s+\S)", text)):
        return None
    begin, end = match.span("words")
    if (before := text[:begin].strip()) and before.lower() != "only":
        if _SEVERAL.search(text, end) or re.search(r"(?:,|\band)$", before):
            return None
        return (end, len(text.rstrip(" .!"))), (0, begin)
    comma = re.compile(r",\s+(?:then\s+)?|\s+then\s+").search(text, end)
    if comma is None or re.compile(r"\b(?:otherwise|else|unless|if)\b").search(text, comma.end()):
        return None
    return (end, comma.start()), (comma.end(), len(text))


def _say_loop(text: str, written: str, match: re.Match[str]) -> tuple[str, str]:
    """A `repeat` with the words of the author for `A until C`, a reading for `for each R`."""
    until = re.search(r"\suntil\s+", text)
    if (
        until is not None
        and not re.search(r"[.!?;](?=\s+\S)", text)
        and not _SEVERAL.search(text, until.end())
        and not re.match(r"\s*(?:repeat|do) (?:this|that|it)\b|.*,", text[: until.start()].lower())
        and '"' not in written
    ):
        action = " ".join(written[: until.start()].split())
        shown = " ".join(written[until.end() :].rstrip(" .!\n").split())
        shown = _SEEN.sub("", _SHOWN.sub("", shown))
        if action and shown and not _UNNAMED.match(shown):
            code = f'repeat max 20 {{ do "{action}" }} until sees "{shown}"'
            return code, f"write `{code}`, which looks after each round"
    return "", (
        'read a list with `extract rows: string[] from "…"` and write `for row in rows max 50 '
        '{ … }`, or `repeat max 20 { … } until sees "…"`'
    )


def _say_reading(text: str, written: str, match: re.Match[str]) -> tuple[str, str]:
    """An `extract` of the thing that is named after the verb."""
    thing = re.compile(r"(?:(?!\b(?:and|then|for later|in mind)\b)[^.;,!?\x02])+").match(
        text, match.end("words")
    )
    named = " ".join(thing[0].split()) if thing is not None else ""
    head = re.match(
        r"the ((?:[a-z]+ )*?)([a-z]+)(?= (?:at|in|of|on|from|for|beside|next)\b|$)", named
    )
    if head is None:
        return "", 'write `extract total: string from "…"`, which reads it on every run'
    code = f'extract seen_{head[2]}: string from "{named}"'
    return "", f"write `{code}`, which reads it on every run and names it for later statements"


_KINDS: tuple[tuple[str, tuple[str, ...], str, _Say], ...] = (
    (
        "if unless case otherwise depending should",
        _CONDITIONS,
        "is decided once: a replay does what the recorded run did",
        _say_condition,
    ),
    (
        "each every all repeat redo again one long through over until keep",
        _LOOPS,
        "is done as often as in the recorded run, whatever a later run shows",
        _say_loop,
    ),
    (
        "stop abort halt give cancel end exit fail quit",
        _STOPS,
        "does not end the run: a replay goes on",
        'write `abort "…"`, in the block of a condition where it depends on one',
    ),
    (
        "note write jot memorize memorise remember track keep hold store read extract find grab",
        _READINGS,
        "keeps nothing that a later statement could use",
        _say_reading,
    ),
    (
        "screenshot shot capture picture snapshot",
        _SCREENSHOTS,
        "leaves no picture with the run",
        'write `capture "screen.png"`, which keeps the picture with the run',
    ),
    (
        "today yesterday tomorrow current",
        _DAYS,
        "is the day of the recorded run: a replay enters that day again",
        'write `type today into "…"`, with "dates = true" in the section "terminal"; or declare '
        "an input for the day",
    ),
)
"""Each kind of instruction: words one of which it holds, patterns, its result and its statement.

A pattern takes as long to compile as many texts to read, so most are never compiled.
"""
