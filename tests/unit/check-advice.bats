# What check advises for a refused rule: carried out, the rule is ok. Where that would not help, check names something else.

load product
load tree
load tree-users
load tree-guard

setup() {
    tree_again check-advice && return
    tree_new
    driver_present vfio-pci
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 10de:1b06 0300 under=0000:00:02.0 group=1 driver=nouveau boot_vga=0
    pci_add 0000:01:00.1 10de:10ef 0403 under=0000:00:02.0 group=1 driver=snd_hda_intel
    pci_add 0000:00:05.0 8086:10d3 0200 group=40 driver=e1000e
    pci_add 0000:00:06.0 8086:10d3 0200 group=41 driver=e1000e
    nic eno1 0000:00:05.0
    nic eno2 0000:00:06.0
    tree_keep check-advice
}

# fix ID: what check advises there; the row fails.
fix() {
    ctl check --json
    is "$(get ".checks[] | select(.id == \"$1\").status")" fail "$1" || return 1
    fix=$(get ".checks[] | select(.id == \"$1\").fix")
}

# advises ID REGEX
advises() {
    fix "$1" || return 1
    [[ $fix =~ $2 ]] || { printf 'the fix of %s is "%s", expected /%s/\n' "$1" "$fix" "$2" && return 1; }
}

rule_ok() {
    plan
    rule_is "$1" ok
}

# writes RULE: the settings that the fix names, below [Device] of that rule's file.
writes() {
    [[ $fix =~ ^write\ (.*)\ below\ \[Device\]\ of\ ([^;,]*) ]] || { echo "no settings: $fix" && return 1; }
    # shellcheck disable=SC2001 # a separator of several letters
    add_line "${BASH_REMATCH[2]}" '[Device]' "$(sed 's/ and /\n/g' <<<"${BASH_REMATCH[1]}")"
    rule_ok "$1"
}

@test "advice: the rest of a group, where it can go along" {
    rule gpu '[Match]' Address=01:00.0 '[Device]' Functions=match
    advises group.gpu '^write IOMMUGroup=complete below \[Device\] of /etc/passthrough.d/gpu.conf'
    writes gpu
}

@test "advice: the rest of a group is the host's: complete would not help, and is not named" {
    pci_group 0000:01:00.0 40
    pci_group 0000:01:00.1 40
    rm -r "$ROOT"/sys/kernel/iommu_groups/1/devices/*
    default_route eno1
    rule gpu '[Match]' Address=01:00.0
    fix group.gpu
    [[ $fix != *IOMMUGroup=complete* ]] || { echo "$fix" && return 1; }
    advises group.gpu 'another slot, or leave it to the host: passthroughctl remove gpu$'
    ctl remove gpu
    exits 0
}

@test "advice: the rest of a group is what another rule takes with its own driver: no setting that would spoil that one" {
    rule audio '[Match]' Address=01:00.1 '[Device]' Driver=native
    rule gpu '[Match]' Address=01:00.0 '[Device]' Functions=match
    fix group.gpu
    [[ $fix != *IOMMUGroup=complete* ]] || { echo "$fix" && return 1; }
}

@test "advice: the boot display, alone and with the rest of its group" {
    pci_set 0000:01:00.0 boot_vga 1
    rule gpu '[Match]' Address=01:00.0
    advises device.0000:01:00.0 '^write AllowBootDisplay=yes below \[Device\] of /etc/passthrough.d/gpu.conf, or leave it'
    writes gpu
    rule gpu '[Match]' Address=01:00.0 '[Device]' Functions=match
    advises device.0000:01:00.0 '^write IOMMUGroup=complete and AllowBootDisplay=yes below'
    writes gpu
}

@test "advice: of two twins the host's is left to it by a rule in front, and where nothing is left the rule goes" {
    default_route eno1
    rule nics '[Match]' ID=8086:10d3 '[Device]' Expect=0-
    advises guard.nics 'passthroughctl add NAME ADDRESS Driver=native'
    ctl add 10-host 00:05.0 Driver=native
    exits 0
    rule_ok nics
    rm "$ROOT/etc/passthrough.d/10-host.conf"
    rule nics '[Match]' Address=00:05.0
    advises guard.nics 'passthroughctl remove nics$'
    ctl remove nics
    exits 0
}

@test "advice: a controller that takes along what is below it, unless the host needs it" {
    pci_add 0000:00:0e.0 8086:467f 0104 group=50 driver=vmd
    pci_root 10000:e0 below=0000:00:0e.0
    pci_add 10000:e0:06.0 1de4:1000 1200 group=50
    rule one '[Match]' Address=10000:e0:06.0
    advises device.10000:e0:06.0 'add NAME 0000:00:0e.0, which'
    ctl add vmd 0000:00:0e.0
    exits 0
    rule_ok one
    rm "$ROOT/etc/passthrough.d/vmd.conf"
    pci_add 10000:e0:07.0 144d:a808 010802 group=50 driver=nvme
    disk nvme0n1 259:0 10000:e0:07.0
    part nvme0n1p1 259:1
    mounted nvme0n1p1 /var ext4
    advises device.10000:e0:06.0 '^leave both to the host: passthroughctl remove one; or switch VMD off'
}

@test "advice: where it is not known what the host needs, that has to be read first" {
    rm "$ROOT/proc/self/mountinfo" "$ROOT/proc/mounts"
    disk nvme1n1 259:8 0000:00:06.0
    pci_add 0000:00:07.0 144d:a808 010802 group=42 driver=nvme
    rule disk '[Match]' Address=00:07.0
    advises guard.disk '^run it as root, or see to what is named'
}

@test "what is not known is no pass: a rule that is refused for its group was not asked for the host's sake" {
    pci_add 0000:00:07.0 144d:a808 010802 group=42 driver=nvme
    rule disk '[Match]' Address=00:07.0
    rule gpu '[Match]' Address=01:00.0
    find "$ROOT/sys" -name iommu_group -delete
    rm -rf "$ROOT"/sys/kernel/iommu_groups/*
    ctl check --all
    says '^  fail +group\.disk  0*:?00:07.0: it has no IOMMU group'
    says '^  pass +guard\.disk  the host does not need its device'
    # A bridge is refused before that is asked.
    rule bridge '[Match]' Address=00:02.0
    ctl check --all
    says '^  skip +guard\.bridge '
    rm "$ROOT/etc/passthrough.d/bridge.conf" "$ROOT/proc/self/mountinfo" "$ROOT/proc/mounts"
    ctl check --all
    says '^  unknown +guard\.disk  whether the host needs the device is not known: 00:07\.0: cannot see what is mounted'
    says '^  pass +guard\.gpu '
    rm -r "$ROOT/proc/net"
    ctl check --all
    says '^  unknown +guard\.gpu  whether the host needs them is not known: '
    ctl check
    says '^  fail +group\.disk and 1 more  no device of the rule has an IOMMU group$'
    has ' unknown. All rows'
}
