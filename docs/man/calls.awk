# SPDX-License-Identifier: MIT
# calls.awk - what `crashinject list --calls` prints, as the list of crashinject-calls(7).
#
#	crashinject list --calls | awk -f calls.awk - crashinject-calls.7.in
#
# Lines are "CALL FAMILY SENTENCE", and "NAME FAMILY as CALL" for a further name.
FNR == NR {
	sentence = $0
	sub(/^[^ ]+ +[^ ]+ +/, "", sentence)
	if ($3 == "as" && NF == 4) {
		names[$4] = names[$4] (names[$4] == "" ? "" : " , ") $1
		next
	}
	if (!($2 in calls))
		families[++family_count] = $2
	calls[$2] = calls[$2] " " $1
	about[$1] = sentence
	next
}
$0 == "@calls@" {
	for (f = 1; f <= family_count; f++) {
		print ".Ss " families[f]
		print ".Bl -tag -width Ds"
		n = split(calls[families[f]], list, " ")
		for (i = 1; i <= n; i++) {
			print ".It Cm " list[i]
			print about[list[i]] "."
			if (names[list[i]] != "") {
				print "Also"
				print ".Cm " names[list[i]] " ."
			}
		}
		print ".El"
	}
	next
}
{ sub(/@generated@/, "made from crashinject-calls.7.in and common/calls.def"); print }
