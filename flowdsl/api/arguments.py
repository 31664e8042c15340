"""From the arguments of a program to what the layers below take."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flowdsl.api.errors import UnusableArguments
from flowdsl.api.results import RunFile
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.inputs.assemble import Sources, Upload
from flowdsl.runs.inputs.python_values import given_inputs, given_secrets
from flowdsl.runs.inputs.ways import IN_PYTHON
from flowdsl.runs.starting.uploads import distinct, read_upload

Words = str | Sequence[str] | None
Moment = str | date | datetime | None


def sources_of(
    inputs: Mapping[str, Any] | None,
    secrets: Mapping[str, str] | None,
    files: Sequence[RunFile],
    references: bool,
) -> Sources:
    """What is given, with the content of files; raises `InputsRefused`."""
    return Sources(
        given=given_inputs({} if inputs is None else inputs),
        secrets=given_secrets({} if secrets is None else secrets),
        uploads=distinct(map(_upload, files)),
        references=references,
        ways=IN_PYTHON,
    )


def where_of(machine: str | None, pool: Words, session: str | None) -> dict[str, Any]:
    """The arguments of `find_place`; raises `UnusableArguments`."""
    pools = (pool,) if isinstance(pool, str) else tuple(pool or ())
    if (machine is not None) + bool(pools) + (session is not None) > 1:
        raise UnusableArguments("of `machine`, `pool` and `session` a run takes one")
    return {"machine": machine, "pools": pools, "session": session}


def word_of(run: str | Run) -> str:
    """The id of a run, or what was written for it."""
    return run if isinstance(run, str) else run.id


def moment_of(given: Moment) -> str | None:
    """A time as ISO 8601."""
    return given if given is None or isinstance(given, str) else given.isoformat()


def _upload(file: RunFile) -> Upload:
    path = os.fspath(file.path)
    return read_upload(
        path,
        f"the file `{path}`",
        input=file.input,
        folder=file.folder,
        is_temporary=file.remove_after,
    )
