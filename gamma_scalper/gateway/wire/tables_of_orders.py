"""How an order is laid out in the three messages that carry one: placed, open and over."""

import math

from gamma_scalper.gateway.wire.answers import CompletedOrder, OpenOrder
from gamma_scalper.gateway.wire.contracts import ContractFields, DeltaNeutralFields, LegFields, TagValue
from gamma_scalper.gateway.wire.orders import Condition, OrderFields, OrderStateFields
from gamma_scalper.gateway.wire.requests import PlaceOrder
from gamma_scalper.gateway.wire.shapes import Field, Fixed, MayEnd, Only, Present, Record, Repeat, Shapes, Since, fields
from gamma_scalper.gateway.wire.spelling import (
    CONDITION_KIND,
    FLAG,
    INT,
    MAYBE_FLAG,
    MAYBE_INT,
    MAYBE_QUANTITY,
    MAYBE_REAL,
    NON_ZERO,
    OFFSET,
    QUANTITY,
    REAL,
    REAL_OR_MAX,
    STRIKE,
    TEXT,
)

# -- pieces that several messages share --------------------------------------------------------------------------------

_CONTRACT = fields(
    "contract",
    con_id=INT,
    symbol=TEXT,
    sec_type=TEXT,
    expiry=TEXT,
    strike=STRIKE,
    right=TEXT,
    multiplier=TEXT,
    exchange=TEXT,
)
_CONTRACT_REST = fields("contract", currency=TEXT, local_symbol=TEXT, trading_class=TEXT)
CONTRACT_ASKED = (*_CONTRACT, *fields("contract", primary_exchange=TEXT), *_CONTRACT_REST)
CONTRACT_TOLD = (*_CONTRACT, *_CONTRACT_REST)

TAG_VALUE = Record(TagValue, fields("", tag=TEXT, value=TEXT))
SHORT_LEG = fields("", con_id=INT, ratio=INT, action=TEXT, exchange=TEXT)
_LEG = Record(
    LegFields,
    (*SHORT_LEG, *fields("", open_close=INT, short_sale_slot=INT, designated_location=TEXT, exempt_code=INT)),
)
DELTA_NEUTRAL = Present(
    "contract.delta_neutral", Record(DeltaNeutralFields, fields("", con_id=INT, delta=REAL, price=REAL))
)
_COMBO: Shapes = (
    Repeat("contract.legs", _LEG),
    Repeat("order.leg_prices", MAYBE_REAL),
    Repeat("order.smart_combo_routing_params", TAG_VALUE),
)
_TERMS = fields(
    "order", action=TEXT, total_quantity=QUANTITY, order_type=TEXT, lmt_price=MAYBE_REAL, aux_price=NON_ZERO
)
_OWNER = fields("order", tif=TEXT, oca_group=TEXT, account=TEXT, open_close=TEXT, origin=INT, order_ref=TEXT)
_ADVISER = fields("order", fa_group=TEXT, fa_method=TEXT, fa_percentage=TEXT, fa_profile=TEXT, model_code=TEXT)
_SHORT_SALE = fields("order", short_sale_slot=INT, designated_location=TEXT, exempt_code=INT)
_REFERENCE_PRICES = fields("order", starting_price=NON_ZERO, stock_ref_price=NON_ZERO, delta=MAYBE_REAL)
_STOCK_RANGE = fields("order", stock_range_lower=NON_ZERO, stock_range_upper=NON_ZERO)
_VOLATILITY = fields(
    "order",
    volatility=NON_ZERO,
    volatility_type=MAYBE_INT,
    delta_neutral_order_type=TEXT,
    delta_neutral_aux_price=NON_ZERO,
)
_DELTA_NEUTRAL_CLEARING = fields(
    "order",
    delta_neutral_settling_firm=TEXT,
    delta_neutral_clearing_account=TEXT,
    delta_neutral_clearing_intent=TEXT,
    delta_neutral_open_close=TEXT,
)
_DELTA_NEUTRAL_SHORT_SALE = fields(
    "order",
    delta_neutral_short_sale=FLAG,
    delta_neutral_short_sale_slot=INT,
    delta_neutral_designated_location=TEXT,
)
_DELTA_NEUTRAL_ID = Field("order.delta_neutral_con_id", INT)
_DELTA_NEUTRAL_ORDER = Only(
    "order.delta_neutral_order_type", bool, (_DELTA_NEUTRAL_ID, *_DELTA_NEUTRAL_CLEARING, *_DELTA_NEUTRAL_SHORT_SALE)
)
_TRAILING = fields(
    "order",
    continuous_update=FLAG,
    reference_price_type=MAYBE_INT,
    trail_stop_price=NON_ZERO,
    trailing_percent=NON_ZERO,
)


