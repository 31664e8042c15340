"""The environment of the project that a command is about."""

from __future__ import annotations

import os

from flowdsl.workspace import environments
from flowdsl.workspace.errors import NoSuchEnvironment

from .failure import UsageError
from .places import no_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.config.project import Environment, Project


def named_environment(project: Project | None, option: str | None) -> Environment | None:
    """The environment named by `--env`, else by `FLOWDSL_ENV`, else the only one.

    None when none of them decides; without a project, `FLOWDSL_ENV` does not count. Raises
    `UsageError` for a name that the project does not have.
    """
    if project is None:
        if option:
            raise no_project("leave out `--env`")
        return None
    try:
        return environments.named_environment(project, option, os.environ)
    except NoSuchEnvironment as none:
        raise UsageError(str(none)) from None


def required_environment(project: Project | None, option: str | None) -> Environment:
    """The environment of a command that needs one; raises `UsageError`."""
    if project is None and option:
        raise no_project("leave out `--env`")
    try:
        return environments.required_environment(project, option, os.environ, "`--env`")
    except NoSuchEnvironment as none:
        raise UsageError(str(none)) from None
