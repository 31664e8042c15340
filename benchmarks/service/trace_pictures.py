"""Pictures of the page that `flowdsl trace --html` writes, for people to judge.

    python benchmarks/service/trace_pictures.py FOLDER

Deploys the project of the tests of `flowdsl trace` to the embedded service, lets runs of it fail,
and writes PNG files of their pages into FOLDER: in bright and dark colours, filtered, narrow, with
failed checks, with text that is long or hostile, and empty. Needs the development dependencies and
an installed Chromium or Chrome. Says where a page is wider than its window, or has text whose
contrast is below 4.5 to 1, and exits 1 then.
"""

from __future__ import annotations

import argparse
import base64
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.cli.tracing.test_trace_checks import CHECKED  # noqa: E402
from tests.cli.tracing.traced_desk import TracedDesk  # noqa: E402
from tests.support.browser import Browser, browser, chromium  # noqa: E402
from tests.support.command_line import write_tree  # noqa: E402

FAILS = {"fail": {"step": "2.3", "entry": 3}}
CHECK_FAILS = {"checks": {"report filed": "failed", "claims.png shows a list of claims": "failed"}}


def screenshot(width: int = 1024, height: int = 640) -> str:
    """A picture like that of a desktop with a window on it, as base64 of a PNG."""
    rows = []
    for y in range(height):
        row = bytearray(b"\x2b\x57\x7a" * width)
        if 60 <= y < height - 90:
            inside = b"\xf4\xf4\xf4" if y > 90 else b"\x1f\x3a\x52"
            row[3 * 90 : 3 * (width - 90)] = inside * (width - 180)
            if y > 110 and y % 34 < 2:
                row[3 * 110 : 3 * (width - 110)] = b"\xc4\xcc\xd4" * (width - 220)
        elif y >= height - 36:
            row[:] = b"\x16\x1c\x22" * width
        rows.append(b"\0" + bytes(row))

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    image = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + image + chunk(b"IEND", b"")).decode()


def long_history() -> list[dict[str, Any]]:
    """Entries with long words, long lines, markup, a text from right to left, and a picture."""
    values = {"instruction": "</script><img src=x onerror=alert(1)>", "path": "C:/" + "a" * 900}
    use = {"type": "tool_use", "tool_use_id": "t1", "tool_name": "focused_action"}
    image = {"type": "image", "image_base64": screenshot()}
    result = {"type": "tool_result", "tool_use_id": "t1", "tool_result": "word " * 4_000}
    said = "فتح المطالبة HM-1 شركة أكمي. " * 6 + "\u202egnp.exe"
    return [
        {
            "role": "assistant",
            "content": [{"type": "text", "text": said}, {**use, "tool_input": values}],
        },
        {"role": "user", "content": [result, image]},
        {"role": "assistant", "content": [{"type": "text", "text": "x" * 3_000}]},
    ]


def scenes(folder: Path) -> Iterator[tuple[str, Path]]:
    """The pages, each with its name."""
    desk = TracedDesk(folder)
    write_tree(folder, {"flows/claims.flow": CHECKED})
    desk.commit()
    desk.deploy()
    runs = {
        "failed": desk.run(FAILS),
        "checks": desk.run(CHECK_FAILS),
        "success": desk.run(),
        "long": desk.run(FAILS, history=long_history()),
        "empty": desk.run(FAILS, history=[]),
    }
    for name, run in runs.items():
        done = desk.trace(run, "--html", f"{name}.html")
        assert done.code == 0, done.err
        yield name, folder / f"{name}.html"


def nothing(_shown: Browser) -> None:
    """Leave the page as it is."""


def filtered(shown: Browser) -> None:
    """Only what failed."""
    shown.click(".bar input[value=failed]")


def without_match(shown: Browser) -> None:
    """A filter that nothing fits."""
    shown.click("#words")
    shown.type("no such words")


def at_the_line(shown: Browser) -> None:
    """The last failed step, and its line."""
    shown.click(".step.failed a.place")


SHOTS: tuple[tuple[str, str, int, bool, Callable[[Browser], None]], ...] = (
    ("failed", "light", 1280, False, at_the_line),
    ("failed", "dark-filtered", 1280, True, filtered),
    ("failed", "narrow", 800, False, at_the_line),
    ("failed", "phone", 420, True, nothing),
    ("failed", "no-match", 1280, False, without_match),
    ("checks", "light", 1280, False, nothing),
    ("checks", "dark", 1280, True, nothing),
    ("success", "light", 1280, False, nothing),
    ("long", "light", 800, False, nothing),
    ("long", "dark", 1280, True, nothing),
    ("empty", "light", 1280, False, nothing),
)
"""Page, what is told of the picture, its width, whether dark, and what is done before."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="for the pictures")
    folder = parser.parse_args().folder
    program = chromium()
    if program is None:
        sys.exit("trace_pictures: no Chromium is installed")
    folder.mkdir(parents=True, exist_ok=True)
    problems = 0
    with tempfile.TemporaryDirectory() as scratch, browser(program) as shown:
        pages = dict(scenes(Path(scratch)))
        for page, told, width, dark, act in SHOTS:
            shown.resize(width, 900)
            shown.open(pages[page], dark=dark)
            act(shown)
            (folder / f"{page}-{told}.png").write_bytes(shown.picture())
            said = [f"{each} is wider than its room" for each in shown.overflowing()]
            said += shown.pale()
            problems += len(said)
            print(f"{page}-{told}.png", *(said or ["ok"]), sep="\n  " if said else "  ")
    return int(problems > 0)


if __name__ == "__main__":
    sys.exit(main())
