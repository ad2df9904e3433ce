"""What the doctor finds wrong, what it says then, and how the program ends."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from served import a_free_port, a_port_that_hangs_up, a_port_that_says_nothing, gateway_on_a_port

from gamma_scalper.broker.ib.parameters import BackoffParameters, IbParameters, TimeoutParameters
from gamma_scalper.commands.doctor import (
    Finding,
    Verdict,
    calendar,
    clock_skew,
    examine,
    lines,
    market_data,
    state_directory,
    worst,
)
from gamma_scalper.domain.exits import ExitCode
from gamma_scalper.domain.instruments import Stock
from gamma_scalper.domain.ports import Condition
from gamma_scalper.domain.quotes import DataType, Quote
from gamma_scalper.domain.sessions import SessionParameters, exchange_sessions
from gamma_scalper.gateway.parameters import GatewayParameters
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.system import SystemParameters

MONDAY = date(2026, 1, 5)
NOON = datetime.fromisoformat("2026-01-05T17:00:00Z")
SPY_BOOK = BookParameters("spy", session=SessionParameters(option_close_delay_min=15))
IMPATIENT = IbParameters(
    timeouts=TimeoutParameters(connect_s=0.2), backoff=BackoffParameters(first_s=0.1, give_up_s=0.3)
)


def found(
    system: SystemParameters, tmp_path: Path, confirmed: str | None = None, patience: IbParameters = IbParameters()
) -> dict[str, Finding]:
    """check -> finding, as the command makes them."""
    seen: list[Finding] = []
    system = evolve(system, state_dir=tmp_path, ib=patience)
    findings = examine(system, {"spy": SPY_BOOK}, confirmed, seen.append)
    assert findings == seen
    return {finding.check: finding for finding in findings}


def at(port: int, host: str = "127.0.0.1", **more: object) -> SystemParameters:
    return SystemParameters(gateway=f"{host}:{port}", **more)


# -- against what is configured ----------------------------------------------------------------------------------------


def test_the_embedded_gateway_passes_every_check(tmp_path):
    findings = found(SystemParameters(), tmp_path)
    assert list(findings) == [
        "state directory", "connection", "clock", "contracts spy", "calendar spy", "market data SPY",
        "market-data lines", "what-if spy",
    ]  # fmt: skip
    assert {each.verdict for each in findings.values()} == {Verdict.GOOD}, findings
    assert worst(list(findings.values())) is ExitCode.OK


@pytest.mark.parametrize(
    ("listening", "told"),
    [
        (a_free_port, "nothing listens at 127.0.0.1"),
        (a_port_that_hangs_up, "closed the connection; enable its API"),
        (a_port_that_says_nothing, "does not answer"),
    ],
)
def test_a_broker_that_is_not_there_is_told_with_the_remedy(tmp_path, listening, told):
    with listening() as port:
        findings = found(at(port), tmp_path, patience=IMPATIENT)
    connection = findings["connection"]
    assert told in connection.found and "\n" not in connection.found
    assert worst(list(findings.values())) is ExitCode.BROKER_UNREACHABLE
    assert list(findings)[-1] == "connection", "nothing is asked of a broker that is not there"


def test_a_wrong_host_is_told(tmp_path):
    findings = found(at(7497, "no.such.host.invalid"), tmp_path, patience=IMPATIENT)
    assert "there is no host 'no.such.host.invalid'" in findings["connection"].found
    assert worst(list(findings.values())) is ExitCode.BROKER_UNREACHABLE


def test_over_tcp_a_read_only_set_up_asks_no_what_if_and_a_trading_one_does(tmp_path):
    with gateway_on_a_port() as port:
        reading = found(at(port), tmp_path)
        trading = found(at(port, paper_fills="broker"), tmp_path)
    assert reading["what-if spy"].verdict is Verdict.NOT_ASKED and "order call" in reading["what-if spy"].found
    assert trading["what-if spy"].verdict is Verdict.GOOD, trading["what-if spy"]
    assert reading["market data SPY"].verdict is trading["market data SPY"].verdict is Verdict.GOOD
    assert reading["clock"].verdict is Verdict.WARNING, "the market has a time of its own"
    assert "2026-01-1" in reading["contracts spy"].found, "and its options expire by that"


def test_the_wrong_account_ends_with_what_to_correct(tmp_path):
    with gateway_on_a_port(("DU7654321", "U1111111")) as port:
        unknown = found(at(port, account="DU99999", paper_fills="broker"), tmp_path)
        several = found(at(port, paper_fills="broker"), tmp_path)
        of_live = found(at(port, account="U1111111", paper_fills="broker"), tmp_path)
        of_paper = found(at(port, mode="live", live_account="DU7654321"), tmp_path, "DU7654321")
    for findings, told in (
        (unknown, "has no account"),
        (several, "several accounts"),
        (of_live, "is a live account and paper is wanted"),
        (of_paper, "is a paper account and live is wanted"),
    ):
        assert told in findings["connection"].found
        assert worst(list(findings.values())) is ExitCode.CONFIGURATION
        assert not any(account in findings["connection"].found for account in ("DU7654321", "U1111111", "DU99999"))


def test_live_mode_is_read_only_until_the_account_is_confirmed(tmp_path):
    with gateway_on_a_port(("U1111111",)) as port:
        live = at(port, mode="live", live_account="U1111111")
        unconfirmed, confirmed = found(live, tmp_path), found(live, tmp_path, "U1111111")
    assert unconfirmed["what-if spy"].verdict is Verdict.NOT_ASKED
    assert confirmed["what-if spy"].verdict is Verdict.GOOD


def test_a_closed_market_is_told(tmp_path):
    with gateway_on_a_port(after_open=timedelta(hours=8), step_s=60) as port:
        findings = found(at(port), tmp_path)
    assert "closed" in findings["market data SPY"].found
    assert worst(list(findings.values())) is ExitCode.NOTHING_TRADABLE


@pytest.mark.parametrize(("data", "told"), [("none", "354: "), ("delayed", "10089: ")])
def test_missing_permission_for_market_data_is_told(tmp_path, data, told):
    with gateway_on_a_port(parameters=GatewayParameters(data=data)) as port:
        findings = found(at(port), tmp_path)
    assert told in findings["market data SPY"].found and "buy" in findings["market data SPY"].remedy
    assert worst(list(findings.values())) is ExitCode.NEEDS_A_PERSON


# -- one check at a time -----------------------------------------------------------------------------------------------


def test_a_state_folder_that_can_t_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    finding = state_directory(tmp_path / "file" / "paper")
    assert (finding.verdict, finding.exit_code) == (Verdict.PROBLEM, ExitCode.CONFIGURATION)
    assert "STATE_DIR" in finding.remedy
    assert state_directory(tmp_path / "new").verdict is Verdict.GOOD and (tmp_path / "new").is_dir()


@pytest.mark.parametrize(
    ("skew", "verdict"), [(0.4, Verdict.GOOD), (-0.9, Verdict.GOOD), (-1.5, Verdict.WARNING), (None, Verdict.WARNING)]
)
def test_clocks_may_differ_by_a_second(skew, verdict):
    assert clock_skew(skew).verdict is verdict


def test_the_broker_s_hours_are_held_against_the_book_s():
    def share(calendar_code: str, delay_min: int = 0) -> Stock:
        hours = exchange_sessions(calendar_code, MONDAY, MONDAY + timedelta(days=5), delay_min)
        return Stock(con_id=1, symbol="SPY", liquid_hours=hours)

    assert calendar(SPY_BOOK, share("XNYS"), None, MONDAY).verdict is Verdict.GOOD
    assert "XNYS says" in calendar(SPY_BOOK, share("XLON"), None, MONDAY).found
    assert calendar(SPY_BOOK, Stock(con_id=1, symbol="SPY"), None, MONDAY).verdict is Verdict.WARNING


def quote(con_id: int, data_type: DataType = DataType.LIVE) -> Quote:
    return Quote(con_id=con_id, snapshot_id=1, bid=1.0, ask=1.1, received_at=NOON, data_type=data_type)


def test_market_data_is_good_only_if_every_contract_is_quoted_live():
    both = {1: Condition(), 2: Condition()}
    assert market_data("SPY", {1: quote(1), 2: quote(2)}, both, True).verdict is Verdict.GOOD
    assert market_data("SPY", {1: quote(1)}, both, True).exit_code is ExitCode.NOTHING_TRADABLE
    assert "delayed" in market_data("SPY", {1: quote(1), 2: quote(2, DataType.DELAYED)}, both, True).found
    refused = market_data("SPY", {1: quote(1)}, both | {2: Condition(frozen="354: not subscribed")}, True)
    assert (refused.exit_code, refused.found) == (ExitCode.NEEDS_A_PERSON, "354: not subscribed")


def test_lines_that_were_refused_are_a_problem():
    assert lines(21, "", 3).verdict is Verdict.GOOD
    assert lines(21, "101: Max number of tickers has been reached", 3).verdict is Verdict.PROBLEM


def test_the_worst_finding_is_the_exit_code_and_warnings_are_none():
    fine, odd = Finding("a", Verdict.GOOD, ""), Finding("b", Verdict.WARNING, "")
    bad = Finding("c", Verdict.PROBLEM, "", exit_code=ExitCode.NEEDS_A_PERSON)
    assert worst([fine, odd]) is ExitCode.OK
    assert worst([fine, odd, bad]) is ExitCode.NEEDS_A_PERSON
