# passthrough-generator: config to units, on the host and in the initrd, and nothing else.

load product
load tree

setup() {
    tree_again generator && return
    tree_new
    card 0000:00:02.0 01 1
    tree_keep generator
}

# generate [VARIABLE=VALUE...]: all three directories, below the root like everything else.
generate() {
    mkdir -p "$ROOT"/run/{normal,early,late}
    run --separate-stderr env "$@" timeout 30 "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    [[ $status == 0 ]] || { show && return 1; }
}

in_initrd() {
    put /etc/initrd-release ID=debian
    put /usr/lib/initrd-release ID=debian
    generate SYSTEMD_IN_INITRD=1
}

units() {
    (cd "$ROOT/run" && find normal early late ! -type d -printf '%p\n' | LC_ALL=C sort)
}

unit_text() {
    (cd "$ROOT/run" && find normal early late -name '*.service' -type f -exec cat {} +)
}

@test "no rules, no units" {
    generate
    is "$(units)" '' units
    in_initrd
    is "$(units)" '' 'units in the initrd'
}

@test "in the initrd one unit binds, ordered before everything that could load a native driver" {
    rule gpu0 '[Match]' Address=01:00.0
    in_initrd
    local unit text name
    unit=$(cd "$ROOT/run" && find normal -path '*/sysinit.target.wants/*' | head -1)
    [[ $unit ]] || { units && return 1; }
    text=$(<"$ROOT/run/$unit")
    for name in dracut-cmdline dracut-pre-udev systemd-modules-load systemd-udevd systemd-udev-trigger; do
        grep -qE "^Before=(.* )?$name\.service( |$)" <<<"$text" || { echo "not before $name: $text" && return 1; }
    done
    grep -qx 'DefaultDependencies=no' <<<"$text"
    grep -qE '^ExecStart=-?/usr/lib/passthrough/passthrough-bind( |$)' <<<"$text"
}

@test "no unit of the initrd has an ExecStop: cleanup would take back what was handed over" {
    rule gpu0 '[Match]' Address=01:00.0
    in_initrd
    run -1 grep -rE '^ExecStop' "$ROOT/run/normal" "$ROOT/run/early" "$ROOT/run/late"
}

@test "on the host passthrough.target wants one service for each rule" {
    rule gpu0 '[Match]' Address=01:00.0
    rule gpu1 '[Match]' Address=42:00.0
    generate
    local all
    all=$(units)
    [[ $all == *passthrough.target.wants/passthrough@gpu0.service* && $all == *passthrough.target.wants/passthrough@gpu1.service* ]] ||
        { echo "$all" && return 1; }
}

@test "initrd units have other names than host units" {
    rule gpu0 '[Match]' Address=01:00.0
    generate
    local host
    host=$(units | grep -oE '[^/]+\.service$' | sort -u)
    rm -r "$ROOT"/run/{normal,early,late}
    in_initrd
    is "$(comm -12 <(printf '%s\n' "$host") <(units | grep -oE '[^/]+\.service$' | sort -u))" '' 'names in both'
}

@test "Required=yes: boot-complete.target requires the rule's service, and no other's" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Required=yes
    rule gpu1 '[Match]' Address=42:00.0 '[Device]' Required=no
    generate
    is "$(units | grep boot-complete)" normal/boot-complete.target.requires/passthrough@gpu0.service 'what is required'
    is "$(readlink "$ROOT/run/normal/boot-complete.target.requires/passthrough@gpu0.service")" \
        /usr/lib/systemd/system/passthrough@.service 'its unit'
    grep -qE '^Before=(.* )?boot-complete\.target( |$)' "$BATS_TEST_DIRNAME/../../conf/systemd/passthrough@.service"
    rm -r "$ROOT"/run/{normal,early,late}
    in_initrd
    is "$(units | grep -c boot-complete)" 0 'in the initrd'
}

# booted: this boot's plan is made, in the initrd and on the host, and the units are gone, as for a daemon-reload.
booted() {
    put /etc/initrd-release ID=debian
    run "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    rm "$ROOT/etc/initrd-release"
    run "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
    rm -rf "$ROOT"/run/{normal,early,late}
}

@test "a daemon-reload after an edit takes nothing away, and adds nothing: the units are this boot's" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Required=yes
    booted gpu0
    generate
    local before edit
    before=$(units)
    [[ $before == *boot-complete.target.requires/passthrough@gpu0.service*passthrough.target.wants/passthrough@gpu0.service* ]] || { echo "$before" && return 1; }
    for edit in gone nonsense optional another; do
        rm -rf "$ROOT"/run/{normal,early,late}
        case $edit in
        gone) rm "$ROOT/etc/passthrough.d/gpu0.conf" ;;
        nonsense) rule gpu0 nonsense ;;
        optional) rule gpu0 '[Match]' Address=01:00.0 ;;
        another) rule gpu1 '[Match]' Address=42:00.0 '[Device]' Required=yes ;;
        esac
        generate
        is "$(units)" "$before" "units, $edit"
    done
}

