# passthroughctl add --from=: rules for what something else hands over already, and what of the old recipe can go.

load product
load tree

# radeon PORT BUS GROUP: both functions of one maker
radeon() {
    root_port "$1" "$2"
    pci_add "${1%%:*}:$2:00.0" 1002:5159 0300 under="$1" group="$3" driver=radeon
    pci_add "${1%%:*}:$2:00.1" 1002:aa98 0403 under="$1" group="$3" driver=snd_hda_intel
}

setup() {
    tree_again import && return
    tree_new
    radeon 0000:00:02.0 01 1
    pci_root 0000:40
    radeon 0000:40:03.1 42 15
    pci_add 0000:00:08.0 8086:10d3 0200 group=32 driver=e1000e subsystem=8086:a01f
    nic eno8 0000:00:08.0
    pci_add 0000:00:09.0 8086:10d3 0200 group=33 driver=e1000e subsystem=15d9:060a
    nic eno9 0000:00:09.0
    tree_keep import
}

# rule_has NAME LINE...: these are the lines of that rule, less comments. rules: the names of all there are.
rule_has() {
    is "$(grep -v '^#' "$ROOT/etc/passthrough.d/$1.conf" | paste -sd' ')" "${*:2}" "rule $1"
}

rules() {
    (cd "$ROOT/etc/passthrough.d" && ls) | sed 's/\.conf$//' | paste -sd' '
}

theirs() {
    (cd "$ROOT/etc" && find driverctl.d modprobe.d -type f -exec cat {} + 2>/dev/null) | sha256sum
}

@test "driverctl: a rule for each device, but none for what goes along with a display" {
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.1 vfio-pci
    put /etc/driverctl.d/pci-0000:00:08.0 vfio-pci
    local before
    before=$(theirs)
    ctl add --from=driverctl
    exits 0
    is "$(rules)" 'driverctl-00-08.0 driverctl-42-00.0' rules
    rule_has driverctl-42-00.0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    rule_has driverctl-00-08.0 '[Match]' ID=8086:10d3 Path=0000:00:08.0
    has 'this can go' /etc/driverctl.d/pci-0000:42:00.0 /etc/driverctl.d/pci-0000:42:00.1 /etc/driverctl.d/pci-0000:00:08.0
    is "$(theirs)" "$before" 'the files of others'
    plan
    exits 0
    bound 0000:00:08.0 0000:42:00.0 0000:42:00.1
}

@test "driverctl: other drivers, other buses, absent devices, and files without a driver" {
    driver_present uio_pci_generic
    put /etc/driverctl.d/pci-0000:00:08.0 uio_pci_generic
    put /etc/driverctl.d/pci-0000:99:00.0 vfio-pci
    put /etc/driverctl.d/vmbus-6a5f 'uio_hv_generic'
    put /etc/driverctl.d/pci-0000:00:09.0 none
    put /etc/driverctl.d/pci-0000:42:00.0 'vfio-pci' '[Match]'
    ctl add --from=driverctl
    exits 0
    is "$(rules)" driverctl-00-08.0 rules
    rule_has driverctl-00-08.0 '[Match]' ID=8086:10d3 Path=0000:00:08.0 '[Device]' Driver=uio_pci_generic
    has 'pci-0000:99:00.0 is left alone: there is no such device here' 'vmbus-6a5f is left alone: it is about no PCI device' \
        'pci-0000:00:09.0 is left alone: it names no driver' 'pci-0000:42:00.0 is left alone: it names no driver'
}

@test "driverctl: a group that is whole only with all of them is taken" {
    pci_add 0000:00:0a.0 8086:293e 0403 group=60
    pci_add 0000:00:0b.0 8086:293e 0403 group=60
    put /etc/driverctl.d/pci-0000:00:0a.0 vfio-pci
    put /etc/driverctl.d/pci-0000:00:0b.0 vfio-pci
    ctl add --from=driverctl
    exits 0
    is "$(rules)" 'driverctl-00-0a.0 driverctl-00-0b.0' rules
}

