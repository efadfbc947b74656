# shellcheck shell=bash
# Small things every script here needs. Source it after `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else bold='' dim='' red='' green='' plain=''; fi

say() { printf '%s\n' "$*"; }
head_line() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { printf '%s%s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

# Milliseconds since the epoch; spent MS_BEFORE prints what has passed, for people.
now_ms() { printf '%s' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }
spent() {
  local ms=$(($(now_ms) - $1))
  if [ "$ms" -lt 60000 ]; then printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
  else printf '%d min %02d s' $((ms / 60000)) $((ms / 1000 % 60)); fi
}

# at_exit COMMAND…: run when the script ends, however it ends; the last one said runs first.
_at_exit=()
at_exit() { _at_exit=("$(printf '%q ' "$@")" "${_at_exit[@]}"); }
_run_at_exit() {
  local status=$? command
  trap '' INT TERM
  for command in "${_at_exit[@]}"; do eval "$command" || true; done
  exit "$status"
}
trap _run_at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A TCP port on the loopback that nobody listens on just now.
free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_until SECONDS COMMAND…: true as soon as the command succeeds, false when the time is up.
wait_until() {
  local end=$(($(now_ms) + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(now_ms)" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# stop_process PID [SIGNAL]: asks, waits up to 10 s, insists. Ends only what this script started.
stop_process() {
  local pid=$1
  kill -"${2:-TERM}" "$pid" 2>/dev/null || return 0
  for _ in $(seq 200); do kill -0 "$pid" 2>/dev/null || { wait "$pid" 2>/dev/null || true; return 0; }; sleep 0.05; done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}
