// Changes: see contrib/docs/ARCHITECTURE.md
