# Needs git, make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test bench bench-large clean

demo: $(VENV)/ready ## the main job: both registers in, the published tables out
	$(BIN)/forlop demo

test: $(VENV)/ready ## every check that a change must pass
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

bench: $(VENV)/bench-ready ## the claims of speed, on about a million events: some minutes
	$(BIN)/python -m benchmarks

bench-large: $(VENV)/bench-ready ## the same on ten million: an hour, 20 GB of disk
	$(BIN)/python -m benchmarks --events 10000000 --append 100000 --stored 5000000

$(VENV)/bench-ready: $(VENV)/ready # what Forløp is measured beside; nothing else needs it
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[bench]'
	touch $@

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Forløp needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
