# SPDX-License-Identifier: GPL-2.0-or-later
# What is initramfs-tools' own: its hook and scripts, what is run once an image was replaced, and what messages call it. images.bats
# and trial.bats have the rest, with it and with dracut.

load product
load tree
load live
load tree-boot

SCRIPTS=$BATS_TEST_DIRNAME/../../conf/initramfs-tools
POST=/etc/initramfs/post-update.d
IMAGE_FILE=/boot/initrd.img-$KERNEL

setup() {
    maker_is initramfs-tools
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    image_tools
}

# A host whose scripts of post-update.d note what they are run for.
live_host() {
    live_root
    grub_host
    mkdir -p "$ROOT$POST"
    program $POST/zz-log 'echo "$*" >>/var/lib/post.log' '[ ! -e /etc/post.fail ] || exit 1'
}

row() {
    local found
    found=$(jq -r ".checks[] | select(.id == \"$1\") | \"\(.status): \(.message); \(.fix)\"" <<<"$output")
    [[ $found =~ $2 ]] || { printf '%s is "%s", expected /%s/\n' "$1" "$found" "$2" && show && return 1; }
}

nothing_left() { is "$(find "$ROOT/var/tmp" -mindepth 1; find "$ROOT/boot" -name '.*' -type f)" '' 'left behind'; }

@test "hook and scripts answer what asks for their order, and do nothing else then" {
    local script
    for script in hook init-top init-premount init-bottom panic; do
        run env -i PATH=/usr/bin:/bin "$SCRIPTS/$script" prereqs
        is "$status$output" 0 "$script"
    done
}

# hook [LINE...]: in an image of its own, with these functions of initramfs-tools.
hook() {
    rm -rf "$ROOT/image" && mkdir -p "$ROOT/image/lib"
    live_run /usr/bin/env PATH=/build:/usr/sbin:/usr/bin DESTDIR=/image "version=$KERNEL" /usr/share/initramfs-tools/hooks/passthrough
    is "$status" 0 'exit status of the hook'
}

@test "the hook puts executor, libraries, modules and rules into the image, and never fails" {
    live_host
    hook
    is "$(cd "$ROOT/image" && find usr/lib/passthrough lib etc -type f ! -path '*/machine/*' | LC_ALL=C sort | xargs)" \
        'etc/passthrough.d/gpu0.conf lib/vfio-pci.ko lib/vfio_iommu_type1.ko usr/lib/passthrough/digest usr/lib/passthrough/left-out usr/lib/passthrough/passthrough-bind' \
        'in the image'
    rule bad '[Match]' IDD=1
    hook
    [[ $stderr == *'passthrough: rule bad is left out'* ]] || { show && return 1; }
    grep -q ^bad "$ROOT/image/usr/lib/passthrough/left-out"
    rm "$ROOT/usr/lib/passthrough/passthrough-bind" "$ROOT/usr/lib/host/libkmod.so.2"
    hook
    [[ $stderr == *'passthrough: /usr/lib/passthrough/passthrough-bind is not in the image'*'passthrough: libkmod.so.2 is not in the image'* ]] || { show && return 1; }
    put /usr/share/initramfs-tools/hook-functions 'copy_exec() { return 1; }' 'manual_add_modules() { return 1; }'
    hook
    sed -i 's,passthroughctl ,no-such-program ,' "$ROOT/usr/share/initramfs-tools/hooks/passthrough"
    hook
    [[ $stderr == *'passthrough: '*no-such-program* ]] || { show && return 1; }
}

# lacks NAME: the hook says so, and the image has no digest.
lacks() {
    hook
    [[ $stderr == *"passthrough: $1 is not in the image"* ]] || { show && return 1; }
    [[ -e $ROOT/image/etc/passthrough.d/gpu0.conf && ! -e $ROOT/image/usr/lib/passthrough/digest ]] || { find "$ROOT/image" && return 1; }
}

