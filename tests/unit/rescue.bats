# SPDX-License-Identifier: GPL-2.0-or-later
# When the rescue of an initrd acts: not while somebody types, and at once where the boot has stopped. drivers.c has the kernel's part.

load product
load tree

A=0000:01:00.0

setup_file() {
    "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/drivers.so" "$BATS_TEST_DIRNAME/drivers.c" -ldl
}

# A card of a class that says nothing, taken in an initrd of initramfs-tools.
setup() {
    tree_again waits && return
    tree_new bare
    put /conf/initramfs.conf MODULES=most
    root_port 0000:00:01.0 01
    pci_add $A 1234:11e8 00ff under=0000:00:01.0 group=1
    pci_set $A native e1000e
    driver_present vfio-pci
    put /sys/bus/pci/drivers_probe
    mkdir -p "$ROOT/sys/module/vfio_iommu_type1" "$ROOT/root"
    rule card '[Match]' Address=$A '[Device]' Stage=initrd
    bind --stage=initrd
    [[ $(driver) == vfio-pci ]]
    tree_keep waits
}

driver() { basename "$(readlink "$(pci_file $A driver)")"; }

bind() { # bind ARGUMENT [ASSIGNMENT...]
    run --separate-stderr env -u SYSTEMD_IN_INITRD DRIVERS_ROOT="$ROOT" HURRY=yes LD_PRELOAD="$BATS_FILE_TMPDIR/drivers.so" \
        ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "${@:2}" "$BUILD/passthrough-bind" --root="$ROOT" "$1"
}

# process WORD...: runs, with these arguments
process() {
    mkdir -p "$ROOT/proc/77"
    printf '%s\0' "$@" >"$ROOT/proc/77/cmdline"
}

# What comes third is the root, once somebody has typed: who waits for that has given nothing back.
waits() {
    bind --rescue COMES="$ROOT/root/etc"
    exits 0
    [[ $(driver) == vfio-pci ]] || { echo "given back while this runs: $*" && return 1; }
    rmdir "$ROOT/root/etc"
}

gives_back() {
    bind --rescue COMES="$ROOT/root/etc"
    exits 0
    [[ $(driver) != vfio-pci ]] || { echo "still held while this runs: $*" && return 1; }
}

@test "nobody is asked anything: after its time the rescue gives back" {
    gives_back nothing
    has 'given back: no root file system was found without it'
}

@test "the rescue waits for who types a passphrase, whatever program asks" {
    for program in /lib/cryptsetup/askpass '/sbin/zfs load-key' 'plymouth ask-for-password' systemd-ask-password; do
        # shellcheck disable=SC2086 # words
        process $program 'Please unlock disk root: '
        waits "$program"
        # shellcheck disable=SC2086 # words
        process $program
        waits "$program"
    done
}

@test "a program with another name, or with other arguments, asks nobody" {
    local command
    for command in askpassword '/sbin/zfs mount load-key' plymouthd 'plymouth watch-keystroke' '/bin/sh askpass'; do
        # shellcheck disable=SC2086 # words
        process $command rest
        keep="$(mktemp -d)" && cp -a "$ROOT/." "$keep/"
        gives_back "$command"
        rm -rf "$ROOT" && mv "$keep" "$ROOT"
    done
    : >"$ROOT/proc/77/cmdline"
    gives_back 'a thread of the kernel'
}

@test "where the boot has stopped all is given back at once, also while somebody is asked" {
    process /lib/cryptsetup/askpass 'Please unlock disk root: '
    bind --rescue=now
    exits 0
    [[ $(driver) != vfio-pci ]] || { show && return 1; }
    has 'given back: the boot stopped in its initrd'
    # The rescue that waits has nothing to do any more, and nor has what stops again.
    local record
    record=$(<"$ROOT/run/passthrough/record")
    rm -r "$ROOT/proc/77"
    bind --rescue
    bind --rescue=now
    is "$(<"$ROOT/run/passthrough/record")" "$record" record
}

@test "what is given back at a stop is taken by no later stage" {
    bind --rescue=now
    mkdir -p "$ROOT/root/etc"
    bind --stage=root
    exits 0
    [[ $(driver) != vfio-pci ]] || { show && return 1; }
}

@test "there is one way not to wait" {
    bind --rescue=soon
    exits 2
    has '--rescue= is now, not soon'
}
