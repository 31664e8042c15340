"""Scenario files of the local Cyberdesk."""

from __future__ import annotations

from pathlib import Path

from .failure import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario


def read_scenario(path: str) -> Scenario:
    """The scenario in a file; raises UsageError, which names the place and what may stand there."""
    from flowdsl.emulator.scenario import ScenarioError, load_scenario

    try:
        return load_scenario(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read scenario `{path}`: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"scenario `{path}` is not UTF-8 text") from None
    except ScenarioError as error:
        raise UsageError(f"scenario `{path}`: {error}") from None
