"""The table of clauses: a kind, and how people write it.

A kind is the name of a method of `builders.Builders`, but for `again` and `store`. The first row
that matches a whole clause counts. The names of groups are the parts that `builders` makes a
statement of. German clauses have rows of their own in `languages.german`.
"""

from __future__ import annotations

from .languages import german
from .wording import ACT, ENDS_AS_ACT, KEY_ALONE, NAME, NUMBERS, VALUE

_NO_LABEL = r"in|into|with|as|mit|and|und|or|oder|if|wenn|at|to|on|the|für|for"
_LABEL_WORDS = r"[\w.-]{2,25}(?: (?!mit\b|with\b|as\b|is\b|and\b|und\b)[\w./-]{2,20}){0,3}"
_LABEL = rf"(?!(?:{ACT}|{_NO_LABEL})\b){_LABEL_WORDS}"
_NEXT_LABEL = rf"(?!(?:type|enter|{_NO_LABEL})\b|(?-i:{ACT})){_LABEL_WORDS}"
"""A label behind another one, which may be in the words of an act: `Start {day}`."""

_SECRET = rf"\{{\${NAME}\}}"
_QUOTED = r"\"[^\"\n]+\""
_TYPED = rf"(?:{VALUE}(?:[,;/ -]{{1,2}}{VALUE})*|{_QUOTED}|[^\s,;\"{{}}]+)"
_PLACE_WORD = (
    r"(?:field|box|text ?box|line|filter|bar|column|cell|prompt|dialog|area|input|note|remarks?|"
    r"comment|feld|zeile|spalte|drop-?down(?: list)?|combo ?box|list ?box)"
)
_NO_PLACE = (
    r"(?!(?:the )?(?:right|correct|appropriate|next|same|first|this|that|each|every|it|format|"
    r"capitals?|full|order|case|kg|euros?|digits?|(?:lower|upper)[ -]?case|words|english|german|"
    r"[DMYJTHS][DMYJTHS./: -]{3,}|[\w/.-]+ (?:format|letters|case)) ?)"
)
_PLACE = (
    rf"{_NO_PLACE}(?:(?:the |das |die |den |dem )?(?:{_PLACE_WORD} )?{_QUOTED}(?: {_PLACE_WORD})?|"
    rf"(?:the |das |die |den |dem )?(?:[\w/-]+ ){{0,6}}?{_PLACE_WORD}"
    r"(?: (?:in|at|of|on) the [\w /-]{2,40})?"
    r"(?: \([^()]*\))?(?: ===>)?|[A-Z]{2,}(?: [A-Z]{2,})*)"
)
_ANYWHERE = (
    rf"{_NO_PLACE}(?:{_PLACE}|(?:the |das |die |den |dem )?(?:[\w./-]+ ){{0,4}}?"
    r"(?-i:[A-ZÄÖÜ])[\w./-]*(?: (?!und\b|and\b|as\b|with\b|als\b)[\w./-]+){0,3}|"
    r"(?:box|line|row|column|field) \w+|the (?:[\w./-]+ ){0,3}[\w./-]+)(?: \([^()]*\))?"
)
"""Where a value of the prompt is typed: a place is named there in any words."""

