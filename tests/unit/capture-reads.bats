# passthroughctl capture takes along what only a few machines have, and the plan is made from: each is in the capture, and decides there as here.

load product
load tree
load tree-guard

# A second disk and a network card, neither of them in use.
setup() {
    tree_again reads && return
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme
    disk nvme0n1 259:0 0000:01:00.0
    part nvme0n1p1 259:1
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 8086:10d3 0200 under=0000:00:03.0 group=2 driver=e1000e
    nic eno1 0000:02:00.0
    rule nvme '[Match]' Address=01:00.0
    rule nic '[Match]' Address=02:00.0
    tree_keep reads
}

# captured_reason ADDRESS REASON FILE...: the plan refuses the device for that reason, and so does that of each capture, which has the files.
captured_reason() {
    plan
    refused "$1" "$2" || return 1
    has_files "${@:3}"
}

has_files() {
    local file name manifest=$BATS_TEST_TMPDIR/raw/passthrough-capture
    captured_alike || return 1
    rm -rf "$BATS_TEST_TMPDIR/raw"
    ctl capture --raw "$BATS_TEST_TMPDIR/raw"
    exits 0 || return 1
    for file; do
        name=${file##*/}
        cmp "$ROOT$file" "$BATS_TEST_TMPDIR/raw$file" || return 1
        grep -qF "/${name//\\/\\\\}" "$manifest" || { cat "$manifest" && return 1; }
    done
}

@test "without any of that both are taken, here and there" {
    plan
    bound 0000:01:00.0 0000:02:00.0
    captured_alike
}

@test "an idle member of an array in mdadm.conf" {
    udev_tags nvme0n1p1 ID_FS_TYPE=linux_raid_member ID_FS_UUID=0badcafe-1111-2222-3333-444455556666
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md/0 metadata=1.2 UUID=0badcafe:11112222:33334444:55556666 name=h:0'
    captured_reason 0000:01:00.0 'mdadm.conf' /etc/mdadm/mdadm.conf /run/udev/data/b259:1
}

@test "a pool in zpool.cache, and one in /proc/spl/kstat" {
    udev_tags nvme0n1p1 ID_FS_TYPE=zfs_member ID_FS_LABEL_ENC=tank
    put /etc/zfs/zpool.cache 'xxtank'
    captured_reason 0000:01:00.0 'zfs pool tank' /etc/zfs/zpool.cache
    rm "$ROOT/etc/zfs/zpool.cache"
    put /proc/spl/kstat/zfs/tank/state ONLINE
    captured_reason 0000:01:00.0 'tank'
    [[ -e $BATS_TEST_TMPDIR/raw/proc/spl/kstat/zfs/tank/state ]]
}

@test "a volume group that LVM's backup names, and what filters are there" {
    udev_tags nvme0n1p1 ID_FS_TYPE=LVM2_member ID_FS_UUID=aBcDeF-1234-5678-9abc-def0-1234-56789a
    put /etc/initrd-release ID=debian
    mkdir -p "$ROOT/sysroot"
    cp -r "$ROOT/etc" "$ROOT/sysroot/etc"
    put /sysroot/etc/lvm/backup/data 'id = "aBcDeF-1234-5678-9abc-def0-1234-56789a"'
    put /etc/lvm/lvm.conf 'devices {' '  filter = [ "a|.*|" ]' '}'
    captured_reason 0000:01:00.0 . /etc/lvm/lvm.conf
}

@test "a mount unit, and what is in /etc/cmdline.d" {
    udev_tags nvme0n1p1 ID_FS_TYPE=ext4 ID_FS_UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a12
    put /etc/cmdline.d/luks.conf rd.luks.uuid=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a13
    put /etc/systemd/system/srv.mount '[Mount]' What=/dev/disk/by-uuid/5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a12 Where=/srv
    captured_reason 0000:01:00.0 'srv.mount' /etc/systemd/system/srv.mount /etc/cmdline.d/luks.conf
}

@test "a unit by the name of its device, which is the UUID as systemd escapes it" {
    udev_tags nvme0n1p1 ID_FS_TYPE=swap ID_FS_UUID=5D1B7B2E-53C5-4D2C-9D3B-0A63FBB41A12
    put '/etc/systemd/system/dev-disk-by\x2duuid-5D1B7B2E\x2d53C5\x2d4D2C\x2d9D3B\x2d0A63FBB41A12.swap' '[Swap]' \
        What=/dev/disk/by-uuid/5D1B7B2E-53C5-4D2C-9D3B-0A63FBB41A12
    captured_reason 0000:01:00.0 . '/etc/systemd/system/dev-disk-by\x2duuid-5D1B7B2E\x2d53C5\x2d4D2C\x2d9D3B\x2d0A63FBB41A12.swap'
    ctl capture "$BATS_TEST_TMPDIR/replaced"
    is "$(find "$BATS_TEST_TMPDIR/replaced" | grep -ci '5d1b7b2e')" 0 'names with the UUID'
}

@test "an IPv6 address without a route" {
    put /proc/net/if_inet6 '20010db8000000000000000000000007 02 80 00 80     eno1'
    put "/sys/$(pci_dir 0000:02:00.0)/net/eno1/flags" 0x1003
    captured_reason 0000:02:00.0 '2001:db8::7' /proc/net/if_inet6
}

@test "an IPv4 address without a route, which no file of the kernel has" {
    put /passthrough-addresses 'lo 127.0.0.1' 'eno1 192.0.2.7'
    put "/sys/$(pci_dir 0000:02:00.0)/net/eno1/flags" 0x1003
    captured_reason 0000:02:00.0 '192.0.2.7' /passthrough-addresses
}

@test "a process that writes to a disk as it is, and one that cannot be looked at" {
    process 812 ceph-osd /dev/nvme0n1
    put /proc/812/fdinfo/1 $'pos:\t0' $'flags:\t02140002'
    captured_reason 0000:01:00.0 'ceph-osd' /proc/812/comm /proc/812/fdinfo/1
    put /proc/812/fdinfo/1 $'pos:\t0' $'flags:\t02140000'
    plan
    bound 0000:01:00.0 0000:02:00.0
    captured_alike
    put /proc/813/fd 'no directory'
    plan
    captured_alike
}

@test "the partition that the firmware booted from" {
    local guid=8be4df61-93ca-11d2-aa0d-00e098032b8c efivars=$ROOT/sys/firmware/efi/efivars
    udev_tags nvme0n1p1 ID_FS_TYPE=vfat ID_FS_UUID=0BAD-CAFE ID_PART_ENTRY_UUID=01234567-89ab-cdef-0123-456789abcdef
    mkdir -p "$efivars"
    printf '\x07\0\0\0\x01\0\0\0\x2e\0d\0\0\0\x04\x01\x2a\0\x01\0\0\0\0\x08\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\x67\x45\x23\x01\xab\x89\xef\xcd\x01\x23\x45\x67\x89\xab\xcd\xef\x02\x02\x7f\xff\x04\0' \
        >"$efivars/Boot0001-$guid"
    printf '\x06\0\0\0\x01\0' >"$efivars/BootCurrent-$guid"
    captured_reason 0000:01:00.0 'the firmware booted from it' "/sys/firmware/efi/efivars/Boot0001-$guid" "/sys/firmware/efi/efivars/BootCurrent-$guid"
    ctl capture "$BATS_TEST_TMPDIR/replaced"
    exits 0
    LC_ALL=C run -1 grep -rlaP '\x67\x45\x23\x01\xab\x89\xef\xcd' "$BATS_TEST_TMPDIR/replaced"
    run -1 grep -rli '0bad-\?cafe' "$BATS_TEST_TMPDIR/replaced"
}

@test "swap in memory that stands on a disk" {
    block zram0 251:0 devices/virtual/block/zram0
    put /sys/class/block/zram0/backing_dev /dev/nvme0n1p1
    swap_on zram0
    captured_reason 0000:01:00.0 zram0 /sys/class/block/zram0/backing_dev
}

@test "how a function is reset, which check says" {
    rm "$(pci_file 0000:02:00.0 reset_method)"
    : >"$(pci_file 0000:02:00.0 reset)"
    ctl check --json
    local row
    row=$(get '.checks[] | select(.id == "device.0000:02:00.0").message')
    [[ $row == *'can be reset'* ]] || { show && return 1; }
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:02:00.0").message')" "$row" 'the row of the capture'
}

@test "virtual functions, by their parent and their number" {
    pci_add 0000:02:10.0 8086:10ca 0200 under=0000:00:03.0 group=3 physfn=0000:02:00.0 index=0
    pci_add 0000:02:10.2 8086:10ca 0200 under=0000:00:03.0 group=4 physfn=0000:02:00.0 index=1
    rule nic '[Match]' Parent=eno1 VirtualFunction=1
    plan
    bound 0000:01:00.0 0000:02:10.2
    captured_alike
}

@test "what cannot be read in the machine cannot be read in its capture, and says why" {
    mkdir -p "$ROOT/etc/fstab" "$ROOT/etc/passthrough.d/dir.conf"
    mkfifo "$ROOT/etc/passthrough.d/pipe.conf"
    ln -s loop.conf "$ROOT/etc/passthrough.d/loop.conf"
    : >"$ROOT/etc/passthrough.conf.d"
    plan
    has 'is a directory' 'is not a regular file' 'Too many levels of symbolic links' 'is not a directory'
    captured_alike
    ctl capture --raw "$BATS_TEST_TMPDIR/raw"
    grep -qx "unreadable read 21 /etc/fstab" "$BATS_TEST_TMPDIR/raw/passthrough-capture"
    grep -qx "unreadable read 22 /etc/passthrough.d/pipe.conf" "$BATS_TEST_TMPDIR/raw/passthrough-capture"
    grep -qx "absent /etc/crypttab" "$BATS_TEST_TMPDIR/raw/passthrough-capture"
    is "$(find "$BATS_TEST_TMPDIR/raw" ! -type f ! -type d ! -type l)" '' 'other kinds of files'
}

# Compiled here: no command says it.
@test "a capture knows what is absent, and what nobody asked for" {
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$BATS_TEST_DIRNAME/../../src" -o "$BATS_TEST_TMPDIR/captured-knows" "$BATS_TEST_DIRNAME/captured.c" \
        $(sanitized && echo -fsanitize=address,undefined) "$BUILD/engine.a"
    rm -f "$ROOT/etc/crypttab"
    mkdir -p "$ROOT/etc/fstab"
    put /etc/passthrough.d/README 'no rule'
    ctl capture --raw "$BATS_TEST_TMPDIR/raw"
    run "$BATS_TEST_TMPDIR/captured-knows" "$BATS_TEST_TMPDIR/raw" /etc/machine-id /etc/crypttab /etc/fstab /etc/passthrough.d/other.conf \
        /run/passthrough.conf.d/10.conf.d/x /etc/shadow /etc/passthrough.d/nic.conf.d/x /etc/passthrough.d/README
    is "$output" 'there absent unreadable absent absent unknown unknown named' 'what it knows'
    # What is in a file is not known, unless somebody has written it.
    cp "$BATS_TEST_TMPDIR/raw/etc/passthrough.d/"{README,new.conf}
    sed -i 's|^named .*/README$|&\nnamed /etc/passthrough.d/new.conf|; s/^end .*/end/' "$BATS_TEST_TMPDIR/raw/passthrough-capture"
    ROOT=$BATS_TEST_TMPDIR/raw
    plan
    rule_is new invalid
    has 'new.conf: cannot be read: No data available'
    rule new '[Match]' Address=99:00.0
    plan
    rule_is new missing
    ROOT=$BATS_TEST_TMPDIR/root
    run "$BATS_TEST_TMPDIR/captured-knows" "$ROOT" /etc/machine-id
    is "$output" 'no capture' 'what a tree is'
}
