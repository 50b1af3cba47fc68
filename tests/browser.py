"""A headless browser without a driver: a page is loaded with a script of the test's in it, and says what it saw."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=20000"),
)
WATCH = """<script>
window.faults = [];
const note = (text) => window.faults.push(String(text));
window.addEventListener("error", (event) => note(event.message));
window.addEventListener("unhandledrejection", (event) => note(event.reason));
document.addEventListener("securitypolicyviolation", (event) => note(`policy: ${event.violatedDirective}`));
for (const level of ["error", "warn"]) console[level] = (...words) => note(words.join(" "));
</script>"""
ASK = """<script>
(async () => {
  let found;
  try { found = { seen: await (async () => { %s })() }; } catch (error) { found = { failed: error.stack }; }
  window.parent.postMessage(JSON.stringify({ ...found, faults: window.faults }), "*");
})();
</script>"""
# a frame is as narrow as it is asked to be; a window is not
FRAME = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><body style="margin: 0">
<script>
window.addEventListener("message", (event) => {
  const holder = document.createElement("pre");
  holder.id = "seen";
  holder.textContent = event.data;
  document.body.append(holder);
});
</script>
<iframe src="%s" width="%d" height="%d" style="border: 0; display: block"></iframe>"""


def program(*names: str) -> str:
    """The first of these programs on the path; without one the test is skipped, or fails under HECTOHERTZ_CI=1."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing = pytest.fail if os.environ.get("HECTOHERTZ_CI") == "1" else pytest.skip
        missing(f"none of these on the path: {', '.join(names)}")
    return found


def browser() -> str:
    """The browser of this machine."""
    return program("chromium", "chromium-browser", "google-chrome")


def ask(page: str, script: str, folder: Path, *, width: int = 1400, dark: bool = False, hash: str = "") -> Any:
    """Load a page, run the body of an async function in it, and return what that returns; faults of the page fail."""
    path = folder / "asked.html"
    page = page.replace("<title>", WATCH + "<title>", 1)
    path.write_text(page.replace("</body>", ASK % script + "</body>"), encoding="utf-8")
    dom = start(folder, path, "--dump-dom", width=width, dark=dark, hash=hash)
    match = re.search(r'<pre id="seen"[^>]*>(.*?)</pre>', dom, re.DOTALL)
    assert match, dom[-2000:]
    found = json.loads(html.unescape(match[1]))
    assert "failed" not in found, found["failed"]
    assert found["faults"] == []
    return found["seen"]


def start(
    folder: Path, page: Path, *flags: str, width: int = 1400, height: int = 1000, dark: bool = False, hash: str = ""
) -> str:
    """Show one page in a frame of this size, and return what the browser prints."""
    outer = folder / "frame.html"
    outer.write_text(FRAME % (html.escape(page.as_uri() + hash), width, height), encoding="utf-8")
    theme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    command = [browser(), *FLAGS, theme, f"--window-size={width},{height}", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run([*command, *flags, outer.as_uri()], capture_output=True, text=True, timeout=180, check=True)
    return done.stdout