@test "an image that lacks the executor, a library or a module that the kernel has does not say that it has the rules" {
    live_host
    local copy=$ROOT/usr/share/initramfs-tools/hook-functions name
    cp "$copy" "$BATS_TEST_TMPDIR/functions"
    for name in passthrough-bind libkmod.so.2 libblkid.so.1; do
        sed "s,^copy_exec() {,& case \$1 in */$name) return 1 ;; esac;," "$BATS_TEST_TMPDIR/functions" >"$copy"
        ! cmp -s "$copy" "$BATS_TEST_TMPDIR/functions" || return 1
        [[ $name != passthrough-bind ]] || name=/usr/lib/passthrough/$name
        lacks "$name"
    done
    cp "$BATS_TEST_TMPDIR/functions" "$copy"
    maker_program /usr/sbin/ldconfig :
    lacks libkmod.so.2
    image_tools
    maker_program /usr/sbin/modinfo 'case $4 in vfio-pci) echo /lib/modules/x/vfio-pci.ko ;; *) echo "(builtin)" ;; esac'
    hook
    [[ $stderr != *'not in the image'* && -e $ROOT/image/usr/lib/passthrough/digest ]] || { show && return 1; }
    add_line /usr/share/initramfs-tools/hook-functions 'manual_add_modules() { :; }'
    lacks 'the kernel module vfio-pci'
    ENVIRONMENT=(__MODULES_TO_ADD=/queue) # copied once all hooks have run
    hook
    [[ -e $ROOT/image/usr/lib/passthrough/digest ]]
}

@test "apply and undo run post-update.d for each image, with its release and its file" {
    live_host
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/6.12.1-other"
    put /boot/vmlinuz-6.12.1-other kernel
    cp "$ROOT$IMAGE_FILE" "$ROOT/boot/initrd.img-6.12.1-other"
    live_run /usr/sbin/update-grub
    live apply --no-trial
    exits 0
    has "Boot images     run-parts --arg=$KERNEL --arg=$IMAGE_FILE $POST, "
    local each="$KERNEL $IMAGE_FILE"$'\n'"6.12.1-other /boot/initrd.img-6.12.1-other"
    is "$(<"$ROOT/var/lib/post.log")" "$each" 'run for'
    live apply --no-trial
    exits 0
    rm "$ROOT/var/lib/post.log"
    live undo
    exits 0
    is "$(sort "$ROOT/var/lib/post.log")" "$each" 'run for'
    nothing_left
    # A directory more, of the newest initramfs-tools; and none.
    mkdir -p "$ROOT/usr/share/initramfs/post-update.d"
    live apply --no-trial
    has "--arg=$IMAGE_FILE $POST /usr/share/initramfs/post-update.d, "
    live undo
    rm -r "$ROOT/usr/share/initramfs" "$ROOT/etc/initramfs"
    live apply --no-trial
    exits 0
    has_not run-parts
}

@test "a script of post-update.d that fails: all is put back, and it is run for that as well" {
    live_host
    local before
    before=$(sha256sum <"$ROOT$IMAGE_FILE")
    put /etc/post.fail
    live apply --no-trial
    exits 1
    has 'failed with status 1' 'what was written is taken back'
    is "$(sha256sum <"$ROOT$IMAGE_FILE")" "$before" 'the image'
    is "$(wc -l <"$ROOT/var/lib/post.log")" 2 'times it was run'
    nothing_left
}

@test "the image of a trial is nobody's yet: post-update.d is run once the trial is kept" {
    live_host
    disk device
    live apply
    exits 0
    has 'tries this once'
    [[ ! -e $ROOT/var/lib/post.log ]]
    boot_with second "$(grub_line passthrough-trial)"
    live trial --settle
    live confirm --automatic
    exits 0
    has 'The trial is kept'
    is "$(<"$ROOT/var/lib/post.log")" "$KERNEL $IMAGE_FILE" 'run for'
}

