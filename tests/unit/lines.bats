# The kernel command line judged with this machine's facts: what apply refuses to write, and check and plan say of it.

load product
load tree
load tree-guard

DISK=0b1c2d3e-0000-4000-8000-00000000000d # of a file system on another disk

# Root on an NVMe disk, data on a SATA one, an uplink and a second port of the same driver, a GPU that a rule hands over.
setup() {
    if ! tree_again lines; then
        tree_new
        untraced host
        tree_keep lines
    fi
}

host() {
    sed -i '/ \/ \/ /d; / \/ \/boot\/efi /d' "$ROOT/proc/self/mountinfo"
    : >"$ROOT/proc/mounts"
    sed -i '/^lan0/d' "$ROOT/proc/net/route"
    module ahci loadable
    printf '%s\n' 'kernel/drivers/nvme/host/nvme.ko.xz: kernel/drivers/nvme/host/nvme-core.ko.xz' 'kernel/drivers/nvme/host/nvme-core.ko.xz:' \
        'kernel/drivers/net/ethernet/intel/igb/igb.ko.xz: kernel/drivers/dca/dca.ko.xz' 'kernel/drivers/dca/dca.ko.xz:' \
        'kernel/drivers/usb/host/xhci-pci.ko: ' 'kernel/fs/btrfs/btrfs.ko: kernel/lib/raid6/raid6_pq.ko' >>"$ROOT/lib/modules/$KERNEL/modules.dep"
    pci_add 0000:01:00.0 10de:1b06 0300 group=1 driver=nouveau boot_vga=0
    pci_add 0000:02:00.0 144d:a808 010802 group=2 driver=nvme
    pci_add 0000:03:00.0 8086:1521 0200 group=3 driver=igb
    pci_add 0000:03:00.1 8086:1521 0200 group=4 driver=igb
    pci_add 0000:04:00.0 8086:15f2 0200 group=5 driver=e1000e
    disk nvme0n1 259:0 0000:02:00.0
    part nvme0n1p1 259:1
    part nvme0n1p2 259:2
    tags nvme0n1p1 UUID=AAAA-BBBB TYPE=vfat PARTUUID=11111111-0000-4000-8000-000000000001
    tags nvme0n1p2 UUID="$ROOT_UUID" TYPE=ext4 LABEL=system PARTUUID=11111111-0000-4000-8000-000000000002 PARTLABEL=root \
        link=disk/by-id/nvme-Samsung_1-part2
    tags sda2 UUID="$DISK" TYPE=ext4 LABEL=data PARTUUID=22222222-0000-4000-8000-000000000002
    mounted nvme0n1p2 / ext4
    mounted nvme0n1p1 /boot/efi vfat
    mounted sda2 /srv ext4
    nic eno1 0000:03:00.0 up
    default_route eno1
    put /proc/meminfo "MemTotal: $((64 * 1048576)) kB"
    printf 'processor\t: 0\nvendor_id\t: GenuineIntel\n' >"$ROOT/proc/cpuinfo"
    mkdir -p "$ROOT"/{bin,usr/sbin,usr/lib/systemd}
    put /usr/lib/systemd/systemd init
    : >"$ROOT/usr/sbin/update-grub"
    put /etc/debian_version 12.5
    put /etc/default/grub '# settings' 'GRUB_DEFAULT=0' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' 'GRUB_CMDLINE_LINUX=""'
    put /boot/grub/grub.cfg '### BEGIN /etc/grub.d/10_linux ###' "menuentry 'Debian' {" "	linux /boot/vmlinuz-$KERNEL root=UUID=$ROOT_UUID ro quiet" \
        "	initrd /boot/initrd.img-$KERNEL" '}' \
        '### END /etc/grub.d/10_linux ###'
    image_there
    booted quiet
    rule gpu0 '[Match]' ID=10de:1b06
}

# entries_there: systemd-boot reads entries, of a kernel that has its image.
entries_there() {
    put /boot/efi/loader/loader.conf 'timeout 3'
    put /boot/efi/linux kernel
    put /boot/efi/initrd image
}

# booted TOKENS: what the kernel that runs was given. grub TOKENS: GRUB_CMDLINE_LINUX_DEFAULT. conf TOKENS: CommandLine=.
booted() {
    put /proc/cmdline "BOOT_IMAGE=/boot/vmlinuz root=UUID=$ROOT_UUID ro $1"
}

