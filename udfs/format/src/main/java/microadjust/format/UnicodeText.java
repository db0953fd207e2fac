package microadjust.format;

import microadjust.format.Contract.Field;

/** Counts the characters of a text as Python does and finds unpaired surrogates. */
final class UnicodeText {

    private UnicodeText() {}

    /** Number of code points; negative if the text holds an unpaired surrogate. */
    static int codePointCount(char[] chars, int from, int length) {
        int points = 0;
        for (int i = from; i < from + length; i++, points++) {
            if (!Character.isSurrogate(chars[i])) {
                continue;
            }
            boolean pair =
                    Character.isHighSurrogate(chars[i])
                            && i + 1 < from + length
                            && Character.isLowSurrogate(chars[i + 1]);
            if (!pair) {
                return -1;
            }
            i++;
        }
        return points;
    }

    static RejectedException unpairedSurrogate(Field field) {
        return new RejectedException("malformed", "%s: unpaired surrogate", field.path());
    }
}
