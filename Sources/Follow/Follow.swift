// Follow: see contrib/docs/ARCHITECTURE.md
