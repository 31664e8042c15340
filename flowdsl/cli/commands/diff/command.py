"""`flowdsl diff`: how workflows of the service differ from the source.

An edit made elsewhere since the last deploy is shown as well.
"""

from __future__ import annotations

import argparse
import json

from flowdsl.deploy.differences import WorkflowDifference, find_differences
from flowdsl.deploy.job import Job, Options

from ...runtime import exit_codes, http_log
from ...runtime.clients import open_client
from ...runtime.console import Console
from ...runtime.engine.answers import Silent, answered
from ...runtime.engine.deployment import compile_bundle, open_deployment
from ...runtime.engine.options import add_environment
from ...runtime.time_limit import TimeLimit
from .view import difference_items, render_differences

FORMAT_VERSION = 1


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
    http_log.configure(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile, read and compare; nothing is written and no lease is taken."""
    limit = TimeLimit(arguments.timeout)
    deployment = open_deployment(arguments.env, console, need_flows=False)
    bundle = compile_bundle(deployment, console)
    environment, told = deployment.environment, http_log.listener(arguments, console)
    with open_client(environment, deployment.target.root, limit, told) as client:
        job = deployment.job(bundle, client, Options(breaking="ignore"), Silent())
        differences = answered(_differences(job, arguments.addresses), limit)
    if arguments.json:
        items = difference_items(differences)
        report = {
            "format_version": FORMAT_VERSION,
            "kind": "diff",
            "environment": environment.name,
            "items": items,
            "total": len(items),
        }
        console.out(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        console.out(
            render_differences(
                differences,
                environment.name,
                unified=arguments.unified,
                color=console.color_out,
            )
        )
    differs = any(compared.differs for compared in differences)
    return exit_codes.CHANGES if differs and arguments.detailed_exitcode else exit_codes.SUCCESS


async def _differences(job: Job, addresses: list[str]) -> tuple[WorkflowDifference, ...]:
    async with job.client:
        return await find_differences(job, addresses)
