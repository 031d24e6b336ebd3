# Who works here from afar: what apply makes of the processes above it, of logind's sessions and of utmp.

load product
load tree

setup_file() {
    local src=$BATS_TEST_DIRNAME/../../src
    command -v "${CC:-cc}" >/dev/null || skip 'no compiler'
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$src" -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
        -o "$BATS_FILE_TMPDIR/ssh" "$BATS_TEST_DIRNAME/ssh.c" "$src"/facts/ssh.c "$src"/base/{root,arena,memory,str,span}.c
}

setup() {
    ROOT=$BATS_TEST_TMPDIR/root
    mkdir -p "$ROOT/proc" "$ROOT/run/systemd/sessions"
    passes 1 0 systemd
}

# passes PID PARENT NAME [TTY [CGROUP]]: a process.
passes() {
    put "/proc/$1/stat" "$1 ($3) S $2 $1 $1 ${4-0} -1 4194304"
    put "/proc/$1/cgroup" "0::${5-/system.slice/x.service}"
}

# chain NAME...: from 100 on, each the child of the one before it; the last has a terminal, and CGROUP. It is 100 and the names behind.
chain() {
    local pid=100 parent=1 name
    for name; do
        passes $pid $parent "$name" $((136 << 8 | 3)) "${CGROUP-/user.slice/user-1000.slice/session-3.scope}"
        parent=$pid pid=$((pid + 1))
    done
    LAST=$parent
}

session() { # session ID REMOTE [STATE]
    put "/run/systemd/sessions/$1" '# This is private data. Do not parse.' UID=1000 USER=x ACTIVE=1 "STATE=${3-active}" "REMOTE=$2" TYPE=tty CLASS=user \
        "SCOPE=session-$1.scope" SERVICE=x LEADER=100
}

# utmp LINE HOST: a login, and one of another kind before it; see utmp(5), of 64 bits with 32-bit times.
utmp() {
    perl -e 'my ($line, $host) = @ARGV; print pack("s x2 l a32 a4 a32 a256 s2 l3 l4 a20", $_->[0], 7, @$_[1 .. 4], 0, 0, 0, 0, 0, 0, 0, 0, 0, "")
        for [2, "~", "", "reboot", "6.1"], [7, $line, "p3", "root", $host]' "$1" "$2" >"$ROOT/run/utmp"
    [[ $(stat -c %s "$ROOT/run/utmp") == 768 ]]
}

# seen WORD: of the last process of the chain.
seen() {
    is "$("$BATS_FILE_TMPDIR/ssh" "$ROOT" "$LAST")" "$1" 'who is there'
}

@test "an ancestor that serves logins from afar: sshd, and whoever else does" {
    local server
    for server in sshd sshd-session dropbear mosh-server in.telnetd cockpit-bridge; do
        chain "$server" bash sudo passthroughctl
        seen remote
    done
    chain 'a) (sshd' bash sudo passthroughctl
    session 3 0
    seen local
}

@test "at the console, or in a desktop's terminal: nobody is far away" {
    session 3 0
    chain login bash sudo passthroughctl
    seen local
    utmp tty1 ''
    seen local
    CGROUP=/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-x.scope chain gnome-terminal bash sudo passthroughctl
    utmp pts/3 :0
    seen local
}

@test "a login session that is remote, whatever the ancestors are" {
    session 3 1
    chain su bash passthroughctl
    seen remote
    session 3 0
    seen local
    CGROUP=/user.slice/user-1000.slice/session-c7.scope chain su bash passthroughctl
    session c7 1
    seen remote
}

@test "the terminal's entry in utmp has a host" {
    chain bash passthroughctl
    utmp pts/3 192.168.0.7
    seen remote
    utmp pts/4 192.168.0.7
    session 3 0
    seen local
}

@test "tmux and screen keep a terminal for whoever comes: any remote session counts, and so does not to know of any" {
    local keeper
    for keeper in 'tmux: server' screen; do
        session 3 0
        chain "$keeper" bash sudo passthroughctl
        seen local
        session 4 1 closing
        seen remote
        rm "$ROOT/run/systemd/sessions/4"
        utmp pts/9 '10.0.0.1 via mosh [77]'
        seen remote
        utmp pts/3 'tmux(77).%0'
        seen local
        rm -r "$ROOT/run/systemd/sessions"
        seen local
        rm "$ROOT/run/utmp"
        seen remote
    done
}

@test "a terminal in no session, as run0 has it: a remote session counts" {
    CGROUP=/system.slice/run-p100.service chain bash passthroughctl
    session 3 0
    seen local
    session 4 1
    seen remote
}

@test "a unit of the system has no terminal, and nobody who would confirm" {
    session 4 1
    passes 100 1 sh
    passes 101 100 passthroughctl
    LAST=101
    seen local
}

@test "where an ancestor cannot be read it may be anybody; a session that is gone and records that are cut off say nothing" {
    session 3 0
    chain bash passthroughctl
    rm -r "$ROOT/proc/100"
    seen local
    mv "$ROOT/run/systemd/sessions" "$ROOT/run/systemd/away"
    seen remote
    mv "$ROOT/run/systemd/away" "$ROOT/run/systemd/sessions"
    utmp pts/3 192.168.0.7
    truncate -s 400 "$ROOT/run/utmp"
    seen local
    mkfifo "$ROOT/run/systemd/sessions/4.ref"
    CGROUP=/x chain 'tmux: server' bash passthroughctl
    seen local
}
