# Keys of the host's volumes that a TPM gives out only where the host has booted what they were sealed to.

load product
load tree
load tree-guard
load live
load tree-snapshots
load tree-makers
load tree-uki

setup() {
    unset SSH_CONNECTION
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 10de:1b06 0300 under=0000:00:02.0 group=1
    part sda3 8:3
    tags sda3 UUID=0d6b7e3c-1c1f-4b0a-9a55-3d5a9d1f7e21 TYPE=crypto_LUKS
    crypt dm-0 254:0 root sda3
    root_is '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/root rw'
    tags dm-0 UUID=$ROOT_UUID TYPE=ext4
    dracut_there
    grub
    rule gpu0 '[Match]' ID=10de:1b06
}

# --- hosts

grub() {
    rm -rf "$ROOT/boot"
    mkdir -p "$ROOT/usr/sbin"
    : >"$ROOT/usr/sbin/update-grub"
    put /etc/debian_version 12.5
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    put /boot/grub/grub.cfg '### BEGIN /etc/grub.d/10_linux ###' "menuentry 'Debian GNU/Linux' {" \
        "	linux	/boot/vmlinuz-$KERNEL root=UUID=$ROOT_UUID ro quiet" "	initrd	/boot/initrd.img-$KERNEL" '}' \
        '### END /etc/grub.d/10_linux ###'
    image_there
}

systemd_boot() {
    rm -rf "$ROOT/boot" "$ROOT/usr/sbin/update-grub" "$ROOT/etc/debian_version" "$ROOT/etc/default"
    put "/boot/loader/entries/host-$KERNEL.conf" 'title Linux' "version $KERNEL" "options root=UUID=$ROOT_UUID ro" \
        "linux /host/$KERNEL/linux" "initrd /host/$KERNEL/initrd"
    put /boot/loader/loader.conf 'timeout 3'
    put "/boot/host/$KERNEL/linux" kernel
    put "/boot/host/$KERNEL/initrd" image
    put /etc/kernel/cmdline "root=UUID=$ROOT_UUID ro"
}

# --- headers

# header SLOT... TOKEN...: of the volume that / is on; see luks-header.
header() {
    mkdir -p "$ROOT/dev"
    python3 "$BATS_TEST_DIRNAME/luks-header" "$ROOT/dev/sda3" "$@"
}

# tpm SLOT PCRS [MEMBER...]: systemd's token. token TYPE SLOT: one of another kind.
tpm() { printf '{"type":"systemd-tpm2","keyslots":["%s"],"tpm2-blob":"U2VDcmV0","tpm2-pcrs":[%s],"tpm2-policy-hash":"5ec4e7"%s}' "$1" "$2" "${3+,$3}"; }
token() { printf '{"type":"%s","keyslots":["%s"]}' "$1" "$2"; }

# clevis SLOT PCRS: sealed by clevis alone. part PCRS: a share of such a secret.
clevis() { printf 'clevis:%s=%s' "$1" "$(part_of "$2")"; }
part_of() { printf '{"alg":"dir","clevis":{"pin":"tpm2","tpm2":{"hash":"sha256","jwk_priv":"U2VDcmV0","pcr_bank":"sha256"%s}}}' "${1:+,\"pcr_ids\":\"$1\"}"; }
TANG='{"alg":"ECDH-ES","clevis":{"pin":"tang","tang":{"url":"http://tang"}}}'
shares() { printf 'clevis:%s={"clevis":{"pin":"sss","sss":{"t":%s,"p":"U2VDcmV0","jwe":[%s]}}}' "$1" "$2" "$3"; }

# --- what is said

# row STATUS [MESSAGE [FIX]]: of image.sealed there is one row, with these words in it.
row() {
    ctl check --json
    output=$(jq '{checks: [.checks[] | select(.id == "image.sealed")]}' <<<"$output")
    is "$(get '.checks | length')" 1 'rows' || return 1
    is "$(get '.checks[] | select(.id == "image.sealed").status')" "$1" status || return 1
    [[ "$(get '.checks[] | select(.id == "image.sealed").message')" == *"${2-}"* ]] || { show && return 1; }
    [[ "$(get '.checks[] | select(.id == "image.sealed").fix')" == *"${3-}"* ]] || { show && return 1; }
}

