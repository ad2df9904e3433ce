"""The command `scan` as a person meets it: on the embedded market, and against gateways that have nothing to show."""

import json
import logging

import pytest
from attrs import evolve
from loguru import logger
from typer.testing import CliRunner, Result

from gamma_scalper import cli
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.pipeline.book import BookParameters, UnderlyingParameters
from gamma_scalper.pricing.parameters import PricingParameters
from gamma_scalper.risk.parameters import RiskParameters, StructureParameters
from gamma_scalper.strategies.straddle_selection import SelectionParameters
from gamma_scalper.system import Config, SystemParameters

MARKET = "gbm:sigma=0.2,symbol=KO,spot=60,step=60"  # few expiries and strikes
BOOK = BookParameters(
    "ko",
    underlying=UnderlyingParameters(symbol="KO"),
    pricing=PricingParameters(model="lattice"),
    risk=RiskParameters(structure=StructureParameters(min_dte=21, max_dte=35, moneyness_pct=5.0)),
    selection=SelectionParameters(strikes_per_expiry=4),
)


@pytest.fixture(autouse=True)
def restore_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logger.remove()
    root.handlers[:] = handlers
    root.setLevel(level)


def scan(tmp_path, *words: str, book: BookParameters = BOOK) -> Result:
    def loader(overrides: list[str]) -> Config:
        return Config(SystemParameters(market=MARKET, state_dir=tmp_path), {book.name: book}, {})

    return CliRunner(env={"COLUMNS": None}).invoke(cli.app, ["scan", *words], obj=loader)  # a pipe is as wide as needed


def test_the_ranking_is_a_table_with_the_best_first(tmp_path):
    ran = scan(tmp_path, "--book", "ko", "--top", "3")
    assert ran.exit_code == 0, ran.output
    assert "book ko: KO at " in ran.stdout and "score" in ran.stdout
    rows = [line.split("│") for line in ran.stdout.splitlines() if line.count("│") > 8]
    scores = [float(row[-2]) for row in rows]
    assert [row[1].strip() for row in rows] == ["1", "2", "3"] and scores == sorted(scores)
    assert f"KO {rows[0][2].strip()} {rows[0][3].strip()} is the best of" in " ".join(ran.stdout.split())


def test_json_has_every_straddle_with_its_reason_and_the_table_is_of_the_same(tmp_path):
    picky = evolve(BOOK, selection=evolve(BOOK.selection, min_open_interest=1_500))
    ran = scan(tmp_path, "--json", book=picky)
    shown = json.loads(ran.stdout)
    assert shown["schema"] == "scan/1"
    (found,) = shown["books"]
    assert found["ranked"] and found["excluded"], "the seed is one where both are shown"
    best = found["ranked"][0]
    assert best["score"] == pytest.approx((-best["theta_per_day"] + best["spread"] / 2) / best["gamma"])
    assert 21 <= best["days"] <= 35 and best["open_interest"] >= 1_500
    for each in found["excluded"]:
        assert each["filter"] == "open interest below 1500" and each["open_interest"] < 1_500
    text = scan(tmp_path, "--all", book=picky).stdout
    for each in (*found["ranked"], *found["excluded"]):
        assert any(each["expiry"] in line and f" {float(each['strike']):g} " in line for line in text.splitlines())
    assert text.count("open interest below 1500") == len(found["excluded"])


def test_nothing_that_passes_ends_with_the_reason_and_its_exit_code(tmp_path):
    ran = scan(tmp_path, book=evolve(BOOK, selection=evolve(BOOK.selection, max_spread=0.001)))
    assert ran.exit_code == ExitCode.NOTHING_TRADABLE
    assert "book ko: no straddle passes: " in ran.stderr and "spread wider than $0.001" in ran.stderr
    assert "excluded for" in ran.stdout


def test_a_symbol_nobody_knows_is_one_line(tmp_path):
    ran = scan(tmp_path, book=evolve(BOOK, underlying=UnderlyingParameters(symbol="XYZ")))
    assert isinstance(ran.exception, UserError) and ran.exception.exit_code is ExitCode.NOTHING_TRADABLE
    assert "XYZ" in str(ran.exception) and "books/ko.toml" in str(ran.exception)
