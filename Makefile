# demo · sources · cluster · test · test-slurm · test-kubernetes · audit · check · lock · bench · clean. Each makes its own environment
# in .venv; nothing else has to be installed but Python (3.11, 3.12 or 3.13) with venv, git and make. Where nvidia-smi
# answers, the environment is one for a GPU: GPU=0 and GPU=1 say otherwise. PYTHON and VENV: another interpreter and its
# own environment (make test PYTHON=python3.13 VENV=.venv-3.13).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
GPU ?= $(shell nvidia-smi -L > /dev/null 2>&1 && echo 1 || echo 0)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What the environment is made of; .ready says what it was made of. onnxruntime and onnxruntime-gpu cannot be side by side,
# so one made for the other kind of machine is made anew.
LOCK := envs/$(if $(filter 1,$(GPU)),gpu,requirements).lock
MADE_OF := $(shell cat $(READY) 2> /dev/null || true)
CORES ?= all
# Containers often say so; then each job compiles every module that it loads, which is most of its start.
unexport PYTHONDONTWRITEBYTECODE
# Two workers: the tests are many and small, and a machine of two cores is the least we ask for.
WORKERS ?= 2

.PHONY: demo sources cluster test test-slurm test-kubernetes audit check format lock bench clean

demo: $(READY) data/raw/sample/.drawn ## draw the sample series, run the whole workflow on it, say what came out
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/genga summary

test: $(READY) ## every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

sources: $(READY) .venv-gallery/.ready ## what genga fetch needs of others: aniparse and libtorrent in .venv, gallery-dl in .venv-gallery
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --requirement envs/sources.lock

audit: .venv-audit/.ready ## the environment of auditors' formats (.venv-audit/bin/genga export, sign, verify), and its tests
	.venv-audit/bin/python -m pytest tests/test_formats.py

cluster: .venv-cluster/.ready ## the plugins for clusters, in .venv-cluster over .venv

test-slurm: .venv-cluster/.ready data/raw/sample/.drawn ## the demo, and clips in packs, on a Slurm of one node that this starts; as root, or with slurm-wlm and munge installed
	tests/slurm/node.sh .venv-cluster/bin/python -m tests.slurm.demo $(RECORDS)
	tests/slurm/node.sh .venv-cluster/bin/python -m tests.slurm.demo --packs

test-kubernetes: .venv-cluster/.ready data/raw/sample/.drawn ## the demo, and clips in packs, in pods, each a process in an empty folder, with an S3 server that this starts
	.venv-cluster/bin/python -m pytest tests/test_kubernetes.py
	.venv-cluster/bin/python -m tests.pods.demo $(RECORDS)
	.venv-cluster/bin/python -m tests.pods.demo --packs

check: $(READY) ## formatter, linter, type checker, and the same for the workflow
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy genga scripts demo bench
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: $(READY) ## put every file into the form that check asks for, and the reference in docs/ up to date
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile rules
	$(BIN)/python -m genga.workflow.reference_docs

# What exports, signatures and their checks need nothing of.
NOT_FOR_AUDIT := torch snakemake dvc dvc-s3 dvc-ssh dvc-webdav diffusers transformers peft lycoris-lora prodigyopt schedulefree accelerate safetensors \
  huggingface-hub onnxruntime scikit-learn starlette uvicorn
COMPILE = .venv-lock/bin/uv pip compile --quiet --no-header --no-annotate --python-version 3.11 \
  --python-platform x86_64-unknown-linux-gnu pyproject.toml
# Of torch's CUDA build, which only envs/gpu.lock names: so the main lock is satisfied by every build.
CUDA := ^(nvidia-|cuda-|triton==)

lock: .venv-lock/.ready ## envs/*.lock of pyproject.toml: versions in them stay, new lines are the newest; UPGRADE=--upgrade moves all
	$(COMPILE) --extra dev $(UPGRADE) --output-file envs/requirements.lock
	sed -E -i '/$(CUDA)/d' envs/requirements.lock
	$(COMPILE) --extra dev --extra gpu $(UPGRADE) --constraint envs/requirements.lock --excludes <(echo onnxruntime) \
	  --output-file envs/gpu.lock
	$(COMPILE) --extra cluster $(UPGRADE) --constraint envs/requirements.lock --output-file envs/cluster.lock
	grep -vxFf envs/requirements.lock envs/cluster.lock | grep -vE '$(CUDA)' > .venv-lock/cluster.lock
	cp .venv-lock/cluster.lock envs/cluster.lock
	$(COMPILE) --extra audit $(UPGRADE) --excludes <(printf '%s\n' $(NOT_FOR_AUDIT)) --output-file envs/audit.lock

bench: $(READY) .venv-imgutils/.ready .venv-rapidocr/.ready data/raw/sample/.drawn ## measure accuracy and speed against the drawn truth and against peers
	$(BIN)/snakemake --cores $(CORES)
	for part in $(basename $(notdir $(wildcard bench/[a-z]*.py))); do $(BIN)/python -m bench.$$part; done

clean: ## what the workflow made; not the environment, not the videos and their truth
	find data -mindepth 1 -maxdepth 1 ! -name raw ! -name truth -exec rm -rf {} +
	rm -rf models reports logs .snakemake

ifneq ($(MADE_OF),$(LOCK))
.PHONY: $(READY)
endif
$(READY): $(LOCK) pyproject.toml
	$(PYTHON) -m venv $(if $(filter-out $(LOCK),$(MADE_OF)),--clear) $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	echo $(LOCK) > $@

# Over .venv: its packages, and the plugins beside them.
.venv-cluster/.ready: envs/cluster.lock $(READY)
	$(BIN)/python -m venv .venv-cluster
	$(BIN)/python -c "import sysconfig; print(f'import site; site.addsitedir({sysconfig.get_path(\"purelib\")!r})')" \
	  > "$$(.venv-cluster/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/over.pth"
	.venv-cluster/bin/python -m pip install --quiet --no-compile --no-deps --requirement envs/cluster.lock
	touch $@

.venv-audit/.ready: envs/audit.lock pyproject.toml
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --no-compile --requirement envs/audit.lock
	.venv-audit/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	touch $@

# A program under the GPL, which is run and never imported.
.venv-gallery/.ready: envs/gallery.lock
	$(PYTHON) -m venv .venv-gallery
	.venv-gallery/bin/python -m pip install --quiet --no-compile --no-deps --requirement envs/gallery.lock
	touch $@

# A peer that wants older packages than ours: bench/_imgutils.py runs there.
.venv-imgutils/.ready: envs/imgutils.lock
	$(PYTHON) -m venv .venv-imgutils
	.venv-imgutils/bin/python -m pip install --quiet --no-compile --requirement envs/imgutils.lock
	touch $@

# A peer that brings OpenCV and its own weights: bench/_rapidocr.py runs there. Without dependencies: opencv-python is named
# there, and the lock has the one without windows.
.venv-rapidocr/.ready: envs/rapidocr.lock
	$(PYTHON) -m venv .venv-rapidocr
	.venv-rapidocr/bin/python -m pip install --quiet --no-compile --no-deps --requirement envs/rapidocr.lock
	touch $@

data/raw/sample/.drawn: $(wildcard demo/world/*.py) demo/series.py | $(READY)
	$(BIN)/python -m demo.series --out data/raw/sample --truth data/truth/sample
	touch $@

.venv-lock/.ready:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	touch $@
