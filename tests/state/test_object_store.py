"""State in S3: what only a store behind HTTP can do to us."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowdsl.state.errors import (
    StateError,
    StoreUnusable,
    UnsafeStore,
    UnsupportedStore,
)
from flowdsl.state.stores import open_store
from flowdsl.state.stores.object_urls import parse_object_url
from flowdsl.state.stores.objects import failure_of
from tests.state.s3_proxy import Fault
from tests.state.state_places import ENVIRONMENT, PROJECT, S3Place, first
from tests.state.test_store_conformance import stored
from tests.support.rows import check_rows


def opened(url: str, root: Path) -> Any:
    return open_store(url, root=root, project=PROJECT, environment=ENVIRONMENT)


def test_a_write_is_one_request(s3: S3Place) -> None:
    store = s3.open()
    store.write(first("b"), store.write(first("a"), None))
    assert s3.proxy.count("PUT") == 2
    assert s3.proxy.count("GET") == 0


def test_the_document_and_its_objects_stand_below_the_prefix(s3: S3Place) -> None:
    store = s3.open()
    store.put({f"source-maps/{'a' * 64}.json": b"{}"})
    store.write(first(), None)
    assert s3.keys() == [
        f"care-ops/prod/source-maps/{'a' * 64}.json",
        "care-ops/prod/state.json",
    ]


@pytest.mark.parametrize("mode", ["503", "409", "before", "after", "hang"])
@pytest.mark.parametrize("times", [1, 2])
def test_faults_in_a_row_end_in_the_document_stored_once(
    s3: S3Place, mode: Any, times: int
) -> None:
    store = s3.open()
    version = store.write(first("a"), None)
    s3.proxy.faults.append(Fault(mode, times=times))
    version = store.write(first("b"), version)
    assert stored(s3.open()).version == version
    assert stored(s3.open()).document.nonce == "b"


def test_a_conflict_on_creation_though_nothing_is_there_is_tried_again(s3: S3Place) -> None:
    s3.proxy.faults.append(Fault("409"))
    store = s3.open()
    version = store.write(first("a"), None)
    assert stored(s3.open()).version == version


@pytest.mark.parametrize("mode", ["503", "409", "before"])
def test_a_store_that_stays_down_is_given_up(s3: S3Place, mode: Any) -> None:
    store = s3.open()
    version = store.write(first("a"), None)
    s3.proxy.requests.clear()
    s3.proxy.faults.append(Fault(mode, times=99))
    with pytest.raises(StoreUnusable, match="cannot be written"):
        store.write(first("b"), version)
    assert s3.proxy.count("PUT") == 4
    assert stored(s3.open()).document.nonce == "a"


def test_an_outcome_that_cannot_be_read_back_is_called_unknown(s3: S3Place) -> None:
    store = s3.open()
    version = store.write(first("a"), None)
    s3.proxy.faults += [Fault("after"), Fault("503", method="GET", times=99)]
    with pytest.raises(StoreUnusable, match="is not known"):
        store.write(first("b"), version)


def test_a_read_is_tried_again(s3: S3Place) -> None:
    s3.open().write(first("a"), None)
    for mode in ("before", "503", "hang"):
        s3.proxy.faults.append(Fault(mode, method="GET"))  # type: ignore[arg-type]
        assert stored(s3.open()).document.nonce == "a"


@pytest.mark.parametrize("others", [0, 1])
def test_a_request_that_arrives_late_overwrites_nothing(s3: S3Place, others: int) -> None:
    store = s3.open()
    version = store.write(first("a"), None)
    s3.proxy.faults.append(Fault("late"))
    version = store.write(first("b"), version)
    for number in range(others):
        version = s3.open().write(first(f"c{number}"), version)
    before = stored(s3.open())
    s3.proxy.release()
    assert stored(s3.open()) == before


def test_a_late_creation_is_found_to_be_ours(s3: S3Place) -> None:
    """The first request arrives between reading back and trying again."""
    store = s3.open()
    s3.proxy.faults.append(Fault("late"))
    timer = threading.Timer(0.45, s3.proxy.release)
    timer.start()
    version = store.write(first("a"), None)
    timer.join()
    assert stored(s3.open()).version == version


def test_a_refused_key_is_not_tried_again_and_not_shown(s3: S3Place) -> None:
    s3.proxy.faults += [Fault("403", times=99), Fault("403", method="GET", times=99)]
    store = s3.open()
    works: list[Callable[[], Any]] = [store.load, lambda: store.write(first(), None)]
    for work in works:
        s3.proxy.requests.clear()
        with pytest.raises(StoreUnusable, match="refused, or lack a permission") as caught:
            work()
        assert len(s3.proxy.requests) <= 2
        assert "canary" not in str(caught.value) and "127.0.0.1" not in str(caught.value)


def test_a_bucket_of_another_region_says_what_to_set(s3: S3Place) -> None:
    s3.proxy.faults.append(Fault("301", method="GET"))
    with pytest.raises(StoreUnusable, match="set `AWS_REGION`"):
        s3.open().load()


@pytest.mark.parametrize(
    "ignored",
    [{"if-match"}, {"if-none-match"}, {"if-match", "if-none-match"}],
    ids=["update", "create", "both"],
)
def test_a_store_that_ignores_conditions_is_refused(s3: S3Place, ignored: set[str]) -> None:
    s3.proxy.stripped = frozenset(ignored)
    with pytest.raises(UnsafeStore, match="two deploys could overwrite each other"):
        s3.open().probe()
    assert s3.keys() == [], "nothing stays behind"


def test_a_store_without_versions_is_refused(s3: S3Place) -> None:
    s3.proxy.hidden = frozenset({"etag"})
    with pytest.raises(StateError):
        s3.open().probe()
    assert s3.keys() == []


@pytest.mark.parametrize("mode", ["503", "after", "before"])
def test_a_probe_that_meets_a_fault_is_tried_again(s3: S3Place, mode: Any) -> None:
    s3.proxy.faults.append(Fault(mode, suffix=".json"))
    s3.open().probe()


def test_a_probe_without_permission_says_so(s3: S3Place) -> None:
    s3.proxy.faults.append(Fault("403", suffix=".json", times=99))
    with pytest.raises(StoreUnusable, match="cannot be tried: the credentials are refused"):
        s3.open().probe()


def test_without_a_prefix_each_environment_has_its_own(s3: S3Place, tmp_path: Path) -> None:
    store = opened(f"s3://{s3.bucket}", tmp_path)
    store.write(first(), None)
    assert s3.keys() == ["prj_harbour/prod/state.json"]
    assert store.url == f"s3://{s3.bucket}/prj_harbour/prod"


def test_addresses_that_are_not_well_formed_are_refused(tmp_path: Path) -> None:
    def check(row: tuple[str, str]) -> None:
        url, said = row
        with pytest.raises(UnsupportedStore, match=said) as caught:
            opened(url, tmp_path)
        assert "canary@" not in str(caught.value) and ":canary" not in str(caught.value)

    check_rows(
        [
            ("s3://key:canary@bucket/x", "holds a credential"),
            ("s3://canary@bucket/x", "holds a credential"),
            ("az://account:canary@container/x", "holds a credential"),
            ("s3:///x", "names no bucket"),
            ("gs://b", "names no bucket"),
            ("s3://bucket/a//b", "other signs"),
            ("s3://bucket/../other", "other signs"),
            ("s3://bucket/a?versionId=canary", "other signs"),
            ("s3://bucket/a#canary", "other signs"),
            ("s3://bucket/a%2f..", "other signs"),
            ("s3://bucket/a b", "other signs"),
            ("s3://bucket/é", "other signs"),
            ("s3:bucket/a", "is not available"),
        ],
        check,
    )


def test_a_well_formed_address_keeps_its_parts() -> None:
    parsed = parse_object_url("gs://acme-flowdsl/care-ops/eu=west/prod/")
    assert str(parsed) == "gs://acme-flowdsl/care-ops/eu=west/prod"
    assert (parsed.bucket, parsed.prefix) == ("acme-flowdsl", "care-ops/eu=west/prod")


def test_azure_without_an_account_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedStore, match="AZURE_STORAGE_ACCOUNT_NAME"):
        opened("az://container/x", tmp_path)


def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "obstore":
            raise ModuleNotFoundError("No module named 'obstore'", name="obstore")
        return real(name, *arguments, **named)

    for module in ("objects", "object_errors"):
        monkeypatch.delitem(sys.modules, f"flowdsl.state.stores.{module}", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UnsupportedStore, match=r"pip install 'flowdsl\[cloud\]'"):
        opened("s3://bucket/x", tmp_path)


@pytest.mark.parametrize(
    ("text", "said", "final"),
    [
        (
            "Error performing GET https://x/?sig=canary in 1s - HTTP error: operation timed out",
            "in time",
            False,
        ),
        (
            "Error performing PUT https://x/?sig=canary - HTTP error: error sending request",
            "reached",
            False,
        ),
        ("x status code: 500 Internal: <Code>InternalError</Code>", "500 InternalError", False),
        ("x status code: 400 Bad: <Code>Wrong canary</Code>", "status 400", True),
        ("Error performing PUT http://169.254.169.254/latest/api/token", "no credentials", True),
    ],
)
def test_failures_are_told_without_addresses(text: str, said: str, final: bool) -> None:
    failure = failure_of(OSError(text))
    assert said in str(failure) and "canary" not in str(failure)
    assert failure.final is final
