import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve
from soaking.measures import MAY_GROW, Reading, growths, read, settled, slope
from soaking.month import FIRST_HALF_ONLY, drawn_month
from soaking.soak_report import MARK, write_month
from soaking.soaked import Soaked, broken_links, broken_rules, played_in
from staging.plan import Mishap, Trouble
from staging.play import Played

from gamma_scalper.domain.fills import Fill

BEFORE_A_NIGHT = datetime(2026, 1, 13, 20, 36, tzinfo=UTC)
EVENING, NIGHT_S = 24.0, 17.45 * 3600
TWO_DAYS = evolve(
    drawn_month(1),
    start=BEFORE_A_NIGHT,
    minutes=EVENING + 8,
    troubles=[Trouble(EVENING - 0.2, Mishap.PERSON_STOPS, NIGHT_S)],  # nights cost more than days
)
FILES = {"journal.db": 1_000_000, "journal.db-wal": 4_000_000, "inbox.db": 4_096, "day cache": 17_000, "files": 7}


def test_two_days_are_measured_and_audited_and_what_is_taken_away_is_missed(tmp_path: Path) -> None:
    readings: list[Reading] = []
    played = played_in(tmp_path, TWO_DAYS, readings.append)
    first, second = readings
    assert (first.day, second.day, first.life < second.life) == (1, 2, True)
    assert 0 < first.rows < second.rows <= len(played.rows)
    assert first.objects["pipeline.house.TradingHouse"] and first.entries["broker.ib.orders.Orders._refs"]
    assert first.files["journal.db"] > 0 and first.files["day cache"] > 0 and first.rss_bytes > 10_000_000
    assert played.world.executions
    assert list(broken_rules(played)) == []
    assert list(broken_links(tmp_path, TWO_DAYS.every_s)) == []

    assert any("unknown to the journal" in each for each in broken_rules(_without_a_fill(played)))
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("UPDATE event SET payload = replace(payload, 'SPY', 'SPX') WHERE kind = 'Fill'")
        connection.commit()
    assert any("hash chain" in each or "followed" in each for each in broken_links(tmp_path, TWO_DAYS.every_s))


def _without_a_fill(played: Played) -> Played:
    fill = next(row for row in played.rows if isinstance(row.entry, Fill))
    return evolve(played, rows=[row for row in played.rows if row is not fill])


def test_what_a_collection_of_ours_has_gathered_is_counted(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("CREATE TABLE event (seq)")
    hoard = type("Hoard", (), {"__module__": "gamma_scalper.attic"})()
    hoard.kept = [str(number) for number in range(1_000)]
    reading = read(tmp_path, 1, 1, 0.0)
    assert (reading.objects["attic.Hoard"], reading.entries["attic.Hoard.kept"]) == (1, 1_000)


def _reading(day: int, *, life: int = 1, rss: int = 300_000_000, **entries: int) -> Reading:
    counted: Mapping[str, int] = {"Desk.orders": 500 + day % 2, **entries}
    return Reading(
        day=day, life=life, rss_bytes=rss, objects={"Desk": 2}, entries=counted, theirs=0, files=FILES, rows=4_000 * day
    )


def _soaked(readings: list[Reading]) -> Soaked:
    return Soaked(
        month=drawn_month(1), readings=readings, violations=(), lives={"ok": 1}, orders=1, fills=1, kinds={"Marked": 9}
    )


def test_what_grows_from_day_to_day_is_named_and_is_not_flat() -> None:
    still = [_reading(day) for day in range(1, 11)]
    assert _soaked(still).is_flat
    assert _soaked(still).a_day(lambda each: each.rows) == pytest.approx(4_000)
    grows = _soaked([_reading(day, hoard=20 * day) for day in range(1, 11)])
    assert [(each.what, each.a_day) for each in grows.growths] == [("hoard", pytest.approx(20))]
    assert not grows.is_flat
    assert not _soaked([_reading(day, rss=day * 1_000_000) for day in range(1, 11)]).is_flat
    logged = [evolve(each, files={**FILES, "journal.db-wal": each.day * 1_000_000}) for each in still]
    assert [each.what for each in _soaked(logged).growths] == ["journal.db-wal"]
    allowed = next(iter(MAY_GROW))
    named = _soaked([_reading(day, **{allowed: 20 * day}) for day in range(1, 11)])
    assert named.is_flat and [each.what for each in named.growths] == [allowed]


def test_a_process_that_did_not_live_for_days_shows_nothing() -> None:
    restarted = [_reading(day, life=day) for day in range(1, 11)]
    assert not settled(restarted) and not growths(restarted)
    assert _soaked(restarted).a_day(lambda each: each.rows) is None
    assert not _soaked(restarted).is_flat


def test_a_slope_is_that_of_the_nearest_line() -> None:
    assert slope([(1, 2.0), (2, 4.5), (3, 5.5), (4, 8.0)]) == pytest.approx(1.9)
    assert slope([(3, 1.0)]) == 0


def test_a_month_has_about_two_troubles_a_day_and_lets_the_second_half_live() -> None:
    month = drawn_month(3)
    assert 1.5 * 21 <= len(month.troubles) <= 3 * 21
    late = [each.kind for each in month.troubles if each.minute > month.minutes / 2 + 390]
    assert late and not set(late) & set(FIRST_HALF_ONLY)
    assert [month.minute_of(each) for each in month.ends_of_days] == [390.0 * day for day in range(1, 22)]
    assert all(month.minute_of(month.moment(each.minute)) == pytest.approx(each.minute) for each in month.troubles)


def test_the_report_replaces_itself_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARK}\nold\n<!-- end -->\nafter\n")
    for _ in range(2):
        write_month(_soaked([_reading(day, hoard=20 * day) for day in range(1, 11)]), page)
        text = page.read_text()
        assert text.startswith(f"before\n{MARK}\n**10 days of seed 1") and text.endswith("<!-- end -->\nafter\n")
        assert "`hoard`: +20.0 a day" in text and "old\n" not in text
