# passthroughctl capture DIR: this machine's facts as a tree that replays, less what identifies it and what must stay secret.

load product
load tree
load live

setup() {
    tree_again capture && return
    tree_new
    card 0000:00:02.0 01 1 serial=3c-ec-ef-ff-ff-12-34-56 slot=7
    pci_root 0000:40
    card 0000:40:03.1 42 15
    pci_add 0000:00:05.0 8086:10d3 0200 group=40 driver=e1000e
    nic eno1 0000:00:05.0
    net_over bond0 eno1
    default_route bond0
    pci_add 0000:00:06.0 1b36:0010 010802 group=41 driver=nvme
    disk nvme0n1 259:0 0000:00:06.0
    nvme_serial 0000:00:06.0 nvme0 S4EVNX0M123456
    part nvme0n1p1 259:1
    stacked dm-0 253:0 nvme0n1p1
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=42 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_device 1-2 046d:c31c 03
    local address
    for address in 01:00.0 42:00.0 00:05.0 00:06.0 00:14.0 00:1f.2; do
        rule "r-${address//[:.]/-}" '[Match]' "Address=$address"
    done
    tree_keep capture
}

# capture [OPTION]: into $CAPTURED, which is below the root like all that is written.
capture() {
    CAPTURED=$ROOT/capture
    ctl capture "$@" /capture
    exits 0
}

# The plan of what was captured, in place of $ROOT's.
replay() {
    ROOT=$CAPTURED
    plan
}

@test "what was captured gives the same plan as the machine, in JSON and in text" {
    plan
    local json=$output text
    ctl plan
    text=$output
    capture
    replay
    is "$output" "$json" 'replayed JSON'
    ctl plan
    is "$output" "$text" 'replayed text'
}

@test "what was captured can be captured again, and still replays" {
    plan
    local json=$output
    capture
    ROOT=$CAPTURED
    capture
    replay
    is "$output" "$json" 'replayed twice'
}

@test "every command that only looks says of a capture what it says of the machine" {
    local command option raw=$BATS_TEST_TMPDIR/raw replaced=$BATS_TEST_TMPDIR/replaced here there images=$BATS_TEST_TMPDIR
    put /sys/class/dmi/id/product_uuid 4c4c4544-0051-3510-8052-b4c04f4a3233
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=1002:5159'
    ctl capture --raw "$raw"
    ctl capture "$replaced"
    exits 0
    for command in 'list --json' list 'status --json' 'check --json' cmdline 'cmdline check' 'show 0000:01:00.0' 'image --modules' \
        'apply --dry-run' 'add x 0000:01:00.0 --dry-run' 'add --from=driverctl --dry-run' 'add --from=modprobe --dry-run'; do
        # shellcheck disable=SC2086 # words
        here=$("$BUILD/passthroughctl" --root="$ROOT" $command 2>&1 || echo "exit $?")
        # shellcheck disable=SC2086
        there=$("$BUILD/passthroughctl" --root="$raw" $command 2>&1 || echo "exit $?")
        alike --raw "$here" "$there" || { echo "$command" && return 1; }
        # shellcheck disable=SC2086
        there=$("$BUILD/passthroughctl" --root="$replaced" $command 2>&1 || echo "exit $?")
        alike '' "$here" "$there" || { echo "$command" && return 1; }
    done
    mkdir "$images"/{here,there}
    "$BUILD/passthroughctl" --root="$ROOT" image "$images/here"
    "$BUILD/passthroughctl" --root="$raw" image "$images/there"
    [[ -s $images/here/var/lib/passthrough/clearance ]]
    diff -r "$images/here" "$images/there"
}

# What identifies the machine, in text and in config space.
identifying() {
    LC_ALL=C grep -rlaE '0123456789abcdef0123456789abcdef|52:54:00:12:34:56|S4EVNX0M123456' "$CAPTURED"
    LC_ALL=C grep -rlaP '\x56\x34\x12\xff\xff\xef\xec\x3c' "$CAPTURED"
}

