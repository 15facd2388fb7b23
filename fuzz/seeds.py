"""What each surface is tried with first: right inputs, and nearly right ones; and what means something to a reader."""

from collections.abc import Mapping

from apt_settings import load
from apt_settings.pin import Pin
from apt_settings.runs.store import as_json, record_of
from apt_settings.sources.record import Run

_PIN = str(Pin.of(load({}, None, task="squad"))).encode()
_RUN = Run(
    command=("python", "train.py"),
    start="2026-01-01T00:00:00+00:00",
    end="2026-01-01T01:00:00+00:00",
    seconds=3600.0,
    exit_status=0,
    host="node",
    scheduler={"SLURM_JOB_ID": "7"},
    git=None,
    versions={},
)
_OWN = {"APT_EXTEND": "own_classes:Trainer,own_classes:data", "APT_TOKEN": "x", "APT_DATA_SIZE": "large"}
A_RECORD = as_json(record_of(load({}, None, task="squad", epochs=30)).model_copy(update={"runs": (_RUN,)})).encode()

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "environment": (
        b"APT_TASK=squad\0APT_EPOCHS=30\0APT_TARGET_SPARSITY=60%\0HOME=/root",
        b"APT_REFERENCE=release\0APT_ADAPTER_TARGETS=query,value\0APT_UNKNOWN=warn\0APT_X=",
        b"APT_DATASET=mnli\0APT_OUTPUT_DIR=a b\0apt_seed=3\0APT_SERVICE_HOST=1",
        b"APT_TASK=squad\0APT_FOREIGN=APT_COMPANY_*,APT_X\0APT_COMPANY_QUEUE=1\0APT_X=x\0APT_EXPECT=" + _PIN,
        b'APT_TASK=squad\0APT_SEED=3\0APT_GIVEN_BY={"APT_SEED":["4e074085",".env:1"]}\0APT_RUN_DIR=/x',
    ),
    "env_file": (
        b"export APT_TASK='squad' # no\nA=${HOME:-x}\nAPT_OUTPUT_DIR=\"${A}/out\"\r\n",
        b"\xef\xbb\xbfAPT_SEED=3\n\nHF_TOKEN=hf_x\nAPT_UNKNOWN=ignore\nAPT_X\n",
    ),
    "command_line": (
        b"show\n--task\nsquad\n--set\nepochs=30\n--format\njson",
        b"sweep\n--grid\nseed=1..3\n--zip\nepochs=20,40\n--zip\ndistill_epochs=10,20",
        b"job\nslurm\n--task\nmnli\n--time\n1-00:00:00\n--sbatch\n--comment=x\n--\ntrue",
        b"job\nkubernetes\n--image\nx/y:1\n--label\na=b\n--cpus\n500m\n--\ntrue\n$A",
        b"job\ndocker\n--image\ntrain\n--gpus\nall\n--docker\n--shm-size=8g\n--\na b",
        b"diff\npaper\nnow\n--all-tasks\n--format\nmarkdown",
        b"plan\n--devices\n4\n--examples\n100",
        b"explain\nAPT_LR",
        b"release-args\n--null",
    ),
    "grid": (
        b'[grid]\ntask = ["mnli", "squad"]\nseed = "1..5"\n\n[[zip]]\nepochs = [20, 40]\ndistill_epochs = [10, 20]\n',
        b'[grid]\nadapter_targets = [["query"], "query,value"]\nreference = "paper,release"\ntarget_sparsity = 0.5\n',
        b'points = 9\nseed = 7\n[sample]\nlearning_rate = "log:1e-5..1e-3"\ntarget_sparsity = "0.3..0.7"\n'
        b'optimizer = ["adam", "adamw"]\n[grid]\nseed = "1..3"\n',
    ),
    "record": (A_RECORD, as_json(record_of(load({**_OWN, "APT_EVAL_EVERY": "7"}, None))).encode()),
    "spec": (
        b"job.sh\n#!/bin/bash\n#SBATCH --export=ALL,APT_SEED=3\nexport APT_EPOCHS=ten\nAPT_X=1 srun python <<E\nE\n",
        b"pod.yaml\nkind: Pod\nspec: {containers: [{env: [{name: APT_SEED, value: '1'}]}]}\n---\nkind: ConfigMap\n"
        b"data: &a {APT_TASK: squad}\n",
        b'Dockerfile\nFROM x AS y\nENV APT_SEED=1 \\\n  APT_EPOCHS="2"\nENV APT_TASK mnli\nRUN <<E\nE\nFROM y\n',
        b"compose.yaml\nservices:\n  a:\n    environment: [APT_SEED=3]\n",
        b".env\nAPT_SEED=${X}\n",
        b"a.sh\nfor s in 1 {2..4}; do J=$(sbatch --export=ALL,APT_SEED=$s a); done\ncat > a.env <<E\nAPT_SEED=$s\nE\n",
        b"a.sh\nf() { local x=${1:-ten}; bash -c \"APT_EPOCHS=$x run\"; }\nAPT_SEED+=1 ssh h 'APT_X=1 y' | tee b <<E\n",
        b"Makefile\nexport APT_SEED ?= $(S)\nall: x\n\t@APT_EPOCHS=$(E) \\\n\t  y $$z\n",
        b"justfile\nexport APT_SEED := 'x'\nall:\n  APT_EPOCHS={{e}} y\n",
        b"a.toml\n[env]\nAPT_SEED = 3\n[tasks.a]\ncmd = 'APT_EPOCHS=ten x'\nenv = ['APT_X=1']\n",
        b'a.json\n{\t// x\n"env": {"APT_SEED": "x",}, "args": ["bash", "-c", "APT_X=1 y"]}\n',
        b"ci.yml\nenv: {APT_EPOCHS: 3}\njobs: {a: {matrix: {s: [1]}, steps: [{run: 'APT_SEED=${{ matrix.s }} x'}]}}\n",
        b"v.yaml\nenv:\n{{- if .x }}\n- name: APT_SEED\n  value: {{ .y }}\n{{- end }}\n",
        b"cm.yaml\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a.sh: |\n    APT_SEED=x y\n",
        b'Dockerfile\nARG A=1\nFROM x\nRUN <<E\nAPT_SEED=x y\nE\nENV A=${A:-2}\nCMD ["sh", "-c", "APT_X=1 y"]\n',
        b"a.tf\nAPT_SEED = 3 # APT_X\n",
        b"a.sh\n#PBS -v APT_SEED=x,A=1\n#BSUB -env 'all, APT_EPOCHS=x'\n"
        b"#$ -v APT_X=1\nset -a; . ./job.env; set +a\npython\n",
        b"a.sh\n"
        b"srun --export=ALL,APT_SEED=x mpirun -x APT_EPOCHS=ten -genv APT_X 1 singularity exec --env APT_X=1 i y\n",
        b"a.sh\nenv -i -u A APT_SEED=x sudo docker run -e APT_X=1 i y -- t --epochs 3\nAPT_SEED=1 su -c 'APT_X=1 y'\n",
        b"a.sh\ndeclare -A m=([a]=1)\nAPT_SEED=${m[a]:-x}\n"
        b"export APT_SEED APT_EPOCHS=${1:?no}\ncase $1 in a) srun x;; esac\n",
        b"a.sh\nread -r APT_SEED < f\n"
        b"printf -v APT_EPOCHS %s ten; export APT_EPOCHS\neval \"APT_X=1 y\"; parallel 'APT_X=1 z' ::: 1\n",
        b"a.sh\napt-settings run --task nope --set epochs=ten -- python t.py --seed 3 > >(tee log) 2>&1 &\n",
        b"a.csh\nsetenv APT_SEED x\n",
    ),
    "output_dir": (
        b"runs/{task}/{seed}-{learning_rate}/{{x}}\nmy/data\norg/model",
        b"{dataset}/../{architecture}\n..\n.",
        b"${HOME}/{prunable_blocks}/{index}\nx\ny",
    ),
    "extend": (
        b"own_classes:Trainer\0APT_EVAL_EVERY=7\0APT_MODES=train,eval\0APT_TOKEN_FILE=x",
        b'own_classes:data,own_classes:Nested\0APT_NET__WIDTH=3\0APT_EITHER=auto\0APT_DATA_WEIGHTS={"a": 1}',
        b"own_classes:Gsm8k\0APT_TASK=gsm8k\0APT_ANSWER_TOKENS=9",
        b"own_classes:Data\0APT_SIZE=large\0APT_PATH=x\0APT_EPOCHS=9",
        b"own_classes:Clash",
        b"own_classes:Needs,own_clases:X,own_classes:number,own_classes:local,own_classes:wrong,own_classes.x:y",
    ),
    "sample": (
        b"9\n7\nlearning_rate=log:1e-5..1e-3\ntarget_sparsity=0.3..0.7\noptimizer=adam,adamw",
        b"64\nsample1:3\nepochs=log:20..90\ntrain_batch_size=8..64:8\nseed=1..9\ndistill_epochs=none,20",
    ),
    "expect": (
        _PIN,
        _PIN.partition(b"+")[0],
        _PIN.replace(b"apt1", b"apt2"),
        _PIN + b"\n1..3",
        b"sweep1-0123456789abcdef@0.2.0\n1..3",
    ),
    "runs": (
        b'=== a/run.json\n@RECORD\n=== a/metrics.json\n{"eval_accuracy": 0.9, "loss": 1e308}\n=== b/run.json\n@RECORD',
        b'=== a/run.json\n@RECORD\n=== a/node-3.json\n{"rank": 3}\n=== a/metrics.json\n{"x": 1}\n=== l\n-> a',
        b'=== run.json\n@RECORD\n=== b/run.json\n{"format": 2}\n=== .c/run.json\n'
        b"@RECORD\n=== d/run.json\n-> ../outside",
        b'=== a/run.json\n@RECORD\n=== a/metrics.json\n{"x": Infinity}\n'
        b'=== b/metrics.json\n{"x": -Infinity}\n=== b/run.json\n@RECORD',
        b"=== a/run.json\n" + A_RECORD,
    ),
    "tree": (
        b"=== job.sh\n. ./x.env\nAPT_SEED=x python\n=== x.env\nAPT_EPOCHS=ten\n"
        b"=== l.env\n-> ../outside\n=== c.py\nAPT_X",
        b"=== pod.yaml\nkind: Pod\nenvFrom: [{configMapRef: {name: a}}]\n=== k/cm.yaml\nkind: ConfigMap\n"
        b"metadata: {name: a}\ndata: {APT_SEED: x}\n",
        b"=== compose.yaml\nservices: {a: {env_file: [a.env], environment: [APT_SEED]}}\n=== a.env\nAPT_SEED=x\n",
        b"=== d\n-> /\n=== .git\ngitdir: ../outside\n=== a/Makefile\n"
        b"include ../x.env\nexport APT_X := 1\n=== x.env\nAPT_X=1",
    ),
    "patch": (
        b"spec:\n  template:\n    spec:\n      nodeSelector: {gpu: a100}\n      containers:\n      - name: job\n"
        b"        resources: {limits: {cpu: 4}}\n        env: [{name: B, value: '1'}]\n",
        b'{"spec": {"suspend": true, "template": {"spec": {"containers": [{"name": "x'
        b'", "image": "y"}, {"$patch": "replace"}]}}}}',
        b"metadata: {labels: {a: b}, name: null}\nspec:\n  template:\n    spec:\n      containers:\n"
        b"      - {name: job, $patch: delete}\n      volumes: [{name: a, $patch: delete}]\n",
        b"spec: {template: {spec: {initContainers: [{name: i, image: x, env: [{name: APT_SEED, value: '1'}]}]}}}\n",
        b"kind: Job\nspec: {template: {spec: {containers: [{name: job, command: [x], envFrom: [{prefix: APT_}]}]}}}\n",
    ),
    "log": (
        b"Num examples = 131944\n  Num Epochs = 40\n  Total train batch size (w. parallel) = 32\n"
        b"  Total optimization steps = 164960\n",
        b"Pruning will be conducted at steps [1, 2]\nPruning mac constraint schedule [0.9, 1e-3]\n"
        b"Distillation schedule: starting from step -1, ending in step 9\nBest model loaded\n",
    ),
    "completion": (
        b"show --set epo",
        b"sweep --grid=optimizer=adam,",
        b"job kubernetes --task 'sq",
        b"diff paper --env-file x --set prunable_blocks=mha_head,",
        b"runs --where lr_scheduler=",
    ),
}
"""Right inputs, and nearly right ones, to begin with."""

