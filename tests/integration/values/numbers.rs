//! Numbers come back bit by bit.

use crate::support::fidelity::{Numbers, restored, round_trips};
use harness::server::Product;

/// How many random bit patterns of each type.
const PATTERNS: usize = 1500;

#[test]
fn floats_of_any_bits() {
    let mut numbers = Numbers(7);
    let mut floats: Vec<f32> =
        vec![1e-30, 3.4e38, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1), 16_777_217.0, 0.1];
    let mut doubles: Vec<f64> = vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, f64::from_bits(1), 0.1 + 0.2, 1e15 / 3.0];
    while floats.len() < PATTERNS {
        floats.push(f32::from_bits((numbers.next() >> 32) as u32));
        floats.retain(|float| float.is_finite());
    }
    while doubles.len() < PATTERNS {
        doubles.push(f64::from_bits(numbers.next()));
        doubles.retain(|double| double.is_finite());
    }
    // A FLOAT's digits as those of the DOUBLE that it is.
    let rows: Vec<String> =
        floats.iter().zip(&doubles).map(|(float, double)| format!("({:e},{double:e})", f64::from(*float))).collect();
    let insert = format!("INSERT INTO t (f, d) VALUES {}", rows.join(","));
    for product in Product::ALL {
        round_trips(
            product,
            "values_floats",
            &["CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, f FLOAT, d DOUBLE)", &insert],
        );
        let bits = format!(
            "SELECT COUNT(*) FROM values_floats.t WHERE d = {:e} OR f = {:e}",
            doubles[9],
            f64::from(floats[9])
        );
        assert_eq!(restored(product, &bits), "1", "{product:?}");
    }
}

#[test]
fn zeros_keep_their_sign() {
    for product in Product::ALL {
        round_trips(
            product,
            "values_zeros",
            &[
                "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, g FLOAT NOT NULL, d DOUBLE)",
                // Too small for a FLOAT, which is the way to a negative zero that MariaDB leaves.
                "INSERT INTO t VALUES (1, -1e-60, -1e-60, -0e0), (2, 0, 0, 0), (3, NULL, 1e-60, '-0')",
            ],
        );
        let negative = |column: &str| {
            restored(
                product,
                &format!("SELECT COUNT(*) FROM values_zeros.t WHERE {column} = 0 AND ATAN2({column}, -1) < 0"),
            )
        };
        // MariaDB makes every zero in a DOUBLE a positive one.
        let doubles = if product == Product::MariaDb { "0" } else { "2" };
        assert_eq!((negative("f").as_str(), negative("g").as_str(), negative("d").as_str()), ("1", "1", doubles));
    }
}

#[test]
fn floats_with_a_scale() {
    let mut numbers = Numbers(11);
    let mut rows = vec!["(0.005,1234567.125,12345678901234567.89,-0.01)".to_owned()];
    for _ in 0..300 {
        let whole = |digits: u32, number: u64| number % 10_u64.pow(digits);
        let (a, b, c) = (numbers.next(), numbers.next(), numbers.next());
        rows.push(format!(
            "({}.{:03},{}.{:03},{}.{:02},-{}.{:05})",
            whole(4, a),
            a % 1000,
            whole(7, b),
            b % 1000,
            whole(18, c),
            c % 100,
            whole(12, a),
            b % 100_000
        ));
    }
    let insert = format!("INSERT INTO t VALUES {}", rows.join(","));
    for product in Product::ALL {
        round_trips(
            product,
            "values_scales",
            &[
                "CREATE TABLE t (f FLOAT(7,3), g FLOAT(10,3) ZEROFILL, d DOUBLE(20,2) UNSIGNED ZEROFILL, e DOUBLE(30,5))",
                &insert,
            ],
        );
    }
}

#[test]
fn decimals_integers_and_years() {
    for product in Product::ALL {
        round_trips(
            product,
            "values_exact",
            &[
                "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
                "CREATE TABLE n (n DECIMAL(65,30), m DECIMAL(65,0), z DECIMAL(10,2) UNSIGNED ZEROFILL)",
                "INSERT INTO n VALUES (99999999999999999999999999999999999.999999999999999999999999999999, \
                 99999999999999999999999999999999999999999999999999999999999999999, 1.5), \
                 (-0.000000000000000000000000000001, -1, 0), (NULL, 0, NULL)",
                "CREATE TABLE i (u BIGINT UNSIGNED PRIMARY KEY, s BIGINT, t TINYINT, tu TINYINT UNSIGNED, m MEDIUMINT, \
                 mu MEDIUMINT UNSIGNED, z INT(11) ZEROFILL, b BOOL, y YEAR)",
                "INSERT INTO i VALUES (18446744073709551615, -9223372036854775808, -128, 255, -8388608, 16777215, \
                 4294967295, TRUE, 0), (0, 9223372036854775807, 127, 0, 8388607, 0, 0, FALSE, 1901), \
                 (9223372036854775808, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2155)",
                // As an AUTO_INCREMENT column's value, 0 asks for the next number.
                "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY)",
                "INSERT INTO a VALUES (0), (-5), (2147483646)",
            ],
        );
        assert_eq!(restored(product, "SELECT GROUP_CONCAT(id ORDER BY id) FROM values_exact.a"), "-5,0,2147483646");
    }
}

#[test]
fn bits_of_every_width() {
    let columns: Vec<String> = (1..=64).map(|width| format!("b{width} BIT({width})")).collect();
    let row = |value: &dyn Fn(u32) -> u64| {
        let values: Vec<String> =
            (1..=64).map(|width| format!("{}", value(width) & (u64::MAX >> (64 - width)))).collect();
        format!("({})", values.join(","))
    };
    // Bytes that text would escape among them: quotes, backslashes, zeros, line breaks.
    let rows = [
        row(&|_| u64::MAX),
        row(&|_| 0),
        row(&|width| 1 << (width - 1)),
        row(&|_| 0x275c_0027_5c0a_0d1a),
        row(&|_| 0x5c5c_5c5c_5c5c_5c5c),
    ];
    for product in Product::ALL {
        round_trips(
            product,
            "values_bits",
            &[
                &format!("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, {})", columns.join(",")),
                &format!(
                    "INSERT INTO t ({}) VALUES {}",
                    (1..=64).map(|width| format!("b{width}")).collect::<Vec<_>>().join(","),
                    rows.join(",")
                ),
                "INSERT INTO t () VALUES ()",
            ],
        );
    }
}
