# Rules that systemd was given as credentials, passthrough.d.NAME: behind all rules of files, in no boot image, and as much a rule as any.

load product
load tree
load live

CREDENTIALS=/run/credentials/@system

setup() {
    tree_again credentials && return
    tree_new
    card 0000:00:02.0 01 1
    pci_root 0000:40
    card 0000:40:03.1 42 15
    dracut_there
    tree_keep credentials
}

# credential NAME LINE...
credential() {
    put "$CREDENTIALS/passthrough.d.$1" "${@:2}"
}

@test "a credential is a rule, and its file is the credential" {
    credential gpu0 '[Match]' Address=01:00.0
    plan
    exits 0
    rule_is gpu0 ok
    bound 0000:01:00.0 0000:01:00.1
    is "$(get '.rules[].file')" "$CREDENTIALS/passthrough.d.gpu0" file
}

@test "what the manual has encoded is a rule" {
    local text
    text=$(grep -o 'gpu0[=:]W[A-Za-z0-9+/=]*' "$BATS_TEST_DIRNAME/../../man/passthrough.d.5" | cut -c6- | sort -u)
    [[ $text && $text != *$'\n'* ]]
    credential gpu0 "$(base64 -d <<<"$text")"
    plan
    is "$(get '.rules[].message')" 'matches 0 devices and Expect= is 1' 'state of the rule'
}

@test "credentials come behind all files, whatever the names, and among themselves by name" {
    rule 10-host '[Match]' Address=01:00.0 '[Device]' Driver=native
    rule_in /usr/lib/passthrough.d zz-vendor '[Match]' Address=01:00.1 '[Device]' Driver=native
    credential 00-all '[Match]' ID=1002:5159 ID=1002:aa38 '[Device]' Expect=1- Functions=match
    credential 00-more '[Match]' ID=1002:5159 '[Device]' Expect=1-
    plan
    bound 0000:42:00.0 0000:42:00.1
    is "$(get '.rules[].name')" '10-host zz-vendor 00-all 00-more' 'order of rules'
    rule_is 00-more missing
}

@test "a file of that name is there in its place, a mask and a broken one, too" {
    credential gpu0 '[Match]' Address=01:00.0
    rule_in /usr/lib/passthrough.d gpu0 '[Match]' Address=42:00.0
    plan
    exits 0
    bound 0000:42:00.0 0000:42:00.1
    rm "$ROOT/usr/lib/passthrough.d/gpu0.conf"
    mkdir -p "$ROOT/etc/passthrough.d"
    ln -s /dev/null "$ROOT/etc/passthrough.d/gpu0.conf"
    plan
    exits 0
    no_rule gpu0
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    rule gpu0 nonsense
    plan
    exits 2
    bound
}

@test "an empty credential is no rule" {
    put "$CREDENTIALS/passthrough.d.gpu0"
    plan
    exits 0
    no_rule gpu0
}

@test "what is wrong in a credential is told with its line, and its device stays with the host" {
    credential gpu0 '[Match]' Address=01:00.0 '[Device]' Expekt=1
    credential gpu1 '[Match]' Address=01:00.0
    plan
    exits 2
    has "$CREDENTIALS/passthrough.d.gpu0:4: unknown key \"Expekt\" in [Device]; did you mean \"Expect\"?"
    rule_is gpu0 invalid
    bound
}

@test "a name that no rule may have is told" {
    credential .x '[Match]' Address=01:00.0
    plan
    exits 2
    has '".x" cannot name a rule'
}

@test "drop-ins are for files: a credential has none" {
    credential gpu0 '[Match]' Address=01:00.0
    put /etc/passthrough.d/gpu0.conf.d/a.conf '[Match]' Address=42:00.0
    plan
    exits 0
    bound 0000:01:00.0 0000:01:00.1
    has 'drop-ins for gpu0.conf, which is not there'
}

@test "one that is encrypted is a rule that nobody can read: none behind it takes anything, and files do" {
    rule gpu0 '[Match]' Address=01:00.0
    put '/run/credentials/@encrypted/passthrough.d.50-keep' 'Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAAA'
    credential 60-gpu '[Match]' Address=42:00.0
    plan
    exits 2
    has '@encrypted/passthrough.d.50-keep: is encrypted, and no boot can read it that early; write a file, or give it as it is'
    rule_is gpu0 ok
    bound 0000:01:00.0 0000:01:00.1
    credential 40-gpu '[Match]' Address=42:00.0
    plan
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    # Given in both ways, it is read.
    credential 50-keep '[Match]' Address=42:00.1 '[Device]' Driver=native
    rm "$ROOT$CREDENTIALS/passthrough.d.40-gpu"
    plan
    rule_is 50-keep ok
}

