"""Diagnostics of `flowdsl.toml`."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import NAMES, PLATFORM, SECRETS, SYNTAX, TYPES

UNREADABLE_PROJECT_FILE = SYNTAX.spec(
    "unreadable-project-file", "the project file cannot be read: {reason}"
)
TOML_SYNTAX = SYNTAX.spec("toml-syntax", "the project file is not TOML: {reason}")
TOML_TOO_DEEP = SYNTAX.spec(
    "toml-too-deep",
    "the project file nests values too deeply",
    "flatten the innermost arrays and tables",
)
UNKNOWN_KEY = NAMES.spec("unknown-config-key", "`{key}` is not a key of {table}")
MISSING_KEY = NAMES.spec(
    "missing-config-key", "{table} has no `{key}`", "add `{key}`: {description}"
)
WRONG_TYPE = TYPES.spec("wrong-config-type", "`{key}` is {found}; it must be {expected}")
INVALID_VALUE = TYPES.spec("invalid-config-value", "`{key}` is not {expected}")
KEY_IN_FILE = SECRETS.spec(
    "api-key-in-config",
    "`{key}` holds the key itself",
    'take the key out of the file and revoke it; write `{key} = {{ env = "NAME" }}` or '
    '`{{ file = "PATH" }}`',
)
VERSION_TOO_OLD = PLATFORM.spec(
    "unsupported-flowdsl-version",
    "the project requires flowdsl `{required}`; this is {version}",
    "install a version that the project allows",
)
UNDECLARED_ENVIRONMENT = NAMES.spec("undeclared-environment", "there is no environment `{name}`")
ADOPTED_TWICE = NAMES.spec(
    "adopted-twice", "{what} is adopted twice in environment `{env}`", "keep one entry"
)
UNDECLARED_TAG_GROUP = NAMES.spec("undeclared-tag-group", "there is no tag group `{name}`")
UNUSABLE_LIBRARY = NAMES.spec(
    "unusable-library",
    "the library `{name}` cannot be used: {reason}",
    "name a folder outside the project and inside the same git work tree, by its real path",
)
