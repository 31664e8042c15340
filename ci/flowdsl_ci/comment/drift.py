"""The issue that says how the service differs from the main branch."""

from __future__ import annotations

from typing import Literal

from ..commands import Planned
from ..errors import meaning
from ..rest import RestError
from .sticky import Done, Thread, find_own, keep
from .text import bounded, marker_of


def title_of(body: str) -> str:
    """The title of an issue, which names the environment of its marker."""
    marker = marker_of(body) or ""
    environment = marker.removesuffix(" -->").rpartition("/")[2]
    return f"FlowDSL: {environment} differs from the sources"


def report_drift(issues: Thread, planned: Planned, footer: str) -> Done | Literal["closed"] | str:
    """Bring the one open issue up to date: made or updated for changes, closed without any.

    `issues` is a thread whose comments are the open issues of the repository; deleting one closes
    it. Returns what was done, or a sentence that says why nothing could be.
    """
    if planned.changes is None:
        return f"the issue is not up to date: exit code {planned.code}: {meaning(planned.code)}"
    body = bounded(planned.summary, footer)
    marker = marker_of(body)
    if marker is None:
        return "no issue is written: the plan does not begin with the line that finds it again"
    try:
        if planned.changes:
            return keep(issues, body, create=True)
        own = find_own(issues, marker)
        for issue in own:
            issues.update(issue, body)
            issues.delete(issue)
        return "closed" if own else "none"
    except RestError as error:
        hint = "; the token may not write issues" if error.status in (401, 403, 404, 410) else ""
        return f"the issue is not up to date: {error}{hint}"
