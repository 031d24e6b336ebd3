# Hosts of openSUSE whose boot entries are sdbootutil's: found, and of them the running snapshot's changed, verified and taken back.

load product
load tree
load live
load tree-boot
load tree-snapshots

TOKENS='intel_iommu=on iommu=pt'

setup() {
    tree_new bare
    image_tools
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    snapshots
    ENTRY=$ENTRIES/$TOKEN-$KERNEL-42.conf
    IMAGES=/boot/efi/$TOKEN/$KERNEL
}

reads() { is "$(<"$ROOT$1")" "$2" "$1"; }
options() { is "$(sed -n 's/^options  *//p' "$ROOT$1")" "$2" "$1"; }
loaded() { sed -n 's/^initrd  *//p' "$ROOT$ENTRY"; }

# on ARG...: passthroughctl on the running host, whose ESP is mounted.
on() {
    live_run /bin/sh -c "$SNAPSHOTS_MOUNTED"' && exec "$@"' sh /build/passthroughctl "$@"
    keep_document "$@"
}

# tool COMMAND: another run of the tool.
tool() {
    live_run /tools/sdbootutil "$@"
    exits 0
}

boots() { (cd "$ROOT" && find boot etc/kernel -type f -printf '%m ' -exec sha256sum {} + | LC_ALL=C sort -k2); }
others() { boots | grep -v "$TOKEN-$KERNEL-42.conf\|etc/kernel/cmdline\|initrd-passthrough"; }

# refuses TEXT: apply says so, and writes nothing; check fails.
refuses() {
    local before
    before=$(boots)
    ctl apply
    exits 1 && has "the boot entries are sdbootutil's (/usr/bin/sdbootutil), and are not changed here: $1" "Parameters      $TOKENS" \
        '/etc/kernel/cmdline, then sdbootutil update-all-entries' 'sdbootutil mkinitrd' || return 1
    is "$(boots)" "$before" 'what boots' || return 1
    ctl check
    exits 1
}

# --- trees

@test "the entries of the running snapshot and /etc/kernel/cmdline are edited, those of the other are not, and undo brings them back" {
    local before rest
    before=$(boots) rest=$(others)
    ctl apply --dry-run
    exits 0
    has "Boot loader     sdbootutil's entries (systemd-boot 258.1+suse.15)" "Would write     $ENTRY" \
        "+ options    $ROOT_42 splash=silent $TOKENS" 'entries of other snapshots, 2 of them, are left as they are'
    ctl apply
    exits 0
    has 'to be run on that system: sdbootutil mkinitrd' 'to be run on that system: /usr/bin/sdbootutil update-predictions'
    [[ $output == *mkinitrd*update-predictions* ]]
    options "$ENTRY" "$ROOT_42 splash=silent $TOKENS"
    reads /etc/kernel/cmdline "$ROOT_42 splash=silent $TOKENS"
    is "$(others)" "$rest" 'the rest'
    is "$(loaded)" "/$TOKEN/$KERNEL/$SHARED" 'the image'
    ctl apply
    exits 0
    has 'Command line    nothing to do'
    ctl undo
    exits 0
    is "$(boots)" "$before" 'what boots'
}

@test "with GRUB2-BLS likewise; beside a menu of GRUB's only where the settings say that it boots entries" {
    rm -r "$ROOT$ENTRIES"
    snapshots 'GRUB 2.12'
    ctl apply --dry-run
    exits 0
    has "sdbootutil's entries (GRUB 2.12)" "Would write     $ENTRIES/system-$TOKEN-$KERNEL-42.conf"
    put /boot/grub2/grub.cfg '### BEGIN /etc/grub.d/10_linux ###'
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    ctl apply --dry-run
    exits 1
    has "the boot entries are sdbootutil's (/usr/bin/sdbootutil), and are not changed here"
    put /etc/sysconfig/bootloader 'LOADER_TYPE="grub2-efi"'
    ctl apply --dry-run
    exits 1
    for type in '"grub2-bls"' "'grub2-bls'" 'grub2-bls' '"grub2-bls" # since May'; do
        put /etc/sysconfig/bootloader 'UPDATE_NVRAM="yes"' 'LOADER_TYPE="grub2-efi"' "LOADER_TYPE=$type"
        ctl apply --dry-run
        exits 0
    done
    put /etc/sysconfig/bootloader 'LOADER_TYPE="grub2-bls"' 'LOADER_TYPE="grub2-efi"'
    ctl apply --dry-run
    exits 1
}

