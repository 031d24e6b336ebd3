# passthrough.conf(5): which files apply, what they make together, and what is said of one that is wrong.

load product
load tree
load tree-pages

setup() {
    tree_again settings && return
    tree_new
    card 0000:00:02.0 01 1
    rule 50-good '[Match]' Address=01:00.0
    two_nodes
    tree_keep settings
}

# wrong EXPECTED LINE...: what a passthrough.conf of these lines says, whole; the rule beside it goes on.
wrong() {
    settings "${@:2}"
    plan && exits 2 && is "$stderr" "$1" 'standard error' && rule_is 50-good ok && bound 0000:01:00.0 0000:01:00.1
}

# sound LINE...
sound() {
    settings "$@"
    plan && is "$stderr" '' 'standard error'
}

etc=/etc/passthrough.conf

@test "every command says what is wrong once" {
    local command
    settings '[HugePages]' Size=2M Count=1 Foo=1
    for command in plan check cmdline apply 'apply --dry-run' status list; do
        # shellcheck disable=SC2086 # a command and its option
        ctl $command
        exits 2 || return 1
        is "$(grep -c 'unknown key "Foo"' <<<"$stderr")" 1 "$command" || return 1
    done
}

# --- files

@test "without a file there is nothing to say" {
    plan
    exits 0
    is "$(get .hugepages.pools[])" '' pools
}

@test "/etc over /run over /usr/lib: of a size, the section read last stands as a whole" {
    put /usr/lib/passthrough.conf '[HugePages]' Size=2M Nodes=0:1 '[HugePages]' Size=1G Nodes=1:1
    plan
    is "$(asked)" '1G@1=1:write 2M@0=1:write' '/usr/lib alone'
    put /run/passthrough.conf '[HugePages]' Size=2M Count=2
    plan
    is "$(asked)" '1G@1=1:write 2M@-=2:write' '/run over /usr/lib'
    settings '[HugePages]' Size=2M Nodes='1:3'
    plan
    exits 0
    is "$(asked)" '1G@1=1:write 2M@1=3:write' '/etc over both'
}

@test "drop-ins are read behind all three, by name, whichever directory they are in" {
    put /usr/lib/passthrough.conf.d/20-b.conf '[HugePages]' Size=2M Count=20
    put /etc/passthrough.conf.d/10-a.conf '[HugePages]' Size=2M Count=10
    settings '[HugePages]' Size=2M Count=1
    plan
    is "$(asked)" '2M@-=20:write' 'the last by name'
    put /run/passthrough.conf.d/20-b.conf '[HugePages]' Size=2M Count=21
    plan
    is "$(asked)" '2M@-=21:write' '/run in place of /usr/lib'
    put /etc/passthrough.conf.d/20-b.conf '[HugePages]' Size=1G Count=1
    plan
    is "$(asked)" '1G@-=1:write 2M@-=10:write' '/etc in place of both'
}

@test "an empty drop-in, or a link to /dev/null, masks" {
    put /usr/lib/passthrough.conf.d/20-b.conf '[HugePages]' Size=2M Count=20
    : >"$ROOT/etc/passthrough.conf"
    mkdir -p "$ROOT/etc/passthrough.conf.d"
    : >"$ROOT/etc/passthrough.conf.d/20-b.conf"
    plan
    is "$(asked)" '' empty
    ln -sf /dev/null "$ROOT/etc/passthrough.conf.d/20-b.conf"
    plan
    exits 0
    is "$(asked)" '' 'a link'
}

@test "passthrough.conf itself, masked in /etc, masks those of /run and /usr/lib, not the drop-ins" {
    put /usr/lib/passthrough.conf '[HugePages]' Size=2M Count=20
    put /run/passthrough.conf '[HugePages]' Size=2M Count=21
    put /usr/lib/passthrough.conf.d/a.conf '[HugePages]' Size=1G Count=1
    ln -s /dev/null "$ROOT/etc/passthrough.conf"
    plan
    exits 0
    is "$(asked)" '1G@-=1:write' pools
}

@test "a section that is wrong takes what earlier files have for its size along, and leaves other sizes alone" {
    put /usr/lib/passthrough.conf '[HugePages]' Size=2M Count=20 '[HugePages]' Size=1G Count=1
    wrong "$etc:3: Count=many: not valid; write a number of pages, such as 8" '[HugePages]' Size=2M Count=many
    is "$(asked)" '1G@-=1:write' pools
}

@test "a size is the same in every spelling" {
    put /usr/lib/passthrough.conf '[HugePages]' Size=1024M Count=2
    sound '[HugePages]' Size=1G Count=1
    is "$(asked)" '1G@-=1:write' pools
    sound '[HugePages]' Size=2048K Count=1
    is "$(asked)" '1G@-=2:write 2M@-=1:write' pools
}

