package microadjust.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** What the JSON parser does not look at closely: whether bytes are UTF-8, and only that. */
final class Utf8 {

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    /** First byte of U+FEFF, which some editors put before a text; no JSON text begins with that byte. */
    private static final byte MARK = (byte) 0xEF;

    private Utf8() {}

    static boolean is(byte[] raw) {
        if (isAscii(raw)) {
            return true;
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** Whether the parser would skip a mark, or take the bytes for UTF-16 or UTF-32. */
    static boolean startsOtherwise(byte[] raw) {
        for (int i = 0; i < Math.min(4, raw.length); i++) {
            if (raw[i] == 0) {
                return true;
            }
        }
        return raw[0] == MARK;
    }

    private static boolean isAscii(byte[] raw) {
        int i = 0;
        for (; i + 8 <= raw.length; i += 8) {
            if (((long) EIGHT_BYTES.get(raw, i) & 0x8080808080808080L) != 0) {
                return false;
            }
        }
        for (; i < raw.length; i++) {
            if (raw[i] < 0) {
                return false;
            }
        }
        return true;
    }
}
