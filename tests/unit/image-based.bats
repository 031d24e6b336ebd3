#!/usr/bin/env bats
# Hosts whose files come from an image: what stages another kernel command line is run, and nothing else is written but what the host keeps
# in /var. bootc and rpm-ostree are stand-ins, written after their sources.

load product
load tree
load live
load tree-boot

OSTREE=ostree=/ostree/boot.1/fedora/0f3b9c/0
ENTRY=/boot/loader/entries/ostree-1.conf
LINE="root=UUID=1 rw $OSTREE"
TOKENS='intel_iommu=on iommu=pt'
STAGED=/run/ostree/staged-deployment

setup() {
    tree_new bare
    firmware_uuid
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    mkdir -p "$ROOT/var/lib" "$ROOT/usr/sbin" "$ROOT/usr/lib/passthrough.d" "$ROOT/sysroot/ostree"
    : >"$ROOT/run/ostree-booted"
    put /proc/cmdline "$LINE"
    put $ENTRY 'title Fedora' "options $LINE" 'x-options-source-tuned nohz=full'
    put /boot/loader/entries/ostree-2.conf 'title Before' "options root=UUID=1 $TOKENS ostree=/ostree/boot.1/fedora/77aa/0" \
        "x-options-source-passthrough $TOKENS"
    dracut_there
    rule_in /usr/lib/passthrough.d gpu0 '[Match]' ID=10de:1b06
    live_root
    booted_elsewhere
}

# booted_elsewhere: nor has that image a clearance.
booted_elsewhere() {
    rm -rf "$ROOT/run/passthrough"
    booted_so rm -rf "$ROOT/var/lib/passthrough/clearance"
}

# stager: what ostree does of it. The staged deployment is as a GVariant has it: a number stands in front of keys.
stager() {
    program /usr/lib/stage "entry=$ENTRY" 'line() { cat /var/lib/staged.line 2>/dev/null || sed -n "s/^options //p" $entry; }' \
        'ours() { cat /var/lib/staged.ours 2>/dev/null || sed -n "s/^x-options-source-passthrough //p" $entry; }' \
        'stage() {' 'mkdir -p /run/ostree' 'echo $1 >/var/lib/staged.line; echo $2 >/var/lib/staged.ours' \
        '{ printf "target\0\0fedora\0(ssu)Akargs\0\0\0"; printf "%s\0" $1; printf "\101\102\0asBbootconfig-extra\0\0x-options-source-tuned\0nohz=full\0"' \
        "printf \"Cx-options-source-passthrough\\0%s\\0\\060\\0a{ss}\" \"\$(echo \$2)\"; } >$STAGED" '}'
}

bootc_there() {
    stager
    program /usr/sbin/ostree "printf 'libostree:\\n Version: '\\''%s'\\''\\n' ${1-2026.1}"
    program /usr/sbin/bootc '[ "$1 $2" = "loader-entries set-options-for-source" ] || exit 2' 'shift 2' '[ "$1" != --help ] || exit 0' \
        '[ "$1 $2 ${3---options}" = "--source passthrough --options" ] || exit 2' 'echo "${4-}" >>/var/lib/bootc.log' \
        '[ ! -e /etc/fail ] || exit 1' '. /usr/lib/stage' 'new=' \
        'for k in $(line); do case " $(ours) " in *" $k "*) ;; *) new="$new $k" ;; esac; done' \
        'for k in $4; do case " $new " in *" $k "*) ;; *) new="$new $k" ;; esac; done' 'stage "$new" "$4"' \
        '[ ! -e /etc/fail-late ] || ! rm /etc/fail-late || exit 1'
}

rpm_ostree_there() {
    stager
    program /usr/sbin/rpm-ostree 'case $1 in --version) exit 0 ;; kargs) shift ;; *) exit 2 ;; esac' 'echo "$*" >>/var/lib/rpm-ostree.log' \
        '[ ! -e /etc/fail ] || exit 1' '. /usr/lib/stage' 'new=$(line)' \
        'for x; do k=${x#--*=}' 'case $x in' '--append-if-missing=*) case " $new " in *" $k "*) ;; *) new="$new $k" ;; esac ;;' \
        '--delete-if-present=*) old=$new new=; for o in $old; do [ "$o" = "$k" ] || new="$new $o"; done ;;' '*) exit 2 ;; esac; done' \
        'stage "$new" "$(ours)"' '[ ! -e /etc/fail-late ] || ! rm /etc/fail-late || exit 1'
}

