"""A market to trade against: matching, margin, lifecycle, generated or replayed quotes, faults.

`engine.Engine` is the exchange: instructions (`tickets`) and time go in, events (`events`) come out.

    engine ─▶ trading   an order's life: acceptance ─▶ filling (matching, clearing) ─▶ ending
       └────▶ routine   what is due (agenda): ticks, halts, overnight (expiry, dividends), mishaps (true faults)
    floor               the whole state: accounts, orders, quotes; `memory` keeps it
    market              what is quoted: simulated/ or replay/, named by a line (`specs`)
    delivery            what one client is told of it all, spoilt by `faults` (`fault_file`: TOML, or drawn)
"""
