# SPDX-License-Identifier: GPL-2.0-or-later
# A stage that is killed at any of its writes, or finds /run full: rescue and release give everything back from the record, and the same
# stage, the next one and the host's services finish what was begun. drivers.c has the kernel's part of sysfs.

load product
load tree
load drivers

A=0000:01:00.0 B=0000:02:00.0 C=0000:03:00.0 D=0000:04:00.0

# Four cards of a class that says nothing, which the rescue gives back for that: two for each stage, of which one has a driver already. One of these had an
# override, too.
setup() {
    tree_again nets && return
    tree_new bare
    put /etc/initrd-release ID=debian
    local address n=0
    for address in $A $B $C $D; do
        n=$((n + 1))
        root_port 0000:00:0$n.0 0$n
        pci_add $address 1234:11e8 00ff under=0000:00:0$n.0 group=$n
        pci_set $address native e1000e
    done
    pci_bind $A e1000e
    pci_bind $D e1000e
    pci_set $A driver_override e1000e
    driver_present vfio-pci
    put /sys/bus/pci/drivers_probe
    mkdir -p "$ROOT"/sys/module/vfio_iommu_type1
    rule early '[Match]' Address="$A $B" '[Device]' Expect=2 Stage=initrd
    rule later '[Match]' Address="$C $D" '[Device]' Expect=2 Stage=root
    tree_keep nets
}

stage() { with SYSTEMD_IN_INITRD=1 "${@:2}" -- passthrough-bind --stage="$1"; }
rescue() { with SYSTEMD_IN_INITRD=1 HURRY=60 "$@" -- passthrough-bind --rescue; }
service() { with SYSTEMD_IN_INITRD=0 -- passthrough-bind --rule="$1"; }
release() { with SYSTEMD_IN_INITRD=0 "${@:2}" -- passthroughctl release "$1"; }

# drivers: what each has, and its override.
drivers() {
    local address override
    for address in $A $B $C $D; do
        override=$(tr -d '\n' <"$(pci_file $address driver_override)")
        echo "$address $(basename "$(readlink "$(pci_file $address driver)")") ${override/(null)/}"
    done
}

# As they are found; a card that is offered to drivers takes its own.
is_back() {
    diff <(drivers) - <<END || { echo "$1" && show && return 1; }
$A e1000e e1000e
$B e1000e 
$C e1000e 
$D e1000e 
END
}

is_taken() {
    diff <(drivers) - <<END || { echo "$1" && show && return 1; }
$A vfio-pci vfio-pci
$B vfio-pci vfio-pci
$C vfio-pci vfio-pci
$D vfio-pci vfio-pci
END
}

# offered: cards that nobody took are offered to the drivers of the host, as udev does.
offered() {
    local address
    for address in $A $B $C $D; do
        [[ -L $(pci_file $address driver) ]] || ln -s /sys/bus/pci/drivers/e1000e "$(pci_file $address driver)"
    done
}

# What is kept of a run is put back for the next way on.
keep() { rm -rf "$BATS_TEST_TMPDIR/$1" && cp -a "$ROOT" "$BATS_TEST_TMPDIR/$1"; }
again() { rm -rf "$ROOT" && cp -a "$BATS_TEST_TMPDIR/$1" "$ROOT"; }

gives_back() { # gives_back POINT
    keep cut
    rescue
    offered
    is_back "$1, rescue" || return 1
    [[ ! -s $ROOT/run/passthrough/record ]] || ctl_is_told "$1" || return 1
    again cut
    rm "$ROOT/etc/initrd-release"
    for name in early later; do
        release $name
        [[ $status == 0 ]] || { echo "$1, release $name" && show && return 1; }
    done
    offered
    is_back "$1, release" || return 1
    again cut
}

# status reads the record, whatever it is.
ctl_is_told() {
    ctl status --json
    whole '.version == 1 and (.devices | type == "array")' || { echo "$1" && return 1; }
}

goes_on() { # goes_on POINT STAGE: the same stage, and where it is the initrd's the next one alone
    stage "$2"
    stage root
    is_taken "$1, the stage again" || return 1
    again cut
    stage root
    rm "$ROOT/etc/initrd-release"
    service early
    service later
    is_taken "$1, the next stage and the host" || return 1
    [[ $status == 0 ]] || { echo "$1" && show && return 1; }
    again cut
    rm "$ROOT/etc/initrd-release"
    service early
    service later
    is_taken "$1, the host" || return 1
}

