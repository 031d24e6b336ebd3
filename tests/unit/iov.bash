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

# iov_mediated LINE...: that, and what it does anyhow: a mediated device is there once it is made, with a driver and a group, and goes when it
# is removed.
iov_mediated() {
    # shellcheck disable=SC2016 # for bash, later
    iov_kernel "$@" \
        'if at after create "*"; then
            type=${path%/create} up=${path%/mdev_supported_types/*} dir=${path%/mdev_supported_types/*}/$value
            mkdir -p "$root$dir" "$root/sys/bus/mdev/devices"
            : >"$root$dir/remove"
            ln -s "../mdev_supported_types/${type##*/}" "$root$dir/mdev_type"
            ln -s "../../../${dir#/sys/}" "$root/sys/bus/mdev/devices/$value"
            ln -s /sys/bus/mdev/drivers/vfio_mtty "$root$dir/driver"
            group=$((500 + $(ls "$root/sys/bus/mdev/devices" | wc -l)))
            ln -s "/sys/kernel/iommu_groups/$group" "$root$dir/iommu_group"
            mkdir -p "$root/sys/kernel/iommu_groups/$group/devices" "$root/dev/vfio"
            ln -s "$dir" "$root/sys/kernel/iommu_groups/$group/devices/$value"
            : >"$root/dev/vfio/$group"
        elif at after remove 1; then
            rm -r "$root${path%/*}" "$root/sys/bus/mdev/devices/$(basename "${path%/*}")"
        fi
        exit 0'
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
