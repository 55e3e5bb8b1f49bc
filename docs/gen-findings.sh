#!/bin/sh
# gw-findings(7) from the table that the programs are built with: docs/gen-findings.sh lib/rec/findings.def
awk -F '"' '
BEGIN {
    print ".\\\" Made from lib/rec/findings.def by `make docs`; do not edit."
    print ".Dd November 23, 2026\n.Dt GW-FINDINGS 7\n.Os\n.Sh NAME\n.Nm gw-findings"
    print ".Nd what the gwpipe programs find in objects\n.Sh DESCRIPTION"
    print "A finding stands in the record of its object (see"
    print ".Xr gw-record 7 )"
    print "and is printed to stderr once, by the program that made it, with its id in brackets."
    print "Ids are never renamed or used for something else, so scripts may rely on them."
    print "Errors make the exit code 1."
}
/^\/\*.*\*\/$/ {
    stage = $0; gsub(/^\/\* *| *\*\/$/, "", stage)
    if (open) print ".El"
    printf ".Ss %s\n.Bl -tag -width Ds\n", stage == "any stage" ? "Any program" : stage
    open = 1
}
/^FINDING\(/ {
    split($3, part, ","); severity = part[2]; gsub(/[ ]|SEV_/, "", severity)
    meaning = $4; for (i = 5; i < NF; i++) meaning = meaning "\"" $i
    gsub(/\\"/, "\"", meaning); gsub(/\\$/, "", meaning)
    printf ".It Li %s Pq %s\n%s.\n", $2, tolower(severity), toupper(substr(meaning, 1, 1)) substr(meaning, 2)
}
END {
    if (open) print ".El"
    print ".Sh SEE ALSO\n.Xr gw 7 ,\n.Xr gw-record 7"
}' "$1"
