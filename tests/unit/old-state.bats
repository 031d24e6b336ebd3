# SPDX-License-Identifier: GPL-2.0-or-later
# Records, applied state and boot images that an earlier version left behind (old-state/) work under the programs of today. Each test
# makes the machine anew and takes the files from old-state; OLD_STATE=make has the programs in $BUILD make the files instead.

load product
load tree-pages
load tree-boot
load live
load tree

STATE=$BATS_TEST_DIRNAME/old-state

setup_file() {
    "${CC:-cc}" -O1 -o "$BATS_FILE_TMPDIR/kill-at" "$BATS_TEST_DIRNAME/kill-at.c"
}

# left NAME MAKE PLACE...: these places of the tree are as the earlier version left them. MAKE is what was run then.
left() {
    local name=$1 make=$2 place
    shift 2
    if [[ ${OLD_STATE-} == make && ! -e $BATS_RUN_TMPDIR/made.$name ]]; then
        : >"$BATS_RUN_TMPDIR/made.$name"
        "$make" || return 1
        rm -rf "${STATE:?}/$name" && mkdir "$STATE/$name"
        for place; do
            [[ -e $ROOT/$place ]] || continue
            (cd "$ROOT" && cp -a --parents "$place" "$STATE/$name")
        done
        # Git keeps no other modes.
        find "$STATE/$name" -type f -perm 600 -printf '%P\n' | LC_ALL=C sort >"$STATE/$name/private"
    fi
    for place; do
        rm -rf "${ROOT:?}/$place"
        [[ ! -e $STATE/$name/$place ]] || (cd "$STATE/$name" && cp -a --no-preserve=ownership,timestamps --parents "$place" "$ROOT")
    done
    while read -r place; do chmod 600 "$ROOT/$place"; done <"$STATE/$name/private"
}

# same_as NAME FILE FILTER: the output, as jq has it after FILTER, is what the earlier version printed then.
same_as() {
    local file=$STATE/$1-$2 filter=${3-.}
    if [[ ${OLD_STATE-} == make && ! $file -nt $STATE/$1/private ]]; then printf '%s\n' "$output" >"$file"; fi
    # What is wrong with the config is a member that earlier versions did not have.
    diff <(jq -S "$filter" "$file") <(jq -S "del(.errors) | $filter" <<<"$output") || { show && return 1; }
}

# --- a boot

# Two cards, of which one does not let itself be taken; two functions under one rule; a disk and a network card; huge pages.
machine() {
    tree_again machine && return
    tree_new
    firmware_uuid
    two_nodes
    settings '[HugePages]' Size=2M Nodes='0:64 1:128'
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=vfio-pci override=vfio-pci boot_vga=0
    pci_add 0000:01:00.1 1002:aa38 0403 under=0000:00:02.0 group=1 driver=vfio-pci override=vfio-pci
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1af4:1058 00ff under=0000:00:03.0 group=2 driver=vfio-pci override=vfio-pci serial=aa-aa-aa-ff-ff-00-00-01
    root_port 0000:00:04.0 03 slot=7
    pci_add 0000:03:00.0 1af4:1058 00ff under=0000:00:04.0 group=3 driver=vfio-pci override=vfio-pci
    root_port 0000:00:05.0 04
    pci_add 0000:04:00.0 1b36:0010 010802 under=0000:00:05.0 group=4 driver=vfio-pci override=vfio-pci
    pci_root 0000:40
    card 0000:40:03.1 42 15
    process 1 systemd
    put /etc/passwd root:x:0:0:root:/root:/bin/bash "vm:x:$(id -u):$(id -g)::/:/bin/false"
    put /etc/group root:x:0: "kvm:x:$(id -g):vm"
    group_node 1 && group_node 2 && group_node 3 && group_node 4
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Required=yes Group=kvm
    rule gpu1 '[Match]' Address=42:00.0
    rule nets '[Match]' ID=1af4:1058 '[Device]' Expect=1-
    rule nvme '[Match]' Address=04:00.0
    rule disk '[Match]' Address=00:1f.2
    rule none '[Match]' Address=99:00.0
    rule wrong '[Match]' Adress=00:1f.3
    tree_keep machine
}

