"""The example of `docs/pulling.md` is what happens."""

from __future__ import annotations

import json
from pathlib import Path

from flowdsl.emulator.store import Store
from tests.docs.test_documents import BLOCKS
from tests.support.command_line import run_command, write_tree
from tests.support.services.embedded_service import Client, Service

PROJECT = '[project]\nname = "desk"\nid = "prj_1"\n\n[env.local]\napi = "local"\n'


def test_the_document_shows_what_pull_prints(tmp_path: Path) -> None:
    blocks = [b for b in BLOCKS if b.document == "docs/pulling.md"]
    shown = {b.language: b.text for b in blocks if b.language != "text"}
    difference, listed = (b.text for b in blocks if b.language == "text")
    write_tree(tmp_path, {"flowdsl.toml": PROJECT, "flows/parcel_lookup.flow": shown["flow"]})
    assert run_command(tmp_path, "deploy", "--yes", CI="").code == 0
    ((workflow_id, reply),) = Service(tmp_path).replies().items()
    prompt = reply["main_prompt"].replace("Open the search", "Open the quick search")
    prompt = prompt.replace("\n3. Use", "\n4. Use")
    prompt = prompt.replace("\n2. Use", "\n2. Let the list stop moving.\n3. Use")
    with Store.open(tmp_path / ".flowdsl/emulator.sqlite") as store:
        body = {"main_prompt": prompt, "is_webhooks_enabled": True}
        assert Client(store)("PATCH", f"workflows/{workflow_id}", json=body).status_code == 200
    assert run_command(tmp_path, "deploy", "--yes", CI="").code == 6

    done = run_command(tmp_path, *shown["sh"].split()[1:])

    assert done.code == 0, done.err
    assert done.text == difference
    assert run_command(tmp_path, "pull", "parcel_lookup", "--yes").code == 0
    deployed = run_command(tmp_path, "deploy", "--yes", CI="")
    assert (deployed.code, "nothing to do" in deployed.err) == (0, True)
    assert json.dumps(Service(tmp_path).replies()[workflow_id]["main_prompt"]) == json.dumps(prompt)

    check = "   - Check “the parcel ⟦{parcel_no}⟧ is shown”.\n"
    added = f"{check}   - Close the tip.\n   - Look at the map.\n"
    with Store.open(tmp_path / ".flowdsl/emulator.sqlite") as store:
        body = {"main_prompt": prompt.replace(check, added)}
        assert Client(store)("PATCH", f"workflows/{workflow_id}", json=body).status_code == 200
    assert run_command(tmp_path, "pull", "parcel_lookup", "--yes").err.startswith(listed)
    sent = run_command(tmp_path, "deploy", "--yes", CI="")
    assert (sent.code, "nothing to do" in sent.err) == (0, False), sent.err
