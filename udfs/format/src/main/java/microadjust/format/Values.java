package microadjust.format;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import microadjust.format.Contract.Field;
import microadjust.format.Contract.Kind;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

/**
 * Reads the fields of one JSON object and keeps what was wrong with them.
 *
 * <p>Errors are kept, not thrown, until the object has been read: the last of two equal names counts, and the
 * first error in the order of the contract is reported.
 */
final class Values {

    private final Contract contract;
    private final Map<String, Field> table;
    private final Field[] fields;
    private final Object[] values;
    private final RejectedException[] errors;
    private final int[] columns;
    private final Field[] order = new Field[64];
    private int seen;
    private int width;
    private String name;

    Values(Contract contract, Map<String, Field> table) {
        this.contract = contract;
        this.table = table;
        fields = new Field[table.size()];
        table.values().forEach(field -> fields[field.index()] = field);
        values = new Object[fields.length];
        errors = new RejectedException[fields.length];
        columns = new int[fields.length];
        Arrays.fill(columns, -1);
    }

    /** Binds each column to the contract's field of that name. Throws IllegalArgumentException where the types differ. */
    void bindColumns(RowType row, String... others) {
        width = row.getFieldCount();
        for (int column = 0; column < width; column++) {
            String columnName = row.getFieldNames().get(column);
            if (List.of(others).contains(columnName)) {
                continue;
            }
            Field field = table.get(columnName);
            if (field == null || !fits(row.getTypeAt(column), field.kind())) {
                throw new IllegalArgumentException(
                        "column '" + columnName + "' " + row.getTypeAt(column) + " is not in the event contract with that type");
            }
            columns[field.index()] = column;
        }
    }

    private static boolean fits(LogicalType column, Kind kind) {
        LogicalTypeRoot root = column.getTypeRoot();
        return switch (kind) {
            case STRING -> root == LogicalTypeRoot.VARCHAR;
            case INTEGER -> root == LogicalTypeRoot.BIGINT;
            case NUMBER -> root == LogicalTypeRoot.DOUBLE;
            case BOOLEAN -> root == LogicalTypeRoot.BOOLEAN;
            case TAGS, OBJECT -> false;
        };
    }

    int width() {
        return width;
    }

    void clear() {
        Arrays.fill(values, null);
        Arrays.fill(errors, null);
        seen = 0;
        name = null;
    }

    /** Looks up a field by name. Tries the order of the sender's previous event first. */
    Field find(String given) {
        Field expected = seen < order.length ? order[seen] : null;
        // The parser interns names, so equal names are nearly always the same object.
        if (expected != null && expected.name() == given) {
            seen++;
            return expected;
        }
        Field found = table.get(given);
        if (found != null && seen < order.length) {
            order[seen++] = found;
        }
        return found;
    }

    void mark(Field field) {
        values[field.index()] = Boolean.TRUE;
        errors[field.index()] = null;
    }

    boolean present(Field field) {
        return values[field.index()] != null;
    }

    /** Name of the event's type. */
    String name() {
        return name;
    }

    long integer(Field field) {
        return (Long) values[field.index()];
    }

    /** What was read of a field; null where nothing was. */
    Object value(Field field) {
        return values[field.index()];
    }

    double number(Field field) {
        return (Double) values[field.index()];
    }

    void read(Field field, JsonToken token, JsonParser parser) throws IOException {
        int index = field.index();
        values[index] = null;
        errors[index] = null;
        if (token == JsonToken.VALUE_NULL) {
            return;
        }
        try {
            values[index] =
                    switch (field.kind()) {
                        case STRING -> string(field, token, parser);
                        case INTEGER, NUMBER -> number(field, token, parser);
                        case BOOLEAN -> bool(field, token, parser);
                        case TAGS -> StringMapCheck.read(field, token, parser);
                        case OBJECT -> throw wrongType(field, "object", parser);
                    };
        } catch (RejectedException rejected) {
            errors[index] = rejected;
        }
    }

    static RejectedException wrongType(Field field, String expected, JsonParser parser) throws IOException {
        parser.skipChildren();
        return new RejectedException("wrong_type", "%s: expected %s", field.path(), expected);
    }

