"""The messages of the TWS protocol as classes, and how each is spelled in every version served (157 to 176)."""
