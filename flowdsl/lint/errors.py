"""Diagnostics about lint itself: its configuration, suppressions, and a team's own words."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec

# `[lint]` of the project file

UNKNOWN_RULE = DiagnosticSpec(
    "unknown-rule", "names", "there is no rule, diagnostic or category `{name}`"
)
ERROR_SWITCHED_OFF = DiagnosticSpec(
    "error-switched-off",
    "names",
    "`{name}` is an error, which `[lint]` does not switch off",
    (
        "mend what it finds; the few errors that a person may overrule are suppressed by a "
        "comment at the place"
    ),
)
UNKNOWN_RULE_OPTION = DiagnosticSpec(
    "unknown-rule-option", "names", "rule `{rule}` has no option `{name}`"
)
WRONG_RULE_OPTION = DiagnosticSpec(
    "wrong-rule-option",
    "types",
    "option `{name}` of rule `{rule}` is a whole number from 0, and this is {found}",
)
INVALID_FORBIDDEN = DiagnosticSpec(
    "invalid-forbidden-words",
    "types",
    "an entry of `[[lint.forbid]]` {problem}",
    'give it either `text = "words"` or `pattern = "a regular expression"`',
)

UNUSABLE_PLUGIN = DiagnosticSpec(
    "unusable-plugin", "names", "plugin `{name}` gives no rules: {reason}"
)

# Suppressions

UNKNOWN_SUPPRESSION = DiagnosticSpec(
    "unknown-suppression", "suspicious", "this suppresses `{name}`, and there is no such diagnostic"
)
UNUSED_SUPPRESSION = DiagnosticSpec(
    "unused-suppression",
    "suspicious",
    "`{name}` is not found here, so that there is nothing to suppress",
    "remove it",
)
BLANKET_SUPPRESSION = DiagnosticSpec(
    "blanket-suppression",
    "suspicious",
    "a suppression names what it suppresses, and this one names nothing",
    "write `# flow: ignore[name] reason`",
)
IMPOSSIBLE_SUPPRESSION = DiagnosticSpec(
    "impossible-suppression",
    "suspicious",
    "`{name}` cannot be suppressed: what it reports cannot be compiled",
    "mend the mistake; warnings and a few errors can be suppressed, see `flowdsl explain {name}`",
)
SUPPRESSION_WITHOUT_REASON = DiagnosticSpec(
    "suppression-without-reason",
    "secrets",
    "`{name}` is about secrets, and suppressing it takes a reason",
    "write the reason behind the bracket",
)

# A team's own words

FORBIDDEN_WORDS = DiagnosticSpec(
    "forbidden-words", "wording", "`{words}` is not wanted here: {reason}"
)
