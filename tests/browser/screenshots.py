"""Takes the pictures of docs/images from a running demo: python -m tests.browser.screenshots URL DIRECTORY [all]."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page

from tests.browser.driving import chromium, sign_in

PASSWORD = "trialops-demo"
LONGEST = 1800
STUDY = "/studies/NCT03464916/"
LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "device_scale_factor": 2},
}
KEPT = {
    "desktop-dark": {"overview", "subject-undetermined"},
    "phone": {"overview", "site", "subject-undetermined", "observation"},
    "phone-dark": {"subject-undetermined"},
}
"""Looks of which docs/images keeps a few pages only; `all` as the third argument takes every page in every look."""


def pages_to_show(page: Page, base: str) -> dict[str, str]:
    """Name of the picture to address; subjects of several kinds are found through the site's own list."""
    shown = {
        "overview": STUDY,
        "site": f"{STUDY}sites/JAX/",
        "pictures": f"{STUDY}pictures/",
        "compare": f"{STUDY}compare/",
        "status": f"{STUDY}sites/JAX/status/",
        "mail": "/demo/mail/",
    }
    for name, query in {"subject-undetermined": "state=in_screening", "subject-eligible": "state=eligible",
                        "subject-failed": "state=screen_failed"}.items():  # fmt: skip
        page.goto(f"{base}{STUDY}sites/JAX/?{query}")
        link = page.locator("table a[href^='/subjects/']").last
        shown[name] = link.get_attribute("href") or ""
    shown["observation"] = shown["subject-undetermined"] + "facts/observation/new/?fact=hemoglobin"
    shown["screen-fail"] = shown["subject-undetermined"] + "actions/screen-fail/"
    shown["admin"] = "/admin/"
    return shown


def top_of(page: Page) -> FloatRect:
    """The page from its top, at most LONGEST high: some pages are very long."""
    size = page.evaluate(
        "({width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight})"
    )
    return {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], LONGEST)}


def take(browser: Browser, base: str, directory: Path, *, everything: bool) -> None:
    for look, options in LOOKS.items():
        context = browser.new_context(locale="en-US", **options)  # type: ignore[arg-type]
        page = context.new_page()
        kept = None if everything else KEPT.get(look)
        if kept is None:
            page.goto(f"{base}/sign-in/")
            page.screenshot(path=directory / f"sign-in-{look}.png")
        sign_in(page, base, "manager", PASSWORD)
        for name, address in pages_to_show(page, base).items():
            if kept is not None and name not in kept:
                continue
            page.goto(base + address)
            page.screenshot(path=directory / f"{name}-{look}.png", full_page=True, clip=top_of(page))
        context.close()


def main() -> None:
    base = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000").rstrip("/")
    directory = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images")
    directory.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        take(browser, base, directory, everything="all" in sys.argv[3:])


if __name__ == "__main__":
    main()