@test "machine-id, MAC addresses and serial numbers are replaced" {
    capture
    is "$(identifying)" '' 'files that identify the machine'
    [[ -s $CAPTURED/etc/machine-id ]]
}

@test "a rule by serial number still finds its card in what was captured" {
    rule r-01-00-0 '[Match]' Serial=3c-ec-ef-ff-ff-12-34-56
    rule r-00-06-0 '[Match]' Serial=S4EVNX0M123456 '[Device]' Driver=native
    capture
    replay
    rule_is r-01-00-0 ok
    rule_is r-00-06-0 ok
    bound 0000:00:14.0 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    run -1 grep -rlaiE '3c-ec-ef-ff-ff-12-34-56|S4EVNX0M123456' "$CAPTURED"
}

@test "a rule by machine-id still holds in what was captured" {
    add_line /etc/passthrough.d/r-01-00-0.conf '[Match]' Host=0123456789abcdef0123456789abcdef
    capture
    replay
    rule_is r-01-00-0 ok
    run -1 grep -rl 0123456789abcdef0123456789abcdef "$CAPTURED"
}

@test "equal numbers stay equal, and different ones different" {
    pci_add 0000:00:0a.0 8086:10d3 0200 serial=3c-ec-ef-ff-ff-12-34-56
    pci_add 0000:00:0b.0 8086:10d3 0200 serial=3c-ec-ef-ff-ff-12-34-57
    capture
    ROOT=$CAPTURED
    is "$(serial_of 0000:00:0a.0)" "$(serial_of 0000:01:00.0)" 'the same serial number'
    [[ $(serial_of 0000:00:0b.0) != "$(serial_of 0000:00:0a.0)" ]]
}

serial_of() {
    tail -c +325 "$ROOT/sys/bus/pci/devices/$1/config" | head -c 8 | od -An -tx1
}

@test "credentials on the command line and in fstab are removed, the rest stays" {
    cmdline 'rd.iscsi.password=geheim1 netroot=iscsi:user:geheim2@10.0.0.1::::iqn.x systemd.set_credential=a:geheim3 ip=dhcp'
    put /etc/fstab '//nas/share /mnt cifs username=me,password=geheim4,vers=3 0 0' '/dev/sda2 / ext4 defaults 0 1'
    put /etc/crypttab 'data UUID=1 /etc/keys/data.key luks'
    put /etc/keys/data.key geheim5
    capture
    run -1 grep -rl geheim "$CAPTURED"
    grep -q ip=dhcp "$CAPTURED/proc/cmdline"
    grep -q '^/dev/sda2 / ext4' "$CAPTURED/etc/fstab"
}

@test "credentials in what else is captured are removed: WireGuard keys, a second CIFS password" {
    put /etc/systemd/network/50-wg0.netdev '[WireGuard]' PrivateKey=geheim1= PresharedKey=geheim2=
    put /etc/fstab '//nas/share /mnt cifs username=me,password2=geheim3,vers=3 0 0'
    capture
    run -1 grep -rl geheim "$CAPTURED"
}

@test "serial numbers are replaced where they are part of another name" {
    block nvme0n1 259:0 "$(pci_dir 0000:00:06.0)/nvme/nvme0/nvme0n1"
    put /sys/class/block/nvme0n1/wwid nvme.144d-53344556-S4EVNX0M123456-00000001
    put "/sys/class/block/sda/device/wwid" 't10.ATA     DISK                    S5Y2NX0R'
    put /run/udev/data/b8:0 'E:ID_SERIAL=DISK_S5Y2NX0R' E:ID_SERIAL_SHORT=S5Y2NX0R E:ID_FS_TYPE=ext4
    put /sys/bus/usb/devices/1-2/serial USBS3RIAL
    capture
    is "$(grep -rlaE 'S4EVNX0M123456|S5Y2NX0R|USBS3RIAL' "$CAPTURED")" '' 'files with a serial number'
    grep -q ID_FS_TYPE=ext4 "$CAPTURED/run/udev/data/b8:0"
}