    private Object string(Field field, JsonToken token, JsonParser parser) throws IOException, RejectedException {
        if (token != JsonToken.VALUE_STRING) {
            throw wrongType(field, "string", parser);
        }
        char[] chars = parser.getTextCharacters();
        int from = parser.getTextOffset();
        int length = parser.getTextLength();
        int widest = 0;
        for (int i = from; i < from + length; i++) {
            widest |= chars[i];
        }
        int points = widest < 0x800 ? length : UnicodeText.codePointCount(chars, from, length);
        if (points < 0) {
            throw UnicodeText.unpairedSurrogate(field);
        }
        if (points > field.high()) {
            throw new RejectedException("out_of_range", "%s: longer than %.0f characters", field.path(), field.high());
        }
        if (points < field.low()) {
            throw new RejectedException("out_of_range", "%s: shorter than %.0f characters", field.path(), field.low());
        }
        if (field == contract.type) {
            name = new String(chars, from, length);
        }
        if (columns[field.index()] < 0) {
            return Boolean.TRUE;
        }
        if (widest >= 0x80) {
            return StringData.fromString(new String(chars, from, length));
        }
        byte[] ascii = new byte[length];
        for (int i = 0; i < length; i++) {
            ascii[i] = (byte) chars[from + i];
        }
        return StringData.fromBytes(ascii);
    }

    private Object number(Field field, JsonToken token, JsonParser parser) throws IOException, RejectedException {
        boolean whole = field.kind() == Kind.INTEGER;
        if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
            throw wrongType(field, whole ? "integer" : "number", parser);
        }
        // JSON has one kind of number: 5.0 and 5e0 are the integer 5.
        boolean pointed = whole && token == JsonToken.VALUE_NUMBER_FLOAT;
        if (pointed && isFraction(parser.getDoubleValue())) {
            throw wrongType(field, "integer", parser);
        }
        boolean tooLong =
                token == JsonToken.VALUE_NUMBER_INT
                        && (parser.getTextLength() > contract.maxNumberLength
                                || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER);
        double given = tooLong ? Double.NaN : whole && !pointed ? parser.getLongValue() : parser.getDoubleValue();
        if (!Double.isFinite(given) || (pointed && (given < -0x1p63 || given >= 0x1p63))) {
            throw new RejectedException("out_of_range", "%s: not a number this system can hold", field.path());
        }
        if (given < field.low()) {
            String reason = field.path().endsWith("_at_ms") ? "impossible_time" : "out_of_range";
            throw new RejectedException(reason, "%s: below %.0f", field.path(), field.low());
        }
        if (given > field.high()) {
            throw new RejectedException("out_of_range", "%s: above %.0f", field.path(), field.high());
        }
        if (whole) {
            return pointed ? (long) given : parser.getLongValue();
        }
        return given;
    }

    private static boolean isFraction(double number) {
        return Double.isFinite(number) && number != Math.rint(number);
    }

    private static Object bool(Field field, JsonToken token, JsonParser parser) throws IOException, RejectedException {
        if (!token.isBoolean()) {
            throw wrongType(field, "boolean", parser);
        }
        return token == JsonToken.VALUE_TRUE;
    }

    /** Throws the first error in the order of the contract; {@code inner} is checked at the place of the field {@code outer}. */
    void check(Field outer, Values inner) throws RejectedException {
        for (Field field : fields) {
            if (errors[field.index()] != null) {
                throw errors[field.index()];
            }
            if (values[field.index()] == null) {
                if (field.required()) {
                    throw new RejectedException("missing_field", "%s: required", field.path());
                }
            } else if (field == outer) {
                inner.check(null, null);
            }
        }
    }

    /** Sets the columns that have a value; only those in {@code lean}, where that is given. */
    void fill(GenericRowData row, Set<String> lean) {
        for (Field field : fields) {
            int column = columns[field.index()];
            if (column >= 0 && values[field.index()] != null && (lean == null || lean.contains(field.name()))) {
                row.setField(column, values[field.index()]);
            }
        }
    }
}
