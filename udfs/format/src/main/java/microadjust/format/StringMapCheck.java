package microadjust.format;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import microadjust.format.Contract.Field;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/**
 * Checks an object whose values must be strings. One of them becomes a column: the distance that a scroll event covered.
 */
final class StringMapCheck {

    private enum Kind {
        TEXT,
        UNPAIRED_SURROGATE,
        OTHER
    }

    /** Name of the distance scrolled, in pages, as the tracker sends it. */
    static final String SCROLL_PAGES = "path_pages";

    private static final int MAX_NUMBER_LENGTH = 16;
    private static final double MAX_PAGES = 10_000;

    private StringMapCheck() {}

    static Object read(Field field, JsonToken token, JsonParser parser) throws IOException, RejectedException {
        if (token != JsonToken.START_OBJECT) {
            throw Values.wrongType(field, "object", parser);
        }
        // The last of two equal names counts, so nothing is rejected before the end.
        Map<String, Kind> tags = new HashMap<>();
        boolean unpairedName = false;
        Double scrolled = null;
        String tag;
        while ((tag = parser.nextFieldName()) != null) {
            unpairedName |= UnicodeText.codePointCount(tag.toCharArray(), 0, tag.length()) < 0;
            if (parser.nextToken() == JsonToken.VALUE_STRING) {
                int points = UnicodeText.codePointCount(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
                tags.put(tag, points < 0 ? Kind.UNPAIRED_SURROGATE : Kind.TEXT);
                if (tag.equals(SCROLL_PAGES)) {
                    scrolled = distance(parser.getText());
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
        return scrolled == null ? Boolean.TRUE : scrolled;
    }

    /** The number that a text holds; null where it holds none that a distance can be. */
    private static Double distance(String text) {
        if (text.length() > MAX_NUMBER_LENGTH) {
            return null;
        }
        try {
            double pages = Double.parseDouble(text);
            return pages >= 0 && pages <= MAX_PAGES ? pages : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
