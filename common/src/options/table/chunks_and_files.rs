//! How mydumper splits tables, what its files look like, and where they go.

use super::row::{Group, flag, optional, value};

const TEXT_CHUNKS: &str = "text chunks end at existing keys";
const NO_DAEMON: &str = "run mydumper from cron or a systemd timer";
const ANY_BYTES: &str = "changes nothing: every byte is kept, whatever the sets of columns; other sets are refused";
const SEPARATORS: &str = "what cannot be read back exactly is refused";

pub(super) const CHUNKS: Group = Group {
    heading: "Chunks",
    intro: "How tables are split: [below](#how-chunks-are-made).",
    rows: &[
        value("rows", "N|MIN:MAX|MIN:START:MAX")
            .letter('r')
            .default("0:0:0")
            .absent("by size")
            .help("Rows a chunk. MIN ≤ START ≤ MAX, MAX 0: no limit. Default: equal shares of the table, 8 to 128 MiB.")
            .differs("splits at existing keys"),
        value("max-time-per-select", "SECONDS")
            .default("2")
            .help("With a range in `--rows`: a slower chunk halves the next; one under half the time doubles it."),
        value("max-threads-per-table", "N")
            .absent("all")
            .help("Most threads on one table, 1 to 1024.")
            .differs("default 4"),
        flag("use-single-column").help("Splits by the key's first column only."),
        flag("split-partitions").help("Dumps each partition by itself."),
        flag("order-by-primary").help("Reads rows in primary key order."),
        value("rows-hard", "MIN:MAX")
            .default("0:0")
            .help("Bounds of all chunks, also of those by size; one number for both, 0: no bound.")
            .differs("for keys of all types"),
        flag("split-string-pk").no_effect("text keys are always used for chunks"),
        value("max-split-of-step-in-integer-chunk", "N").no_effect("chunks end at existing keys, whatever the gaps"),
        value("max-char-size", "N").no_effect(TEXT_CHUNKS),
        value("max-items-per-string-chunk", "N").no_effect(TEXT_CHUNKS),
        flag("use-defer").no_effect("memory does not grow with the number of chunks"),
        value("char-chunk", "N").replaced("nothing: text keys are split at existing keys"),
        value("char-deep", "N").replaced("nothing: text keys are split at existing keys"),
        value("max-rows", "N").replaced("`--rows=MIN:START:MAX`"),
    ],
};

pub(super) const FILES: Group = Group {
    heading: "Files of rows",
    intro: "",
    rows: &[
        value("format", "FORMAT")
            .default("INSERT")
            .help("[Format](../dev/formats.md) of rows: `INSERT`, `LOAD_DATA`, `CSV`; `CLICKHOUSE`, which `myloader` does not read."),
        flag("include-header").help("First line of `LOAD_DATA` and `CSV` files names the columns."),
        value("fields-terminated-by", "TEXT")
            .absent("tab; CSV: comma")
            .help("Text between columns of `LOAD_DATA` and `CSV`. All separators understand `\\n`, `\\r`, `\\t` and `\\\\`.")
            .differs(SEPARATORS),
        value("fields-enclosed-by", "CHAR")
            .absent("none; CSV: `\"`")
            .help("Character around values other than numbers.")
            .differs(SEPARATORS),
        value("fields-escaped-by", "CHAR").absent("`\\`").help("Escape character; empty for none.").differs(SEPARATORS),
        value("lines-starting-by", "TEXT").absent("none").help("Text before each line.").differs(SEPARATORS),
        value("lines-terminated-by", "TEXT").absent("`\\n`").help("Text after each line.").differs(SEPARATORS),
        value("load-data-character-set", "binary")
            .absent("`binary`")
            .help("Character set in LOAD DATA.")
            .differs("only `binary` is exact, others are refused"),
        flag("insert-ignore").letter('N').help("Writes INSERT IGNORE. Excludes `--replace`."),
        flag("replace").help("Writes REPLACE."),
        flag("complete-insert")
            .help("Names the columns in each statement.")
            .differs("always where tables have generated or invisible ones"),
        flag("hex-blob").help("Writes BINARY, VARBINARY, BLOB in hexadecimal.").differs("an empty value is `''`"),
        value("statement-size", "BYTES")
            .letter('s')
            .default("1000000")
            .help("Longest statement, except for a single longer row. k, M, G allowed.")
            .differs("0 is refused"),
        flag("tz-utc").absent("on").help("Writes TIMESTAMP in UTC."),
        flag("skip-tz-utc").help("Writes TIMESTAMP in the dump session's time zone, which the files do not state."),
        value("chunk-filesize", "MB")
            .letter('F')
            .default("0")
            .help("Starts a new file after a statement that reaches this size, before compression; k, M, G allowed."),
        value("set-names", "CHARSETS")
            .absent("`utf8mb4,binary`")
            .help(
                "Character sets that files of definitions and others declare: `binary`, `utf8mb4`, `utf8`, `utf8mb3`; for rows `utf8` \
                 only with `--default-character-set`.",
            )
            .differs(ANY_BYTES),
        value("default-character-set", "CHARSETS")
            .absent("`utf8mb4,binary`")
            .help("The same of the connection that reads them; also `auto` for definitions.")
            .differs(ANY_BYTES),
        value("body-format", "FORMAT")
            .default("PADDED")
            .help(
                "How views and programs are written that have a `;` at a line's end: `PADDED`, with one blank more there, which \
                 myloader takes away; `DELIMITER`, between DELIMITER lines, for the stock clients, not for mydumper 1.0.1.",
            )
            .added(),
        flag("build-empty-files").letter('e').help("Writes files for tables without rows, too."),
        optional("compress", "METHOD", "ZSTD")
            .letter('c')
            .help("Compresses files in the worker threads: `ZSTD`, `GZIP`, `LZ4`.")
            .differs("runs no command"),
        value("compress-level", "N").absent("zstd 1, gzip 6").help("Level of `--compress`: zstd 1 to 22, gzip 1 to 9, lz4 only 1.").added(),
        value("statement-terminated-by", "TEXT")
            .absent("`\\n;\\n`")
            .help("End of INSERT statements; `\\n`, `\\r`, `\\t`, `\\f` are understood.")
            .differs("must be blanks, `;` and a line break: others cannot be read back"),
        flag("compact").help("Files set no `sql_mode` at their beginning, unless a table needs one of its own."),
        flag("compress-input").replaced("`--compress-protocol`"),
        value("identifier-quote-character", "CHAR").replaced("nothing: names are in backticks"),
        value("fifodir", "DIR").replaced("nothing: files are compressed without FIFOs"),
        flag("load-data").replaced("`--format=LOAD_DATA`"),
        flag("csv").replaced("`--format=CSV`"),
    ],
};

