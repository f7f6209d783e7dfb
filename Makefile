# `make demo` and `make test` set up all they need: git, make and Python 3.11 are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

.PHONY: demo report test test-loaders lock-loaders test-orchestrate soak lint format bench docs release clean

demo: $(VENV)/ready
	@$(BIN)/python -m demo $(if $(POSTGRES_URL),--postgres-url '$(POSTGRES_URL)') $(if $(REPLAY),--replay '$(REPLAY)')

test: lint .cache/dbt/ready
	$(BIN)/python -m pytest

# The adoption report of your own tables: make report POSTGRES_URL=postgresql://…
SCHEMA ?= github_copilot
OUT ?= output/copilot-adoption.html
report: $(VENV)/ready
	@mkdir -p $(dir $(OUT))
	@$(BIN)/python -m report --postgres-url '$(POSTGRES_URL)' --schema '$(SCHEMA)' --out '$(OUT)'

# Runs seeded schedules of faults and kills; SEEDS says how many.
SEEDS ?= 300
soak: $(VENV)/ready
	$(BIN)/python -m tests.soak --seeds $(SEEDS)

# Loaders and the warehouses that they need, each in an environment of its own.
test-loaders: $(VENV)/ready
	$(BIN)/python -m pytest tests/loaders

# Pins what the loaders' environments hold, after a change of tests/loaders/locks/*.in.
lock-loaders: $(patsubst %.in,%.txt,$(wildcard tests/loaders/locks/*.in))

tests/loaders/locks/%.txt: tests/loaders/locks/%.in $(VENV)/ready
	$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-annotate --custom-compile-command 'make lock-loaders' --output-file $@ $<

# Both engines for real, each in an environment of its own.
test-orchestrate: $(VENV)/ready .cache/airflow/ready .cache/dagster/ready
	$(BIN)/python -m pytest tests/engines

.cache/%/ready: $(VENV)/ready
	@echo "Setting up .cache/$* (once) …"
	@UV_PROJECT_ENVIRONMENT=.cache/$* $(BIN)/uv sync --quiet --frozen --only-group $* --python $(BIN)/python
	@touch $@

lint: $(VENV)/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

$(VENV)/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("This needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv sync --quiet --frozen --inexact
	@touch $@

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks

docs: $(VENV)/ready
	$(BIN)/python -m tools

# From a tested checkout to PyPI: make release VERSION=0.2.0 (needs UV_PUBLISH_TOKEN).
release: $(VENV)/ready
	$(BIN)/python -m release '$(VERSION)' $(RELEASE_OPTIONS)

clean:
	rm -rf $(VENV) .meltano .cache dist
