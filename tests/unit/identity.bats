#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Who a recorded device is goes by what told it from all others when it was recorded.

load product
load tree

RECORD=/var/lib/passthrough/clearance
ZEROS=00-00-00-00-00-00-00-00
SAME=3c-ec-ef-ff-ff-12-34-56

setup() {
    tree_again identity && return
    tree_new
    firmware_uuid
    root_port 0000:00:05.0 05
    root_port 0000:00:06.0 06
    root_port 0000:00:07.0 07
    driver_present vfio-pci
    tree_keep identity
}

nvme() { # nvme ADDRESS PORT NUMBER [SERIAL]: a disk of one kind, and what it says its number is
    pci_add "$1" 1b36:0010 010802 "under=$2" "group=1$3" driver=nvme "serial=${5-$ZEROS}"
    disk "nvme$3n1" "259:$3" "$1"
    nvme_serial "$1" "nvme$3" "${4-00000000000000000000}"
}

in_initrd() {
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
}

# early ADDRESS...: nothing has driven these yet.
early() {
    local address
    for address; do
        rm -rf "$(pci_file "$address" driver)" "$(pci_file "$address" nvme)"
    done
}

# recorded ADDRESS: the serial numbers that the record has of it, PCI's and the disk's.
recorded() {
    awk -F '\t' -v at="$1" '$1 == "D" && $4 == at { print $9 "|" $10 }' "$ROOT$RECORD"
}

@test "a disk without a number, its own or PCI's, waits for the root stage, whatever Stage= says, and is judged there by what is on it" {
    nvme 0000:05:00.0 0000:00:05.0 5
    nvme 0000:06:00.0 0000:00:06.0 6
    rule b '[Match]' Path=0000:00:05.0/00.0 '[Device]' Stage=initrd
    image_built
    is "$(recorded 0000:05:00.0)" '|' 'numbers of the record'
    plan
    device 0000:05:00.0 bind vfio-pci root
    cp -a "$ROOT" "$BATS_TEST_TMPDIR/before"
    in_initrd
    early 0000:05:00.0 0000:06:00.0
    plan
    device 0000:05:00.0 bind vfio-pci root
    # The guest's is removed, and in its place is the twin with the host's root on it.
    rm -rf "$ROOT" && cp -a "$BATS_TEST_TMPDIR/before" "$ROOT"
    put /etc/initrd-release ID=debian
    put /proc/self/mountinfo '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 259:5 / /sysroot rw - ext4 /dev/nvme5n1 rw'
    mkdir -p "$ROOT/sysroot/etc"
    plan
    refused 0000:05:00.0 'nvme5n1 ← /'
}

@test "a disk with a number of PCI's is taken in the initrd, one with a number of its own at the root stage" {
    nvme 0000:05:00.0 0000:00:05.0 5 S4EWNX0R000005
    nvme 0000:06:00.0 0000:00:06.0 6 '' $SAME
    rule b '[Match]' Class=nvme '[Device]' Expect=2
    image_built
    is "$(recorded 0000:05:00.0) $(recorded 0000:06:00.0)" "|S4EWNX0R000005 $SAME|" 'numbers of the record'
    in_initrd
    early 0000:05:00.0 0000:06:00.0
    plan
    device 0000:05:00.0 bind vfio-pci root
    device 0000:06:00.0 bind vfio-pci initrd
}

@test "a number that two cards share tells neither: one that stays is not taken for one that went" {
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 serial=$SAME boot_vga=0
    pci_add 0000:06:00.0 10de:1b06 0300 under=0000:00:06.0 group=6 serial=$SAME boot_vga=0
    rule gpu '[Match]' Address=05:00.0
    image_built
    is "$(recorded 0000:05:00.0)" '|' 'numbers of the record'
    pci_remove 0000:05:00.0
    plan
    exits 1
    bound
    rule_is gpu missing
}

@test "of two ports of one card with one number each is who it is, by its function, wherever the card is put" {
    pci_add 0000:05:00.0 8086:10fb 0200 under=0000:00:05.0 group=5 serial=$SAME
    pci_add 0000:05:00.1 8086:10fb 0200 under=0000:00:05.0 group=6 serial=$SAME
    rule port '[Match]' Address=05:00.1
    image_built
    is "$(recorded 0000:05:00.1)" "$SAME|" 'numbers of the record'
    pci_remove 0000:05:00.0
    pci_remove 0000:05:00.1
    pci_add 0000:06:00.0 8086:10fb 0200 under=0000:00:06.0 group=5 serial=$SAME
    pci_add 0000:06:00.1 8086:10fb 0200 under=0000:00:06.0 group=6 serial=$SAME
    in_initrd
    plan
    exits 0
    bound 0000:06:00.1
    # The other port alone is not it.
    pci_remove 0000:06:00.1
    plan
    exits 1
    bound
    rule_is port missing
}

@test "a number of nothing but zeros or ff is none, in a record of an earlier version, too" {
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 boot_vga=0
    rule gpu '[Match]' Address=05:00.0
    image_built
    local number
    for number in $ZEROS ff-ff-ff-ff-ff-ff-ff-ff; do
        sed -i "/^D/s/\t[^\t]*\t[^\t]*\tmatch\t/\t$number\t\tmatch\t/; s/^end .*/end/" "$ROOT$RECORD"
        is "$(recorded 0000:05:00.0)" "$number|" 'numbers of the record'
        pci_remove 0000:05:00.0
        pci_add 0000:07:00.0 10de:1b06 0300 under=0000:00:07.0 group=7 "serial=$number" boot_vga=0
        plan
        bound || { echo "$number" && return 1; }
        pci_remove 0000:07:00.0
        pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 boot_vga=0
    done
}
