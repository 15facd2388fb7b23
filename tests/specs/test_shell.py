"""Scripts as people write them: what a command gets is judged at its line, wherever it comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import errors_in, notes_in

from apt_settings.specs.findings import judge
from apt_settings.specs.launchers import LAUNCHERS, Launcher

SEED, EPOCHS, WRONG = "APT_SEED", "APT_EPOCHS", "APT_SEEED"


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        # 3: a shell variable that no command gets
        ("refresh() { apt-get update; APT_REFRESHED=1; }\n[ -n $APT_REFRESHED ] || refresh\nrun", []),
        ("if x; then APT_DONE=1; fi\nx && APT_READY=1\n(( APT_COUNT++ ))\nAPT_COUNT=0\nrun", []),
        ("APT_install() { x; }\nAPT_install\nrun", []),
        ("f() { local APT_SEED=x; }\ndeclare APT_MODE=1\nrun", []),
        ("APT_LATER=1\nrun\nexport APT_LATER", [(1, "APT_LATER"), (3, "APT_LATER")]),
        # 10: names and literal parts of a word
        ("sbatch --export=ALL,APT_SEEED=$s,APT_EPOCHS=ten job.sh", [(1, EPOCHS), (1, WRONG)]),
        ('export "APT_SEEED=$x" APT_SEED=x\nrun', [(1, SEED), (1, WRONG)]),
        ('docker run -e "APT_SEEED=$s" -e APT_SEED=x img', [(1, SEED), (1, WRONG)]),
        # 11: defaults
        ("export APT_EPOCHS=${APT_EPOCHS:-ten}\nrun", [(1, EPOCHS)]),
        ("export APT_EPOCHS=${1:-ten}\nrun", [(1, EPOCHS)]),
        (': "${APT_EPOCHS:=ten}"\nrun', [(1, EPOCHS)]),
        ("export APT_EPOCHS=${A:-${B-ten}}\nrun", [(1, EPOCHS)]),
        ("run --epochs ${APT_EPOCHS-ten} ${APT_SEED:-$S} ${APT_SEED:?no} ${#APT_SEED}", [(1, EPOCHS)]),
        ("export APT_EPOCHS=${A:-60} APT_SEED=${A:+x}\nrun", [(1, SEED)]),
        ('echo "seed ${APT_SEED:-default}"; [ "${APT_SEED:-none}" = none ] && [ -z "${APT_SEED+x}" ]', []),
        ('echo "${APT_SEED:=x}" $(run ${APT_EPOCHS:-ten})', [(1, EPOCHS), (1, SEED)]),
        # 12: $( ) and backticks
        ("JID=$(sbatch --parsable --export=ALL,APT_SEED=x job.sh)\n", [(1, SEED)]),
        ("JID=`APT_EPOCHS=ten APT_SEEED=1 run`\n", [(1, EPOCHS), (1, WRONG)]),
        ('run "$(APT_SEED=x run)" <(APT_SEED=y run)\n', [(1, SEED), (1, SEED)]),
        ("export APT_SEED=1\nX=$(export APT_SEED=x; run)\nrun", [(2, SEED)]),
        # 13: wrappers
        ("sudo APT_SEED=x run", [(1, SEED)]),
        ("time APT_SEED=x run", [(1, SEED)]),
        ("exec nohup stdbuf -oL timeout 9 nice -n 3 env -u A APT_SEED=x run", [(1, SEED)]),
        ("srun -n 1 singularity exec --env APT_SEED=x img run", [(1, SEED)]),
        ("nohup srun --export=ALL,APT_SEED=x run", [(1, SEED)]),
        # 14: directives
        ("#PBS -l nodes=1\n#PBS -v APT_SEED=x,APT_SEEED=1\nrun", [(2, SEED), (2, WRONG)]),
        ('#BSUB -env "all, APT_SEED=x"\nrun', [(1, SEED)]),
        ("#$ -v APT_SEED=x\nrun", [(1, SEED)]),
        ('#SBATCH --export="ALL,APT_SEED=x" --time=1 # APT_X\nrun', [(1, SEED)]),
        ("#PBS -v 'APT_SEED=x\nrun", [(1, SEED)]),
        # 15: here-documents
        ("cat > job.sh <<EOF\nexport APT_SEED=x\nrun\nEOF", [(2, SEED)]),
        ("cat <<EOF > .env\nAPT_SEED=x\nAPT_EPOCHS=$E\nAPT_OUTPUT_DIR=$(pwd)\nEOF", [(2, SEED)]),
        ("cat <<'EOF' | sbatch\n#!/bin/sh\n#SBATCH --export=ALL,APT_SEED=x\nrun\nEOF", [(3, SEED)]),
        ("X=$(cat <<EOF\nAPT_SEED=x\nEOF\n)", [(2, SEED)]),
        ("tee p.yaml <<EOF\nenv:\n  APT_SEED: x\nEOF", [(3, SEED)]),
        ("kubectl apply -f - <<EOF\nkind: Pod\nenv: [{name: APT_SEED, value: x}]\nEOF", [(3, SEED)]),
        ("for s in 1 x; do\nsbatch <<EOF\n#!/bin/sh\nexport APT_SEED=$s\nrun\nEOF\ndone", [(4, SEED)]),
        ("export APT_EPOCHS=60\nsbatch <<EOF\n#!/bin/sh\nexport APT_DISTILL_EPOCHS=50\nrun\nEOF", []),
        ("S=3\ncat > x.env <<EOF\nAPT_SEED=$S\nAPT_EPOCHS=\\$E\nEOF", [(4, EPOCHS)]),
        ('echo "APT_SEED=x" >> $GITHUB_ENV', [(1, SEED)]),
        ("echo 'export APT_SEED=x' >> ~/.bashrc; printf 'APT_EPOCHS=%s\\n' ten > a.env", [(1, EPOCHS), (1, SEED)]),
        ("echo APT_DISTILL_EPOCHS=50 >> a.env", []),
        # 16: commands in strings
        ("srun bash -c 'APT_SEED=x run'", [(1, SEED)]),
        ("docker run img bash -lc 'export APT_SEED=x; run'", [(1, SEED)]),
        ("ssh host 'APT_SEED=x run'", [(1, SEED)]),
        ("ssh host APT_SEED=x run", [(1, SEED)]),
        ("ssh host <<EOF\nexport APT_SEED=x\nrun\nEOF", [(2, SEED)]),
        ("kubectl exec p -- sh -c 'APT_SEED=x run'", [(1, SEED)]),
        ("tmux new -d 'APT_SEED=x run'", [(1, SEED)]),
        ('sbatch --wrap="APT_SEED=x run"', [(1, SEED)]),
        ("eval export APT_SEED=x", [(1, SEED)]),
        ("bash -c '\n  export APT_SEED=x\n  run'", [(2, SEED)]),
        ('for s in 1 x; do srun bash -c "APT_SEED=$s run"; done', [(1, SEED)]),
        ("export APT_EPOCHS=60\nbash -c 'APT_DISTILL_EPOCHS=50 run'", []),
        ("bash -c 'bash -c \"APT_SEED=x run\"'", [(1, SEED)]),
        ("bash <<< 'APT_SEED=x run'", [(1, SEED)]),
        ("qsub <<< 'APT_SEED=x run'", [(1, SEED)]),
        ('bsub "APT_SEED=x run"', [(1, SEED)]),
        ('{\n echo "APT_SEED=x"\n} > .env', [(2, SEED)]),
        ('echo "APT_SEED=x" | tee -a .env', [(1, SEED)]),
        ('echo "APT_SEED=x run" | sbatch', [(1, SEED)]),
        (
            "kubectl create configmap a --from-literal=APT_SEED=x; kubectl set env d/x APT_EPOCHS=ten",
            [(1, EPOCHS), (1, SEED)],
        ),
        ("APPTAINERENV_APT_SEED=x apptainer run i\nexport SINGULARITYENV_APT_SEEED=1\nrun", [(1, SEED), (2, WRONG)]),
        ("env $(cat .env) APT_SEED=x run", [(1, SEED)]),
        # 17: constants and loops
        ("LR=2; export APT_LEARNING_RATE=$LR\nrun", [(1, "APT_LEARNING_RATE")]),
        ("E=ten\nsbatch --export=ALL,APT_EPOCHS=$E job.sh", [(2, EPOCHS)]),
        ('for s in 1 "x" {1..2}; do APT_SEED=$s run; done', [(1, SEED)]),
        (
            "for s in 1 x; do\nfor e in 3 ten; do\nAPT_SEED=$s APT_EPOCHS=${e}0 run\ndone; done",
            [(3, EPOCHS), (3, SEED)],
        ),
        ("E=3; if x; then E=ten; fi\nexport APT_EPOCHS=$E\nrun", [(2, EPOCHS)]),
        ("export APT_SEED=x\nif y; then export APT_SEED=3; fi\nrun", [(1, SEED)]),
        ('LRS="1e-4 2e"; for l in $LRS; do APT_LEARNING_RATE=$l run; done', [(1, "APT_LEARNING_RATE")]),
        ('for kv in APT_SEED=x APT_SEEED=1; do export "$kv"; done\nrun', [(1, SEED), (1, WRONG)]),
        ("A='-e APT_SEED=x -e APT_EPOCHS=3'; docker run $A img", [(1, SEED)]),
        ("xargs -I{} env APT_SEED={} run", []),
        ("E=ten; read E\nexport APT_EPOCHS=$E\nrun", []),
        ("E=ten; source cfg.sh\nexport APT_EPOCHS=$E\nrun", []),
        ("f() { local E=ten; }\nexport APT_EPOCHS=$E\nrun", []),
        ("E=3; f() { local E=ten; }\nexport APT_EPOCHS=$E\nrun", []),
        ("E=; $E\nAPT_SEED=x run", [(2, SEED)]),
        ("run <<E", []),
        ("run\n#SBATCH -n 1\nAPT_SEED=x run", [(3, SEED)]),
        ("a | b | c\n" + "x\n" * 60 + "APT_SEED=x run\ncat <<E\nE\n", [(62, SEED)]),
        ("apt-settings run --set $S=x -- run", []),
        ("T=query; T+=,value; export APT_ADAPTER_TARGETS=$T\nrun", []),
        # 18
        ("readonly APT_SEED=x\nexport APT_SEED\nrun", [(1, SEED)]),
        ("declare -x APT_SEED=x\nrun", [(1, SEED)]),
        ("export APT_EPOCHS=10\nexport -n APT_EPOCHS\nexport APT_DISTILL_EPOCHS=25\n: $APT_EPOCHS\nrun", []),
        ("set -a\nAPT_SEED=x\nset +a\nAPT_OTHER=1\nrun", [(2, SEED)]),
        ("set -o allexport; APT_SEED=x; set +o allexport; APT_OTHER=1\nrun", [(1, SEED)]),
    ],
)
def test_what_commands_get_is_judged(text: str, errors: list[tuple[int, str]]) -> None:
    """Each form at its line, and nothing beside it."""
    assert errors_in("job.sh", text) == errors


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("#SBATCH --export=ALL,APT_TASK=squad\n#SBATCH --export=ALL,APT_SEED=3\nrun", [(1, "APT_TASK")]),
        ("#SBATCH --export=ALL,APT_SEED=1\n#SBATCH --export=ALL,APT_SEED=3\nrun", []),
        ("#SBATCH --export=NONE\nexport APT_SEED=3\nsrun run", [(2, SEED)]),
        ("#SBATCH --export=NONE\nAPT_SEED=3 srun run\nsrun run", [(2, SEED)]),
        ("#SBATCH --export=NONE\nexport APT_SEED=3\nsrun --export=ALL run", []),
        ("#SBATCH --export=NONE\nunset SLURM_EXPORT_ENV\nexport APT_SEED=3\nsrun run", []),
        ("#SBATCH --export=NONE\nexport SLURM_EXPORT_ENV=ALL APT_SEED=3\nsrun run", []),
        ("#SBATCH --export=NONE\nexport APT_SEED=3\nrun", []),
        ("#SBATCH --export=ALL,APT_TASK=squad\nexport APT_SEED=3\nsrun run", []),
        ("#SBATCH --export=PATH,APT_TASK=squad\nexport APT_SEED=3\nsrun run", [(2, SEED)]),
        ("#SBATCH --export=APT_TASK=squad\nrun", [(1, "APT_TASK")]),
        ("sbatch --export=APT_TASK=squad job.sh", [(1, "APT_TASK")]),
        ("sbatch --export=$BASE,APT_TASK=squad job.sh", []),
    ],
)
def test_what_slurm_does_not_hand_on_is_found(text: str, errors: list[tuple[int, str]]) -> None:
    """As a real cluster does it: the last --export counts, holds for srun too, and drops PATH without ALL."""
    assert errors_in("job.sbatch", text) == errors


def call_of(launcher: Launcher, name: str, option: str, setting: str) -> str:
    """A command that sets a variable with an option of a launcher."""
    match launcher.split:
        case "settings":
            value = setting.partition("=")[2] if option == "--task" else setting[4:].lower()
            others = {"--grid": "", "--zip": "--zip max_rank=64", "--sample": "--points 1"}
            index = f"{others[option]} --index 0" if option in others else ""
            return f"{name} run {option} {value} {index} -- true"
        case "leading" | "any":
            return f"{name} {setting} true"
        case "pair":
            return f"{name} {option} {setting.replace('=', ' ')} true"
        case "commas":
            return f"{name} {option} ALL,{setting} true"
    return f"{name} {option} {setting} true"


OPTIONS = [(each, option) for each in LAUNCHERS for option in each.options or ("",)]


@pytest.mark.parametrize(
    ("launcher", "option"), OPTIONS, ids=lambda each: each if isinstance(each, str) else each.names[0]
)
def test_every_launcher_of_the_table_is_read(launcher: Launcher, option: str) -> None:
    """A bad value and a misspelt name, with each of its names and options."""
    task = option == "--task"
    for name in launcher.names:
        bad = call_of(launcher, name, option, "APT_SEED=x")
        assert errors_in("x.sh", f"\n{bad}\n") == [(2, "APT_TASK" if task else SEED)]
        if not task:
            assert errors_in("x.sh", call_of(launcher, name, option, "APT_SEEED=1")) == [(1, WRONG)]


def test_what_needs_an_interpreter_is_named() -> None:
    """Arithmetic, arrays, the output of commands."""
    lines = (
        "export APT_SEED=$((1 + 2))",
        "export APT_SEED=${A[0]}",
        "export APT_SEED=$(seq 3)",
        "for s in $(seq 3); do APT_SEED=$s run; done",
        "for s in {1..999}; do APT_SEED=$s run; done",
        "for s; do APT_SEED=$s run; done",
        "export APT_SEED=$'\\x33'",
        "export APT_SEED=(1 2)",
        "read APT_SEED",
        "parallel 'APT_SEED={} run'",
    )
    text = "\n".join([*lines, "run"])

    assert errors_in("x.sh", text) == []
    assert notes_in("x.sh", text) == [(line, SEED) for line in range(1, len(lines) + 1)]


def test_texts_that_double_are_not_kept() -> None:
    """Neither long ones nor many."""
    long = "A=aa\n" + "A=$A$A\n" * 40 + "export APT_OUTPUT_DIR=$A\nrun\n"
    many = "for a in {1..40}; do for b in {1..40}; do APT_SEED=$a$b run; done; done\n"

    assert (errors_in("x.sh", long), len(notes_in("x.sh", long))) == ([], 1)
    assert (errors_in("x.sh", many), notes_in("x.sh", many)) == ([], [(1, SEED)])


def test_flags_of_the_command_are_told() -> None:
    """They are in no record."""
    assert notes_in("x.sh", "apt-settings run --task squad -- python t.py --lr 0.1\n") == [(1, "")]


def test_a_variable_that_is_set_twice_is_told() -> None:
    """It may be on purpose; both values are judged."""
    text = "export APT_SEED=x\nexport APT_SEED=2\nrun\nexport APT_SEED=3\nrun\n"

    assert errors_in("x.sh", text) == [(1, SEED)]
    assert notes_in("x.sh", text) == [(2, SEED)]


def test_what_is_sourced_may_set_the_rest() -> None:
    """A finding across settings is a note there; one on a value alone stays."""
    text = "source params.sh\nexport APT_DISTILL_EPOCHS=50 APT_SEED=x\nrun\n"

    assert errors_in("x.sh", text) == [(2, SEED)]
    assert "but what is sourced may say otherwise" in str(judge("x.sh", text.encode()).notes[0])


FORMS = (
    "export {}",
    "{} python train.py",
    "export A=1 {} B=2",
    "env -i {} run",
    "sudo -E {} run",
    "sbatch --export=ALL,{} job.sh",
    "JID=$(sbatch --parsable --export=ALL,X=$x,{} job.sh)",
    "docker run --rm -e {} img",
    "srun bash -c '{} run'",
    "ssh host 'cd x && {} run'",
    'eval "export {}"',
    "if x; then export {}; else y; fi",
    "f() {{ export {}; }}",
    "(export {}; run)",
    "while read x; do {} run; done < f",
    "case $x in a) export {} ;; esac",
    "x && export {} || y",
    "a | {} run | b",
    "cat > job.sh <<EOF\nexport {}\nEOF",
    "sbatch <<'EOF'\n#!/bin/sh\nexport {}\nEOF",
    "echo {} >> $GITHUB_ENV",
    "for i in 1 2; do {} run; done",
    "sbatch --wrap='{} run'",
    "true \\\n  && export {}",
)
SETTINGS = (
    (SEED, "3", "x"),
    (EPOCHS, "40", "ten"),
    ("APT_BATCH_SIZE", "32", "-1"),
    ("APT_LEARNING_RATE", "1e-4", "2e"),
    ("APT_OPTIMIZER", "adamw", "AdamW"),
)


@given(st.lists(st.tuples(st.sampled_from(FORMS), st.sampled_from(SETTINGS), st.sampled_from(["", "value", "name"]))))
def test_random_scripts_hide_nothing(rows: list[tuple[str, tuple[str, str, str], str]]) -> None:
    """Each bad value and each misspelt name is found at its line, and nothing else is."""
    text, expected = "#!/bin/bash\n", []
    for form, (name, good, bad), fault in rows:
        name = name.replace("APT_", "APT_Q") if fault == "name" else name
        block = form.format(f"{name}={bad if fault == 'value' else good}")
        at = next(number for number, line in enumerate(block.split("\n")) if name in line)
        expected += [(text.count("\n") + 1 + at, name)] if fault else []
        text += f"{block}\n"

    assert errors_in("job.sh", text + "run\n") == expected


def test_forms_are_many() -> None:
    """Each is tried by itself too, with both faults."""
    for form in FORMS:
        for fault in ("APT_SEED=x", "APT_SEEED=1"):
            assert len(errors_in("job.sh", form.format(fault))) == 1, form


def test_the_order_of_forms_does_not_matter() -> None:
    """All of them in one script."""
    backwards = FORMS[::-1]
    text = "\n".join(form.format("APT_SEEED=1") for form in backwards)

    assert len(errors_in("job.sh", text)) == len(FORMS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("export APT_TASK=squad\nssh node python train.py", "ssh does not hand the settings on: write ssh HOST"),
        ("export APT_TASK=squad\nsudo -u x torchrun train.py", "sudo does not hand the settings on: write sudo -E"),
        (
            "export APT_TASK=squad\nsrun --export=NONE python train.py",
            "srun --export=NONE does not hand the settings on",
        ),
        ("export APT_TASK=squad\nsudo apt-get update", ""),
        ("ssh node python train.py", ""),
        ("export APT_TASK=squad\nsrun python train.py", ""),
    ],
)
def test_a_launcher_that_drops_the_settings_is_noted(text: str, told: str) -> None:
    """At its line, where something that trains is started and the script has settings."""
    notes = [note for note in judge("job.sh", text.encode()).notes if "does not hand the settings on" in note.message]
    assert [(note.line, told in note.message) for note in notes] == [(2, True)] * bool(told)
