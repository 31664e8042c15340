"""Chooses the environment of a project: the one that a person names, or the only one."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.config.project import Environment, Project
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.host.environment import API_KEY, ENVIRONMENT
from flowdsl.source.failure import FlowdslError


class NoProject(FlowdslError):
    """The folder belongs to no project."""


class NoSuchEnvironment(FlowdslError):
    """The project lacks the named environment, or none was named and none is the default."""


class UnusableProject(FlowdslError):
    """The project file lacks a required value, or has an impossible one."""


def find_environment(
    project: Project, name: str | None, environ: Mapping[str, str]
) -> Environment | None:
    """Return the environment `name`, or the one that `FLOWDSL_ENV` names, or the only one.

    None if none of these applies. Raises `NoSuchEnvironment` for a name that the project does not
    have.
    """
    environments = project.environments
    word = name or environ.get(ENVIRONMENT)
    if word:
        if word not in environments:
            raise NoSuchEnvironment(_describe_unknown(word, list(environments), not name))
        return environments[word]
    return next(iter(environments.values())) if len(environments) == 1 else None


def require_environment(
    project: Project | None, name: str | None, environ: Mapping[str, str], named_with: str
) -> Environment:
    """Return the environment for an operation that needs one; raises `NoSuchEnvironment`.

    `named_with` is the option or setting that names it, as in "`--env`".
    """
    environment = None if project is None else find_environment(project, name, environ)
    if environment is not None:
        return environment
    names = join_names(project.environments) if project is not None else ""
    if not names:
        raise NoSuchEnvironment(
            'the project declares no environment; add `[env.local]` with `api = "local"`'
        )
    raise NoSuchEnvironment(
        f"name an environment with {named_with} or `{ENVIRONMENT}`; there are {names}"
    )


def official_environment() -> Environment:
    """Return the substitute for an environment outside of a project.

    It has the official service, the key in `CYBERDESK_API_KEY`, and no state.
    """
    from flowdsl.config.project import Environment, KeySource
    from flowdsl.cyberdesk.trust import OFFICIAL_HOST

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


def _describe_unknown(name: str, names: list[str], from_variable: bool) -> str:
    origin = f" (from `{ENVIRONMENT}`)" if from_variable else ""
    nearest = find_closest_name(name, names)
    if nearest is not None:
        return f"there is no environment `{name}`{origin}; environment `{nearest}` exists"
    known = f"there are {join_names(names)}" if names else "the project declares none"
    return f"there is no environment `{name}`{origin}; {known}"
