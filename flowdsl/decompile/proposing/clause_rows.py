"""The table of clauses: a kind, and how people write it in English and a little German.

A kind is the name of a method of `builders.Builders`, but for `again` and `store`. The first row
that matches a whole clause counts. The names of groups are the parts that
`builders` makes a statement of.
"""

from __future__ import annotations

from .languages import german
from .wording import ACT, ENDS_AS_ACT, KEY_ALONE, NAME, NUMBERS, VALUE

_LABEL = rf"(?!{ACT}|with |as |mit )[\w.-]{{2,20}}(?: (?!mit|with|as|is)[\w.-]{{2,20}})?"
_SECRET = rf"\{{\${NAME}\}}"
_QUOTED = r"\"[^\"\n]+\""
_TYPED = rf"(?:{VALUE}(?:[,;/ -]{{1,2}}{VALUE})*|{_QUOTED}|[^\s,;\"{{}}]+)"
_PLACE_WORD = (
    r"(?:field|box|text ?box|line|filter|bar|column|cell|prompt|dialog|area|input|note|remarks?|"
    r"comment|feld|drop-?down(?: list)?|combo ?box|list ?box)"
)
_NO_PLACE = (
    r"(?!(?:the )?(?:right|correct|appropriate|next|same|first|this|that|each|every|it|format|"
    r"capitals?|full|order|case) ?)"
)
_PLACE = (
    rf"{_NO_PLACE}(?:(?:the )?(?:{_PLACE_WORD} )?{_QUOTED}(?: {_PLACE_WORD})?|"
    rf"(?:the )?(?:[\w/-]+ ){{0,6}}?{_PLACE_WORD}(?: (?:in|at|of|on) the [\w /-]{{2,40}})?"
    r"(?: \([^()]*\))?(?: ===>)?|[A-Z]{2,}(?: [A-Z]{2,})*)"
)
_INTO = r"(?:into|in to|in|to|at|under)"
MARKED_NAME = rf"(?:\{{\{{[ \t]*{NAME}[ \t]*\}}\}}|[\"']{NAME}[\"']|{NAME})"
_NAMES = rf"{MARKED_NAME}(?:(?:, and |,? and |, | und ){MARKED_NAME})*"
_FOCUSED = r"(?:(?:use|with|have|let|mit) (?:a |the )?(?:tool )?focused_action,?(?: to)? )?"
_BY_FOCUSED = r"(?: (?:with|using|via|by|mit) (?:a )?focused_action| \(focused_action\))?"
_READ = (
    r"(?:read|extract|get|find|find out|note(?: down)?|write down|record|look up|identify|"
    r"determine|capture|count)"
)
_NO_PRONOUN = r"(?!(?:it|them|this|that)\b)"
_SAVE = r"(?:add|append|save|store|remember|keep|write|put|upsert_runtime_values:?)"
_AS = (
    r"(?:as|in|into|under|to|unter|als|(?:(?:with|using) upsert_runtime_values,? )?"
    r"(?:with )?(?:the )?key)"
)
_SAVING = r"(?:speichern|merken|ablegen|sichern|notieren)"
_WHAT = r"(?:runtime )?(?:variable|value|output|key|name|field|names)"
_WITH_TOOL = (
    r"(?:,? (?:with|using|via|by|through|mit)(?: the)?(?: tool)? upsert_runtime_values|"
    r" \(upsert_runtime_values\))?"
)
_SOURCE = r"(?:[^,;.(]|\([^()]*\))+?"
_FORMAT_NOTE = r"(?P<note> \([^()]+\))?"
_AMOUNT = (
    rf"(?:\d{{1,4}}|{NUMBERS}) ?"
    r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|sekunden?|minuten?)"
)
_ABOUT = r"(?:(?:for|about|at least|approx\.|around|ca\.|etwa|mindestens) )*"
_AT_MOST = r"(?:for )?(?:up to|at most|a maximum of|max(?:imum)?\.?)"
_BOUND = rf"(?:{_AT_MOST} (?P<limit>{_AMOUNT})(?: at most)?,? )?"
_BOUND_BEHIND = (
    rf"(?:,? \(?(?:{_AT_MOST} (?P<limit2>{_AMOUNT})(?: at most)?|"
    rf"(?P<limit3>{_AMOUNT}) (?:at most|max(?:imum)?\.?|tops))\)?)?"
)
_FILE = r"\"?(?P<file>[^\s\"]+\.\w{2,4}|(?<=\")[^\"]+\.\w{2,4}(?=\"))\"?"
_NAMED = r"(?:(?:with )?(?:the )?(?:file ?name|name)|named|called|as|for|with|on)"
_A_REASON = r"(?: (?:the )?(?:reason|message|error|text|grund))?"
_TIMES = r"(?: (?P<times>once|twice|(?:\d{1,2}|two|three|four|five|six) times))?"
_OBJECT_OF_CHECK = r"(?:verify|confirm|check|ensure|make sure|validate)"

