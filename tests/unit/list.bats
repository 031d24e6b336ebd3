# passthroughctl list: what is there, and which rule takes it. How it looks: list-screen.bats.

load product
load tree
load tree-users
load tree-guard

setup() {
    tree_again list && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 10000:e0
    pci_add 10000:e0:06.0 144d:a808 010802 driver=nvme
    tree_keep list
}

@test "one line for each device that people hand over, with address, driver, the rule and what comes with it" {
    rule gpu0 '[Match]' Address=01:00.0
    ctl list
    exits 0
    says '^ +0000:01:00\.0 .* radeon +next boot +gpu0: with 0000:01:00\.1, its audio$'
    says '^ +10000:e0:06\.0 .* nvme +'
    is "$(grep -c '^ *[0-9a-f]*:[0-9a-f]*:[0-9a-f]*\.' <<<"$output")" 3 lines
    has_not '00:02.0'
    ctl list --json
    is "$(get '.devices | length')" "$(find "$ROOT/sys/bus/pci/devices" -type l | wc -l)" 'devices in the document'
}

@test "list takes no rule to say what is there, and no machine to say that nothing is" {
    ctl list
    exits 0
    says '0000:01:00\.0'
    tree_new bare
    ctl list
    exits 0
    says '^  There is no device here to hand over\.$'
    ctl list --json
    exits 0
    is "$(get '.devices | length')" 0 devices
}

@test "a rule that keeps a device is named as well" {
    rule host '[Match]' Address=01:00.0 '[Device]' Driver=native
    ctl list --json
    is "$(get '.devices[] | select(.address == "0000:01:00.0").rule')" host rule
}

# --- names

# names_are LINE...: the machine's own hardware database.
names_are() {
    command -v systemd-hwdb >/dev/null || skip 'no systemd-hwdb'
    put /etc/udev/hwdb.d/20-test.hwdb "$@"
    systemd-hwdb update --root="$ROOT"
    [[ -s $ROOT/etc/udev/hwdb.bin ]]
}

name_of() { # name_of ADDRESS
    get ".devices[] | select(.address == \"$1\") | \"\(.vendor_name)|\(.device_name)\""
}

@test "devices have the names of the machine's own hardware database" {
    names_are 'pci:v00001002*' ' ID_VENDOR_FROM_DATABASE=Vendor of Trees' '' \
        'pci:v00001002d00005159*' ' ID_MODEL_FROM_DATABASE=Card of Trees' '' \
        'pci:v00008086*' $' ID_VENDOR_FROM_DATABASE=Escape\e[31m'
    ctl list --json
    exits 0
    is "$(name_of 0000:01:00.0)" 'Vendor of Trees|Card of Trees' 'the card'
    is "$(name_of 0000:00:1f.2)" 'Escape?[31m|' 'a vendor with control characters, and no device'
    is "$(name_of 10000:e0:06.0)" '|' 'one that the database does not have'
    ctl list
    says '0000:01:00\.0 +Vendor of Trees Card of Trees  '
}

@test "a card that the database knows by its subsystem is called so" {
    names_are 'pci:v00001002d00005159*' ' ID_MODEL_FROM_DATABASE=Any' '' \
        'pci:v00001002d00005159sv00001AF4sd00001100*' ' ID_MODEL_FROM_DATABASE=Any (The Board)'
    ctl list --json
    is "$(name_of 0000:01:00.0)" '|Any (The Board)' name
}

@test "a database that is none, or a link out of the tree, costs the names at most" {
    printf 'KSLPHHRHgarbage' | put /etc/udev/hwdb.bin
    mkdir -p "$ROOT/usr/lib/udev"
    ln -s /nowhere "$ROOT/usr/lib/udev/hwdb.bin"
    ctl list --json
    exits 0
    is "$(get '[.devices[] | .vendor_name, .device_name | type] | unique[]')" string types
    is "$stderr" '' 'standard error'
}

