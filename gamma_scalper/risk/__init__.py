"""What may happen now: one question, answered by guards that each know one rule."""
