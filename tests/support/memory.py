"""What reading replies costs in memory.

Prints, for each shape of a reply, how many times its size the process grew.

Run as a program; each shape is read in a process of its own, so that none profits from memory
another has given back.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Iterator
from itertools import product
from string import ascii_letters, digits
from typing import Any

from pydantic import BaseModel

import flowdsl.cyberdesk.client  # imports every model
from flowdsl.cyberdesk.errors import UnreadableReply
from flowdsl.cyberdesk.limits import BYTES_PER_VALUE, VALUES_PER_OBJECT
from flowdsl.cyberdesk.models.machine import Pool
from flowdsl.cyberdesk.models.run import Run
from flowdsl.cyberdesk.models.tag import Tag
from flowdsl.cyberdesk.models.wire_model import ListPage, ReadModel
from flowdsl.cyberdesk.models.workflow import Workflow
from flowdsl.cyberdesk.replies import Reply

SIZE = 3_000_000
KIBIBYTE = 1024
assert flowdsl.cyberdesk.client


def models() -> Iterator[type[ReadModel]]:
    """Every model of a reply."""
    waiting = [ReadModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        generic = model.__pydantic_generic_metadata__
        if model is not ReadModel and not (generic["parameters"] or generic["origin"]):
            yield model


def lists_of(model: type[BaseModel]) -> Iterator[str]:
    """The fields of a model that are lists, or may be."""
    for name, field in model.model_fields.items():
        if "list[" in str(field.annotation):
            yield name


def values_in(item: str) -> int:
    """What `item` counts as in a list, the comma behind it included."""
    return 1 + item.count("[") + item.count(",") + VALUES_PER_OBJECT * item.count("{")


def filled(item: str, *, dense: bool = False, size: int = SIZE) -> str:
    """A list of `item` of some size, as dense as can be, or as dense as is allowed."""
    if dense:
        item = item.ljust(values_in(item) * BYTES_PER_VALUE)
    return f"[{','.join([item] * (size // (len(item) + 1)))}]"


ROW = '{"id":"ab","main_prompt":"","updated_at":""}'
TAG = '{"id":"a","name":"b"}'


def shapes() -> Iterator[tuple[str, str, Callable[[Reply], Any]]]:
    """A name, a body and how it is read."""
    as_page: Callable[[Reply], Any] = lambda reply: reply.model(ListPage[Workflow])  # noqa: E731
    for item in ("{}", "[]", "[0]", '{"a":0}', '"ab"', "1.5", "300", ROW, TAG, "null"):
        yield f"items {item}", f'{{"items":{filled(item)},"total":1}}', as_page
        yield f"dense items {item}", f'{{"items":{filled(item, dense=True)},"total":1}}', as_page
        yield f"dense list {item}", filled(item, dense=True), lambda reply: reply.models(Tag)
        yield f"open {item}", f'{{"x":{filled(item, dense=True)}}}', Reply.mapping
    keys = ("".join(each) for each in product(ascii_letters + digits, repeat=4))
    many = [next(keys) for _ in range(SIZE // 8)]
    yield "keys", "{" + ",".join(f'"{key}":0' for key in many) + "}", Reply.mapping
    spread = ",".join(f'"{key}":0'.ljust(BYTES_PER_VALUE) for key in many[: SIZE // 17])
    yield "spread keys", "{" + spread + "}", Reply.mapping
    yield "text", json.dumps({"x": "a" * SIZE}), Reply.mapping
    yield (
        "wide text",
        json.dumps({"x": "\U0001f600" + "a" * SIZE}, ensure_ascii=False),
        Reply.mapping,
    )
    yield "escaped text", json.dumps({"x": "\U0001f600" * (SIZE // 12)}), Reply.mapping
    for model, inner, item in (
        (ListPage[Workflow], "tags", TAG),
        (ListPage[Workflow], "post_run_checks", '{"id":"ab","name":"ab","type":"ab"}'),
        (ListPage[Pool], "machines", '{"id":"ab"}'),
        (ListPage[Run], "post_run_checks", '{"status":"ab"}'),
    ):
        own = '"id":"a","name":"b","status":"c","main_prompt":"","updated_at":""'
        row = f'{{{own},"{inner}":{filled(item, dense=True, size=SIZE // 10)}}}'
        page = f'{{"items":[{",".join([row] * 10)}],"total":10}}'
        yield f"{inner} of rows", page, lambda reply, m=model: reply.model(m)
    for found in models():
        for name in lists_of(found):
            body = f'{{"{name}":{filled("{}", dense=True)}}}'
            yield f"{found.__name__}.{name}", body, lambda reply, m=found: reply.model(m)


def growth(body: bytes, read: Callable[[Reply], Any]) -> float:
    """How many times the size of `body` this process grows when it reads it."""
    reply = Reply("GET /x", False, 200, body, None, (), {})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        kept = read(reply)
    except UnreadableReply as error:
        kept = str(error)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    del kept
    return (after - before) * KIBIBYTE / len(body)


def main() -> None:
    Reply("GET /x", False, 200, ROW.encode(), None, (), {}).model(Workflow)
    for name, text, read in shapes():
        body = text.encode()
        text = ""
        receiver, sender = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(sender, f"{growth(body, read):.1f}".encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(sender)
        print(os.read(receiver, 100).decode(), name, flush=True)
        os.close(receiver)


if __name__ == "__main__":
    main()
