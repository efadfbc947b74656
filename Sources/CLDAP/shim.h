#ifndef ROLLCALL_CLDAP_SHIM_H
#define ROLLCALL_CLDAP_SHIM_H
#include <lber.h>
#include <ldap.h>
#include <openldap.h>
#include <sasl/sasl.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/* A descriptor by which one thread wakes another's poll(2). */
static inline int cldap_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/* The calling thread's name, 15 characters at most; prctl is variadic. */
static inline void cldap_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/* ldap_set_option takes a void *, and a wrong type behind it goes unnoticed: one function per type. */
static inline int cldap_set_int(LDAP *ld, int option, int value) { return ldap_set_option(ld, option, &value); }

static inline int cldap_set_string(LDAP *ld, int option, const char *value) {
  return ldap_set_option(ld, option, value);
}

/* LDAP_OPT_ON and LDAP_OPT_OFF are macros over an address. */
static inline int cldap_set_flag(LDAP *ld, int option, int on) {
  return ldap_set_option(ld, option, on ? LDAP_OPT_ON : LDAP_OPT_OFF);
}

static inline int cldap_get_int(LDAP *ld, int option, int *value) { return ldap_get_option(ld, option, value); }

/* The caller frees the string with ldap_memfree. */
static inline int cldap_get_string(LDAP *ld, int option, char **value) { return ldap_get_option(ld, option, value); }

/* A reader of 64 KiB at a time below TLS and SASL (liblber asks the kernel twice for each message without one),
   and the largest message taken. */
static inline int cldap_prepare_socket(LDAP *ld, ber_len_t largest) {
  Sockbuf *sb = NULL;
  ber_len_t ahead = 65536;
  if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sb) != LDAP_OPT_SUCCESS || sb == NULL) return -1;
  if (ber_sockbuf_add_io(sb, &ber_sockbuf_io_readahead, LBER_SBIOD_LEVEL_PROVIDER, NULL) != 0) return -1;
  ber_sockbuf_ctrl(sb, LBER_SB_OPT_SET_READAHEAD, &ahead);
  ber_sockbuf_ctrl(sb, LBER_SB_OPT_SET_MAX_INCOMING, &largest);
  return 0;
}

/* LDAP_SASL_SIMPLE is a cast of NULL. */
static inline int cldap_simple_bind(LDAP *ld, const char *dn, const char *password, ber_len_t length, int *id) {
  struct berval credentials = {length, (char *)password};
  return ldap_sasl_bind(ld, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, id);
}

typedef struct {
  const char *authcid, *authzid, *realm, *password;
} cldap_sasl_answers;

/* Answers what a SASL mechanism asks (sasl_client_start(3)); an unknown or absent answer is its default, else empty. */
static inline int cldap_sasl_interact(LDAP *ld, unsigned flags, void *defaults, void *questions) {
  const cldap_sasl_answers *answers = defaults;
  (void)ld;
  (void)flags;
  for (sasl_interact_t *ask = questions; ask->id != SASL_CB_LIST_END; ask++) {
    const char *answer = NULL;
    switch (ask->id) {
    case SASL_CB_AUTHNAME: answer = answers->authcid; break;
    case SASL_CB_USER: answer = answers->authzid; break;
    case SASL_CB_GETREALM: answer = answers->realm; break;
    case SASL_CB_PASS: answer = answers->password; break;
    default: break;
    }
    if (answer == NULL) answer = ask->defresult != NULL ? ask->defresult : "";
    size_t length = 0;
    while (answer[length] != 0) length++;
    ask->result = answer;
    ask->len = (unsigned)length;
  }
  return LDAP_SUCCESS;
}

/* One step of a SASL bind: message is NULL at first, then each reply. */
static inline int cldap_sasl_step(
    LDAP *ld, const char *mechanism, cldap_sasl_answers *answers, LDAPMessage *message, const char **chosen, int *id) {
  return ldap_sasl_interactive_bind(
      ld, NULL, mechanism, NULL, NULL, LDAP_SASL_QUIET, cldap_sasl_interact, answers, message, chosen, id);
}
#endif
