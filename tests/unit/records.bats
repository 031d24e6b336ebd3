#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What was found once: that the host needs a device. Who sees less later does not revoke it, wherever and whenever it runs.

load product
load tree

RECORD=/var/lib/passthrough/clearance

# Two disks, of which one carries /srv; two network cards, of which one carries the default route.
setup() {
    tree_again records && return
    tree_new
    firmware_uuid
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme
    disk nvme0n1 259:0 0000:01:00.0
    mounted nvme0n1 /srv ext4
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 8086:10d3 0200 under=0000:00:05.0 group=5 driver=e1000e
    nic eno5 0000:05:00.0 up
    default_route eno5
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 8086:10d3 0200 under=0000:00:06.0 group=6 driver=e1000e
    nic eno6 0000:06:00.0 up
    mkdir -p "$ROOT/run/udev/data"
    put /proc/1/mountinfo "$(<"$ROOT/proc/self/mountinfo")"
    driver_present vfio-pci
    process 1 systemd
    rule disks '[Match]' Class=nvme '[Device]' Expect=0-
    rule nics '[Match]' Class=network '[Device]' Expect=0-
    image_built
    withholds 0000:01:00.0 0000:05:00.0
    tree_keep records
}

# withholds ADDRESS...: these and no other devices are withheld by the record.
withholds() {
    is "$(awk -F '\t' '$1 == "D" && $13 != "" { print $4 }' "$ROOT$RECORD" | sort | paste -sd' ')" "$*" withheld
}

image_again() {
    rm -rf "$IMAGE"
    image_built
}

without_mount() { # without_mount POINT FILE...
    local file
    for file in "${@:2}"; do sed -i "\\, / $1 ,d" "$ROOT/proc/$file/mountinfo"; done
}

# chrooted: / is a directory of the host's root file system. Nothing else of what is mounted shows.
chrooted() {
    put /proc/self/mountinfo '90 27 8:2 /srv/build / rw,relatime shared:1 - ext4 /dev/sda2 rw'
}

no_default_route() {
    sed -i '/\t00000000\t/d' "$ROOT/proc/net/route"
}

# in_initrd: early in the next boot, where nothing of the host shows.
in_initrd() {
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
    rm -f "$(pci_file 0000:01:00.0 driver)" "$(pci_file 0000:05:00.0 driver)" "$(pci_file 0000:06:00.0 driver)"
}

@test "a disk that the host has let go is freed by the next image of a moment that sees as much" {
    without_mount /srv self 1
    plan
    device 0000:01:00.0 bind
    image_again
    withholds 0000:05:00.0
}

@test "in a chroot no disk is freed: by its plan, by its image, or by the boot after that" {
    chrooted
    plan
    exits 1
    refused 0000:01:00.0 '^not cleared: the host needed it when a boot image was last built: 0000:01:00.0 ← nvme0n1 ← /srv, and now less shows'
    image_again
    withholds 0000:01:00.0 0000:05:00.0
    # A chroot that sees as much as the one before it sees no more than that.
    image_again
    withholds 0000:01:00.0 0000:05:00.0
    in_initrd
    plan
    refused 0000:01:00.0 '^the host needed it when this image was built'
}

@test "in a chroot no disk is cleared that was not before" {
    rm "$ROOT$RECORD"
    without_mount /srv self 1
    chrooted
    image_again
    run -1 grep -q $'\t0000:01:00.0\t.*\tcleared\t' "$ROOT$RECORD"
}

@test "without udev's database, fstab or the kernel's table of swaps no disk is freed" {
    local gone
    put /etc/fstab '# nothing of note'
    image_again
    without_mount /srv self 1
    cp -a "$ROOT" "$BATS_TEST_TMPDIR/before"
    for gone in /run/udev/data /etc/fstab /proc/swaps; do
        rm -rf "${ROOT:?}$gone"
        plan
        refused 0000:01:00.0 'the host needed it when|not known' || { echo "$gone" && return 1; }
        image_again
        withholds 0000:01:00.0 0000:05:00.0 || { echo "$gone" && return 1; }
        rm -rf "$ROOT" && cp -a "$BATS_TEST_TMPDIR/before" "$ROOT"
    done
    image_again
    withholds 0000:05:00.0
}

@test "the rule's text is no matter: what the host needs is not a rule's to say" {
    without_mount /srv self 1
    chrooted
    add_line /etc/passthrough.d/disks.conf '# a remark'
    image_again
    withholds 0000:01:00.0 0000:05:00.0
    rm "$ROOT/etc/passthrough.d/disks.conf"
    image_again
    withholds 0000:01:00.0 0000:05:00.0
    rule mine '[Match]' Address=01:00.0
    plan
    refused 0000:01:00.0 'the host needed it when'
}

