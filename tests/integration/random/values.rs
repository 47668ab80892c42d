//! Values of each type, as SQL that means the same in every sql_mode.

use super::prng::Random;
use super::text;
use super::types::{Type, charset};

/// A value of the type, for row number `row`; not NULL.
pub fn value(random: &mut Random, of: &Type, row: usize) -> String {
    match of {
        Type::Integer { bits, unsigned, .. } => integer(random, *bits, *unsigned, row).to_string(),
        Type::Decimal { digits, scale, unsigned } => decimal(random, *digits, *scale, *unsigned),
        Type::Float { double, shown, unsigned } => float(random, *double, *shown, *unsigned),
        Type::Bit(bits) => {
            let most = u64::MAX >> (64 - bits);
            random.pick(&[0, 1, most, most ^ 1, 0x0a27_5c00_0d22_1a5c & most, random_bits(row) & most]).to_string()
        }
        Type::Text { chars, collation, .. } => characters(random, *chars as usize, charset(collation)),
        Type::Binary { bytes, .. } => {
            large(random, *bytes as usize, |random, most| text::hex(&text::bytes(random, most)))
        }
        Type::Choice { set: false, members, .. } => random.size(0, members.len() as u32).to_string(),
        Type::Choice { members, .. } => random.range(0, (1 << members.len()) - 1).to_string(),
        Type::Date => date(random, row),
        Type::Year => random.pick(&["0", "1901", "1970", "2026", "2155", "1999"]).to_string(),
        Type::Time { name: "TIME", digits } => time(random, *digits),
        Type::Time { name: "DATETIME", digits } => datetime(random, *digits, row),
        Type::Time { digits, .. } => timestamp(random, *digits, row),
        Type::Json => format!("_utf8mb4 {}", text::hex(json(random, 0).as_bytes())),
        Type::Geometry { kind, srid } => geometry(random, kind, *srid),
        Type::Vector(length) => vector(random, *length),
        Type::Uuid => uuid(random),
        Type::Inet4 => inet4(random),
        Type::Inet6 => inet6(random),
    }
}

