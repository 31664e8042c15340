"""Diagnostics of the syntax layer."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec

# Text, second stage

BRACES_MALFORMED = DiagnosticSpec(
    "malformed-variable",
    "syntax",
    "`{written}` in text is not a variable",
    (
        "write `{{name}}` for an input, `{{{{name}}}}` for a runtime variable, `{{$name}}` for a "
        "secret, or `\\{{` for a literal brace"
    ),
)
BRACES_UNCLOSED = DiagnosticSpec(
    "unclosed-variable",
    "syntax",
    "the variable that starts here is not closed",
    "close it with `{closer}`, or write `\\{{` for a literal brace",
)
TEXT_COMMENT_UNCLOSED = DiagnosticSpec(
    "unclosed-text-comment",
    "syntax",
    "the comment that starts here is not closed",
    "close it with `#}}`",
)
TAB_IN_INDENT = DiagnosticSpec(
    "tab-in-indent",
    "syntax",
    "a text block is indented with a tab",
    (
        "indent the lines of a text block with spaces; what is in front of the block's common "
        "indent is dropped"
    ),
)
NUMBER_TOO_LONG = DiagnosticSpec(
    "number-too-long",
    "syntax",
    "a whole number has at most {limit} digits",
    "write a longer one as text",
)

# Files and declarations

NESTING_TOO_DEEP = DiagnosticSpec(
    "nesting-too-deep",
    "syntax",
    "{what} are nested more than {limit} deep",
    "move the inner part into a declaration of its own, or flatten it",
)
MISSING_EDITION = DiagnosticSpec(
    "missing-edition",
    "syntax",
    "the file does not begin with its edition",
    "begin it with `flow 1`",
)
UNKNOWN_EDITION = DiagnosticSpec(
    "unknown-edition",
    "syntax",
    "edition {edition} does not exist; this version reads edition {known}",
)
MISPLACED_IMPORT = DiagnosticSpec(
    "misplaced-import",
    "syntax",
    "an import stands behind a declaration",
    "move it to the top of the file, right below the edition",
)

# Tokens

UNTERMINATED_TEXT = DiagnosticSpec(
    "unterminated-text",
    "syntax",
    "the text that starts here has no end",
    "close it with `{closer}`",
)
UNOPENED_TEXT = DiagnosticSpec(
    "unopened-text",
    "syntax",
    "a text begins here without its opening quotes",
    "open it with `{opener}`",
)
UNKNOWN_CHARACTER = DiagnosticSpec(
    "unknown-character", "syntax", "`{character}` means nothing here"
)
MALFORMED_NUMBER = DiagnosticSpec(
    "malformed-number",
    "syntax",
    "`{written}` is neither a number nor a duration",
    "a number is written `12` or `0.5`, a duration `500ms`, `30s`, `10m` or `2h`",
)
UNEXPECTED_TOKEN = DiagnosticSpec(
    "unexpected-token", "syntax", "{found} cannot stand here; expected {expected}"
)
UNFINISHED_DECLARATION = DiagnosticSpec(
    "unfinished-declaration",
    "syntax",
    "the declaration breaks off before {found}; expected {expected}",
    "finish the declaration, or delete it",
)
UNFINISHED_LINE = DiagnosticSpec(
    "unfinished-line",
    "syntax",
    "the line breaks off before {found}; expected {expected}",
)
MISSING_TOKEN = DiagnosticSpec("missing-token", "syntax", "`{missing}` is missing before {found}")
MISSPELT_KEYWORD = DiagnosticSpec(
    "misspelt-keyword", "syntax", "`{written}` is no keyword; `{keyword}` is one and fits here"
)
WRONG_SIGN = DiagnosticSpec(
    "wrong-sign", "syntax", "`{name}` is followed by `{written}` where `{sign}` belongs"
)
