"""Who plays: one process for each core of this machine, or the workers of a Dask scheduler somewhere else."""

import asyncio
import logging
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster
from distributed.comm.core import connect
from distributed.system import MEMORY_LIMIT

from gamma_scalper.backtest.sweep.fingerprint import code_fingerprint
from gamma_scalper.domain.exits import UserError

_MOST_MEMORY = 4 * 2**30  # bytes for a process; a year of one book needs a sixth of it
_FIND_S = 6
_ADDRESS = re.compile(r"tcp://[A-Za-z0-9.:\[\]_-]+:[0-9]{1,5}")
_SETTINGS = {
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.worker-saturation": 1.0,  # one task at a time, so that a death has one suspect
    "distributed.scheduler.allowed-failures": 1,
    # What goes wrong is told in our own words.
    "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",
}


@contextmanager
def crew(scheduler: str = "", workers: int | None = None) -> Iterator[Client]:
    """A client of the scheduler at this address, or of a cluster of our own on this machine's loopback."""
    for name in [*logging.root.manager.loggerDict]:
        if name.startswith(("distributed", "tornado")):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(_SETTINGS):
        if scheduler:
            with _found(scheduler) as client:
                yield client
        else:
            with _own(workers or CPU_COUNT) as client:
                yield client


@contextmanager
def _own(workers: int) -> Iterator[Client]:
    with _interrupts_held_back():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # its health page is always there; any free port will do
            scheduler_kwargs={"dashboard": False},
            memory_limit=min(MEMORY_LIMIT // workers, _MOST_MEMORY),
            silence_logs=logging.CRITICAL,
        )
    try:
        with Client(cluster, set_as_default=False) as client:
            yield client
    finally:
        cluster.close()


@contextmanager
def _found(scheduler: str) -> Iterator[Client]:
    if not _ADDRESS.fullmatch(scheduler):
        raise UserError(f"--scheduler {scheduler}: expected tcp://HOST:PORT, as dask scheduler says at its start")
    try:
        asyncio.run(_greet(scheduler))
    except Exception as error:
        raise UserError(
            f"--scheduler {scheduler}: no Dask scheduler answers there; start one with: uv run dask scheduler "
            "(or leave --scheduler out to use this machine's cores)"
        ) from error
    with Client(scheduler, timeout=_FIND_S, set_as_default=False) as client:
        _check(client, scheduler)
        yield client


async def _greet(scheduler: str) -> None:
    """Before a client is made, which would go on trying in its own thread. Raises where nobody answers."""
    line = await asyncio.wait_for(connect(scheduler, timeout=_FIND_S), _FIND_S)
    await line.close()


def _check(client: Client, scheduler: str) -> None:
    """Every worker has this very code; otherwise cells would not be comparable, nor results found again."""
    found = client.run(code_fingerprint, on_error="return")
    if not found:
        raise UserError(
            f"--scheduler {scheduler}: it has no workers; start some in a copy of this folder with: "
            f"PYTHONPATH=. uv run dask worker {scheduler} --nthreads 1"
        )
    for worker, code in found.items():
        if code != code_fingerprint():
            raise UserError(
                f"--scheduler {scheduler}: the worker {worker} does not run this version of the program; "
                "start it with PYTHONPATH=. in a copy of this folder"
            )


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl+C is for us, not for the processes we start: they and the thread that minds them inherit this mask."""
    resource_tracker.ensure_running()  # it would lift the mask when it starts by itself
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
