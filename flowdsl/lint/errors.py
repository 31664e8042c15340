"""Diagnostics about lint itself: its configuration, suppressions, and a team's own words."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import NAMES, SECRETS, SUSPICIOUS, TYPES, WORDING

# `[lint]` of the project file

UNKNOWN_RULE = NAMES.spec("unknown-rule", "there is no rule, diagnostic or category `{name}`")
ERROR_SWITCHED_OFF = NAMES.spec(
    "error-switched-off",
    "`{name}` is an error, which `[lint]` does not switch off",
    (
        "mend what it finds; the few errors that a person may overrule are suppressed by a "
        "comment at the place"
    ),
)
UNKNOWN_RULE_OPTION = NAMES.spec("unknown-rule-option", "rule `{rule}` has no option `{name}`")
WRONG_RULE_OPTION = TYPES.spec(
    "wrong-rule-option",
    "option `{name}` of rule `{rule}` is a whole number from 0, and this is {found}",
)
INVALID_FORBIDDEN = TYPES.spec(
    "invalid-forbidden-words",
    "an entry of `[[lint.forbid]]` {problem}",
    'give it either `text = "words"` or `pattern = "a regular expression"`',
)

UNUSABLE_PLUGIN = NAMES.spec("unusable-plugin", "plugin `{name}` gives no rules: {reason}")

# Suppressions

UNKNOWN_SUPPRESSION = SUSPICIOUS.spec(
    "unknown-suppression", "this suppresses `{name}`, and there is no such diagnostic"
)
UNUSED_SUPPRESSION = SUSPICIOUS.spec(
    "unused-suppression",
    "`{name}` is not found here, so that there is nothing to suppress",
    "remove it",
)
BLANKET_SUPPRESSION = SUSPICIOUS.spec(
    "blanket-suppression",
    "a suppression names what it suppresses, and this one names nothing",
    "write `# flow: ignore[name] reason`",
)
IMPOSSIBLE_SUPPRESSION = SUSPICIOUS.spec(
    "impossible-suppression",
    "`{name}` cannot be suppressed: what it reports cannot be compiled",
    "mend the mistake; warnings and a few errors can be suppressed, see `flowdsl explain {name}`",
)
SUPPRESSION_WITHOUT_REASON = SECRETS.spec(
    "suppression-without-reason",
    "`{name}` is about secrets, and suppressing it takes a reason",
    "write the reason behind the bracket",
)

# A team's own words

FORBIDDEN_WORDS = WORDING.spec("forbidden-words", "`{words}` is not wanted here: {reason}")
