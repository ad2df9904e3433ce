"""Many sessions: played on all cores, kept, made small where they fail, counted and reported."""
