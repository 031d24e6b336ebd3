# Disks of the host that no mount of a device leads to: what they hold, where the host has written that down, and of which
# parts of it nothing is known. Beside each stands a disk that goes, unless nothing can be known of any.

load product
load tree
load tree-guard

UUID=0f0e0d0c-1111-4222-8333-444455556666
OTHER=0f0e0d0c-1111-4222-8333-777755556666

# The root is on sda, behind AHCI. Three NVMe disks, of which rules may take any, and a network card beside the uplink's.
setup() {
    candidates 0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0
    tree_again proven-storage && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    tags sda1 UUID=ABCD-0123 TYPE=vfat
    part sda3 8:3
    local i
    for i in 1 2 3; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 1b36:0010 010802 under=0000:00:0$i.0 group=$i driver=nvme
        disk nvme$((i - 1))n1 259:${i}0 0000:0$i:00.0
        part nvme$((i - 1))n1p1 259:${i}1
        part nvme$((i - 1))n1p2 259:${i}2
        tags nvme$((i - 1))n1p1 link=disk/by-id/disk-$i-part1
    done
    root_port 0000:00:04.0 04
    pci_add 0000:04:00.0 8086:10fb 020000 under=0000:00:04.0 group=4 driver=ixgbe
    nic ens4 0000:04:00.0
    rule nvme '[Match]' Class=nvme '[Device]' Expect=0-
    rule nic '[Match]' Address=04:00.0
    tree_keep proven-storage
}

again() { tree_again proven-storage; }

# line TOKENS: the whole command line.
line() { put /proc/cmdline "root=UUID=$ROOT_UUID ro $*"; }

nvmes() { echo 0000:01:00.0 0000:02:00.0 0000:03:00.0; }

# no_disk WHAT: no disk goes, for a reason that says WHAT; the network card does.
no_disk() {
    # shellcheck disable=SC2046
    unclear "$1" $(nvmes)
}

# first_needs CHAIN: the first disk stays with that chain; everything else goes.
first_needs() { needs 0000:01:00.0 "$1"; }

# mount_line TARGET TYPE SOURCE [OPTIONS] [NUMBERS]
mount_line() {
    add_line /proc/self/mountinfo "77 27 ${5:-0:77} / $1 rw,relatime shared:9 - $2 $3 ${4:-rw}"
}

@test "nothing of all this: all go" {
    needs_nothing
}

# --- what is mounted

@test "a root of a type that is on a disk for all that is known" {
    local type
    for type in erofs ubifs bcachefs jffs2 betterfs2 squashfs; do
        again
        root_is "30 1 0:77 / / rw,relatime shared:1 - $type none rw"
        no_disk "/ is $type" || return 1
    done
}

@test "a root that a process makes, or the host of a virtual machine shares" {
    local type
    for type in fuse.mergerfs fuse tmpfs ramfs; do
        again
        root_is "30 1 0:77 / / rw,relatime shared:1 - $type none rw"
        no_disk "the root file system is $type" || return 1
    done
    for type in 9p virtiofs; do
        again
        root_is "30 1 0:77 / / rw,relatime shared:1 - $type root rw"
        unclear "the root file system is $type" "${CANDIDATES[@]}" || return 1
    done
}

@test "a root over NFS is on no disk" {
    root_is '30 1 0:77 / / rw,relatime shared:1 - nfs4 10.0.0.1:/root rw,addr=10.0.0.1'
    needs_nothing
}

@test "another mount of a type that nobody knows, and of those that everybody does" {
    mount_line /srv betterfs2 none
    no_disk '/srv is betterfs2'
    again
    local type
    for type in tmpfs cgroup2 nfs4 cifs fuse.sshfs fuse.lxcfs 9p virtiofs; do mount_line /mnt/$type $type none; done
    needs_nothing
}

