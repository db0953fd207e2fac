package microadjust.format;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import microadjust.format.Contract.Field;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadConstraints;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadFeature;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.RowType;

/**
 * Turns the bytes of one record into exactly one row: the columns of a valid event, or the columns {@code reject_reason},
 * {@code reject_detail} and {@code original}.
 *
 * <p>Flink's own JSON format either drops a record it cannot read or stops the job, and reads "5" where 5 was asked for; here
 * nothing is dropped, nothing is guessed, and the verdict is that of {@code schemas/contract.py}, whose table it is given.
 *
 * <p>Two more columns spare the job work on each event: {@code type_no} INT, the place of the type in the contract's list, and
 * {@code occurred_at} TIMESTAMP_LTZ(3), the beginning of time for a rejected record.
 */
final class EventDecoder implements DeserializationSchema<RowData> {

    private static final long serialVersionUID = 1L;
    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final Options options;
    private final RowType columns;
    private final TypeInformation<RowData> produced;

    private transient Contract contract;
    private transient JsonFactory json;
    private transient Values event;
    private transient Values context;
    private transient int contextColumn;
    private transient int reasonColumn;
    private transient int detailColumn;
    private transient int originalColumn;
    private transient int typeColumn;
    private transient int timeColumn;

    EventDecoder(Options options, RowType columns, TypeInformation<RowData> produced) {
        this.options = options;
        this.columns = columns;
        this.produced = produced;
    }

    @Override
    public void open(InitializationContext ignored) {
        contract = new Contract(options.contract());
        json =
                JsonFactory.builder()
                        .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
                        .streamReadConstraints(
                                StreamReadConstraints.builder()
                                        .maxNestingDepth(contract.maxDepth)
                                        .maxNumberLength(Integer.MAX_VALUE)
                                        .maxNameLength(Integer.MAX_VALUE)
                                        .build())
                        .build();
        contextColumn = columns.getFieldIndex("context");
        reasonColumn = columns.getFieldIndex("reject_reason");
        detailColumn = columns.getFieldIndex("reject_detail");
        originalColumn = columns.getFieldIndex("original");
        typeColumn = columns.getFieldIndex("type_no");
        timeColumn = columns.getFieldIndex("occurred_at");
        event = new Values(contract, contract.fields);
        event.place(columns, "type_no", "occurred_at", "reject_reason", "reject_detail", "original", "context");
        context = new Values(contract, contract.context);
        if (contextColumn >= 0) {
            context.place((RowType) columns.getTypeAt(contextColumn));
        }
    }

    @Override
    public RowData deserialize(byte[] raw) {
        event.clear();
        context.clear();
        GenericRowData row = new GenericRowData(columns.getFieldCount());
        try {
            read(raw);
            event.check(contract.contextField, context);
            int type = checkMeaning();
            fill(row, type);
        } catch (Refused refused) {
            put(row, reasonColumn, StringData.fromString(refused.reason));
            put(row, detailColumn, StringData.fromString(refused.detail));
            put(row, originalColumn, raw == null ? new byte[0] : raw);
            put(row, timeColumn, TimestampData.fromEpochMillis(0));
        }
        return row;
    }

    private void fill(GenericRowData row, int type) {
        long occurred = event.integer(contract.occurred);
        put(row, typeColumn, type);
        put(row, timeColumn, TimestampData.fromEpochMillis(occurred));
        boolean timely = event.integer(contract.received) - occurred <= options.leanWithinMs();
        if (timely && options.leanTypes().contains(event.name())) {
            event.fill(row, options.leanColumns());
            return;
        }
        event.fill(row, null);
        if (contextColumn >= 0 && event.present(contract.contextField)) {
            GenericRowData nested = new GenericRowData(context.width());
            context.fill(nested, null);
            row.setField(contextColumn, nested);
        }
    }

    private static void put(GenericRowData row, int column, Object value) {
        if (column >= 0) {
            row.setField(column, value);
        }
    }

