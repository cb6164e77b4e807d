# Needs git, make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-spark soak bench bench-large clean

demo: $(VENV)/ready ## the main job: both registers in, the published tables out
	$(BIN)/forlop demo

test: $(VENV)/ready-to-test ## every check that a change must pass
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n logical --maxprocesses 8 --dist worksteal

test-spark: $(VENV)/spark-ready ## the distributed route, in a real session; wants Java 17 or newer
	$(BIN)/pytest tests/spark

soak: $(VENV)/ready-to-test ## jobs killed at random on both databases, for MINUTES (10)
	$(BIN)/python -m tests.guard.soak --minutes $(or $(MINUTES),10)

bench: $(VENV)/bench-ready ## the claims of speed, on about a million events: some minutes
	$(BIN)/python -m benchmarks

bench-large: $(VENV)/bench-ready ## the same on ten million: an hour, 20 GB of disk
	$(BIN)/python -m benchmarks --events 10000000 --append 500000 --stored 5000000

$(VENV)/spark-ready: $(VENV)/ready-to-test
	$(INSTALL) -e '.[spark]'
	touch $@

$(VENV)/bench-ready: $(VENV)/ready-to-test # what Forløp is measured beside; nothing else needs it
	$(INSTALL) -e '.[bench]'
	touch $@
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Forløp needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps -e .
	touch $@

$(VENV)/ready-to-test: $(VENV)/ready requirements-dev.lock
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
