# `make help` says what there is. PYTHON names the interpreter (3.11 or later).
PYTHON ?= python3
export PYTHON
# Tests start many programs: compiled once, not at each start.
unexport PYTHONDONTWRITEBYTECODE
# More words for pytest, such as ARGS="tests/wire -k reply".
ARGS ?=
# How the tests are spread over processes, one more than the cores of the usual machine: they wait
# for servers a quarter of the time. JOBS= runs them in one.
JOBS ?= -n 3 --dist loadfile
ALONE := tests/hostile_runs

BIN := .venv/bin
CODE := bench scanner tests tools
PACKAGE := .venv/.package
DEV := .venv/.dev

.DEFAULT_GOAL := help
.PHONY: help demo test lint types imports check format bench bench-short bench-peers fuzz test-image docs pins clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(PACKAGE) ## scan the replica fleet on loopback; the report lands in reports/
	$(BIN)/scan demo --reports reports

test: $(DEV) ## run all tests, against real servers (root)
	@[ "$$(id -u)" != 0 ] || tools/apt.sh openssl gcc libc6-dev libssl-dev util-linux git gnupg zip chromium-headless-shell
	$(BIN)/python -m tests.servers.packages
	@# Tests that bound time have the machine to themselves.
	[ -n "$(ARGS)" ] || $(BIN)/python -m pytest $(ALONE)
	$(BIN)/python -m pytest $(JOBS) $(if $(ARGS),$(ARGS),--ignore=$(ALONE))

lint: $(DEV) ## rules and layout of the code (ruff)
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(DEV) ## types (mypy, strict)
	$(BIN)/mypy

imports: $(DEV) ## which module may import which (import-linter)
	$(BIN)/lint-imports

check: lint types imports ## lint, types and imports

format: $(DEV) ## put the code into its layout
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(DEV) ## measure the goals beside peers and the floor of the machine (root; an hour)
	@[ "$$(id -u)" != 0 ] || tools/apt.sh nmap curl gcc libc6-dev libssl-dev util-linux
	$(BIN)/python -m bench.startup
	$(BIN)/python -m bench.adhoc
	$(BIN)/python -m bench.goals --write
	$(BIN)/python -m bench.fleet_ssh

bench-short: $(DEV) ## a few rows of the goals on few hosts: a report, no measurement (root; a minute)
	@[ "$$(id -u)" != 0 ] || tools/apt.sh nmap curl gcc libc6-dev libssl-dev util-linux
	$(BIN)/python -m bench.goals --short

bench-peers: $(DEV) ## what nmap, sslyze and ssh-audit see of the test servers, beside us (root)
	@[ "$$(id -u)" != 0 ] || tools/apt.sh nmap openssl gcc libc6-dev util-linux
	$(BIN)/python -m bench.peers_ftp
	$(BIN)/python -m bench.peers_ssh

fuzz: $(DEV) ## feed every parser with new examples (minutes)
	$(BIN)/python -m pytest $(JOBS) --hypothesis-profile=fresh -m hypothesis $(ARGS)

test-image: $(DEV) ## build the container image and try it, without a container engine (root; minutes)
	$(BIN)/python -m pytest -m image tests/image $(ARGS)

docs: $(DEV) ## write the pages that are generated from the code
	$(BIN)/python -m tools.checks_page
	$(BIN)/python -m tools.postures_page
	$(BIN)/python -m tools.budget_page

pins: ## write constraints.txt anew
	tools/pin.sh

clean: ## remove what the other targets made, but no report
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

$(PACKAGE): pyproject.toml constraints.txt tools/venv.sh
	tools/venv.sh
	touch $@

$(DEV): pyproject.toml constraints.txt requirements-dev.txt requirements-alone.txt tools/venv.sh
	tools/venv.sh dev
	touch $(PACKAGE) $@
