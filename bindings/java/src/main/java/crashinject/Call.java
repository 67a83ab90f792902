// SPDX-License-Identifier: MIT
package crashinject;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lambdas of the caller as commands: another Java machine has them from their serialized form, and calls them. */
final class Call {
    private static final Pattern MEMBER = Pattern.compile("\"(\\w+)\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern ESCAPE = Pattern.compile("\\\\(u[0-9a-fA-F]{4}|.)");

    private Call() {
    }

    /** The words of a process that calls it. */
    static List<String> command(Serializable function) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        try (ObjectOutputStream stream = new ObjectOutputStream(bytes)) {
            stream.writeObject(function);
        } catch (IOException captured) {
            throw new IllegalArgumentException("what is to be called in another process may capture nothing but what is "
                    + "serializable, and no test: " + captured.getMessage(), captured);
        }
        return List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:-UsePerfData", "-cp",
                System.getProperty("java.class.path"), Call.class.getName(),
                Base64.getEncoder().encodeToString(bytes.toByteArray()));
    }

    static String quoted(List<String> words) {
        StringBuilder text = new StringBuilder("exec");

        for (String word : words) {
            text.append(" '").append(word.replace("'", "'\\''")).append('\'');
        }
        return text.toString();
    }

    static String plain(String text) {
        return ESCAPE.matcher(text).replaceAll(escape -> {
            String letter = escape.group(1);
            String is = switch (letter.charAt(0)) {
                case 'u' -> String.valueOf((char) Integer.parseInt(letter.substring(1), 16));
                case 'n' -> "\n";
                case 't' -> "\t";
                case 'r' -> "\r";
                case 'b' -> "\b";
                case 'f' -> "\f";
                default -> letter;
            };
            return Matcher.quoteReplacement(is);
        });
    }

    private static Crash.State question(String line) {
        Map<String, String> members = new HashMap<>();
        Matcher member = MEMBER.matcher(line);

        while (member.find()) {
            members.put(member.group(1), plain(member.group(2)));
        }
        return new Crash.State(Path.of(members.get("dir")), Path.of(members.get("acked")),
                Path.of(members.get("acked_dir")), members.get("point"), members.get("state"));
    }

    private static String answer(String verdict, String text) {
        StringBuilder line = new StringBuilder("{\"verdict\":\"" + verdict + "\",\"text\":\"");

        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                line.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                line.append(Character.isSurrogate(c) ? "?" : String.format("\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
        return line.append("\"}").toString();
    }

    private static String judge(Crash.Check check, Crash.State state) {
        try {
            check.look(state);
            return answer("ok", "");
        } catch (Crash.Lost lost) {
            return answer("lost", String.valueOf(lost.getMessage()));
        } catch (Exception | AssertionError refused) {
            return answer("inconsistent", refused.toString());
        }
    }

    /* What the check prints is no answer. */
    private static void serve(Crash.Check check) throws IOException {
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        String line;

        System.setOut(System.err);
        while ((line = questions.readLine()) != null) {
            answers.print(judge(check, question(line)) + "\n");
            answers.flush();
        }
    }

    public static void main(String[] words) throws Exception {
        byte[] bytes = Base64.getDecoder().decode(words[0]);
        Object function;

        try (ObjectInputStream stream = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            function = stream.readObject();
        }
        if (function instanceof Crash.Check check) {
            serve(check);
        } else {
            ((Crash.Workload) function).run(Path.of(System.getenv("CRASH_DIR")));
        }
    }
}
