// LDAP: see contrib/docs/ARCHITECTURE.md
