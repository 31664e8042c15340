"""Run-time checks of arguments, for callers without a type checker, before anything is sent.

A parameter has the same type in every method that has it, so one table by name is enough.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, ParamSpec, TypeVar

from flowdsl.api.errors import UnusableArguments
from flowdsl.api.results import RunFile
from flowdsl.cyberdesk.models.run import Run
from flowdsl.runs.filters import MAX_PAGE
from flowdsl.runs.inputs.assemble import InputSources, Upload
from flowdsl.runs.inputs.places import IN_PYTHON
from flowdsl.runs.inputs.python_values import is_sendable, parse_given_inputs, parse_given_secrets
from flowdsl.runs.starting.plan import MAX_COUNT
from flowdsl.runs.starting.uploads import read_upload, require_distinct_names

P = ParamSpec("P")
T = TypeVar("T")

Check = Callable[[Any], str | None]
"""Returns None for a valid value, else what was expected, worded to follow "takes"."""


def checked(
    method: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Wrap `method` to raise `UnusableArguments` for arguments of a wrong type or value."""
    known = signature(method)

    @wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        check_arguments(known, known.bind(*args, **kwargs).arguments)
        return await method(*args, **kwargs)

    return call


def check_arguments(known: Signature, given: Mapping[str, Any]) -> None:
    """Raise `UnusableArguments` for all invalid arguments in `given`, which is by name.

    None is valid for a parameter whose default is None.
    """
    wrong: list[str] = []
    for name, value in given.items():
        if name == "self":
            continue
        check, parameter = _CHECKS[name], known.parameters[name]
        is_variadic = parameter.kind is Parameter.VAR_POSITIONAL
        for each in value if is_variadic else (value,):
            is_left_out = each is None and parameter.default is None
            if not is_left_out and (meant := check(each)) is not None:
                wrong.append(f"`{name}` takes {meant}")
                break
    if wrong:
        raise UnusableArguments("; ".join(wrong))


def _kind(value: Any) -> str:
    """The type of a wrong value with its article; the value itself is not shown."""
    name = "None" if value is None else type(value).__name__
    return name if value is None else f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"a text, not {_kind(value)}"
    return None if is_sendable(value) else "a text, and this has half of a character (a surrogate)"


def _path(value: Any) -> str | None:
    try:
        found = os.fspath(value)
    except TypeError:
        return f"a path, not {_kind(value)}"
    return None if isinstance(found, str) else f"a path, not {_kind(found)}"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else f"True or False, not {_kind(value)}"


def _seconds(value: Any) -> str | None:
    meant = "a number of seconds, 0 or more"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{meant}, not {_kind(value)}"
    try:
        is_fine = math.isfinite(value) and value >= 0
    except OverflowError:
        return f"{meant}, not one of so many digits"
    return None if is_fine else f"{meant}, not {value}"


def _whole(least: int, most: int | None, more: str = "") -> Check:
    span = f"a number from {least} to {most:,}" if most is not None else f"a number from {least} on"

    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{span}{more}, not {_kind(value)}"
        if value < least or (most is not None and value > most):
            return f"{span}{more}" + (f", not {value}" if abs(value) < 10**20 else "")
        return None

    return check


def _limit(value: Any) -> str | None:
    return None if value is None else _whole(1, MAX_PAGE, ", or None for all")(value)


def _function(value: Any) -> str | None:
    return None if callable(value) else f"a function of a run, not {_kind(value)}"


def _texts(value: Any) -> str | None:
    meant = "a text or a sequence of texts"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return meant if any(_text(each) for each in value) else None
    return f"{meant}, not {_kind(value)}"


def _moment(value: Any) -> str | None:
    if isinstance(value, str):
        return _text(value)
    return None if isinstance(value, date) else f"a day or a time, not {_kind(value)}"


def _run(value: Any) -> str | None:
    if isinstance(value, Run):
        return None
    return _text(value) and f"a run or its id, not {_kind(value)}"


def _rows(value: Any) -> str | None:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return None
    return f"a sequence of mappings, one for each run, not {_kind(value)}"


def _files(value: Any) -> str | None:
    is_fine = isinstance(value, Sequence) and all(map(_is_file, value))
    return None if is_fine else "a sequence of `RunFile`, with texts and paths in them"


def _is_file(value: Any) -> bool:
    return isinstance(value, RunFile) and not any(
        (
            _path(value.path),
            value.input is not None and _text(value.input),
            _text(value.folder),
            _flag(value.remove_after),
        )
    )


def _values(value: Any) -> str | None:
    """Accept anything: inputs, secrets and answers are checked later, to report all problems."""
    return None


def _one_of(*words: str) -> Check:
    known = " or ".join(f'"{word}"' for word in words)

    def check(value: Any) -> str | None:
        return None if isinstance(value, str) and value in words else known

    return check


_PARAMETERS: Mapping[Check, str] = {
    _text: "alias chain connection env machine name resume search session status text trajectory "
    "workflow",
    _texts: "pool",
    _path: "folder path",
    _flag: "approved deep generated leave_session priority release_session screenshots "
    "start_session watch",
    _seconds: "timeout",
    _moment: "since until updated_since updated_until",
    _whole(1, MAX_COUNT): "count",
    _whole(0, None): "max_bytes skip",
    _limit: "limit",
    _one_of("simulated", "billed"): "mode",
    _one_of("activity", "created"): "sort",
    _one_of("input", "output"): "type",
    _function: "on_change",
    _files: "files",
    _rows: "rows",
    _run: "run runs",
    _values: "answers inputs secrets",
}
_CHECKS = {name: check for check, names in _PARAMETERS.items() for name in names.split()}
"""The check of each parameter, by name."""


Words = str | Sequence[str] | None
Moment = str | date | datetime | None


def sources_of(
    inputs: Mapping[str, Any] | None,
    secrets: Mapping[str, str] | None,
    files: Sequence[RunFile],
    references: bool,
) -> InputSources:
    """Collect inputs, secrets and files, with the content of the files; raises `InputsRefused`."""
    return InputSources(
        given=parse_given_inputs({} if inputs is None else inputs),
        secrets=parse_given_secrets({} if secrets is None else secrets),
        uploads=require_distinct_names(map(_upload, files)),
        references=references,
        advice=IN_PYTHON,
    )


def where_of(machine: str | None, pool: Words, session: str | None) -> dict[str, Any]:
    """Return the keyword arguments of `find_place`; raises `UnusableArguments`."""
    pools = (pool,) if isinstance(pool, str) else tuple(pool or ())
    if (machine is not None) + bool(pools) + (session is not None) > 1:
        raise UnusableArguments("of `machine`, `pool` and `session` a run takes one")
    return {"machine": machine, "pools": pools, "session": session}


def word_of(run: str | Run) -> str:
    """Return the id of a `Run`, or the string as the caller wrote it."""
    return run if isinstance(run, str) else run.id


def moment_of(given: Moment) -> str | None:
    """Format a time as ISO 8601; strings and None are returned unchanged."""
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
