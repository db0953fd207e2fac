package microadjust.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Length of texts as Python counts it, and which bytes are UTF-8. */
final class UnicodeTextTest {

    private static int length(String text) {
        return UnicodeText.codePointCount(text.toCharArray(), 0, text.length());
    }

    @Test
    void aSurrogatePairCountsOnce() {
        assertEquals(3, length("a\uD83D\uDE00b"));
    }

    @Test
    void halfAPairIsNoText() {
        assertTrue(length("a\uD83D") < 0);
        assertTrue(length("\uDE00a") < 0);
    }

    @Test
    void nonAsciiUtf8IsValidAndACutOneIsNot() {
        byte[] valid = "0123456\u00e9".getBytes(StandardCharsets.UTF_8);
        assertTrue(Utf8.isValid(valid));
        assertFalse(Utf8.isValid(java.util.Arrays.copyOf(valid, valid.length - 1)));
    }

    @Test
    void aByteOrderMarkAndUtf16AreNoticed() {
        assertTrue(Utf8.hasBomOrWideEncoding("\uFEFF{}".getBytes(StandardCharsets.UTF_8)));
        assertTrue(Utf8.hasBomOrWideEncoding("{}".getBytes(StandardCharsets.UTF_16LE)));
        assertFalse(Utf8.hasBomOrWideEncoding("{}".getBytes(StandardCharsets.UTF_8)));
    }
}
