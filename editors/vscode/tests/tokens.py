"""Print the tokens of flow files as Lark reads them, for `colours.mjs` to compare with.

`python tokens.py FILE...` prints an object: for each file its text and its tokens as
`[line, column, length, kind]`, counted from 0 in UTF-16 units; the kinds are `keyword`, `name`,
`text` and `number`. A file that does not parse is left out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lark import Token, UnexpectedInput

from flowdsl.syntax.reference import reference_parser

KINDS = {
    **dict.fromkeys(("NAME", "FIELD", "KEY", "ORIGIN", "ROOT"), "name"),
    **dict.fromkeys(("STRING", "BLOCK", "RAW"), "text"),
    **dict.fromkeys(("INT", "NUMBER", "DURATION", "SHIFT"), "number"),
}
_PARSER = reference_parser(keep_all_tokens=True)


def read_tokens(text: str) -> list[list[object]]:
    """Return the tokens of a file that have one colour."""
    found: list[list[object]] = []
    before = ""
    for token in _PARSER.parse(text).scan_values(lambda value: isinstance(value, Token)):
        kind = KINDS.get(token.type)
        # What a test is for is a name to the grammar, and the checker knows the three words.
        if before == "for" and token in ("task", "workflow", "chain"):
            kind = "keyword"
        before = str(token)
        if kind is None and token.isalpha():
            kind = "keyword"
        if kind is None or token.line is None or token.start_pos is None:
            continue
        begin = text.rfind("\n", 0, token.start_pos) + 1
        column = len(text[begin : token.start_pos].encode("utf-16-le")) // 2
        length = len(str(token).split("\n")[0].encode("utf-16-le")) // 2
        found.append([token.line - 1, column, length, kind])
    return found


def main(names: list[str]) -> None:
    """Print the tokens of the files."""
    files: dict[str, object] = {}
    for name in names:
        text = Path(name).read_text("utf-8")
        try:
            files[name] = {"text": text, "tokens": read_tokens(text)}
        except (UnexpectedInput, RecursionError):
            continue
    json.dump(files, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
