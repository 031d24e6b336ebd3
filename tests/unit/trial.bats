# SPDX-License-Identifier: GPL-2.0-or-later
# Trials: what apply makes of one, what each boot behind it makes of that, and confirm, with a systemd-boot that only
# notes what it is to boot once. An image here is a tar archive.
# Makers: dracut initramfs-tools

load product
load tree
load live
load tree-boot

RECORD=/var/lib/passthrough/trial/manifest
IMAGE=/boot/lab/$KERNEL/initrd.img-$KERNEL
ENTRY=/boot/loader/entries/0-passthrough-trial.conf
OWN=/boot/loader/entries/lab-$KERNEL.conf
VARS=/sys/firmware/efi/efivars
VENDOR=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f

setup() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /proc/cmdline 'root=/dev/sda1 ro'
    put /etc/kernel/cmdline 'root=/dev/sda1 ro'
    put /etc/kernel/entry-token lab
    put /boot/loader/loader.conf 'timeout 3'
    put "$OWN" 'title Lab' "version $KERNEL" 'sort-key debian' "linux /lab/$KERNEL/linux" "initrd /lab/$KERNEL/initrd.img-$KERNEL" 'options root=/dev/sda1 ro'
    put "/boot/lab/$KERNEL/linux" kernel
    put "$VARS/StubInfo" && rm "$ROOT$VARS/StubInfo"
    { printf '\6\0\0\0' && printf 'systemd-boot 252' | sed 's/./&\x00/g'; } >"$ROOT$VARS/LoaderInfo-$VENDOR"
    put /sys/class/watchdog/watchdog0/state active
    rule gpu0 '[Match]' ID=10de:1b06
    live_root
    mkdir -p "$ROOT/usr/sbin" "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT$IMAGE" .
    tools
    boot_is first
    before=$(boots)
}

tools() {
    image_tools
    program /usr/sbin/bootctl 'echo "$*" >>/var/lib/bootctl.log' '[ ! -e /etc/bootctl.fail ] || exit 1' "[ \"\$1\" != set-oneshot ] || : >$VARS/LoaderEntryOneShot-$VENDOR"
}

# boot_is NAME [LINE]: another boot than before, with that command line.
boot_is() {
    boot_with "$1" "${2-root=/dev/sda1 ro}"
    rm -f "$ROOT$VARS/LoaderEntryOneShot-$VENDOR"
}

trial_boot() { boot_is "$1" "$(sed -n 's/^options //p' "$ROOT$ENTRY")"; }

# all that a boot reads, but for the trial's
boots() { (cd "$ROOT" && find boot etc/kernel -type f ! -name '*passthrough-trial*' -exec sha256sum {} + | sort); }
as_before() { is "$(boots)" "$before" 'what boots'; }
nothing_left() { is "$(find "$ROOT/boot" -name '*trial*')" '' "the trial's files"; }
state() { is "$(sed -n 's/^state //p' "$ROOT$RECORD" 2>/dev/null)" "$1" state; }

made() {
    live apply "$@"
    exits 0 || return 1
    state pending
}

@test "apply makes a trial: image and entry beside those there are, chosen once, and what was there stays" {
    local asks=' rd\.shell=0 rd\.emergency=reboot'
    [[ $MAKER == dracut ]] || asks=
    made
    as_before
    has "Boot image      $KERNEL, built in " 'Next boot       bootctl set-oneshot 0-passthrough-trial.conf, ' 'tries this once; a boot that is not complete within 15 min is taken back'
    has_not 'no watchdog'
    is "$(<"$ROOT/var/lib/bootctl.log")" 'set-oneshot 0-passthrough-trial.conf' bootctl
    is "$(sed -n 's/^initrd //p' "$ROOT$ENTRY")" "/lab/$KERNEL/initrd.img-$KERNEL.passthrough-trial" initrd
    [[ $(sed -n 's/^options //p' "$ROOT$ENTRY") =~ ^root=/dev/sda1\ ro\ intel_iommu=on\ iommu=pt\ passthrough\.trial=[0-9a-f]{16}:900\ panic=10${asks}\ systemd\.crash_reboot=yes\ systemd\.watchdog_sec=60$ ]]
    is "$(sed -n 's/^sort-key //p' "$ROOT$ENTRY")" zz-passthrough sort-key
    tar -xOf "$ROOT$IMAGE.passthrough-trial" ./etc/passthrough.d/gpu0.conf | grep -q 10de:1b06
    live apply
    exits 0
    has 'The next boot tries this already: nothing to do.'
    is "$(wc -l <"$ROOT/var/lib/bootctl.log")" 1 'calls of bootctl'
    live confirm
    exits 1
    has 'this boot is not the trial'
}

@test "the mode of its image is that of the image it would replace" {
    chmod 600 "$ROOT$IMAGE"
    made
    is "$(stat -c %a "$ROOT$IMAGE.passthrough-trial")" 600 mode
}

@test "a boot that is the trial, complete: confirm takes over what was booted, and builds it no second time" {
    made
    trial_boot second
    live trial --settle
    exits 0
    state running
    live confirm --automatic
    exits 0
    has 'The trial is kept'
    state ''
    nothing_left
    is "$(sed -n 's/^options //p' "$ROOT$OWN")" 'root=/dev/sda1 ro intel_iommu=on iommu=pt' options
    is "$(<"$ROOT/etc/kernel/cmdline")" 'root=/dev/sda1 ro intel_iommu=on iommu=pt' 'of new kernels'
    is "$(wc -l <"$ROOT/var/lib/built.log")" 1 'images built'
    tar -xOf "$ROOT$IMAGE" ./etc/passthrough.d/gpu0.conf | grep -q 10de:1b06
    live apply
    exits 0
    has 'Command line    nothing to do' 'Boot images     nothing to do'
    live undo
    exits 0
    as_before
}