_CHORD = (
    r"(?:(?:(?:Ctrl|Alt|Shift|Strg|Win)\s?\+\s?)+(?:F\d{1,2}|\w+)|F\d{1,2}|Enter|Esc(?:ape)?|Tab)"
)
_TYPING = r"(?:eingeben|eintragen|eintippen|einfügen|schreiben|tippen)"
_MUST = r"(?:must|should|has to|have to|needs? to|muss|soll)"

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
    ("press", rf"(?P<keys>(?-i:{KEY_ALONE})){_TIMES}"),
    ("press", rf"(?P<keys>enter|tab|return|esc){_TIMES}"),
    ("press", r"(?P<keys>[^\s\"]+)(?:-taste)? drücken"),
    (
        "press_for",
        rf"mit (?P<keys>{_CHORD}) (?P<purpose>[^{{}},;:]{{2,60}})(?<=en)",
    ),
    ("press_for", rf"(?P<keys>{_CHORD}) drücken (?P<purpose>(?:für|um) [^{{}};:]{{3,60}})"),
    (
        "press_for",
        rf"(?P<purpose>[^{{}},;:]{{0,50}}?(?:{ENDS_AS_ACT[:-1]})) mit (?P<keys>{_CHORD})",
    ),
    (
        "press_for",
        rf"(?:(?:press|hit|push) )?(?P<keys>(?-i:{_CHORD})) (?:key )?"
        r"(?P<purpose>(?:for|to) [^{}},;]{3,60})",
    ),
    (
        "press_for",
        rf"(?P<purpose>{ACT}[^{{}},;:]{{0,60}}?) (?:with|by pressing|mit) (?P<keys>{_CHORD})",
    ),
    ("press_for", rf"(?P<purpose>{ACT}[^{{}},;:]{{2,60}}?): (?P<keys>{_CHORD})"),
    ("again_press", r"(?P<keys>(?P<named>delete|del|backspace|home|end|space|return))"),
    (
        "press_for",
        rf"(?:(?:press|hit|push|use) )(?P<keys>(?-i:{_CHORD})){_TIMES} (?P<purpose>(?:for|to) "
        rf"[^{{}},;]{{3,60}})",
    ),
    ("wait", rf"(?:wait|give it) {_ABOUT}(?P<amount>{_AMOUNT})"),
    ("wait", rf"{_ABOUT}(?P<amount>{_AMOUNT}) warten"),
    (
        "wait_until",
        r"(?:do not|don['’]t) (?:go on|continue|proceed) (?:before|until|till) "
        r"(?P<condition>.+)",
    ),
    (
        "wait_until",
        rf"(?:wait (?:a moment |a bit |a few seconds |shortly )?{_BOUND}(?:until|till)|warten,? "
        rf"bis) (?P<condition>.+?){_BOUND_BEHIND}",
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
        rf"(?:type|enter|input|fill(?: in)?|write|put|paste)(?: in)? (?P<appositive>(?:the |your )?"
        rf"(?:[a-z]+ ){{1,3}})?(?P<value>{_TYPED}) {_INTO} (?P<target>{_PLACE})",
    ),
    (
        "type",
        rf"(?:on|in) (?P<screen>[A-Z][\w ]{{2,30}}?),? (?:type|enter) (?P<value>{_TYPED}) "
        rf"{_INTO} (?P<target>{_PLACE})",
    ),
    (
        "type_here",
        r"(?:on (?:the )?(?P<screen>[A-Z][\w ]{2,30}?),? )?"
        rf"(?:type|enter|input|key in) (?P<target>(?:the |your )(?:[a-z][\w-]*,? ){{1,4}})?"
        rf"(?P<value>{VALUE}|\d+)",
    ),
    ("type", rf"(?:fill(?: in)?|set) (?P<target>{_PLACE}) (?:with|to) (?P<value>{_TYPED})"),
    (
        "type",
        rf"(?:in|into) (?P<target>{_PLACE}),? (?:type|enter|paste|write|put|fill in) "
        rf"(?P<value>{VALUE}|{_QUOTED})",
    ),
    (
        "type",
        rf"(?P<target>(?:the )?(?:field |box )?{_QUOTED}): (?:type|enter|paste|fill in) "
        rf"(?P<value>{VALUE}|{_QUOTED})",
    ),
    (
        "type_into",
        rf"(?:in|into) (?P<target>{_PLACE}), (?:type|enter|paste|write|put|fill in) "
        rf"(?P<value>{VALUE}|{_QUOTED})",
    ),
    (
        "type",
        rf"(?:type|enter|input|fill in|put) (?P<value>{VALUE}) as the "
        rf"(?P<target>[a-z][\w -]{{2,30}})",
    ),
    ("again", rf"(?P<value>{VALUE}|{_QUOTED}) (?:into|in|as|for) (?P<target>{_PLACE})"),
    ("again_here", rf"(?P<value>{VALUE})"),
    (
        "type_entry",
        rf"(?:type|enter|input|fill in|write|put|paste)(?: in)? (?P<words>(?:its|the|their) "
        rf"[\w ]{{2,30}}?) {_INTO} (?P<target>{_PLACE})",
    ),
    (
        "type_unnamed",
        rf"(?:type|enter|input|fill in|put|use)(?: in)? (?P<first>{_SECRET}),? (?:and|und|&|/) "
        rf"(?P<second>{_SECRET})(?: {_INTO} (?P<place>the (?:two |login |both )*(?:boxes|fields|"
        rf"lines)))?",
    ),
    (
        "type_pairs",
        rf"(?:fill in|enter|type) (?P<pairs>[\w. /-]{{2,30}} {VALUE}"
        rf"(?:,? (?:and )?[\w. /-]{{2,30}} {VALUE})+)",
    ),
    (
        "type_pairs",
        rf"(?P<pairs>{_LABEL} {_SECRET}(?:(?:,| and| und) {_LABEL} {_SECRET})*)",
    ),
    (
        "set_field",
        rf"(?P<target>(?:[\w. /-]{{2,40}}|(?:(?:the )?(?:field|box|feld) )?{_QUOTED})(?: "
        rf"\([^()]*\))?)"
        rf"(?: =|:) (?P<value>[A-Z]*-?{VALUE}|\"[^\"]*{VALUE}[^\"]*\"|[A-Z]:\\[^\s;,]+\.\w{{2,4}})"
        r"(?P<note> \([^()]*\))?",
    ),
    ("set_field", rf"(?P<target>[A-Z][A-Z /]+ \([^()]*\)) (?P<value>{VALUE})"),
    (
        "type_pairs",
        rf"(?P<pairs>(?!{ACT}|in |into )[\w. /-]{{2,25}} {VALUE}"
        rf"(?:,? (?:and )?(?!{ACT})[\w. /-]{{2,25}} {VALUE})+)",
    ),
    ("set_field", rf"(?P<target>[A-ZÄÖÜ][\w-]{{3,30}}) (?P<value>{VALUE})"),
    (
        "capture",
        rf"(?:(?:use |call )?save_screenshot_as_run_attachment {_NAMED}|"
        r"(?:take|save) a screenshot (?:and attach it|as a run attachment)"
        rf"(?: to the run)?(?: {_NAMED})?) {_FILE}",
    ),
    (
        "capture",
        r"(?:take|save|make|attach|add) (?:a|one|another) screenshot(?: (?:of|for) "
        r"(?P<shown>(?:(?! and | und )[^{}.;,()])+?))?(?: (?:and attach it(?: to the run)?|"
        r"as a(?: run)? attachment|too|as well|as proof|(?:as [a-z ]{3,20} )?"
        r"(?:with |using |\()(?:the tool )?save_screenshot_as_run_attachment\)?))?",
    ),
    (
        "capture",
        r"(?:use |one |call )?save_screenshot_as_run_attachment"
        r"(?: (?:of|for) (?P<shown>(?:(?! and | und )[^{}.;,()])+))?",
    ),
    (
        "capture",
        r"(?:einen |ein )?(?:screenshot|bildschirmfoto) (?:von [^{}.;,()]+ )?"
        r"(?:machen und anhängen|machen|aufnehmen|speichern|anhängen)(?: "
        r"\(save_screenshot_as_run_attachment\))?",
    ),
    (
        "export",
        rf"(?:use |call )?mark_file_for_export:? (?:{_NAMED} )?(?:the file )?{_FILE}",
    ),
    ("export", rf"mark (?:the file )?{_FILE} for export"),
    (
        "export_named_before",
        r"(?:use |call )?mark_file_for_export(?: (?:for )?(?:it|(?:this|that|the) (?:file|pdf|"
        r"csv)))?"
        r"|mark (?:it|(?:the|this|that) (?:file|pdf|csv)) for export"
        r"(?: (?:with|using|via) mark_file_for_export)?"
        r"|(?:sie|die datei|es) mit mark_file_for_export (?:ausgeben|exportieren|markieren)",
    ),
    (
        "copy",
        r"copy (?P<source>[^.;]+?)(?: (?:to|into) the clipboard)? (?:with|using|via) "
        r"copy_to_clipboard "
        rf"\((?:as|key|name)?:? ?(?P<name>{MARKED_NAME})\)",
    ),
    (
        "copy",
        r"(?:use )?copy_to_clipboard to copy (?P<source>[^.;]+?) (?:as|with (?:the )?key|into|"
        r"under) "
        rf"(?P<name>{MARKED_NAME})",
    ),
    (
        "copy",
        r"(?:(?:triple|double)[- ]click|select|highlight) (?:on )?(?P<source>[^.;]+?),?(?: and)?"
        r"(?: then)? (?:use |call )?copy_to_clipboard,? (?:(?:with )?(?:the )?key|as) "
        rf"(?P<name>{MARKED_NAME})",
    ),
    (
        "copy",
        r"(?:copy|take|get) (?P<source>[^.;]+?) (?:with|using|via) copy_to_clipboard,? (?:and )?"
        rf"(?:{_SAVE} (?:it )?)?(?:(?:with )?(?:the )?key|as|in|into|under) "
        rf"(?P<name>{MARKED_NAME})",
    ),
    (
        "copy",
        rf"(?P<source>[^.;]+?) mit copy_to_clipboard (?:kopieren|holen|nehmen) und (?:als|in|"
        rf"unter) "
        rf"(?P<name>{MARKED_NAME}) {_SAVING}",
    ),
    ("emit", r"(?:write|put) (?P<value>\"[^\"{}]*\") (?:into|in|to) (?P<name>\w+_\w+)"),
    (
        "read_several",
        rf"{_FOCUSED}{_READ} (?P<several>{_SOURCE} as {MARKED_NAME}"
        rf"(?:(?:, and |,? and |, ){_SOURCE} as {MARKED_NAME})+)",
    ),
    (
        "read_value",
        rf"(?:(?P<where>(?:from|on|in|at) (?:the )?[^,;:]{{3,40}}?),? )?"
        rf"{_FOCUSED}{_READ} {_NO_PRONOUN}(?P<source>[^;]+?){_BY_FOCUSED},?"
        r"(?: and| &| then| and then)? "
        rf"(?:{_SAVE} (?:(?:it|that|them|the value|this|each|each one) )?)?"
        rf"(?:(?:with|using|via) upsert_runtime_values,? )?{_AS} (?:the )?(?:{_WHAT} "
        rf")?(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    (
        "read_value",
        rf"{_FOCUSED}{_READ} {_NO_PRONOUN}(?P<source>[^;]+?){_BY_FOCUSED}[,;]?"
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
        "read_value",
        rf"(?P<source>[^;:]+?) (?:ab|aus)?lesen(?:,| und) {_AS} (?P<names>{_NAMES}) {_SAVING}"
        rf"{_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    (
        "store",
        rf"(?:(?:read it and )?{_SAVE} (?:(?:it|them|that|this) )?{_AS} |"
        rf"upsert_runtime_values:? (?:{_AS} )?|read it into )"
        rf"(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    ("store", rf"{_AS} (?P<names>{_NAMES}) {_SAVING}{_WITH_TOOL}"),
    (
        "store",
        rf"{_SAVE} (?:it|them) (?:with|using) upsert_runtime_values {_AS} (?P<names>{_NAMES})",
    ),
    ("store", rf"(?:save|store) (?P<names>{_NAMES}){_WITH_TOOL}"),
    (
        "emit",
        rf"(?:save|store|set) (?:\{{\{{)?(?P<name>{NAME})(?:\}}\}})? ?(?:=|to|as)? ?"
        r"(?P<value>\"[^\"]*\"|\d+|true|false|(?<== )\w+)",
    ),
    (
        "emit",
        rf"(?:\{{\{{)?(?P<name>{NAME})(?:\}}\}})? = (?P<value>\"[^\"]*\"|true|false|\w+)"
        r"(?: speichern)?",
    ),
    (
        "emit",
        rf"(?:\{{\{{)?(?P<name>{NAME})(?:\}}\}})? auf (?P<value>\"[^\"]*\"|\d+|true|false) setzen",
    ),
    (
        "abort",
        r"(?:use |call )?(?:the (?:tool )?)?declare_task_failed"
        r"(?:\((?P<given>\"[^\"]+\")\)|"
        rf",? (?:with|and|giving|because|saying|stating|mit|:)(?: dem)?{_A_REASON}:? "
        r"(?P<reason>\".+\"|[^,;]+)|,? (?:reason:? )?(?P<why>\".+\"(?: \+ .+)?))?(?: aufrufen)?",
    ),
    ("abort", r"declare_task_failed, (?P<rest>(?:don['’]t|do not|because|since|as) .+)"),
    (
        "abort",
        r"(?:stop|end|fail|abort|abbrechen)(?: the (?:run|task))? (?:with|using|by|mit) "
        r"declare_task_failed"
        r"(?:,? (?:reason:? )?(?P<why>\"[^\"]+\"))?(?:, (?P<rest>[^;]+))?",
    ),
    (
        "give_up",
        r"(?:(?:stop|and|just|then|rather),? )*(?:fail|abort|abbrechen|the (?:run|task) has failed)"
        r"(?: (?:the )?(?:task|run|workflow|process))?"
        r"(?: (?:\(|(?:with|saying|because of) )?(?P<why>\".+\")\)?)?",
    ),
    (
        "abort",
        r"(?:stop|end|fail|abort|terminate|quit)(?: (?:the )?(?:task|run|workflow|process))?"
        rf" (?:\(|(?:with|and report|and say|saying|because of){_A_REASON}:? )(?P<why>\".+\")\)?",
    ),
    (
        "expect",
        rf"{_FOCUSED}{_OBJECT_OF_CHECK}{_BY_FOCUSED} that (?P<condition>.+)",
    ),
    (
        "expect",
        r"(?:check|verify|make sure) (?P<condition>(?:the|that) [^,;]+? "
        r"(?:is|are|shows|says|contains|matches) .+)",
    ),
    ("expect", r"(?:mit focused_action )?prüfen,? (?:ob|dass) (?P<condition>[^,;]+)"),
    (
        "must_equal",
        rf"(?P<left>{VALUE}) {_MUST} (?:be )?(?:the same as|equal(?: to)?|identical to|match|"
        rf"gleich) "
        rf"(?P<right>{VALUE})(?: sein)?",
    ),
    (
        "type",
        rf"(?P<value>{VALUE}) (?:in|ins|im|in das|in die|bei|unter) (?P<target>(?:feld )?"
        rf"(?:{_QUOTED}|[\w-]+)) {_TYPING}",
    ),
    (
        "type",
        rf"(?:(?:bei|in|im|unter|ins|ins feld|im feld|in das feld|feld) )?(?P<target>(?!als "
        rf")(?:{_QUOTED}|"
        rf"[\w-]{{2,30}}))"
        rf" (?P<value>{VALUE}) {_TYPING}",
    ),
    ("type_pairs", rf"(?P<pairs>{_LABEL} {VALUE}(?:(?:,| und) {_LABEL} {VALUE})+) {_TYPING}"),
    ("type_here", rf"(?P<value>{VALUE}) {_TYPING}"),
    (
        "must",
        rf"(?P<thing>(?!it\b|this\b|that\b|you\b|they\b)[^,;:{{}}]{{2,70}}?) {_MUST} "
        r"(?P<verb>be|say|show|come|appear|read|contain|have)(?P<rest> [^;]+)?",
    ),
    (
        "choose",
        r"use (?:a |the )?(?:tool )?focused_action to "
        r"(?:select|choose|pick|find and (?:open|click|select)) (?P<target>[^;]+)",
    ),
    (
        "choose",
        rf"(?:(?P<label>{_PLACE}): )?(?:select|choose|pick|take) (?P<target>(?:the|a|an) [^,;]* "
        rf"(?:whose|that|with|which|"
        r"where|who|ending|beginning|starting|named|called|labell?ed|marked|matching) [^;,]+)",
    ),
    (
        "choose",
        rf"(?:select|choose|pick) (?P<target>(?:the |a |an )?[\w/ ]*?(?:row|line|entry|record|"
        rf"item|option) "
        rf"(?:of|for) [^;,]+|{VALUE}(?: (?:in|from) (?:the )?[^;,]+)?|(?:the |a )[^;,]+ (?:from|"
        rf"in|out of) the "
        rf"(?:list|drop-?down|table|grid|results?|menu)(?: [\w ]+)?)",
    ),
    (
        "choose",
        rf"(?:in|under|from|at|unter|bei) (?P<label>{_PLACE}),? (?:select|choose|pick) "
        rf"(?P<target>{VALUE}|{_QUOTED}|(?:the|an?) [^;,]+)",
    ),
    (
        "choose",
        rf"(?P<label>{_PLACE}): (?:select|choose|pick) (?P<target>{VALUE}|(?:the|an?) [^;,]+)",
    ),
    (
        "choose",
        rf"(?:click|double[- ]click|open|select)(?: on)? (?P<target>the (?:[a-z]+ "
        rf"){{0,3}}?(?:row|entry|line|"
        rf"record|result|item|mail|case|order|invoice) (?:for|of|from|with|named|whose|that|"
        rf"which) [^;,]*{VALUE}[^;,]*)",
    ),
    (
        "choose",
        rf"(?:select|choose|pick) (?P<target>{_QUOTED} (?:in|from|under) (?:the )?(?:[\w/-]+ "
        rf"){{0,3}}?"
        r"(?:list|drop-?down|combo ?box|menu)(?: [\w ]+)?)",
    ),
    (
        "find_and_open",
        r"(?:find|look for|search(?: for)?|locate) (?P<target>[^;,]+? (?:in|on|at) (?:the |this "
        r")?[\w ]+?),? "
        r"and (?:double[- ]?click|click|open|select|choose)(?: on)? (?:it|(?:the|its|that) \w+)",
    ),
    (
        "choose",
        rf"(?P<target>[A-Za-zÄÖÜäöü][\w-]+ [^;,:]*?(?:{VALUE}|{_QUOTED})[^;,:]*?) "
        r"(?:auswählen|wählen)",
    ),
    (
        "find_and_open",
        r"(?P<target>[^;,:]+) suchen und (?:auswählen|anklicken|öffnen|doppelklicken)",
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
            "again",
            "again_press",
            "capture",
            "copy",
            "find_and_open",
            "give_up",
            "read_several",
            "read_value",
        ),
        *("store", "type_into", "type_pairs", "type_unnamed"),
    )
)
"""The kinds of clauses that are made of several pieces of a sentence."""
