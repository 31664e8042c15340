"""`flowdsl runs verify-webhook`: whether the body on standard input is from the service."""

from __future__ import annotations

import argparse

from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.host.disk import SIZE_LIMIT
from flowdsl.runs.webhooks import TOLERANCE_SECONDS, NotGenuine, verified_webhook

from ...runtime.console import Console, UsageError
from ...runtime.exit_codes import FINDINGS, SUCCESS
from ...runtime.places import standard_input
from ...runtime.runs.options import read_secrets, secret_source
from ...views.table import object_json


def verify(arguments: argparse.Namespace, console: Console) -> int:
    """Report whether the webhook is genuine; 1 if it is not."""
    source = secret_source(arguments.secret)
    (secret,) = read_secrets([("webhook", source)], console)
    headers = dict(map(_parse_header, arguments.header))
    tolerance = None if arguments.any_time else TOLERANCE_SECONDS
    body = standard_input(SIZE_LIMIT)
    if len(body) > SIZE_LIMIT:
        raise UsageError(
            f"the webhook on standard input has more than {SIZE_LIMIT // 1024 // 1024} MB, which"
            " is the limit; its signature is not looked at"
        )
    try:
        event = verified_webhook(body, headers, secret.value, tolerance=tolerance)
    except NotGenuine as not_genuine:
        console.err(f"error: {not_genuine}")
        if arguments.json:
            console.out(object_json({"genuine": False}))
        return FINDINGS
    if arguments.json:
        console.out(object_json({"genuine": True, "event": event}))
    run = event.get("run")
    about = ""
    if isinstance(run, dict):
        about = (
            f" of run {make_printable(str(run.get('id')))}: "
            f"{make_printable(str(run.get('status')))}"
        )
    console.err(f"genuine: {make_printable(str(event.get('event_type')))}{about}")
    return SUCCESS


def _parse_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError("`--header` takes `NAME:VALUE`, as in `svix-id: msg_2aF`")
    return name.strip(), value.strip()
