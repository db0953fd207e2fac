# Everything on a fresh machine: `make demo` and `make test`. Each target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := infra/requirements
NGINX := .build/nginx
FOR ?= 0

.PHONY: help setup fmt check test test-unit test-cluster test-kafka test-browser test-chaos browser nginx bench demo wheel lock clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | expand -t 14

setup: $(VENV)/.ready .build/jars/.ready .build/tracker/.ready .build/microadjust.zip ## install Python packages, jars and tracker, pack the jobs

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

.build/tracker/.ready: infra/tracker/build.sh infra/tracker/compress.mjs infra/tracker/mangle.json infra/tracker/package-lock.json infra/tracker/tsconfig.json $(wildcard infra/tracker/src/*.js)
	@echo "building the tracker"
	@infra/tracker/build.sh .build/tracker
	@touch $@

fmt: setup ## format, and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: setup ## format, lint, types, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m schemas.export --check
	@$(BIN)/python -m infra.docs.generate --check

ifdef T
test: $(VENV)/.ready .build/jars/.ready .build/tracker/.ready ## all tests but chaos; T=tests/unit/models runs one path, unchecked
	@$(BIN)/pytest $(T)
else
# Three processes on two cores, since those of Kafka and of the browser wait much of their time (`tests/support/room_scheduling.py`).
test: check browser nginx
	@$(BIN)/pytest -m "not chaos" -n 3
endif

test-unit: setup ## tests that start no process: unit, operators, doctests
	@$(BIN)/pytest -m "not cluster and not kafka and not chaos" tests/unit tests/operators schemas models udfs jobs infra

test-cluster: setup ## the graph on a mini-cluster in one process
	@$(BIN)/pytest -m cluster

test-kafka: setup browser nginx ## tests on a real Kafka and a real Flink cluster
	@$(BIN)/pytest -m kafka

# Debian's own Chromium; no test tool fetches another.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { echo "installing Chromium (once)"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; } || \
	  { echo "Chromium is missing and could not be installed: apt install chromium chromium-driver"; exit 1; }

# Debian's own as well, unpacked and not installed: an installed nginx would be started as a service.
nginx:
	@command -v nginx >/dev/null || test -x /usr/sbin/nginx || test -x $(NGINX)/usr/sbin/nginx || { echo "fetching nginx (once)"; \
	  apt-get update -qq && mkdir -p $(NGINX) && (cd $(NGINX) && apt-get download -qq -o APT::Sandbox::User=root nginx && dpkg -x nginx_*.deb .); } || \
	  echo "nginx is missing and could not be fetched; the tests behind it are skipped: apt install nginx"

test-browser: setup browser ## the tracker in Chromium
	@$(BIN)/pytest -m "not chaos and not kafka" tests/browser

test-chaos: setup browser ## kills processes, for minutes
	@$(BIN)/pytest -m chaos -s

# FOR=60 ends after a minute of replay; KEEP=1 leaves the stack running, until `microadjust down`.
demo: setup ## a page that changes, then half an hour of readers; FOR=60, KEEP=1
	@$(BIN)/microadjust demo --for $(FOR) $(if $(KEEP),--keep)

bench: setup ## all benchmarks, about an hour and a half
	@infra/bench/run.sh

# The tracker is built first: the wheel carries it.
wheel: setup ## build the wheel into .build/dist
	@$(BIN)/python -m pip wheel . --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir .build/dist
	@rm -rf microadjust.egg-info
	@ls .build/dist/*.whl

lock: setup ## write the hashed requirements from pyproject.toml
	@PATH="$(BIN):$$PATH" infra/requirements/lock.sh

clean: ## remove all that was built, and stop the local stack
	@$(BIN)/microadjust down 2>/dev/null || true
	@rm -rf .build .microadjust .venv .venv-bench
