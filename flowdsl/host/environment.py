"""Reads the environment variables of the process."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flowdsl.config.project import KeySource
from flowdsl.source.failure import FlowdslError
from flowdsl.source.files import UnreadableFile

from .disk import DiskFiles

TRUSTED_HOSTS = "FLOWDSL_TRUSTED_HOSTS"
"""Comma-separated names of hosts that an API key may be sent to.

They are never read from the repository, which a pull request can edit.
"""

ENVIRONMENT = "FLOWDSL_ENV"

API_KEY = "CYBERDESK_API_KEY"
"""The variable with the key for commands that read an organisation outside of any project."""


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is an automated build."""
    return environ.get("CI", "").lower() not in ("", "0", "false", "no")


def hosts_to_trust(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts that a person trusts besides the official one, as written."""
    return tuple(host.strip() for host in environ.get(TRUSTED_HOSTS, "").split(",") if host.strip())


class MissingKey(FlowdslError):
    """There is no API key at the configured source; the message never quotes one."""


def read_api_key(source: KeySource, root: str, environ: Mapping[str, str]) -> str:
    """Return the API key at `source`; raises `MissingKey`.

    The path of a file is absolute, from the home folder (`~`), or relative to the project's folder
    `root`.
    """
    if source.kind == "env":
        key, place = environ.get(source.name, ""), f"the environment variable `{source.name}`"
    else:
        place = f"the file `{source.name}`"
        path = os.path.join(root, os.path.expanduser(source.name))
        try:
            key = DiskFiles(os.path.dirname(path)).read_text(os.path.basename(path))
        except UnreadableFile as error:
            raise MissingKey(
                f"the API key is expected in {place}, which cannot be read: {error.reason}"
            ) from None
    key = key.strip()
    if not key:
        raise MissingKey(f"the API key is expected in {place}, which is empty or not set")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise MissingKey(f"{place} does not hold an API key: a key is one word of ASCII characters")
    return key
