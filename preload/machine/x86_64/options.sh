# SPDX-License-Identifier: MIT
# options.sh - options that only the shim on this machine needs. configure reads it: variables and nothing else.
# shellcheck shell=sh disable=SC2034

# stub.S and entry.S have no landing pads, and nothing that the program calls here wants any.
SHIM_CFLAGS="-fcf-protection=none"

# The address that the module is linked for (stub.S). The kernel hands out memory downwards from the top of 47
# bits, less up to 1 TiB at random: this is below all of that, and far above programs and their heaps.
SHIM_LDFLAGS="-Wl,-Ttext-segment=0x7e9000000000"