snapshot() { find "$ROOT" -type f ! -path '*/lock' -exec sha256sum {} + | sort -k 2; }

# refuses [OPTION...]: apply stops, and has written nothing; so does a dry run.
refuses() {
    local before
    before=$(snapshot)
    for dry in --dry-run ''; do
        ctl apply ${dry:+"$dry"} "$@"
        exits 1 || return 1
        [[ $(snapshot) == "$before" ]] || { diff <(echo "$before") <(snapshot) && show && return 1; }
    done
}

# applies [OPTION...]: it goes on.
applies() {
    ctl apply --dry-run "$@"
    exits 0 || return 1
    ctl apply "$@"
    exits 0 || return 1
    [[ -e $ROOT/etc/default/grub.d/passthrough.cfg || ! -e $ROOT/boot/grub ]] || { show && return 1; }
}


@test "sealed to what the next boot changes, and a passphrase opens it: apply says so, and goes on" {
    header 0 1 "$(tpm 1 7,9)"
    row warn 'the key of /dev/sda3 (for /) is sealed to PCR 9, which a new command line or boot image changes; its passphrase is then asked for' \
        'systemd-cryptenroll --wipe-slot=1 --tpm2-device=auto --tpm2-pcrs=7+9 /dev/sda3'
    applies
    has 'Note: the key of /dev/sda3 (for /) is sealed to PCR 9' 'systemd-cryptenroll --wipe-slot=1'
}

@test "sealed to what the next boot changes, and nothing else opens it: apply stops, and writes nothing" {
    header 1 "$(tpm 1 8,9)"
    row warn 'is sealed to PCRs 8 and 9, which a new command line or boot image changes; neither a passphrase nor a recovery key opens it then' \
        'add a recovery key first: systemd-cryptenroll --recovery-key /dev/sda3'
    refuses
    has 'Nothing is written; add a recovery key first'
    refuses --yes
    ctl apply --json
    exits 1
    whole '.changed == false and (.message | contains("is sealed to PCRs 8 and 9"))'
}

@test "a recovery key opens it; another token alone does not count, nor a slot that is not tried or opens nothing" {
    header 1 2 "$(tpm 1 9)" "$(token systemd-recovery 2)"
    row warn 'its recovery key is then asked for'
    applies
    header 0 1 2 "$(tpm 1 9)" "$(token systemd-recovery 2)"
    row warn 'its passphrase or recovery key is then asked for'
    header 1 2 "$(tpm 1 9)" "$(token systemd-fido2 2)"
    row warn 'neither a passphrase nor a recovery key opens it then, only another token'
    header 1 2 "$(tpm 1 9)" "$(token luks2-keyring 2)"
    row warn 'its passphrase is then asked for'
    header 1 "$(tpm 1 9)" "$(token luks2-keyring 1)"
    row warn 'neither a passphrase nor a recovery key opens it then'
    for slot in 0p 0u; do
        header "$slot" 1 "$(tpm 1 9)"
        row warn 'neither a passphrase nor a recovery key opens it then'
    done
}

@test "sealed to PCR 7 alone, to none, or not at all: silent" {
    for tokens in "$(tpm 1 7)" "$(tpm 1 '')" "$(tpm 1 7 '"tpm2-pin":true')" "$(clevis 1 7)" "$(clevis 1 '')" "clevis:1=$TANG" "$(token systemd-fido2 1)"; do
        header 0 1 "$tokens"
        row pass "no key of the host's encrypted volumes is sealed to PCRs 8 and 9"
        applies
        has_not sealed sda3
    done
    header 0
    row pass
}

@test "which registers change is the boot path's" {
    header 0 1 "$(tpm 1 7,8,12)"
    row warn 'sealed to PCR 8,'
    systemd_boot
    row warn 'sealed to PCR 12,'
    header 0 1 "$(tpm 1 7,8)"
    row pass 'PCRs 9 and 12'
    rm -r "$ROOT/boot"
    row warn 'sealed to PCR 8,' 'systemd-cryptenroll' # a loader that is not known
}

