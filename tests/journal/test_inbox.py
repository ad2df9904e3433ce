"""Commands from other processes reach the trader once each, in order, and get their answer."""

from datetime import timedelta

import pytest
from every_kind import NOON
from journals import fails

from gamma_scalper.domain.exits import UserError
from gamma_scalper.domain.journal_ports import Command, Controls
from gamma_scalper.journal.inbox import Inbox


@pytest.fixture
def path(tmp_path):
    return tmp_path / "inbox.db"


@pytest.fixture
def inbox(path):
    opened = Inbox.open(path)
    yield opened
    opened.close()


def test_a_command_is_pending_until_it_is_answered(inbox, path):
    sender = Inbox.open(f"sqlite:///{path}")
    first = sender.put("pause", "ada", NOON, "spy")
    second = sender.put("reconcile", "bob", NOON + timedelta(seconds=1), argument="d41d8c as baseline")
    trader: Controls = inbox
    assert list(trader.pending()) == [
        Command(first, "pause", "ada", NOON, "spy"),
        Command(second, "reconcile", "bob", NOON + timedelta(seconds=1), None, "d41d8c as baseline"),
    ]
    assert sender.outcome(first) is None
    trader.answer(first, "paused", NOON + timedelta(seconds=2))
    assert sender.outcome(first) == "paused"
    assert [command.number for command in trader.pending()] == [second]
    sender.close()


def test_the_first_answer_stands(inbox):
    number = inbox.put("stop", "ada", NOON)
    inbox.answer(number, "stopped", NOON)
    inbox.answer(number, "stopped again", NOON)
    assert inbox.outcome(number) == "stopped"


def test_numbers_rise_and_are_never_given_twice(inbox):
    numbers = [inbox.put("pause", "ada", NOON) for _ in range(3)]
    with inbox._engine.begin() as connection:
        connection.exec_driver_sql("delete from command where number = 3")
    assert [*numbers, inbox.put("pause", "ada", NOON)] == [1, 2, 3, 4]


def test_commands_outlive_every_process(path):
    for _ in range(2):
        inbox = Inbox.open(path)
        inbox.put("pause", "ada", NOON)
        inbox.close()
    inbox = Inbox.open(path)
    assert [command.number for command in inbox.pending()] == [1, 2]
    inbox.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "'' is no command"),
        ({"name": "pa\nuse"}, "is no command"),
        ({"by": ""}, "'' is no name of who asks"),
        ({"by": "a\x00da"}, "is no name of who asks"),
        ({"book": ""}, "'' is no book"),
        ({"book": "sp\ty"}, r"'sp\\ty' is no book"),
        ({"argument": "to\nlunch"}, "is no argument"),
        ({"argument": "\udcff"}, "is no argument"),
    ],
)
def test_a_command_that_is_no_line_of_text_is_refused(inbox, wrong, said):
    with pytest.raises(UserError, match=said):
        inbox.put(**({"name": "pause", "by": "ada", "at": NOON} | wrong))
    assert inbox.pending() == ()


@pytest.mark.parametrize(
    "damage",
    ["at = 'at noon'", "at = '2026-01-05T17:00:00'", "at = x'00'", "name = x'00'", "book = 'sp' || char(9) || 'y'"],
)
def test_a_command_that_can_not_be_read_is_answered_and_holds_nobody_up(inbox, damage):
    damaged, sound = (inbox.put("pause", "ada", NOON, "spy") for _ in range(2))
    with inbox._engine.begin() as connection:
        connection.exec_driver_sql(f"update command set {damage} where number = {damaged}")
    for _ in range(2):
        assert [command.number for command in inbox.pending()] == [sound]
    assert "can't be read, and nothing was done" in inbox.outcome(damaged)


def test_a_command_nobody_gave_has_no_outcome(inbox):
    with pytest.raises(UserError, match="holds no command 9"):
        inbox.outcome(9)


def test_an_inbox_that_can_not_be_read_stops_the_trader(tmp_path):
    path = tmp_path / "inbox.db"
    inbox = Inbox.open(path)
    with inbox._engine.begin() as connection:
        connection.exec_driver_sql("drop table command")
    with fails("inbox.db"):
        inbox.pending()
    inbox.close()
    path.write_bytes(b"x" * 9_000)
    with fails("inbox.db"):
        Inbox.open(path)
