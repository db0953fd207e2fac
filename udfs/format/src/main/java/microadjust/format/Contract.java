package microadjust.format;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** Event contract as {@code schemas/event_validation.py} writes it: fields with kinds and bounds, and limits. */
final class Contract {

    enum Kind {
        STRING,
        INTEGER,
        NUMBER,
        BOOLEAN,
        TAGS,
        OBJECT
    }

    /** One field. Bounds are infinite where the contract has none. */
    record Field(int index, String name, String path, Kind kind, boolean required, double low, double high) {}

    final int maxBytes;
    final int maxDepth;
    final long maxSkewMs;
    final int maxNumberLength;
    final Map<String, Integer> types = new HashMap<>();
    /** Bounds of {@code value} by type ordinal; null where every value is valid. */
    final double[][] valueRange;

    final Map<String, Field> fields;
    final Map<String, Field> context;
    final Field type;
    final Field value;
    final Field occurred;
    final Field received;
    final Field contextField;
    /** Null in contracts without properties. */
    final Field propertiesField;

    Contract(String json) {
        JsonNode table;
        try {
            table = new ObjectMapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("option 'contract' is not JSON: " + e.getMessage(), e);
        }
        maxBytes = table.required("max_bytes").intValue();
        maxDepth = table.required("max_depth").intValue();
        maxSkewMs = table.required("max_skew_ms").longValue();
        maxNumberLength = table.required("longest_number").intValue();
        table.required("types").forEach(type -> types.put(type.textValue(), types.size()));
        valueRange = new double[types.size()][];
        for (Map.Entry<String, JsonNode> range : table.required("value_range").properties()) {
            double low = range.getValue().get(0).doubleValue();
            double high = range.getValue().get(1).doubleValue();
            valueRange[types.get(range.getKey())] = new double[] {low, high};
        }
        fields = fields(table.required("fields"), "");
        context = fields(table.required("context"), "context.");
        type = fields.get("type");
        value = fields.get("value");
        occurred = fields.get("occurred_at_ms");
        received = fields.get("received_at_ms");
        contextField = fields.get("context");
        propertiesField = fields.get("properties");
    }

    private static Map<String, Field> fields(JsonNode rows, String prefix) {
        Map<String, Field> fields = new HashMap<>();
        for (JsonNode row : rows) {
            String name = row.required("name").textValue().intern();
            fields.put(
                    name,
                    new Field(
                            fields.size(),
                            name,
                            prefix + name,
                            Kind.valueOf(row.required("kind").textValue().toUpperCase(Locale.ROOT)),
                            row.required("required").booleanValue(),
                            row.required("low").asDouble(Double.NEGATIVE_INFINITY),
                            row.required("high").asDouble(Double.POSITIVE_INFINITY)));
        }
        return fields;
    }
}
