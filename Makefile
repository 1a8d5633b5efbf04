# camgate: a gateway, the player inside it, and their tests.

export PATH := $(HOME)/.cargo/bin:$(PATH)

PAGES  := $(shell find player/www player/build.mjs player/tsconfig.json -type f 2>/dev/null)
# What the player is compiled from.
SHARED := $(shell find src/protocol player/src player/Cargo.toml Cargo.toml Cargo.lock \
	board/toolchain.sh -type f)

# The board that `make board` builds for.
TARGET := armv7-unknown-linux-musleabihf
export TARGET

.PHONY: help build run test bench board clean tools
.DELETE_ON_ERROR:

help: ## show this list (the default)
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

build: tools player/dist/camgate.wasm player/dist/index.html ## build the gateway, player inside: target/release/camgate
	board/toolchain.sh native

run: build ## build, then watch the built-in camera: prints the address to open
	@exec target/release/camgate demo

test: build tests/browser/node_modules ## run every check and test, with their counts at the end
	@board/install.sh test
	@tests/run.sh

bench: build tests/browser/node_modules tests/bench/player/node_modules ## measure what gateway and player cost beside others, and how old the picture is
	@board/install.sh test bench
	@$(MAKE) --no-print-directory board TARGET=$(shell uname -m)-unknown-linux-musl
	cargo build --release --locked -p camgate-bench
	@target/release/camgate-bench
	@tests/bench/player/capture.py 10 target/bench
	@node --expose-gc tests/bench/player/remux.mjs target/bench
	@node tests/bench/player/run.mjs

board: tools player/dist/camgate.wasm player/dist/index.html ## build it for a board, static: target/board/TARGET/camgate
	@board/install.sh board
	board/toolchain.sh board $(TARGET)

clean: ## remove everything that was built
	rm -rf target player/dist player/node_modules tests/*/node_modules tests/bench/player/node_modules tests/browser/out

tools:
	@board/install.sh build

player/dist/camgate.wasm: $(SHARED) | tools
	board/toolchain.sh wasm

player/dist/index.html: $(PAGES) player/node_modules
	cd player && npm run --silent bundle

%/node_modules: %/package-lock.json | tools
	cd $* && npm ci --no-audit --no-fund --loglevel=error
	touch $@
