"""Arguments and results of the Python API for runs, besides `Run` itself."""

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
    """A local file of at most 100 MB that is copied to the machine of a run.

    `input` names the input of type `file` that gets the path there, if any. `folder` is on that
    machine. With `remove_after` the service deletes the file there when the run has ended.
    """

    path: str | os.PathLike[str]
    input: str | None = None
    folder: str = TRANSFERS
    remove_after: bool = False


@dataclass(frozen=True, slots=True)
class NotMade:
    """Runs of a batch that were not created, and why; `row` counts from 0.

    With `is_unknown` it is uncertain whether they were created, and `candidates` may be them.
    `status` is the HTTP status of a refusal. `count` is the number of runs, for a request for
    several runs or for a chain.
    """

    row: int
    message: str
    is_unknown: bool = False
    candidates: tuple[Run, ...] = ()
    status: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class RunBatch:
    """Runs that were created together, and those that were not created.

    `runs` are in the order of their rows or steps. `rows` maps the id of each run to its row
    number, from 0; for a chain every number is 0. `deleted` are the ids of runs that were deleted
    while they were watched.
    """

    runs: tuple[Run, ...]
    rows: Mapping[str, int]
    not_made: tuple[NotMade, ...] = ()
    deleted: frozenset[str] = frozenset()

    @property
    def ended_well(self) -> bool:
        """Whether every requested run was created and ended as `success`."""
        return not self.not_made and all(run.status == "success" for run in self.runs)


@dataclass(frozen=True, slots=True)
class SavedAttachments:
    """The saved files of a run by attachment id, and the reasons why others were not saved."""

    paths: Mapping[str, Path]
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTrace:
    """What a run did, mapped to the lines of the flow that was deployed.

    `trace` has every entry of the history with its place. Its text comes from the service and from
    the screen that the agent saw, so treat it as untrusted. `pictures` are the screenshots, if
    requested.
    """

    trace: Trace
    environment: str
    pictures: Pictures = field(repr=False)

    @property
    def failed_at(self) -> Place | None:
        """The statement or post-run check at which the run failed, in lines and columns from 1.

        None for a run that did not fail, or if the failure has no place in a known source.
        """
        return self.trace.place_of_failure()

    def to_json(self) -> dict[str, Any]:
        """Return the object that `flowdsl trace --json` prints."""
        from flowdsl.tracing.report import trace_to_json

        return trace_to_json(self.trace, self.environment)

    def to_html(self) -> str:
        """Return the page that `flowdsl trace --html` writes; it loads nothing from elsewhere."""
        from flowdsl.tracing.page import render_page

        return render_page(self.trace, self.pictures, self.environment)
