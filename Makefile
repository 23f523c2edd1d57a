# GNU make. `make help` lists the commands; README.md explains them.
#
# Force, in three spellings: `make analyze FORCE=1`, `make analyze -- --force`, `make -B analyze`.
# (make refuses `make analyze --force`, before it reads this file: it takes --force for an option of its own.)

MAKEFLAGS += -rR --no-print-directory
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
PYTHON := $(VENV)/bin/python
# the one outside: .venv/bin may be on the PATH
SYSTEM_PYTHON := $(shell PATH=$$(printf %s "$$PATH" | sed 's|$(CURDIR)/.venv/bin:||g'); command -v python3.11 || command -v python3)

forced := $(filter-out 0 no,$(FORCE))$(filter --force,$(MAKECMDGOALS))$(findstring B,$(firstword -$(MAKEFLAGS)))
FLAGS := $(if $(forced),--force) $(if $(ENGINE),--engine $(ENGINE))

.PHONY: help setup reproduce experiment extract analyze status verify test spark lint bench lock ui dagster clean --force

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

# The lock names all that there is to install (a test holds it to that); pip, left to look for what packages ask for, takes
# newer ones and then refuses them, as they have no hash.
# Not a file target: `make -B analyze` must redraw figures, not install the environment again.
setup: ## make the environment in .venv from the lock (run by the others when needed)
	@if ! [ $(VENV)/installed -nt requirements.txt ]; then \
		$(SYSTEM_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Error: Python 3.11 or newer is needed")' && \
		echo "Setting up $(VENV) from requirements.txt; this takes a few minutes the first time." && \
		if command -v uv > /dev/null; then \
			uv venv --quiet --allow-existing --python $(SYSTEM_PYTHON) $(VENV) && \
			uv pip install --quiet --python $(PYTHON) --no-deps --require-hashes -r requirements.txt && \
			uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation -e . ; \
		else \
			$(SYSTEM_PYTHON) -m venv $(VENV) && \
			$(PYTHON) -m pip install --quiet --no-deps --require-hashes -r requirements.txt && \
			$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation -e . ; \
		fi && $(PYTHON) -m compileall -q assets flows queries && touch $(VENV)/installed ; \
	fi

reproduce: setup ## everything: MLflow runs -> DuckDB -> figures; builds only what changed
	@$(PYTHON) -m flows reproduce $(FLAGS)

experiment: setup ## Block 0: run the default study into data/mlflow.db
	@$(PYTHON) -m flows experiment $(FLAGS)

extract: setup ## Block 1: from the MLflow store to the DuckDB file
	@$(PYTHON) -m flows extract $(FLAGS)

analyze: setup ## Block 2: from the DuckDB file to the figures and the report
	@$(PYTHON) -m flows analyze $(FLAGS)

status: setup ## which assets are fresh, and why the others are not
	@$(PYTHON) -m assets status

verify: setup ## prove that tables and figures hold what their records say
	@$(PYTHON) -m assets verify

test: setup ## run the tests
	@$(PYTHON) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -q

spark: setup ## every query on a local Spark too (installs the extra `spark`; needs Java 17)
	@if command -v uv > /dev/null; then uv pip install --quiet --python $(PYTHON) --no-build-isolation -e '.[spark]'; \
		else $(PYTHON) -m pip install --quiet --no-build-isolation -e '.[spark]'; fi && \
	$(PYTHON) -m pytest -q -m spark tests/test_queries_spark.py

lint: setup ## ruff and mypy
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy

bench: setup ## time a no-op and a build, beside a peer in the same run
	@$(PYTHON) -m tests.bench

lock: setup ## pin the newest versions that pyproject.toml admits (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --upgrade --custom-compile-command "make lock" --quiet -o requirements.txt

ui: setup ## the Prefect dashboard with the runs so far, on http://127.0.0.1:4200
	@PREFECT_HOME=$${PREFECT_HOME:-$(CURDIR)/.assets/prefect} PREFECT_SERVER_API_PORT=4200 \
		DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false $(VENV)/bin/prefect server start

dagster: setup ## the same assets on Dagster's pages, on http://127.0.0.1:3000
	@$(PYTHON) -c 'import socket; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 3000))' \
		2> /dev/null || { echo "Error: port 3000 is in use: is make dagster running already? Its pages are on http://127.0.0.1:3000"; exit 1; }
	@home=$${DAGSTER_HOME:-$(CURDIR)/.assets/dagster}; mkdir -p "$$home" && \
		{ test -e "$$home/dagster.yaml" || printf 'telemetry:\n  enabled: false\nnux:\n  enabled: false\n' > "$$home/dagster.yaml"; } && \
		export DAGSTER_HOME="$$home" && echo "telling Dagster what is in place" && \
		{ $(VENV)/bin/dagster job execute -m assets.definitions -j report_status > "$$home/report_status.log" 2>&1 || \
			echo "that failed: $$home/report_status.log says why"; } && \
		$(VENV)/bin/dagster dev -m assets.definitions -h 127.0.0.1 -p 3000

clean: ## delete what can be made again from data/public: figures and caches
	@rm -rf .assets .pytest_cache .mypy_cache .ruff_cache .hypothesis figures/generated

--force:
	@:
