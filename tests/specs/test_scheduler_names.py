"""What SLURM and Kubernetes set for a job."""

import pytest
from support import errors_in

from apt_settings.specs.findings import judge


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("$SLRUM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_ID"),
        ("${SLURM_ARAY_TASK_ID}", "SLURM_ARRAY_TASK_ID"),
        ("$SLURM_ARRAY_TASK_IDS", ""),
        ("$JOB_COMPLETON_INDEX", "JOB_COMPLETION_INDEX"),
        ("$SLURM_JOB_ID", ""),
        ("$MY_SLURM_JOB_ID", ""),
        ("$SEED", ""),
        ("$(date +%s)", ""),
    ],
)
def test_a_misspelt_variable_of_a_scheduler_is_wrong(text: str, meant: str) -> None:
    """It is empty in the job; any other variable may be set there."""
    found = judge("job.sh", f"export APT_SEED={text}\ntrain\n".encode()).findings

    assert [each.message.rpartition(" ")[2] for each in found] == [f"${meant}?"] * bool(meant)


def test_a_variable_that_the_script_sets_may_have_any_name() -> None:
    """It is known then."""
    assert errors_in("job.sh", "SLRUM_ARRAY_TASK_ID=3\nexport APT_SEED=$SLRUM_ARRAY_TASK_ID\ntrain\n") == []
