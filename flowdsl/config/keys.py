"""Every key of `flowdsl.toml`: the table for validation, suggestions and the JSON Schema."""

from __future__ import annotations

from typing import Any

from flowdsl.diagnostics.diagnostic import SEVERITIES
from flowdsl.source.record import Record

from .address import MANAGED


class TextRule(Record):
    """A string: one of `choices`, or one that matches all of `pattern`, or one of a certain length.

    `described` names the allowed values in messages, and `instead` says what to do about an invalid
    value. Patterns use only syntax that Python and ECMA-262 interpret in the same way.
    """

    described: str = "a string"
    pattern: str | None = None
    shortest: int = 0
    longest: int | None = None
    choices: tuple[str, ...] = ()
    instead: str | None = None


class Flag(Record):
    """true or false; false when left out."""


class Number(Record):
    """A finite number, an integer when `whole`; `low` is inclusive."""

    whole: bool = False
    low: float | None = None


class TextList(Record):
    """An array of strings, each of the shape `of`."""

    of: TextRule
    default: tuple[str, ...] = ()


class JsonTable(Record):
    """A table of any JSON values, passed on unchanged."""


class KeyReference(Record):
    """A table that says where a secret key is read from, and never contains the key itself.

    It is `{ env = "NAME" }` or `{ file = "PATH" }`.
    """


class Key(Record):
    """One key of a table.

    `description` finishes "add `key`: ..." and is the hover text in editors.
    """

    name: str
    shape: Shape
    description: str
    required: bool = False


class KeyTable(Record):
    """A table with known keys."""

    keys: tuple[Key, ...]

    def key(self, name: str) -> Key | None:
        """Return the declaration of a key, or None."""
        return next((key for key in self.keys if key.name == name), None)


class TableOf(Record):
    """A table with keys chosen by the user, each with a value of the shape `of`."""

    of: Shape
    names: TextRule


class ArrayOf(Record):
    """An array of tables."""

    of: KeyTable


Shape = (
    TextRule | Flag | Number | TextList | JsonTable | KeyReference | KeyTable | TableOf | ArrayOf
)
"""The possible shapes of a value."""


_NAME = TextRule("a name", shortest=1)
_PATTERN = TextRule("a glob", shortest=1)
_IDENTIFIER = TextRule("a name of ASCII letters, digits and `_`", r"[A-Za-z_][A-Za-z0-9_]*")
_ALIAS = TextRule(
    "a name of ASCII letters, digits, `_`, `.` and `-`", r"[A-Za-z0-9][A-Za-z0-9_.-]*"
)
_ENVIRONMENT_NAME = TextRule(
    "a name of ASCII letters, digits, `_` and `-`", r"[A-Za-z0-9][A-Za-z0-9_-]*"
)
_LABEL = TextRule("a name of 1 to 100 characters", shortest=1, longest=100)
_LONG_NAME = TextRule("a name of 1 to 255 characters", shortest=1, longest=255)
_RULE_NAME = TextRule("the name of a rule", r"[a-z][a-z0-9-]*")
_UUID = TextRule("a UUID", "-".join(f"[0-9a-fA-F]{{{count}}}" for count in (8, 4, 4, 4, 12)))
_TIMEZONE = TextRule(
    "a time zone such as `Europe/Berlin` or `UTC`", r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*"
)
_ADDRESS = TextRule("an address such as `workflow.name`", rf"(?:{'|'.join(MANAGED)})\.\S.*")
_CLAUSE = r"\s*(?:>=|<=|==|!=|>|<)\s*[0-9]{1,9}(?:\.[0-9]{1,9})*\s*"
_VERSIONS = TextRule("a version range such as `>=0.1,<2`", f"{_CLAUSE}(?:,{_CLAUSE})*")

_LIBRARY_NAME = TextRule(
    "a name of small ASCII letters, digits, `_` and `-`", r"[a-z][a-z0-9_-]{0,63}"
)
_FOLDER_NAME = r"(?!\.{1,2}(?:/|$))[^/\\:\x00-\x1f]+"
_LIBRARY = TextRule(
    "the relative path of a folder outside the project, such as `../shared/epic`",
    rf"(?:\.\./)+{_FOLDER_NAME}(?:/{_FOLDER_NAME})*/?",
    longest=1000,
    instead="write it from the folder of `flowdsl.toml`, with `/`: `../` as often as it takes, and "
    "then the names of folders",
)

