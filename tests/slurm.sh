#!/usr/bin/env bash
# A SLURM of two nodes on this machine, on loopback, without systemd: install | start | stop.
# All it keeps is below $APT_TESTS_SLURM, by default in /tmp; SLURM_CONF=$APT_TESTS_SLURM/slurm.conf leads commands to it.
set -euo pipefail

readonly home=${APT_TESTS_SLURM:-/tmp/apt-settings-slurm}
# 127.0.0.1 and 127.0.0.2: names that every machine resolves, as it does those of a cluster's nodes, and no hosts file has.
readonly nodes=(0x7f000001 0x7f000002)
readonly port=${APT_TESTS_SLURM_PORT:-26917}
host=$(hostname -s)
user=$(id -un)
export SLURM_CONF=$home/slurm.conf

install_slurm() {
  if command -v slurmctld slurmd munged sbatch >/dev/null; then
    return
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
}

configure() {
  chmod 755 "$home" # munged refuses a socket that others cannot reach
  mkdir -p "$home"/{state,log,run,munge} "${nodes[@]/#/$home/spool}"
  chmod 700 "$home/munge"
  (umask 077 && head -c 128 /dev/urandom >"$home/munge/key")
  cat >"$SLURM_CONF" <<END
ClusterName=tests
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$home/run/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool%n
SlurmctldPidFile=$home/run/slurmctld.pid
SlurmdPidFile=$home/run/slurmd%n.pid
SlurmctldLogFile=$home/log/slurmctld.log
SlurmdLogFile=$home/log/slurmd%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MaxArraySize=8
KillWait=3
MinJobAge=3600
PropagateResourceLimits=NONE
JobRequeue=1
NodeName=${nodes[0]} NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=4 RealMemory=1000
NodeName=${nodes[1]} NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=4 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP OverSubscribe=NO
END
}

start() {
  configure
  munged --socket="$home/run/munge.socket" --key-file="$home/munge/key" --pid-file="$home/run/munged.pid" \
    --seed-file="$home/munge/seed" --log-file="$home/log/munged.log" --num-threads=2
  slurmctld -c
  slurmd -N "${nodes[0]}"
  slurmd -N "${nodes[1]}"
  for _ in $(seq 300); do
    if [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" = 2 ]; then
      return
    fi
    sleep 0.1
  done
  echo "the nodes are not idle" >&2
  tail -n 20 "$home"/log/*.log >&2
  return 1
}

stop() {
  local pid_file pid
  for pid_file in "$home"/run/slurmd*.pid "$home/run/slurmctld.pid" "$home/run/munged.pid"; do
    if [ -s "$pid_file" ]; then
      pid=$(cat "$pid_file")
      kill "$pid" 2>/dev/null || continue
      for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
      done
    fi
  done
}

case ${1:-} in
  install) install_slurm ;;
  start) start ;;
  stop) stop ;;
  *) sed -n 2,3p "$0" >&2; exit 2 ;;
esac