    private void read(byte[] raw) throws Refused {
        if (raw == null || raw.length == 0) {
            throw new Refused("malformed", "empty");
        }
        if (raw.length > contract.maxBytes) {
            throw new Refused("oversize", "over " + contract.maxBytes + " bytes");
        }
        requireUtf8(raw);
        try (JsonParser parser = json.createParser(raw)) {
            JsonToken first = parser.nextToken();
            if (first == JsonToken.START_OBJECT) {
                readEvent(parser);
            } else if (first != null) {
                parser.skipChildren();
            }
            if (first == null || parser.nextToken() != null) {
                throw new Refused("malformed", "not JSON");
            }
            if (first != JsonToken.START_OBJECT) {
                throw new Refused("malformed", "not an object");
            }
        } catch (IOException e) {
            throw new Refused("malformed", "not JSON");
        }
    }

    private void readEvent(JsonParser parser) throws IOException {
        String name;
        while ((name = parser.nextFieldName()) != null) {
            JsonToken token = parser.nextToken();
            Field field = event.find(name);
            if (field == null) {
                parser.skipChildren();
            } else if (field == contract.contextField && token == JsonToken.START_OBJECT) {
                event.mark(field);
                context.clear();
                readContext(parser);
            } else {
                event.read(field, token, parser);
            }
        }
    }

    private void readContext(JsonParser parser) throws IOException {
        String name;
        while ((name = parser.nextFieldName()) != null) {
            JsonToken token = parser.nextToken();
            Field field = context.find(name);
            if (field == null) {
                parser.skipChildren();
            } else {
                context.read(field, token, parser);
            }
        }
    }

    /** The parser would take UTF-16 and UTF-32 as well, and does not look closely at UTF-8. */
    private static void requireUtf8(byte[] raw) throws Refused {
        for (int i = 0; i < Math.min(4, raw.length); i++) {
            // A zero byte, or the mark that some editors put before a text, is no JSON; both would change the encoding.
            if (raw[i] == 0 || (i == 0 && (raw[0] == (byte) 0xEF || raw[0] == (byte) 0xFE || raw[0] == (byte) 0xFF))) {
                throw new Refused("malformed", "not JSON");
            }
        }
        if (isAscii(raw)) {
            return;
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw));
        } catch (CharacterCodingException e) {
            throw new Refused("malformed", "not UTF-8");
        }
    }

    private static boolean isAscii(byte[] raw) {
        int i = 0;
        for (; i + 8 <= raw.length; i += 8) {
            if (((long) EIGHT_BYTES.get(raw, i) & 0x8080808080808080L) != 0) {
                return false;
            }
        }
        for (; i < raw.length; i++) {
            if (raw[i] < 0) {
                return false;
            }
        }
        return true;
    }

    /** The rules that look at more than one field. Returns the number of the event's type. */
    private int checkMeaning() throws Refused {
        Integer type = contract.types.get(event.name());
        if (type == null) {
            throw new Refused("unknown_type", "type: not one of the contract's");
        }
        double[] bounds = contract.valueRange[type];
        if (bounds != null && event.present(contract.value)) {
            double given = event.number(contract.value);
            if (given < bounds[0] || given > bounds[1]) {
                throw new Refused(
                        "out_of_range",
                        String.format("value: outside %.0f..%.0f for %s", bounds[0], bounds[1], event.name()));
            }
        }
        long received = event.integer(contract.received);
        if (Math.abs(event.integer(contract.occurred) - received) > contract.maxSkewMs) {
            throw new Refused("impossible_time", "occurred_at_ms: over 24 h from received_at_ms");
        }
        if (received > System.currentTimeMillis() + contract.maxSkewMs) {
            throw new Refused("impossible_time", "received_at_ms: over 24 h in the future");
        }
        return type;
    }

    @Override
    public boolean isEndOfStream(RowData row) {
        return false;
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return produced;
    }
}
