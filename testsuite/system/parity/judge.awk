# judge.awk - compare what happened with what Slurm did: awk -v name=FILE -v dir=FOLDER -f judge.awk
#     part=1 DIFFERS part=2 OURS part=3 EXPECTED part=4 GOT
# Prints a line for each case of EXPECTED, "VERDICT<tab>CASE<tab>WHY", and writes the difference into
# FOLDER/NUMBER.  Verdicts:
#   equal   to the letter
#   reason  equal but for reasons that our error messages add after Slurm's own words
#   kept    differs on purpose: listed in DIFFERS with the reason, and what we do is as in OURS
#   open    differs, and is listed in DIFFERS as a fault that is known
#   stale   listed as open, though there is no difference any more
#   wrong   differs
function same(want, got, loose,    w, g, nw, ng, i, rest) {
    if (want == got)
        return 1
    if (!loose)
        return 0
    nw = split(want, w, "\n"); ng = split(got, g, "\n")
    if (nw != ng)
        return 0
    for (i = 1; i <= nw; i++) {
        if (w[i] == g[i])
            continue
        if (substr(w[i], 1, 2) != "! " || substr(g[i], 1, length(w[i])) != w[i])
            return 0
        rest = substr(g[i], length(w[i]) + 1)
        if (rest !~ /^([:;,.]? [^ ]|$)/)
            return 0
    }
    return 1
}
function tell(number, want, got,    file) {
    file = dir "/" number
    printf "Slurm:\n%sBramble:\n%s", want, got > file
    close(file)
}
part == 1 {
    if ($0 ~ /^#/ || $0 == "")
        next
    if ($0 ~ /^[^ ]/) {
        current = ""
        if (match($0, /^(kept|open) [^ :]+: /) && substr($0, 6, RLENGTH - 7) == name) {
            current = substr($0, RLENGTH + 1)
            kind[current] = substr($0, 1, 4)
        }
    } else if (current != "") {
        sub(/^ +/, "")
        why[current] = why[current] (why[current] == "" ? "" : " ") $0
    }
    next
}
/^== / {
    current = substr($0, 4)
    if (part == 3)
        order[++cases] = current
    next
}
part == 2 { ours[current] = ours[current] $0 "\n" }
part == 3 { want[current] = want[current] $0 "\n" }
part == 4 { got[current] = got[current] $0 "\n" }
END {
    for (i = 1; i <= cases; i++) {
        c = order[i]
        if (kind[c] == "kept")
            verdict = got[c] == ours[c] ? "kept" : "wrong"
        else if (same(want[c], got[c], 0))
            verdict = kind[c] == "open" ? "stale" : "equal"
        else if (same(want[c], got[c], 1))
            verdict = kind[c] == "open" ? "stale" : "reason"
        else
            verdict = kind[c] == "open" ? "open" : "wrong"
        if (verdict == "open" || verdict == "wrong" || verdict == "kept")
            tell(i, kind[c] == "kept" ? ours[c] : want[c], got[c])
        printf "%s\t%s\t%s\n", verdict, c, why[c]
    }
}
