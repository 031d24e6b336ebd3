#!/usr/bin/env bats
# An image that was built elsewhere, on a host that has a clearance of its own: the root stage reads it from the host's /var, and what is
# unknown never permits.

load product
load tree

OSTREE=/ostree/boot.1/fedora/0f3b9c/0
MOUNTS=('1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw' '28 27 8:2 / /sysroot/sysroot ro - ext4 /dev/sda2 rw')

# The host answers on eno5, and does not use eno6. All is as at the root stage of its next boot, with its clearance in $CLEARANCE.
setup() {
    CLEARANCE=$BATS_TEST_TMPDIR/clearance
    tree_new
    firmware_uuid
    put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=UUID=1 ro ostree=$OSTREE"
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 8086:10d3 0200 under=0000:00:05.0 group=5 driver=e1000e
    nic eno5 0000:05:00.0
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 8086:10d3 0200 under=0000:00:06.0 group=6 driver=e1000e
    nic eno6 0000:06:00.0
    default_route eno5
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1b36:0010 010802 under=0000:00:03.0 group=2 driver=nvme serial=00-25-38-00-00-00-00-02
    disk nvme1n1 259:1 0000:02:00.0
    rule disk '[Match]' Address=02:00.0
    rule nics '[Match]' Class=network '[Device]' Expect=0-
    image_built
    mv "$ROOT/var/lib/passthrough/clearance" "$CLEARANCE"
    put /etc/initrd-release ID=fedora
    put /proc/self/mountinfo "${MOUNTS[@]}"
    rm -f "$ROOT"/proc/net/{route,ipv6_route,if_inet6} "$ROOT"/passthrough-{routes,addresses}
    for name in 0000:0{2,5,6}:00.0; do
        rm -rf "$(pci_file "$name" driver)" "$(pci_file "$name" net)" "$(pci_file "$name" nvme)"
    done
    rm -rf "$ROOT"/sys/class/net/eno? "$ROOT"/sys/class/block/nvme1n1
    block sda2 8:2 "$(pci_dir 0000:00:1f.2)/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda2"
    put /proc/swaps 'Filename Type Size Used Priority'
    mkdir -p "$ROOT/sysroot/etc" "$ROOT/sysroot/var/lib/passthrough"
    put /sysroot/etc/fstab 'UUID=1 / ext4 defaults 0 1'
}

# stateroot [TARGET]: the physical root as ostree lays it out, with the clearance in the stateroot.
stateroot() {
    local physical=$ROOT/sysroot/sysroot
    mkdir -p "$physical/ostree/boot.1.1/fedora/0f3b9c" "$physical/ostree/deploy/fedora/deploy/9a8b.0"
    ln -sfn boot.1.1 "$physical/ostree/boot.1"
    ln -sfn "${1-../../../deploy/fedora/deploy/9a8b.0}" "$physical$OSTREE"
    put /sysroot/sysroot/ostree/deploy/fedora/var/lib/passthrough/clearance <"$CLEARANCE"
}

# bind STAGE: as if none had run in this boot.
bind() {
    rm -rf "$ROOT/run/passthrough"
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage="$1"
}

# says ADDRESS PATTERN: a line of what it said of it.
says() {
    grep -q "^nics: $1 $2" <<<"$stderr" || { show && return 1; }
}

# freed: the card that the host does not use is tried, which is as far as a tree goes, and the one it answers on is not.
freed() {
    bind root
    says 0000:06:00.0 'failed: vfio-pci did not take it'
    says 0000:05:00.0 'refused: the host needed it when this image was built: .* eno5 ← default route'
}

# withheld [REASON]: neither of them is.
withheld() {
    bind root
    says 0000:05:00.0 "refused: .*${1-there is no clearance for it}"
    says 0000:06:00.0 "refused: .*${1-there is no clearance for it}"
}

@test "a card that the host does not use goes by the clearance of its stateroot, and the one it answers on stays" {
    stateroot
    freed
}

@test "a disk that could go in the first stage goes in the one in which it is known" {
    stateroot
    bind initrd
    [[ $stderr != *0000:02:00.0* ]] || { show && return 1; }
    bind root
    grep -q '^disk: 0000:02:00.0 failed: vfio-pci did not take it' <<<"$stderr" || { show && return 1; }
}

@test "without a clearance on the host nothing is free" {
    stateroot
    rm "$ROOT/sysroot/sysroot/ostree/deploy/fedora/var/lib/passthrough/clearance"
    withheld
}

