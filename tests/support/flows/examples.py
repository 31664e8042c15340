"""The tests of the example projects, compiled."""

from __future__ import annotations

from flowdsl.config.load import load_project
from flowdsl.diagnostics.sink import Sink
from flowdsl.testing.suite import Suite

from .compiling import EXAMPLES, read_folder
from .tested import suite_of


def example_suite(folder: str, tests: str = "", into: str = "") -> Suite:
    """The suite of an example for its environment `local`.

    Further `tests` stand behind the file `into`.
    """
    files = read_folder(EXAMPLES / folder)
    text = bytes(files["flowdsl.toml"]).decode()  # type: ignore[arg-type]
    project = load_project(text, "flowdsl.toml", Sink())
    assert project is not None
    if tests:
        files[into] = bytes(files[into]) + b"\n" + tests.encode()  # type: ignore[arg-type]
    return suite_of(files, project=project, environment=project.environments["local"])
