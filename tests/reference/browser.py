"""A real browser, if this machine has one, and what a user does with it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

PATIENCE = 60_000  # ms; a busy machine
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


def told(page, pattern):
    """Wait until the status line reads so."""
    from playwright.sync_api import expect

    expect(page.locator("#status")).to_have_text(re.compile(pattern), timeout=PATIENCE)


def choose(page, value):
    """Take one of a few choices by its value: a kind of part, or a tool."""
    page.locator(f'input[value="{value}"]').check(force=True)


def stroke(page, *points):
    """Draw through points in mm of the table."""
    box = page.locator("#stage").bounding_box()
    places = [
        (box["x"] + box["width"] * (x + 150) / 300, box["y"] + box["height"] * (150 - y) / 300)
        for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def csv_of(page, folder):
    """Name and text of what is downloaded."""
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(folder / "grasps.csv")
    return download.value.suggested_filename, (folder / "grasps.csv").read_text()
