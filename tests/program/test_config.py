"""Settings come from where they were set, are checked before anything happens, and a mistake is one line."""

import re
from pathlib import Path

import pytest

from config import BOOK_KEYS, ROOT, SYSTEM_KEYS, VARIABLES, load_config
from gamma_scalper.commands.manual import config_manual
from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.settings import keys_of, value_at
from gamma_scalper.kernel import Patience
from gamma_scalper.pipeline.book import BookParameters, RingParameters
from gamma_scalper.system import SystemParameters


@pytest.fixture
def root(tmp_path):
    (tmp_path / "books").mkdir()
    write(tmp_path, "books/spy.toml", '[fees]\nschedule = "tiered"\n[ring]\ndrain_s = 3\n')
    write(tmp_path, "books/nvda.toml", '[underlying]\nsymbol = "NVDA"\n')
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text, encoding="utf-8")


def mistake(root: Path, *overrides: str, **environment: str) -> str:
    with pytest.raises(UserError) as caught:
        load_config(overrides, root, environment)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_any_file_everything_is_at_its_default(tmp_path):
    config = load_config((), tmp_path, {})
    assert config.books == {}
    assert config.system == SystemParameters(state_dir=tmp_path / "state")
    assert set(config.origins.values()) == {"default"}


def test_flag_beats_environment_beats_dot_env_beats_book_beats_default(root):
    def drain(*overrides, **environment):
        config = load_config(overrides, root, environment)
        return config.books["spy"].ring.drain_s, config.origins["spy:ring.drain_s"]

    assert load_config((), root, {}).books["nvda"].ring.drain_s == RingParameters().drain_s
    assert drain() == (3, "books/spy.toml")
    write(root, ".env", "RING__DRAIN_S=4\n")
    assert drain() == (4, ".env")
    assert drain(RING__DRAIN_S="5") == (5, "environment")
    assert drain("ring.drain_s=6", RING__DRAIN_S="5") == (6, "--set")
    assert drain("ring.drain_s=6", "spy.ring.drain_s=7", RING__DRAIN_S="5") == (7, "--set")
    assert drain("nvda.ring.drain_s=7") == (4, ".env")


def test_system_settings_come_the_same_way(root):
    write(root, ".env", "MODE=paper\nCLIENT_ID=5\nGATEWAY='127.0.0.1:4002'  # IB Gateway\nACCOUNT=\n")
    config = load_config(("client_id=7",), root, {"CLIENT_ID": "6", "LOG_LEVEL": "DEBUG", "PATH": "/bin", "A__B": "x"})
    system = config.system
    assert (system.client_id, system.gateway, system.account, system.log_level) == (7, "127.0.0.1:4002", "", "DEBUG")
    assert (config.origins["gateway"], config.origins["account"]) == (".env", "default")
    assert load_config((), root, {"CLIENT_ID": "6"}).system.client_id == 6
    assert load_config((), root, {"CLIENT_ID": ""}).system.client_id == 5


