PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check golden clean

demo: .venv/ready                ## set up, then the main demo on embedded data
	$(BIN)/python demos/quickstart.py

test: .venv/ready                ## set up, then every test, ruff and mypy among them
	$(BIN)/python -m pytest

golden: .venv/ready              ## rewrite the golden texts after a wanted change
	$(BIN)/python -m pytest --golden

.venv/ready: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

clean:
	rm -rf .venv build *.egg-info out
