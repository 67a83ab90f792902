// SPDX-License-Identifier: MIT
package crashinject;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the command has printed, an object a line. In a string of JSON no quote stands unescaped, so members can be searched for. */
final class Explored {
    private static final String STRING = "\"((?:[^\"\\\\]|\\\\.)*)\"";
    private static final Pattern REASONS = Pattern.compile("\"incomplete_reasons\":\\[((?:" + STRING + ",?)*)\\]");

    private final List<String> findings = new ArrayList<>();
    private final List<String> reasons = new ArrayList<>();
    private String summary;

    Explored(String printed) {
        for (String line : printed.split("\n")) {
            if (line.startsWith("{\"finding\":") && !line.contains("\"accepted\":true")) {
                findings.add(described(line));
            } else if (line.startsWith("{\"summary\":")) {
                summary = line;
                Matcher all = REASONS.matcher(line);
                Matcher each = Pattern.compile(STRING).matcher(all.find() ? all.group(1) : "");
                while (each.find()) {
                    reasons.add(Call.plain(each.group(1)));
                }
            }
        }
    }

    private static String member(String line, String key) {
        Matcher member = Pattern.compile("\"" + key + "\":" + STRING).matcher(line);
        return member.find() ? Call.plain(member.group(1)) : null;
    }

    private static String number(String line, String key) {
        Matcher member = Pattern.compile("\"" + key + "\":([0-9.e+-]+)").matcher(line);
        return member.find() ? member.group(1) : "0";
    }

    private static String described(String line) {
        StringBuilder text = new StringBuilder(member(line, "kind") + ": " + member(line, "sentence"));

        for (String key : List.of("repair", "advice", "replay", "output")) {
            String value = member(line, key);
            if (value != null && !value.isEmpty()) {
                text.append("\n  ").append(key.equals("output") ? "the check said" : key).append(": ").append(value.stripTrailing());
            }
        }
        return text.toString();
    }

    /** Nothing was found, and nothing may have been missed. */
    boolean safe(int status) {
        return status == 0 && summary != null && summary.contains("\"complete\":true") && findings.isEmpty();
    }

    /** Not safe, and known to be so: else it could not be explored. */
    boolean judged(int status) {
        return summary != null && ((status == 1 && !findings.isEmpty()) || (status == 3 && !reasons.isEmpty()));
    }

    String line() {
        return String.format(Locale.ROOT, "crash-safe: %s states checked, none failed, %.1f s", number(summary, "checked"),
                Double.parseDouble(number(summary, "seconds")));
    }

    String text(Path result) {
        StringBuilder text = new StringBuilder(findings.size() + " found");

        findings.forEach(finding -> text.append('\n').append(finding));
        reasons.forEach(reason -> text.append("\nincomplete: ").append(reason));
        return result == null ? text.toString() : text.append("\nthe result is in ").append(result).toString();
    }

    /** What the check said of the state that the workload left, which it has to accept. */
    String finalOutput() {
        String output = summary == null ? null : member(summary, "final_output");
        return output == null ? "" : ": " + output;
    }
}
