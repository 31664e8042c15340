"""The table of clauses: a kind, and how people write it in English and a little German.

A kind is the name of a method of `builders.Builders`, but for `again` and `store`. The first row
that matches a whole clause counts. The names of groups are the parts that
`builders` makes a statement of.
"""

from __future__ import annotations

from .wording import ACT, KEY_ALONE, NAME, VALUE

_LABEL = rf"(?!{ACT}|with |as |mit )[\w.-]{{2,20}}(?: (?!mit|with|as|is)[\w.-]{{2,20}})?"
_SECRET = rf"\{{\${NAME}\}}"
_QUOTED = r"\"[^\"\n]+\""
_TYPED = rf"(?:{VALUE}(?:[,;/ -]{{1,2}}{VALUE})*|{_QUOTED}|[^\s,;\"{{}}]+)"
_PLACE_WORD = (
    r"(?:field|box|text ?box|line|filter|bar|column|cell|prompt|dialog|area|input|note|remarks?|"
    r"comment|feld)"
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
_BY_FOCUSED = r"(?: (?:with|using|mit) (?:a )?focused_action| \(focused_action\))?"
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
_WHAT = r"(?:runtime )?(?:variable|value|output|key|name|field|names)"
_WITH_TOOL = r"(?:,? (?:with|using|via|by|through|mit)(?: the)?(?: tool)? upsert_runtime_values)?"
_FORMAT_NOTE = r"(?P<note> \([^()]+\))?"
_AMOUNT = r"\d{1,4} ?(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|sekunden?|minuten?)"
_AT_MOST = r"(?:for )?(?:up to|at most|a maximum of|max(?:imum)?\.?)"
_BOUND = rf"(?:{_AT_MOST} (?P<limit>{_AMOUNT})(?: at most)?,? )?"
_BOUND_BEHIND = rf"(?:,? \(?{_AT_MOST} (?P<limit2>{_AMOUNT})(?: at most)?\)?)?"
_FILE = r"\"?(?P<file>[^\s\"]+\.\w{2,4}|(?<=\")[^\"]+\.\w{2,4}(?=\"))\"?"
_NAMED = r"(?:(?:with )?(?:the )?(?:file ?name|name)|named|called|as|for|with|on)"
_A_REASON = r"(?: (?:the )?(?:reason|message|error|text|grund))?"
_TIMES = r"(?: (?P<times>once|twice|(?:\d{1,2}|two|three|four|five|six) times))?"
_OBJECT_OF_CHECK = r"(?:verify|confirm|check|ensure|make sure|validate)"

_CHORD = (
    r"(?:(?:(?:Ctrl|Alt|Shift|Strg|Win)\s?\+\s?)+(?:F\d{1,2}|\w+)|F\d{1,2}|Enter|Esc(?:ape)?|Tab)"
)
_MUST = r"(?:must|should|has to|have to|needs? to|muss|soll)"

ROWS: tuple[tuple[str, str], ...] = (
    (
        "press",
        r"(?:press|hit|push) (?:the )?"
        r"\"?(?P<keys>(?:page |arrow )?[^\s\"]+?(?: ?\+ ?[^\s\"+]+)*(?: arrow)?)\"?(?P<named> key)?"
        rf"{_TIMES}(?: again)?",
    ),
    ("press", rf"(?P<keys>(?-i:{KEY_ALONE})){_TIMES}"),
    ("press", r"(?P<keys>[^\s\"]+) drücken"),
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
    ("wait", rf"wait (?:for )?(?P<amount>{_AMOUNT})"),
    (
        "wait_until",
        rf"(?:wait {_BOUND}(?:until|till)|warten,? bis) (?P<condition>.+?){_BOUND_BEHIND}",
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
        r"the (?!time|moment|result|answer)(?:[\w-]+ ?){1,6}(?: \([^()]*\))?)",
    ),
    (
        "type",
        rf"(?:type|enter|input|fill in|write|put|paste)(?: in)? (?P<appositive>(?:the |your )?"
        rf"(?:[a-z]+ ){{1,3}})?(?P<value>{_TYPED}) {_INTO} (?P<target>{_PLACE})",
    ),
    (
        "type",
        rf"(?:on|in) (?P<screen>[A-Z][\w ]{{2,30}}?),? (?:type|enter) (?P<value>{_TYPED}) "
        rf"{_INTO} (?P<target>{_PLACE})",
    ),
    (
        "type_here",
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
    ("again", rf"(?P<value>{VALUE}|{_QUOTED}) (?:into|in|as|for) (?P<target>{_PLACE})"),
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
        rf"(?P<target>[\w. /-]{{2,40}}(?: \([^()]*\))?)(?: =|:) (?P<value>[A-Z]*-?{VALUE})"
        r"(?P<note> \((?:e\.\s?g\.|z\.\s?B\.|for example|like) [^()]*\))?",
    ),
    ("set_field", rf"(?P<target>[A-Z][A-Z /]+ \([^()]*\)) (?P<value>{VALUE})"),
    (
        "type_pairs",
        rf"(?P<pairs>(?!{ACT})[\w. /-]{{2,25}} {VALUE}"
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
        r"(?:take|save) a screenshot(?: of [^{}.;,()]+)?(?: (?:and attach it(?: to the run)?|"
        r"as a(?: run)? attachment|"
        r"(?:with |using |\()(?:the tool )?save_screenshot_as_run_attachment\)?))?",
    ),
    ("capture", r"(?:use )?save_screenshot_as_run_attachment"),
    (
        "export",
        rf"(?:use |call )?mark_file_for_export:? (?:{_NAMED} )?(?:the file )?{_FILE}",
    ),
    ("export", rf"mark (?:the file )?{_FILE} for export"),
    (
        "export_named_before",
        r"(?:use |call )?mark_file_for_export(?: (?:for )?(?:it|this file|the file|the pdf))?"
        r"|mark (?:it|the file|this file|the pdf) for export",
    ),
    (
        "copy",
        r"(?:(?:triple|double)[- ]click|select|highlight) (?:on )?(?P<source>[^.;]+?),?(?: and)?"
        r"(?: then)? (?:use |call )?copy_to_clipboard,? (?:(?:with )?(?:the )?key|as) "
        rf"(?P<name>{MARKED_NAME})",
    ),
    (
        "copy",
        r"copy (?P<source>[^.;]+?) (?:with|using) copy_to_clipboard,? "
        rf"(?:(?:with )?(?:the )?key|as) (?P<name>{MARKED_NAME})",
    ),
    (
        "read_several",
        rf"{_FOCUSED}{_READ} (?P<several>[^,;.]+? as {MARKED_NAME}"
        rf"(?:(?:, and |,? and |, )[^,;.]+? as {MARKED_NAME})+)",
    ),
    (
        "read_value",
        rf"(?:(?P<where>(?:from|on|in|at) (?:the )?[^,;:]{{3,40}}?),? )?"
        rf"{_FOCUSED}{_READ} {_NO_PRONOUN}(?P<source>[^;]+?){_BY_FOCUSED},?"
        r"(?: and| &| then| and then)? "
        rf"(?:{_SAVE} (?:(?:it|that|them|the value|this|each|each one) )?)?"
        rf"{_AS} (?:the )?(?:{_WHAT} )?(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
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
        rf"(?P<source>[^;:]+?) lesen und {_AS} (?P<names>{_NAMES}) speichern{_WITH_TOOL}",
    ),
    (
        "store",
        rf"(?:(?:read it and )?{_SAVE} (?:(?:it|them|that|this) )?{_AS} |"
        rf"upsert_runtime_values:? (?:{_AS} )?|read it into )"
        rf"(?P<names>{_NAMES}){_WITH_TOOL}{_FORMAT_NOTE}",
    ),
    ("store", rf"{_AS} (?P<names>{_NAMES}) speichern{_WITH_TOOL}"),
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
        "abort",
        r"(?:use |call )?(?:the (?:tool )?)?declare_task_failed"
        rf"(?:,? (?:with|and|giving|because|saying|stating|mit|:)(?: dem)?{_A_REASON}:? "
        r"(?P<reason>\".+\"|[^,;]+)|,? (?:reason:? )?(?P<why>\".+\"(?: \+ .+)?))?",
    ),
    ("abort", r"declare_task_failed, (?P<rest>(?:don['’]t|do not|because|since|as) .+)"),
    (
        "give_up",
        r"(?:(?:stop|and|just|then|rather),? )*(?:fail|abort)"
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
        "type",
        rf"(?P<value>{VALUE}) (?:in|ins|im|in das|in die) (?P<target>(?:feld )?[\w\"-]+)"
        r" (?:eingeben|eintragen|einfügen)",
    ),
    ("type_here", rf"(?P<value>{VALUE}) (?:eingeben|eintragen)"),
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
        r"(?:select|choose|pick) (?P<target>(?:the|a) [^,;]* (?:whose|that|with|which|where) "
        r"[^;,]+)",
    ),
    (
        "finish",
        r"(?:and )?(?:finish|stop the (?:run|task|workflow)|"
        r"end (?:here|the (?:run|task|workflow))|stop here|"
        r"(?:you|we|I)(?: a|['’])(?:re|m) (?:done|finished)|fertig|beenden)"
        r"(?:, that['’]s (?:ok|fine))?(?: with (?:the )?result (?P<why>\"[^\"]+\"))?",
    ),
)
SPANNING = frozenset(
    ("again", "capture", "copy", "give_up", "read_several", "read_value", "store", "type_pairs")
)
"""The kinds of clauses that are made of several pieces of a sentence."""
