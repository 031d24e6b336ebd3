# SPDX-License-Identifier: GPL-2.0-or-later
# A maker of boot images that is not in the sources: one file and one line of the table add it, and apply, undo, status,
# check, capture and the programs in its images know it. An image here is a tar archive.

load product
load tree
load live
load seam

IMAGE_FILE=/boot/boot-$KERNEL.zip

setup_file() {
    seam_copy
    cp "$BATS_TEST_DIRNAME/../seams/maker/zipper.c" "$COPY/src/maker"
    sed -i '/^#define SERVED/s/$/ is(zipper)/' "$COPY/src/maker/table.c"
    seam_build passthroughctl passthrough-bind passthrough-generator
}

setup() {
    BUILD=$COPY/build
    tree_new bare
    put /proc/cmdline 'root=/dev/sda1 ro intel_iommu=on iommu=pt'
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /boot/loader/entries/lab.conf 'title Lab' "machine-id $(<"$ROOT/etc/machine-id")" "linux /vmlinuz-$KERNEL" "initrd ${IMAGE_FILE#/boot}" \
        'options root=/dev/sda1 ro intel_iommu=on iommu=pt'
    put /boot/loader/loader.conf 'timeout 3'
    put /etc/kernel/cmdline 'root=/dev/sda1 ro intel_iommu=on iommu=pt'
    rule gpu0 '[Match]' ID=10de:1b06
    put /usr/lib/passthrough/passthrough-bind 'the program'
    put /usr/share/zipper/boot.d/passthrough 'the hook'
    put /etc/kernel/postinst.d/zipper x
    put "/boot/vmlinuz-$KERNEL" kernel
    mkdir -p "$ROOT/usr/sbin" "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT$IMAGE_FILE" .
    program /usr/sbin/zipper 'echo "$*" >>/var/lib/zipper.log' 'case $1 in' 'list) tar -tf "$2" ;;' 'seal) ;;' \
        'show) tar -xOf "$2" ".$3" 2>/dev/null || : ;;' 'make) set -e' 'dir=$(mktemp -d /var/lib/zipper.XXXXXX)' \
        'mkdir -p $dir/usr/lib/passthrough $dir/zipper $dir/lib' '/build/passthroughctl image --kernel=$2 $dir' \
        'cp /usr/lib/passthrough/passthrough-bind $dir/usr/lib/passthrough/' 'cp /usr/share/zipper/boot.d/passthrough $dir/zipper' \
        '/build/passthroughctl image --modules --kernel=$2 | while read -r m; do echo m >$dir/lib/$m.ko; done' \
        'touch $dir/lib/libkmod.so.2 $dir/lib/libblkid.so.1' '[ ! -e /etc/zipper.spoil ] || . /etc/zipper.spoil' 'tar -C $dir -cf $3 .' 'rm -r $dir' ';;' 'esac'
}

# program PATH LINE...
program() {
    printf '%s\n' '#!/bin/sh' "${@:2}" >"$ROOT$1"
    chmod +x "$ROOT$1"
}

live_host() {
    live_root
    rm -f "$ROOT/var/lib/zipper.log"
}

# ran WORD...: what zipper was run for, but to look into images.
ran() { is "$(sed -E '/^(list|show) /d; s/ .*//' "$ROOT/var/lib/zipper.log" 2>/dev/null | paste -sd' ')" "$*" 'what zipper was run for'; }

row() {
    local found
    found=$(jq -r ".checks[] | select(.id == \"$1\") | \"\(.status): \(.message); \(.fix)\"" <<<"$output")
    [[ $found =~ $2 ]] || { printf '%s is "%s", expected /%s/\n' "$1" "$found" "$2" && show && return 1; }
}

@test "one file and one line are all that was added" {
    is "$(seam_added)" "< #define SERVED(is)     is(dracut) is(initramfs_tools)
> #define SERVED(is)     is(dracut) is(initramfs_tools) is(zipper)
src/maker/zipper.c" 'what was added'
}

@test "check: who makes the images, with our part or not, whether it is called, and how its images are built anew" {
    ctl check --json
    row image.tool '^pass: zipper is there \(/usr/sbin/zipper\), with the hook passthrough; $'
    row "image.$KERNEL" "^(pass|warn): $IMAGE_FILE"
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1b06'
    rm "$ROOT/usr/share/zipper/boot.d/passthrough" "$ROOT$IMAGE_FILE"
    ctl check --json
    row image.tool '^fail: .* no passthrough below /usr/share/zipper; install this program with its part for zipper: make install'
    row "image.$KERNEL" "^fail: .*; zipper make $KERNEL\$"
    row conflict.modprobe 'then zipper make$'
    put /usr/share/zipper/boot.d/passthrough 'the hook'
    rm "$ROOT/etc/kernel/postinst.d/zipper"
    put /usr/bin/mkinitcpio x
    ctl check --json
    row image.tool '^warn: zipper is there .* and so is /usr/bin/mkinitcpio'
    put /usr/lib/kernel/install.d/50-mkinitcpio.install x
    ctl check --json
    row image.tool '^fail: zipper is there .* made by another: /usr/lib/kernel/install.d/50-mkinitcpio.install; install zipper'
}