grub() {
    put /etc/default/grub '# settings' 'GRUB_DEFAULT=0' "GRUB_CMDLINE_LINUX_DEFAULT=\"$1\"" 'GRUB_CMDLINE_LINUX=""'
}

conf() {
    put /etc/passthrough.conf '[Host]' "CommandLine=$1"
}

snapshot() {
    (cd "$ROOT" && find . -type f -exec sha256sum {} + -o -type l -printf '%p %l\n' | LC_ALL=C sort)
}

# refuses WORDS...: apply does, in words that hold each of these, and writes nothing; --dry-run exits the same.
refuses() {
    local before
    before=$(snapshot)
    ctl apply --dry-run
    exits 1 && has "$@" || return 1
    ctl apply
    exits 1 && has "$@" 'nothing is written until the kernel command line is corrected' || return 1
    diff <(echo "$before") <(snapshot)
}

takes() {
    ctl apply --dry-run
    exits 0 && has_not 'nothing is written'
}

# refuses_conf TOKENS WORDS...: in passthrough.conf. takes_conf TOKENS
refuses_conf() {
    conf "$1"
    refuses "/etc/passthrough.conf:2: ${1%% *}" "${@:2}" || { echo "of: $1" && return 1; }
}

takes_conf() {
    conf "$1"
    takes || { echo "of: $1" && return 1; }
}

# --- lines that people have

# judge_line VERDICT PLACE VENDOR REASON LINE
judge_line() {
    local line=${5//@ROOT@/$ROOT_UUID} names
    tree_again lines
    rm -f "$ROOT/etc/passthrough.conf"
    [[ $3 != amd ]] || sed -i s/GenuineIntel/AuthenticAMD/ "$ROOT/proc/cpuinfo"
    [[ $2 != off ]] || find "$ROOT/sys/kernel/iommu_groups" -mindepth 1 -delete
    case $2 in
    booted | off) grub "$line" && put /proc/cmdline "$line" ;;
    edited) grub "$line" ;;
    conf) conf "$line" ;;
    *) return 1 ;;
    esac
    case $1 in
    taken) takes ;;
    refused) refuses "$4" ;;
    *) return 1 ;;
    esac || { printf 'of: %s\n' "$line" && return 1; }
}

# each_of GROUP
each_of() {
    local text group='' head='' n=0 verdict place vendor failed=0
    while IFS= read -r text; do
        case $text in
        '== '*) group=${text#== } ;;
        '    '*)
            [[ $group == "$1" ]] || continue
            read -r verdict place vendor _ <<<"$head"
            judge_line "$verdict" "$place" "$vendor" "${head#* ~ }" "${text#    }" || failed=1
            n=$((n + 1))
            ;;
        taken* | refused*) head=$text ;;
        esac
    done <"$BATS_TEST_DIRNAME/lines-table"
    ((n > 0 && failed == 0))
}

@test "40 and more lines that people have: those the host is up with" {
    (($(grep -c '^    ' "$BATS_TEST_DIRNAME/lines-table") >= 40))
    each_of booted
}

@test "... those that switch off what a rule needs" {
    each_of off
}

@test "... those that stand in the boot loader's settings, and were not booted yet" {
    each_of edited
}

@test "... those that passthrough.conf would add" {
    each_of conf
}

# --- the root

@test "root= elsewhere is refused, by whatever name, and the right one is told" {
    local name
    for name in UUID=$DISK LABEL=data PARTUUID=22222222-0000-4000-8000-000000000002 /dev/sda2 8:2 /dev/disk/by-uuid/$DISK \
        /dev/disk/by-partuuid/22222222-0000-4000-8000-000000000002 /dev/nvme0n1p1 /dev/nvme0n1 UUID=aaaa-bbbb; do
        refuses_conf "root=$name" "root=$name: that is /dev/" 'the root of this host is on /dev/nvme0n1p2; right: root=UUID='"$ROOT_UUID"
    done
}

