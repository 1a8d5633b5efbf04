#!/bin/sh
# Installs what is missing, and only that, on Debian and its relatives.
#
#   board/install.sh build     what the gateway and its player are built with
#   board/install.sh test      what their tests need beside it
#   board/install.sh board     what builds the gateway for the board $TARGET
#   board/install.sh emulator  what runs a board's programs here
#   board/install.sh bench   what the gateway is measured against
#
# Elsewhere it says what is missing. Quiet where nothing is to be done.
set -eu
cd "$(dirname "$0")/.."

WASM=wasm32-unknown-unknown
FRESH=
LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT

has() { command -v "$1" >/dev/null 2>&1; }

# Says nothing if all goes well, everything if not.
quietly() {
    if ! "$@" >"$LOG" 2>&1; then
        cat "$LOG" >&2
        echo "failed: $*" >&2
        return 1
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# refresh: gets the package lists, once a run; a mirror may be busy, so twice.
refresh() {
    [ -z "$FRESH" ] || return 0
    FRESH=yes
    quietly as_root apt-get update || quietly as_root apt-get update
}

# install PACKAGE...: those that are not installed.
install() {
    missing=
    for package in "$@"; do
        dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing$missing"
    refresh
    # shellcheck disable=SC2086 # one word a package
    quietly as_root apt-get install -y --no-install-recommends $missing
}

# want COMMAND PACKAGE...: the packages, where the command is not to be had.
want() {
    command=$1
    shift
    has "$command" || needed="$needed $*"
}

wants() {
    needed=
    "$@"
    [ -n "$needed" ] || return 0
    if ! has apt-get; then
        echo "please install:$needed" >&2
        return 1
    fi
    # shellcheck disable=SC2086
    install $needed
}

# Debian 12 has a compiler of our time beside its own; its successors need none.
family() {
    refresh
    if apt-cache show rustc-web >/dev/null 2>&1; then
        echo "rustc-web cargo-web"
    else
        echo "rustc cargo"
    fi
}

basics() {
    want cc gcc libc6-dev
    has cargo || want cargo "$(family)"
    want gzip gzip
    want node nodejs
    want npm npm
    # The build does without it, and is a fifth larger.
    ! has apt-get || want wasm-opt binaryen
}

# compiler TARGET: rustup's own if it may fetch one (operators forbid it by
# RUSTUP_AUTO_INSTALL=0), else Debian's with its sources.
compiler() {
    target=$1
    [ "$(board/toolchain.sh choice "$target")" = none ] || return 0
    if has rustup && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; then
        echo "adding the target $target to rustup"
        if timeout 120 rustup target add "$target" >"$LOG" 2>&1; then
            return 0
        fi
    fi
    if ! has apt-get; then
        echo "please install: the Rust target $target (rustup target add $target)" >&2
        return 1
    fi
    case $(family) in
        *-web) install rustc-web cargo-web rust-web-src ;;
        *) install rustc cargo rust-src ;;
    esac
    [ "$target" != "$WASM" ] || install "lld-$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
}

# zig links for every board: it has musl for all of them, and a C compiler.
# Not zig 0.16 or later: its calloc writes zeros into fresh memory instead of
# musl's, so the pool would be resident from the start (4.7 MB idle, not 0.6).
zig() {
    tools=target/board/tools
    [ ! -x $tools/bin/cargo-zigbuild ] || return 0
    wants python
    echo "installing cargo-zigbuild and ziglang into $tools"
    rm -rf $tools
    quietly python3 -m venv $tools
    quietly $tools/bin/pip install --disable-pip-version-check \
        cargo-zigbuild==0.24.0 ziglang==0.15.2
}

python() {
    python3 -c 'import ensurepip' 2>/dev/null || needed="$needed python3 python3-venv"
}

emulator() {
    want qemu-arm-static qemu-user-static
}

tools() {
    want ffprobe ffmpeg
    want strace strace
    want /usr/bin/chromium chromium
    want /usr/bin/firefox-esr firefox-esr
    # Debian's compiler comes without the two that judge the style.
    if [ "$(command -v cargo)" = /usr/bin/cargo ]; then
        want cargo-clippy rust-web-clippy
        want rustfmt rustfmt-web
    fi
    cameras
}

cameras() {
    gstreamer_ready || needed="$needed python3-gi gir1.2-gst-rtsp-server-1.0
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
        gstreamer1.0-plugins-ugly gstreamer1.0-libav"
}

neighbours() {
    want /usr/sbin/haproxy haproxy
    want websockify websockify
    want strace strace
    want taskset util-linux
}

# websocat is in no Debian: built once from its registry, without TLS, which
# nobody measures. The benchmark does without it where that cannot be.
relay_of_websockets() {
    tools=target/bench-tools
    has websocat || [ -x $tools/bin/websocat ] || [ -e $tools/failed ] || {
        echo "building websocat, to measure against"
        mkdir -p $tools
        quietly cargo install --root $tools --target-dir $tools/build --locked \
            --no-default-features websocat || touch $tools/failed
        rm -rf $tools/build
    }
    [ ! -e $tools/failed ] ||
        echo "no websocat: it could not be built (rm $tools/failed to try again)"
}

gstreamer_ready() {
    /usr/bin/python3 -c '
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
raise SystemExit(not all(map(Gst.ElementFactory.find, [
    "x264enc", "x265enc", "jpegenc", "avenc_aac", "opusenc", "alawenc",
    "rtph264pay", "rtph265pay", "rtpjpegpay", "rtpmp4gpay", "rtpopuspay"])))
' >/dev/null 2>&1
}

for group in "$@"; do
    case $group in
        build)
            wants basics
            compiler $WASM
            ;;
        test) wants tools ;;
        board)
            compiler "${TARGET:-armv7-unknown-linux-musleabihf}"
            zig
            ;;
        emulator) wants emulator ;;
        bench)
            wants neighbours
            wants cameras
            relay_of_websockets
            ;;
        *)
            sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
            exit 2
            ;;
    esac
done
