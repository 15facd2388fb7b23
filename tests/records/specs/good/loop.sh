#!/usr/bin/env bash
# Three seeds, one after the other.
export APT_TASK=glue_small
export APT_TARGET_SPARSITY='0.5'
for task in mrpc rte; do
  APT_DATASET=$task python train.py
done
APT_SEED=1 python train.py
APT_SEED=2 python train.py
export APT_EPOCHS=20 APT_DISTILL_EPOCHS=10
python train.py
export APT_EPOCHS=30 APT_DISTILL_EPOCHS=25
python train.py
env APT_LEARNING_RATE=1e-4 python train.py
cat > job.env <<EOF
APT_TASK=$task
EOF
echo "set APT_TARGET_SPARSITY to change it"
docker run --rm -e HF_TOKEN -e APT_TASK=squad -e "APT_OUTPUT_DIR=/out" train
unset APT_DISTILL_EPOCHS
python - <<'PY'
import os
os.environ["APT_SEED"] = "1"
PY
