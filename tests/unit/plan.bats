# What [Device] makes of a match: driver, functions, stage, how many, attributes; and what a plan is.

load product
load tree

setup() {
    tree_again plan && return
    tree_new
    card 0000:00:02.0 01 1 slot=7
    pci_root 0000:40
    card 0000:40:03.1 42 15 slot=8
    tree_keep plan
}

@test "a graphics card is handed to vfio-pci in the initrd, with its audio function" {
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 0
    rule_is gpu0 ok
    bound 0000:01:00.0 0000:01:00.1
    device 0000:01:00.0 bind vfio-pci initrd
    device 0000:01:00.1 bind vfio-pci initrd
    untouched 0000:42:00.0 0000:42:00.1
}

@test "operations write driver_override before they probe, each with its reason" {
    rule gpu0 '[Match]' Address=01:00.0
    plan
    local ops override probe
    ops=$(get '.operations[] | "\(.op) \(.target) \(.value)"' | tr ' ' '\n')
    override=$(get '[.operations[] | .target] | index("/sys/bus/pci/devices/0000:01:00.0/driver_override")')
    probe=$(get '[.operations[] | .target == "/sys/bus/pci/drivers_probe" and .value == "0000:01:00.0"] | index(true)')
    [[ $override != null && $probe != null ]] && ((override < probe)) || { echo "$ops" && show && return 1; }
    is "$(get '[.operations[] | .op, .why | select(type != "string" or . == "")] | length')" 0 'operations without op or why'
    is "$(operations 'driver_override$')" \
        '/sys/bus/pci/devices/0000:01:00.0/driver_override=vfio-pci /sys/bus/pci/devices/0000:01:00.1/driver_override=vfio-pci' overrides
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
    ctl plan
    has 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1 gpu0 vfio-pci
    has "$(jq -r '.operations[0].target' <<<"$first")"
}

@test "Driver=native keeps a device with the host" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=native
    plan
    exits 0
    rule_is gpu0 ok
    device 0000:01:00.0 keep
    bound
    is "$(get '.operations | length')" 0 operations
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

@test "Driver= of which there is no module, built in or not, and no driver is refused" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=no-such-driver
    plan
    exits 1
    rule_is gpu0 refused
    refused 0000:01:00.0 no-such-driver
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

@test "Driver=auto: a companion gets the driver that is made for itself" {
    printf 'alias vfio_pci:v00001002d00005159sv*sd*bc*sc*i* gpu_vfio_pci\nalias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n' >"$ROOT/lib/modules/$KERNEL/modules.alias"
    module gpu_vfio_pci loadable
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=auto
    plan
    exits 0
    device 0000:01:00.0 bind gpu_vfio_pci
    device 0000:01:00.1 bind vfio-pci
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
    pci_add 0000:42:00.2 10de:1ad7 0c80 under=0000:40:03.1 group=15
    rule gpu0 '[Match]' Address=42:00.0
    plan
    bound 0000:42:00.0 0000:42:00.1 0000:42:00.2
    rule gpu0 '[Match]' Address=42:00.1
    plan
    exits 1
    bound
}

