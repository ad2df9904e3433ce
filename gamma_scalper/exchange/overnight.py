"""What clearing houses, issuers and banks do at night, silently: expiry, exercise, assignment, dividends, interest."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from gamma_scalper.domain.instruments import Option, Stock
from gamma_scalper.domain.money import to_decimal
from gamma_scalper.domain.sessions import years_between
from gamma_scalper.exchange.accounts import CARRY, STREET, Account
from gamma_scalper.exchange.agenda import OF_ORDERS
from gamma_scalper.exchange.events import Cause
from gamma_scalper.exchange.floor import Floor, Mark
from gamma_scalper.exchange.market import UnknownContract
from gamma_scalper.exchange.matching import chance
from gamma_scalper.exchange.tickets import Exercise

_CENT = Decimal("0.01")
_AUTOMATIC = Decimal("0.01")  # in the money by this much, an expiring option is exercised without being told
_TOO_LATE = timedelta(minutes=90)  # after the last trading, for instructions
_ASSIGNED = 2  # which chance is drawn
_DAYS_A_YEAR = 360  # as banks count


def midnight(floor: Floor) -> None:
    """A new day: what a broker tells of yesterday's orders and executions is gone."""
    floor.orders.forget_dead()
    floor.forget_unwatched()
    floor.agenda.drop(lambda due: due.duty in OF_ORDERS and floor.orders.find(int(due.arguments[0])) is None)
    floor.executions.clear()
    floor.charges.clear()
    for account in floor.accounts.all():
        account.realised = Decimal(0)


def overnight(floor: Floor, today: date) -> None:
    """Between two days, before anybody is up: exercise comes before the dividend it may be meant for."""
    for account, option in _options_held(floor):
        if option.expiry < today and settlement_price(floor, option):
            _expire(floor, account, option)  # without any price of its underlying it waits for one
    _carry_out_instructions(floor)
    for account, option in _options_held(floor):
        assigned = _assigned_early(floor, account, option, today)
        if assigned:
            _exercise(floor, account, option, -Decimal(assigned), Cause.ASSIGNMENT)
    floor.to_assign.clear()
    for con_id in sorted(floor.watches):
        amount = dividend_of(floor, con_id, today)
        if amount:
            _pay_dividend(floor, con_id, amount)
    _interest(floor)


def closing_marks(floor: Floor) -> None:
    """Last prices of the session: of every option held, and of the put beside every call that is owed."""
    wanted: dict[int, None] = {}  # in the order they came
    for _, option in _options_held(floor):
        wanted[option.con_id] = None
        twin = _put_beside(floor, option)
        if twin is not None:
            wanted[twin.con_id] = None
    for con_id in wanted:
        if floor.is_open(con_id) and not floor.halted(con_id):
            floor.marks[con_id] = Mark(floor.now, floor.price(con_id))


def _options_held(floor: Floor) -> list[tuple[Account, Option]]:
    found = []
    for account in floor.accounts.clients():
        for con_id in account.held:
            instrument = floor.instrument(con_id)
            if isinstance(instrument, Option):
                found.append((account, instrument))
    return found


# -- expiry and exercise -----------------------------------------------------------------------------------------------


def _expire(floor: Floor, account: Account, option: Option) -> None:
    """What is in the money is exercised or assigned, unless its holder said otherwise; the rest is gone."""
    quantity = account.quantity(option.con_id)
    worth = intrinsic(option, settlement_price(floor, option))
    exercised = abs(quantity) if worth >= _AUTOMATIC else Decimal(0)
    if quantity > 0:
        for instruction in _instructions(floor, account.name, option.con_id):
            asked = min(Decimal(instruction.quantity), quantity)
            exercised = min(exercised, quantity - asked) if instruction.lapse else max(exercised, asked)
            floor.instructions.remove(instruction)
        if option.settlement != "physical":
            exercised = exercised if worth > 0 else Decimal(0)
    if exercised:
        cause = Cause.EXERCISE if quantity > 0 else Cause.ASSIGNMENT
        _exercise(floor, account, option, exercised if quantity > 0 else -exercised, cause)
    left = account.quantity(option.con_id)
    if left:
        _give_up(floor, account, option, left)
        floor.tell_move(account.name, Cause.EXPIRY, option.con_id, -left, Decimal(0))