# next LINE [OURS]: what the next boot gets.
next() {
    is "$(<"$ROOT/var/lib/staged.line")" "$1" 'the staged line'
    is "$(<"$ROOT/var/lib/staged.ours")" "${2-}" "bootc's source"
}

# rebooted: into what is staged.
rebooted() {
    put $ENTRY 'title Fedora' "options $(<"$ROOT/var/lib/staged.line")" "x-options-source-passthrough $(<"$ROOT/var/lib/staged.ours")"
    boot_with next "$(<"$ROOT/var/lib/staged.line")"
    rm "$ROOT"/var/lib/staged.* "$ROOT$STAGED"
    booted_elsewhere
}

# said TOOL LINE...: how it was called so far.
said() {
    is "$(cat "$ROOT/var/lib/$1.log" 2>/dev/null)" "$(printf '%s\n' "${@:2}")" "what $1 was asked for"
}

# apply: and a trial, which there is none of, is not asked for.
apply() { live apply --no-trial; }

settings() { put /etc/passthrough.conf.d/more.conf '[Host]' "CommandLine=$1"; }

@test "bootc: the parameters are staged once, stay in the next boot, and undo has them gone" {
    bootc_there
    live apply --dry-run --no-trial
    exits 0
    has "would run bootc loader-entries set-options-for-source --source passthrough --options \"$TOKENS\""
    [[ ! -e $ROOT$STAGED ]]
    apply
    exits 0
    has "Command line    + $TOKENS" 'Boot entries    1, verified'
    next "$LINE $TOKENS" "$TOKENS"
    apply
    exits 0
    has 'Command line    nothing to do'
    said bootc "$TOKENS"
    rebooted
    apply
    exits 0
    has 'Command line    nothing to do'
    said bootc "$TOKENS"
    live undo
    exits 0
    next "$LINE"
    said bootc "$TOKENS" ''
    live undo
    has 'Nothing to undo'
}

@test "bootc: more parameters and fewer, and each undo goes one step back" {
    bootc_there
    apply
    settings 'nohz=off'
    rebooted
    apply
    exits 0
    next "$LINE $TOKENS nohz=off" "$TOKENS nohz=off"
    settings ''
    rebooted
    apply
    exits 0
    next "$LINE $TOKENS" "$TOKENS"
    live undo
    exits 0
    next "$LINE $TOKENS nohz=off" "$TOKENS nohz=off"
    live undo
    next "$LINE $TOKENS" "$TOKENS"
    live undo 1
    next "$LINE"
}

@test "what the image itself has in the line stays its own" {
    bootc_there
    boot_with other "$LINE intel_iommu=on"
    sed -i "s/^options .*/& intel_iommu=on/" "$ROOT$ENTRY"
    apply
    exits 0
    said bootc iommu=pt
    live undo
    next "$LINE intel_iommu=on"
}

@test "rpm-ostree: the same, and of the parameters that are there only those go that an apply has added" {
    rpm_ostree_there
    boot_with other "$LINE iommu=pt"
    sed -i "s/^options .*/& iommu=pt/" "$ROOT$ENTRY"
    apply
    exits 0
    next "$LINE iommu=pt intel_iommu=on"
    apply
    has 'Command line    nothing to do'
    settings 'nohz=off'
    rebooted
    apply
    exits 0
    settings ''
    rebooted
    apply
    exits 0
    said rpm-ostree --append-if-missing=intel_iommu=on --append-if-missing=nohz=off --delete-if-present=nohz=off
    live undo 1
    exits 0
    next "$LINE iommu=pt"
}

@test "a program that fails leaves nothing half done, and the next apply is free to go on" {
    local tool
    for tool in bootc rpm_ostree; do
        rm -f "$ROOT"/usr/sbin/{bootc,rpm-ostree,ostree} "$ROOT$STAGED" "$ROOT"/var/lib/{*.log,staged.*}
        "${tool}_there"
        touch "$ROOT/etc/fail"
        apply
        exits 1
        has 'failed with status 1' 'what was written is taken back'
        [[ ! -e $ROOT$STAGED ]]
        is "$(wc -l <"$ROOT/var/lib/${tool/_/-}.log")" 1 'calls'
        live undo --list
        has 'Nothing to undo'
        rm "$ROOT/etc/fail"
        touch "$ROOT/etc/fail-late"
        apply
        exits 1
        next "$LINE"
        live undo --list
        has 'Nothing to undo'
        apply
        exits 0
        live undo
        exits 0
        next "$LINE"
    done
}

