"""Shows that a journal fits together: every fill to its order, its decision and the quotes it was taken on."""
