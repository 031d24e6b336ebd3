# SPDX-License-Identifier: GPL-2.0-or-later
# Boot images: what they say they were built from, which are stale, and apply and undo of them with a builder that takes
# no time. An image here is a tar archive.
# Makers: dracut initramfs-tools

load product
load tree
load tree-usb
load live
load tree-makers

OTHER=6.12.1-other
DIGEST=usr/lib/passthrough/digest

setup_file() {
    "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/kill.so" "$BATS_TEST_DIRNAME/kill.c" -ldl
}

setup() {
    tree_new bare
    put /proc/cmdline "root=/dev/sda1 ro intel_iommu=on iommu=pt"
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    # What the command line needs is there already.
    put /boot/loader/entries/lab.conf 'title Lab' "machine-id $(<"$ROOT/etc/machine-id")" "linux /vmlinuz-$KERNEL" "initrd /initrd.img-$KERNEL" \
        'options root=/dev/sda1 ro intel_iommu=on iommu=pt'
    put /boot/loader/loader.conf 'timeout 3'
    put /etc/kernel/cmdline 'root=/dev/sda1 ro intel_iommu=on iommu=pt'
    put /etc/passthrough.conf '[Host]' 'UnsafeInterrupts=no'
    rule gpu0 '[Match]' ID=10de:1b06
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/$OTHER"
    put /etc/note-looks
    maker_programs
    kernel "$KERNEL"
}

# kernel RELEASE: one that is installed, with an image that knows nothing of this program.
kernel() {
    put "/boot/vmlinuz-$1" kernel
    mkdir -p "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT/boot/initrd.img-$1" .
    chmod 600 "$ROOT/boot/initrd.img-$1"
}

# live_host: one that live can take for the running machine, with two kernels.
live_host() {
    live_root
    cp "$BATS_FILE_TMPDIR/kill.so" "$ROOT/kill.so"
    kernel "$OTHER"
}

images() {
    (cd "$ROOT/boot" && sha256sum initrd*)
}

digest() {
    tar -xOf "$ROOT/boot/initrd.img-$1" "./$DIGEST"
}

built() {
    is "$(cut -d' ' -f1 "$ROOT/var/lib/built.log" 2>/dev/null | paste -sd' ')" "$*" 'images built'
}

applied() {
    live apply --no-trial
    exits 0 || return 1
    rm -f "$ROOT"/var/lib/{built,looked}.log
}

row() {
    local found
    ctl check --json
    found=$(jq -r ".checks[] | select(.id == \"$1\") | \"\(.status): \(.message); \(.fix)\"" <<<"$output")
    [[ $found =~ $2 ]] || { printf '%s is "%s", expected /%s/\n' "$1" "$found" "$2" && show && return 1; }
}

firmware_uuid() {
    put /sys/devices/virtual/dmi/id/product_uuid 4c4c4544-0051-3610-8054-b7c04f4b3732
    link class/dmi/id devices/virtual/dmi/id
}

@test "apply names the rule that worked until now and is refused in the images that it builds" {
    firmware_uuid
    pci_root 0000:00
    pci_add 0000:00:05.0 10de:1b06 0302 group=5 driver=nouveau
    live_host
    applied
    pci_add 0000:00:06.0 1b36:0010 010802 group=5 driver=nvme
    live apply --dry-run
    has 'passthroughctl: rule gpu0 worked until now, and the next boot image refuses it: 0000:00:05.0: IOMMU group 5 '
    live apply --no-trial
    has 'passthroughctl: rule gpu0 worked until now'
    live apply --no-trial
    has_not 'worked until now'
}

# --- the digest

# image_digest [ARG...]: of an image that is built now.
image_digest() {
    rm -rf "$BATS_TEST_TMPDIR/image"
    mkdir "$BATS_TEST_TMPDIR/image"
    ctl image "$@" "$BATS_TEST_TMPDIR/image"
    exits 0 && cat "$BATS_TEST_TMPDIR/image/$DIGEST"
}

@test "the digest: the same for the same config, another for another rule, drop-in, setting or program" {
    local first last=''
    first=$(image_digest)
    is "$(image_digest)" "$first" digest
    differs() { last=$first && first=$(image_digest) && [[ $first != "$last" ]] || { echo "$1: the same digest" && return 1; }; }
    rule gpu0 '[Match]' ID=10de:1b07
    differs 'an edited rule'
    put /etc/passthrough.d/gpu0.conf.d/a.conf '[Device]' IOMMUGroup=complete
    differs 'a drop-in'
    rule gpu1 '[Match]' ID=10de:1b08
    differs 'one rule more'
    mv "$ROOT/etc/passthrough.d/gpu1.conf" "$ROOT/etc/passthrough.d/gpu2.conf"
    differs 'another name'
    rm "$ROOT/etc/passthrough.d/gpu2.conf"
    differs 'one rule less'
    put /etc/passthrough.conf '[Host]' 'UnsafeInterrupts=yes'
    differs 'a setting'
    rule gpu1 '[Match]' IDD=1
    differs 'one that is left out'
    put /usr/lib/passthrough/passthrough-bind 'the program, version 2'
    differs 'a program'
    add_line "$PART" new
    differs 'our part in the maker'
}

