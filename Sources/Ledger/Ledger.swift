// Ledger: see contrib/docs/ARCHITECTURE.md
