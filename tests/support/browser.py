"""The browser that is installed: Debian's Chromium, or another one like it."""

import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason=f"no browser is installed: {', '.join(BROWSERS)}"
)