@test "root= by any name of this host's root is taken, and so is what names no disk here" {
    local name
    for name in UUID=$ROOT_UUID UUID=${ROOT_UUID^^} LABEL=system PARTUUID=11111111-0000-4000-8000-000000000002 PARTLABEL=root /dev/nvme0n1p2 \
        259:2 /dev/disk/by-id/nvme-Samsung_1-part2 /dev/disk/by-uuid/$ROOT_UUID UUID=dead-beef /dev/sdz9 /dev/mapper/vg-root \
        ZFS=rpool/ROOT/pve-1 /dev/nfs live:CDLABEL=x tmpfs gpt-auto; do
        takes_conf "root=$name"
    done
    run --separate-stderr "$BUILD/passthrough-cmdline" --root="$ROOT" --cmdline=root=UUID=dead-beef
    exits 0
    has 'warning' 'no disk here has that name'
}

@test "the last root= counts, and the one that was booted with is right by definition" {
    takes_conf "root=/dev/sda2 root=UUID=$ROOT_UUID"
    conf "root=UUID=$ROOT_UUID root=/dev/sda2"
    refuses '/etc/passthrough.conf:2: root=/dev/sda2'
    put /proc/cmdline 'root=/dev/sda2 ro'
    takes_conf root=/dev/sda2
    # One that another replaced was not booted with.
    put /proc/cmdline "root=/dev/sda2 root=UUID=$ROOT_UUID ro"
    refuses_conf root=/dev/sda2
}

@test "a root on LVM over LUKS: the volume is right, what it stands on is not known to be wrong, another volume is wrong" {
    sed -i '/ \/ \/ /d' "$ROOT/proc/self/mountinfo"
    crypt dm-0 253:0 luks-1 nvme0n1p2
    python3 "$BATS_TEST_DIRNAME/luks-header" "$ROOT/dev/nvme0n1p2" 0
    lvm dm-1 253:1 vg-my--root dm-0
    lvm dm-2 253:2 vg-home dm-0
    mounted dm-1 / ext4
    takes_conf root=/dev/mapper/vg-my--root
    takes_conf root=/dev/vg/my-root
    takes_conf root=/dev/nvme0n1p2
    refuses_conf root=/dev/mapper/vg-home 'that is /dev/mapper/vg-home; the root of this host is on /dev/mapper/vg-my--root'
    refuses_conf root=/dev/vg/home
    refuses_conf module_blacklist=nvme 'nvme drives nvme0n1p2 (/)'
}

@test "a root on btrfs of two disks: each of them is right" {
    sed -i '/ \/ \/ /d; / \/ \/srv /d' "$ROOT/proc/self/mountinfo"
    rm "$ROOT"/run/udev/data/b8:2 "$ROOT"/run/udev/data/b259:2
    btrfs "$ROOT_UUID" / nvme0n1p2 sda2
    takes_conf root=/dev/nvme0n1p2
    takes_conf root=/dev/sda2
    takes_conf "root=UUID=$ROOT_UUID"
    refuses_conf root=/dev/sda1 'that is /dev/sda1'
    refuses_conf module_blacklist=btrfs 'btrfs drives'
    refuses_conf module_blacklist=raid6_pq 'raid6_pq drives' 'by way of btrfs'
    refuses_conf module_blacklist=ahci 'ahci drives sda2 (/)'
}

@test "a root on ZFS: another dataset of its pool is not known to be wrong, another pool is" {
    sed -i '/ \/ \/ /d' "$ROOT/proc/self/mountinfo"
    rm "$ROOT"/run/udev/data/b8:2 "$ROOT"/run/udev/data/b259:2
    zfs rpool / nvme0n1p2
    zfs tank /srv sda2
    takes_conf root=ZFS=rpool/ROOT/pve-1
    refuses_conf root=ZFS=tank/ROOT/pve-1 'that is ZFS=tank; the root of this host is on ZFS=rpool'
}

# --- the first program, and where the boot stops

@test "init= that is no init is refused; one that is there is taken" {
    refuses_conf init=/bin/false 'init=/bin/false: that program ends at once' 'right: remove it'
    refuses_conf rdinit=/bin/true 'ends at once'
    refuses_conf init=/bin/bash 'a shell is not an init'
    refuses_conf init=/bin/gone 'there is no such program on this host'
    refuses_conf init=/usr/lib/systemd/systmd 'there is no such program'
    takes_conf init=/usr/lib/systemd/systemd
    ln -s ../usr/lib/systemd/systemd "$ROOT/bin/init"
    takes_conf init=/bin/init
    # Another file system may have it once the host boots.
    takes_conf init=/nix/store/x/init
}

