#!/bin/bash
# Bring up a real Kubernetes cluster for tests, without Docker and without
# pulling a single image: etcd, the control plane and 1 to 9 nodes, each in a
# network namespace of its own. Idempotent; prints timings; writes a kubeconfig.
#
#   sudo ./up.sh                       one node
#   sudo KUBE_LAB_NODES=2 ./up.sh      two nodes
#   export KUBECONFIG=/var/lib/kube-lab/kubeconfig
#
# See lib.sh for all settings. The first run builds the servers (see build.sh);
# with a filled cache the cluster is up within about half a minute.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
need_root
R="$KUBE_LAB_RUN" API="$KUBE_LAB_NET.1"

# ---- 0. tools of the machine; packages by name, only if something is missing
need=()
for t in ip:iproute2 iptables:iptables openssl:openssl nsenter:util-linux unshare:util-linux \
         sysctl:procps flock:util-linux xz:xz-utils; do
  command -v "${t%%:*}" > /dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "${t%%:*}" > /dev/null || need+=("${t#*:}")
done
[ ${#need[@]} = 0 ] || timed "apt-get install ${need[*]}" sh -c \
  "apt-get -qq update && apt-get -qq -y --no-install-recommends install ${need[*]} > /dev/null"

"$KUBE_LAB_DIR/build.sh"
BIN="$(cat "$KUBE_LAB_CACHE/bin/current")"
export PATH="$KUBE_LAB_PKG/usr/bin:$KUBE_LAB_PKG/usr/sbin:$PATH:/usr/sbin:/sbin"
minor="$("$BIN/kubelet" --version | sed -n 's/^Kubernetes v1\.\([0-9]*\).*/\1/p')"
[ -n "$minor" ] || die "no usable kubelet in $BIN"
T0=$SECONDS
umask 022                     # pods that do not run as root read what the kubelet writes
mkdir -p "$R"/{pid,log}; mkdir -p -m 700 "$R"/{pki,etcd}

# ---- 1. certificates: one CA, short-lived, only for this cluster
# cert NAME CN O [SAN]: a key and a certificate usable as server and client.
cert() {
  local n=$R/pki/$1
  [ -s "$n.crt" ] && return
  openssl ecparam -name prime256v1 -genkey -noout -out "$n.key"
  openssl req -new -key "$n.key" -subj "/O=$3/CN=$2" -out "$n.csr"
  { echo 'keyUsage=digitalSignature'; echo 'extendedKeyUsage=serverAuth,clientAuth'
    [ -z "${4:-}" ] || echo "subjectAltName=$4"; } > "$n.ext"
  openssl x509 -req -in "$n.csr" -CA "$R/pki/ca.crt" -CAkey "$R/pki/ca.key" -CAcreateserial \
    -days 30 -extfile "$n.ext" -out "$n.crt" 2> /dev/null
  rm -f "$n.csr" "$n.ext"
}
# kubeconfig FILE CERTNAME: everything embedded, usable from anywhere.
kubeconfig() {
  cat > "$1" <<EOF
apiVersion: v1
kind: Config
current-context: kube-lab
clusters: [{ name: kube-lab, cluster: { server: "https://$API:6443", certificate-authority-data: "$(base64 -w0 "$R/pki/ca.crt")" } }]
users: [{ name: "$2", user: { client-certificate-data: "$(base64 -w0 "$R/pki/$2.crt")", client-key-data: "$(base64 -w0 "$R/pki/$2.key")" } }]
contexts: [{ name: kube-lab, context: { cluster: kube-lab, user: "$2" } }]
EOF
}
pki() {
  local i
  if [ ! -s "$R/pki/ca.crt" ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "$R/pki/ca.key"
    openssl req -x509 -new -key "$R/pki/ca.key" -subj /CN=kube-lab -days 30 -out "$R/pki/ca.crt" \
      -addext keyUsage=critical,digitalSignature,keyCertSign,cRLSign
    openssl genrsa -out "$R/pki/sa.key" 2048 2> /dev/null
    openssl rsa -in "$R/pki/sa.key" -pubout -out "$R/pki/sa.pub" 2> /dev/null
  fi
  cert apiserver kube-apiserver kube-lab \
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$API,IP:$KUBE_LAB_SERVICE_IP1"
  cert apiserver-kubelet kube-apiserver-kubelet-client system:masters
  cert controller-manager system:kube-controller-manager system:kube-controller-manager
  cert scheduler system:kube-scheduler system:kube-scheduler
  cert kube-proxy system:kube-proxy system:node-proxier
  cert admin kube-lab-admin system:masters
  for c in controller-manager scheduler kube-proxy; do kubeconfig "$R/pki/$c.kubeconfig" "$c"; done
  for i in $(seq "$KUBE_LAB_NODES"); do
    cert "node$i" "system:node:node$i" system:nodes
    cert "node$i-serving" "system:node:node$i" system:nodes "DNS:node$i,IP:$KUBE_LAB_NET.$((10 + i))"
    kubeconfig "$R/pki/node$i.kubeconfig" "node$i"
  done
  ( umask 077; kubeconfig "$R/kubeconfig" admin )
}
timed "certificates" pki

# ---- 2. the network between the nodes: one private bridge on this machine
if ! ip link show "$KUBE_LAB_BRIDGE" > /dev/null 2>&1; then
  ip link add "$KUBE_LAB_BRIDGE" type bridge
  ip addr add "$API/24" dev "$KUBE_LAB_BRIDGE"
  for extra in "$KUBE_LAB_CLUSTER_DNS" "$KUBE_LAB_NODE_DNS" "$KUBE_LAB_INTERNET"; do
    ip addr add "$extra/24" dev "$KUBE_LAB_BRIDGE"
  done
  ip link set "$KUBE_LAB_BRIDGE" up
fi
# The kubelet sets a few machine-wide sysctls; down.sh puts them back.
[ -s "$R/sysctl" ] || sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops \
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes > "$R/sysctl" 2> /dev/null || true

# ---- 3. control plane
kc() { kubectl --kubeconfig "$R/kubeconfig" "$@"; }
control_plane() {
  local E="http://127.0.0.1:$KUBE_LAB_ETCD_PORT" P="http://127.0.0.1:$((KUBE_LAB_ETCD_PORT + 1))" extra=() x=()
  start etcd etcd --name kube-lab --data-dir "$R/etcd" --listen-client-urls "$E" --advertise-client-urls "$E" \
    --listen-peer-urls "$P" --initial-advertise-peer-urls "$P" --initial-cluster "kube-lab=$P" --logger zap
  wait_for 30 etcd env ETCDCTL_API=3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$KUBE_LAB_ETCD_PORT"
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers="$E" --bind-address="$API" --advertise-address="$API" \
    --secure-port=6443 --tls-cert-file="$R/pki/apiserver.crt" --tls-private-key-file="$R/pki/apiserver.key" \
    --client-ca-file="$R/pki/ca.crt" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --kubelet-client-certificate="$R/pki/apiserver-kubelet.crt" --kubelet-client-key="$R/pki/apiserver-kubelet.key" \
    --kubelet-certificate-authority="$R/pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$R/pki/sa.pub" --service-account-signing-key-file="$R/pki/sa.key" \
    --service-cluster-ip-range="$KUBE_LAB_SERVICE_CIDR" --allow-privileged=true ${KUBE_LAB_API_ARGS:-}
  wait_for 90 kube-apiserver kc get --raw /readyz
  [ "$minor" -ge 23 ] || x=(--port=0)       # no plain-HTTP port in old versions
  start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig="$R/pki/controller-manager.kubeconfig" \
    --bind-address=127.0.0.1 ${x[@]+"${x[@]}"} --use-service-account-credentials=true --root-ca-file="$R/pki/ca.crt" \
    --service-account-private-key-file="$R/pki/sa.key" --leader-elect=false \
    --node-monitor-grace-period=40s ${KUBE_LAB_CM_ARGS:-}
  start kube-scheduler "$BIN/kube-scheduler" --kubeconfig="$R/pki/scheduler.kubeconfig" \
    --bind-address=127.0.0.1 ${x[@]+"${x[@]}"} --leader-elect=false
  wait_for 60 "default service account" kc get serviceaccount default
}
timed "control plane ($("$BIN/kube-apiserver" --version))" control_plane

# ---- 4. nodes
node_up() {
  local i=$1 N="node$1" IP="$KUBE_LAB_NET.$((10 + $1))" PODS="$KUBE_LAB_POD_NET.$1.0/24" c d j p
  alive "$R/pid/$N" && { say "$N already runs"; return 0; }
  mkdir -p "$R/$N/cni"; printf 'nameserver %s\n' "$KUBE_LAB_NODE_DNS" > "$R/$N/resolv.conf"; rm -f "$R/$N/started"
  local extra=""
  [ "$minor" -lt 27 ] || extra="containerRuntimeEndpoint: unix://$R/$N/containerd.sock"
  [ "$minor" -lt 31 ] || extra="$extra"$'\n'"failCgroupV1: false"
  local kv=(RUN="$R" NODE="$N" IP="$IP" PODS="$PODS" PKG="$KUBE_LAB_PKG" EXTRA="$extra" DNS="$KUBE_LAB_CLUSTER_DNS")
  render "$KUBE_LAB_DIR/config/containerd.toml.in" "${kv[@]}" > "$R/$N/containerd.toml"
  render "$KUBE_LAB_DIR/config/kubelet.yaml.in" "${kv[@]}" > "$R/$N/kubelet.yaml"
  render "$KUBE_LAB_DIR/config/cni.conflist.in" "${kv[@]}" > "$R/$N/cni/10-kube-lab.conflist"
  # A cgroup of its own in every hierarchy (v1), or in the only one (v2).
  for c in /sys/fs/cgroup/*/; do
    [ -e "$c/cgroup.procs" ] && [ "$(stat -fc %T "$c")" = cgroupfs ] || continue
    mkdir -p "$c/kube-lab/$N"
    [ ! -e "$c/cpuset.cpus" ] || for p in "$c/kube-lab" "$c/kube-lab/$N"; do
      cat "$c/cpuset.cpus" > "$p/cpuset.cpus"; cat "$c/cpuset.mems" > "$p/cpuset.mems"; done
  done
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    d=/sys/fs/cgroup; mkdir -p $d/kube-lab/$N
    for p in $d $d/kube-lab $d/kube-lab/$N; do
      for c in $(cat $p/cgroup.controllers); do echo "+$c" > $p/cgroup.subtree_control 2> /dev/null || true; done; done
  fi
  # Network namespace, one leg on the bridge, routes to the other nodes' pods.
  ip netns list | grep -qw "klab-$N" || ip netns add "klab-$N"
  ip link show "klab-v$i" > /dev/null 2>&1 || {
    ip link add "klab-v$i" type veth peer name eth0 netns "klab-$N"
    ip link set "klab-v$i" master "$KUBE_LAB_BRIDGE" up
    ip -n "klab-$N" addr add "$IP/24" dev eth0
    ip -n "klab-$N" link set eth0 up
    ip -n "klab-$N" route add default via "$API"
  }
  for j in $(seq "$KUBE_LAB_NODES"); do
    [ "$j" = "$i" ] || ip -n "klab-$N" route replace "$KUBE_LAB_POD_NET.$j.0/24" via "$KUBE_LAB_NET.$((10 + j))"
  done
  ip route replace "$PODS" via "$IP" dev "$KUBE_LAB_BRIDGE"
  # Killing the recorded process takes the whole node with it (--kill-child, and
  # the end of the first process of a pid namespace ends all others in it).
  KUBE_LAB_RUN="$R" KUBE_LAB_CACHE="$KUBE_LAB_CACHE" setsid nsenter --net="/run/netns/klab-$N" \
    unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
    "$KUBE_LAB_DIR/node.sh" "$N" "$IP" "$PODS" >> "$R/log/$N.log" 2>&1 < /dev/null &
  record_pid "$R/pid/$N" $!
  wait_for 60 "$N" test -e "$R/$N/started" || { tail -5 "$R/log/$N.log" >&2; return 1; }
}
nodes() {
  local i
  for i in $(seq "$KUBE_LAB_NODES"); do node_up "$i"; done
  for i in $(seq "$KUBE_LAB_NODES"); do
    wait_for 60 "node$i registered" kc get node "node$i"
    # Which pods live where: known here, so written down like a cloud would.
    kc patch node "node$i" --type merge -p \
      "{\"spec\":{\"podCIDR\":\"$KUBE_LAB_POD_NET.$i.0/24\",\"podCIDRs\":[\"$KUBE_LAB_POD_NET.$i.0/24\"]}}" > /dev/null
  done
  kc wait --for=condition=Ready node --all --timeout=90s > /dev/null
}
timed "nodes ($KUBE_LAB_NODES)" nodes
say "cluster is up after $((SECONDS - T0))s: export KUBECONFIG=$R/kubeconfig"
kc get nodes -o wide >&2
