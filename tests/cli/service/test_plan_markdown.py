"""The summary for a pull request.

Data stays data, and what is too long is left out in whole elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flowdsl.cli.commands.plan.markdown import render_markdown
from flowdsl.cli.views.markdown import NOTHING, format_code_span, format_prose
from flowdsl.deploy.planning.plan import Action, Plan
from flowdsl.diagnostics.render.cells import make_printable
from tests.support.flows.generated.plans import facts, gone, intent, plans, sample_plan
from tests.support.rows import in_rows
from tests.support.services.changes import change_of

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MARKER = "<!-- flowdsl-plan prj_1/prod -->"
PIECES = (
    "@octocat", "#123", "GH-12", "https://evil.test/x", "www.evil.test", "me@evil.test",
    "<img src=x onerror=y>", "</details>", "<details>", "<summary>", "</summary>", "<!--", "-->",
    MARKER, "```", "````", "`", "``", "~~~", "\n", "\n\n", "\r", "\t", "    ", "# ", "- ", "> ",
    "---", "***", "|", "[a](https://evil.test)", "![a](x)", "[a]: x", "\\", "&lt;", "&#64;x",
    "\u202e", "\u2066", "\x1b[31m", "\x00", "</code>", "$x$", ":tada:", "é", "日本", "🎉", "a", " ",
    "_", "*", "@@", "::error::", "'", '"', "\ud800", "javascript:x", "org/repo#1", "a" * 40,
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


class Tags(HTMLParser):
    """The elements of a piece of HTML, with their nesting."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.comments: list[str] = []
        self.loose = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs == []
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.loose += data


def walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from walk(token.children or [])


ELEMENTS = {
    "html_block", "heading_open", "heading_close", "paragraph_open", "paragraph_close",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "fence", "inline",
    "text", "code_inline", "strong_open", "strong_close", "table_open", "table_close", "thead_open",
    "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close",
    "td_open", "td_close", "text_special",
}  # fmt: skip
ACTIVE = re.compile(r"@\w|#\d|://|www\.|GH-\d", re.IGNORECASE)


def check(text: str, max_bytes: int) -> list[Token]:
    """What holds of every summary, whatever it was made of; the elements it consists of."""
    assert len(text.encode()) <= max_bytes
    assert all(line == make_printable(line) for line in text.replace(NOTHING, "").split("\n"))
    tokens = list(walk(READER.parse(text)))
    assert {token.type for token in tokens} <= ELEMENTS
    tags = Tags()
    for token in tokens:
        if token.type == "html_block":
            tags.feed(token.content)
        elif token.type == "fence":
            assert token.info == "diff" and tags.open == ["details"]
            assert token.map is not None
            lines = text.split("\n")[token.map[0] : token.map[1]]
            assert lines[-1] == token.markup, "a fence is closed where we closed it"
        elif token.type in ("text", "text_special"):
            assert not ACTIVE.search(token.content)
    tags.close()
    assert tags.open == [] and tags.seen <= {"details", "summary", "code", "p"}
    assert not ACTIVE.search(tags.loose)
    assert tags.comments == ([" flowdsl-plan prj_1/prod "] if text else [])
    return tokens


@given(plans(HOSTILE))
def test_data_stays_data(plan: Plan) -> None:
    text = render_markdown(plan, facts(), 10**9)
    tokens = check(text, 10**9)
    assert text.startswith(MARKER + "\n")
    find_differences = sum(
        1
        for change in plan.changes
        if change.difference is not None and not change.difference.is_empty
    )
    assert sum(token.type == "fence" for token in tokens) >= find_differences


@given(plans(HOSTILE), st.integers(0, 4_000))
def test_it_is_never_too_long_and_never_cut_in_the_middle(plan: Plan, max_bytes: int) -> None:
    text = render_markdown(plan, facts(pending=(intent(),)), max_bytes)
    check(text, max_bytes)
    whole = render_markdown(plan, facts(pending=(intent(),)), 10**9)
    if len(whole.encode()) <= max_bytes:
        assert text == whole
    elif text.count("\n") > 1:
        assert "left out, to keep this short" in text or re.search(r"^- and \d+ more$", text, re.M)


def test_a_plan_with_everything() -> None:
    text = render_markdown(sample_plan(), facts(pending=(intent(),)))
    check(text, 60_000)
    first = text[text.index("### Look") : text.index("### Changes")].strip().split("\n")[2:]
    assert first == [
        (
            "- **Deletes** `workflow.gone` (`Gone`): it is deleted for good, with 12 runs (1 "
            "active) and 3 trajectories"
        ),
        "- **Deletes** `tag.old`: it is deleted for good, and every workflow loses it",
        "- **Deletes** `model.Old`: it is deleted for good",
        "- **Missing** `workflow.lost` (`Lost`): it no longer exists in the organisation",
        "- **Breaks callers** of `workflow.look_up`: `dob` is a new required input",
        (
            "- **Guard** `deletes`: 1 of 9 workflows would be deleted; `--accept-guard "
            "deletes=1` lets it through"
        ),
        (
            "- **Overwrites edits made elsewhere** in `workflow.both`: `main_prompt`; `flowdsl "
            "pull workflow.both` takes the edits into the source"
        ),
        (
            "- **Overwrites edits made elsewhere** in `workflow.moved`: `main_prompt`; `flowdsl "
            "pull workflow.moved` takes the edits into the source"
        ),
        "- **Recordings** of `workflow.look_up`: 2 approved trajectories keep replaying what "
        "they recorded, among them `Morning`, "
        "`Noon`; `--unapprove-trajectories` un-approves them",
        "- **Pending**: the create of `workflow.late`, begun 2026-03-02 12:00 UTC, has an "
        "unknown outcome; the next deploy finds "
        "it out first",
        "- **Note**: `main` means the default model here",
    ]
    changes = text[text.index("### Changes") :]
    order = [
        "delete <code>workflow.gone",
        "delete <code>tag.old",
        "delete <code>model.Old",
        "workflow.adopted",
    ]
    assert [changes.index(each) for each in order] == sorted(changes.index(each) for each in order)
    assert (
        """\
<details><summary>update <code>workflow.look_up</code> <code>Look up</code></summary>

```diff
@@ input_schema @@
+ dob: string, required
@@ main_prompt @@
- Open the record of the day.
+ Open the record of the week.
  Read it.
"""
        in changes
    )
    assert "| 1 | 3 | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 2 | 3 | 2 |" in text
    assert (
        "@@ main_prompt @@ edited elsewhere since the last deploy; no saved version has what "
        "was last applied\n"
        "@@ main_prompt @@ changed in the source as well; a deploy makes this of the edit\n- "
        "By hand.\n+ New.\n"
    ) in changes
    assert (
        "@@ main_prompt @@ edited elsewhere since the last deploy\n- Ours.\n+ By hand.\n" in changes
    )
    assert "+ Begin.\n+ End.\n" in changes


