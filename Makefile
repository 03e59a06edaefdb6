# The project's commands. `make demo` and `make test` set everything up first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export OPENBLAS_NUM_THREADS ?= 1
unexport PYTHONDONTWRITEBYTECODE  # a thousand short processes would each compile the package anew

.PHONY: demo test lint build matrix reproduce diagnosis attacks fuzz mutation kills bench bench-grading wheel image chapters site terms clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "minigrad needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)  ## grade a sample class, from notebooks to reports, into demo/
	$(BIN)/python -m tests.demo

test: $(READY) lint  ## linters, types, layers, tests
	$(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

build: $(READY)  ## solutions/ -> assignments/
	$(BIN)/minigrad build

matrix: $(READY)  ## every variant passes, every mutant is caught: matrix.json
	$(BIN)/minigrad matrix --json matrix.json

reproduce: $(READY)  ## published results beside our own, from many seeds (minutes): reproduce.json
	$(BIN)/python -m experiments

attacks: $(READY)  ## every known cheat and fault against the sandbox: attacks.json
	$(BIN)/python -m tests.attacks

diagnosis: $(READY)  ## how far hints can be trusted: diagnosis.json
	$(BIN)/python -m tests.diagnosis

fuzz: $(READY)  ## broken frames, notebooks and archives by the hundred thousand
	$(BIN)/python -m tests.fuzz

mutation: $(READY)  ## which changes of our own code no test notices: mutation.json; of some modules: ONLY=protocol
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	$(BIN)/python -m tests.mutation $(ONLY)

terms: $(READY)  ## 200 terms at random: after every event gradebook, reports, pages and exports say the same
	$(BIN)/python -m tests.terms 200

bench: $(READY)  ## ratios against peers: bench.json
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.benchmarks

bench-grading: $(READY)  ## the grader against stock nbgrader, and a class of 1,000: bench-grading.json
	$(BIN)/python -m tests.benchmarks.grading $(SIZES)

kills: $(READY)  ## a class graded under 30 kills at random moments ends as an undisturbed one
	$(BIN)/python -m tests.kills 30

# Each is made from a copy of the package with the archives in it that the clone's own has not.
STUDENTS := build/students
STAFF := build/staff
wheel: $(READY)  ## dist/: what students install, with the releases and no solutions; dist/staff/: with all assignments' sources, too
	rm -rf build dist/staff  # files that are gone would go into the wheel again
	mkdir -p $(STUDENTS) && cp -r minigrad minigrad_command.py README.md LICENSE pyproject.toml $(STUDENTS)
	$(BIN)/python -m minigrad.grading.authoring.bundle $(STUDENTS)/minigrad/grading/releases.zip
	cp -r $(STUDENTS) $(STAFF)
	sed 's/^version = "\(.*\)"/version = "\1+staff"/' pyproject.toml > $(STAFF)/pyproject.toml
	$(BIN)/python -m minigrad.grading.authoring.bundle $(STAFF)/minigrad/grading/bundled.zip --sources
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist ./$(STUDENTS)
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist/staff ./$(STAFF)

FROM ?= python:3.12-slim
image: wheel  ## the grader, its wheel and the course as an image; FROM is any with Python, OPTIONS are for docker build
	docker build --build-arg FROM=$(FROM) $(OPTIONS) --tag minigrad .

chapters: $(READY)  ## runs the solutions of which the site shows what they gave before a change: minutes
	$(BIN)/python docs/site/chapters.py

# PYODIDE is where a lab in the browser finds NumPy: an address, or a folder with Pyodide's distribution
site: $(READY)  ## the course, the reference, the guides and the lab as pages: site/index.html; needs npm
	$(BIN)/python docs/site/build.py site $(if $(PYODIDE),--pyodide "$(PYODIDE)")

clean:
	rm -rf .venv demo dist build site matrix.json reproduce.json bench.json bench-grading.json attacks.json diagnosis.json mutation.json .minigrad