@test "a MAC address is replaced where it is the interface's name, and routes still name that interface" {
    pci_add 0000:00:0a.0 8086:10d3 0200 group=50 driver=e1000e
    nic enx525400123456 0000:00:0a.0
    default_route enx525400123456
    rule nic '[Match]' Address=00:0a.0
    capture
    is "$(find "$CAPTURED" -name '*525400123456*')$(grep -rla 525400123456 "$CAPTURED")" '' 'names with a MAC address'
    replay
    refused 0000:00:0a.0 .
}

@test "an IPv6 address that is made from a MAC address is replaced with it, in each form" {
    echo 00:01:22:00:44:55 >"$ROOT/sys/class/net/eno1/address"
    put /proc/net/if_inet6 'fe800000000000000201 02 40 20 80     lo' 'fe80000000000000020122fffe004455 02 40 20 80     eno1'
    put /etc/fstab '[fe80::201:22ff:fe00:4455%eno1]:/srv /srv nfs defaults 0 0' 'h:/0201-22FF-FE00-4455 /b nfs defaults 0 0'
    capture
    is "$(grep -rliE '0?201[-:]?22ff[-:]?fe00[-:]?4455' "$CAPTURED")" '' 'files that give the address away'
    [[ $(<"$CAPTURED/etc/fstab") =~ fe80::([0-9a-f]+):([0-9a-f]{2})ff:fe[0-9a-f]{2}:[0-9a-f]{4}%eno1 ]] || { show && return 1; }
    [[ $(<"$CAPTURED/sys/class/net/eno1/address") =~ ^..:..:${BASH_REMATCH[2]}: ]] || { show && return 1; }
}

@test "--raw keeps everything as it is" {
    capture --raw
    is "$(<"$CAPTURED/etc/machine-id")" 0123456789abcdef0123456789abcdef machine-id
    cmp "$ROOT/sys/bus/pci/devices/0000:01:00.0/config" "$CAPTURED/sys/bus/pci/devices/0000:01:00.0/config"
    is "$(identifying | grep -cE '/(machine-id|address|serial|config)$')" 5 'files that identify the machine'
}

@test "rules and drop-ins of all four places come along" {
    rule_in /usr/lib/passthrough.d vendor '[Match]' Address=99:00.0
    rule_in /run/passthrough.d/vendor.conf.d more '[Device]' Expect=0-
    capture
    ROOT=$CAPTURED
    plan
    rule_is vendor ok
}

@test "a mask survives the capture" {
    rule_in /usr/lib/passthrough.d vendor '[Match]' Address=99:00.0
    ln -s /dev/null "$ROOT/etc/passthrough.d/vendor.conf"
    capture
    replay
    no_rule vendor
}

@test "plain files, directories and links only, none of which leads out" {
    mkfifo "$ROOT/sys/devices/pci0000:00/0000:00:00.0/pipe"
    capture
    is "$(find "$CAPTURED" ! -type f ! -type d ! -type l)" '' 'other kinds of files'
    is "$(find "$CAPTURED" -type l -exec realpath -m {} + | grep -cv "^$CAPTURED/")" 0 'links that lead out'
}

@test "the machine is not changed by it" {
    local before
    before=$(cd "$ROOT" && find . -path ./capture -prune -o ! -path . -printf '%p %y %s %T@ %l\n' | sort)
    capture
    is "$(cd "$ROOT" && find . -path ./capture -prune -o ! -path . -printf '%p %y %s %T@ %l\n' | sort)" "$before" 'the tree'
}

@test "a directory that is there and not empty is not written into" {
    mkdir "$ROOT/capture"
    : >"$ROOT/capture/mine"
    ctl capture /capture
    [[ $status != 0 && $stderr == *capture* ]] || { show && return 1; }
    is "$(ls -A "$ROOT/capture")" mine 'what is in it'
}