def _give_up(floor: Floor, account: Account, option: Option, quantity: Decimal) -> None:
    """The contracts leave the account for nothing."""
    if quantity > 0:
        floor.accounts.trade(STREET, account.name, option.con_id, quantity, Decimal(0))
    else:
        floor.accounts.trade(account.name, STREET, option.con_id, -quantity, Decimal(0))


def _exercise(floor: Floor, account: Account, option: Option, quantity: Decimal, cause: Cause) -> None:
    """`quantity` contracts (negative: of those owed) become shares at the strike, or cash."""
    _give_up(floor, account, option, quantity)
    floor.tell_move(account.name, cause, option.con_id, -quantity, Decimal(0))
    units = quantity * option.multiplier
    if option.settlement != "physical":
        cash = units * intrinsic(option, settlement_price(floor, option))
        floor.accounts.pay(STREET, account.name, cash)
        floor.tell_move(account.name, Cause.SETTLEMENT, option.con_id, Decimal(0), cash)
        return
    shares = units if option.right == "C" else -units
    value = abs(shares) * option.strike
    if shares > 0:
        floor.accounts.trade(account.name, STREET, option.underlying_con_id, shares, value)
    else:
        floor.accounts.trade(STREET, account.name, option.underlying_con_id, -shares, value)
    floor.tell_move(account.name, cause, option.underlying_con_id, shares, value if shares < 0 else -value)


def intrinsic(option: Option, price: Decimal) -> Decimal:
    return max(price - option.strike if option.right == "C" else option.strike - price, Decimal(0))


def settlement_price(floor: Floor, option: Option) -> Decimal:
    """To the cent: the underlying's close, or for AM-settled options the first price of the day of expiry."""
    watch = floor.watch(option.underlying_con_id)
    price = watch.opening if option.settlement == "cash_am" else watch.close or watch.price
    return to_decimal(price).quantize(_CENT, ROUND_HALF_EVEN)


def _instructions(floor: Floor, account: str, con_id: int) -> list[Exercise]:
    return [each for each in floor.instructions if (each.account, each.con_id) == (account, con_id)]


def instruct(floor: Floor, asked: Exercise) -> None:
    """Note a holder's instruction for tonight, or for expiry; told at once what can't be done."""
    if asked.account not in floor.accounts:
        floor.tell(321, f"Error validating request.-'bZ' : cause - Invalid account code '{asked.account}'")
        return
    try:
        option = floor.instrument(asked.con_id)
    except UnknownContract:
        floor.tell(200, "No security definition has been found for the request")
        return
    held = floor.accounts[asked.account].quantity(asked.con_id)
    if isinstance(option, Option) and floor.now >= option.expires_at + _TOO_LATE:
        floor.tell(322, "Error processing request.-'bZ' : cause - The option's last moment for instructions has passed")
    elif not isinstance(option, Option) or held < asked.quantity:
        floor.tell(322, f"Error processing request.-'bZ' : cause - {held} held and {asked.quantity} to exercise")
    elif option.exercise == "european" and not asked.lapse:
        floor.tell(322, "Error processing request.-'bZ' : cause - A European option is exercised at its expiry only")
    else:
        floor.instructions.append(asked)


def _carry_out_instructions(floor: Floor) -> None:
    """Early exercise of American options by their holder; instructions for expiry wait for it."""
    for instruction in list(floor.instructions):
        option = floor.instrument(instruction.con_id)
        account = floor.accounts[instruction.account]
        quantity = min(Decimal(instruction.quantity), account.quantity(instruction.con_id))
        if not isinstance(option, Option) or quantity <= 0:
            floor.instructions.remove(instruction)
        elif not instruction.lapse and option.exercise == "american":
            _exercise(floor, account, option, quantity, Cause.EXERCISE)
            floor.instructions.remove(instruction)


