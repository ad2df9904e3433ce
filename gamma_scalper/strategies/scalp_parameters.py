"""What a gamma scalper is steered by, joined from a book's sections."""

from attrs import Factory, frozen

from gamma_scalper.domain.exits import UserError
from gamma_scalper.strategies.entry import EntryParameters
from gamma_scalper.strategies.exits import ExitParameters
from gamma_scalper.strategies.hedge_parameters import HedgeParameters
from gamma_scalper.strategies.limits import Limits
from gamma_scalper.strategies.nights import NightParameters
from gamma_scalper.strategies.sizing import SizingParameters


@frozen(kw_only=True)
class ScalpParameters:
    """The sections of the same names."""

    hedge: HedgeParameters = Factory(HedgeParameters)
    entry: EntryParameters = Factory(EntryParameters)
    sizing: SizingParameters = Factory(SizingParameters)
    exits: ExitParameters = Factory(ExitParameters)
    nights: NightParameters = Factory(NightParameters)


def refuse_what_ends_at_once(parameters: ScalpParameters, limits: Limits) -> None:
    """What may be bought must not be due to be sold: it would be bought and sold for ever."""
    for name in ("min_dte", "roll_dte"):
        days = getattr(parameters.exits, name)
        if days >= limits.min_dte:
            raise UserError(
                f"exits.{name} = {days}: what is bought with risk.structure.min_dte = {limits.min_dte} days to expiry "
                f"would be sold at once; allowed: less than {limits.min_dte}"
            )
