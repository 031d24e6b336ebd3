# What [Device] makes of a match: driver, functions, stage, how many, attributes; and what a plan is. Cases of one plan each: plans/.

load product
load tree

setup() {
    machine two-cards
}

@test "plan makes no change to the tree and creates nothing in it" {
    rule gpu0 '[Match]' Address=01:00.0
    rule bad nonsense
    local before after
    before=$(tree_sum)
    ctl plan
    ctl plan --json
    ctl list
    after=$(tree_sum)
    is "$after" "$before" 'the tree'
}

tree_sum() {
    (cd "$ROOT" && find . -printf '%p %y %m %s %T@ %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 cat) | sha256sum
}

@test "plan gives the same answer every time, and text and JSON agree on what is bound" {
    rule gpu0 '[Match]' ID=1002:5159 '[Device]' Expect=2
    plan
    local first=$output
    plan
    is "$output" "$first" 'second plan'
    ctl plan --steps
    says '^  gpu0 +ok +01:00\.0 .* radeon (→|->) vfio-pci +initrd$'
    says '^ +42:00\.0 .* radeon (→|->) vfio-pci +initrd$'
    has 'with 01:00.1, its audio' 'with 42:00.1, its audio'
    has "$(jq -r '.operations[0].target' <<<"$first")"
}

@test "Driver= may name another driver: as a module, built in, or present on the bus" {
    driver_present oddly-named
    local name
    for name in xen-pciback pci-stub oddly-named; do
        rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=$name
        plan
        exits 0
        device 0000:01:00.0 bind $name
        is "$(operations '01:00.0/driver_override$')" "/sys/bus/pci/devices/0000:01:00.0/driver_override=$name" override
    done
}

@test "Driver= names that merely look like vfio-pci are not mistaken for slips of it" {
    local name
    for name in virtio-pci uio_pci_generic mlx5_vfio_pci virtio_vfio_pci nvgrace_gpu_vfio_pci hisi-acc-vfio-pci pcieport; do
        driver_present $name
        rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=$name
        plan
        exits 0 || { echo "with Driver=$name" && return 1; }
        device 0000:01:00.0 bind $name
    done
}

@test "Driver= is unknown where the kernel's module lists are not there: planned, and left to the act" {
    rm -r "$ROOT/lib/modules"
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "Driver= is unknown where only the list of built-in modules is not there" {
    rm "$ROOT/lib/modules/$KERNEL/modules.builtin"
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=pci-stub
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "Driver=auto is the variant driver with the fewest wildcards, else vfio-pci" {
    pci_add 0000:00:06.0 15b3:101e ff00 group=60
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=auto
    rule vf '[Match]' Address=00:06.0 '[Device]' Driver=auto
    plan
    exits 0
    device 0000:01:00.0 bind vfio-pci
    [[ $(get '.devices[] | select(.address == "0000:00:06.0").driver') == mlx5[_-]vfio[_-]pci ]] || { show && return 1; }
}

@test "Driver=auto: of patterns that fit, fewer wildcards win wherever they stand, and one that does not fit never does" {
    local aliases=$ROOT/lib/modules/$KERNEL/modules.alias
    pci_add 0000:00:06.0 15b3:101e ff00 group=60
    rule vf '[Match]' Address=00:06.0 '[Device]' Driver=auto
    printf 'alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* near_vfio_pci\n' >"$aliases"
    printf 'alias vfio_pci:v*d*sv*sd*bc*sc*i* any_vfio_pci\nalias pci:v000015B3d0000101Esv00000000sd00000000bcFFsc00i00 mlx5_core\n' >>"$aliases"
    printf 'alias vfio_pci:v000015B3d0000101Fsv00000000sd00000000bcFFsc00i00 other_vfio_pci\n' >>"$aliases"
    module near_vfio_pci loadable
    plan
    exits 0
    device 0000:00:06.0 bind near_vfio_pci
    is "$(get '[.operations[] | select(.op == "load").target] | join(" ")')" 'near_vfio_pci vfio_iommu_type1' loads
    # Without one that is made for it there is always vfio-pci, under its own name.
    printf 'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n' >"$aliases"
    plan
    device 0000:00:06.0 bind vfio-pci
}

@test "vfio-pci itself may be missing from the kernel's modules: refused, and said" {
    module vfio-pci absent
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 1
    refused 0000:01:00.0 vfio-pci
}

@test "vfio-pci may be built in" {
    module vfio-pci builtin
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "Driver=vfio_pci, with the module's spelling, never reaches driver_override" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=vfio_pci
    plan
    is "$(get '[.operations[] | select(.value == "vfio_pci")] | length')" 0 'writes of vfio_pci'
}

@test "Functions=slot is the default for a display only" {
    pci_add 0000:42:00.2 1002:73a4 0c80 under=0000:40:03.1 group=15
    rule gpu0 '[Match]' Address=42:00.0
    plan
    bound 0000:42:00.0 0000:42:00.1 0000:42:00.2
    rule gpu0 '[Match]' Address=42:00.1
    plan
    exits 1
    bound
}

@test "Functions=slot takes functions of the same maker alone, whatever class the device has" {
    pci_add 0000:42:00.2 1022:15df 1200 under=0000:40:03.1 group=16
    pci_add 0000:42:00.3 1022:1487 0403 under=0000:40:03.1 group=17
    rule gpu0 '[Match]' Address=42:00.0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
    rule gpu0 '[Match]' Address=42:00.3 '[Device]' Functions=slot
    plan
    exits 0
    bound 0000:42:00.2 0000:42:00.3
}

@test "an explicit match beats a companion, whichever file comes first" {
    local first second
    for first in 10 30; do
        second=20
        rm -f "$ROOT"/etc/passthrough.d/*
        pci_group 0000:42:00.1 16
        rm -f "$ROOT/sys/kernel/iommu_groups/15/devices/0000:42:00.1"
        rule $first-gpu '[Match]' Address=42:00.0
        rule $second-audio '[Match]' Address=42:00.1 '[Device]' Driver=native
        plan
        exits 0
        bound 0000:42:00.0
        device 0000:42:00.1 keep
        is "$(get '.devices[] | select(.address == "0000:42:00.1").rule')" 20-audio 'rule of the audio function'
    done
}

@test "Stage= is kept: initrd by default for a display, root where asked, companions go along" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Stage=root
    plan
    exits 0
    device 0000:01:00.0 bind vfio-pci root
    device 0000:01:00.1 bind vfio-pci root
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Stage=auto
    plan
    device 0000:01:00.0 bind vfio-pci initrd
}

@test "twins by ID alone: the text of plan has a ready Path= line for each, too" {
    rule gpu0 '[Match]' ID=1002:5159
    ctl plan
    exits 1
    has Path=0000:00:02.0/00.0 Path=0000:40:03.1/00.0
}

@test "each of those Path= lines, put into the rule, takes that one" {
    local line
    rule gpu0 '[Match]' ID=1002:5159
    plan
    local -a lines
    read -ra lines <<<"$(grep -oE 'Path=[0-9a-f:./]+' <<<"$output" | sort -u | paste -sd' ')"
    is "${#lines[@]}" 2 'ready lines'
    for line in "${lines[@]}"; do
        rule gpu0 '[Match]' ID=1002:5159 "$line"
        plan
        exits 0
        rule_is gpu0 ok
    done
    bound 0000:42:00.0 0000:42:00.1
}

@test "Expect= takes N, N-M and N-" {
    local range
    for range in 2 1-2 2-5 2- 0- 0-2; do
        rule gpu0 '[Match]' ID=1002:5159 '[Device]' Expect=$range
        plan
        exits 0
        rule_is gpu0 ok
    done
    for range in 0 1 0-1; do
        rule gpu0 '[Match]' ID=1002:5159 '[Device]' Expect=$range
        plan
        exits 1
        rule_is gpu0 refused
        bound
    done
}

@test "fewer than Expect= are missing, and those present are still taken" {
    local range
    for range in 3 3- 3-4; do
        rule gpu0 '[Match]' ID=1002:5159 '[Device]' Expect=$range
        plan
        exits 1
        rule_is gpu0 missing
        bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    done
}

@test "a device that is not there is missing, and with Expect=0- it is not" {
    rule gpu0 '[Match]' Address=99:00.0
    plan
    exits 1
    rule_is gpu0 missing
    rule gpu0 '[Match]' Address=99:00.0 '[Device]' Expect=0-
    plan
    exits 0
    rule_is gpu0 ok
}

@test "ResetMethod= that is reset, default, and of a rule that keeps the device" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' ResetMethod=default
    plan
    is "$(operations reset_method)" /sys/bus/pci/devices/0000:01:00.0/reset_method=default default
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' ResetMethod=
    plan
    exits 0
    is "$(operations reset_method)" '' 'reset'
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' ResetMethod=bus Driver=native
    plan
    is "$(operations reset_method)" '' 'kept'
}

@test "Attribute= keeps blanks and further = signs of its value" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' 'Attribute=label=a  b' Attribute=acpi_index=a=b
    plan
    is "$(get '.operations[] | select(.target | test("01:00.0/label$")).value')" 'a  b' label
    is "$(get '.operations[] | select(.target | test("01:00.0/acpi_index$")).value')" a=b acpi_index
}

@test "a device that is bound natively is unbound in the plan, one that is not is not" {
    rule gpu0 '[Match]' Address=01:00.0
    plan
    local unbinds
    unbinds=$(get '[.operations[] | select(.target | test("unbind$"))] | length')
    rm "$ROOT/sys/bus/pci/drivers/radeon/0000:01:00.0" "$(pci_file 0000:01:00.0 driver)"
    rm "$ROOT/sys/bus/pci/drivers/snd_hda_intel/0000:01:00.1" "$(pci_file 0000:01:00.1 driver)"
    plan
    exits 0
    is "$(get '[.operations[] | select(.target | test("unbind$"))] | length')" 0 'unbinds where nothing is bound'
    ((unbinds == 0 || unbinds == 2)) || { echo "unbinds where both are bound: $unbinds" && return 1; }
}

@test "a device that vfio-pci already has is in the plan like any other" {
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=vfio-pci override=vfio-pci
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 0
    bound 0000:01:00.0
}

@test "class and id come from the device's own files, lower case, six and eight digits" {
    rule gpu0 '[Match]' Address=01:00.1 '[Device]' Driver=native
    plan
    is "$(get '.devices[] | "\(.bus) \(.address) \(.id) \(.class) \(.group) \(.rule)"')" \
        'pci 0000:01:00.1 1002:aa38 040300 1 gpu0' device
}

@test "a driver whose module another initrd has brought is there, and so is a variant of it" {
    local brought=/usr/lib/passthrough/modules/$KERNEL
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=pci-lab
    plan
    exits 1
    has 'has no such module'
    put "$brought/modules.dep" 'kernel/pci-lab.ko:'
    plan
    exits 0
    whole '.devices[0].driver == "pci-lab"'
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=auto
    put "$brought/modules.dep" 'kernel/lab-vfio-pci.ko:'
    put "$brought/modules.alias" 'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci' 'alias vfio_pci:v00001002d00005159sv*sd*bc*sc*i* lab_vfio_pci'
    plan
    exits 0
    whole '.devices[0].driver == "lab_vfio_pci"'
}
