# What hangs below a function that is taken goes along with it: what is recorded of it, what its rule's service and status say once it
# is gone, and how it comes back. What is planned: plans/vmd-*. The controller has its driver before, as in plain files no driver binds.

load product
load tree-boot
load tree-guard
load live
load tree

setup() {
    machine vmd-three-disks
    process 1 systemd
    rule disk1 '[Match]' Path=10000:e0:02.0/00.0
    rule vmd '[Match]' Path=0000:00:0e.0
}

# The stages of a boot, after which what was below the controller is gone; its driver is as given.
boot() {
    pci_bind 0000:00:0e.0 "${1-vfio-pci}"
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    [[ ${1-vfio-pci} != vfio-pci ]] || gone
}

gone() {
    local i
    for i in 1 2 3; do
        [[ ! -e $ROOT/sys/bus/pci/devices/10000:e$i:00.0 ]] || pci_remove "10000:e$i:00.0"
        [[ ! -e $ROOT/sys/bus/pci/devices/10000:e0:0$((i + 1)).0 ]] || pci_remove "10000:e0:0$((i + 1)).0"
        rm -rf "$ROOT/sys/class/block/nvme${i}n1" "$ROOT/sys/block/nvme${i}n1"
    done
}

service() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
}

state_of() { # state_of ADDRESS: as the last document has it
    get ".devices[] | select(.address == \"$1\").state"
}

rule_in_status() { # rule_in_status NAME
    get ".rules[] | select(.name == \"$1\").state"
}

@test "after the boot what was below counts as handed over: in the record, in status and for its rule's service" {
    boot
    exits 0
    ctl status --json
    exits 0
    is "$(get '[.devices[] | "\(.address) \(.rule) \(.state)"] | join(", ")')" \
        '0000:00:0e.0 vmd bound, 10000:e1:00.0 disk1 bound, 10000:e2:00.0 vmd bound, 10000:e3:00.0 vmd bound' devices
    is "$(get '[.rules[].state] | unique[]')" ok rules
    is "$(get '.devices[1].reason')" 'below 0000:00:0e.0, which rule vmd takes: it goes along with it' reason
    service disk1
    exits 0
    service vmd
    exits 0
    ctl status
    exits 0
}

@test "where the controller is not taken, what is below is not either" {
    boot vmd
    exits 1
    ctl status --json
    exits 1
    is "$(state_of 0000:00:0e.0) $(state_of 10000:e1:00.0) $(state_of 10000:e2:00.0)" 'failed failed failed' states
    is "$(rule_in_status vmd) $(rule_in_status disk1)" 'failed failed' rules
    service disk1
    exits 1
}

@test "the controller that lost its driver since the boot takes what is below along" {
    boot
    rm "$(pci_file 0000:00:0e.0 driver)"
    ctl status --json
    exits 1
    is "$(state_of 10000:e1:00.0)" failed disk
    has '0000:00:0e.0 was taken at boot and has no driver now'
    service disk1
    exits 1
}

@test "release gives the controller back, and nothing of what is below; bind of either rule takes it again" {
    boot
    ctl release disk1
    exits 1
    has 'disk1: 10000:e1:00.0 went along with 00:0e.0 and comes back with it: passthroughctl release vmd'
    rm "$(pci_file 0000:00:0e.0 driver)"
    ctl release vmd
    ctl status --json
    exits 1
    is "$(rule_in_status vmd) $(rule_in_status disk1)" 'skipped skipped' rules
    has '0000:00:0e.0 was given back by hand; \"passthroughctl bind vmd\" takes it again'
    service disk1
    exits 1
}

@test "no event takes what comes back below a controller that was given back" {
    boot vmd
    ctl release vmd
    : >"$ROOT/sys/bus/pci/drivers/vmd/unbind"
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --hotplug=10000:e1:00.0
    exits 0
    is "$(<"$ROOT/sys/bus/pci/drivers/vmd/unbind")" '' 'vmd/unbind'
    is "$(tr '\n' '|' <"$(pci_file 10000:e1:00.0 driver_override)")" '(null)|' override
}