# killed_everywhere STAGE: KILL_EVERY=1: at every write; else a sample.
killed_everywhere() {
    local n=1 step=5 point calls
    [[ ${KILL_EVERY-} != 1 ]] || step=1
    keep before
    stage "$1" KILL_COUNT="$BATS_TEST_TMPDIR/calls"
    calls=$(<"$BATS_TEST_TMPDIR/calls")
    ((calls > 8)) || { show && return 1; }
    for ((n = 1; n <= calls; n += step)); do
        for point in b$n a$n; do
            again before
            stage "$1" KILL_AT=$point
            [[ $status == 137 ]] || { echo "$point of $calls: not killed" && show && return 1; }
            gives_back "$1 killed at $point" || return 1
            goes_on "$1 killed at $point" "$1" || return 1
        done
    done
    echo "# $1: $calls calls, killed at every ${step}th, before and behind it" >&3
}

@test "the initrd's stage is killed at its writes: all can be given back, and all can be finished" {
    killed_everywhere initrd
}

@test "the root's stage is killed at its writes: all can be given back, and all can be finished" {
    stage initrd
    exits 1 # the other rule has nothing yet
    killed_everywhere root
}

@test "where the way back cannot be recorded, nothing is handed over, and that is said; the boot goes on" {
    local before n
    before=$(drivers)
    keep before
    for n in 1 2 3 4; do
        again before
        stage initrd FULL_AT=$n
        exits 1
        [[ $stderr == *'nothing is handed over now: the way back cannot be recorded in /run/passthrough/record: No space left on device'* ]] || { show && return 1; }
        is "$(drivers)" "$before" "drivers, full at $n"
        [[ ! -e $ROOT/run/passthrough/record ]] || { show && return 1; }
    done
    stage root FULL_AT=1
    is "$(drivers)" "$before" 'drivers behind the root stage'
    rm "$ROOT/etc/initrd-release"
    service early
    exits 0
    service later
    exits 0
    is_taken 'once there is room'
}

@test "a rule that has all it was to have is satisfied, though nothing can be recorded any more" {
    stage initrd
    rm "$ROOT/etc/initrd-release"
    with SYSTEMD_IN_INITRD=0 FULL_AT=1 FULL_IN=/run/ -- passthrough-bind --rule=early
    exits 0
    with SYSTEMD_IN_INITRD=0 FULL_AT=1 FULL_IN=/run/ -- passthrough-bind --rule=later
    exits 1
    [[ $stderr == *'No space left on device'* ]] || { show && return 1; }
}

# begun: everything is taken, and there was no room for what came of it.
begun() {
    local calls
    keep before
    stage initrd KILL_COUNT="$BATS_TEST_TMPDIR/calls"
    calls=$(<"$BATS_TEST_TMPDIR/calls")
    again before
    stage initrd FULL_AT="$calls"
    exits 1
    [[ $stderr == *'the result of the hand-over cannot be recorded in /run/passthrough/record: No space left on device'* ]] || { show && return 1; }
}

@test "what came of it finds no room: the record says what was begun, and from it rescue and release give all back" {
    begun
    is "$(drivers | grep -c vfio-pci)" 2 'taken functions'
    keep full
    rescue FULL_AT=1
    offered
    is_back 'rescue, and /run is full'
    again full
    rescue
    offered
    is_back rescue
    again full
    rm "$ROOT/etc/initrd-release"
    release early FULL_AT=1
    exits 1
    [[ $stderr == *'/run/passthrough/record: No space left on device'* ]] || { show && return 1; }
    offered
    is_back 'release, and /run is full'
}

@test "status says what was begun, and what to do" {
    begun
    rm "$ROOT/etc/initrd-release"
    ctl status --json
    exits 1
    is "$(get '.devices[] | select(.rule == "early") | "\(.address) \(.state) \(.from)"')" "$A begun e1000e $B begun null" states
    is "$(get '.rules[] | select(.name == "early").state')" failed rule
    ctl status
    exits 1
    has "${A#0000:}" 'taking it was cut short, and it has driver vfio-pci now; "passthroughctl bind early" finishes that, "passthroughctl release early" gives it back' \
        '2 devices begun and not finished'
}

@test "bind by hand finishes what was begun, and release gives back what had not come far" {
    stage initrd KILL_AT=a6
    is "$(drivers | head -n 1)" "$A e1000e vfio-pci" 'the first function'
    rm "$ROOT/etc/initrd-release"
    keep cut
    with SYSTEMD_IN_INITRD=0 -- passthroughctl bind early
    exits 0
    ctl status --json
    is "$(get '.devices[] | select(.rule == "early") | "\(.address) \(.state) \(.from)"')" "$A late e1000e $B bound null" states
    again cut
    release early DRIVERS_LOG="$BATS_TEST_TMPDIR/log"
    exits 0
    has "early: ${A#0000:} is with e1000e already" "early: ${B#0000:} given back to e1000e"
    ! grep unbind "$BATS_TEST_TMPDIR/log" || return 1
    offered
    is_back release
}

