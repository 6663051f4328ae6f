# `make book` and `make test` need nothing but Python >= 3.11, git and make; `make help` lists the rest.
PROFILE ?= quick
DEVICE  ?= cpu
JOBS    ?= 2
PORT    ?= 8000

BIN    := .venv/bin
BUILD  := book/_build
# Of this make alone: another one that runs beside it must not write its verdict.
STAGES := $(BUILD)/stages/$(shell echo $$PPID).txt
TEST   := $(BUILD)/test

# The notebooks' kernel must be the one of .venv, not one registered in the user's home.
export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help start setup book train chapters html student slides latex pdf paper site environment linkcheck \
        test test-unit test-slow test-oldest chromium lint types \
        figures graph verdicts bench serve clean distclean

ifeq ($(filter $(PROFILE),smoke quick full),)
  $(error PROFILE=$(PROFILE): choose smoke, quick or full)
endif
ifeq ($(filter $(DEVICE),cpu cuda auto),)
  $(error DEVICE=$(DEVICE): choose cpu, cuda or auto)
endif

# $(call stage,name,command[,go on]): run a command and note how long it took; on failure show the
# table and stop, unless told to go on.
define stage
@printf '\n== %s\n' '$(1)' >&2; t=$$(date +%s); rc=0; { $(2); } || rc=$$?; \
 if [ $$rc = 0 ]; then word=done; else word=FAILED; fi; \
 printf '%s|%s|%s\n' '$(1)' $$word $$(($$(date +%s) - t)) >> $(STAGES); \
 if [ $$rc != 0 ] && [ -z '$(3)' ]; then $(call summary,make); exit $$rc; fi
endef

# $(call summary,title): the table of stages, on stderr.
define summary
awk -F'|' 'BEGIN { printf "\n%s\n", "$(1)" } { printf "  %-22s %-11s %6d s\n", $$1, $$2, $$3; n += $$3 } \
 END { printf "  %-22s %-11s %6d s\n", "total", "", n }' $(STAGES) >&2
endef

help: ## this list
	@echo 'make TARGET [PROFILE=smoke|quick|full] [DEVICE=cpu|cuda|auto] [JOBS=2]'
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

start:
	@mkdir -p $(dir $(STAGES)) && : > $(STAGES)

setup: start .venv/.ready ## create .venv from requirements.lock and install hrgradlib into it
	@grep -q '^environment' $(STAGES) || echo 'environment|up to date|0' >> $(STAGES)

.venv/.ready: requirements.lock pyproject.toml
	$(call stage,environment,$(install))
	@touch $@

# $(find_python): the shell variable `python`, the one that was named or the first that is new enough.
define find_python
python=; for p in $(or $(PYTHON),python3.11 python3.12 python3.13 python3); do \
   if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$p; break; fi; done; \
 if [ -z "$$python" ]; then \
   echo 'error: $(if $(PYTHON),$(PYTHON) is no,found no) Python >= 3.11. Install one, or name it: \
make PYTHON=/path/to/python3.11' >&2; false; \
 else $$python -c 'import ensurepip' 2>/dev/null || .ci/apt-install \
     $$($$python -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); fi
endef

define install
$(find_python) && $$python -m venv .venv && \
 $(BIN)/python -m pip install --progress-bar off -r requirements.lock >&2 && \
 $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . >&2
endef

book: html ## environment, training, chapters executed, HTML: book/_build/html/index.html
	@$(call summary,make book: profile $(PROFILE) on $(DEVICE))
	@echo 'open $(BUILD)/html/index.html'

# $(find_conda): the shell variable `conda`, the first of its kinds that is there; none is one line.
define find_conda
conda=$$(command -v micromamba || command -v mamba || command -v conda) || { \
  echo 'error: no micromamba, mamba or conda; install one, or use `make setup`, which needs Python alone' >&2; false; }
endef

environment: ## the conda environment of environment.yml, in .conda, made and tried (`make setup` needs no conda)
	@$(find_conda) && $$conda env create --yes --prefix .conda --file environment.yml >&2 && \
	  $$conda run --prefix .conda python -c 'import hrgradlib, jupyter_book; print("environment: .conda")'

train: setup ## the training runs the chapters show, into runs/PROFILE (does nothing when they exist)
	$(call stage,training,$(BIN)/hrgrad reproduce --profile $(PROFILE) --device $(DEVICE) --jobs $(JOBS))

chapters: train ## execute the chapters whose source, library, profile or device changed
	$(call stage,chapters,$(BIN)/python book/make.py execute --profile $(PROFILE) --device $(DEVICE) \
	  --jobs $(JOBS) --work $(BUILD)/$(PROFILE))

html: chapters ## build the HTML of the executed chapters (any warning is an error)
	$(call stage,html,$(BIN)/python book/make.py html --work $(BUILD)/$(PROFILE) --out book)

student: chapters ## the book without its solutions, for a course: book/_build/student/_build/html
	$(call stage,student,$(BIN)/python book/make.py html --student --work $(BUILD)/$(PROFILE) --out $(BUILD)/student)

