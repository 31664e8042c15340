"""What a program gives to runs and gets of them, beside the runs themselves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.inputs.assemble import TRANSFERS
from flowdsl.tracing.gathering import Pictures
from flowdsl.tracing.maps import Place
from flowdsl.tracing.trace import Trace


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of this machine, of 100 MB at most, that is copied to the machine of a run.

    `input` names the input of type `file` that gets the path there, None for none. `folder` is on
    that machine. With `remove_after` the service deletes the file there when the run has ended.
    """

    path: str | os.PathLike[str]
    input: str | None = None
    folder: str = TRANSFERS
    remove_after: bool = False


@dataclass(frozen=True, slots=True)
class NotMade:
    """What of a batch was not made, and why; `row` counts the rows from 0.

    With `is_unknown` nobody knows whether it was made, and `candidates` may be it. `status` is that
    of a refusal. `count` is how many runs it is, as of a request for many or of a chain.
    """

    row: int
    message: str
    is_unknown: bool = False
    candidates: tuple[Run, ...] = ()
    status: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class RunBatch:
    """Runs that were made together, in the order of their rows or steps, and those that were not.

    `rows` is the number of the row, from 0, of each run by its id; of a chain every number is 0.
    `deleted` are the ids of runs that somebody deleted while they were watched.
    """

    runs: tuple[Run, ...]
    rows: Mapping[str, int]
    not_made: tuple[NotMade, ...] = ()
    deleted: frozenset[str] = frozenset()

    @property
    def ended_well(self) -> bool:
        """Whether every run that was asked for was made and ended as `success`."""
        return not self.not_made and all(run.status == "success" for run in self.runs)


@dataclass(frozen=True, slots=True)
class SavedAttachments:
    """The files of a run that were saved, by the id of the attachment, and why others were not."""

    paths: Mapping[str, Path]
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTrace:
    """What a run did, over the lines of the flow that was deployed.

    `trace` has every entry of the history with its place; its text is of the service and of what
    the agent saw, so treat it as untrusted. `pictures` are the screenshots, where asked for.
    """

    trace: Trace
    environment: str
    pictures: Pictures = field(repr=False)

    @property
    def failed_at(self) -> Place | None:
        """The place in the source where the run failed, in lines and columns from 1: at a statement
        or a post-run check.

        None for a run that did not fail, or whose failure is not placed in a source that is known.
        """
        return self.trace.place_of_failure()

    def to_json(self) -> dict[str, Any]:
        """The object that `flowdsl trace --json` prints."""
        from flowdsl.tracing.report import trace_to_json

        return trace_to_json(self.trace, self.environment)

    def to_html(self) -> str:
        """The page that `flowdsl trace --html` writes, which asks for nothing from anywhere."""
        from flowdsl.tracing.page import render_page

        return render_page(self.trace, self.pictures, self.environment)
