"""`flowdsl emulator`: serve a local Cyberdesk."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flowdsl.config.project import EMBEDDED_DATA

from ...runtime.command_line.options import add_options
from ...runtime.console import Console, UsageError
from ...runtime.exit_codes import SUCCESS
from ...runtime.places import read_scenario

TYPE_CHECKING = False
if TYPE_CHECKING:
    from flowdsl.emulator.scenario import Scenario

DEFAULT_PORT = 8100


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"0 takes a free one (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    add_options(
        parser,
        f"""
        --data FILE  the data file (default: {EMBEDDED_DATA})
        --key KEY=ORG...
            an API key and its organisation; may be repeated; without it any key selects one
            organisation
        --strict  refuse unknown request keys, which the service drops
        """,
    )
    rehearsal = parser.add_argument_group("rehearsals")
    add_options(
        rehearsal,
        """
        --scenario FILE
            a TOML or JSON file with all of the following and how runs go; options win over it
        --fault FAULT...
            `METHOD PATH KIND [KEY=VALUE...]`, as in `POST /v1/workflows after nth=1`; may be
            repeated
        --idempotency MODE
            `honour` keys, `ignore` them, or keep them for a time as in `30s` (default: honour)
        --listing-lag TIME  rows younger than this are missing from lists, as in `2s`
        --rate-limit LIMIT  requests of one key in a time, as in `100/1m`
        --webhook-url URL  the address on this machine that `run_complete` is posted to
        --webhook-secret SECRET
            `whsec_...`, which signs webhooks (default: a new one, printed at the start)
        --control  serve `/_emulator/faults` and `/_emulator/requests`, which need no key
        """,
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until interrupted."""
    if not arguments.host:  # sockets take it for every address of this machine
        raise UsageError("`--host` needs an address")
    keys = _parse_keys(arguments.key)
    scenario = _build_scenario(arguments)
    # The user did not name the default file, so no link below the working folder is followed.
    here, named = Path.cwd(), arguments.data
    below, data = (here, here / EMBEDDED_DATA) if named is None else (None, here / named)
    from flowdsl.emulator.app import create_app
    from flowdsl.emulator.routes.pages import add_pages
    from flowdsl.emulator.scenario import ScenarioError
    from flowdsl.emulator.serve import AddressError, PortInUseError, serve_app
    from flowdsl.emulator.store import Store
    from flowdsl.emulator.store_error import StoreError

    from .traces import TracePages

    shown = EMBEDDED_DATA if named is None else named

    def ready(port: int) -> None:
        pages.port = port
        host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        console.err(f"serving http://{host}:{port} with data in {shown}; stop with Ctrl+C")
        webhooks = scenario.webhooks
        if webhooks is not None and "secret" not in webhooks.model_fields_set:
            console.err(f"webhooks are signed with {webhooks.secret}")
        console.flush()

    try:
        store = Store.open(data, below=below)
    except StoreError as error:
        raise UsageError(str(error)) from None
    pages = TracePages(store, data)
    try:
        app = create_app(
            store,
            keys=keys or None,
            strict=arguments.strict,
            allowed_hosts=(arguments.host,),
            scenario=scenario,
            with_control=arguments.control,
        )
        add_pages(app, pages)
        with _serving_alone(data, below, shown):
            serve_app(app, arguments.host, arguments.port, ready=ready)
    except (AddressError, PortInUseError, ScenarioError) as error:
        raise UsageError(str(error)) from None
    finally:
        store.close()
    return SUCCESS


@contextmanager
def _serving_alone(data: Path, below: Path | None, shown: str) -> Iterator[None]:
    """Keep a second server off the data file: it would send each webhook once more.

    No link below the folder `below` is followed; None follows them. `shown` names the file.
    Raises `UsageError` if there is one. Commands that embed the emulator may share the file.
    """
    from flowdsl.state.errors import StateError, StoreBusy
    from flowdsl.state.stores.os_lock import hold_exclusive_lock

    real = os.path.realpath(data) if below is None else data
    lock, root = Path(f"{real}.serving"), None if below is None else str(below)
    with ExitStack() as held:
        try:
            held.enter_context(hold_exclusive_lock(lock, root))
        except StoreBusy:
            raise UsageError(
                f"another `flowdsl emulator` serves `{shown}`; stop it, or name another file with"
                " `--data`"
            ) from None
        except StateError as error:
            raise UsageError(str(error)) from None
        yield


def _build_scenario(arguments: argparse.Namespace) -> Scenario:
    """Combine the scenario file and the options to one scenario."""
    from flowdsl.emulator.scenario import Scenario, ScenarioError, make_fault, make_scenario

    path = arguments.scenario
    scenario = Scenario() if path is None else read_scenario(path)
    said = {
        name: getattr(arguments, name)
        for name in ("idempotency", "listing_lag", "rate_limit")
        if getattr(arguments, name) is not None
    }
    options = {"url": arguments.webhook_url, "secret": arguments.webhook_secret}
    given = {name: value for name, value in options.items() if value is not None}
    if given:
        webhooks = scenario.webhooks
        of_file = {} if webhooks is None else webhooks.model_dump(exclude_unset=True)
        said["webhooks"] = {**of_file, **given}
        if "url" not in said["webhooks"]:
            raise UsageError(
                "`--webhook-secret` needs `--webhook-url`, or `webhooks.url` in the scenario"
            )
    try:
        by_options = make_scenario(said)
        faults = tuple(map(make_fault, arguments.fault))
    except ScenarioError as error:
        raise UsageError(str(error)) from None
    return scenario.join_scenario(by_options.model_copy(update={"faults": faults}))


def _parse_keys(written: Sequence[str]) -> dict[str, str]:
    """Return the organisation of each key; no message shows a key."""
    keys: dict[str, str] = {}
    for each in written:
        key, equals, organization = each.partition("=")
        if not (key and equals and organization):
            raise UsageError("`--key` takes `KEY=ORG`")
        if key in keys:
            raise UsageError(
                f"`--key` gives one key twice, to `{keys[key]}` and `{organization}`; a key belongs"
                " to one organisation"
            )
        keys[key] = organization
    return keys