slides: html ## a lecture's slides from the built pages: book/_build/slides/index.html
	$(call stage,slides,$(BIN)/python book/slides.py --html $(BUILD)/html --out $(BUILD)/slides)

latex: setup  # before anything is trained for a PDF that cannot be made
	@$(BIN)/python book/pdf.py --check

pdf: latex chapters ## the whole book to print or hand out, by LaTeX: book/_build/pdf/hrgrad.pdf
	$(call stage,pdf,$(BIN)/python book/pdf.py --work $(BUILD)/$(PROFILE) --out $(BUILD)/pdf)

paper: setup ## a replication report of two pages from the stored results: book/_build/paper/report.pdf
	$(BIN)/python book/report.py --out $(BUILD)/paper

site: html ## what is published, in one folder: book/_build/site (pages, notebooks, networks)
	$(call stage,site,$(BIN)/python book/make.py site --profile $(PROFILE) --work $(BUILD)/$(PROFILE) --out book)

linkcheck: ## every link of the built book, those to other machines too
	$(BIN)/python book/links.py --external $(BUILD)/html

# The tests read a book of their own, in the smoke profile: seconds a chapter, nothing of yours touched.
# A chapter that fails must not keep the other tests from running.
test: export HRGRAD_HOME := $(CURDIR)/$(TEST)/home
test: export OMP_NUM_THREADS := 1  # the matrices are small: threads would only wait for each other
test: setup chromium ## unit, property, notebook (nbval) and page tests
	@mkdir -p $(TEST)/notebooks
	$(call stage,smoke training,$(BIN)/hrgrad reproduce --profile smoke --device cpu --jobs $(JOBS) \
	  --quiet,go on)
	$(call stage,smoke book,$(BIN)/python book/make.py execute --profile smoke --device cpu --jobs $(JOBS) \
	  --work $(TEST) && $(BIN)/python book/make.py html --work $(TEST) --out $(TEST),go on)
	$(call stage,pytest,$(both),go on)
	@$(call summary,make test)
	@test -s $(STAGES) && ! grep -q FAILED $(STAGES)

# Notebooks and pages beside the other tests: each side needs one core, and about as long.
define both
{ { $(BIN)/python -m pytest -p no:cacheprovider -q --nbval-lax --nbval-current-env $(TEST)/notebooks; \
    notebooks=$$?; $(BIN)/python -m pytest -p no:cacheprovider -m 'book and not slow' --durations=10 tests/book \
    && [ $$notebooks = 0 ]; } > $(TEST)/beside.log 2>&1 & }; beside=$$!; \
 $(BIN)/python -m pytest -m 'not slow and not book' --durations=10 tests; tests=$$?; \
 wait $$beside; others=$$?; cat $(TEST)/beside.log; [ $$tests = 0 ] && [ $$others = 0 ]
endef

test-unit: setup ## unit and property tests only
	$(BIN)/python -m pytest

test-slow: setup ## the tests marked slow
	$(BIN)/python -m pytest -m slow

# A bound in pyproject.toml is a measurement, not a wish: tested in an environment of its own.
test-oldest: export OMP_NUM_THREADS := 1
test-oldest: ## the unit tests with the oldest versions that pyproject.toml allows
	@mkdir -p $(BUILD)
	$(find_python) && $$python tools/lower_bounds.py test > $(BUILD)/oldest.txt && \
	  $$python -m venv --clear $(BUILD)/oldest
	$(BUILD)/oldest/bin/python -m pip install --progress-bar off -c $(BUILD)/oldest.txt '.[test]' >&2
	$(BUILD)/oldest/bin/python -m pytest

chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || .ci/apt-install chromium

lint: setup ## ruff and mypy: style, documentation, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

types: setup ## mypy alone
	$(BIN)/mypy

figures: setup ## draw the figures again, into figures/, from stored results: no page is executed
	@$(BIN)/python book/redraw.py --jobs $(JOBS)

graph: setup ## draw the import graph again: docs/import-graph.svg
	$(BIN)/python tools/graph.py docs/import-graph.svg

verdicts: setup ## write the table of verdicts into README.md, from book/results
	$(BIN)/python tools/verdicts.py README.md

bench: setup ## time and memory of a step, all methods side by side (minutes)
	@for name in step_time step_memory literature_step; do echo "== $$name" >&2; \
	  $(BIN)/python benchmarks/$$name.py || exit; done

serve: ## show the built book at http://localhost:PORT
	@test -f $(BUILD)/html/index.html || { echo 'error: no book yet; run `make book` first' >&2; exit 1; }
	python3 -m http.server --bind 127.0.0.1 --directory $(BUILD)/html $(PORT)

clean: ## remove built pages, figures and caches; keep .venv and trained runs
	rm -rf $(BUILD) build dist .pytest_cache .ruff_cache .hypothesis
	find figures -type f ! -name README.md -delete
	find . -path ./.venv -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove .venv and trained runs too
	rm -rf .venv runs
