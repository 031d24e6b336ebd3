# What the host's storage stands on is refused, with the chain that says how; another disk in the same machine is taken.

load product
load tree
load tree-guard

UUID=0f0e0d0c-1111-4222-8333-444455556666

# The root is on sda, behind AHCI. Three NVMe disks, of which rules may take any; the third is nobody's in every test.
setup() {
    candidates 0000:01:00.0 0000:02:00.0 0000:03:00.0
    tree_again guard-storage && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    local i part
    for i in 1 2 3; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 1b36:0010 010802 under=0000:00:0$i.0 group=$i driver=nvme
        disk nvme$((i - 1))n1 259:${i}0 0000:0$i:00.0
        part nvme$((i - 1))n1p1 259:${i}1
        part nvme$((i - 1))n1p2 259:${i}2
        for part in '' p1 p2; do tags nvme$((i - 1))n1$part link=disk/by-id/disk-$i$part; done
    done
    tags sda link=disk/by-id/disk-0
    tags sda1 link=disk/by-id/disk-0-part1
    rule nvme '[Match]' Class=nvme '[Device]' Expect=0-
    tree_keep guard-storage
}

# hba ADDRESS PORT BUS GROUP: a fibre channel adapter, which is no storage controller by its class.
hba() {
    root_port "$2" "$3"
    pci_add "$1" 1077:2031 0c04 under="$2" group="$4" driver=qla2xxx
    rule "hba-$4" '[Match]' "Address=$1"
    CANDIDATES+=("$1")
}

@test "disks that nobody uses are taken" {
    needs_nothing
    exits 0
}

@test "root on NVMe" {
    root_is '30 1 259:12 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw'
    needs 0000:01:00.0 'nvme0n1p2 ← /'
}

@test "root by its numbers alone" {
    root_is '30 1 259:12 / / rw,relatime shared:1 - ext4 /dev/root rw'
    needs 0000:01:00.0 'nvme0n1p2 ← /'
}

@test "the root disk's own AHCI controller" {
    rule ahci '[Match]' Address=00:1f.2
    plan
    refused_with 0000:00:1f.2 'the host needs it: 0000:00:1f.2 ← sda2 ← /'
    bound "${CANDIDATES[@]}"
}

@test "a whole disk without partitions" {
    mounted nvme0n1 /srv xfs
    needs 0000:01:00.0 'nvme0n1 ← /srv'
}

@test "the EFI system partition alone" {
    mounted nvme1n1p1 /boot/efi vfat
    needs 0000:02:00.0 'nvme1n1p1 ← /boot/efi'
}

@test "a mount point with a blank in it" {
    add_line /proc/self/mountinfo '99 27 259:11 / /srv/my\040disk rw - ext4 /dev/nvme0n1p1 rw'
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← /srv/my.+disk$'
    bound 0000:02:00.0 0000:03:00.0
}

@test "LUKS" {
    crypt dm-0 253:0 secret nvme0n1p1
    mounted dm-0 /srv ext4
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 crypt ← /srv'
}

@test "LVM on two disks, of whose volumes one is mounted" {
    lvm dm-0 253:0 vg-srv nvme0n1p1 nvme1n1p1
    mounted dm-0 /srv ext4
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm vg-srv ← /srv' 0000:02:00.0 'nvme1n1p1 ← dm-0 lvm vg-srv ← /srv'
}

@test "root on LVM over LUKS over md over two disks" {
    raid md127 9:127 raid1 nvme0n1p2 nvme1n1p2
    crypt dm-0 253:0 secret md127
    lvm dm-1 253:1 vg-root dm-0
    root_is '30 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw'
    needs 0000:01:00.0 'nvme0n1p2 ← md127 raid1 ← dm-0 crypt ← dm-1 lvm vg-root ← /' \
        0000:02:00.0 'nvme1n1p2 ← md127 raid1 ← dm-0 crypt ← dm-1 lvm vg-root ← /'
}

@test "partitions of a md array" {
    raid md127 9:127 raid10 nvme0n1 nvme1n1
    block md127p1 259:90 devices/virtual/block/md127/md127p1
    put /sys/class/block/md127p1/partition 1
    mounted md127p1 /srv ext4
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1 ← md127 raid10 ← (md127p1 ← )?/srv$'
    refused 0000:02:00.0 '^the host needs it: 0000:02:00.0 ← nvme1n1 ← md127 raid10 ← (md127p1 ← )?/srv$'
    bound 0000:03:00.0
}

@test "bcache: the disk and its cache" {
    stacked bcache0 252:0 nvme0n1 nvme1n1
    mounted bcache0 /srv ext4
    needs 0000:01:00.0 'nvme0n1 ← bcache0 ← /srv' 0000:02:00.0 'nvme1n1 ← bcache0 ← /srv'
}

