# Storage, network and USB controllers: refused where the host is seen to use them, or where that cannot be seen.

load product
load tree

# A second disk, a network card and a USB controller, none of them in use. sda on the AHCI controller has the root.
setup() {
    tree_again use && return
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme
    disk nvme0n1 259:0 0000:01:00.0
    part nvme0n1p1 259:1
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 8086:10d3 0200 under=0000:00:03.0 group=2 driver=e1000e
    nic eno1 0000:02:00.0
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=3 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:14.0
    rule nvme '[Match]' Address=01:00.0
    rule nic '[Match]' Address=02:00.0
    rule usb '[Match]' Address=00:14.0
    tree_keep use
}

# in_use ADDRESS REASON [OTHERS]: the plan refuses this one, and still takes the other two, or as many as there are OTHERS.
in_use() {
    plan
    exits 1 && refused "$1" "$2" && is "$(get '[.devices[] | select(.action == "bind")] | length')" "${3-2}" 'others taken'
}

@test "controllers that nobody uses are taken, at stage root" {
    plan
    exits 0
    device 0000:01:00.0 bind vfio-pci root
    device 0000:02:00.0 bind vfio-pci root
    device 0000:00:14.0 bind vfio-pci root
}

@test "in an initrd that holds no clearance, Stage=initrd is refused for network and USB, and a disk waits for the root" {
    local name
    for name in nvme nic usb; do
        add_line /etc/passthrough.d/$name.conf '[Device]' Stage=initrd
    done
    plan
    exits 0
    put /etc/initrd-release ID=debian
    plan
    exits 1
    bound 0000:01:00.0
    device 0000:01:00.0 bind vfio-pci root
    refused 0000:02:00.0 .
    refused 0000:00:14.0 .
}

@test "Stage=initrd is refused for serial controllers only where the plan says why, and never for others" {
    pci_add 0000:00:05.0 1234:11e8 00ff group=40
    rule edu '[Match]' Address=00:05.0 '[Device]' Stage=initrd
    plan
    exits 0
    device 0000:00:05.0 bind vfio-pci initrd
}

@test "the root disk's controller is refused, whatever the rule says" {
    rule ahci '[Match]' Address=00:1f.2 '[Device]' IOMMUGroup=complete Functions=slot AllowBootDisplay=yes
    plan
    exits 1
    refused 0000:00:1f.2 'sda'
    untouched 0000:00:1f.3
}

@test "a mounted partition, or a whole mounted disk" {
    mounted nvme0n1p1 /srv ext4
    in_use 0000:01:00.0 /srv
}

@test "a whole mounted disk" {
    mounted nvme0n1 /srv xfs
    in_use 0000:01:00.0 /srv
}

@test "a mount that only its device numbers tell" {
    add_line /proc/self/mountinfo '99 27 259:1 / /srv rw - ext4 /dev/root rw'
    in_use 0000:01:00.0 .
}

@test "a mount that only its source tells, as btrfs has it" {
    add_line /proc/self/mountinfo '99 27 0:45 /@srv /srv rw - btrfs /dev/nvme0n1p1 rw'
    in_use 0000:01:00.0 .
}

@test "a mount by way of a link below /dev" {
    mkdir -p "$ROOT/dev/disk/by-label"
    : >"$ROOT/dev/nvme0n1p1"
    ln -s ../../nvme0n1p1 "$ROOT/dev/disk/by-label/srv"
    add_line /proc/self/mountinfo '99 27 0:45 / /srv rw - btrfs /dev/disk/by-label/srv rw'
    in_use 0000:01:00.0 .
}

@test "another member of a mounted btrfs" {
    add_line /proc/self/mountinfo '99 27 0:45 / /srv rw - btrfs /dev/sda2 rw'
    mkdir -p "$ROOT/sys/fs/btrfs/5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11/devices"
    local name target
    for name in sda2 nvme0n1p1; do
        target=$(readlink "$ROOT/sys/class/block/$name")
        link fs/btrfs/5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11/devices/$name "${target#../../}"
    done
    in_use 0000:01:00.0 .
}

@test "a bcachefs of several members, which only the source tells" {
    add_line /proc/self/mountinfo '99 27 0:46 / /srv rw - bcachefs /dev/sda2:/dev/nvme0n1p1 rw'
    in_use 0000:01:00.0 .
}

