"""A headless Chromium that shows one page, driven over its own pipe (Chrome DevTools Protocol).

No driver and no port: `--remote-debugging-pipe` reads JSON with a zero byte after each message on
descriptor 3 and answers on 4. Every request that the page makes, every refusal of its policy and
every message of its console is kept.
"""

from __future__ import annotations

import base64
import fcntl
import functools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--window-size=1600,1200",
    "--remote-debugging-pipe",
)

# The descriptors of the pipe have fixed numbers; Chromium takes the place of the small program.
_START = "import os, sys; os.dup2({0}, 3); os.dup2({1}, 4); os.execv(sys.argv[1], sys.argv[1:])"

KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "/": 191}
"""Keys that are pressed, with their Windows codes, by which Chromium knows what they do."""


CONTRAST = """
(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color[3] !== 0) return color;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    if (!words || element.closest("[hidden]") || element.tagName === "SCRIPT") continue;
    const [one, other] = [numbers(getComputedStyle(element).color), behind(element)].map(light);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) found.add(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
  }
  return [...found];
})()
"""
"""Elements with words whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""

OVERFLOWING = """
[document.documentElement, ...document.querySelectorAll("body *")]
  .filter((each) => each.scrollWidth > each.clientWidth && each.clientWidth > 0)
  .filter((each) => getComputedStyle(each).display !== "inline")
  .map((each) => each.id || `${each.tagName}.${each.className}`)
"""
"""Elements whose content is wider than they are."""


@functools.cache
def chromium() -> str | None:
    """The path of a Chromium or Chrome that runs; None where there is none.

    A system may have a program of this name that only tells how to install it.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    for program in filter(None, map(shutil.which, names)):
        told = subprocess.run([program, "--version"], capture_output=True, timeout=PATIENCE)
        if told.returncode == 0:
            return program
    return None


class BrowserFailed(Exception):
    """Chromium answered with an error, or not at all."""


class Browser:
    """One tab. `requests`, `refused` and `messages` are what happened since the last `open`."""

    def __init__(self, to: int, answers: int, *, width: int, height: int) -> None:
        self._to, self._answers = to, answers
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.refused: list[str] = []
        self.messages: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command; raises `BrowserFailed`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next(method)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserFailed(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, page: Path, *, dark: bool = False) -> None:
        """Show a file, in the colours of a bright or a dark desktop, and wait until it is there."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.requests, self.refused, self.messages = [], [], []
        self.call("Page.navigate", url=page.as_uri())
        while self.value("document.readyState + location.href") != f"complete{page.as_uri()}":
            self._next("Page.navigate")

    def resize(self, width: int, height: int) -> None:
        """Give the page so many pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def value(self, expression: str) -> Any:
        """The value of an expression in the page; raises `BrowserFailed` for what it throws."""
        done = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in done:
            raise BrowserFailed(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse where the first element of a selector is."""
        quoted = json.dumps(selector)
        x, y = self.value(
            f"(() => {{ const found = document.querySelector({quoted});"
            "found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key of `KEYS`."""
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        common = {"key": key, "windowsVirtualKeyCode": KEYS[key]}
        self.call(
            "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.call("Input.insertText", text=text)

    def pale(self) -> list[str]:
        """The elements whose words are hard to tell from what is behind them, with the contrast."""
        found: list[str] = self.value(CONTRAST)
        return found

    def overflowing(self) -> list[str]:
        """The elements that are too narrow for what is in them."""
        found: list[str] = self.value(OVERFLOWING)
        return found

    def picture(self) -> bytes:
        """What the page shows, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _next(self, wanted: str) -> Any:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(until - time.monotonic(), 0))
            content = os.read(self._answers, 1 << 20) if ready else b""
            if not content:
                raise BrowserFailed(f"{wanted}: Chromium does not answer")
            self._buffer += content
        message, _, self._buffer = self._buffer.partition(b"\0")
        event = json.loads(message)
        self._keep(event.get("method"), event.get("params"))
        return event

    def _keep(self, kind: str | None, about: Any) -> None:
        if kind == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif kind == "Audits.issueAdded":
            details = about["issue"]["details"].get("contentSecurityPolicyIssueDetails")
            if details is not None:
                self.refused.append(details["violatedDirective"])
        elif kind == "Runtime.exceptionThrown":
            self.messages.append(about["exceptionDetails"]["text"])
        elif kind == "Log.entryAdded":
            self.messages.append(about["entry"]["text"])


@contextmanager
def browser(program: str, *, width: int = 1280, height: int = 800) -> Iterator[Browser]:
    """A Chromium of one's own, which keeps nothing and is gone afterwards."""
    theirs_in, ours_out = _pipe()
    ours_in, theirs_out = _pipe()
    # Chromium writes into its folder until its last process is gone.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        start = _START.format(theirs_in, theirs_out)
        process = subprocess.Popen(
            [sys.executable, "-c", start, program, *FLAGS, f"--user-data-dir={folder}"],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            os.close(theirs_in)
            os.close(theirs_out)
            yield Browser(ours_out, ours_in, width=width, height=height)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(ours_out)
            os.close(ours_in)


def _pipe() -> tuple[int, int]:
    """A pipe whose descriptors are above those that the child is given."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in ends)
    for each in ends:
        os.close(each)
    return high[0], high[1]