@test "dm-multipath over two adapters, and a partition on it" {
    hba 0000:04:00.0 0000:00:04.0 04 4
    hba 0000:05:00.0 0000:00:05.0 05 5
    disk sdb 8:16 0000:04:00.0
    disk sdc 8:32 0000:05:00.0
    multipath dm-0 253:0 mpatha sdb sdc
    mapped dm-1 253:1 part1-mpath mpatha-part1 dm-0
    mounted dm-1 /srv ext4
    needs 0000:04:00.0 'sdb ← dm-0 multipath mpatha ← dm-1 mpatha-part1 ← /srv' \
        0000:05:00.0 'sdc ← dm-0 multipath mpatha ← dm-1 mpatha-part1 ← /srv'
}

@test "dm-multipath that is mounted as a whole; a third adapter is taken" {
    hba 0000:04:00.0 0000:00:04.0 04 4
    hba 0000:05:00.0 0000:00:05.0 05 5
    hba 0000:06:00.0 0000:00:06.0 06 6
    disk sdb 8:16 0000:04:00.0
    disk sdc 8:32 0000:05:00.0
    disk sdd 8:48 0000:06:00.0
    multipath dm-0 253:0 mpatha sdb sdc
    mounted dm-0 /srv ext4
    needs 0000:04:00.0 'sdb ← dm-0 multipath mpatha ← /srv' 0000:05:00.0 'sdc ← dm-0 multipath mpatha ← /srv'
}

@test "NVMe native multipath: both controllers of the subsystem" {
    local head=devices/virtual/nvme-subsystem/nvme-subsys5 n
    for n in 5 6; do
        root_port 0000:00:0$n.0 0$n
        pci_add 0000:0$n:00.0 1b36:0010 010802 under=0000:00:0$n.0 group=$n driver=nvme
        nvme_serial 0000:0$n:00.0 nvme$n lab
        link $head/nvme$n "$(pci_dir 0000:0$n:00.0)/nvme/nvme$n"
        block nvme5c${n}n1 0:0 "$(pci_dir 0000:0$n:00.0)/nvme/nvme$n/nvme5c${n}n1"
        rm "$ROOT/sys/class/block/nvme5c${n}n1/dev"
        put "/sys/class/block/nvme5c${n}n1/hidden" 1
    done
    link class/nvme-subsystem/nvme-subsys5 $head
    block nvme5n1 259:50 $head/nvme5n1
    block nvme5n1p1 259:51 $head/nvme5n1/nvme5n1p1
    put /sys/class/block/nvme5n1p1/partition 1
    put /sys/$head/subsysnqn nqn.2026-01.x:lab
    candidates "${CANDIDATES[@]}" 0000:05:00.0 0000:06:00.0
    needs_nothing
    exits 0
    mounted nvme5n1p1 /srv ext4
    plan
    refused 0000:05:00.0 '^the host needs it: 0000:05:00.0 ← (nvme5n1 ← )?nvme5n1p1 ← /srv$'
    refused 0000:06:00.0 '^the host needs it: 0000:06:00.0 ← (nvme5n1 ← )?nvme5n1p1 ← /srv$'
    bound 0000:01:00.0 0000:02:00.0 0000:03:00.0
}

@test "btrfs on one disk, which has numbers of its own" {
    btrfs $UUID /srv nvme0n1p1
    plan
    refused 0000:01:00.0 "^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← (btrfs $UUID ← )?/srv$"
    bound 0000:02:00.0 0000:03:00.0
}

@test "btrfs across two disks" {
    btrfs $UUID /srv nvme0n1p1 nvme1n1
    needs 0000:01:00.0 "nvme0n1p1 ← btrfs $UUID ← /srv" 0000:02:00.0 "nvme1n1 ← btrfs $UUID ← /srv"
}

@test "btrfs across two disks, one of them LUKS" {
    crypt dm-0 253:0 secret nvme1n1p1
    btrfs $UUID /srv nvme0n1p1 dm-0
    needs 0000:01:00.0 "nvme0n1p1 ← btrfs $UUID ← /srv" 0000:02:00.0 "nvme1n1p1 ← dm-0 crypt ← btrfs $UUID ← /srv"
}

@test "btrfs across two disks that fstab names, and nobody has mounted" {
    btrfs_members $UUID nvme0n1p1 nvme1n1p1
    put /etc/fstab "UUID=$UUID /data btrfs noauto 0 0"
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← .*fstab /data$'
    refused 0000:02:00.0 '^the host needs it: 0000:02:00.0 ← nvme1n1p1 ← .*fstab /data$'
    bound 0000:03:00.0
}

@test "a zfs mirror" {
    zfs tank /tank nvme0n1p1 nvme1n1p1
    needs 0000:01:00.0 'nvme0n1p1 ← zfs tank ← /tank' 0000:02:00.0 'nvme1n1p1 ← zfs tank ← /tank'
}

