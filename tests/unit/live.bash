# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that run in the tree as on the running machine: in namespaces of their own, with the tree for a root and
# this machine's programs in it.

# live_root: what live needs of the tree.
live_root() {
    [[ $EUID == 0 ]] && unshare -m mount --make-rprivate / 2>/dev/null || skip 'mount namespaces are for root'
    local dir
    LIBRARIES=/usr/lib/$("${CC:-cc}" -print-multiarch)
    for dir in /usr/bin "$LIBRARIES" /lib64 /build /dev /tmp; do mkdir -p "$ROOT$dir"; done
    ln -s usr/bin "$ROOT/bin"
    ln -s "../usr/lib/${LIBRARIES##*/}" "$ROOT/lib/${LIBRARIES##*/}"
    mkdir -p "$ROOT/var/lib"
    cp -r "$ROOT/proc" "$BATS_TEST_TMPDIR/proc"
}

# live COMMAND...: passthroughctl in the tree as on the running machine. live_run PROGRAM...: any program. ENVIRONMENT has
# what else is for its environment; with BOOT_SIZE, /boot is a file system of that size, gone when the program ends; with
# IN_MEMORY, all of the tree is a copy that is.
ENVIRONMENT=()
BOOT_SIZE=
IN_MEMORY=
LIVE_TIMEOUT=60
live() {
    live_run /build/passthroughctl "$@"
    keep_document "$@"
}

live_run() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    run_program timeout "$LIVE_TIMEOUT" unshare --mount --pid --fork --kill-child bash -c '
        set -e
        root=$1 build=$2 libraries=$3 proc=$4 size=$5 memory=$6
        if [[ $size ]]; then
            mount -t tmpfs -o "size=$size" none /mnt
            cp -a "$root/boot/." /mnt
            mount --bind /mnt "$root/boot"
        fi
        if [[ $memory ]]; then
            mount -t tmpfs none /mnt
            cp -a "$root/." /mnt
            root=/mnt
        fi
        for dir in /usr/bin /lib64 /dev "$libraries"; do mount --rbind "$dir" "$root$dir"; done
        mount --bind "$build" "$root/build"
        mount -t proc proc "$root/proc"
        for file in cmdline cpuinfo sys/kernel/osrelease sys/kernel/random/boot_id; do
            [[ ! -e $proc/$file ]] || mount --bind "$proc/$file" "$root/proc/$file"
        done
        shift 6
        exec chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin "$@"' \
        bash "$ROOT" "$BUILD" "$LIBRARIES" "$BATS_TEST_TMPDIR/proc" "$BOOT_SIZE" "$IN_MEMORY" \
        "${ENVIRONMENT[@]}" "$@"
}

# twice COMMAND...: that apply, as a program runs it with nobody to ask, changes something; the second time it changes no file, nor the
# times of one, and says so. Images are looked into below /run/passthrough.
twice() {
    local before
    "$@" --json <&-
    exits 0 && whole '.changed and .reboot and .message == ""' || return 1
    before=$(file_times)
    "$@" --json <&-
    exits 0 && whole '(.changed or .written | not) and .reboot and .message == ""' || return 1
    diff <(echo "$before") <(file_times) || { echo 'the second time something changes' && return 1; }
}

file_times() {
    (cd "$ROOT" && find . \( -path ./proc -o -path ./dev \) -prune -o ! -path ./run/passthrough -printf '%p %y %m %s %T@ %C@ %l\n' | LC_ALL=C sort)
}
