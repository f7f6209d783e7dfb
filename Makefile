# `make demo` and `make test` set up all they need: git, make and Python 3.11 are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
WORKERS ?= 2

# Images and CI often set it. Every start of the tap then compiles all of the SDK: 0.8 s, not 0.3.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo report pictures test check coverage test-answers test-loaders lock-loaders test-orchestrate soak lint format bench docs clean

help: ## What each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/ready ## The whole pipeline on one machine: simulated GitHub, Meltano, PostgreSQL (POSTGRES_URL=…, REPLAY=folder)
	@$(BIN)/python -m demo $(if $(POSTGRES_URL),--postgres-url '$(POSTGRES_URL)') $(if $(REPLAY),--replay '$(REPLAY)')

SCHEMA ?= github_copilot
OUT ?= output/copilot-adoption.html
report: $(VENV)/ready ## The adoption report of your own tables (POSTGRES_URL=… or DUCKDB=file, SCHEMA=…, SEAT_PRICE=19, NAMES=1, OUT=file)
	@mkdir -p $(dir $(OUT))
	@$(BIN)/python -m report --postgres-url '$(POSTGRES_URL)' --duckdb '$(DUCKDB)' --schema '$(SCHEMA)' --out '$(OUT)' --seat-price '$(SEAT_PRICE)' --names '$(NAMES)'

pictures: $(VENV)/ready ## Renew docs/pictures from the report of make demo; needs Chromium (CHROMIUM=…)
	@$(BIN)/python -m tools.pictures

check: lint ## Lint, types and the quick tests, in under a minute
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow"

test: lint ## Lint, types and the tests of the tap
	$(BIN)/python -m pytest -n $(WORKERS)

coverage: $(VENV)/ready ## The tests of the tap, and which lines of it they run
	$(BIN)/python -m pytest -q -n $(WORKERS) --cov=tap_github_copilot --cov-branch --cov-report=term-missing:skip-covered --cov-report=markdown-append:output/coverage.md

test-answers: $(VENV)/ready .cache/dbt/ready ## The dbt package, the SQL recipes and the report, over loaded databases
	$(BIN)/python -m pytest -n $(WORKERS) tests/answers

test-loaders: $(VENV)/ready ## Every loader for real, Snowflake and BigQuery as emulators, each in its own environment
	$(BIN)/python -m pytest -n $(WORKERS) tests/loaders

lock-loaders: $(patsubst %.in,%.txt,$(wildcard tests/loaders/locks/*.in)) ## Pin the loaders' environments again

tests/loaders/locks/%.txt: tests/loaders/locks/%.in $(VENV)/ready
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-annotate --custom-compile-command 'make lock-loaders' --output-file $@ $<

test-orchestrate: $(VENV)/ready .cache/airflow/ready .cache/dagster/ready ## Airflow and Dagster for real, each in its own environment
	$(BIN)/python -m pytest tests/engines

SEEDS ?= 300
soak: $(VENV)/ready ## Seeded schedules of faults and kills, compared with the truth (SEEDS=300)
	$(BIN)/python -m tests.soak --seeds $(SEEDS)

bench: $(VENV)/ready ## Speed and memory, measured
	$(BIN)/python -m benchmarks

lint: $(VENV)/ready ## Ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/ready ## Let ruff format and mend what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(VENV)/ready ## Bring the generated tables and the Hub file in step with the code
	$(BIN)/python -m tools

clean: ## Remove environments and caches
	rm -rf $(VENV) .meltano .cache dist

.cache/%/ready: $(VENV)/ready
	@echo "Setting up .cache/$* (once) …"
	@UV_PROJECT_ENVIRONMENT=.cache/$* $(BIN)/uv sync --quiet --frozen --only-group $* --python $(BIN)/python
	@touch $@

$(VENV)/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("This needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv sync --quiet --frozen --inexact
	@touch $@
