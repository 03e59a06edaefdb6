"""A worker's two sockets without a worker: whole and broken messages, deadlines, whose fault an end is."""

from __future__ import annotations

import io
import os
import signal
import socket
import struct
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from minigrad.sandbox import link, protocol
from minigrad.sandbox.errors import SandboxFault, WorkerEnded
from minigrad.sandbox.link import ASK, ENDED, FAULT, HUNG_UP, KILLED, NEWS, ORDER, USED, Supervised

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a supervisor's sockets are Linux's")

EXIT_3, KILL = 3 << 8, int(signal.SIGKILL)  # wait statuses
REPLY = protocol.frame(7, ["a", 1])


@pytest.fixture
def far():
    """The far ends of both sockets, and the judge's link to them: `far.channel`, `far.life`, `far.link`."""
    here, channel = socket.socketpair()
    mine, life = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (channel, life):
        end.settimeout(5)
    yield SimpleNamespace(channel=channel, life=life, link=Supervised(here, mine), mine=mine)
    for end in (here, channel, mine, life):
        end.close()


def tell(far, *news):
    """Let the supervisor say each (kind, wait status, CPU seconds)."""
    for one in news:
        far.life.send(NEWS.pack(*one))


def orders(far) -> list[tuple[bytes, float]]:
    """What the supervisor was sent so far."""
    far.life.setblocking(False)
    got = []
    try:
        while message := far.life.recv(4096):
            got.append(ORDER.unpack(message))
    except BlockingIOError:
        pass
    return got


def end(far, cpu=2.5, wall=5.0) -> WorkerEnded:
    """How the worker is found to have ended in an exchange."""
    with pytest.raises(WorkerEnded) as caught:
        far.link.exchange(b"request", cpu, wall)
    return caught.value


# --- messages -------------------------------------------------------------------------------------


def test_a_reply_is_taken_whole_and_nothing_behind_it(far):
    far.channel.sendall(REPLY + b"more")
    assert far.link.exchange(b"request", 2.5, 5.0) == (7, REPLY[12:])
    assert far.channel.recv(100) == b"request"
    assert orders(far) == [(b"A", 2.5)]


@pytest.mark.parametrize("cut", [1, 5, 11, 12, 13, len(REPLY) - 1])
def test_a_reply_in_two_pieces_is_put_together(far, cut):
    far.channel.sendall(REPLY[:cut])
    later = threading.Timer(0.05, far.channel.sendall, [REPLY[cut:] + REPLY])
    later.start()
    assert far.link.exchange(b"", 1.0, 5.0) == (7, REPLY[12:])
    later.join()
    assert far.link.exchange(b"", 1.0, 5.0) == (7, REPLY[12:])


def test_a_reply_of_exactly_the_cap_is_received_and_a_longer_one_disturbs(far):
    """Without its megabyte: the header alone is looked at before any of it is read."""
    far.channel.sendall(struct.pack("<4sII", b"mgr1", 1, protocol.MAX_REPLY))
    far.channel.shutdown(socket.SHUT_WR)
    tell(far, (ENDED, EXIT_3, 0.0))
    assert end(far).reason == "exit"


@pytest.mark.parametrize(
    "header", [struct.pack("<4sII", b"mgr1", 1, protocol.MAX_REPLY + 1), b"PASSED 100/1"]
)
def test_a_wrong_header_disturbs(far, header):
    far.channel.sendall(header)
    far.life.shutdown(socket.SHUT_WR)
    assert end(far).reason == "protocol"


def test_who_answers_a_byte_at_a_time_has_no_more_time_than_others(far):
    enough = threading.Event()

    def drip():
        far.channel.send(struct.pack("<4sII", b"mgr1", 1, 1000))
        for _ in range(200):
            far.channel.send(b"m")
            if enough.wait(0.02):
                return
        enough.set()

    dripping = threading.Thread(target=drip)
    dripping.start()
    far.life.shutdown(socket.SHUT_WR)
    told = end(far, wall=0.1)
    assert (told.reason, told.detail) == ("wall", "no answer within 0.1 s")
    assert not enough.is_set(), "it was still answering"
    enough.set()
    dripping.join()


def test_the_last_moment_is_too_late(far, monkeypatch):
    """Piece by piece: the first in time, and none at the deadline itself."""
    clock = iter([0.0, 1.0, 5.0, 5.0])
    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=time.sleep))
    far.channel.sendall(REPLY[:5])
    far.life.shutdown(socket.SHUT_WR)
    assert end(far, wall=5.0).reason == "wall"


def test_the_last_second_counts(far, monkeypatch):
    clock = iter([0.0, 4.5, 4.75])
    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=time.sleep))
    far.channel.sendall(REPLY)
    assert far.link.exchange(b"", 1.0, 5.0)[0] == 7