@test "a trial loads all that its kernel's entry loads, with the image in its place, and what is beside the image stays" {
    local dir=/lab/$KERNEL
    put "/boot$dir/initrd-keys" keys
    put "/boot/keys-initrd.img-$KERNEL" keys
    sed -i "s,^initrd.*,initrd $dir/initrd-keys\ninitrd /keys-initrd.img-$KERNEL\n&\ninitrd /ucode.img," "$ROOT$OWN"
    before=$(boots)
    made
    is "$(sed -n 's/^initrd //p' "$ROOT$ENTRY" | xargs)" "$dir/initrd-keys /keys-initrd.img-$KERNEL $dir/initrd.img-$KERNEL.passthrough-trial /ucode.img" initrds
    trial_boot second
    live trial --settle
    exits 0
    live confirm --automatic
    exits 0
    is "$(<"$ROOT/boot$dir/initrd-keys") $(<"$ROOT/boot/keys-initrd.img-$KERNEL")" 'keys keys' 'what is beside the image'
    tar -xOf "$ROOT$IMAGE" ./etc/passthrough.d/gpu0.conf | grep -q 10de:1b06
    live undo
    exits 0
    as_before
}

@test "any other boot behind it: it failed, its config is tried no more, and in no image until it changes" {
    made
    boot_is second
    live trial --settle
    exits 0
    has 'did not come up' 'the config that was applied before it is in effect'
    state failed
    nothing_left
    as_before
    live status
    has 'failed and was taken back: it was booted, and did not come up: it waited 15 min for a passphrase or a file system, panicked, or was reset'
    live status --json
    is "$(get '.trial | .state, .message, .this_boot')" 'failed it was booted, and did not come up: it waited 15 min for a passphrase or a file system, panicked, or was reset false' trial
    live check --json
    is "$(jq -r '.checks[] | select(.id == "trial.bootloader") | .status' <<<"$output")" warn check
    live apply
    exits 1
    has 'Nothing is written: change a rule first, or use apply --no-trial'
    as_before
    mkdir "$ROOT/image"
    live image "--kernel=$KERNEL" /image
    exits 0
    has 'rule gpu0 is left out of the image: the trial of this config failed'
    [[ ! -e $ROOT/image/etc/passthrough.d/gpu0.conf ]]
    live plan
    has 'the trial of this config failed: the next boot follows what was applied before it'
    says '^  gpu0 +invalid '
    rule gpu0 '[Match]' ID=10de:1b07
    made
}

@test "a failed config stays failed where a credential is another in the next boot, or read elsewhere" {
    local credential=/run/credentials/@system/passthrough.d.other
    put "$credential" '[Match]' ID=10de:1b08
    made
    boot_is second
    live trial --settle
    state failed
    live plan
    has 'the trial of this config failed'
    put /run/systemd/generator/passthrough.credentials/passthrough.d.other '[Match]' ID=10de:1b08
    live plan
    has 'the trial of this config failed'
    rm -r "$ROOT/run/systemd/generator/passthrough.credentials"
    put "$credential" '[Match]' ID=10de:1b09
    live plan
    has 'the trial of this config failed'
    rm "$ROOT$credential"
    live plan
    has 'the trial of this config failed'
}

@test "behind a failed trial a credential is in effect, but one that was masked before" {
    put /run/credentials/@system/passthrough.d.other '[Match]' ID=10de:1b08
    put /etc/passthrough.d/other.conf
    live apply --no-trial
    exits 0
    rm "$ROOT/etc/passthrough.d/other.conf"
    put /run/credentials/@system/passthrough.d.third '[Match]' ID=10de:1b09
    made
    boot_is second
    live trial --settle
    state failed
    live plan --json
    is "$(get '.rules[] | .name')" 'gpu0 third' rules
    # Masked again, it is the config that was applied, and no trial of that has failed.
    put /etc/passthrough.d/other.conf
    live plan
    has_not 'the trial of this config failed'
}

# what each device is for, without the rules that are held back
fates() { get '.devices[] | .address, .action, .driver, .rule'; }