@test "what the host is up with is no error: init= and masks, not a shell" {
    booted 'init=/bin/gone systemd.mask=basic.target'
    grub 'init=/bin/gone systemd.mask=basic.target'
    takes
    booted 'init=/bin/bash'
    grub 'init=/bin/bash'
    refuses '/etc/default/grub:3: init=/bin/bash: a shell is not an init'
}

@test "a boot that ends in rescue is refused" {
    local token
    for token in systemd.unit=rescue.target systemd.unit=emergency.target single emergency 1 rd.break rd.systemd.unit=emergency.target; do
        refuses_conf "$token" "$token: the boot "
    done
    for token in runlevel1.target emergency.service; do refuses_conf systemd.unit=$token 'the boot ends in a shell'; done
    for token in runlevel0.target soft-reboot.target suspend.target; do refuses_conf systemd.unit=$token 'the host stops'; done
    refuses_conf systemd.run=/bin/true 'the boot runs only that'
    takes_conf systemd.unit=multi-user.target
    takes_conf 3
}

@test "masks of passthrough's units and of what boots are refused, others are taken" {
    refuses_conf systemd.mask=passthrough.target "one of passthrough's own"
    refuses_conf rd.systemd.mask=sysroot.mount 'does not come up without that unit'
    takes_conf systemd.mask=bluetooth.service
}

@test "an entry for rescue stands beside one that boots as usual" {
    local entries=/boot/efi/loader/entries id=0123456789abcdef0123456789abcdef
    entries_there
    rm -rf "$ROOT"/boot/grub "$ROOT/etc/default/grub"
    put $entries/$id-$KERNEL.conf 'title Linux' "machine-id $id" "options root=UUID=$ROOT_UUID ro quiet" 'linux /linux' 'initrd /initrd' "version $KERNEL"
    put $entries/$id-rescue.conf 'title Rescue' "machine-id $id" "options root=UUID=$ROOT_UUID ro systemd.unit=rescue.target" 'linux /linux' 'initrd /initrd' "version $KERNEL"
    put /etc/kernel/cmdline "root=UUID=$ROOT_UUID ro quiet"
    takes
    sed -i 's/quiet/quiet single/' "$ROOT$entries/$id-$KERNEL.conf"
    refuses "$entries/$id-$KERNEL.conf:3: single: the boot ends in a shell" "$entries/$id-rescue.conf:3: systemd.unit=rescue.target"
    sed -i 's/quiet single/init=\/bin\/false/' "$ROOT$entries/$id-$KERNEL.conf"
    refuses "$entries/$id-$KERNEL.conf:3: init=/bin/false"
}

@test "what new kernels would get is judged, too" {
    local entries=/boot/efi/loader/entries id=0123456789abcdef0123456789abcdef
    entries_there
    rm -rf "$ROOT"/boot/grub "$ROOT/etc/default/grub"
    put $entries/$id-$KERNEL.conf 'title Linux' "machine-id $id" "options root=UUID=$ROOT_UUID ro quiet" 'linux /linux' 'initrd /initrd' "version $KERNEL"
    put /etc/kernel/cmdline "root=UUID=$DISK ro quiet"
    refuses "/etc/kernel/cmdline:1: root=UUID=$DISK: that is /dev/sda2"
}

# --- modules

@test "a blacklist of what drives the root or the uplink is refused" {
    refuses_conf module_blacklist=nouveau,nvme 'nvme drives nvme0n1p2 (/): the host does not boot without it; right: the line without nvme'
    refuses_conf modprobe.blacklist=nvme 'nvme drives'
    refuses_conf rd.driver.blacklist=nvme 'nvme drives'
    refuses_conf module_blacklist=nvme_core 'nvme_core drives nvme0n1p2 (/) by way of nvme'
    refuses_conf module_blacklist=igb 'igb drives eno1 (default route): the host answers nobody without it'
    refuses_conf modprobe.blacklist=igb 'igb drives eno1'
    refuses_conf module_blacklist=dca 'by way of igb'
    refuses_conf module_blacklist=irqbypass 'nothing can be handed over without it'
    refuses_conf modprobe.blacklist=vfio_pci 'without that module nothing can be handed over'
}

