"""Takes the pictures of docs/images from a running demo: python -m tests.browser.screenshots [URL] [DIRECTORY]."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.driving import chromium, sign_in

PASSWORD = "trialops-demo"
STUDY = "/studies/NCT03464916/"
LOOKS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "device_scale_factor": 2},
}


def pages_to_show(page: Page, base: str) -> dict[str, str]:
    """Name of the picture to address; subjects of several kinds are found through the site's own list."""
    shown = {"overview": STUDY, "site": f"{STUDY}sites/JAX/", "status": f"{STUDY}sites/JAX/status/", "mail": "/demo/mail/"}
    for name, query in {"subject-undetermined": "state=in_screening", "subject-eligible": "state=eligible",
                        "subject-failed": "state=screen_failed"}.items():  # fmt: skip
        page.goto(f"{base}{STUDY}sites/JAX/?{query}")
        link = page.locator("table a[href^='/subjects/']").last
        shown[name] = link.get_attribute("href") or ""
    shown["observation"] = shown["subject-undetermined"] + "facts/observation/new/?fact=hemoglobin"
    shown["screen-fail"] = shown["subject-undetermined"] + "actions/screen-fail/"
    shown["admin"] = "/admin/"
    return shown


def take(browser: Browser, base: str, directory: Path, only: set[str]) -> None:
    for look, options in LOOKS.items():
        context = browser.new_context(locale="en-US", **options)  # type: ignore[arg-type]
        page = context.new_page()
        if not only or "sign-in" in only:
            page.goto(f"{base}/sign-in/")
            page.screenshot(path=directory / f"sign-in-{look}.png")
        sign_in(page, base, "manager", PASSWORD)
        for name, address in pages_to_show(page, base).items():
            if only and name not in only:
                continue
            page.goto(base + address)
            page.screenshot(path=directory / f"{name}-{look}.png", full_page=True)
        context.close()


def main() -> None:
    base = (sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000").rstrip("/")
    directory = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images")
    directory.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        take(browser, base, directory, set(sys.argv[3:]))


if __name__ == "__main__":
    main()
