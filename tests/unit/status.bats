# passthroughctl status: what this boot did, against the plan. The executor runs on the tree first; in a tree of plain files no
# driver ever binds, so what is `bound` there had its driver before.

load product
load tree

setup() {
    tree_again status && return
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=vfio-pci override=vfio-pci
    pci_root 0000:40
    card 0000:40:03.1 42 15
    rule gpu0 '[Match]' Address=01:00.0
    tree_keep status
}

bind_in_initrd() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
}

@test "before anything ran, nothing is satisfied" {
    ctl status
    exits 1
    has gpu0
}

@test "what vfio-pci has is bound, and the rule satisfied" {
    bind_in_initrd
    exits 0
    ctl status --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.state) \(.driver) \(.rule)"')" '0000:01:00.0 bound vfio-pci gpu0' device
    is "$(get '[.devices[].at_us | type] | unique[]')" number at_us
    is "$(get '.devices[].back[] | "\(.op) \(.target | split("/") | last)"' | tr '\n' ' ')" \
        'load modalias write driver_override write unbind write drivers_probe verify driver ' 'the way back'
    is "$(get '.rules[] | "\(.name) \(.state)"')" 'gpu0 ok' rule
    ctl status
    exits 0
    says '^  gpu0 +ok +01:00\.0 .* vfio-pci +[0-9]+\.[0-9] s$'
}

@test "a device that no driver took has failed, and keeps no override" {
    rule gpu1 '[Match]' Address=42:00.0
    bind_in_initrd
    exits 1
    ctl status --json
    exits 1
    is "$(get '.devices[] | select(.address == "0000:42:00.0").state')" failed state
    is "$(get '.devices[] | select(.address == "0000:01:00.0").state')" bound 'the other'
    is "$(tr -d '\n' <"$(pci_file 0000:42:00.0 driver_override)" | head -c 8)" '' 'driver_override afterwards'
}

@test "refused and missing show with their reasons" {
    rule audio '[Match]' Address=42:00.1
    rule none '[Match]' Address=99:00.0
    bind_in_initrd
    ctl status --json
    exits 1
    is "$(get '.devices[] | select(.address == "0000:42:00.1").state')" refused state
    is "$(get '.rules[] | "\(.name)=\(.state)"')" 'audio=refused gpu0=ok none=missing' states
    ctl status
    says '^  audio +refused +42:00\.1 '
    says '^  none +missing +no PCI device here has Address=99:00\.0$'
}

@test "a rule that changed since this boot's plan, or is new, is pending" {
    bind_in_initrd
    add_line /etc/passthrough.d/gpu0.conf '# a remark'
    rule new '[Match]' Address=42:00.0
    ctl status --json
    is "$(get '.rules[] | select(.name == "new").state')" pending 'new rule'
    is "$(get '.rules[] | select(.name == "gpu0").state')" pending 'changed rule'
    ctl status
    says "^  gpu0 +pending +not in effect yet: its text changed since this boot's plan was made$"
    says '^  new +pending +not in effect yet$'
    says '^  0 of 2 rules in effect'
}

@test "a new rule that the plan refuses is not said to wait for a bind" {
    pci_set 0000:01:00.0 boot_vga 1
    rule display '[Match]' Address=01:00.0
    rule gone '[Match]' Address=99:00.0
    rule ready '[Match]' Address=42:00.0
    rm -f "$ROOT/etc/passthrough.d/gpu0.conf"
    ctl status --json
    is "$(get '.rules[] | "\(.name)=\(.state)"')" 'display=pending gone=pending ready=pending' states
    is "$(jq -r '.rules[] | select(.message | test("bind")).name' <<<"$output")" ready 'rules to bind'
    ctl status
    says '^  display +pending +not in effect yet, and the plan refuses it: passthroughctl plan says why$'
    says '^  gone +pending +not in effect yet, and the plan has no device for it: passthroughctl plan says why$'
    ctl bind display
    exits 1
    ctl plan
    says '^  display +refused '
}

@test "a rule that is gone still shows what this boot did" {
    bind_in_initrd
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    ctl status --json
    is "$(get '.devices[] | select(.address == "0000:01:00.0").state')" bound state
}

