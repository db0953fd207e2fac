package microadjust.format;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import microadjust.format.Contract.Field;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/** The check of an object whose values are texts. Nothing of it becomes a column. */
final class Tags {

    private enum Kind {
        TEXT,
        UNPAIRED,
        OTHER
    }

    private Tags() {}

    static Object read(Field field, JsonToken token, JsonParser parser) throws IOException, Refused {
        if (token != JsonToken.START_OBJECT) {
            throw Values.wrongType(field, "object", parser);
        }
        // Of a tag given twice the last one counts, so that nothing is refused before the end.
        Map<String, Kind> tags = new HashMap<>();
        boolean unpairedName = false;
        String tag;
        while ((tag = parser.nextFieldName()) != null) {
            unpairedName |= Texts.points(tag.toCharArray(), 0, tag.length()) < 0;
            if (parser.nextToken() == JsonToken.VALUE_STRING) {
                int points = Texts.points(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
                tags.put(tag, points < 0 ? Kind.UNPAIRED : Kind.TEXT);
            } else {
                tags.put(tag, Kind.OTHER);
                parser.skipChildren();
            }
        }
        if (tags.containsValue(Kind.OTHER)) {
            throw new Refused("wrong_type", "%s: expected strings", field.path());
        }
        if (unpairedName || tags.containsValue(Kind.UNPAIRED)) {
            throw Texts.unpaired(field);
        }
        if (tags.size() > field.high()) {
            throw new Refused("out_of_range", "%s: more than %.0f entries", field.path(), field.high());
        }
        return Boolean.TRUE;
    }
}