ID = TextRule("1 to 64 ASCII letters, digits, `_` and `-`", r"[A-Za-z0-9_-]{1,64}")
"""The id of a project."""

VERIFIABLE_TOOLS = (
    "copy_to_clipboard",
    "execute_terminal_command",
    "mark_file_for_export",
    "save_screenshot_as_run_attachment",
)
"""Tools that no documentation assigns to focused agents, but that a team may have seen work."""

IGNORABLE = (
    "name",
    "main_prompt",
    "input_schema",
    "output_schema",
    "includes_file_exports",
    "is_webhooks_enabled",
    "terminal_command_allowlist",
    "model_metadata",
    "post_run_checks",
    "post_run_check_failure_cleanup_prompt",
    "tags",
)
"""Fields of a workflow, by the service's names, whose values a project can leave to the
dashboard."""

_PROJECT = KeyTable(
    (
        Key("name", _NAME, "the project's name", required=True),
        Key(
            "id",
            ID,
            "a stable id that marks the project's objects in the service",
        ),
        Key(
            "flows",
            TextList(_PATTERN, ("flows/**/*.flow",)),
            "globs of the project's flows, from the folder of this file",
        ),
        Key(
            "requires_flowdsl",
            _VERSIONS,
            "the versions of flowdsl that may work on the project",
        ),
        Key(
            "timezone",
            _TIMEZONE,
            "the time zone whose day `today` is; default: that of the computer that starts a run",
        ),
        Key(
            "libraries",
            TableOf(_LIBRARY, _LIBRARY_NAME),
            "folders of the same git work tree that flows name as `@NAME/...`, and only read",
        ),
    )
)

_FORBIDDEN = KeyTable(
    (
        Key("text", TextRule("a text", shortest=1), "words as they stand, whatever their case"),
        Key("pattern", TextRule("a regular expression", shortest=1), "a regular expression"),
        Key("message", TextRule("a text", shortest=1), "what is wrong with them", required=True),
        Key("instead", TextRule("a text", shortest=1), "what to write"),
        Key("severity", TextRule(choices=SEVERITIES), "how severe it is; default: warning"),
    )
)

_LINT = KeyTable(
    (
        Key("select", TextList(TextRule(), ("all",)), "rules and categories that run"),
        Key("ignore", TextList(TextRule()), "rules and categories that do not run"),
        Key(
            "per-file",
            TableOf(TextList(TextRule()), _PATTERN),
            "rules and categories that do not run in files matching a glob",
        ),
        Key(
            "severity",
            TableOf(TextRule(choices=SEVERITIES), _RULE_NAME),
            "the severity of single rules",
        ),
        Key("rules", TableOf(JsonTable(), _RULE_NAME), "the options of single rules"),
        Key("forbid", ArrayOf(_FORBIDDEN), "words that the team does not want in prose"),
        Key("plugins", TextList(_NAME), "installed packages of rules, by their entry point"),
        Key(
            "baseline",
            TextRule("a path", shortest=1),
            "the file of findings that are known already",
        ),
    )
)

_ENVIRONMENT = KeyTable(
    (
        Key(
            "api",
            TextRule("`local` or the URL of a service", r"local|https?://[^\s@]+"),
            '`"local"` for the embedded emulator, or the URL of a service',
            required=True,
        ),
        Key("api_key", KeyReference(), "where the API key is read from"),
        Key("state", TextRule("a URL", shortest=1), "the URL of the shared state"),
        Key("protected", Flag(), "whether deploying takes a clean, committed work tree"),
        Key("vars", TableOf(TextRule(), _IDENTIFIER), "the values of `{env.name}`"),
        Key(
            "models", TableOf(TextRule(), _ALIAS), "the model configuration of each alias, by name"
        ),
        Key(
            "tags",
            KeyTable((Key("all", TextList(_LABEL), "tags of every workflow"),)),
            "tags in this environment",
        ),
        Key(
            "ignore_remote",
            TextList(TextRule(choices=IGNORABLE)),
            "fields that belong to the dashboard once a workflow exists",
        ),
        Key(
            "organization",
            TextRule("an id such as `org_...`", shortest=1),
            "the id of the organization the key must belong to",
        ),
        Key(
            "dashboard",
            TextRule("an address with `{run}` in it", r"https?://[!-z|~]*\{run\}[!-z|~{}]*"),
            "the address of a run in the dashboard, with `{run}` for its id",
        ),
    )
)

