"""Command names from other programs, and what they are called here."""

from __future__ import annotations

_ANSWERS = (
    (
        "apply publish push release ship sync up",
        "`flowdsl deploy` brings an environment to what the sources say",
    ),
    ("lint validate verify", "`flowdsl check` finds mistakes in flows"),
    ("fix", "`flowdsl check --fix` applies the safe fixes"),
    ("watch", "`flowdsl check --watch` checks again whenever a file changes"),
    ("format", "`flowdsl fmt` lays flows out in one style"),
    ("build", "`flowdsl compile` writes payloads, prompts and schemas to a folder"),
    ("preview status", "`flowdsl plan` shows what a deploy would change"),
    ("drift", "`flowdsl diff` shows how the service differs from the sources"),
    (
        "history revert rollback undo versions",
        "`flowdsl restore` lists the saved versions of a workflow and brings one back",
    ),
    ("add create", "`flowdsl new` writes a file with a workflow, a task or a chain"),
    ("setup start", "`flowdsl init` makes a project that checks and deploys as it is"),
    ("delete down remove", "`flowdsl destroy` deletes every workflow of an environment"),
    ("billing cost costs", "`flowdsl usage` shows what runs cost, by workflow"),
    (
        "recordings",
        "`flowdsl trajectories` shows the recordings of runs and approves them",
    ),
    ("desktops", "`flowdsl machines` shows the desktops of an organisation"),
    ("list ls", "`flowdsl state list` lists what is deployed to an environment"),
    ("serve server", "`flowdsl emulator` serves a local Cyberdesk"),
    ("fetch", "`flowdsl import` turns workflows of the service into flows"),
    ("schema", "`flowdsl debug config-schema` prints the JSON Schema of `flowdsl.toml`"),
    ("version", "`flowdsl --version` prints the version"),
    (
        "auth login logout",
        "`api_key` of an environment in `flowdsl.toml` says where its key is read from",
    ),
    (
        "log logs",
        "`flowdsl runs list` shows what ran, and `flowdsl trace` what a run did, line by line",
    ),
    ("execute invoke", "`flowdsl run` runs what is deployed, with checked inputs"),
    ("cancel retry stop", "`flowdsl runs cancel` and `flowdsl runs retry` change a run"),
)

GUESSES = {word: answer for words, answer in _ANSWERS for word in words.split()}
"""Maps a word to the end of a sentence that begins with "`word` is not a command; "."""
