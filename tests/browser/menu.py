"""The lab's menu, used as a person uses it."""

from __future__ import annotations

import time
from pathlib import Path

from tests.browser import Browser


def opened(browser: Browser, name: str) -> list[str]:
    """Open a menu; what can be chosen there."""
    browser.click(f"//*[contains(@class, 'lm-MenuBar-itemLabel')][.='{name}']")
    browser.wait("document.querySelector('.lm-Menu-itemLabel')?.offsetWidth")
    return browser.texts(".lm-Menu-itemLabel")


def downloaded(browser: Browser, folder: Path) -> Path:
    """File → Download: the file of the notebook in front, in a folder that had none."""
    browser.downloads(folder)
    opened(browser, "File")
    browser.click("//*[contains(@class, 'lm-Menu-itemLabel')][.='Download']")
    deadline = time.monotonic() + 60
    while not (found := list(folder.glob("*.ipynb"))):
        assert time.monotonic() < deadline, "nothing was downloaded"
        time.sleep(0.2)
    return found[0]
