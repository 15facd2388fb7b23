#!/bin/bash
# 3 points over seed
#SBATCH --job-name=squad
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --nodes=2
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=32
#SBATCH --array=0-2

# shellcheck disable=SC1090,SC1091,SC2016,SC2088 # single quotes mean what stands in them
set -e
: "${SLURM_ARRAY_TASK_ID:?is not set: submit this script with sbatch, or run one point with SLURM_ARRAY_TASK_ID=0 bash $0}"
: "${SLURM_JOB_NODELIST:?is not set: submit this script with sbatch}"

# What the submitting shell has set does not count.
unset "${!APT_@}" "${!apt_@}"
export APT_ENV_FILE=/dev/null
export APT_REFERENCE=paper
export APT_EXPECT=sweep1-8fe6fb9728ea2b3c@0.2.0
export APT_TASK=squad  # --task
export APT_GIVEN_BY='{"APT_TASK":["1bd32795","--task"]}'
export SLURM_EXPORT_ENV=ALL  # else srun hands nothing on where the job was submitted with --export=NONE

# Here and not on the nodes, where a container may have no scontrol.
read -r PET_MASTER_ADDR < <(scontrol show hostnames "$SLURM_JOB_NODELIST")  # the first node: rank 0
PET_MASTER_PORT=$((10000 + SLURM_JOB_ID % 20000))
PET_RDZV_ID=$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}
PET_NNODES=$SLURM_JOB_NUM_NODES
PET_NPROC_PER_NODE=8
export PET_NNODES PET_NPROC_PER_NODE PET_MASTER_ADDR PET_MASTER_PORT PET_RDZV_ID

exec srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --kill-on-bad-exit=1 --cpus-per-task=32 bash -c 'PET_NODE_RANK=$SLURM_NODEID exec "$0" "$@"' apt-settings run --record 'runs/{fingerprint}' --resume --once --grid seed=1..3 --index "$SLURM_ARRAY_TASK_ID" -- torchrun train.py --data 'a b'
