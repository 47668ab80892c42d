//! Hostile texts, bytes and names.

use super::prng::Random;
use harness::server::Product;
use std::collections::BTreeSet;

/// What breaks quoting, statements, streams, encodings or comparisons.
const FRAGMENTS: &[&str] = &[
    "'",
    "\"",
    "\\",
    "\\'",
    "''",
    "`",
    "\0",
    "\u{1a}",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\u{8}",
    "\u{7f}",
    " ",
    "  ",
    ";\n",
    "\n;\n",
    "\n-- shop.t.00000.sql 12\n",
    "\n-- metadata 0\n",
    "'),('",
    "\n,(1)\n;\n",
    "/*!40101 SET NAMES binary*/;\n",
    "*/",
    "/*",
    "/*!",
    "-- ",
    "#",
    "DELIMITER ;;\n",
    "\nDELIMITER //\n",
    ";;",
    "//",
    "$$",
    "\\N",
    "NULL",
    "\\0",
    "%s%n",
    "_",
    "0x41",
    "_utf8mb4'x'",
    "_binary '",
    "${HOME}",
    "$(id)",
    "<&>",
    "é",
    "ß",
    "ÿ",
    "e\u{301}",
    "İ",
    "ı",
    "ǅ",
    "Ω",
    "Я",
    "א",
    "ไ",
    "表",
    "ソ",
    "能",
    "縗",
    "誓",
    "한",
    "中",
    "\u{80}",
    "\u{a0}",
    "\u{2028}",
    "\u{200f}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "😀",
    "👩\u{200d}👧",
    "\u{10ffff}",
    "a",
    "A",
    "b",
    "0",
    "1e5",
    "-",
    "DEFINER=`x`@`y`",
    " CHARACTER SET latin1",
    " GENERATED ALWAYS AS (1)",
    "ENGINE=InnoDB",
    "AUTO_INCREMENT=7",
    "\n) ENGINE=CSV",
    ",\n  KEY `k` (`c`)",
    "CONSTRAINT `x` FOREIGN KEY (`a`) REFERENCES `b` (`c`)",
];

/// Of these a session of latin1 can say every one.
const LATIN1_FRAGMENTS: &[&str] =
    &["é", "ß", "ÿ", "\u{a0}", "£", "'", "\"", "\\", "`", ";\n", "*/", "-- ", "$$", "a", " "];

/// Text of at most `max` characters.
pub fn text(random: &mut Random, max: usize) -> String {
    from_fragments(random, FRAGMENTS, max)
}

/// Text for definitions, which have no NUL.
pub fn line(random: &mut Random, max: usize) -> String {
    from_fragments(random, FRAGMENTS, max).replace('\0', "0")
}

/// Text for definitions of which a character set has every character.
pub fn line_in(random: &mut Random, charset: &str, max: usize) -> String {
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => line(random, max),
        "utf8mb3" | "ucs2" => bmp(&line(random, max)),
        "latin1" => latin1(random, max),
        _ => line(random, max).chars().filter(char::is_ascii).collect(),
    }
}

/// The text without characters beyond the Basic Multilingual Plane.
pub fn bmp(text: &str) -> String {
    text.chars().filter(|c| *c as u32 <= 0xffff).collect()
}

/// Text of at most `max` characters that latin1 has.
pub fn latin1(random: &mut Random, max: usize) -> String {
    from_fragments(random, LATIN1_FRAGMENTS, max)
}

fn from_fragments(random: &mut Random, fragments: &[&str], max: usize) -> String {
    let pieces = random.pick(&[0, 1, 1, 2, 3, 5, 8, 40]);
    let mut text = String::new();
    for _ in 0..pieces {
        match random.percent(60) {
            true => text.push_str(random.pick(fragments)),
            false => text.push_str(random.pick(&["word", "Zeile", "x", "42", "the quick brown fox"])),
        }
    }
    text.chars().take(max).collect()
}

/// At most `max` bytes.
pub fn bytes(random: &mut Random, max: usize) -> Vec<u8> {
    let length = match random.below(6) {
        0 => 0,
        1 => max,
        2 => random.below(max + 1),
        _ => random.below(max.min(24) + 1),
    };
    match random.below(4) {
        0 => (0..length).map(|index| index as u8).collect(),
        1 => vec![random.pick(&[0, b' ', b'\\', b'\'', b'\n', 0xff]); length],
        2 => text(random, max).into_bytes().into_iter().take(length).collect(),
        _ => (0..length).map(|_| random.next() as u8).collect(),
    }
}

/// Bytes as a literal that means the same in every sql_mode and character set.
pub fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "''".to_owned();
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}

/// A text between quotes, as a script in utf8mb4 with backslash escapes says it. The places that take no hexadecimal
/// literal (comments, members of an ENUM) need it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''").replace('\0', "\\0"))
}

const KEYWORDS: &[&str] =
    &["select", "ORDER", "key", "Group", "table", "NULL", "values", "FROM", "primary", "rows", "system", "Interval"];

const AWKWARD: &[&str] = &[
    "two words",
    ".dot.",
    "/sl\\ash/",
    "q'uo\"te",
    "back`tick`",
    "100%_",
    "new\nline",
    " leading",
    "\ttab",
    "-- dash",
    "/*c*/",
    ";semi;",
    "ünïcödé",
    "表ソ能",
    "Ωмега",
    "e\u{301}",
    "\u{a0}nbsp",
    "-minus",
    "$dollar$",
    "@at",
    "#hash",
    "[x]",
    "a=b",
    "(1)",
    "?",
    "mydumper_",
    "metadata",
    "t-schema",
    "t.00000",
    "x.sql.gz",
    "-schema-post",
    "real_table_name=",
    "DELIMITER",
    "\r",
    "0",
    "1e5",
    "0x41",
    "CON",
    "~",
    "_",
    "utf8mb4",
    "\u{ff07}",
    "\\",
    "''",
    "%s",
];

/// Names that were not used yet, in any case.
#[derive(Default)]
pub struct Names {
    used: BTreeSet<String>,
    count: usize,
}

impl Names {
    /// A new name of at most 64 characters, half of them harmless.
    pub fn next(&mut self, random: &mut Random, prefix: &str) -> String {
        self.count += 1;
        let number = self.count;
        let name = match random.below(20) {
            0 => (random.pick(KEYWORDS)).to_owned(),
            1 => format!("{number}st"),
            2 => format!("{prefix}{number}{}", "y".repeat(64)).chars().take(64).collect(),
            3..=9 => format!("{}{number}", random.pick(AWKWARD)),
            10 => format!("{prefix}{number}{}", random.pick(AWKWARD)),
            _ => format!("{prefix}{number}"),
        };
        // Servers take no name that ends with a blank.
        let name = format!("{}{}", name.trim_end(), if name.ends_with([' ', '\n', '\r', '\t']) { "_" } else { "" });
        if self.used.insert(name.to_lowercase()) { name } else { format!("{prefix}{number}x") }
    }

    /// A name that differs from `name` in case only, where tables of both names can be.
    pub fn twin(name: &str) -> Option<String> {
        let twin: String = name
            .chars()
            .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        (twin != name).then_some(twin)
    }
}

/// A database's name; the prefix is of this case alone. No comma, which separates names in options.
pub fn database_name(random: &mut Random, product: Product, seed: u64) -> String {
    let product = if product == Product::MariaDb { "a" } else { "y" };
    let name = format!("random_{product}{seed:x}");
    match random.below(3) {
        0 => format!("{name}{}_", random.pick(AWKWARD)),
        _ => name,
    }
}
