package microadjust.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

/** The content type that was read longest. */
final class MainTypeTest {

    private final MainType mainType = new MainType();

    @Test
    void sumsOfATypeDecideNotItsLongestItem() {
        assertEquals("news", mainType.eval("sport=10000\u001Enews=9000\u001Enews=9000"));
    }

    @Test
    void aCommaBelongsToTheType() {
        assertEquals("news, politics", mainType.eval("news, politics=5000\u001Esport=1000"));
    }

    @Test
    void ofEqualSumsTheTypeThatSortsLastIsTaken() {
        assertEquals("sport", mainType.eval("news=5000\u001Esport=5000"));
        assertEquals("sport", mainType.eval("sport=5000\u001Enews=5000"));
    }

    @Test
    void nothingReadIsNoType() {
        assertNull(mainType.eval(null));
        assertNull(mainType.eval("=5000"));
    }
}
