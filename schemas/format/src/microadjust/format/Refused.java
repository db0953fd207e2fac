package microadjust.format;

import java.util.Locale;

/** Why a record is no valid event. Thrown once per bad record, so without a stack trace. */
final class Refused extends Exception {

    private static final long serialVersionUID = 1L;

    final String reason;
    final String detail;

    /** The detail is a format string, filled in alike whatever language the machine speaks. */
    Refused(String reason, String detail, Object... parts) {
        super(null, null, false, false);
        this.reason = reason;
        this.detail = String.format(Locale.ROOT, detail, parts);
    }
}