@test "Functions=slot takes the display along where another function matched" {
    rule gpu0 '[Match]' Address=42:00.1 '[Device]' Functions=slot
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "Functions=match takes what matched and no more" {
    pci_add 0000:42:00.2 10de:1ad7 0c80 under=0000:40:03.1 group=16
    rule gpu0 '[Match]' 'Address=42:00.0 42:00.1' '[Device]' Functions=match Expect=2
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
    is "$(get '[.devices[] | select(.address == "0000:42:00.2")] | length')" 0 'mention of 42:00.2'
}

@test "a slot is one device of one bus of one domain: neighbours are no companions" {
    pci_root 0001:40
    root_port 0001:40:03.1 42 group=300
    pci_add 0001:42:00.1 8086:293e 0403 under=0001:40:03.1 group=301
    pci_add 0000:42:01.0 8086:10d3 0200 under=0000:40:03.1 group=302
    pci_add 0000:41:00.1 8086:293e 0403 group=303
    rule gpu0 '[Match]' Address=42:00.0
    plan
    bound 0000:42:00.0 0000:42:00.1
}

@test "a function of which VFs are enabled is refused: vfio-pci would not take it" {
    pci_add 0000:42:10.0 1002:515a 0300 under=0000:40:03.1 group=304 physfn=0000:42:00.0 index=0
    rule gpu0 '[Match]' Address=42:00.0
    plan
    exits 1
    refused 0000:42:00.0 '[Vv]irtual function'
}

@test "VFs in the address range of a slot are no companions of it" {
    # Those of a card with many reach into the next bus numbers.
    pci_add 0000:41:00.0 1002:515b 0200 under=0000:40:03.1 group=303
    pci_add 0000:42:00.4 1002:515a 0200 under=0000:40:03.1 group=304 physfn=0000:41:00.0 index=0
    rule gpu0 '[Match]' Address=42:00.0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
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

@test "Expect= defaults to one: twins by ID alone are refused, with a ready Path= line for each" {
    rule gpu0 '[Match]' ID=1002:5159
    plan
    exits 1
    rule_is gpu0 refused
    refused 0000:01:00.0 .
    refused 0000:42:00.0 .
    untouched 0000:01:00.1 0000:42:00.1
    has Path=0000:00:02.0/00.0 Path=0000:40:03.1/00.0
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

@test "Expect= counts explicit matches that this rule decides: neither companions nor those of earlier rules" {
    rule 10-host '[Match]' Address=01:00.0 '[Device]' Driver=native
    rule 50-gpu '[Match]' ID=1002:5159 '[Device]' Expect=1
    plan
    exits 0
    rule_is 50-gpu ok
}

@test "one rule that is refused or missing leaves the others alone" {
    rule a '[Match]' Address=99:00.0
    rule b '[Match]' Address=01:00.0
    rule c '[Match]' Address=42:00.0 '[Device]' Driver=no-such-driver
    plan
    exits 1
    rule_is a missing
    rule_is b ok
    rule_is c refused
    bound 0000:01:00.0 0000:01:00.1
}

@test "Attribute= is written before binding, power/ after it" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Functions=match IOMMUGroup=complete \
        Attribute=d3cold_allowed=0 Attribute=power/control=on Attribute=numa_node=0
    plan
    exits 0
    local order
    order=$(get '.operations[] | select(.target | test("0000:01:00.0/(d3|numa|power)")) , select(.value == "0000:01:00.0" and (.target | test("drivers_probe"))) | .target | split("/") | last')
    is "$order" 'd3cold_allowed numa_node drivers_probe control' 'order of writes'
    is "$(operations 'd3cold_allowed')" /sys/bus/pci/devices/0000:01:00.0/d3cold_allowed=0 'd3cold_allowed'
    is "$(operations 'power/control')" /sys/bus/pci/devices/0000:01:00.0/power/control=on 'power/control'
}

@test "ResetMethod= is written before binding, in one spelling, and not to a companion" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' 'ResetMethod=bus   flr' Attribute=d3cold_allowed=0
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
    is "$(get '.operations[] | select(.target | test("01:00.0/(reset|d3)")), select(.value == "0000:01:00.0" and (.target | test("drivers_probe"))) | .target | split("/") | last')" \
        'reset_method d3cold_allowed drivers_probe' 'order of writes'
    is "$(operations reset_method)" '/sys/bus/pci/devices/0000:01:00.0/reset_method=bus flr' reset_method
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

@test "a driver that is built in is unbound at the next boot: the plan says so" {
    pci_add 0000:00:05.0 1b36:0002 070002 group=40 driver=serial
    rule uart '[Match]' Address=00:05.0
    plan
    device 0000:00:05.0 bind vfio-pci root
    is "$(operations unbind)" /sys/bus/pci/devices/0000:00:05.0/driver/unbind=0000:00:05.0 unbind
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
        'pci 0000:01:00.1 8086:293e 040300 1 gpu0' device
}
