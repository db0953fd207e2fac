package microadjust.format;

import java.util.Locale;

/** Reason why a record is no valid event. Carries no stack trace: one is thrown per bad record. */
final class RejectedException extends Exception {

    private static final long serialVersionUID = 1L;

    final String reason;
    final String detail;

    /** {@code detail} is a format string, formatted in the root locale on every machine. */
    RejectedException(String reason, String detail, Object... parts) {
        super(null, null, false, false);
        this.reason = reason;
        this.detail = String.format(Locale.ROOT, detail, parts);
    }
}