@test "bind of a rule for a disk takes the controller, and writes to nothing below it" {
    rule disk2 '[Match]' Path=10000:e0:03.0/00.0
    ctl bind disk1
    exits 1
    has 'vmd: 0000:00:0e.0 failed' 'disk1: 10000:e1:00.0 failed: 0000:00:0e.0, which it is below:' 'disk2: 10000:e2:00.0 failed'
    is "$(<"$ROOT/sys/bus/pci/drivers/vmd/unbind")" 0000:00:0e.0 'vmd/unbind'
    is "$(<"$ROOT/sys/bus/pci/drivers/nvme/unbind")" '' 'nvme/unbind'
    pci_bind 0000:00:0e.0 vfio-pci
    ctl bind 10000:e1:00.0 --json
    exits 0
    is "$(get '[.devices[].state] | unique[]')" bound states
    is "$(<"$ROOT/sys/bus/pci/drivers/nvme/unbind")" '' 'nvme/unbind'
}

@test "the service of a rule for a disk takes the controller first" {
    pci_bind 0000:00:0e.0 vfio-pci
    service disk1
    exits 0
    ctl status --json
    is "$(rule_in_status vmd) $(rule_in_status disk1)" 'ok ok' rules
}

@test "show names the controller for a disk below it" {
    ctl show disk1
    exits 0
    has host=0000:00:0e.0
    [[ $output != *10000:e1:00.0* ]] || { show && return 1; }
}

@test "list: what is below comes with the controller, and is not to be had alone" {
    rm "$ROOT"/etc/passthrough.d/*
    ctl list --json
    is "$(get '.devices[] | select(.address == "0000:00:0e.0").handover | "\(.action) \(.along | join(" "))"')" \
        'bind 10000:e1:00.0 10000:e2:00.0 10000:e3:00.0' controller
    is "$(get '.devices[] | select(.address == "10000:e2:00.0").handover.action')" refuse disk
    has 'a rule for that one takes all below it: Path=0000:00:0e.0'
}

@test "an image that is built while a guest has the controller does not forget what was below it" {
    firmware_uuid
    image_built
    local before
    before=$(grep -c 10000: "$ROOT/var/lib/passthrough/clearance")
    boot
    image_built
    is "$(grep -c 10000: "$ROOT/var/lib/passthrough/clearance")" "$before" 'lines of the clearance'
    grep -P '^D\tvmd\t.*\t0000:00:0e.0\t' "$ROOT/var/lib/passthrough/clearance" | grep -q 10000:e0:02.0/00.0=8086:0a54 ||
        { cat "$ROOT/var/lib/passthrough/clearance" && return 1; }
}

@test "a record of an earlier version, which does not say what is below what, is read" {
    boot
    sed -i '/^D/s/\t0000:00:0e.0$//; s/^end .*/end/' "$ROOT/run/passthrough/record"
    ctl status --json
    is "$(state_of 0000:00:0e.0)" bound controller
}

@test "what an image has recorded below the controller, and what this boot never shows, goes along with it" {
    firmware_uuid
    image_built
    gone
    plan
    exits 0
    is "$(get '.rules[] | select(.name == "disk1") | "\(.state): \(.message)"')" \
        'ok: its device goes along with 0000:00:0e.0, which it is below; it does not show now' disk1
    boot
    exits 0
    ctl status --json
    exits 0
    is "$(get '[.devices[].address] | join(" ")') $(rule_in_status vmd) $(rule_in_status disk1)" '0000:00:0e.0 ok ok' status
    service disk1
    exits 0
    rm "$(pci_file 0000:00:0e.0 driver)"
    ctl status --json
    is "$(rule_in_status vmd) $(rule_in_status disk1)" 'failed failed' 'without a driver'
    ctl release vmd
    ctl status --json
    is "$(rule_in_status vmd) $(rule_in_status disk1)" 'skipped skipped' 'given back'
    service disk1
    exits 1
}

