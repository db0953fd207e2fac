package microadjust.format;

import microadjust.format.Contract.Field;

/** What is text, and how long it is. */
final class Texts {

    private Texts() {}

    /** Code points, as Python counts them; negative where half a surrogate pair makes it no text. */
    static int points(char[] chars, int from, int length) {
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

    static Refused unpaired(Field field) {
        return new Refused("malformed", "%s: unpaired surrogate", field.path());
    }
}