@test "bcachefs of two members, and of one that is not here" {
    mount_line /srv bcachefs /dev/nvme0n1p1:/dev/nvme1n1p1
    needs 0000:01:00.0 'nvme0n1p1 ← /srv' 0000:02:00.0 'nvme1n1p1 ← /srv'
    mount_line /srv2 bcachefs /dev/nvme0n1p1:/dev/nvme7n1p1
    plan
    refused 0000:03:00.0 'nvme7n1p1 is mounted at /srv2'
}

@test "a line of mountinfo, of swaps, of fstab or of crypttab that is not whole" {
    add_line /proc/self/mountinfo '78 27 8:x / /srv rw - ext4 /dev/sda9 rw'
    unclear 'a line of /proc/self/mountinfo is not whole' "${CANDIDATES[@]}"
    again
    add_line /proc/swaps '/dev/sda9'
    unclear 'a line of /proc/swaps is not whole' "${CANDIDATES[@]}"
    again
    add_line /etc/fstab '/dev/sda9 /srv'
    no_disk '/etc/fstab has a line that is not whole'
    again
    add_line /etc/crypttab 'secret'
    no_disk '/etc/crypttab has a line that is not whole'
}

@test "an image-based host: the layers of its root are below /sysroot, on a disk" {
    root_is '30 1 0:77 / / ro,relatime shared:1 - overlay composefs ro,lowerdir=/run/ostree/.private/cfsroot-lower::/sysroot/ostree/repo/objects,redirect_dir=on,metacopy=on'
    mount_line /sysroot ext4 /dev/nvme0n1p2 rw 259:12
    first_needs 'nvme0n1p2 ← /sysroot'
    again
    root_is '30 1 0:77 / / ro,relatime shared:1 - overlay composefs ro,lowerdir+=/run/ostree/.private/cfsroot-lower,datadir+=/sysroot/ostree/repo/objects'
    no_disk '/ is overlay'
    again
    root_is '30 1 0:77 / / ro,relatime shared:1 - overlay composefs:abcdef ro,lowerdir+=/,datadir+=/sysroot/composefs/objects'
    mount_line /sysroot ext4 /dev/nvme0n1p2 rw 259:12
    first_needs 'nvme0n1p2 ← /sysroot'
}

@test "an image of a file below /sysroot as the root" {
    root_is '30 1 0:77 / / ro,relatime shared:1 - erofs /sysroot/images/root.erofs ro'
    mount_line /sysroot ext4 /dev/nvme0n1p2 rw 259:12
    first_needs 'nvme0n1p2 ← /sysroot'
    again
    root_is '30 1 0:77 / / ro,relatime shared:1 - erofs /sysroot/images/root.erofs ro'
    no_disk '/ is erofs'
}

@test "an overlay whose layers are in memory, or hidden" {
    root_is '30 1 0:77 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/run/rootfsbase,upperdir=/run/overlayfs,workdir=/run/ovlwork'
    mount_line /run tmpfs tmpfs
    no_disk '/ is overlay'
}

@test "layers of containers are nobody's concern" {
    mount_line /var/lib/docker/overlay2/x/merged overlay overlay 'rw,lowerdir=l/AB:l/CD,upperdir=/var/lib/docker/overlay2/x/diff'
    needs_nothing
}

@test "a live system: its root's layer is a loop device of a file on a stick" {
    root_is '30 1 0:77 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/run/rootfsbase,upperdir=/run/overlayfs'
    mount_line /run tmpfs tmpfs rw 0:25
    mount_line /run/initramfs/live iso9660 /dev/nvme0n1 ro 259:10
    loop loop0 7:0 /run/initramfs/live/LiveOS/squashfs.img
    mount_line /run/rootfsbase squashfs /dev/loop0 ro 7:0
    first_needs 'nvme0n1 ← /run/initramfs/live'
}