@test "an archive is the same tree, for nobody else to read, and its line replays it" {
    command -v zstd >/dev/null || skip 'no zstd'
    local json
    cd "$BATS_TEST_TMPDIR"
    plan
    json=$output
    ctl capture --raw machine.tar.zst
    exits 0
    is "$(stat -c %a machine.tar.zst)" 600 mode
    [[ $output == 'Captured in machine.tar.zst; plan it anywhere with: '* ]]
    passthroughctl() { "$BUILD/passthroughctl" "$@" --json; }
    run eval "${output#*with: }"
    is "$output" "$json" 'the plan'
    ctl capture --raw machine.tar.zst
    exits 1
    has 'machine.tar.zst: File exists'
    is "$(ls -d "${TMPDIR:-/tmp}"/passthrough-capture-* 2>/dev/null)" '' 'left behind'
    # Where the machine has that directory, the file is put there.
    ctl capture /etc/machine.tar.zst
    exits 0
    tar -tf "$ROOT/etc/machine.tar.zst" ./passthrough-capture
}

@test "another ending than an archive can have is an error that says which it can" {
    local name
    for name in m.zip m.tar m.tar.gz m.tgz m.zst m.tar.xz; do
        ctl capture "$BATS_TEST_TMPDIR/$name"
        exits 2
        has "a file that ends in .tar.zst, not \"$BATS_TEST_TMPDIR/$name\""
        [[ ! -e $BATS_TEST_TMPDIR/$name ]]
    done
    ctl capture "$BATS_TEST_TMPDIR/host1.d"
    exits 0
}

@test "what only root may read, only root may read in the capture" {
    put /etc/systemd/network/50-wg0.network '[NetDev]' Name=wg0
    put /etc/systemd/network/60-all.network '[Match]' 'Name=*'
    chmod 600 "$ROOT/etc/systemd/network/50-wg0.network"
    chmod 700 "$ROOT/etc/modprobe.d" 2>/dev/null || mkdir -m 700 "$ROOT/etc/modprobe.d"
    capture --raw
    is "$(stat -c %a "$CAPTURED/etc/systemd/network/50-wg0.network")" 600 'mode of the file'
    is "$(stat -c %a "$CAPTURED/etc/systemd/network/60-all.network")" 644 'mode of another'
    is "$(stat -c %a "$CAPTURED/etc/modprobe.d")" 700 'mode of the directory'
}

@test "credentials in all forms that hosts have them in" {
    cmdline 'rd.iscsi.password="geheim 01" "rd.iscsi.in.password=geheim 02" netroot=iscsi:u:geheim03:x:geheim04@10.0.0.1::::iqn.x console=tty0'
    put /etc/fstab '//nas/share /mnt cifs username=geheim05,password=geheim06,vers=3 0 0'
    put /etc/modprobe.d/lines.conf 'GRUB_CMDLINE_LINUX="rd.iscsi.password=geheim07 ip=dhcp iommu=pt"' 'GRUB_ENABLE_BLSCFG=false'
    put /boot/loader/entries/a.conf 'linux /vmlinuz' 'options root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 password=geheim10 ro' \
        'password_pbkdf2 root grub.pbkdf2.sha512.10000.GEHEIM08' '  password root geheim09'
    put /etc/systemd/network/50-wg0.network '[NetDev]' Name=wg0 '[WireGuard]' 'PrivateKey = geheim11=' PresharedKey=geheim12= \
        '[MACsecTransmitAssociation]' Key=geheim13 KeyFile=/etc/keys/macsec
    put /etc/systemd/network/60-ap.network '[X]' 'Password = "geheim 14 with blanks"' "psk='geheim 15'" 'wep-key0=geheim16' 'psk="geheim17"' \
        '- password: "geheim18"' '  key: geheim19'
    capture
    is "$(grep -rliE 'geheim' "$CAPTURED")" '' 'files with a credential'
    grep -q 'console=tty0' "$CAPTURED/proc/cmdline"
    grep -q 'KeyFile=/etc/keys/macsec' "$CAPTURED/etc/systemd/network/50-wg0.network"
    grep -q 'ip=dhcp iommu=pt"' "$CAPTURED/etc/modprobe.d/lines.conf"
    grep -q '^options root=UUID=.* ro$' "$CAPTURED/boot/loader/entries/a.conf"
}

