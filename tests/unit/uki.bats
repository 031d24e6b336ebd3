# SPDX-License-Identifier: GPL-2.0-or-later
# Unified kernel images: an addon of ours has the kernel parameters, and the images stay as they are.

load product
load tree
load live
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
    for spoil in 'line=other' 'touch $out; exit' 'exit 0'; do
        put /etc/ukify.spoil "$spoil"
        live apply --no-trial
        exits 1
        says 'what ukify has made has not the kernel parameters; nothing is written|No such file'
        rm "$ROOT/etc/ukify.spoil"
        same
    done
}

@test "Secure Boot without a key, or where it cannot be told: refused, and nothing is written" {
    secure_boot 1
    refuses 'Secure Boot is on, and no key is known to sign it with: neither /etc/kernel/uki.conf nor /etc/systemd/ukify.conf'
    put /etc/kernel/uki.conf '[UKI]' 'SecureBootCertificate=/etc/cert.pem'
    refuses 'no key is known'
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
    has "Would write     $spare" "$spare, a copy of $LINUX/lab-$KERNEL.efi, is in the boot menu for that"
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
