package microadjust.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Checks that bytes are UTF-8, which the JSON parser does not check strictly. */
final class Utf8 {

    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    /** First byte of the byte order mark U+FEFF; no JSON text begins with it. */
    private static final byte MARK = (byte) 0xEF;

    private Utf8() {}

    static boolean isValid(byte[] raw) {
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

    /** Whether the bytes begin with a byte order mark, or look like UTF-16 or UTF-32. The parser would accept both. */
    static boolean hasBomOrWideEncoding(byte[] raw) {
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
