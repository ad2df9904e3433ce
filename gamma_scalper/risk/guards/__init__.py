"""The rules, by what they look at. `risk.registry` lists them all."""
