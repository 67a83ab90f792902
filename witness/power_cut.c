/* SPDX-License-Identifier: MIT */
#include "witness/power_cut.h"

#include "base/random.h"

/* A page that the disk was writing: it has lost a run of its sectors (page_units.h). */
static void apply_torn(const struct disk_note *note, uint32_t from, uint32_t bytes, uint64_t *random)
{
	uint32_t sectors = bytes / DISK_SECTOR, lost = (uint32_t)crash__random_below(random, sectors + 1),
		 first = (uint32_t)crash__random_below(random, sectors - lost + 1);

	for (uint32_t sector = 0; sector < sectors; sector++)
		if (sector < first || sector >= first + lost)
			disk_apply(note, from + sector * DISK_SECTOR, DISK_SECTOR);
}

/* Of a write in flight: nothing, all, or some of its pages, now and then torn. */
static void apply_some(const struct power_cut *power, const struct disk_note *note, uint64_t *random)
{
	uint64_t fate = crash__random_below(random, 8);

	if (fate >= 6)
		return;
	for (uint32_t at = 0; at < note->bytes; at += DISK_PAGE) {
		uint32_t bytes = note->bytes - at < DISK_PAGE ? note->bytes - at : DISK_PAGE;

		if (fate < 2 && power->sectors)
			apply_torn(note, at, bytes, random);
		else if (fate >= 4 || crash__random_below(random, 2))
			disk_apply(note, at, bytes);
	}
}

/* Before this note all is safe. */
static size_t last_flush(const struct power_cut *power)
{
	size_t safe = power->lies ? 0 : power->cut;

	while (safe > 0 && power->notes[safe - 1].bytes)
		safe--;
	return safe;
}

void power_cut(const struct power_cut *power, uint64_t *random)
{
	size_t safe = last_flush(power);

	disk_load(power->content);
	disk_stop_notes();
	for (size_t i = 0; i < power->cut; i++) {
		const struct disk_note *note = &power->notes[i];

		if (!note->bytes)
			continue;
		if (i < safe || power->all)
			disk_apply(note, 0, note->bytes);
		else
			apply_some(power, note, random);
	}
}
