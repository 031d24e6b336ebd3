# SPDX-License-Identifier: GPL-2.0-or-later
# What a host lives through, thrown together: edits, applies, trials that are kept, lost or taken back, undo, kernels that come
# and go, power cuts. Whatever the order, the menu loads only what is there, and what boots by default changes only where somebody
# wanted it to. HISTORIES=N of them, from SEED=N on.

load product
load tree
load live
load tree-boot

OTHER=6.12.1-other

setup_file() {
    "${CC:-cc}" -O1 -o "$BATS_FILE_TMPDIR/kill-at" "$BATS_TEST_DIRNAME/kill-at.c"
}

setup() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    cp -r "$ROOT/lib/modules/$KERNEL" "$ROOT/lib/modules/$OTHER"
    live_root
    mkdir -p "$ROOT"/usr/sbin "$ROOT/etc/passthrough.d"
    image_tools
    grub_host
    disk device
    cp "$BATS_FILE_TMPDIR/kill-at" "$ROOT/"
}

# The first entry, with what is in its image.
default() {
    grub_entry
    sha256sum <"$ROOT$(grub_entry | sed -n 's/^\tinitrd\t//p')"
}

# all that is of the boot
state() { (cd "$ROOT" && find boot etc/default etc/grub.d -type f ! -name grubenv -exec sha256sum {} + | sort -k2); }

reboot() {
    local id=''
    if grep -q ^next_entry=passthrough-trial "$ROOT/boot/grub/grubenv"; then id=passthrough-trial; fi
    put /boot/grub/grubenv '# GRUB Environment Block'
    boots=$((boots + 1))
    boot_with "$boots" "$(grub_line "$id")"
    live trial --settle
    [[ $status == 0 || $output$stderr == *failed* ]] || { say "settle: $status" && return 1; }
}

in_trial() { grep -q 'passthrough\.trial=' "$ROOT/proc/cmdline"; }

say() { printf '%s\n' "$@" "history: ${history[*]}" "--- stdout" "${output-}" "--- stderr" "${stderr-}"; }

whole() { # the menu loads what is there
    local file
    for file in $(sed -n 's/^\t\(linux\|initrd\)\t\([^ ]*\).*/\2/p' "$ROOT/boot/grub/grub.cfg"); do
        [[ -f $ROOT$file ]] || { say "the menu loads $file, which is not there" && return 1; }
    done
}

edit() {
    case $((RANDOM % 5)) in
    0) rule gpu0 '[Match]' ID=10de:1b06 ;;
    1) rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Expect=0- ;;
    2) rm -f "$ROOT/etc/passthrough.d/gpu0.conf" ;;
    3) put /etc/passthrough.conf '[Host]' CommandLine=pcie_aspm=off ;;
    4) rm -f "$ROOT/etc/passthrough.conf" ;;
    esac
}

kernel() {
    if [[ -e $ROOT/boot/vmlinuz-$OTHER ]]; then
        rm -f "$ROOT/boot/vmlinuz-$OTHER" "$ROOT/boot/initrd.img-$OTHER"
    else
        put "/boot/vmlinuz-$OTHER" kernel
        live_run /usr/sbin/dracut --kver "$OTHER" "/boot/initrd.img-$OTHER"
        [[ $status == 0 ]] || { say 'dracut' && return 1; }
    fi
    live_run /usr/sbin/update-grub
}

# the applies that were cut short
unfinished() {
    local apply
    for apply in "$ROOT"/var/lib/passthrough/undo/*/manifest; do
        [[ ! -e $apply || -e ${apply%manifest}done ]] || echo "$apply"
    done
}

# cut_at COMMAND...: the power is cut at one of the calls that change something.
cut_at() {
    live_run env ASAN_OPTIONS=detect_leaks=0 /kill-at "b$((RANDOM % 100 + 1))" /build/passthroughctl "$@"
    [[ $status != 77 ]] || history+=('(cut)')
    whole && reboot
}

# one STEP: may what boots by default change by it?
one() {
    may=no
    # The next apply takes back one that was cut short.
    if [[ $1 != edit && -n $(unfinished) ]]; then may=yes; fi
    case $1 in
    edit) edit ;;
    apply) live apply ;;
    by-hand) live apply --confirm=5min ;;
    at-once) live apply --no-trial && may=yes ;;
    reboot) reboot || return ;;
    confirm)
        if in_trial; then may=yes; fi
        live confirm
        ;;
    complete)
        if in_trial; then may=yes; fi
        live confirm --automatic
        ;;
    revert) live trial --revert ;;
    cut-apply) cut_at apply || return ;;
    cut-at-once) may=yes && cut_at apply --no-trial || return ;;
    cut-confirm)
        if in_trial; then may=yes; fi
        cut_at confirm || return
        ;;
    cut-undo) may=yes && cut_at undo || return ;;
    undo) live undo && may=yes ;;
    undo-all) live undo 1 && may=yes ;;
    kernel) may=yes && kernel || return ;;
    esac
    [[ ${status:-0} -le 2 ]] || { say "$1: $status" && return 1; }
}

lived() { # lived SEED
    local steps=(edit edit apply apply apply by-hand at-once reboot reboot reboot confirm complete complete revert undo undo-all kernel
        cut-apply cut-at-once cut-confirm cut-confirm cut-undo)
    local step was may
    RANDOM=$1
    history=()
    while ((${#history[@]} < 14)); do
        step=${steps[RANDOM % ${#steps[@]}]}
        history+=("$step")
        was=$(default)
        one "$step" || return
        whole || return
        [[ $may == yes || $was == "$(default)" ]] || { say "what boots by default is changed" "$was" "$(default)" && return 1; }
    done
}

@test "histories: the menu loads what is there, and what boots changes where somebody wanted it" {
    local seed before boots=0
    tar -C "$ROOT" --exclude=./usr/bin -cf "$BATS_TEST_TMPDIR/first.tar" .
    for ((seed = ${SEED:-1}; seed < ${SEED:-1} + ${HISTORIES:-4}; seed++)); do
        rm -rf "$ROOT"/{boot,etc,var,proc}
        tar -C "$ROOT" -xf "$BATS_TEST_TMPDIR/first.tar" ./boot ./etc ./var ./proc
        before=$(state)
        lived "$seed" || { echo "SEED=$seed" && false; }
        # All taken back, and the other kernel gone.
        if [[ -e $ROOT/boot/vmlinuz-$OTHER ]]; then kernel; fi
        output=
        until [[ $output == *'Nothing to undo'* ]]; do
            live undo
            history+=("undo: $status")
            ((${#history[@]} < 30)) || { say "undo has no end, SEED=$seed" && false; }
        done
        if [[ " ${history[*]} " != *' kernel '* ]]; then
            is "$(state)" "$before" "state, SEED=$seed, ${history[*]}"
        fi
    done
}
