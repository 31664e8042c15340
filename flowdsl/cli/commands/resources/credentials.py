"""`flowdsl credentials`: the organisation's own keys of model providers, by slot."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from flowdsl.cyberdesk.errors import NotFound
from flowdsl.cyberdesk.models.model_configuration import (
    ProviderCredential,
    ProviderCredentialUpsert,
)
from flowdsl.diagnostics.render.cells import make_printable
from flowdsl.runs.names import NoSuchName, error_for_unknown_name
from flowdsl.source.record import replace

from ...runtime.command_line.options import add_options
from ...runtime.console import CommandError, UsageError
from ...runtime.exit_codes import FINDINGS
from ...runtime.runs.options import SECRET_SOURCES, read_secrets, secret_source
from ...views.table import Column
from .frame.actions import (
    ActionStep,
    Ended,
    Objects,
    ResourceAction,
    Row,
    Steps,
    delete_action,
    new_key,
)
from .frame.resource import ResourceCommand, row_of
from .frame.session import ResourceSession

_SOURCES = SECRET_SOURCES.replace("`", "")


async def _list_credentials(session: ResourceSession) -> Sequence[Row]:
    return list(map(row_of, await session.client.provider_credentials.list()))


async def _find_credential(session: ResourceSession, word: str) -> ProviderCredential:
    rows = await session.client.provider_credentials.list()
    for each in rows:
        if each.slot == word:
            return each
    raise error_for_unknown_name(word, "slot", [each.slot for each in rows])


def _declare_slot(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "words=SLOT  such as anthropic; `list` names them")


def _declare_set(parser: argparse.ArgumentParser) -> None:
    _declare_slot(parser)
    add_options(parser, f"--key SOURCE  the API key, from {_SOURCES}")
    add_options(parser, f"--service-account SOURCE  the JSON of a service account, from {_SOURCES}")
    add_options(parser, f"--access-key-id SOURCE  of AWS IAM, from {_SOURCES}")
    add_options(parser, f"--secret-key SOURCE  of AWS IAM, from {_SOURCES}")
    add_options(parser, "--region REGION  of AWS, such as us-east-1")


_SECRETS = {
    "key": "api_key",
    "service_account": "service_account_json",
    "access_key_id": "aws_access_key_id",
    "secret_key": "aws_secret_access_key",
}
"""Maps each command-line option to the request field that its secret fills."""


async def _plan_set(session: ResourceSession, arguments: Namespace) -> Steps:
    client = session.client
    sources = [
        (
            name.replace("_", "-"),
            secret_source(getattr(arguments, name), f"--{name.replace('_', '-')}"),
        )
        for name in _SECRETS
        if getattr(arguments, name) is not None
    ]
    if not sources:
        raise UsageError("a slot needs a key: `--key`, `--service-account` or the two of AWS IAM")
    credential = await _find_credential(session, arguments.words)
    given = read_secrets(sources, session.console, lambda name: f"`--{name}`")
    body: dict[str, Any] = {
        _SECRETS[each.name.replace("-", "_")]: str(each.value) for each in given
    }
    if arguments.region is not None:
        body["aws_region"] = arguments.region
    if credential.slot == "aws_bedrock":
        body["bedrock_auth_mode"] = "iam" if "aws_access_key_id" in body else "api_key"

    async def send() -> Ended:
        put = await client.provider_credentials.put(
            credential.slot, ProviderCredentialUpsert(**body), idempotency_key=new_key()
        )
        return row_of(put), f"{credential.display_name} uses a key of the organisation"

    return [ActionStep(credential.display_name, send)]


async def _plan_validate(session: ResourceSession, arguments: Namespace) -> Steps:
    credential = await _find_credential(session, arguments.words)

    async def send() -> Ended:
        try:
            tried = await session.client.provider_credentials.validate(
                credential.slot, idempotency_key=new_key()
            )
        except NotFound:
            raise _no_key(credential) from None
        for check in tried.checks:
            why = f": {check.error}" if check.error else ""
            line = f"{'ok' if check.ok else 'failed'}  {check.label}{why}"
            session.console.err(make_printable(line))
        if not tried.ok:
            raise CommandError(f"the key of {credential.display_name} does not work", FINDINGS)
        return row_of(tried.credential), f"the key of {credential.display_name} works"

    return [ActionStep(credential.display_name, send)]


def _no_key(credential: ProviderCredential) -> NoSuchName:
    return NoSuchName(
        f"the organisation has no key of its own for {credential.display_name}; "
        f"`flowdsl credentials set {credential.slot}` stores one"
    )


_CREDENTIAL = Objects(
    "credential",
    "SLOT",
    lambda client: client.provider_credentials,
    lambda _session, credential: row_of(credential),
    attrgetter("display_name"),
    "flowdsl credentials list",
    _find_credential,
    key="slot",
)
CREDENTIALS = ResourceCommand(
    word="credentials",
    objects=_CREDENTIAL,
    columns=(
        Column("SLOT", "slot"),
        Column("PROVIDER", "display_name"),
        Column("KEY OF", "source"),
        Column("STATUS", "status"),
        Column("KIND", "auth_type"),
        Column("TRIED", "last_validated_at"),
        Column("ERROR", "last_error"),
    ),
    read=_list_credentials,
    actions=(
        ResourceAction(
            "set", "store a key in a slot, in place of any other", _declare_set, _plan_set
        ),
        ResourceAction(
            "validate", "try a key; exit code 1 if it fails", _declare_slot, _plan_validate
        ),
        delete_action(
            replace(_CREDENTIAL, kind="key of"),
            lost="models then use the service's own key, or none",
            help="delete a key of the organisation",
        ),
    ),
)

configure, run = CREDENTIALS.configure, CREDENTIALS.run
