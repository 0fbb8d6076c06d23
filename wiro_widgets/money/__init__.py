"""Estimates, budgets and the ledger of what is in flight."""
