"""Tokens: kinds, what makes a word a name, doc comments."""

from __future__ import annotations

from flowdsl.syntax.parser.lexer import Lexemes, lex
from flowdsl.syntax.parser.tables import TERMINALS
from tests.support.rows import in_rows


def kinds(text: str) -> list[str]:
    return [token.kind for token in lex(text) if token.kind not in ("WS", "COMMENT")]


@in_rows(
    ("text", "expected"),
    [
        ("step stepx", ["STEP", "NAME"]),
        ('"a" """b""" r"c\\"', ["STRING", "BLOCK", "RAW"]),
        ('"a\\"b" "C:\\x"', ["STRING", "STRING"]),
        ('"a\\"', ["BAD_STRING"]),
        ('"open\n"x"', ["BAD_STRING", "STRING"]),
        ('"""open "x" \\"""', ["BAD_BLOCK"]),
        ('"""a\\""""""', ["BLOCK"]),
        ('"""""', ["BAD_BLOCK"]),
        ('r"open\nx', ["BAD_STRING", "NAME"]),
        ("today - 7d +2mo -\t1y + 3w", ["NAME", *["SHIFT"] * 4]),
        ("start of month start\n of week", ["START", "START"]),
        ("count of count\n of count", ["COUNT_OF", "COUNT_OF", "COUNT"]),
        ("at at\n least at", ["NAME", "AT_LEAST", "NAME"]),
        ("start of months start of", ["NAME", "OF", "NAME", "NAME", "OF"]),
        ("- 7 7d +7", ["UNKNOWN", "INT", "UNKNOWN", "UNKNOWN", "INT"]),
        ("5 -5 0.5 -0.5 5s 500ms 2h", ["INT", "INT", "NUMBER", "NUMBER", *["DURATION"] * 3]),
        ("5x -5s 1.5", ["UNKNOWN", "UNKNOWN", "NUMBER"]),
        (
            "{{x}} {{ a.b[0]['k v'] }} {{x}",
            ["RUNTIME", "RUNTIME", "LBRACE", "LBRACE", "NAME", "RBRACE"],
        ),
        ("= == += -> <=", ["EQUAL", "CMP", "EMIT_OP", "__ANON_0", "CMP"]),
        ("'k v' '", ["KEYNAME", "UNKNOWN"]),
        ("é “", ["UNKNOWN", "UNKNOWN"]),
        ("a # b\rc", ["NAME", "NAME"]),
        ('r r"" rr', ["NAME", "RAW", "NAME"]),
    ],
)
def test_kinds(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@in_rows(
    ("text", "expected"),
    [
        ("type: string", "FIELD"),
        ("type \n : string", "FIELD"),
        ("type # c\n: string", "TYPE"),
        ("type = 1", "KEY"),
        ("type += 1", "KEY"),
        ("type == 1", "TYPE"),
        ("type .x", "ROOT"),
        ("type x", "TYPE"),
    ],
)
def test_the_sign_behind_a_word_makes_it_a_name(text: str, expected: str) -> None:
    assert TERMINALS[Lexemes(text).kinds[0]] == expected


def docs(text: str) -> dict[str, str]:
    lexemes = Lexemes(text)
    return {
        lexemes.words[lexemes.starts.index(at)]: doc for at, doc in sorted(lexemes.docs().items())
    }


def test_doc_comments_stand_on_their_own_lines() -> None:
    text = (
        "## file\nflow 1 ## no doc\n# comment\n## one\n##  two  \n  ## three\n@owner\n### "
        "rule\ntask ## no\nx\r## y\rz"
    )
    assert docs(text) == {"flow": "file", "@": "one\ntwo\nthree", "z": "y"}


def test_hashes_inside_text_are_no_comments() -> None:
    assert docs('do "## no"\ndo """\n## no\n"""') == {}
