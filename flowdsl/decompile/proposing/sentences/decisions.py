"""The English and German of conditions, repetitions and rules in a prompt.

A sentence that decides is split into its condition, its consequence and its `otherwise`, whatever
these say: what a condition needs to be decided, and what of a consequence is a statement, is the
matter of `values` and `instructions`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from flowdsl.source.record import Record, replace

from ..clauses import CUT, parse_clause
from ..languages.german import to_infinitive
from ..wording import (
    ACT,
    ENDS_AS_ACT,
    NAME,
    VALUE,
    as_sentence,
    has_condition_words,
    mask,
    starts_with_act,
    strip_fillers,
)

_FLAGS = re.IGNORECASE


class Decision(Record):
    """`If condition, then. Otherwise, otherwise.`; None if it has no second part.

    `unless`: the consequence is for the opposite of the condition. `behind`: the condition follows
    its act. `label`: the condition is the label of a case, as in `"In use" -> press F5`. `opens`: a
    colon stands behind the condition, so that it governs the rest of its line.
    """

    condition: str
    then: str
    otherwise: str | None
    unless: bool = False
    behind: bool = False
    label: bool = False
    opens: bool = False


_AT_TIMES = r"(?i)\b(?:sometimes|manchmal|occasionally|now and then|from time to time|ab und zu)\b"
_MODAL = (
    r"(?i)\b(?:may|might|can|could)(?: well| also)? "
    r"(?=(?:be|appear|show|come|pop|ask|say|happen)\b)"
)
_EVENT = re.compile(
    rf"(?=[^;]*?(?:{_AT_TIMES[4:]}|(?:there|dialog\w*|popup|window|message|question|"
    rf"it) {_MODAL[4:]}))"
    r"(?P<case>[^;,:]{8,120}?)[;,:] (?:(?:and |but )?(?:then|dann|in (?:that|this) case|if so|"
    r"when it does|if it does|if that happens|just|simply)[,:]? |"
    rf"(?=(?:das kann|(?:just |simply |please )?(?!I\b){ACT})\b))(?P<then>.+)",
    _FLAGS,
)
"""`Sometimes a message comes up, then click OK`, `There may be a popup: close it`."""


_LEAD = re.compile(
    r"(?:(?:but|and|then|dann|aber|und|so|also|first|achtung|attention|note|caution|in addition)"
    r"[:,]? )+(?=(?:only )?(?:if|when|in case|falls|wenn|steht|unless)\b)",
    _FLAGS,
)
_IF = re.compile(
    r"(?:if and )?(?:only |just )?"
    r"(?P<word>if|unless|(?:should|sollten?)(?= (?:an?|the|any|some|no|it|this|that|there|you|"
    r"eine?r?|keine?|der|die|das|es) )|"
    r"in case(?: of)?|in the case that|falls|wenn|sofern|when(?:ever)?) "
    r"|(?=(?:steht|erscheint|kommt|meldet|fehlt|fehlen|zeigt|passt|passen|ist|sind|gibt|bleibt|"
    r"lautet|hat|wird|[a-zäöüß]{3,}t(?= (?:der|die|das|eine?|keine?|es|sich|im|am|auf|beim)\b)) )",
    _FLAGS,
)
_ACT_IN_FLOW = (
    r"(?!lies\b|\w+ (?:is|are|was|has|does)\b|"
    rf"(?:run|print|export|mark|check|note|report|search|copy|order) {ACT}){ACT}(?! ?[,.]|$)"
)
"""An act without a comma in front of it; `run` in `the payroll run choose no` is none."""
_BEHIND_CONDITION = re.compile(
    rf",? -> |[,;] then,? |,? then,? |, (?:dann|so) |: (?!//)"
    rf"|, (?=(?:please |just |simply |also |bitte )?(?:{ACT}|it is |it['’]s ))"
    r"|(?<=[}\"]) (?=the (?:\w+ ){1,3}(?:is|was|has|are|were) )"
    rf"| (?=(?:(?:just|simply|please|bitte) )?{_ACT_IN_FLOW}|don['’]t |do not |it is |it['’]s |I |"
    r"(?:you|we)(?:['’]re| are) (?:already )?(?:done|finished)|there(?: is|['’]s) nothing to |"
    rf"(?:somebody|someone) |simply |just |wait, |"
    rf"it (?:won['’]t|will|cannot|can['’]t) )"
    rf"|, (?=[^,;]*{ENDS_AS_ACT[:-1]}(?:$|[,;]| und ))|, (?=darf |soll |muss |{NAME} = )"
    r"|, (?=[^,;]*[a-zäöüß]{2,}e[rl]?n(?:$|[,;.]| und ))(?P<infinitive>)",
    _FLAGS,
)
_UNKNOWN_ACT = re.compile(
    r", (?!(?:the|an?|and|or|but|it|its|you|your|we|they|he|she|this|that|these|those|there|then|"
    r"so|"
    r"if|when|where|which|who|whose|while|as|at|in|on|of|to|for|from|with|without|by|not|no|nor|"
    r"only|even|also|still|already|however|maybe|mostly|usually|somebody|someone|nothing|nobody|"
    r"because|since|although|though|unless|until|after|before|than|like|etc|any|all|both|each|"
    r"either|neither|one|two|three|i|e|sometimes|often|always|never|yes|again|too|now|here)\b)"
    r"(?=[a-z]{3,}(?<!ed)(?<!ing)(?<!ly)(?<!s) (?!or |and |is |are |was ))"
)
"""A comma with an imperative behind it, whatever it is."""
_JOINING = (
    r"which|who|whose|that|where|when|if|so that|e\.g\.|i\.e\.|not|even|like|"
    r"der|die|das|wenn|dass|ob"
)
_FINITE = re.compile(
    r"\b(?:there['’]s|it['’]s|that['’]s|is|are|isn['’]t|aren['’]t|was|were|has|have|hasn['’]t|"
    r"haven['’]t|appears?|comes?(?: up)?|shows?|says?|contains?|exists?|pops? up|opens?|displays?|"
    r"asks?|reads?|starts?|ends?|doesn['’]t|does|don['’]t|do|reports?|means|differs|fails|stops|"
    r"gets?|refuses|stays|matches|fits|goes|can(?:not|['’]t)?|remains?|happens?|nags|wants|warns|"
    r"complains|returns|errors|times out|hangs|lies|works|prompts|tells|crashes|freezes|you (?:see|"
    r"find|have|notice)|"
    r"ist|sind|hat|haben|steht|erscheint|kommt|fehlt|fehlen|gibt|zeigt|meldet|bleibt|wird|passt|"
    r"enthält|lautet|existiert|fragt|liegt)\b",
    _FLAGS,
)
_NOT_BEFORE_ACT = re.compile(
    r"\b(?:to|the|a|an|and|or|not|can|cannot|please|no|in|of|with|for|whether|which|that|it|you|we|"
    r"should|must|may|will|would|could|n['’]t|be|is|are|der|die|das|den|zu|don['’]t|"
    r"already|still|now|yet|currently|then|because|since|weil|so)$|\w+n['’]t$",
    _FLAGS,
)
_GERMAN_ACT = re.compile(
    r"(?P<condition>[^,;]{3,80}? (?:ist|sind|hat|haben|steht|erscheint|kommt|fehlt|wird|passt|"
    r"meldet|"
    rf"zeigt|enthält|(?:true|false)(?: ist)?)) (?P<then>(?!ist )[^,;]+?{ENDS_AS_ACT[:-1]}(?:$|"
    rf"[,;.].*))",
    _FLAGS,
)
"""`{paid} true ist "A" wählen, sonst "B"`, without a comma behind the condition."""
_ELSE = re.compile(
    r"(?:[,;.!]|[,;] but|,? but)? ?\b(?:otherwise|sonst|andernfalls|ansonsten)\b[,:]? (?:just )?"
    rf"|[,;] (?:or )?else,? |(?: or)? else (?={ACT})",
    _FLAGS,
)
_OTHERWISE = re.compile(
    r"(?:otherwise|else|sonst|andernfalls|ansonsten|anything else|everything else|alles andere|"
    r"in all other cases|in any other case|if that is not the case)(?:[,:]| ->| =)? (?P<then>.+)",
    _FLAGS,
)
_NEGATION = re.compile(
    r"(?:if|wenn|falls) (?:not|no|nicht|nein|falsch|"
    r"(?:it|this|that|one|they)(?:['’]s| is| are| was| does| do| has)?(?:n['’]t| not)(?: so)?)"
    r"(?:,| ->|:)? (?P<then>.+)",
    _FLAGS,
)
_OTHERWISE_HEAD = re.compile(r"(?:otherwise|else|if not)[,:]?", _FLAGS)
_TRAILING_IF = re.compile(
    r"(?P<then>.+?)(?:(?:,? but)?,? only|,? but)? (?P<word>if|when|falls|wenn|unless) "
    r"(?P<condition>.+)",
    _FLAGS,
)
_STATE = re.compile(
    r"(?:not|no|none|nothing|still|too|more than|less than|exactly|several|many|different|wrong|"
    r"equal|found|success|failure|kein\w*|nicht|nichts|mehrere|genau|immer noch|gefunden|falsch|"
    r"(?:one|two|1|2) \w+$|yes|ja|nein|empty|blank|leer|on |off|ok|green|yellow|red|orange|grün|"
    r"gelb|rot|active|inactive|closed|open|locked|rejected|accepted|confirmed|pending)\b",
    _FLAGS,
)
_QUOTED_LABEL = re.compile(
    r"(?:the |a )?(?:message |popup |window |button |error )?"
    r"\"[^\"]+\"(?:,? (?:or|oder|and) [^,]+)*"
    r"(?: (?:message|popup|error|appears|comes|meldung))?",
    _FLAGS,
)
_SHOWS_TEXT = re.compile(
    r"it (?:says|shows|asks|reads|displays|nags|warns|complains|wants|prompts|brings up|"
    r"comes up with|is (?:asking|showing|warning)|stops with)(?: you| us| me)? "
    r"(?:\"|that |for |to |the |an? |there |about )",
    _FLAGS,
)
_VAGUE = re.compile(
    r"(?:it is |this is |it['’]s |that['’]s )?"
    r"(?:needed|necessary|required|possible|applicable|so desired|desired|in doubt|asked$|nötig|"
    r"möglich|unsure|you['’]re (?:not )?(?:sure|unsure)|you are (?:not )?(?:sure|unsure)|"
    r"you (?:want|like|need|wish|prefer|think|know|can|have to|must)|any of)\b"
    r"|(?:all|everything|that|this|it|you|we|he|she|I)(?:['’]s| is| are| has| have)? "
    r"(?:done|finished|through|over)\b|finished\b|done\b",
    _FLAGS,
)
_OF_HISTORY = re.compile(
    r"^(?:alle|alles|dann alle)\b.* (?:durch|fertig|erledigt|drin|abgearbeitet)\b"
    r"|\b(?:(?:once|twice|second|third|fourth|two|three|four|five|\d) "
    r"(?:time|attempt|tr(?:y|ies))s?|"
    r"already did|last (?:time|run)|before step|at any (?:point|time|moment)|jederzeit|irgendwann|"
    r"irgendwo)\b",
    _FLAGS,
)
_ACT_INSIDE = re.compile(
    r"(?:[,;]|\b(?:and|und|or|oder)) (?:then |dann )?"
    rf"(?!(?:open|set|clear|correct|do)\b(?:$|,| and| or| in| on| not)|don['’]t){ACT}"
    r"|\b(?:otherwise|else|unless|sonst|ansonsten|andernfalls)\b"
    r"|\b(?:and|or|but|only|und|oder|aber|nur)$",
    _FLAGS,
)
_POINTING = re.compile(
    r"(?:it|it['’]s|they|them|this|that|one|these|those|"
    r"(?:any|none|all|both|either)(?= (?:of|is|are|was|were|has|have|fits?|exist|appears?)\b|$)|"
    r"neither(?! .* nor )|he|she|someone|something|yes|no$|not(?! (?:all|every|each|any)\b)|so|"
    r"es(?! (?:.*[ ])?gibt\b)|er|sie|das(?! (?:\w+e[ns]? ){0,2}(?-i:[A-ZÄÖÜ\"]))|"
    r"dies|man|ja|nein|nicht|same|another|different|"
    r"there (?:is|are)(?: (?:one|two|three|more|several|many|some|none|enough|\d+))?$|"
    r"there(?:['’]s| is| are| isn['’]t| aren['’]t)(?: not)? "
    r"(?:any|one|none|nothing|still|already))\b",
    _FLAGS,
)
_POINTING_INSIDE = re.compile(
    r"\b(?:still|again|the same|such|as well|then|afterwards|the difference|the result|immer noch|"
    r"noch|auch|wieder)\b",
    _FLAGS,
)
_JUMP = re.compile(
    r"(?:^|and |, |und )(?:stop|halt|fail|abort|stop and fail)[.!]?$|"
    r"\b(?:steps? (?:\d|[a-z] to)|points? \d|punkte? \d|"
    r"schritte? \d|part [A-Z]\b|"
    r"next (?:one|\w+)[.!]?$|end_loop_iteration|start over|"
    r"jump (?:back )?to|(?:last|next|first|previous) (?:paragraph|section|part|step)|"
    r"(?:start again|repeat) from|go (?:back )?to (?:\d|[a-z]\d|step)|weiter mit|"
    r"same as [a-z\d]\b)",
    _FLAGS,
)
"""What a part of the task that is decided by itself cannot do, or cannot know."""

_RUN = (
    r"(?:loop|run|task|job|workflow|process|execution|everything|schleife|lauf|aufgabe|auftrag|"
    r"vorgang|ablauf|prozess)\b"
)
_END = (
    r"(?:stop|halt|quit|exit|break|terminate|give up|abort|fail|cancel|finish|end|abbrechen|"
    r"beenden?|stoppe?)"
)
_ENDS_OR_LEAVES = re.compile(
    rf"\b(?:{_END}|end|finish|leave|break out of|beende)(?: (?:with )?(?:the|this|whole|entire|den|"
    rf"die|das|diesen?))* {_RUN}|\b{_RUN} (?:beenden|abbrechen|stoppen)"
    rf"|(?:^|[,;.] |\b(?:and|und|then|dann|or|to|otherwise|else|sonst) ){_END}"
    r"(?: here| now| there| immediately| at once| hier| sofort)?"
    r"(?=$|[.,;!]| and | und | with | mit )"
    r"|\bgive up on\b|\b(?:leave|exit|quit) the (?:list|table)\b|\bback to the (?:beginning|"
    r"start|top)\b"
    r"|\b(?:not|n['’]t) (?:go|continue|proceed|carry) (?:on|any further|further)\b"
    r"|\b(?:you|we|I)(?:['’]re| are|['’]m| am) (?:already )?(?:done|finished|through)\b"
    r"|(?:^|[,;.] )(?:and |then |und |dann )?(?:done|finished|fertig)(?=$|[.,;!])"
    r"|\b(?:proceed|continue|jump|skip) (?:on )?(?:to|with|at)\b"
    r"|\bgo (?:on )?to (?:the )?(?:section|part|end)\b"
    r"|\b(?:task|run|job|workflow|process) (?:has|is) (?:failed|done|finished|over|complete)"
    r"|\b(?:skip|ignore|omit) (?:all |any |the |of |steps )*(?:other|remaining|remainder|rest|"
    r"following|further)\b|\bfrom the (?:top|beginning|start)\b|\bstart (?:over|again)\b"
    r"|\bmit de[mnr] nächsten\b[^.;]*\bweiter"
    r"|\bhör\w*\b[^.;]*\bauf\b|\bvon vorne?\b|\bbrich\b[^.;]*\bab\b"
    r"|\büberspring\w* (?:alle|den rest|die (?:restlichen|übrigen|weiteren))\b",
    _FLAGS,
)
"""Words for ends of the run, which end only the agent of a condition if it is told them."""

_FOR_OTHER_CASES = re.compile(
    r"(?:[,;]|\b(?:and|und|but|aber|or|oder)) (?:but |and |und |aber )?(?:if|falls|wenn|when)\b"
    r"|, (?:ist|sind|wird|hat|steht|fehlt|erscheint) [^,]+, "
    r"|\b(?:in (?:any|either|every) case|in both cases|either way|regardless|always|immer|"
    r"(?:auf jeden|in jedem) fall|jedenfalls)\b|(?:^|[;,] )\"[^\"]*\"(?::| ->)",
    _FLAGS,
)
"""What is said of other cases than the one whose consequence it stands in."""

_GOES_ON = re.compile(
    r"(?:but|and|or|yet|although|though|while|because|since|as|even|aber|und|oder|obwohl|während|"
    r"sondern|weil|wobei)\b(?! (?:then|dann)\b)",
    _FLAGS,
)
"""How what follows a comma begins that is still the condition."""

AGAIN = re.compile(
    r"\b(?:again|once more|repeat|retry|same as|nochmals?|erneut|wiederholen|redo)\b", _FLAGS
)
_NAMED_AGAIN = (
    r"(?i)\b(?:log|sign) (?:in|on) again\b|\b(?:press|hit|click|push|start|open|choose|type|"
    r"select|enter) (?!it\b|again\b|once\b|"
    r"from\b)"
    r"[^,.;]{2,60}? (?:again|once more)\b(?! from)"
    r"|\b(?:nochmals?|erneut|noch einmal) (?=F\d|auf |\"|de[rn] |das |die )"
)
_GO_ON = re.compile(
    r"(?:just |simply |then |it is |it['’]s |that['’]s |this is |still )*"
    r"(?:do nothing|continue|go on|proceed|move on|carry on|"
    r"fine|(?<=[a-z] )ok(?:ay)?|good|nothing to do|"
    r"nothing|(?:ist )?nichts (?:zu tun|machen|tun)|weiter|weitermachen|passt|"
    r"alles gut|you don['’]t need to look|don['’]t|"
    r"ignore (?:it|this)|skip (?:it|this))"
    r"(?: (?:with|to) the next (?:step|one)| (?:as|like) (?:normal|usual)| normally| anyway)?",
    _FLAGS,
)
_NEXT_THING = r"(?:(?:the )?next(?: [a-z]+)?|das nächste|nächste[rns]?(?: \w+)?)"
_TARGET = r"(?:(?:step|point|punkt|schritt|nr\.?|no\.?) )?(?P<label>\d+(?:\.\d+)*|[a-z](?![\w]))\)?"
_LEAP = re.compile(
    rf"(?:go (?:on |back )?(?:to|with)|continue (?:with|at|from)|proceed (?:to|with)|"
    rf"jump to|skip to|"
    rf"weiter (?:mit|bei|zu)|gehe? zu|->) {_TARGET}"
    rf"|(?:(?:go on|go|continue|proceed|move on|carry on) (?:with|to) |take |weiter mit )?"
    rf"{_NEXT_THING}"
    r"|(?:es geht )?mit de[mnr] nächsten(?: \w+)? weiter(?:machen|gehen)?"
    r"|end_loop_iteration(?: with [^,;]+)?|skip(?: (?:it|this(?: \w+)?|the \w+|as well))*|"
    r"überspringen",
    _FLAGS,
)
"""An act that leaves what is between it and a later place: `label` is that of the place."""
_BEFORE_LEAP = re.compile(
    r"(?:(?:^|[,;.!] | (?=(?:and|then|und|dann) ))(?:and |then |und |dann |just |simply )*"
    r"| ?(?=-> ))(?=(?:go|continue|proceed|"
    r"jump|skip|weiter|gehe|->|move|carry|take|(?:the )?next|end_loop|nächst|das n|übersp|"
    r"es geht|mit de))",
    _FLAGS,
)


_DENIES = re.compile(
    r"\b(?:not|never|only|cannot|without|nicht|nie|niemals|nur|ohne|kein\w*)\b|n['’]t\b", _FLAGS
)
"""Words in front of a leap that it may belong to: `do not`, `only then`."""

_CHECKS = re.compile(
    r"(?:(?:then |and )?(?:check|verify|make sure|ensure|confirm)(?: (?:that|if|whether))?|"
    r"(?:[^,;:]{2,40} )?(?:(?:über)?prüfe|kontrolliere)n?(?: sie)?,? (?:ob|dass)|"
    r"[^,;:]{2,70} (?:muss|müssen|soll)(?= .+ (?:sein|stehen|stimmen|übereinstimmen|lauten)$)|"
    r"[^,;:]{2,70} (?:must|has to|have to|should) (?:be|say|show|read|"
    r"contain)) ",
    _FLAGS,
)
_INNER_IF = re.compile(
    r"; (?=\"[^\"]+\" -> )"
    r"|; (?:but |and |dann )?(?=(?:if|when|falls|wenn|otherwise|sonst|passt|else) )"
    r"|, (?:but |and |aber |und )?(?=(?:if|falls|wenn) (?:not|no|it|there|that|they|the|still|"
    r"one|this|es|keine?|nicht|nein)\b)"
    r"|, (?:but |and )?(?=(?:if|falls|wenn) )(?P<any>)"
    r"|(?<![.!?]), (?=(?:otherwise|or else|sonst|andernfalls) )(?P<other>)",
    _FLAGS,
)


def parse_decision(sentence: str) -> Decision | None:
    """Parse `If X, do Y`, `"X" -> do Y` and `Do Y if X`, with `otherwise Z` behind.

    None for a sentence that does not decide, or whose condition nobody could decide.
    """
    lead = _LEAD.match(sentence.strip())
    text = sentence.strip()[lead.end() if lead is not None else 0 :].rstrip(".!;,").rstrip()
    text = _put_verb_last(text)
    shown = mask(text)
    begin = _IF.match(shown)
    if begin is not None:
        return _parse_leading(text, shown, begin)
    event = _EVENT.fullmatch(shown)
    if event is not None and re.search(r"(?i)\bcarry on where\b", shown) is None:
        condition = text[: event.end("case")]
        told = _state_supposed("should", re.sub(_MODAL, "", condition))
        condition = told or "" if re.search(_MODAL, condition) else condition
        condition = " ".join(re.sub(_AT_TIMES, " ", condition).split())
        return _make_decision(condition, text[event.start("then") :])
    labelled = re.match(
        r"(?P<label>[^:;.,?]{2,40}?)(?:: | - |\? )(?=(?:if|when|falls|wenn) )", shown, _FLAGS
    )
    one_word = labelled is not None and re.fullmatch(r"[A-Z]\w+", labelled["label"])
    if labelled is not None and (one_word or not starts_with_act(labelled["label"])):
        found = parse_decision(text[labelled.end() :])
        if found is None or found.behind or found.label:
            return found
        label = f"{text[: labelled.end('label')]}: "
        if re.match(VALUE, found.condition):  # what is decided by a value says nothing about where
            other = None if found.otherwise is None else f"{label}{found.otherwise}"
            return replace(found, then=f"{label}{found.then}", otherwise=other)
        return replace(found, condition=f"{label}{found.condition}")
    return parse_case(text, any_label=False) or _parse_trailing(text, shown)


_VERB_FIRST = re.compile(
    r"(?P<verb>steht|stehen|erscheint|erscheinen|kommt|kommen|meldet|fehlt|fehlen|zeigt|passt|"
    r"passen|"
    r"ist|sind|gibt es|bleibt|lautet|hat|haben|wird|werden|findest du|findet man|findet sich|liegt|"
    r"stimmt|stimmen|taucht|öffnet sich|läuft|existiert|klappt|blinkt|fragt|enthält|"
    r"[a-zäöüß]{2,10}t(?= (?:der|die|das|eine?|kein\w*|sich|es|dort|oben|unten)\b)) "
    r"(?P<rest>[^,;:?]{3,90}?)(?P<mark>, (?:dann |so )?| dann | -> |: )(?P<then>.+)",
    _FLAGS,
)


_ANOTHER_CASE = re.compile(r", (?:ist|sind|hat|steht|fehlt|kommt|passt) [^,]+, ", _FLAGS)


def _put_verb_last(text: str) -> str:
    """Return `wenn die Meldung kommt, F3 drücken` of `kommt die Meldung, F3 drücken`."""
    shown = mask(text)
    found = _VERB_FIRST.fullmatch(shown)
    if found is None or not is_consequence(text[found.start("then") :]):
        return text
    verb, *rest = found["verb"].lower().split()
    condition = text[found.start("rest") : found.end("rest")]
    particle = re.search(r" (?:auf|überein|zusammen|ab|an|aus)$", condition)
    if particle is not None:
        condition, verb = condition[: particle.start()], f"{particle[0].strip()}{verb}"
    return f"Wenn {' '.join((*rest, condition, verb))}, {text[found.start('then') :]}"


def cut_decisions(sentence: str) -> list[str]:
    """Cut a sentence in front of a decision that another part of it stands before.

    `Check the day; if it is over, stop`, `Read the total, if not, go on`.
    """
    shown = mask(sentence)
    parts: list[str] = []
    at = 0
    if _EVENT.fullmatch(shown) is not None:
        return [sentence]
    for found in _INNER_IF.finditer(shown):
        before, behind = sentence[at : found.start()], sentence[found.end() :]
        joined = re.search(r"\b(?:and|or|but|then|und|oder|aber|dann)$", before, _FLAGS)
        if joined and _IF.match(shown):
            continue  # "If it is blue, F3 and, if it is red, F4": the first governs both
        denies = re.match(r"(?:if|falls|wenn) (?:no|not|nein|nicht)\b", behind, _FLAGS)
        if found["other"] is not None and (
            _CHECKS.match(before) is None or parts or has_condition_words(_CHECKS.sub("", before))
        ):
            continue
        first = parse_decision(before)
        beside = first is not None and is_consequence(first.then)  # "if A do X, if B do Y"
        if _IF.match(mask(before)) and found[0][0] == "," and not (denies or beside):
            continue
        if first is None and denies is None and found["any"] is not None:
            continue
        decides: Decision | str | None = parse_decision(behind)
        if re.match("(?i)falls|wenn", behind):
            decides = decides or parse_negation(behind.rstrip(".!"))
        if parse_otherwise(behind) is None and decides is None:
            continue
        if not parts and _IF.match(shown) and parse_decision(before) is None:
            continue
        if re.search(r"(?i) (?:or|oder|but|not|except|außer)$", before) is not None:
            continue
        before = re.sub(r"(?i) (?:and|und|then|dann)$", "", before)
        parts.append(f"{before}{found[0][0]}")
        at = found.end()
    return [each.strip() for each in (*parts, sentence[at:]) if each.strip()]


def _parse_leading(text: str, shown: str, begin: re.Match[str]) -> Decision | None:
    bare_verb = begin["word"] is None
    word = (begin["word"] or "").lower()
    if word in ("falls", "wenn", "sofern") or word.startswith("sollte"):
        split = _GERMAN_ACT.match(shown, begin.end())
        if split is not None:
            condition = text[begin.end() : split.end("condition")]
            if word == "wenn" and _is_moment(condition):
                return None
            return _make_decision(condition, text[split.start("then") :])
        ends = re.search(
            r"(?i)(?:t|en|ln|rn|ist|sind|war|wird|wurde|kann|= \"?\w+\"?), ", shown[begin.end() :]
        )
        if ends is not None and " -> " not in shown:
            at = begin.end() + ends.end()
            if word == "wenn" and _is_moment(text[begin.end() : at - 2]):
                return None
            then = re.sub(r"(?i)^(?:dann|so) ", "", text[at:])
            condition = text[begin.end() : at - 2]
            supposed = word.startswith("sollte")
            condition = (_state_supposed(word, condition) or "") if supposed else condition
            return _make_decision(condition, then)
    unknown = None if bare_verb else _UNKNOWN_ACT.search(shown, begin.end())
    if unknown is not None and _FINITE.search(shown, begin.end(), unknown.start()) is None:
        unknown = None
    for behind in _BEHIND_CONDITION.finditer(shown, begin.end()):
        if unknown is not None and unknown.start() < behind.start():
            break
        condition = text[begin.end() : behind.start()]
        bare = behind[0] == " "
        named = re.match(r"[A-ZÄÖÜ]{2,}\b", text[behind.end() :]) is not None
        if (
            bare
            and (
                (named and not text.isupper())  # "if the status is OPEN": what the screen shows
                or (
                    _FINITE.search(shown, begin.end(), behind.start()) is None
                    and not condition.endswith('"')
                    and (len(condition.split()) > 6 or behind.end() - begin.end() < 2)
                )
                or (
                    _NOT_BEFORE_ACT.search(shown[: behind.start()]) is not None
                    and re.search(r"= \w+$", shown[: behind.start()]) is None
                )
            )
        ):
            continue
        german = bare_verb or word in ("falls", "wenn", "sofern", "sollte", "sollten")
        if (bare_verb and bare) or (behind["infinitive"] is not None and not german):
            continue
        if bare_verb:  # "Ist er rot, ...": as behind "wenn"
            if mask(condition).count(", ") > 1:
                return None  # acts whose verbs nobody knows
            verb, _, condition = condition.partition(" ")
            condition = f"{condition} {verb.lower()}"
        if (
            not bare
            and behind[0].startswith(", ")
            and re.search(
                r", (?:or|and|oder|und) ", shown[behind.end() :].split(" -> ")[0].split(": ")[0]
            )
            and re.match(ACT, shown[behind.end() :], _FLAGS) is None
        ):
            continue
        if word in ("should", "sollte", "sollten"):
            condition = _state_supposed(word, condition) or ""
        found = _make_decision(condition, text[behind.end() :])
        if found is not None and word == "unless":
            found = replace(found, unless=True)
        if found is not None and behind[0].strip() == ":":
            found = replace(found, opens=True)
        if found is None or not (begin["word"] or "").lower().startswith("when"):
            return found
        return None if _is_moment(condition) else found
    comma = unknown.start() if unknown is not None else shown.find(", ", begin.end())
    if comma > 0 and not bare_verb and _FINITE.search(shown, begin.end(), comma) is not None:
        found = _make_decision(text[begin.end() : comma], text[comma + 2 :])
        when = (begin["word"] or "").lower().startswith("when")
        return None if when and _is_moment(text[begin.end() : comma]) else found
    return None


_ALL_DONE = (
    r"(?i:^(?:all |alles? |everything )|\b(?:gone through|through with)\b|"
    r"^you(?:['’]re| are) (?:all )?(?:done|finished)$)"
)


def _is_moment(condition: str) -> bool:
    """Whether what follows `when` only says from which moment on something is done."""
    return (
        re.search(
            r"(?i)\b(?:loaded|finished|done|ready|complete[d]?|through|saved|displayed|over|open|"
            r"opened|logged in|signed in|closed|fertig|durch|in)$|^(?:done|finished)|" + _ALL_DONE,
            condition,
        )
        is not None
    )


def parse_completion(sentence: str) -> Decision | None:
    """Parse `When you have gone through all of them, do Y`: a remark in front of an act."""
    text = sentence.strip().rstrip(".!").rstrip()
    opens = r"(?:when|once|after|wenn|sobald) "
    found = re.fullmatch(
        rf"{opens}(?P<condition>[^,;]{{4,90}}), (?P<then>.+)", mask(text), _FLAGS
    ) or re.fullmatch(
        rf"{opens}(?P<condition>[^,;]{{4,60}}? (?:done|finished|through)) (?P<then>{ACT} .+)",
        mask(text),
        _FLAGS,
    )
    if found is None or re.search(_ALL_DONE, found["condition"]) is None:
        return None
    then = text[found.start("then") :]
    return Decision(text[: found.end("condition")], then, None) if starts_with_act(then) else None


def parse_moment(sentence: str) -> Decision | None:
    """Parse `When the list is shown, do Y`, what is to be waited for and then done."""
    text = sentence.strip().rstrip(".!").rstrip()
    shown = mask(text)
    begin = re.match(
        r"(?:when|once|as soon as|sobald) (?=(?:the|a|an|der|die|das) )", shown, _FLAGS
    )
    if begin is None:
        return None
    for behind in _BEHIND_CONDITION.finditer(shown, begin.end()):
        condition, then = text[begin.end() : behind.start()], text[behind.end() :]
        bare = behind[0] == " " and _NOT_BEFORE_ACT.search(shown[: behind.start()]) is not None
        seen = re.search(
            r"(?i)(?:loaded|displayed|shown|open|opened|ready|appears?|appeared|"
            r"(?:geladen|offen|sichtbar|da|bereit|fertig|angezeigt)"
            r"(?: ist| sind| wird)?|erscheint)$",
            condition,
        )
        if not bare and seen is not None and starts_with_act(then):
            return Decision(condition, then, None)
    return None


def _parse_trailing(text: str, shown: str) -> Decision | None:
    found = _TRAILING_IF.fullmatch(shown)
    if found is None or has_condition_words(found["then"]):
        return None
    at, until = found.end("then"), found.start("condition")
    then, words = text[:at], text[until:]
    bare = re.sub(r"(?i)^(?:only|just) ", "", then)
    then = bare if find_leap(bare) is None else then
    split = _ELSE.search(mask(words))
    condition, otherwise = words, None
    if split is not None and split.start() > 0:
        condition, otherwise = words[: split.start()], words[split.end() :]
    act = strip_fillers(then)
    moment = found["word"].lower() == "when" and _is_moment(condition)
    asks = re.fullmatch(r"(?i)(?:check|see|look|verify|find out|ask|tell|test|note|confirm)", act)
    asks = asks or re.search(
        r"(?i)(?:,|\b(?:even|as|what|see|check|know|auch|"
        r"except|not|außer|nicht|nur|or|oder|and|und))$",
        then,
    )
    one = (
        not asks
        and (re.match(ACT, act, _FLAGS) or re.search(ENDS_AS_ACT, act.rstrip(" ,")))
        and CUT.search(mask(then)) is None
        and not then.endswith(":")
    )
    if not one or moment or is_vague(condition) or ", " in mask(condition):
        return None
    unless = found["word"].lower() == "unless"
    return Decision(condition, then, otherwise, unless=unless, behind=True)


def parse_case(text: str, *, any_label: bool) -> Decision | None:
    """Parse `no row: click "New"` and `"In use" -> press F5`.

    Outside of the list of cases of a question, only labels that say by themselves what they are.
    """
    text = text.strip().rstrip(".!").rstrip()
    shown = mask(text)
    found = re.match(r"(?P<label>[^:;.=]{1,110}?)(?P<mark>\?? -> |: (?!//)| = )(?P<act>.+)", shown)
    if found is None or " > " in found["label"]:
        return None
    one_word = " " not in found["label"] and _STATE.match(found["label"]) is not None
    if starts_with_act(text[: found.end("label")]) and not one_word:
        return None
    label, act, mark = text[: found.end("label")], text[found.start("act") :], found["mark"].strip()
    bare = label.strip('"')
    if re.fullmatch(rf"{VALUE}", label) or re.match(r"(?i)(?:menu|menü|tab|reiter|field)\b", bare):
        return None
    begins = _STATE.match(bare) is not None or (
        _FINITE.search(found["label"]) is not None and mark != ":"
    )
    quoted = _QUOTED_LABEL.fullmatch(label) is not None
    compared = re.search(r"[<>≥≤]", label) is not None
    known = begins or compared or (quoted and mark in ("->", "?->", "? ->") and len(bare) > 4)
    known = known or (quoted and mark == "=")
    path = mark.endswith("->") and " -> " in shown[found.start("act") :]
    if not any_label and (path or not known or not is_consequence(act)):
        return None
    if mark == "=" and not quoted and _STATE.match(bare) is None:
        return None
    made = _make_decision(label, act)
    return None if made is None else Decision(made.condition, made.then, made.otherwise, label=True)


def _make_decision(condition: str, rest: str) -> Decision | None:
    condition, rest = condition.strip(" ,"), _part_remark(rest.strip())
    split = _ELSE.search(mask(rest))
    then, otherwise = rest, None
    if split is not None and split.start() > 0:
        then, otherwise = rest[: split.start()], rest[split.end() :]
    if is_vague(condition) or not condition or not then or len(condition) > 200:
        return None
    if _holds_consequence(condition) or re.fullmatch(VALUE, then):
        return None  # "If it asks, the answer is the name of the pub: {name}"
    if _GOES_ON.match(then) is not None or _ANOTHER_CASE.search(mask(then)) is not None:
        return None
    return Decision(condition, then, otherwise)


def _holds_consequence(condition: str) -> bool:
    """Whether a condition goes on with what is so then: `the command errors, the result is "x"`."""
    shown = mask(condition)
    before, comma, behind = shown.partition(", ")
    return (
        bool(comma)
        and _GOES_ON.match(behind) is None
        and re.match(rf"(?:{_JOINING})\b", behind, _FLAGS) is None
        and _FINITE.search(before) is not None
        and _FINITE.search(behind) is not None
        and re.search(r"\b(?:or|oder|and|und) ", behind) is None
    )


_REMARK = re.compile(
    r"(?P<told>(?:it['’]s|it is|that['’]s|that is|there['’]s|there is|somebody|someone|this|"
    r"the \w+) "
    r"[^,;:.]*)(?:,? so|:|, (?:and )?(?:then|in (?:that|this) case)),? (?:please )?"
    rf"(?={ACT}|you(?:['’]re| are) |we(?:['’]re| are) )",
    _FLAGS,
)
"""What is said of a case before what to do in it: `somebody was faster, so ...`."""
_IS_OVER = re.compile(
    r"(?:then |dann )?(?P<told>(?:you|we|I)(?:['’]re| are|['’]m| am) (?:already )?"
    r"(?:done|finished|through)\b(?: for today)?(?:, (?:nothing (?:else )?to do|"
    r"no need to [^,;]+))*)"
    r"(?=$|[,;.])",
    _FLAGS,
)


def _part_remark(consequence: str) -> str:
    """Return a consequence with a remark in front as a sentence of its own.

    So is what stands behind `then you are done`.
    """
    found = _REMARK.match(consequence)
    told = "" if found is None else f"{found['told']}. "
    rest = consequence if found is None else as_sentence(consequence[found.end() :])
    over = _IS_OVER.match(rest)
    if over is not None:
        pieces = [*over["told"].split(", "), rest[over.end() :].lstrip(",;. ")]
        rest = " ".join(as_sentence(each) for each in pieces if each)
    return f"{told}{rest}".rstrip(".")


def is_consequence(text: str) -> bool:
    """Whether a text says what to do, or that nothing is to be done."""
    text = text.strip()
    return (
        means_going_on(text)
        or starts_with_act(text)
        or find_leap(text) is not None
        or re.match(r"(?i)(?:don['’]t|do not|never|darf|nicht)\b|\w+ = \"", text) is not None
        or parse_clause(strip_fillers(text.rstrip(".")), None) is not None
        or re.match(rf"{VALUE}, ", text) is not None
    )


def find_leap(act: str) -> tuple[str, str | None, str] | None:
    """Return an act without the leap at its end, the label it leaps to, and the leap's words.

    The label is None for the next entry of a loop. None if the act has no leap at its end, or
    denies it, or has it only in some case.
    """
    plain = act.strip().rstrip(".!").rstrip()
    shown = mask(plain)
    if re.fullmatch(r"\d+(?:\.\d+)+", plain):
        return "", plain, plain
    for before in _BEFORE_LEAP.finditer(shown):
        found = _LEAP.fullmatch(shown, before.end())
        if found is not None:
            rest = plain[: before.start()].rstrip(" ,;")
            if _DENIES.search(mask(rest)) is not None or has_condition_words(mask(rest)):
                return None
            return rest, found["label"], plain[before.end() :]
    found = re.match(r"(?i)skip(?: it| this \w+)?(?:,| and) (?P<rest>.+)", plain)
    return (
        None if found is None else (found["rest"], None, plain[: found.start("rest")].rstrip(" ,"))
    )


def find_named_labels(prompt: str) -> frozenset[str]:
    """Return the numbers and letters by which a prompt names its steps, with those of a range."""
    label = r"(?:\d+(?:\.\d+)*|[a-z](?=[).,;]|$))"
    joint = r"(?:, ?(?:and |or |und |oder )?| and | or | und | oder )"
    until = r" ?(?:-|–|to|until|through|bis) ?"
    named: set[str] = set()
    for each in re.findall(
        r"(?im)(?:\b(?:steps?|points?|items?|numbers?|nr\.?|no\.?|parts?|schritte?n?|punkte?n?|"
        r"(?:go|jump|skip|continue|proceed|back|return|on|start|repeat|weiter|gehe?|zurück)"
        rf"(?: (?:on|again))? (?:to|with|at|from|mit|bei|zu))|->) ?({label}(?:(?:{joint}|{until})"
        rf"(?:steps? |schritt )?{label})*)",
        prompt,
    ):
        named |= set(re.findall(rf"(?im){label}", each))
        for first, last in re.findall(
            rf"(?i)(\d{{1,3}}){until}(?:steps? |schritt )?(\d{{1,3}})", each
        ):
            named |= {str(at) for at in range(int(first), int(last) + 1)}
    return frozenset(named)


def leaves_entry(words: str, nouns: Collection[str], condition: str) -> bool:
    """Whether the words of a leap without a label leave an entry of a loop, called `nouns`.

    `skip it` may be about anything else that its condition names.
    """
    words = re.sub(r" weiter(?:machen|gehen)?$", "", words.lower())
    found = re.fullmatch(
        r"end_loop_iteration.*|.*\b(?:next|nächste[rns]?)(?: (?P<next>.+))?"
        r"|skip (?:this|the) (?P<this>.+)|skip.*|überspringen",
        words,
    )
    noun = None if found is None else found["next"] or found["this"]
    if noun is not None:
        return noun in nouns or noun in ("one", "entry", "item")
    if "skip" in words or "überspringen" in words:
        named = "|".join(map(re.escape, nouns))
        return re.search(rf"(?i)\b(?:{named})\b", mask(condition)) is not None
    return found is not None


def is_again(act: str) -> bool:
    """Whether an act does once more what is said before it, and does not say itself what."""
    return AGAIN.search(re.sub(_NAMED_AGAIN, "", mask(act))) is not None


def needs_other_steps(act: str) -> bool:
    """Whether an act names another step."""
    return _JUMP.search(mask(act)) is not None


def is_beyond_case(act: str) -> bool:
    """Whether an act in prose ends the run or a loop, or is said of another case than its own."""
    shown = mask(act)
    if re.search(r"(?i)\((?:but )?(?:otherwise|else|if not|unless|sonst|falls nicht)\b", act):
        return True
    return any(each.search(shown) is not None for each in (_ENDS_OR_LEAVES, _FOR_OTHER_CASES))


def begins_decision(sentence: str) -> bool:
    """Whether a sentence decides about something, and is not the rest of what is before it."""
    if parse_otherwise(sentence) is not None:
        return False
    return parse_decision(sentence) is not None


def parse_decision_head(line: str) -> str | None:
    """Return the condition of `If X:`, whose consequence is the list below it."""
    found = re.fullmatch(
        r"(?i)(?:if|in case of|in case|falls|wenn|sofern) (?P<condition>[^:]{3,160}?)"
        r"(?:,? (?:then|do (?:the following|this|these steps)|proceed as follows)|,)*:",
        line,
    )
    return None if found is None or is_vague(found["condition"]) else found["condition"]


def parse_otherwise(sentence: str) -> str | None:
    """Return what follows `Otherwise, ` or `In all other cases`."""
    found = _OTHERWISE.fullmatch(sentence.strip())
    return None if found is None else found["then"]


def parse_negation(sentence: str) -> str | None:
    """Return what follows `Otherwise, ` or `If it isn't, `, behind a sentence that checks."""
    found = _NEGATION.fullmatch(sentence.strip())
    act = found["then"] if found is not None else parse_otherwise(sentence)
    return act if act is not None and is_consequence(act.rstrip(".!")) else None


def names_its_subject(sentence: str) -> bool:
    """Whether a decision is about something else than the sentence before it."""
    found = parse_decision(sentence)
    return found is None or not needs_sentence_before(found.condition)


def is_other_case(sentence: str) -> bool:
    """Whether a sentence is for what none of the conditions before it says."""
    return (
        parse_otherwise(sentence) is not None
        or parse_negation(sentence) is not None
        or re.match(
            r"(?i)(?:if|falls|wenn) (?:neither|none|keine?[rs]?)(?:,|:| of| davon)", sentence
        )
        is not None
    )


def points_at_decision(sentence: str) -> bool:
    """Whether a sentence decides about what the decision before it is about: `If it is open`."""
    found = parse_decision(sentence)
    return found is not None and not found.behind and points_at_before(found.condition)


def begins_with_verb(sentence: str) -> bool:
    """Whether a German condition may begin with its verb: `Blinkt die Zeile, F3 drücken`."""
    found = re.match(
        r"(?i)(?:[a-zäöüß]+t|sind|haben|kommen|passen|stehen|fehlen) (?:der|die|das|eine?|einen|"
        r"keine?|keinen|es|sich|im|am|auf|du|man|er|sie|dort|da|oben|unten|noch) [^,.]+, ",
        sentence,
    )
    return found is not None and not starts_with_act(sentence.partition(",")[0])


def tells_case_before_dann(sentence: str) -> bool:
    """Whether `dann` follows what is no act, but a case: `Das Portal hängt, dann F5`."""
    found = re.match(r"(?i)(?P<told>[^,;]+),? dann ", mask(sentence))
    told = "" if found is None else to_infinitive(sentence[: found.end("told")])
    return bool(told) and not is_consequence(told.lower())


def governs_behind(sentence: str) -> bool:
    """Whether what is behind a sentence may depend on a condition in it.

    An act that ends with one, or has one in parentheses, is about itself.
    """
    shown = mask(sentence)
    if re.search(_ONE_BY_ONE, shown) is not None:
        return True
    if not has_condition_words(shown) or is_event(sentence):
        return False
    looped = re.search(r"(?i)\b(?:for (?:each|every|all|any)|repeat|loop|until)\b", shown)
    return looped is not None or not starts_with_act(sentence)


def tells_what_to_do(sentence: str) -> bool:
    """Whether a sentence with a condition also has the act for it, so that its end ends the case.

    `The portal may ask for a code.` has none, and the one behind it belongs to it.
    """
    shown = mask(sentence).rstrip()
    opened = rf"[,;:] |\b(?:just|simply|please|then|so|and|must|dann|bitte|und) |{NAME} = "
    act = rf"(?:{opened})(?:{opened})?(?:{ACT}|don['’]t |do not )|{ENDS_AS_ACT[:-1]}(?=[.!;,])"
    return not shown.endswith((":", "?")) and re.search(act, shown, _FLAGS) is not None


_ONE_BY_ONE = (
    r"(?i)\b(?:work|go|run) (?:\w+ )?through (?:the |all |all the |these )?\w+s\b(?! menu)|"
    r"\bone (?:after (?:another|the other)|by one)\b|\b(?:nacheinander|der reihe nach)\b"
)


def repeats(sentence: str) -> bool:
    """Whether a sentence begins as one does whose acts are done for each of several things."""
    shown = mask(sentence)
    return re.search(_ONE_BY_ONE, shown) is not None or (
        re.match(
            r"(?i)(?:please |then |now |and )*"
            r"(?:(?:for|für) (?:each|every|all|any|jede[nrs]?|alle)|repeat|loop|until|while|"
            r"as long as|solange|wiederhole|jede[nrs]? [\w ]+? (?:wird|werden|muss))\b",
            sentence,
        )
        is not None
    )


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
        r"(?:(?:check|look|see|prüfen?)(?: with focused_action)?,? "
        r"(?P<question>(?:whether|if|how many|at|ob|wie viele) .+)|"
        r"(?:verify|check|confirm)(?: with focused_action| \(focused_action\))?,? that "
        r"(?P<fact>.+))",
        sentence.strip().rstrip(".:,"),
        _FLAGS,
    )
    if found is None:
        return None
    return re.sub(r"(?i)^(?:whether|if|ob|at) ", "", found["question"] or found["fact"])


def state_question(question: str) -> str:
    """Return what is so where the answer to a question is yes."""
    plain = question.strip().rstrip("?").rstrip()
    there = re.fullmatch(r"(?i)(is|are) there (.+)", plain)
    if there is not None:
        return f"there {there[1].lower()} {there[2]}"
    does = re.fullmatch(
        r"(?i)(do(?:es)?) (.+?)( not)? (have|show|say|contain|need|exist)\b(.*)", plain
    )
    if does is not None:
        several = does[1].lower() == "do"
        return f"{does[2]} {_inflect(does[4].lower(), several, does[3])}{does[5]}"
    asks = re.match(r"(?i)(?:is|are|does|do|has|have|can|did|ist|sind|hat|gibt)\b", plain)
    return f"{plain}? yes" if asks is not None else plain


def _inflect(verb: str, several: bool, negated: str | None) -> str:
    """Return the form of a verb behind one thing or several: `is`, `has`, `do not appear`."""
    if verb == "be":
        return f"{'are' if several else 'is'}{negated or ''}"
    if negated:
        return f"{'do' if several else 'does'} not {verb}"
    return verb if several else "has" if verb == "have" else f"{verb}s"


def _state_supposed(word: str, condition: str) -> str | None:
    """Return what is so where `should the popup appear` holds; None if its verb is not known."""
    if word in ("sollte", "sollten"):
        found = re.fullmatch(
            r"(?i)(.+) (sein|haben|erscheinen|fehlen|kommen|stehen|zeigen|bleiben|"
            r"existieren|auftauchen|aufgehen|werden|abweichen|passen)",
            condition,
        )
        verb = found[2].lower() if found is not None else ""
        one = {"sein": "ist", "haben": "hat", "werden": "wird"}.get(verb, f"{verb[:-2]}t")
        many = {"sein": "sind"}.get(verb, verb)
        return None if found is None else f"{found[1]} {one if word == 'sollte' else many}"
    found = re.match(
        r"(?i)(.+?)( not)? (be|appear|show|exist|have|contain|ask|open|come|pop|fail|say|display|"
        r"need|differ|remain|happen)(?= |$)",
        mask(condition),
    )
    if found is None:
        return None
    subject = condition[: found.end(1)]
    several = re.search(r"(?i)(?:[^su\W]s|^you|^they|^these|^those)$", subject) is not None
    verb = _inflect(found[3].lower(), several and subject.lower() != "this", found[2])
    return f"{subject} {verb}{condition[found.end() :]}"


_THING = (
    r"(?:hits?|match(?:es)?|results?|rows?|entry|entries|records?|lines?|options?|items?|such \w+)"
)
_NONE_FOUND = re.compile(
    rf"(?:.*: )?(?:(?:there (?:is|are) |there['’]s )?(?:nothing|none|no one|nobody|"
    rf"no (?:\w+ )?{_THING})"
    r"(?: of them)?(?: (?:fits?|match(?:es)?|(?:is|was|were|are) found|comes up|appears?|shows up|"
    r"is (?:listed|shown|there)|exists?|there|like (?:that|this)))?"
    r"(?: (?:at all|in the list|on the list|there))?|there (?:isn|aren)['’]t (?:one|any)"
    r"|(?:it|he|she|the \w+)(?: is not|['’]s not| isn['’]t) (?:there|found|listed|in the list)"
    r"|not (?:found|there|in the list|listed)(?: at all)?"
    r"|you (?:can['’]t|cannot|don['’]t|do not) (?:find|see) (?:it|one|any.*)"
    r"|(?:es )?(?:keine?n?|nichts)(?: (?:solche\w* )?\w+)?(?: (?:gibt|da ist|passt|gefunden wird))?"
    r"|(?:sie|er|es|der \w+|die \w+|das \w+) nicht (?:da|gefunden|dabei|vorhanden)(?: ist| wird)?)",
    _FLAGS,
)


def says_none_found(condition: str) -> bool:
    """Whether a condition behind a choice is that nothing was there to choose."""
    return _NONE_FOUND.fullmatch(condition.strip()) is not None


def is_for_none_found(sentence: str) -> bool:
    """Whether a sentence says what to do where nothing was there to choose: `If none fits, ...`."""
    found = parse_decision(sentence) or parse_case(sentence, any_label=True)
    return found is not None and not found.behind and says_none_found(found.condition)


def depends_on_before(sentence: str) -> bool:
    """Whether a sentence decides about what the sentence before it says."""
    return (
        re.match(r"(?i)(?:but )?(?:if|otherwise|else|when|sonst|not |none|still)\b", sentence)
        is not None
    )


def judges_before(sentence: str) -> bool:
    """Whether a sentence decides by the check in front of it: `If it is not so, ...`."""
    if parse_negation(sentence) is not None or parse_otherwise(sentence) is not None:
        return True
    if re.match(r"(?i)bei (?:einer |einem )?(?:abweich|unterschied|differenz|fehler)", sentence):
        return True
    found = parse_decision(sentence)
    return found is not None and not found.behind and needs_sentence_before(found.condition)


def is_otherwise_head(line: str) -> bool:
    """Whether a line is `Otherwise:`, whose consequence is the list below it."""
    return _OTHERWISE_HEAD.fullmatch(line) is not None


def is_vague(condition: str) -> bool:
    """Whether nobody could decide a condition by what is seen: `needed`, `this happens twice`.

    Nor can one that holds an act, as `it is red and press F2` does.
    """
    condition = condition.strip()
    outside = mask(condition)
    if _ACT_INSIDE.search(outside) is not None:
        return True
    if shows_text(condition):
        return False
    return _VAGUE.match(condition) is not None or _OF_HISTORY.search(outside) is not None


def is_fragment(condition: str) -> bool:
    """Whether a condition has no verb: `rejected`, `no row`."""
    return _FINITE.search(mask(condition)) is None and "{" not in condition


def needs_sentence_before(condition: str) -> bool:
    """Whether a condition is about something that the sentence before it names."""
    if shows_text(condition):
        return False
    outside = _mask_neither(condition)
    if _POINTING.match(outside) or _POINTING_INSIDE.search(outside):
        return True
    if len(condition.split()) < 2 and "{" not in condition:
        return True
    return is_fragment(condition) and _QUOTED_LABEL.fullmatch(condition) is None


def _mask_neither(condition: str) -> str:
    """Return a masked condition in which the `noch` of `weder A noch B` means no time."""
    return re.sub(r"(?i)\bweder\b(.{1,60}?)\bnoch\b", r"weder\1oder", mask(condition))


def points_at_before(condition: str) -> bool:
    """Whether the words of a condition alone say nothing: `it is red`, `still locked`."""
    outside = _mask_neither(condition)
    return (
        _POINTING.match(outside) is not None
        or _POINTING_INSIDE.search(outside) is not None
        or len(condition.split()) < 2
    )


def shows_text(condition: str) -> bool:
    """Whether a condition is that `it says "..."`, which is the screen."""
    return _SHOWS_TEXT.match(condition.strip()) is not None


def means_going_on(act: str) -> bool:
    """Whether an act is to do nothing."""
    return _GO_ON.fullmatch(act.strip().rstrip(".")) is not None