@test "UUIDs of file systems are replaced, and equal ones stay equal in each spelling" {
    local uuid=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a12 now
    udev_tags nvme0n1p1 ID_FS_TYPE=ext4 ID_FS_UUID=$uuid
    put /etc/fstab "UUID=${uuid^^} /data ext4 defaults 0 0" "/dev/disk/by-uuid/$uuid /more ext4 defaults 0 0" 'UUID=ABCD-1234 /efi vfat defaults 0 0'
    rule r-00-06-0 '[Match]' Address=00:06.0
    add_line /etc/passthrough.d/r-00-06-0.conf "# the disk ${uuid//-/}, ${uuid//-/\\x2d}"
    capture
    run -1 grep -rliE '5d1b7b2e|0a63fbb41a12|abcd-1234' "$CAPTURED"
    now=$(sed -n 's/^E:ID_FS_UUID=//p' "$CAPTURED/run/udev/data/b259:1")
    [[ $now =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
    grep -q "^UUID=${now^^} " "$CAPTURED/etc/fstab"
    grep -q "^/dev/disk/by-uuid/$now " "$CAPTURED/etc/fstab"
    grep -qF "${now//-/}, ${now//-/\\x2d}" "$CAPTURED/etc/passthrough.d/r-00-06-0.conf"
    # Each capture has others.
    rm -rf "$CAPTURED"
    capture
    run -1 grep -rlF "$now" "$CAPTURED"
}

@test "what is called as nothing identifies it is no secret: a hub by its controller, a variable by its vendor" {
    put /sys/bus/usb/devices/usb1/serial 0000:00:14.0
    put /sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
    capture
    [[ -e $CAPTURED/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f ]]
    [[ -e $CAPTURED/sys/devices/pci0000:00/0000:00:14.0 ]]
}

@test "who is to own a node is known of a capture as well, and of others nothing" {
    put /etc/passwd root:x:0:0::/: 'qemu:x:107:107:Somebody by name:/home/qemu:/bin/sh' 'alice:x:1000:1000:Alice:/:'
    put /etc/group root:x:0: kvm:x:36:alice
    rule r-01-00-0 '[Match]' Address=01:00.0 '[Device]' Owner=qemu Group=nosuch
    live_root
    live check --json
    local row
    row=$(get '.checks[] | select(.id == "device.0000:01:00.0").message')
    [[ $row == *nosuch* && $row != *qemu* ]] || { show && return 1; }
    live capture --raw /tmp/captured
    exits 0
    ROOT=$ROOT/tmp/captured
    is "$(<"$ROOT/etc/passwd")" qemu:x:107: 'users of the capture'
    [[ -f $ROOT/etc/group && ! -s $ROOT/etc/group ]]
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:01:00.0").message')" "$row" 'the row of the capture'
}

@test "who is not root is told that root reads more" {
    local dir
    [[ $EUID == 0 ]] || skip 'another user takes root'
    put /etc/crypttab 'swap /dev/sdb2 none'
    chmod 600 "$ROOT/etc/crypttab"
    for dir in "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"/{,..,../..}; do chmod a+x "$dir"; done
    mkdir -m 777 "$BATS_TEST_TMPDIR/open"
    run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$BUILD/passthroughctl" --root="$ROOT" capture "$BATS_TEST_TMPDIR/open/captured"
    exits 0
    has 'as root, capture reads them'
    ctl capture "$BATS_TEST_TMPDIR/whole"
    exits 0
    has_not 'as root'
}

@test "no directory, or two, is a usage error" {
    ctl capture
    exits 2
    ctl capture /a /b
    exits 2
}
