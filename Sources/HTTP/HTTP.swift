// HTTP: see contrib/docs/ARCHITECTURE.md
