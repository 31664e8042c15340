"""Questions to a person at the terminal, and the error if there is none."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from flowdsl.host.terminal import is_terminal

from ..console import Console, UsageError
from ..interrupts import ask_interruptibly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.deploy.job import OnDrift
    from flowdsl.deploy.planning.plan import Plan

_ESCAPED = "backslashreplace"


def is_interactive() -> bool:
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def require_answer(yes: bool, doing: str) -> None:
    """Raise `UsageError` if nobody can be asked and `--yes` was not given."""
    if not (yes or is_interactive()):
        raise answer_needed(doing)


def answer_needed(doing: str) -> UsageError:
    """The error where nobody can be asked and `--yes` was not given."""
    return UsageError(f"there is no terminal to ask on; `--yes` {doing} without asking")


def ask_in_lower_case(question: str, console: Console) -> str:
    """Read a person's answer, in lower case and stripped."""
    return ask_for_answer(question, console).lower()


def ask_for_answer(question: str, console: Console) -> str:
    """Read a person's answer, stripped, with escapes for bytes that cannot be decoded."""
    return (read_typed_line(question, console) or "").strip()


def read_typed_line(question: str, console: Console) -> str | None:
    """Read a line that a person types, without its end; None at the end of the input."""
    # Only once: a stream that was read from cannot be reconfigured.
    if isinstance(sys.stdin, TextIOWrapper) and sys.stdin.errors != _ESCAPED:
        sys.stdin.reconfigure(errors=_ESCAPED)
    console.flush()

    def line_typed() -> str:
        console.stderr.write(question)
        console.stderr.flush()
        return sys.stdin.readline()

    # From the question on, a signal may end the command.
    line = ask_interruptibly(line_typed)
    return line.removesuffix("\n").removesuffix("\r") if line else None


def confirm_or_say_so(yes: bool, question: str, console: Console) -> bool:
    """Ask whether to continue, unless `--yes` was given; print a message if not."""
    if yes or ask_in_lower_case(f"{question} [y/N] ", console) in ("y", "yes"):
        return True
    console.err("nothing was changed")
    return False


class Silent:
    """The `Ui` of engine work that neither shows a plan nor asks."""

    def show_plan(self, plan: Plan) -> None:
        pass

    def confirm(self, plan: Plan) -> bool:
        return False

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        return "fail"

    def event(self, kind: str, **details: object) -> None:
        pass