@test "driverctl: what is refused is left out, with what depends on it; the rest is written, exit 1" {
    pci_add 0000:00:0a.0 8086:293e 0403 group=60
    pci_add 0000:00:0b.0 8086:10d3 0200 group=60 driver=e1000e
    nic eno11 0000:00:0b.0
    default_route eno11
    put /etc/driverctl.d/pci-0000:00:0a.0 vfio-pci
    put /etc/driverctl.d/pci-0000:00:0b.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.1 vfio-pci
    ctl add --from=driverctl
    exits 1
    is "$(rules)" driverctl-42-00.0 rules
    has 'driverctl-00-0a.0.conf is not written' 'driverctl-00-0b.0.conf is not written' 'for the default route (eno11)'
    plan
    exits 0
}

@test "driverctl: what is no driver's name is left out, and the rest is written, exit 1" {
    put /etc/driverctl.d/pci-0000:42:00.0 'vfio;pci'
    put /etc/driverctl.d/pci-0000:00:08.0 vfio-pci
    put /etc/driverctl.d/pci-0000:00:09.0 vfio_pci
    ctl add --from=driverctl
    exits 1
    is "$(rules)" driverctl-00-08.0 rules
    has 'driverctl-42-00.0.conf is not written: ' 'driverctl-00-09.0.conf is not written: ' 'did you mean "vfio-pci"' \
        'this can go' /etc/driverctl.d/pci-0000:00:08.0
    ctl add --from=driverctl --json
    exits 1
    is "$(get '.rules[] | select(.written | not).state')" 'invalid invalid' 'states'
}

@test "a second time there is nothing to take over, nor where there is nothing" {
    local source
    for source in driverctl modprobe; do
        ctl add --from=$source
        exits 0
        has 'Nothing to take over' 'Next: passthroughctl list'
    done
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.1 vfio-pci
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=8086:10d3'
    for source in driverctl modprobe driverctl modprobe; do
        ctl add --from=$source
        exits 0
    done
    has 'there is /etc/passthrough.d/modprobe-8086-10d3.conf already' 'Nothing to take over'
    ctl add --from=driverctl --json
    is "$(get '.rules | length')" 0 rules
}

@test "a device that another rule decides already is not taken over" {
    rule 10-mine '[Match]' Path=0000:40:03.1/00.0
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    ctl add --from=driverctl
    exits 0
    is "$(rules)" 10-mine rules
    has 'rule 10-mine decides 42:00.0'
}

@test "modprobe: a rule for each of ids=, with as many devices as there are" {
    put /etc/modprobe.d/vfio.conf 'softdep radeon pre: vfio-pci' 'options vfio-pci ids=1002:5159,1002:AA98 disable_vga=1'
    local before
    before=$(theirs)
    ctl add --from=modprobe
    exits 0
    is "$(rules)" modprobe-1002-5159 rules
    rule_has modprobe-1002-5159 '[Match]' ID=1002:5159 '[Device]' Expect=2
    has 'this can go' '/etc/modprobe.d/vfio.conf:1: softdep radeon pre: vfio-pci' \
        '/etc/modprobe.d/vfio.conf:2: ids=1002:5159,1002:AA98 of options vfio-pci ids=1002:5159,1002:AA98 disable_vga=1'
    is "$(theirs)" "$before" 'the files of others'
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
}

@test "modprobe: subsystem, any device, class, and what no rule can say" {
    put /etc/modprobe.d/vfio.conf \
        'options vfio_pci ids="8086:10d3:15d9:060a,1002:ffffffff:ffffffff:ffffffff:030000:ff0000,1002:aa98,8086:293e:ffffffff:ffffffff:040300:00ff00,nonsense,1:2:3:4:5:6:7"'
    ctl add --from=modprobe
    exits 0
    is "$(rules)" 'modprobe-1002-ffffffff-ffffffff-ffffffff-030000-ff0000 modprobe-8086-10d3-15d9-060a' rules
    rule_has modprobe-8086-10d3-15d9-060a '[Match]' ID=8086:10d3 Subsystem=15d9:060a
    rule_has modprobe-1002-ffffffff-ffffffff-ffffffff-030000-ff0000 '[Match]' 'ID=1002:*' Class=03 '[Device]' Expect=2
    has '8086:293e:ffffffff:ffffffff:040300:00ff00 of' 'nonsense of' '1:2:3:4:5:6:7 of'
    is "$(grep -c 'no rule can say that' <<<"$output")" 3 'that cannot be said'
}

