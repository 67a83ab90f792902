/* SPDX-License-Identifier: MIT */
/*
 * check_function.c - a C++ function by the names that people have for it, and in C nothing changes; source
 * files by theirs.
 */
#include "symbols/function.h"
#include "symbols/source_name.h"

#include <stdlib.h>
#include <string.h>

#include "common/mangled.h"
#include "tests/unit/support.h"

#define PUSH_BACK "_ZNSt6vectorIN7leveldb5SliceESaIS1_EE9push_backEOS1_"
#define MERGE "_ZN7rocksdb18BlockBasedTableForIN5other27SomeLongNameOfSomethingElseEE5mergeIiEEvT_"

static const struct {
	const char *symbol, *full, *shorter;
} names[] = {
	{"main", NULL, "main"},
	{"write_all.constprop.0", NULL, "write_all.constprop.0"},
	{"_Z", NULL, "_Z"},
	{"_Znonsense", NULL, "_Znonsense"},
	{"_ZN7leveldb6DBImpl5WriteERKNS_12WriteOptionsEPNS_10WriteBatchE",
	 "leveldb::DBImpl::Write(leveldb::WriteOptions const&, leveldb::WriteBatch*)",
	 "leveldb::DBImpl::Write"},
	{"_ZNK5Store5flushEv", "Store::flush() const", "Store::flush"},
	{"_ZNKR5Store5flushEv", "Store::flush() const &", "Store::flush"},
	{"_ZN5StoreC1Ei", "Store::Store(int)", "Store::Store"},
	{"_ZN5StoreD0Ev", "Store::~Store()", "Store::~Store"},
	{"_ZN5StoreclEi", "Store::operator()(int)", "Store::operator()"},
	{"_ZN5StorelsEPKc", "Store::operator<<(char const*)", "Store::operator<<"},
	{"_ZN5StorecvPKcEv", "Store::operator char const*()", "Store::operator char const*"},
	{"_Z4savei", "save(int)", "save"},
	{"_Z4saveIiEvT_", "void save<int>(int)", "save"},
	{"_ZN12_GLOBAL__N_14saveEi", "(anonymous namespace)::save(int)", "(anonymous namespace)::save"},
	{"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const",
	 "main::{lambda(int)#1}::operator()"},
	{"_ZN5Store5flushEv.part.0", "Store::flush() [clone .part.0]", "Store::flush"},
	{PUSH_BACK,
	 "std::vector<leveldb::Slice, std::allocator<leveldb::Slice> >::push_back(leveldb::Slice&&)",
	 "std::vector<leveldb::Slice, std::allocator<leveldb::Slice> >::push_back"},
	{MERGE, "void rocksdb::BlockBasedTableFor<other::SomeLongNameOfSomethingElse>::merge<int>(int)",
	 "rocksdb::BlockBasedTableFor<...>::merge<...>"},
};

