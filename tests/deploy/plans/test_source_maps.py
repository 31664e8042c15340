"""Source maps beside state: there before state names them, put while the service is busy."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from flowdsl.codegen.artifacts import Bundle
from flowdsl.config.address import workflow_address
from flowdsl.deploy.apply import source_maps
from flowdsl.deploy.apply.source_maps import object_name
from flowdsl.deploy.outcome import Status
from flowdsl.deploy.planning.desired import source_map_name
from flowdsl.ir.source_map import SourceMap
from flowdsl.state.document import StateDocument
from flowdsl.state.errors import StoreUnusable
from flowdsl.state.stores import StateStore, Versioned
from tests.deploy.deploy_world import World, bundle, flow

FIRST, COUNT = 6, 10
"""How many maps are put before anything is created, and how many there are."""


class WatchedStore:
    """A store that notes what a document names before it is kept.

    `put` is called for each object after the first `FIRST`.
    """

    def __init__(
        self, store: StateStore, put: Callable[[StateStore, Mapping[str, bytes]], None]
    ) -> None:
        self._store, self._put = store, put
        self.url, self.shared, self.excludes = store.url, store.shared, store.excludes
        self.kept = 0
        self.too_early: set[str] = set()

    def put(self, objects: Mapping[str, bytes]) -> None:
        if self.kept < FIRST:
            self._store.put(objects)
        else:
            self._put(self._store, objects)
        self.kept += len(objects)

    def write(self, document: StateDocument, expected: str | None) -> str:
        for name in named(document):
            content = self._store.get(name)
            digests = [] if content is None else json.loads(content)["files"].values()
            texts = [f"sources/{each['sha256']}.json" for each in digests]
            self.too_early |= {each for each in (name, *texts) if self._store.get(each) is None}
        return self._store.write(document, expected)

    def load(self) -> Versioned | None:
        return self._store.load()

    def get(self, name: str) -> bytes | None:
        return self._store.get(name)

    def probe(self) -> None:
        self._store.probe()

    def hold(self) -> AbstractContextManager[None]:
        return self._store.hold()


class WatchedWorld(World):
    """A world with one `watched` store; requests take two seconds, so every checkpoint is due."""

    watched: StateStore | None = None
    created = 0

    def store(self) -> StateStore:
        return self.watched or super().store()

    def watch(self, put: Callable[[StateStore, Mapping[str, bytes]], None]) -> WatchedStore:
        found = WatchedStore(super().store(), put)
        self.watched = found
        return found

    def slow_app(self, all_created: threading.Event) -> Callable[..., object]:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self.app(scope, receive, send)
            self.time.elapsed += 2.0
            self.created += scope["method"] == "POST"
            if self.created == COUNT:
                all_created.set()

        return app


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WatchedWorld:
    monkeypatch.setattr(source_maps, "FIRST", FIRST)
    return WatchedWorld(tmp_path)


def named(document: StateDocument) -> set[str]:
    """The objects that a document names."""
    maps = {resource.source_map for resource in document.resources.values()}
    return {object_name(each) for each in maps if each is not None}


def project(text: str = "Open the app.") -> Bundle:
    """Workflows of one file, with text in it that each of them leads to."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    flows = (flow(f"flow_{number:02}", f"{text} {number}") for number in range(COUNT))
    mapped = (
        each.__replace__(
            source_map_or_maker=SourceMap(each.name, (), (), (), (("a.flow", digest),))
        )
        for each in flows
    )
    return bundle(*mapped).__replace__(sources={digest: text})


def test_most_of_many_are_put_while_workflows_are_created(world: WatchedWorld) -> None:
    all_created = threading.Event()
    came = set()

    def put(store: StateStore, objects: Mapping[str, bytes]) -> None:
        came.add(all_created.wait(20))
        store.put(objects)

    store = world.watch(put)
    outcome = world.deploy(project(), app=world.slow_app(all_created), concurrency=8)
    assert outcome.status is Status.DONE
    assert came == {True}, "nothing is created before all are put"
    assert store.kept == COUNT + 1, "a map for each, and the text of their file"
    assert not store.too_early
    assert len(named(world.state())) == COUNT


def test_a_store_that_refuses_most_of_them_loses_nothing(world: WatchedWorld) -> None:
    def put(_store: StateStore, _objects: Mapping[str, bytes]) -> None:
        raise StoreUnusable("the bucket is full")

    store = world.watch(put)
    refused = world.deploy(project())
    assert refused.status is Status.STATE
    assert "the bucket is full" in " ".join(refused.messages)
    assert not store.too_early
    store = world.watch(lambda store, objects: store.put(objects))
    assert world.deploy(project()).status is Status.NOTHING_TO_DO
    assert [row.name for row in world.workflows()] == [f"Flow {n:02}" for n in range(COUNT)]
    assert not store.too_early
    assert len(named(world.state())) == COUNT
    assert world.plan(project()).is_empty
    assert not world.state().pending


def test_a_store_that_refuses_objects_is_noticed_before_anything_is_sent(
    world: WatchedWorld,
) -> None:
    store = world.watch(lambda store, objects: store.put(objects))
    world.deploy(project("Before."))

    def refuse(_objects: Mapping[str, bytes]) -> None:
        raise StoreUnusable("no permission to write source-maps/")

    store.put = refuse  # type: ignore[method-assign]
    outcome = world.deploy(project("After."), accepted={"updates": COUNT})
    assert outcome.status is Status.STATE
    assert world.writes == []


def test_the_map_of_an_earlier_prompt_is_found_from_that_prompt(world: WatchedWorld) -> None:
    earlier = bundle(flow("look_up", "Open the app."))
    assert world.deploy(earlier).status is Status.DONE
    (first,) = named(world.state())
    # Neither a setting nor another workflow changes where the map of a prompt is.
    settings = bundle(
        flow("look_up", "Open the app.", is_webhooks_enabled=True), flow("other", "Open the app.")
    )
    assert world.deploy(settings).status is Status.DONE
    assert first in named(world.state()) and len(named(world.state())) == 2
    later = bundle(flow("look_up", "Open another app."), flow("other", "Open the app."))
    assert world.deploy(later).status is Status.DONE
    assert first not in named(world.state())
    prompt = earlier.workflows[0].payload["main_prompt"].render(str)
    name = object_name(source_map_name(workflow_address("look_up"), prompt))
    assert name == first and world.store().get(name) is not None
