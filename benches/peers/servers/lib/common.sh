# What the scripts share: a temporary folder, a free port, and a server that is ended with the script.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Where setup puts what is installed; nothing of it is part of the repository.
installed=${PEERS_INSTALLED:-$here/../target/servers}
# The server has one core, the client the other; on a machine with one they share it.
server_core=0
client_core=$(($(nproc) > 1 ? 1 : 0))
folder=$(mktemp -d)
server=

finish() {
  local code=$?
  trap - EXIT
  if [ -n "$server" ]; then
    if [ "$code" -ne 0 ]; then
      tail -n 20 "$folder/log" >&2 || true
    fi
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT

# A port that nothing listens at, of which the server is told.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# start COMMAND…: the server, on its core, in the temporary folder.
start() {
  (cd "$folder" && exec taskset -c "$server_core" "$@") >"$folder/log" 2>&1 &
  server=$!
}

# logins KIND COUNT VERSION: so many logins from the other core, and the line with what they took.
logins() {
  taskset -c "$client_core" python3 "$here/lib/client.py" \
    --kind "$1" --port "$port" --pid "$server" --logins "$2" --version "$3"
}

need() {
  local program
  for program in "$@"; do
    if ! command -v "$program" >/dev/null && [ ! -e "$program" ]; then
      echo "$(basename "$0"): $program is not here; '$(basename "$0") setup' says how to get it" >&2
      exit 3
    fi
  done
}

# latency NAME: the nanoseconds within which 99 of a hundred logins by headers are answered where half of what
# the server can do is due, of users in turn from the other core.
latency() {
  local program=${WAYFARE:-$here/../target/release/wayfare} peak
  need "$program"
  timeout 10 bash -c "until (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.1; done"
  measured() {
    printf 'Ch4ng31t' | taskset -c "$client_core" "$program" bench "http://127.0.0.1:$port/am" --mix zero-page \
      --user 'user{}' --users 1000 --password-stdin --warmup 2s --format json "$@"
  }
  # said FIELD FACTOR: a figure of what was measured, so many times.
  said() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)["logins"]'"$1"' * '"$2"')'
  }
  peak=$(measured --duration 5s | said '["per_second"]' 0.5)
  printf 'in-process %s nanoseconds %.0f\n' "$1" \
    "$(measured --rate "${peak%.*}" --duration 15s | said '["ms"]["p99"]' 1e6)"
}
