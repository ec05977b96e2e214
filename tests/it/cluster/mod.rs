//! A real Kubernetes: what runs in its pods and on its nodes, and what keeps it from that.
//!
//! Behind the feature `cluster-tests`, which changes nothing but that these tests exist. `tests/kube-lab` starts a cluster of
//! two nodes on this machine, each in a network namespace of its own; its pods, its nodes and this machine reach a lab that
//! stands for the internet. The scripts need root and Debian's archive. With `ARCPROBE_TEST_KUBECONFIG` the tests that need
//! no more than an API server run on another cluster.

mod access;
mod bed;
mod everywhere;
mod faults;
mod image;
mod internet;
mod networks;
mod onboarded;
mod refusals;
mod stopped_runs;
mod stuck;