def test_no_more_than_a_mebibyte_is_received_at_once():
    asked = []
    channel = SimpleNamespace(settimeout=lambda _: None, recv=lambda n: asked.append(n) or bytes(n))
    here = Supervised(channel, SimpleNamespace(settimeout=lambda _: None))  # type: ignore[arg-type]
    assert len(here._receive((2 << 20) + 1, time.monotonic() + 60)) == (2 << 20) + 1
    assert asked == [1 << 20, 1 << 20, 1]


# --- set-up ---------------------------------------------------------------------------------------


def set_up(far, seconds=5.0) -> str:
    """Why a worker could not be set up."""
    with pytest.raises(SandboxFault, match=r"^a worker could not be set up: ") as caught:
        far.link.await_ready(seconds)
    return str(caught.value).split(": ")[1]


def test_a_worker_is_ready_when_it_says_exactly_that(far):
    far.channel.sendall(bytes.fromhex("6d67723100000000 0a000000 0505000000") + b"ready")
    far.link.await_ready(5.0)


@pytest.mark.parametrize("said", [protocol.frame(1, "ready"), protocol.frame(0, "steady"), b""])
def test_why_a_worker_is_not_ready(far, said):
    far.channel.sendall(said)
    far.channel.close()
    far.life.send(FAULT + b"no room: \xff")
    assert set_up(far) == "no room"


def test_a_supervisor_that_is_gone_or_tells_of_an_end(far):
    tell(far, (ENDED, EXIT_3, 0.0))
    assert set_up(far, 0.01) == "it ended"


def test_a_supervisor_that_is_gone(far):
    far.life.close()
    assert set_up(far, 0.01) == "its supervisor is gone"


def test_a_supervisor_that_ended_before_it_read_is_gone(far):
    far.mine.send(b"never read")
    far.life.close()
    assert set_up(far, 0.01) == "its supervisor is gone"


def test_4095_bytes_of_a_supervisors_words_are_told(far):
    far.life.send(FAULT + b"x" * 5000)
    assert set_up(far, 0.01) == "x" * 4095