@test "where credentials cannot be read, rules of files count, and no other credential does" {
    rule gpu0 '[Match]' Address=01:00.0
    put "$CREDENTIALS" 'no directory'
    plan
    exits 2
    has "$CREDENTIALS: cannot be read: Not a directory"
    rule_is gpu0 ok
    bound 0000:01:00.0 0000:01:00.1
    rm "$ROOT$CREDENTIALS"
    credential gpu1 '[Match]' Address=42:00.0
    put /run/credentials/@encrypted 'no directory'
    plan
    exits 2
    bound 0000:01:00.0 0000:01:00.1
}

@test "a capture has the rules, and nothing of other credentials" {
    credential gpu0 '[Match]' Address=01:00.0
    put "$CREDENTIALS/passwd.hashed-password.root" 'geheim'
    plan
    local then=$output
    ctl capture /capture
    exits 0
    ! grep -rq geheim "$ROOT/capture" || { echo 'a secret was captured' && return 1; }
    ROOT=$ROOT/capture
    plan
    is "$output" "$then" 'replayed plan'
}

@test "no image has a credential; one without rules has vfio-pci, and each has the masks, since a credential may come" {
    mkdir "$ROOT/image"
    ctl image --modules
    exits 0
    has vfio-pci
    credential gpu0 '[Match]' Address=01:00.0
    rule gone
    put "$CREDENTIALS/passthrough.d.empty"
    ctl image "$ROOT/image"
    exits 0
    ! grep -rq 'Address=01:00.0' "$ROOT/image" || { grep -r Address "$ROOT/image" && return 1; }
    [[ ! -e $ROOT/image/run ]] || { find "$ROOT/image/run" && return 1; }
    [[ -f $ROOT/image/etc/passthrough.d/gone.conf && ! -s $ROOT/image/etc/passthrough.d/gone.conf ]]
}

@test "an image is as good with a credential as without, unless it lacks that one's driver" {
    local without modules
    digest() { rm -rf "$ROOT/image" && mkdir "$ROOT/image" && ctl image "$ROOT/image" && grep ^config "$ROOT/image/usr/lib/passthrough/digest"; }
    without=$(digest)
    credential gpu0 '[Match]' Address=01:00.0
    is "$(digest)" "$without" digest
    credential gpu0 nonsense
    is "$(digest)" "$without" 'digest with a broken one'
    credential gpu0 '[Match]' Address=01:00.0 '[Device]' Driver=pci-stub
    [[ $(digest) != "$without" ]]
    ctl image --modules
    has pci-stub
    # Beside a rule that needs no module, or another one, it needs its own.
    rm "$ROOT$CREDENTIALS/passthrough.d.gpu0"
    rule other '[Match]' Address=42:00.0 '[Device]' Driver=pci-stub
    without=$(digest)
    ctl image --modules
    has_not vfio-pci
    credential gpu0 '[Match]' Address=01:00.0
    [[ $(digest) != "$without" ]]
    ctl image --modules
    has vfio-pci
    rule other '[Match]' Address=42:00.0
    without=$(digest)
    rm "$ROOT$CREDENTIALS/passthrough.d.gpu0"
    is "$(digest)" "$without" 'digest beside a rule with that driver'
}

@test "remove masks a credential, and add takes no name that one has" {
    credential gpu0 '[Match]' Address=01:00.0
    ctl add gpu0 42:00.0
    exits 1
    has "there is a rule gpu0 already, in $CREDENTIALS/passthrough.d.gpu0"
    ctl remove gpu0
    exits 0
    has "$CREDENTIALS/passthrough.d.gpu0, with the link /etc/passthrough.d/gpu0.conf to /dev/null"
    [[ -e $ROOT$CREDENTIALS/passthrough.d.gpu0 ]]
    plan
    no_rule gpu0
    ctl remove gpu0
    exits 0
    has 'masks that rule already'
}

@test "the generator has units for a credential, in an initrd that has no other rule, and on the host" {
    local unit='passthrough@gpu0.service'
    credential gpu0 '[Match]' Address=01:00.0
    generate() { mkdir -p "$ROOT/run/normal" && run env "$@" "$BUILD/passthrough-generator" --root="$ROOT" /run/normal && [[ $status == 0 ]]; }
    generate SYSTEMD_IN_INITRD=0
    [[ -L $ROOT/run/normal/passthrough.target.wants/$unit ]]
    rm -r "$ROOT/run/normal"
    put /etc/initrd-release ID=debian
    generate SYSTEMD_IN_INITRD=1
    [[ -e $ROOT/run/normal/passthrough-initrd.service ]]
}