@test "a loop device whose file is on nothing that shows" {
    loop loop0 7:0 /images/root.img
    root_is '30 1 7:0 / / rw,relatime shared:1 - ext4 /dev/loop0 rw'
    unclear 'loop0 is in use' "${CANDIDATES[@]}"
}

@test "a root on a loop device that is mounted twice, whose file is below both" {
    loop loop0 7:0 /var/lib/root.img
    root_is '30 1 7:0 / / rw,relatime shared:1 - ext4 /dev/loop0 rw'
    mount_line /var/lib ext4 /dev/loop0 rw 7:0
    unclear 'loop0 is in use' "${CANDIDATES[@]}"
    mount_line /var xfs /dev/nvme0n1p1 rw 259:11
    first_needs 'nvme0n1p1 ← loop0 ← /'
}

@test "btrfs that the kernel calls /dev/root: as root= names it" {
    root_is '30 1 0:77 / / rw,relatime shared:1 - btrfs /dev/root rw'
    put /proc/cmdline 'root=/dev/nvme0n1p2 ro'
    first_needs 'nvme0n1p2 ← /'
    put /proc/cmdline 'root=PARTUUID=11111111-2222-3333-4444-555555555555 ro'
    no_disk '/dev/root is mounted at /'
}

# --- over a network

@test "a root that comes over a network without IP, or whose way does not show, holds back network cards" {
    block nbd0 43:0 devices/virtual/block/nbd0
    block 'etherd!e0.0' 152:0 'devices/virtual/block/etherd!e0.0'
    block nvme7n1 259:70 devices/virtual/nvme-fabrics/ctl/nvme7/nvme7n1
    put /sys/devices/virtual/nvme-fabrics/ctl/nvme7/transport tcp
    link class/nvme/nvme7 devices/virtual/nvme-fabrics/ctl/nvme7
    local numbers
    for numbers in 43:0 152:0 259:70; do
        sed -i '/ \/ \/ /d' "$ROOT/proc/self/mountinfo"
        root_is "30 1 $numbers / / rw,relatime shared:1 - ext4 /dev/root rw"
        unclear 'over an unknown network' 0000:04:00.0 || return 1
    done
    put /etc/passthrough.conf '[Host]' 'Uplink=lan0'
    needs_nothing
    put /sys/devices/virtual/nvme-fabrics/ctl/nvme7/transport fc
    no_disk 'nvme7n1 is in use'
}

# --- by membership

@test "a member that the root's array has put out" {
    raid md127 9:127 raid1 nvme0n1p2 sda3
    tags nvme0n1p2 UUID=$UUID TYPE=linux_raid_member
    tags nvme1n1p2 UUID=$UUID TYPE=linux_raid_member
    tags nvme2n1p2 UUID=$OTHER TYPE=linux_raid_member
    root_is '30 1 9:127 / / rw,relatime shared:1 - ext4 /dev/md127 rw'
    needs 0000:01:00.0 'nvme0n1p2 ← md127 raid1 ← /' 0000:02:00.0 'nvme1n1p2 ← /'
}

@test "a member of the firmware's kind of array, which has no UUID" {
    raid md127 9:127 raid1 nvme0n1
    tags nvme0n1 TYPE=isw_raid_member
    tags nvme1n1 TYPE=isw_raid_member
    mounted md127 /srv ext4
    needs 0000:01:00.0 'nvme0n1 ← md127 raid1 ← /srv' 0000:02:00.0 'nvme1n1 ← /srv'
}

@test "a second path to the root's disk, by what the disk calls itself" {
    put /sys/class/block/nvme0n1/wwid eui.0025385b71b0a1c2
    put /sys/class/block/nvme1n1/wwid eui.0025385b71b0a1c2
    put /sys/class/block/nvme2n1/wwid eui.0000000000000000
    root_is '30 1 259:12 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw'
    needs 0000:01:00.0 'nvme0n1p2 ← /' 0000:02:00.0 'nvme1n1 ← /'
    put /sys/class/block/nvme0n1/wwid eui.0000000000000000
    put /sys/class/block/nvme1n1/wwid nvme.1b36-30-00000001
    needs 0000:01:00.0 'nvme0n1p2 ← /'
}

