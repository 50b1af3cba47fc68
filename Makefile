PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test fuzz floors newest docs golden clean

demo: .venv/demo                 ## set up, then the main demo on embedded data
	$(BIN)/python demos/quickstart.py

test: .venv/ready                ## set up, then every test on two cores; ruff, mypy and the docs among them
	$(BIN)/python -m pytest -n 2 --dist worksteal

fuzz: .venv/ready                ## set up, then mutated platforms, activities, traces, files, calls and command lines: for the night
	HECTOHERTZ_FUZZ=1 $(BIN)/python -m pytest -n 2 -m fuzz

floors:                          ## every test on the oldest versions that setup.cfg allows; TORCH=2.13.0 for another torch
	rm -rf build/floors && $(PYTHON) -m venv build/floors
	$(PYTHON) -m tests.floors $(if $(TORCH),torch==$(TORCH)) > build/floors/constraints.txt
	build/floors/bin/python -m pip install --quiet --disable-pip-version-check -c build/floors/constraints.txt -e ".[test]"
	build/floors/bin/python -m pytest -n 2 --dist worksteal -k "not tools_are_content"

newest:                          ## every test on the newest versions there are; TORCH=2.13.0 for another torch
	rm -rf build/newest && $(PYTHON) -m venv build/newest
	build/newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade $(if $(TORCH),torch==$(TORCH)) -e ".[test]"
	build/newest/bin/python -m pytest -n 2 --dist worksteal -k "not tools_are_content"

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
