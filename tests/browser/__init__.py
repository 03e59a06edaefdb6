"""A headless Chromium, driven over WebDriver: what tests of notebooks and pages look through."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
DRIVER = shutil.which("chromedriver")

needs_chromium = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")


@dataclass(frozen=True)
class Browser:
    """A WebDriver session: one page."""

    session: str

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(f"{self.session}/{path}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=200) as reply:
            return json.load(reply)["value"]

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def focus(self) -> None:
        """Let the page believe that its window is in use: JupyterLab's current widget is the one in focus."""
        self._post(
            "goog/cdp/execute",
            {"cmd": "Emulation.setFocusEmulationEnabled", "params": {"enabled": True}},
        )

    def run(self, script: str) -> Any:
        """The value that the script returns."""
        return self._post("execute/sync", {"script": script, "args": []})

    def texts(self, selector: str) -> list[str]:
        """The text of every element that a selector finds."""
        return list(self.run(f"return [...document.querySelectorAll({selector!r})].map(e => e.innerText)"))

    def wait(self, condition: str, seconds: float = 60) -> Any:
        """The first true value of an expression."""
        deadline = time.monotonic() + seconds
        while not (value := self.run(f"return {condition}")):
            assert time.monotonic() < deadline, f"never true: {condition}"
            time.sleep(0.2)
        return value

    def click(self, xpath: str, seconds: float = 60) -> None:
        """Click, as a person does, on the first thing that it finds, once that can be seen and clicked."""
        deadline = time.monotonic() + seconds
        while not self._clicked(xpath, last=time.monotonic() > deadline):
            time.sleep(0.2)

    def _clicked(self, xpath: str, last: bool) -> bool:
        try:
            found = self._post("element", {"using": "xpath", "value": xpath})
            self._post(f"element/{next(iter(found.values()))}/click", {})
        except urllib.error.HTTPError:  # it is not there yet, or something lies above it
            if last:
                raise AssertionError(f"nothing to click: {xpath}") from None
            return False
        return True

    def complaints(self) -> list[str]:
        """What the console has said since it was last asked: errors, and what could not be loaded."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def emulate(self, width: int, theme: str, medium: str = "screen") -> None:
        """From now on pages are so many pixels wide, and seen by who prefers the theme, light or dark."""
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500}
        media = {"media": medium, "features": [{"name": "prefers-color-scheme", "value": theme}]}
        for cmd, params in (("setDeviceMetricsOverride", size), ("setEmulatedMedia", media)):
            self._post("goog/cdp/execute", {"cmd": f"Emulation.{cmd}", "params": params})

    def downloads(self, folder: Path) -> None:
        """From now on what a page lets one download goes into the folder."""
        params = {"behavior": "allow", "downloadPath": str(folder)}
        self._post("goog/cdp/execute", {"cmd": "Browser.setDownloadBehavior", "params": params})

    def screenshot(self, path: Path) -> None:
        with urllib.request.urlopen(f"{self.session}/screenshot", timeout=60) as reply:
            path.write_bytes(base64.b64decode(json.load(reply)["value"]))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@contextlib.contextmanager
def process(command: list[str], ready: str, log: Path, **options: Any) -> Iterator[None]:
    """A server of ours, from its first answer on `ready` to the end of the block."""
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, **options)
    try:
        deadline = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(ready, timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)  # its kernels, too
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)


@contextlib.contextmanager
def chromium(home: Path, *more: str) -> Iterator[Browser]:
    """A browser whose profile lies in the folder `home`, started with `more` arguments."""
    port = free_port()
    driver = f"http://127.0.0.1:{port}"
    options = {
        "binary": CHROMIUM,
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--window-size=1280,1000", f"--user-data-dir={home}", "--no-first-run", "--disable-quic",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", *more,
        ],
    }  # fmt: skip
    always: dict[str, Any] = {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    always["timeouts"] = {"script": 180_000}  # milliseconds: a busy machine is no failure
    wanted = {"capabilities": {"alwaysMatch": always}}
    with process([str(DRIVER), f"--port={port}"], f"{driver}/status", home / "driver.log"):
        request = urllib.request.Request(f"{driver}/session", json.dumps(wanted).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as reply:
            session = f"{driver}/session/{json.load(reply)['value']['sessionId']}"
        try:
            yield Browser(session)
        finally:
            urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=30).close()
