"""What environment variables and terminals say."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flowdsl.config.project import KeySource
from flowdsl.host.environment import MissingKey, hosts_to_trust, in_ci, read_api_key
from flowdsl.host.terminal import wants_color
from tests.support.rows import in_rows


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@in_rows(
    ("mode", "terminal", "environ", "expected"),
    [
        ("auto", True, {"TERM": "xterm"}, True),
        ("auto", False, {"TERM": "xterm"}, False),
        ("auto", True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ("auto", True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"TERM": "xterm"}, False),
    ],
)
def test_colour(mode: str, terminal: bool, environ: dict[str, str], expected: bool) -> None:
    stream = Terminal() if terminal else io.StringIO()
    assert wants_color(mode, stream, environ) is expected


def test_a_closed_stream_has_no_colour() -> None:
    stream = Terminal()
    stream.close()
    closed = io.StringIO()
    closed.close()
    assert wants_color("auto", closed, {"TERM": "xterm"}) is False


@in_rows(
    ("value", "expected"),
    [("true", True), ("1", True), ("", False), ("false", False), ("0", False)],
)
def test_ci(value: str, expected: bool) -> None:
    assert in_ci({"CI": value}) is expected


def test_trusted_hosts() -> None:
    assert hosts_to_trust({}) == ()
    assert hosts_to_trust({"FLOWDSL_TRUSTED_HOSTS": " a.test, ,B.test "}) == ("a.test", "B.test")


def test_keys_come_from_variables_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    root = str(tmp_path)
    assert read_api_key(KeySource("env", "KEY"), root, {"KEY": " from-env\n"}) == "from-env"
    assert read_api_key(KeySource("file", "key"), root, {}) == "from-file"
    assert read_api_key(KeySource("file", str(tmp_path / "key")), "/", {}) == "from-file"
    assert read_api_key(KeySource("file", "~/key"), "/", {}) == "from-file"


@pytest.mark.parametrize(
    ("source", "environ", "message"),
    [
        (KeySource("env", "KEY"), {}, "the environment variable `KEY`, which is empty or not set"),
        (KeySource("env", "KEY"), {"KEY": " "}, "empty or not set"),
        (
            KeySource("file", "none"),
            {},
            "the file `none`, which cannot be read: there is no such file",
        ),
        (KeySource("env", "KEY"), {"KEY": "canary canary"}, "does not hold an API key"),
        (KeySource("env", "KEY"), {"KEY": "canary\r\nX-Header: 1"}, "does not hold an API key"),
        (KeySource("env", "KEY"), {"KEY": "canärý"}, "does not hold an API key"),
    ],
)
def test_a_missing_key_says_where_it_is_expected(
    tmp_path: Path, source: KeySource, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(MissingKey) as caught:
        read_api_key(source, str(tmp_path), environ)
    assert message in str(caught.value)
    assert "canar" not in str(caught.value)
