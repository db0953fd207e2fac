package microadjust.format;

import java.io.IOException;
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
 * Decodes one record into exactly one row: the columns of a valid event, or the columns {@code reject_reason},
 * {@code reject_detail} and {@code original}.
 *
 * <p>Flink's own JSON format either drops a record it cannot read or stops the job, and reads "5" where 5 was asked for. This
 * decoder drops and converts nothing. It applies the table that {@code schemas/event_validation.py} writes.
 *
 * <p>Two derived columns save the job work on each event: {@code type_no} INT, the ordinal of the type in the contract's list, and
 * {@code occurred_at} TIMESTAMP_LTZ(3), the epoch for a rejected record. Three DOUBLE columns are numbers that the tracker tells in
 * properties: {@code scroll_pages}, {@code rage} and {@code section_ms} ({@link StringMapCheck.Told}).
 */
final class EventDecoder implements DeserializationSchema<RowData> {

    private static final long serialVersionUID = 1L;

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
    private transient int scrollColumn;
    private transient int rageColumn;
    private transient int sectionColumn;

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
        scrollColumn = columns.getFieldIndex("scroll_pages");
        rageColumn = columns.getFieldIndex("rage");
        sectionColumn = columns.getFieldIndex("section_ms");
        event = new Values(contract, contract.fields);
        event.bindColumns(
                columns,
                "type_no",
                "occurred_at",
                "scroll_pages",
                "rage",
                "section_ms",
                "reject_reason",
                "reject_detail",
                "original",
                "context");
        context = new Values(contract, contract.context);
        if (contextColumn >= 0) {
            context.bindColumns((RowType) columns.getTypeAt(contextColumn));
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
        } catch (RejectedException rejected) {
            put(row, reasonColumn, StringData.fromString(rejected.reason));
            put(row, detailColumn, StringData.fromString(rejected.detail));
            put(row, originalColumn, raw == null ? new byte[0] : raw);
            put(row, timeColumn, TimestampData.fromEpochMillis(0));
        }
        return row;
    }

    private void fill(GenericRowData row, int type) {
        long occurred = event.integer(contract.occurred);
        put(row, typeColumn, type);
        put(row, timeColumn, TimestampData.fromEpochMillis(occurred));
        if (contract.propertiesField != null && event.value(contract.propertiesField) instanceof StringMapCheck.Told told) {
            put(row, scrollColumn, told.scrollPages());
            put(row, rageColumn, told.rage());
            put(row, sectionColumn, told.sectionMs());
        }
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

    private void read(byte[] raw) throws RejectedException {
        if (raw == null || raw.length == 0) {
            throw new RejectedException("malformed", "empty");
        }
        if (raw.length > contract.maxBytes) {
            throw new RejectedException("oversize", "over %d bytes", contract.maxBytes);
        }
        if (!Utf8.isValid(raw)) {
            throw new RejectedException("malformed", "not UTF-8");
        }
        if (Utf8.hasBomOrWideEncoding(raw)) {
            throw malformedJson();
        }
        try (JsonParser parser = json.createParser(raw)) {
            JsonToken first = parser.nextToken();
            if (first == JsonToken.START_OBJECT) {
                readEvent(parser);
            } else if (first != null) {
                parser.skipChildren();
            }
            if (first == null || parser.nextToken() != null) {
                throw malformedJson();
            }
            if (first != JsonToken.START_OBJECT) {
                throw new RejectedException("malformed", "not an object");
            }
        } catch (IOException e) {
            throw malformedJson();
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

    /** Same text for broken and for too deep JSON: parsers differ in which fault they meet first. */
    private RejectedException malformedJson() {
        return new RejectedException("malformed", "not JSON of at most %d levels", contract.maxDepth);
    }

    /** Checks the rules that need more than one field. Returns the ordinal of the event's type. */
    private int checkMeaning() throws RejectedException {
        Integer type = contract.types.get(event.name());
        if (type == null) {
            throw new RejectedException("unknown_type", "type: not one of the contract's");
        }
        double[] bounds = contract.valueRange[type];
        if (bounds != null && event.present(contract.value)) {
            double given = event.number(contract.value);
            if (given < bounds[0] || given > bounds[1]) {
                throw new RejectedException(
                        "out_of_range", "value: outside %.0f..%.0f for %s", bounds[0], bounds[1], event.name());
            }
        }
        long received = event.integer(contract.received);
        if (Math.abs(event.integer(contract.occurred) - received) > contract.maxSkewMs) {
            throw new RejectedException("impossible_time", "occurred_at_ms: over 24 h from received_at_ms");
        }
        if (received > System.currentTimeMillis() + contract.maxSkewMs) {
            throw new RejectedException("impossible_time", "received_at_ms: over 24 h in the future");
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
