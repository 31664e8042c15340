"""Work that grows with the square of a text is caught (`tests/support/cpu.py`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from flowdsl.compiler.pipeline import CompileOptions, analyze
from flowdsl.config.redaction import redact_credentials
from flowdsl.diagnostics import suggest
from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec, Edit, Fix
from flowdsl.diagnostics.fingerprint import compute_fingerprints
from flowdsl.diagnostics.fixes import apply_fixes
from flowdsl.diagnostics.suggest import Names, find_closest_name, join_names
from flowdsl.lint.rules.program import credential_in_literal
from flowdsl.lint.unused import extend_to_description
from flowdsl.source.files import MemoryFiles
from flowdsl.source.text import SourceFile, Span
from tests.support.cpu import GIVEN_UP, assert_linear, cpu_seconds
from tests.support.rows import in_rows

SPEC = DiagnosticSpec("fixed-wait", "style", "no")


def checked(words: str) -> Callable[[int], Callable[[], object]]:
    def work(size: int) -> Callable[[], object]:
        text = words * (size // len(words))
        flow = f'flow 1\n\n## Works.\nworkflow w {{ steps {{ choose """\n{text}\n""" }} }}\n'
        return lambda: analyze(MemoryFiles({"a.flow": flow}), ["a.flow"], CompileOptions())

    return work


@in_rows(
    "word",
    ["a", "key-", "key" + " " * 97, "[", "key = env = ' ", 'token="', 'key=\\"', "api_key "],
    ids=lambda word: word[:8],
)
def test_redaction_reads_a_line_once(word: str) -> None:
    assert_linear(lambda size: partial(redact_credentials, word * (size // len(word))), 600_000)


@in_rows(
    "words",
    [
        "Click the red small button at the top right of the screen, the blue icon, the link. ",
        "Click the button. Press the icon in the dialog, then select the option. ",
        "the icon in the page of the form of the dialog ",
        "password: hunterzq9X type x into key ",
        "{# a ",
        "{# flow: ignore[vague-verb ",
    ],
    ids=lambda words: words[:24],
)
def test_rules_read_prose_once(words: str) -> None:
    assert_linear(checked(words), 80_000)


@in_rows("words", ["(dir ", "(copy ", "$x =   \n", "cd "])
def test_rules_read_commands_once(words: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = words * (size // len(words))
        command = f"$x ={' ' * size}\n{text})"
        flow = f'flow 1\n## Works.\nworkflow w {{ steps {{ run """\n{command}\n""" }} }}'
        return lambda: analyze(MemoryFiles({"a.flow": flow}), ["a.flow"], CompileOptions())

    assert_linear(work, 8_000)


def found(number: int, text: str) -> list[Diagnostic]:
    source = SourceFile("a.flow", text)
    spans = [Span(source, 2 * at, 2 * at + 1) for at in range(number)]
    fixes = [(Fix("f", (Edit(span, "b"),), "safe"),) for span in spans]
    return [
        Diagnostic(SPEC, span, "no", "", (), (), None, fix)
        for span, fix in zip(spans, fixes, strict=True)
    ]


def test_findings_on_one_line_are_known_and_mended_in_one_pass() -> None:
    def work(size: int) -> Callable[[], object]:
        listed = found(size // 2, "a " * (size // 2))
        return lambda: (compute_fingerprints(listed), apply_fixes(listed, ("safe",)))

    assert_linear(work, 12_000)
    applied = apply_fixes(found(5, "a a a a a "), ("safe",))
    assert (applied.count, applied.texts) == (5, {"a.flow": "b b b b b "})


def test_names_are_compared_with_those_around_them() -> None:
    names = [f"screen_{number:05}" for number in range(20_000)]
    with cpu_seconds(GIVEN_UP):
        for number in range(0, 20_000, 1_000):
            assert find_closest_name(f"screen_{number:05}x", names) == f"screen_{number:05}"
        assert find_closest_name("a" * 200_000, ["a" * 199_999]) is None
    assert find_closest_name("a" * 60 + "b", ["a" * 60 + "c", "x"]) == "a" * 60 + "c"


def numbered(piece: str, number: int) -> str:
    return "".join(piece.replace("@", str(at)) for at in range(number))


@pytest.mark.parametrize(
    ("before", "piece", "behind", "number"),
    [
        ("", 'const abc@ = "x"\ntask t@() { do "{abd@x}" call tx@() }\n', "", 800),
        ("workflow w { outputs {\n", "a@: string\n", '} steps { do "x" } }\n', 600),
        (
            "workflow w { steps {\n",
            'capture "a@.png"\n',
            '}\nchecks {\nfile "b@.png" exists\n} }\n',
            200,
        ),
    ],
    ids=["unknown names", "outputs never emitted", "checks of files"],
)
def test_names_are_looked_up_and_not_looked_for(
    before: str, piece: str, behind: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A bounded number of comparisons for each unknown name, and nearly all of the time.
    monkeypatch.setattr(suggest, "edit_distance", lambda a, b, limit: limit + 1)

    def work(size: int) -> Callable[[], object]:
        end = "".join(
            numbered(line, size) if "@" in line else line for line in behind.splitlines(True)
        )
        flow = f"flow 1\n{before}{numbered(piece, size)}{end}"
        return lambda: analyze(MemoryFiles({"a.flow": flow}), ["a.flow"], CompileOptions())

    assert_linear(work, number)


class Counted(str):
    """A text that counts the characters that are searched for line ends."""

    __slots__ = ()
    searched = 0

    def rfind(self, sub: str, start: int = 0, end: int = 1 << 60) -> int:  # type: ignore[override]
        at = super().rfind(sub, start, end)
        Counted.searched += min(end, len(self)) - max(at, start)
        return at


def test_the_comment_above_a_declaration_is_read_once() -> None:
    text = Counted("## a comment\n" * 2_000 + 'const c = "x"\n')
    Counted.searched = 0
    start = text.index("const")
    assert extend_to_description(Span(SourceFile("a.flow", text), start, len(text))).start == 0
    assert Counted.searched < 4 * len(text)


@pytest.mark.parametrize("limit", [1, 3])
def test_ordered_names_suggest_what_a_plain_set_does(limit: int) -> None:
    names = [f"n{at % 37}_{at * limit}" for at in range(300)]
    ordered = Names(names[:200])
    for name in names[200:]:
        ordered.add(name)
        ordered.add(name)
    ordered.add("gone")
    ordered.discard("gone")
    ordered.discard("never_there")
    assert list(ordered) == sorted(set(names))
    assert len(ordered) == len(set(names))
    assert join_names(ordered) == join_names(names)
    for name in ("n1_1x", "m36_3", "gone", "n5"):
        assert find_closest_name(name, ordered) == find_closest_name(name, names)
        assert find_closest_name(name, Names(names[:99]), Names(names[99:])) == find_closest_name(
            name, names
        )


class Searched(str):
    """A text that counts the characters that are searched backwards, in lower case too."""

    __slots__ = ()
    count = 0

    def lower(self) -> Searched:
        return Searched(super().lower())

    def rfind(self, sub: str, start: int = 0, end: int = 1 << 60) -> int:  # type: ignore[override]
        at = super().rfind(sub, start, end)
        Searched.count += min(end, len(self)) - max(at, start)
        return at


def test_the_line_of_a_password_is_looked_for_once() -> None:
    text = Searched(("password, " * 1_000 + "\n") * 3)
    Searched.count = 0
    assert not list(credential_in_literal._find_passwords(text))
    assert Searched.count < 4 * len(text)


@in_rows("said", ["is", ":", "="])
def test_blanks_behind_a_word_for_passwords_are_read_once(said: str) -> None:
    with cpu_seconds(GIVEN_UP):
        text = f"password {said}{' ' * 400_000};"
        assert not list(credential_in_literal._find_passwords(text))
        assert len(list(credential_in_literal._find_passwords(text[:-1] + "hunter2"))) == 1
