"""The net: every name of a text is judged, or is named with its line, whoever reads the text."""

import pytest
from support import errors_in, notes_in

from apt_settings.specs.findings import judge
from apt_settings.specs.kinds import KINDS

NAMED_ONLY = {
    "a.tf": 'env = {\n  APT_SEED = "3" # APT_A\n  APT_SEEED = 1 // APT_B\n}\n',
    "a.csh": "# APT_A\nsetenv APT_SEED 3\nsetenv APT_SEEED 3\n",
    "a.fish": "\nset -x APT_SEED 3\nset -gx APT_SEEED 3\n",
    "a.submit": '\nenvironment = "APT_SEED=3"\nenvironment = "APT_SEEED=3"\n',
    "a.service": "[Service]\nEnvironment=APT_SEED=3\nEnvironment=APT_SEEED=3\n",
    "a.ini": "; APT_A\nAPT_SEED = 3\nAPT_SEEED = 3\n",
    "Jenkinsfile": "/* APT_A\n*/ environment { APT_SEED = 3 }\nAPT_SEEED = 3 // APT_B\n",
    "a.ps1": "# APT_A\n$env:OTHER = 'APT_SEED'\n$env:APT_SEEED = 3\n",
    "notes.md": "\nSet `APT_SEED`.\nSet `APT_SEEED`.\n",
    "x": "some words\nAPT_SEED: 3\nAPT_SEEED: 3\n",
}


@pytest.mark.parametrize("name", NAMED_ONLY)
def test_what_is_not_read_is_named(name: str) -> None:
    """In kinds of files that are not read, a wrong name is found, a right one is not judged, comments are nothing."""
    assert errors_in(name, NAMED_ONLY[name]) == [(3, "APT_SEEED")]
    assert notes_in(name, NAMED_ONLY[name]) == [(2, "APT_SEED")]


@pytest.mark.parametrize(
    ("name", "text", "errors", "notes"),
    [
        ("x.sh", "export APT_SEED=3\nrun --x $APT_SEEED\n", [(2, "APT_SEEED")], []),
        ("x.sh", "echo 'see APT_SEEED'\n", [(1, "APT_SEEED")], []),
        ("x.sh", 'echo "it\'s $APT_SEED" # APT_X\n## APT_Y\n', [], []),
        ("x.ini", "a = don't # APT_X\n", [], []),
        ("x.sh", 'echo "a # APT_SEEED"\n', [(1, "APT_SEEED")], []),
        ("x.sh", "python <<E\nos.environ['APT_SEED'] = 'x'\nE\n", [], [(2, "APT_SEED")]),
        ("x.sh", "cd /data/APT_RUNS/x; cat APT_LOG.txt; rm -r APT_runs; git clone g:me/my-APT_X\n", [], []),
        ("x.sh", "sed -i s/APT_SEEED=1/x/ f\n", [(1, "APT_SEEED")], []),
        ("x.sh", 'env | grep ^APT_; unset "${!APT_@}"; ls APT_LOG*\n', [], []),
        ("x.sh", 'APT_EPO_$x=3 run\nexport "APT_$n=3"\nrun\n', [], [(1, "APT_EPO_"), (2, "APT_")]),
        ("x.sh", "export APT_CONFIG=/etc/apt.conf APT_LISTCHANGES_FRONTEND=none\nrun\n", [], []),
        ("x.sh", "gcc -DAPT_SEEED=1 x.c\n", [(1, "APT_SEEED")], []),
        ("x.sh", "APT_Seed=3 run\n", [(1, "APT_Seed")], []),
        ("Dockerfile", "FROM x\nARG APT_SOURCE=1\nLABEL a=APT_SEEED # x\n", [(3, "APT_SEEED")], []),
        ("x.yaml", "# APT_X: 1\na: 1 # APT_Y\nenv: {APT_SOURCE: 1}\n", [], []),
        ("x.yaml", "note: set APT_SEED=3, or APT_SEEED\n", [(1, "APT_SEEED")], [(1, "APT_SEED")]),
        ("x.yaml", "env: {APT_SEED: [1, 2]}\n", [], [(1, "APT_SEED")]),
        ("x.json", '{"APT_SEED": "3", /* APT_X\n */ "a": "APT_SEEED" // APT_Y\n}', [(2, "APT_SEEED")], []),
        ("x.env", "A=1 # APT_X\n#APT_SEED=1\nB='see APT_SEEED'\n", [(3, "APT_SEEED")], []),
        ("x.toml", "a = 'APT_SEEED' # APT_X\n", [(1, "APT_SEEED")], []),
        ("Makefile", "all:\n\techo $(APT_SEED) $(APT_SEEED)\n", [(2, "APT_SEEED")], []),
    ],
)
def test_every_name_outside_of_comments_is_seen(
    name: str, text: str, errors: list[tuple[int, str]], notes: list[tuple[int, str]]
) -> None:
    """Uses, texts, parts of names; no comments, no paths, no names of other tools."""
    assert errors_in(name, text) == errors
    assert notes_in(name, text) == notes


