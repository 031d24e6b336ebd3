# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs with drivers.c in place of the kernel's part of sysfs.

setup_file() {
    "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/drivers.so" "$BATS_TEST_DIRNAME/drivers.c" -ldl
}

# with ASSIGNMENT... -- PROGRAM ARGUMENT...
with() {
    local -a assignments=()
    while [[ $1 != -- ]]; do assignments+=("$1") && shift; done
    shift
    run --separate-stderr env DRIVERS_ROOT="$ROOT" LD_PRELOAD="$BATS_FILE_TMPDIR/drivers.so" \
        ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "${assignments[@]}" "$BUILD/$1" --root="$ROOT" "${@:2}"
}