/* Of the Rust compiler, with its own demangler's names: constants without their types, no lifetimes. */
static const struct {
	const char *symbol, *name;
} rust_names[] = {
	{"_RNvCs6GmmlP4bgsG_1r4main", "r::main"},
	{"_RNCNvCs6GmmlP4bgsG_1r4main0B3_", "r::main::{closure#0}"},
	{"_RINvCs6GmmlP4bgsG_1r4eachNCNvB2_4main0EB2_", "r::each::<r::main::{closure#0}>"},
	{"_RNvMNtCs6GmmlP4bgsG_1r5storeINtB2_3LogNtNtCsjrHSEGnQ3l9_3std2fs4FileE3putB4_",
	 "<r::store::Log<std::fs::File>>::put"},
	{"_RNvXsb_NtCsjrHSEGnQ3l9_3std2fsNtB5_4FileNtNtB7_2io5Write5write",
	 "<std::fs::File as std::io::Write>::write"},
	{"_RNvYFEuINtNtNtCsgEmfK2I1SDS_4core3ops8function6FnOnceuE9call_onceCs6GmmlP4bgsG_1r",
	 "<fn() as core::ops::function::FnOnce<()>>::call_once"},
	{"_RNvCs6GmmlP4bgsG_1r4main.llvm.123", "r::main"},
	{"_RINvC1r1fAhj10_E", "r::f::<[u8; 16]>"},
	{"_RINvC1r1fKinb_E", "r::f::<-11>"},
	{"_RINvC1r1fKb1_Kc61_E", "r::f::<true, 'a'>"},
	{"_RINvC1r1fDINtC1s1TL_hEp1OtEL_E", "r::f::<dyn s::T<u8, O = u16>>"},
	{"_RINvC1r1fThEFUKCRhEuE", "r::f::<(u8,), unsafe extern \"C\" fn(&u8)>"},
	{"_RINvC1r1fL_E", "r::f"},
	{"_RNvC1ru3caf", "r::punycode{caf}"},
	/* none: it ends early, refers forward, or to itself */
	{"_R", "_R"},
	{"_RNvC1r", "_RNvC1r"},
	{"_RNvC1r99main", "_RNvC1r99main"},
	{"_RNvB9_4main", "_RNvB9_4main"},
	{"_RINvC1r1fB4_E", "_RINvC1r1fB4_E"},
	{"_RNvC1r4mainX", "_RNvC1r4mainX"},
	{"_Random", "_Random"},
};

START_TEST(a_name_of_rust_is_whole)
{
	char *shorter = crash__function_short(rust_names[_i].symbol);

	ck_assert_str_eq(shorter, rust_names[_i].name);
	free(shorter);
}
END_TEST

START_TEST(what_people_type_is_a_function_of_rust)
{
	ck_assert(crash__function_is("_RNvCs6GmmlP4bgsG_1r4main", "r::main"));
	ck_assert(!crash__function_is("_RNvCs6GmmlP4bgsG_1r4main", "main"));
	ck_assert(crash__function_is("_RINvCs6GmmlP4bgsG_1r4eachNCNvB2_4main0EB2_", "r::each"));
}
END_TEST

/* Who made it up wants the stack, or the memory, to end. */
START_TEST(a_name_of_rust_is_not_nested_without_end)
{
	char symbol[4096] = "_RINvC1r1f";
	size_t length = strlen(symbol);

	memset(symbol + length, 'S', 4000);
	strcpy(symbol + length + 4000, "hE");
	ck_assert_ptr_null(crash__function_full(symbol));
	/* a tuple of itself */
	ck_assert_ptr_null(crash__function_full("_RINvC1r1fTB7_B7_EE"));
}
END_TEST

static bool demangles(void)
{
	char *name = crash__function_full("_Z4savei");

	free(name);
	return name != NULL;
}

START_TEST(a_name_has_its_parameters_or_not)
{
	char *full, *shorter;

	if (!demangles())
		support_skip("there is no C++ library");
	full = crash__function_full(names[_i].symbol);
	shorter = crash__function_short(names[_i].symbol);
	if (names[_i].full)
		ck_assert_str_eq(full, names[_i].full);
	else
		ck_assert_ptr_null(full);
	ck_assert_str_eq(shorter, names[_i].shorter);
	free(full);
	free(shorter);
}
END_TEST

