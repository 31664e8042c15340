"""Whether what started a pipeline may use the service."""

from __future__ import annotations

from collections.abc import Mapping

_OWN = frozenset({"push", "web", "schedule", "api", "trigger", "pipeline", "parent_pipeline"})
"""Sources of pipelines that run code of the project itself, started by somebody who may."""

_OF_MERGE_REQUESTS = "merge_request_event"


def refusal(environ: Mapping[str, str]) -> str:
    """Why nothing may be done online; empty if it may. An unknown source is not trusted.

    A child pipeline of a merge request is known by the variables of the merge request.
    """
    source = environ.get("CI_PIPELINE_SOURCE", "")
    if any(name.startswith("CI_MERGE_REQUEST_") for name in environ):
        projects = {
            environ.get(name, "")
            for name in (
                "CI_MERGE_REQUEST_SOURCE_PROJECT_ID",
                "CI_MERGE_REQUEST_PROJECT_ID",
                "CI_PROJECT_ID",
            )
        }
        if len(projects) != 1 or not all(map(_is_number, projects)):
            return "the merge request comes from a fork"
        if source == _OF_MERGE_REQUESTS:
            return ""
    return "" if source in _OWN else f"pipelines from {source!r} are not known to be safe"


def merge_request(environ: Mapping[str, str]) -> tuple[int, int] | None:
    """The id of the project and the number of the merge request in it; None if there is none."""
    project, number = environ.get("CI_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_IID", "")
    return (int(project), int(number)) if _is_number(project) and _is_number(number) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