_INTO = r"(?:into|in to|in|to|at|under|on(?= the )|ins?|im|bei|unter)"
_TYPE = (
    r"(?:type|enter|input|key in|fill(?: in)?|write|put|paste|insert)(?: in)?"
    r"(?! (?:is|are|ist|sind)\b)"
)
_HOW = (
    r"(?:,? (?P<how>(?:as|in|im) (?:the )?(?:format )?(?-i:[A-Z][A-Z./ -]{3,})|"
    r"padded [^,;:{}]{3,60}|in (?:kg|capitals)\b[^,;:{}]{0,40}|\([^()]*\)))?"
)
MARKED_NAME = rf"(?:\{{\{{[ \t]*{NAME}[ \t]*\}}\}}|[\"']{NAME}[\"']|{NAME})"
_NAMES = rf"{MARKED_NAME}(?:(?:, and |,? and |, | und ){MARKED_NAME})*"
_FOCUSED = r"(?:(?:use|with|have|let|mit) (?:a |the )?(?:tool )?focused_action,?(?: to)? )?"
_BY_FOCUSED = r"(?: (?:with|using|via|by|mit) (?:a )?focused_action| \(focused_action\))?"
READ = (
    r"(?:read|extract|get|find|find out|note(?: down)?|write down|record|look up|look for|identify|"
    r"determine|capture|count)"
)
_NO_PRONOUN = r"(?!(?:it|them|this|that)\b)"
_SAVE = r"(?:add|append|save|store|remember|keep|write|put|note|upsert_runtime_values:?)"
_AS = (
    r"(?:as|in|into|under|to|unter|als|(?:(?:with|using) upsert_runtime_values,? )?"
    r"(?:with )?(?:the )?key)"
)
_IN_NAME = r"(?:as|als|into|in|under)"
_WHAT = r"(?:runtime )?(?:variable|value|output|key|name|field|names|list)"
_WITH_TOOL = (
    r"(?:,? (?:(?:with|using|via|by|through|mit)(?: the)?(?: tool)? )?upsert_runtime_values|"
    r" \(upsert_runtime_values\))?"
)
_SOURCE = r"(?:[^,;.(]|\([^()]*\))+?"
_FORMAT_NOTE = r"(?P<note> \([^()]+\))?"
_AMOUNT = (
    rf"(?:\d{{1,4}}|{NUMBERS}|a) ?"
    r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|sekunden?|sek|minuten?)\.?"
)
_ABOUT = r"(?:(?:for|about|at least|another|approx\.|around|ca\.|etwa|mindestens) )*"
_AT_MOST = r"(?:for )?(?:up to|at most|a maximum of|max(?:imum)?\.?|höchstens|bis zu|maximal)"
_BOUND = rf"(?:{_AT_MOST} (?P<limit>{_AMOUNT})(?: at most)?,? )?"
_BOUND_BEHIND = (
    rf"(?:,? \(?(?:{_AT_MOST} (?P<limit2>{_AMOUNT})(?: at most)?|"
    rf"(?P<limit3>{_AMOUNT}) (?:at most|max(?:imum)?\.?|tops))\)?)?"
)
_FILE = r"\"?(?P<file>[^\s\"]+\.\w{2,4}|(?<=\")[^\"]+\.\w{2,4}(?=\"))\"?"
_NAMED = r"(?:(?:with )?(?:the )?(?:file ?name|name)|named|called|as|for|with|on)"
_A_REASON = r"(?: (?:the )?(?:reason|message|error|text|grund))?"
_TIMES = r"(?: (?P<times>once|twice|(?:\d{1,2}|two|three|four|five|six) times))?"
_CHECK = r"(?:double[- ]check|verify|confirm|check|ensure|make sure|validate|assert)"

_CHORD = (
    r"(?:(?:(?:Ctrl|Alt|Shift|Strg|Umschalt|Win)\s?\+\s?)+(?:F\d{1,2}|\w+)|F\d{1,2}|Enter|"
    r"Esc(?:ape)?|Tab|Einfg|Entf|Eingabetaste)(?:[- ](?:key|[Tt]aste))?"
)
_NAMED_KEY = r"(?-i:Insert|Delete|Home|End|Space|Return|Backspace|Page (?:Up|Down))"
_PRESS = r"(?:press|hit|push|use)"
_MUST = r"(?:must|should|has to|have to|needs? to|muss|soll)"
_ENDS = (
    r"(?:stop|end|fail|abort|terminate|quit|abbruch|abbrechen|brich)"
    r"(?: (?:the )?(?:task|run|workflow|process))?"
)

