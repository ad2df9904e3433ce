"""The second stage of the ring: of what was last told of market and position it makes one whole picture."""

from datetime import timedelta

from loguru import logger

from gamma_scalper.domain.snapshots import MarketSnapshot, PositionSnapshot
from gamma_scalper.kernel import Channel, Clock
from gamma_scalper.pipeline.messages import DeltaUpdate, Trigger
from gamma_scalper.pipeline.picturing import Remembered, carry_of, picture
from gamma_scalper.pricing.parameters import PricingParameters, model_for

_FAR = timedelta(days=3_650)


class DeltaEngine:
    """One book's. Every trigger is answered with an update, an unusable one too, which passes its reasons on."""

    def __init__(
        self,
        book: str,
        triggers: Channel[Trigger],
        deltas: Channel[DeltaUpdate],
        clock: Clock,
        pricing: PricingParameters,
    ) -> None:
        self._book = book
        self._triggers = triggers
        self._deltas = deltas
        self._clock = clock
        self._pricing = pricing
        now = clock.now()
        self._model = model_for(book, pricing, carry_of(pricing).schedule.in_life(now, now + _FAR))
        self._market: MarketSnapshot | None = None
        self._position: PositionSnapshot | None = None
        self._remembered: Remembered = {}
        self._updates = 0
        self._unusable = ""
        self._log = logger.bind(book=book, stage="DeltaEngine")

    async def run(self) -> None:
        async for trigger in self._triggers:
            self._deltas.put_nowait(self._update(trigger))

    def _update(self, trigger: Trigger) -> DeltaUpdate:
        if trigger.market is not None:
            self._market = trigger.market
        if trigger.position is not None:
            self._position = trigger.position
        drawn, self._remembered = picture(
            self._model, self._pricing, self._market, self._position, self._clock.now(), self._remembered
        )
        if drawn.unusable != self._unusable:
            self._unusable = drawn.unusable
            self._log.info("no figures: {}", drawn.unusable) if drawn.unusable else self._log.info("figures again")
        self._updates += 1
        return DeltaUpdate(book=self._book, seq=self._updates, reasons=trigger.reasons, picture=drawn)
