"""Which environment variables a process gets."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BARE = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LC_[A-Z]+|TMPDIR|TEMP|TMP|CI|NO_COLOR|FORCE_COLOR"
    r"|GITHUB_(?:ACTIONS|WORKSPACE)|GITLAB_CI|FLOWDSL_ENV"
    r"|SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMDATA|LD_LIBRARY_PATH",
    re.IGNORECASE,
)
"""Variables that a program needs to run at all.

None of them is a secret. They are chosen by name, not filtered, for a key may have any name.
"""

_FETCHING = re.compile(
    r"(?:PIP|GIT)_[A-Z0-9_]+|SSH_AUTH_SOCK|(?:HTTPS?|ALL|NO)_PROXY|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE",
    re.IGNORECASE,
)
"""Variables that pip and git need besides, to reach a package index or a server."""

_OURS = re.compile(
    r"FLOWDSL_(?:ACTION|CI)_\w+|FLOWDSL_NOTE_TOKEN|FLOWDSL_ID_TOKEN|PYTHON(?:PATH|HOME|STARTUP)"
    r"|ACTIONS_\w+|GITHUB_(?:ENV|PATH|OUTPUT|STATE|STEP_SUMMARY)",
    re.IGNORECASE,
)
"""Variables of the pipeline that FlowDSL must not get.

They are its tokens, the files by which a step changes later ones, and where Python finds modules.
"""


def bare(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a process that works offline: no key, whatever its name."""
    return {name: value for name, value in environ.items() if _BARE.fullmatch(name)}


def fetching(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of pip and git."""
    return bare(environ) | {
        name: value for name, value in environ.items() if _FETCHING.fullmatch(name)
    }


def online(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of `plan` and `deploy`: all but those of the pipeline itself."""
    return {name: value for name, value in environ.items() if not _OURS.fullmatch(name)}