@test "the largest pages stand first, whatever the order of the sections" {
    kernel_size 64
    sound '[HugePages]' Size=64K Count=1 '[HugePages]' Size=1G Count=1 '[HugePages]' Size=2M Count=1
    is "$(get '.hugepages.pools[].size')" '1G 2M 64K' sizes
}

@test "an empty value is none" {
    sound '[Host]' IOMMU= UnsafeInterrupts= DisableIdleD3= CommandLine= '[HugePages]' Size=2M Count= Nodes=0:1 Default=
    is "$(asked)" '2M@0=1:write' pools
}

@test "[Host] as it is meant" {
    sound '[Host]' IOMMU=on UnsafeInterrupts=no DisableIdleD3=yes 'CommandLine=pci=noaer dyndbg="file a.c +p"' CommandLine=quiet
    exits 0
}

# --- what is wrong

@test "unknown sections and keys, with the nearest name" {
    wrong "$etc:1: unknown section [Hots]; did you mean [Host]?" '[Hots]' IOMMU=on
    wrong "$etc:1: unknown section [Memory]; passthrough.conf has [Host] and [HugePages]" '[Memory]'
    wrong "$etc:1: section [Match] is a rule's; move it to a file NAME.conf in /etc/passthrough.d" '[Match]' ID=10de:1b06
    wrong "$etc:2: unknown key \"IOMU\" in [Host]; did you mean \"IOMMU\"?" '[Host]' IOMU=on
    wrong "$etc:2: unknown key \"Zzzzzz\" in [Host]; passthrough.conf(5) lists the keys there are" '[Host]' Zzzzzz=on
    wrong "$etc:2: key \"Count\" does not belong in [Host]; move it to [HugePages]" '[Host]' Count=8
    wrong "$etc:1: \"IOMMU=\" stands before any section; write [Host] or [HugePages] above it" IOMMU=on
    wrong "$etc:2: \"IOMMU on\" is not understood; write [Section] or Key=Value" '[Host]' 'IOMMU on'
}

@test "values of [Host]" {
    wrong "$etc:2: IOMMU=yes: not valid; write auto or on" '[Host]' IOMMU=yes
    wrong "$etc:2: UnsafeInterrupts=maybe: not valid; write yes or no" '[Host]' UnsafeInterrupts=maybe
    wrong "$etc:3: DisableIdleD3= cannot repeat; keep one of the lines" '[Host]' DisableIdleD3=yes DisableIdleD3=no
    wrong "$etc:2: CommandLine=a \"b c: a double quote is not closed, and the kernel would take all that follows for its value; close it" \
        '[Host]' 'CommandLine=a "b c'
    wrong "$etc:2: CommandLine=passthrough.trial=1:60: passthrough.trial is for the boot entry that passthroughctl apply makes of a trial; leave it out" \
        '[Host]' CommandLine=passthrough.trial=1:60
    wrong "$etc:2: CommandLine=a -- b: the kernel reads nothing behind \"--\"; leave it out" '[Host]' 'CommandLine=a -- b'
    wrong "$etc:2: CommandLine=a?b: not valid; write tokens of the kernel command line, without control characters" \
        '[Host]' $'CommandLine=a\001b'
}

@test "sizes" {
    local size
    for size in 1 1g 3M 1GB 0G -1G 32K 32G 1T 2,M 99999999999G; do
        wrong "$etc:2: Size=$size: not valid; write a size that the kernel has, from 64K to 16G and a power of two, such as 1G or 2M" \
            '[HugePages]' Size="$size" Count=1 || { echo "$size" && return 1; }
        is "$(asked)" '' pools
    done
    wrong "$etc:1: [HugePages] does not say which size; add Size=1G or Size=2M" '[HugePages]' Count=1
    wrong "$etc:5: Size=1G has a section already (line 1); keep one of the two" \
        '[HugePages]' Size=1G Count=1 '[HugePages]' Size=1024M Count=1
    is "$(asked)" '' 'neither is the one that was meant'
}

