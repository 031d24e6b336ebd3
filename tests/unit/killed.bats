# SPDX-License-Identifier: GPL-2.0-or-later
# apply, undo and confirm killed at every system call, on hosts with two kernels and with programs that take no time in place of
# those that make images, and of update-grub. An image is a tar archive.

load product
load tree
load live
load tree-makers
load tree-boot
load tree-esps
load tree-snapshots
load tree-uki

OTHER=6.12.1-other
ID=0123456789abcdef0123456789abcdef
ROOT_UUID=root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11

setup_file() {
    "${CC:-cc}" -O1 -o "$BATS_FILE_TMPDIR/kill-at" "$BATS_TEST_DIRNAME/kill-at.c"
}

setup() {
    tree_new bare
    put /proc/cmdline "BOOT_IMAGE=/boot/vmlinuz-$KERNEL $ROOT_UUID ro quiet"
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/$OTHER"
    mkdir -p "$ROOT"/{kept,etc/default,etc/kernel,usr/sbin}
    builder dracut
    live_root
    IN_MEMORY=yes
    PROGRAM=
    LIVE_TIMEOUT=1200
    cp "$BATS_FILE_TMPDIR/kill-at" "$BATS_TEST_DIRNAME/killed-everywhere" "$ROOT/"
}

# script FILE: standard input as a program of the shell.
script() {
    { echo '#!/bin/sh' && cat; } | put "$1"
    chmod +x "$ROOT$1"
}

# builder MAKER: one that writes in two halves what it has built for that kernel the first time, and runs /etc/build.spoil between
# them.
builder() {
    maker_is "$1"
    maker_there
    { echo 'set -e' && builder_arguments && echo 'new=/kept/$kver' 'dir=/kept/$kver.d' && echo 'if [ ! -e $new ]; then' &&
        echo 'mkdir -p $dir' && builder_fills && cat <<'END'; } | script "/usr/sbin/$BUILDER"
    echo $kver >$dir/lib/kernel
    tar -C $dir --sort=name --mtime=@0 -cf $new.new .
    mv $new.new $new
fi
head -c 5000 $new >$out
[ ! -e /etc/build.spoil ] || . /etc/build.spoil
tail -c +5001 $new >>$out
END
}

# old_image FILE: one that knows nothing of this program, of a size and a mode of its own.
old_image() {
    mkdir -p "$BATS_TEST_TMPDIR/old$1" "$ROOT${1%/*}"
    echo "$1" >"$BATS_TEST_TMPDIR/old$1/name"
    tar -C "$BATS_TEST_TMPDIR/old$1" -cf "$ROOT$1" .
    chmod 600 "$ROOT$1"
}

# An update-grub that makes the menu of the settings as Debian's does.
debian_grub() {
    local release
    put /etc/debian_version 12.5
    put /etc/default/grub 'GRUB_DEFAULT=0' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' 'GRUB_CMDLINE_LINUX=""'
    for release in "$KERNEL" "$OTHER"; do
        put "/boot/vmlinuz-$release" kernel
        old_image "/boot/initrd.img-$release"
    done
    script /usr/sbin/update-grub <<'END'
. /etc/default/grub
for x in /etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "$x"; done
line=$(echo $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT)
{
    echo '### BEGIN /etc/grub.d/10_linux ###'
    for kernel in /boot/vmlinuz-*; do
        printf 'menuentry "%s" {\n\tlinux %s root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 ro %s\n\tinitrd /boot/initrd.img-%s\n}\n' \
            "$kernel" "$kernel" "$line" "${kernel#*-}"
    done
    echo '### END /etc/grub.d/10_linux ###'
} >/boot/grub/grub.cfg.new
cat /boot/grub/grub.cfg.new >/boot/grub/grub.cfg
rm /boot/grub/grub.cfg.new
END
    put /boot/grub/grub.cfg ''
    chmod 600 "$ROOT/boot/grub/grub.cfg"
}

systemd_boot() {
    local release
    mkdir -p "$ROOT/sys/firmware/efi"
    for release in "$KERNEL" "$OTHER"; do
        put "/boot/efi/$ID/$release/linux" kernel
        old_image "/boot/efi/$ID/$release/initrd"
        put "/boot/efi/loader/entries/$ID-$release.conf" 'title Linux' "version $release" "machine-id $ID" \
            "options $ROOT_UUID ro quiet" "linux /$ID/$release/linux" "initrd /$ID/$release/initrd"
    done
    put /boot/efi/loader/loader.conf 'timeout 3'
}