def test_the_state_folder_is_below_the_program_and_apart_for_each_mode(root):
    assert load_config((), root, {}).system.mode_dir == root / "state" / "paper"
    assert load_config(("state_dir=~/gs",), root, {}).system.state_dir == Path.home() / "gs"
    absolute = load_config(("state_dir=/var/gs", "mode=live", "gateway=h:1", "live_account=U1"), root, {})
    assert absolute.system.mode_dir == Path("/var/gs/live")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (
            '[fees]\nschedule = "cheap"',
            "books/spy.toml: fees.schedule = 'cheap' is not allowed; allowed: fixed or tiered",
        ),
        ("[ring]\ndrain_s = 61", "books/spy.toml: ring.drain_s = 61 is not allowed; allowed: 0 to 60 s"),
        ("[ring]\ndrain_s = nan", "ring.drain_s = nan is not allowed"),
        ("[ring]\ndrain_s = true", "ring.drain_s = True is not allowed; allowed: 0 to 60 s"),
        ("[ring]\nrecoverable_per_minute = 2.5", "ring.recoverable_per_minute = 2.5 is not allowed"),
        ("[fees]\nadds_liquidity = 1", "fees.adds_liquidity = 1 is not allowed; allowed: true or false"),
        ("[fees]\nmonthly_shares = [1]", "fees.monthly_shares = [1] is not allowed; allowed: at least 0 shares"),
        ("[fees]\nshedule = 'fixed'", "books/spy.toml: unknown key fees.shedule; did you mean fees.schedule?"),
        ("[hedgehog]\nband_shares = 2", "books/spy.toml: unknown key hedgehog.band_shares; did you mean "),
        ("fees = 3", "books/spy.toml: unknown key fees; did you mean "),
        ("strategy.name = 'x'", "books/spy.toml: unknown key strategy.name; did you mean strategy?"),
        ("[feees]", "books/spy.toml: unknown key feees; did you mean "),
        ("'fees.schedule' = 'fixed'\n[fees]\nschedule = 'tiered'", "the key fees.schedule is in quotes"),
        ("[ring]\ndrain_s = 1" + "0" * 400, "0 ... is not allowed; allowed: 0 to 60 s"),
        ("[ring]\ndrain_s = 1" + "0" * 5_000, "not valid TOML"),
        ("a = " + "[" * 3_000, "not valid TOML"),
        ("[underlying]\nsymbol = 'spy'", "underlying.symbol = 'spy' is not allowed; allowed: a ticker such as SPY"),
        ("[underlying]\ncurrency = 'usd'", "allowed: three capitals"),
        ("[session]\ncalendar = 'banana'", "allowed: an exchange's code such as XNYS"),
        ("name = 'x'", "books/spy.toml: unknown key name; did you mean "),
        ("mode = 'live'", "books/spy.toml: unknown key mode; did you mean "),
        ("strategy = 'martingale'", "strategy = 'martingale' is not allowed; allowed: gamma_scalp"),
        ("[fees\n", "books/spy.toml: not valid TOML: "),
    ],
)
def test_a_mistake_in_a_book_names_file_key_value_and_what_is_allowed(root, toml, told):
    write(root, "books/spy.toml", toml)
    assert told in mistake(root)


@pytest.mark.parametrize(
    ("dot_env", "told"),
    [
        ("MODE=demo", ".env: MODE = 'demo' is not allowed; allowed: paper or live"),
        ("CLIENT_ID=0", ".env: CLIENT_ID = '0' is not allowed; allowed: 1 to 999999"),
        ("CLIENT_ID=one", ".env: CLIENT_ID = 'one' is not allowed; allowed: 1 to 999999"),
        ("GATEWAY=localhost", ".env: GATEWAY = 'localhost' is not allowed; allowed: embedded or HOST:PORT"),
        ("GATEWAY=localhost:0", "embedded or HOST:PORT"),
        ("GATEWAY=localhost:65536", "embedded or HOST:PORT"),
        ("GATEWAY=http://localhost:80", "embedded or HOST:PORT"),
        ("CLIENT_ID=1_7", ".env: CLIENT_ID = '1_7' is not allowed"),
        ("postgresql://trader:hunter2@db/journal?sslmode=require", ".env: expected a name and a value, not shown here"),
        ("MODE=live\nGATEWAY=h:1\nLIVE_ACCOUNT='  '", "needs the account id in LIVE_ACCOUNT"),
        ("mode=paper", ".env: unknown key mode; did you mean MODE?"),
        ("GATWAY=embedded", ".env: unknown key GATWAY; did you mean GATEWAY?"),
        ("FEES__SCHEDUL=fixed", ".env: unknown key FEES__SCHEDUL; did you mean FEES__SCHEDULE?"),
        ("STRATEGY=gamma_scalp", ".env: unknown key STRATEGY; did you mean "),
        ("MODE", ".env: line 1 is not NAME=VALUE"),
        ("MODE=paper\n\n'oops", ".env: line 3 is not NAME=VALUE"),
        ("MODE=paper\nMODE=live", ".env: MODE is set twice"),
        ("MODE=live", ".env: mode = 'live' needs a broker: set GATEWAY"),
        ("MODE=live\nGATEWAY=h:1", ".env: mode = 'live' needs the account id in LIVE_ACCOUNT"),
        ("PAPER_FILLS=broker", ".env: paper_fills = 'broker' needs a broker"),
    ],
)
def test_a_mistake_in_dot_env_names_file_key_value_and_what_is_allowed(root, dot_env, told):
    write(root, ".env", dot_env)
    assert told in mistake(root)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("fees.schedule", "--set: expected key=value"),
        ("journal_url postgresql://t:hunter2@db", "--set: expected key=value"),
        ("state_dir=", "--set: expected key=value"),
        ("=fixed", "expected key=value"),
        ("fees.schedule=cheap", "--set: fees.schedule = 'cheap' is not allowed; allowed: fixed or tiered"),
        ("spy.fees.schedule=cheap", "--set: spy.fees.schedule = 'cheap' is not allowed"),
        ("qqq.fees.schedule=fixed", "--set: unknown key qqq.fees.schedule; did you mean fees.schedule?"),
        ("mod=paper", "--set: unknown key mod; did you mean mode?"),
        ("client_id=" + "9" * 5_000, "999 ... is not allowed; allowed: 1 to 999999"),
        ("ring.drain_s=inf", "--set: ring.drain_s = 'inf' is not allowed; allowed: 0 to 60 s"),
    ],
)
def test_a_mistake_in_a_flag_names_it(root, override, told):
    assert told in mistake(root, override)


