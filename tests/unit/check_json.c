/* SPDX-License-Identifier: MIT */
/*
 * check_json.c - what is not UTF-8 goes into JSON, and comes out again as the bytes that it was.
 */
#include "base/json_value.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support.h"

/* Into JSON, printed, read by a JSON library that knows nothing of it, and back. */
static void assert_comes_back(const char *bytes)
{
	json_t *list = json_pack("[o]", crash__json_string(bytes)), *read;
	char *text = json_dumps(list, JSON_COMPACT | JSON_ENSURE_ASCII);

	ck_assert_ptr_nonnull(text);
	read = json_loads(text, 0, NULL);
	ck_assert_msg(read != NULL, "%s is not JSON", text);
	crash__json_to_bytes(read);
	ck_assert_str_eq(json_string_value(json_array_get(read, 0)), bytes);
	free(text);
	json_decref(list);
	json_decref(read);
}

static const struct {
	const char *bytes, *json;
} table[] = {
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\\u00E4 \\u20AC \\uD83D\\uDE00\""},
	{"a\xff\"b", "\"a\\uEFFF\\\"b\""},
	{"\x80", "\"\\uEF80\""},
	{"\xe4", "\"\\uEFE4\""},
	{"\xc3", "\"\\uEFC3\""},	    /* cut */
	{"\xe2\x82", "\"\\uEFE2\\uEF82\""}, /* cut */
	{"\xe2\x82z", "\"\\uEFE2\\uEF82z\""},
	{"\xc0\xaf", "\"\\uEFC0\\uEFAF\""},			  /* too long for what it says */
	{"\xed\xa0\x80", "\"\\uEFED\\uEFA0\\uEF80\""},		  /* half of a pair */
	{"\xf4\x90\x80\x80", "\"\\uEFF4\\uEF90\\uEF80\\uEF80\""}, /* beyond Unicode */
	{"\xee\xbe\x7f", "\"\\uEFEE\\uEFBE\\u007F\""},
	{"\xee\xbd\xbf", "\"\\uEF7F\""}, /* beside what stands for bytes */
	{"\xef\x80\x80", "\"\\uF000\""},
	{"\xee\xbe\x80", "\"\\uEFEE\\uEFBE\\uEF80\""}, /* itself what stands for a byte */
	{"\xee\xbf\xbf", "\"\\uEFEE\\uEFBF\\uEFBF\""},
};

START_TEST(a_byte_that_is_no_text_is_a_character_of_its_own)
{
	json_t *string = crash__json_string(table[_i].bytes);
	char *text = json_dumps(string, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	/* jansson escapes no DEL */
	if (strchr(table[_i].bytes, 0x7f) == NULL)
		ck_assert_str_eq(text, table[_i].json);
	assert_comes_back(table[_i].bytes);
	free(text);
	json_decref(string);
}
END_TEST

START_TEST(nothing_is_null)
{
	json_t *string = crash__json_string(NULL);

	ck_assert(json_is_null(string));
	json_decref(string);
}
END_TEST

START_TEST(any_bytes_come_back)
{
	/* bytes of which UTF-8 is made, and of which our characters are */
	static const unsigned char likely[] = {'a',  0x7f, 0x80, 0xbe, 0xbf, 0xc1, 0xc2, 0xdf,
					       0xe0, 0xed, 0xee, 0xef, 0xf0, 0xf4, 0xff};
	uint64_t random = support_seed();
	char text[8];

	for (int first = 1; first < 256; first++)
		for (int second = 0; second < 256; second++) {
			snprintf(text, sizeof text, "%c%c", first, second);
			assert_comes_back(text);
		}
	for (int round = 0; round < 50000; round++) {
		size_t length = support_below(&random, sizeof text);

		for (size_t i = 0; i < length; i++)
			text[i] = (char)likely[support_below(&random, sizeof likely)];
		text[length] = '\0';
		assert_comes_back(text);
	}
}
END_TEST

START_TEST(every_string_of_an_object_comes_back)
{
	json_t *object = json_pack("{s:o, s:[o, {s:o}], s:i, s:n}", "a", crash__json_string("\xff"), "b",
				   crash__json_string("x\x80"), "c", crash__json_string("\xfe"), "d", 4, "e");
	const json_t *list = json_object_get(object, "b");

	crash__json_to_bytes(object);
	ck_assert_str_eq(json_string_value(json_object_get(object, "a")), "\xff");
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "x\x80");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 1), "c")), "\xfe");
	ck_assert_int_eq(json_integer_value(json_object_get(object, "d")), 4);
	json_decref(object);
	crash__json_to_bytes(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = support_case(suite, "bytes", nothing_is_null, any_bytes_come_back,
				    every_string_of_an_object_comes_back, NULL);

	tcase_add_loop_test(tcase, a_byte_that_is_no_text_is_a_character_of_its_own, 0,
			    sizeof table / sizeof *table);
	return support_run(suite);
}
