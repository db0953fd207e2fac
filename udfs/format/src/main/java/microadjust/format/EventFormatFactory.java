package microadjust.format;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/** Registers {@code 'format' = 'microadjust-event'} with Flink SQL. */
public final class EventFormatFactory implements DeserializationFormatFactory {

    private static final ConfigOption<String> CONTRACT =
            ConfigOptions.key("contract")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("The event contract as JSON: schemas.event_validation.contract_json().");

    private static final ConfigOption<List<String>> LEAN_TYPES =
            ConfigOptions.key("lean-types")
                    .stringType()
                    .asList()
                    .defaultValues()
                    .withDescription("Event types for which only the lean columns are filled, separated by ';'.");

    private static final ConfigOption<List<String>> LEAN_COLUMNS =
            ConfigOptions.key("lean-columns")
                    .stringType()
                    .asList()
                    .defaultValues()
                    .withDescription("Columns filled for lean types, separated by ';'.");

    private static final ConfigOption<Long> LEAN_WITHIN_MS =
            ConfigOptions.key("lean-within-ms")
                    .longType()
                    .defaultValue(Long.MAX_VALUE)
                    .withDescription("Largest delay from occurred_at_ms to received_at_ms of a lean event; later ones are filled whole.");

    @Override
    public String factoryIdentifier() {
        return "microadjust-event";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(CONTRACT);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of(LEAN_TYPES, LEAN_COLUMNS, LEAN_WITHIN_MS);
    }

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        FactoryUtil.validateFactoryOptions(this, options);
        Options decoder =
                new Options(
                        options.get(CONTRACT),
                        new HashSet<>(options.get(LEAN_TYPES)),
                        new HashSet<>(options.get(LEAN_COLUMNS)),
                        options.get(LEAN_WITHIN_MS));
        return new DecodingFormat<>() {
            @Override
            public DeserializationSchema<RowData> createRuntimeDecoder(
                    DynamicTableSource.Context source, DataType physical) {
                RowType columns = (RowType) physical.getLogicalType();
                return new EventDecoder(decoder, columns, source.createTypeInformation(physical));
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return ChangelogMode.insertOnly();
            }
        };
    }
}
