/* SPDX-License-Identifier: MIT */
#include "report/report.h"

const char *crash__report_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

long long crash__report_number(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

void crash__report_escaped(FILE *stream, const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '<')
			fputs("&lt;", stream);
		else if (byte == '>')
			fputs("&gt;", stream);
		else if (byte == '&')
			fputs("&amp;", stream);
		else if (byte == '"')
			fputs("&quot;", stream);
		else if (byte < 32 && byte != '\n' && byte != '\t')
			fprintf(stream, "\\x%02x", byte); /* XML has no way to say it */
		else
			fputc(byte, stream);
	}
}

void crash__report_names(FILE *stream, const json_t *list)
{
	json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		fprintf(stream, "%s%s", i ? ", " : "", json_string_value(name));
}
