"""Bodies kept in a process: right for one data version and one day, and bounded in size."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from trialops.api.kept import Body, KeptBodies, day_bounds

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)


def body(content: bytes = b"{}", version: int = 1) -> Body:
    return Body(content, "application/json", version, NOW, NOW + timedelta(hours=1))


def test_a_body_is_found_only_in_its_version_and_before_the_next_midnight() -> None:
    kept = KeptBodies()
    kept.put("question", body())
    assert kept.get("question", data_version=1, now=NOW) is not None
    assert kept.get("question", data_version=2, now=NOW) is None
    assert kept.get("question", data_version=1, now=NOW + timedelta(hours=1)) is None
    assert kept.get("another", data_version=1, now=NOW) is None


def test_the_bodies_not_asked_for_longest_go_first() -> None:
    kept = KeptBodies(largest_total=10)
    for name in "abc":
        kept.put(name, body(b"1234"))
        kept.get("a", data_version=1, now=NOW)
    found = {name for name in "abc" if kept.get(name, data_version=1, now=NOW)}
    assert found == {"a", "c"}
    kept.put("too large", body(b"x" * 11))
    assert kept.get("too large", data_version=1, now=NOW) is None


def test_a_body_put_again_takes_its_place_once() -> None:
    kept = KeptBodies(largest_total=10)
    for version in range(9):
        kept.put("a", body(b"1234", version))
    kept.put("b", body(b"1234"))
    assert kept.get("a", data_version=8, now=NOW) is not None


def test_a_day_ends_at_the_soonest_midnight_of_any_site() -> None:
    zones = [ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")]
    began, ends = day_bounds(zones, NOW)
    assert (began, ends) == (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 5, tzinfo=UTC))
    assert day_bounds([], NOW) == (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))


def test_equal_bytes_of_another_media_type_have_another_digest() -> None:
    table = Body(b"{}", "text/csv", 1, NOW, NOW)
    assert table.digest != body().digest
