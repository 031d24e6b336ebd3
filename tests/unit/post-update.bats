# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # the programs expand what is theirs
#
# What runs once an image was replaced is others', and may write boot entries: of its own settings, or of /proc/cmdline, as Debian's
# kernel-install does. They stay as passthrough has them, in apply, confirm and undo.

load product
load tree
load live
load tree-boot

ID=0123456789abcdef0123456789abcdef
LINE='root=/dev/sda1 ro'
OURS='intel_iommu=on iommu=pt'
OWN=/boot/loader/entries/lab-$KERNEL.conf
NEW=/boot/loader/entries/lab-new.conf
IMAGE_FILE=/boot/initrd.img-$KERNEL
POST=/etc/initramfs/post-update.d
VARS=/sys/firmware/efi/efivars
VENDOR=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f

setup() {
    maker_is initramfs-tools
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    boot_with first "$LINE"
    put /etc/kernel/entry-token lab
    put /boot/loader/loader.conf 'timeout 3'
    put "/boot/vmlinuz-$KERNEL" kernel
    entry "$LINE" >"$BATS_TEST_TMPDIR/entry"
    mkdir -p "$ROOT/boot/loader/entries" "$ROOT$VARS" "$ROOT$POST"
    cp "$BATS_TEST_TMPDIR/entry" "$ROOT$OWN"
    { printf '\6\0\0\0' && printf 'systemd-boot 252' | sed 's/./&\x00/g'; } >"$ROOT$VARS/LoaderInfo-$VENDOR"
    put /sys/class/watchdog/watchdog0/state active
    rule gpu0 '[Match]' ID=10de:1b06
    live_root
    image_tools
    program /usr/sbin/bootctl "[ \"\$1\" != set-oneshot ] || : >$VARS/LoaderEntryOneShot-$VENDOR"
    mkdir -p "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT$IMAGE_FILE" .
}

entry() {
    printf '%s\n' 'title Lab' "version $KERNEL" "linux /vmlinuz-$KERNEL" "initrd /initrd.img-$KERNEL" "options $1"
}

# kernel_install [LINE...]: writes the entry anew, and what those lines do.
kernel_install() {
    program $POST/systemd-boot 'line=$(cat /etc/kernel/cmdline 2>/dev/null || cat /proc/cmdline)' \
        "printf '%s\n' '$(entry '@' | paste -sd'~' | sed "s/~/' '/g")' | sed \"s,@,\$line,\" >$OWN" "$@"
}

options() { is "$(sed -n 's/^options //p' "$ROOT$OWN")" "$1" options; }
as_before() { is "$(<"$ROOT$OWN")" "$(<"$BATS_TEST_TMPDIR/entry")" 'the entry'; }

# trial_boot: of what is applied.
trial_boot() {
    live apply
    exits 0 || return 1
    boot_with second "$(sed -n 's/^options *//p' "$ROOT/boot/loader/entries/0-passthrough-trial.conf")"
    rm "$ROOT$VARS/LoaderEntryOneShot-$VENDOR"
    live trial --settle
    exits 0
}

@test "what a confirm takes back leaves nothing of the trial in the entry" {
    kernel_install '[ ! -e /etc/post.fail ] || exit 1'
    trial_boot
    put /etc/post.fail
    live confirm --automatic
    exits 1
    as_before
}

@test "a confirm that has no parameter to add leaves nothing of the trial in the entry" {
    put /proc/cpuinfo 'vendor_id : AuthenticAMD'
    boot_with first "$LINE"
    mkdir -p "$ROOT/sys/class/iommu"
    put "/boot/config-$KERNEL" CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y
    kernel_install
    trial_boot
    live confirm --automatic
    exits 0
    has "Note: $OWN was changed by what ran for the new boot image; it is put back"
    as_before
    live check --json
    has_not 'tokens of a trial'
}

@test "undo in a boot that has the parameters leaves none of them in the entry" {
    kernel_install
    live apply --no-trial
    exits 0
    options "$LINE $OURS"
    boot_with second "$LINE $OURS"
    live undo
    exits 0
    has 'Apply 1 is undone.'
    as_before
    is "$(find "$ROOT/var/lib/passthrough/undo" -mindepth 1)" '' 'the journal'
}

@test "an entry that is written from settings of its own keeps the parameters" {
    program $POST/kernelstub "cp /etc/entry $OWN"
    cp "$ROOT$OWN" "$ROOT/etc/entry"
    live apply --no-trial
    exits 0
    options "$LINE $OURS"
    rm "$ROOT$IMAGE_FILE"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT$IMAGE_FILE" .
    live apply --no-trial
    exits 0
    options "$LINE $OURS"
    live undo
    live undo
    exits 0
    as_before
}

