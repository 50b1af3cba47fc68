PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test fuzz docs golden clean

demo: .venv/demo                 ## set up, then the main demo on embedded data
	$(BIN)/python demos/quickstart.py

test: .venv/ready                ## set up, then every test on two cores; ruff, mypy and the docs among them
	$(BIN)/python -m pytest -n 2 --dist worksteal

fuzz: .venv/ready                ## set up, then 10,000 mutated platforms, activities, traces and command lines
	HECTOHERTZ_FUZZ=1 $(BIN)/python -m pytest -n 2 -m fuzz

docs: .venv/ready                ## set up, then build the documentation: build/docs/index.html
	$(BIN)/python -m sphinx -W --keep-going -q docs build/docs

golden: .venv/ready              ## rewrite the golden texts after a wanted change
	$(BIN)/python -m pytest --golden

.venv/demo: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/ready: .venv/demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,docs]"
	touch $@

clean:
	rm -rf .venv build *.egg-info out docs/reference docs/gallery