@test "until the host has joined the plan, an older image's record does not say what is required" {
    rule gpu0 '[Match]' Address=01:00.0
    put /etc/initrd-release ID=debian
    run "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    rm "$ROOT/etc/initrd-release"
    # As images wrote it that knew nothing of Required=.
    sed -i '/^R\t/s/\t[^\t]*$//; s/^end .*/end/' "$ROOT/run/passthrough/record"
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Required=yes
    generate
    [[ $(units) == *boot-complete.target.requires/passthrough@gpu0.service* ]] || { units && return 1; }
    # And it is read all the same.
    rm -rf "$ROOT"/run/{normal,early,late} "$ROOT/etc/passthrough.d/gpu0.conf"
    generate
    is "$(units | grep gpu0)" normal/passthrough.target.wants/passthrough@gpu0.service 'a rule that only the record has'
}

@test "an initrd is known by systemd's variable, or without it by its release file" {
    rule gpu0 '[Match]' Address=01:00.0
    in_initrd
    local with
    with=$(units)
    rm -r "$ROOT"/run/{normal,early,late}
    generate
    is "$(units)" "$with" 'units by the file alone'
}

@test "a rule's name is escaped as systemd does it" {
    rule 50-gpu1.left_x '[Match]' Address=01:00.0
    generate
    [[ $(units) == *'passthrough@50\x2dgpu1.left_x.service'* || $(units) == *'passthrough@50-gpu1.left_x.service'* ]] || { units && return 1; }
}

@test "one directory is enough" {
    rule gpu0 '[Match]' Address=01:00.0
    mkdir -p "$ROOT/run/normal"
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" /run/normal
    exits 0
    [[ $(units 2>/dev/null) == *passthrough* ]]
}

@test "a directory that the tree does not have is the caller's own, and the tree stays as it is" {
    rule gpu0 '[Match]' Address=01:00.0
    mkdir "$BATS_TEST_TMPDIR/outside"
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" "$BATS_TEST_TMPDIR/outside"
    exits 0
    [[ -L $BATS_TEST_TMPDIR/outside/passthrough.target.wants/passthrough@gpu0.service ]]
    is "$(units 2>/dev/null)" '' 'units below the tree'
}

@test "the same directory in the tree is preferred to the one on this machine" {
    rule gpu0 '[Match]' Address=01:00.0
    mkdir -p "$BATS_TEST_TMPDIR/both" "$ROOT$BATS_TEST_TMPDIR/both"
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" "$BATS_TEST_TMPDIR/both"
    exits 0
    is "$(ls -A "$BATS_TEST_TMPDIR/both")" '' 'units on this machine'
    [[ -d $ROOT$BATS_TEST_TMPDIR/both/passthrough.target.wants ]]
}

@test "no directory, or a fourth, is a usage error" {
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT"
    exits 2
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" /run/a /run/b /run/c /run/d
    exits 2
}

@test "an invalid rule does not keep the others from their units, nor the machine from booting" {
    rule bad nonsense
    rule gpu0 '[Match]' Address=01:00.0
    generate
    [[ $(units) == *passthrough@gpu0.service* ]] || { units && return 1; }
}

@test "passthrough=off and a kdump kernel: the initrd has nothing to do" {
    rule gpu0 '[Match]' Address=01:00.0
    local token
    for token in passthrough=off elfcorehdr=0x73000000; do
        tree_again generator
        rule gpu0 '[Match]' Address=01:00.0
        cmdline $token
        in_initrd
        is "$(unit_text | grep -c '^ExecStart=')" 0 "services with $token"
    done
}

@test "units only: nothing else in the tree is made or changed" {
    rule gpu0 '[Match]' Address=01:00.0
    mkdir -p "$ROOT"/run/{normal,early,late}
    local before
    before=$(tree_list)
    generate
    is "$(tree_list)" "$before" 'the tree beside the unit directories'
    in_initrd
    is "$(tree_list | grep -v initrd-release)" "$before" 'the tree in the initrd'
}

tree_list() {
    (cd "$ROOT" && find . \( -path './run/normal' -o -path './run/early' -o -path './run/late' \) -prune -o ! -path ./etc ! -path ./usr/lib \
        -printf '%p %y %s %T@ %l\n' | sort)
}

@test "the same rules give the same units, and a second run over them is no accident" {
    rule gpu0 '[Match]' Address=01:00.0
    generate
    local first
    first=$(units && unit_text)
    rm -r "$ROOT"/run/{normal,early,late}
    generate
    is "$(units && unit_text)" "$first" units
}

@test "systemd takes the units without complaint" {
    command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
    rule gpu0 '[Match]' Address=01:00.0
    local mode unit
    for mode in generate in_initrd; do
        rm -rf "$ROOT"/run/{normal,early,late}
        $mode
        while read -r unit; do
            run systemd-analyze verify --man=no --recursive-errors=no "$ROOT/run/$unit"
            [[ $output != *Unknown* && $output != *'Failed to parse'* && $output != *nvalid* && $output != *gnoring* ]] || { show && return 1; }
        done < <(cd "$ROOT/run" && find normal early late -name '*.service' -type f)
    done
}

@test "a thousand rules" {
    local i
    for ((i = 1000; i < 2000; i++)); do
        printf '[Match]\nAddress=%04x:00:00.0\n' $i >"$ROOT/etc/passthrough.d/$i.conf"
    done
    generate
    (($(units | grep -c 'passthrough@') >= 1000))
}