@test "what is missing, or not as the tool makes it, is named, and nothing is written" {
    local mounts=$ROOT/proc/self/mountinfo keep=$BATS_TEST_TMPDIR/keep
    cp -a "$ROOT" "$keep"
    again() { rm -rf "$ROOT" && cp -a "$keep" "$ROOT"; }
    rm -r "$ROOT/boot/efi"
    refuses 'there is none in /efi, /boot/efi and /boot; mount the ESP'
    again && sed -i '\, /boot/efi ,d' "$mounts"
    refuses "$ENTRY is there, and nothing is mounted at /boot/efi"
    again && put /proc/cmdline "${ROOT_42% *} splash=silent"
    refuses '/proc/cmdline has no rootflags=subvol='
    again && put /proc/cmdline "${ROOT_42/.snapshots*/root}"
    refuses 'the running root, @/root, is no snapshot'
    again && sed -i 's,/42/snapshot / ,/41/snapshot / ,' "$mounts"
    refuses '/proc/self/mountinfo has another root than @/.snapshots/42/snapshot'
    again && sed -i 's,/42/snapshot / .*,/42/snapshot /,' "$mounts"
    refuses 'a line of /proc/self/mountinfo is not whole'
    again && sed -i 's,/42/snapshot / rw,/42/snapshot / ro,' "$mounts"
    add_line /proc/self/mountinfo '29 27 0:40 / /etc rw,relatime shared:3 - overlay overlay rw'
    refuses 'the root is read-only'
    again && rm "$ROOT$ENTRY"
    refuses 'none of them boots @/.snapshots/42/snapshot'
    again && sed -i 's/42@//' "$ROOT$ENTRY"
    refuses "$ENTRY has no version SNAPSHOT@KERNEL"
    again && mv "$ROOT$ENTRY" "$ROOT${ENTRY%.conf}+3.conf"
    refuses "${ENTRY%.conf}+3.conf counts its boots"
    again && echo 'initrd     /other' >>"$ROOT$ENTRY"
    refuses "$ENTRY has not one initrd"
    again && put "/usr/lib/modules/$KERNEL/initrd" image
    refuses "$ENTRY is of a kernel that comes with its image"
    again && variable LoaderEntryDefault "$TOKEN-$KERNEL-41.conf"
    refuses "$ENTRIES/$TOKEN-$KERNEL-41.conf boots next, of another snapshot; reboot first"
    again && put /etc/kernel/cmdline '# mine' "$ROOT_42"
    refuses '/etc/kernel/cmdline has a comment'
    again && ctl apply --dry-run
    exits 0
}

# --- the running host

@test "live: the new image lies beside the shared one, the entry of the running snapshot loads it, and undo brings all back" {
    local before rest
    live_root
    before=$(boots) rest=$(others)
    on apply
    exits 1
    has 'no trial boot is possible' "a trial's entry would lose its own" 'apply --no-trial'
    is "$(boots)" "$before" 'what boots'
    on apply --dry-run --no-trial
    exits 0
    has "would run dracut --force --kver $KERNEL $IMAGES/initrd-passthrough-1" "+ initrd     /$TOKEN/$KERNEL/initrd-passthrough-1"
    on apply --no-trial
    exits 0
    has "Boot image      $KERNEL, built in " "Wrote           $ENTRY" 'Boot menu       /usr/bin/sdbootutil update-predictions' 'Boot entries    1, verified'
    options "$ENTRY" "$ROOT_42 splash=silent $TOKENS"
    is "$(loaded)" "/$TOKEN/$KERNEL/initrd-passthrough-1" 'the image'
    tar -tf "$ROOT$IMAGES/initrd-passthrough-1" | grep -qx ./etc/passthrough.d/gpu0.conf
    is "$(others)" "$rest" 'the rest'
    is "$(<"$ROOT/var/lib/sdbootutil.log")" update-predictions 'the tool'
    on apply --no-trial
    exits 0
    has 'Command line    nothing to do' 'Boot images     nothing to do'
    on check --json
    is "$(get ".checks[] | select(.id == \"image.$KERNEL\").status")" pass 'the image'
    on undo
    exits 0
    is "$(boots)" "$before" 'what boots'
    is "$(paste -sd' ' "$ROOT/var/lib/sdbootutil.log")" 'update-predictions update-predictions' 'the tool'
}

