from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdsl.emulator.app import create_app
from flowdsl.emulator.resources.prompt_images import EXTENSIONS, MAX_BYTES, sanitize_filename
from flowdsl.emulator.store import Store
from tests.emulator.emulator_desk import PNG, STANDSTILL, Desk

IMAGES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0 jpeg",
    "image/gif": b"GIF89a gif",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
}


def upload(desk: Desk, name: str, content: bytes = PNG, status: int = 201) -> Any:
    return desk.ok("POST", "/v1/workflows/prompt-image", status, files={"file": (name, content)})


@pytest.mark.parametrize("content_type", IMAGES)
def test_the_signed_address_serves_the_bytes_without_a_key(desk: Desk, content_type: str) -> None:
    content = IMAGES[content_type]
    made = upload(desk, "shot", content)
    assert (made["content_type"], made["size_bytes"]) == (content_type, len(content))
    path = made["supabase_url"].removeprefix("supabase://workflow-prompt-images/")
    assert re.fullmatch(r"org_local/prompt-assets/shot\.\w+", path)
    signed = desk.ok("GET", "/v1/workflows/prompt-image/signed-url", params={"path": path})
    assert (signed["expires_in"], signed["supabase_url"]) == (3600, made["supabase_url"])
    for url in (made["signed_url"], signed["signed_url"]):
        reply = desk.send("GET", url, headers={"Authorization": ""})
        assert (reply.status_code, reply.content) == (200, content)
        assert reply.headers["content-type"] == content_type
        assert desk.send("GET", url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 400
    other = upload(desk, "other")["supabase_url"].rpartition("/")[2]
    assert desk.send("GET", signed["signed_url"].replace("shot", other)).status_code in (400, 422)


@pytest.fixture
def moving_desk() -> Iterator[tuple[Desk, list[timedelta]]]:
    """A desk and the list whose last entry is how far its clock has moved."""
    moved = [timedelta()]
    with (
        Store.open(None, clock=lambda: STANDSTILL + moved[-1]) as store,
        Desk(create_app(store)) as client,
    ):
        yield client, moved


def test_the_signed_address_expires_after_an_hour(
    moving_desk: tuple[Desk, list[timedelta]],
) -> None:
    desk, moved = moving_desk
    url = upload(desk, "a.png")["signed_url"]
    moved.append(timedelta(minutes=59))
    assert desk.send("GET", url).status_code == 200
    moved.append(timedelta(minutes=61))
    reply = desk.send("GET", url)
    assert (reply.status_code, reply.json()) == (400, {"detail": "the address has expired"})


def test_images_are_listed_and_deleted_by_path(desk: Desk) -> None:
    upload(desk, "a.png")
    upload(desk, "b.png")
    first, second = desk.ok("GET", "/v1/workflows/prompt-images")
    assert set(first) == {"supabase_url", "path", "filename", "created_at", "size_bytes"}
    assert (first["filename"], second["filename"]) == ("a.png", "b.png")
    where = {"path": first["path"]}
    assert desk.send("DELETE", "/v1/workflows/prompt-image", params=where).status_code == 204
    assert desk.ok("GET", "/v1/workflows/prompt-images") == [second]
    desk.ok("DELETE", "/v1/workflows/prompt-image", 404, params=where)
    desk.ok("GET", "/v1/workflows/prompt-image/signed-url", 404, params=where)


def test_other_types_and_large_files_are_refused(desk: Desk) -> None:
    assert upload(desk, "largest.png", PNG.ljust(MAX_BYTES, b"\x00"))["size_bytes"] == MAX_BYTES
    for content in (PNG.ljust(MAX_BYTES + 1, b"\x00"), b"", b"<svg/>", b"%PDF-1.7"):
        detail = upload(desk, "x.png", content, status=422)["detail"]
        assert detail[0]["loc"] == ["body", "file"]
    desk.ok("POST", "/v1/workflows/prompt-image", 422, json={})
    assert len(desk.ok("GET", "/v1/workflows/prompt-images")) == 1


@given(name=st.text(max_size=300), content_type=st.sampled_from(sorted(EXTENSIONS)))
def test_a_stored_name_is_one_safe_part_of_a_path(name: str, content_type: str) -> None:
    stored = sanitize_filename(name, content_type)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", stored)
    assert stored.lower().endswith(EXTENSIONS[content_type])
    assert len(stored) <= 130
    assert sanitize_filename(stored, content_type) == stored


def test_a_large_upload_does_not_disturb_requests_beside_it() -> None:
    import httpx

    async def upload_beside_writes() -> list[int]:
        with Store.open(None) as store:
            transport = httpx.ASGITransport(create_app(store))
            headers = {"Authorization": "Bearer k"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers
            ) as client:
                big = PNG.ljust(3 * 1024 * 1024, b"\x00")
                calls = [
                    call
                    for number in range(5)
                    for call in (
                        client.post(
                            "/v1/workflows/prompt-image",
                            files={"file": (f"{number}.png", big)},
                        ),
                        client.post("/v1/workflows", json={"main_prompt": "p"}),
                    )
                ]
                replies = await asyncio.gather(*calls)
                return [reply.status_code for reply in replies]

    assert asyncio.run(upload_beside_writes()) == [201] * 10
