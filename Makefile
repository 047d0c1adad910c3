# What the book needs day to day. Each target makes the virtual environment it needs; see README.md.
PYTHON ?= python3
BIN := .venv/bin
export NO_MKDOCS_2_WARNING = 1
unexport PYTHONDONTWRITEBYTECODE # or each of many processes compiles anew all that it imports

.PHONY: book serve laboratory test mutants bench clean
book: site/.built
	@echo "The book is built in site/. To read it: make serve"

# All that a page can depend on; a folder is newer once a file in it is gone. MkDocs leaves hidden
# files in site/ alone.
SOURCES := $(shell find docs lessons microgrand tests ! -path '*__pycache__*')
site/.built: mkdocs.yml .venv/book .cache/asked $(SOURCES) $(wildcard .cache/pyodide/*)
	$(BIN)/mkdocs build --strict
	@touch $@

# What the environment asks for; written anew only where it asks for something else.
ASKED := preset=$(MICROGRAND_PRESET) pyodide=$(MICROGRAND_PYODIDE) site=$(SITE_URL) repository=$(REPO_URL)
.PHONY: always
.cache/asked: always
	@mkdir -p .cache && { echo "$(ASKED)" | cmp -s - $@ || echo "$(ASKED)" >$@; }

serve: .venv/book
	$(BIN)/mkdocs serve

# Python for the browser, so that the next `make book` has a laboratory: 12 MB, fetched once with npm.
PYODIDE := 0.29.5
PYODIDE_SHA256 := 6749b10ee515a1458ecea36d860c8ce2a48366e85b3f92d749ad1840e4aff181
laboratory: .cache/pyodide/$(PYODIDE)
.cache/pyodide/$(PYODIDE): # an empty file that names the version; those of the tarball are of 1985
	rm -rf .cache/pyodide.partial && mkdir -p .cache/pyodide.partial
	cd .cache/pyodide.partial && npm pack --silent pyodide@$(PYODIDE)
	cd .cache/pyodide.partial && echo "$(PYODIDE_SHA256)  pyodide-$(PYODIDE).tgz" \
		| $$(command -v sha256sum || echo shasum -a 256) -c -
	tar -xzf .cache/pyodide.partial/pyodide-$(PYODIDE).tgz -C .cache/pyodide.partial
	rm -rf .cache/pyodide site/.built
	mv .cache/pyodide.partial/package .cache/pyodide && rm -r .cache/pyodide.partial
	touch $@

test: .venv/test browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto
	$(BIN)/python tests/mutants.py --sample 60

# Every mutant of forwards, gradients, penalties and optimisers: a quarter of an hour.
mutants: .venv/test
	$(BIN)/python tests/mutants.py

bench: .venv/bench
	$(BIN)/python benchmarks/curve.py
	$(BIN)/python benchmarks/images.py

# The extra of that name, with the versions the book was tested with. The newest pip needs half the time
# of the one that Python brings. Python compiles a module when it is first imported; to compile all of
# them now would take as long as to install them. setuptools warns of a folder named like the package.
.venv/%: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv --upgrade-deps .venv
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[$*]'
	touch $@

# The browser tests need Chromium; under CI, as root on Debian, install it.
.PHONY: browser
browser:
	@if { [ "$$CI" = true ] || [ "$$CI" = 1 ]; } && [ "$$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ] && ! [ -x /usr/bin/chromium ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; fi

clean:
	rm -rf .venv .cache site build *.egg-info
