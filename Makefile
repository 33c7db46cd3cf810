# Needs Python 3.11 to 3.13 and make, nothing else; everything set up lies in .venv and .lint, Kafka in the user's cache.

BIN := .venv/bin
UV := .venv/uv/bin/uv
# empty is off: hundreds of processes are started, and each would compile every module it reads
export PYTHONDONTWRITEBYTECODE :=
SYNC := $(UV) pip sync --require-hashes --python $(BIN)/python
INSTALL := $(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .

# a shell function: the first Python of a version that all locked wheels exist for
FIND_PYTHON = for python in python3 python3.13 python3.12 python3.11; do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && break; \
	  python=; \
	done; \
	test -n "$$python" || { echo "ScanStream needs Python 3.11, 3.12 or 3.13: install one and try again." >&2; exit 1; }
NO_VENV = { echo "$$python cannot make a virtual environment: install its venv package (Debian: python3-venv)." >&2; exit 1; }

.PHONY: help install demo serve test quick quick-tests lint types bench gpu faults pictures pin-images lock

help:
	@echo "make demo     a simulated cohort through the whole service, dashboard included, until Ctrl-C"
	@echo "make serve    the service (scanstream up)"
	@echo "make install  only the set-up: .venv from the lock, Kafka into the cache"
	@echo "make test     the whole test suite"
	@echo "make quick    style, borders, types and the tests that need no service, within a minute"
	@echo "make lint     style, types, library borders, compose file and Dockerfile"
	@echo "make bench    side-by-side measurements, then the pages in Chromium, half an hour in all"
	@echo "make gpu      tests and measurements that need a GPU; without one it says so"
	@echo "make faults   the long fault runs, hours in all; in parts: make faults PART=killed_workers SEED=1 TIMES=20"
	@echo "make pictures the pictures in docs/, of a demo that runs: make pictures ADDRESS=http://127.0.0.1:8501"
	@echo "make pin-images  the images of docker-compose.yml and the Dockerfile by their digests; needs docker and a network"
	@echo "make lock     requirements/*.txt anew from pyproject.toml and requirements/*.in"

install: .venv/kafka.stamp

demo: .venv/kafka.stamp
	@$(BIN)/scanstream demo

serve: .venv/kafka.stamp
	@$(BIN)/scanstream up

test: .venv/test.stamp .venv/kafka.stamp
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 30

# types and tests side by side, each telling what it has to say in one piece
quick: .lint/types.stamp .venv/test.stamp
	.lint/bin/ruff check .
	.lint/bin/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types quick-tests

types: .lint/types.stamp
	.lint/bin/mypy

quick-tests: .venv/test.stamp
	$(BIN)/python -m pytest --quick

lint: .lint/types.stamp .venv/test.stamp
	.lint/bin/ruff check .
	.lint/bin/ruff format --check .
	.lint/bin/mypy
	$(BIN)/python -m pytest tests/test_borders.py
	$(if $(wildcard docker-compose.yml),.lint/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml)
	$(if $(wildcard Dockerfile),.lint/bin/hadolint Dockerfile)

bench: .venv/test.stamp .venv/kafka.stamp
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.viewers

gpu: .venv/test.stamp
	$(BIN)/python -m pytest tests/gpu
	$(BIN)/python -m benchmarks.gpu

faults: .venv/test.stamp .venv/kafka.stamp
	$(BIN)/python -m pytest tests/faults $(if $(PART),-k "$(PART)") $(if $(SEED),--seed $(SEED)) $(if $(TIMES),--times $(TIMES))

ADDRESS := http://127.0.0.1:8501
pictures: .venv/test.stamp
	$(BIN)/python -m tests.dashboard.pictures $(ADDRESS)

IMAGES = sed -nE 's/^ *(image:|FROM) ([a-z0-9.\/-]+:[A-Za-z0-9._-]+)( .*)?$$/\2/p' docker-compose.yml Dockerfile | sort -u
pin-images:
	@for image in $$($(IMAGES)); do \
	  digest=$$(docker buildx imagetools inspect "$$image" --format '{{.Manifest.Digest}}') || exit 1; \
	  echo "$$image@$$digest"; \
	  sed -i -E "s#^( *(image:|FROM) $$image)( |$$)#\1@$$digest\3#" docker-compose.yml Dockerfile; \
	done

COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: $(UV)
	$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml requirements/build.in -o requirements/run.txt
	$(COMPILE) --constraints requirements/run.txt --extra test pyproject.toml requirements/build.in -o requirements/test.txt
	$(COMPILE) requirements/lint.in -o requirements/lint.txt

# uv has an environment of its own: syncing .venv would remove it
$(UV): requirements/bootstrap.txt
	@$(FIND_PYTHON); \
	"$$python" -m venv --clear --without-pip .venv && "$$python" -m venv .venv/uv || $(NO_VENV)
	.venv/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/run.stamp: $(UV) requirements/run.txt pyproject.toml
	@rm -f .venv/test.stamp
	$(SYNC) requirements/run.txt
	$(INSTALL)
	@touch $@

# the tests' lock holds all of the service's
.venv/test.stamp: $(UV) requirements/test.txt requirements/run.txt pyproject.toml
	$(SYNC) requirements/test.txt
	$(INSTALL)
	@touch .venv/run.stamp $@

.venv/kafka.stamp: .venv/run.stamp stream/local/embedded/kafka.py stream/local/embedded/jars.sha256
	$(BIN)/python -m stream.local.embedded
	@touch $@

# what the checker learns of the libraries is kept: without it a check takes minutes
.lint/types.stamp: .lint/stamp .venv/test.stamp
	@.lint/bin/mypy >/dev/null || true
	@touch $@

.lint/stamp: $(UV) requirements/lint.txt
	$(UV) venv --quiet --clear --python $(BIN)/python .lint
	$(UV) pip sync --quiet --require-hashes --python .lint/bin/python requirements/lint.txt
	@touch $@
