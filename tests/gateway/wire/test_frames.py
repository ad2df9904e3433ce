"""How the stream is cut into messages, and what isn't let in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamma_scalper.gateway.framing import BadFrame, Frames, Handshake, frame, greeting, negotiate, read_handshake

PAYLOADS = st.lists(st.binary(min_size=1, max_size=20), max_size=8)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(stream)) for place in places} | {len(stream)})
    return [stream[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


@given(PAYLOADS, st.lists(st.integers(0, 200), max_size=10))
def test_frames_come_out_whole_however_the_network_cut_them(payloads, places):
    frames = Frames()
    stream = greeting(157, 176) + b"".join(map(frame, payloads))
    heard = [payload for piece in cut(stream, places) for payload in frames.feed(piece)]
    assert heard == [b"v157..176", *payloads]


def test_one_byte_at_a_time():
    frames = Frames()
    stream = greeting(100, 157, "+PACEAPI") + frame(b"71\x002\x005\0\0")
    heard = [frames.feed(bytes([each])) for each in stream]
    assert [payloads for payloads in heard if payloads] == [[b"v100..157 +PACEAPI"], [b"71\x002\x005\0\0"]]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_anything_else_is_a_bad_frame_or_nothing_yet(noise, places):
    for frames in (Frames(), Frames(greeted=True, longest=100)):
        try:
            for piece in cut(noise, places):
                for payload in frames.feed(piece):
                    read_handshake(payload)
        except BadFrame:
            pass


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00", b"\0", b"APX"])
def test_who_does_not_begin_with_the_greeting_is_told_so_at_once(noise):
    with pytest.raises(BadFrame, match="begins with API"):
        Frames().feed(noise)


@pytest.mark.parametrize("length", [0, 1_000_001, 2**32 - 1])
def test_lengths_nobody_means_are_refused_before_anything_is_collected(length):
    with pytest.raises(BadFrame, match=r"1 to 1,000,000 are taken"):
        Frames(greeted=True).feed(length.to_bytes(4, "big"))


def test_nothing_long_is_waited_for_before_it_is_known_who_speaks():
    with pytest.raises(BadFrame, match="1 to 256 are taken"):
        Frames().feed(b"API\0" + (257).to_bytes(4, "big"))
    frames = Frames()
    assert frames.feed(greeting(157, 176) + frame(b"x" * 1000)) == [b"v157..176", b"x" * 1000]


def test_many_small_frames_in_one_read_cost_as_many_times_as_much():
    def cost(count: int) -> float:
        stream = frame(b"2\x006\x001\x000\x00100\0") * count
        times = []
        for _ in range(3):
            begin = time.process_time()
            assert len(Frames(greeted=True).feed(stream)) == count
            times.append(time.process_time() - begin)
        return min(times)

    assert cost(80_000) < 60 * cost(4_000)  # squared it would be 400


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"v157..176", Handshake(157, 176)),
        (b"v157..178", Handshake(157, 178)),
        (b"v100..225 +PACEAPI", Handshake(100, 225, "+PACEAPI")),
        (b"v100..100", Handshake(100, 100)),
    ],
)
def test_the_versions_clients_are_known_to_ask_for(said, heard):
    assert read_handshake(said) == heard
    assert greeting(heard.lowest, heard.highest, heard.options) == b"API\0" + frame(said)


@pytest.mark.parametrize(
    "said", [b"", b"v157", b"157..176", b"v176..157", b"v157..176\n", b"v157..99999", b"v0..1", b"\xff"]
)
def test_other_first_messages_are_refused(said):
    with pytest.raises(BadFrame, match=r"such as v157\.\.176"):
        read_handshake(said)


@pytest.mark.parametrize(
    ("lowest", "highest", "version"),
    [(157, 176, 176), (157, 178, 176), (100, 157, 157), (100, 225, 176), (100, 156, None), (177, 225, None)],
)
def test_the_highest_version_both_sides_speak_is_agreed_on(lowest, highest, version):
    assert negotiate(lowest, highest) == version