_LABEL_KEYS = (
    Key("description", TextRule("at most 500 characters", longest=500), "what it is for"),
    Key("emoji", TextRule("at most 10 characters", longest=10), "a picture before the name"),
    Key("color", TextRule("at most 20 characters", longest=20), "its colour"),
)

_MODEL = KeyTable(
    (
        Key(
            "name",
            _LONG_NAME,
            "the display name; default: the alias",
        ),
        Key(
            "provider",
            TextRule("a name of 1 to 50 characters", shortest=1, longest=50),
            "the provider, by its LangChain name",
            required=True,
        ),
        Key(
            "model",
            _LONG_NAME,
            "the provider's name of the model",
            required=True,
        ),
        Key("description", TextRule(), "what the model is for"),
        Key("temperature", Number(), "the sampling temperature"),
        Key("max_tokens", Number(whole=True, low=1), "the longest answer"),
        Key("timeout_seconds", Number(low=0), "how long to wait for an answer"),
        Key("max_retries", Number(whole=True, low=0), "how often to try again"),
        Key("additional_params", JsonTable(), "parameters passed on to the provider"),
        Key("agent_harness_version_string", TextRule(), "the version of the agent harness"),
        Key("is_computer_use_model", Flag(), "whether the model can be a main agent"),
        Key("api_key", KeyReference(), "where the provider's API key is read from"),
    )
)

PROJECT_FILE = KeyTable(
    (
        Key("project", _PROJECT, "the project itself", required=True),
        Key("lint", _LINT, "which lint rules run"),
        Key(
            "env",
            TableOf(_ENVIRONMENT, _ENVIRONMENT_NAME),
            "the environments the project is deployed to",
        ),
        Key(
            "tags",
            TableOf(
                KeyTable((*_LABEL_KEYS, Key("group", _LABEL, "the declared group of the tag"))),
                _LABEL,
            ),
            "tags that FlowDSL manages",
        ),
        Key(
            "tag_groups", TableOf(KeyTable(_LABEL_KEYS), _LABEL), "tag groups that FlowDSL manages"
        ),
        Key("models", TableOf(_MODEL, _ALIAS), "model configurations that FlowDSL manages"),
        Key(
            "platform",
            KeyTable(
                (
                    Key(
                        "focused_agent_tools",
                        TextList(TextRule(choices=VERIFIABLE_TOOLS)),
                        "undocumented tools that focused agents of the account are known to have",
                    ),
                )
            ),
            "what the team has verified on its account",
        ),
        Key(
            "adopt",
            ArrayOf(
                KeyTable(
                    (
                        Key("env", TextRule(), "the environment of the object", required=True),
                        Key("address", _ADDRESS, "the address it gets", required=True),
                        Key("id", _UUID, "its id in the service", required=True),
                    )
                )
            ),
            "existing objects that become managed",
        ),
        Key(
            "removed",
            ArrayOf(
                KeyTable(
                    (
                        Key("address", _ADDRESS, "the address that left the source", required=True),
                        Key(
                            "mode",
                            TextRule("`forget` or `delete`", choices=("forget", "delete")),
                            "`forget`: the object stays and is managed no longer; "
                            "`delete`: it goes, a workflow with its runs and trajectories",
                            required=True,
                        ),
                    )
                )
            ),
            "addresses that are given up",
        ),
    )
)


def fill_defaults(value: Any, shape: Shape) -> Any:
    """Return a valid value with the default of every key that it leaves out.

    None, which TOML does not have, is a value that is left out itself: it becomes empty for a table
    or an array, and stays None for a text.
    """
    match shape:
        case KeyTable(keys=keys):
            given = value or {}
            return {key.name: fill_defaults(given.get(key.name), key.shape) for key in keys}
        case TableOf(of=inner):
            return {name: fill_defaults(each, inner) for name, each in (value or {}).items()}
        case ArrayOf(of=table):
            return [fill_defaults(each, table) for each in value or ()]
        case TextList(default=default):
            return default if value is None else value
        case JsonTable():
            return value or {}
        case Flag():
            return bool(value)
        case TextRule() | Number() | KeyReference():
            return value
