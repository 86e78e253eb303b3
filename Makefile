# Everything starts from a machine with Python >= 3.11 and make. The targets only make the environment and then call
# plain pytest, ruff, pyright or python, which all work without make:  . .venv/bin/activate && pytest tests/core
#
#   make reproduce [PRESET=smoke|quick|paper]   figures, claims, report     make test    the tests, without the slow ones
#        [ONLY=timcheck_2022|fitting|...]       of the main job, or another
#   make env                                    the whole environment       make slow    the slow ones
#   make lock                                   pin the newest versions     make check   ruff, pyright, import directions
#                                                                           make bench   the benchmarks
#        [WORK="sweep sparse"] [TURNS=5] [CHECK=1: compare ratios with the committed ones]
PYTHON  ?= python3
PRESET  ?= quick
ONLY    ?= timcheck_2022
WORKERS ?= 2
TURNS   ?= 5

VENV := .venv
BIN  := $(VENV)/bin
CORE := $(VENV)/made-from-core
DEV  := $(VENV)/made-from-dev

.PHONY: env reproduce test slow check bench lock

env: $(DEV)

reproduce: $(CORE)
	$(BIN)/python paper_figures/reproduce.py --preset $(PRESET) --only $(ONLY)

# One BLAS thread for each worker: the cores are taken. Stealing keeps a file's tests together, and so its compilations.
test slow: export OMP_NUM_THREADS = 1
test slow: export OPENBLAS_NUM_THREADS = 1
test: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

slow: $(DEV)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

check: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/architecture

bench: $(DEV)
	$(BIN)/python -m benchmarks $(WORK) --turns $(TURNS) $(if $(CHECK),--check)

# The environment ------------------------------------------------------------------------------------------------------
# A stamp is newer than the files it was made from, or the environment is stale. What runs needs the core group only;
# the dev group includes it. uv takes a fraction of pip's time; where it fails (a mirror that only pip's configuration
# knows, say), pip does the same work.

INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(BIN)/python -m pip install --quiet $(1)
PROJECT = --no-deps --no-build-isolation --editable .

$(VENV)/made: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "jaxsnn needs Python 3.11 or newer, and '$(PYTHON)' is older or missing; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@touch $@

$(CORE): $(VENV)/made requirements/core.txt pyproject.toml
	@echo "installing what jaxsnn runs on (once, less than a minute)"
	@$(call INSTALL,--require-hashes -r requirements/core.txt)
	@$(call INSTALL,$(PROJECT))
	@touch $@

$(DEV): $(VENV)/made requirements/dev.txt pyproject.toml
	@echo "installing what jaxsnn is developed with (once, less than a minute)"
	@$(call INSTALL,--require-hashes -r requirements/dev.txt)
	@$(call INSTALL,$(PROJECT))
	@touch $(CORE) $@

# fewest: one version of a package for every Python, so that what is tested is what is installed.
lock: export UV_CUSTOM_COMPILE_COMMAND = make lock
lock: LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url \
             --python-version 3.11 --fork-strategy fewest
lock: $(VENV)/made
	$(LOCK) pyproject.toml --extra data --output-file requirements/core.txt
	$(LOCK) pyproject.toml --extra dev --constraints requirements/core.txt --output-file requirements/dev.txt
	$(LOCK) --group build --output-file requirements/build.txt
