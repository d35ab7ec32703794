#!/usr/bin/env bash
# Start a Slurm cluster of this one machine, run a command on it, and take everything down again: tests/slurm/node.sh COMMAND...
# Needs root, to be everyone's job server, and the packages slurm-wlm and munge, which it installs where apt-get is. All its files
# are in a temporary folder, but for a link in /etc/slurm, where jobs look; a machine that has a Slurm of its own is left alone.
# SLURM_LOGS=FOLDER keeps the daemons' logs.
set -euo pipefail

fail() {
  echo "error: $*" >&2
  exit 1
}

[ $# -gt 0 ] || fail "tests/slurm/node.sh: name a command to run on the cluster"
[ "$(id -u)" = 0 ] || fail "tests/slurm/node.sh: must be run as root, which starts other users' jobs; try sudo or a container"
missing() { ! { command -v munged && command -v slurmctld && command -v slurmd && command -v sbatch; } >/dev/null; }
if missing && command -v apt-get >/dev/null; then
  echo "installing slurm-wlm and munge"
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends slurm-wlm munge; } >/dev/null \
    || fail "tests/slurm/node.sh: apt-get could not install slurm-wlm and munge; install them by hand"
fi
! missing || fail "tests/slurm/node.sh: munged, slurmctld, slurmd or sbatch is missing; install slurm-wlm and munge"

readonly CONF=/etc/slurm/slurm.conf
[ ! -e $CONF ] || fail "$CONF: this machine has a Slurm of its own; use another machine or a container"

folder=$(mktemp -d)
host=$(hostname -s)
cores=${SLURM_CORES:-$(nproc)} # SLURM_CORES: of the node, whatever this process may use
memory=$(($(free -m | awk '/^Mem/ {print $2}') * 9 / 10)) # MB that jobs may ask for
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

stop() {
  local status=$?
  trap - EXIT INT TERM
  scancel --user "$(id -un)" 2>/dev/null || true
  for name in slurmd slurmctld munged; do
    if [ -s "$folder/$name.pid" ]; then kill "$(cat "$folder/$name.pid")" 2>/dev/null || true; fi
  done
  sleep 1
  if [ "$(readlink $CONF)" = "$folder/slurm.conf" ]; then rm $CONF; fi
  if [ -n "${SLURM_LOGS:-}" ]; then mkdir -p "$SLURM_LOGS" && cp "$folder"/*.log "$SLURM_LOGS"; fi
  rm -rf "$folder"
  exit "$status"
}
trap stop EXIT INT TERM

# munged trusts only a socket that everybody can reach, in folders that only root can change.
chmod 755 "$folder"
dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 status=none
chmod 600 "$folder/munge.key"
mkdir "$folder/munge" "$folder/state" "$folder/spool"

cat > "$folder/slurm.conf" <<END
ClusterName=genga
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
# Of a machine that may be a container: no cgroups, no systemd, no accounts, one thread a core.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SwitchType=switch/none
# Cores and memory are what a job has to ask for.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2
MinJobAge=300
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
mkdir -p "$(dirname $CONF)"
ln -sf "$folder/slurm.conf" $CONF

munged --force --key-file="$folder/munge.key" --socket="$folder/munge/socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" || fail "munged does not start: $(tail -n 1 "$folder/munged.log")"
slurmctld || fail "slurmctld does not start: $(tail -n 1 "$folder/slurmctld.log")"
slurmd -N "$host" || fail "slurmd does not start: $(tail -n 1 "$folder/slurmd.log")"
for _ in $(seq 60); do
  if [ "$(sinfo --noheader --format=%t 2>/dev/null)" = idle ]; then break; fi
  sleep 1
done
[ "$(sinfo --noheader --format=%t)" = idle ] \
  || fail "the node does not become idle in 60 s: $(sinfo --noheader --format='%t %E'); $(tail -n 1 "$folder/slurmd.log")"
echo "Slurm $(sinfo --version | cut -d' ' -f2): node $host is idle, $cores cores, $memory MB"

"$@"