group_node() { put "/dev/vfio/$1" && chmod 600 "$ROOT/dev/vfio/$1"; }

# What the clearance is asked for is there before the boot; disks are not shown by then.
booted() {
    image_built
    put /etc/initrd-release ID=debian
    run --separate-stderr env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    run --separate-stderr env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    rm "$ROOT/etc/initrd-release"
    [[ -e $ROOT/run/passthrough/record && -e $ROOT/var/lib/passthrough/clearance ]]
}

services() {
    local rule
    for rule in gpu0 gpu1 nets nvme disk none wrong; do service "$rule"; done
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=host
    pci_bind 0000:03:00.0 nvme
    ctl release 03:00.0
    exits 0
}

lived() { booted && services; }

service() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
}

from_initrd() { machine && left initrd booted run/passthrough var/lib/passthrough; }
from_host() {
    machine
    left host lived run/passthrough run/udev var/lib/passthrough dev/passthrough
    # In a tree of plain files a driver's unbind moves nothing; the host's driver has it now.
    pci_bind 0000:03:00.0 nvme
    pci_set 0000:03:00.0 driver_override '(null)'
}

links() {
    (cd "$ROOT" && find dev/passthrough -type l -printf '%p=%l\n' 2>/dev/null | LC_ALL=C sort | paste -sd' ')
}

@test "the record of an earlier version's initrd: status says of it what that version said" {
    from_initrd
    ctl status --json
    exits 2 # one rule's file is wrong
    same_as initrd status.json
    is "$(get '.rules[] | "\(.name)=\(.state)"')" 'disk=refused gpu0=ok gpu1=failed nets=ok none=missing nvme=ok wrong=invalid' rules
    is "$(get '.hugepages.pools[] | "\(.node) \(.got)/\(.asked) \(.state)"')" '0 64/64 reserved 1 128/128 reserved' pools
    ctl status
    exits 2
    says ' 01:00\.0 .* vfio-pci +[0-9.]+ s$'
}

@test "the record of an earlier version's initrd: the host's services go on from it" {
    from_initrd
    local rule
    for rule in gpu0 nets nvme; do
        service "$rule"
        exits 0
    done
    for rule in gpu1 disk none wrong; do
        service "$rule"
        exits 1
    done
    is "$(links)" 'dev/passthrough/gpu0=/dev/vfio/1 dev/passthrough/nets.d/0=/dev/vfio/2 dev/passthrough/nets.d/1=/dev/vfio/3 dev/passthrough/nvme=/dev/vfio/4' links
    ctl status --json
    same_as initrd status.json '[.devices[] | del(.at_us, .back)], [.rules[] | {name, state}], .hugepages'
}

@test "the record of an earlier version's initrd: the generator makes the host's units of it" {
    from_initrd
    local rule
    mkdir "$ROOT/units"
    run --separate-stderr env SYSTEMD_IN_INITRD=0 "$BUILD/passthrough-generator" --root="$ROOT" /units
    exits 0
    for rule in gpu0 gpu1 nets nvme disk none wrong; do
        [[ -L $ROOT/units/passthrough.target.wants/passthrough@$rule.service ]] || { echo "no unit of $rule" && return 1; }
    done
    [[ -L $ROOT/units/boot-complete.target.requires/passthrough@gpu0.service ]] || { find "$ROOT/units" && return 1; }
}

@test "the record of an earlier version's initrd: the root stage and the initrd's are not carried out again" {
    from_initrd
    local before
    before=$(<"$ROOT/run/passthrough/record")
    put /etc/initrd-release ID=debian
    run --separate-stderr env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    run --separate-stderr env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    is "$(grep '^D' "$ROOT/run/passthrough/record")" "$(grep '^D' <<<"$before")" 'devices of the record'
}