# Beside a dracut that no kernel's installation calls; and something is to be run once images were replaced.
builder_is_initramfs_tools() {
    builder initramfs-tools
    script /etc/initramfs/post-update.d/log <<<'echo "$@" >>/var/update.log'
}

# What runs once images were replaced writes all entries anew, from settings of its own.
entries_of_others() {
    local release
    systemd_boot
    builder initramfs-tools
    rm -r "$ROOT/boot/efi/loader"
    for release in "$KERNEL" "$OTHER"; do
        put "/boot/vmlinuz-$release" kernel
        old_image "/boot/initrd.img-$release"
        put "/boot/loader/entries/$ID-$release.conf" 'title Linux' "version $release" "machine-id $ID" \
            "options $ROOT_UUID ro quiet" "linux /vmlinuz-$release" "initrd /initrd.img-$release"
    done
    put /boot/loader/loader.conf 'timeout 3'
    mkdir -p "$ROOT/etc/entries"
    cp "$ROOT/boot/loader/entries/"* "$ROOT/etc/entries"
    script /etc/initramfs/post-update.d/entries <<'END'
for x in /etc/entries/*; do
    cp -p $x /boot/loader/.new && mv /boot/loader/.new /boot/loader/entries/${x##*/}
done
END
}

# Two ESPs with systemd-boot, to which proxmox-boot-tool copies.
proxmox() {
    zfs_host
    kernel_files "$OTHER"
    esp_systemd_boot "$ESP1" "$ROOT_ZFS boot=zfs" "$OTHER"
    esp_systemd_boot "$ESP2" "$ROOT_ZFS boot=zfs" "$OTHER"
    esps_live
    cp -r "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/proc/"
    PROGRAM=/with-esps
}

# everywhere PROLOGUE COMMAND: the two parts of a run of killed-everywhere. KILL_EVERY=1: at every single call; else a sample.
everywhere() {
    local step=3
    [[ ${KILL_EVERY-} != 1 ]] || step=1
    live_run $PROGRAM /bin/bash -c "$1; /killed-everywhere $step ${KILL_EVERY:-25} $2"
    exits 0 || return 1
    echo "# ${output##*$'\n'}" >&3
}

