# Everything on a fresh machine: `make demo` and `make test`. Each target sets up what it needs.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := infra/requirements
FOR ?= 0

.PHONY: setup fmt check test test-unit test-cluster test-kafka test-browser test-chaos browser bench demo lock clean

setup: $(VENV)/.ready .build/jars/.ready .build/tracker/.ready .build/microadjust.zip

$(VENV)/.ready: $(REQUIREMENTS)/build.txt $(REQUIREMENTS)/local.txt pyproject.toml
	@echo "setting up Python (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(REQUIREMENTS)/build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r $(REQUIREMENTS)/local.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.build/jars/.ready: $(VENV)/.ready infra/jars/pom.xml infra/jars/jars.sha256 udfs/format/pom.xml $(shell find udfs/format/src/main -type f)
	@echo "fetching jars and compiling the event format (once)"
	@infra/jars/build.sh .build/jars
	@touch $@

.build/microadjust.zip: $(VENV)/.ready $(shell find jobs udfs models schemas -name '*.py')
	@echo "compiling what looks at every row (half a minute after a change)"
	@$(BIN)/microadjust package $@ > /dev/null

.build/tracker/.ready: infra/tracker/build.sh infra/tracker/package-lock.json infra/tracker/tsconfig.json $(wildcard infra/tracker/src/*.js)
	@echo "building the tracker"
	@infra/tracker/build.sh .build/tracker
	@touch $@

fmt: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m schemas.export --check

test: check browser
	@$(BIN)/pytest -m "not chaos"

test-unit: setup
	@$(BIN)/pytest tests/unit tests/operators

test-cluster: setup
	@$(BIN)/pytest -m cluster

test-kafka: setup
	@$(BIN)/pytest -m kafka

# Debian's own Chromium; no test tool fetches another.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { echo "installing Chromium (once)"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; } || \
	  { echo "Chromium is missing and could not be installed: apt install chromium chromium-driver"; exit 1; }

test-browser: setup browser
	@$(BIN)/pytest -m "not chaos and not kafka" tests/browser

test-chaos: setup browser
	@$(BIN)/pytest -m chaos -s

# FOR=60 ends after a minute of replay; KEEP=1 leaves the stack running.
demo: setup
	@$(BIN)/microadjust demo --for $(FOR) $(if $(KEEP),--keep)

bench: setup
	@infra/bench/run.sh

lock: setup
	@PATH="$(BIN):$$PATH" infra/requirements/lock.sh

clean:
	@$(BIN)/microadjust down 2>/dev/null || true
	@rm -rf .build .microadjust .venv .venv-bench
