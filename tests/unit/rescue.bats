# SPDX-License-Identifier: GPL-2.0-or-later
# When the rescue of an initrd acts: not while somebody types, and at once where the boot has stopped. drivers.c has the kernel's part.

load product
load tree
load drivers

A=0000:01:00.0

# A card of a class that says nothing, taken in an initrd of initramfs-tools.
setup() {
    tree_again waits && return
    tree_new bare
    put /conf/initramfs.conf MODULES=most
    root_port 0000:00:01.0 01
    pci_add $A 1234:11e8 00ff under=0000:00:01.0 group=1
    pci_set $A native e1000e
    driver_present vfio-pci
    driver_present e1000e
    put /sys/bus/pci/drivers_probe
    mkdir -p "$ROOT/sys/module/vfio_iommu_type1" "$ROOT/root"
    rule card '[Match]' Address=$A '[Device]' Stage=initrd
    bind --stage=initrd
    [[ $(driver) == vfio-pci ]]
    tree_keep waits
}

driver() { basename "$(readlink "$(pci_file $A driver)")"; }

bind() { # bind ARGUMENT [ASSIGNMENT...]
    run --separate-stderr timeout 10 env -u SYSTEMD_IN_INITRD DRIVERS_ROOT="$ROOT" HURRY=60 LD_PRELOAD="$BATS_FILE_TMPDIR/drivers.so" \
        ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "${@:2}" "$BUILD/passthrough-bind" --root="$ROOT" "$1"
}

# process WORD...: runs, with these arguments
process() {
    mkdir -p "$ROOT/proc/77"
    printf '%s\0' "$@" >"$ROOT/proc/77/cmdline"
}

ENVIRONMENT=()

# What comes third is the root, once somebody has typed: who waits for that has given nothing back.
waits() {
    bind --rescue COMES="$ROOT/root/etc" "${ENVIRONMENT[@]}"
    exits 0
    [[ $(driver) == vfio-pci ]] || { echo "given back while this runs: $*" && return 1; }
    [[ ! -e $ROOT/proc/77 ]] || is "$(tr '\0' ' ' <"$ROOT/proc/77/cmdline")" "$* " process
    rmdir "$ROOT/root/etc"
}

# gives_back WHAT [ASSIGNMENT...]: and all is again as it was
gives_back() {
    local keep="$BATS_TEST_TMPDIR/keep"
    cp -a "$ROOT" "$keep"
    bind --rescue COMES="$ROOT/root/etc" "${@:2}"
    exits 0
    [[ $(driver) == e1000e ]] || { echo "still held while this runs: $1" && return 1; }
    has 'given back: no root file system was found without it'
    rm -rf "$ROOT" && mv "$keep" "$ROOT"
}

# gives_back_after SECONDS [ASSIGNMENT...]: a root that comes before is found, and nothing is given back
gives_back_after() {
    local after=$1
    shift
    bind --rescue HURRY=1 COMES="$ROOT/root/etc" COMES_AT=$((after - 1)) "$@"
    exits 0
    [[ $(driver) == vfio-pci ]] || { echo "given back before $after s: $*" && return 1; }
    rmdir "$ROOT/root/etc"
    gives_back "nothing, $after s long" HURRY=1 COMES_AT=$((after + 1)) "$@"
}

@test "nobody is asked anything: after two thirds of the patience of initramfs-tools the rescue gives back" {
    gives_back_after 20
}

@test "rootdelay= makes that patience longer, and never shorter" {
    gives_back_after 40 ROOTDELAY=60
    gives_back_after 20 ROOTDELAY=5
    gives_back_after 20 ROOTDELAY=
    # The shell of the initrd takes no fraction for a number.
    gives_back_after 20 ROOTDELAY=90.5
}

@test "the rescue waits for who types a passphrase, whatever program asks" {
    local program
    for program in /lib/cryptsetup/askpass '/sbin/zfs load-key' 'plymouth ask-for-password' systemd-ask-password \
        /lib/cryptsetup/askpass.cryptsetup /usr/lib/x86_64-linux-gnu/mandos/plugins.d/password-prompt \
        '/sbin/zpool import -l' '/sbin/zpool import -N -fl' '/usr/bin/pkcs15-crypt --decipher --input /etc/keys/boot.enc' \
        'bcachefs unlock -k session' 'cryptsetup luksOpen' '/sbin/cryptsetup open --type luks2'; do
        # shellcheck disable=SC2086 # words
        process $program 'Please unlock disk root: '
        waits "$program" 'Please unlock disk root: '
        # shellcheck disable=SC2086 # words
        process $program
        waits "$program"
    done
}

@test "a script counts by its own name, behind those of its interpreter and its options" {
    local interpreter
    for interpreter in /bin/sh '/bin/sh -e' dash bash busybox 'busybox sh -e -u' /usr/bin/python3 'perl -w'; do
        # shellcheck disable=SC2086 # words
        process $interpreter /lib/cryptsetup/askpass 'Please unlock disk root: '
        waits "$interpreter" /lib/cryptsetup/askpass 'Please unlock disk root: '
    done
    for interpreter in /bin/sh 'sh -i' 'sh /scripts/local-top/cryptroot askpass' 'vi /lib/cryptsetup/askpass'; do
        # shellcheck disable=SC2086 # words
        process $interpreter
        gives_back "$interpreter"
    done
}

