"""The table of what generated prompts assume of the agents, their tools and the drivers.

The main agent runs the prompt; its actions are recorded and replayed without asking it again. A
focused agent is launched by `focused_action` and decides afresh on every run. Its tools are
documented only in part: a tool that is not documented counts as missing unless `[platform]
focused_agent_tools` lists it, where a team names the tools that it has tried.
"""

from __future__ import annotations

from flowdsl.source.record import Record


class Tool(Record):
    """A tool of the agents.

    `focused`: the focused agent is assumed to have it; `source` is the evidence for that. `words`
    describe a use of the tool in a message.
    """

    name: str
    focused: bool
    source: str
    words: str


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("computer", True, "focused-action page: it may click and type", "an action"),
        Tool(
            "upsert_runtime_values",
            True,
            "upsert-runtime-values page: only inside sub-agents",
            "keeping a value",
        ),
        Tool("declare_task_failed", True, "assumption focused-failure", "`abort`"),
        Tool("execute_terminal_command", False, "not documented for the focused agent", "`run`"),
        Tool("mark_file_for_export", False, "not documented for the focused agent", "`export`"),
        Tool(
            "save_screenshot_as_run_attachment",
            False,
            "not documented for the focused agent",
            "`capture`",
        ),
        Tool("copy_to_clipboard", False, "not documented for the focused agent", "`copy`"),
        Tool(
            "screenshot",
            False,
            "background extraction belongs to the main agent",
            "`extract` in background",
        ),
        Tool("start_loop", False, "the loop engine belongs to the main agent", "`for`"),
        Tool("finish", False, "only the main agent ends a run well", "`finish`"),
        Tool("day", False, "a command of the main agent sets the clipboard", "a typed day"),
        Tool("picture", False, "a picture in a prompt reaches the main agent", "`image`"),
    )
}

ASSUMPTIONS = {
    "focused-failure": (
        "a focused agent can end the run with `declare_task_failed`, or reports the failure and "
        "the main agent declares it; the prompt asks for both"
    ),
    "object-merge": (
        "a runtime object can be filled field by field; the prompt asks to keep the fields it "
        "has, whatever `upsert_runtime_values` does with the rest"
    ),
    "list-append": (
        "a runtime list can grow entry by entry, or by all entries of another list in their order, "
        "where one that is empty or missing adds none; the prompt asks to keep the entries it has"
    ),
    "allowlist-exact": (
        "an allowlist entry matches the command text before variables are filled in, byte for byte"
    ),
    "allowlist-none": (
        "an allowlist with one entry that no command equals leaves the agent without a shell"
    ),
    "check-variables": (
        "input variables are filled in inside file names, templates and statements of post-run "
        "checks"
    ),
    "check-list-reference": (
        "`loop_input` and `expected_match_count_ref` take a variable in braces, as `start_loop` "
        "does; a runtime variable has the value from the end of the run"
    ),
    "schema-dialect": (
        "schemas are read as JSON Schema 2020-12 without `$ref`; no `$schema` key is sent"
    ),
    "command-time-out": (
        "a command that ran into its time limit says `timeout_reached`, with exit code 0 on the "
        "legacy driver and 124 on the new one; the prompt asks for either"
    ),
    "fresh-loop-lists": (
        "a replay evaluates the list that `start_loop` is given afresh, also where it is a runtime "
        "variable"
    ),
    "loops-without-entries": (
        "a loop that had no entries when the run was recorded is worked through by an agent when a "
        "replay has some"
    ),
    "clipboard-of-the-desktop": (
        "a command that sets the clipboard sets that of the desktop, or else another one; a check "
        "of the field follows"
    ),
    "image-html": "a prompt that holds a picture is HTML, and text in it is escaped",
    "brace-token": (
        "a `{` followed by a letter, `_`, `$` or `{` may be read as a variable; `\\{` is a "
        "literal brace"
    ),
}
"""Assumptions about the service that are inferred and not proved, each used where its key is
named."""

LEGACY, NEW = "the legacy driver", "the new driver"
"""The two programs through which the platform controls a desktop (Cyberdesk's documentation). A
flow has to work on both."""

COMMAND_SECONDS = 30
"""Seconds that a command may take on both drivers before it continues unwatched."""

COMMAND_BYTES = 32 * 1024
"""The maximum size in bytes of the text of a command on the new driver."""

MODIFIERS = frozenset(("ctrl", "alt", "shift", "win", "cmd", "super", "meta"))
"""Modifiers that both drivers know. A flow may write them in capitals, since the agent passes the
keys on (Cyberdesk's documentation)."""

NAMED_KEYS = frozenset(
    (
        *("enter", "return", "esc", "escape", "tab", "backspace", "delete", "insert"),
        *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
        *("space", "capslock"),
        *(f"f{number}" for number in range(1, 13)),
    )
)
"""Keys that both drivers know."""

NEW_MODIFIERS = {"control": "ctrl", "option": "alt"} | {
    name: key
    for key, spelled in (
        ("ctrl", ("ctrl", "control")),
        ("alt", ("alt", "option")),
        ("shift", ("shift",)),
        ("win", ("win", "cmd", "super", "meta")),
    )
    for word in spelled
    for name in (f"left{word}", f"right{word}", f"l{word}", f"r{word}", f"{word}l", f"{word}r")
}
"""Modifiers that only the new driver knows, without `-` and `_`, each mapped to the equivalent that
both know. How it spells left and right ones is inferred: as a prefix, in full or as a letter, or as
a suffix as in X11 (`Control_L`)."""

NEW_KEYS = {
    "pgup": "pageup",
    "pgdn": "pagedown",
    "del": "delete",
    "ins": "insert",
    "numlock": None,
    "lockscreen": None,
}
"""Keys that only the new driver knows, each mapped to the name that both know for the same key;
None if there is no such name."""

NEW_CHORD = frozenset(("ctrl", "alt", "delete"))
"""The chord that reportedly only the new driver knows."""

PLAINED = "‐‑‒–—―‘’‚‛“”„‟"
"""Typographic dashes and quotes, which the new driver types as their ASCII equivalents."""

NO_COMMAND = "flowdsl: this workflow runs no terminal command"
"""The allowlist entry of a workflow without `run` (assumption `allowlist-none`)."""


class Capabilities:
    """The assumptions about one account: the tools of its focused agents."""

    def __init__(self, verified: frozenset[str] = frozenset()) -> None:
        self._focused = {name for name, tool in TOOLS.items() if tool.focused} | verified

    def can_focused_agent_use(self, tool: str) -> bool:
        """Whether the focused agent is assumed to have `tool`."""
        return tool in self._focused


DOCUMENTED = Capabilities()
"""The assumptions that hold for any account."""
