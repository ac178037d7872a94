"""`python -m benchmarks.polling`: fill studies, start each web server in turn, and print a table of each."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import django

from trialops.scope import system_scope

if TYPE_CHECKING:
    import psutil

    from benchmarks.polling.data import Filled
    from benchmarks.polling.load import Measured

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
    with system_scope():
        studies = _filled(arguments.subjects)
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
            if arguments.connections:
                _measure(name, port, studies, process, arguments)
            if arguments.paced:
                _print_paced(name, port, studies["small"], process, arguments.paced)


def _filled(sizes: Sequence[int]) -> "dict[str, Filled]":
    from benchmarks.polling.data import fill  # models need the set-up

    studies = {"small": fill("NCT90000001", sites=2, subjects=1000)}
    for number, subjects in enumerate(sizes, 3):
        studies[f"deep {subjects}"] = fill(f"NCT9000000{number}", sites=2, subjects=subjects)
    studies["large"] = fill("NCT90000002", sites=1000, subjects=20000)
    return studies


def _measure(server: str, port: int, studies: "Mapping[str, Filled]", process: object, arguments: object) -> None:
    from benchmarks.polling.load import fetch, load, once

    base = f"http://127.0.0.1:{port}"
    large = studies["large"]
    _, _, body = fetch(base + _enrollment(large), {"Authorization": f"Bearer {large.token}"})
    fetch(f"{base}/bench/constant/large/?bytes={len(body)}", {})
    asked = list(contenders(dict(studies), len(body)))
    headers = {each: _headers(each, base) for each in asked}
    for connections in arguments.connections:  # type: ignore[attr-defined]
        load_now = os.getloadavg()[0]
        found: dict[Contender, list[Measured]] = {each: [] for each in asked}
        for _ in range(arguments.rounds):  # type: ignore[attr-defined]
            for each in asked:  # in turns, so that whatever else the machine does slows them all alike
                if each.once and found[each]:
                    continue
                found[each].append(
                    (once if each.once else load)(
                        base + each.path, headers[each], connections=connections,
                        seconds=arguments.seconds, server=process,  # type: ignore[attr-defined, arg-type]
                    )
                )  # fmt: skip
        print(f"\n**{server}, {connections} connections** (load of the machine before: {load_now:.1f})\n")
        _print(asked, found)
        sys.stdout.flush()


def _print_paced(server: str, port: int, study: "Filled", process: "psutil.Process", seconds: int) -> None:
    from benchmarks.polling.paced import paced

    asked = Contender("304", _enrollment(study), study.token, unchanged=True)
    base = f"http://127.0.0.1:{port}"
    headers = _headers(asked, base)
    paced(base + asked.path, headers, seconds=2, server=process)  # connections are made and plans kept
    found = paced(base + asked.path, headers, seconds=seconds, server=process)
    print(f"\n**{server}, ten thousand sponsors** (load of the machine: {os.getloadavg()[0]:.1f})\n")
    print("| requests/s | web, % of a core | PostgreSQL | Valkey | p50 ms | p99 ms | errors |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    print(
        f"| {found.per_second:.1f} | {found.web:.1f} | {found.postgres:.1f} | {found.valkey:.1f} "
        f"| {found.p50_ms:.1f} | {found.p99_ms:.1f} | {found.errors} |"
    )


def _headers(contender: Contender, base: str) -> dict[str, str]:
    """What is sent; for a 304 the ETag of the present answer, which is tried."""
    from benchmarks.polling.load import fetch

    headers = {"Authorization": f"Bearer {contender.token}"} if contender.token else {}
    if contender.unchanged:
        headers["If-None-Match"] = fetch(base + contender.path, headers)[1]["ETag"]
        if fetch(base + contender.path, headers)[0] != 304:
            raise SystemExit(f"{contender.name} does not answer 304.")
    return headers


def _print(asked: "Sequence[Contender]", found: "Mapping[Contender, list[Measured]]") -> None:
    """Medians over the rounds; each ratio is the median of the rounds' own ratios."""
    by_name = {each.name: found[each] for each in asked}
    print("| what | requests/s | of the constant | p50 ms | p99 ms | server's CPU ms | errors |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for each in asked:
        measured = found[each]
        ratio = median(
            one.per_second / other.per_second for one, other in zip(measured, by_name[each.against], strict=False)
        )
        print(
            f"| {each.name} | {median(one.per_second for one in measured):,.1f} | {ratio:.3f} "
            f"| {median(one.p50_ms for one in measured):.2f} | {median(one.p99_ms for one in measured):.2f} "
            f"| {median(one.cpu_ms for one in measured):.2f} | {sum(one.errors for one in measured)} |"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--subjects", type=int, nargs="*", default=[1_000_000], help="Sizes beside 1,000 subjects.")
    parser.add_argument("--seconds", type=int, default=3, help="For each row and round.")
    parser.add_argument("--rounds", type=int, default=3, help="How often the rows take turns.")
    parser.add_argument("--servers", nargs="*", default=[], help="Only those whose names contain one of these.")
    parser.add_argument("--paced", type=int, default=10, help="Seconds at the pace of ten thousand sponsors; 0: not.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