# drivers/scsi/scsi_lib.c, scsi_vpd_lun_id(): a USB stick without page 0x83 has no name of the world, and says so with ENXIO.
@test "a disk that says that it has no such name is no reason to refuse others; one whose name cannot be read is" {
    local captured=$BATS_TEST_TMPDIR/captured error
    put /sys/class/block/sda/device/wwid naa.5000c500a1b2c3d4
    ctl capture --raw "$captured"
    for error in 6 5; do
        sed -i "/device\/wwid$/d; s/^end .*/end/" "$captured/passthrough-capture"
        sed -i "s|^end|unreadable read $error /sys/class/block/sda/device/wwid\nend|" "$captured/passthrough-capture"
        ROOT=$captured
        if ((error == 6)); then needs_nothing; else no_disk '/sys/class/block/sda/device/wwid cannot be read'; fi || return 1
    done
}

@test "a path that the host's multipath daemon claims" {
    tags nvme0n1 TYPE=mpath_member
    unclear 'nvme0n1 has mpath_member' 0000:01:00.0
}

@test "a pool of zfs of which only a disk without a name could be" {
    tags nvme0n1 TYPE=zfs_member
    mount_line /srv zfs tank/data
    plan
    refused 0000:01:00.0 .
    refused 0000:02:00.0 'zfs pool tank is in use'
    bound 0000:04:00.0
    tags nvme1n1 TYPE=zfs_member LABEL=tank
    plan
    refused_with 0000:01:00.0 'the host needs it: 0000:01:00.0 ← nvme0n1 ← zfs tank ← /srv'
    refused_with 0000:02:00.0 'the host needs it: 0000:02:00.0 ← nvme1n1 ← zfs tank ← /srv'
}

@test "idle backing devices and pools, where the host uses their kind and where it does not" {
    tags nvme0n1 TYPE=bcache UUID=$UUID
    tags nvme1n1 TYPE=stratis UUID=$OTHER
    needs_nothing
    stacked bcache0 252:0 sda3
    unclear 'nvme0n1 has bcache' 0000:01:00.0
}

@test "a group that only the command line names" {
    tags nvme0n1p1 UUID=aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg TYPE=LVM2_member
    put /run/lvm/pvs_online/aaaaaabbbbccccddddeeeeffffgggggg 8:1 vg:data dev:/dev/nvme0n1p1
    needs_nothing
    line "rd.lvm.vg=data"
    first_needs 'nvme0n1p1 ← volume group data'
    line "rd.lvm.lv=data/srv"
    first_needs 'nvme0n1p1 ← volume group data'
    line "rd.lvm.vg=database"
    needs_nothing
}

@test "a group that fstab names and that is not active: its own disks, where of all it is known whose they are" {
    tags nvme0n1p1 UUID=aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg TYPE=LVM2_member
    put /run/lvm/pvs_online/aaaaaabbbbccccddddeeeeffffgggggg 8:1 vg:my-data dev:/dev/nvme0n1p1
    tags nvme1n1p1 UUID=bbbbbb-bbbb-cccc-dddd-eeee-ffff-gggggg TYPE=LVM2_member
    put /run/lvm/pvs_online/bbbbbbbbbbccccddddeeeeffffgggggg 8:1 vg:guest dev:/dev/nvme1n1p1
    local spec name
    for name in nvme0n1 nvme0n1p2 nvme1n1 nvme1n1p2 nvme2n1 nvme2n1p1 nvme2n1p2 sda sda3; do tags $name TYPE=ext4; done
    for spec in /dev/my-data/srv /dev/mapper/my--data-srv; do
        put /etc/fstab "$spec /srv xfs noauto 0 0"
        first_needs 'nvme0n1p1 ← fstab /srv' || return 1
    done
    put /etc/fstab '/dev/my/srv /srv xfs noauto 0 0'
    no_disk '/dev/my/srv for /srv'
    put /etc/fstab '/dev/my-data/srv /srv xfs noauto 0 0'
    rm "$ROOT/run/lvm/pvs_online/bbbbbbbbbbccccddddeeeeffffgggggg"
    plan
    refused 0000:03:00.0 '/dev/my-data/srv for /srv, and its disk is unknown'
}