# boot_option NUMBER GUID-AS-BYTES: an EFI load option with a hard drive node, in a list behind another one.
boot_option() {
    local efivars=$ROOT/sys/firmware/efi/efivars guid=8be4df61-93ca-11d2-aa0d-00e098032b8c
    mkdir -p "$efivars"
    {
        printf '\x07\0\0\0\x01\0\0\0\x34\0d\0e\0b\0\0\0\x01\x01\x06\0\0\0'
        printf '\x04\x01\x2a\0\x01\0\0\0\0\x08\0\0\0\0\0\0\0\0\x10\0\0\0\0\0'
        # shellcheck disable=SC2059 # bytes
        printf "$2"
        printf '\x02\x02\x7f\xff\x04\0'
    } >"$efivars/Boot$1-$guid"
    # shellcheck disable=SC2059 # bytes
    printf "\\x06\\0\\0\\0\\x${1:2}\\x${1:0:2}" >"$efivars/BootCurrent-$guid"
}

@test "the partition that the firmware booted from, mounted nowhere" {
    tags nvme0n1p1 TYPE=vfat PARTUUID=01234567-89ab-cdef-0123-456789abcdef
    tags nvme1n1p1 TYPE=vfat PARTUUID=11234567-89ab-cdef-0123-456789abcdef
    boot_option 0003 '\x67\x45\x23\x01\xab\x89\xef\xcd\x01\x23\x45\x67\x89\xab\xcd\xef'
    needs 0000:01:00.0 'nvme0n1p1 ← the firmware booted from it'
    truncate -s 40 "$ROOT"/sys/firmware/efi/efivars/Boot0003-*
    needs_nothing
    rm "$ROOT"/sys/firmware/efi/efivars/Boot0003-*
    needs_nothing
}

@test "where what the firmware booted from cannot be read, no disk is cleared" {
    local name
    for name in BootCurrent Boot0003; do
        tree_again guard-storage
        boot_option 0003 '\x67\x45\x23\x01\xab\x89\xef\xcd\x01\x23\x45\x67\x89\xab\xcd\xef'
        rm "$ROOT"/sys/firmware/efi/efivars/$name-*
        mkdir "$ROOT/sys/firmware/efi/efivars/$name-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        unclear "$name-8be4df61-93ca-11d2-aa0d-00e098032b8c cannot be read" "${CANDIDATES[@]}" || return 1
    done
}

@test "a zfs pool's cache, which names no pool" {
    zfs tank /tank nvme0n1p1
    tags nvme1n1p1 UUID=99 TYPE=zfs_member
    needs 0000:01:00.0 'nvme0n1p1 ← zfs tank ← /tank' 0000:02:00.0 'nvme1n1p1 ← zfs tank ← /tank'
}

@test "a label with a blank, as udev writes it in a link and fstab names it" {
    tags nvme0n1p1 'LABEL=my\x20disk' TYPE=ext4 'link=disk/by-label/my\x20disk'
    put /etc/fstab '/dev/disk/by-label/my\x20disk /data ext4 defaults 0 0'
    needs 0000:01:00.0 'nvme0n1p1 ← fstab /data'
}

@test "a zfs pool of which no tag says where it is" {
    zfs tank /tank
    unclear tank "${CANDIDATES[@]}"
}

@test "a swap partition" {
    swap_on nvme0n1p1
    needs 0000:01:00.0 'nvme0n1p1 ← swap'
}

@test "swap on LVM, which /proc/swaps names by its number" {
    lvm dm-0 253:0 vg-swap nvme0n1p1
    swap_on dm-0
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm vg-swap ← swap'
}

@test "swap in memory is on no disk" {
    block zram0 251:0 devices/virtual/block/zram0
    tags zram0 UUID=$UUID TYPE=swap
    swap_on zram0
    put /etc/fstab '/dev/zram0 none swap pri=100 0 0'
    needs_nothing
    exits 0
}

@test "a swap file: its mount" {
    mounted nvme0n1p1 /srv ext4
    add_line /proc/swaps '/srv/swapfile                           file		999420		0		-2'
    needs 0000:01:00.0 'nvme0n1p1 ← /srv'
}

@test "a loop device of a file on a mount, with swap on it" {
    mounted nvme0n1p1 /srv ext4
    loop loop0 7:0 /srv/images/swap.img
    swap_on loop0
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← (/srv|.*swap)$'
    bound 0000:02:00.0 0000:03:00.0
}

@test "fstab, by each kind of tag" {
    local tag
    tags nvme0n1p1 UUID=$UUID LABEL=data TYPE=ext4 PARTUUID=aaaaaaaa-01 PARTLABEL=archive link=disk/by-id/nvme-lab-part1 \
        link=disk/by-label/data link=disk/by-partlabel/archive
    for tag in UUID=$UUID "UUID=\"$UUID\"" LABEL=data PARTUUID=aaaaaaaa-01 PARTLABEL=archive /dev/disk/by-uuid/$UUID \
        /dev/disk/by-partuuid/aaaaaaaa-01 /dev/disk/by-id/nvme-lab-part1 /dev/disk/by-label/data /dev/disk/by-partlabel/archive \
        /dev/nvme0n1p1; do
        put /etc/fstab "$tag /data ext4 defaults 0 2"
        needs 0000:01:00.0 'nvme0n1p1 ← fstab /data' || { echo "fstab has $tag" && return 1; }
    done
}

