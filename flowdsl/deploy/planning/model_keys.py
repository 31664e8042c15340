"""Where the keys of model providers are read from and sent to. Pure.

The service sends our key, and the content of prompts, to wherever a model configuration points. So
whoever can change a configuration can have a key sent to their own machine, without ever seeing the
key. That is why a plan shows every endpoint that is not the provider's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flowdsl.config.address import Address
from flowdsl.config.project import KeySource
from flowdsl.deploy.planning.named import NamedChange, key_source_mark
from flowdsl.diagnostics.render.cells import make_printable

News = Literal["configuration", "provider", "endpoints", "source"]
"""What is new: the configuration, the destination of its key, or the source of the key."""

OWN_HOSTS: Mapping[str, str] = {
    "anthropic": "api.anthropic.com",
    "deepseek": "api.deepseek.com",
    "google_genai": "generativelanguage.googleapis.com",
    "groq": "api.groq.com",
    "mistralai": "api.mistral.ai",
    "openai": "api.openai.com",
    "xai": "api.x.ai",
}
"""The host of a provider's own service, from its API documentation.

Every endpoint of a provider that is not in this table is shown.
"""

_PARAMETERS = "additional_params"
_PLACES = ("provider", "model", _PARAMETERS)
_URL = re.compile(r"[/\\]{2}")
_HOST = re.compile(
    r"(?:(?:[\w-]+\.)+[^\W\d_]{2,}\.?|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]|localhost)"
    r"(?::\d+)?(?:[/\\].*)?"
)
_NAME = re.compile(
    "url|uri|endpoint|host|prox|base|server|gateway|address|domain|socket", re.IGNORECASE
)
_CREDENTIAL = re.compile(r"^((?:[^/\\]*[/\\]{2})?)[^/\\\s]*@")
_BEHIND_PATH = re.compile(r"[?#]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL at `path` of a configuration, as `written` there."""

    path: str
    written: str

    @property
    def url(self) -> str:
        """The URL without possible credentials: a user name, and everything after the path.

        Characters that are not ASCII are escaped, since some look like others.
        """
        address, *behind = _BEHIND_PATH.split(self.written, maxsplit=1)
        plain = _CREDENTIAL.sub(r"\1***@", address).encode("ascii", "backslashreplace").decode()
        return make_printable(plain + ("?..." if behind else ""))


@dataclass(frozen=True, slots=True)
class KeyRoute:
    """Where the key of one configuration is read from and sent to.

    `source` is None if the project names none, and `stored` is true if the service keeps a key for
    it. Without `endpoints` the key is sent to the provider. `provider_before` and
    `endpoints_before` are those in the service now, None for a new configuration.
    """

    address: Address
    provider: str
    source: KeySource | None
    stored: bool
    endpoints: tuple[Endpoint, ...]
    provider_before: str | None
    endpoints_before: tuple[Endpoint, ...] | None
    news: tuple[News, ...]


def key_routes(changes: Iterable[NamedChange]) -> tuple[KeyRoute, ...]:
    """Return the routes of declared configurations with a key or an endpoint, changed or not."""
    return tuple(route for change in changes if (route := _find_key_route(change)) is not None)


def _find_key_route(change: NamedChange) -> KeyRoute | None:
    wanted, live = change.desired, change.live
    if wanted is None or wanted.kind != "model":
        return None
    provider, endpoints = str(wanted.values.get("provider")), _find_foreign_endpoints(wanted.values)
    stored = live is not None and live.remote.get("api_key_alias") is not None
    if live is None:
        provider_before, before = None, None
        news: tuple[News, ...] = ("configuration",)
    else:
        provider_before, before = (
            str(live.values.get("provider")),
            _find_foreign_endpoints(live.values),
        )
        told: dict[News, bool] = {
            "provider": provider_before != provider,
            "endpoints": set(before) != set(endpoints),
            "source": key_source_mark(wanted.key) != change.last_key_source,
        }
        news = tuple(name for name, is_new in told.items() if is_new)
    if not (wanted.key or stored or endpoints or before):
        return None
    return KeyRoute(
        change.address, provider, wanted.key, stored, endpoints, provider_before, before, news
    )


def _find_foreign_endpoints(values: Mapping[str, Any]) -> tuple[Endpoint, ...]:
    host = OWN_HOSTS.get(str(values.get("provider")))
    # An ambiguous URL is not taken for the provider's own.
    own = None if host is None else re.compile(rf"https://{re.escape(host)}(?:/[A-Za-z0-9._/-]*)?")
    return tuple(
        endpoint
        for place in _PLACES
        for endpoint in _find_named_endpoints(values.get(place), place)
        if own is None or not own.fullmatch(endpoint.written)
    )


def _find_named_endpoints(value: Any, path: str) -> Iterator[Endpoint]:
    """Return every text that is a URL, or whose field name suggests one."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _find_named_endpoints(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _find_named_endpoints(inner, f"{path}[{number}]")
    elif isinstance(value, str) and value.strip():
        _, inside, name = path.partition(".")
        if _URL.search(value) or (
            inside and (_HOST.fullmatch(value.strip()) or _NAME.search(name))
        ):
            yield Endpoint(path, value)