@test "a program that says it did and did not is no success" {
    bootc_there
    sed -i 's/^stage .*/:/' "$ROOT/usr/sbin/bootc"
    apply
    exits 1
    has 'the running kernel has no intel_iommu=on'
    bootc_there
    apply
    exits 0
    sed -i 's/^stage .*/:/' "$ROOT/usr/sbin/bootc"
    live undo
    exits 1
    has 'has changed nothing'
    live undo --list
    has '   1  '
}

# undo_fails: with a program that fails it stays to be done.
undo_fails() {
    touch "$ROOT/etc/fail"
    live undo
    exits 1
    rm "$ROOT/etc/fail"
    live undo --list
    has '   1  '
}

@test "undo is not done where it does not show what the next boot has" {
    local entries=$ROOT/boot/loader/entries tool
    for tool in bootc rpm_ostree; do
        rm -f "$ROOT"/usr/sbin/{bootc,rpm-ostree,ostree} "$ROOT"/var/lib/*.log
        "${tool}_there"
        apply
        exits 0
        mv "$ROOT$STAGED" "$ROOT$STAGED.away"
        mkdir "$ROOT$STAGED"
        undo_fails
        rmdir "$ROOT$STAGED"
        mv "$ROOT$STAGED.away" "$ROOT$STAGED"
        rebooted
        mv "$entries" "$entries.away"
        undo_fails
        mv "$entries.away" "$entries"
        live undo
        exits 0
        next "$LINE"
        rebooted
    done
}

@test "which of the programs: bootc needs ostree 2026.1, and would lose an initrd that rpm-ostree has laid over" {
    local version
    rpm_ostree_there
    for version in 2025.7 2026.0 2026 garbage; do
        bootc_there $version
        live apply --dry-run --no-trial
        has 'would run rpm-ostree kargs' || return 1
    done
    for version in 2026.1 2026.12 2027.0; do
        bootc_there $version
        live apply --dry-run --no-trial
        has 'would run bootc' || return 1
    done
    add_line $ENTRY 'initrd /boot/ostree/initramfs-overlays/0a1b.img'
    live apply --dry-run --no-trial
    has 'would run rpm-ostree kargs'
    rm "$ROOT/usr/sbin/rpm-ostree"
    apply
    exits 1
    has 'nothing is written here' 'rpm-ostree kargs --append-if-missing=intel_iommu=on' '/usr/lib/bootc/kargs.d/50-passthrough.toml'
    said bootc
}

@test "a read-only root without ostree, an entry that cannot be read, and another machine's tree: nothing is run" {
    local bin=$BATS_TEST_TMPDIR/bin
    bootc_there
    mkdir "$bin"
    printf '%s\n' '#!/bin/sh' "echo run >>$bin/log" "echo \"Version: '2026.1'\"" >"$bin/bootc"
    chmod +x "$bin/bootc"
    cp "$bin/bootc" "$bin/ostree"
    PATH=$bin:$PATH ctl apply --no-trial
    exits 1
    has 'nothing is written here'
    [[ ! -e $bin/log ]]
    mkdir "$ROOT/boot/loader/entries/ostree-3.conf"
    apply
    exits 1
    has 'nothing is written here'
    rmdir "$ROOT/boot/loader/entries/ostree-3.conf"
    rm -r "$ROOT/run/ostree-booted"
    apply
    exits 1
    has 'nothing is written here'
    said bootc
}

@test "without a trial, which is not possible, or without the rules in the image nothing is run" {
    bootc_there
    live apply
    exits 1
    has 'no trial boot is possible' 'apply --no-trial'
    rule gpu1 '[Match]' ID=10de:1b07
    apply
    exits 1
    has 'the boot image is not built here' 'rpm-ostree initramfs-etc --track=/etc/passthrough.d'
    said bootc
    [[ ! -e $ROOT$STAGED ]]
}

@test "apply writes the host's clearance, which the root stage reads, and writes it anew only if it says something else" {
    local file=/var/lib/passthrough/clearance before
    bootc_there
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 10de:1b06 030000 under=0000:00:05.0 group=5 driver=nouveau
    boot_with other "$LINE $TOKENS"
    live apply
    exits 1
    has 'no trial boot is possible'
    [[ ! -e $ROOT$file ]]
    live apply --dry-run --no-trial
    has "Would write     $file"
    [[ ! -e $ROOT$file ]]
    apply
    exits 0
    has 'Command line    nothing to do' "Wrote           $file"
    grep -q $'^D\tgpu0\t.*\t0000:05:00.0\t.*\tcleared\t' "$ROOT$file"
    before=$(stat -c %i "$ROOT$file")
    apply
    exits 0
    has_not "$file"
    is "$(stat -c %i "$ROOT$file")" "$before" 'the file'
    boot_with third "${LINE/UUID=1/UUID=2} $TOKENS"
    apply
    exits 0
    has "Wrote           $file"
    grep -q $'^C\t.*root=UUID=2' "$ROOT$file"
    live undo
    grep -q $'^C\t.*root=UUID=1' "$ROOT$file"
    live undo
    [[ ! -e $ROOT$file ]]
    firmware_uuid 00000000-0000-0000-0000-000000000000
    apply
    exits 0
    has 'the firmware reports no UUID'
    [[ ! -e $ROOT$file ]]
}

@test "where boot images are built here the clearance is theirs to write" {
    rm -r "$ROOT/run/ostree-booted" "$ROOT/sysroot" "$ROOT/boot/loader"
    image_tools
    grub_host
    root_port 0000:00:05.0 05
    pci_add 0000:05:00.0 10de:1b06 030000 under=0000:00:05.0 group=5 driver=nouveau
    live apply --dry-run --no-trial
    exits 0
    has 'Would write     /etc/default/grub.d/'
    has_not 'passthrough/clearance'
}

# dracut_installs DIR: dracut's module, as dracut runs it for the image of that root file system.
dracut_installs() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    run_program env PATH="$BUILD:$PATH" initdir="$1" kernel="$KERNEL" dracutsysrootdir="$ROOT" bash -c '
        inst_multiple() { :; }
        inst_libdir_file() { :; }
        dracut_module_included() { [[ $1 == systemd ]]; }
        dwarn() { :; }
        . "$1" && install' bash "$BATS_TEST_DIRNAME/../../dracut/50passthrough/module-setup.sh"
    exits 0
}

@test "rules and settings below /usr/lib, of the image itself, go into its initrd, and /etc has the last word there" {
    local dir=$BATS_TEST_TMPDIR/initrd name
    rule_in /usr/lib/passthrough.d/gpu0.conf.d more '[Device]' Required=yes
    rule_in /usr/lib/passthrough.d gpu1 '[Match]' ID=10de:1b07
    rule gpu1 '[Match]' ID=10de:1b08
    put /usr/lib/passthrough.conf.d/host.conf '[Host]' 'CommandLine=nohz=off'
    mkdir "$dir"
    dracut_installs "$dir"
    for name in /usr/lib/passthrough.d/gpu0.conf /usr/lib/passthrough.d/gpu0.conf.d/more.conf /usr/lib/passthrough.conf.d/host.conf \
        /etc/passthrough.d/gpu1.conf; do
        cmp "$ROOT$name" "$dir$name"
    done
    [[ ! -e $dir/usr/lib/passthrough.d/gpu1.conf ]]
    rm -r "$dir/etc/passthrough.d"
    printf 'ID=fedora\n' >"$dir/etc/initrd-release"
    mkdir "$dir/units"
    run_program "$BUILD/passthrough-generator" --root="$dir" /units
    [[ -e $dir/units/passthrough-initrd.service ]] || { show && return 1; }
}

@test "a capture has the staged deployment, and what identifies the host is replaced there, too" {
    local uuid=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11
    stager
    LINE="root=UUID=$uuid rw $OSTREE"
    put /proc/cmdline "$LINE"
    put $ENTRY 'title Fedora' "options $LINE"
    mkdir -p "$ROOT/run/ostree"
    printf "Akargs\0\0\0root=UUID=$uuid\0intel_iommu=on\0iommu=pt\0\101\102\0as" >"$ROOT$STAGED"
    ctl apply --dry-run --no-trial
    exits 0
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    run -1 grep -rl $uuid "$BATS_TEST_TMPDIR/captured"
    ROOT=$BATS_TEST_TMPDIR/captured
    ctl apply --dry-run --no-trial
    has_not 'nothing is written here'
    rm "$ROOT$STAGED"
    ctl apply --dry-run --no-trial
    exits 1
}

@test "apply twice, with nobody to ask, changes nothing the second time, with either program" {
    bootc_there
    twice live apply --no-trial
    rm -f "$ROOT"/usr/sbin/{bootc,rpm-ostree,ostree} "$ROOT$STAGED" "$ROOT"/var/lib/{*.log,staged.*}
    rm -rf "$ROOT/var/lib/passthrough"
    rpm_ostree_there
    twice live apply --no-trial
}