@test "behind a failed trial of any change the plan is that of what was applied and this boot's credentials" {
    local change i then
    local n=0
    local -a changes=(
        'rm keep.conf' 'rm other.conf' 'mv other.conf zz.conf' 'mv keep.conf zz.conf' 'rm masked.conf' 'rm -r other.conf.d'
        'rule shadow [Match] ID=10de:1b09' ': > shadow.conf' 'rule 00 [Match] Class=0302 [Device] Driver=pci-stub Expect=0-'
        'rule other [Match] ID=10de:1b09' 'rm other.conf gpu0.conf keep.conf masked.conf')
    pci_root 0000:00
    for i in 1 2 3 4; do
        root_port 0000:00:0$i.0 0$i
        pci_add 0000:0$i:00.0 10de:1b0$((5 + i)) 0302 under=0000:00:0$i.0 group=$i driver=nouveau
    done
    driver_present vfio-pci
    for i in keep masked shadow late; do
        put /run/credentials/@system/passthrough.d.$i '[Match]' Class=0302 '[Device]' Expect=0-
    done
    put /run/credentials/@system/passthrough.d.masked '[Match]' ID=10de:1b06 '[Device]' Driver=native
    cp -a "$ROOT/etc/passthrough.d" "$BATS_TEST_TMPDIR/rules"
    for change in "${changes[@]}"; do
        rm -r "$ROOT/etc/passthrough.d"
        cp -a "$BATS_TEST_TMPDIR/rules" "$ROOT/etc/passthrough.d"
        rule keep '[Match]' ID=10de:1b07 '[Device]' Driver=native
        rule other '[Match]' ID=10de:1b08 ID=10de:1b07
        put /etc/passthrough.d/other.conf.d/number.conf '[Device]' Expect=0-
        put /etc/passthrough.d/masked.conf
        live apply --no-trial
        exits 0
        live plan --json
        then=$(fates)
        (set -f && cd "$ROOT/etc/passthrough.d" && case $change in rule*) set -- ${change#rule }; rule "$@" ;; *) eval "$change" ;; esac)
        made || return 1
        boot_is "change$((n++))"
        live trial --settle
        state failed
        live plan --json
        is "$(fates)" "$then" "devices behind the failed trial of: $change"
        live check
        has_not 'cannot be read'
        has_not 'No such file'
        live_run /build/passthrough-bind --rule=gpu0
        has_not 'No such file'
        rm -rf "$ROOT/run/passthrough"
        live plan
        has_not 'cannot be read'
    done
}

@test "behind a failed trial a credential takes nothing where what was applied cannot be read" {
    pci_root 0000:00
    root_port 0000:00:01.0 01
    pci_add 0000:01:00.0 10de:1b09 0302 under=0000:00:01.0 group=1 driver=nouveau
    driver_present vfio-pci
    put /run/credentials/@system/passthrough.d.late '[Match]' Class=0302
    live apply --no-trial
    exits 0
    rule gpu1 '[Match]' ID=10de:1b08
    made
    boot_is failed
    live trial --settle
    state failed
    live plan --json
    whole '.devices[] | select(.address == "0000:01:00.0" and .driver == "vfio-pci" and .rule == "late")'
    put /var/lib/passthrough/applied 'passthrough-applied 1'
    live plan --json
    whole 'all(.devices[]; .driver != "vfio-pci")'
    live plan
    has '/var/lib/passthrough/applied: cannot be read'
}

@test "behind a failed trial the host's services carry out what was applied before, and not what failed" {
    live apply --no-trial
    exits 0
    rule gpu0 '[Match]' ID=10de:1b07
    rule gpu1 '[Match]' ID=10de:1b08
    made
    boot_is second
    live trial --settle
    live_run /build/passthrough-bind --rule=gpu0
    grep -q '^R.*gpu0.*missing' "$ROOT/run/passthrough/record"
    live_run /build/passthrough-bind --rule=gpu1
    exits 1
    grep 'gpu1' "$ROOT/run/passthrough/record" | grep -q 'the trial of this config failed'
}

@test "a kernel that is installed before the trial has an image of what was applied before" {
    made
    mkdir "$ROOT/image"
    live image "--kernel=$KERNEL" /image
    exits 0
    has 'the trial of this config is still to come'
    [[ ! -e $ROOT/image/etc/passthrough.d/gpu0.conf ]]
    trial_boot second
    live image "--kernel=$KERNEL" /image
    exits 0
    [[ -e $ROOT/image/etc/passthrough.d/gpu0.conf ]]
}

@test "what the boot loader has not booted yet is still to come, and in the same boot nothing is judged" {
    made
    live trial --settle
    exits 0
    state pending
    boot_is second
    : >"$ROOT$VARS/LoaderEntryOneShot-$VENDOR"
    live trial --settle
    exits 0
    state pending
}

@test "one that came up and was not kept is taken back by its time, or by a reset" {
    made
    trial_boot second
    live trial --settle
    live trial --revert
    exits 0
    has 'its boot was not complete in time'
    state failed
    nothing_left
    as_before
    live trial --revert
    exits 1 # no second reboot
    live confirm
    exits 1
    rule gpu0 '[Match]' ID=10de:1b07
    boot_is third
    made
    trial_boot fourth
    live trial --settle
    boot_is fifth
    live trial --settle
    exits 0
    has 'it came up, and the host was reset before it was kept'
    as_before
}

@test "--confirm=, and a session through SSH: only confirm by hand keeps it" {
    made --confirm=20min
    has 'confirm it in that boot within 20 min, or it is taken back'
    grep -q 'passthrough.trial=[0-9a-f]*:1200 ' "$ROOT$ENTRY"
    trial_boot second
    live trial --settle
    live confirm --automatic
    exits 0
    has 'passthroughctl confirm keeps it'
    state running
    live apply
    has 'This boot is the trial of these rules: nothing to do.' 'Next: sudo passthroughctl confirm'
    live confirm
    exits 0
    state ''
    rule gpu0 '[Match]' ID=10de:1b07
    boot_is third
    ENVIRONMENT=(SSH_CONNECTION=x)
    made
    grep -q '^by-hand 900$' "$ROOT$RECORD"
}

@test "times that are none, or too short or long" {
    local time
    for time in '' 15 0 59s 25h 15minutes 1e3 -5min 99999999999; do
        live apply "--confirm=$time"
        exits 2 || return 1
        has 'is a time from 1min to 24h'
    done
    state ''
    as_before
}

@test "a config that has changed since is not what confirm keeps" {
    made
    trial_boot second
    live trial --settle
    rule gpu1 '[Match]' ID=10de:1b08
    live confirm
    exits 1
    has 'apply tries them as they are now'
    state running
    as_before
    live apply
    exits 0
    state pending
    as_before
}

@test "a rule that is switched to Stage=demand, and back, is tried, kept, taken back and undone as any change" {
    stage_in_image() { tar -xOf "$ROOT$IMAGE" ./etc/passthrough.d/gpu0.conf | grep '^Stage=' || echo none; }
    kept() {
        made
        trial_boot "$1"
        live trial --settle
        live confirm --automatic
        exits 0
    }
    kept second
    is "$(stage_in_image)" none 'image before'
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=demand
    live status --json
    is "$(get '.images[].state')" stale 'the image of before'
    kept third
    is "$(stage_in_image)" Stage=demand 'image of the rule on demand'
    is "$(sed -n 's/^options //p' "$ROOT$OWN")" 'root=/dev/sda1 ro intel_iommu=on iommu=pt' 'the IOMMU stays on for it'
    live undo
    exits 0
    is "$(stage_in_image)" none 'image once that is undone'
    live apply --no-trial
    is "$(stage_in_image)" Stage=demand 'applied once more'
    before=$(boots)
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=initrd
    made
    boot_is fourth
    live trial --settle
    state failed
    as_before
    live plan
    has 'the trial of this config failed'
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=root
    kept fifth
    is "$(stage_in_image)" Stage=root 'image of the rule of a boot'
}

@test "a rule on demand needs no image and no trial, but where a later rule might take its device in a boot" {
    live apply --no-trial
    rule zz-later '[Match]' ID=10de:1b08 '[Device]' Stage=demand
    live apply
    exits 0
    has 'Boot images     nothing to do'
    state ''
    live status --json
    is "$(get '.images[].state')" ok 'the image'
    rule 00-first '[Match]' ID=10de:1b09 '[Device]' Stage=demand
    live status --json
    is "$(get '.images[].state')" stale 'the image, where gpu0 is a later rule'
    rule gpu0 '[Match]' ID=10de:1b06 '[Device]' Stage=demand
    live apply --no-trial
    rm "$ROOT/etc/passthrough.d/00-first.conf"
    live status --json
    is "$(get '.images[].state')" ok 'the image, where no boot takes anything'
}

@test "undo takes the trial back before anything else, and --list names it" {
    made
    live undo --list
    has 'trial  '
    live undo
    exits 0
    has 'The trial is taken back.'
    state ''
    nothing_left
    as_before
    live undo
    has 'Nothing to undo.'
}

@test "--no-trial writes at once, also what failed" {
    made
    boot_is second
    live trial --settle
    live apply --no-trial
    exits 0
    state ''
    is "$(sed -n 's/^options //p' "$ROOT$OWN")" 'root=/dev/sda1 ro intel_iommu=on iommu=pt' options
}

@test "where the boot loader cannot be trusted to boot it once nothing is written" {
    rm "$ROOT$VARS/LoaderInfo-$VENDOR"
    live apply
    exits 1
    has 'no trial boot is possible' 'do not show that systemd-boot booted this host' 'apply --no-trial does without one'
    state ''
    as_before
    [[ ! -e $ROOT/var/lib/built.log ]]
}

@test "a small file system has to hold the trial's image and the one that is kept, before anything is written" {
    head -c 1200K /dev/urandom >>"$ROOT$IMAGE"
    BOOT_SIZE=4M live apply
    exits 1
    says "/boot/lab/$KERNEL/ has 2 MiB free, and the new boot images need 5 MiB there, for a trial and to keep it; apply --no-trial needs less; nothing is written"
    state ''
    BOOT_SIZE=8M live apply
    exits 0
    state pending
}

@test "where choosing it fails all of it goes" {
    touch "$ROOT/etc/bootctl.fail"
    live apply
    exits 1
    has 'failed with status 1' 'what was written is taken back'
    state ''
    nothing_left
    as_before
}

@test "no watchdog is said" {
    rm -r "$ROOT/sys/class/watchdog"
    made
    has 'no watchdog'
    ! grep -q watchdog_sec "$ROOT$ENTRY"
}

@test "what is the same for the next boot needs no trial" {
    live apply --no-trial
    rm "$ROOT/var/lib/bootctl.log" 2>/dev/null || :
    rm "$ROOT"/boot/loader/entries/0-passthrough-off.conf
    live apply
    exits 0
    state ''
    [[ ! -e $ROOT/var/lib/bootctl.log && -e $ROOT/boot/loader/entries/0-passthrough-off.conf ]]
}

@test "the entry without passthrough has none of the tokens, and follows the kernels" {
    live apply --no-trial
    exits 0
    local off=$ROOT/boot/loader/entries/0-passthrough-off.conf
    is "$(sed -n 's/^options //p' "$off")" 'root=/dev/sda1 ro passthrough=off' options
    is "$(sed -n 's/^title //p' "$off")" 'Lab (without passthrough)' title
    sed "s/$KERNEL/6.12.1-other/" "$ROOT$OWN" >"$ROOT/boot/loader/entries/lab-6.12.1-other.conf"
    live trial --entry
    exits 0
    is "$(sed -n 's/^version //p' "$off")" "6.12.1-other" version
    is "$(sed -n 's/^options //p' "$off")" 'root=/dev/sda1 ro passthrough=off' options
    rm "$ROOT/boot/loader/entries/lab-6.12.1-other.conf"
    live undo
    exits 0
    as_before
}

@test "--json has the trial, and what it says on its way goes elsewhere" {
    live apply --json
    exits 0
    is "$(get '.version, .trial.state, .written, (.images | length), .boots_from')" '1 pending false 1 systemd-boot with boot loader entries' document
    [[ $stderr == *'Next boot       bootctl'* ]]
    live undo
    live apply --no-trial --json
    exits 0
    is "$(get '.trial.state, .written, (.tokens | join(","))')" 'none true intel_iommu=on,iommu=pt' document
    is "$(get '.files[] | select(.path == "/etc/kernel/cmdline") | .action')" write file
}

@test "a trial belongs to the running host" {
    ctl confirm
    exits 2
    ctl trial
    exits 2
}

# generate [VARIABLE=VALUE...]: afresh.
generate() {
    rm -rf "$ROOT"/run/{normal,early,late} && mkdir -p "$ROOT"/run/{normal,early,late}
    env "$@" "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
}
a_trial() { put /proc/cmdline "root=/dev/sda1 passthrough.trial=${1-0123456789abcdef:120} panic=10 ${*:2}"; }

@test "units of a boot that is a trial: a timer, the one that keeps it, no emergency shell; of another none" {
    local units=$ROOT/run/normal
    generate
    [[ ! -e $units/passthrough-revert.timer ]]
    a_trial
    generate
    grep -qx 'OnBootSec=120s' "$units/passthrough-revert.timer"
    [[ -L $units/timers.target.wants/passthrough-revert.timer && -L $units/multi-user.target.wants/passthrough-confirm.service ]]
    grep -q 'reboot$' "$units/emergency.service.d/50-passthrough-trial.conf"
    # Where sysinit.target waits, that timer does.
    grep -qx 'OnBootSec=120s' "$units/passthrough-stuck.timer"
    grep -qx 'DefaultDependencies=no' "$units/passthrough-stuck.timer"
    grep -qx 'FailureAction=reboot-force' "$units/passthrough-stuck.service"
    [[ -L $units/sysinit.target.wants/passthrough-stuck.timer && ! -e $units/passthrough-deadline.timer ]]
}

@test "the initrd of a trial has its time: a timer that only switching root stops; with passthrough=off, and without a rule, too" {
    local units=$ROOT/run/normal more
    put /etc/initrd-release ID=debian
    generate SYSTEMD_IN_INITRD=1
    is "$(ls "$units" | xargs)" 'initrd.target.wants passthrough-initrd.service passthrough-rescue.service passthrough-root.service sysinit.target.wants' 'units of no trial'
    for more in '' passthrough=off; do
        a_trial 0123456789abcdef:120 $more
        generate SYSTEMD_IN_INITRD=1
        grep -qx 'OnBootSec=120s' "$units/passthrough-deadline.timer"
        grep -qx 'DefaultDependencies=no' "$units/passthrough-deadline.timer"
        grep -qx 'IgnoreOnIsolate=yes' "$units/passthrough-deadline.timer"
        grep -qx 'Conflicts=initrd-switch-root.target shutdown.target' "$units/passthrough-deadline.timer"
        grep -qx 'Before=initrd-switch-root.target shutdown.target' "$units/passthrough-deadline.timer"
        grep -qx 'SuccessAction=reboot-force' "$units/passthrough-deadline.service"
        [[ -L $units/sysinit.target.wants/passthrough-deadline.timer ]]
        [[ ! -e $units/passthrough-stuck.timer && ! -e $units/passthrough-revert.timer ]]
    done
    is "$(ls "$units" | xargs)" 'passthrough-deadline.service passthrough-deadline.timer sysinit.target.wants' 'units with passthrough=off'
    rm "$ROOT"/etc/passthrough.d/*
    a_trial
    generate SYSTEMD_IN_INITRD=1
    is "$(ls "$units" | xargs)" 'passthrough-deadline.service passthrough-deadline.timer sysinit.target.wants' 'units without a rule'
}

# The process of an initrd without systemd; of a machine that is not this one only the answer.
deadline() {
    run --separate-stderr env "$@" "$BUILD/passthrough-bind" --root="$ROOT" --deadline
    [[ $status == 0 && -z $stderr ]] || { show && return 1; }
}

@test "a time that is none counts for nothing, in the initrd and on the host, nor does any in a kdump kernel; and the command line's check says so" {
    local value
    for value in abc 0123456789abcdef 0123456789abcdef: 0123456789abcdef:abc 0123456789abcdef:-1 0123456789abcdef:0 0123456789abcdef:99999999999 '0123456789abcdef:60 elfcorehdr=1'; do
        rm -f "$ROOT/etc/initrd-release"
        # shellcheck disable=SC2086 # words
        a_trial $value
        generate
        is "$(find "$ROOT/run" -name '*.timer')" '' "timers on the host, $value"
        deadline
        is "$output" '' "process on the host, $value"
        put /etc/initrd-release ID=debian
        generate SYSTEMD_IN_INITRD=1
        is "$(find "$ROOT/run" -name '*.timer')" '' "timers in the initrd, $value"
        deadline SYSTEMD_IN_INITRD=1
        is "$output" '' "process in the initrd, $value"
        [[ $value != *elfcorehdr* ]] || continue
        ctl cmdline check "--cmdline=root=/dev/sda1 passthrough.trial=$value"
        has "is not ID:SECONDS, so nothing takes this boot back" || return 1
    done
    a_trial
    deadline SYSTEMD_IN_INITRD=1
    [[ $output ]]
    a_trial 0123456789abcdef:120 passthrough=off
    deadline SYSTEMD_IN_INITRD=1
    [[ $output ]]
    rm "$ROOT/etc/initrd-release"
    deadline SYSTEMD_IN_INITRD=0
    is "$output" '' 'process on the host'
    ctl cmdline check '--cmdline=root=/dev/sda1 passthrough.trial=0123456789abcdef:120'
    has 'a trial that passthroughctl apply made'
}

# initrd_of SECONDS COMMAND...: runs in a namespace of processes of its own, where who reboots ends its first one by SIGHUP.
initrd_of() {
    put /etc/initrd-release ID=debian
    boot_is second "root=/dev/sda1 passthrough.trial=0123456789abcdef:$1"
    live_run sh -c "pid=\$(/build/passthrough-bind --deadline) && $2"
}

@test "without systemd a process reboots once the time is over, from wherever it is; ended before, it does not" {
    local up
    up=$(cut -d. -f1 /proc/uptime)
    initrd_of $((up + 2)) 'kill -0 $pid && echo counts && sleep 20 && echo late'
    is "$output" counts output
    is "$status" $((128 + $(kill -l HUP))) 'exit status'
    initrd_of 1 'sleep 20 && echo late'
    is "$output" '' output
    initrd_of $((up + 3)) 'kill $pid && sleep 4 && echo late'
    exits 0
    is "$output" late output
    # What holds the console, or the hook's pipe, holds the boot.
    initrd_of 99999999 'readlink /proc/$pid/fd/0 /proc/$pid/fd/1 /proc/$pid/fd/2'
    exits 0
    is "$output" $'/dev/null\n/dev/null\n/dev/null' 'input and output'
}

@test "without systemd: once the root is switched nobody reboots, though nothing has ended the process" {
    local up
    up=$(cut -d. -f1 /proc/uptime)
    initrd_of $((up + 2)) 'rm /etc/initrd-release && sleep 4 && echo late'
    exits 0
    is "$output" late output
}

@test "apply says until when a passphrase has to be typed, where one may be asked for" {
    made
    has_not 'passphrase'
    live undo
    put /etc/crypttab 'secret UUID=1234 none luks'
    made --confirm=20min
    has 'the trial may ask for a passphrase (crypttab secret); type it within 20 minutes of its start'
}

no_systemd_boot() { rm -r "$ROOT$VARS" "$ROOT/boot/loader" "$ROOT/boot/lab"; }

# grub_menu [NAME=VALUE...]: what our script makes of these settings, where 10_linux makes an entry for each of two kernels.
grub_menu() {
    grub_scripts
    program /etc/grub.d/10_linux 'echo "set linux_gfx_mode="' 'for r in 6.12.1-other 6.1.0-99-amd64; do' \
        "echo \"menuentry 'Debian'\\''s, Linux \$r' --class os \\\$menuentry_id_option 'gnulinux-\$r' {\"" \
        'printf "\tsearch --set=root x\n\tlinux\t/boot/vmlinuz-%s root=UUID=x ro %s quiet\n\tinitrd\t/boot/ucode.img /boot/initrd.img-%s\n}\n" "$r" "$GRUB_CMDLINE_LINUX" "$r"' 'done'
    live_run env "$@" /etc/grub.d/42_passthrough
}

@test "GRUB: the entry without passthrough is the first kernel's, less what apply has added" {
    grub_menu 'GRUB_CMDLINE_LINUX=console=ttyS0 iommu=pt'
    exits 0
    is "$(grep -c ^menuentry <<<"$output")" 1 entries
    has "menuentry 'Linux, without passthrough' --class" "'passthrough-off' {" 'vmlinuz-6.12.1-other root=UUID=x ro console=ttyS0 iommu=pt passthrough=off quiet'
    put /etc/default/grub.d/passthrough.cfg '# Written' 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX iommu=pt pcie_aspm=off"'
    grub_menu 'GRUB_CMDLINE_LINUX=console=ttyS0 iommu=ptx iommu=pt pcie_aspm=off last'
    has 'ro console=ttyS0 iommu=ptx last passthrough=off quiet'
}

@test "GRUB: the entry of a trial is its kernel's, with its image and its tokens" {
    put /var/lib/passthrough/trial/grub 'release 6.1.0-99-amd64' 'initrd initrd.img-6.1.0-99-amd64.passthrough-trial' 'tokens iommu=pt passthrough.trial=1:900'
    grub_menu GRUB_CMDLINE_LINUX=console=ttyS0
    exits 0
    is "$(grep -c ^menuentry <<<"$output")" 2 entries
    has "menuentry 'Linux, passthrough: trial' --class" "'passthrough-trial' {" 'vmlinuz-6.1.0-99-amd64 root=UUID=x ro console=ttyS0 iommu=pt passthrough.trial=1:900 quiet' \
        $'initrd\t/boot/ucode.img /boot/initrd.img-6.1.0-99-amd64.passthrough-trial'
    sed -i 's,/boot/ucode.img,/boot/initrd.img-keys,' "$ROOT/etc/grub.d/10_linux"
    live_run env GRUB_CMDLINE_LINUX= /etc/grub.d/42_passthrough
    has $'initrd\t/boot/initrd.img-keys /boot/initrd.img-6.1.0-99-amd64.passthrough-trial\n'
    sed -i -E 's,linux\\t[^ ]*,linux\\t\x27/vmlinuz-%s\x27,; s,initrd\\t.*-%s.n\},initrd\\t\x27/initrd.img-%s\x27\\n},' "$ROOT/etc/grub.d/10_linux"
    live_run env GRUB_CMDLINE_LINUX= /etc/grub.d/42_passthrough
    has $'initrd\t\'/initrd.img-6.1.0-99-amd64.passthrough-trial\'\n'
    put /var/lib/passthrough/trial/grub 'release 6.1.0-99-amd64' 'initrd ' 'tokens iommu=pt'
    grub_menu GRUB_CMDLINE_LINUX=console=ttyS0
    has $'initrd\t/boot/ucode.img /boot/initrd.img-6.1.0-99-amd64\n'
}

@test "GRUB: a trial that is kept leaves no entry in the menu, nor does undo bring it back" {
    no_systemd_boot
    grub_host
    disk device
    before=$(boots)
    made
    grep -q 'passthrough-trial' "$ROOT/boot/grub/grub.cfg"
    boot_with second "$(grub_line passthrough-trial)"
    live trial --settle
    live confirm --automatic
    exits 0
    has 'The trial is kept'
    grep -q 'iommu=pt' "$ROOT/boot/grub/grub.cfg"
    ! grep -q 'passthrough-trial' "$ROOT/boot/grub/grub.cfg" || false
    live undo
    exits 0
    as_before
}

@test "GRUB: where it cannot write to grubenv a trial would be booted again and again: refused" {
    no_systemd_boot
    grub_host
    rm "$ROOT/etc/grub.d/42_passthrough"
    program /usr/sbin/update-grub true
    live apply
    exits 1
    has '/etc/grub.d/42_passthrough is not there'
    program /etc/grub.d/42_passthrough true
    IN_MEMORY=yes
    live apply
    exits 1
    has 'which GRUB does not write to: it would boot the trial again and again' 'apply --no-trial does without one'
    IN_MEMORY=
    disk d0p1/dm # a logical volume: no disk above it
    live apply
    exits 1
    has 'on LVM, RAID or another layer'
    disk md # a partition of an array
    live apply
    exits 1
    has 'on LVM, RAID or another layer'
    disk loop
    live apply
    exits 1
    has 'on an unknown device' # a loop, a bcache
    disk device
    live apply
    exits 1
    has "GRUB's menu has no entry for the trial" 'what was written is taken back' # update-grub here makes none
    state ''
    [[ ! -e $ROOT/var/lib/grub-reboot.log && ! -e $ROOT/var/lib/passthrough/trial/grub ]]
}

# all of the tree, with times, less what live mounts; of the place for temporary files what is in it
all_files() {
    (cd "$ROOT" && find . \( -path ./proc -o -path ./var/tmp \) -prune -o -printf '%p %y %m %s %T@ %l\n' | LC_ALL=C sort && find . -path ./var/tmp/\* && find . -path ./proc -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum
}

# dry STATUS COMMAND...: with --dry-run it exits so, and changes nothing.
dry() {
    local before
    before=$(all_files)
    live "${@:2}" --dry-run
    exits "$1" || return 1
    is "$(all_files)" "$before" "the tree after ${*:2} --dry-run"
}

@test "--dry-run of apply, undo, confirm and what the units run changes nothing, and exits as the real run does" {
    dry 0 apply
    has 'The next boot would try this once'
    dry 0 apply --json
    whole '.changed and (.written | not)'
    live apply --json
    exits 0
    whole '.changed and .trial.state == "pending"'
    live apply --json
    whole '.changed | not'
    dry 0 apply --json
    whole '.changed | not'
    dry 1 confirm
    dry 0 undo
    has 'The trial would be taken back.'
    state pending
    trial_boot second
    dry 0 trial --settle
    state pending
    live trial --settle
    live trial --json
    whole '.trial.state == "running" and .trial.this_boot'
    dry 0 trial --revert
    dry 0 trial --entry
    dry 0 confirm --json
    whole '.changed and .trial.state == "running"'
    state running
    live confirm --json
    exits 0
    whole '.changed and .message == ""'
    live trial --json
    whole '.trial.state == "none"'
    live confirm --json
    exits 0
    whole '(.changed | not) and .message == "there is no trial"'
    dry 0 undo --json
    whole '.changed and .applies == [1]'
    live undo --json
    whole '.changed and .applies == [1] and (.trial | not)'
    as_before
}

@test "--dry-run of an apply that cannot be tried, or whose trial has failed, fails as that does" {
    made
    trial_boot second
    live trial --settle
    boot_is third
    live trial --settle
    state failed
    dry 1 apply
    has 'Nothing is written: change a rule first'
    live apply
    exits 1
    put /etc/passthrough.conf '[Host]' CommandLine=quiet
    rm "$ROOT$VARS/LoaderInfo-$VENDOR"
    dry 1 apply
    has 'no trial boot is possible'
    live apply
    exits 1
    has 'no trial boot is possible'
}

@test "the last line of list follows the trial: reboot, confirm, and what it says once it failed" {
    pci_root 0000:00
    pci_add 0000:00:08.0 10de:1b06 030000 group=1 driver=nouveau
    live list
    says '^ +00:08\.0 .* next boot +gpu0$'
    says '^  Next: sudo passthroughctl apply '
    made --confirm=15min
    live list
    says '^  Next: sudo reboot +tries this once; confirm it in that boot within 15 min, or it is taken back$'
    trial_boot second
    live trial --settle
    state running
    live list
    says '^  Next: sudo passthroughctl confirm +keeps what this boot tries'
    boot_is third
    live trial --settle
    state failed
    live list
    says '^  Next: sudo passthroughctl status --boot=-1 +says what happened in the trial; then change a rule and apply, or apply --no-trial$'
    live undo
    live apply --no-trial
    exits 0
    live list
    says '^  Next: sudo reboot +boots with the rules$'
}

@test "a failed trial whose boot is known is read of by that boot, however many came after it" {
    local id=8d5bd1c9-1e0a-4f0b-9c0b-2d6f6c1f0a11
    made
    trial_boot $id
    live trial --settle
    state running
    boot_is third
    live trial --settle
    state failed
    boot_is fourth
    live status
    says "^  Next: sudo passthroughctl status --boot=${id//-/} "
}

@test "a failed trial that came to no service is the boot before this one" {
    made
    boot_is third
    live trial --settle
    live status
    says '^  Next: sudo passthroughctl status --boot=-1 '
}

@test "GRUB with boot loader entries: a trial is a copy of the kernel's entry, which GRUB forgets once it boots it" {
    no_systemd_boot
    fedora_host
    disk device
    before=$(boots)
    made
    has 'Next boot       grub2-reboot 0-passthrough-trial, '
    is "$(grep -v ^options "$ROOT$ENTRY")" "title Fedora ($KERNEL) (passthrough: trial)
version $KERNEL
linux /vmlinuz-$KERNEL
initrd /initramfs-$KERNEL.img.passthrough-trial \$tuned_initrd
grub_users \$grub_users" 'the entry'
    [[ $(sed -n 's/^options //p' "$ROOT$ENTRY") =~ ^root=UUID=x\ ro\ \$tuned_params\ intel_iommu=on\ iommu=pt\ passthrough\.trial=[0-9a-f]{16}:900\ panic=10\  ]]
    grep -qx next_entry=0-passthrough-trial "$ROOT/boot/grub2/grubenv"
    live undo
    exits 0
    nothing_left
    as_before
    made
    sed -i /^next_entry/d "$ROOT/boot/grub2/grubenv"
    boot_with second "$(sed -n 's/^options //p' "$ROOT$ENTRY")"
    live trial --settle
    live confirm --automatic
    exits 0
    has 'The trial is kept'
    nothing_left
    grep -q 'iommu=pt' "$ROOT/boot/loader/entries/lab-$KERNEL.conf"
    live undo
    exits 0
    as_before
}

@test "GRUB with boot loader entries: a trial that GRUB would not forget, or not know, is none, and why is said" {
    no_systemd_boot
    fedora_host
    disk device
    before=$(boots)
    refused() {
        live apply
        exits 1 && has "no trial boot is possible: $1" && as_before && nothing_left && [[ ! -e $ROOT/var/lib/grub-reboot.log ]]
    }
    sed -i '/next_entry/d' "$ROOT/boot/grub2/grub.cfg"
    before=$(boots)
    refused "GRUB's menu does not forget an entry once it is booted (no next_entry)"
    fedora_host
    echo 'env_block=512+1' >>"$ROOT/boot/grub2/grubenv"
    before=$(boots)
    refused 'GRUB keeps its environment outside /boot/grub2/grubenv'
    rm "$ROOT/boot/grub2/grubenv"
    before=$(boots)
    refused '/boot/grub2/grubenv is not there'
    fedora_host
    before=$(boots)
    disk md
    refused '/boot/grub2/grubenv is on LVM, RAID or another layer'
    disk device
    rm "$ROOT/usr/sbin/grub2-reboot"
    refused 'grub2-reboot and grub2-editenv are not both there'
    fedora_host
    put /boot/efi/EFI/redhat/grub.cfg '### BEGIN /etc/grub.d/00_header ###'
    before=$(boots)
    refused 'GRUB may read /boot/efi/EFI/redhat/grub.cfg in place of /boot/grub2/grub.cfg'
    put /boot/efi/EFI/redhat/grub.cfg 'configfile $prefix/grub.cfg'
    sed -i 's/^options.*/options $kernelopts/' "$ROOT/boot/loader/entries/lab-$KERNEL.conf"
    printf 'kernelopts=root=UUID=x ro\n%0200d' 0 | tr 0 '#' >>"$ROOT/boot/grub2/grubenv"
    before=$(boots)
    refused "the entries have their parameters from GRUB's environment"
}

@test "apply twice, with nobody to ask: the trial is made once, and in its boot nothing changes either" {
    twice live apply
    trial_boot second
    live apply --json <&-
    exits 0
    whole '(.changed or .written or .reboot | not) and .message == ""'
    live confirm --json <&-
    exits 0
    whole .changed
    live apply --json <&-
    exits 0
    whole '.changed or .written | not'
}

@test "apply twice, at once and without a trial" {
    twice live apply --no-trial
    live undo --list --json
    whole '.applies | length == 1'
}

@test "apply with nobody to ask says in its document what stops it, and the option that goes on" {
    made
    boot_is second
    live trial --settle
    live apply --json <&-
    exits 1
    whole '(.changed | not) and (.message | startswith("the trial of ") and endswith("change a rule first, or use apply --no-trial"))'
    no_systemd_boot
    rule gpu1 '[Match]' ID=10de:1b07
    live apply --json <&-
    exits 1
    whole '(.reboot | not) and (.message | startswith("no supported boot loader was found"))'
}
