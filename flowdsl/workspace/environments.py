"""The environment of a project that a person names, or that is the only one; why there is none."""

from __future__ import annotations

from collections.abc import Mapping

from flowdsl.config.project import Environment, Project
from flowdsl.diagnostics.suggest import find_closest_name, join_names
from flowdsl.host.environment import API_KEY, ENVIRONMENT
from flowdsl.source.failure import FlowdslError


class NoProject(FlowdslError):
    """A folder that belongs to no project."""


class NoSuchEnvironment(FlowdslError):
    """A project that does not have the environment, or none that is chosen by itself."""


class UnusableProject(FlowdslError):
    """A project file that lacks what the work needs, or says what cannot be."""


def find_environment(
    project: Project, name: str | None, environ: Mapping[str, str]
) -> Environment | None:
    """The environment `name`, else the one that `FLOWDSL_ENV` names, else the only one.

    None when none of them decides. Raises `NoSuchEnvironment` for a name that the project does not
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
    """The environment of work that needs one; raises `NoSuchEnvironment`.

    `named_with` is where a person names it, as in "`--env`".
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
    """What stands for an environment where there is no project: the official service, with the key
    in `CYBERDESK_API_KEY`, and no state.
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
