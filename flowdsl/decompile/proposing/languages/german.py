"""German instructions: brought into one form, and a table of clauses in that form.

Office people write one act in many ways: `gib {x} ein`, `geben Sie {x} ein`, `man gibt {x} ein`,
`Eingabe von {x}`. All become `{x} eingeben`, with the verb at the end, and `ROWS` knows only that.
"""

from __future__ import annotations

import re

_STEMS = """
brech brich:brech aktivier aktualisier änder bestätig beend benutz druck drück entfern entnehm
entnimm:entnehm erfass ergänz erstell ermittl:ermittel exportier lass korrigier füg füll geb gib:geb
geh klick kontrollier kopier lad leg les lies:les lösch mach markier meld merk navigier nehm
nimm:nehm notier
öffn prüf ruf scroll schließ schreib setz speicher stell such tipp trag träg:trag
übernehm übernimm:übernehm überprüf vergleich wähl wart wechsel bearbeit blätter buch
""".split()  # noqa: SIM905
_BASES = {each.partition(":")[0]: each.rpartition(":")[2] for each in _STEMS}
"""How verbs begin in other forms than the infinitive, and how they begin there."""
_PREFIXES = "an|aus|ab|ein|auf|zu|nach|vor|weg|um|fest|rein|hinein|herunter|zurück|weiter"


def _infinitive_of(stem: str) -> str:
    base = _BASES[stem.lower()]
    return f"{base}n" if re.search(r"(?<!i)er$|el$", base) else f"{base}en"


_STEM = "|".join(sorted(_BASES, key=len, reverse=True))
_AMBIGUOUS = r"(?!(?:stelle?|lege?|buch|ruf|such|druck)\b(?! sie))"
"""Imperatives that are more often nouns."""
IMPERATIVE = rf"(?:(?:{_STEM})e?n? [Ss]ie|{_AMBIGUOUS}(?:{_STEM})e?)"
"""How an instruction begins: `drücke`, `gib`, `wählen Sie`."""
INFINITIVE = (
    rf"(?:{_PREFIXES}|doppel|rechts)?"
    rf"(?:{'|'.join(sorted({_infinitive_of(each) for each in _BASES}))}|"
    r"starten|lassen|anmelden|abmelden|sichern|leeren|anhängen|ablegen|senden)"
)
"""How an instruction ends."""

KEYS = {
    "eingabetaste": "enter",
    "eingabe": "enter",
    "einfg": "insert",
    "entf": "delete",
    "rücktaste": "backspace",
    "leertaste": "space",
    "tabulator": "tab",
    "tabulatortaste": "tab",
    "bildauf": "pageup",
    "bildab": "pagedown",
    "pos1": "home",
    "pfeilrunter": "down",
    "pfeilunten": "down",
    "pfeilhoch": "up",
    "pfeiloben": "up",
    "pfeilrechts": "right",
    "pfeillinks": "left",
}
"""What German keyboards call keys."""

READ_AFTER_ACT = (
    r"(?i)(?:(?P<act>[^,;]+?en),? (?:und|dann) )?(?P<source>[^,;]+?) "
    r"(?:(?:ab|aus|heraus)?lesen|notieren|ermitteln)(?P<note>, (?:es|er|sie) steht [^,;]+)?"
)
"""A sentence that reads a value, which the sentence behind it names."""

_SAID = re.compile(
    rf"(?:(?P<stem>{_STEM})(?:e?n? sie|e)?|(?:man|wir) (?P<third>{_STEM})(?:e?t|e?n))"
    rf"(?:,? (?P<rest>.+?))(?: (?P<prefix>{_PREFIXES}))?",
    re.IGNORECASE,
)
_NOUNS = (
    (r"(?:doppel)?klick (?P<rest>(?:auf|in) .+)", "klicken"),
    (r"eingabe (?:von |der |des )?(?P<rest>.+)", "eingeben"),
    (r"auswahl (?:von |der |des )?(?P<rest>.+)", "auswählen"),
    (r"abbruch,? (?P<rest>.+)", "abbrechen"),
    (r"(?P<rest>)abbruch", "abbrechen"),
    (
        r"(?P<rest>[^,;]+?) (?P<verb>merken|notieren|speichern|ablegen|sichern|übernehmen) "
        r"(?P<behind>(?:als|unter) \S+)",
        "",
    ),
)
_CLAUSES = re.compile(r"(?i),? ?(?:ob|dass|bis) ")


def to_infinitive(clause: str) -> str:
    """Return an instruction with its verb at the end, as an infinitive; others as they are."""
    parts = re.split(r"(?i)((?:,| und|, und|, dann| und dann) )(?=speicher|merk|notier)", clause)
    return "".join(each if at % 2 else _to_infinitive(each) for at, each in enumerate(parts))


