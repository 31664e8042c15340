"""Syntax from other languages that people use by mistake, and what to write instead.

Includes Markdown and word processors. Only data, for `advice`.
"""

from __future__ import annotations

from ..edition import DECLARATIONS

DOUBLE_QUOTES = 'text stands in straight double quotes: `"..."`'
CURLY_QUOTES = "“”„‟«»‘’‚"
ASCII = (
    "names are ASCII letters, digits and `_`; `@wire(...)` gives a field another name for the "
    "service"
)
INSTRUCTION = 'an instruction is written `do "..."`'
BODY = "a body stands in braces: `{ ... }`"
ARGUMENTS = "arguments are named: `name: value`"
NO_ARGUMENTS = "the round brackets stand there even when they hold nothing: `()`"
CHOICE = 'a choice of texts is written `type name = "a" | "b"`'
BOUNDS = "a parameter has no annotations; bounds are those of an input, or of a field of a type"
UNBOUNDED = "what the run sets has no annotations"
CHECKED = {
    "max": '`expect {name} <= {bound} else abort "..."`',
    "min": '`expect {name} >= {bound} else abort "..."`',
    "max_items": '`expect count of {name} <= {bound} else abort "..."`',
    "min_items": '`expect count of {name} >= {bound} else abort "..."`',
}
"""The check of a value of the run, by the annotation that an input would have."""
CHOICES = 'a choice takes no round brackets: `"a" | "b"[]` is a list of choices'
LIST_TYPE = "a list type is written `string[]`"
RECORD_TYPE = "a record is written `{ field: type }`, and what is not known before `any`"
LOOP = (
    "a loop is written `for x in list { }`, `while ... max N { }` or `repeat max N { } until ...`"
)
ROUNDS = (
    "rounds with a look after each are written `repeat max N { } until ...`, those with a look "
    "first `while ... max N { }`"
)
ENDLESS = (
    "behind the body of a `repeat` stands what ends it: `repeat max N { } until ...`; a number of "
    "rounds is written `for i in 3 { }`"
)
TASK = (
    "statements with a name are a task outside of workflows, `task name() { ... }`, and run with "
    "`call name()`"
)
RECORD = "a record is written `type name { field: type }`"
CASES = (
    "cases are written `if ... { } else if ... { }`, those of an enum "
    '`match x { "a" { } "b", "c" { } else { } }`'
)
CHECKS = "checks stand in `checks { ... }`"
COMMENT = "a comment begins with `#`"
COMPARISON = "values are compared with `==`"
DIFFERENCE = "two values differ when `a != b`"
LOOKS = "each text that the screen is to show has its own `sees`"
RANGE = "a range is written `x >= 1 and x <= 5`"
ENDS_WHERE = 'what ends a run where something is so stands in an `if`: `if ... { abort "..." }`'
FAILS = 'what did not work fails with `fail "..."`, and the whole run with `abort "..."`'
CONTAINS = 'a part of a text is asked for with `contains "..."`'
STARTS_ENDS = 'the ends of a text are asked for with `starts with "..."` and `ends with "..."`'
NEGATION = 'the negation stands in front: `not x contains "..."`'
OTHERS = "what is done for all other values stands behind `else`: `else { }`"
PRESENT = "that a value is there is asked with `x is not empty`"
MISSING_VALUE = (
    "what is done for a missing value, and for all others, stands behind `else`: `else { }`"
)
COUNT = "a number of rounds is written `for i in 3 { }`"
ASSIGNED = "a kept value is set with `keep name = value`, an output with `emit name = value`"
APPENDED = (
    "an entry is added to a list with `keep name += value` or `emit name += value`; there is no "
    "arithmetic"
)
SETTINGS = "settings stand beside `steps { }`: `name = value`"
DAYS = (
    "days are counted in the default of an input: declare `day: date = {day}` in `inputs`, and "
    "write `day` here"
)
DAY_ENDS = "there is no `end of`: count back from the start of what comes next"
STEPS = "a step in days has its unit: `d`, `w`, `mo` or `y`"
SEEN = 'what the screen shows is asked for with `sees "..."`'
READ = 'a value is read from the screen with `extract name: type from "..."`'
TITLE = 'a group has a title: `step "Title" { ... }`'
ARITHMETIC = (
    "there is no arithmetic: what is computed is an input, or is read from the screen with "
    '`extract name: type from "..."`'
)
ENTRY_ALONE = "a loop names its entry alone: `for x in list { }`"
COUNTED = "the number of entries is written `count of list`"
RULE_ALONE = 'a rule is its text alone: `always { "..." }`'
EMIT = "an output is set with `emit name = value`"
AWAIT = "statements run one after the other, without a word for it"
ENDS = "a run ends with `finish`, `abort` or `fail`, a loop with its list or its condition"
IMPORT = 'names are imported with `import { name } from "./x.flow"`'
RETRY = "what may fail is tried with `retry N { } else { }`"
VALUES = (
    "a value is kept with `keep name: type = value`; `extract` and `copy` read one from the "
    "screen, and a `const` stands outside of workflows"
)
LIST_MARKS = "-*•–"
MEANINGLESS = frozenset(f"{LIST_MARKS};")
"""Signs without meaning if they are superfluous."""
OFTEN_TOO_MANY = frozenset(":=,)]")

