#!/usr/bin/env bats
# What an image knows of the host it was built on: who the devices are, wherever they sit now, and that the host did not need them.

load product
load tree

# Disk A has the root and is behind port 02, disk B, its twin, behind port 03. PCI has a number of each, which shows without a driver.
setup() {
    tree_again clearance && return
    tree_new
    firmware_uuid
    root_port 0000:00:02.0 01
    root_port 0000:00:03.0 02
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme serial=00-25-38-00-00-00-00-01
    disk nvme0n1 259:0 0000:01:00.0
    mounted nvme0n1 /srv ext4
    pci_add 0000:02:00.0 1b36:0010 010802 under=0000:00:03.0 group=2 driver=nvme serial=00-25-38-00-00-00-00-02
    disk nvme1n1 259:1 0000:02:00.0
    nvme_serial 0000:01:00.0 nvme0 S4EWNX0R000001
    nvme_serial 0000:02:00.0 nvme1 S4EWNX0R000002
    rule b '[Match]' Address=02:00.0
    tree_keep clearance
}

# in_initrd: the same machine, early in its next boot. No disk shows, and nothing is mounted.
in_initrd() {
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
    unbind 0000:01:00.0
    unbind 0000:02:00.0
    rm -rf "$(pci_file 0000:01:00.0 nvme)" "$(pci_file 0000:02:00.0 nvme)"
}

unbind() {
    rm -f "$(pci_file "$1" driver)"
}

# shifted: a card in a lower slot has moved the buses up by one.
shifted() {
    local name
    for name in 0000:01:00.0 0000:02:00.0; do pci_remove "$name"; done
    pci_add 0000:02:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 serial=00-25-38-00-00-00-00-01
    pci_add 0000:03:00.0 1b36:0010 010802 under=0000:00:03.0 group=2 serial=00-25-38-00-00-00-00-02
}

@test "storage that the host has cleared goes in the initrd, and the plan on the host says so" {
    plan
    device 0000:02:00.0 bind vfio-pci root
    image_built
    plan
    exits 0
    device 0000:02:00.0 bind vfio-pci initrd
    in_initrd
    plan
    exits 0
    device 0000:02:00.0 bind vfio-pci initrd
}

@test "a disk whose serial number is no text is the same disk in the next boot" {
    local serial
    for serial in $'S\t1' $'S\n1' $'S\xff1' $'S\e[2J1'; do
        nvme_serial 0000:02:00.0 nvme1 "$serial"
        image_built
        plan
        exits 0
        device 0000:02:00.0 bind vfio-pci initrd
        rm -r "$IMAGE" "$ROOT/var/lib/passthrough/clearance"
    done
}

@test "a disk that a process writes to as it is has no clearance; one that is only read has" {
    process 812 ceph-osd /dev/nvme1n1
    put /proc/812/fdinfo/1 $'pos:\t0' $'flags:\t02100000'
    image_built
    plan
    device 0000:02:00.0 bind vfio-pci initrd
    put /proc/812/fdinfo/1 $'pos:\t0' $'flags:\t02140002'
    image_built
    in_initrd
    plan
    exits 1
    refused 0000:02:00.0 'nvme1n1 ← ceph-osd'
}

@test "a process that cannot be looked at may be writing: no disk is cleared" {
    put /proc/812/fd 'no directory'
    plan
    exits 1
    refused 0000:02:00.0 'not cleared: cannot see which programs have devices open'
    image_built
    ! grep -q $'^D\tb\t.*\tcleared\t' "$ROOT/var/lib/passthrough/clearance"
}

@test "without a clearance it waits for the root stage, whatever the rule says" {
    in_initrd
    plan
    device 0000:02:00.0 bind vfio-pci root
    add_line /etc/passthrough.d/b.conf '[Device]' Stage=initrd
    plan
    device 0000:02:00.0 bind vfio-pci root
}

