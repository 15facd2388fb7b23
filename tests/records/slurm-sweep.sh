#!/bin/bash
# 6 points over task, output_dir, seed
#SBATCH --job-name=sweep
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --array=0-5%2

# shellcheck disable=SC1090,SC1091,SC2016,SC2088 # single quotes mean what stands in them
set -e
: "${SLURM_ARRAY_TASK_ID:?is not set: submit this script with sbatch, or run one point with SLURM_ARRAY_TASK_ID=0 bash $0}"

# What the submitting shell has set does not count.
unset "${!APT_@}" "${!apt_@}"
export APT_ENV_FILE=/dev/null
export APT_REFERENCE=paper
export APT_EXPECT=sweep1-19ed98d114f563cd@0.2.0
export APT_WEIGHT_DECAY=0.1  # --set weight_decay
export APT_GIVEN_BY='{"APT_WEIGHT_DECAY":["14be4b45","--set weight_decay"]}'
export SLURM_EXPORT_ENV=ALL  # else srun hands nothing on where the job was submitted with --export=NONE

exec apt-settings run --record 'runs/{fingerprint}' --resume --grid task=mnli,squad --grid 'output_dir=["a,b"]' --grid seed=1..3 --index "$SLURM_ARRAY_TASK_ID" -- python3 train.py
