#!/usr/bin/env bash
# Three seeds, one after the other.
export APT_TASK=glue_small
export APT_TARGET_SPARSITY='50%'
for task in mrpc rte; do
  APT_DATASETS=$task python train.py
done
APT_SEED=one python train.py
export APT_EPOCHS=20 APT_DISTILL_EPOCHS=30
python train.py
export APT_EPOCHS=40
export APT_EPOCHS=60
python train.py
env APT_LEARNING_RATE=1e-4x python train.py
docker run --rm -e HF_TOKEN -e APT_TASK=squat -e "APT_OUTPUT_DIR= /out" train
docker run --env=APT_LR=1 train
sbatch --export=ALL,APT_TARGET_SPARSITY=0,4 job.sh
srun --export=ALL,apt_seed=3 python train.py
cat > job.env <<EOF
APT_SEEED=$task
EOF
first=$(sbatch --parsable --export=ALL,APT_EPOCHS=ten,APT_SEED=$seed job.sh)
