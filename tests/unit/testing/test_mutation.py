"""Wrong edits of flows: what the tests of a flow notice, and lines that would notice the rest."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.compiler.pipeline import Compilation, CompileOptions, compile_project
from flowdsl.source.files import MemoryFiles
from flowdsl.testing.mutation.study import (
    NOTICED,
    REFUSED,
    SAME,
    SURVIVED,
    Edited,
    Judge,
    Mutant,
    collect_subjects,
    edits_of,
)
from tests.support.flows.tested import problems

FLOW = r"""flow 1

## Books an amount.
workflow booking {
  inputs {
    ## The number of the order.
    order: string
    ## The number of the customer.
    customer: string
    ## The day.
    day: date
  }
  secrets {
    ## The PIN.
    pin: string
  }
  outputs {
    ## What was booked.
    booked: number?
  }
  steps {
    type $pin into "the PIN"
    press "Enter"
    wait until "the list is open" timeout 30s else abort "No list"
    type order into "the field Order"
    type customer into "the field Customer"
    type day as "MM/dd/yyyy" into "the field Day"
    if sees "a notice" { press "Escape" } else { press "F5" }
    extract total: number from "the total"
    emit booked = total
    wait 2s
    press "Ctrl+S" 2 times
  }
}
"""
GIVEN = 'given { order = "4711" customer = "C-9" day = "2026-03-01" } reads { total = 17.5 }'
WEAK = f'test "weak" for booking {{ {GIVEN} outputs {{ booked = 17.5 }} }}'


def study(text: str) -> list[Mutant]:
    def compile(entries: frozenset[str], changed: Mapping[str, str]) -> Compilation:
        return compile_project(
            MemoryFiles({"main.flow": text} | dict(changed)), sorted(entries), CompileOptions()
        )

    model = compile(frozenset(("main.flow",)), {}).analysis.model
    (subject,) = collect_subjects(model, ["main.flow"])
    judge = Judge(Edited(compile, {}), subject)
    return [judge.judge(edit) for edit in edits_of(subject)]


def words(mutants: list[Mutant], fate: str) -> set[str]:
    return {each.edit.words for each in mutants if each.fate == fate}


def test_each_survivor_has_a_line_that_notices_it() -> None:
    survived = [each for each in study(FLOW + WEAK) if each.fate == SURVIVED]
    assert len(survived) >= 15
    for each in survived:
        hint, _, title = each.hint.partition("  # in the test ")
        # Without a title, the hint has the answers of another path, and the usual inputs will do.
        answers = "reads { total = 17.5 }" if title else ""
        given = GIVEN.partition(" reads")[0]
        test = f'test "hint" for booking {{ {given} {answers} {hint} }}'
        assert problems({"main.flow": FLOW + test}) == [], hint
        assert fails(each.edit.apply(FLOW) + test), (each.edit.words, hint)


def test_a_line_that_notices_a_move_or_an_act_more_is_found() -> None:
    flow = r"""flow 1
## Works.
workflow w {
  inputs { a: string }
  steps {
    press "F1"
    clear "the box"
    type a over "the box"
    do "Say \{{a}\} there."
    for n in 2 { press "F2" if sees "more" { press "F1" } }
    press "F3"
  }
}
"""
    given = 'given { a = "A" }'
    survived = [
        each
        for each in study(f'{flow}test "t" for w {{ {given} outputs {{}} }}')
        if each.fate == SURVIVED and "# in the test" in each.hint
    ]
    assert len(survived) >= 10
    for each in survived:
        test = f'test "hint" for w {{ {given} {each.hint.partition("  #")[0]} }}'
        assert problems({"main.flow": flow + test}) == [], each.hint
        assert fails(each.edit.apply(flow) + test), (each.edit.words, each.hint)


def test_an_input_may_count_from_the_day_of_the_test() -> None:
    counted = FLOW.replace("day: date\n", "day: date = today - 7d\n")
    given = 'given { order = "4711" customer = "C-9" today = "2026-03-08" } reads { total = 17.5 }'
    mutants = study(f'{counted}test "t" for booking {{ {given} outputs {{ ... }} }}')
    survived = [each for each in mutants if each.fate == SURVIVED]
    assert any("2026-03-01" in each.hint for each in survived)


def fails(text: str) -> bool:
    """Whether the test fails, or the check says what the flow no longer does."""
    files: dict[str, str | bytes] = {"main.flow": text}
    compilation = compile_project(MemoryFiles(files), ["main.flow"], CompileOptions())
    return compilation.bundle is None or problems(files) != []


def test_a_test_of_everything_notices_everything() -> None:
    strong = f"""
test "all" for booking {{
  {GIVEN}
  outputs {{ booked = 17.5 }}
  does {{
    types ~"pin" into "the PIN"
    press "Enter"
    types "4711" into "the field Order"
    types "C-9" into "the field Customer"
    types "2026-03-01" as "MM/dd/yyyy" into "the field Day"
    press "F5"
    wait 2s
    press "Ctrl+S" 2 times
  }}
}}
test "a notice" for booking {{
  {GIVEN}
  screen {{ "a notice" = true }}
  does press "Escape"
  outputs {{ ... }}
}}
test "no list" for booking {{
  {GIVEN.partition(" reads")[0]}
  screen {{ "the list is open" = never }}
  does {{ press "Enter" never type into "the field Order" }}
  aborts "No list"
}}
"""
    found = study(FLOW + strong)
    assert [(each.edit.place.text, each.hint) for each in found if each.fate == SURVIVED] == []
    assert len([each for each in found if each.fate == NOTICED]) >= 20
    assert 'leaves out `extract total: number from "the total"`' in words(found, REFUSED)


def test_an_edit_that_means_nothing_is_not_counted() -> None:
    text = """flow 1

## Reads two things.
workflow reading {
  inputs { a: string b: string }
  outputs { one: string two: string }
  steps {
    emit one = a
    emit two = b
  }
}
test "t" for reading { given { a = "1" b = "2" } outputs { one = "1" two = "2" } }
"""
    found = study(text)
    assert "swaps this with the statement before it" in words(found, SAME)
    assert words(found, SURVIVED) == set()
