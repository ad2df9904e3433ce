"""A market to trade against: matching, margin, lifecycle, generated or replayed quotes, faults.

`Engine` is the exchange: instructions (`tickets`) and time go in, events (`events`) come out.

engine ─▶ routine     what is due: ticks, openings, nights ──▶ overnight, mishaps
   └────▶ trading     the life of an order ──▶ acceptance, margin, matching, clearing, accounts
   floor              the whole state; `memory` keeps it       market (simulated/ replay/)  what is quoted
"""