# -- early assignment --------------------------------------------------------------------------------------------------


def _assigned_early(floor: Floor, account: Account, option: Option, today: date) -> int:
    """How many of the contracts an account owes are exercised against it tonight."""
    owed = -int(account.quantity(option.con_id))
    if owed <= 0 or option.exercise != "american" or option.settlement != "physical":
        return 0
    if {"", option.symbol, str(option.con_id), str(option.underlying_con_id)} & set(floor.to_assign):
        return owed
    if not _worth_exercising(floor, option, today):
        return 0
    share = floor.parameters.early_assignment_pct / 100
    return sum(
        chance(floor.seed, _ASSIGNED, option.con_id, today.toordinal(), number) < share for number in range(owed)
    )


def _worth_exercising(floor: Floor, option: Option, today: date) -> bool:
    """A call in the money whose dividend of today exceeds what its holder gives up: the put beside it, and interest."""
    dividend = dividend_of(floor, option.underlying_con_id, today)
    twin = _put_beside(floor, option)
    spot = floor.watch(option.underlying_con_id).close
    if not dividend or twin is None or twin.con_id not in floor.marks or spot <= float(option.strike):
        return False
    years = years_between(floor.now, option.expires_at)
    interest = float(option.strike) * floor.parameters.carry.credit_rate_pct / 100 * years
    return float(dividend) > floor.marks[twin.con_id].price + interest


def _put_beside(floor: Floor, option: Option) -> Option | None:
    if option.right != "C":
        return None
    listed = floor.market.options(option.underlying_con_id, option.expiry)
    return next(
        (
            each
            for each in listed
            if (each.right, each.strike, each.trading_class) == ("P", option.strike, option.trading_class)
        ),
        None,
    )


# -- dividends and interest --------------------------------------------------------------------------------------------


def dividend_of(floor: Floor, con_id: int, day: date) -> Decimal:
    """Cash a share that leaves the price in the night to this day."""
    due = (dividend for dividend in floor.market.dividends(con_id).dividends if dividend.ex == day)
    return sum((to_decimal(dividend.amount) for dividend in due), Decimal(0))


def _pay_dividend(floor: Floor, con_id: int, amount: Decimal) -> None:
    """Holders get it, short sellers owe it; paid at once, where a broker would let weeks pass."""
    for account in floor.accounts.clients():
        quantity = account.quantity(con_id)
        if quantity:
            cash = _cents(quantity * amount)
            floor.accounts.pay(CARRY, account.name, cash)
            floor.tell_move(account.name, Cause.DIVIDEND, con_id, Decimal(0), cash)


def _interest(floor: Floor) -> None:
    """A day's: on cash, on debt, on borrowed shares."""
    carry = floor.parameters.carry
    for account in floor.accounts.clients():
        rate = carry.credit_rate_pct if account.cash > 0 else carry.debit_rate_pct
        _pay_a_day(floor, account, Cause.INTEREST, None, account.cash, rate)
        for con_id in list(account.held):
            quantity = account.quantity(con_id)
            if quantity < 0 and isinstance(floor.instrument(con_id), Stock):
                value = quantity * to_decimal(floor.watches[con_id].close or floor.watches[con_id].price)
                _pay_a_day(floor, account, Cause.BORROW, con_id, value, carry.borrow_fee_pct)


def _pay_a_day(
    floor: Floor, account: Account, cause: Cause, con_id: int | None, amount: Decimal, rate_pct: float
) -> None:
    cash = _cents(amount * to_decimal(rate_pct) / 100 / _DAYS_A_YEAR)
    if cash:
        floor.accounts.pay(CARRY, account.name, cash)
        floor.tell_move(account.name, cause, con_id, Decimal(0), cash)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_EVEN)
