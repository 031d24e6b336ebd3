# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host of openSUSE with two snapshots, 41 and 42, of which 42 runs. Both load the same kernel and image, as they do after an update;
# an entry of 41 loads a kernel of its own, too. tests/sdbootutil/sdbootutil is the tool.

TOKEN=opensuse-tumbleweed
ROOT_42='root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 rootflags=subvol=@/.snapshots/42/snapshot'
VENDOR=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
ENTRIES=/boot/efi/loader/entries
SHARED=initrd-f901234567a1b2c3d4e5f60718293a4b5c6d7e80

# variable NAME TEXT: what the firmware has of the boot loader.
variable() {
    mkdir -p "$ROOT/sys/firmware/efi/efivars"
    { printf '\6\0\0\0' && printf '%s\0' "$2" | sed 's/./&\x00/g' && printf '\0'; } >"$ROOT/sys/firmware/efi/efivars/$1-$VENDOR"
}

# snapshot_entry NUMBER RELEASE [IMAGE]
snapshot_entry() {
    put "$ENTRIES/$PREFIX$TOKEN-$2-$1.conf" '# Boot Loader Specification type#1 entry' 'title      openSUSE Tumbleweed' "version    $1@$2" 'sort-key   opensuse-tumbleweed' \
        "options    ${ROOT_42/42/$1} splash=silent" "linux      /$TOKEN/$2/linux-0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" "initrd     /$TOKEN/$2/${3-$SHARED}"
}

# snapshots [LOADER]: what booted the host, as it names itself.
snapshots() {
    local release
    PREFIX=
    [[ ${1-} != GRUB* ]] || PREFIX=system-
    variable LoaderInfo "${1-systemd-boot 258.1+suse.15}"
    put /proc/cmdline "$ROOT_42 splash=silent"
    put /etc/kernel/entry-token "$TOKEN"
    put /etc/kernel/cmdline "$ROOT_42 splash=silent"
    add_line /proc/self/mountinfo '27 1 0:30 /@/.snapshots/42/snapshot / rw,relatime shared:1 - btrfs /dev/sda2 rw,subvol=/@/.snapshots/42/snapshot'
    add_line /proc/self/mountinfo '28 27 8:1 / /boot/efi rw,relatime shared:2 - vfat /dev/sda1 rw'
    mkdir -p "$ROOT"/{usr/bin,tools} "$BATS_TEST_TMPDIR/shared"
    cp "$BATS_TEST_DIRNAME/../sdbootutil/sdbootutil" "$ROOT/usr/bin/"
    cp "$ROOT/usr/bin/sdbootutil" "$ROOT/tools/"
    for release in "$KERNEL" 6.2.0-1-default; do
        put "/boot/efi/$TOKEN/$release/linux-0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" kernel
        tar -C "$BATS_TEST_TMPDIR/shared" --mtime=@0 -cf "$ROOT/boot/efi/$TOKEN/$release/$SHARED" .
        snapshot_entry 41 "$release"
    done
    snapshot_entry 42 "$KERNEL"
}

# Programs that run in the tree: the ESP is mounted, and the tool is among this machine's programs.
SNAPSHOTS_MOUNTED='mount --bind /boot/efi /boot/efi && mount -t overlay none -o lowerdir=/tools:/usr/bin /usr/bin'
