// Settings: see contrib/docs/ARCHITECTURE.md