@test "fstab, where only links below /dev say what is meant" {
    local tag
    rm -r "$ROOT/run/udev"
    : >"$ROOT/dev/nvme0n1p1"
    : >"$ROOT/dev/sda2"
    mkdir -p "$ROOT"/dev/disk/by-{uuid,label}
    ln -s ../../sda2 "$ROOT/dev/disk/by-uuid/$ROOT_UUID"
    ln -s ../../nvme0n1p1 "$ROOT/dev/disk/by-uuid/$UUID"
    ln -s ../../nvme0n1p1 "$ROOT/dev/disk/by-label/data"
    for tag in UUID=$UUID LABEL=data /dev/disk/by-label/data; do
        put /etc/fstab "$tag /data ext4 noauto 0 2"
        needs 0000:01:00.0 'nvme0n1p1 ← fstab /data' || { echo "fstab has $tag" && return 1; }
    done
}

@test "fstab, by a mapper's name and by a volume's" {
    local path
    lvm dm-0 253:0 vg--x-data nvme0n1p1
    for path in /dev/mapper/vg--x-data /dev/vg-x/data /dev/dm-0; do
        put /etc/fstab "$path /data ext4 defaults 0 2"
        needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm vg--x-data ← fstab /data' || { echo "fstab has $path" && return 1; }
    done
}

@test "fstab's swap that is off" {
    tags nvme0n1p1 UUID=$UUID TYPE=swap
    put /etc/fstab "UUID=$UUID none swap sw 0 0"
    needs 0000:01:00.0 'nvme0n1p1 ← fstab swap'
}

@test "crypttab" {
    tags nvme0n1p1 UUID=$UUID TYPE=crypto_LUKS
    put /etc/crypttab '# name device key options' "secret UUID=$UUID /etc/keys/secret luks"
    needs 0000:01:00.0 'nvme0n1p1 ← crypttab secret'
}

@test "crypttab's key file on a disk of its own" {
    tags nvme0n1p1 UUID=$UUID TYPE=crypto_LUKS
    tags nvme1n1p1 LABEL=keys TYPE=ext4
    put /etc/crypttab "secret UUID=$UUID /secret.key:LABEL=keys luks"
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← crypttab secret'
    refused 0000:02:00.0 '^the host needs it: 0000:02:00.0 ← nvme1n1p1 ← .*crypttab secret'
    bound 0000:03:00.0
}

@test "crypttab for swap with a key of chance" {
    put /etc/crypttab 'cswap /dev/nvme0n1p2 /dev/urandom swap,cipher=aes-xts-plain64'
    put /etc/fstab '/dev/mapper/cswap none swap sw 0 0'
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p2 ← (crypttab cswap|fstab swap)$'
    bound 0000:02:00.0 0000:03:00.0
}

@test "fstab names what crypttab would open" {
    tags nvme0n1p1 UUID=$UUID TYPE=crypto_LUKS
    put /etc/crypttab "secret UUID=$UUID /etc/keys/secret luks"
    put /etc/fstab '/dev/mapper/secret /data ext4 defaults 0 2'
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← (crypttab secret|fstab /data)$'
    bound 0000:02:00.0 0000:03:00.0
}

@test "a tag of fstab that no disk here has" {
    put /etc/fstab "UUID=$ROOT_UUID / ext4 defaults 0 1" 'UUID=00000000-dead-4000-a000-000000000000 /archive xfs noauto 0 0'
    unclear 'UUID=00000000-dead-4000-a000-000000000000' "${CANDIDATES[@]}"
    has /archive fstab
}

@test "a tag of fstab that no disk here has holds back adapters and USB controllers with disks, too; not a network card" {
    hba 0000:04:00.0 0000:00:04.0 04 4
    disk sdb 8:16 0000:04:00.0
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_device 1-2 0781:5581 08
    usb_disk sdc 8:32 1-2
    pci_add 0000:00:16.0 8086:10d3 0200 group=59 driver=e1000e
    nic eno1 0000:00:16.0
    rule others '[Match]' 'Class=usb network' '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:16.0
    put /etc/fstab 'LABEL=archive /archive xfs noauto 0 0'
    unclear LABEL=archive 0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0 0000:00:14.0
}

@test "a tag of fstab that no disk here has holds back an SD card's controller, and a disk on a function whose class says nothing" {
    pci_add 0000:00:16.0 8086:5acc 0805 group=58 driver=sdhci-pci
    pci_add 0000:00:17.0 1af4:1042 ff00 group=59 driver=virtio-pci
    block mmcblk0 179:0 "$(pci_dir 0000:00:16.0)/mmc_host/mmc0/mmc0:0001/block/mmcblk0"
    disk vda 254:0 0000:00:17.0
    rule others '[Match]' 'Address=00:16.0 00:17.0' '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:16.0 0000:00:17.0
    needs_nothing
    put /etc/fstab 'LABEL=archive /archive xfs noauto 0 0'
    unclear LABEL=archive "${CANDIDATES[@]}"
}

