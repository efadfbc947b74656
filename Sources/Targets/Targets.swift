// Targets: see contrib/docs/ARCHITECTURE.md
