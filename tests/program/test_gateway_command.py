"""`main.py gateway`: serves until it is told to stop; mistakes are one line."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from gamma_scalper.commands.serving import Served, serve
from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.gateway.framing import greeting

REPOSITORY = Path(__file__).parents[2]
ASKED = Served(
    market="gbm:step=60", seed=1, port=0, speed=1.0, accounts=("DU1",), cash=1_000, past_sessions=0
)  # fmt: skip


def test_it_says_where_it_listens_answers_a_client_and_ends_with_ctrl_c():
    arguments = ["gateway", "--port", "0", "--market", "gbm:step=60", "--past", "0", "--account", "DU5", "--json"]
    process = subprocess.Popen(
        [sys.executable, REPOSITORY / "main.py", *arguments],
        env=os.environ | {"LOG_LEVEL": "ERROR"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert told["schema"] == "gateway/1" and told["accounts"] == ["DU5"] and told["symbols"] == ["SPY"]
    with socket.create_connection(("127.0.0.1", told["port"]), timeout=10) as client:
        client.sendall(greeting(157, 176))
        answer = client.recv(100)
    assert answer[4:].startswith(b"176\0"), "the version both speak"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def refused(asked: Served) -> str:
    with pytest.raises(UserError) as error:
        asyncio.run(serve(asked, lambda listening: pytest.fail("it serves")))
    assert error.value.exit_code is ExitCode.CONFIGURATION
    return str(error.value)


def test_a_port_in_use_is_told_with_the_remedy():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert refused(evolve(ASKED, port=port)) == (
            f"port {port} is in use; stop what listens there, or choose another with --port"
        )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"port": 70_000}, "--port 70000 is not allowed; allowed: 1 to 65535"),
        ({"speed": 0.0}, "--speed 0.0 is not allowed; allowed: 1 to 1000"),
        ({"data": "free"}, "--data free is not allowed; allowed: live, delayed or none"),
        ({"accounts": ("DU 1",)}, "--account DU 1 is not allowed"),
        ({"cash": 0}, "--cash 0 is not allowed"),
        ({"past_sessions": -1}, "--past -1 is not allowed"),
        ({"market": "gbn:"}, "did you mean gbm"),
        ({"market": "push:start=2026-01-05"}, "allowed: one that has quotes of its own"),
        ({"faults": Path("no-such-file.toml")}, "no-such-file.toml: cannot be read"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_allowed(wrong, told):
    assert told in refused(evolve(ASKED, **wrong))


def test_faults_count_from_the_market_s_start(tmp_path):
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nat = 5\nkind = "halt"\ntarget = "SPY"\nduration_s = 60\n')

    class Enough(Exception):
        pass

    def stop(listening: object) -> None:
        raise Enough

    with pytest.raises(Enough):
        asyncio.run(serve(evolve(ASKED, faults=faults), stop))
    faults.write_text('[[fault]]\nat = 5\nkind = "halted"\n')
    assert "did you mean halt" in refused(evolve(ASKED, faults=faults))
