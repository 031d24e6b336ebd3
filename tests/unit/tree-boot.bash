# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a host boots with, for programs that run in the tree (live.bash): a builder of images that takes no time, GRUB's scripts,
# and boots. An image here is a tar archive.

# program PATH LINE...
program() {
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$ROOT$1"
    chmod +x "$ROOT$1"
}

load tree-makers

# A maker of images that makes the same of the same.
image_tools() { maker_programs --sort=name --mtime=@0; }

# boot_with NAME LINE: another boot than before, with that command line.
boot_with() {
    put /proc/sys/kernel/random/boot_id "$1"
    put /proc/cmdline "$2"
    rm -rf "$BATS_TEST_TMPDIR/proc" && cp -r "$ROOT/proc" "$BATS_TEST_TMPDIR/proc"
}

# disk NAME: what the tests are on is a partition; NAME is in the directory of its disk.
disk() {
    local dev type
    dev=$(stat -c '%Hd:%Ld' "$ROOT/boot")
    type=$(findmnt -no FSTYPE -T "$ROOT")
    [[ $type == ext[234] || $type == xfs ]] || skip "the tests are on $type"
    rm -rf "$ROOT/sys/dev/block/$dev" "$ROOT/sys/devices/virtual/block/d0"
    mkdir -p "$ROOT/sys/dev/block" "$ROOT/sys/devices/virtual/block/d0/"{"$1",d0p1}
    ln -s ../../devices/virtual/block/d0/d0p1 "$ROOT/sys/dev/block/$dev"
}

grub_scripts() {
    mkdir -p "$ROOT"/etc/{grub.d,default/grub.d,alternatives} "$ROOT/boot/grub"
    ln -sf "$(readlink -f "$(command -v awk)")" "$ROOT/etc/alternatives/awk"
    cp "$BATS_TEST_DIRNAME/../../conf/grub/42_passthrough" "$ROOT/etc/grub.d/"
}

# A host that boots one kernel from GRUB, as Debian has that, in short. Its menu is made by update-grub.
grub_host() {
    grub_scripts
    put /etc/debian_version 12
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    put /boot/grub/grubenv '# GRUB Environment Block'
    program /usr/sbin/grub-reboot 'echo "$*" >>/var/lib/grub-reboot.log' 'printf "# GRUB Environment Block\nnext_entry=%s\n" "$1" >/boot/grub/grubenv'
    program /usr/sbin/grub-editenv 'echo "# GRUB Environment Block" >/boot/grub/grubenv'
    program /etc/grub.d/10_linux 'for k in $(ls -r /boot/vmlinuz-*); do' 'r=${k#*-}' \
        "printf \"menuentry 'Debian, Linux %s' --class os \\\$menuentry_id_option 'gnulinux-%s' {\\n\\tlinux\\t%s root=UUID=x ro %s quiet\\n\\tinitrd\\t/boot/initrd.img-%s\\n}\\n\" \"\$r\" \"\$r\" \"\$k\" \"\$GRUB_CMDLINE_LINUX\" \"\$r\"" 'done'
    program /usr/sbin/update-grub '. /etc/default/grub' 'for x in /etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "$x"; done' 'export GRUB_CMDLINE_LINUX' \
        '{ echo "set next_entry="' 'echo "save_env next_entry"' 'for x in 10_linux 42_passthrough; do' \
        'echo "### BEGIN /etc/grub.d/$x ###"' '/etc/grub.d/$x' 'echo "### END /etc/grub.d/$x ###"' 'done; } >/boot/grub/grub.cfg.new' \
        'mv /boot/grub/grub.cfg.new /boot/grub/grub.cfg'
    put "/boot/vmlinuz-$KERNEL" kernel
    mkdir -p "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" --mtime=@0 -cf "$ROOT/boot/initrd.img-$KERNEL" .
    boot_with first 'root=UUID=x ro'
    live_run /usr/sbin/update-grub
}

# grub_entry [ID]: the lines of that entry, or of the first. grub_line [ID]: its command line.
grub_entry() {
    awk -v id="${1-}" '/^menuentry/ { on = id == "" || index($0, "\047" id "\047") } on { print } /^}/ && on { exit }' "$ROOT/boot/grub/grub.cfg"
}

grub_line() { grub_entry "$@" | sed -n 's/^\tlinux\t[^ ]* //p'; }

# A host that boots from GRUB with boot loader entries, as Fedora has that, in short; a rescue image beside the one kernel.
fedora_host() {
    put /etc/default/grub 'GRUB_CMDLINE_LINUX="rhgb"' GRUB_ENABLE_BLSCFG=true
    put /boot/grub2/grub.cfg '### BEGIN /etc/grub.d/00_header ###' 'if [ "${next_entry}" ] ; then' '   set next_entry=' '   save_env next_entry' 'fi' blscfg
    put /boot/grub2/grubenv '# GRUB Environment Block' 'saved_entry=lab'
    program /usr/sbin/grub2-reboot 'echo "$*" >>/var/lib/grub-reboot.log' 'echo "next_entry=$1" >>/boot/grub2/grubenv'
    program /usr/sbin/grub2-editenv '[ "$2" = unset ] && sed -i "/^$3=/d" "$1"'
    put "/boot/vmlinuz-$KERNEL" kernel
    put "/boot/loader/entries/lab-$KERNEL.conf" "title Fedora ($KERNEL)" "version $KERNEL" "linux /vmlinuz-$KERNEL" \
        "initrd /initramfs-$KERNEL.img \$tuned_initrd" 'options root=UUID=x ro $tuned_params' 'grub_users $grub_users'
    put /boot/loader/entries/lab-0-rescue.conf 'title Fedora (rescue)' 'version 0-rescue' 'linux /vmlinuz-0-rescue' 'initrd /initramfs-0-rescue.img' 'options root=UUID=x ro'
    mkdir -p "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" --mtime=@0 -cf "$ROOT/boot/initramfs-$KERNEL.img" .
    boot_with first 'root=UUID=x ro'
}