@test "an entry that comes with the image and has not the parameters, or keeps them behind undo, is an error" {
    program $POST/new "sed 's|^options.*|options $LINE|' $OWN >$NEW"
    live apply --no-trial
    exits 1
    has "$NEW has no intel_iommu=on" 'what was written is taken back'
    as_before
    rm "$ROOT$NEW"
    program $POST/new 'exit 0'
    live apply --no-trial
    exits 0
    program $POST/new "sed 's|^options.*|options $LINE $OURS|' $OWN >$NEW"
    live undo
    exits 1
    has "$NEW still has intel_iommu=on"
    as_before
    program $POST/new 'exit 0'
    live undo
    exits 0
    has 'Apply 1 is undone.'
    is "$(sed -n 's/^options //p' "$ROOT$NEW")" "$LINE" 'options of the new entry'
}

@test "a trial's tokens in an entry: check fails and names apply, which takes them out, as undo does" {
    local trial='passthrough.trial=0123456789abcdef:900 panic=10 rd.shell=0 systemd.crash_reboot=yes systemd.watchdog_sec=60'
    live apply --no-trial
    exits 0
    sed -i "s|^options.*|options $LINE panic=10 $OURS $trial systemd.machine_id=$ID|" "$ROOT$OWN"
    cp "$ROOT$OWN" "$BATS_TEST_TMPDIR/dirty"
    live check --json
    is "$(jq -r ".checks[] | select(.id == \"trial.lab-$KERNEL.conf\") | \"\(.status): \(.fix)\"" <<<"$output")" \
        'fail: passthroughctl apply takes them out' 'the check'
    live apply --no-trial
    exits 0
    options "$LINE panic=10 $OURS systemd.machine_id=$ID"
    is "$(sed -n 's/^options //p' "$ROOT/boot/loader/entries/0-passthrough-off.conf")" "$LINE panic=10 systemd.machine_id=$ID passthrough=off" 'without passthrough'
    live undo
    exits 0
    options "$LINE panic=10 $OURS systemd.machine_id=$ID"
    cp "$BATS_TEST_TMPDIR/dirty" "$ROOT$OWN"
    live undo
    exits 1
    is "${stderr#passthroughctl: }" "$IMAGE_FILE: the image before this apply is not kept any more" 'all that is left'
    options "$LINE panic=10 systemd.machine_id=$ID"
}

@test "an image that is a link in /boot goes by its name there" {
    mkdir "$ROOT/boot/images"
    mv "$ROOT$IMAGE_FILE" "$ROOT/boot/images/lab"
    ln -s images/lab "$ROOT$IMAGE_FILE"
    program $POST/log 'echo "$*" >>/var/lib/post.log'
    live apply --no-trial
    exits 0
    is "$(<"$ROOT/var/lib/post.log")" "$KERNEL $IMAGE_FILE" 'run for'
    live undo
    exits 0
    is "$(tail -n 1 "$ROOT/var/lib/post.log")" "$KERNEL $IMAGE_FILE" 'run for'
    is "$(wc -l <"$ROOT/var/lib/post.log")" 2 'times it was run'
}

# in_shell WORD...: as live, but not as the first process, which none can kill.
in_shell() { live_run /bin/sh -c '/build/passthroughctl "$@"; exit $?' sh "$@"; }

# kills LINE...: once it has done that, it kills passthroughctl, which runs run-parts.
kills() { program $POST/kills "$@" 'set -- $(cat /proc/$PPID/stat)' 'kill -KILL $4'; }

@test "killed behind what has written an entry: the next command brings it back" {
    local step
    for step in apply undo; do
        kills "sed -i 's|^options.*|options $LINE of=others|' $OWN"
        in_shell apply --no-trial
        is "$status" 137 'exit status'
        options "$LINE of=others"
        program $POST/kills 'exit 0'
        if [[ $step == apply ]]; then live apply --no-trial; else live undo; fi
        exits 0
        [[ $step == undo ]] || options "$LINE $OURS"
        [[ $step == undo ]] || live undo
        as_before
    done
}

@test "killed behind what has written a trial's tokens into an entry: the next command takes them out" {
    put /proc/cpuinfo 'vendor_id : AuthenticAMD'
    boot_with first "$LINE"
    mkdir -p "$ROOT/sys/class/iommu"
    put "/boot/config-$KERNEL" CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y
    trial_boot
    kernel_install 'set -- $(cat /proc/$PPID/stat)' 'kill -KILL $4'
    in_shell confirm --automatic
    is "$status" 137 'exit status'
    grep -q passthrough.trial= "$ROOT$OWN"
    boot_with third "$LINE"
    rm "$ROOT$POST/systemd-boot"
    live trial --settle
    live undo
    as_before
}