PREFIXES = frozenset(("f", "F", "b", "t", "u", "rf", "fr"))
"""Prefixes of texts in Python."""
OPENING_QUOTES = {
    "“": '”“"',
    "„": '“”"',
    "«": "»",
    "»": "«",
    "‘": "’‘",
    "‚": "‘’",
    "’": "’",
    "`": "`",
}
"""Quotes that FlowDSL does not know, each with those that may end the text."""
CORRECTED: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("&", "&"), ("and",), "conditions are joined with `and`"),
    (("|", "|"), ("or",), "conditions are joined with `or`"),
    (("!",), ("not",), "a condition is negated with `not`"),
    ((";",), (), "statements need no sign between them"),
    (("then",), (), "a body stands in braces, without `then`: `if ... { ... }`"),
    (("of",), ("in",), LOOP),
    (("await",), (), AWAIT),
    (("or",), ("else",), "what happens otherwise stands behind `else`"),
    (("equals",), ("==",), COMPARISON),
    (("in",), ("into",), "where a text goes stands behind `into`"),
    (("null",), ("empty",), "a missing value is tested with `is empty`"),
    (("=",), (), "two values are equal when `a == b`"),
    (("=", "{"), ("{",), "a body stands in braces, without `=`: `{ ... }`"),
    (("default",), ("=",), "a default is written `= value`"),
    (("default",), ("else",), OTHERS),
    (("otherwise",), ("else",), OTHERS),
    (("_",), ("else",), OTHERS),
    (("none",), ("else",), MISSING_VALUE),
    (("throw",), ("fail",), FAILS),
    (("raise",), ("fail",), FAILS),
    (("assert",), ("expect",), 'what must hold is written `expect "..."`'),
    (("read",), ("extract",), READ),
    (("screenshot",), ("capture",), 'a screenshot is kept with `capture "name.png"`'),
)
"""The written words, the intended ones, and the advice.

Each is tried where the parser stops, and accepted if the parser can then continue.
"""
SECTION_WORDS = frozenset(("input", "output", "secret"))
"""Words before a declaration in other languages, which are not names of settings here."""
ONLY_BEHIND = {"=": "=="}
"""The token that must precede a word of `CORRECTED` that has another meaning elsewhere."""
UNSURE = frozenset(("assert", "none", "raise", "read", "screenshot", "throw"))
"""Words of `CORRECTED` that may also mean something else."""
DECLARING = frozenset(("let", "var", "const", "set", "local"))
LITERALS = {
    "true": "bool",
    "false": "bool",
    "INT": "int",
    "NUMBER": "number",
    "STRING": "string",
    "BLOCK": "string",
    "RAW": "string",
}
"""The type of a literal, by its word or its terminal."""
UNITS = (
    dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s")
    | dict.fromkeys(("min", "mins", "minute", "minutes"), "m")
    | dict.fromkeys(("h", "hour", "hours"), "h")
    | dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms")
)
DAYS_OF = (
    dict.fromkeys(("", "d", "day", "days"), "d")
    | dict.fromkeys(("w", "wk", "week", "weeks"), "w")
    | dict.fromkeys(("m", "mo", "mon", "month", "months"), "mo")
    | dict.fromkeys(("y", "yr", "year", "years"), "y")
)
"""Units of steps in days, by how they are written elsewhere."""
LASTING = {"week": "1w", "month": "1mo", "quarter": "3mo", "year": "1y"}
"""The length of what a `start of` names."""
SHOWN = frozenset(("displayed", "open", "present", "shown", "there", "visible"))
MISSING = {
    "call": "a task is called with `call name()`",
    "do": INSTRUCTION,
    "file": 'a file is kept with `export file "name"`',
    "for": "a loop is written `for x in list { }`",
    "from": "where a value is read stands behind `from`",
    "into": "where a text goes stands behind `into`",
    "run": "a step of a chain is written `step name = run workflow()`",
    "until": 'waiting for the screen is written `wait until "..."`',
}
"""The advice for a missing word."""
CHARACTERS = (
    dict.fromkeys(f"{CURLY_QUOTES}`'", DOUBLE_QUOTES)
    | dict.fromkeys("\u00a0\u2007\u202f\u200b\ufeff\v", "replace it by a plain space")
    | {
        "&": "conditions are joined with `and`",
        "!": "a condition is negated with `not`",
        "/": COMMENT,
        "+": 'there is no arithmetic; texts are joined in a text: `"{a}{b}"`',
        ";": "statements need no sign between them",
    }
)
WORDS_OF_OTHER_LANGUAGES = (
    dict.fromkeys(("loop", "foreach"), LOOP)
    | dict.fromkeys(("let", "var", "set"), VALUES)
    | dict.fromkeys(("def", "function", "func", "fn"), TASK)
    | dict.fromkeys(("struct", "class", "record", "interface"), RECORD)
    | dict.fromkeys(("switch", "match"), CASES)
    | {"case": f'{CASES}; those of a test, `case "..." {{ }}`, stand in the `test` itself'}
    | dict.fromkeys(("try", "catch", "except", "finally"), RETRY)
    | dict.fromkeys(("break", "continue", "goto", "pass", "exit", "stop"), ENDS)
    | dict.fromkeys(("sleep", "pause", "delay"), "a pause is written `wait 5s`")
    | dict.fromkeys(
        ("print", "log", "echo", "return"), "a result is given with `emit name = value`"
    )
    | dict.fromkeys(("read", "scrape"), READ)
    | dict.fromkeys(("raise", "throw", "error"), FAILS)
    | dict.fromkeys(("end", "endif", "done", "fi", "esac"), "a body ends with its `}`")
    | dict.fromkeys(("await", "async"), AWAIT)
    | {
        "assert": 'what must hold is written `expect "..."`',
        "screenshot": 'a screenshot is kept with `capture "name.png"`',
        "enum": CHOICE,
        "unless": "a condition is negated with `not`",
    }
)
WORDS_OUTSIDE = dict.fromkeys(
    ("from", "include", "require", "use", "using"), IMPORT
) | dict.fromkeys(
    ("export", "public", "private", "static"),
    "every declaration of a file can be imported, without a word for it",
)
"""Words that mean something else inside of a declaration."""
WORD_AFTER_WORD = {
    ("abort", "if"): ENDS_WHERE,
    ("fail", "if"): ENDS_WHERE,
    ("finish", "if"): ENDS_WHERE,
    ("emit", "("): EMIT,
    ("emit", "{"): EMIT,
    ("for", "("): LOOP,
    ("do", "until"): ROUNDS,
    ("repeat", "while"): ROUNDS,
    ("press", "["): 'keys that are pressed together are one text: `press "Ctrl+S"`',
    ("step", "{"): TITLE,
    ("import", "*"): 'a whole file is imported with `import "./x.flow" as x`',
    ("in", "("): 'a list stands in square brackets: `x in ["a", "b"]`',
    ("is", "in"): "leave out `is`",
    ("not", "contains"): NEGATION,
    ("not", "starts"): NEGATION,
    ("not", "ends"): NEGATION,
    ("is", "null"): "a missing value is tested with `is empty`",
    ("is", "set"): PRESENT,
    ("is", "present"): PRESENT,
    ("is", "given"): PRESENT,
    ("range", "("): COUNT,
    ("retry", "{"): "say how often: `retry 3 { }`",
    ("wait", "for"): 'waiting for the screen is written `wait until "..."`',
    ("}", "max"): "the bound stands in front of the body: `max N { }`",
    ("<", ">"): DIFFERENCE,
    ("<", "!"): COMMENT,
}
OPEN_BOUNDS = "a value between bounds is `at least 1`, `at most 9` or `1 to 9`, bounds included"
WORD_WHERE = {
    **{
        (word, "EXPECT"): 'what a condition asks the screen is answered with `sees "..." = true`'
        for word in ("if", "while", "repeat", "match")
    },
    ("until", "DO"): ROUNDS,
    ("until", "LBRACE"): ENDLESS,
    ("}", "UNTIL"): ENDLESS,
    ("while", "UNTIL"): "a `repeat` ends with `until` and the opposite condition: "
    "`repeat max N { } until ...`",
    ("do", "LBRACE"): "leave out `do`",
    ("times", "LBRACE"): "leave out `times`",
    **{(word, "AT_LEAST"): OPEN_BOUNDS for word in (">", ">=", "<", "<=", "==")},
    ("!=", "AT_LEAST"): "any other value is `not value`",
    ("secret", "FIELD"): "a workflow declares a secret in `secrets { name: type }`",
    ("then", "LBRACE"): BODY,
    ("of", "IN"): LOOP,
    ("on", "LBRACE"): "what is done after a failure stands behind the body of the loop: "
    "`for x in list { } on failure as name { }`",
    ("of", "FOR"): 'a test names its workflow: `test "..." for name { }`',
    ("->", "AS"): "a result gets its name with `as`",
    ("const", "DO"): VALUES,
    ("output", "DO"): EMIT,
    ("or", "ELSE"): "what happens otherwise stands behind `else`",
    ("or", "VBAR"): "choices are joined with `|`",
    ("equals", "CMP"): COMPARISON,
    ("else", "DO"): "an `else` stands right behind the `}` of its `if`, or last in a `match`",
    ("does", "CONTAINS"): NEGATION,
    ("includes", "CONTAINS"): CONTAINS,
    ("has", "CONTAINS"): CONTAINS,
    ("like", "CONTAINS"): CONTAINS,
    ("begins", "STARTS"): STARTS_ENDS,
    ("startswith", "STARTS"): STARTS_ENDS,
    ("starts_with", "STARTS"): STARTS_ENDS,
    ("endswith", "STARTS"): STARTS_ENDS,
    ("ends_with", "STARTS"): STARTS_ENDS,
    (">", "DO"): INSTRUCTION,
    ("[", "DO"): INSTRUCTION,
    ("(", "DO"): INSTRUCTION,
    ("<", "DO"): COMMENT,
    ("<", "WORKFLOW"): f"{DECLARATIONS}, not XML",
    ("[", "WORKFLOW"): f"{DECLARATIONS}, not JSON",
    ("{", "WORKFLOW"): f"{DECLARATIONS}, not JSON",
    ("{", "STEPS"): "settings are written `name = value`, without braces around them",
    ("{", "LPAR"): NO_ARGUMENTS,
    ("(", "LBRACE"): "only tasks have arguments; those of a workflow stand in `inputs { }`",
    ("=", "FROM"): "where a value is read stands behind `from`",
    ("on", "CHECKS"): CHECKS,
    ("cleanup", "CHECKS"): CHECKS,
    ("output", "CHECKS"): CHECKS,
    ("file", "CHECKS"): CHECKS,
    ("pause", "RUN"): "a pause has no name, and what it asks for has: `pause { code: string }`",
    ("run", "SHARED"): "a step of a chain is written `step name = run workflow()`",
    ("expect", "OUTPUT"): 'what must hold for the output is written `output satisfies "..."`',
    ("==", "SATISFIES"): 'what must hold for the output is written `output satisfies "..."`',
    ("input", "INPUTS"): "what a workflow takes stands in `inputs { name: type }`",
    ("output", "OUTPUTS"): "what a workflow gives stands in `outputs { name: type }`",
    ("secret", "SECRETS"): "secrets stand in `secrets { name: string }`",
    ("$", "SECRET"): "a secret is declared without `$`",
    ("$", "RPAR"): ARGUMENTS,
    ("$", "FIELD"): "a secret is declared without `$`",
    ("|", "OPTIONAL"): 'a choice is one of texts, `"a" | "b"`; what may be missing is `type?`',
    ("|", "COMMA"): "values are separated by commas",
    ("|", "OR"): "conditions are joined with `or`",
}
"""The advice for a word or sign in a place that allows the given terminal."""
