#!/bin/sh
# SPDX-License-Identifier: MIT
#
# embed.sh - prints files as a C source: their bytes, and a table of them.
#
# Usage: embed.sh FILE...
set -eu

echo '/* Made by report/page/embed.sh. */'
echo '#include "report/page/page.h"'
number=0
for file in "$@"; do
	number=$((number + 1))
	echo "static const unsigned char bytes_$number[] = {"
	od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
	echo '};'
done
echo 'const struct crash__page_file crash__page_files[] = {'
number=0
for file in "$@"; do
	number=$((number + 1))
	echo "	{\"${file##*/}\", bytes_$number, sizeof bytes_$number},"
done
echo '	{0, 0, 0},'
echo '};'
