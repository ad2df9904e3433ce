"""The microkernel: channels, watches, bells, clocks, the virtual loop and the supervisor. No finance in here."""

from gamma_scalper.kernel.bell import Bell
from gamma_scalper.kernel.channel import Block, Channel, ChannelStats, Conflate, Unbounded
from gamma_scalper.kernel.clock import Clock, LoopClock, PacedClock, WallClock
from gamma_scalper.kernel.errors import Deadlock, Fatal, Recoverable, UnregisteredHost
from gamma_scalper.kernel.supervisor import End, Failed, Finished, Patience, Stage, Stopped, Supervisor
from gamma_scalper.kernel.together import all_of, together
from gamma_scalper.kernel.virtual_loop import VirtualLoop
from gamma_scalper.kernel.watch import Seen, Watch, Writer

__all__ = [
    "Bell",
    "Block",
    "Channel",
    "ChannelStats",
    "Clock",
    "Conflate",
    "Deadlock",
    "End",
    "Failed",
    "Fatal",
    "Finished",
    "LoopClock",
    "PacedClock",
    "Patience",
    "Recoverable",
    "Seen",
    "Stage",
    "Stopped",
    "Supervisor",
    "Unbounded",
    "UnregisteredHost",
    "VirtualLoop",
    "WallClock",
    "Watch",
    "Writer",
    "all_of",
    "together",
]