@test "without ostree= or with two of them, the directory /var that shows is nobody's" {
    stateroot
    put /sysroot/var/lib/passthrough/clearance <"$CLEARANCE"
    put /proc/cmdline 'BOOT_IMAGE=/vmlinuz root=UUID=1 ro'
    withheld
    put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=UUID=1 ro ostree=$OSTREE ostree=/ostree/boot.0/fedora/0f3b9c/0"
    withheld
    put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=UUID=1 ro ostree=/ostree/boot.0/fedora/0f3b9c/0 ostree=$OSTREE"
    withheld
}

@test "a /var that is mounted at the root stage is the host's" {
    put /sysroot/var/lib/passthrough/clearance <"$CLEARANCE"
    put /proc/cmdline 'BOOT_IMAGE=/vmlinuz root=UUID=1 ro'
    withheld
    put /proc/self/mountinfo "${MOUNTS[@]}" '29 27 0:40 / /sysroot/var rw - autofs systemd-1 rw'
    withheld
    put /proc/self/mountinfo "${MOUNTS[@]}" '29 27 8:3 / /sysroot/var rw shared:1 - ext4 /dev/sda3 rw'
    freed
}

@test "a file system that the host mounts over it later hides what is there, which may be old" {
    local where
    stateroot
    for where in /var /var/ /var/lib /var/lib/passthrough //var /var//lib /./var /var/./lib/. '/var/lib/passthrough//'; do
        put /sysroot/etc/fstab "UUID=2 $where ext4 defaults 0 2"
        withheld
    done
    put /sysroot/etc/fstab '# UUID=2 /var ext4 defaults 0 2' 'UUID=2 /var/log ext4 defaults 0 2'
    put /sysroot/usr/lib/systemd/system/var.mount '[Mount]'
    withheld
    rm "$ROOT/sysroot/usr/lib/systemd/system/var.mount" "$ROOT/sysroot/etc/fstab"
    mkdir "$ROOT/sysroot/etc/fstab"
    withheld
    rmdir "$ROOT/sysroot/etc/fstab"
    freed
}

@test "another machine's clearance is none, nor is one of another root, of other rules, or cut short" {
    local file=$ROOT/sysroot/sysroot/ostree/deploy/fedora/var/lib/passthrough/clearance
    stateroot
    firmware_uuid 00000000-1111-2222-3333-444444444444
    withheld
    firmware_uuid ''
    withheld
    firmware_uuid
    put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=UUID=2 ro ostree=$OSTREE"
    bind root
    says 0000:06:00.0 'refused: not cleared: its clearance has lapsed'
    put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=UUID=1 ro ostree=$OSTREE"
    rule nics '[Match]' Class=network '[Device]' Expect=0-9
    bind root
    says 0000:06:00.0 'refused: .*there is no clearance for it'
    rule nics '[Match]' Class=network '[Device]' Expect=0-
    head -n -2 "$CLEARANCE" >"$file"
    withheld 'clearance cannot be read to its end'
}

@test "a link that leads anywhere but to a deployment of that stateroot is not followed" {
    local target
    put /sysroot/sysroot/home/deploy/9a8b.0/x ''
    put /sysroot/sysroot/var/lib/passthrough/clearance <"$CLEARANCE"
    put /var/lib/elsewhere/var/lib/passthrough/clearance <"$CLEARANCE"
    for target in /var/lib/elsewhere/deploy/9a8b.0 ../../../../../../../var/lib/elsewhere/deploy/9a8b.0 ../../../deploy/../../var/deploy/9a8b.0 \
        ../../../deploy/fedora/deploy/.. ../../../deploy/fedora/deploy/9a8b.0/../.. ../../../deploy/other/deploy/9a8b.0 ../../../deploy/fedora/deploy; do
        stateroot "$target"
        withheld
    done
    stateroot
    for target in /ostree/boot.1/../boot.1/fedora/0f3b9c/0 /ostree/boot.1/fedora/0f3b9c /ostree/root.a true; do
        put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=UUID=1 ro ostree=$target"
        withheld
    done
}

@test "the first stage of that image takes neither, and the clearance of an image of this host comes first" {
    stateroot
    bind initrd
    [[ $stderr != *0000:06:00.0* ]] || { show && return 1; }
    freed
    sed 's/\tcleared\t/\tknown\t/; /^end/d' "$CLEARANCE" | put /var/lib/passthrough/clearance
    bind root
    says 0000:06:00.0 'refused: .*there is no clearance for it'
}
