# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later

# alike --raw OLD NEW: the same. alike '' OLD NEW: but for words of the same size, of which equal ones stay equal, and others others.
alike() {
    [[ $2 != "$3" ]] || return 0
    if [[ $1 ]] || ! awk '
        NR == FNR { old[FNR] = $0; next }
        {
            if (length($0) != length(old[FNR])) { print "line " FNR " has another length"; bad = 1 }
            n = split(old[FNR], a, /[^A-Za-z0-9:_-]+/)
            m = split($0, b, /[^A-Za-z0-9:_-]+/)
            if (n != m) { print "line " FNR " has other words"; bad = 1 }
            for (i = 1; i <= n; i++) {
                if (a[i] in to ? to[a[i]] != b[i] : b[i] in from) { print a[i] " is " b[i] ", and was " to[a[i]] from[b[i]]; bad = 1 }
                to[a[i]] = b[i]
                from[b[i]] = a[i]
            }
        }
        END { if (FNR != length(old)) bad = 1; exit bad }' <(printf '%s\n' "$2") <(printf '%s\n' "$3"); then
        diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | head -40
        return 1
    fi
}
