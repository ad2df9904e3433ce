"""Questions and their answers: each has a time it may take, and none waits for ever."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

from attrs import Factory, define

from gamma_scalper.broker.ib.pacing import Budget
from gamma_scalper.domain.ports import NotReady, Refused, Unanswered

_MOST_PARTS = 100_000  # of one answer; a chain of all strikes has some thousand


@define
class _Pending:
    """A question under way, and the parts of its answer so far."""

    what: str
    kind: type  # of its parts
    end: "asyncio.Future[None]"
    parts: list[Any] = Factory(list)


class Requests:
    """Of one login. A question is known by its request id, or by a name where the protocol gives it none."""

    def __init__(self) -> None:
        self._pending: dict[Hashable, _Pending] = {}
        self._turns: dict[Hashable, asyncio.Lock] = {}  # a name can be asked for by one at a time
        self._torn: set[Hashable] = set()  # names of which half an answer had come when its time was over

    async def ask(
        self, what: str, key: Hashable, send: Callable[[], None], *, budget: Budget, timeout_s: float, kind: type
    ) -> list[Any]:
        """The answer's parts in order, all of this kind.

        Raises `Unanswered`, `Refused` or, where the connection is gone, `NotReady`.
        """
        if isinstance(key, int):
            return await self._ask(what, key, send, budget, timeout_s, kind)
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await self._ask(what, key, send, budget, timeout_s, kind)

    async def _ask(
        self, what: str, key: Hashable, send: Callable[[], None], budget: Budget, timeout_s: float, kind: type
    ) -> list[Any]:
        await budget.turn()
        pending = self._pending[key] = _Pending(what, kind, asyncio.get_running_loop().create_future())
        try:
            send()
            async with asyncio.timeout(timeout_s):  # wait_for() of 3.11 loses a cancel that comes with the answer
                await pending.end
        except TimeoutError:
            if pending.parts and isinstance(key, str):
                self._torn.add(key)
            raise Unanswered(f"{what}: no answer within {timeout_s:g} s") from None
        except ConnectionError as error:
            raise NotReady(f"{what}: no connection") from error
        finally:
            self._pending.pop(key, None)
        return pending.parts

    # -- told by whoever receives --------------------------------------------------------------------------------------

    def asked(self, key: Hashable) -> bool:
        return key in self._pending

    def part(self, key: Hashable, part: Any) -> None:
        """One part more; an answer nobody waits for any longer is dropped. One of another kind raises `ValueError`."""
        pending = self._pending.get(key)
        if pending is None:
            return
        if not isinstance(part, pending.kind):
            raise ValueError(f"{pending.what}: answered by something else")
        if len(pending.parts) == _MOST_PARTS:
            raise ValueError(f"{pending.what}: an answer without end")
        pending.parts.append(part)

    def end(self, key: Hashable, kind: type = object) -> None:
        """That was all of it, unless it was the second half of an answer whose first half was given up."""
        if key in self._pending and self._pending[key].kind is not kind:
            raise ValueError(f"{self._pending[key].what}: ended by something else")
        if key in self._torn:
            self._torn.discard(key)
            if key in self._pending:
                self._pending[key].parts.clear()
        elif key in self._pending and not self._pending[key].end.done():
            self._pending[key].end.set_result(None)

    def refuse(self, key: Hashable, code: int, text: str) -> None:
        if key in self._pending and not self._pending[key].end.done():
            self._pending[key].end.set_exception(Refused(text, code))

    def connection_lost(self) -> None:
        """No answer will come to anything asked so far."""
        self._torn.clear()
        for pending in self._pending.values():
            if not pending.end.done():
                pending.end.set_exception(ConnectionError(pending.what))
