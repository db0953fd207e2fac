/** Compresses the scripts of a folder by Brotli, beside them: compress.mjs FOLDER. The gateway compresses by gzip itself. */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const [, , folder] = process.argv;
for (const name of readdirSync(folder).filter((each) => each.endsWith(".js"))) {
  const script = readFileSync(join(folder, name));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: script.length };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(script, { params }));
}