@test "counts and nodes" {
    wrong "$etc:1: [HugePages] does not say how many; add Count=8, or Nodes=0:8 1:8" '[HugePages]' Size=1G Default=yes
    wrong "$etc:1: [HugePages] has both Count= and Nodes=; keep Count= for the whole machine, or Nodes= for each NUMA node" \
        '[HugePages]' Size=1G Count=1 Nodes=0:1
    is "$(asked)" '' pools
    wrong "$etc:3: Count=-1: not valid; write a number of pages, such as 8" '[HugePages]' Size=1G Count=-1
    wrong "$etc:3: Nodes=8: not valid; write NODE:COUNT for each NUMA node, such as 0:8 1:8" '[HugePages]' Size=1G Nodes=8
    wrong "$etc:3: Nodes=0:4,1:4: not valid; write NODE:COUNT for each NUMA node, such as 0:8 1:8" '[HugePages]' Size=1G Nodes=0:4,1:4
    wrong "$etc:3: Nodes=: node 0 stands there twice; write each node once" '[HugePages]' Size=1G 'Nodes=0:4 1:1 0:5'
    is "$(asked)" '' pools
}

@test "two defaults" {
    wrong "$etc:7: Default=yes, which Size=1G has already ($etc:3); keep one of them" \
        '[HugePages]' Size=1G Default=yes Count=1 '[HugePages]' Size=2M Default=yes Count=1
    is "$(asked)" '1G@-=1:write 2M@-=1:write' 'the pages are meant all the same'
    put /usr/lib/passthrough.conf '[HugePages]' Size=1G Default=yes Count=1
    wrong "$etc:4: Default=yes, which Size=1G has already (/usr/lib/passthrough.conf:3); keep one of them" \
        '[HugePages]' Size=2M Count=1 Default=yes
    sound '[HugePages]' Size=2M Count=1 Default=yes '[HugePages]' Size=1G Count=1
    exits 0
}

@test "files that are none" {
    mkdir "$ROOT/etc/passthrough.conf"
    plan
    exits 2
    is "$stderr" "$etc: is a directory; a passthrough.conf is a file, its drop-ins are in passthrough.conf.d/" 'standard error'
    rmdir "$ROOT/etc/passthrough.conf"
    : >"$ROOT/etc/passthrough.conf.d"
    plan
    exits 2
    is "$stderr" '/etc/passthrough.conf.d: is not a directory; make it one, with drop-ins NAME.conf' 'standard error'
    rm "$ROOT/etc/passthrough.conf.d"
    mkdir "$ROOT/etc/passthrough.conf.d"
    ln -s /nowhere "$ROOT/etc/passthrough.conf.d/a.conf"
    plan
    exits 2
    is "$stderr" '/etc/passthrough.conf.d/a.conf: cannot be read: No such file or directory' 'standard error'
    rule_is 50-good ok
}

# --- everywhere

@test "status and list report the same, and exit 2" {
    settings '[Hots]'
    local command
    for command in status list plan; do
        ctl $command
        exits 2
        has "$etc:1: unknown section [Hots]; did you mean [Host]?"
    done
}

@test "the generator says it, and makes the rule's units and those of sound sections" {
    settings '[Hots]' '[HugePages]' Size=1G Count=1
    mkdir -p "$ROOT"/run/{normal,early,late}
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    exits 0
    has "$etc:1: unknown section [Hots]; did you mean [Host]?"
    [[ -L $ROOT/run/normal/passthrough.target.wants/passthrough@50-good.service && -f $ROOT/run/late/dev-hugepages1G.mount ]]
}

@test "an image carries the files that apply, as they are, and is built whatever is wrong in them" {
    settings '[HugePages]' Size=2M Count=1 '[Hots]'
    put /usr/lib/passthrough.conf '[Host]' IOMMU=on
    put /usr/lib/passthrough.conf.d/a.conf '[Host]' IOMMU=on
    put /usr/lib/passthrough.conf.d/b.conf '[HugePages]' Size=1G Count=1
    mkdir -p "$ROOT/etc/passthrough.conf.d"
    ln -s /dev/null "$ROOT/etc/passthrough.conf.d/a.conf"
    image_built
    has "$etc:4: unknown section [Hots]; did you mean [Host]?"
    is "$(cd "$IMAGE" && find . -path '*passthrough.conf*' -type f | sort | paste -sd' ')" \
        './etc/passthrough.conf ./usr/lib/passthrough.conf ./usr/lib/passthrough.conf.d/b.conf' files
    cmp "$IMAGE/etc/passthrough.conf" "$ROOT/etc/passthrough.conf"
    [[ -f $IMAGE/etc/passthrough.d/50-good.conf ]]
}

@test "a file that is broken keeps no rule from being carried out" {
    local text
    for text in '[Hots' '\0\1\2' '[HugePages]' '='; do
        printf '%b' "$text" >"$ROOT/etc/passthrough.conf"
        rm -rf "$ROOT/run/passthrough"
        run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
        is "$(tr -d '\n' <"$ROOT/sys/bus/pci/drivers_probe")" 0000:01:00.1 'the last that was probed'
        has '/etc/passthrough.conf:1: '
    done
}
