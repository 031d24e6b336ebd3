# passthroughctl add: a rule for devices that are there, named by what survives renumbering, if the plan takes it.

load product
load tree

setup() {
    tree_again add && return
    tree_new
    dracut_there
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 15
    pci_add 0000:00:06.0 1000:0097 0107 group=30 serial=50-03-04-80-12-34-56-78 driver=mpt3sas
    pci_add 0000:00:07.0 144d:a808 010802 group=31 driver=nvme
    disk nvme0n1 259:0 0000:00:07.0
    part nvme0n1p1 259:1
    pci_add 0000:00:08.0 8086:10d3 0200 group=32 driver=e1000e
    nic eno8 0000:00:08.0
    pci_add 0000:00:09.0 9710:9922 0700 group=33 driver=serial
    tty_on ttyS4 0000:00:09.0/0000:00:09.0:0/0000:00:09.0:0.0
    devnode 0000:01:00.0 drm/card1 dri/card1 226:1
    link class/drm/card1 "$(pci_dir 0000:01:00.0)/drm/card1"
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=34 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    block sdx 8:160 "$(pci_dir 0000:00:14.0)/usb1/1-1/1-1:1.0/host9/target9:0:0/9:0:0:0/block/sdx"
    tree_keep add
}

# tty_on NAME ADDRESS[/FURTHER]: a terminal there.
tty_on() {
    local dir
    dir=$(pci_dir "${2%%/*}")${2#"${2%%/*}"}/tty/$1
    put "/sys/$dir/uevent" MAJOR=4 MINOR=68 "DEVNAME=$1"
    link "class/tty/$1" "$dir"
}

# all_files: every file and link of the tree, with what is in it.
all_files() {
    (cd "$ROOT" && find . -printf '%p %y %l\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum
}

# rule_has NAME LINE...: these are the lines of that rule, less comments.
rule_has() {
    is "$(grep -v '^#' "$ROOT/etc/passthrough.d/$1.conf" | paste -sd' ')" "${*:2}" "rule $1"
}

# writes_nothing STATUS ARG...: add ends with that status and changes nothing at all.
writes_nothing() {
    local before
    before=$(all_files)
    ctl add "${@:2}"
    exits "$1" || return 1
    is "$(all_files)" "$before" 'the tree'
}

@test "a graphics card is named by ID and path, and the plan takes it with its audio function" {
    LC_ALL=C.UTF-8 ctl add gpu0 42:00.0
    exits 0
    has 'Wrote /etc/passthrough.d/gpu0.conf.' 'Next: passthroughctl apply' 'radeon → vfio-pci' 'comes along: its audio'
    has_not '[y/N]'
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "what is shown before anything is written is what plan has afterwards, device for device" {
    LC_ALL=C.UTF-8 ctl add gpu0 42:00.0
    local before
    before=$(sed -n 's/^  \([0-9a-f:.]*\)  .*  .*→ vfio-pci$/0000:\1/p; s/^  \([0-9a-f:.]*\)  .*  comes along: .*/0000:\1/p' <<<"$output" | paste -sd' ')
    is "$before" '0000:42:00.0 0000:42:00.1' 'the devices shown'
    plan
    # shellcheck disable=SC2086 # one address a word
    bound $before
}

@test "the rule that add wrote finds the card again once bus numbers have shifted" {
    ctl add gpu0 42:00.0
    exits 0
    pci_remove 0000:42:00.0
    pci_remove 0000:42:00.1
    pci_add 0000:43:00.0 1002:5159 0300 under=0000:40:03.1 group=15 driver=radeon
    pci_add 0000:43:00.1 1002:aa38 0403 under=0000:40:03.1 group=15 driver=snd_hda_intel
    plan
    exits 0
    bound 0000:43:00.0 0000:43:00.1
}

@test "a device is named by address, by its node, its links, its interface or its terminal" {
    mkdir -p "$ROOT/dev/disk/by-id"
    ln -s ../../nvme0n1 "$ROOT/dev/disk/by-id/nvme-Samsung_1"
    local case
    for case in 0000:00:07.0=00:07.0 /dev/nvme0n1=00:07.0 /dev/nvme0n1p1=00:07.0 /dev/disk/by-id/nvme-Samsung_1=00:07.0 \
        /dev/dri/card1=00:02.0/00.0 eno8=00:08.0 ttyS4=00:09.0 /dev/ttyS4=00:09.0; do
        rm -f "$ROOT/etc/passthrough.d/x.conf"
        ctl add x "${case%=*}"
        exits 0 || { echo "of $case" && return 1; }
        grep -qx "Path=0000:${case#*=}" "$ROOT/etc/passthrough.d/x.conf" || { show && return 1; }
    done
}

@test "a node is told by its numbers, whatever its name" {
    mkdir -p "$ROOT/dev/odd"
    mknod "$ROOT/dev/odd/disk" b 259 0 2>/dev/null || skip 'nodes cannot be made here'
    mknod "$ROOT/dev/odd/terminal" c 4 68
    link dev/block/259:0 "$(pci_dir 0000:00:07.0)/nvme0n1"
    link dev/char/4:68 "$(pci_dir 0000:00:09.0)/0000:00:09.0:0/0000:00:09.0:0.0/tty/ttyS4"
    link "$(pci_dir 0000:00:09.0)/0000:00:09.0:0/0000:00:09.0:0.0/tty/ttyS4/subsystem" class/tty
    ctl add x /dev/odd/disk
    exits 0
    rule_has x '[Match]' ID=144d:a808 Path=0000:00:07.0
    ctl add y /dev/odd/terminal
    exits 0
    rule_has y '[Match]' Bus=tty ID=9710:9922 Path=0000:00:09.0
}

@test "a link of which only udev's database knows is followed on a captured machine" {
    put /run/udev/data/b259:0 S:disk/by-id/nvme-Samsung_2 E:ID_FS_TYPE=
    ctl add x /dev/disk/by-id/nvme-Samsung_2
    exits 0
    rule_has x '[Match]' ID=144d:a808 Path=0000:00:07.0
}

@test "a storage controller is named by its serial number, too, where it is its own" {
    ctl add hba 00:06.0
    exits 0
    rule_has hba '[Match]' ID=1000:0097 Path=0000:00:06.0 Serial=50-03-04-80-12-34-56-78
    pci_add 0000:00:0a.0 1000:0097 0107 group=35 serial=50-03-04-80-12-34-56-78
    rm "$ROOT/etc/passthrough.d/hba.conf"
    ctl add hba 00:06.0
    rule_has hba '[Match]' ID=1000:0097 Path=0000:00:06.0
    pci_add 0000:00:0b.0 1000:0097 0107 group=36 serial=00-00-00-00-00-00-00-00 driver=mpt3sas
    ctl add hba2 00:0b.0
    rule_has hba2 '[Match]' ID=1000:0097 Path=0000:00:0b.0
}

@test "several devices go into one rule, each named once, with their number" {
    ctl add both 01:00.0 42:00.0 42:00.0
    exits 0
    rule_has both '[Match]' ID=1002:5159 'Path=0000:00:02.0/00.0 0000:40:03.1/00.0' '[Device]' Expect=2
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
}

@test "what comes along with a display unasked is not written, unless Functions= is" {
    ctl add gpu0 42:00.1 42:00.0
    exits 0
    has '42:00.1 comes along with 42:00.0 unasked'
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    ctl add gpu1 01:00.0 01:00.1 Functions=match
    exits 0
    rule_has gpu1 '[Match]' 'ID=1002:5159 1002:aa38' 'Path=0000:00:02.0/00.0 0000:00:02.0/00.1' '[Device]' Expect=2 Functions=match
}

@test "virtual functions are named by their parent and their index" {
    pci_add 0000:00:0c.0 8086:1572 0200 group=40 driver=i40e
    pci_add 0000:00:0c.2 8086:154c 0200 group=41 physfn=0000:00:0c.0 index=0
    pci_add 0000:00:0c.3 8086:154c 0200 group=42 physfn=0000:00:0c.0 index=1
    ctl add vfs 00:0c.2 00:0c.3
    exits 0
    rule_has vfs '[Match]' ID=8086:154c Parent=0000:00:0c.0 'VirtualFunction=0 1' '[Device]' Expect=2
    plan
    bound 0000:00:0c.2 0000:00:0c.3
    writes_nothing 1 mixed 00:0c.2 01:00.0
    has 'nothing else with them'
}

@test "what the host needs is refused, with the chain, and nothing is written" {
    writes_nothing 1 disk /dev/sda
    has '00:1f.2' 'Not written: the host needs it, for / (sda2).' 'Next: passthroughctl list'
    has_not 'no IOMMU group'
    default_route eno8
    writes_nothing 1 nic eno8
    has 'Not written: the host needs it, for the default route (eno8).'
}

@test "a boot display is refused, and taken where the setting is given behind the device" {
    pci_set 0000:01:00.0 boot_vga 1
    writes_nothing 1 gpu0 01:00.0
    has AllowBootDisplay=yes
    ctl add gpu0 01:00.0 AllowBootDisplay=yes
    exits 0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:00:02.0/00.0 '[Device]' AllowBootDisplay=yes
}

@test "company in the IOMMU group is named, and the setting that takes it along is offered where that would do" {
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15
    writes_nothing 1 gpu0 42:00.0
    has 'IOMMU group 15 also holds 00:0d.0' 'Next: passthroughctl add gpu0 42:00.0 IOMMUGroup=complete'
    ctl add gpu0 42:00.0 IOMMUGroup=complete
    exits 0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0 '[Device]' IOMMUGroup=complete
    plan
    bound 0000:00:0d.0 0000:42:00.0 0000:42:00.1
}

@test "company that the host needs is no offer" {
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15 driver=e1000e
    nic eno13 0000:00:0d.0 up
    default_route eno13
    writes_nothing 1 gpu0 42:00.0
    has 'its IOMMU group cannot go as a whole, 00:0d.0 stays: the host needs it, for the default route (eno13).'
    has_not 'passthroughctl add gpu0 42:00.0'
}

@test "no IOMMU: refused" {
    rm "$ROOT/sys/$(pci_dir 0000:42:00.0)/iommu_group" "$ROOT/sys/$(pci_dir 0000:42:00.1)/iommu_group"
    rm -r "$ROOT/sys/kernel/iommu_groups/15"
    writes_nothing 1 gpu0 42:00.0
    has 'the IOMMU is off or not there' 'Next: passthroughctl check   says why there is no IOMMU group'
}

@test "a device that an earlier rule decides gets no rule without effect" {
    rule 10-host '[Match]' Path=0000:40:03.1/00.0 '[Device]' Driver=native
    writes_nothing 1 gpu0 42:00.0
    has 'rule 10-host decides 42:00.0' 'of two rules for a device the first by name decides' 'no effect'
}

@test "a device of which another rule would be robbed is refused" {
    rule 50-gpu '[Match]' Path=0000:40:03.1/00.0
    writes_nothing 1 40-gpu 42:00.0
    has 'it takes 42:00.0 away' 'rule 50-gpu would be missing'
}

@test "a companion of another rule may get a rule of its own, and that is said" {
    rule gpu0 '[Match]' Path=0000:40:03.1/00.0
    ctl add audio 42:00.1
    exits 0
    has 'Rule gpu0 takes 42:00.1 along already; from now on audio decides it.'
}

@test "a name that is taken is refused in each directory, masks and dangling links too, and none is touched" {
    local dir
    for dir in /etc /run /usr/local/lib /usr/lib; do
        rule_in $dir/passthrough.d gpu0 '[Match]' ID=1002:9999
        writes_nothing 1 gpu0 42:00.0
        has "$dir/passthrough.d/gpu0.conf"
        rm "$ROOT$dir/passthrough.d/gpu0.conf"
    done
    ln -s /dev/null "$ROOT/etc/passthrough.d/gpu0.conf"
    writes_nothing 1 gpu0 42:00.0
}

@test "bad names, no device, and what names none are usage errors" {
    local name
    for name in .hidden -x 'a b' a/b '' "$(printf 'x%.0s' {1..65})" gpu0.conf; do
        writes_nothing 2 -- "$name" 42:00.0 || { echo "name $name" && return 1; }
    done
    writes_nothing 2
    writes_nothing 2 gpu0
    writes_nothing 2 gpu0 Functions=match
    writes_nothing 2 gpu0 42:00.5
    has 'there is no PCI device at 42:00.5'
    writes_nothing 2 gpu0 eno9
    has 'is "eno8" meant?'
    writes_nothing 2 gpu0 /dev/nothing
    has 'there is no /dev/nothing'
    writes_nothing 2 gpu0 /sys/bus
    writes_nothing 2 gpu0 ..
}

@test "a setting that is none is told as in a file, and nothing is written" {
    writes_nothing 2 gpu0 42:00.0 Drivr=x
    has '/etc/passthrough.d/gpu0.conf:6: unknown key "Drivr" in [Device]; did you mean "Driver"?'
    writes_nothing 2 gpu0 42:00.0 $'Driver=native\n[Match]'
    writes_nothing 2 gpu0 42:00.0 ID=1002:5159
}

@test "what is no hardware, or on USB, is told by what it stands on" {
    stacked dm-0 254:0 nvme0n1p1
    net_over bond0 eno8
    writes_nothing 2 x /dev/dm-0
    has 'dm-0 is not a device; name one of those that it is on: nvme0n1p1 (00:07.0)'
    writes_nothing 2 x bond0
    has 'bond0 is not a device; name one of its ports: eno8 (00:08.0)'
    writes_nothing 2 x /dev/sdx
    has 'sdx is on USB' 'name 00:14.0'
    link class/tty/tty1 devices/virtual/tty/tty1
    put /sys/devices/virtual/tty/tty1/uevent DEVNAME=tty1
    writes_nothing 2 x /dev/tty1
    has 'tty1 is on no PCI device'
}

@test "a disk of several on a controller says that the controller goes as a whole" {
    disk sdb 8:16 0000:00:06.0
    block sdc 8:32 "$(pci_dir 0000:00:06.0)/ata1/host0/target0:0:1/0:0:1:0/block/sdc"
    part sdb1 8:17
    ctl add hba /dev/sdb
    exits 0
    has '00:06.0 goes as a whole, and sdc is on it, too.'
}

@test "an interface's name that a terminal would obey is told as text" {
    nic $'ens\e[31m' 0000:00:08.0
    nic $'enp\e[31m' 0000:00:08.0
    net_over br9 $'ens\e[31m'
    ctl add x br9
    exits 2
    has 'br9 is not a device; name one of its ports: ens?[31m (00:08.0)'
    [[ $stderr != *$'\e'* ]]
    ctl add x $'enp\e[31m' --dry-run
    has '00:08.0 goes as a whole, and' 'ens?[31m'
    [[ $output$stderr != *$'\e'* ]]
}

@test "an NVMe disk behind a multipath head is found by its controller; one with two is asked for by address" {
    pci_add 0000:00:0e.0 144d:a80a 010802 group=50 driver=nvme
    nvme_serial 0000:00:0e.0 nvme1 S1
    local subsystem=devices/virtual/nvme-subsystem/nvme-subsys1
    block nvme1n1 259:9 $subsystem/nvme1n1
    link class/nvme-subsystem/nvme-subsys1 $subsystem
    link $subsystem/nvme1 "$(pci_dir 0000:00:0e.0)/nvme/nvme1"
    ctl add x /dev/nvme1n1
    exits 0
    rule_has x '[Match]' ID=144d:a80a Path=0000:00:0e.0
    rm "$ROOT/etc/passthrough.d/x.conf"
    pci_add 0000:00:0f.0 144d:a80a 010802 group=51 driver=nvme
    nvme_serial 0000:00:0f.0 nvme2 S1
    link $subsystem/nvme2 "$(pci_dir 0000:00:0f.0)/nvme/nvme2"
    writes_nothing 2 x /dev/nvme1n1
    has '00:0e.0, 00:0f.0'
}

@test "--dry-run shows and writes nothing, and ends as the command would" {
    writes_nothing 0 --dry-run gpu0 42:00.0
    has Path=0000:40:03.1/00.0 'Would write /etc/passthrough.d/gpu0.conf:' 'Next: passthroughctl add gpu0 42:00.0   writes it'
    has_not Wrote
    writes_nothing 1 --dry-run disk /dev/sda
}

@test "passthrough=off of this boot does not keep a rule from being judged" {
    cmdline passthrough=off
    ctl add gpu0 42:00.0
    exits 0
    writes_nothing 1 disk /dev/sda
}

@test "another rule that is broken is told, and stands in nobody's way that comes before it" {
    rule wrong nonsense
    ctl add gpu0 42:00.0
    exits 0
    has '/etc/passthrough.d/wrong.conf:1:'
}

@test "the directory is made where it is not there, and a write that fails leaves nothing behind" {
    rmdir "$ROOT/etc/passthrough.d"
    ctl add gpu0 42:00.0
    exits 0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    is "$(stat -c %a "$ROOT/etc/passthrough.d/gpu0.conf")" 644 mode
    rm -r "$ROOT/etc/passthrough.d"
    : >"$ROOT/etc/passthrough.d"
    writes_nothing 1 gpu0 42:00.0
}

@test "--json has the rule, its text and whether it was written" {
    ctl add gpu0 42:00.0 --json
    exits 0
    is "$(get '.version, (.rules[] | .name, .file, .state, .message, .written)')" '1 gpu0 /etc/passthrough.d/gpu0.conf ok  true' document
    is "$(jq -r '.rules[0].text' <<<"$output")" "$(<"$ROOT/etc/passthrough.d/gpu0.conf")" text
    ctl add disk /dev/sda --json
    exits 1
    is "$(get '.rules[] | .state, .written')" 'refused false' document
}

# on_terminal ANSWER ARG...: add as somebody at a terminal runs it, who answers once the question is there.
# timeout stays in the foreground: one in a process group of its own may not read from the terminal, and where the
# shell that script(1) starts is dash, which does not exec its last command, it would be in one.
on_terminal() {
    local line part='' said='' child from to
    printf -v line '%q ' timeout --foreground 60 "$BUILD/passthroughctl" --root="$ROOT" add "${@:2}"
    coproc TERMINAL { exec script -qec "$line" /dev/null; }
    child=$TERMINAL_PID
    exec {from}<&"${TERMINAL[0]}" {to}>&"${TERMINAL[1]}"
    while [[ $said != *'[y/N]' ]] && IFS= read -r -d ']' -u "$from" part; do said+=$part]; done
    printf '%s\n' "$1" >&"$to"
    output=$said$(cat <&"$from")
    status=0
    wait "$child" || status=$?
    exec {from}<&- {to}>&-
}

@test "at a terminal it asks before it writes, and only yes is yes" {
    local answer
    for answer in n '' maybe; do
        on_terminal "$answer" gpu0 42:00.0
        exits 1
        has 'Write /etc/passthrough.d/gpu0.conf? [y/N]' 'Nothing is written'
        [[ ! -e $ROOT/etc/passthrough.d/gpu0.conf ]] || { show && return 1; }
    done
    on_terminal y gpu0 42:00.0
    exits 0
    has 'Wrote /etc/passthrough.d/gpu0.conf.'
}

@test "the rest of the group and a boot display take a yes: at the terminal, or --yes" {
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15
    on_terminal n gpu0 42:00.0
    exits 1
    has 'comes along: same IOMMU group (15)' 'Write /etc/passthrough.d/gpu0.conf with IOMMUGroup=complete? [y/N]' 'Nothing is written'
    [[ ! -e $ROOT/etc/passthrough.d/gpu0.conf ]]
    on_terminal y gpu0 42:00.0
    exits 0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0 '[Device]' IOMMUGroup=complete
    pci_set 0000:01:00.0 boot_vga 1
    writes_nothing 1 gpu1 01:00.0
    has 'Next: passthroughctl add gpu1 01:00.0 AllowBootDisplay=yes   gives away the screen of this host'
    writes_nothing 1 gpu1 01:00.0 --dry-run
    writes_nothing 0 gpu1 01:00.0 --dry-run --yes
    run env NO_COLOR=1 script -qec "timeout --foreground 20 $BUILD/passthroughctl --root=$ROOT add gpu1 01:00.0 --dry-run" /dev/null
    exits 1
    has 'AllowBootDisplay=yes' 'This takes a yes, which is asked for: it gives away the screen of this host.' \
        'Next: passthroughctl add gpu1 01:00.0   asks, and writes it'
    [[ ! -e $ROOT/etc/passthrough.d/gpu1.conf ]]
    on_terminal n gpu1 01:00.0
    exits 1
    has 'Write /etc/passthrough.d/gpu1.conf with AllowBootDisplay=yes? [y/N]'
    ctl add gpu1 01:00.0 --yes
    exits 0
    has 'with AllowBootDisplay=yes' 'boot display'
    rule_has gpu1 '[Match]' ID=1002:5159 Path=0000:00:02.0/00.0 '[Device]' AllowBootDisplay=yes
}

@test "a yes may be to both at once, and with --json it is --yes alone" {
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15
    pci_set 0000:42:00.0 boot_vga 1
    ctl add gpu0 42:00.0 --json
    exits 1
    whole '.rules[0].written | not'
    has 'passthroughctl add gpu0 42:00.0 IOMMUGroup=complete AllowBootDisplay=yes'
    ctl add gpu0 42:00.0 --json --yes
    exits 0
    whole '.rules | length == 1 and .[0].written and .[0].state == "ok"'
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0 '[Device]' IOMMUGroup=complete AllowBootDisplay=yes
}

@test "--yes is no yes to what the host needs, nor against what the rule says itself" {
    writes_nothing 1 disk /dev/sda --yes
    has 'the host needs it, for / (sda2)'
    pci_set 0000:01:00.0 boot_vga 1
    writes_nothing 1 gpu1 01:00.0 AllowBootDisplay=no --yes
    pci_add 0000:00:0d.0 8086:0d4c 0200 group=15
    writes_nothing 1 gpu0 42:00.0 IOMMUGroup=require --yes
    nic eno13 0000:00:0d.0 up
    default_route eno13
    writes_nothing 1 gpu0 42:00.0 --yes
    has 'for the default route (eno13)'
}

@test "--yes answers the question at the terminal" {
    run script -qec "timeout --foreground 20 $BUILD/passthroughctl --root=$ROOT add gpu0 42:00.0 --yes" /dev/null
    exits 0
    has_not '[y/N]'
    [[ -e $ROOT/etc/passthrough.d/gpu0.conf ]]
}

# answers LINE... -- ARG...: add at a terminal, with all answers typed ahead.
answers() {
    local -a lines=()
    while [[ $1 != -- ]]; do lines+=("$1") && shift; done
    shift
    run script -qec "timeout --foreground 30 $BUILD/passthroughctl --root=$ROOT add $*" /dev/null < <(printf '%s\n' "${lines[@]}" && sleep 2)
    stderr=
}

@test "at a terminal several devices may have a rule each" {
    answers y y y -- gpu 01:00.0 42:00.0
    exits 0
    has 'A rule for each of these 2 devices, gpu-1 to gpu-2, not one for all? [y/N]' 'Wrote /etc/passthrough.d/gpu-1.conf.' 'Wrote /etc/passthrough.d/gpu-2.conf.'
    is "$(grep -c Next: <<<"$output")" 1 'next steps'
    rule_has gpu-1 '[Match]' ID=1002:5159 Path=0000:00:02.0/00.0
    rule_has gpu-2 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    answers y -- gpu 01:00.0 42:00.0
    exits 1
    has 'there is a rule gpu-1 already'
    rm "$ROOT"/etc/passthrough.d/gpu-*.conf
    answers n y -- gpu 01:00.0 42:00.0
    exits 0
    [[ -e $ROOT/etc/passthrough.d/gpu.conf && ! -e $ROOT/etc/passthrough.d/gpu-1.conf ]]
    rm "$ROOT"/etc/passthrough.d/gpu.conf
    answers y n y -- gpu 01:00.0 42:00.0
    exits 1
    [[ ! -e $ROOT/etc/passthrough.d/gpu-1.conf && -e $ROOT/etc/passthrough.d/gpu-2.conf ]]
}

@test "at a terminal add without arguments offers what is free by number, and a name" {
    answers 99 --
    exits 1
    says ' 1  01:00\.0.* radeon'
    has_not 01:00.1 00:1f.2
    has 'Nothing is written'
    answers 1 '' y --
    exits 0
    has "The rule's name? [display0]" 'Wrote /etc/passthrough.d/display0.conf.'
    rule_has display0 '[Match]' ID=1002:5159 Path=0000:00:02.0/00.0
    answers 1 mine y --
    exits 0
    has_not 01:00.0
    rule_has mine '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    rm -r "$ROOT/etc/passthrough.d"
    answers '' --
    exits 1
    [[ ! -e $ROOT/etc/passthrough.d ]]
    ctl add
    exits 2
}

@test "an APU's display goes with its own audio in list and add, not with what the board has in its slot" {
    machine apu-renoir
    ctl list --json
    is "$(get '.devices[] | select(.address == "0000:06:00.0").handover | "\(.action) \(.along | join(" "))"')" \
        'bind 0000:06:00.1' along
    ctl add igpu 06:00.0 06:00.1
    exits 0
    rule_has igpu '[Match]' ID=1002:1636 Path=0000:00:08.1/00.0
    rm "$ROOT/etc/passthrough.d/igpu.conf"
    ctl add igpu 06:00.0 06:00.6
    exits 0
    rule_has igpu '[Match]' 'ID=1002:1636 1022:15e3' 'Path=0000:00:08.1/00.0 0000:00:08.1/00.6' '[Device]' Expect=2
    plan
    bound 0000:06:00.0 0000:06:00.1 0000:06:00.6
}

@test "what belongs to a card and sits behind another port of its own switch is named, and goes along where it is asked for" {
    tree_new
    root_port 0000:00:01.0 03
    pci_add 0000:03:00.0 8086:4fa1 0604 under=0000:00:01.0 bus=04 group=20 driver=pcieport
    pci_add 0000:04:01.0 8086:4fa4 0604 under=0000:03:00.0 bus=05 group=21 driver=pcieport
    pci_add 0000:04:04.0 8086:4fa4 0604 under=0000:03:00.0 bus=06 group=22 driver=pcieport
    pci_add 0000:05:00.0 8086:56a0 0300 under=0000:04:01.0 group=23 driver=i915 boot_vga=0
    pci_add 0000:06:00.0 8086:4f90 0403 under=0000:04:04.0 group=24 driver=snd_hda_intel
    driver_present vfio-pci
    ctl add arc 05:00.0 --dry-run
    exits 0
    has '06:00.0, audio of the same card, does not come along: name it, too, to hand it over.'
    ctl add arc 05:00.0 06:00.0
    exits 0
    has_not 'does not come along'
    plan
    bound 0000:05:00.0 0000:06:00.0
}

@test "what can be removed, as behind Thunderbolt, is not missed by its rule" {
    put "/sys/$(pci_dir 0000:42:00.0)/removable" removable
    ctl add gpu0 42:00.0
    exits 0
    has '42:00.0 can be removed: the rule does not miss it then.'
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0 '[Device]' Expect=0-1
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    ctl add both 01:00.0 42:00.0
    rule_has both '[Match]' ID=1002:5159 'Path=0000:00:02.0/00.0 0000:40:03.1/00.0' '[Device]' Expect=1-2
    rm "$ROOT/etc/passthrough.d/both.conf"
    ctl add gpu0 42:00.0 Expect=1
    exits 0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0 '[Device]' Expect=1
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    put "/sys/$(pci_dir 0000:42:00.0)/removable" fixed
    ctl add gpu0 42:00.0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    put "/sys/$(pci_dir 0000:42:00.0)/removable" removable
    ctl add gpu0 42:00.0
    rule_has gpu0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0 '[Device]' Expect=0-1
    pci_remove 0000:42:00.0
    pci_remove 0000:42:00.1
    plan
    rule_is gpu0 ok
}

@test "the host's last display is said by add and by plan, and not while another is left" {
    ctl add gpu0 42:00.0
    exits 0
    has_not 'No display is left'
    ctl plan
    has_not 'No display is left'
    ctl add gpu1 01:00.0
    exits 0
    has 'No display is left for the host then.'
    ctl plan
    has 'No display is left for the host then.'
}

@test "a PCH's audio beside an ISA bridge without a driver goes with the rest of its group alone, after a yes" {
    pci_add 0000:00:1b.0 8086:7a04 0601 group=60
    pci_add 0000:00:1b.3 8086:7a50 0403 group=60 driver=snd_hda_intel
    pci_add 0000:00:1b.4 8086:7a23 0c05 group=60 driver=i801_smbus
    pci_add 0000:00:1b.5 8086:7a24 0c80 group=60 driver=intel-lpss
    ctl list 00:1b.3
    has '00:1b.0' ': bridge' ': comes along' 'Handover      free' 'Next: passthroughctl add audio0 00:1b.3 IOMMUGroup=complete'
    writes_nothing 1 audio 00:1b.3
    has '00:1b.4' '00:1b.5' 'same IOMMU group (60)' 'Next: passthroughctl add audio 00:1b.3 IOMMUGroup=complete'
    has_not 00:1b.0
    ctl add audio 00:1b.3 --yes
    exits 0
    has 'comes along: same IOMMU group (60)'
    plan
    bound 0000:00:1b.3 0000:00:1b.4 0000:00:1b.5
    # A bridge that the host drives keeps all of them.
    rm "$ROOT/etc/passthrough.d/audio.conf"
    pci_bind 0000:00:1b.0 lpc_ich
    writes_nothing 1 audio 00:1b.3 --yes
    has 'a bridge that the host drives'
    ctl list 00:1b.3
    has 'Handover      held' 'a bridge that the host drives'
}

@test "what vfio-pci has without a rule is said by list, status and check, and add writes its rule" {
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    ctl list
    says '42:00\.0 .* vfio-pci +free +no rule'
    ctl status
    has 'without a rule a VFIO driver has 0000:42:00.0, 0000:42:00.1; passthroughctl add --from=running writes one'
    ctl check --json
    is "$(get '.checks[] | select(.id == "device.0000:42:00.0") | "\(.status) \(.message): \(.fix)"')" \
        'warn vfio-pci has it, and no rule covers it: passthroughctl add --from=running' row
    LC_ALL=C.UTF-8 ctl add gpu0 42:00.0
    exits 0
    has 'vfio-pci has it already'
    ctl list
    says '42:00\.0 .* vfio-pci +handed over +gpu0'
    ctl status
    has_not 'without a rule'
}
