/* SPDX-License-Identifier: MIT */
/*
 * effort.h - how much was looked at.
 *
 * What searches something long counts what it looked at. A test compares a recording with one twice as long:
 * that tells what is linear from what is not on any machine, and time does not.
 */
#ifndef CRASH_EFFORT_H
#define CRASH_EFFORT_H

#include <stdint.h>

extern uint64_t crash__effort;

#endif
