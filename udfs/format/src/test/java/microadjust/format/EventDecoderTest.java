package microadjust.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.DoubleType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.RowType.RowField;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One record in, one row out: a valid event's columns or the reason for its rejection. */
final class EventDecoderTest {

    private static final RowType COLUMNS =
            new RowType(
                    List.of(
                            column("event_id", new VarCharType(VarCharType.MAX_LENGTH)),
                            column("session_id", new VarCharType(VarCharType.MAX_LENGTH)),
                            column("value", new DoubleType()),
                            column("scroll_pages", new DoubleType()),
                            column("rage", new DoubleType()),
                            column("section_ms", new DoubleType()),
                            column("received_at_ms", new BigIntType()),
                            column("type_no", new IntType()),
                            column("occurred_at", new LocalZonedTimestampType(3)),
                            column("reject_reason", new VarCharType(VarCharType.MAX_LENGTH)),
                            column("reject_detail", new VarCharType(VarCharType.MAX_LENGTH)),
                            column("original", new VarBinaryType(VarBinaryType.MAX_LENGTH))));

    private static final String VALID =
            "{\"event_id\":\"e1\",\"type\":\"scroll\",\"session_id\":\"s1\",\"occurred_at_ms\":1000,\"received_at_ms\":1200,\"value\":0.5}";

    private static RowField column(String name, LogicalType type) {
        return new RowField(name, type);
    }

    private static GenericRowData decode(byte[] record, Set<String> leanTypes, Set<String> leanColumns, long leanWithinMs) {
        Options options = new Options(TestContract.JSON, leanTypes, leanColumns, leanWithinMs);
        EventDecoder decoder = new EventDecoder(options, COLUMNS, null);
        decoder.open(null);
        return (GenericRowData) decoder.deserialize(record);
    }

    private static GenericRowData decode(String record) {
        return decode(record.getBytes(StandardCharsets.UTF_8), Set.of(), Set.of(), Long.MAX_VALUE);
    }

    private static Object field(GenericRowData row, String name) {
        return row.getField(COLUMNS.getFieldIndex(name));
    }

    private static String text(GenericRowData row, String name) {
        Object value = field(row, name);
        return value == null ? null : value.toString();
    }

    @Test
    void aValidEventFillsItsColumns() {
        GenericRowData row = decode(VALID);
        assertEquals("e1", text(row, "event_id"));
        assertEquals(0.5, field(row, "value"));
        assertEquals(1200L, field(row, "received_at_ms"));
        assertEquals(1, field(row, "type_no"));
        assertEquals(TimestampData.fromEpochMillis(1000), field(row, "occurred_at"));
        assertNull(field(row, "reject_reason"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'\"event_id\":\"e1\"'   | '\"event_id\":7'        | wrong_type      | event_id: expected string",
                "'\"event_id\":\"e1\",'  | ''                      | missing_field   | event_id: required",
                "'\"value\":0.5'         | '\"value\":\"0.5\"'     | wrong_type      | value: expected number",
                "'\"value\":0.5'         | '\"value\":2'           | out_of_range    | value: outside 0..1 for scroll",
                "'\"type\":\"scroll\"'   | '\"type\":\"jump\"'     | unknown_type    | type: not one of the contract's",
                "'\"session_id\":\"s1\"' | '\"session_id\":\"\"'   | out_of_range    | session_id: shorter than 1 characters",
                "'\"occurred_at_ms\":1000' | '\"occurred_at_ms\":-1' | impossible_time | occurred_at_ms: below 0",
            })
    void aBrokenEventSaysWhy(String part, String replacement, String reason, String detail) {
        String record = VALID.replace(part, replacement);
        GenericRowData row = decode(record);
        assertEquals(reason, text(row, "reject_reason"));
        assertEquals(detail, text(row, "reject_detail"));
        assertArrayEquals(record.getBytes(StandardCharsets.UTF_8), (byte[]) field(row, "original"));
        assertNull(field(row, "type_no"));
    }

    @Test
    void ofAFieldGivenTwiceTheLastOneCounts() {
        GenericRowData row = decode(VALID.replace("\"value\":0.5", "\"value\":\"wrong\",\"value\":0.25"));
        assertEquals(0.25, field(row, "value"));
        assertNull(field(row, "reject_reason"));
    }

    @Test
    void bytesThatAreNoJsonAreKeptAsTheyCame() {
        byte[] record = {'{', (byte) 0xFF};
        GenericRowData row = decode(record, Set.of(), Set.of(), Long.MAX_VALUE);
        assertEquals("malformed", text(row, "reject_reason"));
        assertEquals("not UTF-8", text(row, "reject_detail"));
        assertArrayEquals(record, (byte[]) field(row, "original"));
    }

    @Test
    void aTombstoneIsRejectedAsEmpty() {
        GenericRowData row = decode(null, Set.of(), Set.of(), Long.MAX_VALUE);
        assertEquals("empty", text(row, "reject_detail"));
        assertEquals(0, ((byte[]) field(row, "original")).length);
    }

    @Test
    void aLeanTypeFillsOnlyTheLeanColumnsWhileInTime() {
        byte[] record = VALID.getBytes(StandardCharsets.UTF_8);
        GenericRowData lean = decode(record, Set.of("scroll"), Set.of("session_id"), 500);
        assertEquals("s1", text(lean, "session_id"));
        assertNull(field(lean, "event_id"));
        GenericRowData late = decode(record, Set.of("scroll"), Set.of("session_id"), 100);
        assertEquals("e1", text(late, "event_id"), "late events are kept whole for late.v1");
    }

    @ParameterizedTest
    @CsvSource({"0.25, 0.25", "7, 7.0", "-1, ", "NaN, ", "far, ", "1e309, ", "00000000000000000001, "})
    void theDistanceOfAScrollIsAColumnWhereItIsANumber(String told, Double distance) {
        GenericRowData row =
                decode(VALID.replace("}", ",\"properties\":{\"path_pages\":\"" + told + "\",\"back_px\":\"3\"}}"));
        assertNull(field(row, "reject_reason"));
        assertEquals(distance, field(row, "scroll_pages"));
    }

    @ParameterizedTest
    @CsvSource({"3, 3.0", "-1, ", "1001, ", "many, "})
    void theClicksOfARageClickAreAColumnWhereTheyAreANumber(String told, Double clicks) {
        GenericRowData row = decode(VALID.replace("}", ",\"properties\":{\"step\":\"2\",\"rage\":\"" + told + "\"}}"));
        assertNull(field(row, "reject_reason"));
        assertEquals(clicks, field(row, "rage"));
        assertNull(field(row, "scroll_pages"));
    }

    @ParameterizedTest
    @CsvSource({"section, 1500, 1500.0", "video, 1500, ", "section, long, ", "section, 86400001, "})
    void theTimeThatASectionWasInViewIsAColumn(String name, String ms, Double inView) {
        GenericRowData row =
                decode(VALID.replace("}", ",\"properties\":{\"ms\":\"" + ms + "\",\"name\":\"" + name + "\"}}"));
        assertNull(field(row, "reject_reason"));
        assertEquals(inView, field(row, "section_ms"));
    }

    @Test
    void aColumnOfAnotherTypeThanTheContractIsRefusedAtTheStart() {
        RowType wrong = new RowType(List.of(column("value", new BigIntType())));
        EventDecoder decoder = new EventDecoder(new Options(TestContract.JSON, Set.of(), Set.of(), 0), wrong, null);
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> decoder.open(null));
        assertTrue(error.getMessage().startsWith("column 'value' BIGINT"), error.getMessage());
    }
}