@test "a second key that holds keeps it silent, if it is of the same kind" {
    header 0 1 2 "$(tpm 1 9)" "$(tpm 2 7)"
    row pass
    header 0 1 2 "$(tpm 1 9)" "$(tpm 2 8)"
    row warn 'sealed to PCR 9,' '--wipe-slot=1'
    header 0 1 2 "$(tpm 1 9)" "clevis:2=$TANG"
    row warn 'sealed to PCR 9,'
}

@test "a second key that wants a PIN opens nothing where nobody is" {
    header 0 1 2 "$(tpm 1 9)" "$(tpm 2 7 '"tpm2-pin":true')"
    row warn 'sealed to PCR 9,' '--wipe-slot=1'
    header 1 2 "$(tpm 1 9)" "$(tpm 2 7 '"tpm2-pin":true')"
    row warn 'sealed to PCR 9,'
    header 0 1 2 "$(tpm 1 9 '"tpm2-pin":true')" "$(tpm 2 7 '"tpm2-pin":true')"
    row pass
    header 0 1 2 "$(tpm 1 9 '"tpm2-pin":true')" "$(tpm 2 7)"
    row pass
}

@test "a PIN and a signed policy are in the command that seals it anew" {
    header 0 1 "$(tpm 1 9 '"tpm2-pin":true,"tpm2_pubkey_pcrs":[11]')"
    row warn 'sealed to PCR 9,' '--tpm2-pcrs=9 --tpm2-public-key-pcrs=11 --tpm2-with-pin=yes /dev/sda3'
}

@test "a signed policy for PCR 11 holds with boot loader entries, and wants a signed image where that is unified" {
    header 0 1 "$(tpm 1 7 '"tpm2_pubkey_pcrs":[11]')"
    row pass
    systemd_boot
    row pass
    rm -r "$ROOT/boot/loader"
    put /boot/EFI/Linux/linux.efi x
    row warn 'sealed to PCR 11,' 'sign the new boot image for PCR 11'
}