@test "the generator copies credentials for those whom systemd shows none, and nothing of others" {
    local copies=/run/systemd/generator/passthrough.credentials
    credential gpu0 '[Match]' Address=01:00.0
    printf 'a\0b\n' >"$ROOT$CREDENTIALS/passthrough.d.odd"
    put "$CREDENTIALS/passthrough.d.empty"
    put "$CREDENTIALS/passwd.hashed-password.root" 'geheim'
    put '/run/credentials/@encrypted/passthrough.d.50-keep' 'geheim'
    plan
    local then
    then=$(get '.rules[] | .name, .state')
    mkdir -p "$ROOT/run/systemd/generator"
    run "$BUILD/passthrough-generator" --root="$ROOT" /run/systemd/generator
    is "$status" 0 'exit status'
    is "$(cd "$ROOT/run/systemd/generator" && find passthrough.* -type f -printf '%p %m %s\n' | LC_ALL=C sort | paste -sd,)" \
        "passthrough.credentials/passthrough.d.empty 644 0,passthrough.credentials/passthrough.d.gpu0 644 24,passthrough.credentials/passthrough.d.odd 644 4,passthrough.encrypted/passthrough.d.50-keep 644 0" copies
    rm -r "$ROOT/run/credentials"
    put /run/credentials 'systemd hides it'
    plan
    is "$(get '.rules[] | .name, .state')" "$then" rules
    is "$(get '.rules[] | select(.name == "gpu0").file')" $copies/passthrough.d.gpu0 file
    ctl add gpu0 42:00.0
    has "there is a rule gpu0 already, in $copies/passthrough.d.gpu0"
}

@test "a credential is the same rule whichever of its places it is read at" {
    local then
    credential gpu0 '[Match]' Address=01:00.0
    mkdir -p "$ROOT/run/systemd/generator"
    run timeout 20 "$BUILD/passthrough-generator" --root="$ROOT" /run/systemd/generator
    put /etc/initrd-release ID=debian
    run timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    rm "$ROOT/etc/initrd-release"
    ctl status
    then=$output
    has_not 'its text changed'
    # As between the moments of systemctl daemon-reload.
    rm -r "$ROOT/run/systemd/generator"
    ctl status
    is "$output" "$then" 'status without the copies'
}

@test "an encrypted credential is found by the name that its error has, and can be masked" {
    put /run/credentials/@encrypted/passthrough.d.50-keep Whxqht
    plan
    exits 2
    ctl remove 50-keep
    exits 0
    is "$(readlink "$ROOT/etc/passthrough.d/50-keep.conf")" /dev/null mask
    plan
    exits 0
}

@test "five hundred credentials, strange bytes and files of other kinds: an error each, and the rest counts" {
    local i
    for ((i = 0; i < 500; i++)); do printf '[Match]\nID=10de:%04x\n[Device]\nExpect=0-1\n' $i >"$ROOT/many.$i"; done
    mkdir -p "$ROOT$CREDENTIALS"
    for ((i = 0; i < 500; i++)); do mv "$ROOT/many.$i" "$ROOT$CREDENTIALS/passthrough.d.many$i"; done
    rule gpu0 '[Match]' Address=01:00.0
    plan
    exits 0
    is "$(get '.rules | length')" 501 'number of rules'
    printf '[Match]\nAddress=42:00.0\n\0' >"$ROOT$CREDENTIALS/passthrough.d.zz-nul"
    head -c 1000000 /dev/zero | tr '\0' x >"$ROOT$CREDENTIALS/passthrough.d.zz-long"
    head -c 5000000 /dev/zero | tr '\0' '#' >"$ROOT$CREDENTIALS/passthrough.d.zz-longer"
    mkdir "$ROOT$CREDENTIALS/passthrough.d.zz-directory"
    mkfifo "$ROOT$CREDENTIALS/passthrough.d.zz-pipe"
    ln -s nowhere "$ROOT$CREDENTIALS/passthrough.d.zz-link"
    printf '[Match]\r\nAddress=42:00.0\r\n' >"$ROOT$CREDENTIALS/passthrough.d.aa-dos"
    put "$CREDENTIALS/passthrough.d." '[Match]' Address=43:00.0
    plan
    exits 2
    bound 0000:01:00.0 0000:01:00.1 0000:42:00.0 0000:42:00.1
    is "$(get '[.rules[] | select(.state == "invalid") | .name] | join(",")')" ',zz-directory,zz-link,zz-long,zz-longer,zz-nul,zz-pipe' 'rules with an error'
    local then
    then=$(get '.rules[] | .name, .state')
    mkdir -p "$ROOT/run/systemd/generator"
    run timeout 20 "$BUILD/passthrough-generator" --root="$ROOT" /run/systemd/generator
    is "$status" 0 'exit status of the generator'
    plan
    is "$(get '.rules[] | .name, .state')" "$then" 'rules by the copies'
}

@test "check says whether an image reads credentials" {
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.credentials").status')" skip status
    credential gpu0 '[Match]' Address=01:00.0
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.credentials").status')" pass status
    rm -rf "$ROOT/usr/lib/dracut" "$ROOT/usr/bin/dracut" "$ROOT/etc/kernel/postinst.d/dracut"
    initramfs_tools_there
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.credentials") | .status, .message')" \
        'warn no image of initramfs-tools reads credentials: what they hand over waits for the host: gpu0' row
}

@test "the initrd carries a credential out" {
    credential gpu0 '[Match]' Address=01:00.0
    run_program timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    has 'gpu0: 0000:01:00.0'
}
