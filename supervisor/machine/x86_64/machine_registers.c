/* SPDX-License-Identifier: MIT */
/* By the numbers that DWARF has for x86-64's registers. */
enum { REGISTER_SP = 7, REGISTER_PC = 16 };

bool crash__set_registers(Dwfl_Thread *thread, uint64_t pc, uint64_t sp)
{
	Dwarf_Word words[] = {sp, pc};

	return dwfl_thread_state_registers(thread, REGISTER_SP, 1, &words[0]) &&
	       dwfl_thread_state_registers(thread, REGISTER_PC, 1, &words[1]);
}
