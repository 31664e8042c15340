"""What people bring from other languages, and what to write instead.

That includes Markdown and word processors. Data only, for `advice`.
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
LIST_TYPE = "a list type is written `string[]`"
LOOP = "a loop is written `for x in list { }` or `repeat until ... max N { }`"
TASK = "statements with a name are a task: `task name() { ... }`"
RECORD = "a record is written `type name { field: type }`"
CASES = "cases are written `if ... { } else if ... { }`"
CHECKS = "checks stand in `checks { ... }`"
COMMENT = "a comment begins with `#`"
COMPARISON = "values are compared with `==`"
COUNT = "a number of rounds is written `for i in 3 { }`"
ENDS = "a run ends with `finish`, `abort` or `fail`, a loop with its list or its `until`"
IMPORT = 'names are imported with `import { name } from "./x.flow"`'
RETRY = "what may fail is tried with `retry N { } else { }`"
VALUES = (
    "a constant is declared with `const` outside of workflows; `extract` and `copy` read values "
    "from the screen, and `keep x: T = v` keeps one"
)
LIST_MARKS = "-*•–"
OFTEN_TOO_MANY = frozenset(":=,)]")

CHARACTERS = (
    dict.fromkeys(f"{CURLY_QUOTES}`'", DOUBLE_QUOTES)
    | dict.fromkeys("\u00a0\u2007\u202f\u200b\ufeff\v", "replace it by a plain space")
    | {
        "&": "conditions are joined with `and`",
        "!": "a condition is negated with `not`",
        "/": COMMENT,
        "+": "values are not computed: there is no arithmetic",
        ";": "statements need no sign between them",
    }
)
WORDS_OF_OTHER_LANGUAGES = (
    dict.fromkeys(("while", "loop", "foreach"), LOOP)
    | dict.fromkeys(("let", "var", "set"), VALUES)
    | dict.fromkeys(("def", "function", "func", "fn"), TASK)
    | dict.fromkeys(("struct", "class", "record", "interface"), RECORD)
    | dict.fromkeys(("switch", "match", "case"), CASES)
    | dict.fromkeys(("try", "catch", "except", "finally"), RETRY)
    | dict.fromkeys(("break", "continue", "goto", "pass", "exit", "stop"), ENDS)
    | dict.fromkeys(("sleep", "pause", "delay"), "a pause is written `wait 5s`")
    | dict.fromkeys(
        ("print", "log", "echo", "return"), "a result is given with `emit name = value`"
    )
    | dict.fromkeys(("await", "async"), "statements run one after the other, without a word for it")
    | {
        "assert": 'what must hold is written `expect "..."`',
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
    ("expect", "sees"): "leave out `sees`",
    ("for", "("): LOOP,
    ("import", "*"): 'a whole file is imported with `import "./x.flow" as x`',
    ("is", "not"): "the negation stands in front: `not x is empty`",
    ("is", "null"): "a missing value is tested with `is empty`",
    ("range", "("): COUNT,
    ("retry", "{"): "say how often: `retry 3 { }`",
    ("wait", "for"): 'waiting for the screen is written `wait until "..."`',
    ("}", "max"): "the bound stands in front of the body: `max N { }`",
    ("<", ">"): "two values differ when `a != b`",
    ("<", "!"): COMMENT,
}
WORD_WHERE = {
    ("times", "LBRACE"): "leave out `times`",
    ("then", "LBRACE"): BODY,
    ("of", "IN"): LOOP,
    ("of", "FOR"): 'a test names its workflow: `test "..." for name { }`',
    ("->", "AS"): "a result gets its name with `as`",
    ("or", "ELSE"): "what happens otherwise stands behind `else`",
    ("or", "VBAR"): "choices are joined with `|`",
    ("equals", "CMP"): COMPARISON,
    ("else", "DO"): "an `else` stands right behind the `}` of its `if`",
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
    ("output", "CHECKS"): CHECKS,
    ("file", "CHECKS"): CHECKS,
    ("pause", "RUN"): "a pause has no name, and what it asks for has: `pause { code: string }`",
    ("run", "SHARED"): "a step of a chain is written `step name = run workflow()`",
    ("expect", "OUTPUT"): 'what must hold for the output is written `output satisfies "..."`',
    ("==", "SATISFIES"): 'what must hold for the output is written `output satisfies "..."`',
    ("$", "FIELD"): "a secret is declared without `$`",
    ("|", "QMARK"): 'a choice is one of texts, `"a" | "b"`; what may be missing is `type?`',
    ("|", "OR"): "conditions are joined with `or`",
}
"""The advice for a word or sign where a terminal would fit."""