@test "a cache that is registered and attached to nothing" {
    mkdir -p "$ROOT/sys/fs/bcache/$UUID"
    put "/sys/fs/bcache/$UUID/cache_available_percent" 100
    link "fs/bcache/$UUID/cache0" "$(pci_dir 0000:01:00.0)/block/nvme0n1/bcache"
    first_needs 'nvme0n1 ← in use'
}

@test "arrays that mdadm.conf names in other ways than by UUID" {
    tags nvme0n1p1 UUID=$UUID LABEL=host:data TYPE=linux_raid_member
    tags nvme1n1p1 UUID=$OTHER LABEL=other:more TYPE=linux_raid_member
    needs_nothing
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md/data name=host:data'
    unclear 'nvme0n1p1 is in an array that /etc/mdadm/mdadm.conf names' 0000:01:00.0
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md/data name=data'
    unclear 'is in an array' 0000:01:00.0
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md0 devices=/dev/nvme0n1p1,/dev/sda3'
    unclear 'is in an array' 0000:01:00.0
    put /etc/mdadm/mdadm.conf 'HOMEHOST <system>'
    put /etc/mdadm/mdadm.conf.d/more.conf "ARRAY /dev/md0 UUID=${UUID//-/:}"
    unclear 'is in an array that /etc/mdadm/mdadm.conf.d/more.conf names' 0000:01:00.0
    rm "$ROOT/etc/mdadm/mdadm.conf.d/more.conf"
    line "rd.md.uuid=0f0e0d0c:11114222:83334444:55556666"
    unclear 'is in an array that the command line names' 0000:01:00.0
}

# --- what goes to other hosts

@test "a disk that a target of the kernel's gives to other hosts" {
    put /sys/kernel/config/target/core/iblock_0/disk1/udev_path /dev/disk/by-id/disk-1-part1
    first_needs 'nvme0n1p1 ← an iSCSI target'
    again
    put /sys/kernel/config/nvmet/subsystems/nqn.2026-01.x/namespaces/1/device_path /dev/nvme0n1p2
    first_needs 'nvme0n1p2 ← an NVMe target'
    again
    put /sys/kernel/config/target/core/fileio_0/image/udev_path /srv/image.raw
    needs_nothing
    put /sys/kernel/config/target/core/iblock_0/disk1/udev_path /dev/disk/by-id/gone
    no_disk 'an iSCSI target has /dev/disk/by-id/gone'
}

@test "a disk that a target's or DRBD's configuration names" {
    put /etc/target/saveconfig.json '{"storage_objects": [' '{"dev": "/dev/nvme0n1p1", "name": "disk1", "plugin": "block"}]}'
    first_needs 'nvme0n1p1 ← /etc/target/saveconfig.json'
    again
    put /etc/nvmet/config.json '{"subsystems": [{"namespaces": [{"device": {"path": "/dev/nvme0n1p2"}}]}]}'
    first_needs 'nvme0n1p2 ← /etc/nvmet/config.json'
    again
    put /etc/drbd.d/r0.res 'resource r0 { on a {' '  disk /dev/nvme0n1p1;' '} }'
    first_needs 'nvme0n1p1 ← /etc/drbd.d/r0.res'
}

@test "what a configuration has in a comment is nobody's" {
    put /etc/tgt/targets.conf '# backing-store /dev/LVM/somedevice1' '  ;direct-store /dev/sdz' '<target iqn.x>' \
        'backing-store /dev/nvme0n1p1' '</target>'
    first_needs 'nvme0n1p1 ← /etc/tgt/targets.conf'
}

