"""Diagnostics of the syntax layer."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import SYNTAX

# Text, second stage

BRACES_MALFORMED = SYNTAX.spec(
    "malformed-variable",
    "`{written}` in text is not a variable",
    ("write `{{name}}` for a value, `{{$name}}` for a secret, or `\\{{` for a literal brace"),
)
BRACES_UNCLOSED = SYNTAX.spec(
    "unclosed-variable",
    "the variable that starts here is not closed",
    "close it with `}}`, or write `\\{{` for a literal brace",
)
TEXT_COMMENT_UNCLOSED = SYNTAX.spec(
    "unclosed-text-comment",
    "the comment that starts here is not closed",
    "close it with `#}}`",
)
TAB_IN_INDENT = SYNTAX.spec(
    "tab-in-indent",
    "a text block is indented with a tab",
    (
        "indent the lines of a text block with spaces; what is in front of the block's common "
        "indent is dropped"
    ),
)
NUMBER_TOO_LONG = SYNTAX.spec(
    "number-too-long",
    "a whole number has at most {limit} digits",
    "write a longer one as text",
)

EXPECT_WITHOUT_ELSE = SYNTAX.spec(
    "expect-without-else",
    "`expect {written}` does not say what happens where that is not so",
    'add an `else`, as in `else abort "..."`; only a text that the screen shows needs none',
)

# Files and declarations

NESTING_TOO_DEEP = SYNTAX.spec(
    "nesting-too-deep",
    "{what} are nested more than {limit} deep",
    "move the inner part into a declaration of its own, or flatten it",
)
MISSING_EDITION = SYNTAX.spec(
    "missing-edition",
    "the file does not begin with its edition",
    "begin it with `flow 1`",
)
UNKNOWN_EDITION = SYNTAX.spec(
    "unknown-edition",
    "edition {edition} does not exist; this version reads edition {known}",
)
MISPLACED_IMPORT = SYNTAX.spec(
    "misplaced-import",
    "an import stands behind a declaration",
    "move it to the top of the file, right below the edition",
)

FORMER_SPELLING = SYNTAX.spec(
    "former-spelling",
    "`{former}` is the former spelling of `{now}`",
    "write `{now}`; `flowdsl check --fix` does it",
)

# Tokens

UNTERMINATED_TEXT = SYNTAX.spec(
    "unterminated-text",
    "the text that starts here has no end",
    "close it with `{closer}`",
)
UNOPENED_TEXT = SYNTAX.spec(
    "unopened-text",
    "a text begins here without its opening quotes",
    "open it with `{opener}`",
)
UNKNOWN_CHARACTER = SYNTAX.spec("unknown-character", "`{character}` means nothing here")
MALFORMED_NUMBER = SYNTAX.spec(
    "malformed-number",
    "`{written}` is neither a number nor a duration",
    "a number is written `12` or `0.5`, a duration `500ms`, `30s`, `10m` or `2h`",
)
UNEXPECTED_TOKEN = SYNTAX.spec("unexpected-token", "{found} cannot stand here; expected {expected}")
UNFINISHED_DECLARATION = SYNTAX.spec(
    "unfinished-declaration",
    "the declaration breaks off before {found}; expected {expected}",
    "finish the declaration, or delete it",
)
UNFINISHED_LINE = SYNTAX.spec(
    "unfinished-line",
    "the line breaks off before {found}; expected {expected}",
)
MISSING_TOKEN = SYNTAX.spec("missing-token", "`{missing}` is missing before {found}")
MISSPELT_KEYWORD = SYNTAX.spec(
    "misspelt-keyword", "`{written}` is no keyword; `{keyword}` is one and fits here"
)
WRONG_SIGN = SYNTAX.spec("wrong-sign", "`{name}` is followed by `{written}` where `{sign}` belongs")
