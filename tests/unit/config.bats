# Where rules come from: the search path, masking, drop-ins, precedence, and how a file is read.

load product
load tree

setup() {
    tree_again config && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 15
    tree_keep config
}

# rule_at DIR ADDRESS: rule gpu0 in that directory takes that card.
rule_at() {
    rule_in "$1/passthrough.d" gpu0 '[Match]' "Address=$2"
}

@test "rules are read from all four directories" {
    local dir
    for dir in /etc /run /usr/local/lib /usr/lib; do
        rm -rf "$ROOT"/{etc,run,usr/local/lib,usr/lib}/passthrough.d
        rule_at $dir 01:00.0
        plan
        exits 0
        rule_is gpu0 ok
        bound 0000:01:00.0 0000:01:00.1
        is "$(get '.rules[].file')" $dir/passthrough.d/gpu0.conf file
    done
}

@test "a file name found earlier on the path replaces the later ones, in every pair" {
    local -a path=(/etc /run /usr/local/lib /usr/lib)
    local high low
    for high in 0 1 2; do
        for ((low = high + 1; low < 4; low++)); do
            rm -rf "$ROOT"/{etc,run,usr/local/lib,usr/lib}/passthrough.d
            rule_at "${path[high]}" 01:00.0
            rule_at "${path[low]}" 42:00.0
            plan
            is "$(get '.rules[].file')" "${path[high]}/passthrough.d/gpu0.conf" "with ${path[low]}: file"
            bound 0000:01:00.0 0000:01:00.1
        done
    done
}

@test "a replaced file is not read: what is wrong in it does not matter" {
    rule_at /etc 01:00.0
    rule_in /usr/lib/passthrough.d gpu0 nonsense
    plan
    exits 0
}

@test "an empty file masks" {
    rule_at /usr/lib 01:00.0
    : >"$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    no_rule gpu0
    bound
}

@test "a link to /dev/null masks, whether or not the tree has a /dev/null" {
    rule_at /usr/lib 01:00.0
    ln -s /dev/null "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    no_rule gpu0
    bound
    : >"$ROOT/dev/null"
    plan
    exits 0
    no_rule gpu0
}

@test "a relative link to /dev/null masks too" {
    rule_at /usr/lib 01:00.0
    : >"$ROOT/dev/null"
    ln -s ../../dev/null "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    no_rule gpu0
}

@test "a link to a link to /dev/null masks too" {
    rule_at /usr/lib 01:00.0
    : >"$ROOT/dev/null"
    ln -s /dev/null "$ROOT/etc/nothing"
    ln -s ../nothing "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    no_rule gpu0
    rm "$ROOT/dev/null"
    mknod "$ROOT/dev/null" c 1 3 || skip 'cannot make device nodes here'
    plan
    exits 0
    no_rule gpu0
}

@test "a link to what is only called dev/null masks nothing" {
    rule_at /usr/lib 01:00.0
    put /etc/dev/null '[Match]' Address=42:00.0
    ln -s ../dev/null "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "a mask in a later directory masks nothing" {
    rule_at /etc 01:00.0
    mkdir -p "$ROOT/usr/lib/passthrough.d"
    ln -s /dev/null "$ROOT/usr/lib/passthrough.d/gpu0.conf"
    plan
    rule_is gpu0 ok
}

@test "drop-ins in all four directories extend a rule, wherever it is" {
    local dir
    for dir in /etc /run /usr/local/lib /usr/lib; do
        rm -rf "$ROOT"/{etc,run,usr/local/lib,usr/lib}/passthrough.d
        rule_at /usr/lib 01:00.0
        rule_in $dir/passthrough.d/gpu0.conf.d native '[Device]' Driver=native
        plan
        exits 0
        device 0000:01:00.0 keep
        bound
    done
}

@test "drop-ins apply in the order of their names, not of their directories" {
    rule_at /usr/lib 01:00.0
    rule_in /etc/passthrough.d/gpu0.conf.d 10 '[Device]' Driver=native
    rule_in /usr/lib/passthrough.d/gpu0.conf.d 20 '[Device]' Driver=vfio-pci
    plan
    bound 0000:01:00.0 0000:01:00.1
}

@test "a drop-in's name found earlier on the path replaces the later one" {
    rule_at /usr/lib 01:00.0
    rule_in /usr/lib/passthrough.d/gpu0.conf.d 10 '[Device]' Driver=native
    rule_in /run/passthrough.d/gpu0.conf.d 10 '[Device]' Functions=slot
    plan
    bound 0000:01:00.0 0000:01:00.1
}

@test "a drop-in can be masked" {
    rule_at /usr/lib 01:00.0
    rule_in /usr/lib/passthrough.d/gpu0.conf.d 10 '[Device]' Driver=native
    mkdir -p "$ROOT/etc/passthrough.d/gpu0.conf.d"
    ln -s /dev/null "$ROOT/etc/passthrough.d/gpu0.conf.d/10.conf"
    plan
    bound 0000:01:00.0 0000:01:00.1
    rm "$ROOT/etc/passthrough.d/gpu0.conf.d/10.conf"
    : >"$ROOT/etc/passthrough.d/gpu0.conf.d/10.conf"
    plan
    bound 0000:01:00.0 0000:01:00.1
}

@test "a drop-in adds to [Match] lists, and can reset them" {
    rule_at /etc 01:00.0
    rule_in /etc/passthrough.d/gpu0.conf.d more '[Match]' Address=42:00.0 '[Device]' Expect=2
    plan
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    rule_in /etc/passthrough.d/gpu0.conf.d more '[Match]' Address= Address=42:00.0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
}

