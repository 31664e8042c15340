"""What the service refuses between the steps of a chain, and checks that end one."""

from __future__ import annotations

from tests.support.flows.tested import problems

SOURCE = """
workflow read_due {
  inputs { order: string }
  outputs { due: number? @max(100) code: string? }
  steps {
    press "F5"
    extract due: number? from "the due"
    extract code: string? from "the code"
    emit due = due
    emit code = code
    capture "due.png"
  }
  checks { output satisfies "due is plausible" }
}
workflow book {
  inputs { amount: number? @min(1) code: string? @pattern(r"^[A-Z]+$") }
  steps { press "F6" if code is not empty { type code into "the code" } }
}
chain both {
  inputs { order: string }
  step read = run read_due(order: order)
  step book = run book(amount: read.outputs.due, code: read.outputs.code)
}
"""


def found(test: str) -> list[str]:
    return problems(f'{SOURCE}\ntest "t" for chain both {{ given {{ order = "1" }} {test} }}')


def reads(what: str) -> str:
    return f"step read {{ reads {{ {what} }} }}"


def test_a_hand_over_that_an_input_refuses_is_told_at_the_step() -> None:
    assert found(f'{reads("due = 5")} does press "F6"') == []
    (message,) = found(reads("due = 0.5"))
    line = 2 + SOURCE.splitlines().index(
        "  step book = run book(amount: read.outputs.due, code: read.outputs.code)"
    )
    assert message == (
        f"{line}: step `book` is not started: the input `amount` is below its `@min` of 1: 0.5"
    )
    assert found(f'{reads("due = 0.5")} step book refused never press "F6"') == []
    part = 'step book refused ~"does not match its `@pattern`"'
    assert found(f"{reads('code = ~'.replace('~', chr(34) + 'ab' + chr(34)))} {part}") == []
    (message,) = found(f"{reads('due = 5')} step book refused")
    assert message.endswith("the service does not refuse what step `book` is given")
    (message,) = found(f'{reads("due = 0.5")} step book refused "no"')
    assert '"no" is expected, and the input `amount` is below' in message


def test_refused_outputs_of_a_step_end_the_chain() -> None:
    assert found(f'{reads("due = 101")} outputs read refused never press "F6"') == []
    (message,) = found(reads("due = 101"))
    assert message == "10: the output `due` is above its `@max` of 100: 101"
    (message,) = found(f'{reads("due = 101")} step book refused outputs read refused ~"@max"')
    assert message.endswith("the service does not refuse what step `book` is given")


def test_a_check_of_a_step_ends_the_chain() -> None:
    answers = 'step read { reads { due = 5 } checks { ~"plausible" = failed } }'
    assert found(f'{answers} fails check ~"plausible" never press "F6"') == []
    (message,) = found(answers)
    assert 'the check "output satisfies due is plausible" fails' in message
