# Every target does its own set-up. The first run takes a minute, the second starts at once.
# PYTHON picks the interpreter: make test PYTHON=/usr/bin/python3.12

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := temp/demo
SCENARIO ?= walked-away
# All that keeps its data in a server's database. Apart: `unstuck up`, whose database is always embedded; test_steps, which
# counts the steps of SQLite; and what needs no database.
POSTGRES_TESTS := tests/chain/server $(filter-out $(patsubst %,tests/chain/test_%.py,up steps paced schedules),\
    $(wildcard tests/chain/test_*.py))

# Locked installs only: hashes are required, and the build tools come from the lock too.
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
INSTALL := $(PIP) install --require-hashes
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
	$(if $(UPGRADE),--upgrade)

.PHONY: help setup demo demo-chain examples test check test-lab test-browser test-bluez test-postgres test-soak test-fuzz bench bench-smoke bench-doctor lock docs clean messages

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(VENV)/stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Unstuck needs Python 3.11 or later as '$(PYTHON)'; install it, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing; install it with: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Making a Python environment in $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/stamp-runtime: $(VENV)/stamp-venv requirements/runtime.txt requirements/build.txt pyproject.toml
	@echo "Installing what Unstuck needs ..."
	@$(INSTALL) -r requirements/build.txt -r requirements/runtime.txt
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/stamp-dev: $(VENV)/stamp-runtime requirements/dev.txt
	@echo "Installing what the tests need ..."
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)/stamp-fuzz: $(VENV)/stamp-dev requirements/fuzz.txt
	@echo "Installing the fuzzer ..."
	@$(INSTALL) -r requirements/fuzz.txt
	@touch $@

setup: $(VENV)/stamp-runtime  ## Install Unstuck into .venv (.venv/bin/unstuck)

# A minute on this machine is an hour of the chain: eighteen minutes of it well, the rest out of reach.
DEMO_UP := up --virtual --folder $(DEMO)/up --at 15:00 --speed 60 --every 300 --seconds 60 --walk-away 18
demo: setup  ## Open a page on which a tracker's day flows through four hops, breaks, and is mended (Ctrl-C ends it)
	@echo "\$$ unstuck lab live --fault gone_out --after 2 --speed 60"
	@# Where nobody sits at a terminal, as in CI, it ends by itself.
	@[ -t 0 ] && seconds=0 || seconds=30; \
	$(BIN)/unstuck lab live --fault gone_out --after 2 --speed 60 --seconds $$seconds

demo-chain: setup  ## The same without a browser: the chain for a minute, its link broken, and what the doctor says
	@rm -rf $(DEMO)/up; mkdir -p $(DEMO)
	@echo "\$$ unstuck $(DEMO_UP)"
	@$(BIN)/unstuck $(DEMO_UP)
	@echo; echo "\$$ unstuck diagnose $(DEMO)/up/btsnoop_hci.log   # what the chain's own phone wrote down"
	@# Exit status 1 means "stuck", which is what the example shows; anything else is a failure.
	@$(BIN)/unstuck diagnose $(DEMO)/up/btsnoop_hci.log || [ $$? -eq 1 ]

examples: setup  ## Write the example evidence and diagnose one story (SCENARIO=walked-away)
	@$(BIN)/python -m examples $(DEMO) $(SCENARIO)
	@echo "\$$ unstuck diagnose $(DEMO)/$(SCENARIO)"
	@$(BIN)/unstuck diagnose $(DEMO)/$(SCENARIO) || [ $$? -eq 1 ]

check: $(VENV)/stamp-dev  ## Lint, types and the direction of imports, without the tests
	@echo "ruff check ...";  $(BIN)/ruff check --quiet .
	@echo "ruff format ..."; $(BIN)/ruff format --quiet --check .
	@echo "mypy ...";        $(BIN)/mypy --no-error-summary
	@echo "lint-imports ..."; $(BIN)/lint-imports > $(VENV)/lint-imports.log 2>&1 || { cat $(VENV)/lint-imports.log; exit 1; }

test-lab: $(VENV)/stamp-dev  ## Every fault of the lab on the real chain
	@$(BIN)/pytest -m lab tests/lab $(ARGS)

test: check  ## Lint, types, imports and all quick tests
	@echo "pytest (apart are: make test-browser, test-bluez, test-lab, test-soak) ..."
	@$(BIN)/pytest -m "not browser and not bluez and not lab and not soak" $(ARGS)

test-browser: $(VENV)/stamp-dev  ## The pages in a real Chromium
	@# Apart: Playwright's waiting and its asynchronous form do not live in one process.
	@$(BIN)/pytest -m browser --ignore tests/web/pages/phone $(ARGS)
	@$(BIN)/pytest -m browser tests/web/pages/phone $(ARGS)

test-bluez: $(VENV)/stamp-dev  ## Real BlueZ and Linux in a QEMU guest, against virtual devices on this side
	@$(BIN)/pytest -m bluez -rs tests/bluez $(ARGS)

test-soak: $(VENV)/stamp-dev  ## A month of 33 people and a thousand schedules, with their figures
	@$(BIN)/pytest -m soak -s $(ARGS)

test-postgres: $(VENV)/stamp-dev  ## The server and the whole chain on a PostgreSQL started for it
	@$(BIN)/python -m tools.postgres $(BIN)/pytest --timeout 180 -m "not soak and not lab" $(POSTGRES_TESTS) $(ARGS)

test-fuzz: $(VENV)/stamp-fuzz  ## Replay the kept inputs, then a short run from a fixed seed
	@$(BIN)/python -m fuzz --runs 3000

bench: $(VENV)/stamp-dev  ## Measure, and write benchmarks/RESULTS.md
	@$(BIN)/python -m benchmarks

bench-smoke: $(VENV)/stamp-dev  ## Run every benchmark small, write nothing
	@$(BIN)/python -m benchmarks --smoke
	@$(BIN)/python -m benchmarks.doctor run --smoke

CASES ?= 300
bench-doctor: $(VENV)/stamp-dev  ## Measure the doctor in the lab (CASES=2600 are ten thousand with each kind of evidence; continues where it was stopped)
	@$(BIN)/python -m benchmarks.doctor run --cases $(CASES) --resume

docs: $(VENV)/stamp-dev  ## Write the generated pages of docs/ anew
	@$(BIN)/python -m tools.generate_docs

messages: $(VENV)/stamp-dev  ## Collect the texts of the pages, bring every language up to date and compile it
	@$(BIN)/python -m tools.catalogue

$(BIN)/uv:
	@$(MAKE) $(VENV)/stamp-dev

lock: $(BIN)/uv  ## Resolve pyproject.toml into requirements/ (UPGRADE=1 takes newer releases)
	@echo "Resolving ..."
	@$(COMPILE) requirements/build.in -o requirements/build.txt
	@$(COMPILE) pyproject.toml -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml --extra dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra fuzz -o requirements/fuzz.txt
	@$(COMPILE) pyproject.toml --extra lab -o requirements/lab.txt
	@if grep -nE '://|index-url|find-links' requirements/*.txt; then echo "A lock file names an address." >&2; exit 1; fi

clean:  ## Remove what make made
	rm -rf $(VENV) temp build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
