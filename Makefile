# `make help` lists what this file can do.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
FIDES  := .venv-fides

.DEFAULT_GOAL := help
.PHONY: help run test lint format install lock migration schemas pictures soak soak-model soak-retention soak-memory measure-hardware measure-audit measure-admin bench bench-quick clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

run: $(VENV)/.runtime ## Serve on 127.0.0.1:8080 with the embedded PostgreSQL and a demo license
	@exec $(BIN)/activation-server serve --demo

test: $(VENV)/.development $(FIDES)/.installed ## Run every test on a real (embedded) PostgreSQL
	$(BIN)/pytest -q -n 2 --dist loadgroup $(TESTS)

lint: $(VENV)/.development $(FIDES)/.installed ## Check style, types, import directions, schemas, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_in_step
	$(BIN)/activation-server privacy map --format fides | $(FIDES)/bin/python scripts/validate_fides.py

format: $(VENV)/.development ## Put the code into the project's form
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

migration: $(VENV)/.development ## Write a migration from changes in store/tables/: MESSAGE="…"
	$(BIN)/python -m scripts.make_migration "$(MESSAGE)"

schemas: $(VENV)/.development ## Write schemas/ and the map in docs/privacy.md from the code
	$(BIN)/activation-server schemas export schemas
	$(BIN)/python -m scripts.privacy_page

install: $(VENV)/.development $(FIDES)/.installed ## Install everything, development tools too

# uv runs from the environment, so that a lock can be remade on any machine.
lock: $(VENV)/.development ## Pin today's releases of all dependencies anew, with hashes
	$(PIP) install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --upgrade --no-header --extra embedded --group pyproject.toml:build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --upgrade --no-header --extra embedded --group pyproject.toml:dev pyproject.toml -c requirements.lock \
	  -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --upgrade --no-header --group pyproject.toml:fides -o requirements-fides.lock

pictures: $(VENV)/.development ## Take the pictures of docs/pictures anew, with Chromium
	$(BIN)/pytest -q -n 0 tests/browser/take_pictures.py

soak: $(VENV)/.development ## Race for the last seats, ROUNDS times (10000)
	$(BIN)/python -m tests.soak.last_seats --rounds $(or $(ROUNDS),10000)

soak-model: $(VENV)/.development ## Play against a plain model, STEPS steps (100000)
	$(BIN)/python -m tests.model.soak --steps $(or $(STEPS),100000)

soak-retention: $(VENV)/.development ## Play years of retention against a plain model: YEARS (5), SEED (1), ACTIONS a day (2)
	$(BIN)/python -m tests.retention.soak --years $(or $(YEARS),5) --seed $(or $(SEED),1) --actions-per-day $(or $(ACTIONS),2)

soak-memory: $(VENV)/.development ## Watch a worker's memory over REQUESTS check-ins (10000000)
	$(BIN)/python -m tests.soak.memory --requests $(or $(REQUESTS),10000000) $(if $(BENCH_DATA),--data $(BENCH_DATA))

measure-hardware: $(VENV)/.development ## Measure the hardware rule on real computers
	$(BIN)/python -m tests.rules.measure_hardware

measure-audit: $(VENV)/.development ## Measure `audit verify` on ENTRIES entries (100000)
	$(BIN)/python -m tests.services.measure_audit --entries $(or $(ENTRIES),100000)

measure-admin: $(VENV)/.development ## Measure the admin API's lists among LICENSES licenses (100000): BENCH_DATA=folder
	$(BIN)/python -m tests.load.admin_lists --licenses $(or $(LICENSES),100000) --data $(or $(BENCH_DATA),var/bench)

# A data set of 10,000,000 takes long to make: BENCH_DATA names a folder that keeps it.
BENCH = $(BIN)/python -m tests.load.bench $(if $(ROWS),--rows $(ROWS)) $(if $(BENCH_DATA),--data $(BENCH_DATA)) $(BENCH_OPTIONS)

bench: $(VENV)/.development ## Measure against the targets, write docs/benchmarks.md: ROWS=check-ins,… BENCH_DATA=folder
	$(BENCH)

bench-quick: $(VENV)/.development ## Measure the main rows in two minutes, write nothing
	$(BENCH) --quick

clean: ## Remove the environments and caches (data in var/ stays)
	rm -rf $(VENV) $(FIDES) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(BIN)/python requirements.lock pyproject.toml
	$(PIP) install -q --require-hashes -r requirements.lock
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.lock
	$(PIP) install -q --require-hashes -r requirements-dev.lock
	@touch $@

# Apart, because fideslang needs an older pydantic than the server runs on.
$(FIDES)/.installed: $(BIN)/python requirements-fides.lock
	$(BIN)/python -m venv $(FIDES)
	$(FIDES)/bin/python -m pip --disable-pip-version-check install -q --require-hashes -r requirements-fides.lock
	@touch $@
