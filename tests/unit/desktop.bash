# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A made-up desktop to type commands on, with boots and trials: readme.bash has what it is typed with.

disk_dir() { echo "$(pci_dir 0000:43:00.0)/nvme/nvme0/nvme0n1"; }

# desktop: two identical cards, of which the firmware uses the first; and the disk that the system is on.
desktop() {
    command -v systemd-hwdb >/dev/null || skip 'no systemd-hwdb'
    host_begins bare
    two_cards
    firmware_uuid
    root_port 0000:40:04.1 43
    pci_add 0000:43:00.0 144d:a80a 010802 under=0000:40:04.1 group=30 driver=nvme
    disk nvme0n1 259:0 0000:43:00.0
    # GRUB's own files are where the test's are, so that this is the number of the root.
    local number
    number=$(stat -c %Hd:%Ld "$ROOT")
    part nvme0n1p2 "$number"
    link "dev/block/$number" "$(disk_dir)/nvme0n1p2"
    mounted nvme0n1p2 / ext4
    put /etc/udev/hwdb.d/20-pci.hwdb 'pci:v000010DE*' ' ID_VENDOR_FROM_DATABASE=NVIDIA Corporation' '' \
        'pci:v000010DEd00001B06*' ' ID_MODEL_FROM_DATABASE=GP102 [GeForce GTX 1080 Ti]' '' \
        'pci:v000010DEd000010EF*' ' ID_MODEL_FROM_DATABASE=GP102 HDMI Audio Controller' '' \
        'pci:v0000144D*' ' ID_VENDOR_FROM_DATABASE=Samsung Electronics' '' \
        'pci:v0000144Dd0000A80A*' ' ID_MODEL_FROM_DATABASE=980 PRO NVMe SSD'
    systemd-hwdb update --root="$ROOT"
    host_ends
    grub_with_trials
    on_host update-grub && on_host 'make install'
    exits 0
}

# grub_with_trials: menus as grub-mkconfig has them in short, with our own entries, and the block for what is booted once.
grub_with_trials() {
    local env=/boot/grub/grubenv
    put $env '# GRUB Environment Block'
    mkdir -p "$ROOT/etc/alternatives"
    ln -sf "/machine/bin/$(basename "$(readlink -f "$(command -v awk)")")" "$ROOT/etc/alternatives/awk"
    put /sys/class/watchdog/watchdog0/state active
    program /usr/sbin/grub-reboot "printf '# GRUB Environment Block\nnext_entry=%s\n' \"\$1\" >$env"
    program /usr/sbin/grub-editenv "echo '# GRUB Environment Block' >$env"
    program /etc/grub.d/10_linux 'cat <<END' "menuentry 'Debian' --class os \\\$menuentry_id_option 'gnulinux' {" \
        "	linux	/boot/vmlinuz-$KERNEL root=UUID=$ROOT_UUID ro \$GRUB_CMDLINE_LINUX quiet" "	initrd	/boot/initrd.img-$KERNEL" '}' END
    program /usr/sbin/update-grub '. /etc/default/grub' 'for x in /etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "$x"; done' 'export GRUB_CMDLINE_LINUX' \
        '{ echo "set next_entry="' 'echo "save_env next_entry"' 'for x in 10_linux 42_passthrough; do' '[ -e /etc/grub.d/$x ] || continue' \
        'echo "### BEGIN /etc/grub.d/$x ###"' '/etc/grub.d/$x' 'echo "### END /etc/grub.d/$x ###"' 'done; } >/boot/grub/new' "mv /boot/grub/new $MENU"
    sed -i '/--no-trial/d' "$ROOT/stand-ins/passthroughctl"
}

# boots_next: the boot that the menu is set to once, or else its first entry; in it, what a trial's services do.
boots_next() {
    local next
    next=$(sed -n 's/^next_entry=//p' "$ROOT/boot/grub/grubenv")
    put /proc/sys/kernel/random/boot_id "boot ${next:-0}"
    cp -r "$ROOT/proc/sys/kernel/random" "$BATS_TEST_TMPDIR/proc/sys/kernel/"
    on_host grub-editenv
    boots "$next"
    on_host 'passthroughctl trial --settle'
}
