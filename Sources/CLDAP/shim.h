#ifndef ROLLCALL_CLDAP_SHIM_H
#define ROLLCALL_CLDAP_SHIM_H
#include <lber.h>
#include <ldap.h>
#include <sasl/sasl.h>
#endif
