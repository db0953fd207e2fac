package microadjust.format;

import java.util.Arrays;
import org.apache.flink.table.functions.ScalarFunction;
import org.apache.flink.util.MathUtils;

/**
 * SQL function SHARE_OF: the share of the sessions that a session belongs to. The shares' numbers are given as a text, separated
 * by commas; {@code jobs/sql/shares.py} chooses them.
 */
public final class ShareOf extends ScalarFunction {

    private static final long serialVersionUID = 1L;

    private transient String text;
    private transient int[] shares;

    public int eval(String sessionId, String numbers) {
        if (!numbers.equals(text)) {
            shares = Arrays.stream(numbers.split(",")).mapToInt(Integer::parseInt).toArray();
            text = numbers;
        }
        // Mixed, since ids that are counted up differ in their last characters only.
        return shares[MathUtils.murmurHash(sessionId == null ? 0 : sessionId.hashCode()) % shares.length];
    }
}