# in_initrd again, by then with a driver for the second disk, which has that number.
at_root_stage() {
    in_initrd
    put /proc/self/mountinfo '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw'
    put /proc/swaps 'Filename Type Size Used Priority'
    mkdir -p "$ROOT/sysroot/etc" "$ROOT/sys/class/block"
    block sda2 8:2 "$(pci_dir 0000:00:1f.2)/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda2"
    nvme_serial 0000:02:00.0 nvme1 "$1"
}

@test "a disk without a number of PCI's waits for the root stage, where its own number has to be what it was" {
    local number kept
    for number in 0000:01:00.0 0000:02:00.0; do
        pci_config 1b36 0010 010802 1af4:1100 '' '' >"$ROOT/sys/$(pci_dir $number)/config"
    done
    image_built
    kept=$BATS_TEST_TMPDIR/kept
    cp -a "$ROOT" "$kept"
    for number in '' Stage=initrd; do
        rule b '[Match]' Address=02:00.0 '[Device]' $number
        rm -rf "$kept" && image_built && cp -a "$ROOT" "$kept"
        plan
        device 0000:02:00.0 bind vfio-pci root
        [[ $(get '.operations[] | select(.op == "hide").value') == *'SUBSYSTEMS=="nvme", ATTRS{serial}=="S4EWNX0R000002", ENV'* ]] || { show && return 1; }
        in_initrd
        plan
        device 0000:02:00.0 bind vfio-pci root
        rm -rf "$ROOT" && cp -a "$kept" "$ROOT"
        at_root_stage S4EWNX0R000002
        plan
        device 0000:02:00.0 bind vfio-pci root
        rm -rf "$ROOT" && cp -a "$kept" "$ROOT"
        at_root_stage S4EWNX0R000009
        plan
        exits 1
        bound
        rm -rf "$ROOT" && cp -a "$kept" "$ROOT"
    done
}

@test "a clearance lapses where the command line says another root" {
    put /proc/cmdline 'BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet'
    image_built
    put /proc/cmdline 'BOOT_IMAGE=/vmlinuz-new root=UUID=1 ro'
    in_initrd
    plan
    device 0000:02:00.0 bind vfio-pci initrd
    put /proc/cmdline 'BOOT_IMAGE=/vmlinuz root=UUID=2 ro quiet'
    plan
    device 0000:02:00.0 bind vfio-pci root
}

@test "a machine whose number cannot be read: nothing is cleared, and what was withheld still is" {
    put /etc/passthrough.d/b.conf '[Match]' Class=nvme '[Device]' Expect=0-
    image_built
    in_initrd
    rm "$ROOT/sys/class/dmi/id/product_uuid"
    mkdir "$ROOT/sys/class/dmi/id/product_uuid"
    plan
    exits 1
    refused 0000:01:00.0 'needed it when this image was built: 0000:01:00.0 ← nvme0n1 ← /srv'
    device 0000:02:00.0 bind vfio-pci root
}

@test "another machine's clearance is none" {
    image_built
    in_initrd
    firmware_uuid 00000000-1111-2222-3333-444444444444
    plan
    device 0000:02:00.0 bind vfio-pci root
}

@test "a machine that its firmware does not tell from others gives no clearance" {
    firmware_uuid 00000000-0000-0000-0000-000000000000
    image_built
    has 'cannot record which devices this host can spare'
    in_initrd
    plan
    device 0000:02:00.0 bind vfio-pci root
}

@test "a changed rule is another rule: what was recorded for it says nothing" {
    image_built
    put /etc/passthrough.d/b.conf '[Match]' Address=02:00.0 '[Device]' Functions=slot
    in_initrd
    plan
    device 0000:02:00.0 bind vfio-pci root
}

@test "renumbered: the right device is followed by its number, and who sits at its address now is not taken" {
    image_built
    shifted
    in_initrd
    plan
    exits 1
    refused 0000:02:00.0 'not the device that was recorded'
    device 0000:03:00.0 bind vfio-pci initrd
    is "$(get '.devices[] | select(.address == "0000:03:00.0").reason')" 'the device recorded at 0000:02:00.0, told by its serial number' reason
}

