"""YAML, JSON and TOML: a variable is found wherever it stands, with all that is merged with it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import errors_in, notes_in

from apt_settings.specs.beside import beside_of
from apt_settings.specs.findings import judge

SEED, EPOCHS, WRONG = "APT_SEED", "APT_EPOCHS", "APT_SEEED"
FAULTS = 'APT_SEED: "x"', 'APT_SEEED: "1"'


@pytest.mark.parametrize(
    "keys",
    [
        ("env",),
        ("spec", "trainer", "env"),
        ("runtime_env", "env_vars"),
        ("envs",),
        ("services", "a", "environment"),
        ("variables",),
        ("env_variables",),
        ("environment", "environment_variables"),
        ("containerEnv",),
        ("tool", "pixi", "activation", "env"),
        ("anything", "at", "any", "depth"),
    ],
    ids=".".join,
)
def test_a_variable_is_found_wherever_it_stands(keys: Sequence[str]) -> None:
    """As a mapping, as name and value, as NAME=value; in YAML, JSON and TOML."""
    before = "".join(f"{'  ' * depth}{key}:\n" for depth, key in enumerate(keys))
    indent, line = "  " * len(keys), len(keys) + 1
    both = [(line, SEED), (line + 1, WRONG)]
    nested = '{"APT_SEED": "x",\n"APT_SEEED": "1"}'
    for key in reversed(keys):
        nested = f'{{"{key}":\t{nested}}}'

    assert errors_in("x.yaml", before + "".join(f"{indent}{each}\n" for each in FAULTS)) == both
    assert errors_in("x.yaml", f"{before}{indent}- {{name: APT_SEED, value: x}}\n{indent}- name: APT_SEEED\n") == both
    assert errors_in("x.yaml", f"{before}{indent}- APT_SEED=x\n{indent}- APT_SEEED=1\n") == both
    assert errors_in("x.json", nested) == [(1, SEED), (2, WRONG)]
    assert errors_in("x.toml", f"[{'.'.join(keys)}]\nAPT_SEED = 'x'\nAPT_SEEED = 1\n") == [(2, SEED), (3, WRONG)]
    assert errors_in("x.toml", f"{'.'.join(keys)} = [\n'APT_SEED=x',\n'APT_SEEED=1']\n") == [(2, SEED), (3, WRONG)]


WORKFLOW = """\
env: {APT_TASK: squad, APT_EPOCHS: "%s"}
jobs:
  a:
    env: {APT_DATASET: squad}
    steps:
      - uses: actions/checkout
      - run: python train.py
        env: {APT_DISTILL_EPOCHS: "45"}
"""


def test_layers_are_merged() -> None:
    """A workflow's, a job's and a step's: what they make together is judged, once."""
    assert (errors_in("ci.yml", WORKFLOW % 50), notes_in("ci.yml", WORKFLOW % 50)) == ([], [])
    assert errors_in("ci.yml", WORKFLOW % 40) == [(8, "APT_DISTILL_EPOCHS")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.yaml", "services:\n  a:\n    image: r/apt\n    environment: {APT_DATASET: squad}\n"),
        ("c.yaml", "services:\n  a:\n    env_file: [x.env]\n    environment: {APT_DATASET: squad}\n"),
        ("c.yaml", "services:\n  a:\n    env_file: [{path: x.env}]\n    environment: [APT_DATASET=squad]\n"),
        ("k.yaml", "containers:\n- image: r/apt\n\n  env: [{name: APT_DATASET, value: squad}]\n"),
        (
            "k.yaml",
            "containers:\n- envFrom: [{configMapRef: {name: x}}]\n\n  env: [{name: APT_DATASET, value: squad}]\n",
        ),
        ("k.yaml", "containers:\n- envFrom: [{secretRef: {name: x}}]\n\n  env: [{name: APT_DATASET, value: squad}]\n"),
        ("Dockerfile", "FROM r/apt-squad\n\n\nENV APT_DATASET=squad\n"),
        ("Dockerfile", "ARG B=x\nFROM $B\n\nENV APT_DATASET=squad\n"),
    ],
)
def test_what_lies_below_may_say_otherwise(name: str, text: str) -> None:
    """An image or a file that is not there may set the task: a note, and no finding."""
    assert errors_in(name, text) == []
    assert notes_in(name, text) == [(4, "APT_DATASET")]
    assert errors_in(name, text.replace("APT_DATASET", "APT_SEED")) == [(4, SEED)]


