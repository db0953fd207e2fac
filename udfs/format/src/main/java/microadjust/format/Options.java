package microadjust.format;

import java.io.Serializable;
import java.util.Set;

/**
 * Options of the format, from the table's WITH clause.
 *
 * @param contract the event contract as JSON
 * @param leanTypes types of events of which only the lean columns are filled
 * @param leanColumns those columns
 * @param leanWithinMs only where the event was received no later than this after it occurred
 */
record Options(String contract, Set<String> leanTypes, Set<String> leanColumns, long leanWithinMs)
        implements Serializable {}
