"""Each test of the contract runs once for each way to the market, on the loop that way needs."""

import asyncio
import inspect

import pytest
from worlds import SETTINGS, Scene

_PATIENCE_S = 60.0  # on the loop's clock; on a virtual one nobody would end a test that waits for ever


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "scene(scene): the market of a contract test, where it isn't the usual one")


@pytest.fixture(params=SETTINGS, ids=lambda setting: setting.name)
def world(request: pytest.FixtureRequest):
    """The way to the market; a test is given the open world of it."""
    return request.param


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or "world" not in pyfuncitem.fixturenames:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    setting = arguments.pop("world")
    marker = pyfuncitem.get_closest_marker("scene")

    async def scene() -> None:
        async with setting.open(marker.args[0] if marker else Scene()) as world:
            async with asyncio.timeout(_PATIENCE_S):
                await pyfuncitem.obj(world=world, **arguments)

    with asyncio.Runner(loop_factory=setting.loop) as runner:
        runner.run(scene())
    return True
