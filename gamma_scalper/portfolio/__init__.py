"""What is owned and owed: the order desk, the ledger, reconciliation and attribution, all pure."""
