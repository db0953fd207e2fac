package microadjust.format;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import microadjust.format.Contract.Field;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.BooleanType;
import org.apache.flink.table.types.logical.DoubleType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.RowType.RowField;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;

/**
 * Decodes records with the decoder that Flink runs. Reads one base64 record per line from standard input and writes the
 * columns that are set as one JSON object per line. The argument is the contract.
 */
final class ValidateRecords {

    public static void main(String[] arguments) throws IOException {
        RowType columns = columns(new Contract(arguments[0]));
        EventDecoder decoder =
                new EventDecoder(new Options(arguments[0], Set.of(), Set.of(), Long.MAX_VALUE), columns, null);
        decoder.open(null);
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
                PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8)) {
            String line;
            while ((line = in.readLine()) != null) {
                ObjectNode answer;
                try {
                    RowData row = decoder.deserialize(Base64.getDecoder().decode(line));
                    answer = read(row, columns, json.createObjectNode());
                } catch (RuntimeException | StackOverflowError e) {
                    answer = json.createObjectNode().put("crashed", e.toString());
                }
                out.println(json.writeValueAsString(answer));
            }
        }
    }

    /** All columns that the format can fill. */
    private static RowType columns(Contract contract) {
        List<RowField> columns = columns(contract.fields.values());
        columns.add(new RowField("context", new RowType(columns(contract.context.values()))));
        columns.add(new RowField("type_no", new IntType()));
        columns.add(new RowField("occurred_at", new LocalZonedTimestampType(3)));
        columns.add(new RowField("reject_reason", VarCharType.STRING_TYPE));
        columns.add(new RowField("reject_detail", VarCharType.STRING_TYPE));
        columns.add(new RowField("original", new VarBinaryType(VarBinaryType.MAX_LENGTH)));
        return new RowType(columns);
    }

    private static List<RowField> columns(Iterable<Field> fields) {
        List<RowField> columns = new ArrayList<>();
        for (Field field : fields) {
            LogicalType type =
                    switch (field.kind()) {
                        case STRING -> VarCharType.STRING_TYPE;
                        case INTEGER -> new BigIntType();
                        case NUMBER -> new DoubleType();
                        case BOOLEAN -> new BooleanType();
                        case TAGS, OBJECT -> null;
                    };
            if (type != null) {
                columns.add(new RowField(field.name(), type));
            }
        }
        return columns;
    }

    private static ObjectNode read(RowData row, RowType columns, ObjectNode into) {
        for (int i = 0; i < columns.getFieldCount(); i++) {
            if (row.isNullAt(i)) {
                continue;
            }
            String name = columns.getFieldNames().get(i);
            switch (columns.getTypeAt(i).getTypeRoot()) {
                case VARCHAR -> into.put(name, row.getString(i).toString());
                case BIGINT -> into.put(name, row.getLong(i));
                case INTEGER -> into.put(name, row.getInt(i));
                case DOUBLE -> into.put(name, row.getDouble(i));
                case BOOLEAN -> into.put(name, row.getBoolean(i));
                case VARBINARY -> into.put(name, row.getBinary(i));
                case TIMESTAMP_WITH_LOCAL_TIME_ZONE -> into.put(name, row.getTimestamp(i, 3).getMillisecond());
                default -> {
                    RowType inner = (RowType) columns.getTypeAt(i);
                    read(row.getRow(i, inner.getFieldCount()), inner, into.putObject(name));
                }
            }
        }
        return into;
    }
}
