# The units that are installed, and those that the generator makes: systemd has nothing against them, and services of the host
# have no more in their hands than they need.

load product
load tree

UNITS=$BATS_TEST_DIRNAME/../../conf/systemd

setup() {
    command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
    tree_again units && return
    tree_new
    card 0000:00:02.0 01 1
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Required=yes
    put /etc/passthrough.conf '[HugePages]' Size=1G Count=1
    tree_keep units
}

# verified NAME=FILE...: systemd takes these units together without a word. Programs need not be installed for it, and targets that this
# machine lacks are no fault of theirs.
verified() {
    local dir=$BATS_TEST_TMPDIR/verify unit
    local -a names=()
    rm -rf "$dir" && mkdir "$dir"
    for unit; do
        sed 's,^ExecStart=\(-\?\)/usr/\(lib/passthrough/passthrough-[a-z]*\|bin/passthroughctl\),ExecStart=\1/bin/true,' "${unit#*=}" >"$dir/${unit%%=*}"
        [[ $unit != *@.service=* ]] || { cp "$dir/${unit%%=*}" "$dir/${unit%%@*}@gpu0.service" && unit=${unit%%@*}@gpu0.service=; }
        names+=("$dir/${unit%%=*}")
    done
    run --separate-stderr env SYSTEMD_UNIT_PATH="$dir:/usr/lib/systemd/system" systemd-analyze verify --man=no --recursive-errors=no "${names[@]}"
    [[ $status == 0 && -z $output && -z $stderr ]] || { show && return 1; }
}

# generated [VARIABLE=VALUE]: "NAME=FILE" of each unit the generator makes.
generated() {
    mkdir -p "$ROOT"/run/{normal,early,late}
    env "$@" "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late || return
    find "$ROOT"/run/{normal,early,late} -type f -printf '%f=%p\n'
}

@test "systemd has nothing against the units that are installed" {
    local unit
    local -a all=()
    for unit in "$UNITS"/*; do all+=("${unit##*/}=$unit"); done
    verified "${all[@]}"
}

@test "systemd has nothing against the units that are made, on the host and in an initrd" {
    local -a all
    mapfile -t all < <(generated)
    ((${#all[@]} >= 1))
    verified "${all[@]}"
    rm -r "$ROOT"/run/{normal,early,late}
    put /etc/initrd-release ID=debian
    mapfile -t all < <(generated SYSTEMD_IN_INITRD=1)
    ((${#all[@]} >= 3))
    verified "${all[@]}"
}

@test "nor against those of a trial" {
    local -a all
    put /proc/cmdline 'root=/dev/sda1 passthrough.trial=0123456789abcdef:120'
    mapfile -t all < <(generated | grep -v 50-passthrough-trial.conf)
    ((${#all[@]} >= 3))
    verified "${all[@]}" "passthrough-revert.service=$UNITS/passthrough-revert.service"
    rm -r "$ROOT"/run/{normal,early,late}
    put /etc/initrd-release ID=debian
    mapfile -t all < <(generated SYSTEMD_IN_INITRD=1)
    ((${#all[@]} >= 5))
    verified "${all[@]}"
}

@test "a unit that systemd does not understand is seen" {
    put /broken.service '[Service]' 'ExecStart=/bin/true' 'ProtectEverything=yes'
    run verified broken.service="$ROOT/broken.service"
    is "$status" 1 'what is said of it'
}

@test "the exposure of every service of the host is below 3.0; of those that make virtual functions and virtual GPUs, below 3.5" {
    systemd-analyze --help | grep -q -- --offline || skip 'this systemd-analyze cannot look at files'
    local unit limit
    for unit in "$UNITS"/*.service; do
        # They load modules, set up interfaces and controllers of disks, and ask all processes whether they use what they change.
        limit=29
        if [[ $unit == */passthrough-@(sriov|vgpu|vgpu-functions)@.service ]]; then limit=34; fi
        # The threshold is met by what equals it.
        run systemd-analyze security --offline=true --threshold=$limit "$(realpath "$unit")"
        [[ $status == 0 ]] || { echo "$unit" && tail -1 <<<"$output" && return 1; }
    done
}

@test "an executor that loads modules and gives nodes away is let do so" {
    local unit=$UNITS/passthrough@.service
    grep -qx 'CapabilityBoundingSet=.*CAP_SYS_MODULE.*' "$unit"
    grep -qx 'CapabilityBoundingSet=.*CAP_CHOWN.*' "$unit"
    is "$(grep -cE '^(ProtectKernelModules|ProtectKernelTunables|PrivateDevices|PrivateNetwork|PrivateUsers|ProtectProc)=' "$unit")" 0 'what would be in its way'
}