ROWS: tuple[tuple[str, str], ...] = (
    (
        "press",
        r"(?:press|hit|push) (?:the )?(?P<keys>(?P<named>(?-i:return|delete|space|home|end)))",
    ),
    (
        "press",
        r"(?:press|hit|push) (?:the )?"
        r"\"?(?P<keys>(?:page |arrow )?[^\s\"]+?(?: ?\+ ?[^\s\"+]+)*(?: arrow)?)\"?(?P<named> key)?"
        rf"{_TIMES}(?: again)?",
    ),
    ("press", rf"(?P<keys>(?-i:{KEY_ALONE})|enter|tab|return|esc){_TIMES}"),
    (
        "press_for",
        rf"(?:{_PRESS} )?(?P<keys>(?-i:{_CHORD})|(?P<named>(?<=press ){_NAMED_KEY}))(?: key)?"
        rf"{_TIMES} (?P<purpose>(?:for|to|um|für|back|zurück)\b[^{{}},;]{{0,60}})",
    ),
    (
        "press_for",
        rf"(?P<purpose>[^{{}},;:]{{0,50}}?(?:{ENDS_AS_ACT[:-1]})) mit (?P<keys>{_CHORD})",
    ),
    (
        "press_for",
        rf"(?P<purpose>(?:{ACT}|back\b)[^{{}},;:]{{0,60}}?) (?:with|by pressing|mit) "
        rf"(?P<keys>{_CHORD})",
    ),
    ("press_for", rf"(?P<purpose>{ACT}[^{{}},;:]{{2,60}}?): (?P<keys>{_CHORD})"),
    (
        "press_for",
        rf"(?P<purpose>(?!{ACT} )[A-ZÄÖÜ][^{{}},;:()>]{{1,40}}|[^{{}},;:()>]{{1,40}}en|"
        rf"(?:save|select) all) \((?:with |mit |press )?(?P<keys>(?-i:{_CHORD}))\)",
    ),
    ("again_press", r"(?P<keys>(?P<named>delete|del|backspace|home|end|space|return))"),
    ("wait", rf"(?:wait|give it) {_ABOUT}(?P<amount>{_AMOUNT})"),
    (
        "wait_until",
        r"(?:do not|don['’]t) (?:go on|continue|proceed|do anything|touch anything) "
        r"(?:before|until|till) (?P<condition>.+)",
    ),
    (
        "wait_until",
        rf"wait,? (?:a moment |a bit |a few seconds |shortly )?{_BOUND}(?:until|till|bis(?! zu \d))"
        rf" (?P<condition>.+?){_BOUND_BEHIND}",
    ),
    (
        "wait_until",
        rf"wait {_BOUND}for (?P<what>.+?) to "
        r"(?P<verb>be|appear|load|open|finish|complete|close|disappear|show up|start|come up)"
        rf"(?P<rest>(?: [^,;]+?)?){_BOUND_BEHIND}",
    ),
    (
        "wait_until",
        rf"wait {_BOUND}for (?P<seen>(?:the |a |an )?(?:[\w-]+ ){{0,3}}?{_QUOTED}(?: message)?"
        r"(?: (?:at|in|on) the [\w ]{2,25})?|"
        rf"the (?!time|moment|result|answer)(?:[\w-]+ ?){{1,6}}(?: \([^()]*\))?){_BOUND_BEHIND}",
    ),
    (
        "type",
        rf"(?:on|in) (?P<screen>[A-Z][\w ]{{2,30}}?),? (?:type|enter) (?P<value>{_TYPED}) "
        rf"{_INTO} (?P<target>{_PLACE})",
    ),
    (
        "type",
        rf"{_TYPE} (?P<appositive>(?:the |your )?(?:[a-z]+ ){{1,3}})?(?P<value>{_TYPED}) {_INTO} "
        rf"(?P<target>{_PLACE})",
    ),
    (
        "type",
        rf"{_TYPE} (?P<appositive>(?:the |your |das |die |den )?(?:[\w-]+ ){{1,3}})?"
        rf"(?P<value>{VALUE}) {_INTO} (?P<target>{_ANYWHERE}){_HOW}",
    ),
    ("type", rf"(?:fill(?: in)?|set) (?P<target>{_PLACE}) (?:with|to) (?P<value>{_TYPED})"),
    (
        "type",
        rf"{_INTO} (?P<target>{_PLACE}|{_ANYWHERE}),? {_TYPE} (?P<value>{VALUE}){_HOW}",
    ),
    ("type", rf"{_INTO} (?P<target>{_PLACE}),? {_TYPE} (?P<value>{_QUOTED})"),
    (
        "type",
        rf"(?P<target>(?:the )?(?:field |box )?{_QUOTED}): {_TYPE} (?P<value>{VALUE}|{_QUOTED})",
    ),
    (
        "type_into",
        rf"{_INTO} (?P<target>{_PLACE}), {_TYPE} (?P<value>{VALUE}|{_QUOTED})",
    ),
    ("type", rf"{_TYPE} (?P<value>{VALUE}) as the (?P<target>[a-z][\w -]{{2,30}})"),
    (
        "type_here",
        r"(?:on (?:the )?(?P<screen>[A-Z][\w ]{2,30}?),? )?(?:type|enter|input|key in) "
        r"(?P<target>(?!is\b|are\b)(?:the |your |das |die |den )?(?:[\w-]+,? ){1,4})?"
        rf"(?P<value>{VALUE}|\d+|(?-i:[A-Z]{{3,10}})){_HOW}",
    ),
    ("type_keys", rf"(?P<keys>{VALUE}(?: (?:tab|enter)(?: {VALUE})?)+)"),
    ("again", rf"(?P<value>{VALUE}|{_QUOTED}) (?:into|in|as|for) (?P<target>{_PLACE}|{_ANYWHERE})"),
    ("again_here", rf"(?P<value>{VALUE})"),
    (
        "type_entry",
        rf"{_TYPE} (?P<words>(?:its|the|their) [\w ]{{2,30}}?) {_INTO} "
        rf"(?P<target>{_PLACE}|{_ANYWHERE}){_HOW}",
    ),
    ("clear", rf"(?:clear|empty) (?P<target>(?:the )?(?:[\w-]+ ){{0,3}}{_PLACE})"),
    (
        "type_unnamed",
        rf"(?:(?:{_TYPE}|use|(?P<login>(?:log|sign) (?:in|on)(?:to [\w ]+)?|login))"
        rf"(?: as| with| using| mit|:)? )?(?:(?:dich |sich |die anmeldung erfolgt )?mit )?"
        rf"(?P<first>{VALUE})(?:,| /|/)?(?: (?:and|und|&|with|mit))?(?: (?:the |dem )?"
        rf"(?P<word>password|passwort|pw))? ?"
        rf"(?P<second>{_SECRET})(?: {_INTO} (?P<place>the (?:two |login |both )*(?:boxes|fields|"
        rf"lines)))?(?: (?P<german>anmelden))?",
    ),
    (
        "type_pairs",
        rf"(?:(?:{_TYPE}|(?P<login>(?:log|sign) in|login|anmelden)(?: (?:mit|with|as))?):? )?"
        rf"(?P<pairs>{_LABEL}(?: ?[:=])? {VALUE}"
        rf"(?:(?:,| and| und|, and) (?:the )?{_NEXT_LABEL}(?: ?[:=])? {VALUE})+){_HOW}",
    ),
    ("type_pairs", rf"(?P<pairs>{_LABEL}(?::| is)? {_SECRET}(?:,? {_NEXT_LABEL}:? {_SECRET})?)"),
    (
        "set_field",
        rf"(?P<target>(?:[\w. /-]{{2,40}}|(?:(?:the )?(?:field|box|feld) )?{_QUOTED})(?: "
        rf"\([^()]*\))?)"
        rf"(?: =|:) (?P<value>[A-Z]*-?{VALUE}|\"[^\"]*{VALUE}[^\"]*\"|[A-Z]:\\[^\s;,]+\.\w{{2,4}})"
        r"(?P<note> \([^()]*\))?",
    ),
    ("set_field", rf"(?P<target>[A-Z][A-Z /]+ \([^()]*\)) (?P<value>{VALUE})"),
    ("set_field", rf"(?P<target>[A-ZÄÖÜ][\w-]{{3,30}}) (?P<value>{VALUE})"),
    (
        "capture",
        rf"(?:(?:use |call )?save_screenshot_as_run_attachment(?: {_NAMED}|:)?|"
        r"(?:take|save|make) a screenshot[^{}.;\"\\]{0,40}?|screenshot [^{}.;\"\\]{0,30}?)"
        rf"(?:[:,]? {_NAMED}|[:,] (?:save_screenshot_as_run_attachment )?)? ?{_FILE}",
    ),
    (
        "capture",
        r"(?:take|save|make|attach|add) (?:a|one|another) screenshot(?: (?:of|for) "
        r"(?P<shown>(?:(?! and | und )[^{}.;,()])+?))?(?: (?:and attach it(?: to the run)?"
        r"(?: (?:with|using) save_screenshot_as_run_attachment)?|"
        r"as a(?: run)? attachment|too|as well|as proof|(?:as [a-z ]{3,20} )?"
        r"(?:with |using |\()(?:the tool )?save_screenshot_as_run_attachment\)?))?",
    ),
    (
        "capture",
        r"(?:use |one |call )?save_screenshot_as_run_attachment"
        r"(?: (?:of|for) (?P<shown>(?:(?! and | und )[^{}.;,()])+))?",
    ),
    ("export", rf"(?:use |call )?mark_file_for_export:? (?:{_NAMED} )?(?:the file )?{_FILE}"),
    ("export", rf"mark (?:the file )?{_FILE} for export"),
    (
        "export_named_before",
        r"(?:use |call )?mark_file_for_export(?: (?:for )?(?:it|(?:this|that|the) (?:file|list|"
        r"(?P<ending>pdf|csv|txt|xlsx|zip))))?"
        r"|mark (?:it|(?:the|this|that) (?:\w+ )?(?:file|pdf|csv|list)) for export"
        r"(?: (?:with|using|via) mark_file_for_export)?|export (?:it|that|the file)(?: to the run)?"
        r"(?: \(mark_file_for_export\))?",
    ),
    (
        "copy",
        r"(?:copy|select|highlight|(?:triple|double)[- ]click|take|get)(?: on)? "
        r"(?P<source>[^.;]+?)(?: (?:to|into) the clipboard)?,?(?: (?:and|then))*"
        r"(?: \(?(?:with|using|via|mit|use|call))?(?: \(?)copy_to_clipboard,?(?: and)?"
        rf"(?: (?:{_SAVE} )?(?:it )?)?(?:(?: ?\(?)(?:(?:with |in |under )?(?:the )?"
        rf"(?:key|name)\b|as|in|into|under):? ?=? ?)+(?P<name>{MARKED_NAME})\)?",
    ),
    (
        "copy",
        r"(?:use )?copy_to_clipboard to copy (?P<source>[^.;]+?) (?:as|with (?:the )?key|into|"
        rf"under) (?P<name>{MARKED_NAME})",
    ),
    (
        "run",
        r"(?:run |use |call )?(?:execute_terminal_command(?::| with)? )?\"(?P<command>[^\"]+)\""
        rf"(?:,? (?:and|und) {_SAVE} (?:the (?:result|output)|it) as (?P<name>{MARKED_NAME}))?",
    ),
    ("emit", r"(?:write|put) (?P<value>\"[^\"{}]*\") (?:into|in|to) (?P<name>\w+_\w+)"),
    (
        "emit_several",
        rf"set (?P<names>{_NAMES})(?: both)? to (?P<value>\"[^\"]*\"|\d+|true|false)",
    ),
    (
        "read_several",
        rf"{_FOCUSED}(?:{READ}|{_SAVE}) (?P<several>{_SOURCE} {_IN_NAME} {MARKED_NAME}"
        rf"(?:(?:, and |,? and | und |, ){_SOURCE} {_IN_NAME} {MARKED_NAME})+){_WITH_TOOL}",
    ),
    (
        "read_value",
        rf"(?:(?P<where>(?:from|on|in|at) (?:the )?[^,;:]{{3,40}}?),? )?"
        rf"{_FOCUSED}{READ} {_NO_PRONOUN}(?P<source>[^;]+?){_BY_FOCUSED},?"
        r"(?: and| &| und| then| and then)? "
        rf"(?:{_SAVE} (?:(?:it|that|them|the value|this|each|each one) )?)?"
        rf"(?:(?:with|using|via) upsert_runtime_values,? )?{_AS} (?:the )?(?:{_WHAT} "
        rf")?(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    (
        "read_value",
        rf"{_FOCUSED}{READ} {_NO_PRONOUN}(?P<source>[^;]+?){_BY_FOCUSED}[,;]?"
        r"(?: and| &| then| and then)? "
        rf"{_SAVE} (?:(?:it|them|each one|each) \((?P<inside>{_NAMES})\)|(?P<names>{_NAMES}))"
        rf"{_WITH_TOOL}",
    ),
    (
        "read_value",
        rf"(?:use upsert_runtime_values to )?{_SAVE} {_NO_PRONOUN}(?P<source>[^;]+?) "
        rf"{_AS} (?:the )?(?:{_WHAT} )?(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    ("read_value", rf"(?P<source>[^;:]+?): {_SAVE} {_AS} (?P<names>{_NAMES}){_WITH_TOOL}"),
    (
        "read_arrow",
        rf"(?:{READ} )?(?P<source>[^;:>]+?) -> (?P<names>\{{\{{ ?{NAME} ?\}}\}}|"
        r"[a-z]+(?:_[a-z]+)+)",
    ),
    (
        "store",
        rf"(?:(?:read it and )?{_SAVE} (?:(?:it|them|that|this) )?{_AS} |"
        rf"upsert_runtime_values:? (?:{_AS} )?|read it into )"
        rf"(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    (
        "store",
        rf"{_SAVE} (?:it|them) (?:with|using) upsert_runtime_values {_AS} (?P<names>{_NAMES})",
    ),
    ("store", rf"(?:save|store) (?P<names>{_NAMES}){_WITH_TOOL}"),
    (
        "read_unnamed",
        rf"{_FOCUSED}(?:read|note(?: down)?|extract) {_NO_PRONOUN}(?P<source>[^;:.]+?){_BY_FOCUSED}"
        rf"(?: and remember (?:it|them))?|(?P<german>[^;:.{{}}]+?) (?:ab|aus)?lesen",
    ),
    (
        "emit",
        rf"(?:save|store|set|keep) (?:\{{\{{)?(?P<name>{NAME})(?:\}}\}})? ?(?:=|to|as)? ?"
        r"(?P<value>\"[^\"]*\"|\d+|true|false|(?<== )\w+)",
    ),
    (
        "emit",
        rf"(?:save |set )?(?:\{{\{{)?(?P<name>{NAME})(?:\}}\}})? ?= ?"
        r"(?P<value>\"[^\"]*\"|true|false|\w+)(?: speichern)?",
    ),
    (
        "abort",
        rf"(?:{_ENDS} (?:with|using|by|mit) |(?:use |call )?(?:the (?:tool )?)?)"
        r"declare[_ ]task[_ ]failed"
        r"(?: ?\((?P<given>\"[^\"]+\")\)|"
        rf",? (?:with|and|giving|because|saying|stating|mit|:)(?: dem)?{_A_REASON}:? "
        r"(?P<reason>\".+\"|[^,;]+)|,? (?:reason:? )?(?P<why>\".+\"(?: \+ .+)?)(?: ab)?)?"
        r"(?: aufrufen)?",
    ),
    ("abort_since", r"declare_task_failed, (?P<rest>(?:don['’]t|do not|because|since|as) .+)"),
    (
        "abort",
        rf"{_ENDS}(?: as failed)? (?:with|using|by|mit) "
        r"declare_task_failed(?:,? (?:reason:? )?(?P<why>\"[^\"]+\"))?(?:, (?P<rest>[^;]+))?",
    ),
    (
        "give_up",
        r"(?:(?:stop|and|just|then|rather),? )*(?:fail|abort|abbrechen|the (?:run|task) has failed|"
        r"end the (?:task|run) as failed)"
        r"(?: (?:the )?(?:task|run|workflow|process))?"
        r"(?: (?:\(|(?:with|mit|saying|because of) )?(?P<why>\".+\")\)?)?",
    ),
    (
        "abort",
        rf"{_ENDS} (?:\(|(?:with|and report|and say|saying|because of)?{_A_REASON}:? ?)"
        r"(?P<why>\".+\")\)?",
    ),
    (
        "expect_or",
        rf"(?:{_FOCUSED}{_CHECK}{_BY_FOCUSED},? (?:that|ob|dass) (?P<condition>[^;]+?)|"
        rf"(?P<thing>(?!it\b|this\b|that\b|they\b)[^,;:{{}}]{{2,70}}?) {_MUST} "
        r"(?P<verb>be|say|show|come|appear|read|contain|have)(?P<rest> [^;]+?)?)"
        r"[,;]? (?:otherwise|or else|else|sonst|if not,?) (?P<otherwise>[^;]+)",
    ),
    ("expect", rf"{_FOCUSED}{_CHECK}{_BY_FOCUSED},? that (?P<condition>.+)"),
    ("expect", r"use focused_action to verify (?P<condition>there (?:is|are) .+)"),
    (
        "expect",
        r"(?:check|verify|make sure) (?P<condition>(?:the|that) [^,;]+? "
        r"(?:is|are|shows|says|contains|matches) .+)",
    ),
    (
        "must_equal",
        rf"(?P<left>{VALUE}) {_MUST} (?:be )?(?:the same as|equal(?: to)?|identical to|match|"
        rf"gleich) (?P<right>{VALUE})(?: sein)?",
    ),
    (
        "must",
        rf"(?P<thing>(?!it\b|this\b|that\b|you\b|they\b)[^,;:{{}}]{{2,70}}?) {_MUST} "
        r"(?P<verb>be|say|show|come|appear|read|contain|have)(?P<rest> [^;]+)?",
    ),
    (
        "choose",
        r"use (?:a |the )?(?:tool )?focused_action (?:to|and) "
        r"(?:select|choose|pick|take|find and (?:open|click|select)) (?P<target>[^;]+)",
    ),
    (
        "choose",
        rf"(?:(?P<label>{_PLACE}): )?(?:select|choose|pick|take) (?P<target>(?:the|a|an) "
        rf"(?:(?! and | so )[^,;])* "
        rf"(?:whose|that|with|which|"
        r"where|who|ending|beginning|starting|named|called|labell?ed|marked|matching) [^;,]+)",
    ),
    (
        "choose",
        rf"(?:select|choose|pick) (?P<target>(?:the |a |an )?[\w/ ]*?(?:row|line|entry|record|"
        rf"item|option) (?:of|for) [^;,]+|(?:(?:the |den |die |das )?[\w-]+ )?{VALUE}"
        rf"(?: (?:in|from|at|on) (?:the )?[^;,]+)?|(?:the |a )[^;,]+ (?:from|"
        rf"in|out of) the "
        rf"(?:list|drop-?down|table|grid|results?|menu)(?: [\w ]+)?)",
    ),
    (
        "choose",
        rf"(?:in|under|from|at|unter|bei) (?P<label>{_PLACE}|the drop-?down [A-Z]\w+),? "
        rf"(?:select|choose|pick) (?P<target>{VALUE}|{_QUOTED}|(?:the|an?) [^;,]+)",
    ),
    (
        "choose",
        rf"(?P<label>{_PLACE}): (?:select|choose|pick) (?P<target>{VALUE}|(?:the|an?) [^;,]+)",
    ),
    (
        "choose_by_values",
        rf"(?:click|double[- ]click|open|select|choose|pick)(?: on)? (?P<target>the "
        rf"(?:[\w-]+ ){{0,3}}?[\w-]+ (?:for|of|from|with|named|whose|that|which) [^;,{{}}]*{VALUE}"
        rf"(?:,? (?:and|und|/) (?:[\w-]+ ){{0,3}}{VALUE})*(?: (?:in|on|from) the [\w ]{{2,30}})?)",
    ),
    (
        "choose",
        rf"(?:select|choose|pick) (?P<target>{_QUOTED} (?:in|from|under) (?:the )?(?:[\w/-]+ "
        rf"){{0,3}}?"
        r"(?:list|drop-?down|combo ?box|menu)(?: [\w ]+)?)",
    ),
    (
        "find_and_open",
        r"(?:find|look for|search(?: for)?|locate) (?P<target>[^;,]+? (?:in|on) (?:the |this "
        r")?[\w ]+?),? "
        r"and (?:double[- ]?click|click|open|select|choose)(?: on)? (?:it|(?:the|its|that) \w+)",
    ),
    (
        "finish",
        r"(?:and )?(?:finish|stop the (?:run|task|workflow)|"
        r"end (?:here|the (?:run|task|workflow))|stop here|"
        r"(?:you|we|I)(?: a|['’])(?:re|m) (?:done|finished)|fertig|beenden)"
        r"(?: successfully| as (?:a )?success)?"
        r"(?:, that(?:['’]s| is| counts as)(?: a| also a)? (?:ok|fine|success))?(?: with (?:the "
        r")?result (?P<why>\"[^\"]+\"))?",
    ),
)
GERMAN_ROWS = german.rows(VALUE, NAME, _NAMES, MARKED_NAME, _FILE, _AMOUNT)

SPANNING = frozenset(
    (
        *(
            "abort_since",
            "again",
            "again_press",
            "choose_by_values",
            "expect_or",
            "capture",
            "copy",
            "find_and_open",
            "give_up",
            "read_arrow",
            "read_several",
            "read_value",
        ),
        "run",
        *("store", "type_into", "type_pairs", "type_unnamed"),
    )
)
"""The kinds of clauses that are made of several pieces of a sentence."""
