// Deliver: see contrib/docs/ARCHITECTURE.md
