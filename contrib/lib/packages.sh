# shellcheck shell=bash
# ensure_packages NAME…: Debian packages that are not there yet are installed, and named before they are. No service
# is started by that. Without root it says what to install and stops.

missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s ' "$name"
  done
}

ensure_packages() {
  local missing
  command -v dpkg-query >/dev/null || { say "not Debian: these must be there: $*"; return 0; }
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || fail "missing packages. Run this, then try again:
  sudo apt-get install --no-install-recommends $missing"
  say "installing $missing"
  # A policy of 101 keeps maintainer scripts from starting what they install (invoke-rc.d(8)).
  local policy=/usr/sbin/policy-rc.d ours='' log status=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    ours=yes
  fi
  log=$(mktemp)
  # shellcheck disable=SC2086
  install_quietly $missing >"$log" 2>&1 ||
    { apt-get update -qq && install_quietly $missing; } >>"$log" 2>&1 || status=$?
  [ -z "$ours" ] || rm -f "$policy"
  [ "$status" = 0 ] || { tail -n 20 "$log" >&2; rm -f "$log"; fail "apt-get could not install: $missing"; }
  rm -f "$log"
}

install_quietly() {
  DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" </dev/null
}