static const struct {
	const char *symbol, *typed;
	bool is;
} typed[] = {
	{"write_all", "write_all", true},
	{"write_all", "write_al", false},
	{"write_all", "write_all2", false},
	{"write_all@@GLIBC_2.2.5", "write_all", true},
	{"write_all.constprop.0", "write_all", true},
	{"write_all.constprop.0", "write_all.constprop.0", true},
	{"write_all.part.0.cold", "write_all", true},
	{"write_all.constprop.0", "write_al", false},
	{"main.main", "main", false}, /* Go */
	{"_ZN5Store6appendEi", "_ZN5Store6appendEi", true},
	{"_ZN5Store6appendEi", "_ZN5Store6append", false},
	{"_ZN5Store6appendEi", "Store::append", true},
	{"_ZN5Store6appendEi", "::Store::append", true},
	{"_ZN5Store6appendEi", "Store::append(int)", true},
	{"_ZN5Store6appendEi", "Store::append(long)", false},
	{"_ZN5Store6appendEi", "append", false},
	{"_ZN5Store6appendEi", "Store", false},
	{"_ZN5Store6appendEi", "Store::", false},
	{"_ZN5Store6appendEi.cold", "Store::append", true},
	{"_ZN5Store6appendEi@@V1", "Store::append", true},
	{"_ZNK5Store6appendEim", "Store::append(int,unsigned long) const", true},
	{"_ZN5Store6appendB5cxx11Ei", "Store::append", true},
	{"_ZN5StoreC2Ei", "Store::Store", true},
	{"_ZN5StoreD2Ev", "Store::~Store", true},
	{"_ZN5StoreD2Ev", "Store::Store", false},
	{"_ZN5StorelsEPKc", "Store::operator<<", true},
	{"_ZN5StorelsEPKc", "Store::operator<", false},
	{"_ZN5StoreclEi", "Store::operator()", true},
	{"_Z4saveIiEvT_", "save", true},
	{"_ZL4savei", "save", true},
	{"_ZN2ns4saveIiEEvT_", "ns::save", true},
	{"_ZN2ns4saveIiEEvT_", "ns::save<int>", true},
	{"_ZN2ns4saveIiEEvT_", "ns::save<...>", true},
	{"_ZN2ns4saveIiEEvT_", "ns::save<long>", false},
	{PUSH_BACK, "std::vector::push_back", true},
	{PUSH_BACK, "std::vector<leveldb::Slice, std::allocator<leveldb::Slice>>::push_back", true},
	{"_ZN12_GLOBAL__N_14saveEi", "save", true},
	{"_ZN12_GLOBAL__N_14saveEi", "(anonymous namespace)::save", true},
	{"_ZN2ns12_GLOBAL__N_14saveEi", "ns::save", true},
	{"_ZN2ns12_GLOBAL__N_14saveEi", "save", false},
	{"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()", true},
	{"_Znonsense", "nonsense", false},
};

START_TEST(what_people_type_is_the_function_or_it_is_not)
{
	if (!demangles())
		support_skip("there is no C++ library");
	ck_assert_msg(crash__function_is(typed[_i].symbol, typed[_i].typed) == typed[_i].is, "%s, %s",
		      typed[_i].symbol, typed[_i].typed);
}
END_TEST

/* What the shim can tell without a demangler is never wrong: only what it need not know may be missing. */
START_TEST(the_shim_agrees)
{
	bool is = crash__mangled_is(typed[_i].symbol, typed[_i].typed);

	ck_assert_msg(!is || typed[_i].is, "%s is not %s", typed[_i].symbol, typed[_i].typed);
}
END_TEST

static const struct {
	const char *symbol, *typed;
} exported[] = {
	{"_ZN5Store6appendEi", "Store::append"},
	{"_ZN5Store6appendEi", "::Store::append"},
	{"_ZN5Store6appendB5cxx11Ei", "Store::append"},
	{"_ZNK5Store6appendEim", "Store::append"},
	{"_ZNKR5Store6appendEim", "Store::append"},
	{"_ZN7leveldb6DBImpl5WriteERKNS_12WriteOptionsEPNS_10WriteBatchE", "leveldb::DBImpl::Write"},
	{"_ZN5StoreC2Ei", "Store::Store"},
	{"_ZN5StoreD2Ev", "Store::~Store"},
	{"_Z4savei", "save"},
	{"_ZL4savei", "save"},
	{"_Z4saveIiEvT_", "save"},
	{"_ZN2ns4saveIiEEvT_", "ns::save"},
	{"_ZN12_GLOBAL__N_14saveEi", "(anonymous namespace)::save"},
	{"_ZSt4moveIiEvT_", "std::move"},
	{"_ZNSt6thread4joinEv", "std::thread::join"},
};