def test_a_misspelt_section_key_in_the_environment_is_a_mistake_and_a_stranger_s_variable_is_not(root):
    told = mistake(root, FEES__SHEDULE="fixed")
    assert told == "environment: unknown key FEES__SHEDULE; did you mean FEES__SCHEDULE?"
    assert load_config((), root, {"SSH__AGENT": "1", "STRATEGY": "x", "NAME": "y", "LANG": "C"})


def test_files_that_can_t_be_read_are_told_in_one_line(root):
    (root / "books" / "spy.toml").write_bytes(b"\xff\xfe")
    assert "books/spy.toml: not valid TOML" in mistake(root)
    (root / "books" / "spy.toml").unlink()
    (root / "books" / "spy.toml").mkdir()
    assert "books/spy.toml: not a file" in mistake(root)
    (root / "books" / "spy.toml").rmdir()
    (root / ".env").write_bytes(b"MODE=\xff")
    assert ".env: cannot be read" in mistake(root)


@pytest.mark.parametrize("name", ["SPY.toml", "s p y.toml", ".toml"])
def test_a_book_s_name_goes_into_ids_so_it_is_plain(root, name):
    write(root, f"books/{name}", "")
    assert "small letters" in mistake(root)


def test_a_private_value_appears_in_no_repr_and_in_no_error(root):
    secret = "postgresql://trader:hunter2@db/journal"
    config = load_config(("account=DU1234567", f"journal_url={secret}"), root, {})
    assert config.system.journal_url == secret
    for shown in (
        repr(config),
        str(config),
        mistake(root, f"journal_url={secret}", "mode=live"),
        mistake(root, secret),
    ):
        assert "hunter2" not in shown
        assert "DU1234567" not in shown
    assert set(config.secrets()) == {secret, "DU1234567", "hunter2"}
    quoted = load_config(("journal_url=postgresql://t:h%40nter@db/j",), root, {})
    assert {"h%40nter", "h@nter"} < set(quoted.secrets())


def test_a_ring_s_limits_are_the_ones_its_supervisor_keeps():
    assert RingParameters(drain_s=3, cancel_s=4, recoverable_per_minute=5).patience() == Patience(3, 4, 5)


# -- the files that come with the program ------------------------------------------------------------------------------


def test_the_books_that_ship_are_valid():
    config = load_config((), ROOT, {})
    assert set(config.books) == {path.stem for path in (ROOT / "books").glob("*.toml")}
    assert config.books["spy"].session.option_close_delay_min == 15


def test_the_manual_in_the_docs_is_the_one_the_program_prints():
    assert (ROOT / "docs" / "config.md").read_text(encoding="utf-8") == config_manual(), (
        "uv run main.py config --manual > docs/config.md"
    )


def test_the_env_example_shows_every_system_setting_outside_a_section_at_its_default():
    shown = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert shown == {key.path.upper(): str(key.default) for key in keys_of(SystemParameters) if "." not in key.path}


def test_every_default_is_allowed_by_its_own_range_and_every_key_has_a_meaning():
    for parameters in (SystemParameters(), BookParameters("x")):
        for key in keys_of(type(parameters)):
            assert key.about.permits(value_at(parameters, key.path)), key.path
            assert key.about.meaning and key.allowed(), key.path


def test_a_key_s_unit_stands_in_its_name():
    suffix = {"s": "_s", "min": "_min", "messages": "_per_minute"}
    for key in [*keys_of(SystemParameters), *keys_of(BookParameters)]:
        assert key.path.endswith(suffix.get(key.about.unit, "")), key.path
        if key.about.unit in ("shares", "contracts"):
            assert key.about.unit in key.path or key.path.endswith("_per_straddle"), key.path


def test_every_key_has_one_name_in_the_environment():
    assert len(VARIABLES) == len(set(VARIABLES.values())) == len(SYSTEM_KEYS) + len([k for k in BOOK_KEYS if "." in k])
