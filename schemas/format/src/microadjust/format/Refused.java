package microadjust.format;

/** Why a record is no valid event. Thrown once per bad record, so without a stack trace. */
final class Refused extends Exception {

    private static final long serialVersionUID = 1L;

    final String reason;
    final String detail;

    Refused(String reason, String detail) {
        super(null, null, false, false);
        this.reason = reason;
        this.detail = detail;
    }
}
