"""Diagnostics of `flowdsl.toml`."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec

UNREADABLE_PROJECT_FILE = DiagnosticSpec(
    "unreadable-project-file", "syntax", "the project file cannot be read: {reason}"
)
TOML_SYNTAX = DiagnosticSpec("toml-syntax", "syntax", "the project file is not TOML: {reason}")
TOML_TOO_DEEP = DiagnosticSpec(
    "toml-too-deep",
    "syntax",
    "the project file nests values too deeply",
    "flatten the innermost arrays and tables",
)
UNKNOWN_KEY = DiagnosticSpec("unknown-config-key", "names", "`{key}` is not a key of {table}")
MISSING_KEY = DiagnosticSpec(
    "missing-config-key", "names", "{table} has no `{key}`", "add `{key}`: {description}"
)
WRONG_TYPE = DiagnosticSpec(
    "wrong-config-type", "types", "`{key}` is {found}; it must be {expected}"
)
INVALID_VALUE = DiagnosticSpec("invalid-config-value", "types", "`{key}` is not {expected}")
KEY_IN_FILE = DiagnosticSpec(
    "api-key-in-config",
    "secrets",
    "`{key}` holds the key itself",
    'take the key out of the file and revoke it; write `{key} = {{ env = "NAME" }}` or '
    '`{{ file = "PATH" }}`',
)
VERSION_TOO_OLD = DiagnosticSpec(
    "unsupported-flowdsl-version",
    "platform",
    "the project requires flowdsl `{required}`; this is {version}",
    "install a version that the project allows",
)
UNDECLARED_ENVIRONMENT = DiagnosticSpec(
    "undeclared-environment", "names", "there is no environment `{name}`"
)
ADOPTED_TWICE = DiagnosticSpec(
    "adopted-twice", "names", "{what} is adopted twice in environment `{env}`", "keep one entry"
)
UNDECLARED_TAG_GROUP = DiagnosticSpec(
    "undeclared-tag-group", "names", "there is no tag group `{name}`"
)
UNUSABLE_LIBRARY = DiagnosticSpec(
    "unusable-library",
    "names",
    "the library `{name}` cannot be used: {reason}",
    "name a folder outside the project and inside the same git work tree, by its real path",
)