class Life:
    """A socket to a supervisor that says at once why the set-up failed."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.settimeout = self.waits.append
        self.recv = lambda size: FAULT + b"no room"

    def __enter__(self) -> Life:
        return self

    def __exit__(self, *_: object) -> None:
        self.waits.append(0)


def test_a_supervisor_has_ten_seconds_to_tell_of_an_end_and_one_to_say_why_there_was_no_beginning():
    life, (here, channel) = Life(), socket.socketpair()
    worker = Supervised(here, life)  # type: ignore[arg-type]
    channel.close()
    with pytest.raises(SandboxFault, match="no room"):
        worker.await_ready(5.0)
    assert life.waits == [10.0, 1, 0]


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason", "detail"),
    [
        (0, "exit", "it ended itself with exit code 0"),
        (1, "exit", "it ended itself with exit code 1"),
        (76, "exit", "it ended itself with exit code 76"),
        (77, "memory", "no memory was left"),
        (78, "exit", "it ended itself with exit code 78"),
        (-1, "signal", "SIGHUP"),
        (-8, "signal", "SIGFPE"),
        (-9, "memory", "no memory was left"),
        (-10, "signal", "SIGUSR1"),
        (-99, "signal", "signal 99"),
    ],
)
def test_an_exit_code_says_why_a_worker_ended(code, reason, detail):
    told = link.why_ended(code)
    assert (told.reason, told.detail) == (reason, detail)


@pytest.mark.parametrize(
    ("news", "reason", "detail"),
    [
        ((ENDED, EXIT_3, 0.5), "exit", "it ended itself with exit code 3"),
        ((ENDED, KILL, 0.5), "memory", "no memory was left"),
        ((KILLED, KILL, 0.5), "cpu", "over 2.5 s of CPU"),
        ((HUNG_UP, KILL, 0.5), "memory", "no memory was left"),
    ],
)
def test_a_closed_channel_is_explained_by_the_supervisor(far, news, reason, detail):
    far.channel.close()
    tell(far, (USED, 0, 0.1), news)
    told = end(far)
    assert (told.reason, told.detail) == (reason, detail)
    assert far.link.cpu() == 0.5
    assert end(far) is told, "what has ended is asked no more"
    assert orders(far) == [(b"A", 2.5), (ASK, 0.0), (ASK, 0.0)]


def test_a_channel_that_stays_closed_while_the_worker_lives_disturbs_after_50_looks(far, monkeypatch):
    slept = []
    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=time.monotonic, sleep=slept.append))
    far.channel.close()
    tell(far, *[(USED, 0, 0.25)] * 50, (ENDED, KILL, 0.75))
    far.life.shutdown(socket.SHUT_WR)
    told = end(far)
    assert (told.reason, told.detail) == ("protocol", "it closed its channel")
    assert slept == [0.01] * 50
    assert far.link.cpu() == 0.75, "its end was waited for"


def test_a_supervisor_that_is_gone_is_the_judges_fault(far):
    far.channel.close()
    far.life.close()
    with pytest.raises(SandboxFault, match=r"^a worker's supervisor is gone: start a new server$"):
        far.link.exchange(b"", 1.0, 5.0)


def test_a_supervisor_that_ended_before_it_read_has_told_its_news(far):
    far.channel.close()
    far.mine.send(b"never read")
    tell(far, (ENDED, EXIT_3, 0.5))
    far.life.close()
    assert end(far).reason == "exit"


def test_what_a_supervisor_told_before_it_ended_is_read_behind_the_reset(far):
    far.mine.send(b"never read")
    tell(far, (ENDED, EXIT_3, 0.5))
    far.life.close()
    assert far.link._news() == (ENDED, EXIT_3)


def test_a_supervisor_that_says_nothing_is_the_judges_fault(far):
    far.channel.close()
    far.mine.settimeout(0.01)
    with pytest.raises(SandboxFault, match="supervisor is gone"):
        far.link.exchange(b"", 1.0, 5.0)


def test_a_message_of_another_length_is_no_news(far):
    far.channel.close()
    far.life.send(NEWS.pack(ENDED, EXIT_3, 0.5) + b"x")
    with pytest.raises(SandboxFault, match="supervisor is gone"):
        far.link.exchange(b"", 1.0, 5.0)


@pytest.mark.parametrize(
    ("news", "more", "fault"),
    [
        ((ENDED, KILL, 0.0), 1, True),
        ((ENDED, KILL, 0.0), 0, False),
        ((ENDED, EXIT_3, 0.0), 1, False),
        ((ENDED, int(signal.SIGSEGV), 0.0), 1, False),
        ((KILLED, KILL, 0.0), 1, False),
    ],
)
def test_only_who_was_killed_while_the_kernel_killed_for_memory_is_innocent(
    far, monkeypatch, news, more, fault
):
    before = far.link._killed_before
    monkeypatch.setattr(link, "out_of_memory", lambda: before + more)
    far.channel.close()
    tell(far, news)
    with pytest.raises(SandboxFault if fault else WorkerEnded) as caught:
        far.link.exchange(b"", 1.0, 5.0)
    assert fault == ("ran out of memory: raise `--memory`" in str(caught.value))


def test_the_kernels_count_is_read_and_0_where_there_is_none(monkeypatch):
    for text, count in (("nr_free 5\noom_kill 7\nother 9", 7), ("nr_free 5", 0)):
        monkeypatch.setattr(link, "open", lambda *_, text=text, **__: io.StringIO(text), raising=False)
        assert link.out_of_memory() == count

    def none(*_: object, **__: object):
        raise OSError

    monkeypatch.setattr(link, "open", none, raising=False)
    assert link.out_of_memory() == 0


# --- giving up, time used, closing ----------------------------------------------------------------


def test_who_is_given_up_stays_so_whatever_the_supervisor_tells_then(far):
    tell(far, (USED, 0, 0.1), (ENDED, EXIT_3, 0.5))
    far.life.close()
    told = far.link.give_up("protocol", "words")
    assert (told.reason, told.detail) == ("protocol", "words")
    assert far.link.give_up("wall", "later") is told
    assert far.link.cpu() == 0.5
    assert end(far) is told


def test_who_is_given_up_hears_it(far):
    hearing = threading.Thread(target=lambda: (far.life.recv(100), far.life.close()))
    hearing.start()
    assert far.link.give_up("wall", "").reason == "wall"
    hearing.join(5)
    assert not hearing.is_alive()


def test_the_time_used_is_asked_for_once_after_each_call(far):
    tell(far, (USED, 0, 1.5))
    assert far.link.cpu() == far.link.cpu() == 1.5
    assert orders(far) == [(b"?", 0.0)]
    far.channel.sendall(REPLY)
    far.link.exchange(b"", 2.0, 5.0)
    far.life.setblocking(True)
    tell(far, (USED, 0, 1.75))
    assert far.link.cpu() == 1.75
    assert orders(far) == [(b"A", 2.0), (b"?", 0.0)]


def test_the_time_of_one_who_never_told_it_is_0(far):
    far.life.close()
    assert far.link.cpu() == 0.0


def test_an_end_that_the_time_tells_of_is_remembered(far):
    tell(far, (KILLED, KILL, 0.5))
    assert far.link.cpu() == 0.5
    assert end(far).detail == "over 0 s of CPU", "nothing had been asked yet"


def test_closing_is_an_end_too_and_the_first_one_counts(far):
    tell(far, (USED, 0, 0.5))
    far.link.close()
    far.link.close()
    told = end(far)
    assert (told.reason, told.detail) == ("exit", "the judge closed it")
    assert far.link.cpu() == 0.5
    assert far.channel.recv(1) == b"", "its supervisor sees that"
    assert far.life.recv(100) == ORDER.pack(ASK, 0.0)
    assert far.life.recv(100) == b""


def test_closing_after_an_end_keeps_it(far):
    far.life.close()
    told = far.link.give_up("wall", "late")
    far.link.close()
    assert end(far) is told


def test_wait_statuses_here_are_those_of_this_system():
    assert os.waitstatus_to_exitcode(EXIT_3) == 3
    assert os.waitstatus_to_exitcode(KILL) == -9