@test "live: an image that nobody else loads is the tool's to remove, and undo brings it back, once" {
    local before
    rm "$ROOT$ENTRIES/$TOKEN-$KERNEL-41.conf"
    live_root
    before=$(boots)
    on apply --no-trial
    exits 0
    tool cleanup
    [[ ! -e $ROOT$IMAGES/$SHARED ]]
    cp -a "$ROOT" "$BATS_TEST_TMPDIR/once"
    on undo
    exits 0
    is "$(boots)" "$before" 'what boots'
    # The second apply keeps the image of the first, and that one's is lost.
    rm -rf "$ROOT" && mv "$BATS_TEST_TMPDIR/once" "$ROOT"
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=root
    on apply --no-trial
    exits 0
    is "$(loaded)" "/$TOKEN/$KERNEL/initrd-passthrough-2" 'the image'
    tool cleanup
    on undo 1
    exits 1
    has "$ENTRY: the older boot image, $IMAGES/$SHARED, is gone, so it loads the newer one on"
    options "$ENTRY" "$ROOT_42 splash=silent"
    is "$(loaded)" "/$TOKEN/$KERNEL/initrd-passthrough-1" 'the image'
    [[ -s $ROOT$IMAGES/initrd-passthrough-1 && ! -e $ROOT$IMAGES/initrd-passthrough-2 ]]
}

@test "live: what the tool makes of it later has the parameters too, and undo takes them out of that" {
    live_root
    on apply --no-trial
    exits 0
    tool update-all-entries
    options "$ENTRY" "$ROOT_42 splash=silent $TOKENS"
    sed -i 's/^title .*/title      Other/' "$ROOT$ENTRY"
    on undo
    exits 0
    options "$ENTRY" "$ROOT_42 splash=silent"
    is "$(loaded)" "/$TOKEN/$KERNEL/$SHARED" 'the image'
    grep -q Other "$ROOT$ENTRY"
    [[ ! -e $ROOT$IMAGES/initrd-passthrough-1 ]]
}

@test "live: an image that an entry of a later snapshot loads stays where undo takes the running one's away from it" {
    live_root
    on apply --no-trial
    exits 0
    sed 's/42/43/' "$ROOT$ENTRY" >"$ROOT$ENTRIES/$TOKEN-$KERNEL-43.conf"
    on undo
    exits 0
    is "$(loaded)" "/$TOKEN/$KERNEL/$SHARED" 'the image'
    [[ -s $ROOT$IMAGES/initrd-passthrough-1 ]]
    grep -q "$TOKENS" "$ROOT$ENTRIES/$TOKEN-$KERNEL-43.conf"
}

@test "live: an image that is built wrong, and a prediction that fails: all is taken back" {
    local before
    live_root
    before=$(boots)
    put /etc/build.spoil 'rm -r $dir/etc'
    on apply --no-trial
    exits 1
    has 'what dracut has built lacks' 'what was written is taken back'
    is "$(boots)" "$before" 'what boots'
    put /etc/build.spoil
    : >"$ROOT/etc/predict.fail"
    on apply --no-trial
    exits 1
    has '/usr/bin/sdbootutil update-predictions failed with status 1' 'what was written is taken back'
    is "$(boots)" "$before" 'what boots'
    rm "$ROOT/etc/predict.fail"
    on apply --no-trial
    exits 0
    has 'The last apply was cut short; it is taken back first.'
}

@test "undo where the ESP is not mounted fails, names it, and keeps what it knows" {
    ctl apply
    exits 0
    mv "$ROOT/boot/efi" "$ROOT/away"
    ctl undo
    exits 1
    has "$ENTRIES/: No such file or directory"
    mv "$ROOT/away" "$ROOT/boot/efi"
    ctl undo
    exits 0
    options "$ENTRY" "$ROOT_42 splash=silent"
}

@test "a captured host is understood as the host is, anonymised or not" {
    local option
    for option in --raw ''; do
        rm -rf "$BATS_TEST_TMPDIR/captured"
        ctl capture ${option:+"$option"} "$BATS_TEST_TMPDIR/captured"
        exits 0
        ROOT=$BATS_TEST_TMPDIR/captured ctl apply --dry-run
        exits 0
        has "sdbootutil's entries (systemd-boot 258.1+suse.15)" 'Would write     /boot/efi/loader/entries/' 'of other snapshots, 2 of them'
    done
}

@test "live: apply twice, with nobody to ask, changes nothing the second time" {
    live_root
    on apply --json <&-
    exits 1
    whole '(.changed | not) and (.message | startswith("no trial boot is possible: ") and endswith("apply --no-trial does without one"))'
    twice on apply --no-trial
}
