"""Books with what the broker says of their underlyings."""

from gamma_scalper.domain.exits import ExitCode, UserError
from gamma_scalper.domain.ports import Broker, Refused, Unanswered
from gamma_scalper.kernel import Clock
from gamma_scalper.pipeline.book import BookParameters
from gamma_scalper.pipeline.resident import Resident


async def resident_of(broker: Broker, clock: Clock, about: BookParameters) -> Resident:
    """The book, with what the broker says of its underlying."""
    symbol = about.underlying.symbol
    try:
        share = await broker.catalogue.stock(symbol, about.underlying.currency)
    except (Refused, Unanswered) as error:
        raise UserError(
            f"book {about.name}: {symbol}: {error}; look at [underlying] in books/{about.name}.toml",
            ExitCode.NOTHING_TRADABLE,
        ) from error
    hours = about.hours()
    hours.of(share, clock.now())  # calendars take a while to load, and nobody should wait for them later
    return about.resident(share, hours)
