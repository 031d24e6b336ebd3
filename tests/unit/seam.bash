# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A copy of the sources, to which a test adds what is not in them, and builds it: shows what somebody has to touch who adds
# such a thing.

# seam_copy: the copy, in $COPY, with what is built of it already.
seam_copy() {
    export COPY=$BATS_FILE_TMPDIR/copy
    mkdir -p "$COPY/build"
    cp -a "$BATS_TEST_DIRNAME"/../../{Makefile,src,generator} "$COPY"
    [[ ! -e $BUILD/obj ]] || cp -a "$BUILD/obj" "$COPY/build"
}

# seam_build PROGRAM...: into $COPY/build.
seam_build() {
    local -a options=()
    if sanitized; then options=(SANITIZE=1); fi
    make -s -C "$COPY" BUILD=build CC="${CC:-cc}" "${options[@]}" "${@/#/build/}"
}

# seam_added: a line of each file or folder that is only in the copy, and each line of the others that differs.
seam_added() {
    diff -r "$BATS_TEST_DIRNAME/../../src" "$COPY/src" | sed -n "s,^Only in $COPY/\(.*\): ,\1/,p; /^Only in/p; /^[<>]/p"
}