@test "what does not show is missing where the controller shows others, is not taken, or the record is of another" {
    firmware_uuid
    image_built
    pci_remove 10000:e1:00.0
    plan
    is "$(get '.rules[] | select(.name == "disk1").state')" missing 'a disk that was pulled out'
    gone
    rm "$ROOT/etc/passthrough.d/vmd.conf"
    plan
    is "$(get '.rules[] | select(.name == "disk1").state')" missing 'without a rule for the controller'
    rule vmd '[Match]' Path=0000:00:0e.0
    plan
    is "$(get '.rules[] | select(.name == "disk1").state')" ok 'the same controller'
    sed -i 's/0000:00:0e.0=8086:201d$/0000:00:0e.0=8086:9a0b/; s/^end .*/end/' "$ROOT/var/lib/passthrough/clearance"
    plan
    is "$(get '.rules[] | select(.name == "disk1").state')" missing 'another controller'
}

@test "a virtual function of a physical one that is taken goes along with it; where that is refused, by itself" {
    root_port 0000:00:03.0 09
    pci_add 0000:09:00.0 1de4:1000 1200 under=0000:00:03.0 group=31
    pci_add 0000:09:00.1 1de4:1001 1200 under=0000:00:03.0 group=32 physfn=0000:09:00.0 index=0
    pci_add 0000:09:00.2 1de4:1001 1200 under=0000:00:03.0 group=33 physfn=0000:09:00.0 index=1
    rule pf '[Match]' Address=09:00.0
    rule vf '[Match]' Address=09:00.1
    rm "$ROOT"/etc/passthrough.d/{disk1,vmd}.conf
    plan
    exits 1
    refused_with 0000:09:00.0 '2 of its virtual functions are enabled; hand those over, or disable them first'
    bound 0000:09:00.1
    # Early in a boot, without a driver, nobody is asked how many there are.
    put /etc/initrd-release ID=debian
    plan
    exits 0
    bound 0000:09:00.0 0000:09:00.1 0000:09:00.2
    is "$(get '[.devices[] | "\(.rule) \(.reason)"] | join("; ")')" \
        'pf the rule matches it; vf below 0000:09:00.0, which rule pf takes: it goes along with it; pf below 0000:09:00.0: it goes along with it' reasons
    is "$(get '[.operations[].target | select(test("09:00.[12]"))] | length')" 0 'operations on virtual functions'
}

@test "functions that are each other's physical function, or directory, are below nobody" {
    root_port 0000:00:03.0 09
    pci_add 0000:09:00.0 1234:11e8 00ff under=0000:00:03.0 group=31
    pci_add 0000:09:00.1 1234:11e8 00ff under=0000:00:03.0 group=32
    link "$(pci_dir 0000:09:00.0)/physfn" "$(pci_dir 0000:09:00.1)"
    link "$(pci_dir 0000:09:00.1)/physfn" "$(pci_dir 0000:09:00.0)"
    rule pair '[Match]' 'Address=0000:09:00.0 0000:09:00.1' '[Device]' Expect=2
    plan
    exits 0
    ctl list
    exits 0
    root_port 0000:00:04.0 0a
    pci_add 0000:0a:00.0 1234:11e8 00ff under=0000:00:04.0 group=33
    pci_add 0000:0b:00.0 1234:11e8 00ff under=0000:00:04.0 group=34
    rm -r "$ROOT/sys/$(pci_dir 0000:0b:00.0)"
    link bus/pci/devices/0000:0a:00.0 devices/pci0000:00/0000:0b:00.0/0000:0a:00.0
    link bus/pci/devices/0000:0b:00.0 devices/pci0000:00/0000:0a:00.0/0000:0b:00.0
    mkdir -p "$ROOT/sys/devices/pci0000:00/0000:0a:00.0" "$ROOT/sys/devices/pci0000:00/0000:0b:00.0"
    cp -r "$ROOT/sys/$(pci_dir 0000:09:00.0)" "$ROOT/sys/devices/pci0000:00/0000:0b:00.0/0000:0a:00.0"
    cp -r "$ROOT/sys/$(pci_dir 0000:09:00.0)" "$ROOT/sys/devices/pci0000:00/0000:0a:00.0/0000:0b:00.0"
    rule circle '[Match]' 'Address=0000:0a:00.0' '[Device]' Expect=0-
    plan
    [[ $status != 124 ]]
    ctl list
    exits 0
}
