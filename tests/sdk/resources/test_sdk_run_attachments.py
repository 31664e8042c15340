"""The official SDK on the attachments of runs."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import httpx
from openapi_client.cyberdesk_cloud_client.models import (
    AttachmentType,
    FileInput,
    RunAttachmentCreate,
    RunAttachmentUpdate,
    RunCreate,
    WorkflowCreate,
)

from tests.sdk.conftest import Clock, Sdk

CONTENT = bytes(range(256))


def test_attachments(sdk: Sdk, clock: Clock, tmp_path: Path) -> None:
    workflow = sdk("workflows", "create", WorkflowCreate(main_prompt="1. Open the file."))
    encoded = b64encode(CONTENT).decode()
    file = FileInput(filename="letter.bin", content=encoded)
    run = sdk("runs", "create", RunCreate(workflow_id=workflow.id, file_inputs=[file]))
    made = sdk(
        "run_attachments",
        "create",
        RunAttachmentCreate(
            run_id=run.id,
            filename="../report.txt",
            content=encoded,
            content_type="text/plain",
            attachment_type=AttachmentType.OUTPUT,
        ),
    )
    assert (made.size_bytes, made.run_id) == (len(CONTENT), run.id)

    one_run = {"run_id": str(run.id)}
    assert sdk("run_attachments", "list", **one_run).total == 2
    inputs = sdk("run_attachments", "list", attachment_type=AttachmentType.INPUT, **one_run).items
    assert [item.filename for item in inputs] == ["letter.bin"]
    read = sdk("runs", "get", str(run.id))
    assert read.input_attachment_ids == [str(inputs[0].id)]

    assert sdk("run_attachments", "download", str(made.id)) == CONTENT
    assert sdk("run_attachments", "download", str(inputs[0].id)) == CONTENT
    address = sdk("run_attachments", "get_download_url", str(made.id), expires_in=10)
    assert address.expires_in == 10
    assert httpx.get(address.url, trust_env=False).content == CONTENT
    clock.advance(11)
    assert httpx.get(address.url, trust_env=False).status_code == 400
    saved = sdk("run_attachments", "save_to_file", str(made.id), tmp_path)
    assert saved["size"] == len(CONTENT)
    assert [path.read_bytes() for path in tmp_path.glob("*.txt")] == [CONTENT]

    end = datetime(2030, 1, 1, tzinfo=UTC)
    changed = sdk("run_attachments", "update", str(made.id), RunAttachmentUpdate(expires_at=end))
    assert changed.expires_at == end
    sdk("run_attachments", "delete", str(made.id))
    assert sdk.reply("run_attachments", "get", str(made.id)).error.status_code == 404
    sdk("runs", "delete", str(run.id))
    assert sdk("run_attachments", "list").total == 0
