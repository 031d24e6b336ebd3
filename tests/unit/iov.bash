# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs with the kernel's part of a write: iov.c, which asks a script of the test. Needs product, tree; with_iov_live live, too.

setup_file() {
    "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/iov.so" "$BATS_TEST_DIRNAME/iov.c" -ldl -lmnl
}

# iov_kernel LINE...: what it does at a write, in bash: $when is before or after, $path the file, $value what is written. Exit 22: EINVAL.
iov_kernel() {
    # shellcheck disable=SC2016 # for bash, later
    printf '%s\n' 'when=$1 path=$2 value=$3 root='"$ROOT" 'at() { [[ $when == "$1" && $path == */"$2" && $value == $3 ]]; }' "$@" \
        >"$BATS_TEST_TMPDIR/kernel"
}

# with_iov [ASSIGNMENT...] PROGRAM ARGUMENT...: on the tree, with that kernel.
with_iov() {
    run --separate-stderr timeout 60 env IOV_ROOT="$ROOT" IOV_KERNEL="$BATS_TEST_TMPDIR/kernel" IOV_CLOCK="$BATS_TEST_TMPDIR/clock" \
        LD_PRELOAD="$BATS_FILE_TMPDIR/iov.so" ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "$@"
}

# with_iov_live [ASSIGNMENT...] PROGRAM ARGUMENT...: on the running machine, which has a network of its own; time passes where it is waited for.
with_iov_live() {
    cp "$BATS_FILE_TMPDIR/iov.so" "$ROOT/iov.so"
    live_run /usr/bin/unshare --net /usr/bin/env IOV_ROOT= IOV_CLOCK=/clock LD_PRELOAD=/iov.so \
        ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "$@"
}