@test "a drop-in starts outside any section" {
    rule_at /etc 01:00.0
    rule_in /etc/passthrough.d/gpu0.conf.d more Driver=native
    plan
    exits 2
    has /etc/passthrough.d/gpu0.conf.d/more.conf:1:
    rule_is gpu0 invalid
    bound
}

@test "what is wrong in a drop-in names the drop-in, and leaves the whole rule out" {
    rule_at /etc 01:00.0
    rule_in /run/passthrough.d/gpu0.conf.d more '[Device]' '' Drivr=native
    plan
    exits 2
    has '/run/passthrough.d/gpu0.conf.d/more.conf:3: ' '"Driver"'
    rule_is gpu0 invalid
    bound
}

@test "a drop-in for a rule that is masked or absent makes no rule" {
    rule_in /etc/passthrough.d/gpu0.conf.d more '[Match]' Address=01:00.0
    plan
    no_rule gpu0
    bound
    rule_at /usr/lib 01:00.0
    ln -s /dev/null "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    no_rule gpu0
    bound
}

@test "only names that end in .conf are read" {
    local name
    for name in gpu0 gpu0.conf.bak gpu0.conf~ gpu0.conf.dpkg-old .gpu0.conf.swp; do
        put "/etc/passthrough.d/$name" nonsense
    done
    plan
    exits 0
    is "$(get '.rules | length')" 0 rules
}

@test "the first file by name that matches a device decides, whichever directory it is in" {
    rule_in /usr/lib/passthrough.d 10-host '[Match]' Address=01:00.0 '[Device]' Driver=native
    rule 50-gpu '[Match]' ID=1002:5159
    plan
    exits 0
    device 0000:01:00.0 keep
    bound 0000:42:00.0 0000:42:00.1
    is "$(get '.rules[].name')" '10-host 50-gpu' rules
}

@test "names are ordered byte by byte, in any locale" {
    rule 9-native '[Match]' Address=01:00.0 '[Device]' Driver=native
    rule 10-vfio '[Match]' Address=01:00.0
    rule B-native '[Match]' Address=42:00.0 '[Device]' Driver=native
    rule a-vfio '[Match]' Address=42:00.0
    LC_ALL=en_US.UTF-8 plan
    bound 0000:01:00.0 0000:01:00.1
    device 0000:42:00.0 keep
    is "$(get '.rules[].name')" '10-vfio 9-native B-native a-vfio' order
}

@test "plan prints every shadowed match, in both of its forms" {
    rule 10-host '[Match]' Address=01:00.0 '[Device]' Driver=native
    rule 50-gpu '[Match]' ID=1002:5159
    ctl plan
    exits 0
    says '^ +shadowed: 10-host decides 01:00\.0$'
    plan
    is "$(get '.shadowed[] | "\(.address) \(.rule) \(.by)"')" '0000:01:00.0 50-gpu 10-host' shadowed
}

@test "a rule that only matches what earlier rules decide is missing, and plan says who has it" {
    rule 10-first '[Match]' Address=01:00.0
    rule 20-second '[Match]' Address=01:00.0
    plan
    exits 1
    rule_is 20-second missing
    rule_says 20-second 10-first
    ctl plan
    says '^  20-second +missing +earlier rules decide all that it matches$'
    says '^ +shadowed: 10-first decides 01:00\.0$'
}

@test "comments, blanks and blank lines are as in systemd's files" {
    rule gpu0 '# one' '; another' '' '  [Match]  ' '  # indented' $'\tAddress \t=\t 01:00.0  ' '[Device]' 'Driver = vfio-pci'
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "a backslash continues a line, and line numbers still count lines" {
    # shellcheck disable=SC1003 # a backslash at the end is meant
    rule gpu0 '[Match]' 'Address=\' '# a comment between' '  01:00.0 \' '  42:00.0' '[Device]' Expect=2
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    add_line /etc/passthrough.d/gpu0.conf Drivr=native
    plan
    has gpu0.conf:8:
}

@test "a section may come twice" {
    rule gpu0 '[Match]' Address=01:00.0 '[Device]' Expect=1 '[Match]' ID=1002:5159
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "the last line needs no newline, and lines may end as on DOS" {
    printf '[Match]\nAddress=01:00.0' >"$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    bound 0000:01:00.0 0000:01:00.1
    printf '[Match]\r\nAddress=01:00.0\r\n\r\n[Device]\r\nDriver=vfio-pci\r\n' >"$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "a byte order mark at the start is passed over" {
    printf '\xef\xbb\xbf[Match]\nAddress=01:00.0\n' >"$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
}

@test "no rule at all is no error, with or without the directories" {
    plan
    exits 0
    rm -rf "$ROOT"/{etc,run,usr/lib}/passthrough.d
    plan
    exits 0
    is "$(get '[.devices, .rules, .operations] | map(length) | add')" 0 'all of it'
}

@test "every rule is listed with its name and its file below the root" {
    rule a '[Match]' Address=01:00.0
    rule_in /run/passthrough.d B_b.c-d '[Match]' Address=42:00.0
    plan
    is "$(get '.rules[] | "\(.name)=\(.file)"')" 'B_b.c-d=/run/passthrough.d/B_b.c-d.conf a=/etc/passthrough.d/a.conf' rules
}

@test "a rule's name may have 64 characters and dots, and a drop-in finds it" {
    local name
    name=v2.gpu.x_$(printf '%055d' 0)
    rule "$name" '[Match]' Address=01:00.0
    plan
    exits 0
    rule_is "$name" ok
    rule_in "/etc/passthrough.d/$name.conf.d" more '[Device]' Driver=native
    plan
    device 0000:01:00.0 keep
}
