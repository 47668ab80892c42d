//! How mydumper splits tables, what its files look like, and where they go.

use super::row::{Group, flag, optional, value};

const TEXT_CHUNKS: &str = "text chunks end at existing keys";
const NO_DAEMON: &str = "run mydumper from cron or a systemd timer";
const NO_COMMANDS: &str = "no commands run on files; `--compress` is built in";
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
        value("rows-hard", "MIN:MAX").not_yet("use `--rows=MIN:START:MAX`"),
        flag("split-string-pk").no_effect("text keys are always used for chunks"),
        value("max-split-of-step-in-integer-chunk", "N").no_effect("chunks end at existing keys, whatever the gaps"),
        value("max-char-size", "N").no_effect(TEXT_CHUNKS),
        value("max-items-per-string-chunk", "N").no_effect(TEXT_CHUNKS),
        flag("use-defer").no_effect("memory does not grow with the number of chunks"),
    ],
};

pub(super) const FILES: Group = Group {
    heading: "Files of rows",
    intro: "",
    rows: &[
        value("set-names", "CHARSETS").not_yet("files declare utf8mb4 for definitions and binary for rows"),
        value("format", "FORMAT")
            .default("INSERT")
            .help("[Format](../dev/formats.md) of rows: `INSERT`, `LOAD_DATA`, `CSV`.")
            .differs("not yet: `CLICKHOUSE`"),
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
        flag("build-empty-files").letter('e').help("Writes files for tables without rows, too."),
        optional("compress", "METHOD", "ZSTD")
            .letter('c')
            .help("Compresses files in the worker threads: `ZSTD`, `GZIP`, `LZ4`.")
            .differs("runs no command"),
        value("compress-level", "N").absent("zstd 1, gzip 6").help("Level of `--compress`: zstd 1 to 22, gzip 1 to 9, lz4 only 1.").added(),
        value("statement-terminated-by", "TEXT").not_yet("statements end with `;` at a line end"),
        value("default-character-set", "CHARSETS").not_yet("connections use the character set that keeps every byte"),
        flag("compact").not_yet("files keep their header"),
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
        flag("merge").not_yet("dump into a directory of its own"),
        value("disk-limits", "PAUSE:RESUME").not_yet("a full disk ends the dump: ensure space"),
        flag("masquerade-filename").not_yet("files are named after their tables"),
        value("exec", "COMMAND").not_yet(NO_COMMANDS),
        value("exec-threads", "N").not_yet(NO_COMMANDS),
        flag("daemon").letter('D').not_yet(NO_DAEMON),
        value("snapshot-interval", "MINUTES").letter('I').not_yet(NO_DAEMON),
        value("snapshot-count", "N").letter('X').not_yet(NO_DAEMON),
        value("replica-data", "N").not_yet("set up replication by hand"),
    ],
};
