"""`docs/project-file.md`, made of the table of keys.

`python -m tools.project_file --write | --check` is the script.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from flowdsl.config.keys import (
    PROJECT_FILE,
    ArrayOf,
    Flag,
    JsonTable,
    Key,
    KeyReference,
    KeyTable,
    Number,
    Shape,
    TableOf,
    TextList,
    TextRule,
)
from tools.made import write_or_check

FILE = Path(__file__).parents[1] / "docs" / "project-file.md"

_BEGINNING = """\
# `flowdsl.toml`

Made by `python -m tools.project_file --write` of the table that checks the file.

The folder of `flowdsl.toml` is the project. Every command looks for the file in the folder it is
started in and in those above; `flowdsl init` writes one. What is not listed here is an error, with
the name of the key that was probably meant.

```toml
[project]
name = "care-ops"
id = "prj_6d6f2c1a"
flows = ["flows/**/*.flow"]
requires_flowdsl = ">=0.1"

[lint]
ignore = ["fixed-wait"]

[env.local]
api = "local"
vars = { portal = "https://claims.training.test" }

[env.prod]
api = "https://api.cyberdesk.io"
api_key = { env = "CYBERDESK_API_KEY" }
state = "s3://acme-flowdsl/care-ops/prod"
protected = true
vars = { portal = "https://claims.example.test" }

[env.prod.models]
careful = "Claude Sonnet (claims)"

[env.prod.tags]
all = ["flowdsl"]

[tag_groups.Team]
description = "Who looks after a workflow"

[tags.claims]
group = "Team"
color = "#2f6f4f"
```

In an editor, the JSON Schema of the file completes keys and shows what they are for:

```sh
flowdsl debug config-schema > flowdsl.schema.json
```

Editors with Taplo, such as VS Code with Even Better TOML, read it where the first line of
`flowdsl.toml` is `#:schema ./flowdsl.schema.json`.

In headings and below, NAME stands for a name of your own.
"""


def document() -> str:
    """The whole page."""
    return _BEGINNING + "".join(_sections(PROJECT_FILE, ()))


def _sections(table: KeyTable, path: tuple[str, ...]) -> Iterator[str]:
    """The sections of the tables in a table, each before those in it."""
    for key in table.keys:
        here = (*path, key.name)
        match key.shape:
            case KeyTable() as inner:
                yield _section(f"[{'.'.join(here)}]", key, inner, "")
                yield from _sections(inner, here)
            case TableOf(of=KeyTable() as inner, names=names):
                yield _section(
                    f"[{'.'.join(here)}.NAME]", key, inner, f" NAME is {names.described}."
                )
                yield from _sections(inner, (*here, "NAME"))
            case ArrayOf(of=inner):
                more = " The table may stand there several times."
                yield _section(f"[[{'.'.join(here)}]]", key, inner, more)
                yield from _sections(inner, here)
            case _:
                pass


def _section(heading: str, key: Key, table: KeyTable, more: str) -> str:
    """A section with a row for each key; tables with a section of their own have none."""
    what = key.description[:1].upper() + key.description[1:]
    required = " Required." if key.required else ""
    lines = ["", f"## `{heading}`", "", f"{what}.{required}{more}"]
    rows = [each for each in table.keys if not _has_section(each.shape)]
    if rows:
        lines += ["", "| Key | Value | What it is |", "|---|---|---|"]
    lines += [f"| `{each.name}` | {_value(each)} | {each.description} |" for each in rows]
    return "\n".join(lines) + "\n"


def _has_section(shape: Shape) -> bool:
    match shape:
        case KeyTable() | ArrayOf() | TableOf(of=KeyTable()):
            return True
        case _:
            return False


def _value(key: Key) -> str:
    return _words(key.shape) + ("; required" if key.required else "")


def _words(shape: Shape) -> str:
    """What a value can look like, and what holds without one."""
    match shape:
        case TextRule():
            return _text(shape)
        case Flag():
            return "true or false; default: false"
        case Number(whole=whole, low=low):
            kind = "a whole number" if whole else "a number"
            return kind if low is None else f"{kind}, at least {low:g}"
        case TextList(of=each, default=default):
            kind = "an array of strings"
            if each.described != TextRule().described or each.choices:
                kind += f", each {_text(each)}"
            return kind + (f"; default: `{json.dumps(list(default))}`" if default else "")
        case JsonTable():
            return "a table of anything that JSON has"
        case KeyReference():
            return '`{ env = "NAME" }` or `{ file = "PATH" }`'
        case TableOf(of=inner, names=names):
            return f"a table of `NAME = VALUE`: NAME is {names.described}, VALUE is {_words(inner)}"
        case KeyTable() | ArrayOf():
            return "a table"


def _text(shape: TextRule) -> str:
    if shape.choices:
        return "one of " + ", ".join(f"`{choice}`" for choice in shape.choices)
    return shape.described


def main(words: list[str]) -> int:
    """Write the page, or say that it is stale."""
    return write_or_check(words, "tools.project_file", FILE, document())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
