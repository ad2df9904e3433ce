"""Pure decisions: what to buy, when to hedge, when to leave. A picture goes in, a decision comes out."""
