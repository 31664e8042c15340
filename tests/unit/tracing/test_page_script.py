"""The script of a trace's page, run by Node over the elements of a real page.

It filters, and a click on a failed step leads to its line.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from html.parser import HTMLParser
from typing import Any

import pytest

from flowdsl.cyberdesk.models.run import Run
from flowdsl.tracing.gathering import Pictures
from flowdsl.tracing.history import read_history
from flowdsl.tracing.maps import FoundMap, Place
from flowdsl.tracing.page import render_page
from flowdsl.tracing.sources import SourceText
from flowdsl.tracing.trace import make_trace
from flowdsl.tracing.versions import PromptVersion

NODE = shutil.which("node")

BROWSER = """
const {elements, script, events} = JSON.parse(require("fs").readFileSync(0, "utf8"));
const nodes = elements.map(({tag, attributes, text, parent}) => {
  const listeners = {}, classes = new Set((attributes.class || "").split(" ").filter(Boolean));
  return {
    tag, attributes, parent, hidden: false, value: attributes.value || "", checked: false,
    textContent: text, scrolled: 0,
    classList: {contains: (n) => classes.has(n), add: (n) => classes.add(n),
                remove: (n) => classes.delete(n)},
    getAttribute: (name) => attributes[name] ?? null,
    addEventListener: (kind, call) => { listeners[kind] = call; },
    fire(kind) { listeners[kind](); },
    closest(selector) {
      const [name, wanted] = selector.split(".");
      for (let at = this; at; at = nodes[at.parent])
        if (at.tag === name && at.classList.contains(wanted)) return at;
      return null;
    },
    scrollIntoView() { this.scrolled += 1; },
  };
});
const matches = (node, selector) => ({
  ".step": () => node.classList.contains("step"),
  ".bar input[type=checkbox]": () => node.attributes.type === "checkbox",
  ".step > pre": () => node.tag === "pre",
  "tr.chosen": () => node.tag === "tr" && node.classList.contains("chosen"),
})[selector]();
let click = null;
globalThis.document = {
  querySelectorAll: (selector) => nodes.filter((node) => matches(node, selector)),
  getElementById: (id) => nodes.find((node) => node.attributes.id === id) || null,
  addEventListener: (kind, call) => { if (kind === "click") click = call; },
};
(0, eval)(script);
const state = () => ({
  shown: nodes.filter((n) => n.classList.contains("step") && !n.hidden).map((n) => n.attributes.id),
  count: document.getElementById("count").textContent,
  chosen: nodes.filter((n) => matches(n, "tr.chosen")).map((n) => n.attributes.id),
});
const seen = [state()];
for (const [kind, what] of events) {
  if (kind === "words") {
    const words = document.getElementById("words");
    words.value = what; words.fire("input");
  } else if (kind === "box") {
    const box = nodes.find((n) => n.attributes.type === "checkbox" && n.value === what);
    box.checked = !box.checked; box.fire("change");
  } else {
    let stayed = false;
    const link = nodes.find((n) => n.tag === "a" && n.attributes.href === what);
    click({target: link, preventDefault: () => { stayed = true; }});
    if (!stayed) throw new Error("the page went elsewhere");
  }
  seen.push(state());
}
console.log(JSON.stringify(seen));
"""


class Elements(HTMLParser):
    """The elements of a page in their order, each with the text below it, and the script."""

    VOID = frozenset({"meta", "input", "img", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.script = ""
        self._open: list[int] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else -1
        attributes = {name: value or "" for name, value in attrs}
        self.found.append({"tag": tag, "attributes": attributes, "text": "", "parent": parent})
        if tag not in self.VOID:
            self._open.append(len(self.found) - 1)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self.found[self._open[-1]]["tag"] == "script":
            self.script += data
        for index in self._open:
            self.found[index]["text"] += data


def page() -> str:
    """Two steps in two lines of one file; the second fails. A third is not placed."""

    def used(said: str, **marks: Any) -> dict[str, Any]:
        use = {"type": "tool_use", "tool_name": "computer", "tool_input": {}}
        return {"role": "assistant", "content": [{"type": "text", "text": said}, use], **marks}

    failed = {"role": "user", "content": [{"type": "tool_result", "error": "no button"}]}
    history = [
        used("1. Open the ledger.", trajectory_id="t"),
        used("zzz"),
        used("2. Post."),
        failed,
    ]
    places = {line: Place("do", "a.flow", line + 1, 1, line + 1, 9) for line in (1, 2)}
    source = SourceText("a.flow", "same", ("steps {", "  do one", "  do two", "}"), "checkout", {})
    run = Run.model_construct(id="r1", status="task_failed", error=["no button"])
    trace = make_trace(
        run,
        read_history(history),
        address=None,
        version=PromptVersion("1. Open the ledger.\n2. Post the batch.", "live"),
        source_map=FoundMap("exact", places),
        sources={"a.flow": source},
    )
    return render_page(trace, Pictures({}, {}), "local")


def test_the_policy_lets_the_page_s_own_script_and_style_run_and_no_others() -> None:
    found = Elements(page()).found
    policy = next(
        each["attributes"]["content"]
        for each in found
        if each["attributes"].get("http-equiv") == "Content-Security-Policy"
    )
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    for tag in ("script", "style"):
        (text,) = [each["text"] for each in found if each["tag"] == tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert allowed[f"{tag}-src"] == f"'sha256-{digest}'"
    assert (allowed["default-src"], allowed["img-src"]) == ("'none'", "data:")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_a_click_leads_to_the_line_and_filters_narrow_the_steps() -> None:
    elements = Elements(page())
    events = [["click", "#s0-3"], ["click", "#s0-2"], ["box", "failed"], ["box", "failed"]]
    events += [["words", "OPEN THE"], ["words", ""], ["box", "unplaced"], ["box", "replayed"]]
    given = {"elements": elements.found, "script": elements.script, "events": events}
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", BROWSER], input=json.dumps(given), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    everything = ["e1", "e2", "e3"]
    assert [each["shown"] for each in seen] == [
        everything,
        everything,
        everything,
        ["e3"],
        everything,
        ["e1"],
        everything,
        ["e2"],
        [],
    ]
    assert [each["chosen"] for each in seen[:3]] == [[], ["s0-3"], ["s0-2"]]
    assert seen[0]["count"] == "3 of 3" and seen[-1]["count"] == "0 of 3"
