# passthroughctl remove: a rule taken away, with a copy kept, or masked where a package has it.

load product
load tree

setup() {
    tree_again remove && return
    tree_new
    dracut_there
    card 0000:00:02.0 01 1
    rule gpu0 '[Match]' Path=0000:00:02.0/00.0
    tree_keep remove
}

present() {
    [[ -e $ROOT$1 || -L $ROOT$1 ]]
}

gone() {
    local file
    for file; do
        ! present "$file" || { echo "$file is there" && return 1; }
    done
}

all_files() {
    (cd "$ROOT" && find . -printf '%p %y %l\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum
}

@test "a rule of /etc goes with its drop-ins, and the copies bring it back" {
    put /etc/passthrough.d/gpu0.conf.d/stage.conf '[Device]' Stage=root
    put /etc/passthrough.d/gpu0.conf.d/README 'why'
    chmod 600 "$ROOT/etc/passthrough.d/gpu0.conf"
    local before
    before=$(tar -C "$ROOT/etc/passthrough.d" --sort=name --mtime=@0 -c . | sha256sum)
    ctl remove gpu0
    exits 0
    has 'Removed         /etc/passthrough.d/gpu0.conf' 'Removed         /etc/passthrough.d/gpu0.conf.d/stage.conf' \
        'a copy in /var/lib/passthrough/removed/gpu0.1' 'passthroughctl release gpu0'
    gone /etc/passthrough.d/gpu0.conf /etc/passthrough.d/gpu0.conf.d
    plan
    exits 0
    no_rule gpu0
    [[ -z $stderr ]] || { show && return 1; }
    cp -rP --remove-destination "$ROOT/var/lib/passthrough/removed/gpu0.1/." "$ROOT/etc/passthrough.d"
    is "$(tar -C "$ROOT/etc/passthrough.d" --sort=name --mtime=@0 -c . | sha256sum)" "$before" 'the directory'
}

@test "each removal has a place of its own" {
    ctl remove gpu0
    rule gpu0 '[Match]' Path=0000:00:02.0/00.1
    ctl remove gpu0
    exits 0
    has /var/lib/passthrough/removed/gpu0.2
    grep -q 00.0 "$ROOT/var/lib/passthrough/removed/gpu0.1/gpu0.conf"
    grep -q 00.1 "$ROOT/var/lib/passthrough/removed/gpu0.2/gpu0.conf"
}

@test "a rule of a package is masked, and stays where it is" {
    rule_in /usr/lib/passthrough.d vendor '[Match]' ID=1002:5159
    ctl remove vendor
    exits 0
    has 'Masked          /usr/lib/passthrough.d/vendor.conf, with the link /etc/passthrough.d/vendor.conf to /dev/null'
    is "$(readlink "$ROOT/etc/passthrough.d/vendor.conf")" /dev/null mask
    present /usr/lib/passthrough.d/vendor.conf
    gone /var/lib/passthrough/removed
    plan
    no_rule vendor
    local before
    before=$(all_files)
    ctl remove vendor
    exits 0
    has '/etc/passthrough.d/vendor.conf masks that rule already'
    is "$(all_files)" "$before" 'the tree'
}

@test "a rule of /etc that hides one of a package is removed, kept, and the other masked" {
    rule_in /usr/lib/passthrough.d gpu0 '[Match]' ID=1002:5159
    ctl remove gpu0
    exits 0
    is "$(readlink "$ROOT/etc/passthrough.d/gpu0.conf")" /dev/null mask
    has 'Masked          /usr/lib/passthrough.d/gpu0.conf' /var/lib/passthrough/removed/gpu0.1
    plan
    no_rule gpu0
    cp -rP --remove-destination "$ROOT/var/lib/passthrough/removed/gpu0.1/." "$ROOT/etc/passthrough.d"
    plan
    rule_is gpu0 ok
}

@test "a rule that hides a masked one is removed alone" {
    rule_in /usr/lib/passthrough.d gpu0 '[Match]' ID=1002:5159
    mkdir -p "$ROOT/run/passthrough.d"
    ln -s /dev/null "$ROOT/run/passthrough.d/gpu0.conf"
    ctl remove gpu0
    exits 0
    gone /etc/passthrough.d/gpu0.conf
    plan
    no_rule gpu0
    ctl remove gpu0
    exits 0
    has '/run/passthrough.d/gpu0.conf masks that rule already'
}

@test "a broken rule, one with a name that none can have, and a link are removed, too" {
    rule gpu0 nonsense
    ctl remove gpu0
    exits 0
    gone /etc/passthrough.d/gpu0.conf
    rule 'my rule' '[Match]' ID=1002:5159
    ctl remove 'my rule'
    exits 0
    gone '/etc/passthrough.d/my rule.conf'
    put /srv/gpu.conf '[Match]' ID=1002:5159
    ln -s /srv/gpu.conf "$ROOT/etc/passthrough.d/link.conf"
    ln -s /srv/none.conf "$ROOT/etc/passthrough.d/dangling.conf"
    ctl remove link
    exits 0
    present /srv/gpu.conf
    is "$(<"$ROOT/var/lib/passthrough/removed/link.1/link.conf")" "$(<"$ROOT/srv/gpu.conf")" copy
    ctl remove dangling
    exits 0
    is "$(readlink "$ROOT/var/lib/passthrough/removed/dangling.1/dangling.conf")" /srv/none.conf copy
    gone /etc/passthrough.d/link.conf /etc/passthrough.d/dangling.conf
}

@test "where the drop-in directory is a link, that goes, and what it leads to stays" {
    put /etc/modprobe.d/a.conf 'blacklist a'
    ln -s ../modprobe.d "$ROOT/etc/passthrough.d/gpu0.conf.d"
    ctl remove gpu0 --dry-run
    exits 0
    has 'Would remove    /etc/passthrough.d/gpu0.conf.d'
    has_not a.conf
    ctl remove gpu0
    exits 0
    gone /etc/passthrough.d/gpu0.conf /etc/passthrough.d/gpu0.conf.d
    is "$(<"$ROOT/etc/modprobe.d/a.conf")" 'blacklist a' 'the file of others'
    is "$(readlink "$ROOT/var/lib/passthrough/removed/gpu0.1/gpu0.conf.d")" ../modprobe.d 'the link that is kept'
    present /var/lib/passthrough/removed/gpu0.1/gpu0.conf
}

@test "links that lead in circles are removed, and kept as links" {
    mkdir "$ROOT/etc/passthrough.d/gpu0.conf.d"
    ln -s loop.conf "$ROOT/etc/passthrough.d/gpu0.conf.d/loop.conf"
    ln -sf gpu1.conf "$ROOT/etc/passthrough.d/gpu1.conf"
    ctl remove gpu0
    exits 0
    gone /etc/passthrough.d/gpu0.conf /etc/passthrough.d/gpu0.conf.d
    is "$(readlink "$ROOT/var/lib/passthrough/removed/gpu0.1/gpu0.conf.d/loop.conf")" loop.conf 'the copy'
    ctl remove gpu1
    exits 0
    gone /etc/passthrough.d/gpu1.conf
}

@test "what is no file in the drop-in directory stays, and is named" {
    mkdir -p "$ROOT/etc/passthrough.d/gpu0.conf.d/old.conf"
    ctl remove gpu0
    exits 0
    has '/etc/passthrough.d/gpu0.conf.d/old.conf is not a file, and stays'
    present /etc/passthrough.d/gpu0.conf.d/old.conf
    gone /etc/passthrough.d/gpu0.conf
}

@test "an unknown name is told with the nearest one, and nothing changes" {
    rule_in /usr/lib/passthrough.d vendor '[Match]' ID=1002:5159
    local before name
    before=$(all_files)
    for name in gpu1=gpu0 vendr=vendor gpu0.conf=gpu0; do
        ctl remove "${name%=*}"
        exits 2
        has "is \"${name#*=}\" meant?"
    done
    for name in else ../gpu0 '' .gpu0; do
        ctl remove "$name"
        exits 2
    done
    ctl remove
    exits 2
    ctl remove gpu0 gpu1
    exits 2
    is "$(all_files)" "$before" 'the tree'
}

@test "where no copy can be kept nothing is removed" {
    put /etc/passthrough.d/gpu0.conf.d/stage.conf '[Device]' Stage=root
    mkdir -p "$ROOT/var/lib/passthrough"
    : >"$ROOT/var/lib/passthrough/removed"
    local before
    before=$(all_files)
    ctl remove gpu0
    exits 1
    is "$(all_files)" "$before" 'the tree'
    ctl remove gpu0 --dry-run
    exits 1
    is "$output" '' 'what is said to be removed'
    ln -sf nowhere "$ROOT/var/lib/passthrough/removed"
    before=$(all_files)
    ctl remove gpu0
    exits 1
    is "$(all_files)" "$before" 'the tree'
}

@test "--dry-run changes nothing, and --json says what was done" {
    rule_in /usr/lib/passthrough.d gpu0 '[Match]' ID=1002:5159
    put /etc/passthrough.d/gpu0.conf.d/stage.conf '[Device]' Stage=root
    local before
    before=$(all_files)
    ctl remove gpu0 --dry-run
    exits 0
    has 'Would remove    /etc/passthrough.d/gpu0.conf' 'Would remove    /etc/passthrough.d/gpu0.conf.d/stage.conf' 'Would mask'
    is "$(all_files)" "$before" 'the tree'
    ctl remove gpu0 --json
    exits 0
    is "$(get '.version, .name, (.removed | join(",")), .masked, .kept')" \
        '1 gpu0 /etc/passthrough.d/gpu0.conf,/etc/passthrough.d/gpu0.conf.d/stage.conf /etc/passthrough.d/gpu0.conf /var/lib/passthrough/removed/gpu0.1' document
}
