"""What is said differently, and that nothing of it is missing."""

import json

from support import RECORDS

from apt_settings.facts.discrepancies import discrepancies, notes_on
from apt_settings.tasks import TASKS

KNOWN = json.loads((RECORDS / "discrepancies.json").read_text())


def test_all_known_discrepancies_are_told_in_their_order() -> None:
    """The 35 that were found in paper and release come first, each under its topic."""
    assert len(KNOWN) == 35
    assert [known["told_as"] for known in KNOWN] == [each.topic for each in discrepancies()][:35]


def test_each_concerns_settings_that_exist_or_says_why_none() -> None:
    """What concerns no setting has a reason, and what concerns one has it for every task that it names."""
    fields = set(TASKS["squad"].model_fields)
    for each in discrepancies():
        assert set(each.settings) <= fields
        assert set(each.tasks) <= set(TASKS)
        assert all((each.topic, each.paper, each.release, each.place, each.note)), each.topic


def test_notes_are_those_of_the_architecture() -> None:
    """What is said of T5 is not said of RoBERTa, but where no architecture is named."""
    t5 = "the release trains T5 with 1e-3 on SST-2 and MNLI; Table 6 has one rate for all models"

    assert notes_on("learning_rate", "glue_big", "google/t5-xl-lm-adapt") == (t5,)
    assert notes_on("learning_rate", "glue_big") == (t5,)
    assert notes_on("learning_rate", "glue_big", "roberta-base") == ()
    assert notes_on("learning_rate", "squad") == ()