def _to_infinitive(clause: str) -> str:
    found = _SAID.fullmatch(clause)
    if found is not None:
        verb = f"{found['prefix'] or ''}{_infinitive_of(found['stem'] or found['third'])}"
        rest = found["rest"]
        return f"{verb} {rest}" if _CLAUSES.match(rest) else f"{rest} {verb}"
    for pattern, verb in _NOUNS:
        named = re.fullmatch(pattern, clause, re.IGNORECASE)
        if named is not None and not verb:
            return f"{named['rest']} {named['behind']} {named['verb']}"
        if named is not None:
            return f"{named['rest']} {verb}".strip()
    return clause


# Clauses


def rows(
    value: str, name: str, names: str, one_name: str, file: str, amount: str
) -> tuple[tuple[str, str], ...]:
    """Return the rows of German clauses, of patterns that English ones have, too."""
    quoted = r"\"[^\"\n]+\""
    article = r"(?:(?:der|die|das|den|dem|des|ein|eine|einen|im|seine?n?|ihre?n?) )?"
    noun = rf"(?:(?!(?:und|mit|als|in|ins|im|bei|auf|sie|es|ihn)\b)[\w./-]+|{quoted})"
    field = (
        rf"(?:(?!(?:kg|g|m|mm|cm|euro|eur|format|stück|prozent|ha)\b)"
        rf"(?:{article})(?:(?:feld|spalte|zeile|maske|reiter) )?{noun}(?: {quoted})?)"
    )
    place = (
        r"(?:(?:unter|in|im|auf|oben|links|rechts)(?: der| dem)?"
        rf"(?: (?!(?:die|das|den|dem|der|feld)\b)[\w-]+| {quoted}| >){{1,5}})"
    )
    where = r"(?:in|ins|im|bei|unter|am|beim|zu|zum)"
    typing = (
        r"(?:eingeben|eintragen|eintippen|einfügen|schreiben|tippen|reinschreiben|hineinschreiben|"
        r"angeben|erfassen|einsetzen)"
    )
    save = (
        r"(?:(?:ab|zwischen)?speichern|merken|ablegen|sichern|notieren|festhalten|übernehmen|"
        r"ausgeben|vermerken|zurückgeben|schreiben|eintragen)"
    )
    read = (
        r"(?:(?:ab|aus|heraus)?lesen|(?:ab|auf|heraus)?schreiben|notieren|merken|ermitteln|"
        r"erfassen|entnehmen|suchen|holen|feststellen|nehmen|übernehmen)"
    )
    them = r"(?:(?:sie|es|ihn|diese[nrs]?|das|den wert|die werte|alles|beides) )?"
    tool = r"(?:(?:mit|über|per) upsert_runtime_values )?"
    what = r"(?:(?:der |die |das )?(?:variablen?|ausgaben?|wert|namen|key|schlüssel|feld) )?"
    source = (  # with no act of its own
        r"(?P<source>(?!(?:sie|es|ihn|diese|alles|beides|bei)\b"
        r"|.*(?:copy_to|screenshot|bildschirmfoto))"
        rf"(?:(?!\b{INFINITIVE},? und )[^;:])+?(?<! und)(?<!,))"
    )
    copied = r"(?P<source>[^;:]+?)"
    lead = (
        r"(?:dann |hier |gleich |sofort |bitte |"
        r"(?:den |die |der )?(?:lauf|aufgabe|vorgang|auftrag|job|ablauf|alles) )*"
    )
    noted = r"(?P<note> \([^()]+\))?"
    focused = r"(?: mit focused_action| \(focused_action\))?"
    seen = r"(?:mit focused_action |bitte |noch )*"
    make = (
        r"(?:machen|erstellen|anfertigen|aufnehmen|speichern|anhängen|ablegen|sichern|"
        r"machen und (?:\(?als anhang\)? )?(?:anhängen|speichern))"
    )
    attach = r"(?:save_screenshot_as_run_attachment)"
    key = (
        r"(?:(?:mit|als|unter|in|dem|der|den) )*(?:key|schlüssel|name|namen)?"
        rf"[ =:]*(?P<name>{one_name})"
    )
    often = r"(?:(?P<times>\w{1,6}?) ?(?:x|mal) )?"
    plain_chord = r"(?:(?:(?:Strg|Alt|Umschalt)\+)+\w+|F\d{1,2}|Enter|Esc|Tab|Entf|Einfg)"
    chord = (
        r"(?:pfeil(?:taste)? (?:nach )?(?:runter|hoch|oben|unten|rechts|links)|bild (?:auf|ab)|"
        r"[^\s\",;{}]{1,20}(?: ?\+ ?[^\s\",;+]{1,12})*?)"
    )
    return (
        ("press", rf"(?:mit |die |auf )*{often}(?P<keys>{chord})(?P<named>-?taste)? drücken"),
        ("press", rf"mit (?:der )?(?P<keys>{chord})(?P<named>-?taste)? bestätigen"),
        (
            "press_for",
            rf"(?P<keys>{plain_chord}) drücken (?P<purpose>(?:für|um|zum) [^{{}};:]{{3,60}})",
        ),
        (
            "press_for",
            rf"(?P<keys>{plain_chord}) (?P<purpose>(?:öffnet|startet|speichert|schließt|druckt|"
            rf"bucht|"
            r"aktualisiert) [^{},;:]{3,50})",
        ),
        ("press_for", rf"(?P<keys>{plain_chord})(?: =|:) (?P<purpose>[^,;:{{}}]{{3,40}})"),
        ("press_for", rf"mit (?P<keys>{plain_chord}) (?P<purpose>[^{{}},;:]{{2,60}})(?<=en)"),
        ("wait", rf"(?:bitte |noch |ca\. |etwa |mindestens )*(?P<amount>{amount}) (?:ab)?warten"),
        (
            "wait_until",
            r"(?:bitte |kurz |noch |solange )*(?:ab)?warten,? (?:solange,? )?bis (?P<condition>.+?)"
            r"(?:, (?:das|dies|es) [^,]*(?:dauern|dauert)[^,]*)?"
            rf"(?:,? \(?(?:max\.?|maximal|höchstens|bis zu) (?P<limit>{amount})\)?)?",
        ),
        (
            "wait_until",
            r"(?:erst|nicht) (?:dann )?(?:weiter|weitermachen|fortfahren)(?: machen)?,? "
            r"(?:wenn|sobald|bevor) (?P<condition>.+)",
        ),
        (
            "type",
            rf"(?P<note>{place} )?(?:{article}[\w./-]+ )?(?P<value>{value}|{quoted}) {where} "
            rf"(?P<target>{field}) {typing}",
        ),
        (
            "type",
            rf"(?:{article}[\w./-]+ )?(?P<value>{value}) (?:in das|ins|in die|in den) "
            rf"(?P<target>{field})",
        ),
        (
            "type",
            rf"(?P<note>{place} )?{where} (?P<target>{field}),? (?:{article}[\w./-]+ )?"
            rf"(?P<value>{value}|{quoted}|\d[\d.,]*) {typing}",
        ),
        (
            "type",
            rf"(?:als )?{article}(?P<target>{noun}(?: {noun})?) (?P<value>{value}) "
            rf"(?P<note>\([^()]*\) )?"
            rf"{typing}",
        ),
        (
            "type",
            rf"(?P<note>{place} )?{article}(?P<target>{noun}(?: {noun})?) "
            rf"(?:mit|auf) (?P<value>{value}|{quoted}) "
            r"(?:aus|be)?(?:füllen|setzen|belegen)",
        ),
        ("type_here", rf"(?P<value>{value}) (?:(?P<how>im format \S+|ohne \w+) )?{typing}"),
        (
            "type_pairs",
            rf"(?P<pairs>{noun} {value}(?:(?:,| und|, und) {noun} {value})+)"
            rf"(?P<note> in (?:kg|g|m|mm|cm|euro|eur|stück|prozent|ha))? {typing}",
        ),
        (
            "type_pairs",
            rf"(?P<pairs>{value} {where} {field}(?:(?:,| und|, und) {value} {where} {field})+) "
            rf"{typing}",
        ),
        (
            "read_several",
            rf"(?P<several>[^;:]+? als {one_name}(?:(?:,|,? und) [^;:]+? als {one_name})+) "
            rf"{save}(?: \(upsert_runtime_values\))?",
        ),
        (
            "read_value",
            rf"{source}{focused} {read}"
            rf"(?:,| und|, dann| und dann|, und) {them}{tool}(?:als|in|unter) {what}"
            rf"(?P<names>{names}) {save}{noted}",
        ),
        (
            "read_value",
            rf"{source} {tool}(?:als|unter) {what}(?P<names>{names}) {save}{noted}",
        ),
        (
            "read_value",
            rf"{source} (?:in|zu) (?P<names>\{{\{{ ?{name} ?\}}\}}) "
            rf"(?:{save}|aufnehmen|hinzufügen)",
        ),
        ("read_value", rf"{source}{focused} {read} (?:->|als|in|unter) (?P<names>{names})"),
        (
            "read_several",
            rf"(?P<several>{source}{focused} {read} -> {names}(?:, (?:und )?[^,;]+? -> {names})+)",
        ),
        ("store", rf"{them}{tool}(?:als|unter|in) {what}(?P<names>{names}) {save}"),
        ("store", rf"speichern,? als (?P<names>{names})"),
        (
            "copy",
            rf"{copied} (?:kopieren (?:mit |\()|mit )copy_to_clipboard(?: kopieren)?,? \(?{key}\)?",
        ),
        (
            "copy",
            rf"{copied} (?:mit copy_to_clipboard )(?:(?:kopieren|holen|nehmen|sichern)(?:,| und) )?"
            rf"{them}{key} (?:{save}|kopieren)",
        ),
        (
            "copy",
            rf"{copied} (?:mit copy_to_clipboard )\(?{key}\)? (?:kopieren|holen|sichern)",
        ),
        (
            "capture",
            rf"(?:einen |noch einen |ein )?(?:screenshot|bildschirmfoto)[^{{}}.;,():]{{0,60}}?"
            rf"(?: {make})?(?: und)?(?: als anhang)?(?: \({attach}\)| mit {attach})?"
            rf"(?: als|:| unter| mit (?:dem )?(?:namen|dateinamen)| namens) {file}(?: {make})?",
        ),
        (
            "capture",
            r"(?:einen |ein )?(?:screenshot|bildschirmfoto)(?: (?:von|der|des) [^{}.;,()]+?)?"
            r"(?: (?:machen und anhängen|machen|aufnehmen|speichern|anhängen|als anhang))*"
            r"(?: \(save_screenshot_as_run_attachment\))?",
        ),
        (
            "export_named_before",
            r"(?:(?:sie|es|diese|(?:die|diese|das) (?:datei|liste|pdf|csv|pdf-datei)) )?"
            r"(?:mit mark_file_for_export|für den export) "
            r"(?:ausgeben|exportieren|markieren|bereitstellen|bereit stellen|vormerken)",
        ),
        (
            "abort",
            rf"{lead}"
            r"(?:mit |per )?declare_task_failed,? ?(?:\(|mit |wegen |dem |grund:? |und )*"
            r"(?:(?P<why>\".+\")\)?)?(?: aufrufen| abbrechen| melden)?",
        ),
        (
            "abort",
            rf"{lead}"
            r"(?:mit |wegen |dem |der |grund:? |meldung:? |fehler(?:meldung)?:? |hinweis:? )*"
            r"(?:(?P<why>\".+\") )?abbrechen",
        ),
        (
            "abort",
            rf"{lead}abbrechen(?: mit|,|:| wegen)? "
            r"(?:declare_task_failed |dem |der |grund:? |meldung:? |fehler(?:meldung)?:? )*"
            r"(?P<why>\".+\")",
        ),
        ("give_up", r"(?:mit )?grund:? (?P<why>\".+\")(?: und|,) abbrechen"),
        (
            "finish",
            r"(?:der |die |dieser |den )?(?:lauf|vorgang|auftrag|aufgabe|job) "
            r"(?:ist )?(?:damit |hier |dann |erfolgreich )*(?:fertig|beendet|erledigt|beenden)"
            r"|(?:ist )?nichts (?:mehr )?zu tun(?: und|,) (?:der )?lauf (?:ist )?(?:damit |dann )*"
            r"(?:fertig|beendet|zu ende)"
            r"|(?:dann |hier |damit )*(?:fertig|beenden|aufhören|schluss)"
            r"(?: \(?(?:ist )?kein fehler\)?)?",
        ),
        (
            "expect",
            rf"{seen}(?:über)?(?:prüfen|kontrollieren|sicherstellen|nachsehen|checken)"
            r"(?: mit focused_action)?,? (?:ob|dass) (?P<condition>[^;]+)",
        ),
        (
            "must",
            r"(?P<thing>(?!es\b|bei\b|das (?:muss|soll)\b|dies\b|man\b|sie\b|er\b)[^,;:{}]{2,70}?)"
            r"(?: (?:prüfen|kontrollieren|vergleichen)[:,])? (?:muss|müssen|soll)"
            r"(?P<rest> [^;]+?)? (?P<verb>sein|stehen|lauten|übereinstimmen|stimmen)",
        ),
        (
            "must",
            rf"(?P<thing>[^,;:{{}}]{{2,70}}?)(?P<rest> mit {value}) vergleichen, (?:muss|müssen) "
            r"(?P<verb>stimmen|übereinstimmen)(?P<note> \([^()]*\))?",
        ),
        (
            "find_and_open",
            r"(?P<target>[^;,:]+) suchen und (?:auswählen|anklicken|öffnen|doppelklicken)",
        ),
        (
            "choose",
            rf"(?P<target>[^;,:{{}}\"]{{3,60}}?(?:{value}|{quoted})[^;,:]{{0,40}}?) "
            rf"(?:auswählen|wählen)",
        ),
    )
