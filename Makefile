# Commands, from nothing but python3 (3.11 or newer), make and the package registries:
#   make demo [ARGS=--no-browser]   a sandbox and JupyterLab on the quickstart notebook
#   make test                       every check that CI runs
#   make test-kernels               what runs in kernels, with ipykernel 6.29 and 7, each in an environment of its own
#   make test-ray                   what runs on a Ray cluster, on loopback, in an environment of its own
#   make test-floors                the main job with every requirement at its lowest version
#   make audit                      known holes of what is installed, where an advisory database can be reached
#   make docs                       the documentation site, in docs/_build/html
#   make bench [CHECK=1]            every promise of speed beside its floor; writes docs/benchmarks.md
#   make bench-peers                the clients of others beside ours alone, installed in an environment of their own
# And for nights, make soak [SEEDS=1000] [SEED=0]: mixtures of faults around sweeps whose kernels are killed.
# Everything lands in .venv and js/node_modules; what is up to date is left alone.

BIN := .venv/bin
ARGS ?=
CHECK ?=
# Processes of pytest: three drive browsers, the others mostly wait for timers, servers and kernels.
WORKERS := 6
# What runs in a kernel without a browser.
KERNELS := 6.29 7
KERNEL_TESTS := tests/kernels tests/display/test_notebook_line.py tests/sweeps/test_live_display.py \
	tests/widget/test_host.py tests/client/test_completion.py tests/hosts/test_saved.py tests/test_notebooks.py
# The main job: calls, sockets, files, tables, the panel's state; the rest of the tests needs newer tools as well.
FLOOR_TESTS := tests/protocol tests/media tests/transport tests/money tests/test_import.py tests/test_documents.py \
	tests/journal tests/widget/test_form.py
FLOOR_TOOLS := hypothesis ipykernel numpy openpyxl playwright pytest pytest-rerunfailures pytest-xdist requests trustme
SEEDS ?= 1000
SEED ?= 0

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Every kernel, command and worker of the tests would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: audit bench bench-peers demo docs test test-floors test-kernels test-ray soak lint front-end chromium clean
.NOTPARALLEL:

demo: .venv/demo.stamp front-end
	@$(BIN)/wiro-widgets demo $(ARGS)

# A machine that stands still for a second fails one of thousands of tests; the summary names what was run again.
test: lint chromium docs
	@echo "==> vitest"
	@$(BIN)/python tools/front_end.py run test
	@echo "==> pytest"
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --reruns=1

# Warnings are errors. Notebooks run against a sandbox, again only if they or their environment changed.
docs: .venv/dev.stamp front-end
	@echo "==> sphinx"
	@$(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build/html

test-kernels: $(KERNELS:%=.venv/kernel-%.stamp)
	@for version in $(KERNELS); do \
		echo "==> pytest with ipykernel $$version"; \
		.venv/kernel-$$version/bin/python -m pytest --numprocesses=$(WORKERS) $(KERNEL_TESTS) || exit 1; \
	done

test-floors: .venv/floors.stamp
	@echo "==> pytest with every requirement at its floor"
	@.venv/floors/bin/python -m pytest --numprocesses=$(WORKERS) $(FLOOR_TESTS)

# In an environment of its own: what pip-audit needs is no requirement of ours.
audit: .venv/dev.stamp .venv/audit.stamp
	@echo "==> pip-audit"
	@$(BIN)/python tools/audit.py .venv/audit/bin/pip-audit \
		"$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

# One worker: a cluster is started once, with 80 MiB for its objects.
test-ray: .venv/ray.stamp
	@echo "==> pytest with ray"
	@WIRO_TEST_RAY=1 .venv/ray/bin/python -m pytest -p no:xdist tests/clusters

# Each seed has its own time limits, and talks to servers on loopback alone.
soak: .venv/dev.stamp front-end
	@SIEGE_SEEDS=$(SEEDS) SIEGE_FIRST=$(SEED) $(BIN)/python -m pytest --numprocesses=$(WORKERS) \
		tests/attacks/test_any_faults.py
	@TEAM_CLIENTS=40 $(BIN)/python -m pytest tests/journal/postgres/test_team_sweep.py

lint: .venv/dev.stamp front-end
	@echo "==> ruff check"
	@$(BIN)/ruff check
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --check
	@echo "==> mypy --strict"
	@$(BIN)/mypy --strict
	@echo "==> tsc"
	@$(BIN)/python tools/front_end.py run check
	@echo "==> biome"
	@$(BIN)/python tools/front_end.py run lint

# Before the installs: a bundle that is up to date spares pip the search for a Node to build it with.
front-end: | .venv/bin/python .venv/bin/pip
	@$(BIN)/python tools/front_end.py build

chromium: .venv/dev.stamp
	@sh tools/find_chromium.sh

.venv/bin/python .venv/bin/pip: # pip comes last: an environment without it was never finished
	@PYTHON="$(PYTHON)" sh tools/make_venv.sh

.venv/demo.stamp: pyproject.toml | front-end
	@echo "==> Installing wiro-widgets with JupyterLab into .venv"
	@$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

.venv/dev.stamp: pyproject.toml | front-end
	@echo "==> Installing wiro-widgets and what its tests need into .venv"
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/demo.stamp

.venv/kernel-%.stamp: pyproject.toml | front-end
	@echo "==> Installing wiro-widgets with ipykernel $* into .venv/kernel-$*"
	@$(BIN)/python -m venv .venv/kernel-$*
	@.venv/kernel-$*/bin/python -m pip install --quiet --editable '.[dev]' 'ipykernel==$*.*'
	@touch $@

# The package and the tests' own tools alone: no host, whose needs would raise the versions.
.venv/floors.stamp: pyproject.toml tools/floors.py | front-end
	@echo "==> Installing wiro-widgets with the lowest versions that it allows into .venv/floors"
	@$(BIN)/python -m venv .venv/floors
	@$(BIN)/python tools/floors.py > .venv/floors.txt
	@.venv/floors/bin/python -m pip install --quiet --constraint .venv/floors.txt --editable '.[pandas,polars,postgres,sandbox]' \
		$(FLOOR_TOOLS)
	@touch $@

.venv/audit.stamp: | .venv/bin/python
	@$(BIN)/python -m venv .venv/audit
	@.venv/audit/bin/python -m pip install --quiet pip-audit
	@touch $@

.venv/ray.stamp: pyproject.toml | front-end
	@echo "==> Installing wiro-widgets with ray into .venv/ray"
	@$(BIN)/python -m venv .venv/ray
	@.venv/ray/bin/python -m pip install --quiet --editable '.[dev,ray]'
	@touch $@

# What others need is no requirement of ours.
.venv/peers.stamp: benchmarks/peers/requirements.txt | .venv/bin/python
	@echo "==> Installing the clients of others into .venv/peers"
	@$(BIN)/python -m venv .venv/peers
	@.venv/peers/bin/python -m pip install --quiet --requirement benchmarks/peers/requirements.txt
	@touch $@

bench-peers: .venv/dev.stamp .venv/peers.stamp
	@$(BIN)/python -m benchmarks clients

bench: front-end chromium .venv/peers.stamp
	@$(BIN)/python -m benchmarks $(if $(CHECK),--check)

clean:
	@rm -rf .venv js/node_modules wiro_widgets/static dist build
