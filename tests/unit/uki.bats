# SPDX-License-Identifier: GPL-2.0-or-later
# Unified kernel images: an addon of ours has the kernel parameters, and the images stay as they are.

load product
load tree
load live
load tree-makers
load tree-uki

TOKENS='intel_iommu=on iommu=pt'
OTHER=6.12.1-other

setup() {
    tree_new bare
    put /proc/cmdline "$UKI_LINE"
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    dracut_there
    boots_unified
    live_root
}

snapshot() {
    (cd "$ROOT" && find boot etc efi -type f -printf '%m %p\n' -exec sha256sum {} + 2>/dev/null | LC_ALL=C sort)
}

before() { BEFORE=$(snapshot); }

same() {
    diff <(echo "$BEFORE") <(snapshot) || { echo 'the tree is not as it was' && show && return 1; }
    [[ ! -e $ROOT/run/passthrough/addon.efi ]]
}

# applied: and once more there is nothing to do.
applied() {
    live apply --no-trial
    exits 0
    before
    live apply --no-trial
    exits 0
    same
}

refuses() {
    before
    live apply --no-trial
    exits 1
    has "$@"
    same
    [[ ! -e $ROOT/var/ukify.log ]]
}

@test "apply writes the addon, verifies it and leaves the image; undo takes one file away, and its directory" {
    before
    live apply --no-trial
    exits 0
    has "Wrote           $ADDON" '1, verified' "+ $TOKENS"
    says_addon "$TOKENS"
    [[ $(<"$ROOT/var/ukify.log") == "build --config=/dev/null --output=/run/passthrough/addon.efi --cmdline=$TOKENS" ]]
    live undo
    exits 0
    same
    [[ ! -e $ROOT${ADDON%/*} ]]
}

@test "applied twice there is nothing to do, and a dry run writes nothing" {
    before
    live apply --dry-run --no-trial
    exits 0
    has "Would write     $ADDON" "+ $TOKENS"
    same
    applied
    has 'Command line    nothing to do'
}

@test "each image of a kernel that is installed has its own addon, and no other image" {
    mkdir -p "$ROOT/lib/modules/$OTHER"
    uki "$LINUX/other.efi" "$OTHER"
    uki "$LINUX/lab-of-another-system.efi" 5.5.5
    live apply --no-trial
    exits 1
    has '2, verified' "$LINUX/other.efi: what it was built from cannot be told"
    says_addon "$TOKENS"
    says_addon "$TOKENS" "$LINUX/other.efi.extra.d/passthrough.addon.efi"
    [[ ! -e $ROOT$LINUX/lab-of-another-system.efi.extra.d ]]
}

@test "names may be in capitals, as on a file system that knows no case" {
    mkdir -p "$ROOT/lib/modules/$OTHER"
    uki "$LINUX/OTHER.EFI" "$OTHER"
    addon "$LINUX/OTHER.EFI.extra.d/MINE.ADDON.EFI" intel_iommu=on
    live apply --no-trial
    has '2, verified'
    says_addon "$TOKENS"
    says_addon iommu=pt "$LINUX/OTHER.EFI.extra.d/passthrough.addon.efi"
}

@test "what the image or another addon has is not said again" {
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL" '' "$UKI_LINE intel_iommu=on"
    addon /boot/efi/loader/addons/all.addon.efi 'iommu=pt'
    live apply --no-trial
    exits 0
    has 'nothing to do'
    [[ ! -e $ROOT$ADDON ]]
    rm -r "$ROOT/boot/efi/loader"
    applied
    says_addon 'iommu=pt'
}

@test "what others have in that addon stays, and a parameter that is needed no more goes" {
    addon "$ADDON" 'quiet=1'
    before
    live apply --no-trial
    exits 0
    says_addon "quiet=1 $TOKENS"
    rm "$ROOT"/etc/passthrough.d/*
    booted_so
    live apply --no-trial
    exits 0
    says_addon 'quiet=1'
    rule gpu0 '[Match]' ID=10de:1b06
    live undo 1
    exits 0
    same
}

@test "an addon that was changed since is left by undo, which says so" {
    applied
    addon "$ADDON" 'mine=1'
    live undo
    exits 1
    has "$ADDON has been changed since, and is left as it is"
    says_addon 'mine=1'
}

@test "a counter of boots is no part of the directory's name" {
    mv "$ROOT$LINUX/lab-$KERNEL.efi" "$ROOT$LINUX/lab-$KERNEL+3-1.efi"
    firmware StubImageIdentifier "\\EFI\\Linux\\lab-$KERNEL+3-1.efi"
    applied
    says_addon "$TOKENS"
}

@test "images that differ in a counter alone have one addon, with what either lacks" {
    uki "$LINUX/lab-$KERNEL+3.efi" "$KERNEL" '' "$UKI_LINE intel_iommu=on"
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL" '' "$UKI_LINE iommu=pt"
    before
    live apply --no-trial
    is "$(grep -c "Wrote .*$ADDON" <<<"$output")" 1 'times written'
    has '2, verified'
    says_addon 'iommu=pt intel_iommu=on'
    live undo
    exits 0
    same
}

@test "another system's image of the same kernel is left alone, unless its name or its boot says that it is this one's" {
    local other='root=UUID=11111111-53c5-4d2c-9d3b-0a63fbb41a11 ro'
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    uki "$LINUX/other-$KERNEL.efi" "$KERNEL" '' "$other"
    applied
    has "$LINUX/other-$KERNEL.efi has another root= and boots something else, and is left alone"
    [[ ! -e $ROOT$LINUX/other-$KERNEL.efi.extra.d ]]
    says_addon "$TOKENS"
    uki "$LINUX/linux-$KERNEL-0123456789abcdef0123456789abcdef.efi" "$KERNEL" '' "$other"
    live apply --no-trial
    has '2, verified'
    says_addon "$TOKENS" "$LINUX/linux-$KERNEL-0123456789abcdef0123456789abcdef.efi.extra.d/passthrough.addon.efi"
    rm -r "$ROOT$LINUX"
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL" '' "$other"
    applied
    says_addon "$TOKENS"
}

@test "a partition that is read-only: nothing is left behind" {
    live_run bash -c 'mount --bind /boot /boot && mount -o remount,ro,bind /boot && ! /build/passthroughctl apply --no-trial && /build/passthroughctl undo --list'
    exits 0
    has 'passthrough.addon.efi: Read-only file system' 'what was written is taken back' 'Nothing to undo.'
    [[ ! -e $ROOT/var/lib/passthrough/undo/1 ]]
}

@test "a plus that is not a counter of boots is part of it, and what stands behind a counter stays" {
    local name
    for name in "lab-$KERNEL+=lab-$KERNEL+" "lab-$KERNEL+-1=lab-$KERNEL+-1" "lab-$KERNEL+1-=lab-$KERNEL+1-" "lab-$KERNEL+1-2-3=lab-$KERNEL+1-2-3" "lab-$KERNEL+b+3-1=lab-$KERNEL+b+3-1" \
        "lab+2.$KERNEL=lab.$KERNEL"; do
        rm -r "$ROOT$LINUX"
        uki "$LINUX/${name%=*}.efi" "$KERNEL"
        firmware StubImageIdentifier "\\EFI\\Linux\\${name%=*}.efi"
        applied
        says_addon "$TOKENS" "$LINUX/${name#*=}.efi.extra.d/passthrough.addon.efi"
    done
}

@test "the image that booted gets the addon wherever it lies on its partition, and is asked for if it is in no place known" {
    mkdir -p "$ROOT/boot/efi/EFI/BOOT"
    pe /boot/efi/EFI/BOOT/BOOTX64.EFI '.sdmagic=#### LoaderInfo: systemd-stub 257 ####' ".cmdline=$UKI_LINE" .linux=x
    rm "$ROOT$LINUX"/*
    firmware StubImageIdentifier '\EFI\BOOT\BOOTX64.EFI'
    applied
    says_addon "$TOKENS" /boot/efi/EFI/BOOT/BOOTX64.EFI.extra.d/passthrough.addon.efi
    firmware StubImageIdentifier '\EFI\gone.efi'
    rm "$ROOT/var/ukify.log"
    refuses '\EFI\gone.efi, is not in /efi, /boot/efi or /boot'
}

@test "the line of new images is in /etc/kernel/cmdline, where that is there" {
    put /etc/kernel/cmdline "$UKI_LINE"
    before
    live apply --no-trial
    exits 0
    is "$(<"$ROOT/etc/kernel/cmdline")" "$UKI_LINE $TOKENS" line
    live undo
    same
}

@test "a stub that reads no addons, none at all, no ukify, nothing to make it of: nothing is written, and it is said" {
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL" 252.39-1~deb12u2
    refuses "has systemd's stub 252.39-1~deb12u2, and version 254 is the first that reads addons" "--cmdline='$TOKENS' --output=$ADDON"
    pe "$LINUX/lab-$KERNEL.efi" ".uname=$KERNEL" ".cmdline=$UKI_LINE" .linux=x
    refuses 'has no stub of systemd'
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    rm "$ROOT/usr/lib/systemd/boot/efi/addonx64.efi.stub"
    refuses 'install systemd-boot-efi'
    rm "$ROOT/usr/sbin/ukify"
    refuses 'install systemd-ukify'
}

@test "an addon that ukify does not make as it should is not written" {
    before
    put /etc/ukify.spoil 'echo no such module >&2; exit 3'
    live apply --no-trial
    exits 1
    has 'ukify failed with status 3; nothing is written' 'no such module'
    rm "$ROOT/etc/ukify.spoil"
    same
    for spoil in 'line=.cmdline=other' 'initrd=.initrd=x' 'touch $out; exit' 'exit 0'; do
        put /etc/ukify.spoil "$spoil"
        live apply --no-trial
        exits 1
        says 'what ukify has made (has not the kernel parameters|has an initrd); nothing is written|No such file'
        rm "$ROOT/etc/ukify.spoil"
        same
    done
}

@test "Secure Boot without a key, or where it cannot be told: refused, and nothing is written" {
    secure_boot 1
    refuses 'Secure Boot is on, and no key is known to sign it with: neither /etc/kernel/uki.conf nor /etc/systemd/ukify.conf'
    put /etc/kernel/uki.conf '[UKI]' 'SecureBootCertificate=/etc/cert.pem'
    refuses 'no key is known'
    has "--secureboot-private-key=KEY --secureboot-certificate=CERTIFICATE --output=$ADDON" 'keep a copy of the image without that addon'
    rm "$ROOT/etc/kernel/uki.conf" "$ROOT"/sys/firmware/efi/efivars/*
    refuses 'it cannot be told if Secure Boot is on'
}

@test "Secure Boot with a key: the addon is signed, and one that is not signed does not count" {
    secure_boot 1
    put /etc/kernel/uki.conf '[UKI]' '# SecureBootPrivateKey=/old' 'SecureBootPrivateKey = /etc/key.pem' 'SecureBootCertificate=/etc/cert.pem' SecureBootSigningTool=sbsign
    addon "$ADDON" "$TOKENS"
    addon /boot/efi/loader/addons/all.addon.efi 'iommu=pt'
    before
    live apply --no-trial
    exits 0
    says_addon "$TOKENS"
    [[ $(<"$ROOT/var/ukify.log") == *"--secureboot-private-key=/etc/key.pem --secureboot-certificate=/etc/cert.pem --signtool=sbsign" ]]
    (($(stat -c %s "$ROOT$ADDON") > 5700))
    live undo
    same
    put /etc/ukify.spoil signed=
    live apply --no-trial
    exits 1
    has 'what ukify has made is not signed; nothing is written'
}

signs() {
    secure_boot 1
    put /etc/kernel/uki.conf '[UKI]' SecureBootPrivateKey=/etc/key.pem SecureBootCertificate=/etc/cert.pem
}

@test "Secure Boot: a copy of the image that booted boots without passthrough, and goes with undo" {
    local spare="$LINUX/~passthrough-off.efi"
    signs
    before
    live apply --dry-run --no-trial
    exits 0
    has "Would write     $spare" "$spare, a copy of $LINUX/lab-$KERNEL.efi, comes into the menu of systemd-boot"
    same
    live apply --no-trial
    exits 0
    cmp "$ROOT$spare" "$ROOT$LINUX/lab-$KERNEL.efi"
    says_addon passthrough=off "$spare.extra.d/passthrough.addon.efi"
    has '1, verified'
    live apply --no-trial
    exits 0
    has 'Command line    nothing to do'
    # Another kernel takes its place.
    mkdir -p "$ROOT/lib/modules/$OTHER"
    uki "$LINUX/lab-$OTHER.efi" "$OTHER"
    firmware StubImageIdentifier "\\EFI\\Linux\\lab-$OTHER.efi"
    live apply --no-trial
    cmp "$ROOT$spare" "$ROOT$LINUX/lab-$OTHER.efi"
    live undo
    cmp "$ROOT$spare" "$ROOT$LINUX/lab-$KERNEL.efi"
    rm "$ROOT$LINUX/lab-$OTHER.efi"
    live undo
    exits 0
    same
}

@test "an image without a line of its own takes what is typed, and so has no copy" {
    signs
    pe "$LINUX/lab-$KERNEL.efi" '.sdmagic=#### LoaderInfo: systemd-stub 257 ####' ".uname=$KERNEL" .linux=x
    live apply --no-trial
    exits 0
    says_addon "$TOKENS"
    [[ ! -e "$ROOT$LINUX/~passthrough-off.efi" ]]
}

@test "an image without the rules is a failure, and nothing is written" {
    rule gpu0 '[Match]' ID=10de:1b07
    refuses 'is part of a unified kernel image' 'not built here'
    live check --json
    whole ".checks[] | select(.id == \"image.$KERNEL\") | .status == \"fail\""
}

@test "an image that ends early, or lies about its sections, is no image" {
    local file=$ROOT$LINUX/lab-$KERNEL.efi n at
    cp "$file" "$BATS_TEST_TMPDIR/whole"
    rm "$ROOT"/sys/firmware/efi/efivars/StubI*
    for n in 0 1 61 64 80 88 200 330 400 500 4095; do
        head -c $n "$BATS_TEST_TMPDIR/whole" >"$file"
        ctl apply --dry-run
        exits 1
        has 'no unified kernel image was found with a kernel of /lib/modules in it'
    done
    # The offset of the header, the number of sections, the size of the optional header, the first section's size and place.
    for at in 60 70 84 336 348; do
        cp "$BATS_TEST_TMPDIR/whole" "$file"
        printf '\xff\xff\xff\x7f' | dd of="$file" bs=1 seek=$at conv=notrunc status=none
        ctl apply --dry-run
        exits 1
    done
}

@test "what is no file is no image" {
    mkdir "$ROOT$LINUX/directory.efi"
    mkfifo "$ROOT$LINUX/pipe.efi"
    applied
    has_not directory pipe
}

@test "a line that the kernel would not read to its end is not written" {
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL" '' "$UKI_LINE -- verbose"
    refuses 'intel_iommu=on: stands behind "--"'
}

@test "a line that would be too long is not written" {
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL" '' "$UKI_LINE $(printf 'x%.0s' {1..460}) $(printf 'y%.0s' {1..1520})"
    refuses "$LINUX/lab-$KERNEL.efi: the line has 2061 characters, and the kernel takes 2047: the last tokens are lost; nothing is written"
}

@test "a capture has a line in place of each file, and says the same" {
    rm "$ROOT"/etc/passthrough.d/*
    put /etc/passthrough.conf '[Host]' 'CommandLine=intel_iommu=on iommu=pt'
    addon /boot/efi/loader/addons/all.addon.efi 'iommu=pt'
    addon "$ADDON" 'intel_iommu=on'
    ctl apply --dry-run
    has 'Command line    nothing to do' 'what it was built from cannot be told'
    ctl capture "$BATS_TEST_TMPDIR/capture"
    exits 0
    for file in "$LINUX/lab-$KERNEL.efi" "$ADDON" /boot/efi/loader/addons/all.addon.efi; do
        [[ $(stat -c %s "$BATS_TEST_TMPDIR/capture$file") -lt 200 ]] || { ls -lR "$BATS_TEST_TMPDIR/capture/boot" && return 1; }
    done
    ROOT=$BATS_TEST_TMPDIR/capture ctl apply --dry-run
    has 'Command line    nothing to do'
}

@test "from another system nothing is written: ukify would be that system's" {
    before
    PATH=$ROOT/usr/sbin:$PATH ctl apply --no-trial
    exits 1
    has "$ADDON is made on that system alone"
    same
}

# carries: an image that takes an initrd of an addon, and was built without the rules.
carries() {
    uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    modules_there
    maker_programs
    rm -rf "$ROOT"/run/passthrough "$ROOT"/var/lib/passthrough/images
}

OURS="etc/passthrough.d/gpu0.conf
usr/lib/passthrough/digest
usr/lib/passthrough/left-out
usr/lib/passthrough/modules/$KERNEL/kernel/"

@test "an image that was built without the rules gets them from the addon: programs, rules, modules with what they need" {
    carries
    before
    live apply --dry-run --no-trial
    exits 0
    has "$LINUX/lab-$KERNEL.efi: it was built without the rules; its addon would get an initrd with the rules" "Would write     $ADDON"
    same
    live apply --no-trial
    exits 0
    has "Wrote           $ADDON" 'its addon has an initrd with the rules' '1, verified'
    has_not 'would get'
    says_addon "$TOKENS"
    is "$(<"$ROOT/var/ukify.log")" "build --config=/dev/null --output=/run/passthrough/addon.efi --cmdline=$TOKENS --initrd=/run/passthrough/addon.initrd" ukify
    carried
    cmp "$CARRIED/usr/lib/passthrough/passthrough-bind" "$ROOT/usr/lib/passthrough/passthrough-bind"
    [[ -x $CARRIED/usr/lib/passthrough/passthrough-bind && -x $CARRIED/usr/lib/systemd/system-generators/passthrough-generator ]]
    cmp "$CARRIED/etc/passthrough.d/gpu0.conf" "$ROOT/etc/passthrough.d/gpu0.conf"
    for module in vfio-pci vfio-pci-core vfio vfio_iommu_type1 irqbypass; do
        find "$CARRIED/usr/lib/passthrough/modules/$KERNEL" -name "$module.ko*" | grep -q . || { echo "$module is not there" && find "$CARRIED" && return 1; }
    done
    [[ -e $CARRIED/usr/lib/passthrough/modules/$KERNEL/modules.dep.bin ]]
    is "$(cd "$CARRIED" && echo *)" 'etc usr' 'what the archive begins with'
    [[ ! -e $ROOT/run/passthrough/addon && ! -e $ROOT/run/passthrough/addon.initrd ]]
    before
    live apply --no-trial
    exits 0
    has 'Command line    nothing to do'
    same
    live undo
    exits 0
    [[ ! -e $ROOT${ADDON%/*} ]]
}

@test "an addon carries the host's first clearance, which the host itself has from then on" {
    carries
    firmware_uuid
    live apply --no-trial
    exits 0
    carried
    cmp "$CARRIED/var/lib/passthrough/clearance" "$ROOT/var/lib/passthrough/clearance"
    before
    live apply --no-trial
    exits 0
    has 'Command line    nothing to do'
    same
}

@test "the addon counts as the image's part: check and status say of both what is true" {
    carries
    live check --json
    whole ".checks[] | select(.id == \"image.$KERNEL\") | .status == \"warn\" and (.message | contains(\"built without the rules\")) and .fix == \"passthroughctl apply\""
    live apply --no-trial
    rm "$ROOT/usr/sbin/dracut" # which builds none of it
    live check --json
    whole ".checks[] | select(.id == \"image.$KERNEL\") | .status == \"pass\""
    whole '.checks[] | select(.id == "image.tool") | .status == "skip"'
    rule gpu0 '[Match]' ID=10de:1b07
    live check --json
    whole ".checks[] | select(.id == \"image.$KERNEL\") | .status == \"warn\" and (.message | contains(\"another config\"))"
}

# renews: apply makes it anew, and then there is nothing to do.
renews() {
    local old
    old=$(sha256sum "$ROOT$ADDON")
    live apply --no-trial
    exits 0
    has "$1" "its addon has an initrd"
    [[ $(sha256sum "$ROOT$ADDON") != "$old" ]]
    live apply --no-trial
    exits 0
    has_not 'its addon has an initrd'
}

@test "a rule, a setting, a program or a module that has changed makes the addon's initrd anew; without rules it goes" {
    carries
    live apply --no-trial
    rule gpu0 '[Match]' ID=10de:1b07
    renews 'Wrote'
    put /etc/passthrough.conf '[Host]' 'CommandLine=pcie_aspm=off'
    renews 'Wrote'
    says_addon "$TOKENS pcie_aspm=off"
    put /usr/lib/passthrough/passthrough-bind 'the program, version 2'
    renews 'Wrote'
    sed -i s/module/MODULE/ "$ROOT/lib/modules/$KERNEL"/kernel/drivers/vfio/pci/vfio-pci.ko*
    renews 'Wrote'
    rm "$ROOT"/etc/passthrough.d/* "$ROOT/etc/passthrough.conf"
    live apply --dry-run --no-trial
    has "Would remove    $ADDON" 'its addon would lose the initrd'
    live apply --no-trial
    exits 0
    [[ ! -e $ROOT$ADDON ]]
}

@test "without a parameter that is needed the addon carries the initrd alone, and what others have in its line stays" {
    carries
    put /proc/cmdline "$UKI_LINE $TOKENS"
    rm -rf "$BATS_TEST_TMPDIR/proc" && cp -r "$ROOT/proc" "$BATS_TEST_TMPDIR/proc"
    addon /boot/efi/loader/addons/all.addon.efi "$TOKENS"
    live apply --no-trial
    exits 0
    [[ $(<"$ROOT/var/ukify.log") == 'build --config=/dev/null --output=/run/passthrough/addon.efi --initrd=/run/passthrough/addon.initrd' ]]
    live apply --no-trial
    exits 0
    has 'Boot images     nothing to do'
    addon "$ADDON" mine=1
    live apply --no-trial
    exits 0
    says_addon mine=1
    carried
    rm "$ROOT"/etc/passthrough.d/*
    live apply --no-trial
    exits 0
    says_addon mine=1
    carries_none
}

@test "a parameter that is needed no more goes, and the initrd stays" {
    carries
    rule gpu0 '[Match]' Bus=usb ID=0403:6001
    put /etc/passthrough.conf '[Host]' 'CommandLine=pcie_aspm=off'
    live apply --no-trial
    exits 0
    says_addon pcie_aspm=off
    rm "$ROOT/etc/passthrough.conf"
    live apply --no-trial
    exits 0
    carried
    live apply --no-trial
    exits 0
    has 'Command line    nothing to do' 'Boot images     nothing to do'
}

@test "an addon carries no initrd if the image cannot take one, and it is said why" {
    carries
    unfit() {
        rm -f "$ROOT/var/lib/passthrough/images"
        refuses 'is part of a unified kernel image' "nor can an addon bring the rules: $1"
    }
    uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL" 256.7
    unfit "it has systemd's stub 256.7, and version 257 is the first that reads initrds of addons"
    for path in usr/lib/passthrough/digest etc/passthrough.d/x.conf usr/lib/passthrough.d/x.conf; do
        uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL" '' "$path"
        unfit 'its own initrd has something of passthrough'
    done
    for path in usr/lib/systemd/systemd etc/initrd-release usr/lib/libc.so.6 usr/lib/libkmod.so.2 usr/lib/libblkid.so.1; do
        uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL"
        rm "$BATS_TEST_TMPDIR/own/$path"
        tar -C "$BATS_TEST_TMPDIR/own" -cf "$BATS_TEST_TMPDIR/own.tar" .
        pe "$LINUX/lab-$KERNEL.efi" '.sdmagic=#### LoaderInfo: systemd-stub 257 ####' ".uname=$KERNEL" ".cmdline=$UKI_LINE" ".initrd=@$BATS_TEST_TMPDIR/own.tar" .linux=x
        unfit 'its own initrd has no '
    done
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    unfit 'what its own initrd has cannot be told by dracut'
    pe "$LINUX/lab-$KERNEL.efi" '.sdmagic=#### LoaderInfo: systemd-stub 257 ####' ".uname=$KERNEL" ".cmdline=$UKI_LINE" ".initrd=@$BATS_TEST_TMPDIR/own.tar" ".initrd=@$BATS_TEST_TMPDIR/own.tar" .linux=x
    unfit 'what its own initrd has cannot be told'
    uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    mv "$ROOT/usr/sbin/depmod" "$ROOT/usr/sbin/not-depmod"
    unfit 'depmod is not there; install kmod'
}

@test "an image that is built with the rules later needs no addon's initrd: it goes, and the parameters stay" {
    carries
    live apply --no-trial
    exits 0
    carried
    mkdir -p "$BATS_TEST_TMPDIR/own/usr/lib/passthrough" "$BATS_TEST_TMPDIR/own/usr/lib/systemd/system-generators"
    cp -r "$CARRIED/." "$BATS_TEST_TMPDIR/own/"
    echo m >"$BATS_TEST_TMPDIR/own/usr/lib/vfio-pci.ko" && echo m >"$BATS_TEST_TMPDIR/own/usr/lib/vfio_iommu_type1.ko"
    tar -C "$BATS_TEST_TMPDIR/own" -cf "$BATS_TEST_TMPDIR/own.tar" .
    pe "$LINUX/lab-$KERNEL.efi" '.sdmagic=#### LoaderInfo: systemd-stub 257 ####' ".uname=$KERNEL" ".cmdline=$UKI_LINE" ".initrd=@$BATS_TEST_TMPDIR/own.tar" .linux=x
    live apply --no-trial
    exits 0
    says_addon "$TOKENS"
    carries_none
    live apply --no-trial
    exits 0
    has 'Command line    nothing to do'
}

@test "an initrd that cannot be made, or that ukify leaves out or spoils, is not written" {
    carries
    spoiled() {
        before
        live apply --no-trial
        exits 1
        has "$1; nothing is written"
        same
        [[ ! -e $ROOT/run/passthrough/addon && ! -e $ROOT/run/passthrough/addon.initrd ]]
    }
    put /etc/depmod.fail x
    spoiled 'depmod failed with status 3'
    rm "$ROOT/etc/depmod.fail"
    for spoil in initrd= initrd=.initrd=x 'printf x | dd of=${initrd#*@} conv=notrunc status=none'; do
        put /etc/ukify.spoil "$spoil"
        spoiled 'what ukify has made has not the initrd'
    done
    put /etc/ukify.spoil 'sed -i s/module/MODULE/ /lib/modules/*/kernel/drivers/vfio/pci/vfio-pci.ko*'
    before
    live apply --no-trial
    exits 1
    has 'its module vfio-pci.ko is not the host' 'what was written is taken back'
    same
    rm "$ROOT/etc/ukify.spoil"
    rm "$ROOT/lib/modules/$KERNEL"/kernel/drivers/vfio/vfio.ko*
    spoiled 'cannot be read'
}

@test "Secure Boot: the addon with the initrd is signed, one that is not does not count, and the spare image has none" {
    signs
    carries
    live apply --no-trial
    exits 0
    carried
    cp "$CARRIED.cpio" "$BATS_TEST_TMPDIR/initrd"
    [[ $(<"$ROOT/var/ukify.log") == *'--initrd=/run/passthrough/addon.initrd --secureboot-private-key=/etc/key.pem'* ]]
    carries_none "$LINUX/~passthrough-off.efi.extra.d/passthrough.addon.efi"
    addon /boot/efi/loader/addons/all.addon.efi signed "$TOKENS"
    pe "$ADDON" '.sdmagic=#### LoaderInfo: systemd-addon 257 ####' ".initrd=@$BATS_TEST_TMPDIR/initrd"
    live apply --no-trial
    exits 0
    has "Wrote           $ADDON" 'its addon has an initrd with the rules'
}

@test "an addon's initrd that ends early or lies about its files counts as none" {
    carries
    live apply --no-trial
    carried
    cp "$CARRIED.cpio" "$BATS_TEST_TMPDIR/whole"
    for spoil in 'head -c 300' "head -c $(($(stat -c %s "$BATS_TEST_TMPDIR/whole") / 2))" "env LC_ALL=C sed -E s/(070701.{48}).{8}/\\10FFFFFFF/g" "sed s/070701/070702/" "sed s/^0707010000000000/07070100000000XX/" 'sed s/00000/FFFFF/g'; do
        $spoil "$BATS_TEST_TMPDIR/whole" >"$CARRIED.cpio"
        pe "$ADDON" '.sdmagic=#### LoaderInfo: systemd-addon 257 ####' ".cmdline=$TOKENS" ".initrd=@$CARRIED.cpio"
        live apply --dry-run --no-trial
        exits 0
        has 'its addon would get an initrd with the rules'
    done
}

@test "apply twice, with nobody to ask, changes nothing the second time" {
    twice live apply --no-trial
}
