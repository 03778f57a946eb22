# Every target makes its own environment; nothing but pip, make and a package index is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
SUBJECTS := 72
PIP := "$(CURDIR)/$(BIN)/pip" --disable-pip-version-check

.PHONY: env test mutants lint types layers docs demo dist clean

env: $(VENV)/.ready

# The pip that Python 3.11 brings takes twice as long as a new one. Compiled by all cores: pip would take one. Some
# packages hold files of other versions of Python, which cannot be; of others hardly a file is used, which Python
# compiles when it is.
UNCOMPILED := site-packages/(.*/tests?/|(sympy|ray|moto|networkx|pip|playwright|rdflib|fontTools|pygments)/|torch/(testing|_inductor|onnx|distributed|_dynamo)/)
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "specaug needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade 'pip>=25'
	$(PIP) install --quiet --no-compile --constraint constraints.txt --editable '.[torch,test,albumentations,report,docs,dask,ray,s3]'
	$(BIN)/python -m compileall -qq -j 0 -x '$(UNCOMPILED)' "$(CURDIR)/$(VENV)/lib" || true
	touch $@

# Otherwise each of the many processes of a test would compile the library again.
unexport PYTHONDONTWRITEBYTECODE

test: env
	$(BIN)/python -m pytest -n 3 --dist worksteal

# Faults planted in decisions, one at a time: the tests must notice each. Takes ten minutes and more.
mutants: env
	$(BIN)/python benchmarks/mutants.py

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env
	$(BIN)/mypy

layers: env
	$(BIN)/lint-imports

# The documentation as a site, in docs/_build/html; a warning is an error.
docs: env
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

# A simulated raw set, built into shards, and two models of it judged on test subjects and devices that neither has seen.
# Of 72 subjects 18 are in test, which an interval needs; videos are short to keep the cost down.
demo: env
	rm -rf $(DEMO)
	mkdir $(DEMO)
	$(BIN)/specaug demo $(DEMO)/raw --subjects $(SUBJECTS) --frames 16
	$(BIN)/specaug build-dataset $(DEMO)/raw $(DEMO)/out
	$(BIN)/specaug verify $(DEMO)/out
	$(BIN)/specaug train $(DEMO)/out -o $(DEMO)/baseline --model radial
	$(BIN)/specaug train $(DEMO)/out -o $(DEMO)/network --scale smoke --epochs 2
	$(BIN)/specaug report $(DEMO)/out -o $(DEMO)/report.html
	@echo
	@echo "Raw videos:        $(DEMO)/raw (see its README.md: a simulation)"
	@echo "Training shards:   $(DEMO)/out/data/captured/*.parquet"
	@echo "What is in them:   $(DEMO)/out/README.md"
	@echo "Look at them:      $(DEMO)/report.html"
	@echo "Load them:         $(BIN)/python -c \"from datasets import load_dataset; print(load_dataset('$(DEMO)/out'))\""
	@echo
	$(BIN)/specaug evaluate $(DEMO)/baseline $(DEMO)/network $(DEMO)/out
	@echo
	@echo "baseline: a linear rule on spectra, the floor that a network has to beat (docs/training.md)."
	@echo "network:  two epochs of the smoke scale, which show that training works and are no result."
	@echo "Thresholds come from dev; test subjects and test devices are in neither train nor dev."

# Source archive and wheel, checked as an index would. Not part of continuous integration.
dist:
	$(PYTHON) -m venv dist/tools
	dist/tools/bin/pip install --quiet build twine check-wheel-contents
	rm -f dist/specaug-*
	dist/tools/bin/python -m build --outdir dist .
	dist/tools/bin/twine check --strict dist/specaug-*
	dist/tools/bin/check-wheel-contents dist/*.whl

clean:
	rm -rf $(VENV) $(DEMO) dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
