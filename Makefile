# Everything happens in .venv; nothing is installed anywhere else.
PYTHON ?= python3
# On Linux without a GPU: make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu (a tenth of the download).
TORCH_INDEX ?=
BIN := .venv/bin
READY := .venv/.ready
TESTED := .venv/.tested
OUT ?= out

.PHONY: demo test format clean
.DEFAULT_GOAL := demo

demo: $(READY)
	@mkdir -p $(OUT)
	@cp examples/portrait.png $(OUT)/before.png
	$(BIN)/overpaint edit $(OUT)/before.png -p "a pencil sketch of a person" -o $(OUT)/after.png --overwrite -v

test: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

format: $(TESTED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv build dist $(OUT)

# torch first and by itself, so that nothing else decides which build of it comes.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Overpaint needs Python 3.11 or newer')"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt torch $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

# What tests need besides.
$(TESTED): $(READY)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	@touch $@
