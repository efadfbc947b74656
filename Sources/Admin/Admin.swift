// Admin: see contrib/docs/ARCHITECTURE.md