@test "the record of an earlier version's host: status, pending rules, and the plan for the next boot" {
    from_host
    ctl status --json
    exits 2 # one rule's file is wrong
    same_as host status.json
    is "$(get '.devices[] | select(.address == "0000:03:00.0").state')" skipped 'what was released'
    plan
    exits 2
    # Of the disk it has no serial number: today that waits until what is on it shows. Today's load leaves ids= out.
    same_as host plan.json 'del(.devices[].reason, .devices[].back, .rules[].message, .operations[].why)
        | del(.operations[] | select(.op == "load").value)
        | del(.devices[] | select(.address == "0000:04:00.0").stage)
        | .operations |= map(select(.stage == "initrd" and .op != "hide" and (.target + (.value // "") | contains("0000:04:00.0") | not)))'
    device 0000:04:00.0 bind vfio-pci root
    add_line /etc/passthrough.d/gpu0.conf '# a remark'
    ctl status --json
    is "$(get '.rules[] | select(.name == "gpu0").state')" pending 'changed rule'
    is "$(get '.rules[] | select(.name == "nvme").state')" ok 'the same rule'
}

@test "the record of an earlier version's host: release and bind by hand" {
    from_host
    pci_bind 0000:01:00.0 radeon
    pci_bind 0000:01:00.1 snd_hda_intel
    ctl release gpu0
    exits 0
    is "$(links)" 'dev/passthrough/nets.d/0=/dev/vfio/2 dev/passthrough/nvme=/dev/vfio/4' links
    [[ ! -e $ROOT/run/udev/rules.d/72-passthrough-gpu0.rules ]]
    ctl status --json
    is "$(get '[.devices[] | select(.rule == "gpu0").state] | unique[]')" skipped 'after release'
    is "$(get '.devices[] | select(.rule == "nvme").state')" bound 'another rule'
    pci_bind 0000:01:00.0 vfio-pci
    pci_bind 0000:01:00.1 vfio-pci
    pci_bind 0000:03:00.0 vfio-pci
    ctl bind gpu0
    exits 0
    ctl bind 0000:03:00.0
    exits 0
    # The numbers are those that were given then.
    is "$(links)" 'dev/passthrough/gpu0=/dev/vfio/1 dev/passthrough/nets.d/0=/dev/vfio/2 dev/passthrough/nets.d/1=/dev/vfio/3 dev/passthrough/nvme=/dev/vfio/4' links
    ctl status --json
    is "$(get '.devices[] | select(.rule == "gpu0" or .rule == "nets").state')" 'bound bound bound bound' 'after bind'
}

@test "a clearance of an earlier version holds in the initrd, and lapses as ever" {
    from_initrd
    rm -r "$ROOT/run/passthrough"
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps" "$(pci_file 0000:04:00.0 driver)"
    plan
    device 0000:04:00.0 bind vfio-pci root
    # As it would be of a disk that PCI has a number of.
    pci_remove 0000:04:00.0
    pci_add 0000:04:00.0 1b36:0010 010802 under=0000:00:05.0 group=4 serial=aa-aa-aa-ff-ff-00-00-04
    sed -i '/\t0000:04:00.0\t/s/\t1b36:0010\t\t\t/\t1b36:0010\taa-aa-aa-ff-ff-00-00-04\t\t/; s/^end .*/end/' "$ROOT/var/lib/passthrough/clearance"
    plan
    device 0000:04:00.0 bind vfio-pci initrd
    firmware_uuid 00000000-1111-2222-3333-444444444444
    plan
    device 0000:04:00.0 bind vfio-pci root
    firmware_uuid
    put /proc/cmdline root=UUID=1
    plan
    device 0000:04:00.0 bind vfio-pci root
}

@test "numbers that an earlier version gave stay with their devices" {
    from_host
    # The clearance knows the first one, too, and would have the stranger refused.
    rm -rf "$ROOT/run/passthrough" "$ROOT/dev/passthrough" "$ROOT/var/lib/passthrough/clearance"
    pci_remove 0000:02:00.0
    pci_remove 0000:03:00.0
    # The one with a serial number sits elsewhere now, and a stranger where it was.
    root_port 0000:00:06.0 06
    pci_add 0000:06:00.0 1af4:1058 00ff under=0000:00:06.0 group=6 driver=vfio-pci override=vfio-pci serial=aa-aa-aa-ff-ff-00-00-01
    pci_add 0000:02:00.0 1af4:1058 00ff under=0000:00:03.0 group=2 driver=vfio-pci override=vfio-pci serial=bb-bb-bb-ff-ff-00-00-01
    group_node 6
    image_built
    service nets
    exits 0
    is "$(links)" 'dev/passthrough/nets.d/0=/dev/vfio/6 dev/passthrough/nets.d/2=/dev/vfio/2' links
}

# --- apply, trials and undo

# Text, so that a reader sees what changes: an image is its files, each behind a line with its name.
text_images() {
    image_tools
    # shellcheck disable=SC2016 # expanded when it runs
    sed -i 's/^tar -C .*/(cd $dir \&\& find . -type f | LC_ALL=C sort | while read -r f; do echo "= $f"; sed "s,^,|," "$f"; echo; done) >$out/' "$ROOT/usr/sbin/dracut"
    # shellcheck disable=SC2016
    program /usr/sbin/lsinitrd 'case $1 in' \
        '-f) awk -v want="= ./$2" "/^= / { on = \$0 == want; next } on && /^[|]/ { print substr(\$0, 2) }" "$3" ;;' \
        '*) sed -n "s/^= /-rw-r--r-- root root 1 Jan 1 2026 /p" "$1" ;; esac' 'exit 0'
}

host() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    live_root
    mkdir -p "$ROOT"/{usr/sbin,etc/alternatives}
    ln -sf "$(readlink -f "$(command -v awk)")" "$ROOT/etc/alternatives/awk"
    cp "$BATS_FILE_TMPDIR/kill-at" "$ROOT/"
    text_images
}

# image_before FILE: one that knows nothing of this program.
image_before() {
    put "$1" '= ./lib/modules/old.ko' '|m'
    chmod 600 "$ROOT$1"
}

on_grub() {
    host
    grub_host
    image_before "/boot/initrd.img-$KERNEL"
    live_run /usr/sbin/update-grub
    BEFORE=$(boot_state)
}

# All that is of the boot, less what GRUB itself writes at each.
boot_state() {
    (cd "$ROOT" && find boot etc/default etc/kernel -type f ! -name grubenv -printf '%m %p ' -exec sha256sum {} \; 2>/dev/null | LC_ALL=C sort)
}

as_before() {
    diff <(echo "$BEFORE") <(boot_state) || { show && return 1; }
}

applied() {
    live apply --no-trial
    exits 0
}

from_grub() { on_grub && left grub applied boot etc/default var/lib/passthrough; }

@test "an earlier version's apply: all of it is there, and its images are judged as its own" {
    from_grub
    # Earlier images had these, too; this host's dracut put in none then.
    add_line "/boot/initrd.img-$KERNEL" '' '= ./lib/libkmod.so.2' '' '= ./lib/libblkid.so.1'
    grep -q intel_iommu=on "$ROOT/boot/grub/grub.cfg"
    live apply --dry-run
    exits 0
    has 'Command line    nothing to do' 'Boot images     nothing to do'
    live check --json
    is "$(jq -r '.checks[] | select(.id | startswith("image.6")) | .status' <<<"$output")" pass 'the image'
    live undo --list
    exits 0
    has '1  ' "/boot/initrd.img-$KERNEL" /etc/default/grub.d/passthrough.cfg
}

@test "an earlier version's apply: undo takes it back" {
    from_grub
    live undo
    exits 0
    as_before
    live undo
    exits 0
    has 'Nothing to undo.'
}

@test "an earlier version's apply: another one on top, and both taken back" {
    from_grub
    local first
    first=$(boot_state)
    put /etc/passthrough.conf '[Host]' CommandLine=pcie_aspm=off
    live apply --no-trial
    exits 0
    grep -q 'intel_iommu=on iommu=pt pcie_aspm=off' "$ROOT/boot/grub/grub.cfg"
    live undo
    exits 0
    is "$(boot_state)" "$first" 'behind the first undo'
    live undo
    exits 1
    # Only the last apply keeps the images that were there before.
    has 'Apply 1 is undone.' "/boot/initrd.img-$KERNEL: the image before this apply is not kept any more"
    diff <(grep -v initrd.img <<<"$BEFORE") <(boot_state | grep -v initrd.img)
}

@test "an earlier version's applied config stands in where a rule is wrong now" {
    from_grub
    rule gpu0 '[Match]' IDD=10de:1b06
    mkdir "$ROOT/image"
    live image "--kernel=$KERNEL" /image
    exits 0
    is "$(<"$ROOT/image/etc/passthrough.d/gpu0.conf")" $'[Match]\nID=10de:1b06' 'the rule in the image'
}

cut_short() {
    local n
    # The first image is in its place, and the apply is not done.
    for ((n = 1; n < 400; n++)); do
        rm -rf "${ROOT:?}"/{boot,etc/default,var/lib/passthrough}
        cp -a "$BATS_TEST_TMPDIR/host/." "$ROOT/"
        live_run env ASAN_OPTIONS=detect_leaks=0 /kill-at "b$n" /build/passthroughctl apply --no-trial
        [[ $status == 77 ]] || return 1
        ! grep -q digest "$ROOT/boot/initrd.img-$KERNEL" || [[ ! -e $ROOT/etc/default/grub.d/passthrough.cfg ]] || break
    done
    [[ ! -e $ROOT/var/lib/passthrough/undo/1/done && -e $ROOT/var/lib/passthrough/undo/1/manifest ]]
}

from_cut_short() {
    on_grub
    mkdir "$BATS_TEST_TMPDIR/host"
    (cd "$ROOT" && cp -a --parents boot etc/default var/lib "$BATS_TEST_TMPDIR/host")
    left cut-short cut_short boot etc/default var/lib/passthrough
    [[ $(boot_state) != "$BEFORE" ]]
}

@test "an earlier version's apply that was cut short: status and apply say so, undo takes it back" {
    from_cut_short
    live undo --list
    has '(cut short)'
    live apply --dry-run
    has 'cut short'
    live undo
    exits 0
    as_before
}

@test "an earlier version's apply that was cut short: the next apply takes it back first" {
    from_cut_short
    live apply --no-trial
    exits 0
    has 'cut short; it is taken back first'
    grep -q intel_iommu=on "$ROOT/boot/grub/grub.cfg"
    live undo
    exits 0
    as_before
}

# --- trials

VENDOR=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
VARS=/sys/firmware/efi/efivars
ENTRY=/boot/loader/entries/0-passthrough-trial.conf
MANIFEST=/var/lib/passthrough/trial/manifest

on_systemd_boot() {
    host
    local image=/boot/lab/$KERNEL/initrd.img-$KERNEL
    put /etc/kernel/cmdline 'root=/dev/sda1 ro'
    put /etc/kernel/entry-token lab
    put "/boot/loader/entries/lab-$KERNEL.conf" 'title Lab' "version $KERNEL" 'sort-key debian' "linux /lab/$KERNEL/linux" \
        "initrd /lab/$KERNEL/initrd.img-$KERNEL" 'options root=/dev/sda1 ro'
    put "/boot/lab/$KERNEL/linux" kernel
    image_before "$image"
    mkdir -p "$ROOT$VARS"
    { printf '\6\0\0\0' && printf 'systemd-boot 252' | sed 's/./&\x00/g'; } >"$ROOT$VARS/LoaderInfo-$VENDOR"
    put /sys/class/watchdog/watchdog0/state active
    program /usr/sbin/bootctl "[ \"\$1\" != set-oneshot ] || : >$VARS/LoaderEntryOneShot-$VENDOR"
    boot_with first 'root=/dev/sda1 ro'
    BEFORE=$(boot_state)
}

trial_state() { is "$(sed -n 's/^state //p' "$ROOT$MANIFEST" 2>/dev/null)" "$1" 'the trial'; }
without_trial() {
    as_before || return 1
    is "$(find "$ROOT/boot" -name '*trial*')" '' "the trial's files"
}
trial_boot() { boot_with "$1" "$(sed -n 's/^options //p' "$ROOT$ENTRY")"; }

made() { live apply && exits 0 && trial_state pending; }
running() { made && trial_boot second && live trial --settle && trial_state running; }
failed() { made && boot_with second 'root=/dev/sda1 ro' && rm -f "$ROOT$VARS/LoaderEntryOneShot-$VENDOR" && live trial --settle && trial_state failed; }

from_trial() {
    on_systemd_boot
    left "trial-$1" "$2" boot etc/kernel var/lib/passthrough
    rm -f "$ROOT$VARS/LoaderEntryOneShot-$VENDOR"
}

@test "an earlier version's trial, pending: apply has nothing to do, undo takes it back" {
    from_trial pending made
    : >"$ROOT$VARS/LoaderEntryOneShot-$VENDOR"
    live apply
    exits 0
    has 'The next boot tries this already: nothing to do.'
    live undo
    exits 0
    without_trial
}

@test "an earlier version's trial, pending: its boot is complete, and it is kept" {
    from_trial pending made
    trial_boot second
    live trial --settle
    exits 0
    trial_state running
    live confirm --automatic
    exits 0
    has 'The trial is kept'
    trial_state ''
    is "$(sed -n 's/^options //p' "$ROOT/boot/loader/entries/lab-$KERNEL.conf")" 'root=/dev/sda1 ro intel_iommu=on iommu=pt' options
    live undo
    exits 0
    without_trial
}

@test "an earlier version's trial, pending: any other boot ends it" {
    from_trial pending made
    boot_with second 'root=/dev/sda1 ro'
    live trial --settle
    exits 0
    has 'did not come up'
    trial_state failed
    without_trial
}

@test "an earlier version's trial, running: confirm keeps it" {
    from_trial running running
    trial_boot second
    live status --json
    is "$(get '.trial | .state, .this_boot')" 'running true' trial
    live confirm
    exits 0
    trial_state ''
    is "$(sed -n 's/^options //p' "$ROOT/boot/loader/entries/lab-$KERNEL.conf")" 'root=/dev/sda1 ro intel_iommu=on iommu=pt' options
}

@test "an earlier version's trial, running: its time runs out, and it is taken back" {
    from_trial running running
    trial_boot second
    live trial --revert
    exits 0
    trial_state failed
    without_trial
}

@test "an earlier version's trial, failed: its config is in no image until it changes" {
    from_trial failed failed
    without_trial
    live status --json
    is "$(get '.trial.state')" failed trial
    live apply
    exits 1
    has 'Nothing is written: change a rule first'
    live plan
    says '^  gpu0 +invalid '
    rule gpu0 '[Match]' ID=10de:1b07
    made
}

# --- rules taken away

@test "a rule that an earlier version took away has its place, and another's is beside it" {
    machine
    removed() { ctl remove gpu1 && exits 0; }
    left removed removed var/lib/passthrough
    rm -f "$ROOT/etc/passthrough.d/gpu1.conf"
    cp "$ROOT/var/lib/passthrough/removed/gpu1.1/gpu1.conf" "$ROOT/etc/passthrough.d/"
    plan
    rule_is gpu1 ok
    ctl remove gpu1
    exits 0
    has /var/lib/passthrough/removed/gpu1.2
}
