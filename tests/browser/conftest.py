"""A headless Chromium for the report, or the reason why there is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.report.html import render_html
from tests.browser.devtools import Page, find_chromium
from tests.unit.report import runs


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample reports as files."""
    folder = tmp_path_factory.mktemp("reports")
    paths = {}
    for name, build in runs.ALL.items():
        paths[name] = folder / f"{name}.html"
        paths[name].write_bytes(render_html(build()))
    return paths


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for a module."""
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium, google-chrome or chrome on PATH: the report was not opened in a browser")
    page = Page(program=program, profile=tmp_path_factory.mktemp("profile"))
    try:
        yield page
    finally:
        page.close()


@pytest.fixture
def page(chromium: Page) -> Page:
    """The browser in its usual state: 1280 pixels, light, JavaScript on."""
    chromium.call("Emulation.setEmulatedMedia", media="", features=[])
    chromium.scripts(enabled=True)
    chromium.size(1280)
    return chromium
