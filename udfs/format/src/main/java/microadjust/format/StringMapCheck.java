package microadjust.format;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import microadjust.format.Contract.Field;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/**
 * Checks an object whose values must be strings. Some of them become columns, see {@link Told}.
 */
final class StringMapCheck {

    private enum Kind {
        TEXT,
        UNPAIRED_SURROGATE,
        OTHER
    }

    /**
     * Numbers in the properties, by the names that the tracker gives them, null where there is none: the distance scrolled in pages
     * ({@code path_pages}), the clicks of a rage click ({@code rage}), and the milliseconds for which a section was in view
     * ({@code ms} where {@code name} is {@code section}).
     */
    record Told(Double scrollPages, Double rage, Double sectionMs) {}

    private static final int MAX_NUMBER_LENGTH = 16;
    private static final double MAX_PAGES = 10_000;
    private static final double MAX_CLICKS = 1_000;
    private static final double MAX_MS = 86_400_000;

    private StringMapCheck() {}

    static Object read(Field field, JsonToken token, JsonParser parser) throws IOException, RejectedException {
        if (token != JsonToken.START_OBJECT) {
            throw Values.wrongType(field, "object", parser);
        }
        // The last of two equal names counts, so nothing is rejected before the end.
        Map<String, Kind> tags = new HashMap<>();
        boolean unpairedName = false;
        Double scrolled = null;
        Double rage = null;
        Double ms = null;
        boolean isSection = false;
        String tag;
        while ((tag = parser.nextFieldName()) != null) {
            unpairedName |= UnicodeText.codePointCount(tag.toCharArray(), 0, tag.length()) < 0;
            if (parser.nextToken() == JsonToken.VALUE_STRING) {
                int points = UnicodeText.codePointCount(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
                tags.put(tag, points < 0 ? Kind.UNPAIRED_SURROGATE : Kind.TEXT);
                switch (tag) {
                    case "path_pages" -> scrolled = number(parser.getText(), MAX_PAGES);
                    case "rage" -> rage = number(parser.getText(), MAX_CLICKS);
                    case "ms" -> ms = number(parser.getText(), MAX_MS);
                    case "name" -> isSection = parser.getText().equals("section");
                    default -> {}
                }
            } else {
                tags.put(tag, Kind.OTHER);
                parser.skipChildren();
            }
        }
        if (tags.containsValue(Kind.OTHER)) {
            throw new RejectedException("wrong_type", "%s: expected strings", field.path());
        }
        if (unpairedName || tags.containsValue(Kind.UNPAIRED_SURROGATE)) {
            throw UnicodeText.unpairedSurrogate(field);
        }
        if (tags.size() > field.high()) {
            throw new RejectedException("out_of_range", "%s: more than %.0f entries", field.path(), field.high());
        }
        return new Told(scrolled, rage, isSection ? ms : null);
    }

    /** The number that a text holds; null where it holds none from 0 to {@code most}. */
    private static Double number(String text, double most) {
        if (text.length() > MAX_NUMBER_LENGTH) {
            return null;
        }
        try {
            double number = Double.parseDouble(text);
            return number >= 0 && number <= most ? number : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