@test "renumbered twins that nothing tells apart: nothing is taken, and the message says why" {
    image_built
    pci_remove 0000:01:00.0
    pci_remove 0000:02:00.0
    root_port 0000:00:05.0 02
    root_port 0000:00:06.0 03
    pci_add 0000:02:00.0 1b36:0010 010802 under=0000:00:05.0 group=1
    pci_add 0000:03:00.0 1b36:0010 010802 under=0000:00:06.0 group=2
    in_initrd
    plan
    exits 1
    bound
    refused 0000:02:00.0 'no device here now is it'
}

@test "what an image refused is not taken later by a host that knows less" {
    rm "$ROOT/etc/passthrough.d/b.conf"
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 1234:11e8 00ff under=0000:00:05.0 group=5
    rule edu '[Match]' Address=05:00.0
    image_built
    pci_remove 0000:05:00.0
    root_port 0000:00:06.0 05
    pci_add 0000:05:00.0 1234:11e8 00ff under=0000:00:06.0 group=5
    in_initrd
    run -1 --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    rm "$ROOT/etc/initrd-release" "$ROOT/var/lib/passthrough/clearance"
    run -1 --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=edu
    [[ $stderr == *'edu: missing'*'no device here now is it'* ]] || { show && return 1; }
    is "$(cat "$(pci_file 0000:05:00.0 driver_override)")" '(null)' 'its override'
}

@test "a serial number is stronger than the place: the device is followed to another slot" {
    rm "$ROOT/etc/passthrough.d/b.conf"
    root_port 0000:00:05.0 05
    root_port 0000:00:06.0 06
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 serial=3c-ec-ef-ff-ff-12-34-56
    rule gpu '[Match]' Address=05:00.0
    image_built
    pci_remove 0000:05:00.0
    pci_add 0000:06:00.0 10de:1b06 0300 under=0000:00:06.0 group=6 serial=3c-ec-ef-ff-ff-12-34-56
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 serial=3c-ec-ef-ff-ff-00-00-00
    in_initrd
    plan
    exits 1
    device 0000:06:00.0 bind vfio-pci initrd
    refused 0000:05:00.0 'not the device that was recorded'
}

@test "a rule by the serial number of an NVMe disk, which tells it to nobody once its driver does not have it" {
    put "/sys/$(pci_dir 0000:02:00.0)/nvme/nvme1/serial" 'S4EWNX0R987654      '
    rm "$ROOT/etc/passthrough.d/b.conf"
    rule b '[Match]' Serial=S4EWNX0R987654
    image_built
    # A guest has it, and another image is built.
    rm -r "$(pci_file 0000:02:00.0 nvme)"
    ln -sfn ../../../../bus/pci/drivers/vfio-pci "$(pci_file 0000:02:00.0 driver)"
    image_built
    grep -q $'\tS4EWNX0R987654\t' "$ROOT/var/lib/passthrough/clearance"
    in_initrd
    plan
    exits 0
    device 0000:02:00.0 bind vfio-pci initrd
}

@test "an image that is built in a boot with passthrough=off or a skipped rule clears what it would have cleared" {
    local switch
    for switch in passthrough=off passthrough.skip=b; do
        rm -rf "$ROOT/var/lib/passthrough"
        put /proc/cmdline "root=UUID=$ROOT_UUID $switch"
        image_built
        grep -q $'^D\tb\t.*\tcleared\t' "$ROOT/var/lib/passthrough/clearance" || { echo "$switch"; return 1; }
    done
}

@test "a card of the same kind in the place of the recorded one is somebody else, by its serial number" {
    rm "$ROOT/etc/passthrough.d/b.conf"
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 serial=3c-ec-ef-ff-ff-12-34-56
    rule gpu '[Match]' ID=10de:1b06
    image_built
    pci_remove 0000:05:00.0
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5 serial=3c-ec-ef-ff-ff-00-00-00
    in_initrd
    plan
    exits 1
    refused 0000:05:00.0 'not the device that was recorded'
    # An image built by the way, by a kernel update say, does not make it the right one.
    rm "$ROOT/etc/initrd-release"
    image_built
    plan
    exits 1
    refused 0000:05:00.0 'not the device that was recorded'
}

