"""Which of the processes of a job this is, and which start of the job: several nodes share one record."""

import re
from collections.abc import Mapping
from typing import Final

COMPLETION_INDEX: Final = "JOB_COMPLETION_INDEX"
"""The variable that Kubernetes sets in each pod of an Indexed Job, unless the container has one of this name."""
JOB_UID: Final = "JOB_UID"
"""The Job of Kubernetes that a pod is of; our manifest sets it."""
RANKS: Final = (
    "SLURM_PROCID",  # slurm.schedmd.com/srun.html: the rank of a task of a step; 0 in a batch script
    "PMI_RANK",  # Intel MPI and MPICH below their own launchers
    "OMPI_COMM_WORLD_RANK",  # docs.open-mpi.org, "Environment variables"
    "PET_NODE_RANK",  # torchrun's --node-rank as a variable, which Kubeflow's Training Operator sets
    "RANK",  # docs.pytorch.org/docs/stable/elastic/run.html
    COMPLETION_INDEX,  # kubernetes.io/docs/concepts/workloads/controllers/job, of an Indexed Job
)
"""Who says which process this is. The first one is 0 by all that are set; an index of a grid is no rank."""
STARTS: Final = (
    "SLURM_JOB_ID",
    "SLURM_STEP_ID",
    "SLURM_RESTART_COUNT",
    "PMIX_NAMESPACE",
    "TORCHELASTIC_RUN_ID",
    "TORCHELASTIC_RESTART_COUNT",
    JOB_UID,
)
"""Who says which start of which job this is: two steps are two, and so is what is requeued."""


def rank_in(environ: Mapping[str, str], *, is_point: bool) -> str:
    """Which process after the first one this is, such as `3`; empty for the first, and where nobody says.

    Of a point of a grid, the index of an Indexed Job is the point's.
    """
    names = (name for name in RANKS if not (is_point and name == COMPLETION_INDEX))
    texts = (environ[name] for name in names if re.fullmatch("[0-9]{1,9}", environ.get(name, "")))
    return "-".join(dict.fromkeys(str(rank) for rank in map(int, texts) if rank))


def start_in(environ: Mapping[str, str]) -> dict[str, str]:
    """What tells this start of a job from others: `{"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0"}`.

    Empty where nobody says which job it is: torchrun's own id is `none` where no option gives one.
    """
    found = {name: environ[name] for name in STARTS if environ.get(name, "none") not in ("", "none")}
    return found if any(not name.endswith("RESTART_COUNT") for name in found) else {}