def test_the_cost_of_a_prompt_stands_in_the_heading() -> None:
    before = "1. Use focused_action to look.\n2. Use focused_action to read."
    change = change_of({"main_prompt": before}, {"main_prompt": "1. Use focused_action to read."})
    text = render_markdown(Plan((change,), (), ()), facts())
    check(text, 60_000)
    assert (
        "<code>Look up</code>: prompt 17 -&gt; 8 tokens, focused calls 2 -&gt; 1</summary>"
    ) in text


def test_a_line_of_backticks_does_not_end_the_fence() -> None:
    """As a line that stays, it stands behind two blanks, which a closing fence may."""
    texts = [f"{line}\n```\n</details>\n````\n{line}" for line in ("one", "two")]
    change = change_of({"main_prompt": texts[0]}, {"main_prompt": texts[1]})
    tokens = check(render_markdown(Plan((change,), (), ()), facts()), 60_000)
    (fence,) = (token for token in tokens if token.type == "fence")
    assert fence.content.endswith("+ two\n")


def test_the_largest_differences_go_first() -> None:
    sizes = {"small": 20, "large": 4_000, "medium": 900}
    changes = tuple(
        change_of({"main_prompt": "old"}, {"main_prompt": "word " * size}, name=name)
        for name, size in sorted(sizes.items())
    )
    plan = Plan(changes, (), ())

    def shown(max_bytes: int) -> list[str]:
        text = render_markdown(plan, facts(), max_bytes)
        check(text, max_bytes)
        return re.findall(r"<details><summary>update <code>workflow\.(\w+)", text)

    assert shown(60_000) == ["large", "medium", "small"]
    assert shown(9_000) == ["medium", "small"]
    assert shown(3_000) == ["small"]
    assert shown(850) == []
    text = render_markdown(plan, facts(), 3_000)
    assert (
        "2 differences are left out, to keep this short; `flowdsl plan --env prod` shows all"
        in text
    )
    assert "workflow.large" in text, "what is left out is still named"


def test_many_items_end_in_a_number() -> None:
    plan = Plan(tuple(gone(f"w{n:03}", Action.DELETE) for n in range(300)), (), ())
    for max_bytes in (60_000, 30_000, 8_000, 1_000):
        text = render_markdown(plan, facts(), max_bytes)
        check(text, max_bytes)
        warned, changed = text.count("**Deletes**"), text.count("<p>delete ")
        assert (warned == 300) or f"- and {300 - warned} more" in text
        assert (changed == 300) or f"- and {300 - changed} more" in text
        assert warned == 300 or changed == 0, "warnings outlast changes"


@in_rows("max_bytes", [0, 10, len(MARKER), len(MARKER) + 1, 120])
def test_hardly_any_room(max_bytes: int) -> None:
    text = render_markdown(sample_plan(), facts(), max_bytes)
    assert text == (f"{MARKER}\n" if max_bytes > len(MARKER) else "")


def test_nothing_to_change() -> None:
    text = render_markdown(Plan((), (), ()), facts(state=None, source=None))
    check(text, 60_000)
    assert "Nothing to change." in text and "a first deploy" in text
    assert "sources outside a repository" in text


def test_an_id_cannot_end_the_marker() -> None:
    text = render_markdown(Plan((), (), ()), facts(project="x --> y", environment="<b>"))
    assert text.startswith("<!-- flowdsl-plan x%20--%3E%20y/%3Cb%3E -->\n")


@given(HOSTILE, st.integers(1, 60))
def test_a_code_span_is_one_and_holds_the_text(text: str, width: int) -> None:
    (inline,) = (
        token
        for token in READER.parse(f"x {format_code_span(text, width)} y")
        if token.type == "inline"
    )
    before, span, after = inline.children or []
    assert (before.content, span.type, after.content) == ("x ", "code_inline", " y")
    shown = make_printable(text)
    expected = shown if len(shown) <= width else shown[: width - 1] + "…"
    assert span.content == (expected or " ")


@given(HOSTILE)
def test_prose_reads_as_it_was_written(text: str) -> None:
    """Without what makes it inert, and but for the backticks that became code spans."""
    (inline,) = (
        token for token in READER.parse(f"x {format_prose(text, 500)} y") if token.type == "inline"
    )
    read = "".join(token.content for token in inline.children or []).replace(NOTHING, "")
    assert read.replace("`", "") == f"x {make_printable(text)} y".replace("`", "")
    assert {token.type for token in inline.children or []} <= {
        "text",
        "text_special",
        "code_inline",
    }
