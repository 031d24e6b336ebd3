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
    is "$(get 'keys_unsorted[]')" 'version devices rules operations shadowed hugepages errors' keys
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

# Each command that prints a document; what changes something only would.
DOCUMENTED=(list check plan status 'status --boot=-1' 'undo --list' 'undo --dry-run' 'apply --dry-run' cmdline 'cmdline check' 'show 10-ok' 'show 01:00.0'
    'show 50-invalid' 'show --all' 'bind 10-ok --dry-run' 'bind 50-invalid --dry-run' 'bind 01:00.0 --dry-run' 'release 10-ok --dry-run'
    'release 50-invalid --dry-run' 'add new 00:1f.2 --dry-run' 'add new 01:00.0 Drive=x --dry-run' 'remove 50-invalid --dry-run' 'hugepages 2M=64 --dry-run'
    'capture /captured --dry-run')

# Those that read the rules, and say what is wrong with them.
reads_rules() {
    [[ ! $1 =~ ^(cmdline check|undo|remove|hugepages|status --boot) ]]
}

# whole_with_errors FILE...: each of DOCUMENTED prints a whole document, and on standard error once that these have an error; the document has it, too.
whole_with_errors() {
    local words file
    for words in "${DOCUMENTED[@]}"; do
        # shellcheck disable=SC2086 # words
        ctl $words --json
        jq -es 'length == 1 and .[0].version == 1' <<<"$output" >/dev/null || { echo "$words" && show && return 1; }
        reads_rules "$words" || continue
        for file; do
            [[ $words != add* || $file != /etc/passthrough.conf ]] || continue
            is "$(grep -c "^$file" <<<"$stderr")" 1 "$words: lines on standard error about $file" || return 1
            [[ $words == capture* ]] || whole ".errors | any(.file == \"$file\")" || { echo "$words" && return 1; }
        done
    done
}

@test "each document is whole with an invalid rule, which stands in it as such, and said once on standard error" {
    whole_with_errors /etc/passthrough.d/50-invalid.conf
    local words
    for words in plan status 'show 50-invalid' 'show --all' 'bind 50-invalid --dry-run' 'release 50-invalid --dry-run'; do
        # shellcheck disable=SC2086 # words
        ctl $words --json
        exits 2
        rule_is 50-invalid invalid || { echo "$words" && return 1; }
    done
    ctl add new 01:00.0 Drive=x --dry-run --json
    exits 2
    rule_is new invalid
}

@test "each document is whole with a rule that cannot be read, and with settings that have an error" {
    rm "$ROOT/etc/passthrough.d/50-invalid.conf"
    printf '[Match]\n\0' >"$ROOT/etc/passthrough.d/50-invalid.conf"
    put /etc/passthrough.conf '[Host]' IOMU=on
    whole_with_errors /etc/passthrough.d/50-invalid.conf /etc/passthrough.conf
    ctl hugepages 2M=64 --json
    exits 2
    whole '.changed == false and .message != "" and .errors[0].file == "/etc/passthrough.conf" and .errors[0].line == 2'
}

@test "each document is whole where a rule's name is none, and a directory of rules is a file" {
    rule 'no name' '[Match]' Address=01:00.0
    whole_with_errors '/etc/passthrough.d/no name.conf'
    rm -r "$ROOT/etc/passthrough.d"
    put /etc/passthrough.d 'no directory'
    local words
    for words in "${DOCUMENTED[@]}"; do
        [[ ! $words =~ (10-ok|50-invalid|^bind) ]] || continue
        # shellcheck disable=SC2086 # words
        ctl $words --json
        jq -es 'length == 1 and .[0].version == 1' <<<"$output" >/dev/null || { echo "$words" && show && return 1; }
    done
}

@test "a config without a mistake has no errors in its documents" {
    rm "$ROOT/etc/passthrough.d/50-invalid.conf"
    local words
    for words in "${DOCUMENTED[@]}"; do
        [[ $words != *50-invalid* && $words != *Drive=x* ]] || continue
        # shellcheck disable=SC2086 # words
        ctl $words --json
        whole 'has("errors") | not' || { echo "$words" && return 1; }
    done
}

@test "status: where the record of this boot cannot be read, an invalid rule is in the document all the same" {
    put /run/passthrough/record 'no record'
    ctl status --json
    exits 2
    has 'cannot be read'
    is "$(get '.rules[] | "\(.name) \(.state)"')" '50-invalid invalid' rules
}

@test "capture, show: a whole document also where nothing is written, and where no rule takes the device" {
    mkdir "$ROOT/captured"
    : >"$ROOT/captured/file"
    ctl capture /captured --json
    exits 1
    whole '.changed == false and .path == "/captured"'
    rm "$ROOT/etc/passthrough.d/50-invalid.conf"
    ctl show 00:1f.3 --json
    exits 1
    whole '.rules == [] and .devices == [] and .qemu == []'
    has 'no rule covers 00:1f.3'
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
