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