@test "GRUB: apply is killed at its system calls, and what boots is the old or the new" {
    debian_grub
    everywhere update-grub apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "GRUB: undo is killed at its system calls, and what boots is the old or the new" {
    debian_grub
    everywhere update-grub undo
}

@test "initramfs-tools: apply is killed at its system calls, and what boots is the old or the new" {
    builder_is_initramfs_tools
    debian_grub
    everywhere update-grub apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
    live_run /bin/sh -c 'update-grub; /build/passthroughctl apply --no-trial; sort -u /var/update.log'
    has "$KERNEL /boot/initrd.img-$KERNEL" "$OTHER /boot/initrd.img-$OTHER"
}

@test "initramfs-tools: undo is killed at its system calls, and what boots is the old or the new" {
    builder_is_initramfs_tools
    debian_grub
    everywhere update-grub undo
}

@test "systemd-boot: apply is killed at its system calls, and what boots is the old or the new" {
    systemd_boot
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "systemd-boot: undo is killed at its system calls, and what boots is the old or the new" {
    systemd_boot
    everywhere : undo
}

@test "what runs for new images writes entries: apply is killed at its system calls, and what boots is the old or the new" {
    entries_of_others
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "what runs for new images writes entries: undo is killed at its system calls, and what boots is the old or the new" {
    entries_of_others
    everywhere : undo
}

@test "proxmox-boot-tool: apply is killed at its system calls, and what boots from each ESP is the old or the new" {
    proxmox
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "proxmox-boot-tool: undo is killed at its system calls, and what boots from each ESP is the old or the new" {
    proxmox
    everywhere : undo
}

# Two snapshots, whose entries are sdbootutil's.
with_snapshots() {
    rm -rf "$ROOT/lib/modules/$OTHER"
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/6.2.0-1-default"
    snapshots
    snapshot_entry 42 6.2.0-1-default
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/proc/"
}

@test "sdbootutil: apply is killed at its system calls, and what boots of each snapshot is the old or the new" {
    with_snapshots
    everywhere "$SNAPSHOTS_MOUNTED" apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "sdbootutil: undo is killed at its system calls, and what boots of each snapshot is the old or the new" {
    with_snapshots
    everywhere "$SNAPSHOTS_MOUNTED" undo
}

# Entries of GRUB, as Fedora has them.
fedora() {
    local release
    put /etc/default/grub 'GRUB_CMDLINE_LINUX="rhgb quiet"' GRUB_ENABLE_BLSCFG=true
    put /boot/grub2/grub.cfg blscfg
    put /etc/kernel/cmdline "$ROOT_UUID ro rhgb quiet"
    for release in "$KERNEL" "$OTHER"; do
        put "/boot/vmlinuz-$release" kernel
        old_image "/boot/initramfs-$release.img"
        put "/boot/loader/entries/$ID-$release.conf" "title Fedora ($release)" "version $release" "linux /vmlinuz-$release" \
            "initrd /initramfs-$release.img" "options $ROOT_UUID ro rhgb quiet"
    done
}

@test "GRUB with boot loader entries: apply is killed at its system calls, and what boots is the old or the new" {
    fedora
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "GRUB with boot loader entries: undo is killed at its system calls, and what boots is the old or the new" {
    fedora
    everywhere : undo
}

# unified [LINE]: with an addon that says that, and is there before.
unified() {
    rm -r "$ROOT/lib/modules/$OTHER"
    boots_unified
    [[ ! ${1-} ]] || addon "$ADDON" "$1"
    put /etc/kernel/cmdline "$UKI_LINE"
}

@test "unified kernel images: apply is killed at its system calls, and what boots is the old or the new" {
    unified
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 4))
}

@test "unified kernel images with an addon: apply is killed at its system calls, and what boots is the old or the new" {
    unified quiet=1
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 4))
}

@test "unified kernel images and Secure Boot: apply is killed at its system calls, and what boots is the old or the new" {
    unified quiet=1
    secure_boot 1
    put /etc/kernel/uki.conf '[UKI]' SecureBootPrivateKey=/etc/key.pem SecureBootCertificate=/etc/cert.pem
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 6))
}

@test "unified kernel images with an addon that brings the rules: apply is killed at its system calls, and what boots is the old or the new" {
    unified
    uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    modules_there
    pe "$ADDON" '.sdmagic=#### LoaderInfo: systemd-addon 257 ####' .cmdline=quiet=1 '.initrd=an older one'
    everywhere : apply
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 4))
}

@test "unified kernel images: undo is killed at its system calls, and what boots is the old or the new" {
    unified quiet=1
    everywhere : undo
}

# systemd-boot that can boot an entry once.
trials() {
    systemd_boot
    mkdir -p "$ROOT/sys/firmware/efi/efivars"
    { printf '\6\0\0\0' && printf 'systemd-boot 252' | sed 's/./&\x00/g'; } >"$ROOT/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    script /usr/sbin/bootctl <<<'echo "$*" >>/var/log-of-bootctl'
}

@test "systemd-boot: apply is killed while it makes a trial, and what boots is the old" {
    trials
    everywhere : trial
}

@test "systemd-boot: confirm is killed at its system calls, and what boots is the old or the new" {
    trials
    everywhere : confirm
    (($(grep -o '[0-9]* states of what boots' <<<"$output" | cut -d' ' -f1) >= 5))
}

@test "a dracut whose apply was killed goes on: another apply does not begin before that has ended" {
    systemd_boot
    put /etc/build.spoil 'echo half >/started' 'read line </go'
    # shellcheck disable=SC2016 # expanded in there
    live_run /bin/bash -c 'set -e
        mkfifo /started /go
        /build/passthroughctl apply --no-trial >/dev/null 2>&1 &
        read -r line </started
        kill -KILL $!
        wait || true
        rm /etc/build.spoil
        echo "while it goes on: $(/build/passthroughctl apply --no-trial 2>&1)"
        echo >/go
        flock /var/lib/passthrough/undo true
        /build/passthroughctl apply --no-trial
        /build/passthroughctl apply --no-trial
        find /boot -name ".*~"'
    exits 0
    has 'while it goes on: passthroughctl: another apply or undo is at work, or a program that one has started' \
        'cut short; it is taken back first' 'Boot images     nothing to do'
    has_not '~'
}