@test "the host's own card, kept by address, is followed, too" {
    rm "$ROOT/etc/passthrough.d/b.conf"
    root_port 0000:00:05.0 05
    root_port 0000:00:06.0 06
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5
    rule 10-host '[Match]' Address=05:00.0 '[Device]' Driver=native
    rule 50-all '[Match]' ID=10de:1b06 '[Device]' Expect=0-
    image_built
    pci_remove 0000:05:00.0
    pci_add 0000:06:00.0 10de:1b06 0300 under=0000:00:05.0 group=5
    in_initrd
    plan
    device 0000:06:00.0 keep
}

@test "new company in a recorded group holds the rule and is named" {
    rm "$ROOT/etc/passthrough.d/b.conf"
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 10de:1b06 0300 under=0000:00:05.0 group=5
    rule gpu '[Match]' Address=05:00.0 '[Device]' IOMMUGroup=complete
    image_built
    in_initrd
    plan
    device 0000:05:00.0 bind vfio-pci initrd
    pci_add 0000:00:19.0 1234:11e8 00ff group=5
    plan
    exits 1
    bound
    refused 0000:05:00.0 '0000:00:19.0 \(1234:11e8\).*was not there'
}

@test "a file that is no clearance, or half of one, clears nothing, and hides what was withheld" {
    image_built
    local whole
    whole=$(<"$ROOT/var/lib/passthrough/clearance")
    in_initrd
    local text
    for text in '' garbage $'passthrough-clearance 2\nD' $'passthrough-clearance 1\nD\tb\nM' $'passthrough-clearance 1\nM\nC'; do
        put /var/lib/passthrough/clearance "$text"
        plan
        refused 0000:02:00.0 'not cleared: .*clearance cannot be read to its end; remove it'
    done
    # Without its last lines, whole lines as they are.
    head -n -2 <<<"$whole" >"$ROOT/var/lib/passthrough/clearance"
    plan
    refused 0000:02:00.0 'clearance cannot be read to its end'
    rm "$ROOT/var/lib/passthrough/clearance"
    mkdir "$ROOT/var/lib/passthrough/clearance"
    plan
    refused 0000:02:00.0 'clearance cannot be read to its end'
    rmdir "$ROOT/var/lib/passthrough/clearance"
    plan
    device 0000:02:00.0 bind vfio-pci root
}

@test "what was captured of the machine knows its clearance, without its numbers" {
    image_built
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    run -1 grep -rl 4c4c4544-0051-3510-8052-b4c04f4a3233 "$BATS_TEST_TMPDIR/captured"
    ROOT=$BATS_TEST_TMPDIR/captured
    plan
    device 0000:02:00.0 bind vfio-pci initrd
}

@test "what the host needed when the image was built is not taken at the root stage, however little shows there" {
    put /etc/passthrough.d/b.conf '[Match]' Class=nvme '[Device]' Expect=0-
    image_built
    put /etc/initrd-release ID=debian
    mkdir -p "$ROOT/sysroot/etc"
    printf '%s\n' '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw' >"$ROOT/proc/self/mountinfo"
    plan
    exits 1
    refused 0000:01:00.0 'needed it when this image was built: 0000:01:00.0 ← nvme0n1 ← /srv'
    bound 0000:02:00.0
}

@test "at the root stage, a disk whose volume group the host has a backup of is not taken without a clearance" {
    local mounts
    mounts=$(<"$ROOT/proc/self/mountinfo")
    udev_tags nvme1n1 ID_FS_TYPE=LVM2_member ID_FS_UUID=aBcDeF-1234-5678-9abc-def0-1234-56789a
    put /sysroot/etc/lvm/backup/data 'id = "aBcDeF-1234-5678-9abc-def0-1234-56789a"'
    put /etc/initrd-release ID=debian
    put /proc/self/mountinfo '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw'
    plan
    refused 0000:02:00.0 'not cleared: nvme1n1 has volume group data'
    rm "$ROOT/etc/initrd-release"
    put /proc/self/mountinfo "$mounts"
    image_built
    put /etc/initrd-release ID=debian
    put /proc/self/mountinfo '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw'
    plan
    device 0000:02:00.0 bind vfio-pci initrd
}

