"""A whole session with the server, over the streams of its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.editing.client import EditorClient, editing
from tests.support.editing.project import COST, LIBRARY, PROJECT, make_project


def place_of(word: str, after: int = 0) -> tuple[int, int]:
    """Line and UTF-16 column of a word in COST, counted from 0."""
    before = COST[: COST.index(word) + after]
    line = before.rpartition("\n")[2]
    return before.count("\n"), len(line.encode("utf-16-le")) // 2


def names(found: Any) -> list[str]:
    return [each["label"] for each in found["items"]]


def ask_about_names(client: EditorClient, cost: str, library: str) -> None:
    text = client.at("hover", cost, *place_of("{rental}", 2))
    assert "input rental: string" in text["contents"]["value"]
    start = {"line": 10, "character": 22}
    assert text["range"] == {"start": start, "end": {"line": 10, "character": 28}}
    definition = client.at("definition", cost, *place_of("sign_in(", 1))
    assert (definition["uri"], definition["range"]["start"]["line"]) == (library, 3)
    found = client.at(
        "references", cost, *place_of("user: user", 7), context={"includeDeclaration": False}
    )
    assert [each["range"]["start"]["line"] for each in found] == [9, 16]
    assert len(client.at("documentHighlight", cost, *place_of("price: number"))) == 4
    assert client.at("prepareRename", cost, *place_of("price: number"))["placeholder"] == "price"
    changes = client.at("rename", cost, *place_of("sign_in(", 1), newName="log_on")["changes"]
    assert {uri: len(edits) for uri, edits in changes.items()} == {cost: 2, library: 1}
    place = {"line": 5, "character": 11}
    params = {"textDocument": {"uri": cost}, "position": place, "newName": "user"}
    refused = client.ask("textDocument/rename", params)["error"]
    assert "`user`" in refused["message"]
    help = client.at("signatureHelp", cost, *place_of("password: $"))
    assert help["signatures"][0]["label"].startswith("task sign_in(")
    assert "$password" in names(client.at("completion", cost, *place_of("{rental}", 1)))
    words = client.at("completion", cost, *place_of("do ", 2))["items"]
    (word,) = (each for each in words if each["label"] == "do")
    resolved = client.result("completionItem/resolve", word)
    assert "### `do`" in resolved["documentation"]["value"]


def ask_about_a_file(client: EditorClient, cost: str) -> None:
    document = {"textDocument": {"uri": cost}}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    symbols = client.result("textDocument/documentSymbol", document)
    assert [each["name"] for each in symbols] == ["cost", "it costs"]
    assert client.result("workspace/symbol", {"query": "sgn"})[0]["name"] == "sign_in"
    data = client.result("textDocument/semanticTokens/full", document)["data"]
    assert len(data) % 5 == 0 and len(data) > 100
    assert client.result("textDocument/foldingRange", document)
    hints = client.result("textDocument/inlayHint", {**document, "range": whole})
    assert [each["label"] for each in hints] == [": number"]
    lenses = client.result("textDocument/codeLens", document)
    assert [each["command"]["command"] for each in lenses] == ["", "flowdsl.runTest"]
    links = client.result("textDocument/documentLink", document)
    assert links[0]["target"].endswith("/flows/yard.flow")
    options = {"options": {"tabSize": 2, "insertSpaces": True}}
    edits = client.result("textDocument/formatting", {**document, **options})
    assert "\tcall" not in "".join(each["newText"] for each in edits)
    assert all("\n" not in each["newText"].replace("\r\n", "") for each in edits)
    ranged = {**document, **options, "range": whole}
    assert client.result("textDocument/rangeFormatting", ranged) == edits
    preview = client.result(
        "flowdsl/preview", {**document, "position": {"line": 10, "character": 0}}
    )
    assert preview["workflow"] == "cost"
    (line,) = (each for each in preview["lines"] if each["statement"] == "do")
    assert "Look at" in preview["text"].split("\n")[line["line"]]
    assert line["range"]["start"] == {"line": 10, "character": 4}


def edit_a_buffer(client: EditorClient, cost: str) -> None:
    """Mistakes that only the buffer has: columns, fixes, and what becomes of them."""
    client.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": cost, "version": 2},
            "contentChanges": [
                {
                    "range": {
                        "start": {"line": 10, "character": 22},
                        "end": {"line": 10, "character": 28},
                    },
                    "text": "rentl",
                }
            ],
        },
    )
    (found, *_) = client.wait_for_diagnostics(cost, lambda each: len(each) > 0)
    assert found["code"] == "undeclared-name"
    assert found["range"]["start"] == {"line": 10, "character": 21}
    params = {
        "textDocument": {"uri": cost},
        "range": found["range"],
        "context": {"diagnostics": [found]},
    }
    action = client.result("textDocument/codeAction", params)[0]
    assert action["title"] == "Rename to `rental`"
    assert action["edit"]["changes"][cost][0]["newText"] == "rental"
    preview = client.result(
        "flowdsl/preview",
        {"textDocument": {"uri": cost}, "position": {"line": 10, "character": 0}},
    )
    assert preview["errors"] == 1 and "Look at" in preview["text"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": cost}})
    assert client.wait_for_diagnostics(cost) == []


def test_a_session(tmp_path: Path) -> None:
    taken = "raise SystemExit('the server imports from the project')\n"
    root = make_project(tmp_path, **{"json.py": taken, "asyncio.py": taken, "flowdsl.py": taken})
    with editing(root, "--stdio") as client:
        client.initialize(root)
        cost = client.open(root / "flows/cost.flow")
        assert client.wait_for_diagnostics(cost) == []
        library = client.open(root / "flows/yard.flow")
        ask_about_names(client, cost, library)
        ask_about_a_file(client, cost)
        edit_a_buffer(client, cost)
        assert client.stop() == (0, "")


def test_settings_baseline_libraries_and_other_files_hold(tmp_path: Path) -> None:
    waits = (
        'flow 1\n\n## Waits.\nworkflow waits {\n  steps {\n    wait 5s\n    press "F5"\n  }\n}\n'
    )
    first = make_project(tmp_path / "one", **{"flows__waits.flow": waits})
    prompt = "flow 1\n\n## Opens.\nworkflow opens {\n  inputs { site: string }\n"
    prompt += '  prompt from "./opens.md"\n}\n'
    second = make_project(
        tmp_path / "two",
        **{
            "flows__waits.flow": waits,
            "flows__opens.flow": prompt,
            "flows__opens.md": "Open {site}.\n",
            "flowdsl.toml": PROJECT + '[lint]\nignore = ["fixed-wait"]\n',
        },
    )
    with editing(tmp_path) as client:
        client.initialize(first, second, encodings=["utf-8", "utf-16"])
        assert client.capabilities["positionEncoding"] == "utf-8"
        found = client.wait_for_diagnostics((first / "flows/waits.flow").as_uri())
        assert [each["code"] for each in found] == ["fixed-wait"]
        assert client.wait_for_diagnostics((second / "flows/waits.flow").as_uri()) == []
        page = client.open(second / "flows/opens.md", "Open {sight}.\n")
        found = client.wait_for_diagnostics(page, lambda each: len(each) > 0)
        assert [each["code"] for each in found] == ["unlisted-in-prompt"]
        toml = client.open(second / "flowdsl.toml", PROJECT + "flow = 1\n")
        found = client.wait_for_diagnostics(toml, lambda each: len(each) > 0)
        assert "flow" in found[0]["message"]
        assert "timezone" in names(client.at("completion", toml, 4, 0))
        removed = [{"uri": second.as_uri(), "name": second.name}]
        event = {"event": {"added": [], "removed": removed}}
        client.notify("workspace/didChangeWorkspaceFolders", event)
        assert client.wait_for_diagnostics(toml, lambda each: not each) == []
        baseline = ["check", "--write-baseline", "known.json"]
        subprocess.run([sys.executable, "-m", "flowdsl", *baseline], cwd=first, check=True)
        settings = first / "flowdsl.toml"
        settings.write_text(PROJECT + '[lint]\nbaseline = "known.json"\n')
        change = {"uri": settings.as_uri(), "type": 2}
        client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
        waiting = (first / "flows/waits.flow").as_uri()
        assert client.wait_for_diagnostics(waiting, lambda each: not each) == []
        untitled = {"uri": "untitled:One", "languageId": "flowdsl", "version": 1, "text": waits}
        client.notify("textDocument/didOpen", {"textDocument": untitled})
        found = client.wait_for_diagnostics("untitled:One")
        assert [each["code"] for each in found] == ["fixed-wait"]
        assert kinds_offered(client, "untitled:One", None) == ["quickfix"]
        for only in ("", "quickfix"):
            assert kinds_offered(client, "untitled:One", [only]) == ["quickfix"], only
        for only in ("quick", "refactor", "quickfix.other"):
            assert kinds_offered(client, "untitled:One", [only]) == [], only
        client.notify("textDocument/didClose", {"textDocument": {"uri": "untitled:One"}})
        assert client.wait_for_diagnostics("untitled:One") == []
        client.notify("textDocument/didOpen", {"textDocument": {**untitled, "uri": "untitled:Two"}})
        client.wait_for_diagnostics("untitled:Two")
        told = [each["params"] for each in client.notices if "untitled:One" in str(each)]
        assert len(told) == 2, "a text without a file is not looked for on the disk"
        assert client.stop() == (0, "")


def kinds_offered(client: EditorClient, uri: str, only: list[str] | None) -> list[str]:
    at = {"line": 5, "character": 4}
    context = {"diagnostics": [], **({} if only is None else {"only": only})}
    params = {"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": context}
    found = client.result("textDocument/codeAction", params)
    return sorted({each["kind"] for each in found})


def test_without_the_extra_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    script = "import sys; sys.modules['pygls'] = None\nfrom flowdsl.cli.main import run\n"
    script += "sys.exit(run(['lsp']))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert "pip install 'flowdsl[lsp]'" in done.stderr


def test_a_burst_of_changes_ends_with_the_findings_of_the_last_one(tmp_path: Path) -> None:
    """Flows below one library are a large group: the file alone is checked first, then all."""
    library = LIBRARY + '\n## Unused.\ntask sign_off() {\n  do "Sign off."\n}\n'
    user = 'flow 1\nimport { sign_in } from "./yard.flow"\n\n## Signs in.\nworkflow w§ {\n'
    user += "  inputs { user: string }\n  secrets { pin: string }\n"
    user += "  steps { call sign_in(user: user, password: $pin) }\n}\n"
    flows = {f"flows__w{number}.flow": user.replace("§", str(number)) for number in range(20)}
    root = make_project(tmp_path, **flows, **{"flows__yard.flow": library})
    with editing(root) as client:
        client.initialize(root)
        shared = (root / "flows/yard.flow").as_uri()
        found = client.wait_for_diagnostics(shared, lambda each: len(each) > 0)
        assert [each["code"] for each in found] == ["unused-task"]
        client.open(root / "flows/yard.flow", library.replace("flow 1\n", "flow 1\n\n"))
        for _ in ("the file alone", "its whole group"):
            (moved,) = client.wait_for_diagnostics(shared)
            assert moved["code"] == "unused-task"
            assert moved["range"]["start"]["line"] == found[0]["range"]["start"]["line"] + 1
        one = client.open(root / "flows/w3.flow")
        text = flows["flows__w3.flow"]
        for version, name in enumerate(("pim", "pun", "pen", "pi"), 2):
            client.replace(one, text.replace("$pin", f"${name}"), version)
        client.wait_for_diagnostics(one, lambda each: any("`pi`" in it["message"] for it in each))
        used = text.replace("steps {", "steps { call sign_off()").replace(
            "{ sign_in", "{ sign_in, sign_off"
        )
        client.replace(one, used, 9)
        assert client.wait_for_diagnostics(one, lambda each: not each) == []
        assert client.wait_for_diagnostics(shared, lambda each: not each) == []
        published = [each for each in client.notices if each["params"].get("uri") == one]
        assert len(published) < 6
        assert client.stop() == (0, "")