@test "the time that a check of the root file system takes is no time without a root" {
    local program
    for program in /sbin/fsck 'fsck -a -T -t ext4' fsck.ext4 '/bin/sh /sbin/fsck.btrfs' /sbin/e2fsck; do
        # shellcheck disable=SC2086 # words
        process $program /dev/vda1
        waits "$program" /dev/vda1
    done
}

# root_there TYPE: what root= names is there, with a file system of that type, and nothing is mounted yet.
root_there() {
    put /dev/vda1 ''
    mkdir -p "$ROOT/dev/disk/by-uuid"
    ln -sfn ../../vda1 "$ROOT/dev/disk/by-uuid/0bd3"
    put /sys/class/block/vda1/dev 254:1
    put /run/udev/data/b254:1 "E:ID_FS_TYPE=$1"
}

@test "the time that a swap space takes that is not there counts while the root may need what we hold, and else not" {
    local type
    process /bin/sh /scripts/local-premount/resume
    gives_back 'resume, without the device of the root' ROOT=UUID=0bd3
    for type in btrfs zfs_member crypto_LUKS LVM2_member ''; do
        root_there "$type"
        gives_back "resume, with a root that is $type" ROOT=UUID=0bd3
    done
    root_there ext4
    gives_back 'resume, with the device of another root' ROOT=UUID=0bd4
    for ENVIRONMENT in ROOT=UUID=0bd3 ROOT=/dev/vda1 ROOT=/dev/disk/by-uuid/0bd3; do
        waits /bin/sh /scripts/local-premount/resume
    done
    rm -r "$ROOT/proc/77"
    gives_back 'nothing, and the root is not mounted' ROOT=UUID=0bd3
}

@test "a question of systemd is one, whoever shows it" {
    put /run/systemd/ask-password/sck.1 ''
    gives_back 'the socket of an agent'
    put /run/systemd/ask-password/ask.Xyz '[Ask]'
    waits
}

@test "a program with another name, or with other arguments, asks nobody" {
    local command
    # What waits for a card or a stick may wait for what we hold.
    for command in askpassword askpass2 '/sbin/zfs mount load-key' plymouthd 'plymouth watch-keystroke' \
        '/sbin/zpool import -N tank' '/sbin/zpool import tank-l2' '/bin/sh /lib/cryptsetup/scripts/decrypt_opensc' \
        '/bin/sh /lib/cryptsetup/scripts/passdev' 'logsave fsck' 'bcachefs mount' \
        '/sbin/cryptsetup -T1 --type=luks --key-file=- open --' 'cryptsetup luksOpen --key-file /key' 'cryptsetup -d - open' 'cryptsetup -d/key open'; do
        # shellcheck disable=SC2086 # words
        process $command rest
        gives_back "$command"
    done
    : >"$ROOT/proc/77/cmdline"
    gives_back 'a thread of the kernel'
    # Only a process has a number for its name.
    mkdir "$ROOT/proc/x77"
    printf 'askpass\0' >"$ROOT/proc/x77/cmdline"
    gives_back 'no process'
}

@test "where the boot has stopped all is given back at once, also while somebody is asked" {
    process /lib/cryptsetup/askpass 'Please unlock disk root: '
    bind --rescue=now
    exits 0
    [[ $(driver) != vfio-pci ]] || { show && return 1; }
    has 'given back: the boot stopped in its initrd'
    # The rescue that waits has nothing to do any more, and nor has what stops again.
    local record
    record=$(<"$ROOT/run/passthrough/record")
    rm -r "$ROOT/proc/77"
    bind --rescue
    bind --rescue=now
    is "$(<"$ROOT/run/passthrough/record")" "$record" record
}

@test "what is given back at a stop is taken by no later stage" {
    bind --rescue=now
    mkdir -p "$ROOT/root/etc"
    bind --stage=root
    exits 0
    [[ $(driver) != vfio-pci ]] || { show && return 1; }
}

@test "what no root can need stays taken, and a slow root is then no reason for later stages to take nothing" {
    local record
    bind --rescue=now
    rm -r "$ROOT/run/passthrough"
    rm -r "$(realpath "$(pci_file $A .)")"
    pci_add $A 1234:11e8 0403 under=0000:00:01.0 group=1
    pci_set $A native e1000e
    bind --stage=initrd
    record=$(<"$ROOT/run/passthrough/record")
    bind --rescue
    exits 0
    is "$(driver)" vfio-pci driver
    is "$(<"$ROOT/run/passthrough/record")" "$record" record
}

@test "there is one way not to wait" {
    bind --rescue=soon
    exits 2
    has '--rescue= is now, not soon'
}
