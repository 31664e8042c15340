"""Imported first by a `flowdsl test` in a process of its own: its third test is interrupted."""

from __future__ import annotations

import os
import signal

from flowdsl.testing import run as running
from flowdsl.testing.cases import Case
from flowdsl.testing.outcome import Result
from flowdsl.testing.suite import Suite

_run_test = running.run_test
_begun: list[Case] = []


def _interrupted(suite: Suite, case: Case) -> Result:
    _begun.append(case)
    if len(_begun) == 3:
        os.kill(os.getpid(), signal.SIGINT)
    return _run_test(suite, case)


running.run_test = _interrupted
