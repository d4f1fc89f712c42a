"""Chromium without a window and without a network, driven by Selenium, for faststyle's page."""

from __future__ import annotations

import base64
import io
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

NAMES = ("chromium", "google-chrome", "chromium-browser")
DRIVER = "chromedriver"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
SOFTWARE_WEBGPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PATIENCE = 90  # seconds


def find_chromium() -> Path | None:
    """The browser; None if it or its driver is not installed."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found and shutil.which(DRIVER) else None


class PageInBrowser:
    """A page of faststyle.page, open in a browser."""

    def __init__(self, driver: webdriver.Chrome):
        self.driver = driver

    def open(self, page: Path, wishes: str = "") -> None:
        """Open a page as a file; `wishes` stand after # in its address. Waits for its picture."""
        self.driver.get("about:blank")
        self.driver.get(f"{page.resolve().as_uri()}#{wishes}")
        self.wait()

    def find(self, name: str) -> WebElement:
        """The element of this id."""
        return self.driver.find_element(By.ID, name)

    def state(self, name: str = "state") -> str:
        """What the page notes of itself: state, engine, seconds."""
        return self.driver.execute_script(f"return document.documentElement.dataset.{name}")

    def wait(self) -> str:
        """Wait until it is painted, or has failed; returns what the page says then."""
        until = time.monotonic() + PATIENCE
        while self.state() not in ("painted", "failed"):
            if time.monotonic() > until:
                raise TimeoutError(f"the page is still {self.state()}: {self.said()}")
            time.sleep(0.05)
        return self.said()

    def wait_for(self, words: str) -> str:
        """Wait until the page says these words; returns all that it says then."""
        until = time.monotonic() + PATIENCE
        while words not in self.said():
            if time.monotonic() > until:
                raise TimeoutError(f"the page says {self.said()!r}, not {words!r}")
            time.sleep(0.05)
        return self.said()

    def said(self) -> str:
        """The line below the picture."""
        return self.driver.execute_script("return document.getElementById('status').textContent")

    def choose(self, name: str, value: object) -> str:
        """Give a control a value, wait, and return what the page says."""
        self.driver.execute_script(
            "const control = document.getElementById(arguments[0]);"
            "if (control.type === 'checkbox') control.checked = arguments[1];"
            "else control.value = arguments[1];"
            "for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind));",
            name,
            value,
        )
        return self.wait()

    def choose_style(self, name: str) -> str:
        """Click on a style in the strip, wait, and return what the page says."""
        (radio,) = self.driver.find_elements(By.CSS_SELECTOR, f"[name=style][value='{name}']")
        self.driver.execute_script("arguments[0].click()", radio)
        return self.wait()

    def give(self, file: Path, control: str = "file") -> None:
        """Choose a file: a photo, or with control "own" a style."""
        self.find(control).send_keys(str(file.resolve()))

    def open_photo(self, file: Path) -> str:
        """Choose a photo, wait until it is painted, and return what the page says."""
        self.driver.execute_script("document.documentElement.dataset.state = 'asked'")
        self.give(file)
        return self.wait()

    def picture(self, canvas: str = "painted") -> np.ndarray:
        """Levels (H, W, 4) of the painted picture, or of the photo."""
        url = self.driver.execute_script(f"return document.getElementById('{canvas}').toDataURL()")
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
            return np.asarray(image.convert("RGBA")).astype(int)

    def errors(self) -> list[str]:
        """What the browser complained of since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@contextmanager
def chromium(
    *flags: str,
    size: tuple[int, int] = (1280, 900),
    dark: bool = False,
    downloads: Path | None = None,
) -> Generator[PageInBrowser, None, None]:
    """A browser of its own; `size` is that of the page's view in pixels.

    Raises:
        FileNotFoundError: no Chromium or no driver here.
    """
    binary, driver_path = find_chromium(), shutil.which(DRIVER)
    if binary is None or driver_path is None:
        raise FileNotFoundError(f"install {NAMES[0]} and {DRIVER}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(binary)
    for flag in (*FLAGS, *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if downloads:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    try:
        view = {
            "width": size[0],
            "height": size[1],
            "deviceScaleFactor": 1,
            "mobile": size[0] < 600,
        }
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield PageInBrowser(driver)
    finally:
        driver.quit()
