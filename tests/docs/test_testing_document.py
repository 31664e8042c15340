"""What `docs/testing.md` shows is what `flowdsl test` prints."""

from __future__ import annotations

from pathlib import Path

from tests.docs.test_documents import BLOCKS
from tests.support.command_line import LOCAL_PROJECT, run_command, write_tree

OF_TESTING = [block for block in BLOCKS if block.document == "docs/testing.md"]


def test_the_document_shows_what_test_prints(tmp_path: Path) -> None:
    shown = {b.language: b.text for b in reversed(OF_TESTING)}
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, "flows/order_total.flow": shown["flow"]})
    done = run_command(tmp_path, *shown["sh"].split()[1:])
    assert (done.code, done.err) == (1, "3 tests, 1 failed\n")
    assert done.text == shown["text"]


def test_the_tests_of_other_examples_pass(tmp_path: Path) -> None:
    _, *flows = (block.text for block in OF_TESTING if block.language == "flow")
    assert flows
    for number, flow in enumerate(flows):
        write_tree(tmp_path, {f"{number}.flow": flow})
    done = run_command(tmp_path, "test", ".")
    assert (done.code, done.err.endswith(" passed\n")) == (0, True), done.text


def test_the_document_shows_what_explore_prints(tmp_path: Path) -> None:
    flow = next(block.text for block in OF_TESTING if block.language == "flow")
    command = next(b.text for b in OF_TESTING if b.language == "sh" and "--explore" in b.text)
    shown = next(b.text for b in OF_TESTING if b.language == "text" and "path 1" in b.text)
    write_tree(tmp_path, {"flowdsl.toml": LOCAL_PROJECT, "flows/order_total.flow": flow})
    done = run_command(tmp_path, *command.partition(" >")[0].split()[1:])
    assert (done.code, done.err) == (0, shown)
    assert done.text.startswith('test "path 3: ')
