"""Cash, budgets and limits: what is held back for one order is not there for another."""

from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gamma_scalper.domain.money import Money
from gamma_scalper.domain.orders import IntentId
from gamma_scalper.domain.proposals import Refusal
from gamma_scalper.portfolio.reserve import Purse, budget_pot, cash_pot, release, reserve, stated

CASH = cash_pot("USD")


def intent(number: int, book: str = "spy") -> IntentId:
    return IntentId(book, number)


def dollars(amount: int) -> Money:
    return Money(Decimal(amount))


def purse(cash: int = 1_000, **budgets: int) -> Purse:
    made = stated(Purse(), CASH, Decimal(cash))
    for book, budget in (budgets or {"spy": 10_000, "nvda": 10_000}).items():
        made = stated(made, budget_pot(book, "USD"), Decimal(budget))
    return made


def reserved(before: Purse, number: int, amount: int, book: str = "spy") -> Purse:
    after = reserve(before, book, {intent(number, book): dollars(amount)})
    assert isinstance(after, Purse)
    return after


def refused(before: Purse, amount: Money, book: str = "spy", limits: dict[str, Decimal] | None = None) -> str:
    number = intent(99, book)
    after = reserve(before, book, {number: amount}, {number: limits or {}})
    assert isinstance(after, Refusal)
    return after.why


def test_two_books_can_t_both_spend_the_last_dollar() -> None:
    left = reserved(purse(1_000), 1, 1_000)
    assert refused(left, dollars(1), "nvda") == "intent nvda/99 takes 1 of the cash in USD, of which 0 is left"


def test_the_last_dollar_may_be_spent() -> None:
    assert reserved(purse(1_000), 1, 1_000).left(CASH) == 0


def test_a_book_spends_no_more_than_its_budget_though_there_is_cash() -> None:
    left = reserved(purse(1_000, spy=300, nvda=10_000), 1, 250)
    assert refused(left, dollars(51)) == "intent spy/99 takes 51 of the budget of spy in USD, of which 50 is left"
    assert reserved(left, 1, 750, "nvda").left(CASH) == 0


def test_the_legs_of_a_plan_are_reserved_together_or_not_at_all() -> None:
    before = purse(1_000)
    both = {intent(1): dollars(600), intent(2): dollars(600)}
    assert isinstance(reserve(before, "spy", both), Refusal)
    assert before.left(CASH) == 1_000
    assert isinstance(reserve(before, "spy", {**both, intent(2): dollars(400)}), Purse)


def test_what_was_never_stated_holds_nothing() -> None:
    assert "which nobody has stated" in refused(Purse(), dollars(1))
    assert "budget of spy in EUR, which nobody has stated" in refused(purse(), Money(Decimal(1), "EUR"))
    assert Purse().left(CASH) == 0


def test_an_order_that_costs_nothing_needs_no_pot() -> None:
    after = reserve(Purse(), "spy", {intent(1): dollars(0)})
    assert isinstance(after, Purse)


def test_a_limit_in_shares_is_held_back_like_money() -> None:
    before = stated(purse(), "shares of SPY", Decimal(500), Decimal(480))
    assert "of which 20 is left" in refused(before, dollars(0), limits={"shares of SPY": Decimal(21)})
    after = reserve(before, "spy", {intent(1): dollars(0)}, {intent(1): {"shares of SPY": Decimal(20)}})
    assert isinstance(after, Purse)
    assert release(after, intent(1)).left("shares of SPY") == 20


def test_a_dead_order_s_reserve_is_free_again_less_what_it_spent() -> None:
    after = release(reserved(purse(1_000), 1, 600), intent(1), dollars(150))
    assert (after.held_back(CASH), after.left(CASH)) == (0, 850)
    assert after.left(budget_pot("spy", "USD")) == 9_850


def test_what_a_sale_brought_in_may_be_spent() -> None:
    assert release(reserved(purse(1_000), 1, 1), intent(1), dollars(-400)).left(CASH) == 1_400


def test_a_death_told_twice_frees_nothing_twice() -> None:
    once = release(reserved(purse(1_000), 1, 600), intent(1), dollars(150))
    assert release(once, intent(1), dollars(150)) == once


def test_the_broker_s_newest_figure_leaves_what_is_held_back() -> None:
    after = stated(reserved(purse(1_000), 1, 600), CASH, Decimal(900))
    assert (after.held_back(CASH), after.left(CASH)) == (600, 300)


def test_an_account_that_has_lost_more_than_is_free_reserves_nothing() -> None:
    after = stated(reserved(purse(1_000), 1, 600), CASH, Decimal(500))
    assert "of which -100 is left" in refused(after, dollars(1))


def test_one_intent_is_not_reserved_for_twice() -> None:
    with pytest.raises(ValueError, match="spy/1 has its reserve already"):
        reserve(reserved(purse(), 1, 600), "spy", {intent(1): dollars(10)})


def test_nothing_less_than_zero_is_reserved() -> None:
    with pytest.raises(ValueError, match="less than zero"):
        reserve(purse(), "spy", {intent(1): dollars(-1)})


class Spending(RuleBasedStateMachine):
    """Books ask, orders die, the broker states its figure: never is more held back than asked for, nor less than 0."""

    def __init__(self) -> None:
        super().__init__()
        self.purse = purse(1_000, spy=700, nvda=700)
        self.live: dict[IntentId, int] = {}
        self.number = 0

    @rule(book=st.sampled_from(("spy", "nvda")), amounts=st.lists(st.integers(0, 400), min_size=1, max_size=3))
    def ask(self, book: str, amounts: list[int]) -> None:
        wanted = {intent(self.number + n, book): amount for n, amount in enumerate(amounts, start=1)}
        left = min(self.purse.left(CASH), self.purse.left(budget_pot(book, "USD")))
        after = reserve(self.purse, book, {each: dollars(amount) for each, amount in wanted.items()})
        assert isinstance(after, Purse) is (sum(amounts) <= left or not any(amounts))
        if isinstance(after, Purse):
            self.purse = after
            self.live |= wanted
            self.number += len(amounts)

    @rule(data=st.data(), spent=st.integers(-100, 400))
    def die(self, data: st.DataObject, spent: int) -> None:
        if self.live:
            dead = data.draw(st.sampled_from(sorted(self.live)))
            del self.live[dead]
            self.purse = release(self.purse, dead, dollars(spent))

    @rule(cash=st.integers(-100, 1_500))
    def state(self, cash: int) -> None:
        self.purse = stated(self.purse, CASH, Decimal(cash))

    @invariant()
    def what_is_held_back_is_what_the_living_may_cost(self) -> None:
        assert self.purse.held_back(CASH) == sum(self.live.values())
        for book in ("spy", "nvda"):
            of_book = sum(amount for each, amount in self.live.items() if each.book == book)
            assert self.purse.held_back(budget_pot(book, "USD")) == of_book >= 0


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=40, stateful_step_count=25)