@test "zfs, of which no file says where its pool is" {
    add_line /proc/self/mountinfo '99 27 0:47 / /tank rw - zfs tank rw,xattr'
    in_use 0000:01:00.0 zfs 1 # USB: a disk of the pool may be there
}

@test "a disk that fstab may mean, by a tag that nothing here resolves" {
    put /etc/fstab '# comment' 'UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 / ext4 defaults 0 1' 'proc /proc proc defaults 0 0' \
        'tmpfs /tmp tmpfs defaults 0 0' 'nas:/export /mnt nfs defaults 0 0' '/dev/sr0 /cdrom udf noauto 0 0'
    plan
    exits 0
    add_line /etc/fstab 'UUID=0f0e0d0c-0000-0000-0000-000000000000 /archive xfs noauto 0 0'
    in_use 0000:01:00.0 /archive 1
}

@test "a mount point with blanks in it, and a mount with optional fields, are still read" {
    add_line /proc/self/mountinfo '99 27 259:1 / /srv/my\040disk rw shared:1 master:2 propagate_from:3 - ext4 /dev/nvme0n1p1 rw'
    in_use 0000:01:00.0 .
}

@test "a loop device is on what its file is on; of one without a file nothing is known" {
    stacked loop0 7:0
    mounted loop0 /mnt squashfs
    put /sys/class/block/loop0/loop/backing_file /var/lib/images/a.squashfs
    plan
    exits 0
    rm -r "$ROOT/sys/class/block/loop0/loop"
    in_use 0000:01:00.0 'loop0 is in use' 0
}

@test "swap, on a partition" {
    swap_on nvme0n1p1
    in_use 0000:01:00.0 '[Ss]wap'
}

@test "a holder: device mapper, even if nothing is mounted from it" {
    stacked dm-0 253:0 nvme0n1p1
    in_use 0000:01:00.0 dm-0
}

@test "a mount high up: ext4 on LVM on LUKS on md on two disks" {
    pci_add 0000:00:17.0 1b36:0010 010802 group=50 driver=nvme
    disk nvme1n1 259:10 0000:00:17.0
    rule other '[Match]' Address=00:17.0
    stacked md0 9:0 nvme0n1p1 nvme1n1
    stacked dm-0 253:0 md0
    stacked dm-1 253:1 dm-0
    mounted dm-1 /data ext4
    plan
    exits 1
    refused 0000:01:00.0 .
    refused 0000:00:17.0 .
}

@test "slaves that go round in a circle do not hang" {
    stacked dm-0 253:0 nvme0n1p1
    stacked dm-1 253:1 dm-0
    link devices/virtual/block/dm-0/slaves/dm-1 devices/virtual/block/dm-1
    link devices/virtual/block/dm-1/holders/dm-0 devices/virtual/block/dm-0
    mounted dm-1 /data ext4
    in_use 0000:01:00.0 .
}

@test "NVMe native multipath: the mounted head hangs off the subsystem, not off the controller" {
    local head=devices/virtual/nvme-subsystem/nvme-subsys5
    pci_add 0000:00:17.0 1b36:0010 010802 group=50 driver=nvme
    nvme_serial 0000:00:17.0 nvme5 lab
    link $head/nvme5 "$(pci_dir 0000:00:17.0)/nvme/nvme5"
    link "$(pci_dir 0000:00:17.0)/nvme/nvme5/subsystem" class/nvme
    link class/nvme-subsystem/nvme-subsys5 $head
    # The path itself is a hidden disk: listed, and without numbers.
    block nvme5c5n1 0:0 "$(pci_dir 0000:00:17.0)/nvme/nvme5/nvme5c5n1"
    rm "$ROOT/sys/class/block/nvme5c5n1/dev"
    block nvme5n1 259:50 $head/nvme5n1
    mounted nvme5n1 /srv ext4
    rule mp '[Match]' Address=00:17.0
    plan
    exits 1
    refused 0000:00:17.0 .
}

@test "a disk behind a virtio function that sits one level deeper" {
    pci_add 0000:00:18.0 1af4:1042 0100 group=51 driver=virtio-pci
    disk vda 254:0 0000:00:18.0
    mounted vda /srv ext4
    rule virtio '[Match]' Address=00:18.0
    plan
    exits 1
    refused 0000:00:18.0 vda
}

@test "mounts that cannot be read clear nothing" {
    rm "$ROOT/proc/self/mountinfo" "$ROOT/proc/mounts"
    in_use 0000:01:00.0 . 1
}