@test "a blacklist of what drives a file system that the boot waits for, by fstab, is refused; one that it does not wait for is not" {
    local options
    takes_conf module_blacklist=ahci
    for options in defaults '' noatime,x-nofail; do
        put /etc/fstab "UUID=$ROOT_UUID / ext4 defaults 0 1" "UUID=$DISK /srv ext4 $options"
        refuses_conf module_blacklist=ahci 'ahci drives sda2 (fstab /srv): the host does not boot without it'
    done
    for options in nofail noatime,noauto _netdev,x x-systemd.automount; do
        put /etc/fstab "UUID=$DISK /srv ext4 $options 0 2"
        takes_conf module_blacklist=ahci
    done
    put /etc/fstab "UUID=$DISK none swap sw 0 0"
    takes_conf module_blacklist=ahci
    module vfat loadable
    refuses_conf module_blacklist=vfat 'vfat drives nvme0n1p1 (/boot/efi)'
}

@test "a blacklist of others, of what is built in, and of what is loaded by name all the same is taken" {
    takes_conf module_blacklist=nouveau,e1000e,mlx5_core
    # Its disk is none that the host boots from.
    takes_conf module_blacklist=ahci
    takes_conf modprobe.blacklist=nvme_core,dca
    # The host's own udev loads it.
    takes_conf rd.driver.blacklist=igb
    module nvme builtin
    takes_conf module_blacklist=nvme
}

@test "a blacklist that the host is up with is no error" {
    booted module_blacklist=nvme
    grub module_blacklist=nvme
    takes
    takes_conf module_blacklist=nvme
    booted quiet
    refuses '/etc/passthrough.conf:2: module_blacklist=nvme'
    rm "$ROOT/etc/passthrough.conf"
    refuses '/etc/default/grub:3: module_blacklist=nvme'
}

@test "a keyboard for a passphrase: all of them behind one driver" {
    put /etc/crypttab 'data UUID=x none luks'
    pci_add 0000:05:00.0 8086:a36d 0c0330 group=6 driver=xhci_pci
    usb_bus 1 0000:05:00.0
    usb_keyboard 1-1
    refuses_conf module_blacklist=xhci_pci 'xhci_pci drives a keyboard' 'a passphrase cannot be typed without it'
    ps2_keyboard
    takes_conf module_blacklist=xhci_pci
    rm "$ROOT/etc/crypttab"
    rm -r "$ROOT"/sys/class/input
    usb_keyboard 1-2
    takes_conf module_blacklist=xhci_pci
}

# --- what the kernel is to do without

@test "memory that huge pages leave none of, and a mem= in bytes" {
    conf 'hugepagesz=1G hugepages=64'
    refuses '/etc/passthrough.conf:2: hugepages=64: huge pages take 65536 MiB of the 65536 MiB of memory that the machine has'
    takes_conf 'hugepagesz=1G hugepages=60'
    refuses_conf 'mem=32G hugepagesz=1G hugepages=60' 'mem=32G: huge pages take 61440 MiB of the 32768 MiB of memory that the kernel may use'
    refuses_conf mem=4096 'a number without M or G is in bytes'
    takes_conf mem=32G
    put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 0
    put /etc/passthrough.conf '[Host]' CommandLine=mem=4G '[HugePages]' Size=1G Count=8
    refuses '/etc/passthrough.conf:2: mem=4G'
}

@test "no PCI, no ACPI" {
    refuses_conf pci=off 'the host has no disk to boot from'
    refuses_conf acpi=off 'without ACPI the kernel finds no IOMMU'
    takes_conf pci=noacpi
    takes_conf noapic
}

@test "AMD: what is Intel's is nobody's, AMD's own switch counts" {
    sed -i s/GenuineIntel/AuthenticAMD/ "$ROOT/proc/cpuinfo"
    takes_conf intel_iommu=off
    refuses_conf amd_iommu=off 'switches AMD-Vi off'
}

# --- which lines, and who says so

