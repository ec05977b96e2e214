# Shared settings and helpers of the Kubernetes test cluster ("kube-lab").
# Sourced by build.sh, up.sh, down.sh and image scripts; never run by itself.
# shellcheck shell=bash disable=SC2034

# ---------------------------------------------------------------- settings
# Everything below can be overridden from the environment.

# Downloaded packages and built server binaries. Keep this folder between runs
# (it is the only thing a CI cache has to save).
KUBE_LAB_CACHE="${KUBE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kube-lab}"

# Everything that belongs to one running cluster: data, logs, certificates,
# kubeconfig. Removed by down.sh. Keep the path short (unix socket names), and
# on a file system without "noexec" (volumes of pods live here).
KUBE_LAB_RUN="${KUBE_LAB_RUN:-/var/lib/kube-lab}"

# Number of nodes, 1 to 9. Every node is a network namespace of its own.
KUBE_LAB_NODES="${KUBE_LAB_NODES:-1}"

# First three octets of the node network (a /24 on a private bridge), and the
# bridge's name. Change them if they collide with something on the machine.
KUBE_LAB_NET="${KUBE_LAB_NET:-172.30.240}"
KUBE_LAB_BRIDGE="${KUBE_LAB_BRIDGE:-klab0}"
KUBE_LAB_POD_NET="${KUBE_LAB_POD_NET:-10.244}"            # node N gets .N.0/24
KUBE_LAB_SERVICE_CIDR="${KUBE_LAB_SERVICE_CIDR:-10.96.0.0/16}"
KUBE_LAB_SERVICE_IP1="${KUBE_LAB_SERVICE_IP1:-10.96.0.1}"  # first of that range

# Addresses on the bridge where tests put servers: the DNS server of pods, the
# one of the nodes, and "the internet", where everything else is.
KUBE_LAB_CLUSTER_DNS="${KUBE_LAB_CLUSTER_DNS:-$KUBE_LAB_NET.53}"
KUBE_LAB_NODE_DNS="${KUBE_LAB_NODE_DNS:-$KUBE_LAB_NET.54}"
KUBE_LAB_INTERNET="${KUBE_LAB_INTERNET:-$KUBE_LAB_NET.80}"

# A folder with kube-apiserver, kube-controller-manager, kube-scheduler,
# kubelet and kube-proxy to use INSTEAD of building the Debian source package,
# for instance the kubernetes/server/bin folder of an official release tarball.
KUBE_LAB_BINARIES="${KUBE_LAB_BINARIES:-}"

# Suite the packages come from, and the Go that builds the servers. They belong
# together: this suite carries the last Kubernetes source package of Debian
# that still contains the server components.
KUBE_LAB_SUITE="${KUBE_LAB_SUITE:-bookworm}"
KUBE_LAB_GO="${KUBE_LAB_GO:-1.19}"

# ---------------------------------------------------------------- helpers
KUBE_LAB_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
KUBE_LAB_PKG="$KUBE_LAB_CACHE/pkg"                 # unpacked .debs (a root tree)
KUBE_LAB_ETCD_PORT="${KUBE_LAB_ETCD_PORT:-23790}"

say()  { printf '[kube-lab %4ds] %s\n' "$SECONDS" "$*" >&2; }
die()  { say "ERROR: $*"; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || die "run as root (namespaces, mounts, cgroups)"; }

# timed LABEL COMMAND...: run and print the wall time of one step.
timed() {
  local label=$1 t0=$SECONDS; shift
  "$@"                    # no "||" here: it would switch off errexit inside
  say "step: $label took $((SECONDS - t0))s"
}

# wait_for SECONDS WHAT COMMAND...: poll until COMMAND succeeds.
wait_for() {
  local limit=$1 what=$2 end=$((SECONDS + $1)); shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { say "not ready within ${limit}s: $what"; return 1; }
    sleep 0.2
  done
}

# Process bookkeeping. A pid file holds "PID STARTTIME"; the start time (field
# 22 of /proc/PID/stat) makes sure that a re-used pid is never signalled. A
# process that has ended but was not collected yet (state Z) has none.
starttime() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }
record_pid() { printf '%s %s\n' "$2" "$(starttime "$2")" > "$1"; }
alive() {
  local pid st
  [ -s "$1" ] && read -r pid st < "$1" || return 1
  [ -n "$st" ] && [ "$(starttime "$pid")" = "$st" ]
}
# stop_pid FILE [SIGNAL]: end one process we started, wait, escalate to KILL.
stop_pid() {
  local f=$1 sig=${2:-TERM} pid st i
  if alive "$f"; then
    read -r pid st < "$f"
    kill -"$sig" "$pid" 2>/dev/null
    for i in $(seq 50); do alive "$f" || break; sleep 0.1; done
    if alive "$f"; then kill -KILL "$pid" 2>/dev/null; sleep 0.2; fi
  fi
  rm -f "$f"
}

# start NAME COMMAND...: run a control plane process in the background.
start() {
  local name=$1; shift
  alive "$KUBE_LAB_RUN/pid/$name" && { say "$name already runs"; return 0; }
  setsid "$@" >> "$KUBE_LAB_RUN/log/$name.log" 2>&1 < /dev/null &
  record_pid "$KUBE_LAB_RUN/pid/$name" $!
}

# render FILE KEY=VALUE...: fill @KEY@ in a template, to stdout.
render() {
  local f=$1 kv s; shift
  s="$(cat "$f")"
  for kv in "$@"; do s="${s//@${kv%%=*}@/${kv#*=}}"; done
  printf '%s\n' "$s"
}

# ---------------------------------------------------------------- apt
# A private apt configuration: own sources, lists, status and cache, so that
# the machine's own package setup is neither read from nor written to. Only the
# URI and the key of the already configured Debian archive are taken over.
apt_uri() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    grep -v -e security -e backports -e updates | awk 'NR == 1 { print $1 }'
}
apt_private() { APT_CONFIG="$KUBE_LAB_CACHE/apt/apt.conf" "$@"; }
apt_setup() {
  local a="$KUBE_LAB_CACHE/apt" uri key=
  uri="$(apt_uri)"; [ -n "$uri" ] || die "no Debian archive in this machine's apt configuration"
  [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] &&
    key="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  mkdir -p "$a/lists/partial" "$a/cache/archives/partial" "$a/none"
  : >> "$a/status"
  printf 'deb %s %s %s main\ndeb-src %s %s %s main\n' \
    "$key" "$uri" "$KUBE_LAB_SUITE" "$key" "$uri" "$KUBE_LAB_SUITE" > "$a/sources.list"
  cat > "$a/apt.conf" <<EOF
Dir::Etc::sourcelist "$a/sources.list";
Dir::Etc::sourceparts "$a/none";
Dir::State::lists "$a/lists";
Dir::State::status "$a/status";
Dir::Cache "$a/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
EOF
  apt_private apt-get -qq update
}
