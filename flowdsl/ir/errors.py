"""Diagnostics of the IR: what only shows once tasks are inlined and constants are in place."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import DiagnosticSpec

BACKSLASH_BEFORE_VARIABLE = DiagnosticSpec(
    "backslash-before-variable",
    "platform",
    "a backslash stands directly before `{variable}`, and the platform reads the two together as a literal brace",
    "write `/`, or put the separator into the value",
)
BRACE_IN_COMMAND = DiagnosticSpec(
    "brace-in-command",
    "platform",
    "the platform could read `{written}` in this command as a variable",
    "put a blank after the brace, or write the command without it: a command is sent byte for byte, so it has no escape",
)
BRANCH_FROZEN_BY_REPLAY = DiagnosticSpec(
    "branch-frozen-by-replay",
    "platform",
    "a replay would always take the branch of the recorded run: the screen does not decide this {construct}, and {tool} "
    "needs the main agent",
    "let the branch hold only what a focused agent can do, decide by what is on screen with `sees`, or make two workflows",
)
BRANCH_OUTSIDE_FOCUSED_ACTION = DiagnosticSpec(
    "branch-outside-focused-action",
    "suspicious",
    "this {construct} is carried out by the main agent, because {tool} needs it, and a replay notices another outcome by the "
    "screen alone",
    "say in the condition what is on screen, so that the screens of the outcomes differ; or move that statement out",
)
EXTRA_SETS_KNOWN_FIELD = DiagnosticSpec(
    "extra-sets-known-field",
    "platform",
    "`extra` cannot set `{field}`, which FlowDSL writes itself",
    "set it with {way}; `extra` is for fields that this version does not know",
)
COMMAND_OUTPUT_UNREADABLE = DiagnosticSpec(
    "command-output-unreadable",
    "platform",
    "the output of this command cannot be kept in `{variable}`: no focused agent is known to have a terminal",
    "let the command write a file and export it; or try it on your account, and then list "
    "`execute_terminal_command` under `[platform] focused_agent_tools` in `flowdsl.toml`",
)
CONTROL_CHARACTER = DiagnosticSpec(
    "control-character",
    "platform",
    "this text holds the control character U+{code}",
    "remove it: only line breaks and tabs may stand in text",
)