@test "passthrough=off shows as skipped, and is not satisfied" {
    cmdline passthrough=off
    bind_in_initrd
    exits 0
    ctl status --json
    exits 1
    is "$(get '.rules[] | .state')" skipped rule
}

@test "a record of garbage is said to be one, and is no crash" {
    bind_in_initrd
    local file
    while read -r file; do
        head -c 4096 /dev/urandom >"$file"
    done < <(find "$ROOT/run/passthrough" -type f)
    ctl status --json
    exits 1
    whole '.version == 1 and .devices == [] and .rules == []'
    has '/run/passthrough/record cannot be read, so it is unknown what this boot did'
    ctl status
    exits 1
    is "$output" '' output
}

@test "bytes of a record that are no text reach neither the document nor the terminal" {
    bind_in_initrd
    sed -i $'s/vfio-pci/vfio\\xff\\x1b-pci/g; s/^end .*/end/' "$ROOT/run/passthrough/record"
    ctl status --json
    whole '.version == 1 and .devices[0].driver == "vfio??-pci"'
    iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
    ctl status
    [[ $output != *$'\e'* ]] || { show && return 1; }
}

@test "a record that was changed, or says a word that there is not, is none" {
    bind_in_initrd
    local record=$ROOT/run/passthrough/record edit
    cp "$record" "$BATS_TEST_TMPDIR/record"
    grep -q '^end [0-9a-f]\{16\}$' "$record"
    for edit in s/gpu0/gpu9/ 's/^end ./end x/' '/^end/s/$/0/' 's/\tbind\t/\tbound\t/; s/^end .*/end/' 's/\tok\t/\tpending\t/; s/^end .*/end/' \
        's/^S\tinitrd$/S\thost/; s/^end .*/end/' 's/^D/E/; s/^end .*/end/' 's/\t1\t\([0-9]*\)$/\t\t\1/; s/^end .*/end/' '1s/1$/2/; s/^end .*/end/'; do
        sed "$edit" "$BATS_TEST_TMPDIR/record" >"$record"
        ! cmp -s "$BATS_TEST_TMPDIR/record" "$record" || { echo "$edit: changes nothing" && return 1; }
        ctl status
        [[ $status == 1 && $stderr == *'cannot be read, so it is unknown what this boot did'* ]] || { show && echo "$edit" && return 1; }
    done
    # What follows the end is no record; a file of before there were checksums has none.
    sed 's/^end .*/end/' "$BATS_TEST_TMPDIR/record" >"$record"
    echo nonsense >>"$record"
    ctl status
    exits 0
    sed '/^end/d' "$BATS_TEST_TMPDIR/record" >"$record"
    ctl status
    exits 0
}

@test "a record cut off anywhere is no crash" {
    rule gpu1 '[Match]' Address=42:00.0
    bind_in_initrd
    local file size n
    file=$(find "$ROOT/run/passthrough" -type f -size +0 | head -1)
    cp "$file" "$BATS_TEST_TMPDIR/record"
    size=$(stat -c %s "$file")
    for ((n = 0; n < size; n += 1 + size / 40)); do
        head -c $n "$BATS_TEST_TMPDIR/record" >"$file"
        ctl status --json
        [[ $status == [012] ]] && whole .version || { echo "cut at $n" && return 1; }
    done
}

