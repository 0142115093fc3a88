# `make demo` and `make test` set up all they need, once. libtorch goes to .libtorch/ unless LIBTORCH names one.

TORCH := 2.11.0
FETCHED := $(CURDIR)/.libtorch
ifndef LIBTORCH
LIBTORCH := $(FETCHED)/torch
NEEDS_LIBTORCH := libtorch
endif
export LIBTORCH

PYTHON ?= python3
PIP_INSTALL = $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --target $(FETCHED).partial
# libtorch's CPU half needs two small libraries of the CUDA set to load, and nothing else of it.
SLIM_COMPANIONS = $(if $(filter Linux,$(shell uname -s)),nvidia-cuda-cupti==13.0.85 nvidia-cuda-runtime==13.0.96)

BINARY := target/release/tenfold

.PHONY: build torch demo test test-slurm man examples python python-tests oracle bench bench-layers bench-machine bench-torch calls fuzz libtorch lint clean

# The default build needs Rust alone.
build:
	cargo build --locked --release

# The same with the libtorch engine besides.
torch: $(NEEDS_LIBTORCH)
	cargo build --locked --release --features torch

# Solves one of our own puzzles, in seconds, and draws it.
demo: build
	rm -rf results/demo
	$(BINARY) solve arc_tasks/outline_shapes.json --output results/demo --stable-steps 100

# With both engines, so each test runs once; that the default features build is for `make lint` to see.
test: $(NEEDS_LIBTORCH)
	cargo test --locked --quiet --features torch
	cargo test --locked --quiet --features torch --test articles --test library -- --ignored
	$(MAKE) examples
	$(MAKE) python

# A Slurm of one machine runs an array of shards, one of which is killed; installs Debian's slurm-wlm and munge. Not part of `make test`.
test-slurm: build
	tests/slurm

# Manual pages, one a verb, into target/man; `install -Dt /usr/local/share/man/man1 target/man/*` puts them where `man` looks.
man: build
	rm -rf target/man
	$(BINARY) man target/man

# The examples, on what the repository holds, as `make test` has built them.
examples: $(NEEDS_LIBTORCH)
	for example in solve compress matrices library; do \
		cargo run --locked --quiet --profile test --features torch --example $$example || exit 1; done

# The Python package, in a virtual environment of its own: types, tests with the examples in its documentation, notebooks.
VENV := target/python-venv
PYTHON_PACKAGES := maturin faiss-cpu ipykernel matplotlib mypy nbmake numpy pandas pyarrow pytest tqdm

python:
	@if $(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then \
	$(MAKE) python-tests; \
	else echo "there is no Python 3.9 or later with venv here: the Python package was not tested"; fi

python-tests: $(VENV)/ready
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(VENV)/bin/maturin develop --locked --release --quiet
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest --durations 5
	$(VENV)/bin/pytest --nbmake --durations 5 examples

$(VENV)/ready: Makefile
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(PYTHON_PACKAGES)
	touch $@

# Every engine against the numeric references in $$TENFOLD_ORACLE_DIR.
oracle: $(NEEDS_LIBTORCH)
	cargo test --locked --quiet --features torch --test oracle -- --nocapture

# Seconds per training step. BENCH="--threads 1" and the like change what is measured.
bench:
	cargo bench --locked --quiet --bench step -- $(BENCH)

# Time of each stage of the fused engine's step. BENCH="one_thread" and the like choose some.
bench-layers:
	cargo bench --locked --quiet --bench layers -- $(BENCH)

# What this processor can do at most: memory traffic and fused multiply-adds.
bench-machine:
	mkdir -p target
	rustc --edition 2024 -C opt-level=3 -C target-cpu=native benches/machine.rs -o target/machine
	target/machine

# Seconds per training step of the libtorch engine. BENCH="--seeds 8 --device cuda" and the like.
bench-torch: $(NEEDS_LIBTORCH)
	cargo bench --locked --quiet --features torch --bench step -- --engine torch $(BENCH)

# libtorch's operator calls in one training step of b8cdaf2b: the difference between four steps and three.
calls: $(NEEDS_LIBTORCH)
	benches/count_calls

# The readers of files on bytes of all kinds, from the golden files on; needs cargo-fuzz and a nightly compiler.
FUZZ_SECONDS := 1200
fuzz:
	mkdir -p fuzz/corpus/reader fuzz/corpus/forged
	cp tests/golden/*.tenfold fuzz/corpus/reader
	cargo +nightly fuzz run reader -- -max_total_time=$(FUZZ_SECONDS)
	cargo +nightly fuzz run forged -- -max_total_time=$(FUZZ_SECONDS)

# Formatting, lints, docs; and what we depend on, where `cargo deny` is installed.
lint: $(NEEDS_LIBTORCH)
	cargo fmt --check
	cargo clippy --locked --quiet --all-targets -- -D warnings
	cargo clippy --locked --quiet --lib --no-default-features -- -D warnings
	cargo clippy --locked --quiet --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps --all-features
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --locked check; \
	else echo "cargo deny is not installed: licenses and advisories of dependencies were not checked"; fi

# CUDA=1 installs the whole CUDA set.
ifdef CUDA
libtorch: $(FETCHED)/cuda
else
libtorch: $(if $(wildcard $(FETCHED)/cuda),,$(FETCHED)/cpu)
endif

$(FETCHED)/cpu:
	rm -rf $(FETCHED).partial
	$(PIP_INSTALL) --no-deps torch==$(TORCH) $(SLIM_COMPANIONS)
	touch $(FETCHED).partial/cpu
	rm -rf $(FETCHED)
	mv $(FETCHED).partial $(FETCHED)

$(FETCHED)/cuda:
	rm -rf $(FETCHED).partial
	$(PIP_INSTALL) torch==$(TORCH)
	touch $(FETCHED).partial/cuda
	rm -rf $(FETCHED)
	mv $(FETCHED).partial $(FETCHED)

clean:
	cargo clean
	rm -rf $(FETCHED) $(FETCHED).partial python/tenfold/*.so