def test_files_are_judged_together() -> None:
    """A ConfigMap of one file, a `.env` that Compose reads, a key of a ConfigMap."""
    files = {
        "k8s/map.yaml": 'kind: ConfigMap\nmetadata: {name: m}\ndata: {APT_EPOCHS: "50", e: "ten"}\n',
        "k8s/job.yaml": "containers:\n- envFrom: [{configMapRef: {name: m}}]\n"
        '  env: [{name: APT_DISTILL_EPOCHS, value: "45"}]\n',
        "k8s/key.yaml": "containers:\n- env:\n"
        "  - {name: APT_EPOCHS, valueFrom: {configMapKeyRef: {name: m, key: e}}}\n",
        "c/compose.yaml": "services:\n  a:\n    env_file: ../x.env\n    environment: {APT_DISTILL_EPOCHS: 45}\n",
        "c/wrong.yaml": "services:\n  a:\n    env_file: ../x.env\n    environment: {APT_DISTILL_EPOCHS: 60}\n",
        "x.env": "APT_EPOCHS=50\n",
        "broken.env": "\0",
    }
    data = {name: text.encode() for name, text in files.items()}
    beside = beside_of(data)
    found = {name: [(each.line, each.variable) for each in judge(name, data[name], beside).findings] for name in data}

    assert {name: each for name, each in found.items() if each} == {
        "k8s/key.yaml": [(3, EPOCHS)],
        "c/wrong.yaml": [(4, "APT_DISTILL_EPOCHS")],
        "broken.env": [(1, "")],
    }
    assert "which is 50 (x.env:1)" in judge("c/wrong.yaml", data["c/wrong.yaml"], beside).findings[0].message


