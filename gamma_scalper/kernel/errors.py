"""What may go wrong in a stage, told apart by what it costs."""


class Recoverable(Exception):
    """One message could not be handled; the next one may be.

    For the operator: nothing to do. The message is dropped and counted, the ring goes on.
    """


class Fatal(Exception):
    """The stage can no longer be trusted with any message.

    For the operator: this ring has ended and will not restart by itself; other rings go on.
    """


class Deadlock(RuntimeError):
    """Every task waits and nothing is left that could wake one.

    For the operator: a defect in the program, never a market condition; report the names in the message.
    """


class UnregisteredHost(ConnectionRefusedError):
    """A program on the virtual loop asked for a host outside its world.

    For the operator: an offline run tried to reach the network and was refused; nothing was sent.
    """