@test "check: beside dracut the one that kernels' installations call" {
    put /usr/bin/dracut x
    ctl check --json
    row image.tool '^pass: zipper is there'
    put /etc/kernel/postinst.d/dracut x
    rm "$ROOT/etc/kernel/postinst.d/zipper"
    put /usr/lib/dracut/modules.d/50passthrough/module-setup.sh x
    ctl check --json
    row image.tool '^pass: dracut is there'
}

@test "apply builds, verifies, seals, and not twice; undo puts back and seals" {
    live_host
    local before
    before=$(sha256sum <"$ROOT$IMAGE_FILE")
    live apply --dry-run --no-trial
    exits 0
    has "$IMAGE_FILE: it was built without the rules" "zipper make $KERNEL $IMAGE_FILE"
    ran
    live apply --no-trial
    exits 0
    has "Boot image      $KERNEL, built in " 'Boot images     zipper seal, '
    ran make seal
    tar -tf "$ROOT$IMAGE_FILE" | grep -qx ./etc/passthrough.d/gpu0.conf
    live check --json
    row "image.$KERNEL" '^pass: .* was built from this config'
    live apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    ran make seal
    live undo
    exits 0
    is "$(sha256sum <"$ROOT$IMAGE_FILE")" "$before" 'the image after undo'
    ran make seal seal
}

@test "apply: a build that fails, or lacks something, leaves the old image" {
    live_host
    local before spoil
    before=$(sha256sum <"$ROOT$IMAGE_FILE")
    for spoil in 'exit 3|zipper failed with status 3' 'rm -r $dir/zipper|what zipper has built lacks zipper.s hook' \
        'rm $dir/lib/vfio-pci*|lacks the kernel module vfio-pci' 'rm $dir/usr/lib/passthrough/digest|lacks /usr/lib/passthrough/digest' \
        'set -- make x /dev/null|zipper built nothing' 'echo x >$3; exit 0|what zipper has built lacks'; do
        echo "$spoil"
        put /etc/zipper.spoil "${spoil%|*}"
        live apply --no-trial
        exits 1
        says "${spoil#*|}"
        has 'the old image stays'
        is "$(sha256sum <"$ROOT$IMAGE_FILE")" "$before" 'the image'
    done
    ! grep -q seal "$ROOT/var/lib/zipper.log"
}

@test "our part in it counts: another one, and status calls the image stale" {
    live_host
    live apply --no-trial
    exits 0
    put /usr/share/zipper/boot.d/passthrough 'the hook, version 2'
    live apply --no-trial
    exits 0
    has 'built with other programs'
    ran make seal make seal
    rule gpu0 '[Match]' ID=10de:1b07
    live status --json
    is "$(get '.images[] | "\(.release)=\(.state)"')" "$KERNEL=stale" images
}

@test "capture has it, so that the replay tells who makes the images" {
    ctl capture "$BATS_TEST_TMPDIR/capture"
    exits 0
    run --separate-stderr "$BUILD/passthroughctl" --root="$BATS_TEST_TMPDIR/capture" check --json
    row image.tool '^pass: zipper is there \(/usr/sbin/zipper\), with the hook passthrough'
}

@test "in its initrd the programs know where they are, and the host's root as well" {
    put /etc/zip-release x
    mkdir -p "$ROOT"/run/{normal,early,late}
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    exits 0
    grep -qx 'Before=sysinit.target zip-load.service systemd-modules-load.service' "$ROOT/run/normal/passthrough-initrd.service"
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme
    disk nvme0n1 259:0 0000:01:00.0
    rule gpu0 '[Match]' Address=01:00.0
    plan
    device 0000:01:00.0 bind vfio-pci root
    [[ $(get '.operations[] | select(.op == "hide").value') == *'TEST=="/etc/zip-release"'* ]] || { show && return 1; }
    mkdir -p "$ROOT/new_root/etc"
    put /proc/self/mountinfo '1 1 0:2 / / rw - rootfs rootfs rw' '27 1 259:0 / /new_root rw - ext4 /dev/nvme0n1 rw'
    plan
    refused 0000:01:00.0 'nvme0n1 ← /$'
}