# --- what could be handed over

# could ADDRESS ACTION [ALONG...]
could() {
    is "$(get ".devices[] | select(.address == \"$1\").handover.action")" "$2" "action for $1" || return 1
    is "$(get ".devices[] | select(.address == \"$1\").handover.along[]")" "${*:3}" "what comes along with $1"
}

could_not() { # could_not ADDRESS REGEX
    local why
    could "$1" refuse || return 1
    why=$(get ".devices[] | select(.address == \"$1\").handover.reason")
    [[ $why =~ $2 ]] || { printf 'reason for %s is "%s", expected /%s/\n' "$1" "$why" "$2" && show && return 1; }
}

@test "what no rule takes could be handed over, with the functions of its slot and the members of its group" {
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2
    pci_add 0000:02:00.1 1234:11e9 00ff under=0000:00:03.0 group=2
    root_port 0000:00:04.0 03
    pci_add 0000:03:00.0 1234:11e8 00ff under=0000:00:04.0 group=3
    ctl list --json
    exits 0
    could 0000:01:00.0 bind 0000:01:00.1
    could 0000:01:00.1 bind 0000:01:00.0
    could 0000:02:00.1 bind 0000:02:00.0
    could 0000:03:00.0 bind
    is "$(get '.devices[] | select(.address == "0000:03:00.0").handover.reason')" '' reason
    ctl list
    says '0000:03:00\.0 .* free$'
    says '0000:01:00\.0 .* free  with 0000:01:00\.1, its audio$'
    says '0000:02:00\.0 .* free +with group 2$'
    says '0000:02:00\.1 .* free +with group 2$'
}

@test "what the host needs could not, and the way there is told" {
    pci_bind 0000:00:1f.0 lpc_ich
    ctl list --json
    could_not 0000:00:1f.2 '^the host needs it: 0000:00:1f\.2 ← sda2 ← /$'
    could_not 0000:00:1f.3 'also holds 0000:00:1f\.0'
    could_not 0000:00:00.0 'bridge'
    ctl list --all
    says '0000:00:1f\.2 .* held +/ is on it$'
    says '0000:00:00\.0 .* held +bridge$'
    LC_ALL=C.UTF-8 ctl list 00:1f.2
    says '^  Handover +held: the host needs it: 0000:00:1f\.2 ← sda2 ← /$'
}

@test "a boot display could not, nor what shares its group, with the display's reason" {
    pci_set 0000:01:00.0 boot_vga 1
    ctl list --json
    could_not 0000:01:00.0 '^the firmware booted on this display'
    could_not 0000:01:00.1 '0000:01:00\.0: the firmware booted on this display'
}

@test "of two keyboards each could, of one none, where a passphrase may be asked" {
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=14 driver=xhci_hcd
    pci_add 0000:00:15.0 8086:a36d 0c0330 group=15 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    tags sda1 UUID=$ROOT_UUID-1 TYPE=crypto_LUKS
    put /etc/crypttab "secret UUID=$ROOT_UUID-1 none luks"
    usb_keyboard 1-1
    ctl list --json
    could_not 0000:00:14.0 'the only keyboard'
    usb_keyboard 2-1
    ctl list --json
    could 0000:00:14.0 bind
    could 0000:00:15.0 bind
}

