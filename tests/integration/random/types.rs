//! Column types with all their parameters.

use super::prng::Random;
use super::text;
use harness::server::Product;
use std::collections::BTreeSet;

/// A column's type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    Integer {
        name: &'static str,
        bits: u32,
        unsigned: bool,
        zerofill: bool,
    },
    Decimal {
        digits: u32,
        scale: u32,
        unsigned: bool,
    },
    Float {
        double: bool,
        shown: Option<(u32, u32)>,
        unsigned: bool,
    },
    Bit(u32),
    Text {
        name: String,
        chars: u32,
        collation: &'static str,
    },
    Binary {
        name: String,
        bytes: u32,
    },
    /// ENUM or SET.
    Choice {
        set: bool,
        members: Vec<String>,
        collation: &'static str,
    },
    Date,
    Year,
    /// TIME, DATETIME or TIMESTAMP with so many digits of a second's fraction.
    Time {
        name: &'static str,
        digits: u32,
    },
    Json,
    Geometry {
        kind: &'static str,
        srid: Option<u32>,
    },
    Vector(u32),
    Uuid,
    Inet4,
    Inet6,
}

const INTEGERS: &[(&str, u32)] = &[("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)];

/// Collations of both products.
const COLLATIONS: &[&str] = &[
    "utf8mb4_general_ci",
    "utf8mb4_bin",
    "utf8mb4_unicode_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_turkish_ci",
    "utf8mb3_general_ci",
    "utf8mb3_bin",
    "latin1_swedish_ci",
    "latin1_bin",
    "latin1_german2_ci",
    "latin1_general_cs",
    "ascii_general_ci",
    "ascii_bin",
    "ucs2_general_ci",
    "ucs2_bin",
    "utf16_general_ci",
    "utf16_unicode_ci",
    "utf16le_general_ci",
    "utf32_general_ci",
    "utf32_bin",
    "gbk_chinese_ci",
    "gbk_bin",
    "sjis_japanese_ci",
    "cp932_japanese_ci",
    "big5_chinese_ci",
    "gb2312_chinese_ci",
    "euckr_korean_ci",
    "ujis_japanese_ci",
    "eucjpms_japanese_ci",
    "tis620_thai_ci",
    "cp1250_czech_cs",
    "latin2_czech_cs",
    "cp1251_general_ci",
    "koi8r_general_ci",
    "cp866_general_ci",
    "greek_general_ci",
    "hebrew_general_ci",
    "swe7_swedish_ci",
    "hp8_english_ci",
    "dec8_swedish_ci",
    "keybcs2_general_ci",
    "geostd8_general_ci",
    "armscii8_general_ci",
    "macce_general_ci",
];
const MARIADB_COLLATIONS: &[&str] = &[
    "utf8mb4_nopad_bin",
    "utf8mb4_general_nopad_ci",
    "utf8mb4_uca1400_ai_ci",
    "utf8mb4_uca1400_nopad_as_cs",
    "utf8mb3_uca1400_ai_ci",
    "latin1_nopad_bin",
    "ucs2_nopad_bin",
    "utf16_thai_520_w2",
    "sjis_japanese_nopad_ci",
];
const MYSQL_COLLATIONS: &[&str] = &[
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_bin",
    "utf8mb4_ja_0900_as_cs",
    "utf8mb4_0900_as_cs",
    "gb18030_chinese_ci",
    "gb18030_bin",
];

const GEOMETRIES: &[&str] = &[
    "GEOMETRY",
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
];

/// A collation, often one of those that everybody has.
pub fn collation(random: &mut Random, product: Product) -> &'static str {
    let own = if product == Product::MariaDb { MARIADB_COLLATIONS } else { MYSQL_COLLATIONS };
    match random.below(10) {
        0..=2 => COLLATIONS[random.below(3)],
        3..=4 => random.pick(own),
        _ => random.pick(COLLATIONS),
    }
}

/// The character set of a collation.
pub fn charset(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

impl Type {
    /// Any type that columns of this engine can have.
    pub fn any(random: &mut Random, product: Product, engine: &str) -> Type {
        let own = product == Product::MariaDb;
        loop {
            let drawn = match random.below(22) {
                0..=3 => Type::integer(random),
                4..=5 => Type::decimal(random),
                6 => Type::float(random),
                7 => Type::Bit(random.pick(&[1, 7, 8, 9, 31, 33, 63, 64])),
                8..=10 => Type::short_text(random, product),
                11..=12 => Type::long_text(random, product),
                13..=14 => Type::binary(random),
                15 => Type::choice(random, product),
                16..=17 => Type::temporal(random),
                18 => Type::Json,
                19 => Type::geometry(random, product),
                _ if own => random.pick(&[Type::Uuid, Type::Inet4, Type::Inet6]),
                _ => Type::Vector(random.pick(&[1, 3, 64])),
            };
            if drawn.is_for(engine) {
                return drawn;
            }
        }
    }

    /// A type that a primary key or index takes without a prefix.
    pub fn for_key(random: &mut Random, product: Product) -> Type {
        match random.below(18) {
            0..=5 => Type::integer(random),
            6 => Type::decimal(random),
            7 => Type::float(random),
            8 => Type::Bit(random.pick(&[1, 8, 40, 64])),
            9..=11 => Type::key_text(random, product),
            12 => {
                let bytes = random.pick(&[1, 8, 16, 32]);
                let name = random.pick(&["BINARY", "VARBINARY"]);
                Type::Binary { name: format!("{name}({bytes})"), bytes }
            }
            13 => Type::choice(random, product),
            14..=16 => Type::temporal(random),
            _ if product == Product::MariaDb => random.pick(&[Type::Uuid, Type::Inet4, Type::Inet6]),
            _ => Type::Binary { name: "BINARY(16)".to_owned(), bytes: 16 },
        }
    }

    pub fn integer(random: &mut Random) -> Type {
        let (name, bits) = random.pick(INTEGERS);
        let unsigned = random.percent(40);
        Type::Integer { name, bits, unsigned, zerofill: unsigned && random.percent(20) }
    }

    fn decimal(random: &mut Random) -> Type {
        let digits = random.pick(&[1, 5, 10, 30, 65]);
        let scale = random.size(0, digits.min(30));
        Type::Decimal { digits, scale, unsigned: random.percent(20) }
    }

    fn float(random: &mut Random) -> Type {
        let shown = random.percent(20).then_some(random.pick(&[(7, 3), (20, 10), (10, 0)]));
        Type::Float { double: random.percent(50), shown, unsigned: random.percent(15) }
    }

    fn short_text(random: &mut Random, product: Product) -> Type {
        let chars = random.pick(&[0, 1, 3, 20, 60, 255, 700]);
        let name = if chars < 256 && random.percent(40) { "CHAR" } else { "VARCHAR" };
        Type::Text { name: format!("{name}({chars})"), chars, collation: collation(random, product) }
    }

    fn key_text(random: &mut Random, product: Product) -> Type {
        let chars = random.pick(&[1, 5, 20, 60]);
        let name = random.pick(&["CHAR", "VARCHAR"]);
        Type::Text { name: format!("{name}({chars})"), chars, collation: collation(random, product) }
    }

    fn long_text(random: &mut Random, product: Product) -> Type {
        // The number of characters that four bytes each leave room for.
        let (name, chars) =
            random.pick(&[("TINYTEXT", 60), ("TEXT", 16_000), ("MEDIUMTEXT", 300_000), ("LONGTEXT", 300_000)]);
        Type::Text { name: name.to_owned(), chars, collation: collation(random, product) }
    }

    fn binary(random: &mut Random) -> Type {
        let bytes = random.pick(&[0, 1, 16, 255, 700]);
        match random.below(7) {
            0 | 1 => Type::Binary { name: format!("BINARY({})", bytes.min(255)), bytes: bytes.min(255) },
            2 => Type::Binary { name: format!("VARBINARY({bytes})"), bytes },
            3 => Type::Binary { name: "TINYBLOB".to_owned(), bytes: 255 },
            4 => Type::Binary { name: "BLOB".to_owned(), bytes: 65_000 },
            5 => Type::Binary { name: "MEDIUMBLOB".to_owned(), bytes: 2_000_000 },
            _ => Type::Binary { name: "LONGBLOB".to_owned(), bytes: 3_000_000 },
        }
    }

    fn choice(random: &mut Random, product: Product) -> Type {
        let set = random.percent(40);
        let collation = collation(random, product);
        let mut members = vec!["a".to_owned()];
        // Equal under the collation is a duplicate to the server; so each has a number of its own.
        for number in 0..random.below(if set { 8 } else { 12 }) {
            let hostile = text::line_in(random, charset(collation), 12).replace(',', ";");
            members.push(format!("{number}{}", hostile.trim_end()));
        }
        let distinct: BTreeSet<String> = members.iter().cloned().collect();
        if random.percent(30) && !set {
            members = distinct.into_iter().collect();
        }
        Type::Choice { set, members, collation }
    }

    pub fn temporal(random: &mut Random) -> Type {
        let digits = random.pick(&[0, 0, 1, 3, 6]);
        match random.below(8) {
            0 | 1 => Type::Date,
            2 => Type::Year,
            3 => Type::Time { name: "TIME", digits },
            4..=5 => Type::Time { name: "DATETIME", digits },
            _ => Type::Time { name: "TIMESTAMP", digits },
        }
    }

    fn geometry(random: &mut Random, product: Product) -> Type {
        let srid = match product {
            Product::MariaDb => None,
            Product::MySql => random.pick(&[None, Some(0), Some(3857), Some(4326)]),
        };
        Type::Geometry { kind: random.pick(GEOMETRIES), srid }
    }

    /// Whether columns of this engine can have it.
    pub fn is_for(&self, engine: &str) -> bool {
        match engine {
            "MEMORY" => !self.is_large(),
            "CSV" => !matches!(self, Type::Geometry { .. } | Type::Vector(_) | Type::Json),
            "ARCHIVE" => !matches!(self, Type::Geometry { .. } | Type::Vector(_)),
            _ => true,
        }
    }

    /// Whether it is kept outside of the row, has no literal default, and needs a prefix in an index.
    pub fn is_large(&self) -> bool {
        match self {
            Type::Text { name, .. } => name.ends_with("TEXT"),
            Type::Binary { name, .. } => name.ends_with("BLOB"),
            Type::Json | Type::Geometry { .. } | Type::Vector(_) => true,
            _ => false,
        }
    }

    /// The type as SQL, with its character set.
    pub fn to_sql(&self, product: Product) -> String {
        let sign = |unsigned: bool| if unsigned { " UNSIGNED" } else { "" };
        let collated =
            |name: &str, collation: &str| format!("{name} CHARACTER SET {} COLLATE {collation}", charset(collation));
        match self {
            Type::Integer { name, zerofill: true, .. } => format!("{name}(7) UNSIGNED ZEROFILL"),
            Type::Integer { name, unsigned, .. } => format!("{name}{}", sign(*unsigned)),
            Type::Decimal { digits, scale, unsigned } => format!("DECIMAL({digits},{scale}){}", sign(*unsigned)),
            Type::Float { double, shown, unsigned } => {
                let name = if *double { "DOUBLE" } else { "FLOAT" };
                let shown = shown.map(|(digits, scale)| format!("({digits},{scale})")).unwrap_or_default();
                format!("{name}{shown}{}", sign(*unsigned))
            }
            Type::Bit(bits) => format!("BIT({bits})"),
            Type::Text { name, collation, .. } => collated(name, collation),
            Type::Binary { name, .. } => name.clone(),
            Type::Choice { set, members, collation } => {
                let members: Vec<String> = members.iter().map(|member| text::quoted(member)).collect();
                collated(&format!("{}({})", if *set { "SET" } else { "ENUM" }, members.join(",")), collation)
            }
            Type::Date => "DATE".to_owned(),
            Type::Year => "YEAR".to_owned(),
            Type::Time { name, digits } => format!("{name}({digits})"),
            Type::Json => "JSON".to_owned(),
            Type::Geometry { kind, srid: Some(srid) } if product == Product::MySql => format!("{kind} SRID {srid}"),
            Type::Geometry { kind, .. } => (*kind).to_owned(),
            Type::Vector(length) => format!("VECTOR({length})"),
            Type::Uuid => "UUID".to_owned(),
            Type::Inet4 => "INET4".to_owned(),
            Type::Inet6 => "INET6".to_owned(),
        }
    }
}