@test "an addon's initrd changes PCRs 4, 9 and 12, and so does its line, and neither 11" {
    rm -rf "$ROOT/boot" "$ROOT/etc/debian_version" "$ROOT/etc/default" "$ROOT/usr/sbin/update-grub"
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    boots_unified
    uki_fits "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    modules_there
    maker_programs
    live_root
    live check # which looks at the image's own initrd, and remembers
    PATH=$ROOT/usr/sbin:$PATH
    for initrd in yes no; do
        if [[ $initrd == no ]]; then
            rm "$ROOT/var/lib/passthrough/images" "$ROOT"/etc/passthrough.d/*
            put /etc/passthrough.conf '[Host]' 'CommandLine=intel_iommu=on'
        fi
        for pcr in 4 9 11 12; do
            header 0 1 "$(tpm 1 $pcr)"
            ctl apply --dry-run --no-trial
            has "Would write     $ADDON"
            if [[ $pcr == 11 ]]; then has_not 'is sealed to PCR'; else has "is sealed to PCR $pcr,"; fi
        done
    done
}

@test "an addon's line goes into PCR 9 as well, where the kernel measures what it is given" {
    rm -r "$ROOT/boot" "$ROOT/usr/sbin/update-grub" "$ROOT/etc/debian_version" "$ROOT/etc/default"
    put /proc/cmdline "$UKI_LINE"
    boots_unified
    header 1 "$(tpm 1 9)"
    PATH=$ROOT/usr/sbin:$PATH ctl apply --dry-run --no-trial
    exits 1
    has 'is sealed to PCR 9, which a new command line'
    header 1 "$(tpm 1 11)"
    PATH=$ROOT/usr/sbin:$PATH ctl apply --dry-run --no-trial
    exits 0
    has_not sda3
}

@test "systemd-pcrlock: its policy tells the PCRs, and a prediction is the way" {
    put /var/lib/systemd/pcrlock.json '{"pcrBank":"sha256","pcrValues":[{"pcr":4,"values":["ab"]},{"pcr":7,"values":["cd"]}],"nvIndex":1}'
    header 0 1 "$(tpm 1 '' '"tpm2_pcrlock":true')"
    row pass
    put /var/lib/systemd/pcrlock.json '{"pcrBank":"sha256","pcrValues":[{"pcr":4,"values":["ab"]},{"pcr":9,"values":["cd"]}],"nvIndex":1}'
    row warn 'sealed to PCR 9,' 'after apply and before the reboot: systemd-pcrlock make-policy'
    put /usr/bin/sdbootutil '#!/bin/bash'
    row warn 'sealed to PCR 9,' 'after apply and before the reboot: sdbootutil update-predictions'
    snapshots
    sed -i '/ - btrfs /d' "$ROOT/proc/self/mountinfo"
    row warn 'sealed to PCR 9,' 'apply does that: /usr/bin/sdbootutil update-predictions'
    rm "$ROOT/var/lib/systemd/pcrlock.json"
    row warn "sealed to PCRs that are not known (systemd-pcrlock's policy does not tell its PCRs); its passphrase is then asked for"
    header 1 "$(tpm 1 '' '"tpm2_pcrlock":true')"
    refuses
}

@test "clevis: its protected header tells the PCRs, in the shares of a secret as well" {
    header 0 1 "$(clevis 1 7,9)"
    row warn 'sealed to PCR 9,' 'clevis luks regen -d /dev/sda3 -s 1'
    header 0 1 "$(shares 1 1 "$(part_of 9),$TANG")"
    row pass
    header 0 1 "$(shares 1 2 "$(part_of 9),$TANG")"
    row warn 'sealed to PCR 9,'
    header 1 "$(clevis 1 9)"
    refuses
    for pin in '{"clevis":{"pin":"yubikey","yubikey":{}}}' '{"alg":"dir"}' "$(part_of 7,x)" "$(part_of 24)" "$(part_of 7,)"; do
        header 0 1 "clevis:1=$pin"
        row warn 'sealed to PCRs that are not known (its header does not tell its PCRs)'
    done
}

@test "what a token says of its PCRs is not understood: as if they changed" {
    for pcrs in 24 -1 '"9"' 7.5; do
        header 0 1 "$(tpm 1 "$pcrs")"
        row warn 'sealed to PCRs that are not known'
    done
    header 1 '{"type":"systemd-tpm2","keyslots":["1"]}'
    refuses
}

@test "one copy of the header is enough, both have to say the same, and none is unknown" {
    header 0 1 "$(tpm 1 9)"
    cp "$ROOT/dev/sda3" "$BATS_TEST_TMPDIR/nine"
    dd if=/dev/zero of="$ROOT/dev/sda3" bs=4096 count=1 conv=notrunc status=none
    row warn 'sealed to PCR 9,'
    cp "$BATS_TEST_TMPDIR/nine" "$ROOT/dev/sda3"
    printf x | dd of="$ROOT/dev/sda3" bs=1 seek=16384 conv=notrunc status=none
    row warn 'sealed to PCR 9,'
    printf x | dd of="$ROOT/dev/sda3" bs=1 seek=4096 conv=notrunc status=none
    row warn 'it is unknown whether the key of /dev/sda3 (for /) is sealed to what changes: no header of a version that is known'
    header 0 1 "$(tpm 1 7)"
    dd if="$BATS_TEST_TMPDIR/nine" of="$ROOT/dev/sda3" bs=16384 skip=1 seek=1 conv=notrunc status=none
    row warn 'the two copies of its header differ' 'cryptsetup luksDump /dev/sda3'
}

@test "a header that cannot be read: apply asks, and where nobody can be asked it stops" {
    row warn 'it is unknown whether the key of /dev/sda3 (for /) is sealed to what changes: its header cannot be read: No such file'
    refuses
    has 'nobody can be asked here; apply --yes goes on'
    applies --yes
}

@test "LUKS1 has no tokens" {
    mkdir -p "$ROOT/dev"
    printf 'LUKS\272\276\0\1' >"$ROOT/dev/sda3"
    truncate -s 8192 "$ROOT/dev/sda3"
    row pass
}

@test "LUKS1 with keys of clevis is unknown" {
    mkdir -p "$ROOT/dev"
    printf 'LUKS\272\276\0\1' >"$ROOT/dev/sda3"
    truncate -s 4M "$ROOT/dev/sda3"
    printf '\0\0\20\0' | dd of="$ROOT/dev/sda3" bs=1 seek=104 conv=notrunc status=none
    row pass
    printf LUKSMETA | dd of="$ROOT/dev/sda3" bs=4096 seek=258 conv=notrunc status=none
    row warn 'clevis may have keys in its LUKSMeta, which is not read; clevis luks list'
    refuses
    printf '\0\0\7\377' | dd of="$ROOT/dev/sda3" bs=1 seek=104 conv=notrunc status=none
    row pass
}

@test "through SSH apply asks where somebody would be asked for a passphrase" {
    header 0 1 "$(tpm 1 9)"
    export SSH_CONNECTION=x
    refuses
    has 'nobody can be asked here; apply --yes goes on'
    run script -qec "timeout --foreground 20 $BUILD/passthroughctl --root=$ROOT apply" /dev/null < <(echo n && sleep 1)
    has 'Go on? [y/N]' 'Nothing is written.'
    [[ ! -e $ROOT/etc/default/grub.d ]]
    run script -qec "timeout --foreground 20 $BUILD/passthroughctl --root=$ROOT apply --dry-run" /dev/null
    exits 0
    has 'Note: apply asks before it goes on'
    run script -qec "timeout --foreground 20 $BUILD/passthroughctl --root=$ROOT apply" /dev/null < <(echo y && sleep 1)
    exits 0
    [[ -e $ROOT/etc/default/grub.d/passthrough.cfg ]]
}

@test "where nothing is to be written apply is silent" {
    systemd_boot
    header 1 "$(tpm 1 12)"
    refuses
    header 0 1 "$(tpm 1 12)"
    applies
    has sda3
    header 1 "$(tpm 1 12)"
    applies
    has_not sealed sda3
    rm "$ROOT/boot/loader/entries/0-passthrough-off.conf"
    applies
    has 'Wrote' 0-passthrough-off.conf
    has_not sealed sda3
}

@test "a volume that the host does not need is not judged, and each one that it needs is" {
    root_is '27 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw'
    rm -r "$ROOT/sys/devices/virtual/block/dm-0" "$ROOT/sys/class/block/dm-0"
    find "$ROOT/sys" -path '*holders/dm-0' -delete
    ctl check --json
    has_not image.sealed
    put /etc/crypttab 'data UUID=0d6b7e3c-1c1f-4b0a-9a55-3d5a9d1f7e21 none luks,tpm2-device=auto'
    header 0 1 "$(tpm 1 9)"
    row warn '/dev/sda3 (for crypttab data) is sealed to PCR 9,'
}

@test "a volume is found by what stands on it, too, and on a logical volume; a header elsewhere is unknown" {
    : >"$ROOT/run/udev/data/b8:3"
    row warn 'its header cannot be read'
    header 0 1 "$(tpm 1 9)"
    row warn '/dev/sda3 (for /) is sealed to PCR 9,'
    head -c 65536 /dev/zero >"$ROOT/dev/sda3"
    row warn 'no header of a version that is known is on it, or both copies are damaged'
    # libcryptsetup's own layer between the two has no header.
    crypt dm-1 254:1 root_dif sda3
    put /sys/devices/virtual/block/dm-1/dm/uuid CRYPT-SUBDEV-0123456789abcdef-root_dif
    tags sda3 TYPE=crypto_LUKS
    find "$ROOT/sys" -path '*sda3/holders/dm-0' -delete
    find "$ROOT/sys/devices/virtual/block/dm-0/slaves" -type l -delete
    ln -s ../../dm-1 "$ROOT/sys/devices/virtual/block/dm-0/slaves/dm-1"
    header 0 1 "$(tpm 1 9)"
    row warn '/dev/sda3 (for /) is sealed to PCR 9,'
    put /sys/devices/virtual/block/dm-1/dm/uuid LVM-0123456789abcdef
    put /sys/devices/virtual/block/dm-1/dm/name vg-root
    tags dm-1 TYPE=crypto_LUKS
    find "$ROOT/sys" -path '*sda3/holders/dm-0' -delete
    : >"$ROOT/run/udev/data/b8:3"
    mv "$ROOT/dev/sda3" "$ROOT/dev/dm-1"
    row warn '/dev/mapper/vg-root (for /) is sealed to PCR 9,' 'systemd-cryptenroll --wipe-slot=1 --tpm2-device=auto --tpm2-pcrs=9 /dev/mapper/vg-root'
}

@test "a capture has what is judged and nothing else of the header, and judges alike" {
    put /var/lib/systemd/pcrlock.json '{"pcrValues":[{"pcr":9,"values":["5ec4e7"]}],"nvIndex":1,"pinPrivate":"U2VDcmV0"}'
    for tokens in "$(tpm 1 7,9)" "$(clevis 1 8)" "$(tpm 1 '' '"tpm2_pcrlock":true')" "clevis:1=$TANG"; do
        header 0 1 "$tokens"
        for raw in --raw ''; do
            rm -rf "$BATS_TEST_TMPDIR/captured"
            ctl capture ${raw:+"$raw"} "$BATS_TEST_TMPDIR/captured"
            exits 0
            run grep -rlaE 'U2VDcmV0|S2V5U2FsdA|RGlnZXN0|5ec4e7|dGFn|Y2lwaGVy|http://tang' "$BATS_TEST_TMPDIR/captured"
            exits 1
            ctl check --json
            then=$(get '.checks[] | select(.id == "image.sealed")')
            ROOT=$BATS_TEST_TMPDIR/captured ctl check --json
            is "$(get '.checks[] | select(.id == "image.sealed")')" "$then" 'of the capture'
        done
    done
    # One without it is unknown.
    rm "$BATS_TEST_TMPDIR/captured/run/passthrough/luks/b8:3"
    ROOT=$BATS_TEST_TMPDIR/captured
    row warn 'it is unknown whether'
}

@test "on the host itself the disk is read, if it is the one that the kernel means" {
    live_root
    header 0 1 "$(tpm 1 9)"
    truncate -s 1M "$ROOT/dev/sda3"
    mv "$ROOT/dev/sda3" "$BATS_TEST_TMPDIR/volume"
    LOOP=$(losetup --show --find "$BATS_TEST_TMPDIR/volume") || skip 'there is no loop device'
    block "${LOOP##*/}" "$((0x$(stat -c %t "$LOOP"))):$((0x$(stat -c %T "$LOOP")))" devices/platform/board/block/disk
    find "$ROOT/sys" -path '*sda3/holders/dm-0' -o -path '*dm-0/slaves/sda3' | xargs rm
    crypt dm-0 253:0 root "${LOOP##*/}"
    live check --json
    output=$(jq '[.checks[] | select(.id == "image.sealed").message]' <<<"$output")
    has "the key of $LOOP (in use) is sealed to PCR 9,"
    put "/sys/devices/platform/board/block/disk/dev" 8:77
    live check --json
    has "$LOOP (in use) is sealed to what changes: its header cannot be read: No such device"
}

teardown() {
    [[ ! ${LOOP-} ]] || losetup -d "$LOOP"
}

@test "a header that cryptsetup has made" {
    command -v cryptsetup >/dev/null || skip 'there is no cryptsetup'
    mkdir -p "$ROOT/dev"
    truncate -s 20M "$ROOT/dev/sda3"
    printf secret | cryptsetup luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 -q "$ROOT/dev/sda3" -
    row pass
    tpm 0 7,9 | cryptsetup token import "$ROOT/dev/sda3" --json-file -
    row warn 'sealed to PCR 9, which a new command line or boot image changes; neither'
}