# --- what the host has written down

@test "integritytab and veritytab" {
    put /etc/integritytab 'data /dev/nvme0n1p1 - data-device=/dev/nvme1n1p1'
    needs 0000:01:00.0 'nvme0n1p1 ← integritytab data' 0000:02:00.0 'nvme1n1p1 ← integritytab data'
    again
    put /etc/veritytab "usr /dev/nvme0n1p1 /dev/nvme1n1p1 $(printf 'a%.0s' {1..64}) fec-device=/dev/nvme2n1p1"
    needs 0000:01:00.0 'nvme0n1p1 ← veritytab usr' 0000:02:00.0 'nvme1n1p1 ← veritytab usr' 0000:03:00.0 'nvme2n1p1 ← veritytab usr'
    put /etc/veritytab 'usr /dev/nvme0n1p1'
    no_disk '/etc/veritytab has a line that is not whole'
}

@test "mount units of /run and /usr/lib, and lines that go on on the next" {
    local dir
    for dir in /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system; do
        again
        put $dir/srv.mount '[Mount]' "What=\\" '  /dev/nvme0n1p1' 'Where=/srv' 'Type=xfs'
        first_needs 'nvme0n1p1 ← srv.mount /srv' || return 1
    done
    put /etc/systemd/system/srv.mount '[Mount]' 'What=/dev/nvme1n1p1' 'Where=/srv'
    needs 0000:02:00.0 'nvme1n1p1 ← srv.mount /srv'
}

@test "tokens of the command line that name a disk" {
    local token
    for token in systemd.mount-extra=/dev/nvme0n1p1:/srv:ext4 rd.systemd.mount-extra=/dev/nvme0n1p1:/srv \
        systemd.swap-extra=/dev/nvme0n1p1 rd.systemd.swap-extra=/dev/nvme0n1p1 rootflags=logdev=/dev/nvme0n1p1 \
        rootflags=subvol=@,device=/dev/nvme0n1p1 "rd.luks.options=$OTHER=header=/luks.header:/dev/nvme0n1p1" \
        "rd.luks.key=$OTHER=/key:/dev/nvme0n1p1" rd.live.overlay=/dev/nvme0n1p1:/overlay \
        systemd.verity_usr_data=/dev/nvme0n1p1 systemd.verity_root_hash=/dev/nvme0n1p1 \
        '"dm-mod.create=lroot,,,rw, 0 4096 linear 259:11 0"' '"dm-mod.create=lroot,,,rw, 0 4096 linear /dev/nvme0n1p1 0"' \
        cryptdevice=/dev/nvme0n1p1:secret cryptkey=/dev/nvme0n1p1:ext4:/key md=0,/dev/nvme0n1p1,/dev/sda3 img_dev=/dev/nvme0n1p1; do
        line "$token"
        plan
        refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← ' || { echo "$token" && return 1; }
        bound 0000:02:00.0 0000:03:00.0 0000:04:00.0 || { echo "$token" && return 1; }
        line "${token//nvme0n1p1/nvme7n1p1}"
        [[ $token == *259:11* ]] || no_disk 'the command line has' || { echo "$token" && return 1; }
    done
    line "\"dm-mod.create=lroot,,,rw, 0 4096 linear 259:99 0\""
    no_disk 'the command line has'
}

@test "the hash of a verity file system is the UUIDs of its partitions" {
    tags nvme0n1p1 PARTUUID=11111111-2222-3333-4444-555555555555
    tags nvme1n1p1 PARTUUID=66666666-7777-8888-9999-aaaaaaaaaaaa
    line "usrhash=1111111122223333444455555555555566666666777788889999aaaaaaaaaaaa"
    needs 0000:01:00.0 'nvme0n1p1 ← usrhash=' 0000:02:00.0 'nvme1n1p1 ← usrhash='
}