def _above_zero(value: float | None) -> bool:
    return value is not None and value > 0


_SCALE: Shapes = (
    *fields("order", scale_init_level_size=MAYBE_INT, scale_subs_level_size=MAYBE_INT, scale_price_increment=NON_ZERO),
    Only(
        "order.scale_price_increment",
        _above_zero,
        fields(
            "order",
            scale_price_adjust_value=MAYBE_REAL,
            scale_price_adjust_interval=MAYBE_INT,
            scale_profit_offset=MAYBE_REAL,
            scale_auto_reset=FLAG,
            scale_init_position=MAYBE_INT,
            scale_init_fill_qty=MAYBE_INT,
            scale_random_percent=FLAG,
        ),
    ),
)
_HEDGE: Shapes = (
    Field("order.hedge_type", TEXT),
    Only("order.hedge_type", bool, fields("order", hedge_param=TEXT)),
)
_CLEARING = fields("order", clearing_account=TEXT, clearing_intent=TEXT, not_held=FLAG)
_ALGORITHM: Shapes = (
    Field("order.algo_strategy", TEXT),
    Only("order.algo_strategy", bool, (Repeat("order.algo_params", TAG_VALUE),)),
)
_RANDOMIZE = fields("order", randomize_size=FLAG, randomize_price=FLAG)


# -- conditions and pegs -----------------------------------------------------------------------------------------------

_WHERE = fields("", con_id=INT, exchange=TEXT)
_CONDITION = Record(
    Condition,
    (
        *fields("", kind=CONDITION_KIND, conjunction=TEXT),
        Only("kind", lambda kind: kind != 5, fields("", is_more=FLAG)),
        Only("kind", lambda kind: kind == 1, (*fields("", price=REAL), *_WHERE, *fields("", trigger_method=INT))),
        Only("kind", lambda kind: kind == 3, fields("", time=TEXT)),
        Only("kind", lambda kind: kind == 4, fields("", percent=INT)),
        Only("kind", lambda kind: kind == 5, fields("", sec_type=TEXT, exchange=TEXT, symbol=TEXT)),
        Only("kind", lambda kind: kind == 6, (*fields("", volume=INT), *_WHERE)),
        Only("kind", lambda kind: kind == 7, (*fields("", change_percent=REAL), *_WHERE)),
    ),
)
_CONDITIONS: Shapes = (
    Repeat("order.conditions", _CONDITION),
    Only("order.conditions", bool, fields("order", conditions_ignore_rth=FLAG, conditions_cancel_order=FLAG)),
)
_BENCHMARK = Only(
    "order.order_type",
    lambda kind: kind in ("PEG BENCH", "PEGBENCH"),
    fields(
        "order",
        reference_contract_id=INT,
        is_pegged_change_amount_decrease=FLAG,
        pegged_change_amount=REAL,
        reference_change_amount=REAL,
        reference_exchange_id=TEXT,
    ),
)
_MID_OFFSETS = fields("order", mid_offset_at_whole=MAYBE_REAL, mid_offset_at_half=MAYBE_REAL)
_COMPETE = fields("order", min_compete_size=MAYBE_INT, compete_against_best_offset=OFFSET)
_PEGS_ASKED: Shapes = (
    Only("contract.exchange", lambda exchange: exchange == "IBKRATS", fields("order", min_trade_qty=MAYBE_INT)),
    Only(
        "order.order_type",
        lambda kind: kind in ("PEG BEST", "PEGBEST"),
        (*_COMPETE, Only("order.compete_against_best_offset", lambda offset: offset == math.inf, _MID_OFFSETS)),
    ),
    Only("order.order_type", lambda kind: kind in ("PEG MID", "PEGMID"), _MID_OFFSETS),
)
_PEGS_TOLD = (*fields("order", min_trade_qty=MAYBE_INT), *_COMPETE, *_MID_OFFSETS)

# -- the three messages ------------------------------------------------------------------------------------------------

_ORDER_PARTS = {"contract": ContractFields, "order": OrderFields}
_STATE_PARTS = {**_ORDER_PARTS, "state": OrderStateFields}

