# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts of Proxmox whose kernels and images proxmox-boot-tool copies to partitions (ESPs) that nobody mounts. In the tree each is a
# directory where that tool mounts it. For programs that run in the tree (live.bash) it is one below /esp, and a link in /dev/disk/by-uuid
# is the partition: esp-mount.c has it mounted, tests/proxmox/proxmox-boot-tool copies to it.

ESP1=1111-AAAA
ESP2=2222-BBBB
ESPS=/var/tmp/espmounts
ROOT_ZFS=root=ZFS=rpool/ROOT/pve-1

# proxmox_host LINE...: /etc/kernel/cmdline has these lines; two ESPs, of which nothing is known yet.
proxmox_host() {
    put /proc/cmdline "initrd=\\EFI\\proxmox\\$KERNEL\\initrd.img-$KERNEL $ROOT_ZFS boot=zfs"
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /etc/debian_version 12.5
    put /etc/kernel/proxmox-boot-uuids "$ESP1" "$ESP2"
    [[ $# == 0 ]] || put /etc/kernel/cmdline "$@"
    mkdir -p "$ROOT/usr/sbin" "$ROOT/boot/grub"
    # What the root file system has of a menu nobody boots.
    put /boot/grub/grub.cfg 'stale'
    cp "$BATS_TEST_DIRNAME/../proxmox/proxmox-boot-tool" "$ROOT/usr/sbin/"
    # What it has update-initramfs run.
    mkdir -p "$ROOT/etc/initramfs/post-update.d"
    program /etc/initramfs/post-update.d/proxmox-boot-sync '[ "$INITRAMFS_TOOLS_KERNEL_HOOK" ] || exec /usr/sbin/proxmox-boot-tool refresh'
    kernel_files "$KERNEL"
}

# kernel_files RELEASE: its kernel, and an image that knows nothing of this program.
kernel_files() {
    put "/boot/vmlinuz-$1" "kernel $1"
    mkdir -p "$BATS_TEST_TMPDIR/image"
    echo "$1" >"$BATS_TEST_TMPDIR/image/of"
    tar -C "$BATS_TEST_TMPDIR/image" --mtime=@0 -cf "$ROOT/boot/initrd.img-$1" .
}

# esp_systemd_boot UUID LINE [RELEASE...]: systemd-boot is on it, with that command line, and the kernels with their images.
esp_systemd_boot() {
    local uuid=$1 line=$2 release
    mkdir -p "$ROOT/sys/firmware/efi" "$ROOT$ESPS/$uuid/EFI/"{systemd,proxmox}
    put "$ESPS/$uuid/EFI/systemd/systemd-bootx64.efi" boot
    put "$ESPS/$uuid/loader/loader.conf" 'timeout 3' 'default proxmox-*'
    mkdir -p "$ROOT$ESPS/$uuid/loader/entries"
    for release in "${@:3}"; do
        mkdir -p "$ROOT$ESPS/$uuid/EFI/proxmox/$release"
        cp -p "$ROOT/boot/"{vmlinuz,initrd.img}"-$release" "$ROOT$ESPS/$uuid/EFI/proxmox/$release/"
        put "$ESPS/$uuid/loader/entries/proxmox-$release.conf" 'title    Proxmox Virtual Environment' "version  $release" "options  $line" \
            "linux    /EFI/proxmox/$release/vmlinuz-$release" "initrd   /EFI/proxmox/$release/initrd.img-$release"
    done
}

# esp_grub UUID LINE [RELEASE...]: the same with GRUB.
esp_grub() {
    local uuid=$1 line=$2 release menu=()
    for release in "${@:3}"; do
        menu+=("menuentry 'Proxmox VE, Linux $release' {" "	linux	/vmlinuz-$release $ROOT_ZFS ro $line" "	initrd	/initrd.img-$release" '}')
    done
    put "$ESPS/$uuid/grub/grub.cfg" '### BEGIN /etc/grub.d/10_linux ###' "${menu[@]}" '### END /etc/grub.d/10_linux ###'
    for release in "${@:3}"; do cp -p "$ROOT/boot/"{vmlinuz,initrd.img}"-$release" "$ROOT$ESPS/$uuid/"; done
}

# zfs_host: ZFS on UEFI without Secure Boot. grub_on_esps: with it, or with BIOS.
zfs_host() {
    local line="$ROOT_ZFS boot=zfs"
    proxmox_host "$line" '# kept'
    esp_systemd_boot "$ESP1" "$line" "$KERNEL"
    esp_systemd_boot "$ESP2" "$line" "$KERNEL"
}

grub_on_esps() {
    proxmox_host "$ROOT_ZFS boot=zfs"
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""' 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"'
    mkdir -p "$ROOT/sys/kernel"
    esp_grub "$ESP1" quiet "$KERNEL"
    esp_grub "$ESP2" quiet "$KERNEL"
}

# esps_live: the tree's ESPs are partitions, for `live_run /with-esps PROGRAM...`.
esps_live() {
    [[ -e $BATS_FILE_TMPDIR/esp.so ]] || "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/esp.so" "$BATS_TEST_DIRNAME/esp-mount.c" -ldl
    cp "$BATS_FILE_TMPDIR/esp.so" "$ROOT/"
    mv "$ROOT$ESPS" "$ROOT/esp"
    program /usr/sbin/update-grub '. /etc/default/grub' 'for x in /etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "$x"; done' \
        '{ echo "### BEGIN /etc/grub.d/10_linux ###"' 'for k in /boot/vmlinuz-*; do' \
        "printf \"menuentry 'Linux %s' {\\n\\tlinux\\t/%s $ROOT_ZFS ro %s\\n\\tinitrd\\t/initrd.img-%s\\n}\\n\" \"\${k#*-}\" \"\${k##*/}\" \"\$GRUB_CMDLINE_LINUX \$GRUB_CMDLINE_LINUX_DEFAULT\" \"\${k#*-}\"" \
        'done; } >/boot/grub/grub.cfg'
    program /with-esps 'set -e' '[ -d /dev/disk/by-uuid ] || {' 'mount -t tmpfs none /dev' 'mknod /dev/null c 1 3' 'mknod /dev/zero c 1 5' \
        'mknod /dev/urandom c 1 9' 'ln -s /proc/self/fd /dev/fd' 'mkdir -p /dev/disk/by-uuid' \
        'for x in /esp/*; do ln -s "$x" /dev/disk/by-uuid/; done' '}' \
        'export PROXMOX_STAND_IN=1 LD_PRELOAD=/esp.so "ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0"' 'exec "$@"'
}
