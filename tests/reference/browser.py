"""A real browser, if this machine has one."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def open_browser():
    """Chromium, driven by Playwright; the test is skipped where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class PlayServer:
    """`fag-tf play` in a process of its own, which can be stopped and come back."""

    def __init__(self, log, *arguments):
        self.log = log
        self.arguments = [str(argument) for argument in arguments]
        self.port = 0
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        command = [sys.executable, "-m", "fag_tf.cli.main", "play", "--port", str(self.port)]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [*command, *self.arguments], stdout=file, stderr=file, env={**os.environ}
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            text = self.log.read_text()
            if told := re.search(r"open http://127\.0\.0\.1:(\d+)/", text):
                self.port = int(told[1])
                return
            assert self.process.poll() is None, text
            time.sleep(0.05)
        raise AssertionError("no page within two minutes")

    def stop(self, number=signal.SIGTERM):
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)
