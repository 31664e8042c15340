"""The environment of the project that a command is about."""

from __future__ import annotations

import os

from flowdsl.diagnostics.suggest import closest, listed
from flowdsl.host.environment import API_KEY, ENVIRONMENT

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
    if project is None and option:
        raise no_project("leave out `--env`")
    environments = project.environments if project is not None else {}
    name = option or (os.environ.get(ENVIRONMENT) if project is not None else None)
    if name:
        if name not in environments:
            raise UsageError(_unknown(name, list(environments), option is None))
        return environments[name]
    return next(iter(environments.values())) if len(environments) == 1 else None


def required_environment(project: Project | None, option: str | None) -> Environment:
    """The environment of a command that needs one; raises `UsageError`."""
    environment = named_environment(project, option)
    if environment is not None:
        return environment
    names = listed(project.environments) if project is not None else ""
    if not names:
        raise UsageError(
            'the project declares no environment; add `[env.local]` with `api = "local"`'
        )
    raise UsageError(f"name an environment with `--env` or `{ENVIRONMENT}`; there are {names}")


def environment_without_project(option: str | None) -> Environment:
    """The environment of a command that only looks at an organisation, where there is no project:
    the official service, with the key in `CYBERDESK_API_KEY`.

    Raises `UsageError` where an environment is named, which only a project can declare, and where
    the variable is not set.
    """
    from flowdsl.config.project import Environment, KeySource
    from flowdsl.cyberdesk.trust import OFFICIAL_HOST

    looks = f"to look at the organisation of `{API_KEY}`"
    if option:
        raise no_project(f"leave out `--env` {looks}")
    if os.environ.get(ENVIRONMENT):
        raise no_project(f"unset `{ENVIRONMENT}` {looks}")
    if not os.environ.get(API_KEY):
        raise no_project(f"set `{API_KEY}` to look at its organisation")
    return Environment(
        name=OFFICIAL_HOST,
        api=f"https://{OFFICIAL_HOST}",
        api_key=KeySource("env", API_KEY),
        state=None,
        protected=True,
        vars={},
        models={},
        tags_all=(),
        ignore_remote=(),
        organization=None,
    )


def _unknown(name: str, names: list[str], from_variable: bool) -> str:
    origin = f" (from `{ENVIRONMENT}`)" if from_variable else ""
    nearest = closest(name, names)
    if nearest is not None:
        return f"there is no environment `{name}`{origin}; environment `{nearest}` exists"
    known = f"there are {listed(names)}" if names else "the project declares none"
    return f"there is no environment `{name}`{origin}; {known}"
