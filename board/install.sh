#!/bin/sh
# Installs what is missing, and only that, on Debian and its relatives.
#
#   board/install.sh build   what the gateway and its player are built with
#   board/install.sh test    what their tests need beside it
#
# Elsewhere it says what is missing. Quiet where nothing is to be done.
set -eu
cd "$(dirname "$0")/.."

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
}

# A compiler for the player: rustup's own if it may fetch one (operators forbid
# it by RUSTUP_AUTO_INSTALL=0), else Debian's with its sources.
wasm() {
    target=wasm32-unknown-unknown
    [ "$(board/toolchain.sh choice $target)" = none ] || return 0
    if has rustup && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; then
        echo "adding the target $target to rustup"
        if timeout 120 rustup target add $target >"$LOG" 2>&1; then
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
    install "lld-$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
}

tools() {
    want ffprobe ffmpeg
    want /usr/bin/chromium chromium
    # Debian's compiler comes without the two that judge the style.
    if [ "$(command -v cargo)" = /usr/bin/cargo ]; then
        want cargo-clippy rust-web-clippy
        want rustfmt rustfmt-web
    fi
    gstreamer_ready || needed="$needed python3-gi gir1.2-gst-rtsp-server-1.0
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
        gstreamer1.0-plugins-ugly gstreamer1.0-libav"
}

gstreamer_ready() {
    /usr/bin/python3 -c '
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
raise SystemExit(not all(map(Gst.ElementFactory.find, ["x264enc", "avenc_aac", "rtph264pay"])))
' >/dev/null 2>&1
}

for group in "$@"; do
    case $group in
        build)
            wants basics
            wasm
            ;;
        test) wants tools ;;
        *)
            sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
            exit 2
            ;;
    esac
done