@test "what was begun and is not to be taken any more is given back by the next stage, and by the host" {
    stage initrd KILL_AT=a7
    keep cut
    rule early '[Match]' Address="$A $B" '[Device]' Driver=native Expect=2
    stage root
    offered
    diff <(drivers | head -n 2) - <<END
$A e1000e e1000e
$B e1000e 
END
    again cut
    rm "$ROOT/etc/initrd-release"
    service later
    rule early '[Match]' Address="$A $B" '[Device]' Expect=1-2 Stage=initrd
    service early
    exits 1
    [[ $stderr == *"early: $A given back: taking it was cut short, and nothing takes it now"* ]] || { show && return 1; }
    offered
    diff <(drivers | head -n 2) - <<END
$A e1000e e1000e
$B e1000e 
END
}

# planned: what the plan's way back writes, as lines "PATH VALUE" of these functions. Once they are taken.
planned() {
    local target value
    jq -r --arg functions "$*" '.devices[] | select(.address | inside($functions)) | .back[] | select(.op == "write") | "\(.target) \(.value | sub("\n"; ""))"' \
        "$BATS_TEST_TMPDIR/plan" |
        while read -r target value; do
            case $target in
            */driver/unbind) target=/sys/bus/pci/drivers/vfio-pci/unbind ;;
            *) target=$(realpath "${ROOT}${target%/*}")/${target##*/} && target=${target#"$(realpath "$ROOT")"} ;;
            esac
            echo "$target $value"
        done
}

@test "what release and the rescue write is, write by write, the way back of the plan" {
    local log=$BATS_TEST_TMPDIR/log
    plan
    echo "$output" >"$BATS_TEST_TMPDIR/plan"
    stage initrd
    stage root
    exits 0
    is_taken 'both stages'
    keep taken
    rescue DRIVERS_LOG="$log"
    is_back rescue
    diff "$log" <(planned $A $B $C $D) || { show && return 1; }
    is "$(grep -c . "$log")" 12 writes
    again taken
    rm "$log" "$ROOT/etc/initrd-release"
    release later DRIVERS_LOG="$log"
    exits 0
    diff "$log" <(planned $C $D) || { show && return 1; }
    is "$(grep -c . "$log")" 6 writes
}

@test "an outcome that was changed, or cut off anywhere, counts for nothing; what stands before it does, and so does what comes behind" {
    stage initrd
    local record=$ROOT/run/passthrough/record first n size
    cp "$record" "$BATS_TEST_TMPDIR/record"
    sed -i 's/^T\(.*\)bound/T\1failed/' "$record"
    ctl status --json
    is "$(get '[.devices[] | select(.rule == "early").state] | unique[]')" begun 'states of a changed outcome'
    first=$(($(grep -abom1 '^more$' "$BATS_TEST_TMPDIR/record" | cut -d: -f1) - 1))
    size=$(stat -c %s "$BATS_TEST_TMPDIR/record")
    for ((n = first; n < size - 17; n += 97)); do
        head -c "$n" "$BATS_TEST_TMPDIR/record" >"$record"
        ctl status --json
        is "$(get '[.devices[] | select(.rule == "early").state] | unique[]')" begun "states, cut off at $n" || return 1
        tail -c +$((first + 1)) "$BATS_TEST_TMPDIR/record" >>"$record"
        ctl status --json
        is "$(get '.devices[] | select(.rule == "early").state')" 'late bound' "states, cut off at $n and appended again" || return 1
    done
}

@test "what one stage took and the next one refuses is still given back" {
    stage initrd
    # A neighbour has shown, which no rule takes.
    pci_add 0000:01:00.1 1234:11e8 00ff under=0000:00:01.0 group=1
    stage root
    ctl status --json
    is "$(get '.rules[] | select(.name == "early").state')" refused 'the rule'
    is "$(get ".devices[] | select(.address == \"$A\").state")" late "$A"
    rescue
    offered
    is_back 'the rescue'
}

@test "what one stage took and a rule leaves to the host since is still given back" {
    stage initrd
    rule early '[Match]' Address="$A $B" '[Device]' Driver=native Expect=2
    stage root
    ctl status --json
    is "$(get ".devices[] | select(.address == \"$A\") | .state, .driver")" 'late vfio-pci' "$A"
    rescue
    offered
    is_back 'the rescue'
}
