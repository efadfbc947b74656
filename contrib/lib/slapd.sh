# shellcheck shell=bash
# A scratch slapd in a folder of its own, as unprivileged as whoever calls; needs common.sh.
#   slapd_up DIR PORT [LDIF]   fills the database from LDIF the first time, starts, returns when it answers
#   slapd_down DIR
# SLAPD_SESSIONLOG operations are remembered for those who come back (0: none); SLAPD_NOSYNC=no makes writes durable.

slapd_suffix=dc=example,dc=com
slapd_admin=cn=admin,$slapd_suffix
slapd_admin_password=admin
slapd_reader=cn=rollcall,ou=services,$slapd_suffix
slapd_reader_password=rollcall
PATH=$PATH:/usr/sbin

slapd_socket() { printf 'ldapi://%s' "$(printf %s "$1/ldapi" | sed 's,/,%2F,g')"; }

slapd_configuration() {
  local dir=$1
  cat <<CONF
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile $dir/slapd.pid
argsfile $dir/slapd.args
serverID 1
# root on the socket is the administrator
authz-regexp "gidNumber=$(id -g)[+]uidNumber=$(id -u),cn=peercred,cn=external,cn=auth" "$slapd_admin"

database mdb
suffix $slapd_suffix
rootdn $slapd_admin
rootpw $slapd_admin_password
directory $dir/db
maxsize 8589934592
index objectClass,entryCSN,entryUUID,uid,mail,member eq
limits dn.exact="$slapd_reader" size=unlimited time=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="$slapd_reader" read by users read by * none
CONF
  [ "${SLAPD_NOSYNC:-yes}" = no ] || printf 'dbnosync\ncheckpoint 1024 5\n'
  printf 'overlay syncprov\nsyncprov-checkpoint 100 10\n'
  [ "${SLAPD_SESSIONLOG:-10000}" = 0 ] || printf 'syncprov-sessionlog %s\n' "${SLAPD_SESSIONLOG:-10000}"
}

slapd_answers() { ldapsearch -x -LLL -o nettimeout=1 -H "ldap://127.0.0.1:$1" -s base -b '' 1.1; }

slapd_up() {
  local dir=$1 port=$2 ldif=${3:-}
  mkdir -p "$dir/db"
  slapd_configuration "$dir" >"$dir/slapd.conf"
  if [ ! -e "$dir/db/data.mdb" ] && [ -n "$ldif" ]; then
    # -S 1 gives every change the server's own number, as it would have had over LDAP; -w writes contextCSN.
    slapadd -q -w -S 1 -f "$dir/slapd.conf" -b "$slapd_suffix" -l "$ldif" >"$dir/slapadd.log" 2>&1 ||
      { tail -n 5 "$dir/slapadd.log" >&2; fail "slapadd could not fill $dir/db"; }
  fi
  slapd -f "$dir/slapd.conf" -h "ldap://127.0.0.1:$port $(slapd_socket "$dir")" -d "${SLAPD_DEBUG:-0}" \
    >"$dir/slapd.log" 2>&1 </dev/null &
  printf '%s' $! >"$dir/process"
  wait_until 20 slapd_answers "$port" || {
    tail -n 10 "$dir/slapd.log" >&2
    [ ! -d /sys/kernel/security/apparmor ] || say "AppArmor may confine slapd to its own folders: aa-status(8)" >&2
    fail "slapd did not start on port $port"
  }
}

slapd_down() {
  [ -s "$1/process" ] || return 0
  stop_process "$(cat "$1/process")" INT
  rm -f "$1/process"
}
