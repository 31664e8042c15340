"""What of a PowerShell command is code."""

from __future__ import annotations

import re
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from flowdsl.lint.rules.commands import _SYNTAX, _find_certain_waits
from flowdsl.lint.texts.powershell import code_of
from tests.support.cpu import GIVEN_UP, cpu_seconds
from tests.support.rows import in_rows

ANY = st.text(alphabet="ab$(){}@'\"`#<>|&?: \n-%’“", max_size=40)


@in_rows(
    ("text", "code"),
    [
        ("a 'b && c' d", "a '______' d"),
        ("a 'it''s' b", "a '_____' b"),
        ('a "b ""c"" d" e', 'a "_________" e'),
        ('a "b `" c" d', 'a "______" d'),
        ('a "b $(c | d) e" f', 'a "__$(c | d)__" f'),
        ('a "$(b ")" c)" d', 'a "$(b "_" c)" d'),
        ("a # b 'c\nd", "a       \nd"),
        ("a#b", "a#b"),
        ("a <# b\nc #> d", "a           d"),
        ("a `& b", "a __ b"),
        ("a `\n  | b", "a     | b"),
        ("$a = @'\nb ' c\n'@ + d", "$a = @'\n_____\n'@ + d"),
        ('@"\nb " c\n"@ d', '@"\n_____\n"@ d'),
        ("a --% b && c | d", "a ___________| d"),
        ("a “b && c” d", "a “______” d"),
        ("a ‘b’ c", "a ‘_’ c"),
        ("a 'b", "a '_"),
        ("a `", "a _"),
        ("@'\nb", "@'\n_"),
    ],
)
def test_strings_and_comments_are_no_code(text: str, code: str) -> None:
    assert code_of(text) == code


@given(ANY)
def test_every_text_has_a_code_of_its_length_whose_characters_are_its_own(text: str) -> None:
    code = code_of(text)
    assert len(code) == len(text)
    assert all(made in (given_, "_", " ") for made, given_ in zip(code, text, strict=True))


@given(ANY.filter(lambda text: "'" not in text and "’" not in text))
def test_what_stands_in_single_quotes_is_none_of_it(inside: str) -> None:
    code = code_of(f"a '{inside}' && b")
    assert set(code[3 : 3 + len(inside)]) <= {"_", "\n"}
    assert code.endswith("' && b")


@in_rows(
    "written",
    [
        '"$(',
        "$a ? ",
        "$a[",
        "(a)? ",
        "sleep ",
        "ping a ",
        "Wait-Job ",
        "try {",
        "$a?",
        "& ",
        "`",
        "--% ",
        "@'\n",
        "$a \n",
        "<# ",
    ],
)
def test_a_command_made_to_take_long_does_not(written: str) -> None:
    text = written * (40_000 // len(written)) + " && sleep"
    with cpu_seconds(GIVEN_UP):
        command = SimpleNamespace(text=text, code=code_of(text))
        for pattern, _ in _SYNTAX:
            re.search(pattern, command.code)
            re.search(pattern, command.text)
        list(_find_certain_waits(command))
