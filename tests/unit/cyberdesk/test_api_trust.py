from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.errors import UntrustedHost
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.trust import check_api_url, is_loopback
from tests.support.rows import in_rows

TRUSTED = ("proxy.northwind.test",)

ALLOWED = [
    "https://api.cyberdesk.io",
    "https://api.cyberdesk.io/",
    "https://api.cyberdesk.io:8443/prefix",
    "HTTPS://API.Cyberdesk.IO",
    "https://Proxy.Northwind.test/v1-gateway",
    "http://127.0.0.1:8000",
    "http://127.9.8.7",
    "http://localhost:1/prefix",
    "http://LOCALHOST",
    "http://[::1]:8000",
    "http://[0:0:0:0:0:0:0:1]",
    "https://127.0.0.1:8443",
]

REFUSED = [
    "http://api.cyberdesk.io",
    "http://proxy.northwind.test",
    "https://api.cyberdesk.io.evil.test",
    "https://evil.test/api.cyberdesk.io",
    "https://evil.test#api.cyberdesk.io",
    "https://evil.test?api.cyberdesk.io",
    "https://api.cyberdesk.io@evil.test",
    "https://api.cyberdesk.io:secret@evil.test",
    "https://user@api.cyberdesk.io",
    "https://api.cyberdesk.io\\@evil.test",
    "https://evil.test\\.api.cyberdesk.io",
    "https://api.cyberdesk.io.",
    "https://api.cyberdesk.io\u3002evil.test",
    "https://api.cyberdesk\uff0eio",
    "https://\u0430pi.cyberdesk.io",
    "https://api.cyberdes\u212a.io",
    "https://xn--pi-6kc.cyberdesk.io",
    "https://api.cyberdesk.io%2eevil.test",
    "https://api.cyberdesk.io%00.evil.test",
    "https://api.cyberdesk.io\n.evil.test",
    "https://api.cyberdesk.io\n",
    " https://api.cyberdesk.io",
    "https:api.cyberdesk.io",
    "https:///api.cyberdesk.io",
    "//api.cyberdesk.io",
    "api.cyberdesk.io",
    "ftp://api.cyberdesk.io",
    "https://api.cyberdesk.io:99999",
    "https://api.cyberdesk.io:",
    "http://127.0.0.1.evil.test",
    "http://127.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://0.0.0.0",
    "http://128.0.0.1",
    "http://localhost.evil.test",
    "http://sub.localhost",
    "http://[::ffff:127.0.0.1]",
    "http://[::2]",
    "http://[::1",
    "https://",
    "",
]


@in_rows("url", ALLOWED)
def test_addresses_a_person_allowed(url: str) -> None:
    check_api_url(url, TRUSTED)


@in_rows("url", REFUSED)
def test_every_other_address_is_refused(url: str) -> None:
    with pytest.raises(UntrustedHost) as caught:
        check_api_url(url, TRUSTED)
    assert str(caught.value).isprintable()


def test_a_trusted_name_does_not_trust_its_subdomains_or_an_empty_entry() -> None:
    for url in ("https://a.proxy.northwind.test", "https://northwind.test", "https://evil.test"):
        with pytest.raises(UntrustedHost):
            check_api_url(url, ("", " ", "*", *TRUSTED))


def test_an_address_with_a_user_part_is_not_repeated() -> None:
    with pytest.raises(UntrustedHost) as caught:
        check_api_url("https://admin:hunter2@evil.test", ())
    assert "hunter2" not in str(caught.value)


HOSTS = ["api.cyberdesk.io", "evil.test", "127.0.0.1", "localhost", "[::1]", "user"]
MARKS = [
    "https://",
    "http://",
    "@",
    "\\",
    "/",
    ":",
    ".",
    "#",
    "?",
    "%2f",
    "%40",
    "\t",
    "[",
    "\u3002",
]
PIECES = st.sampled_from(HOSTS) | st.sampled_from(MARKS)


@given(st.lists(PIECES, max_size=8).map("".join) | st.text())
@example("https://api.cyberdesk.io\\@evil.test")
def test_httpx_connects_where_the_check_looked(url: str) -> None:
    try:
        check_api_url(url, TRUSTED)
    except UntrustedHost:
        return
    parsed = httpx.URL(url)
    assert parsed.host.lower() in {"api.cyberdesk.io", *TRUSTED} or is_loopback(url)
    assert parsed.userinfo == b""
    assert (
        parsed.scheme == "https"
        or parsed.host.lower() in {"localhost", "::1"}
        or (parsed.host.startswith("127."))
    )


def test_no_client_is_built_for_an_untrusted_host(canary: str) -> None:
    options = ClientOptions(base_url="https://evil.test", api_key=canary)
    with pytest.raises(UntrustedHost, match=r"evil\.test"):
        CyberdeskClient(options)


def test_trusted_hosts_come_from_the_options(canary: str) -> None:
    CyberdeskClient(
        ClientOptions(base_url="https://evil.test", api_key=canary, trusted_hosts={"Evil.Test "}),
        transport=httpx.MockTransport(lambda request: httpx.Response(200)),
    )