@test "an uplink is freed once another interface has its route, and not because some interface has one" {
    no_default_route
    net_address eno6
    plan
    refused 0000:05:00.0 '^not cleared: the host needed it when .*← default route, and now less shows'
    image_again
    withholds 0000:01:00.0 0000:05:00.0 0000:06:00.0
    default_route eno6
    plan
    device 0000:05:00.0 bind
    image_again
    withholds 0000:01:00.0 0000:06:00.0
}

@test "a record of an earlier version, which does not say what it saw, is revoked by a moment that sees, and by no other" {
    sed -i '/^S\t/d; s/^end .*/end/' "$ROOT$RECORD"
    without_mount /srv self 1
    plan
    device 0000:01:00.0 bind
    chrooted
    plan
    refused 0000:01:00.0 'the host needed it when'
    image_again
    image_again
    withholds 0000:01:00.0 0000:05:00.0
}

@test "what has been handed over since is not withheld for what was" {
    ln -sfn ../../../../bus/pci/drivers/vfio-pci "$(pci_file 0000:01:00.0 driver)"
    rm -rf "$ROOT/sys/class/block/nvme0n1" "$ROOT/sys/$(pci_dir 0000:01:00.0)/nvme"
    without_mount /srv self 1
    plan
    device 0000:01:00.0 bind
}

@test "an uplink that was unplugged and plugged again is not taken because it has no route yet" {
    local run
    no_default_route
    default_route lan0
    # Another carries the route now: by hand, and in the next boot, it may go.
    plan
    device 0000:05:00.0 bind
    driver_present vfio-pci
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --hotplug=0000:05:00.0
    exits 1
    has '0000:05:00.0' 'the host needed it when a boot image was last built: 0000:05:00.0 ← eno5 ← default route'
    is "$(<"$(pci_file 0000:05:00.0 driver_override)")" '(null)' 'its override'
    # The card beside it was free then.
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --hotplug=0000:06:00.0
    has '0000:06:00.0 failed: vfio-pci did not take it'
}

@test "bind by hand honours it, too" {
    no_default_route
    net_address eno6
    ctl bind 0000:05:00.0
    exits 1
    has '05:00.0 refused: not cleared: the host needed it when'
    default_route eno6
    ctl bind 0000:05:00.0
    has '05:00.0 failed: vfio-pci did not take it'
}

@test "a host that answers on none, as Uplink=none says, gives its cards away in the boot, too" {
    no_default_route
    rm "$ROOT/etc/passthrough.d/disks.conf"
    put /etc/passthrough.conf '[Host]' Uplink=none
    plan
    device 0000:05:00.0 bind
    image_again
    in_initrd
    plan
    device 0000:05:00.0 bind
}

# --- what worked, and is refused from now on

# worked_before: disk 01:00.0 was cleared for rule disks.
worked_before() {
    local mounts
    rm "$ROOT/etc/passthrough.d/nics.conf"
    mounts=$(<"$ROOT/proc/self/mountinfo")
    without_mount /srv self 1
    image_again
    put /proc/self/mountinfo "$mounts"
}

@test "plan names a rule whose device an image has cleared and which is refused from now on, and the next image does" {
    worked_before
    plan
    is "$(get '.rules[0].worked')" "$(printf '%s' 'disks worked until now, and the next boot image refuses it: ' \
        '0000:01:00.0: the host needs it: 0000:01:00.0 ← nvme0n1 ← /srv; images that are there stay as they are: ' \
        'correct this before one is built, or keep the device with Driver=native')" worked
    ctl plan
    says '^  disks +refused +01:00\.0 '
    says '^ +the host needs it: '
    says '^ +It worked until now, and is refused from the next boot image on\. '
    image_again
    says '^rule disks worked until now, and the next boot image refuses it'
    # From here on it is nothing new.
    plan
    is "$(get '.rules[0].worked')" null worked
}

@test "plan names a rule whose device this boot has taken and which is refused from now on, and no other rule" {
    rule edu '[Match]' Address=00:1f.3
    rm "$ROOT$RECORD"
    mkdir -p "$ROOT/run/passthrough"
    without_mount /srv self 1
    ln -sfn ../../../../bus/pci/drivers/vfio-pci "$(pci_file 0000:01:00.0 driver)"
    rm "$ROOT/sys/class/block/nvme0n1"
    ctl bind 0000:01:00.0
    exits 0
    link class/block/nvme0n1 "$(pci_dir 0000:01:00.0)/nvme/nvme0/nvme0n1"
    pci_bind 0000:01:00.0 nvme
    mounted nvme0n1 /srv ext4
    plan
    is "$(get '.rules[] | select(.worked).name')" disks worked
}

@test "what never worked is no such news" {
    plan
    is "$(get '.rules[] | select(.worked).name')" '' worked
}