@pytest.mark.parametrize(
    ("name", "text", "errors"),
    [
        ("k.yaml", "command: [bash, -c]\nargs:\n- |\n  export APT_SEED=x\n  run\n", [(4, SEED)]),
        ("k.yaml", "command: [bash, -lc, 'APT_SEED=x run']\n", [(1, SEED)]),
        ("k.yaml", "command: [apt-settings, run, --set, seed=x, --, run]\n", [(1, SEED)]),
        ("k.yaml", "args: [APT_SEED=3, run]\n", []),
        ("c.yaml", 'command: bash -c "APT_SEED=x run"\n', [(1, SEED)]),
        ("c.yaml", "entrypoint: [env, APT_EPOCHS=ten, run]\n", [(1, EPOCHS)]),
        ("ci.yml", "steps:\n- run: |\n    export APT_SEED=x\n    APT_SEEED=1 run\n", [(3, SEED), (4, WRONG)]),
        ("ci.yml", "steps:\n- run: >\n    APT_SEED=x\n    run\n\n    APT_SEEED=1 run\n", [(3, SEED), (6, WRONG)]),
        ("ci.yml", "steps:\n- run: echo APT_SEED=x >> $GITHUB_ENV\n", [(2, SEED)]),
        ("ci.yml", "env: {APT_EPOCHS: 60}\nsteps:\n- run: APT_DISTILL_EPOCHS=50 run\n", []),
        (
            "ci.yml",
            "strategy: {matrix: {seed: [1, x], include: [{e: ten}]}}\nenv: {APT_SEED: '${{ matrix.seed }}'}\n"
            "steps:\n- run: APT_EPOCHS=${{ matrix.e }} run ${{ inputs.x }}\n",
            [(2, SEED), (4, EPOCHS)],
        ),
        ("gl.yml", "script:\n- export APT_SEED=3\n- APT_SEEED=1 run\n", [(3, WRONG)]),
        ("gl.yml", "script:\n- APT_SEED=3 run\n- APT_SEED=x run\n", [(3, SEED)]),
        ("sky.yaml", "setup: pip\nrun: |\n  APT_SEED=x run\n", [(3, SEED)]),
        ("cloud.yaml", "user-data: |\n  #!/bin/bash\n  export APT_SEED=x\n  run\n", [(3, SEED)]),
        (
            "dev.json",
            '{"postCreateCommand": "APT_SEED=x run", "scripts": {"t": "APT_SEEED=1 run"}}',
            [(1, SEED), (1, WRONG)],
        ),
        (
            "pixi.toml",
            "[tasks]\na = 'APT_SEED=x run'\n[tasks.b]\ncmd = 'APT_SEEED=1 run'\n",
            [(2, SEED), (4, WRONG)],
        ),
        ("ray.yaml", "runtimeEnvYAML: |\n  env_vars:\n    APT_SEED: x\n", [(3, SEED)]),
        (
            "cm.yaml",
            "kind: ConfigMap\ndata:\n  job.env: |\n    APT_SEED=x\n  a.sh: |\n    export APT_SEEED=1\n    run\n",
            [(4, SEED), (6, WRONG)],
        ),
        ("s.yaml", "kind: Secret\nstringData: {APT_SEED: x}\ndata: {APT_EPOCHS: dGVu}\n", [(2, SEED)]),
        ("c.yaml", "environment:\n- APT_SEED=${A:-x}\n- APT_EPOCHS=$E\n- APT_TASK\n", [(2, SEED)]),
        (
            "v.yaml",
            "env:\n{{- if .x }}\n- name: APT_SEED\n  value: x\n{{- end }}\n- {name: {{ .n }}}\n",
            [(4, SEED)],
        ),
        ("v.yaml", "{{- range .x }}\n a:\n  - name: {{ .n }\n    APT_SEEED: 1\n", [(4, WRONG)]),
        ("v.yaml.j2", "env:\n  APT_SEED: x\n  APT_EPOCHS: {{ epochs }}\n", [(2, SEED)]),
        ("wf.yaml", "script:\n  source: |\n    APT_SEED=x run\n", [(3, SEED)]),
        ("init.yml", "write_files:\n- path: /etc/job.env\n  content: |\n    APT_SEED=x\n", [(4, SEED)]),
        ("init.yml", "runcmd:\n- APT_SEED=x run\n- [bash, -c, APT_SEEED=1 run]\n", [(2, SEED), (3, WRONG)]),
        ("gl.yml", "variables:\n  APT_SEED: {value: x, description: y}\n", [(2, SEED)]),
        ("gl.yml", "parallel:\n  matrix:\n  - APT_SEED: [1,\n     x, [2]]\n", [(3, SEED)]),
        ("ci.yml", "env:\n  APT_SEED: ${{ inputs.s || 'x' }}\n", [(2, SEED)]),
        ("mlproject.yaml", "command: APT_SEED={seed} run\n", []),
        ("cm.yaml", "kind: ConfigMap\ndata: {a: [1], APT_SEED: x}\n", [(2, SEED)]),
        ("k.yaml", "containers:\n- env:\n  - {name: APT_SEED, value: [1]}\n", [(3, SEED)]),
        ("k.yaml", "args: [APT_SEED=3]\n", []),
        ("ci.yml", "- run: |\n    APT_SEEED=1\n    x\n- env: {APT_SEEED: 1}\n", [(4, WRONG)]),
        ("x.toml", "{% if x %}\nAPT_SEEED = 1\n", [(2, WRONG)]),
        ("x.toml", "[a\nb = 'APT_SEED'\n", [(1, "")]),
        ("x.toml", "env = { APT_SEED = true, A = 1 }\n", [(1, SEED)]),
        ("k.json", '{"env": [{"name": "APT_SEED", "value": "1"}, {"name": "APT_SEED", "value": "2"}]}', [(1, SEED)]),
        ("v.yaml", "env:\n{{- if .x }}\n  APT_SEED: 1\n{{- else }}\n  APT_SEED: 2\n{{- end }}\n  A: 1\n", []),
        ("v.yaml", "env:\n{{ if .x }}\n- {name: APT_SEED}\n{{ else }}\n- {name: APT_SEED}\n{{ end }}\n", []),
        ("x.json", '{"APT_SEED": "1",\n "APT_SEED": "2"}', [(2, SEED)]),
        (
            "c.yaml",
            "environment:\n  APT_SEED: 1\n  B: 1\n  B: 1\n  APT_SEED: 1\n",
            [(5, SEED)],
        ),
    ],
)
def test_scripts_templates_and_files_inside_are_read(name: str, text: str, errors: list[tuple[int, str]]) -> None:
    """With the lines of the file that they stand in."""
    assert errors_in(name, text) == errors


