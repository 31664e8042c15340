"""The store of the state that an environment of `flowdsl.toml` names."""

from __future__ import annotations

from flowdsl.config.positions import locate
from flowdsl.config.project import Environment
from flowdsl.host.disk import PROJECT_FILE, DiskFiles
from flowdsl.state.errors import StateError, WrongAddress
from flowdsl.state.stores import StateStore
from flowdsl.workspace import state

from ..exit_codes import SOURCE_ERRORS, STATE
from ..failure import CommandError
from ..places import ShownFrom


def open_state_of(environment: Environment, root: str, project_id: str) -> StateStore:
    """The store of an environment.

    Raises `CommandError`, which for a wrong address has its place in `flowdsl.toml`.
    """
    try:
        return state.open_state_of(environment, root, project_id)
    except WrongAddress as error:
        raise CommandError(f"{_place(root, environment.name)}: {error}", SOURCE_ERRORS) from None
    except StateError as error:
        raise CommandError(str(error), STATE) from None


def _place(root: str, environment: str) -> str:
    """The place of `state` of an environment, as `flowdsl.toml:6:9`.

    The line itself is not shown, since it may hold a credential.
    """
    text = DiskFiles(root).read_text(PROJECT_FILE)
    shown, place = ShownFrom(root)(PROJECT_FILE), locate(text).get(("env", environment, "state"))
    if place is None:  # the default file is a folder
        return shown
    start = place.value_start
    before = text[:start]
    return f"{shown}:{before.count(chr(10)) + 1}:{start - before.rfind(chr(10))}"
