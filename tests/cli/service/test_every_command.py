"""Every command against the contract: what it sends, and what it says where that is refused."""

from __future__ import annotations

import argparse

from tests.cli.starting.test_help import parsers
from tests.support.reach import DOCUMENT, HEADING, by_operation, document, reasons
from tests.support.services.every_command import KEY, LOCAL, SAID, SECRET, Story, carried_out


def test_every_command_and_the_operations_that_it_reaches() -> None:
    """One test, because the story of all commands takes most of its time."""
    story = carried_out()
    check_every_command_is_told_of(story)
    check_every_refusal_is_told_whole(story)
    check_every_operation_is_reached_or_has_a_reason()
    written = DOCUMENT.read_text(encoding="utf-8")
    assert HEADING + written.partition(HEADING)[2] == document(), (
        "`python -m tests.support.reach --write`"
    )


def check_every_command_is_told_of(story: Story) -> None:
    commands = {
        name
        for name, parser in parsers().items()
        if not any(isinstance(each, argparse._SubParsersAction) for each in parser._actions)
    }
    assert story.reached.keys() | LOCAL == commands
    assert not story.reached.keys() & LOCAL


def check_every_refusal_is_told_whole(story: Story) -> None:
    told = set()
    for line, what, requests, result in story.refused:
        if not requests:
            continue
        said = result.err + result.text
        where = f"{line}, {what} refused: {result.code}\n{said}"
        assert result.code not in (0, 70), where
        assert all(each in said for each in SAID), where
        assert "\x1b" not in said and KEY not in said and SECRET not in said, where
        told |= {name for name in story.reached if f"{line} ".startswith(f"{name} ")}
    sending = {name for name, reached in story.reached.items() if reached}
    assert sending <= told


def check_every_operation_is_reached_or_has_a_reason() -> None:
    every = by_operation()
    for name, commands in every.items():
        assert bool(commands) != bool(reasons(name)), (name, commands)
        assert len(reasons(name)) <= 1, name
    assert (len(every), sum(map(bool, every.values())) >= 80) == (142, True)