@pytest.mark.parametrize(
    ("lost", "errors"),
    [
        ("a | b | c\nexport APT_SEEED=1\nexport APT_SEED=x\ncat <<E\nhi\nE\n", [(2, "APT_SEEED"), (3, "APT_SEED")]),
        (
            "a | b | c\nAPT_EPOCHS=ten run\n\ncat <<E | d\nhi\nE\nexport APT_SEED=x\n",
            [(2, "APT_EPOCHS"), (7, "APT_SEED")],
        ),
        ("a | b | c\necho APT_SEED=x >> $GITHUB_ENV\n", [(2, "APT_SEED")]),
        ("a | b | c\ncat > a.env <<E\nAPT_SEED=x\nE\n", [(3, "APT_SEED")]),
        ("a | b | c\nexport A=1\ncat <<E\nE\n" * 60 + "a | b | c\nAPT_SEED=x\ncat <<E\nE\n", [(242, "APT_SEED")]),
        ("if [ ; then\nexport APT_SEED=x\nexport APT_SEEED=3\nfi\n", [(2, "APT_SEED"), (3, "APT_SEEED")]),
    ],
)
def test_what_the_parser_loses_is_judged(lost: str, errors: list[tuple[int, str]]) -> None:
    """Lines that it takes for words of the command above, and lines that it does not understand."""
    assert errors_in("x.sh", lost) == errors


def test_what_the_parser_does_not_understand_is_told() -> None:
    """With the line."""
    notes = judge("x.sh", b"export APT_SEED=3\nif [ ; then\n(((\n").notes

    assert any("cannot be read as bash" in note.message and note.line >= 1 for note in notes)


def test_a_value_that_is_not_known_is_named() -> None:
    """With what it depends on, and the line."""
    text = "export APT_SEED=$S APT_EPOCHS=$(x) APT_BATCH_SIZE=$((2 * 3)) APT_OUTPUT_DIR=~/x\nrun\n"
    judgement = judge("x.sh", text.encode())

    assert [str(note) for note in judgement.notes] == [
        "x.sh:1: APT_BATCH_SIZE is not judged: the value is $((...))",
        "x.sh:1: APT_EPOCHS is not judged: the value is $(...)",
        "x.sh:1: APT_OUTPUT_DIR is not judged: the value is ~",
        "x.sh:1: APT_SEED is not judged: the value is $S",
    ]
    assert (judgement.judged, judgement.unjudged) == (0, 4)


def test_a_spec_cannot_relax_the_check() -> None:
    """It says so for the job; here its names are judged all the same."""
    text = "export APT_UNKNOWN=ignore APT_SEEED=3\nrun\n"

    assert errors_in("x.sh", text) == [(1, "APT_SEEED")]
    assert notes_in("x.sh", text) == [(1, "APT_UNKNOWN")]
    assert errors_in("x.sh", "export APT_UNKNOWN=never\nrun\n") == [(1, "APT_UNKNOWN")]


def test_names_of_a_group_that_nobody_imports_are_not_judged() -> None:
    """Unless they are near one of ours."""
    text = "export APT_EXTEND=trainer:Args APT_EVAL_EVERY=3 APT_SEEED=3\nrun\n"

    assert errors_in("x.sh", text) == [(1, "APT_SEEED")]
    assert notes_in("x.sh", text) == [(1, "APT_EVAL_EVERY"), (1, "APT_EXTEND")]


def test_a_task_of_a_group_that_nobody_imports_is_not_judged() -> None:
    """It may be theirs."""
    assert errors_in("x.sh", "export APT_EXTEND=trainer:Task APT_TASK=theirs\nrun\n") == []


@pytest.mark.large
def test_names_are_judged_where_reading_takes_too_much() -> None:
    """The limit is told, and each wrong name all the same."""
    assert errors_in("x.sh", f"export APT_SEEED=1\n{'a |' * 25_000}\n") == [(1, ""), (1, "APT_SEEED")]
    assert errors_in("x.sh", "export APT_SEEED=1\n" + "<<E\n" * 2_001) == [(1, ""), (1, "APT_SEEED")]
    assert errors_in("x.yaml", 'a: "\\U00110000"\nAPT_SEEED: 1\n') == [(1, ""), (2, "APT_SEEED")]


@pytest.mark.large
def test_more_texts_than_are_read_are_named() -> None:
    """Up to 2,000 in one file, and five in each other."""
    many = "".join(f"bash -c 'APT_SEED={number} run'\n" for number in range(2_100))
    deep = "APT_SEED=x run"
    for _ in range(7):
        deep = f"eval {deep}"

    assert len(notes_in("x.sh", many)) == 100
    assert (errors_in("x.sh", deep), notes_in("x.sh", deep)) == ([], [(1, "APT_SEED")])


def test_who_set_what_is_no_text_of_names() -> None:
    """What `job` and `run` hand on is JSON with the names of settings."""
    assert notes_in("x.sh", """export APT_GIVEN_BY='{"APT_SEED": ["env file", ".env:1"]}'\nrun\n""") == []


def test_every_row_of_the_table_names_a_reader_or_none() -> None:
    """What is not read is a row, and no branch."""
    assert {kind.reader for kind in KINDS} == {
        *("", "env", "script", "manifest", "json", "toml", "dockerfile", "makefile", "justfile")
    }
