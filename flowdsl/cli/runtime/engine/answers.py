"""Work of the deploy engine that only reads: its answer, or an error with an exit code."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from flowdsl.deploy.addressing import NoSuchAddress
from flowdsl.deploy.apply.attempt import EXPECTED, status_of
from flowdsl.deploy.job import OnDrift
from flowdsl.deploy.outcome import Stop
from flowdsl.deploy.planning.plan import Plan
from flowdsl.host.environment import MissingKey

from ..exit_codes import ACCESS
from ..failure import CommandError, UsageError
from ..interrupts import run
from ..time_limit import TimeLimit
from .deployment import EXIT_CODES

T = TypeVar("T")


class Silent:
    """The `Ui` of work that neither shows a plan nor asks."""

    def show_plan(self, plan: Plan) -> None:
        pass

    def confirm(self, plan: Plan) -> bool:
        return False

    def choose_for_drift(self, plan: Plan) -> OnDrift:
        return "fail"

    def event(self, kind: str, **details: object) -> None:
        pass


def answered(work: Coroutine[Any, Any, T], limit: TimeLimit) -> T:
    """The result of `work`.

    Raises `CommandError` for every failure that the engine expects, and when the time is over.
    """
    try:
        return run(work, limit)
    except NoSuchAddress as none:
        raise UsageError(str(none)) from None
    except Stop as stop:
        first, *further = stop.messages
        raise CommandError(first, EXIT_CODES[stop.status], *further) from None
    except EXPECTED as error:
        raise CommandError(str(error), EXIT_CODES[status_of(error)]) from None
    except MissingKey as missing:
        raise CommandError(str(missing), ACCESS) from None
