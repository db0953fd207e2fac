package microadjust.format;

import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.functions.ScalarFunction;

/**
 * SQL function AHEAD_MS: by how much the times of an event are to be set back, because its gateway's clock is ahead of the
 * broker's by more than a slack. 0 for a clock that is right or behind, and where no time of reception is known.
 *
 * <p>A record cannot have been received after the broker wrote it down. The reader's time is corrected by the gateway's clock,
 * so that both are set back by the same.
 */
public final class AheadMs extends ScalarFunction {

    private static final long serialVersionUID = 1L;

    public long eval(
            Long receivedMs,
            @DataTypeHint(value = "TIMESTAMP_LTZ(3)", bridgedTo = TimestampData.class) TimestampData written,
            long slackMs) {
        return between(receivedMs, written, slackMs);
    }

    static long between(Long receivedMs, TimestampData written, long slackMs) {
        if (receivedMs == null || written == null) {
            return 0;
        }
        return Math.max(0, receivedMs - written.getMillisecond() - slackMs);
    }
}
