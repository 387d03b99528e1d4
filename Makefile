# The commands of this project. `make help` lists them.

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# what pyscard, the desk's way to PC/SC readers, is compiled with
DESK_DEBIAN := gcc libc6-dev libpcsclite-dev python3-dev swig
# what the tests need of Debian; the simulator needs nothing, the server a font for its documents
SERVER_DEBIAN := fonts-wqy-microhei
DEBIAN := libnfc-bin tshark chromium-headless-shell unifont pcscd vsmartcard-vpcd poppler-utils \
    postgresql $(SERVER_DEBIAN) $(DESK_DEBIAN)
# what the base firmware of boards is built with
BASE_DEBIAN := dpkg-dev cmake make patch gcc g++ libc6-dev pkg-config gcc-arm-none-eabi \
    libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib
# PostgreSQL's packages start a server unless this file says no: the tests start their own
CLUSTERS := /etc/postgresql-common/createcluster.conf
# one worker more than there are cores: some tests wait for a line, a time-out or a browser
WORKERS := $(shell expr $$(nproc) + 1)
STAMP := $(VENV)/.made-from
DESK := $(VENV)/.desk-made-from
STUBS := $(VENV)/micropython-typings
INPUTS := pyproject.toml Makefile hil_tests/requirements.txt

QRCODE := qrcode-generator@2.0.4
HTMX := htmx.org@2.0.11
VENDOR := sync_server/web/static/vendor

.PHONY: help setup run test coverage lint docs bench vendor clean image-base hil font

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) debian $(DESK) ## everything the project needs, in .venv and from Debian

$(STAMP): $(INPUTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	    --requirement hil_tests/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade \
	    --target $(STUBS) micropython-unix-stubs==1.29.0.post1 micropython-stdlib-stubs==1.29.0.post2
	@touch $@

$(DESK): $(STAMP) | debian
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[desk]'
	@touch $@

.PHONY: debian
debian: # Debian packages: as root, through sudo, or tell how
	@missing=$$(for p in $(DEBIAN); do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$p; \
	done); \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then as=; \
	    elif sudo -n true 2>/dev/null; then as=sudo; \
	    else echo "please run: sudo apt-get install -y $$missing" >&2; exit 1; fi; \
	    $$as apt-get update -qq; \
	    case "$$missing" in *postgresql*) \
	        $$as apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null && \
	        $$as sed -ri 's/^#? ?(create_main_cluster) .*/\1 = false/' $(CLUSTERS);; \
	    esac; \
	    $$as apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

run: $(STAMP) ## server, simulated terminals with the real firmware, console (ARGS=--once: a short noon hour)
	$(BIN)/campus run $(ARGS)

test: setup ## every check and test
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target image-base lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

image-base: $(STAMP) ## MicroPython for boards, from Debian's sources; kept in the user's cache
	@$(BIN)/python -m image.base --built || { \
	    $(MAKE) --no-print-directory debian DEBIAN="$(BASE_DEBIAN)" && $(BIN)/python -m image.base; }

.PHONY: image
image: $(STAMP) ## signed images of the firmware, one a kind, into build/images (ARGS=--key=FILE ...)
	@$(BIN)/python -m image.build $(ARGS)

# A real board or reader is one: its tests take turns. Of emulated ones each file has its own, and
# the longest file is begun first.
HIL_AT_ONCE := $(if $(ARGS),,-n 2 --dist loadfile --no-loadscope-reorder)

hil: setup image-base ## the checks on the emulated board, or on real ones (ARGS=--target=DEVICE)
	$(BIN)/python -m pytest hil_tests --all -rP $(HIL_AT_ONCE) $(ARGS)

CORES := shared protocol card_layout firmware sync_server power

coverage: setup image-base ## which branches of the four cores their tests reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal $(addprefix tests/,$(CORES))
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: setup ## format, style, types (on a terminal those of MicroPython), stale pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file firmware/mypy.ini
	$(BIN)/python -m docs.diagrams check

docs: setup ## draw the tables and diagrams in docs/ from the code
	$(BIN)/python -m docs.diagrams write

bench: setup ## the numbers of design.md, each beside its peer (ARGS=names)
	$(BIN)/campus bench $(ARGS)

vendor: ## fetch anew the JavaScript libraries that the pages bring along (npm)
	@folder=$$(mktemp -d) && cd $$folder && npm pack --silent $(QRCODE) $(HTMX) >/dev/null && \
	    tar xzf qrcode-*.tgz && cp package/dist/qrcode.js $(CURDIR)/$(VENDOR)/qrcode.js && \
	    tar xzf htmx*.tgz && cp package/dist/htmx.min.js $(CURDIR)/$(VENDOR)/htmx.min.js && rm -r $$folder

font: $(STAMP) ## cut the characters of the screens out of Debian's Unifont anew
	@$(MAKE) --no-print-directory debian DEBIAN=unifont && $(BIN)/python -m image.font

.PHONY: names
names: $(STAMP) ## list the firmware's names anew, for the flash of the base firmware
	@$(BIN)/python -m image.names

clean: ## remove what setup and runs made
	rm -rf $(VENV) campus-data .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
