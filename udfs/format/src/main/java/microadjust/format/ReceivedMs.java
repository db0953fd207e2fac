package microadjust.format;

import org.apache.flink.metrics.Counter;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.ScalarFunction;

/**
 * SQL function RECEIVED_MS: when an event was received, at most a slack after the broker wrote it down. Counts the events that it
 * sets back ({@link AheadMs}) in the metric {@code clockAheadEvents}; to be called once an event.
 */
public final class ReceivedMs extends ScalarFunction {

    private static final long serialVersionUID = 1L;

    private transient Counter ahead;

    @Override
    public void open(FunctionContext context) {
        ahead = context.getMetricGroup().counter("clockAheadEvents");
    }

    public Long eval(
            Long receivedMs,
            @DataTypeHint(value = "TIMESTAMP_LTZ(3)", bridgedTo = TimestampData.class) TimestampData written,
            long slackMs) {
        long aheadMs = AheadMs.between(receivedMs, written, slackMs);
        if (aheadMs == 0) {
            return receivedMs;
        }
        if (ahead != null) {
            ahead.inc();
        }
        return receivedMs - aheadMs;
    }
}
