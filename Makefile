# The commands of this repository; a bare `make` lists them. Needs Python 3.11 or later and the package registries.
PYTHON ?= python3
BIN := .venv/bin
MAKEFLAGS += --no-print-directory
# Where this is set every start of a process compiles every module anew, which takes two thirds of the start.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup up down test soak mutants bench reading check fmt lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: ## make .venv from the hash-pinned lock
	@sh deploy/local/setup.sh $(PYTHON)

up: setup ## start everything, send the example concern through to its end, say where to click
	@$(BIN)/beredskab up --demo

down: setup ## end everything (data stay; `beredskab down --erase` deletes them)
	@$(BIN)/beredskab down

test: check ## format, lint, types, imports, then all tests on a real PostgreSQL and a real Apache Kafka
	@$(BIN)/python -m tests.support.browser
	@$(BIN)/python -m tests.support.tools
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

soak: setup ## races 200 times, random histories and reports by the thousand, every crash 20 times, every outage in full
	@BEREDSKAB_REPETITIONS=200 $(BIN)/python -m pytest -m race
	@BEREDSKAB_SOAK=1 $(BIN)/python -m pytest tests/system/delivery tests/system/test_fuzz.py

mutants: setup ## change what decides in one place at a time; the tests must notice nine changes in ten
	@$(BIN)/python -m tests.mutation
	@$(BIN)/python -m tests.mutation.delivery

check: setup ## format, lint, types, imports
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }

fmt: setup ## format the code
	@$(BIN)/ruff check -q --fix-only . ; $(BIN)/ruff format -q .

bench: setup ## measure ours beside the least this machine needs (see docs/performance.md)
	@$(BIN)/python -m tests.load.bench $(ARGS)
	@missed=; for part in reading tick due recovery doors; do \
		$(BIN)/python -m tests.load.$$part || missed="$$missed $$part"; \
	done; [ -z "$$missed" ] || { echo "Missed what is wanted:$$missed"; exit 1; }

reading: setup ## train the reader of texts from its example bank and measure it (see docs/reading.md)
	@$(BIN)/python -m deploy.reading

COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: setup ## compile the locks anew from pyproject.toml, with hashes and without addresses
	@$(COMPILE) --all-extras --group dev pyproject.toml -o requirements.lock
	@$(COMPILE) -c requirements.lock pyproject.toml -o requirements.runtime.lock
