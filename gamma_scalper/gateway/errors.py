"""What the gateway refuses, in the broker's numbers and words."""


class Refused(Exception):
    """A request that can't be served; it is answered with this code and text.

    For the operator: nothing was done because of it.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def invalid(cause: str) -> Refused:
    """A request with something wrong in it."""
    return Refused(321, f"Error validating request.-'bZ' : cause - {cause}")


def not_served(what: str) -> Refused:
    """Under a code that every client takes for the end of its request; of 321 some make a warning and wait on."""
    return Refused(10089, f"{what} is not served by this gateway")


def unknown_contract() -> Refused:
    return Refused(200, "No security definition has been found for the request")


def ambiguous_contract() -> Refused:
    return Refused(200, "The contract description specified is ambiguous; you must specify the conId or more fields.")


def no_history(why: str) -> Refused:
    return Refused(162, f"Historical Market Data Service error message:{why}")