START_TEST(the_shim_knows_what_a_library_exports)
{
	ck_assert_msg(crash__mangled_is(exported[_i].symbol, exported[_i].typed), "%s is not %s",
		      exported[_i].symbol, exported[_i].typed);
}
END_TEST

/* It reads symbols of whatever is loaded, so no name may lead it out of them. */
START_TEST(the_shim_reads_no_further_than_a_symbol)
{
	static const char *const symbols[] = {"",
					      "_",
					      "_Z",
					      "_ZN",
					      "_ZNK",
					      "_ZN5",
					      "_ZN5Sto",
					      "_ZN5Store",
					      "_ZN5Store6",
					      "_ZN99999999999999999999999999Store",
					      "_ZN5Store6append",
					      "_ZN5StoreC",
					      "_ZSt",
					      "_ZSt4",
					      "_ZL",
					      "_Z4sav"};
	static const char *const wanted[] = {"Store::append", "Store::Store", "save", "std::move", "::", "",
					     "a::",	      "::a"};

	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		char *symbol = strdup(symbols[i]); /* for a sanitizer */

		for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
			ck_assert(!crash__mangled_is(symbol, wanted[k]));
		free(symbol);
	}
}
END_TEST

START_TEST(a_name_without_its_namespace_is_nearly_one)
{
	if (!demangles())
		support_skip("there is no C++ library");
	ck_assert(crash__function_ends("_ZN7leveldb6DBImpl5WriteEv", "DBImpl::Write"));
	ck_assert(crash__function_ends("_ZN7leveldb6DBImpl5WriteEv", "Write"));
	ck_assert(!crash__function_ends("_ZN7leveldb6DBImpl5WriteEv", "Impl::Write"));
	ck_assert(!crash__function_ends("_ZN7leveldb6DBImpl5WriteEv", "leveldb::DBImpl::Write"));
	ck_assert(!crash__function_ends("Write", "Write"));
}
END_TEST

static const struct {
	const char *directory, *file, *name;
} sources[] = {
	{"/home/me/store/build", "../src/wal.c", "/home/me/store/src/wal.c"},
	{"/home/me/store", "./wal.c", "/home/me/store/wal.c"},
	{"/home/me/store/", "src//wal.c", "/home/me/store/src/wal.c"},
	{"/home/me", "/usr/include/../src/wal.h", "/usr/src/wal.h"},
	{"/", "../../wal.c", "/wal.c"},
	{"/a", "..wal/...c", "/a/..wal/...c"},
	{NULL, "src/wal.rs", "src/wal.rs"},
	{"build", "../wal.c", "../wal.c"},
	{NULL, "/wal.c", "/wal.c"},
};

START_TEST(a_source_file_has_its_name_from_anywhere)
{
	char *name = crash__source_name(sources[_i].directory, sources[_i].file);

	ck_assert_str_eq(name, sources[_i].name);
	free(name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("function");
	TCase *tcase = tcase_create("names");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, a_name_has_its_parameters_or_not, 0, sizeof names / sizeof *names);
	tcase_add_loop_test(tcase, a_name_of_rust_is_whole, 0, sizeof rust_names / sizeof *rust_names);
	tcase_add_test(tcase, what_people_type_is_a_function_of_rust);
	tcase_add_test(tcase, a_name_of_rust_is_not_nested_without_end);
	tcase_add_loop_test(tcase, what_people_type_is_the_function_or_it_is_not, 0,
			    sizeof typed / sizeof *typed);
	tcase_add_loop_test(tcase, the_shim_agrees, 0, sizeof typed / sizeof *typed);
	tcase_add_loop_test(tcase, the_shim_knows_what_a_library_exports, 0,
			    sizeof exported / sizeof *exported);
	tcase_add_test(tcase, the_shim_reads_no_further_than_a_symbol);
	tcase_add_test(tcase, a_name_without_its_namespace_is_nearly_one);
	tcase_add_loop_test(tcase, a_source_file_has_its_name_from_anywhere, 0,
			    sizeof sources / sizeof *sources);
	return support_run(suite);
}