@test "a mountinfo that is empty, or has no root in it, is no view of a running host, and clears nothing" {
    : >"$ROOT/proc/self/mountinfo"
    in_use 0000:01:00.0 . 1
    echo '22 27 0:21 / /proc rw,relatime - proc proc rw' >"$ROOT/proc/self/mountinfo"
    in_use 0000:01:00.0 . 1
}

@test "swaps that cannot be read clear nothing" {
    rm "$ROOT/proc/swaps"
    in_use 0000:01:00.0 . 1
}

@test "block devices that cannot be read clear nothing" {
    rm -r "$ROOT/sys/class/block"
    in_use 0000:01:00.0 . 1
}

@test "an interface that is up carries nothing of the host by that alone" {
    printf '0x1003\n' >"$(pci_file 0000:02:00.0 net/eno1/flags)"
    plan
    exits 0
}

@test "where the default route is on ppp0, an interface that is up may carry it, one that is down does not" {
    net_virtual ppp0
    default_route ppp0
    plan
    exits 0
    printf '0x1003\n' >"$(pci_file 0000:02:00.0 net/eno1/flags)"
    in_use 0000:02:00.0 ppp0
}

@test "the default route" {
    default_route eno1
    in_use 0000:02:00.0 '(eno1.*route|route.*eno1)'
}

@test "a configured address, IPv4" {
    net_address eno1
    in_use 0000:02:00.0 eno1
}

@test "a configured address, IPv6 alone" {
    net_address6 eno1
    in_use 0000:02:00.0 eno1
}

@test "an interface whose name is the beginning of another's is not that one" {
    pci_add 0000:00:19.0 8086:10d3 0200 group=55 driver=e1000e
    nic eno1np0 0000:00:19.0
    nic eno1d1 0000:00:19.0
    default_route eno1np0
    net_address6 eno1d1
    plan
    exits 0
}

@test "the default route on a VLAN on a bridge on a bond, whose members are down by themselves" {
    net_over bond0 eno1
    net_over br0 bond0
    net_over br0.5 br0
    default_route br0.5
    in_use 0000:02:00.0 .
}

@test "a member of a bond that carries nothing is free; one that carries a route is not" {
    net_over bond0 eno1
    plan
    exits 0
    net_address bond0
    in_use 0000:02:00.0 'eno1 ← bond0'
}