def test_values_that_others_fill_in_are_named() -> None:
    """By helm, GitHub, Kubernetes, Compose, a Secret."""
    text = (
        "a:\n  APT_SEED: '{{ .Values.seed }}'\n  APT_EPOCHS: ${{ inputs.e }}\n  APT_TASK: $T\n"
        "b:\n- {name: APT_SEED, value: $(S)}\n- {name: APT_TASK, valueFrom: {fieldRef: {fieldPath: x}}}\n"
        "- {name: APT_BATCH_SIZE, secret: s}\n---\nkind: Secret\ndata: {APT_SEED: eA==}\n"
    )

    assert errors_in("x.yaml", text) == []
    assert [line for line, _ in notes_in("x.yaml", text)] == [2, 3, 4, 6, 7, 8, 11]


def test_json_may_have_comments_tabs_and_commas() -> None:
    """As the files of editors and containers have."""
    text = '{\n\t// APT_X\n\t"u": "http://x", /* APT_Y */\n\t"containerEnv": {"APT_SEED": "x",},\n}'

    assert (errors_in("devcontainer.json", text), notes_in("devcontainer.json", text)) == ([(4, SEED)], [])


KINDS_OF_FILES = {
    "job.env": "{name}={value}\n",
    "job.sh": "export {name}={value}\nrun\n",
    "Makefile": "export {name} = {value}\n",
    "justfile": 'export {name} := "{value}"\n',
    "Dockerfile": "FROM x\nENV {name}={value}\n",
    "pod.yaml": 'kind: Pod\ncontainers:\n- env:\n  - {{name: {name}, value: "{value}"}}\n',
    "compose.yaml": "services:\n  a:\n    environment:\n    - {name}={value}\n",
    "tasks.json": '{{"env": {{\n"{name}": "{value}"}}}}',
    "mise.toml": "[env]\n{name} = '{value}'\n",
    "ci.yml": "steps:\n- run: |\n    {name}={value} python\n",
}
SETTINGS = st.sampled_from(
    [
        ("APT_SEED", "3", "x"),
        ("APT_EPOCHS", "40", "ten"),
        ("APT_LEARNING_RATE", "1e-4", "2e"),
        ("APT_TASK", "squad", "sq"),
    ]
)


@given(st.sampled_from(sorted(KINDS_OF_FILES)), SETTINGS, st.sampled_from(["", "value", "name"]))
def test_every_kind_of_file_shows_its_faults(kind: str, setting: tuple[str, str, str], fault: str) -> None:
    """A bad value and a misspelt name at their line; what is right is good."""
    name, good, bad = setting
    name = name.replace("APT_", "APT_Q") if fault == "name" else name
    text = KINDS_OF_FILES[kind].format(name=name, value=bad if fault == "value" else good)
    line = next(number for number, each in enumerate(text.split("\n"), start=1) if name in each)

    assert errors_in(kind, text) == ([(line, name)] if fault else [])
