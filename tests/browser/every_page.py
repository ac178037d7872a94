"""Every page that a role reaches by links, in every look: python -m tests.browser.every_page URL [DIRECTORY].

The demo must be running at URL. A page is loaded once and then shown in each look: what axe finds, what the console
says, and whether it scrolls sideways. With a directory each look is kept as a picture too. ROLES="manager monitor"
takes some roles only.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import django
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Browser, Error, Page, Response

from tests.browser.driving import Complaints, chromium, no_sideways_scrolling, sign_in, violations
from tests.browser.screenshots import top_of

LOOKS = {
    "desktop": (1280, 900, "light"), "desktop-dark": (1280, 900, "dark"),
    "phone": (360, 800, "light"), "phone-dark": (360, 800, "dark"),
}  # fmt: skip
ROLES = ("anonymous", "manager", "pi-jax", "coordinator", "monitor", "sponsor")
PASSWORD = "trialops-demo"
STUDY = "/studies/NCT03464916/"
STARTS = (
    "/", "/studies/", f"{STUDY}?change=JAX", f"{STUDY}?as_of=2025-06-01", f"{STUDY}?q=nothing", f"{STUDY}?as_of=x",
    f"{STUDY}pictures/?as_of=2025-06-01", f"{STUDY}pictures/?site=JAX", f"{STUDY}compare/?from=x&to=2025-06-01",
    f"{STUDY}sites/JAX/?as_of=2025-06-01", f"{STUDY}persons/enrolled/?as_of=2025-06-01", "/nothing/here/",
)  # fmt: skip
"""What no link leads to; the rest is found by following links, and by the addresses without a variable."""
FILES = re.compile(r"\.(csv|svg|json|xml|xlsx|ics|yaml|xpt|zip|png)$")
NO_PAGES = re.compile(
    r"^/(static|healthz|api/v1|admin/jsi18n|admin/autocomplete)|^/metrics|/(live|progress)/$|sign-out|logout"
)
NOT_A_PAGE = ("Download is starting", "ERR_ABORTED", "ERR_HTTP_RESPONSE_CODE_FAILURE")
"""How the browser says that it got a file, or an answer without a body."""
OPEN = re.compile(r"^/(sign-in|password|account|nothing)")
"""What somebody who has not signed in may see; every other address leads to the sign-in."""
SHAPING = {"as_of", "change", "site", "q", "fact", "version"}
"""What in a query makes another page of the same address."""


@dataclass
class Findings:
    """What was looked at, and what is wrong with it."""

    looked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def wrong_in(page: Page, looks: Iterable[str], *, kept: Path | None = None) -> Iterator[str]:
    """What is wrong with the page as it stands, look by look; colours on their way to others are not looked at."""
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; }")
    for name in looks:
        width, height, scheme = LOOKS[name]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        yield from (f"{name}: {each}" for each in violations(page))
        if not no_sideways_scrolling(page):
            yield f"{name}: scrolls sideways"
        if kept is not None:
            page.screenshot(path=kept.with_name(f"{kept.name}-{name}.png"), full_page=True, clip=top_of(page))


def shape_of(address: str) -> str:
    """Addresses of one shape show the same page with other data."""
    path, _, query = address.partition("?")
    try:
        route = resolve(path).route
    except Resolver404:
        route = "(no page)"
    asked = sorted({part.partition("=")[0] for part in query.split("&")} & SHAPING)
    return route + ("?" + "&".join(asked) if asked else "")


def fixed_addresses() -> list[str]:
    """The addresses without a variable."""
    return sorted("/" + route for route in _routes(get_resolver().url_patterns) if not re.search(r"[<^$(\\]", route))


def _routes(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def is_page(address: str) -> bool:
    path = address.partition("?")[0]
    return not FILES.search(path) and not NO_PAGES.search(path)


def links_of(page: Page, base: str) -> Iterator[str]:
    found = page.evaluate("[...document.querySelectorAll('a[href]:not([download])')].map((link) => link.href)")
    for address in found:
        plain = urldefrag(address)[0]
        if plain.startswith(base + "/"):
            split = urlsplit(plain)
            yield split.path + (f"?{split.query}" if split.query else "")


@dataclass
class Walk:
    """One role's way through the product: one page of each shape that it reaches."""

    base: str
    role: str
    page: Page
    complaints: Complaints
    directory: Path | None = None
    seen: set[str] = field(default_factory=set)
    findings: Findings = field(default_factory=Findings)

    def go(self) -> Findings:
        waiting = [*STARTS, *fixed_addresses()]
        if self.role == "anonymous":
            waiting = [address for address in waiting if OPEN.match(address)]
        while waiting:
            address = waiting.pop(0)
            shape = shape_of(address)
            if shape not in self.seen and is_page(address):
                self.seen.add(shape)
                waiting.extend(self._look_at(address, shape))
        return self.findings

    def _look_at(self, address: str, shape: str) -> list[str]:
        """Note what is wrong with the page at an address, if it is one; the links that it has."""
        self.complaints.said.clear()
        answer = self._opened(address)
        if answer is None or not answer.headers.get("content-type", "").startswith("text/html"):
            return []
        landed = shape_of(urlsplit(self.page.url).path)
        if landed != shape.partition("?")[0]:
            if landed in self.seen:
                return []
            self.seen.add(landed)
            shape = landed
        links = list(links_of(self.page, self.base))
        meant = f"{answer.status} ("  # the browser's own line about an answer that is meant to be an error
        said = [each for each in self.complaints.said if meant not in each and "405 (" not in each]
        if answer.status >= 500:
            said.append(f"status {answer.status}")
        name = re.sub("[^a-z0-9]+", "-", f"{self.role} {shape}".lower()).strip("-")
        kept = None if self.directory is None else self.directory / name
        wrong = [*wrong_in(self.page, LOOKS, kept=kept), *said]
        self.findings.wrong += [f"{self.role} {address}: {each}" for each in wrong]
        self.findings.looked.append(f"{self.role} {answer.status} {address}")
        print(self.findings.looked[-1], *wrong, sep="\n  ", file=sys.stderr, flush=True)
        return links

    def _opened(self, address: str) -> Response | None:
        try:
            return self.page.goto(self.base + address)
        except Error as error:
            if not any(meant in error.message for meant in NOT_A_PAGE):
                self.findings.wrong.append(f"{self.role} {address}: {error.message.splitlines()[0]}")
            self._leave()
            return None

    def _leave(self) -> None:
        """Go on in a new page: the browser's own one about the error may still be on its way."""
        fresh = self.page.context.new_page()
        self.complaints.listen(fresh)
        self.page.close()
        self.page = fresh


def walked(browser: Browser, base: str, role: str, directory: Path | None) -> Findings:
    context = browser.new_context(locale="en-US", bypass_csp=True)  # axe is a script
    page, complaints = context.new_page(), Complaints(own=base)
    complaints.listen(page)
    if role != "anonymous":
        sign_in(page, base, role, PASSWORD)
    try:
        return Walk(base, role, page, complaints, directory).go()
    finally:
        context.close()


def main() -> int:
    base = sys.argv[1].rstrip("/")
    directory = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialops.settings")
    os.environ.setdefault("TRIALOPS_DEMO", "true")
    django.setup()
    pages = wrong = 0
    for role in os.environ.get("ROLES", " ".join(ROLES)).split():
        with chromium() as browser:
            findings = walked(browser, base, role, directory)
        for each in findings.wrong:
            print(f"  {each}")
        print(f"{role}: {len(findings.looked)} pages in {len(LOOKS)} looks, {len(findings.wrong)} findings", flush=True)
        pages += len(findings.looked)
        wrong += len(findings.wrong)
    print(f"all: {pages} pages in {len(LOOKS)} looks, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