@test "modprobe: numbers as the kernel reads them, however long, make a name that a rule may have" {
    put /etc/modprobe.d/vfio.conf \
        'options vfio-pci ids=0x1002:0x5159:0xffffffff:0xffffffff:0x00030000:0x00ff0000,1002:aa98,000000008086:0000000010d3'
    ctl add --from=modprobe
    exits 0
    is "$(rules)" 'modprobe-1002-5159-ffffffff-ffffffff-030000-ff0000 modprobe-8086-10d3' rules
    rule_has modprobe-1002-5159-ffffffff-ffffffff-030000-ff0000 '[Match]' ID=1002:5159 Class=03 '[Device]' Expect=2
}

@test "modprobe: devices that earlier rules decide do not count, and absent ones are told" {
    rule 10-host '[Match]' Path=0000:00:02.0/00.0 '[Device]' Driver=native
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=1002:5159,1002:aa98,10de:1b06'
    ctl add --from=modprobe
    exits 0
    rule_has modprobe-1002-5159 '[Match]' ID=1002:5159
    has '10de:1b06 of "options vfio-pci ids=1002:5159,1002:aa98,10de:1b06" in /etc/modprobe.d/vfio.conf is left alone: there is no such device here'
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "modprobe: audio of more cards than go along gets its rule" {
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=1002:aa98,1002:5159'
    pci_add 0000:00:0c.0 1002:aa98 0403 group=61
    ctl add --from=modprobe
    exits 0
    rule_has modprobe-1002-aa98 '[Match]' ID=1002:aa98 '[Device]' Expect=3
}

@test "modprobe: one of two cards alike that the host needs refuses the rule, and nothing is written" {
    pci_set 0000:01:00.0 boot_vga 1
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=1002:5159'
    ctl add --from=modprobe
    exits 1
    is "$(rules)" '' rules
    has 'is not written' AllowBootDisplay=yes
}

@test "the preview writes nothing, and a source that is none or a name beside it is a usage error" {
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.1 vfio-pci
    ctl add --from=driverctl --dry-run
    exits 0
    has Path=0000:40:03.1/00.0
    is "$(rules)" '' rules
    ctl add --from=libvirt
    exits 2
    ctl add --from=driverctl gpu0
    exits 2
    is "$(rules)" '' rules
}

@test "where one of the rules cannot be written none is" {
    put /etc/driverctl.d/pci-0000:00:08.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.1 vfio-pci
    # What the second would be written to first is in the way.
    mkdir "$ROOT/etc/passthrough.d/.driverctl-42-00.0.conf.passthrough~"
    ctl add --from=driverctl
    exits 1
    has /etc/passthrough.d/driverctl-42-00.0.conf
    has_not Wrote 'this can go'
    is "$(rules)" '' rules
}

@test "what is fine only beside a rule that is left out is left out, too" {
    pci_add 0000:00:0a.0 8086:293e 0403 group=60
    pci_add 0000:00:0b.0 8086:293e 0403 group=60
    rule zz-host '[Match]' Address=00:0b.0 '[Device]' Driver=native
    put /etc/driverctl.d/pci-0000:00:0a.0 vfio-pci
    put /etc/driverctl.d/pci-0000:00:0b.0 vfio-pci
    ctl add --from=driverctl
    exits 1
    is "$(rules)" zz-host rules
    has 'rule zz-host would be missing' 'which rule zz-host leaves to the host'
}

# turing SLOT BUS: a card of one maker with four functions, each in a group of its own
turing() {
    root_port "$1" "$2"
    pci_add "${1%%:*}:$2:00.0" 10de:1e87 0300 under="$1" group="${2}0" driver=nouveau
    pci_add "${1%%:*}:$2:00.1" 10de:10f8 0403 under="$1" group="${2}1" driver=snd_hda_intel
    pci_add "${1%%:*}:$2:00.2" 10de:1ad8 0c0330 under="$1" group="${2}2" driver=xhci_hcd
}

@test "an import takes nothing along that its source left to the host" {
    turing 0000:00:03.0 07
    put /etc/driverctl.d/pci-0000:07:00.0 vfio-pci
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1e87,10de:10f8'
    ctl add --from=driverctl
    exits 0
    rule_has driverctl-07-00.0 '[Match]' ID=10de:1e87 Path=0000:00:03.0/00.0 '[Device]' Functions=match
    plan
    bound 0000:07:00.0
    rm "$ROOT/etc/passthrough.d/driverctl-07-00.0.conf"
    ctl add --from=modprobe
    exits 0
    is "$(rules)" 'modprobe-10de-10f8 modprobe-10de-1e87' rules
    rule_has modprobe-10de-1e87 '[Match]' ID=10de:1e87 '[Device]' Functions=match
    rule_has modprobe-10de-10f8 '[Match]' ID=10de:10f8
    plan
    bound 0000:07:00.0 0000:07:00.1
}

@test "what the source took whole is taken along, and is no rule of its own" {
    turing 0000:00:03.0 07
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=10de:1e87,10de:10f8,10de:1ad8'
    ctl add --from=modprobe
    exits 0
    is "$(rules)" modprobe-10de-1e87 rules
    rule_has modprobe-10de-1e87 '[Match]' ID=10de:1e87
    plan
    bound 0000:07:00.0 0000:07:00.1 0000:07:00.2
}

@test "the display that the firmware booted on is offered with the command that takes it" {
    local offer
    pci_set 0000:42:00.0 boot_vga 1
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    put /etc/driverctl.d/pci-0000:42:00.1 vfio-pci
    ctl add --from=driverctl
    exits 1
    is "$(rules)" '' rules
    offer=$(grep -A1 '^  To hand over the display that the firmware booted on:' <<<"$stderr" | sed -n 's/^    passthroughctl //p')
    is "$offer" 'add driverctl-42-00.0 0000:42:00.0 AllowBootDisplay=yes' offer
    # shellcheck disable=SC2086 # as typed
    ctl $offer
    exits 0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
    # It would not do where something else stands against it, too.
    rm "$ROOT/etc/passthrough.d/driverctl-42-00.0.conf"
    pci_set 0000:42:00.0 boot_vga 1
    pci_add 0000:00:0b.0 8086:10d3 0200 group=15 driver=e1000e
    nic eno11 0000:00:0b.0
    default_route eno11
    ctl add --from=driverctl
    exits 1
    has_not 'To hand over'
}

@test "half a group is refused as it was handed over, and offered whole" {
    local offer
    put /etc/driverctl.d/pci-0000:42:00.0 vfio-pci
    ctl add --from=driverctl
    exits 1
    is "$(rules)" '' rules
    has 'IOMMU group 15 also holds 42:00.1'
    offer=$(grep -A1 '^  To hand over the whole IOMMU group:' <<<"$stderr" | sed -n 's/^    passthroughctl //p')
    # shellcheck disable=SC2086 # as typed
    ctl $offer
    exits 0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "modprobe: of several ids= the kernel takes the last, in the order of file names, be it empty" {
    put /usr/lib/modprobe.d/z.conf 'options vfio-pci ids=8086:10d3:15d9:060a'
    put /etc/modprobe.d/a.conf 'options vfio-pci ids=8086:10d3:8086:a01f'
    ctl add --from=modprobe
    exits 0
    is "$(rules)" modprobe-8086-10d3-15d9-060a rules
    has '"options vfio-pci ids=8086:10d3:8086:a01f" in /etc/modprobe.d/a.conf is left alone: another line has the last word'
    rm "$ROOT"/etc/passthrough.d/*
    put /usr/lib/modprobe.d/z.conf 'options vfio-pci ids='
    ctl add --from=modprobe
    exits 0
    is "$(rules)" '' rules
    has 'Nothing to take over'
}

# --- what vfio-pci has, and the kernel command line

@test "running: what vfio-pci has without a rule becomes one rule a device, and what a rule has none" {
    dracut_there
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    pci_bind 0000:00:08.0 vfio-pci
    pci_bind 0000:00:09.0 vfio-pci
    rule nic '[Match]' Path=0000:00:09.0
    LC_ALL=C.UTF-8 ctl add --from=running
    exits 0
    is "$(rules)" 'nic running-00-08.0 running-42-00.0' rules
    rule_has running-42-00.0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    rule_has running-00-08.0 '[Match]' ID=8086:10d3 Path=0000:00:08.0
    has 'vfio-pci has it already' 'Next: passthroughctl apply'
    plan
    exits 0
    bound 0000:00:08.0 0000:00:09.0 0000:42:00.0 0000:42:00.1
    ctl add --from=running
    exits 0
    has 'Nothing to take over'
}

@test "running: a display whose audio is with the host takes no more than that" {
    root_port 0000:00:03.0 07
    pci_add 0000:07:00.0 10de:1e87 0300 under=0000:00:03.0 group=70 driver=vfio-pci
    pci_add 0000:07:00.1 10de:10f8 0403 under=0000:00:03.0 group=71 driver=snd_hda_intel
    ctl add --from=running
    exits 0
    rule_has running-07-00.0 '[Match]' ID=10de:1e87 Path=0000:00:03.0/00.0 '[Device]' Functions=match
    plan
    bound 0000:07:00.0
}

@test "cmdline: ids= of vfio-pci and pci-stub, and what Xen hides, are taken over; the last of several counts" {
    cmdline 'vfio-pci.ids=10de:1b06 vfio_pci.ids=1002:5159,1002:aa98 pci-stub.ids=8086:10d3:8086:a01f xen-pciback.hide=(0000:00:09.0)'
    ctl add --from=cmdline
    exits 0
    is "$(rules)" 'cmdline-00-09.0 cmdline-1002-5159 cmdline-8086-10d3-8086-a01f' rules
    rule_has cmdline-1002-5159 '[Match]' ID=1002:5159 '[Device]' Expect=2
    rule_has cmdline-00-09.0 '[Match]' ID=8086:10d3 Path=0000:00:09.0
    has '"vfio-pci.ids=10de:1b06" is left alone: another one has the last word' \
        'the kernel command line: vfio_pci.ids=1002:5159,1002:aa98' 'the kernel command line: xen-pciback.hide=(0000:00:09.0)'
    has_not 'line: vfio-pci.ids=10de:1b06'
    plan
    exits 0
    bound 0000:00:08.0 0000:00:09.0 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
}

@test "ids= of the NIC that the host answers on: its rule is not written, and the other card is offered" {
    local offer
    default_route eno8
    cmdline vfio-pci.ids=8086:10d3
    put /etc/modprobe.d/vfio.conf 'options vfio-pci ids=8086:10d3'
    local source
    for source in cmdline modprobe; do
        ctl add --from=$source
        exits 1
        is "$(rules)" '' rules
        has "$source-8086-10d3.conf is not written: 00:08.0: the host needs it, for the default route (eno8)."
        has_not 'can go'
        offer=$(sed -n 's/^    passthroughctl //p' <<<"$stderr")
        is "$offer" "add $source-8086-10d3 0000:00:09.0" offer
        # shellcheck disable=SC2086 # as typed
        ctl $offer
        exits 0
        plan
        exits 0
        bound 0000:00:09.0
        rm "$ROOT"/etc/passthrough.d/*
    done
}

# --- install lines, and what of a recipe can go

@test "modprobe: install lines that write driver_override are read, and one that runs a program is named" {
    put /etc/modprobe.d/vfio.conf \
        'install vfio-pci echo vfio-pci > /sys/bus/pci/devices/0000:42:00.0/driver_override; echo vfio-pci > /sys/bus/pci/devices/0000:42:00.1/driver_override; modprobe -i vfio-pci' \
        'softdep radeon pre: vfio-pci'
    ctl add --from=modprobe
    exits 0
    is "$(rules)" modprobe-42-00.0 rules
    rule_has modprobe-42-00.0 '[Match]' ID=1002:5159 Path=0000:40:03.1/00.0
    has '/etc/modprobe.d/vfio.conf:1: install vfio-pci echo' '/etc/modprobe.d/vfio.conf:2: softdep radeon pre: vfio-pci'
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
    rm "$ROOT"/etc/passthrough.d/*
    put /etc/modprobe.d/vfio.conf 'install vfio-pci /usr/local/bin/vfio-pci-override.sh'
    ctl add --from=modprobe
    exits 0
    is "$(rules)" '' rules
    has 'which devices it is about is not in it' '--from=running'
    put /etc/modprobe.d/vfio.conf 'install vfio-pci echo vfio-pci > /sys/bus/pci/devices/0000:99:00.0/driver_override'
    ctl add --from=modprobe
    has '0000:99:00.0 of' 'there is no such device here'
}

@test "an import names what of the old recipe can go, with file and line, and nothing that is about other devices" {
    put /etc/modprobe.d/vfio.conf '# my recipe' 'options vfio-pci ids=1002:5159,1002:aa98,8086:10d3' 'softdep radeon \' '  pre: vfio-pci' 'blacklist radeon' \
        'blacklist e1000e' 'install radeon /bin/false' 'options kvm ignore_msrs=1'
    put /etc/modules-load.d/vfio.conf '# early' vfio_pci vfio_iommu_type1 kvm
    put /etc/udev/rules.d/10-vfio.rules 'ACTION=="add", KERNEL=="0000:42:00.0", ATTR{driver_override}="vfio-pci"' \
        'ACTION=="add", KERNEL=="0000:00:08.0", ATTR{driver_override}="vfio-pci"' \
        'SUBSYSTEM=="pci", ATTR{vendor}=="0x1002", ATTR{device}=="0x5159", ATTR{driver_override}="vfio-pci"'
    put /etc/dracut.conf.d/vfio.conf 'hostonly=yes' 'force_drivers+=" vfio vfio_pci "' 'kernel_cmdline+=" rd.driver.pre=vfio-pci "'
    put /etc/default/grub GRUB_TIMEOUT=5 'GRUB_CMDLINE_LINUX_DEFAULT="quiet vfio-pci.ids=1002:5159,1002:aa98 modprobe.blacklist=radeon rd.driver.pre=vfio-pci"'
    put /boot/grub/grub.cfg ''
    put /usr/sbin/update-grub ''
    chmod +x "$ROOT/usr/sbin/update-grub"
    default_route eno8
    cmdline vfio-pci.ids=1002:5159,1002:aa98
    ctl add --from=cmdline
    exits 0
    is "$(rules)" cmdline-1002-5159 rules
    is "$(sed -n '/this can go:$/,/Next:/ s/^    //p' <<<"$output")" "/etc/modprobe.d/vfio.conf:2: 1002:5159,1002:aa98 of options vfio-pci ids=1002:5159,1002:aa98,8086:10d3
/etc/modprobe.d/vfio.conf:3: softdep radeon     pre: vfio-pci
/etc/modprobe.d/vfio.conf:5: blacklist radeon
/etc/modprobe.d/vfio.conf:7: install radeon /bin/false
/etc/modules-load.d/vfio.conf:2: vfio_pci
/etc/modules-load.d/vfio.conf:3: vfio_iommu_type1
/etc/udev/rules.d/10-vfio.rules:1: ACTION==\"add\", KERNEL==\"0000:42:00.0\", ATTR{driver_override}=\"vfio-pci\"
/etc/udev/rules.d/10-vfio.rules:3: SUBSYSTEM==\"pci\", ATTR{vendor}==\"0x1002\", ATTR{device}==\"0x5159\", ATTR{driver_override}=\"vfio-pci\"
/etc/dracut.conf.d/vfio.conf:2: force_drivers+=\" vfio vfio_pci \"
/etc/dracut.conf.d/vfio.conf:3: rd.driver.pre=vfio-pci
/etc/default/grub:2: vfio-pci.ids=1002:5159,1002:aa98
/etc/default/grub:2: modprobe.blacklist=radeon
/etc/default/grub:2: rd.driver.pre=vfio-pci" 'what can go'
}

@test "a driver that other devices have, too, keeps its blacklist" {
    pci_bind 0000:42:00.0 vfio-pci
    pci_bind 0000:42:00.1 vfio-pci
    put /etc/modprobe.d/vfio.conf 'blacklist radeon' 'softdep radeon pre: vfio-pci'
    ctl add --from=running --dry-run
    exits 0
    has 'vfio.conf:2: softdep radeon pre: vfio-pci'
    has_not 'vfio.conf:1: blacklist radeon'
}
