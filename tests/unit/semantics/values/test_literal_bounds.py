"""Literals and the annotations and spellings they have to keep to."""

from __future__ import annotations

from flowdsl.diagnostics.diagnostic import Diagnostic
from flowdsl.semantics.flow_tests.run_texts import TextPattern
from flowdsl.semantics.values.formats import example_value, is_spelled
from tests.support.flows.expectations import Case
from tests.support.rows import in_rows

PROGRAM = """flow 1
workflow intake {{
  inputs {{ x: {field} }}
  steps {{ do "{{x}}" }}
}}
"""


def finding(field: str) -> Diagnostic | None:
    text = PROGRAM.format(field=field)
    found = Case("intake", {"intake.flow": text}, ["intake.flow"], {}).diagnostics()
    assert [each.name for each in found] in ([], ["value-out-of-bounds"])
    return found[0] if found else None


OUTSIDE = {
    "int = -1 @min(0)": ("`-1` is below `@min(0)` of `x`", "@min(0)"),
    "int = 11 @max(10.5)": ("`11` is above `@max(10.5)` of `x`", "@max(10.5)"),
    "number = 0.2 @max(0.1)": ("`0.2` is above `@max(0.1)` of `x`", "@max(0.1)"),
    'string = "ab" @pattern("^b")': ("`ab` does not match `@pattern` of `x`", '@pattern("^b")'),
    'string = "" @pattern("b")': (
        "an empty text does not match `@pattern` of `x`",
        '@pattern("b")',
    ),
    'string = "👍👍" @max_length(1)': (
        "`👍👍`, 2 characters long, is above `@max_length(1)` of `x`",
        "@max_length(1)",
    ),
    'string = "" @min_length(1)': (
        "an empty text, 0 characters long, is below `@min_length(1)` of `x`",
        "@min_length(1)",
    ),
    'string = "b" @format("email")': (
        '`b` does not fit `@format("email")` of `x`',
        '@format("email")',
    ),
    "int[] = [] @min_items(1)": (
        "a list of 0 entries is below `@min_items(1)` of `x`",
        "@min_items(1)",
    ),
    "int[] = [1, 2] @max_items(1)": (
        "a list of 2 entries is above `@max_items(1)` of `x`",
        "@max_items(1)",
    ),
    'string = "c" @pattern("^(a|b)+$")': (
        "`c` does not match `@pattern` of `x`",
        '@pattern("^(a|b)+$")',
    ),
    f'string = "{"a" * 58}!" @pattern("^(a+)+$")': (
        f"`{'a' * 58}!` does not match `@pattern` of `x`",
        '@pattern("^(a+)+$")',
    ),
    "int @example(3) @max(2)": ("`3` is above `@max(2)` of `x`", "@max(2)"),
}
INSIDE = (
    'string = "👍" @min_length(1) @max_length(1)',
    'email = "a@b.test" @max_length(8)',
    "int = 0 @min(0) @max(0)",
    "number = 0.1 @max(0.1) @min(0.1)",
    "int? = null @min(1)",
    'string = "abc" @pattern("b")',
    'string = "abc" @pattern("(?i)B")',
    'string = "abc" @format("hostname")',
    'string = "2024-05-31T08:00:00Z" @format("date-time")',
    "int[] = [1] @min_items(1) @max_items(1)",
    "int @example(2) @max(2)",
)


@in_rows("field", OUTSIDE)
def test_a_literal_outside_is_shown_with_its_bound(field: str) -> None:
    found = finding(field)
    assert found is not None
    message, bound = OUTSIDE[field]
    assert found.message == message
    assert [each.span.text for each in found.labels] == [bound]


@in_rows("field", INSIDE)
def test_a_literal_inside_is_taken(field: str) -> None:
    assert finding(field) is None


def test_a_long_literal_is_cut_and_stands_on_one_line() -> None:
    found = finding('string = """\n    a `b`\n    ' + "c" * 90 + '\n  """ @pattern("^x")')
    assert found is not None
    assert found.message.startswith("`a 'b' ccc")
    assert found.message.count("`") == 6
    assert len(found.message) < 120
    assert "\n" not in found.message


SPELLED = {
    "date": ("2024-02-29", "2000-02-29", "2024-12-31"),
    "time": ("00:00", "23:59:59", "08:00:00.125"),
    "datetime": ("2024-05-31T08:00", "2024-05-31T08:00:00Z", "2024-05-31T08:00:00+02:00"),
    "email": ("ann@clinic.test",),
    "url": ("https://portal.test/", "mailto:ann@clinic.test"),
}
MISSPELT = {
    "date": (
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-13-01",
        "31.05.2024",
        "2024-5-1",
        "0000-02-28",
        "",
    ),
    "time": ("24:00", "8:00", "08:60", "noon"),
    "datetime": (
        "2024-05-31",
        "2024-06-31T08:00",
        "2024-05-31 08:00",
        "2024-05-31T08:00Zulu",
        "2024-05-31T08:00+24:00",
    ),
    "email": ("ann", "ann@", "a nn@clinic.test"),
    "url": ("portal", "//portal.test", "https: //portal.test"),
}


def test_the_spelling_of_each_textual_type() -> None:
    for name, values in SPELLED.items():
        assert is_spelled(name, example_value(name).strip("`"))
        assert [value for value in values if not is_spelled(name, value)] == []
        assert [value for value in MISSPELT[name] if is_spelled(name, value)] == []


@in_rows(
    ("pieces", "text", "matches"),
    [
        (("no chart ", None), "no chart 7", True),
        (("no chart ", None), "no chart ", True),
        (("no chart ", None), "no", False),
        ((None, " of ", None), "row 1 of 2", True),
        (("a.b",), "axb", False),
        (("a.b",), " a.b\n", True),
        (("a", None, "c"), "a\nb\nc", True),
    ],
)
def test_a_value_known_in_a_run_only_may_be_any_text(
    pieces: tuple[str | None, ...], text: str, matches: bool
) -> None:
    assert TextPattern("", pieces).matches(text) is matches
