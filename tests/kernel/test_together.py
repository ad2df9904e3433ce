"""Coroutines that live and die as one."""

import asyncio

import pytest

from gamma_scalper.kernel import together


async def test_the_first_failure_is_raised_as_it_is_and_no_coroutine_outlives_it() -> None:
    ended = []

    async def works() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append("works")

    async def fails() -> None:
        await asyncio.sleep(1)
        raise KeyError("the reason")

    with pytest.raises(KeyError, match="the reason"):
        await together(works=works(), fails=fails())
    assert ended == ["works"]
    assert asyncio.get_running_loop().time() == 1


async def test_being_cancelled_cancels_all_of_them() -> None:
    ended = []

    async def works(name: str) -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append(name)

    task = asyncio.create_task(together(first=works("first"), second=works("second")))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["first", "second"]


async def test_one_that_comes_to_its_end_ends_the_others() -> None:
    async def ends() -> None:
        await asyncio.sleep(1)

    async def works() -> None:
        await asyncio.sleep(3_600)

    await together(ends=ends(), works=works())
    assert asyncio.get_running_loop().time() == 1


async def test_a_failure_while_cleaning_up_is_not_hidden() -> None:
    async def fails_last() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            raise KeyError("on the way out")

    async def ends() -> None:
        await asyncio.sleep(1)

    with pytest.raises(KeyError, match="on the way out"):
        await together(fails_last=fails_last(), ends=ends())
