# What runs here is what CI runs (.ci/run).  Needs Python 3.11 or later with venv and pip, and make;
# nothing else.  3.11 is what the tests run on, so it is taken first.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
SHELL  := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: setup demo test check slow bench gpu wheel docs clean help fix lint types layers dependencies sizes pages

help:            ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## virtual environment with everything a developer needs

$(BIN)/python:
	@$(or $(PYTHON),false) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later with venv is needed, found: $(or $(PYTHON),none); set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp per extra: a demo does not need the developer's tools.
$(VENV)/.all $(VENV)/.dev: $(VENV)/.%: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable '.[$*]'
	@touch $@ $(if $(filter dev,$*),$(VENV)/.all)

demo: $(VENV)/.all ## real customers, from a file to an answer of the running server
	$(BIN)/python scripts/demo.py

test: setup      ## the fast tests (those of the pages run in check)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m "not slow" --ignore=tests/docs $(ARGS)

slow: setup      ## the slow tests: whole runs, kills, README blocks that train, mutants
	$(BIN)/python -m pytest -q -m slow $(ARGS)
	$(BIN)/python benchmarks/bench_mutation.py --mutants 60 --least 0.85

check: lint types layers dependencies sizes pages ## every gate but the tests

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/pyrefly check
	$(BIN)/pyrefly check --python-platform darwin src

layers: setup
	$(BIN)/lint-imports

dependencies: setup
	$(BIN)/deptry src

sizes: setup
	$(BIN)/python scripts/check_sizes.py

pages: setup
	$(BIN)/python scripts/generate_docs.py --check
	$(BIN)/python -m pytest -q -p no:randomly -m "not slow" tests/docs
	$(BIN)/zensical build --strict --clean

fix: setup       ## mend format, lint and generated pages
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python scripts/generate_docs.py

docs: setup      ## generate the pages and build the site into site/
	$(BIN)/python scripts/generate_docs.py
	$(BIN)/zensical build --strict --clean

# make bench runs all; make bench BENCH=roc_auc runs benchmarks/bench_roc_auc.py
bench: setup     ## the benchmarks, into benchmarks/results/
	for file in benchmarks/bench_$(or $(BENCH),*).py; do echo "== $$file"; $(BIN)/python "$$file"; done
	$(BIN)/python scripts/generate_docs.py

# CPYTHON is the version of Python there; HAS names carried packages that are there: HAS=pyarrow,pillow
gpu: setup       ## pack what a machine with torch and CUDA needs, into build/gpu.tar.gz
	$(BIN)/python scripts/gpu.py pack --python $(or $(CPYTHON),3.12) --has "$(HAS)"

wheel: setup     ## build the wheel and use it in an environment of its own
	$(BIN)/python scripts/try_wheel.py

clean:           ## remove what was built; data, runs and downloads stay
	rm -rf $(VENV) site build dist .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
