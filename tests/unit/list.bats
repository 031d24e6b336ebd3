# passthroughctl list: what is there, and which rule takes it.

load product
load tree

setup() {
    tree_again list && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 10000:e0
    pci_add 10000:e0:06.0 144d:a808 010802 driver=nvme
    tree_keep list
}

@test "one line for each function, with address, IDs, group, driver and the rule" {
    rule gpu0 '[Match]' Address=01:00.0
    ctl list
    exits 0
    says '0000:01:00\.0.*1002:5159.*radeon.*gpu0'
    says '0000:01:00\.1.*8086:293e.*snd_hda_intel.*gpu0'
    says '10000:e0:06\.0.*144d:a808.*nvme'
    is "$(grep -c '^[0-9a-f]*:[0-9a-f]*:[0-9a-f]*\.' <<<"$output")" "$(find "$ROOT/sys/bus/pci/devices" -type l | wc -l)" lines
}

@test "list takes no rule to say what is there, and no machine to say that nothing is" {
    ctl list
    exits 0
    says '0000:01:00\.0'
    tree_new bare
    ctl list --json
    exits 0
    is "$(get '.devices | length')" 0 devices
}

@test "a rule that keeps a device is named as well" {
    rule host '[Match]' Address=01:00.0 '[Device]' Driver=native
    ctl list --json
    is "$(get '.devices[] | select(.address == "0000:01:00.0").rule')" host rule
}