@test "without an IOMMU nothing could, and the reason is that" {
    rm -r "$ROOT"/sys/kernel/iommu_groups/*
    find "$ROOT/sys/devices" -name iommu_group -delete
    ctl list --json
    exits 0
    could_not 0000:01:00.0 'no IOMMU group'
    is "$(get '[.devices[] | select(.handover.action == "bind")] | length')" 0 'to be had'
}

@test "a rule's devices have what the plan has for them" {
    rule gpu0 '[Match]' Address=01:00.0
    rule disk '[Match]' Address=00:1f.2
    rule host '[Match]' Address=10000:e0:06.0 '[Device]' Driver=native
    ctl list --json
    could 0000:01:00.0 bind 0000:01:00.1
    could 0000:01:00.1 bind
    could_not 0000:00:1f.2 '^the host needs it'
    could 10000:e0:06.0 keep
    is "$(get '.devices[] | select(.address == "0000:01:00.0").driver')" radeon 'the driver at present'
    ctl list
    says '0000:01:00\.0 .* next boot +gpu0'
    says '0000:00:1f\.2 .* refused +disk: / is on it$'
    says '10000:e0:06\.0 .* held +rule host$'
    pci_bind 0000:01:00.0 vfio-pci
    pci_bind 0000:01:00.1 vfio-pci
    ctl list
    says '0000:01:00\.0 .* vfio-pci +handed over +gpu0'
}

@test "passthrough=off is of this boot, and not of what could be handed over" {
    cmdline passthrough=off
    ctl list --json
    could 0000:01:00.0 bind 0000:01:00.1
    could_not 0000:00:1f.2 '^the host needs it'
    # Its card is the rule's again in the next boot.
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Functions=match
    ctl list --json
    could 0000:01:00.0 keep
    could 0000:01:00.1 bind
}

@test "what list says of a device is what plan has once there is such a rule" {
    local address action along reason said
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 00ff under=0000:00:03.0 group=2
    pci_add 0000:02:00.1 10de:1b06 0300 under=0000:00:03.0 group=4
    pci_add 0000:02:00.2 1234:11e9 00ff under=0000:00:03.0 group=5
    root_port 0000:00:04.0 03
    pci_add 0000:03:00.0 1234:11e8 00ff under=0000:00:04.0 group=5
    pci_add 0000:03:00.1 1234:11e8 00ff under=0000:00:04.0
    rule 50-other '[Match]' Address=02:00.0
    ctl list --json
    said=$(jq -r '.devices[] | select(.rule == "") | [.address, .handover.action, (.handover.along | join(" ") + "."), .handover.reason] | @tsv' <<<"$output")
    while IFS=$'\t' read -r address action along reason; do
        rule 90-asked '[Match]' Address="$address" '[Device]' IOMMUGroup=complete
        plan
        device "$address" "$action"
        if [[ $action == bind ]]; then
            is "$(get ".devices[] | select(.rule == \"90-asked\" and .action == \"bind\" and .address != \"$address\").address")." "$along" \
                "what comes along with $address"
        else
            [[ $reason == "$(get ".devices[] | select(.address == \"$address\").reason")"* ]] || { echo "$address: $reason" && show && return 1; }
        fi
    done <<<"$said"
}

@test "a machine without virtual GPUs says that no device offers any" {
    ctl list --types
    exits 0
    has 'No device here offers virtual GPUs.'
    says '^ *Next: '
}

# unreadable ADDRESS: nobody can read what it is; it is there, and in its group.
unreadable() {
    local file
    for file in modalias vendor device class subsystem_vendor subsystem_device uevent config; do
        rm -f "$ROOT/sys/bus/pci/devices/$1/$file"
    done
}

@test "a function whose identity cannot be read is shown as such, and held, with its group" {
    tree_new
    pci_add 0000:00:05.0 1234:11e8 0300 group=5
    pci_add 0000:00:06.0 1234:11e8 0300 group=6
    pci_add 0000:00:07.0 1234:11e8 0300 group=6
    driver_present vfio-pci
    rule edu '[Match]' Address=00:05.0
    unreadable 0000:00:05.0
    unreadable 0000:00:07.0
    ctl list
    exits 0
    says '^ +00:05\.0  does not say what it is +- +refused +edu: cannot be identified$'
    says '^ +00:07\.0  does not say what it is +- +held +cannot be identified$'
    says '^ +00:06\.0  1234:11e8 +- +held +group 6: shares it with 00:07\.0, about which nothing is known$'
    ctl list 00:07.0
    exits 0
    has 'its vendor, device and class cannot be read'
    ctl list --json
    whole '[.devices[] | select(.id == "" and .class == "" and .handover.action == "refuse").address] == ["0000:00:05.0", "0000:00:07.0"]'
    plan
    rule_is edu refused
    refused 0000:00:05.0 'cannot be read'
    ctl add it 00:06.0
    exits 1
    has 'about which nothing is known'
}

@test "a captured machine shows each of its functions, also where nobody could read who they are" {
    tree_new
    card 0000:00:02.0 01 1
    local address
    for address in "$ROOT"/sys/bus/pci/devices/*; do unreadable "${address##*/}"; done
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured ctl list --all --json
    exits 0
    whole '(.devices | length) == 7 and all(.devices[]; .id == "" and .handover.action == "refuse")'
    ROOT=$BATS_TEST_TMPDIR/captured ctl list --all
    is "$(grep -c 'does not say what it is' <<<"$output")" 7 lines
}

