"""Several coroutines that live and die as one."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


async def together(**coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them until the first one ends, however it ends; a failure is raised as it is, and none outlives this."""
    tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
    _raise(tasks)


async def all_of(**coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them until all have ended, or one has failed; the failure is raised as it is, and none outlives this."""
    tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in coroutines.items()]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await _end(tasks)
    _raise(tasks)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _raise(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