PLACE_ORDER = Record(
    PlaceOrder,
    (
        *fields("", order_id=INT),
        *CONTRACT_ASKED,
        *fields("contract", sec_id_type=TEXT, sec_id=TEXT),
        *_TERMS,
        *_OWNER,
        *fields("order", transmit=FLAG, parent_id=INT, block_order=FLAG, sweep_to_fill=FLAG, display_size=MAYBE_INT),
        *fields("order", trigger_method=INT, outside_rth=FLAG, hidden=FLAG),
        Only("contract.sec_type", lambda kind: kind == "BAG", _COMBO),
        MayEnd(
            (
                Fixed(),  # allocated shares, long gone
                *fields("order", discretionary_amt=REAL, good_after_time=TEXT, good_till_date=TEXT),
                *_ADVISER,
                *_SHORT_SALE,
                *fields("order", oca_type=INT, rule_80a=TEXT, settling_firm=TEXT, all_or_none=FLAG, min_qty=MAYBE_INT),
                *fields("order", percent_offset=NON_ZERO, e_trade_only=FLAG, firm_quote_only=FLAG),
                *fields("order", nbbo_price_cap=NON_ZERO, auction_strategy=INT),
                *_REFERENCE_PRICES,
                *_STOCK_RANGE,
                *fields("order", override_percentage_constraints=FLAG),
                *_VOLATILITY,
                _DELTA_NEUTRAL_ORDER,
                *_TRAILING,
                *_SCALE,
                *fields("order", scale_table=TEXT, active_start_time=TEXT, active_stop_time=TEXT),
                *_HEDGE,
                *fields("order", opt_out_smart_routing=FLAG),
                *_CLEARING,
                DELTA_NEUTRAL,
                *_ALGORITHM,
                *fields("order", algo_id=TEXT, what_if=FLAG, misc_options=TEXT, solicited=FLAG),
                *_RANDOMIZE,
                _BENCHMARK,
                *_CONDITIONS,
                *fields("order", adjusted_order_type=TEXT, trigger_price=NON_ZERO, lmt_price_offset=MAYBE_REAL),
                *fields("order", adjusted_stop_price=NON_ZERO, adjusted_stop_limit_price=NON_ZERO),
                *fields("order", adjusted_trailing_amount=NON_ZERO, adjustable_trailing_unit=INT),
                *fields("order", ext_operator=TEXT, soft_dollar_name=TEXT, soft_dollar_value=TEXT, cash_qty=NON_ZERO),
                *fields("order", mifid2_decision_maker=TEXT, mifid2_decision_algo=TEXT),
                *fields("order", mifid2_execution_trader=TEXT, mifid2_execution_algo=TEXT),
                *fields("order", dont_use_auto_price_for_hedge=FLAG, is_oms_container=FLAG),
                *fields("order", discretionary_up_to_limit_price=FLAG, use_price_mgmt_algo=MAYBE_FLAG),
                Since(158, fields("order", duration=MAYBE_INT)),
                Since(160, fields("order", post_to_ats=MAYBE_INT)),
                Since(162, fields("order", auto_cancel_parent=FLAG)),
                Since(166, fields("order", advanced_error_override=TEXT)),
                Since(169, fields("order", manual_order_time=TEXT)),
                Since(170, _PEGS_ASKED),
            )
        ),
    ),
    _ORDER_PARTS,
)

