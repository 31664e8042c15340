"""What tests say of a run's doing: items of loops, acts, steps."""

from __future__ import annotations

from tests.support.flows.compiling import workflow
from tests.support.flows.tested import problems
from tests.support.rows import for_rows, in_rows

BODY = """
step "Begin" { press "F5" 2 times }
for row in rows {
  type row.key into "the field Key"
  extract n: int from "the number of {row.key}"
  expect "row {row.key} is saved" else abort "Row {row.key} is not saved"
  if sees "a warning" { press "Ctrl+S" }
  emit found += n
}
step "End" { do "Close the window." }
"""
SECTIONS = """
inputs { rows: { key: string @wire("key-no"), n: int? }[] @max_items(5) }
outputs { found: int[] }
"""
SOURCE = workflow(BODY, sections=SECTIONS)
GIVEN = 'given { rows = [{ key: "a", n: 1 }, { key: "b", n: 2 }, { key: "c" }] } reads { n = 7 }'


def found(test: str) -> list[str]:
    source = f'{SOURCE}\ntest "t" for w {{ {GIVEN} {test} }}'
    return [each.partition(": ")[2] for each in problems(source)]


@for_rows(
    lambda: [
        "item 2 { reads { n = 8 } } outputs { found = [7, 8, 7] }",
        'item where key == "c" { reads { n = 8 } } outputs { found = [7, 7, 8] }',
        "item where n >= 1 { reads { n = 8 } } outputs { found = [8, 8, 7] }",
        "item where n == null of rows { reads { n = 8 } } outputs { found = [7, 7, 8] }",
        'item where key != "a" { reads { n = [8, 9] } } outputs { found = [7, 8, 9] }',
        'item 2 { screen { ~"is saved" = false } } aborts "Row b is not saved"',
        'item 2 of rows { screen { "a warning" = true } } does press "Ctrl+S" in item 2',
    ]
)
def test_an_item_has_answers_of_its_own(test: str) -> None:
    assert found(test) == []


def test_an_answer_of_an_item_that_never_comes_is_a_mistake() -> None:
    assert found("item 4 { reads { n = 8 } }") == [
        "the run works on no `item 4`: it works on 3 entries"
    ]


@for_rows(
    lambda: [
        'does press "ctrl+s" 0 times',
        'does press "F5" 2 times',
        'does type "b" into "the field Key" 1 times',
        'does type ~"" into ~"Key" 3 times',
        'types "b" into ~"Key" in item 2',
        'never type "b" into ~"Key" in item 1',
        'never press "Ctrl+S" never press "F5" in item 1',
        'does do "Close the window."',
        'does do ~"the window"',
        'reaches step "Begin" reaches step ~"End"',
        'item 1 { screen { ~"is saved" = false } } aborts reaches step "Begin"',
    ]
)
def test_what_is_done_is_as_the_test_says(test: str) -> None:
    assert found(test) == []


@for_rows(
    lambda: [
        ('never press "F5"', 'the run does this: press "f5" 2 times'),
        ('does press "F5" 1 times', "the run does this 2 times, not 1 times"),
        ('types "x" into ~"Key"', 'the run does not `types "x" into ~"Key"`'),
        ('types "a" into ~"Key" in item 2', 'the run does not `types "a" into ~"Key"` in item 2'),
        ('never press "F5" in item 4', "the run works on no item 4"),
        (
            'item 1 { screen { ~"is saved" = false } } aborts reaches step "End"',
            'the run reaches no step "End": "Begin" is the last that begins',
        ),
    ]
)
def test_what_is_done_otherwise_is_told(row: tuple[str, str]) -> None:
    test, message = row
    assert found(test) == [message]


def test_a_list_of_texts_is_meant_by_the_variable_of_its_loop() -> None:
    body = 'for name in names { type name into "the name" press "Tab" }'
    source = workflow(body, sections="inputs { names: string[] @max_items(3) }")
    test = 'given { names = ["x", "y"] } never type "y" into ~"name" in item where name == "x"'
    assert problems(f'{source}\ntest "t" for w {{ {test} }}') == []


TYPED = workflow(
    'extract tax: number? from "the tax"\ntype tax into "the field Tax"\n'
    'type "7 kg" into "the field Note"\npress "Enter" 2 times\nwait 2s'
)


@in_rows(
    ("test", "expected"),
    [
        (
            'never type into ~"Tax"',
            ['the run does this: type "2" into "the field Tax"'],
        ),
        ('types into ~"Tax" does type into ~"field" 2 times', []),
        (
            'never type ~"" into ~"Tax" does type "7 kg" into ~"Note" 1 times',
            ['the run does this: type "2" into "the field Tax"'],
        ),
        ("never press", ['the run does this: press "enter" 2 times']),
        ("does press 2 times does wait 1 times", []),
        ("never wait", ["the run does this: wait 2s"]),
    ],
)
def test_an_act_without_a_text_means_any_text(test: str, expected: list[str]) -> None:
    source = f'{TYPED}\ntest "t" for w {{ reads {{ tax = 2 }} {test} }}'
    assert [each.partition(": ")[2] for each in problems(source)] == expected


@for_rows(
    lambda: [
        ('does { press "F5" types "a" into ~"Key" types "b" into ~"Key" }', None),
        ('does { press "F5" 2 times never press "Ctrl+S" types into ~"Key" 3 times }', None),
        ('does only { types "a" into ~"Key" types "b" into ~"Key" types "c" into ~"Key" }', None),
        ('does { never do "Close the window." types "c" into ~"Key" }', None),
        ('does { types into ~"Key" } in item 2', None),
        (
            'does { types "b" into ~"Key" types "a" into ~"Key" }',
            'the run does not do `types "a" into ~"Key"` after `types "b" into ~"Key"`: '
            "it does it before",
        ),
        (
            'does { types "a" into ~"Key" types "d" into ~"Key" }',
            'the run does not do `types "d" into ~"Key"` after `types "a" into ~"Key"`: the '
            'nearest is type "c" into "the field Key"',
        ),
        (
            'does { press "F5" 3 times }',
            'the run does not do `press "F5" 3 times`, only 2 of 3 times',
        ),
        (
            'does { press "F5" never types "b" into ~"Key" do ~"Close" }',
            'the run does this after `press "F5"` before `do ~"Close"`: type "b" into "the field '
            'Key"',
        ),
        (
            'does only { types "a" into ~"Key" types "c" into ~"Key" }',
            'the run does this after `types "a" into ~"Key"` before `types "c" into ~"Key"`: '
            'type "b" into "the field Key"',
        ),
    ]
)
def test_acts_are_done_in_their_order(row: tuple[str, str | None]) -> None:
    test, message = row
    assert found(test) == ([] if message is None else [message])