@test "an error that hands nothing over is none where no rule hands anything over" {
    grub iommu=off
    booted iommu=off
    find "$ROOT/sys/kernel/iommu_groups" -mindepth 1 -delete
    refuses '/etc/default/grub:3: iommu=off: switches every IOMMU off'
    rm "$ROOT"/etc/passthrough.d/*
    takes
    takes_conf iommu=off
    refuses_conf init=/bin/false
}

@test "IOMMU groups that are there disprove what the host was booted with, not what it was not" {
    grub iommu=off
    booted iommu=off
    takes
    booted quiet
    refuses 'iommu=off'
}

@test "a token that does nothing is refused where passthrough.conf has it, and not where it stood before" {
    refuses_conf kvm.ignore_msrs=maybe 'kvm.ignore_msrs=maybe'
    rm "$ROOT/etc/passthrough.conf"
    grub kvm.ignore_msrs=maybe
    takes
}

@test "a token of several entries is told once, with each place; the document is whole" {
    grub 'init=/bin/false'
    conf init=/bin/false
    ctl apply --json
    exits 1
    whole '.refused == [{"token":"init=/bin/false","where":"/etc/passthrough.conf:2","message":.refused[0].message,"fix":"remove it"}]'
    whole '.files == [] and .command == "" and .written == false and (.message | contains("nothing is written"))'
    rm "$ROOT/etc/passthrough.conf"
    ctl apply --json --dry-run
    exits 1
    whole '.refused[0].where == "/etc/default/grub:3"'
    grub quiet
    ctl apply --json --dry-run
    exits 0
    whole '.refused == []'
}

@test "a warning of a token that passthrough.conf has is a note, and no reason to refuse it" {
    takes_conf root=UUID=dead-beef
    has 'Note: /etc/passthrough.conf:2: root=UUID=dead-beef: no disk here has that name'
    rm "$ROOT/etc/passthrough.conf"
    grub root=UUID=dead-beef
    takes
    has_not Note:
}

@test "the drop-in that has a CommandLine= is the one that is named" {
    put /etc/passthrough.conf '[Host]' CommandLine=nosplash
    put /etc/passthrough.conf.d/10-mine.conf '[Host]' '# mine' 'CommandLine=nowatchdog init=/bin/false'
    refuses '/etc/passthrough.conf.d/10-mine.conf:3: init=/bin/false'
}

@test "check fails on what apply refuses, in the same words, and does not tell to add it" {
    conf 'init=/bin/false module_blacklist=nvme nowatchdog'
    ctl check --json
    exits 1
    is "$(get '.checks[] | select(.id == "cmdline.init=/bin/false") | .status')" fail 'the row'
    has 'that program ends at once' 'nvme drives nvme0n1p2 (/)' 'apply refuses it (/etc/passthrough.conf:2)'
    has_not 'apply adds init' 'apply adds module_blacklist'
    has 'passthroughctl apply adds nowatchdog'
    rm "$ROOT/etc/passthrough.conf"
    ctl check --json
    is "$(get '.checks[] | select(.id | startswith("cmdline.init")) | .id')" '' 'no row'
}

@test "check says it, too, where apply can plan nothing" {
    rm -r "$ROOT/boot/grub"
    conf 'init=/bin/false'
    ctl apply
    exits 1
    has 'no supported boot loader was found'
    ctl check --json
    is "$(get '.checks[] | select(.id == "cmdline.init=/bin/false") | .status')" fail 'the row'
    has_not 'apply adds init'
}

@test "plan says it, and is none the worse for it" {
    conf init=/bin/false
    plan
    exits 0
    has '/etc/passthrough.conf:2: init=/bin/false: that program ends at once' 'apply writes nothing until the kernel command line is corrected'
    rm "$ROOT/etc/passthrough.conf"
    plan
    has_not 'is corrected'
}

@test "a machine of which nothing is known has none of these errors" {
    local ROOT=$BATS_TEST_TMPDIR/none
    mkdir -p "$ROOT/proc"
    run --separate-stderr "$BUILD/passthrough-cmdline" --root="$ROOT" --cmdline='root=/dev/sda1 init=/sbin/init2 module_blacklist=nvme,ahci,igb'
    exits 0
    has '0 errors, 0 warnings'
}

@test "a captured machine finds the same, and nothing of what was not captured" {
    conf 'init=/bin/gone'
    ctl capture --raw "$BATS_TEST_TMPDIR/captured"
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured
    run --separate-stderr "$BUILD/passthroughctl" cmdline check --root="$ROOT" --cmdline='init=/bin/never-looked-for module_blacklist=nvme root=/dev/sda2'
    exits 1
    has 'nvme drives nvme0n1p2 (/)' 'that is /dev/sda2'
    has_not 'no such program'
}
