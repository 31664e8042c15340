"""`flowdsl emulator`: serve a local Cyberdesk."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..console import Console
from ..exit_codes import SUCCESS
from ..failure import UsageError

DEFAULT_DATA = ".flowdsl/emulator.sqlite"
DEFAULT_PORT = 8100


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"0 takes a free one (default: {DEFAULT_PORT})",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        default=DEFAULT_DATA,
        help=f"the data file (default: {DEFAULT_DATA})",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="KEY=ORG",
        help="an API key and its organisation; may be repeated; without it any key selects one organisation",
    )
    parser.add_argument(
        "--strict", action="store_true", help="refuse unknown request keys, which the service drops"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until interrupted."""
    keys = dict(map(_key, arguments.key))
    from flowdsl.emulator.app import create_app
    from flowdsl.emulator.serve import AddressError, PortInUseError, ServerMissingError, serve
    from flowdsl.emulator.store import Store, StoreError

    def ready(port: int) -> None:
        host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        console.err(f"serving http://{host}:{port} with data in {arguments.data}; stop with Ctrl+C")
        console.flush()

    try:
        store = Store.open(Path(arguments.data))
    except StoreError as error:
        raise UsageError(str(error)) from None
    try:
        app = create_app(
            store, keys=keys or None, strict=arguments.strict, allowed_hosts=(arguments.host,)
        )
        serve(app, arguments.host, arguments.port, ready=ready)
    except (AddressError, PortInUseError, ServerMissingError) as error:
        raise UsageError(str(error)) from None
    finally:
        store.close()
    return SUCCESS


def _key(written: str) -> tuple[str, str]:
    key, equals, organization = written.partition("=")
    if not (key and equals and organization):
        raise UsageError("`--key` takes `KEY=ORG`")
    return key, organization
