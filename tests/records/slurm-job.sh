#!/bin/bash
# squad, apt1-7e3c2819041d5c04
#SBATCH --job-name=qa
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --partition=gpu
#SBATCH --account=lab
#SBATCH --qos=high
#SBATCH --constraint=(a100&nvlink)|[v100*2]
#SBATCH --time=1-00:00:00
#SBATCH --nodes=2
#SBATCH --gpus=a100:2
#SBATCH --gpus-per-node=2
#SBATCH --gres=gpu:a100:2,shard:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=64G
#SBATCH --signal=B:TERM@120

# shellcheck disable=SC1090,SC1091,SC2016,SC2088 # single quotes mean what stands in them
set -e
module load cuda
source ~/env/bin/activate

# What the submitting shell has set does not count.
unset "${!APT_@}" "${!apt_@}"
export APT_ENV_FILE=/dev/null
export APT_REFERENCE=paper
export APT_EXPECT=apt1-7e3c2819041d5c04+d0c27ebc@0.2.0
export APT_TASK=squad  # --task
export APT_OUTPUT_DIR='a, b'"'"'"$HOME `id` \ é日 {fingerprint} #!'  # environment APT_OUTPUT_DIR
export APT_GIVEN_BY='{"APT_TASK":["1bd32795","--task"],"APT_OUTPUT_DIR":["23acd63e","environment APT_OUTPUT_DIR"]}'
export SLURM_EXPORT_ENV=ALL  # else srun hands nothing on where the job was submitted with --export=NONE

exec apt-settings run --record 'runs/{fingerprint}' --resume -- srun python train.py 'a b'
