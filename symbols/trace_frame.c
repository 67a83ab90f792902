/* SPDX-License-Identifier: MIT */
#include "symbols/trace_frame.h"

#include <string.h>

#include "symbols/perf_map.h"

static uint32_t pid_of(const struct crash__trace *trace, uint32_t process)
{
	for (size_t i = 0; i < trace->process_count; i++)
		if (trace->processes[i].number == process)
			return trace->processes[i].pid;
	return 0;
}

int crash__trace_frame(struct crash__symbols *symbols, const struct crash__trace *trace, uint32_t process,
		       uint64_t address, struct crash_frame *frame)
{
	const struct crash__trace_module *module = crash__trace_module_of(trace, process, address);

	if (module)
		return crash__symbols_name(symbols, module->path, address - module->bias, frame);
	*frame = (struct crash_frame){.address = address};
	return trace->map ? crash__perf_map_name(crash__symbols_maps(symbols), pid_of(trace, process),
						 trace->fd, address, frame) :
			    0;
}
