from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowdsl.state.document import StateDocument, new_document
from flowdsl.state.errors import (
    StoreBusy,
    StoreUnusable,
    UnsafeStore,
    UnsupportedStore,
)
from flowdsl.state.stores import StateStore, open_store, os_lock


def open_at(root: Path) -> StateStore:
    return open_store("file", root=root, project="p", environment="e")


def first(nonce: str = "n") -> StateDocument:
    return new_document("p", "e", api_base="x", lineage="l", nonce=nonce)


HOLD = """
import sys, time
from pathlib import Path
from flowdsl.state.stores import open_store
with open_store("file", root=Path(sys.argv[1]), project="p", environment="e").hold():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_holder_frees_the_lock_at_once(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        store = open_at(tmp_path)
        with pytest.raises(StoreBusy), store.hold():
            pass
        with pytest.raises(StoreBusy):
            store.write(first(), None)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with store.hold():
            store.write(first(), None)


def test_a_failed_write_leaves_the_old_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_at(tmp_path)
    version = store.write(first("1"), None)

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnusable, match="No space left"):
        store.write(first("2"), version)
    monkeypatch.undo()
    versioned = store.load()
    assert versioned is not None and versioned.document.nonce == "1"
    names = {path.name for path in (tmp_path / ".flowdsl/state").iterdir()}
    assert names == {"e.json", "e.json.lock"}, "no half-written file stays"


def test_a_path_of_ones_own(tmp_path: Path) -> None:
    store = open_store("file:kept/here.json", root=tmp_path, project="p", environment="e")
    store.write(first(), None)
    assert (tmp_path / "kept/here.json").exists()


def test_an_environment_name_never_leaves_the_folder(tmp_path: Path) -> None:
    store = open_store("file", root=tmp_path, project="p", environment="../../x")
    store.write(first(), None)
    assert [path.name for path in tmp_path.iterdir()] == [".flowdsl"]


@pytest.mark.parametrize("url", ["ftp://h/k", "nonsense", "s3:k", "file://host/x.json"])
def test_other_stores_are_refused_by_name(tmp_path: Path, url: str) -> None:
    with pytest.raises(UnsupportedStore) as caught:
        open_store(url, root=tmp_path, project="p", environment="e")
    assert url in str(caught.value) and "`file`" in str(caught.value)


def test_control_characters_in_an_address_are_refused(tmp_path: Path) -> None:
    for url in ("file:a\0b", "file:a\nb", "s3://bucket/\x1b[2J"):
        with pytest.raises(UnsupportedStore, match="control characters"):
            open_store(url, root=tmp_path, project="p", environment="e")


def test_an_address_that_is_no_text_is_refused(tmp_path: Path) -> None:
    for url in ("file:\udcff", "s3://bucket/\udcff", "git+file:///\udcff"):
        with pytest.raises(UnsupportedStore, match="is not UTF-8"):
            open_store(url, root=tmp_path, project="p", environment="e")


def test_objects_stand_in_a_folder_beside_the_document(tmp_path: Path) -> None:
    name = f"source-maps/{'a' * 64}.json"
    open_at(tmp_path).put({name: b"{}"})
    assert (tmp_path / ".flowdsl/state/e.d" / name).read_bytes() == b"{}"


def test_a_disk_that_does_not_lock_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os_lock, "_try_lock", lambda _descriptor: None)
    with pytest.raises(UnsafeStore, match="does not lock"):
        open_at(tmp_path).probe()


def test_a_probe_beside_a_deploy_passes(tmp_path: Path) -> None:
    with open_at(tmp_path).hold():
        open_at(tmp_path).probe()


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
@pytest.mark.parametrize(
    "place",
    [
        ".flowdsl",
        ".flowdsl/state",
        ".flowdsl/state/e.json",
        ".flowdsl/state/e.json.lock",
        ".flowdsl/state/e.d",
    ],
)
def test_state_in_the_project_goes_through_no_link(tmp_path: Path, place: str) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    for link in (outside / "folder", outside / "none", root / "inside"):
        (root / place).parent.mkdir(parents=True)
        outside.mkdir()
        if not place.endswith(".json"):
            (outside / "folder").mkdir()
            (root / "inside").mkdir()
        before = sorted(tmp_path.rglob("*"))
        (root / place).symlink_to(link)
        with pytest.raises(StoreUnusable, match="is a symbolic link, and none is followed"):
            with open_at(root).hold():
                pass
            assert open_at(root).load() is None
            open_at(root).put({f"source-maps/{'a' * 64}.json": b"1"})
        (root / place).unlink()
        (root / ".flowdsl/state/e.json.lock").unlink(missing_ok=True)
        assert sorted(tmp_path.rglob("*")) == before
        shutil.rmtree(root)
        shutil.rmtree(outside)


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
def test_an_address_outside_of_the_project_means_its_folder(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    (tmp_path / "project").mkdir()
    for url in (f"file://{tmp_path}/link/a.json", "file:../link/b.json"):
        store = open_store(url, root=tmp_path / "project", project="p", environment="e")
        store.write(first(), None)
    assert {"a.json", "b.json"} < set(os.listdir(tmp_path / "disk"))