@test "rd.luks.uuid= and resume= that no disk here has" {
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    local token
    for token in rd.luks.uuid=00000000-dead-4000-a000-000000000000 rd.luks.name=00000000-dead-4000-a000-000000000000=gone \
        resume=UUID=00000000-dead-4000-a000-000000000000; do
        cp "$BATS_TEST_TMPDIR/cmdline" "$ROOT/proc/cmdline"
        cmdline "$token"
        unclear 00000000-dead-4000-a000-000000000000 "${CANDIDATES[@]}" || { echo "with $token" && return 1; }
    done
}

@test "a tag of crypttab that no disk here has" {
    put /etc/crypttab 'lost PARTUUID=00000000-dead-4000-a000-000000000000 /etc/keys/lost'
    unclear 'PARTUUID=00000000-dead-4000-a000-000000000000' "${CANDIDATES[@]}"
    has lost crypttab
}

@test "a mapper's name that neither device mapper nor crypttab has" {
    put /etc/fstab '/dev/mapper/gone /data ext4 defaults 0 2'
    unclear /dev/mapper/gone "${CANDIDATES[@]}"
}

@test "cd-roms, floppies, network file systems and binds in fstab mean no disk" {
    put /etc/fstab '/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0' '/dev/cdrom /cdrom iso9660 ro 0 0' '/dev/fd0 /floppy auto noauto 0 0' \
        'nas:/export /mnt nfs defaults 0 0' '//nas/share /win cifs guest 0 0' '/srv/a /srv/b none bind 0 0' \
        'tmpfs /tmp tmpfs defaults 0 0' 'proc /proc proc defaults 0 0' '/swapfile none swap sw 0 0'
    needs_nothing
    exits 0
}

@test "resume= on the command line" {
    tags nvme0n1p2 UUID=$UUID TYPE=swap
    cmdline resume=UUID=$UUID
    needs 0000:01:00.0 'nvme0n1p2 ← resume='
}

@test "root= on the command line, of a root that is mounted from elsewhere" {
    tags nvme0n1p2 UUID=$UUID TYPE=ext4
    cmdline root=UUID=$UUID
    needs 0000:01:00.0 'nvme0n1p2 ← root='
}

@test "rd.luks.uuid= on the command line, with and without luks-" {
    local prefix
    tags nvme0n1p2 UUID=$UUID TYPE=crypto_LUKS
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    for prefix in '' luks-; do
        cp "$BATS_TEST_TMPDIR/cmdline" "$ROOT/proc/cmdline"
        cmdline rd.luks.uuid=$prefix$UUID
        plan
        refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p2 ← [^ ]*luks'
        bound 0000:02:00.0 0000:03:00.0
    done
}

@test "rd.luks.name= on the command line" {
    tags nvme0n1p2 UUID=$UUID TYPE=crypto_LUKS
    cmdline rd.luks.name=$UUID=secret
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p2 ← [^ ]*luks'
    bound 0000:02:00.0 0000:03:00.0
}

@test "a mount unit and a swap unit" {
    tags nvme0n1p1 UUID=$UUID TYPE=ext4
    put /etc/systemd/system/srv.mount '[Unit]' 'Description=Data' '' '[Mount]' "What=/dev/disk/by-uuid/$UUID" Where=/srv
    put /etc/systemd/system/dev-nvme1n1p1.swap '[Swap]' What=/dev/nvme1n1p1
    plan
    refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p1 ← .*srv'
    refused 0000:02:00.0 '^the host needs it: 0000:02:00.0 ← nvme1n1p1 ← .*swap'
    bound 0000:03:00.0
}

@test "a masked unit says nothing, and is no unit that cannot be read" {
    mkdir -p "$ROOT/etc/systemd/system" "$ROOT/dev"
    ln -s /dev/null "$ROOT/etc/systemd/system/dev-hugepages.mount"
    mkdir "$ROOT/dev/null"
    plan
    bound 0000:01:00.0 0000:02:00.0 0000:03:00.0
}

@test "volumes that are active, and mounted nowhere" {
    lvm dm-3 253:3 guest-root nvme1n1
    needs 0000:02:00.0 'nvme1n1 ← dm-3 lvm guest-root ← in use; if it is a guest'"'"'s: vgchange --activate n guest'
}

