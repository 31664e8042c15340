"""Decides where an API key may be sent."""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from flowdsl.cyberdesk.errors import UntrustedHost, make_printable

OFFICIAL_HOST = "api.cyberdesk.io"
"""Source: the SDK's default base URL."""

# Narrower than RFC 3986 on purpose. URL parsers differ on user names, escapes, backslashes, spaces
# and non-ASCII letters; a URL without them has the same host for every parser. Without `re.ASCII`,
# ignoring case would accept the Kelvin sign as a `k`.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<ip6>[0-9a-f:.]+)\]|(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[a-z0-9._~/-]*)?",
    re.IGNORECASE | re.ASCII,
)


def check_api_url(url: str, trusted_hosts: Collection[str]) -> None:
    """Raise `UntrustedHost` unless a key may be sent to `url`.

    It may be sent by https to `OFFICIAL_HOST`, to a host in `trusted_hosts` (names without port,
    compared without case) and to loopback, and by http to loopback only.
    """
    host = _parse_host(url)
    if is_loopback(url):
        return
    if host != OFFICIAL_HOST and host not in {trusted.strip().lower() for trusted in trusted_hosts}:
        raise UntrustedHost(
            f"the API key is not sent to `{host}`; it goes to `{OFFICIAL_HOST}`, to loopback and "
            "to hosts named in `FLOWDSL_TRUSTED_HOSTS`"
        )
    if not url.lower().startswith("https:"):
        raise UntrustedHost(f"the API key is not sent to `{host}` in clear text; use `https`")


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine: 127.0.0.0/8, ::1 or localhost.

    Raises `UntrustedHost` for a URL that has no accepted form.
    """
    host = _parse_host(url)
    if host == "localhost":
        return True
    try:
        return IPv6Address(host) == IPv6Address(1) if ":" in host else IPv4Address(host).is_loopback
    except AddressValueError:
        return False


def _parse_host(url: str) -> str:
    match = _ADDRESS.fullmatch(url)
    if match is None or int(match["port"] or 0) > 65535:
        # A URL with a user name may contain a password, so it is not quoted.
        shown = "with a user name in it" if "@" in url else f"`{make_printable(url)[:200]}`"
        raise UntrustedHost(
            f"the API address {shown} is refused; it has the form `https://host[:port][/path]` in "
            "plain ASCII"
        )
    host: str = match["host"] or match["ip6"]
    return host.lower()
