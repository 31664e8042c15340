"""Post-run checks of one workflow, each with inputs with which it succeeds and with which not."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.flows.compiling import workflow

SECTIONS = """
inputs { names: string[] @max_items(5) wanted: int = 1 others: string[] = [] @max_items(5)
  who: string = "Ann" }
outputs { total: number }
"""
BODY = """
press "F5"
keep saved: string[] = []
for name in names { capture "{name}.png" keep saved += "{name}" }
for other in others { export file "C:/Reports/{other}.csv" }
extract total: number from "the total"
emit total = total
"""


def source(checks: str) -> str:
    return workflow(BODY, sections=f"{SECTIONS} checks {{ {checks} }}")


class Row(NamedTuple):
    """A check, its name on the service, and the inputs of two runs."""

    check: str
    good: str
    bad: str
    name: str


TABLE = {
    "named": Row('file "a.png" exists', 'names = ["a"]', 'names = ["b"]', "a.png exists"),
    "named twice": Row(
        'file "a.png", "b.png" exists',
        'names = ["b", "a"]',
        'names = ["a"]',
        "a.png, b.png exists",
    ),
    "named by a value": Row(
        'file "{who}.csv" exists',
        'names = [] others = ["Ann"]',
        'names = [] others = ["Ann"] who = "Bo"',
        "{who}.csv exists",
    ),
    "counted": Row(
        r'files matching r"\.png$" count 2 exists',
        'names = ["a", "b"]',
        'names = ["a"]',
        r"files matching \.png$ exists",
    ),
    "counted by a value": Row(
        r'files matching r"\.png$" count wanted exists',
        'names = ["a", "b"] wanted = 2',
        'names = ["a", "b"] wanted = 3',
        r"files matching \.png$ exists",
    ),
    "counted by a list": Row(
        r'files matching r"^[ab]\.png$" count names exists',
        'names = ["a", "b"]',
        'names = ["a", "c"]',
        r"files matching ^[ab]\.png$ exists",
    ),
    "one of each": Row(
        'files each n in names named "{n}.csv" exists',
        'names = ["a", "b"] others = ["b", "a"]',
        'names = ["a", "b"] others = ["a"]',
        "each {{loop_item}}.csv exists",
    ),
    "of a kept list": Row(
        'files each n in saved named "{n}.csv" exists',
        'names = ["a"] others = ["a"]',
        'names = ["a", "b"] others = ["a", "c"]',
        "each {{loop_item}}.csv exists",
    ),
    "if present": Row(
        r'files matching r"\.csv$" count 2 exists if present',
        "names = []",
        'names = [] others = ["Ann"]',
        r"files matching \.csv$ exists",
    ),
}
