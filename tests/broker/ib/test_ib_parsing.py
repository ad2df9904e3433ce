"""Our reading of the library's objects says what the library's own says, in a fraction of the time."""

import dataclasses

import ib_insync as ib
import pytest
from ib_insync.decoder import Decoder

from gamma_scalper.broker.ib.parsing import parse

KINDS = (ib.Contract, ib.Order, ib.OrderState, ib.Execution, ib.CommissionReport, ib.ContractDetails)
TEXTS = {
    int: ("", "0", "-7", "2147483647"),
    float: ("0.0", "", "-1.5", "1.7976931348623157E308", "nan"),
    bool: ("1", "", "0"),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("turn", range(5))
def test_an_object_is_read_as_the_library_reads_it(kind, turn):
    """Every field meets every text in one of the turns."""
    read = [field for field in dataclasses.fields(kind) if type(field.default) in TEXTS]
    told = {field.name: TEXTS[type(field.default)][turn % len(TEXTS[type(field.default)])] for field in read}
    ours, theirs = kind(**told), kind(**told)
    parse(ours)
    Decoder(None, 176).parse(theirs)
    assert repr(ours) == repr(theirs)  # nan is not nan
    assert not any(isinstance(getattr(ours, field.name), str) for field in read)


def test_what_is_no_number_is_refused_as_the_library_refuses_it():
    with pytest.raises(ValueError, match="nonsense"):
        parse(ib.Execution(shares="nonsense"))
