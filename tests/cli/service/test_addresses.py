"""Every command with an address takes `workflow.NAME` and `NAME`.

All say the same of an address that names nothing.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from flowdsl.cli.main import COMMANDS, module_of
from flowdsl.cli.runtime.command_line.arguments import CommandParser
from flowdsl.config.address import Address
from flowdsl.deploy.addressing import NoSuchAddress, address_in
from tests.support.command_line import LOCAL_PROJECT, Result, run_here, write_tree

A = "ADDRESS"
TABLE: dict[str, list[str]] = {
    "plan --only": ["plan", "--only", A],
    "plan --recreate": ["plan", "--recreate", A],
    "deploy --only": ["deploy", "--yes", "--only", A],
    "deploy --recreate": ["deploy", "--yes", "--recreate", A],
    "destroy --only": ["destroy", "--only", A, "--yes", "--accept-guard", "deletes=1"],
    "diff addresses": ["diff", A],
    "pull addresses": ["pull", A, "--diff"],
    "recover addresses": ["recover", A, "--yes"],
    "restore address": ["restore", A],
    "restore address (one)": ["restore", A, "--version", "1", "--yes"],
    "state show address": ["state", "show", A],
    "state unprotect address": ["state", "unprotect", A, "--yes"],
    "state mv old": ["state", "mv", A, "workflow.moved", "--yes"],
    "convert workflow": ["convert", A],
    "machines check --workflow": ["machines", "check", "--workflow", A],
    "trajectories list --workflow": ["trajectories", "list", "--workflow", A],
    "usage --workflow": ["usage", "--workflow", A, "--from", "2026-01-01", "--to", "2026-02-01"],
}
NOT_READ = {"state mv new"}  # it names what is not there yet


def taking_addresses(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    """Each argument that is an address, by its command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from taking_addresses(inner, f"{name} {word}")
        elif action.metavar in ("ADDRESS", "OLD", "NEW", "WORKFLOW|FILE.flow"):
            yield f"{name} {(action.option_strings or [action.dest])[0]}"


def test_the_table_has_every_command_that_takes_an_address() -> None:
    found = set()
    for name in COMMANDS:
        parser = CommandParser(name, "")
        import_module(module_of(name)).configure(parser)
        found |= set(taking_addresses(parser, name))
    assert found == {name.removesuffix(" (one)") for name in TABLE} | NOT_READ


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two workflows and a tag; the prompt of the first was changed once."""
    root = tmp_path_factory.mktemp("desk")
    flow = 'flow 1\n\nworkflow {} {{\n  title = "{}"\n  prompt from "{}.txt"\n}}\n'
    write_tree(
        root,
        {
            "flowdsl.toml": LOCAL_PROJECT + "[tags.other]\ncolor = 'red'\n",
            "flows/look_up.flow": flow.format("look_up", "Look up", "look_up"),
            "flows/look_up.txt": "1. Open the record.\n",
            "flows/other.flow": flow.format("other", "Other", "other"),
            "flows/other.txt": "1. Open the other record.\n",
        },
    )
    assert run_here(root, "deploy", "--yes", CI="").code == 0
    (root / "flows/look_up.txt").write_text("1. Open the records.\n")
    assert run_here(root, "deploy", "--yes", CI="").code == 0
    return root


def run(deployed: Path, to: Path, words: list[str], address: str) -> Result:
    shutil.copytree(deployed, to)
    return run_here(to, *(address if word == A else word for word in words), CI="")


@pytest.mark.parametrize("name", TABLE)
def test_a_name_alone_means_its_address(deployed: Path, tmp_path: Path, name: str) -> None:
    whole = run(deployed, tmp_path / "whole", TABLE[name], "workflow.look_up")
    alone = run(deployed, tmp_path / "alone", TABLE[name], "look_up")
    assert whole.code == 0, whole.err
    assert alone == whole


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("address", ["workflow.lok_up", "lok_up", "lok_up\x1b"])
def test_what_names_nothing_is_told_with_what_exists(
    deployed: Path, tmp_path: Path, name: str, address: str
) -> None:
    ended = run(deployed, tmp_path / "desk", TABLE[name], address)
    shown = address.replace("\x1b", "\\x1b")
    assert ended.code == 64, ended.err
    assert f"`{shown}` is no address in the s" in ended.err
    assert "`workflow.look_up` exists" in ended.err
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("name", ["destroy --only", "state show address", "state mv old"])
def test_what_names_two_things_is_told_with_both(deployed: Path, tmp_path: Path, name: str) -> None:
    ended = run(deployed, tmp_path / "desk", TABLE[name], "other")
    assert ended.code == 64, ended.err
    assert (
        "`other` may be `tag.other`, `workflow.other` in the state of `local`; write one of them"
        in ended.err
    )


def test_a_workflow_moves_to_a_name_alone(deployed: Path, tmp_path: Path) -> None:
    ended = run(deployed, tmp_path / "desk", ["state", "mv", A, "moved", "--yes"], "look_up")
    assert ended.code == 0 and "`workflow.look_up` is `workflow.moved` in local now" in ended.err


def test_a_dot_in_a_name_is_no_kind() -> None:
    known = [Address.parse(each) for each in ("tag.v1.2", "workflow.flow", "workflow.v1")]
    assert address_in("v1.2", known, "x") == "tag.v1.2"
    assert address_in("flow", known, "x") == "workflow.flow"
    with pytest.raises(NoSuchAddress, match="there are none"):
        address_in("v1", [], "x")