@test "an image that is built while nothing carries a route clears no interface, and forgets none that was cleared" {
    root_port 0000:00:05.0 05
    root_port 0000:00:06.0 06
    pci_add 0000:05:00.0 8086:10d3 0200 under=0000:00:05.0 group=5 driver=e1000e
    nic eno5 0000:05:00.0
    pci_add 0000:06:00.0 8086:10d3 0200 under=0000:00:06.0 group=6 driver=e1000e
    nic eno6 0000:06:00.0 up
    rule nic '[Match]' Address=05:00.0
    : >"$ROOT/proc/net/route"
    image_built
    put /etc/initrd-release ID=debian
    plan
    refused 0000:05:00.0 'not cleared'
    rm "$ROOT/etc/initrd-release"
    default_route eno6
    image_built
    : >"$ROOT/proc/net/route"
    image_built
    put /etc/initrd-release ID=debian
    plan
    device 0000:05:00.0 bind vfio-pci root
}

# unseen: the moment of an image's making sees no network at all, as a service with PrivateNetwork=yes.
unseen() {
    rm -f "$ROOT"/proc/net/{route,ipv6_route,if_inet6} "$ROOT"/passthrough-{routes,addresses}
    mkdir "$ROOT/proc/net/route"
}

@test "an image that is built where no network shows frees no uplink, and forgets no card that was cleared" {
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 8086:10d3 0200 under=0000:00:05.0 group=5 driver=e1000e
    nic eno5 0000:05:00.0
    default_route eno5
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 8086:10d3 0200 under=0000:00:06.0 group=6 driver=e1000e
    nic eno6 0000:06:00.0
    rule nics '[Match]' Class=network '[Device]' Expect=0-
    image_built
    cp "$ROOT/var/lib/passthrough/clearance" "$BATS_TEST_TMPDIR/before"
    unseen
    plan
    refused 0000:06:00.0 '^not cleared: '
    image_built
    diff <(grep -o '0000:0[56]:00.0.*' "$BATS_TEST_TMPDIR/before") <(grep -o '0000:0[56]:00.0.*' "$ROOT/var/lib/passthrough/clearance")
    in_initrd
    unbind 0000:05:00.0
    unbind 0000:06:00.0
    plan
    refused 0000:05:00.0 '^the host needed it when this image was built: '
    bound 0000:02:00.0 0000:06:00.0
}

@test "a radio is a network controller to the guard, though not to Class=" {
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 17cb:0306 0d40 under=0000:00:05.0 group=5
    rule wwan '[Match]' Address=05:00.0
    put /etc/initrd-release ID=debian
    plan
    refused 0000:05:00.0 'network controller'
}

@test "a clearance is no answer to what became unknown since: on the host, and in its next image" {
    image_built
    add_line /etc/fstab '/dev/srv/data /srv/data ext4 defaults 0 2'
    plan
    exits 1
    refused 0000:02:00.0 '/dev/srv/data'
    image_built
    ! grep -q $'^D\tb\t.*\tcleared\t' "$ROOT/var/lib/passthrough/clearance"
}

@test "a clearance that does not say for which root it was given has lapsed" {
    image_built
    sed -i '/^C/d; s/^end .*/end/' "$ROOT/var/lib/passthrough/clearance"
    in_initrd
    plan
    device 0000:02:00.0 bind vfio-pci root
}

@test "a root stage that finds no root file system takes no disk" {
    image_built
    rm "$ROOT/var/lib/passthrough/clearance"
    in_initrd
    run -1 --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    [[ $stderr == *'0000:02:00.0 refused: not cleared'* ]] || { show && return 1; }
    is "$(cat "$(pci_file 0000:02:00.0 driver_override)")" '(null)' 'its override'
}
