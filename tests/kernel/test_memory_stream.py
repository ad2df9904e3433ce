"""The stream in memory behaves as a socket would, less the network."""

import asyncio

import pytest

from gamma_scalper.kernel import VirtualLoop


class Peer(asyncio.Protocol):
    """Remembers what happened to it."""

    def __init__(self):
        self.log = []
        self.stay_half_open = False

    def connection_made(self, transport):
        self.transport = transport
        self.log.append("made")

    def data_received(self, data):
        self.log.append(data)

    def eof_received(self):
        self.log.append("eof")
        return self.stay_half_open

    def connection_lost(self, error):
        self.log.append(("lost", type(error)))

    def pause_writing(self):
        self.log.append("pause")

    def resume_writing(self):
        self.log.append("resume")


NO_ERROR = ("lost", type(None))
RESET = ("lost", ConnectionResetError)


async def connected():
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    server = Peer()
    loop.register_host("gateway", lambda: server)
    _, client = await loop.create_connection(Peer, "gateway", 7497)
    return client, server


async def settled(*peers):
    await asyncio.sleep(1)
    logs = [list(peer.log) for peer in peers]
    for peer in peers:
        peer.log.clear()
    return logs


async def test_bytes_arrive_in_order_and_one_turn_s_writes_arrive_together():
    client, server = await connected()
    for part in (b"a", bytearray(b"b"), memoryview(b"c"), b""):
        client.transport.write(part)
    assert await settled(client, server) == [["made"], ["made", b"abc"]]


async def test_a_buffer_changed_after_the_write_arrives_as_it_was_written():
    client, server = await connected()
    buffer = bytearray(b"buy")
    client.transport.write(buffer)
    buffer[:] = b"xxx"
    assert (await settled(server))[0][-1] == b"buy"


async def test_closing_delivers_what_was_written_and_ends_both_sides():
    client, server = await connected()
    client.transport.write(b"last words")
    client.transport.close()
    client.transport.write(b"too late")
    assert await settled(client, server) == [["made", NO_ERROR], ["made", b"last words", "eof", NO_ERROR]]
    assert client.transport.is_closing()
    client.transport.close()
    assert await settled(client, server) == [[], []]


async def test_an_abort_drops_what_was_written_and_resets_the_peer():
    client, server = await connected()
    client.transport.write(b"never seen")
    client.transport.abort()
    assert await settled(client, server) == [["made", NO_ERROR], ["made", RESET]]


async def test_a_half_open_peer_may_still_answer():
    client, server = await connected()
    server.stay_half_open = True
    client.transport.write(b"question")
    assert client.transport.can_write_eof()
    client.transport.write_eof()
    with pytest.raises(RuntimeError):
        client.transport.write(b"more")
    await asyncio.sleep(1)
    server.transport.write(b"answer")
    server.transport.close()
    assert await settled(client, server) == [
        ["made", b"answer", "eof", NO_ERROR],
        ["made", b"question", "eof", NO_ERROR],
    ]


async def test_writing_to_a_peer_that_closed_is_a_reset():
    client, server = await connected()
    server.stay_half_open = True
    client.transport.close()
    await asyncio.sleep(1)
    server.transport.write(b"anybody there?")
    assert (await settled(server))[0] == ["made", "eof", RESET]


async def test_a_reader_that_pauses_makes_the_writer_pause():
    client, server = await connected()
    server.transport.pause_reading()
    assert not server.transport.is_reading()
    client.transport.set_write_buffer_limits(high=100)
    assert client.transport.get_write_buffer_limits() == (25, 100)
    client.transport.write(b"x" * 101)
    assert await settled(client, server) == [["made", "pause"], ["made"]]
    assert client.transport.get_write_buffer_size() == 101
    server.transport.resume_reading()
    server.transport.resume_reading()
    assert await settled(client, server) == [["resume"], [b"x" * 101]]