/// The same number for a row every time.
fn random_bits(row: usize) -> u64 {
    (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Keys are dense, have holes, or sit at the ends of their type; which of these is up to the row's number, so that one
/// table has all of them.
fn integer(random: &mut Random, bits: u32, unsigned: bool, row: usize) -> i128 {
    let (least, most) = match unsigned {
        true => (0, (1_i128 << bits) - 1),
        false => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
    };
    let row = row as i128;
    let drawn = match random.below(12) {
        0 => least + row,
        1 => most - row,
        2 => random.range(least, most),
        3 => most / 2 + row * 3,
        4 => row * 1_000_003,
        _ => row,
    };
    drawn.clamp(least, most)
}

fn decimal(random: &mut Random, digits: u32, scale: u32, unsigned: bool) -> String {
    let mut text: String = match random.below(4) {
        0 => "0".repeat(digits as usize),
        1 => "9".repeat(digits as usize),
        _ => (0..digits).map(|_| char::from(b'0' + random.below(10) as u8)).collect(),
    };
    text.insert((digits - scale) as usize, '.');
    let sign = if !unsigned && random.percent(40) { "-" } else { "" };
    format!("{sign}0{text}0")
}

fn float(random: &mut Random, double: bool, shown: Option<(u32, u32)>, unsigned: bool) -> String {
    let value = match (shown.is_some(), double, random.below(8)) {
        (_, _, 0) => 0.0,
        (_, _, 1) => -0.0,
        (_, _, 2) => 0.1,
        (true, ..) => random.range(-9_999_999, 9_999_999) as f64 / 1e3,
        (_, true, 3) => random.pick(&[f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, f64::EPSILON, 1e23, 0.1 + 0.2]),
        (_, false, 3) => (random.pick(&[f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, 16_777_217.0, 3.4e38])).into(),
        (_, true, _) => f64::from_bits(random.next()),
        (_, false, _) => f32::from_bits(random.next() as u32).into(),
    };
    let value = if unsigned { value.abs() } else { value };
    match value.is_finite() {
        // As a text: a literal -0e0 is computed, and loses its sign.
        true => format!("'{value:e}'"),
        false => "1e10".to_owned(),
    }
}

/// Text of a character set: mostly converted from Unicode by the server (what the set does not have becomes `?`), or
/// any bytes where every byte is a character.
fn characters(random: &mut Random, chars: usize, charset: &str) -> String {
    const SINGLE_BYTE: &[&str] = &[
        "latin1", "latin2", "cp1250", "cp1251", "koi8r", "cp866", "greek", "hebrew", "swe7", "hp8", "dec8", "tis620",
        "macce",
    ];
    if SINGLE_BYTE.contains(&charset) && random.percent(40) {
        return large(random, chars, |random, most| format!("_{charset} {}", text::hex(&text::bytes(random, most))));
    }
    large(random, chars, |random, most| format!("_utf8mb4 {}", text::hex(text::text(random, most).as_bytes())))
}

/// What `piece` makes, or seldom, where there is room, many times that.
fn large(random: &mut Random, most: usize, piece: impl Fn(&mut Random, usize) -> String) -> String {
    if most < 10_000 || random.percent(95) {
        return piece(random, most.min(300));
    }
    let times = if random.percent(15) { most / 150 } else { 200 };
    format!("LEFT(REPEAT({}, {times}), {most})", piece(random, 150))
}

fn date(random: &mut Random, row: usize) -> String {
    let odd = [
        "0000-00-00",
        "2023-00-00",
        "2023-12-00",
        "0000-01-01",
        "2023-02-31",
        "1000-01-01",
        "9999-12-31",
        "1970-01-01",
    ];
    match random.below(10) {
        0 => format!("'{}'", random.pick(&odd)),
        _ => format!("'{:04}-{:02}-{:02}'", 1900 + row % 300, 1 + row / 28 % 12, 1 + row % 28),
    }
}

fn fraction(random: &mut Random, digits: u32) -> String {
    let text = match random.below(4) {
        0 => "0".repeat(digits as usize),
        1 => "9".repeat(digits as usize),
        _ => (0..digits).map(|_| char::from(b'0' + random.below(10) as u8)).collect(),
    };
    if digits == 0 { String::new() } else { format!(".{text}") }
}

fn time(random: &mut Random, digits: u32) -> String {
    let sign = if random.percent(40) { "-" } else { "" };
    let clock = match random.below(5) {
        0 => return format!("'{sign}838:59:59'"),
        1 => "00:00:00".to_owned(),
        _ => format!("{:02}:{:02}:{:02}", random.below(838), random.below(60), random.below(60)),
    };
    format!("'{sign}{clock}{}'", fraction(random, digits))
}

fn datetime(random: &mut Random, digits: u32, row: usize) -> String {
    let date = date(random, row);
    let date = date.trim_matches('\'');
    match random.below(6) {
        0 => format!("'{date} 00:00:00'"),
        _ => format!(
            "'{date} {:02}:{:02}:{:02}{}'",
            random.below(24),
            random.below(60),
            random.below(60),
            fraction(random, digits)
        ),
    }
}

/// In a session whose zone is UTC.
fn timestamp(random: &mut Random, digits: u32, row: usize) -> String {
    let odd = [
        "1970-01-01 00:00:01",
        "2038-01-19 03:14:07",
        "0000-00-00 00:00:00",
        "2024-03-31 01:30:00",
        "2024-10-27 00:30:00",
        "2024-10-27 01:30:00",
    ];
    match random.below(8) {
        0 => format!("'{}'", random.pick(&odd)),
        _ => format!(
            "'{:04}-{:02}-{:02} {:02}:01:02{}'",
            1971 + row % 60,
            1 + row / 7 % 12,
            1 + row % 28,
            row % 24,
            fraction(random, digits)
        ),
    }
}

fn json(random: &mut Random, depth: usize) -> String {
    const NUMBERS: &[&str] = &[
        "0",
        "-1",
        "18446744073709551615",
        "-9223372036854775808",
        "9007199254740993",
        "1e308",
        "1.5",
        "-0.0",
        "0.1",
        "1e-30",
        "123456789012345678901234567890",
    ];
    match random.below(if depth > 3 { 4 } else { 7 }) {
        0 => (random.pick(NUMBERS)).to_owned(),
        1 => (random.pick(&["true", "false", "null"])).to_owned(),
        2 | 3 => json_text(random),
        4 | 5 => {
            let members = (0..random.below(4)).map(|_| format!("{}: {}", json_text(random), json(random, depth + 1)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        _ => format!("[{}]", (0..random.below(4)).map(|_| json(random, depth + 1)).collect::<Vec<_>>().join(", ")),
    }
}

fn json_text(random: &mut Random) -> String {
    let mut quoted = String::from("\"");
    for c in text::text(random, 40).chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if (c as u32) < 32 => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn geometry(random: &mut Random, kind: &str, srid: Option<u32>) -> String {
    let mut point =
        || format!("{} {}", random.pick(&["0", "-1.5", "0.1", "45", "1e-7", "12.345678901234567"]), random.below(90));
    let ring = "(0 0,10 0,10 10,0 10,0 0)";
    let (a, b, c) = (point(), point(), point());
    let wkt = match kind {
        "LINESTRING" => format!("LINESTRING({a},{b} ,1 2)"),
        "POLYGON" => format!("POLYGON({ring},(1 1,2 1,2 2,1 2,1 1))"),
        "MULTIPOINT" => format!("MULTIPOINT({a},{b},{c})"),
        "MULTILINESTRING" => format!("MULTILINESTRING(({a},{b}),(0 0,1 1))"),
        "MULTIPOLYGON" => format!("MULTIPOLYGON(({ring}))"),
        "GEOMETRYCOLLECTION" => format!("GEOMETRYCOLLECTION(POINT({a}),LINESTRING({b},3 4))"),
        _ => format!("POINT({a})"),
    };
    let srid = srid.unwrap_or_else(|| random.pick(&[0, 0, 3857, 4326]));
    format!("ST_GeomFromText('{wkt}', {srid})")
}

fn vector(random: &mut Random, length: u32) -> String {
    let members: Vec<&str> =
        (0..length).map(|_| random.pick(&["0", "-0.0", "1.5", "3.4e38", "-1e-30", "0.1"])).collect();
    format!("STRING_TO_VECTOR('[{}]')", members.join(","))
}

fn uuid(random: &mut Random) -> String {
    let (high, low) = match random.below(6) {
        0 => (0, 0),
        1 => (u64::MAX, u64::MAX),
        _ => (random.next(), random.next()),
    };
    let digits = format!("{high:016x}{low:016x}");
    format!("'{}-{}-{}-{}-{}'", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

fn inet4(random: &mut Random) -> String {
    let bytes = match random.below(6) {
        0 => [0; 4],
        1 => [255; 4],
        _ => (random.next() as u32).to_be_bytes(),
    };
    format!("'{}.{}.{}.{}'", bytes[0], bytes[1], bytes[2], bytes[3])
}

fn inet6(random: &mut Random) -> String {
    match random.below(5) {
        0 => "'::'".to_owned(),
        1 => "'::ffff:192.0.2.1'".to_owned(),
        2 => "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'".to_owned(),
        _ => {
            let groups: Vec<String> = (0..8).map(|_| format!("{:x}", random.next() as u16)).collect();
            format!("'{}'", groups.join(":"))
        }
    }
}
