# shellcheck shell=bash
# Shared by the lab's scripts: where things are. Sourced, after `set -eu`.

lab_source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$lab_source/../.." && pwd)

: "${SUITE:=bookworm}"
: "${LAB_BUILD:=$top/build/lab}"
lab=$LAB_BUILD/$SUITE
# shellcheck disable=SC2034 # used by whoever sources this
root=$lab/root
exec 3>&2

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

need_root() {
    # chroot and debootstrap need it; nothing is mounted outside a private namespace.
    [[ $(id -u) == 0 ]] || die "must run as root (chroot, debootstrap); try: sudo make …"
}

# once NAME: holds a lock of that name for the rest of the script, so that two runs side by side build a thing once.
once() {
    mkdir -p "$lab"
    exec 9>"$lab/.$1.lock"
    flock 9
}

# fingerprint FILE-OR-WORD…: one hash over files' contents and words; a stamp with another hash is stale.
fingerprint() {
    local item
    for item; do
        if [[ -f $item ]]; then cat "$item"; else echo "$item"; fi
    done | sha256sum | cut -d' ' -f1
}

fresh() { # fresh STAMP HASH
    [[ -f $1 && $(<"$1") == "$2" ]]
}

kernel_release() {
    cat "$lab/kernel"
}

# log_to FILE: the rest of the script's output goes there; its end is shown if the script fails.
log_to() {
    lab_log=$1
    exec 3>&2 >"$lab_log" 2>&1
    trap show_end_of_log EXIT
}

show_end_of_log() {
    local status=$?
    if [[ $status == 0 ]]; then return; fi
    # dracut's inventory of what a small Debian lacks would fill the screen.
    grep -v 'will not be installed' "$lab_log" | tail -n 25 >&3
    echo "${0##*/}: failed, see $lab_log" >&3
}

say() {
    echo "lab: $*" >&3
}

# in_root COMMAND…: runs it inside the root, with /proc, /sys, /dev, /run and /tmp of a private mount namespace.
# $OVER_ETC and $OVER_USR are directories laid over its /etc and /usr (read-only); $OUT is one that is its /run/out.
in_root() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare -m --propagation private -- /bin/sh -eu -c '
        root=$1; shift
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount --bind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/run"
        mount -t tmpfs tmpfs "$root/tmp"
        if [ "${OVER_ETC-}" ]; then mount -t overlay -o "lowerdir=$OVER_ETC:$root/etc" overlay "$root/etc"; fi
        if [ "${OVER_USR-}" ]; then mount -t overlay -o "lowerdir=$OVER_USR:$root/usr" overlay "$root/usr"; fi
        if [ "${OUT-}" ]; then mkdir "$root/run/out"; mount --bind "$OUT" "$root/run/out"; fi
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
            http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" chroot "$root" "$@"
    ' in_root "$root" "$@"
}

# Two kernels of the series that the suite's own is of, the newest last; apt in the root has lists.
two_kernels() {
    local series
    series=$(kernel_release | cut -d. -f1,2)
    in_root apt-cache pkgnames "linux-image-$series." | sed -n 's/^linux-image-\([^-]*\(-[0-9]*\)\?-amd64\)$/\1/p' |
        while read -r release; do
            if [[ $(in_root apt-cache policy "linux-image-$release") == *://* ]]; then echo "$release"; fi
        done | sort -V | tail -n 2
}

# kernel_package RELEASE DEB: its package, packed anew with the same in it: xz takes an emulated machine minutes.
kernel_package() {
    local dir
    dir=$(mktemp -d -p "$lab")
    in_root /bin/sh -c "cd /var/cache && apt-get download -qq linux-image-$1 2>/dev/null"
    dpkg-deb --raw-extract "$root/var/cache/linux-image-$1"_*.deb "$dir"
    rm "$root/var/cache/linux-image-$1"_*.deb
    chmod 755 "$dir"
    dpkg-deb --root-owner-group -Zzstd -z1 --build "$dir" "$2"
    rm -rf "$dir"
}