# journal LINE...: a journalctl that has these lines of JSON, and notes what it was asked.
journal() {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/lines"
    printf '#!/bin/sh\nprintf "%%s\\n" "$*" >"%s/asked"\ncat "%s/lines"\nexit %s\n' "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" "${journal_exit-0}" \
        >"$BATS_TEST_TMPDIR/bin/journalctl"
    chmod +x "$BATS_TEST_TMPDIR/bin/journalctl"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# entry MESSAGE [NAME=VALUE...]: a line of the journal, as journalctl has it in JSON.
entry() {
    local text='{}' field
    for field in "MESSAGE=$1" "${@:2}"; do
        text=$(jq -c --arg k "${field%%=*}" --arg v "${field#*=}" '.[$k] = $v' <<<"$text")
    done
    echo "$text"
}

@test "a reason is told by its kind, whatever the words of its sentence" {
    rule nic '[Match]' ID=dead:beef
    bind_in_initrd
    ctl status
    says '^  nic +missing +no PCI device here has ID=dead:beef$'
    sed -i 's/matches 0 devices/finds none of them/; s/^end .*/end/' "$ROOT/run/passthrough/record"
    ctl status
    says '^  nic +missing +no PCI device here has ID=dead:beef$'
    # A record of before there were kinds: the whole sentence.
    sed -i $'/^R\tnic\t/s/\t\t\t[0-9]*$//; s/^end .*/end/' "$ROOT/run/passthrough/record"
    ctl status
    says '^  nic +missing +finds none of them and Expect= is 1$'
    journal "$(entry 'nic: missing: none' PASSTHROUGH_RULE=nic PASSTHROUGH_DEVICE= PASSTHROUGH_STATE=missing PASSTHROUGH_REASON=none \
        PASSTHROUGH_KIND=20 'PASSTHROUGH_ABOUT=matches too many')" \
        "$(entry 'nic: 0000:04:00.0 refused: words' PASSTHROUGH_RULE=nic PASSTHROUGH_DEVICE=0000:04:00.0 PASSTHROUGH_STATE=refused \
            PASSTHROUGH_REASON=words PASSTHROUGH_KIND=12 PASSTHROUGH_ABOUT=0000:00:1c.0/00.0)"
    ctl status --boot=-1
    has Path=0000:00:1c.0/00.0
    [[ $output != *words* ]] || { show && return 1; }
}

@test "a boot before this one: what its lines in the journal say by their fields" {
    journal "$(entry 'gpu0: 0000:01:00.0 bound to vfio-pci' PASSTHROUGH_RULE=gpu0 PASSTHROUGH_DEVICE=0000:01:00.0 PASSTHROUGH_STATE=bound \
        PASSTHROUGH_DRIVER=vfio-pci PASSTHROUGH_CLASS=030000 PASSTHROUGH_ID=1002:5159 PASSTHROUGH_GROUP=1 PASSTHROUGH_AT_US=812345 \
        PASSTHROUGH_FILE=/etc/passthrough.d/gpu0.conf __MONOTONIC_TIMESTAMP=900000)" \
        "$(entry 'nic: missing: matches 0 devices and Expect= is 1' PASSTHROUGH_RULE=nic PASSTHROUGH_DEVICE= PASSTHROUGH_STATE=missing \
            'PASSTHROUGH_REASON=matches 0 devices and Expect= is 1')" \
        "$(entry 'huge pages: 4 of 1G reserved' PASSTHROUGH_RULE= PASSTHROUGH_DEVICE=)"
    ctl status --boot=-1 --json
    exits 1
    is "$(get .boot)" -1 boot
    is "$(get '.devices[] | "\(.address) \(.state) \(.driver) \(.rule) \(.group) \(.at_us)"')" '0000:01:00.0 bound vfio-pci gpu0 1 812345' device
    is "$(get '.rules[] | "\(.name)=\(.state)\(.file)"')" 'gpu0=ok/etc/passthrough.d/gpu0.conf nic=missing' rules
    is "$(get '.notes[]')" 'huge pages: 4 of 1G reserved' notes
    grep -q -- '--boot=-1' "$BATS_TEST_TMPDIR/asked"
    # Whoever may write to the journal must not be able to say what the boot did.
    is "$(grep -o '_UID=0\|_TRANSPORT=kernel' "$BATS_TEST_TMPDIR/asked" | paste -sd' ')" '_UID=0 _TRANSPORT=kernel' 'whose lines'
    ctl status --boot=-1
    exits 1
    has 'Boot -1, by the journal:' 'huge pages: 4 of 1G'
    says '^  gpu0 +ok +01:00\.0 .* vfio-pci +0\.8 s$'
    says '^  nic +missing +matches 0 devices and Expect= is 1$'
    says '^  1 of 2 rules in effect, 1 device handed over before any native driver\.$'
}

@test "a boot before this one: lines that came by the kernel log are understood by their text" {
    journal "$(entry 'gpu0: 0000:01:00.0 bound to vfio-pci' _SOURCE_MONOTONIC_TIMESTAMP=700000 __MONOTONIC_TIMESTAMP=2000000)" \
        "$(entry 'gpu1: 0000:42:00.0 bound to vfio-pci, late: radeon had it')" \
        "$(entry 'gpu1: 0000:42:00.1 failed: vfio-pci did not take it; it is bound to snd_hda_intel')" \
        "$(entry 'disk: 0000:00:1f.2 refused: the host needs it: 0000:00:1f.2 ← sda2 ← /')" \
        "$(entry 'nvme: 0000:00:1d.0 given back: no root file system was found without it')" \
        "$(entry 'old: skipped: passthrough.skip= on the kernel command line')" \
        "$(entry 'edu: 0000:03:00.0 bound to vfio-pci')" "$(entry 'edu: 0000:03:00.0 given back to edu')" 'not JSON at all' '[1]' ''
    ctl status --boot=-1 --json
    exits 1
    is "$(get '.devices[] | "\(.address) \(.state) \(.from // "-")"')" "0000:00:1d.0 failed - 0000:00:1f.2 refused - 0000:01:00.0 bound - \
0000:03:00.0 skipped - 0000:42:00.0 late radeon 0000:42:00.1 failed -" devices
    is "$(get '.devices[] | select(.address == "0000:01:00.0").at_us')" 700000 'time by the kernel'
    is "$(get '.rules[] | "\(.name)=\(.state)"')" 'gpu0=ok gpu1=failed disk=refused nvme=failed old=skipped edu=skipped' rules
    reason 0000:00:1f.2 '^the host needs it: 0000:00:1f.2 ← sda2'
    reason 0000:00:1d.0 '^given back: no root file system'
}

@test "a boot before this one: each sentence about a device is understood as it was meant, without a field" {
    rule gpu1 '[Match]' Address=42:00.0
    rule disk '[Match]' Address=00:1f.2
    rule none '[Match]' Address=99:00.0
    bind_in_initrd
    local said=$stderr entries=() line meant
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    said+=$'\n'$stderr
    local what='[.devices[] | "\(.address) \(.rule) \(.action) \(.state) \(.reason)" | sub(" the rule matches it$"; " ")] | sort[]'
    while read -r line; do entries+=("$(entry "$line")"); done <<<"$said"
    ctl status --json
    meant=$(get "$what")
    [[ $meant == *' refused '*' bound '*' failed '* ]] || { show && return 1; }
    journal "${entries[@]}"
    ctl status --boot=-1 --json
    is "$(get "$what")" "$meant" devices
    is "$(get '.rules[] | select(.name == "none").state')" missing rule
    is "$(get '.notes | length')" 0 notes
}

@test "a boot before this one: a line with a state that there is not is a note, and the bus is what it says" {
    journal "$(entry 'a: 1-2.3 taken' PASSTHROUGH_RULE=a PASSTHROUGH_DEVICE=1-2.3 PASSTHROUGH_STATE=taken)" \
        "$(entry 'a: nothing to give back' PASSTHROUGH_RULE=a PASSTHROUGH_DEVICE= 'PASSTHROUGH_STATE=nothing to give back')" \
        "$(entry 'b: 1-2.4 bound to x' PASSTHROUGH_RULE=b PASSTHROUGH_DEVICE=1-2.4 PASSTHROUGH_STATE=bound PASSTHROUGH_BUS=usb PASSTHROUGH_DRIVER=x)"
    ctl status --boot=-1 --json
    exits 0
    is "$(get '.notes[]')" 'a: 1-2.3 taken a: nothing to give back' notes
    is "$(get '.devices[] | "\(.bus) \(.address) \(.driver)"')" 'usb 1-2.4 x' device
}

@test "a boot before this one: nothing in the journal reaches the terminal as control characters" {
    journal "$(entry $'gpu0: 0000:01:00.0 refused: \e[2Jthe host needs it')" "$(entry $'note \e]0;title\a \u009b31m')" \
        "$(entry x PASSTHROUGH_RULE=$'r\e[1m' PASSTHROUGH_STATE=$'ok\e[1m' PASSTHROUGH_DEVICE=$'\e[1m')"
    ctl status --boot=-1
    exits 1
    has 'the host needs it' 'note ?]0;title?'
    [[ $output$stderr != *[$'\e\a']* && $output$stderr != *$'\u009b'* ]] || { show && return 1; }
}

@test "a boot in which all went well is satisfied, also what came late for a rule that was missing" {
    journal "$(entry 'nic: missing: matches 0 devices and Expect= is 1')" \
        "$(entry 'nic: 0000:04:00.0 bound to vfio-pci, late: e1000e had it' PASSTHROUGH_STATE=late PASSTHROUGH_RULE=nic \
            PASSTHROUGH_DEVICE=0000:04:00.0 PASSTHROUGH_FROM=e1000e PASSTHROUGH_DRIVER=vfio-pci)"
    ctl status --boot=-2 --json
    exits 0
    is "$(get '.rules[] | "\(.name)=\(.state)"')" nic=ok rules
    is "$(get '.devices[] | .from')" e1000e from
}

@test "a boot that the journal has not, or has nothing of, is said to be unknown; the document is whole" {
    journal_exit=1 journal
    ctl status --boot=-7
    exits 1
    has 'no readable entry of boot -7'
    ctl status --boot=-7 --json
    exits 1
    whole '.version == 1 and (.devices, .rules, .operations | type == "array")'
    journal
    ctl status --boot=-1
    exits 1
    has 'Boot -1 has left no line'
    ctl status --boot=yesterday
    exits 2
    ctl status --boot=0
    has_not 'Boot 0'
}

@test "a line for each rule, with what has the device, when and from whom it was taken; colour only where it is asked for" {
    rule gpu1 '[Match]' Address=42:00.0
    bind_in_initrd
    put /run/passthrough/record "$(sed -E $'s/^(T.*\tbound\t\t\t)[0-9]+$/\\14112345/; s/^end .*/end/' "$ROOT/run/passthrough/record")"
    LC_ALL=C ctl status
    says '^  RULE +STATE +ADDRESS +DEVICE +DRIVER +TIME$'
    says '^  gpu0 +ok +01:00\.0 .* vfio-pci +4\.1 s$'
    says '^ +kept from radeon$'
    says '^  gpu1 +failed x 42:00\.0 .* radeon$'
    says '^ +vfio-pci did not take it; it is bound to radeon$'
    says '^ +x 42:00\.1 .* snd_hda_intel$'
    says '^  1 of 2 rules in effect, 1 device handed over before any native driver, 2 failed\.$'
    has_not $'\033'
    SYSTEMD_COLORS=1 ctl status
    has $'\033[32mok' $'\033[31mfailed'
    ctl status --json
    is "$(get '.devices[] | select(.kept_out) | "\(.address) \(.kept_out)"')" '0000:01:00.0 radeon' 'kept out'
    # One that is not loaded has not been kept from anything.
    rm -r "$ROOT/sys/module/radeon"
    LC_ALL=C ctl status
    says '^  gpu0 .* 4\.1 s$'
    has_not 'kept from'
}

@test "what nothing has cleared stays refused through the boot, also by the host's own service" {
    pci_add 0000:00:05.0 8086:10d3 0200 group=40
    rule nic '[Match]' Address=00:05.0
    put /etc/initrd-release ID=debian
    bind_in_initrd
    run "$BUILD/passthrough-bind" --root="$ROOT" --stage=root
    rm "$ROOT/etc/initrd-release"
    run -1 --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=nic
    [[ $stderr == *cleared* ]] || { show && return 1; }
    ctl status --json
    is "$(get '.devices[] | select(.address == "0000:00:05.0").state')" refused state
}

@test "the executor does nothing twice in one boot" {
    bind_in_initrd
    rule gpu1 '[Match]' Address=42:00.0
    bind_in_initrd
    is "$(<"$(pci_file 0000:42:00.0 driver_override)")" '(null)' 'override of what was not in the plan'
}

@test "the executor never writes outside the tree, nor where a link leads out of it" {
    local outside=$BATS_TEST_TMPDIR/outside
    mkdir "$outside"
    echo '(null)' >"$outside/driver_override"
    rm "$(pci_file 0000:42:00.0 driver_override)"
    ln -s "$outside/driver_override" "$(pci_file 0000:42:00.0 driver_override)"
    rm -rf "$ROOT/run"
    ln -s "$outside" "$ROOT/run"
    rule gpu1 '[Match]' Address=42:00.0
    bind_in_initrd
    is "$(<"$outside/driver_override")" '(null)' 'the file outside'
    is "$(ls -A "$outside")" driver_override 'what is outside'
}
