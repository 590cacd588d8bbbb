# How the scripts here speak: one line for each step, its time when it is done, its log when it fails. Source it first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PWD/target/tools/bin:$PWD/node_modules/.bin:$PATH
mkdir -p target/logs

say() { printf '%s\n' "$*"; }

# Says what is wrong, and what to do about it, and ends.
fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# What took how long, for the table at the end; a script that another calls adds to the table of its caller.
took() {
  say "· $1 ($2 s)"
  [ -z "${BERTH_TIMES:-}" ] || printf '%6d s  %s\n' "$2" "$1" >>"$BERTH_TIMES"
}

# timed WHAT COMMAND…: runs what speaks for itself, and notes how long it took.
timed() {
  local what=$1 began=$SECONDS
  shift
  "$@"
  took "$what" $((SECONDS - began))
}

# The table of this run, the slowest last.
times() {
  say '' "$(sort -n "$BERTH_TIMES")" "$(printf '%6d s  in all' "$SECONDS")"
}

have() { command -v "$1" >/dev/null 2>&1; }

# step WHAT COMMAND…: runs the command with its output in target/logs, and says WHAT, how it goes, and how long it took.
step() {
  local what=$1 began=$SECONDS
  shift
  step_what=$what
  step_log=target/logs/$(printf %s "$what" | tr -cs '[:alnum:]' - | tr '[:upper:]' '[:lower:]' | sed 's/-$//').log
  : >"$step_log"
  progress "$what" "$step_log" &
  step_progress=$!
  "$@" >"$step_log" 2>&1
  end_progress
  step_what=
  took "$what" $((SECONDS - began))
}

# While a step runs: the last line of its log, in place on a terminal, twice a minute elsewhere.
progress() {
  local what=$1 log=$2 began=$SECONDS last pause=1
  trap 'kill "$nap" 2>/dev/null; exit 0' TERM
  [ -t 1 ] || pause=30
  while :; do
    sleep "$pause" &
    nap=$!
    wait "$nap"
    last=$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1 | cut -c 1-60 || true)
    if [ -t 1 ]; then
      printf '\r\033[K· %s … %d s  %s' "$what" $((SECONDS - began)) "$last"
    else
      say "· $what … $((SECONDS - began)) s  $last"
    fi
  done
}

end_progress() {
  [ -n "${step_progress:-}" ] || return 0
  kill "$step_progress" 2>/dev/null || true
  wait "$step_progress" 2>/dev/null || true
  step_progress=
  [ ! -t 1 ] || printf '\r\033[K'
}

# At the end of every script: if a step was under way, it failed, and its log says why.
explain() {
  local status=$?
  end_progress
  [ -n "${step_what:-}" ] || return 0
  printf '✗ %s: failed (status %d). The end of %s:\n' "$step_what" "$status" "$step_log" >&2
  tail -n 40 "$step_log" >&2
}
trap explain EXIT

# May this machine be given Debian packages by us?
may_apt() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && have apt-get; }

# packages WHAT-FOR PACKAGE…: installs Debian packages, or says which are needed.
packages() {
  local what=$1
  shift
  may_apt || fail "$what needs: $* (names of Debian's packages). Install them, or run this as root on Debian or Ubuntu."
  step "$what: apt-get install $*" apt_install "$@"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y --no-install-recommends "$@" && return
  apt-get update
  apt-get install -y --no-install-recommends "$@"
}

# What the soak starts engines of its own with, where it may.
own_engine() {
  [ "$(id -u)" = 0 ] && [ "$(uname -s)" = Linux ] || return 0
  { have dockerd && have iptables && have ip && have openssl; } || packages 'Engines of the soak' docker.io iptables iproute2 openssl
}

# declare_examples BINARY: declares the examples once the server that was started has made its database.
declare_examples() {
  local tries
  for tries in {1..100}; do
    "$1" apply examples/catalogue.toml >target/logs/apply.log 2>&1 && return
    sleep 0.2
  done
  cat target/logs/apply.log >&2
}