@test "a virtual function says whose it is, and has the slot of its function" {
    tree_new
    root_port 0000:00:02.0 12
    pci_add 0000:12:00.0 15b3:1019 0200 under=0000:00:02.0 group=12 driver=mlx5_core slot=7
    pci_add 0000:12:01.2 15b3:101a 0200 under=0000:00:02.0 group=13 physfn=0000:12:00.0 index=0
    pci_bind 0000:12:01.2 vfio-pci
    ctl list --json
    whole '.devices[] | select(.address == "0000:12:01.2") | .parent == "0000:12:00.0" and .slot == "7"'
    whole '.devices[] | select(.address == "0000:12:00.0") | (has("parent") | not) and .slot == "7"'
    ctl list 12:01.2
    says '^  Slot +7$'
    says '^  SR-IOV +virtual function 0 of 12:00\.0$'
    ctl list vfio
    says '^ +12:01\.2 .* a virtual function of 12:00\.0$'
}

# leads_to ADDRESS NAME: list tells all about that device, and add takes it or says what the plan has against it.
leads_to() {
    ctl list "$2"
    exits 0 || return 1
    says "^ +$1 " || return 1
    is "$(grep -cE '^  ([0-9a-f]+:)?[0-9a-f]+:[0-9a-f]+\.[0-7] ' <<<"$output")" 1 "devices that list $2 tells of" || return 1
    ctl add zz-asked "$2" --dry-run
    [[ $status != 2 ]] || { show && return 1; }
    has "$1"
}

@test "list and add take each name that list prints, as it stands there" {
    local m address name names=0
    for m in desktop-two-nvme laptop-hybrid server-4gpu; do
        machine $m
        ctl list
        while read -r address name; do
            leads_to "$address" "$name" || { echo "$m: $name" && return 1; }
            names=$((names + 1))
        done < <(sed -nE 's/^ +([0-9a-f]+:[0-9a-f]+\.[0-7]) .*, ([a-z][^ ]*)  .*/\1 \2/p' <<<"$output")
    done
    ((names > 12))
}

@test "of what stands on several devices, list and add say which they are; of a rule, list shows its devices" {
    machine server-4gpu
    local word address name
    for word in bond0 md127 /dev/md127; do
        for name in "list $word" "add x $word --dry-run"; do
            # shellcheck disable=SC2086
            ctl $name
            exits 2
            has " is not a device; name one of "
        done
        while read -r name address; do leads_to "$address" "$name"; done < <(grep -oE '[a-z0-9]+ \([0-9a-f:.]+\)' <<<"$stderr" | tr -d '()')
    done
    rule gpu7 '[Match]' Address=e3:00.0
    ctl list gpu7
    exits 0
    has e3:00.0 gpu7
    ctl add x gpu7
    exits 2
    has 'gpu7 is a rule, not a device; passthroughctl list gpu7 shows its devices'
}
