"""What the emulator does not serve says so, and stands in its document."""

from __future__ import annotations

import re
from pathlib import Path

from flowdsl.emulator.routes.unserved import DOCUMENT, UNSERVED
from tests.emulator.emulator_desk import UNKNOWN_ID, Desk
from tests.support.rows import check_rows
from tests.support.services.contract import contract, operations

OPERATIONS = [operation for group in UNSERVED for operation in group.operations]


def test_what_is_not_served_says_so(desk: Desk) -> None:
    def check(operation: str) -> None:
        method, _, path = operation.partition(" ")
        reply = desk.ok(method, re.sub(r"\{\w+\}", UNKNOWN_ID, path), 501)
        assert f"`{operation}`" in reply["detail"]
        assert f"`{DOCUMENT}`" in reply["detail"]

    assert OPERATIONS
    check_rows(OPERATIONS, check)


def test_what_is_no_operation_at_all_is_not_found(desk: Desk) -> None:
    desk.ok("GET", "/v1/computers", 404)
    desk.ok("PUT", "/v1/request-logs", 405)


def test_the_document_lists_what_is_not_served() -> None:
    document = (Path(__file__).parents[2] / DOCUMENT).read_text(encoding="utf-8")
    section = document.partition("## What is not served")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)[1:])
    assert rows == {
        group.why: ", ".join(f"`{operation}`" for operation in group.operations)
        for group in UNSERVED
    }
    total = len(list(operations(contract())))
    assert f"{total - len(OPERATIONS)} of the contract's {total} operations" in section
