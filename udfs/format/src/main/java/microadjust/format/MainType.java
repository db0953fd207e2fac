package microadjust.format;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.table.functions.ScalarFunction;

/**
 * SQL function MAIN_TYPE: the content type with the most engaged time in a list of {@code type=ms} items.
 *
 * <p>A type may stand in the list several times; of equal sums the type that sorts last is returned. Null where the list is
 * null or names no type.
 */
public final class MainType extends ScalarFunction {

    private static final long serialVersionUID = 1L;

    /** Stands between the items, as in {@code udfs/crossing_rows.py}. */
    private static final char SEPARATOR = '\u001E';

    public String eval(String engagedByType) {
        if (engagedByType == null) {
            return null;
        }
        Map<String, Long> sums = new HashMap<>();
        String best = null;
        long most = 0;
        for (int from = 0; from < engagedByType.length(); ) {
            int end = engagedByType.indexOf(SEPARATOR, from);
            end = end < 0 ? engagedByType.length() : end;
            int equals = engagedByType.lastIndexOf('=', end - 1);
            if (equals > from) {
                sums.merge(engagedByType.substring(from, equals), Long.parseLong(engagedByType, equals + 1, end, 10), Long::sum);
            }
            from = end + 1;
        }
        for (Map.Entry<String, Long> sum : sums.entrySet()) {
            if (best == null || sum.getValue() > most || (sum.getValue() == most && sum.getKey().compareTo(best) > 0)) {
                best = sum.getKey();
                most = sum.getValue();
            }
        }
        return best;
    }
}
