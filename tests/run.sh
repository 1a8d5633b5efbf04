#!/usr/bin/env bash
# Runs every check and test, each part to its end whatever the others did, and
# closes with what each part took and how many passed, failed and were skipped.
# `make test` has built the gateway and its player before.
#
#   tests/run.sh [style|types|rust|documentation|browser|board]...
set -uo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0 summary=

# count PASSED FAILED SKIPPED
count() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# The sum of the numbers that stand before a word in the closing lines of a
# test runner: number_before 'passed' 'Summary'
number_before() {
    sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E "$2" | grep -oE "[0-9]+ $1" |
        awk '{ sum += $1 } END { print sum + 0 }'
}
number_after() {
    sed 's/\x1b\[[0-9;]*m//g' "$log" | sed -n "s/^[^a-z]*$1 \([0-9]*\)\$/\1/p" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

# check NAME COMMAND...: something that passes or fails as a whole.
check() {
    if "${@:2}"; then count 1 0 0; else
        echo "failed: $1" >&2
        count 0 1 0
    fi
}

style() {
    if cargo fmt --version >/dev/null 2>&1; then
        check 'cargo fmt' cargo fmt --all --check
    else
        count 0 0 1
    fi
    if cargo clippy --version >/dev/null 2>&1; then
        check 'cargo clippy' cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
    else
        count 0 0 1
    fi
    check 'what the player is compiled from' player_is_rebuilt
    check 'the check of the architecture' tests/architecture.py --self-test
    check 'the architecture' tests/architecture.py
}

# A change of any file that the player was compiled from has it built anew.
player_is_rebuilt() {
    local sources file plan
    sources=$(sed 's/^[^:]*: //' target/wasm/*/release/camgate_player.d) || return
    for file in $sources; do
        plan=$(make -n -W "${file#"$PWD/"}" player/dist/camgate.wasm) || return
        case $plan in *'toolchain.sh wasm'*) continue ;; esac
        echo "the Makefile does not build the player anew when this changes: $file" >&2
        return 1
    done
}

types() {
    check 'the types of the pages' npm run --prefix player --silent check
}

rust() {
    local code=0
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --locked 2>&1 | tee "$log" || code=$?
        count "$(number_before passed Summary)" \
            "$(($(number_before failed Summary) + $(number_before 'timed out' Summary)))" \
            "$(number_before skipped Summary)"
    else
        cargo test --workspace --locked --no-fail-fast --lib --bins --tests 2>&1 |
            tee "$log" || code=$?
        cargo_test_counts
    fi
    nothing_failed_twice "$code"
}

documentation() {
    local code=0
    cargo test --workspace --locked --no-fail-fast --doc --quiet 2>&1 | tee "$log" || code=$?
    cargo_test_counts
    nothing_failed_twice "$code"
}

cargo_test_counts() {
    count "$(number_before passed '^test result')" "$(number_before failed '^test result')" \
        "$(number_before ignored '^test result')"
}

browser() {
    local code=0
    (cd tests/browser && npm run --silent all) 2>&1 | tee "$log" || code=$?
    count "$(number_after pass)" "$(($(number_after fail) + $(number_after cancelled)))" \
        "$(number_after skipped)"
    nothing_failed_twice "$code"
}

# The gateway for an ARM board, played with in an emulator. Only where neither
# compiler nor emulator can be had is it passed over.
board() {
    local target=armv7-unknown-linux-musleabihf
    if ! TARGET=$target board/install.sh board emulator; then
        echo "passed over: no tools for $target here"
        count 0 0 1
        return
    fi
    check "the build for $target" board/toolchain.sh board "$target"
    check "a stream through the gateway for $target" \
        tests/board/smoke.py "target/board/$target/camgate"
}

# A runner that failed without naming a test (it did not compile, say) has
# failed once. `before` is the count before the part.
nothing_failed_twice() {
    if [ "$1" != 0 ] && [ "$failed" = "$before" ]; then count 0 1 0; fi
}

for part in "${@:-}"; do
    for name in ${part:-style types rust documentation browser board}; do
        printf '\n== %s\n' "$name"
        start=$SECONDS before=$failed before_passed=$passed before_skipped=$skipped
        "$name"
        summary+=$(printf '%-14s %4ss  %4s passed %3s failed %3s skipped' "$name" \
            $((SECONDS - start)) $((passed - before_passed)) $((failed - before)) \
            $((skipped - before_skipped)))$'\n'
    done
done

printf '\n%s\n%d passed, %d failed, %d skipped\n' "$summary" "$passed" "$failed" "$skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