async def test_closing_does_not_wait_for_a_peer_that_reads_later():
    client, server = await connected()
    server.transport.pause_reading()
    client.transport.write(b"read me later")
    client.transport.close()
    assert await settled(client, server) == [["made", NO_ERROR], ["made"]]
    server.transport.resume_reading()
    assert await settled(client, server) == [[], [b"read me later", "eof", NO_ERROR]]


async def test_pausing_after_closing_holds_nobody_up():
    client, server = await connected()
    client.transport.close()
    client.transport.pause_reading()
    server.transport.write(b"unread")
    server.transport.close()
    assert await settled(client, server) == [["made", NO_ERROR], ["made", NO_ERROR]]


async def test_closing_frees_a_half_open_peer_that_waits_to_write():
    client, server = await connected()
    server.stay_half_open = True
    server.transport.set_write_buffer_limits(high=10)
    client.transport.pause_reading()
    server.transport.write(b"more than ten bytes")
    client.transport.close()
    client.transport.pause_reading()
    assert await settled(client, server) == [["made", NO_ERROR], ["made", "pause", "resume", "eof"]]
    server.transport.write(b"anybody?")
    assert await settled(server) == [[RESET]]


async def test_an_abort_after_a_finished_close_takes_nothing_back():
    client, server = await connected()
    server.stay_half_open = True
    client.transport.write(b"order")
    client.transport.close()
    await asyncio.sleep(1)
    client.transport.abort()
    assert await settled(client, server) == [["made", NO_ERROR], ["made", b"order", "eof"]]


async def test_a_connection_given_up_while_it_is_made_is_closed():
    server = Peer()
    asyncio.get_running_loop().register_host("gateway", lambda: server)
    attempt = asyncio.create_task(asyncio.get_running_loop().create_connection(Peer, "gateway", 7497))
    await asyncio.sleep(0)
    attempt.cancel()
    assert (await settled(server))[0] == ["made", "eof", NO_ERROR]


async def test_a_protocol_that_fails_on_the_end_loses_the_connection_too():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    client, server = await connected()
    server.eof_received = lambda: 1 / 0
    client.transport.close()
    assert await settled(client, server) == [["made", NO_ERROR], ["made", ("lost", ZeroDivisionError)]]
    assert told == ["eof_received failed"]


async def test_closing_does_not_wait_for_a_reader_that_pauses_for_ever():
    client, server = await connected()
    client.transport.pause_reading()
    server.transport.write(b"unread")
    client.transport.close()
    assert await settled(client, server) == [["made", NO_ERROR], ["made", "eof", NO_ERROR]]


async def test_a_protocol_that_fails_on_its_data_loses_the_connection_and_the_loop_is_told():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    client, server = await connected()
    server.data_received = lambda data: 1 / 0
    client.transport.write(b"poison")
    assert await settled(client, server) == [["made", RESET], ["made", ("lost", ZeroDivisionError)]]
    assert isinstance(told[0], ZeroDivisionError)


async def test_it_knows_its_peer_and_its_protocol_can_be_changed():
    client, server = await connected()
    assert client.transport.get_extra_info("peername") == ("gateway:7497", 0)
    assert client.transport.get_extra_info("socket") is None
    assert server.transport.get_protocol() is server
    other = Peer()
    server.transport.set_protocol(other)
    client.transport.write(b"hi")
    assert (await settled(other))[0] == [b"hi"]


@pytest.mark.parametrize(
    ("high", "low", "limits"), [(None, 10, (10, 40)), (0, None, (0, 0)), (None, None, (16384, 65536))]
)
async def test_write_buffer_limits_default_as_asyncio_s_do(high, low, limits):
    client, _ = await connected()
    client.transport.set_write_buffer_limits(high, low)
    assert client.transport.get_write_buffer_limits() == limits
    with pytest.raises(ValueError):
        client.transport.set_write_buffer_limits(high=1, low=2)
