"""`flowdsl trace`: a run's history over the lines of the flow that was deployed."""

from __future__ import annotations

import argparse
import json

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.runs.names import find_run
from flowdsl.tracing.gathering import Beside, Pictures, gather, read_pictures
from flowdsl.tracing.trace import Trace
from flowdsl.workspace.state import usable_document

from ...runtime import exit_codes, service_options
from ...runtime.console import Console
from ...runtime.engine.deployment import Deployment, open_deployment
from ...runtime.engine.options import add_environment
from ...runtime.failure import UsageError
from ...runtime.rewrites import write_product
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
    service_options.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read, place and show; nothing is written but the page."""
    if arguments.html == "":
        raise UsageError("`--html` needs the path of a file")
    deployment = open_deployment(arguments.env, console, need_flows=False)
    environment = deployment.environment
    with_pictures = arguments.html is not None and not arguments.no_screenshots

    async def read(client: CyberdeskClient) -> tuple[Trace, Pictures]:
        run = await find_run(client, arguments.run)
        trace = await gather(client, run, _beside(deployment))
        pictures = Pictures({}, {})
        return trace, await read_pictures(client, trace) if with_pictures else pictures

    trace, pictures = deployment.ask(arguments, console, read)
    if arguments.html is not None:
        from flowdsl.tracing.page import render_page

        page = render_page(trace, pictures, environment.name).encode("utf-8", "backslashreplace")
        write_product(arguments.html, page, durable=False)
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


def _beside(deployment: Deployment) -> Beside:
    """State and checkout; raises `StateError` for a state that cannot be used, and takes none for
    nothing deployed.
    """
    store, target = deployment.store, deployment.target
    document = usable_document(store, deployment.environment)
    return Beside(document, store, target.files, target.root, target.libraries)