OPEN_ORDER = Record(
    OpenOrder,
    (
        *fields("order", order_id=INT),
        *CONTRACT_TOLD,
        *_TERMS,
        *_OWNER,
        *fields("order", client_id=INT, perm_id=INT, outside_rth=FLAG, hidden=FLAG, discretionary_amt=REAL),
        *fields("order", good_after_time=TEXT),
        Fixed(),  # allocated shares, long gone
        *_ADVISER,
        *fields("order", good_till_date=TEXT, rule_80a=TEXT, percent_offset=NON_ZERO, settling_firm=TEXT),
        *_SHORT_SALE,
        *fields("order", auction_strategy=INT),
        *_REFERENCE_PRICES,
        *_STOCK_RANGE,
        *fields("order", display_size=MAYBE_INT, block_order=FLAG, sweep_to_fill=FLAG, all_or_none=FLAG),
        *fields("order", min_qty=MAYBE_INT, oca_type=INT, e_trade_only=FLAG, firm_quote_only=FLAG),
        *fields("order", nbbo_price_cap=NON_ZERO, parent_id=INT, trigger_method=INT),
        *_VOLATILITY,
        _DELTA_NEUTRAL_ORDER,
        *_TRAILING,
        *fields("order", basis_points=MAYBE_REAL, basis_points_type=MAYBE_INT),
        *fields("contract", legs_description=TEXT),
        *_COMBO,
        *_SCALE,
        *_HEDGE,
        *fields("order", opt_out_smart_routing=FLAG),
        *_CLEARING,
        DELTA_NEUTRAL,
        *_ALGORITHM,
        *fields("order", solicited=FLAG, what_if=FLAG),
        *fields("state", status=TEXT),
        *fields("state", init_margin_before=REAL_OR_MAX, maint_margin_before=REAL_OR_MAX),
        *fields("state", equity_with_loan_before=REAL_OR_MAX),
        *fields("state", init_margin_change=REAL_OR_MAX, maint_margin_change=REAL_OR_MAX),
        *fields("state", equity_with_loan_change=REAL_OR_MAX),
        *fields("state", init_margin_after=REAL_OR_MAX, maint_margin_after=REAL_OR_MAX),
        *fields("state", equity_with_loan_after=REAL_OR_MAX),
        *fields("state", commission=MAYBE_REAL, min_commission=MAYBE_REAL, max_commission=MAYBE_REAL),
        *fields("state", commission_currency=TEXT, warning_text=TEXT),
        *_RANDOMIZE,
        _BENCHMARK,
        *_CONDITIONS,
        *fields("order", adjusted_order_type=TEXT, trigger_price=REAL_OR_MAX, trail_stop_price=REAL_OR_MAX),
        *fields("order", lmt_price_offset=REAL_OR_MAX, adjusted_stop_price=REAL_OR_MAX),
        *fields("order", adjusted_stop_limit_price=REAL_OR_MAX, adjusted_trailing_amount=REAL_OR_MAX),
        *fields("order", adjustable_trailing_unit=INT),
        *fields("order", soft_dollar_name=TEXT, soft_dollar_value=TEXT, soft_dollar_display=TEXT, cash_qty=NON_ZERO),
        *fields("order", dont_use_auto_price_for_hedge=FLAG, is_oms_container=FLAG),
        *fields("order", discretionary_up_to_limit_price=FLAG, use_price_mgmt_algo=MAYBE_FLAG),
        Since(158, fields("order", duration=MAYBE_INT)),  # ib_insync looks for it from 159 on and overlooks it at 158
        Since(160, fields("order", post_to_ats=MAYBE_INT)),
        Since(162, fields("order", auto_cancel_parent=FLAG)),
        Since(170, _PEGS_TOLD),
    ),
    _STATE_PARTS,
)

COMPLETED_ORDER = Record(
    CompletedOrder,
    (
        *CONTRACT_TOLD,
        *_TERMS,
        *_OWNER,
        *fields("order", perm_id=INT, outside_rth=FLAG, hidden=FLAG, discretionary_amt=REAL, good_after_time=TEXT),
        *_ADVISER,
        *fields("order", good_till_date=TEXT, rule_80a=TEXT, percent_offset=NON_ZERO, settling_firm=TEXT),
        *_SHORT_SALE,
        *_REFERENCE_PRICES,
        *_STOCK_RANGE,
        *fields("order", display_size=MAYBE_INT, sweep_to_fill=FLAG, all_or_none=FLAG, min_qty=MAYBE_INT),
        *fields("order", oca_type=INT, trigger_method=INT),
        *_VOLATILITY,
        Only("order.delta_neutral_order_type", bool, (_DELTA_NEUTRAL_ID, *_DELTA_NEUTRAL_SHORT_SALE)),
        *_TRAILING,
        *fields("contract", legs_description=TEXT),
        *_COMBO,
        *_SCALE,
        *_HEDGE,
        *_CLEARING,
        DELTA_NEUTRAL,
        *_ALGORITHM,
        *fields("order", solicited=FLAG),
        *fields("state", status=TEXT),
        *_RANDOMIZE,
        _BENCHMARK,
        *_CONDITIONS,
        *fields("order", trail_stop_price=REAL_OR_MAX, lmt_price_offset=REAL_OR_MAX, cash_qty=NON_ZERO),
        *fields("order", dont_use_auto_price_for_hedge=FLAG, is_oms_container=FLAG, auto_cancel_date=TEXT),
        *fields("order", filled_quantity=MAYBE_QUANTITY, ref_futures_con_id=INT, auto_cancel_parent=FLAG),
        *fields("order", shareholder=TEXT, imbalance_only=FLAG, route_marketable_to_bbo=FLAG, parent_perm_id=INT),
        *fields("state", completed_time=TEXT, completed_status=TEXT),
        Since(170, _PEGS_TOLD),
    ),
    _STATE_PARTS,
)
