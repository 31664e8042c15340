"""`flowdsl trace`: a run's history over the lines of the flow that was deployed."""

from __future__ import annotations

import argparse
import json

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.host.writing import reason_of, write_named
from flowdsl.runs.lookup import NoSuchName
from flowdsl.runs.names import find_run
from flowdsl.tracing.gathering import Beside, Pictures, gather, read_pictures
from flowdsl.tracing.trace import Trace
from flowdsl.workspace.state import usable_document

from ...runtime import exit_codes, http_log
from ...runtime.clients import open_client
from ...runtime.console import Console
from ...runtime.engine.answers import answered
from ...runtime.engine.deployment import Deployment, open_deployment
from ...runtime.engine.options import add_environment
from ...runtime.failure import UsageError
from ...runtime.runs.place import no_such
from ...runtime.time_limit import TimeLimit
from .view import render_trace


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", metavar="RUN", help="its id, or the first digits of it")
    add_environment(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--html", metavar="FILE", help="write a page that stands by itself, with the screenshots"
    )
    parser.add_argument(
        "--no-screenshots", action="store_true", help="leave the screenshots out of the page"
    )
    parser.add_argument(
        "--entries", action="store_true", help="tell of every entry of the history, one by one"
    )
    http_log.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read, place and show; nothing is written but the page."""
    if arguments.html == "":
        raise UsageError("`--html` needs the path of a file")
    limit = TimeLimit(arguments.timeout)
    deployment = open_deployment(arguments.env, console, need_flows=False)
    environment, told = deployment.environment, http_log.listener(arguments, console)
    with_pictures = arguments.html is not None and not arguments.no_screenshots
    with open_client(environment, deployment.target.root, limit, told) as client:
        trace, pictures = answered(
            _trace(client, arguments.run, deployment, with_pictures=with_pictures), limit
        )
    if arguments.html is not None:
        from flowdsl.tracing.page import render_page

        page = render_page(trace, pictures, environment.name).encode("utf-8", "backslashreplace")
        try:
            write_named(arguments.html, page, durable=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"`{arguments.html}` cannot be written: {reason_of(error)}") from None
    if arguments.json:
        from flowdsl.tracing.report import trace_to_json

        console.out(json.dumps(trace_to_json(trace, environment.name), indent=2))
    else:
        console.out(
            render_trace(
                trace,
                environment.name,
                entries=arguments.entries,
                color=console.color_out,
                show_path=deployment.target.show_path,
            )
        )
    return exit_codes.SUCCESS


async def _trace(
    client: CyberdeskClient, word: str, deployment: Deployment, *, with_pictures: bool
) -> tuple[Trace, Pictures]:
    async with client:
        try:
            run = await find_run(client, word)
        except NoSuchName as none:
            raise no_such(none) from None
        trace = await gather(client, run, _beside(deployment))
        pictures = Pictures({}, {})
        return trace, await read_pictures(client, trace) if with_pictures else pictures


def _beside(deployment: Deployment) -> Beside:
    """State and checkout; raises `StateError` for a state that cannot be used, and takes none for
    nothing deployed.
    """
    store, target = deployment.store, deployment.target
    document = usable_document(store, deployment.environment)
    return Beside(document, store, target.files, target.root, target.libraries)
