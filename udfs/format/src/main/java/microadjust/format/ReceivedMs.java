package microadjust.format;

import org.apache.flink.metrics.Counter;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.ScalarFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SQL function RECEIVED_MS: when an event was received, at most a slack after the broker wrote it down. Counts the events that it
 * sets back ({@link AheadMs}) in the metric {@code clockAheadEvents}, and warns once a minute; to be called once an event.
 */
public final class ReceivedMs extends ScalarFunction {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(ReceivedMs.class);
    private static final long WARN_EVERY_NS = 60_000_000_000L;

    private transient Counter ahead;
    private transient long warnedNs;

    @Override
    public void open(FunctionContext context) {
        ahead = context.getMetricGroup().counter("clockAheadEvents");
        warnedNs = System.nanoTime() - WARN_EVERY_NS;
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
            if (System.nanoTime() - warnedNs >= WARN_EVERY_NS) {
                warnedNs = System.nanoTime();
                LOG.warn("A gateway's clock is {} ms ahead of the broker's: its events are set back", aheadMs + slackMs);
            }
        }
        return receivedMs - aheadMs;
    }
}
