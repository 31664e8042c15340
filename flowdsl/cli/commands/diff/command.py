"""`flowdsl diff`: how workflows of the service differ from the source.

An edit made elsewhere since the last deploy is shown as well.
"""

from __future__ import annotations

import argparse

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.deploy.differences import WorkflowDifference, find_differences
from flowdsl.deploy.job import Options

from ...runtime import exit_codes, service_options
from ...runtime.console import Console
from ...runtime.engine.deployment import compile_bundle, open_deployment
from ...runtime.engine.options import add_environment
from ...runtime.engine.questions import Silent
from ...views.json_objects import items_json
from .view import difference_items, render_differences


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "addresses",
        nargs="*",
        metavar="ADDRESS",
        help="`workflow.NAME`, or its name alone; default: all of them",
    )
    add_environment(parser)
    parser.add_argument(
        "--unified", action="store_true", help="prompts as a unified diff instead of word by word"
    )
    parser.add_argument(
        "--detailed-exitcode",
        action="store_true",
        help="exit with 2 where there is a difference",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    service_options.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, read and compare; nothing is written and no lease is taken."""
    deployment = open_deployment(arguments.env, console, need_flows=False)
    bundle = compile_bundle(deployment, console)
    environment = deployment.environment.name

    async def compare(client: CyberdeskClient) -> tuple[WorkflowDifference, ...]:
        job = deployment.job(bundle, client, Options(breaking="ignore"), Silent())
        return await find_differences(job, arguments.addresses)

    differences = deployment.ask(arguments, console, compare)
    if arguments.json:
        head = {"kind": "diff", "environment": environment}
        console.out(items_json(difference_items(differences), head))
    else:
        unified, color = arguments.unified, console.color_out
        console.out(render_differences(differences, environment, unified=unified, color=color))
    differs = any(compared.differs for compared in differences)
    return exit_codes.CHANGES if differs and arguments.detailed_exitcode else exit_codes.SUCCESS
