"""The variables that SLURM and Kubernetes set for a job, and the misspelt names of them."""

import re
from difflib import get_close_matches
from typing import Final

from ..runs.nodes import COMPLETION_INDEX

_SLURM: Final = (
    "ARRAY_JOB_ID ARRAY_TASK_COUNT ARRAY_TASK_ID ARRAY_TASK_MAX ARRAY_TASK_MIN ARRAY_TASK_STEP CLUSTER_NAME CONF "
    "CPUS_ON_NODE CPUS_PER_GPU CPUS_PER_TASK CONTAINER CONTAINER_ID CPU_BIND CPU_BIND_LIST CPU_BIND_TYPE "
    "CPU_BIND_VERBOSE CPU_FREQ_REQ DISTRIBUTION EXPORT_ENV GPUS GPUS_ON_NODE GPUS_PER_NODE GPUS_PER_SOCKET "
    "GPUS_PER_TASK GPU_BIND GPU_FREQ GTIDS HET_SIZE HINT JOBID JOB_ACCOUNT JOB_CPUS_PER_NODE "
    "JOB_CPUS_PER_NODE_PACK_GROUP JOB_DEPENDENCY JOB_END_TIME JOB_GID JOB_GPUS JOB_ID JOB_LICENSES JOB_NAME "
    "JOB_NODELIST JOB_NUM_NODES JOB_PARTITION JOB_QOS JOB_RESERVATION JOB_START_TIME JOB_UID JOB_USER "
    "LAUNCH_NODE_IPADDR LOCALID MEM_BIND MEM_BIND_LIST MEM_BIND_PREFER MEM_BIND_SORT MEM_BIND_TYPE "
    "MEM_BIND_VERBOSE MEM_PER_CPU MEM_PER_GPU MEM_PER_NODE NNODES NODEID NODELIST NODE_ALIASES NPROCS NTASKS "
    "NTASKS_PER_CORE NTASKS_PER_GPU NTASKS_PER_NODE NTASKS_PER_SOCKET OVERCOMMIT PRIO_PROCESS PROCID PROFILE "
    "RESTART_COUNT SCRIPT_CONTEXT SHARDS_ON_NODE SRUN_COMM_HOST SRUN_COMM_PORT STEPID STEP_GPUS STEP_ID "
    "STEP_LAUNCHER_PORT STEP_NODELIST STEP_NUM_NODES STEP_NUM_TASKS STEP_TASKS_PER_NODE SUBMIT_DIR SUBMIT_HOST "
    "TASKS_PER_NODE TASK_PID THREADS_PER_CORE TOPOLOGY_ADDR TOPOLOGY_ADDR_PATTERN TRES_PER_TASK UMASK "
    "WORKING_CLUSTER "
)
"""The output environment variables of slurm.schedmd.com/sbatch.html and srun.html, without SLURM_."""
_NAMES: Final = (*(f"SLURM_{name}" for name in _SLURM.split()), COMPLETION_INDEX)
_ONE_SLIP: Final = 0.9
"""As difflib counts: two letters of such a name swapped, one missing, or one too many."""


def wrong_with(unknown: str) -> str:
    """What is wrong with a reference that misspells such a name, as `$SLRUM_ARRAY_TASK_ID` does; else empty."""
    found = re.fullmatch(r"\$[{(]?(\w+)[)}]?", unknown)
    if not found or any(name in found[1] for name in _NAMES):
        return ""
    meant = get_close_matches(found[1], _NAMES, n=1, cutoff=_ONE_SLIP)
    return f"is {unknown}, which nothing sets here; did you mean ${meant[0]}?" if meant else ""
