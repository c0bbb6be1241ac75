# `make demo` and `make test` do all the set-up themselves, in a .venv of their own.

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo test test-slow lint types bench clean

demo: .venv/installed
	$(BIN)/sos-online demo demo

test: .venv/installed-dev
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist worksteal

test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

bench: .venv/installed
	$(BIN)/sos-online bench

clean:
	rm -rf .venv build dist *.egg-info demo .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python setup.cfg pyproject.toml
	@echo "installing (PyTorch is large: a few minutes) …"
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-dev: .venv/bin/python setup.cfg pyproject.toml
	@echo "installing (PyTorch is large: a few minutes) …"
	$(BIN)/python -m pip install --quiet --editable ".[test,lint]"
	@# reads back what is exported for it; wants OpenCV with windows, which would lie over ours, and does without
	$(BIN)/python -m pip install --quiet --no-deps "ultralytics>=8.3" "ultralytics-thop>=2.0"
	touch $@ .venv/installed