@test "options of fstab and crypttab that name another disk" {
    put /etc/fstab "UUID=$ROOT_UUID / ext4 x-systemd.requires=/dev/nvme0n1p1 0 1"
    first_needs 'nvme0n1p1 ← fstab /'
    again
    put /etc/crypttab "secret UUID=$ROOT_UUID /dev/nvme0n1p1 luks"
    first_needs 'nvme0n1p1 ← crypttab secret'
    put /etc/crypttab "secret UUID=$ROOT_UUID none luks,header=/dev/nvme0n1p1"
    first_needs 'nvme0n1p1 ← crypttab secret'
}

@test "a link that leads nowhere, and a file where a directory should be" {
    ln -s /nowhere/fstab "$ROOT/etc/fstab"
    no_disk '/etc/fstab cannot be read'
    again
    mkdir -p "$ROOT/etc/systemd"
    put /etc/systemd/system nothing
    no_disk '/etc/systemd/system cannot be read'
}

@test "the host's links lead into the host's root while an initrd has that mounted, and not into the initrd" {
    put /etc/initrd-release ID=debian
    put /proc/self/mountinfo '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 8:2 / /sysroot rw - ext4 /dev/sda2 rw'
    put /sysroot/etc/hostname host
    put /sysroot/nix/store/fstab '/dev/nvme0n1p1 /srv xfs defaults 0 0'
    ln -s /nix/store "$ROOT/sysroot/etc/static"
    ln -s /etc/static/fstab "$ROOT/sysroot/etc/fstab"
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← fstab /srv$'
    rm "$ROOT/sysroot/nix/store/fstab"
    plan
    refused 0000:02:00.0 'not cleared: /sysroot/etc/fstab cannot be read'
}

# le64 NUMBER: its eight bytes.
le64() {
    local i
    for ((i = 0; i < 64; i += 8)); do printf "\\x$(printf %02x $(($1 >> i & 255)))"; done
}

# at FILE OFFSET: what comes in, there.
at() { dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

# labelled FILE TEXT: a physical volume as LVM writes it; its metadata begins with the text, "" is none.
labelled() {
    truncate -s 1M "$1"
    { printf 'LABELONE' && le64 1 && printf '\0\0\0\0\x20\0\0\0' && printf 'LVM2 001'; } | at "$1" 512
    { le64 1048576 && le64 0 && le64 0 && le64 0 && le64 4096 && le64 1044480; } | at "$1" $((512 + 32 + 40))
    { printf '\0\0\0\0 LVM2 x[5A%%r0N*>\1\0\0\0' && le64 4096 && le64 1044480; } | at "$1" 4096
    [[ -z $2 ]] || { le64 512 && le64 1000; } | at "$1" $((4096 + 40))
    printf '%s' "$2" | at "$1" $((4096 + 512))
}

@test "of which group a physical volume is, by what LVM has written on it" {
    local dir=$BATS_TEST_TMPDIR
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$BATS_TEST_DIRNAME/../../src" -o "$dir/lvm-label" \
        "$BATS_TEST_DIRNAME"/lvm-label.c "$BATS_TEST_DIRNAME"/../../src/guard/lvm-label.c
    labelled "$dir/named" $'my-data {\nid = "x"\n'
    labelled "$dir/empty" ''
    labelled "$dir/garbage" $'my data\n'
    labelled "$dir/elsewhere" $'data {\n'
    le64 9000000 | at "$dir/elsewhere" $((512 + 32 + 40 + 32))
    truncate -s 1M "$dir/blank"
    head -c 1000 "$dir/named" >"$dir/short"
    run "$dir/lvm-label" "$dir"/{named,empty,garbage,elsewhere,blank,short,absent}
    is "${lines[*]}" 'my-data none unknown unknown unknown unknown unknown' groups
}
