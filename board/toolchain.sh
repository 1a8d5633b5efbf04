#!/bin/sh
# Chooses the compiler for targets other than this machine's own, and builds
# with it. The choice stands here and nowhere else.
#
#   board/toolchain.sh wasm            player -> player/dist/camgate.wasm
#   board/toolchain.sh board TARGET    gateway, static -> target/board/TARGET/camgate
#   board/toolchain.sh native          gateway for this machine -> target/release/camgate
#   board/toolchain.sh choice TARGET   rustup | debian | none
#
# rustup  the target is installed in the default toolchain.
# debian  Debian's rustc-web comes with the library's sources: the standard
#         library is built along (so it may be built smaller, too).
# none    neither: board/install.sh gets one of the two.
#
# Boards are linked by zig, which brings musl for all of them, and a C compiler.
#
# CAMGATE_TOOLCHAIN=rustup|debian takes the choice away from this script.
# CAMGATE_FEATURES names the features of a board's gateway: none (set, but empty)
# is without the built-in camera and its clip of 250 KB. That is what MIPS routers
# get, whose flash is small and whose code is a quarter larger than ARM's.
set -eu
cd "$(dirname "$0")/.."

WASM=wasm32-unknown-unknown
# What a wasm may have, in bytes, as it is and gzipped.
WASM_LIMIT=118784
WASM_GZIP_LIMIT=51200
# A virtual environment of Python: board/install.sh board.
TOOLS=target/board/tools

# has_debian TARGET. Its sources are found through the compiler: Debian has
# several versions.
has_debian() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] &&
        [ -e "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ] &&
        { [ "$1" != "$WASM" ] || command -v "$(debian_linker)" >/dev/null; }
}

# The linker must understand the compiler's bitcode: same major version of LLVM.
debian_linker() {
    echo "wasm-ld-$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
}

has_rustup() {
    command -v rustup >/dev/null && rustup target list --installed 2>/dev/null | grep -qx "$1"
}

choice() {
    if [ -n "${CAMGATE_TOOLCHAIN:-}" ]; then
        echo "$CAMGATE_TOOLCHAIN"
    elif has_rustup "$1"; then
        echo rustup
    elif has_debian "$1"; then
        echo debian
    else
        echo none
    fi
}

# What the compiler must not write into a program: where this machine keeps
# the sources (panics name their file).
remap() {
    echo "--remap-path-prefix=$PWD=camgate" \
        "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=crates"
}

# thumb TARGET: every ARMv7-A runs Thumb-2; the program is a seventh smaller.
thumb() {
    case $1 in armv7-*) echo ,+thumb-mode ;; esac
}

# cargo_for TARGET ARGUMENT...: cargo as chosen, the release profile.
cargo_for() {
    target=$1
    shift
    how=$(choice "$target")
    flags=$(remap)
    if [ "$target" = "$WASM" ]; then
        build=build
        # Hashes what a password and a nonce make: its loop need not be unrolled.
        flags="$flags --cfg sha2_backend_soft=\"compact\""
    else
        build=zigbuild
        PATH=$PWD/$TOOLS/bin:$PATH
        flags="$flags -C target-feature=+crt-static$(thumb "$target")"
    fi
    case $how in
        rustup)
            RUSTFLAGS=$flags cargo "$build" --release --locked --target "$target" "$@"
            ;;
        debian)
            # zig brings what Debian's compiler has not: the C library's start.
            [ "$build" = build ] || flags="$flags -C link-self-contained=no"
            if [ "$target" = "$WASM" ]; then
                # A trap needs no words in a browser: panics end at once.
                flags="$flags -Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none"
                # What is shorter than its call is put in its place before
                # anything else is made of it: a tenth of the whole. (Tried out;
                # the usual thresholds are for speed.)
                flags="$flags -Zinline-mir=yes -Zcross-crate-inline-threshold=always"
                flags="$flags -Zinline-mir-threshold=15 -Zinline-mir-hint-threshold=30"
                flags="$flags -Cllvm-args=-inline-threshold=5"
                # Constants at low addresses are shorter. The stack behind them
                # cannot reach them: nothing here calls itself.
                flags="$flags -Clink-arg=--no-stack-first"
            fi
            # The features of a compiler of one's own time: allowed by name.
            RUSTFLAGS=$flags RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
                CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(debian_linker) \
                /usr/bin/cargo "$build" --release --locked --target "$target" \
                -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size "$@"
            ;;
        *)
            echo "no compiler for $target: run board/install.sh" >&2
            return 1
            ;;
    esac
}

# A target directory of its own: the native build's cache stays as it is. Least
# size, for it goes over the network: remuxing costs a tenth more than with `s`.
wasm() {
    CARGO_TARGET_DIR=target/wasm CARGO_PROFILE_RELEASE_OPT_LEVEL=z \
        cargo_for "$WASM" -p camgate-player --lib
    built=target/wasm/$WASM/release/camgate_player.wasm
    mkdir -p player/dist
    if command -v wasm-opt >/dev/null; then
        # Small functions that are called once are not inlined: alike, they are
        # compressed better. A second round from the start finds another 100 bytes.
        wasm-opt --enable-bulk-memory --enable-sign-ext --enable-mutable-globals \
            --enable-multivalue --enable-nontrapping-float-to-int \
            --enable-reference-types --low-memory-unused --flatten --rereloop \
            -Oz --one-caller-inline-max-function-size=100 -Oz -Oz --converge \
            --optimize-instructions --simplify-locals-nostructure --vacuum \
            --strip-producers --strip-target-features \
            --flatten --rereloop -Oz -Oz --converge \
            "$built" -o player/dist/camgate.wasm
    else
        cp "$built" player/dist/camgate.wasm
    fi
    size=$(wc -c <player/dist/camgate.wasm)
    gzipped=$(gzip -9c player/dist/camgate.wasm | wc -c)
    echo "camgate.wasm $size bytes, $gzipped gzipped"
    if [ "$size" -gt "$WASM_LIMIT" ] || [ "$gzipped" -gt "$WASM_GZIP_LIMIT" ]; then
        echo "camgate.wasm: the limits are $WASM_LIMIT bytes and $WASM_GZIP_LIMIT gzipped" >&2
    fi
}

features() {
    case $1 in
        mips*) echo "${CAMGATE_FEATURES-}" ;;
        *) echo "${CAMGATE_FEATURES-builtin-camera}" ;;
    esac
}

# One directory for all boards: what the build itself is built with is shared.
board() {
    CARGO_TARGET_DIR=target/board/build CARGO_PROFILE_RELEASE_OPT_LEVEL=s \
        cargo_for "$1" --bin camgate --no-default-features --features "$(features "$1")"
    mkdir -p "target/board/$1"
    cp "target/board/build/$1/release/camgate" "target/board/$1/camgate"
    size=$(wc -c <"target/board/$1/camgate")
    echo "target/board/$1/camgate $size bytes, $(((size + 1023) / 1024)) KiB"
}

native() {
    RUSTFLAGS="${RUSTFLAGS:-} $(remap)" cargo build --release --locked
}

case ${1:-} in
    wasm) wasm ;;
    board) board "${2:?which target?}" ;;
    native) native ;;
    choice) choice "${2:?which target?}" ;;
    *)
        sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
