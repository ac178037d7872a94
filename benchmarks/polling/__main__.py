"""`python -m benchmarks.polling`: fill studies, start each web server in turn, and print a table of each."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from benchmarks.polling.data import Filled

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.polling.settings")


@dataclass(frozen=True)
class Contender:
    """What is asked, and of what its requests a second are told as a ratio."""

    name: str
    path: str
    token: str = ""
    unchanged: bool = False
    against: str = "constant Django view"
    once: bool = False
    """Asked once only: many at once would still be counting while the next row is measured."""


def contenders(studies: "dict[str, Filled]", large_bytes: int) -> Iterator[Contender]:
    small, large = studies["small"], studies["large"]
    yield Contender("constant Django view", "/bench/constant/small/")
    yield Contender("constant DRF view", "/bench/drf/")
    yield Contender("plain DRF 304", f"/bench/plain/{small.registry_id}/", small.token, unchanged=True)
    for name in ("small", *(name for name in studies if name.startswith("deep"))):
        study = studies[name]
        about = f"{study.sites} sites, {study.subjects:,} subjects"
        yield Contender(f"304, {about}", _enrollment(study), study.token, unchanged=True)
        yield Contender(f"200, {about}", _enrollment(study), study.token)
    yield Contender("constant of the size of 1,000 sites", f"/bench/constant/large/?bytes={large_bytes}")
    yield Contender(
        f"200, {large.sites:,} sites", _enrollment(large), large.token, against="constant of the size of 1,000 sites"
    )
    yield Contender(f"304, {large.sites:,} sites", _enrollment(large), large.token, unchanged=True)
    for name in ("small", *(name for name in studies if name.startswith("deep"))):
        study = studies[name]
        yield Contender(
            f"GROUP BY, {study.subjects:,} subjects",
            f"/bench/group-by/{study.registry_id}/",
            study.token,
            once=True,
        )


def _enrollment(study: "Filled") -> str:
    return f"/api/v1/studies/{study.registry_id}/enrollment/"


def main() -> None:
    arguments = _arguments()
    django.setup()
    from benchmarks.polling.data import fill  # models need the set-up

    studies = {"small": fill("NCT90000001", sites=2, subjects=1000)}
    for number, subjects in enumerate(arguments.subjects, 3):
        studies[f"deep {subjects}"] = fill(f"NCT9000000{number}", sites=2, subjects=subjects)
    studies["large"] = fill("NCT90000002", sites=1000, subjects=20000)
    print("\n| study | state rows | counts filled in s |\n|---|---:|---:|")
    for study in studies.values():
        print(f"| {study.sites:,} sites, {study.subjects:,} subjects | {study.rows:,} | {study.seconds_to_fill:.1f} |")
    from benchmarks.polling.load import free_port, servers, serving

    log = Path(os.environ["TRIALOPS_STATE_DIR"]) / "bench-api.log"
    for name in servers(0):
        if arguments.servers and not any(wanted in name for wanted in arguments.servers):
            continue
        port = free_port()
        with serving(servers(port)[name], port, log) as process:
            _measure(name, port, studies, process, arguments)


def _measure(server: str, port: int, studies: "Mapping[str, Filled]", process: object, arguments: object) -> None:
    from benchmarks.polling.load import fetch, load, once

    base = f"http://127.0.0.1:{port}"
    large = studies["large"]
    _, _, body = fetch(base + _enrollment(large), {"Authorization": f"Bearer {large.token}"})
    fetch(f"{base}/bench/constant/large/?bytes={len(body)}", {})
    for connections in arguments.connections:  # type: ignore[attr-defined]
        load_now = os.getloadavg()[0]
        print(f"\n**{server}, {connections} connections** (load of the machine before: {load_now:.1f})\n")
        print("| what | requests/s | of the constant | p50 ms | p99 ms | server's CPU ms | errors |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        rates: dict[str, float] = {}
        for each in contenders(dict(studies), len(body)):
            headers = {"Authorization": f"Bearer {each.token}"} if each.token else {}
            if each.unchanged:
                headers["If-None-Match"] = fetch(base + each.path, headers)[1]["ETag"]
                if fetch(base + each.path, headers)[0] != 304:
                    raise SystemExit(f"{each.name} does not answer 304.")
            ask = once if each.once else load
            found = ask(
                base + each.path, headers, connections=connections,
                seconds=arguments.seconds, server=process,  # type: ignore[attr-defined, arg-type]
            )  # fmt: skip
            rates[each.name] = found.per_second
            ratio = found.per_second / rates[each.against]
            print(
                f"| {each.name} | {found.per_second:,.1f} | {ratio:.3f} | {found.p50_ms:.2f} | {found.p99_ms:.2f} "
                f"| {found.cpu_ms:.2f} | {found.errors} |"
            )
            sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--subjects", type=int, nargs="*", default=[1_000_000], help="Sizes beside 1,000 subjects.")
    parser.add_argument("--seconds", type=int, default=3, help="For each row.")
    parser.add_argument("--servers", nargs="*", default=[], help="Only those whose names contain one of these.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
