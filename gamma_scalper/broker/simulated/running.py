"""A coroutine that runs beside the rest and must not end unnoticed."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from loguru import logger


class Running:
    """Its failure is logged and told at once, and raised when it is stopped."""

    def __init__(self, name: str, work: Coroutine[Any, Any, None], failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._task = asyncio.get_running_loop().create_task(work, name=name)
        self._task.add_done_callback(self._ended)

    @property
    def ended(self) -> bool:
        return self._task.done()

    @property
    def error(self) -> BaseException | None:
        """What it failed with."""
        return self._task.exception() if self._task.done() and not self._task.cancelled() else None

    def cancel(self) -> None:
        self._task.cancel()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        if self.error is not None:
            raise self.error

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self.error is None:
            return
        why = f"{task.get_name()} has failed: {type(self.error).__name__}: {self.error}"
        logger.error("{}", why)
        self._failed(why)