@test "a copy of the image on the ESP is copied to, and post-update.d is not run for that" {
    live_host
    put /etc/kernel/entry-token lab
    mkdir -p "$ROOT/efi/lab/$KERNEL"
    cp "$ROOT$IMAGE_FILE" "$ROOT/efi/lab/$KERNEL/initrd"
    live apply --no-trial
    exits 0
    cmp "$ROOT$IMAGE_FILE" "$ROOT/efi/lab/$KERNEL/initrd"
    is "$(<"$ROOT/var/lib/post.log")" "$KERNEL $IMAGE_FILE" 'run for'
}

@test "archives in front of the image's own do not hide it" {
    live_host
    # shellcheck disable=SC2016 # expanded in there
    sed -i 's,^tar .*,tar -C "$2" --one-top-level="$2/main" -xf "$1" \&\& mkdir -p "$2/early/kernel",' "$ROOT/usr/sbin/unmkinitramfs"
    live apply --no-trial
    exits 0
    rm "$ROOT/var/lib/passthrough/images"
    live check --json
    row "image.$KERNEL" '^pass: .* was built from this config'
    nothing_left
}

@test "what unmkinitramfs unpacks before it fails counts, and nothing follows from what it does not" {
    live_host
    live apply --no-trial
    exits 0
    rm "$ROOT/var/lib/passthrough/images"
    # shellcheck disable=SC2016 # expanded in there
    maker_program /usr/sbin/unmkinitramfs 'tar -C "$2" -xf "$1"' 'exit 1'
    live apply --dry-run --no-trial
    has 'Boot images     nothing to do'
    rm -f "$ROOT/var/lib/passthrough/images"
    # shellcheck disable=SC2016 # expanded in there
    maker_program /usr/sbin/unmkinitramfs 'mkdir "$2/etc"' 'exit 1'
    live apply --dry-run --no-trial
    has "$IMAGE_FILE: what it was built from cannot be told"
    nothing_left
}

@test "an image without passthrough, one that cannot be read, and a kernel without one" {
    live_host
    live check --json
    row image.tool '^pass: initramfs-tools is there \(/usr/sbin/mkinitramfs\), with the hook passthrough; $'
    row "image.$KERNEL" '^warn: .* is stale: it was built without the rules; passthroughctl apply'
    put "$IMAGE_FILE" 'no archive'
    live check --json
    row "image.$KERNEL" '^(pass|warn): '
    live apply --dry-run --no-trial
    has "$IMAGE_FILE: what it was built from cannot be told; would run mkinitramfs -o $IMAGE_FILE $KERNEL"
    rm "$ROOT$IMAGE_FILE"
    live check --json
    row "image.$KERNEL" "^(warn|fail): .*; update-initramfs -u -k $KERNEL\$"
    nothing_left
}

@test "what is to be run is initramfs-tools' own" {
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1b06'
    put /etc/initramfs-tools/modules 'vfio-pci ids=10de:1b06'
    ctl check --json
    row conflict.modprobe 'then update-initramfs -u -k all$'
    [[ $output != *dracut* ]] || { show && return 1; }
}

@test "a unified kernel image is built by no program of its own" {
    grub_host
    rm -r "$ROOT/boot/grub"
    put "/boot/EFI/Linux/debian-$KERNEL.efi" 'kernel and initrd'
    ctl apply --dry-run
    exits 1
    has 'unified kernel image' 'as it was built before: kernel-install or ukify'
}

@test "a captured host has the same maker" {
    ctl check --json
    row image.tool '^pass: initramfs-tools'
    ctl capture "$BATS_TEST_TMPDIR/capture"
    exits 0
    run --separate-stderr "$BUILD/passthroughctl" --root="$BATS_TEST_TMPDIR/capture" check --json
    row image.tool '^pass: initramfs-tools is there \(/usr/sbin/mkinitramfs\), with the hook passthrough'
}

@test "in its initrd the programs know where they are, and the host's root as well" {
    put /conf/initramfs.conf x
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1b36:0010 010802 under=0000:00:02.0 group=1 driver=nvme
    rule gpu0 '[Match]' Address=01:00.0
    plan
    [[ $(get '.operations[] | select(.op == "hide").value') == *'TEST=="/conf/initramfs.conf"'* ]] || { show && return 1; }
}