TOKENS = (
    *(b"APT_", b"=", b"'", b'"', b"\\", b"\n", b"\r\n", b"\0", b"${", b"}", b":-", b"$(", b"`", b"<<", b"#", b" "),
    *(b"--", b"..", b",", b"[", b"]", b"{", b"}", b":", b"&a ", b"*a", b"!x ", b"- ", b"? ", b"|\n", b"---\n", b"%"),
    *(b"none", b"nan", b"1e999", b"-0.0", b"9" * 30, b"true", b"1..", b"\xff", b"\xe2\x80\xae", b"\x1b[31m", b"\t"),
)
"""What means something to some reader."""

_TOKENS_OF: Mapping[str, tuple[bytes, ...]] = {
    "environment": (_PIN, b"APT_FOREIGN=", b"APT_EXPECT=", b"APT_REFERENCE=", b"*", b"APT_SEED=", b"custom"),
    "output_dir": (b"{seed}", b"{task}", b"{dataset}", b"{index}", b"{{", b"../", b"/", b"{architecture}"),
    "extend": (
        b"own_classes:",
        b"Trainer",
        b"Data",
        b"Nested",
        b"Gsm8k",
        b"data",
        b"APT_TASK=",
        b"APT_DATA_",
        b"Clash",
    ),
    "grid": (b"[grid]", b"[[zip]]", b"[sample]", b"points = ", b"seed = ", b"log:", b"learning_rate = "),
    "sample": (b"log:", b"1e-5", b"learning_rate=", b"seed=", b"epochs=", b"task=", b"reference=", b"sample1:"),
    "expect": (_PIN, b"sweep1-", b"apt1-", b"@0.2.0", b"+", b"1..3"),
    "record": (
        b'"at_default": true',
        b'"where_it_runs": true',
        b'"secret": true',
        b'"group": "own_classes:Trainer"',
        b"null",
    ),
    "runs": (b"=== ", b"run.json", b"metrics.json", b"@RECORD", b"-> ", b"Infinity", b"NaN", b'"exit_status": 1'),
    "spec": (
        b"APT_SEED=",
        b"export ",
        b"srun --export=",
        b"env ",
        b"bash -c ",
        b"for s in ",
        b"$@",
        b"case ",
        b"${A:-",
    ),
    "tree": (b"=== ", b"job.sh", b"x.env", b"-> ", b"APT_SEED=", b"env_file: ", b"configMapRef: ", b". ./"),
    "patch": (
        b"$patch: delete",
        b"$patch: replace",
        b"name: job",
        b"containers:",
        b"env:",
        b"null",
        b"spec:",
        b"command:",
    ),
    "log": (b"Num examples = ", b"Distillation schedule: starting from step ", b", ending in step ", b"schedule ["),
    "completion": (b"--set ", b"--grid ", b"epochs=", b"job ", b"slurm ", b"--task=", b" -- "),
}


def tokens_of(surface: str) -> tuple[bytes, ...]:
    """What means something to some reader, and to that of a surface."""
    return (*TOKENS, *_TOKENS_OF.get(surface, ()))