pub(super) const OUTPUT: Group = Group {
    heading: "Output",
    intro: "",
    rows: &[
        value("outputdir", "DIR")
            .letter('o')
            .absent("`export-YYYYMMDD-HHMMSS`")
            .help("Directory for the dump, made with mode 0700, files 0600.")
            .differs("a directory that is not empty is refused"),
        flag("clear")
            .help("Removes an earlier dump after the catalog is read.")
            .differs("any other file is an error, as is a dump in progress"),
        flag("dirty")
            .help("Adds to [what is in the directory](recovery.md#dirty). Cannot be resumed. Excludes `--clear`.")
            .differs("`metadata` has both dumps"),
        flag("resume")
            .help("Continues an interrupted dump if the data is [proved unchanged](recovery.md#resume-a-dump).")
            .added(),
        optional("stream", "MODE", "TRADITIONAL")
            .help(
                "[Stream](streaming.md) to stdout: `TRADITIONAL`, `NO_DELETE`, `NO_STREAM`, `NO_STREAM_AND_NO_DELETE`.",
            )
            .differs("bit 1 has no effect: workers never wait for one file"),
        value("stream-checksum", "CRC32C|NONE").default("CRC32C").help("Checksum of each file in the stream.").added(),
        value("stream-max-files", "N")
            .default("16")
            .help("Finished files that may wait to be sent, 1 to 1024; fewer on a small disk.")
            .added(),
        flag("merge")
            .help("As `--dirty`, into a directory that must have a finished dump.")
            .differs("one metadata for both; files of tables dumped again are removed"),
        value("disk-limits", "PAUSE:RESUME").not_yet("a full disk ends the dump: ensure space"),
        flag("masquerade-filename").help("Files are named `mydumper_N`; `metadata` and definitions have the names, so this hides nothing."),
        value("exec", "COMMAND")
            .help("[Runs this command](commands.md#exec) on each finished file but metadata, then removes the file; the word `FILENAME` is its path. Excludes `--stream` and `--resume`.")
            .differs("quotes and the PATH are understood; a command that fails is an error, and its file stays"),
        value("exec-threads", "N").default("4").help("Most commands of `--exec` at a time, 1 to 1024."),
        flag("daemon").letter('D').not_yet(NO_DAEMON),
        value("snapshot-interval", "MINUTES").letter('I').not_yet(NO_DAEMON),
        value("snapshot-count", "N").letter('X').not_yet(NO_DAEMON),
        value("replica-data", "N").not_yet("set up replication by hand"),
        value("slave-data", "N").replaced("nothing: set up replication by hand"),
        value("master-data", "N").replaced("nothing: metadata has the coordinates"),
        flag("binlogs").letter('b').replaced("`mysqlbinlog --read-from-remote-server`"),
        flag("no-delete").replaced("`--stream=NO_DELETE`"),
    ],
};