@test "the second port of a card whose first is in use is not refused for it, unless the group is" {
    pci_add 0000:02:00.1 8086:10d3 0200 under=0000:00:03.0 group=52 driver=e1000e
    nic eno2 0000:02:00.1 up
    net_address eno2
    rm "$ROOT"/etc/passthrough.d/*
    rule nic '[Match]' Address=02:00.0
    plan
    exits 0
    bound 0000:02:00.0
    add_line /etc/passthrough.d/nic.conf '[Device]' Functions=slot
    plan
    exits 1
    untouched 0000:02:00.1
}

@test "a network function that has two interfaces, one of them in use" {
    nic eno1d1 0000:02:00.0 up
    net_address eno1d1
    in_use 0000:02:00.0 eno1d1
}

@test "a PF is refused while the interface of a VF of it is in use" {
    pci_add 0000:02:10.0 8086:10ca 0200 under=0000:00:03.0 group=53 physfn=0000:02:00.0 index=0
    nic eno1v0 0000:02:10.0 up
    in_use 0000:02:00.0 .
}

@test "routes that cannot be read clear nothing" {
    rm "$ROOT/proc/net/route" "$ROOT/proc/net/ipv6_route"
    in_use 0000:02:00.0 . 1
    refused 0000:00:14.0 '^not cleared: '
}

@test "interfaces that cannot be read clear nothing" {
    rm -r "$ROOT/sys/class/net"
    in_use 0000:02:00.0 . 1
    refused 0000:00:14.0 '^not cleared: '
}

@test "a keyboard, where nobody is asked for a passphrase, and where somebody is" {
    usb_device 1-2 046d:c31c 03
    keyboard input7 "$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0"
    plan
    exits 0
    put /etc/crypttab 'data /dev/sda3 none luks'
    block sda3 8:3 "$(readlink "$ROOT/sys/class/block/sda" | sed 's,^../../,,')/sda3"
    in_use 0000:00:14.0 'the only keyboard'
}

@test "two keyboards, on two controllers: one of them may go, not both" {
    put /etc/crypttab 'data /dev/sda2 none luks'
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=60 driver=xhci_hcd
    keyboard input7 "$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0"
    keyboard input8 "$(pci_dir 0000:00:15.0)/usb3/3-2/3-2:1.0"
    plan
    exits 0
    rule usb2 '[Match]' Address=00:15.0
    plan
    exits 1
    refused 0000:00:14.0 'the only keyboard'
    refused 0000:00:15.0 'the only keyboard'
}

@test "keyboards that cannot be read clear no USB controller where a passphrase may be asked" {
    put /etc/crypttab 'data /dev/sda2 none luks'
    in_use 0000:00:14.0 keyboard
}

@test "a keyboard on the controller in a graphics card's slot: that function is not taken, nor the card whose group it is" {
    root_port 0000:00:04.0 05
    pci_add 0000:05:00.0 10de:1e04 0300 under=0000:00:04.0 group=54
    pci_add 0000:05:00.1 10de:10f7 0403 under=0000:00:04.0 group=54
    pci_add 0000:05:00.2 10de:1ad6 0c0330 under=0000:00:04.0 group=54 driver=xhci_hcd
    pci_add 0000:05:00.3 10de:1ad7 0c80 under=0000:00:04.0 group=54
    usb_bus 3 0000:05:00.2
    usb_device 3-1 046d:c31c 03
    keyboard input7 "$(pci_dir 0000:05:00.2)/usb3/3-1/3-1:1.0"
    put /etc/crypttab 'data /dev/sda2 none luks'
    rule gpu '[Match]' Address=05:00.0
    plan
    exits 1
    refused 0000:05:00.2 keyboard
    untouched 0000:05:00.0 0000:05:00.1 0000:05:00.3
}

@test "a card with a USB function, as every Turing has: what the host's plan promises is what the initrd does" {
    root_port 0000:00:04.0 05
    pci_add 0000:05:00.0 10de:1e04 0300 under=0000:00:04.0 group=54
    pci_add 0000:05:00.1 10de:10f7 0403 under=0000:00:04.0 group=54
    pci_add 0000:05:00.2 10de:1ad6 0c0330 under=0000:00:04.0 group=54 driver=xhci_hcd
    pci_add 0000:05:00.3 10de:1ad7 0c80 under=0000:00:04.0 group=54
    usb_bus 3 0000:05:00.2
    rm "$ROOT"/etc/passthrough.d/*
    rule gpu '[Match]' Address=05:00.0
    firmware_uuid
    image_built
    local on_host in_initrd
    plan
    exits 0
    on_host=$(get '.devices[] | select(.stage == "initrd") | "\(.address) \(.action)"')
    put /etc/initrd-release 'ID=debian'
    plan
    in_initrd=$(get '.devices[] | select(.stage == "initrd") | "\(.address) \(.action)"')
    is "$in_initrd" "$on_host" 'the plan in the initrd'
}

@test "one group, two rules: both wait for the later stage, and what the host's plan says is what the initrd's does" {
    pci_add 0000:02:00.1 1234:11e8 00ff under=0000:00:03.0 group=2
    rule edu '[Match]' Address=02:00.1
    firmware_uuid
    image_built
    plan
    device 0000:02:00.1 bind vfio-pci root
    local on_host
    on_host=$(get '.devices[] | select(.address == "0000:02:00.1") | "\(.action) \(.stage)"')
    put /etc/initrd-release ID=debian
    plan
    is "$(get '.devices[] | select(.address == "0000:02:00.1") | "\(.action) \(.stage)"')" "$on_host" 'the plan in the initrd'
    rm "$ROOT/etc/initrd-release"
    add_line /etc/passthrough.d/edu.conf '[Device]' Stage=root
    plan
    exits 0
    device 0000:02:00.0 bind vfio-pci root
    device 0000:02:00.1 bind vfio-pci root
}

@test "a USB stick that is mounted: its controller is in use twice over" {
    usb_device 1-2 0781:5581 08
    local dir
    dir=$(pci_dir 0000:00:14.0)/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0/block/sdb
    block sdb 8:16 "$dir"
    mounted sdb /media ext4
    in_use 0000:00:14.0 .
}

@test "a network interface or disk below a function of another class counts too" {
    pci_add 0000:00:19.0 1af4:1041 ff00 group=55 driver=virtio-pci
    nic ens9 0000:00:19.0 up
    net_address ens9
    pci_add 0000:00:1a.0 1af4:1042 ff00 group=56 driver=virtio-pci
    disk vdb 254:16 0000:00:1a.0
    mounted vdb /srv ext4
    rule odd-nic '[Match]' Address=00:19.0
    rule odd-disk '[Match]' Address=00:1a.0
    plan
    exits 1
    refused 0000:00:19.0 ens9
    refused 0000:00:1a.0 vdb
}

@test "an interface that has a driver, and is nowhere to be seen, is in another network namespace" {
    rm "$ROOT/sys/class/net/eno1"
    rm -r "$(pci_file 0000:02:00.0 net)"
    in_use 0000:02:00.0 .
}

@test "a storage controller without a driver is unknown, and refused" {
    pci_add 0000:00:1c.0 1b36:0010 010802 group=58
    rule idle '[Match]' Address=00:1c.0
    plan
    exits 1
    refused 0000:00:1c.0 .
}

@test "a storage controller that vfio-pci has already is not the host's" {
    pci_add 0000:00:1d.0 1b36:0010 010802 group=59 driver=vfio-pci override=vfio-pci
    rule guest '[Match]' Address=00:1d.0
    plan
    exits 0
    device 0000:00:1d.0 bind vfio-pci root
}

@test "a network controller without a driver has nothing that could be used" {
    pci_add 0000:00:1b.0 8086:10d3 0200 group=57
    rule idle '[Match]' Address=00:1b.0
    plan
    exits 0
    device 0000:00:1b.0 bind vfio-pci root
}

@test "use means nothing to Driver=native" {
    mounted nvme0n1p1 /srv ext4
    add_line /etc/passthrough.d/nvme.conf '[Device]' Driver=native
    plan
    exits 0
    device 0000:01:00.0 keep
}

@test "a group of which one member is in use is refused whole, also under complete" {
    pci_add 0000:01:00.1 1234:11e8 00ff under=0000:00:02.0 group=1
    mounted nvme0n1p1 /srv ext4
    rm "$ROOT/etc/passthrough.d/nvme.conf"
    rule edu '[Match]' Address=01:00.1 '[Device]' IOMMUGroup=complete
    plan
    exits 1
    refused 0000:01:00.0 .
    untouched 0000:01:00.1
}

@test "a disk of a volume group, an array or a pool that the host has had in its hands, though nothing is active" {
    udev_tags nvme0n1p1 ID_FS_TYPE=LVM2_member ID_FS_UUID=aBcDeF-1234-5678-9abc-def0-1234-56789a
    plan
    exits 0
    put /etc/lvm/backup/data 'data {' '  physical_volumes { pv0 { id = "aBcDeF-1234-5678-9abc-def0-1234-56789a" } }' '}'
    plan
    exits 0 # on a host that is up it would be active
    rm -r "$ROOT/etc/lvm"
    udev_tags nvme0n1p1 ID_FS_TYPE=linux_raid_member ID_FS_UUID=0badcafe-1111-2222-3333-444455556666
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md/0 metadata=1.2 UUID=0badcafe:11112222:33334444:55556667 name=h:0'
    plan
    exits 0
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md/0 metadata=1.2 UUID=0badcafe:11112222:33334444:55556666 name=h:0'
    in_use 0000:01:00.0 'mdadm.conf'
    udev_tags nvme0n1p1 ID_FS_TYPE=zfs_member ID_FS_LABEL_ENC=tank
    plan
    exits 0
    put /etc/zfs/zpool.cache 'cut short'
    in_use 0000:01:00.0 'is not whole'
    printf 'xxother\0\0\0\0\0\0\0\0' >"$ROOT/etc/zfs/zpool.cache"
    plan
    exits 0
    printf 'xxtank\0\0\0\0\0\0\0\0' >"$ROOT/etc/zfs/zpool.cache"
    in_use 0000:01:00.0 'zfs pool tank, which zpool.cache names'
}

@test "a token that crypttab wants may be on any USB controller, also behind a line that asks for a passphrase" {
    keyboard input1 devices/platform/i8042/serio0
    put /etc/crypttab 'data /dev/sda2 none luks'
    plan
    exits 0
    add_line /etc/crypttab 'more /dev/sda2 - fido2-device=auto'
    in_use 0000:00:14.0 'token for more'
}

@test "what hides a disk until the root is known hides nothing from the host" {
    plan
    [[ $(get '.operations[] | select(.op == "hide" and (.target | endswith(".rules"))).value') == 'TEST=="/etc/initrd-release", '* ]]
}
