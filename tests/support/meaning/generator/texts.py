"""The words of generated programs, as the source writes them.

`@@` is where a single value may stand, `@@@` where a list or a record may.
"""

from __future__ import annotations

DO = (
    '"Open it."',
    '"Open @@."',
    '"Click \\"Save\\" beside @@"',
    '"Delete the draft of @@."',
    '"Set \\{x} to { \\"a\\": @@ }."',
    '"""\n  Click "Save".\n  Then look at @@\n  and go on.\n"""',
    '"""\n  For @@:\n  - Press Delete.\n  - Close it.\n\n  Go on.\n"""',
    'r"Open C:\\Temp\\"',
    '"{# later #}"',
    '"Look at @@@"',
)
TARGETS = (
    '"the field A"',
    '"the field \\"Inv. No.\\""',
    '"the field of @@"',
    '"the row \\"@@\\" in the grid."',
    '"the [last] entry"',
)
CONDITIONS = (
    '"it is there"',
    '"the row of @@"',
    '"a dialog that says \\"No.\\""',
    '"@@ is shown."',
    '"an error [E 1]"',
)
SOURCES = ('"the cell A"', '"the cell \\"Inv. No.\\""', '"the cell of @@"', '"all of the grid."')
REASONS = (
    '"no"',
    '"no @@"',
    '"It failed. Badly."',
    '"\\"x\\" is missing"',
    '"""\n  two\n  lines\n"""',
)
TITLES = (
    '"Part"',
    '"Part of @@"',
    '"Delete the draft"',
    '"Rules"',
    '"Steps"',
    '"Up to 3 rounds of the lines below"',
    '"It is not so: \\"x\\""',
    '"Nothing else, not even (2.1) @@"',
    '"The task is complete"',
    '"\\{x}"',
    '"合計。第2部"',
)
"""Titles of any words, but for those that begin or end as an instruction does."""
FILES = ('"a.png"', '"a-@@.png"', '"C:/out/a b.pdf"')
COMMANDS = (
    '"Get-Date"',
    "\"Get-Item '@@.txt'\"",
    '"Get-Item C:\\Temp\\a | Out-Null; "',
    '"""\n  Get-Date\n    Get-Item \'@@\'\n"""',
    '"Get-ChildItem | Where-Object { $_.Name }"',
)
TYPED = (
    '"a"',
    '"@@"',
    '"Inv. No."',
    '" a  b "',
    '" @@. "',
    '"Click \\"OK\\", then type \'@@\'."',
    '"\\{x} and { \\"a\\": 1 } }"',
    '"[@@] [x] ]"',
    '"\u3000全角\u3000。"',
    '"""\n  Dear @@,\n  - Press Delete.\n  1. Next\n"""',
    '"""\n  first\n\n    - second \n"""',
    '"""\n  - Press Delete.\n  If not:\n"""',
    'r"C:\\Temp\\"',
    '"-"',
    '"all: @@@"',
    '""',
)
VALUES = (*TYPED[:8], '"@@@"')
"""Texts that are values."""
RULES = (
    '"If a dialog says \\"No.\\", press Escape."',
    '"When @@ is shown twice, close one."',
    '"Never press Delete."',
)
CHECKS = (
    'file "a.png" exists',
    'file "C:/out/a b.pdf", "a-@@.png" exists',
    'files matching r"^a.*\\.png$" exists',
    'files matching r"." count 1 exists',
    'image "a.png" shows "@@ is there." if present',
    'output satisfies "all of @@ is right"',
)
"""Post-run checks; many a run fails those of files."""
DOCS = ("What it says.", "Press Delete.", 'A "note", kept as it is')
KEYS = ("Tab", "Ctrl+S", "Enter", "F6", "Escape Tab")
DURATIONS = ("1s", "500ms", "2m", "90s")

LITERALS = {
    "string": ('"a"', '"Inv. No."', '"a \\"b\\""', '"- Press Delete."', '"12"', '"a [b] [2|c"'),
    "int": ("1", "0", "-7", "1200"),
    "number": ("1.5", "2", "-0.25"),
    "bool": ("true", "false"),
    "date": ('"2026-01-31"', '"2026-12-01"'),
    "datetime": ('"2026-01-31T10:00:00"',),
    "time": ('"10:00:00"',),
    "email": ('"ann@acme.test"',),
    "url": ('"https://acme.test/a"',),
    "any": ('"a"', "1", '[1, "b"]', '{ a: true, "b c": null }'),
    "file": ('"C:/a.pdf"',),
}

DAYS = (
    "today",
    "today - 7d",
    "today + 1mo - 1d",
    "start of month - 1mo",
    "start of week + 2w",
    "start of quarter",
    "start of year + 1y",
)
"""Days that are typed."""
