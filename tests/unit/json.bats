# The JSON documents: exactly the promised keys and values, whole and valid whatever else is wrong.

load product
load tree

# One rule of every state, and a device of every action.
setup() {
    tree_again json && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 15
    pci_add 0000:00:05.0 1234:11e8 00ff
    rule 10-ok '[Match]' Address=01:00.0
    rule 20-native '[Match]' Address=42:00.0 '[Device]' Driver=native
    rule 30-refused '[Match]' Address=00:05.0
    rule 40-missing '[Match]' Address=99:00.0
    rule 50-invalid '[Match]' Adress=99:00.0
    rule 60-skipped '[Match]' Address=42:00.1 Host=elsewhere
    tree_keep json
}

@test "plan: the document has the promised keys, and what is shadowed beside them" {
    plan
    is "$(get 'keys_unsorted[]')" 'version devices rules operations shadowed hugepages' keys
}

@test "plan: a device has exactly the promised keys, with their types" {
    plan
    is "$(get '[.devices[] | keys_unsorted] | unique[] | join(",")')" \
        'bus,address,id,class,group,rule,action,driver,stage,reason,back' 'keys of devices'
    is "$(get '[.devices[] | .bus, .address, .id, .class, .rule, .action, .reason | type] | unique[]')" string 'types'
    is "$(get '[.devices[].group | type] | unique[]')" 'null number' 'types of group'
    is "$(get '[.devices[] | .driver, .stage | type] | unique | map(select(. != "string" and . != "null"))[]')" '' 'types of driver and stage'
    is "$(get '.devices[] | select(.id | test("^[0-9a-f]{4}:[0-9a-f]{4}$") | not).address')" '' 'odd IDs'
    is "$(get '.devices[] | select(.class | test("^[0-9a-f]{6}$") | not).address')" '' 'odd classes'
    is "$(get '[.devices[].action] | unique[]')" 'bind keep refuse' actions
}

@test "plan: a rule has exactly the promised keys, and every state occurs" {
    plan
    is "$(get '[.rules[] | keys_unsorted] | unique[] | join(",")')" 'name,file,state,message' 'keys of rules'
    is "$(get '[.rules[] | .[] | type] | unique[]')" string 'types'
    is "$(get '.rules[].state')" 'ok ok refused missing invalid skipped' states
    is "$(get '.rules[] | select(.state != "ok" and .message == "").name')" '' 'states without a message'
}

@test "plan: an operation has the promised keys, and its stage beside them" {
    plan
    is "$(get '[.operations[] | keys_unsorted] | unique[] | join(",")')" 'op,target,value,why,stage' 'keys of operations'
    is "$(get '[.operations[] | .[] | type] | unique[]')" string 'types'
    is "$(get '.operations[] | select(.op == "write" and (.target | startswith("/sys/") | not)).target')" '' 'writes beside /sys'
}

@test "plan: a device that is taken has its way back, in the form of operations, and no other has one" {
    plan
    is "$(get '[.devices[].back[] | keys_unsorted] | unique[] | join(",")')" 'op,target,value,why' 'keys of the way back'
    is "$(get '[.devices[] | select(.back != []).action] | unique[]')" bind 'actions with a way back'
    is "$(get '[.devices[] | select(.action == "bind" and .back == [])] | length')" 0 'taken without a way back'
    is "$(get '.devices[] | select(.address == "0000:01:00.0").back[] | "\(.op) \(.target | sub(".*/"; ""))=\(.value)"')" \
        "$(printf '%s\n' 'load modalias=' $'write driver_override=\n' 'write unbind=0000:01:00.0' 'write drivers_probe=0000:01:00.0' 'verify driver=vfio-pci' | paste -sd' ')" \
        'the way back'
}

@test "plan: devices stand in the order of their addresses, rules in that of their names" {
    plan
    is "$(get '[.devices[].address] == ([.devices[].address] | sort)')" true 'devices sorted'
    is "$(get '[.rules[].name] == ([.rules[].name] | sort)')" true 'rules sorted'
    is "$(get '[.devices[].address] | group_by(.) | map(select(length > 1))[][]')" '' 'devices twice'
}

@test "plan: a device without a group has null, and group 0 is a group" {
    rule 70-host '[Match]' Address=00:00.0 '[Device]' Driver=native
    plan
    is "$(get '.devices[] | select(.address == "0000:00:05.0").group')" null group
    is "$(get '.devices[] | select(.address == "0000:00:00.0").group')" 0 group
}

@test "plan: nothing but the document is on standard output, and it ends with a newline" {
    "$BUILD/passthroughctl" plan --json --root="$ROOT" >"$BATS_TEST_TMPDIR/out" 2>/dev/null || true
    is "$(jq -s length "$BATS_TEST_TMPDIR/out")" 1 documents
    is "$(tail -c 1 "$BATS_TEST_TMPDIR/out" | od -An -tx1 | tr -d ' ')" 0a 'last byte'
}

@test "list: every function, with the rule that takes it" {
    ctl list --json
    is "$(get .version)" 1 version
    is "$(get '[.devices[].address] | sort[]')" "$(cd "$ROOT/sys/bus/pci/devices" && printf '%s\n' * | paste -sd' ')" devices
    is "$(get '.devices[] | select(.address == "0000:01:00.0") | "\(.id) \(.class) \(.group) \(.driver) \(.rule)"')" \
        '1002:5159 030000 1 radeon 10-ok' 'the card'
    is "$(get '.devices[] | select(.address == "0000:00:1f.2") | "\(.driver)\(.rule // "")"')" ahci 'a device without a rule'
}

@test "status: a document before any plan was carried out" {
    ctl status --json
    whole '.version == 1 and (.devices, .rules | type == "array")'
}

@test "the documents are UTF-8 in any locale" {
    product_is $'Caf\xe9'
    printf 'x\xff\n' >"$ROOT/etc/hostname"
    for LC_ALL in C en_US.UTF-8 de_DE.ISO-8859-1; do
        export LC_ALL
        plan
        iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
        ctl list --json
        iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
    done
}