# online NAME GROUP: what LVM noted when the physical volume appeared.
PV=aBcDeF-1234-5678-9abc-def0-1234-56789a
online() {
    tags "$1" UUID=$PV TYPE=LVM2_member
    put /run/lvm/pvs_online/${PV//-/} 259:9 ${2+vg:$2} dev:/dev/$1
}

@test "an idle physical volume of a group that is in use: by what LVM noted, or by its backup" {
    lvm dm-0 253:0 v--g-srv nvme0n1p1
    mounted dm-0 /srv ext4
    online nvme1n1p1 v-g
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm v--g-srv ← /srv' 0000:02:00.0 'nvme1n1p1 ← volume group v-g'
    rm "$ROOT"/run/lvm/pvs_online/*
    put /etc/lvm/backup/v-g "id = \"$PV\""
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm v--g-srv ← /srv' 0000:02:00.0 'nvme1n1p1 ← volume group v-g'
}

# no_volume: what vgchange does to the volume.
no_volume() { rm -r "$ROOT"/sys/block/dm-0 "$ROOT"/sys/class/block/dm-0 "$ROOT"/sys/devices/virtual/block/dm-0 2>/dev/null || true; }

@test "a volume group that is active and that nobody uses: the command that ends it, and then its disks go" {
    local ending='; if it is a guest'"'s: vgchange --activate n v-g"
    lvm dm-0 253:0 v--g-srv nvme0n1p1
    online nvme1n1p1 v-g
    needs 0000:01:00.0 "nvme0n1p1 ← dm-0 lvm v--g-srv ← in use$ending" 0000:02:00.0 "nvme1n1p1 ← volume group v-g$ending"
    lvm dm-1 253:1 v--g-thin dm-0
    needs 0000:01:00.0 "nvme0n1p1 ← dm-0 lvm v--g-srv ← in use$ending" 0000:02:00.0 "nvme1n1p1 ← volume group v-g$ending"
    rm -r "$ROOT"/sys/class/block/dm-1
    no_volume
    needs_nothing
}

@test "a volume group of which something is used, or that the host is told to activate: nobody is told to end it" {
    lvm dm-0 253:0 v--g-srv nvme0n1p1
    lvm dm-1 253:1 v--g-data nvme0n1p1
    stacked dm-2 253:2 dm-1
    online nvme1n1p1 v-g
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm v--g-srv ← in use' 0000:02:00.0 'nvme1n1p1 ← volume group v-g'
    rm -r "$ROOT"/sys/class/block/dm-2
    needs 0000:01:00.0 "nvme0n1p1 ← dm-0 lvm v--g-srv ← in use; if it is a guest's: vgchange --activate n v-g" \
        0000:02:00.0 "nvme1n1p1 ← volume group v-g; if it is a guest's: vgchange --activate n v-g"
    put /etc/fstab '/dev/mapper/v--g-data /data ext4 defaults 0 0'
    needs 0000:01:00.0 'nvme0n1p1 ← dm-1 lvm v--g-data ← fstab /data' 0000:02:00.0 'nvme1n1p1 ← volume group v-g'
    rm "$ROOT/etc/fstab"
    put /proc/cmdline 'root=/dev/sda2 rd.lvm.vg=v-g'
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm v--g-srv ← in use' 0000:02:00.0 'nvme1n1p1 ← volume group v-g'
}

@test "an idle physical volume of another group goes; one of which nobody knows the group stays where the host uses LVM" {
    online nvme1n1p1 v
    plan
    bound 0000:01:00.0 0000:02:00.0 0000:03:00.0
    lvm dm-0 253:0 v--g-srv nvme0n1p1
    mounted dm-0 /srv ext4
    needs 0000:01:00.0 'nvme0n1p1 ← dm-0 lvm v--g-srv ← /srv'
    put /run/lvm/pvs_online/${PV//-/} 259:9
    plan
    refused 0000:02:00.0 '^not cleared: nvme1n1p1 is an LVM physical volume of an unknown group'
    bound 0000:03:00.0
}

@test "an array that is active, and mounted nowhere" {
    raid md126 9:126 raid5 nvme0n1 nvme1n1
    needs 0000:01:00.0 'nvme0n1 ← md126 raid5 ← in use' 0000:02:00.0 'nvme1n1 ← md126 raid5 ← in use'
}

@test "root on virtio-blk" {
    pci_add 0000:00:06.0 1af4:1042 0100 group=60 driver=virtio-pci
    pci_add 0000:00:07.0 1af4:1042 0100 group=61 driver=virtio-pci
    disk vda 254:0 0000:00:06.0
    part vda1 254:1
    root_is '30 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw'
    rule virtio '[Match]' ID=1af4:1042 '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:06.0 0000:00:07.0
    needs 0000:00:06.0 'vda1 ← /'
}

@test "root on a USB disk; the other USB controller is taken" {
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    usb_device 1-2 0781:5581 08
    usb_disk sdc 8:32 1-2
    part sdc1 8:33
    root_is '30 1 8:33 / / rw,relatime shared:1 - ext4 /dev/sdc1 rw'
    rule usb '[Match]' Class=usb '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:14.0 0000:00:15.0
    needs 0000:00:14.0 'sdc1 ← /'
}

@test "a disk behind a volume management device: that goes with it" {
    pci_add 0000:00:0e.0 8086:467f 0104 group=26 driver=vmd
    pci_root 10000:e0 below=0000:00:0e.0
    pci_add 10000:e0:06.0 8086:a0b0 0604 bus=e1 group=27
    pci_add 10000:e1:00.0 144d:a808 010802 under=10000:e0:06.0 driver=nvme group=27
    disk nvme7n1 259:70 10000:e1:00.0
    mounted nvme7n1 /srv ext4
    rule vmd '[Match]' Address=00:0e.0
    candidates "${CANDIDATES[@]}" 0000:00:0e.0 10000:e1:00.0
    needs 10000:e1:00.0 'nvme7n1 ← /srv' 0000:00:0e.0 'nvme7n1 ← /srv'
}

@test "what goes along with a needed disk by its group or slot is refused, too; not so the second function of a slot that stays" {
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 1b36:0010 010802 under=0000:00:08.0 group=30 driver=nvme
    pci_add 0000:08:00.1 1b36:11e8 00ff under=0000:00:08.0 group=30
    pci_add 0000:08:00.2 1b36:11e8 00ff under=0000:00:08.0 group=31
    disk nvme8n1 259:80 0000:08:00.0
    mounted nvme8n1 /srv ext4
    rule edu '[Match]' 'ID=1234:11e8 1b36:11e8' '[Device]' Expect=0- IOMMUGroup=complete
    plan
    exits 1
    refused_with 0000:08:00.0 'the host needs it: 0000:08:00.0 ← nvme8n1 ← /srv'
    refused 0000:08:00.1 0000:08:00.0
    bound 0000:08:00.2 "${CANDIDATES[@]}"
    rm "$ROOT/etc/passthrough.d/nvme.conf"
    rule edu '[Match]' Address=08:00.2 '[Device]' Functions=slot
    plan
    exits 1
    refused_with 0000:08:00.0 'the host needs it: 0000:08:00.0 ← nvme8n1 ← /srv'
    refused 0000:08:00.2 0000:08:00
    bound
}

@test "a function of the slot that is needed holds back both rules that would take it along" {
    root_port 0000:00:08.0 08
    pci_add 0000:08:00.0 8086:8d62 010601 under=0000:00:08.0 group=30 driver=ahci
    pci_add 0000:08:00.1 8086:8d31 0c0330 under=0000:00:08.0 group=31 driver=xhci_hcd
    pci_add 0000:08:00.2 8086:11e8 00ff under=0000:00:08.0 group=32
    usb_bus 8 0000:08:00.1
    usb_device 8-1 0781:5581 08
    usb_disk sdc 8:32 8-1
    mounted sdc /srv ext4
    rule a '[Match]' Address=08:00.2 '[Device]' Functions=slot Stage=root
    rule b '[Match]' Address=08:00.0 '[Device]' Functions=slot Stage=root
    plan
    exits 1
    refused_with 0000:08:00.1 'the host needs it: 0000:08:00.1 ← sdc ← /srv'
    refused 0000:08:00.0 0000:08:00.1
    refused 0000:08:00.2 0000:08:00
    bound "${CANDIDATES[@]}"
}

@test "no key takes the root disk" {
    root_is '30 1 259:12 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw'
    rule nvme '[Match]' Class=nvme '[Device]' Expect=0- IOMMUGroup=complete Functions=slot AllowBootDisplay=yes Stage=root Driver=auto
    needs 0000:01:00.0 'nvme0n1p2 ← /'
}

@test "what is mounted, swapped to or there at all cannot be read: no disk is cleared" {
    local file
    for file in proc/self/mountinfo proc/swaps sys/class/block; do
        mv "$ROOT/$file" "$BATS_TEST_TMPDIR/away"
        unclear '' "${CANDIDATES[@]}" || { echo "without $file" && return 1; }
        mv "$BATS_TEST_TMPDIR/away" "$ROOT/$file"
    done
}

@test "a loop device, and swap in memory, that stand on a disk by its path" {
    block loop0 7:0 devices/virtual/block/loop0
    put /sys/class/block/loop0/loop/backing_file /dev/nvme0n1p1
    block zram0 251:0 devices/virtual/block/zram0
    put /sys/class/block/zram0/backing_dev /dev/nvme1n1p1
    mounted loop0 /srv ext4
    swap_on zram0
    needs 0000:01:00.0 'nvme0n1p1 ← loop0 ← /srv' 0000:02:00.0 'nvme1n1p1 ← zram0 ← swap'
}

@test "a journal, log or realtime device beside the file system's own" {
    add_line /proc/self/mountinfo '40 1 8:1 / /data rw,relatime - xfs /dev/sda1 rw,attr2,logdev=/dev/nvme0n1p1,rtdev=/dev/nvme1n1p1'
    needs 0000:01:00.0 'nvme0n1p1 ← /data' 0000:02:00.0 'nvme1n1p1 ← /data'
    put /etc/fstab '/dev/sda1 /other ext4 noauto,journal_path=/dev/nvme2n1p1 0 0'
    needs 0000:01:00.0 'nvme0n1p1 ← /data' 0000:02:00.0 'nvme1n1p1 ← /data' 0000:03:00.0 'nvme2n1p1 ← fstab /other'
}

@test "volume groups that are named like drives" {
    local spec
    for spec in /dev/srv/data /dev/fdata/home /dev/cdrom-vg/x /dev/loops/y; do
        put /etc/fstab "$spec /data ext4 defaults 0 2"
        unclear "$spec" "${CANDIDATES[@]}" || { echo "$spec" && return 1; }
    done
}

@test "fstab's lines that mean no disk, and udev's own tag" {
    put /etc/fstab 'admin@.cephfs=/ /ceph ceph defaults 0 0' '/dev/shm/x /x none bind 0 0' '/dev/zram0 none swap pri=100 0 0' \
        '/dev/loop7 /loop auto noauto 0 0' '/dev/nbd0 /nbd ext4 noauto 0 0' '/dev/fuse /fuse fuse.sshfs noauto 0 0'
    needs_nothing
    put /etc/fstab 'ID=disk-1p1 /data ext4 noauto 0 0'
    needs 0000:01:00.0 'nvme0n1p1 ← fstab /data'
}

@test "an automount point is no mount: what it will mount is not known" {
    put /etc/fstab "UUID=$UUID /data ext4 noauto,x-systemd.automount 0 0"
    add_line /proc/self/mountinfo '41 1 0:50 / /data rw,relatime - autofs systemd-1 rw,fd=29,direct'
    unclear /data "${CANDIDATES[@]}"
}

@test "what is mounted in another mount namespace" {
    mkdir -p "$ROOT/sys/fs/ext4/nvme0n1p1" "$ROOT/sys/fs/xfs/nvme1n1" "$ROOT/sys/fs/ext4/features"
    needs 0000:01:00.0 'nvme0n1p1 ← in use' 0000:02:00.0 'nvme1n1 ← in use'
}

@test "the command line's devices, in quotes, by number, and by other keys" {
    local token
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    for token in 'resume="/dev/nvme0n1p2"' '"resume=/dev/nvme0n1p2"' resume=259:12 systemd.mount-extra=/dev/nvme0n1p2:/srv:ext4 \
        systemd.swap-extra=/dev/nvme0n1p2 mount.usr=/dev/nvme0n1p2 rd.luks.key=/k:/dev/nvme0n1p2 \
        rd.luks.data=$UUID=/dev/nvme0n1p2; do
        cp "$BATS_TEST_TMPDIR/cmdline" "$ROOT/proc/cmdline"
        cmdline "$token"
        plan
        refused 0000:01:00.0 '^the host needs it: 0000:01:00.0 ← nvme0n1p2 ← ' || { echo "$token" && return 1; }
        bound 0000:02:00.0 0000:03:00.0
    done
}

@test "the key of an open crypttab line, on a disk that is away" {
    lvm dm-0 253:0 secret nvme0n1p1
    put /etc/crypttab "secret /dev/nvme0n1p1 /secret.key:LABEL=keys luks"
    plan
    refused 0000:02:00.0 'not cleared: .*LABEL=keys'
    refused 0000:03:00.0 'not cleared: .*LABEL=keys'
}

@test "a mount unit as systemd reads it: blanks around =, the last value, drop-ins" {
    put /etc/systemd/system/data.mount '[Mount]' 'What = /dev/nvme0n1p1' 'Where = /data'
    put /etc/systemd/system/srv.mount.d/disk.conf '[Mount]' What=/dev/nvme1n1p1
    plan
    refused 0000:01:00.0 '← nvme0n1p1 ← data.mount /data'
    refused 0000:02:00.0 '← nvme1n1p1 ← srv.mount'
    bound 0000:03:00.0
}

@test "a two-disk btrfs of which fstab names one member by its path" {
    tags nvme0n1p1 UUID=$UUID TYPE=btrfs
    tags nvme1n1p1 UUID=$UUID TYPE=btrfs
    put /etc/fstab '/dev/nvme0n1p1 /data btrfs noauto 0 0'
    needs 0000:01:00.0 'nvme0n1p1 ← fstab /data' 0000:02:00.0 'nvme1n1p1 ← fstab /data'
}

@test "a root of which does not show what it is on clears no disk" {
    root_is '30 1 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/l'
    unclear overlay "${CANDIDATES[@]}"
    block nvme9n1 259:90 devices/virtual/nvme-fabrics/ctl/nvme9/nvme9n1
    root_is '30 1 259:90 / / rw,relatime - ext4 /dev/nvme9n1 rw'
    unclear nvme9n1 "${CANDIDATES[@]}"
}

@test "parts of a storage cluster, early in a boot; an external journal at any time" {
    tags nvme0n1p1 TYPE=jbd UUID=$UUID
    unclear jbd 0000:01:00.0
}

@test "of twins of which one is the root disk, only the other is offered" {
    root_is '30 1 259:12 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw'
    pci_remove 0000:03:00.0
    rule nvme '[Match]' ID=1b36:0010
    plan
    exits 1
    refused 0000:01:00.0 'the host needs it: .* ← nvme0n1p2 ← /'
    refused 0000:02:00.0 'to name this one: Path=0000:00:02.0/00.0'
    is "$(get '.rules[0].message')" 'matches 2 devices and Expect= is 1; name the one that is meant: Path=0000:00:02.0/00.0' message
}
