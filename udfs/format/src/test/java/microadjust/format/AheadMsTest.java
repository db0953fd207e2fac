package microadjust.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.apache.flink.table.data.TimestampData;
import org.junit.jupiter.api.Test;

/** Clocks of gateways beside the broker's. */
final class AheadMsTest {

    private static final TimestampData WRITTEN = TimestampData.fromEpochMillis(1_000_000);

    private final AheadMs aheadMs = new AheadMs();
    private final ReceivedMs receivedMs = new ReceivedMs();

    @Test
    void aClockThatIsAheadIsHeldToTheBrokersAndTheSlack() {
        assertEquals(3_600_000, aheadMs.eval(4_600_500L, WRITTEN, 500));
        assertEquals(1_000_500, receivedMs.eval(4_600_500L, WRITTEN, 500));
    }

    @Test
    void withinTheSlackNothingIsChanged() {
        assertEquals(0, aheadMs.eval(1_000_500L, WRITTEN, 500));
        assertEquals(1_000_500, receivedMs.eval(1_000_500L, WRITTEN, 500));
    }

    @Test
    void aRecordMayHaveWaitedForYearsBeforeItWasWritten() {
        assertEquals(0, aheadMs.eval(1L, WRITTEN, 500));
        assertEquals(1, receivedMs.eval(1L, WRITTEN, 500));
    }

    @Test
    void aRejectedRecordHasNoTime() {
        assertEquals(0, aheadMs.eval(null, WRITTEN, 500));
        assertNull(receivedMs.eval(null, WRITTEN, 500));
    }
}