@test "the digest: neither who the devices are, nor times of files, nor the host's name" {
    local first
    first=$(image_digest)
    hostname_is elsewhere
    touch -d '+1 day' "$ROOT"/etc/passthrough.d/*
    is "$(image_digest)" "$first" digest
    firmware_uuid
    pci_root 0000:00
    pci_add 0000:00:05.0 10de:1b06 0300 group=5 driver=nouveau
    is "$(image_digest | grep -v clearance)" "$first" digest
    is "$(image_digest | wc -l)" 4 'lines of the digest'
}

@test "apply builds anew where a rule has got another device, and not where that has another driver" {
    firmware_uuid
    live_host
    applied
    pci_root 0000:00
    pci_add 0000:00:05.0 10de:1b06 0300 group=5 driver=nouveau
    live apply --no-trial
    exits 0
    has 'a rule has got another device'
    built "$KERNEL" "$OTHER"
    rm "$ROOT/var/lib/built.log"
    rm "$ROOT/sys/bus/pci/devices/0000:00:05.0/driver"
    live apply --no-trial
    exits 0
    built
}

@test "what udev claims in an image counts: it is built once, and anew where the host has cleared another device" {
    firmware_uuid
    pci_add 0000:00:17.0 8086:a282 010601 group=4 driver=ahci
    disk sda 8:0 0000:00:17.0
    mounted sda / ext4
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08 serial=AA01
    usb_claimed 1-2 stick
    rule stick '[Match]' Bus=usb Serial=AA01
    # Of this machine's own mounts the tree has none.
    mkdir "$BATS_TEST_TMPDIR"/{first,second}
    ctl image "$BATS_TEST_TMPDIR/first"
    live_host
    applied
    tar -xOf "$ROOT/boot/initrd.img-$KERNEL" ./usr/lib/passthrough/claims/10-passthrough-claims.rules | grep -q AA01
    live apply --no-trial
    exits 0
    built
    rm "$(usb_file 1-2 serial)"
    rule stick '[Match]' Bus=usb Path=0000:00:14.0/2
    ctl image "$BATS_TEST_TMPDIR/second"
    applied
    put "$(usb_dir 1-2 | sed 's,^,/sys/,')/speed" 12
    live apply --no-trial
    exits 0
    built "$KERNEL" $OTHER
}

@test "apply builds anew what has a clearance, where root= is another since, and where the host's own was removed" {
    firmware_uuid
    live_host
    pci_root 0000:00
    pci_add 0000:00:05.0 10de:1b06 0300 group=5 driver=nouveau
    applied
    put /../proc/cmdline "root=/dev/sda2 ro intel_iommu=on iommu=pt"
    live apply --no-trial
    exits 0
    has 'another root= or the like'
    built "$KERNEL" "$OTHER"
    rm "$ROOT"/var/lib/built.log "$ROOT/var/lib/passthrough/clearance"
    live apply --no-trial
    exits 0
    has 'no clearance of its own any more'
    built "$KERNEL" "$OTHER"
    [[ -s $ROOT/var/lib/passthrough/clearance ]]
    rm "$ROOT/var/lib/built.log"
    live apply --no-trial
    exits 0
    built
}

@test "the digest: a kernel without a rule's driver has another, as the rule is left out of its image" {
    local first
    rule gpu1 '[Match]' ID=10de:1b07 '[Device]' Driver=xen-pciback
    first=$(image_digest "--kernel=$OTHER")
    is "$(image_digest)" "$first" digest
    sed -i /xen/d "$ROOT/lib/modules/$OTHER/modules.dep"
    [[ $(image_digest "--kernel=$OTHER") != "$first" ]]
}

@test "an image that not all can be written into has no digest, whatever it had" {
    image_digest
    rm "$BATS_TEST_TMPDIR/image/etc/passthrough.d"/*
    chmod -R u+w "$BATS_TEST_TMPDIR/image"
    mkdir "$BATS_TEST_TMPDIR/image/etc/passthrough.d/gpu0.conf"
    ctl image "$BATS_TEST_TMPDIR/image"
    exits 1
    [[ ! -e $BATS_TEST_TMPDIR/image/$DIGEST ]]
}

# --- wrong now, applied before

@test "a rule that is wrong now: the image has what was last applied, with its clearance, and says so" {
    ctl apply
    exits 0
    cp "$ROOT/etc/passthrough.d/gpu0.conf" "$BATS_TEST_TMPDIR/gpu0.conf"
    local first
    first=$(image_digest)
    rule gpu0 '[Match]' IDD=10de:1b06
    rule gpu1 '[Match]' IDD=10de:1b06
    image_built
    has 'rule gpu0 is in the image as it was last applied: /etc/passthrough.d/gpu0.conf:2' 'rule gpu1 is left out'
    cmp "$IMAGE/etc/passthrough.d/gpu0.conf" "$BATS_TEST_TMPDIR/gpu0.conf"
    [[ ! -e $IMAGE/etc/passthrough.d/gpu1.conf ]]
    grep -q '^gpu0	/etc/passthrough.d/gpu0.conf:2' "$IMAGE/usr/lib/passthrough/as-applied"
    grep -q '^gpu1	' "$IMAGE/usr/lib/passthrough/left-out"
    ! grep -q gpu0 "$IMAGE/usr/lib/passthrough/left-out" || return 1
    ctl image --modules
    has vfio-pci
    rm "$ROOT/etc/passthrough.d/gpu1.conf"
    is "$(image_digest)" "$first" 'digest of what was applied'
    rm "$ROOT/etc/passthrough.d/gpu0.conf" # a rule that was removed is no fault
    image_built
    has_not 'last applied'
}

@test "passthrough.conf that is wrong now: the image has what was last applied" {
    ctl apply
    exits 0
    put /etc/passthrough.conf '[Host]' 'UnsafeInterrupts=perhaps'
    image_built
    has '/etc/passthrough.conf:2' 'passthrough.conf is in the image as it was last applied'
    grep -qx UnsafeInterrupts=no "$IMAGE/etc/passthrough.conf"
}

@test "what was applied is not what is there once it was damaged: the rule is left out as before" {
    ctl apply
    exits 0
    rule gpu0 '[Match]' IDD=10de:1b06
    sed -i 's/10de/10dee/' "$ROOT/var/lib/passthrough/applied"
    image_built
    has 'rule gpu0 is left out'
    : >"$ROOT/var/lib/passthrough/applied"
    image_built
    has 'rule gpu0 is left out'
}

@test "undo puts back what was applied before" {
    ctl apply
    cp "$ROOT/var/lib/passthrough/applied" "$BATS_TEST_TMPDIR/applied"
    rule gpu0 '[Match]' ID=10de:1b07
    ctl apply
    exits 0
    ! cmp -s "$ROOT/var/lib/passthrough/applied" "$BATS_TEST_TMPDIR/applied" || return 1
    ctl undo
    exits 0
    cmp "$ROOT/var/lib/passthrough/applied" "$BATS_TEST_TMPDIR/applied"
    ctl undo
    exits 0
    [[ ! -e $ROOT/var/lib/passthrough/applied ]]
}

# --- apply

@test "apply builds what is stale, and nothing twice" {
    live_host
    live apply --dry-run --no-trial
    exits 0
    has "/boot/initrd.img-$KERNEL: it was built without the rules" "$(builds "$OTHER" "/boot/initrd.img-$OTHER")"
    [[ ! -e $ROOT/var/lib/built.log ]]
    live apply --no-trial
    exits 0
    has "Boot image      $KERNEL (1 of 2), built in " "Boot image      $OTHER (2 of 2), built in "
    built "$KERNEL" "$OTHER"
    tar -tf "$ROOT/boot/initrd.img-$OTHER" | grep -qx ./etc/passthrough.d/gpu0.conf
    is "$(stat -c %a "$ROOT/boot/initrd.img-$OTHER")" 600 mode
    is "$(find "$ROOT/boot" -name '.*' -type f)" '' 'left behind in /boot'
    rm "$ROOT"/var/lib/*.log
    live apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    built
    [[ ! -e $ROOT/var/lib/looked.log ]] # it is known which they are
    row "image.$OTHER" '^pass: .* was built from this config'
}

@test "apply after an edit, a removal, an image that others have built anew, a new program" {
    live_host
    applied
    rule gpu0 '[Match]' ID=10de:1b07
    row "image.$OTHER" '^warn: .* is stale: it was built from another config; passthroughctl apply'
    live apply --no-trial
    exits 0
    built "$KERNEL" "$OTHER"
    rm "$ROOT/var/lib/built.log"
    kernel "$OTHER"
    live apply --no-trial
    exits 0
    built "$OTHER"
    rm "$ROOT/var/lib/built.log" "$ROOT/etc/passthrough.d/gpu0.conf" "$ROOT/etc/passthrough.conf"
    row "image.$OTHER" '^warn: .* is stale'
    live apply --no-trial
    exits 0
    built "$KERNEL" "$OTHER"
    ! tar -tf "$ROOT/boot/initrd.img-$OTHER" | grep -F passthrough.d || return 1
    put /usr/lib/passthrough/passthrough-bind 'the program, version 2'
    live apply --no-trial # which carries nothing out
    exits 0
    has 'Boot images     nothing to do'
    rule gpu0 '[Match]' ID=10de:1b07
    applied
    put /usr/lib/passthrough/passthrough-bind 'the program, version 3'
    live apply --no-trial
    exits 0
    has 'it was built with other programs'
}

@test "an image that cannot be read is built anew; what it does read counts, whatever its exit status" {
    live_host
    applied
    rm "$ROOT/var/lib/passthrough/images"
    sed -i "s/^exit 0/exit 2/" "$ROOT/usr/sbin/$LISTER"
    live apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    put "/boot/initrd.img-$OTHER" 'no archive'
    live apply --no-trial
    exits 0
    has "Boot image      $OTHER, built in "
    built "$OTHER"
}

@test "without a rule and a setting an image that knows nothing of this is in line" {
    live_host
    rm "$ROOT/etc/passthrough.d/gpu0.conf" "$ROOT/etc/passthrough.conf"
    live apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    built
}

@test "a rule that is wrong: nothing is built, the old images stay" {
    live_host
    local before
    before=$(images)
    rule gpu1 '[Match]' IDD=1
    live apply --no-trial
    exits 2
    built
    is "$(images)" "$before" images
}

@test "a build that fails, or makes something else: all images stay, those built before are put back" {
    live_host
    local before spoil
    local -a parts=('rm $dir/usr/lib/systemd/*|passthrough-generator')
    [[ $MAKER == dracut ]] || parts=('rm $dir/scripts/init-top/00-*|scripts/init-top/00-passthrough' 'rm $dir/scripts/panic/*|scripts/panic/passthrough'
        'rm $dir/scripts/init-top/ORDER|/scripts/init-top/00-passthrough before /scripts/init-top/udev'
        'sed -i "/udev/!d" $dir/scripts/init-top/ORDER|/scripts/init-top/00-passthrough before'
        'sed -i "1{h;d};\$G" $dir/scripts/init-top/ORDER|/scripts/init-top/00-passthrough before')
    before=$(images)
    : >"$ROOT/etc/build.fail"
    live apply --no-trial
    exits 1
    has "the old image stays: $BUILDER failed with status 3" 'what was written is taken back'
    is "$(images)" "$before" images
    rm "$ROOT/etc/build.fail"
    for spoil in 'rm $dir/usr/lib/passthrough/passthrough-bind|/usr/lib/passthrough/passthrough-bind' \
        'rm $dir/etc/passthrough.d/gpu0.conf|/etc/passthrough.d/gpu0.conf' 'rm $dir/lib/vfio-pci*|kernel module vfio-pci' \
        'rm $dir/lib/vfio_iommu*|kernel module vfio_iommu_type1' "${parts[@]}" \
        'find $dir -name libkmod.so.2 -delete|lacks libkmod.so.2' 'find $dir -name libblkid.so.1 -delete|lacks libblkid.so.1' \
        'rm $dir/usr/lib/passthrough/digest|/usr/lib/passthrough/digest' "out=/dev/null|$MAKER built nothing, and reported success" \
        'sed -i s/[0-9]/a/2 $dir/usr/lib/passthrough/digest|changed meanwhile'; do
        echo "$spoil"
        put /etc/build.spoil "[ \$kver = $KERNEL ] || { ${spoil%|*}; }"
        live apply --no-trial
        exits 1
        has "${spoil#*|}" "Put back        /boot/initrd.img-$KERNEL"
        is "$(images)" "$before" images
        is "$(find "$ROOT/boot" -name '.*' -type f; find "$ROOT/var/lib/passthrough" -path '*undo/*')" '' 'left behind'
    done
}

# respoil COMMAND: the image of the other kernel, with its digest, as another has built it: spoilt by that, in it.
respoil() {
    local dir=$BATS_TEST_TMPDIR/spoilt
    rm -rf "$dir" && mkdir "$dir"
    tar -C "$dir" -xf "$ROOT/boot/initrd.img-$OTHER"
    (cd "$dir" && eval "$1")
    tar -C "$dir" -cf "$ROOT/boot/initrd.img-$OTHER" .
}

@test "an image of others that says what it was built from is looked at as a whole, once: what it lacks makes it stale" {
    live_host
    applied
    local spoil
    local -a spoils=("rm usr/lib/passthrough/passthrough-bind|/usr/lib/passthrough/passthrough-bind" 'find -name libkmod.so.2 -delete|libkmod.so.2'
        'find -name libblkid.so.1 -delete|libblkid.so.1' 'rm etc/passthrough.d/*|/etc/passthrough.d/gpu0.conf' 'rm lib/vfio-pci*|the kernel module vfio-pci')
    [[ $MAKER == dracut ]] || spoils+=('rm scripts/init-top/00-*|scripts/init-top/00-passthrough'
        'sed -i "1{h;d};\$G" scripts/init-top/ORDER|/scripts/init-top/00-passthrough before /scripts/init-top/udev')
    for spoil in "${spoils[@]}"; do
        echo "$spoil"
        respoil "${spoil%|*}"
        row "image.$OTHER" '^pass: .* is newer than the rules' # not looked at from outside the machine
        live check --json
        is "$(get ".checks[] | select(.id == \"image.$OTHER\") | .message")" "/boot/initrd.img-$OTHER is stale: it lacks ${spoil#*|}" check
        rm "$ROOT/var/lib/looked.log"
        row "image.$OTHER" "^warn: .* is stale: it lacks ${spoil#*|}; passthroughctl apply"
        live apply --no-trial
        exits 0
        has "it lacks ${spoil#*|}"
        is "$(head -n 1 "$ROOT/var/lib/built.log" | cut -d' ' -f1)" "$OTHER" 'built anew'
        rm "$ROOT/var/lib/built.log"
        row "image.$OTHER" '^pass: .* was built from this config'
    done
}

@test "an image that was looked at while it had another config is looked at again once it has this one" {
    live_host
    applied
    respoil 'find -name libkmod.so.2 -delete'
    rule gpu0 '[Match]' ID=10de:1b07
    live check --json
    row "image.$OTHER" '^warn: .* is stale: it was built from another config'
    rule gpu0 '[Match]' ID=10de:1b06
    live check --json
    row "image.$OTHER" '^warn: .* is stale: it lacks libkmod.so.2'
}

@test "an image has the stricter of both modes, and so has its copy" {
    live_host
    sed -i 's/^set -e$/set -e; umask 0077/' "$ROOT/usr/sbin/$BUILDER"
    mkdir -p "$ROOT/boot/lab/$KERNEL"
    cp "$ROOT/boot/vmlinuz-$KERNEL" "$ROOT/boot/lab/$KERNEL/linux"
    cp "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/boot/lab/$KERNEL/initrd.img-$KERNEL"
    put "/boot/loader/entries/lab-$KERNEL.conf" 'title Lab' "version $KERNEL" "linux /lab/$KERNEL/linux" \
        "initrd /lab/$KERNEL/initrd.img-$KERNEL" 'options root=/dev/sda1 intel_iommu=on iommu=pt'
    chmod 644 "$ROOT"/boot/initrd.img-* "$ROOT/boot/lab/$KERNEL"/initrd.img-*
    chown 7:8 "$ROOT/boot/initrd.img-$KERNEL"
    live apply --no-trial
    exits 0
    has 'copied in'
    is "$(stat -c %a "$ROOT"/boot/initrd.img-* "$ROOT/boot/lab/$KERNEL"/initrd.img-* | xargs)" '600 600 600' modes
    is "$(stat -c %u:%g "$ROOT/boot/initrd.img-$KERNEL")" 7:8 owner
    live undo
    exits 0
    sed -i 's/^set -e; umask 0077$/set -e; umask 0022/' "$ROOT/usr/sbin/$BUILDER"
    chmod 640 "$ROOT"/boot/initrd.img-* "$ROOT/boot/lab/$KERNEL"/initrd.img-*
    applied
    is "$(stat -c %a "$ROOT"/boot/initrd.img-* "$ROOT/boot/lab/$KERNEL"/initrd.img-* | xargs)" '640 640 640' 'modes of those that were strict'
}

@test "undo puts the images of before back; one that was built anew since, or is gone, stays so" {
    live_host
    local before
    before=$(images)
    applied
    live undo
    exits 0
    is "$(images)" "$before" images
    built
    applied
    kernel "$OTHER"
    add_line "/boot/initrd.img-$OTHER" 'built anew'
    rm "$ROOT/boot/initrd.img-$KERNEL"
    live undo
    exits 0
    has "Left            /boot/initrd.img-$OTHER as it is"
    grep -q 'built anew' "$ROOT/boot/initrd.img-$OTHER"
    [[ ! -e $ROOT/boot/initrd.img-$KERNEL ]]
}

@test "an image that is a link: what it leads to is built, and put back by undo and where a later one fails" {
    live_host
    mkdir "$ROOT/images"
    mv "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/images/first"
    ln -s ../images/first "$ROOT/boot/initrd.img-$KERNEL"
    mv "$ROOT/boot/initrd.img-$OTHER" "$ROOT/images/second"
    ln -s /images/second "$ROOT/boot/initrd.img-$OTHER"
    local before
    before=$(cd "$ROOT/images" && sha256sum ./*)
    live apply --no-trial
    exits 0
    built "$KERNEL" "$OTHER"
    [[ -L $ROOT/boot/initrd.img-$KERNEL && -L $ROOT/boot/initrd.img-$OTHER ]]
    live undo
    exits 0
    is "$(cd "$ROOT/images" && sha256sum ./*)" "$before" 'images after undo'
    put /etc/build.spoil "[ \$kver = $KERNEL ] || exit 1"
    live apply --no-trial
    exits 1
    has 'what was written is taken back' 'Put back'
    is "$(cd "$ROOT/images" && sha256sum ./*)" "$before" 'images after a build that failed'
}

@test "directories beside the kernels' modules that no kernel is called after are passed over" {
    live_host
    local name
    for name in '6.1 old' -h $'6.2\nx' .hidden; do
        cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/$name"
        kernel "$name"
    done
    live apply --no-trial
    exits 0
    built "$KERNEL" "$OTHER"
    live undo
    exits 0
}

@test "without what lists images nothing is built that nobody can look at" {
    live_host
    rm "$ROOT/usr/sbin/$LISTER"
    : >"$ROOT/none"
    # shellcheck disable=SC2016 # expanded in there
    ENVIRONMENT=(sh -c '[ ! -e /usr/bin/$0 ] || mount --bind /none /usr/bin/$0; exec "$@"' "$LISTER")
    live apply --no-trial
    exits 1
    has "$LISTER is not there" 'what was written is taken back'
    built
}

@test "of images only those before the last apply are kept" {
    live_host
    local first
    applied
    first=$(images)
    rule gpu0 '[Match]' ID=10de:1b07
    applied
    is "$(find "$ROOT/var/lib/passthrough/undo/1" -name 'old.*')" '' 'kept by the first apply'
    live undo
    exits 0
    is "$(images)" "$first" images
    live undo
    exits 1
    has "/boot/initrd.img-$OTHER: the image before this apply is not kept any more"
    live undo
    has 'Nothing to undo.'
}

@test "room is looked for before anything is written, on a file system that is small" {
    live_host
    head -c 1200K /dev/urandom >>"$ROOT/boot/initrd.img-$OTHER"
    BOOT_SIZE=3M live apply --no-trial
    exits 1
    says '/boot/? has 1 MiB free, and the new boot images need 3 MiB there; nothing is written'
    built
    [[ ! -e $ROOT/var/lib/passthrough/applied ]]
    BOOT_SIZE=8M live apply --no-trial
    exits 0
    built "$KERNEL" "$OTHER"
}

@test "/boot is another file system: the old images are copied, and copied back" {
    live_host
    # shellcheck disable=SC2016
    BOOT_SIZE=20M live_run /bin/sh -e -c 'cat /boot/initrd* >/old; /build/passthroughctl apply --no-trial; cat /boot/initrd* >/new
        /build/passthroughctl undo; cat /boot/initrd* | cmp - /old; ! cmp -s /old /new; stat -c %a /boot/initrd* | uniq'
    exits 0
    has 'Apply 1 is undone.'
    is "${output##*$'\n'}" 600 mode
}

@test "other programs make the images: it is said, the exit status is 1, and nothing is written" {
    rm "$ROOT/usr/sbin/$BUILDER"
    put /usr/bin/mkinitcpio '#!/bin/sh'
    ctl apply
    exits 1
    has 'boot images are not built' 'mkinitcpio makes the boot images, and dracut is not there' 'nothing is written'
    [[ ! -e $ROOT/var/lib/passthrough/applied ]]
}

@test "not the running machine: nothing is built, what is to be run is named" {
    kernel "$KERNEL"
    ctl apply
    exits 0
    has "to be run on that system: $(builds "$KERNEL" "/boot/initrd.img-$KERNEL")"
    [[ ! -e $ROOT/var/lib/built.log ]]
}

@test "images that entries name, one below two names, one of a kernel that is gone, unified ones" {
    live_host
    rm "$ROOT"/boot/*"$KERNEL"
    rm "$ROOT/boot/vmlinuz-$OTHER"
    put /etc/kernel/entry-token lab
    local id=lab/$KERNEL
    mkdir -p "$ROOT/efi/$id"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT/efi/$id/initrd.img-$KERNEL" .
    put "/efi/$id/linux" kernel
    rm -r "$ROOT/boot/loader"
    put /efi/loader/loader.conf 'timeout 3'
    put "/efi/loader/entries/lab-$KERNEL.conf" 'title Lab' "version $KERNEL" "linux /$id/linux" 'initrd /ucode.img' \
        "initrd /$id/initrd.img-$KERNEL" 'options root=/dev/sda1 intel_iommu=on iommu=pt'
    ln -s ../efi "$ROOT/boot/efi"
    live apply --dry-run --no-trial
    exits 0
    has "/efi/$id/initrd.img-$KERNEL: it was built without the rules"
    has_not "$OTHER" /ucode.img: /boot/efi
    is "$(grep -c "would run $BUILDER" <<<"$output")" 1 'images to be built'
    cp "$ROOT/efi/$id/initrd.img-$KERNEL" "$ROOT/boot/initrd.img-$KERNEL"
    live apply --no-trial
    exits 0
    built "$KERNEL" # and copied
    cmp "$ROOT/efi/$id/initrd.img-$KERNEL" "$ROOT/boot/initrd.img-$KERNEL"
    put "/efi/EFI/Linux/lab-$OTHER.efi" uki
    live apply --no-trial
    exits 1
    says "lab-$OTHER.efi: (it was built without the rules|what it was built from cannot be told); it is a unified kernel image"
}

@test "an image that has a second name in another entry, the same file, is there anew by both; undo puts back both" {
    live_host
    rm "$ROOT"/boot/*"$OTHER"
    local id=lab/$KERNEL name before
    before=$(sha256sum <"$ROOT/boot/initrd.img-$KERNEL")
    put /etc/kernel/entry-token lab
    put "/boot/$id/linux" kernel
    ln "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/boot/$id/initrd"
    live apply --no-trial
    exits 0
    built "$KERNEL" # and copied
    cmp "$ROOT/boot/initrd.img-$KERNEL" "$ROOT/boot/$id/initrd"
    [[ $(sha256sum <"$ROOT/boot/$id/initrd") != "$before" ]]
    live undo
    exits 0
    for name in "initrd.img-$KERNEL" "$id/initrd"; do is "$(sha256sum <"$ROOT/boot/$name")" "$before" "$name"; done
}

# --- killed at every step

@test "killed at any write: each image is the old or the new, and undo puts the old ones back" {
    live_host
    local kept=$BATS_TEST_TMPDIR/kept before n at step=2
    [[ ${KILL_EVERY-} != 1 ]] || step=1
    rm "$ROOT"/boot/*"$OTHER"
    cp -a "$ROOT" "$kept"
    before=$(images)
    ASAN=${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0
    ENVIRONMENT=(LD_PRELOAD=/kill.so KILL_COUNT=/calls "ASAN_OPTIONS=$ASAN")
    live apply --no-trial
    exits 0
    n=$(<"$ROOT/calls")
    ((n > 20)) || { echo "only $n calls" && return 1; }
    for ((at = 1; at <= n; at += step)); do
        echo "apply, killed at $at of $n"
        rm -rf "$ROOT" && cp -a "$kept" "$ROOT"
        ENVIRONMENT=(LD_PRELOAD=/kill.so KILL_AT=$at "ASAN_OPTIONS=$ASAN")
        live apply --no-trial
        exits 77
        if [[ $(images) != "$before" ]]; then digest "$KERNEL" | grep -q '^config ' || return 1; fi
        ENVIRONMENT=()
        if ((at % 3 == 0)); then
            live apply --no-trial
            exits 0
            row "image.$KERNEL" '^pass: .* was built from this config'
        fi
        live undo
        exits 0
        is "$(images)" "$before" images
        is "$(find "$ROOT/boot" -name '.*' -type f)" '' 'left behind in /boot'
    done
}

# --- stale is a state

@test "status and check name the images that are stale, and those of which nothing is known" {
    live_host
    applied
    ctl status --json
    is "$(get '.images[] | "\(.release)=\(.state)"')" "$KERNEL=ok $OTHER=ok" images
    ctl status
    has_not stale
    rule gpu0 '[Match]' ID=10de:1b07
    ctl status
    says "^  Boot images .*$OTHER.* are stale: it was built from another config\.$"
    has 'passthroughctl plan   says which device is missing'
    ctl check
    has 'fix: passthroughctl apply'
    kernel "$OTHER" # not looked at from outside the machine
    ctl status --json
    is "$(get '.images[] | "\(.release)=\(.state)"')" "$KERNEL=stale $OTHER=unknown" images
    live status --json
    is "$(get '.images[] | "\(.release)=\(.state)"')" "$KERNEL=stale $OTHER=stale" images
    row "image.$OTHER" '^warn: .* is stale: it was built without the rules'
}

@test "an image that runs the second of its stages alone was not built without the rules" {
    image_digest >"$BATS_TEST_TMPDIR/digest"
    put "/$DIGEST" <"$BATS_TEST_TMPDIR/digest"
    bind() { run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" "$@"; }
    bind --stage=root
    rm "$ROOT/$DIGEST"
    bind --rule=gpu0
    says "^this boot's image is stale: its stage \"initrd\" did not run; .*passthroughctl apply"
}

@test "a boot tells once that its image is older than the config, and status tells" {
    image_digest >"$BATS_TEST_TMPDIR/digest"
    put "/$DIGEST" <"$BATS_TEST_TMPDIR/digest"
    bind() { run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" "$@"; }
    bind --stage=initrd
    rm "$ROOT/$DIGEST" # the image is gone, the host is up
    cp -a "$ROOT/run" "$BATS_TEST_TMPDIR/run"
    bind --rule=gpu0
    has_not stale
    ctl status
    has_not stale
    rm -r "$ROOT/run" && mv "$BATS_TEST_TMPDIR/run" "$ROOT/run"
    rule gpu1 '[Match]' ID=10de:1b07
    bind --rule=gpu0
    says "^this boot's image is stale: it was built from another config; .*passthroughctl apply"
    bind --rule=gpu1
    has_not stale
    ctl status
    says '^  The image of this boot is stale: it was built from another config\.$'
    ctl status --json
    rule_is gpu1 missing
}

# --- dracut's module

# setup_module LINE...: module-setup.sh as dracut runs it, into an image of its own, with these functions of dracut's behind
# those that copy all that they are asked for.
setup_module() {
    export MODULE=$BATS_TEST_DIRNAME/../../dracut/50passthrough/module-setup.sh
    rm -rf "$BATS_TEST_TMPDIR/image" && mkdir -p "$BATS_TEST_TMPDIR/image/lib"
    # shellcheck disable=SC2016 # expanded in there
    run_program env PATH="$BUILD:$PATH" bash -c '
        initdir=$1 kernel=$2 dracutsysrootdir=$3 moddir=
        dwarn() { echo "$*" >&2; }
        inst_multiple() { mkdir -p "$initdir/usr/lib/passthrough" && touch "$initdir$1"; }
        inst_libdir_file() { touch "$initdir/lib/libkmod.so.2" "$initdir/lib/libblkid.so.1"; }
        instmods() { touch "$initdir/lib/$2.ko"; }
        modinfo() { [[ $6 = vfio-pci ]] && echo /lib/modules/x/vfio-pci.ko; }
        dracut_module_included() { false; }
        inst_hook() { :; }
        . "$MODULE"
        eval "$4"
        install && installkernel' bash "$BATS_TEST_TMPDIR/image" "$KERNEL" "$ROOT" "$*"
    exits 0
}

@test "dracut's module: an image that lacks something does not say that it has the rules" {
    local spoil
    setup_module
    has_not 'not in the image'
    [[ -e $BATS_TEST_TMPDIR/image/$DIGEST ]]
    for spoil in 'inst_multiple() { :; }|passthrough-bind' 'inst_libdir_file() { touch "$initdir/lib/libkmod.so.2"; }|libblkid.so.1' \
        'inst_libdir_file() { false; }|libkmod.so.2' 'instmods() { :; }|the kernel module vfio-pci' 'instmods() { false; }|the kernel module vfio-pci'; do
        setup_module "${spoil%|*}"
        has "passthrough: ${spoil#*|} is not in the image"
        [[ -e $BATS_TEST_TMPDIR/image/etc/passthrough.d/gpu0.conf && ! -e $BATS_TEST_TMPDIR/image/$DIGEST ]] || { echo "$spoil" && return 1; }
    done
    setup_module 'modinfo() { false; }; instmods() { false; }' # the kernel has none
    [[ -e $BATS_TEST_TMPDIR/image/$DIGEST ]]
}
