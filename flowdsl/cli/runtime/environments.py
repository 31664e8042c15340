"""Selects the environment of a command."""

from __future__ import annotations

import os

from flowdsl.config.project import Environment, Project
from flowdsl.host.environment import API_KEY, ENVIRONMENT
from flowdsl.workspace import environments

from .places import no_project


def choose_environment(project: Project | None, option: str | None) -> Environment | None:
    """The environment named by `--env`, else by `FLOWDSL_ENV`, else the only one.

    None if none of them decides; without a project, `FLOWDSL_ENV` is ignored. Raises
    `NoSuchEnvironment` for a name that the project does not have.
    """
    if project is None:
        if option:
            raise no_project("leave out `--env`")
        return None
    return environments.find_environment(project, option, os.environ)


def any_environment(project: Project | None, option: str | None) -> Environment | None:
    """The environment whose values are used when nothing is sent: the named one, else any of them.

    None for a project without environments.
    """
    environment = choose_environment(project, option)
    if environment is not None or project is None:
        return environment
    return next(iter(project.environments.values()), None)


def require_environment(project: Project | None, option: str | None) -> Environment:
    """The environment of a command that needs one; raises `NoSuchEnvironment`."""
    if project is None and option:
        raise no_project("leave out `--env`")
    return environments.require_environment(project, option, os.environ, "`--env`")


def environment_without_project(option: str | None) -> Environment:
    """The environment of a read-only command outside of any project.

    It is the official service, with the key in `CYBERDESK_API_KEY`. Raises `UsageError` if an
    environment is named, since only a project can declare one, or if the variable is not set.
    """
    looks = f"to look at the organisation of `{API_KEY}`"
    if option:
        raise no_project(f"leave out `--env` {looks}")
    if os.environ.get(ENVIRONMENT):
        raise no_project(f"unset `{ENVIRONMENT}` {looks}")
    if not os.environ.get(API_KEY):
        raise no_project(f"set `{API_KEY}` to look at its organisation")
    return environments.official_environment()
