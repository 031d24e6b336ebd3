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
    is "$(get '.rules[] | "\(.name) \(.state)"')" 'gpu0 ok' rule
    ctl status
    exits 0
    has gpu0 0000:01:00.0 bound
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
    says 'audio.*|0000:42:00\.1.*refused'
}

@test "a rule that changed since this boot's plan, or is new, is pending" {
    bind_in_initrd
    add_line /etc/passthrough.d/gpu0.conf '# a remark'
    rule new '[Match]' Address=42:00.0
    ctl status --json
    is "$(get '.rules[] | select(.name == "new").state')" pending 'new rule'
    is "$(get '.rules[] | select(.name == "gpu0").state')" pending 'changed rule'
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
    [[ $status == [12] ]]
    jq -e .version <<<"$output" >/dev/null
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
        [[ $status == [012] ]] && jq -e .version <<<"$output" >/dev/null || { echo "cut at $n" && show && return 1; }
    done
}

@test "a boot before this one is not asked for in vain: it is shown or said to be unknown" {
    ctl status --boot=-1
    [[ $status == [12] && $output$stderr ]]
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
