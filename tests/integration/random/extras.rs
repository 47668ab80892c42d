//! What tables have beside columns and a primary key: attributes, computed columns, indexes, checks, options,
//! partitions.

use super::prng::Random;
use super::schema::{Column, Extra, Maker, Part, Table};
use super::text::{self, Names};
use super::types::{self, Type, charset};
use super::values;
use harness::quote_name;
use harness::server::Product;

/// Adds them.
pub fn add(maker: &mut Maker, table: &mut Table, names: &mut Names) {
    if table.engine == "InnoDB" || table.engine == "MyISAM" {
        partitions(maker, table);
    }
    attributes(maker, table);
    if !["CSV", "ARCHIVE", "MEMORY"].contains(&table.engine) {
        generated(maker, table, names);
    }
    if !["CSV", "ARCHIVE"].contains(&table.engine) {
        for _ in 0..maker.random.below(4) {
            if let Some(index) = index(maker, table) {
                table.extras.push(Extra::Clause(index));
            }
        }
    }
    for _ in 0..maker.random.below(2) {
        let check = check(maker, table);
        table.extras.push(Extra::Clause(check));
    }
    options(maker, table);
}

fn comment(random: &mut Random, product: Product, max: usize) -> String {
    // Comments are utf8mb4 in MariaDB and utf8mb3 in MySQL.
    let comment = text::line(random, max);
    let comment = if product == Product::MySql { text::bmp(&comment) } else { comment };
    format!("COMMENT {}", text::quoted(&comment))
}

fn attributes(maker: &mut Maker, table: &mut Table) {
    let (random, product) = (&mut maker.random, maker.product);
    for column in 0..table.columns.len() {
        let Column { name, of, nullable } = table.columns[column].clone();
        let in_key = table.primary.iter().any(|part| part.column == name);
        let mut add = |sql: String| table.extras.push(Extra::Attribute { column, sql });
        if random.percent(30)
            && !in_key
            && let Some(default) = default(random, product, &of, nullable)
        {
            add(default);
        }
        if random.percent(15) {
            add(comment(random, product, 1024));
        }
        if random.percent(6) && !in_key {
            add("INVISIBLE".to_owned());
        }
        if random.percent(5) && product == Product::MySql {
            add(random.pick(&["COLUMN_FORMAT FIXED", "STORAGE DISK"]).to_string());
        }
        let is_string = matches!(of, Type::Text { .. } | Type::Binary { .. });
        if random.percent(10) && product == Product::MariaDb && is_string && !in_key {
            add("COMPRESSED".to_owned());
        }
    }
}

fn default(random: &mut Random, product: Product, of: &Type, nullable: bool) -> Option<String> {
    match of {
        // MariaDB shows a literal with an introducer, quotes in it and all, in a form that no server reads.
        Type::Json if product == Product::MariaDb => Some("DEFAULT (JSON_OBJECT('é', 1))".to_owned()),
        Type::Time { name: name @ ("DATETIME" | "TIMESTAMP"), digits } if random.percent(50) => {
            let update =
                if random.percent(50) { format!(" ON UPDATE CURRENT_TIMESTAMP({digits})") } else { String::new() };
            let null = if *name == "TIMESTAMP" && nullable { "NULL" } else { "CURRENT_TIMESTAMP" };
            let fraction = if null == "NULL" { String::new() } else { format!("({digits})") };
            Some(format!("DEFAULT {null}{fraction}{update}"))
        }
        _ if nullable && random.percent(30) => Some("DEFAULT NULL".to_owned()),
        // Six digits are what MySQL shows where a table has no row that tells the others, and what MariaDB keeps of them
        // when a table is altered.
        Type::Float { double: false, .. } => Some("DEFAULT '2.5e-7'".to_owned()),
        Type::Choice { members, .. } => Some(format!("DEFAULT {}", text::quoted(&random.pick(members)))),
        Type::Text { chars, collation, .. } if !of.is_large() => {
            let default = text::line_in(random, charset(collation), (*chars as usize).min(60));
            Some(format!("DEFAULT {}", text::quoted(&default)))
        }
        Type::Text { .. } => {
            Some(format!("DEFAULT (CONCAT({}, LEFT(UUID(), 4)))", text::quoted(&text::line(random, 30))))
        }
        _ if of.is_large() || random.percent(30) => Some(format!("DEFAULT ({})", values::value(random, of, 1))),
        _ => Some(format!("DEFAULT {}", values::value(random, of, 1))),
    }
}

fn generated(maker: &mut Maker, table: &mut Table, names: &mut Names) {
    for _ in 0..maker.random.weighted(&[(60, 0), (30, 1), (10, 3)]) {
        let base = maker.random.pick(&table.columns);
        let (expression, of) = expression(maker, &base);
        let column = maker.column(table, names, of);
        table.columns[column].nullable = true;
        let kind = if maker.random.percent(50) { "STORED" } else { "VIRTUAL" };
        table.extras.push(Extra::Generated { column, sql: format!("GENERATED ALWAYS AS ({expression}) {kind}") });
        if maker.random.percent(20) {
            let sql = comment(&mut maker.random, maker.product, 60);
            table.extras.push(Extra::Attribute { column, sql });
        }
    }
}

/// An expression over a column, and a type that holds it.
fn expression(maker: &mut Maker, base: &Column) -> (String, Type) {
    let name = quote_name(&base.name);
    let number = Type::Integer { name: "BIGINT", bits: 64, unsigned: false, zerofill: false };
    let characters = Type::Text { name: "VARCHAR(120)".to_owned(), chars: 120, collation: "utf8mb4_general_ci" };
    let literal = text::quoted(&text::line(&mut maker.random, 20));
    match &base.of {
        Type::Integer { .. } if maker.random.percent(50) => (format!("{name} % 7"), number),
        // No conversion of text: a byte that its character set does not know brings a warning, which LOAD DATA minds.
        Type::Text { .. } => (format!("CONCAT(HEX(LEFT({name}, 10)), {literal})"), characters),
        Type::Integer { .. } => (format!("CONCAT(CONVERT(LEFT({name}, 40) USING utf8mb4), {literal})"), characters),
        // No comparison with the literal: MySQL shows it in another character set when the table is altered.
        Type::Choice { .. } => (format!("CONCAT({name} + 0, {literal})"), characters),
        Type::Binary { .. } => (format!("HEX(LEFT({name}, 20))"), characters),
        Type::Date => (format!("YEAR({name})"), number),
        Type::Json => (format!("JSON_UNQUOTE(JSON_EXTRACT({name}, '$.\"a b\"'))"), characters),
        Type::Geometry { .. } => (format!("ST_SRID({name})"), number),
        Type::Vector(_) => ("1 + 1".to_owned(), number),
        _ => (format!("CONCAT(ISNULL({name}), {literal})"), characters),
    }
}

fn index(maker: &mut Maker, table: &Table) -> Option<String> {
    let name = quote_name(&maker.names.next(&mut maker.random, "k"));
    let (random, product) = (&mut maker.random, maker.product);
    let column = random.pick(&table.columns);
    let quoted = quote_name(&column.name);
    let attribute = match random.below(8) {
        0 => format!(" {}", comment(random, product, 200)),
        1 => if product == Product::MySql { " INVISIBLE" } else { " IGNORED" }.to_owned(),
        2 if table.engine == "MEMORY" => " USING BTREE".to_owned(),
        _ => String::new(),
    };
    match &column.of {
        Type::Geometry { .. } if !column.nullable => Some(format!("SPATIAL KEY {name} ({quoted})")),
        Type::Geometry { .. } | Type::Vector(_) => None,
        Type::Json if product == Product::MySql => {
            Some(format!("KEY {name} ((CAST({quoted}->>'$.a' AS CHAR(40)))){attribute}"))
        }
        Type::Text { .. } if random.percent(15) => Some(format!("FULLTEXT KEY {name} ({quoted})")),
        _ if random.percent(10) && product == Product::MySql => {
            Some(format!("KEY {name} ((LENGTH({quoted}) + 1) DESC){attribute}"))
        }
        _ => {
            let mut parts = vec![part(random, &column)];
            let other = random.pick(&table.columns);
            if random.percent(40)
                && other.name != column.name
                && !matches!(other.of, Type::Geometry { .. } | Type::Vector(_))
            {
                parts.push(part(random, &other));
            }
            let unique = if random.percent(35) && !table.is_partitioned() { "UNIQUE " } else { "" };
            let parts: Vec<String> = parts.iter().map(Part::to_sql).collect();
            Some(format!("{unique}KEY {name} ({}){attribute}", parts.join(", ")))
        }
    }
}

fn part(random: &mut Random, column: &Column) -> Part {
    let prefix = match &column.of {
        Type::Text { chars, .. } if column.of.is_large() || *chars > 60 => Some(1 + random.size(0, 39)),
        Type::Binary { bytes, .. } if column.of.is_large() || *bytes > 60 => Some(1 + random.size(0, 39)),
        Type::Json => Some(20),
        _ => None,
    };
    Part { column: column.name.clone(), prefix, descending: random.percent(15) }
}

fn check(maker: &mut Maker, table: &Table) -> String {
    let name = quote_name(&maker.names.next(&mut maker.random, "check"));
    let (random, product) = (&mut maker.random, maker.product);
    let column = quote_name(&random.pick(&table.columns).name);
    let condition = match random.below(3) {
        0 => format!("{column} IS NULL OR LENGTH({column}) >= 0"),
        1 => format!("{column} IS NULL OR LENGTH({}) < 1000", text::quoted(&text::line(random, 20))),
        _ => format!("{column} IS NOT NULL OR 1 + 1 = 2"),
    };
    let enforced = if product == Product::MySql && random.percent(30) { " NOT ENFORCED" } else { "" };
    format!("CONSTRAINT {name} CHECK ({condition}){enforced}")
}

fn options(maker: &mut Maker, table: &mut Table) {
    let (random, product) = (&mut maker.random, maker.product);
    let mut add = |sql: String| table.extras.push(Extra::Option(sql));
    if random.percent(60) {
        let collation = types::collation(random, product);
        add(format!("DEFAULT CHARSET={} COLLATE={collation}", charset(collation)));
    }
    if random.percent(30) {
        add(comment(random, product, 1500));
    }
    const COMMON: &[&str] =
        &["STATS_PERSISTENT=0", "STATS_SAMPLE_PAGES=9", "MIN_ROWS=1 MAX_ROWS=100000", "AVG_ROW_LENGTH=100"];
    const INNODB: &[&str] =
        &["ROW_FORMAT=DYNAMIC", "ROW_FORMAT=COMPACT", "ROW_FORMAT=REDUNDANT", "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8"];
    const INNODB_OF_MYSQL: &[&str] = &[
        "COMPRESSION='zlib'",
        "AUTOEXTEND_SIZE=4M",
        "TABLESPACE=innodb_system",
        "ENCRYPTION='N'",
        "TABLESPACE=innodb_file_per_table",
    ];
    const INNODB_OF_MARIADB: &[&str] = &["PAGE_COMPRESSED=1", "PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=3"];
    const MYISAM: &[&str] =
        &["CHECKSUM=1", "DELAY_KEY_WRITE=1", "PACK_KEYS=1", "ROW_FORMAT=FIXED", "ROW_FORMAT=DYNAMIC"];
    const ARIA: &[&str] = &["PAGE_CHECKSUM=1", "TRANSACTIONAL=1", "TRANSACTIONAL=0", "ROW_FORMAT=PAGE", "CHECKSUM=1"];
    let own = match (table.engine, product) {
        ("InnoDB", Product::MariaDb) => [INNODB, INNODB_OF_MARIADB].concat(),
        ("InnoDB", Product::MySql) => [INNODB, INNODB_OF_MYSQL].concat(),
        ("MyISAM", _) => MYISAM.to_vec(),
        ("Aria", _) => ARIA.to_vec(),
        _ => COMMON.to_vec(),
    };
    for _ in 0..random.below(3) {
        add(random.pick(&[COMMON, &own].concat()).to_owned());
    }
}

/// PARTITION BY a column of the primary key, or of any when there is none.
fn partitions(maker: &mut Maker, table: &mut Table) {
    let random = &mut maker.random;
    if !random.percent(18) || (table.engine == "MyISAM" && maker.product == Product::MySql) {
        return;
    }
    let in_key = |column: &&Column| {
        table.primary.is_empty()
            || table.primary.iter().any(|part| part.column == column.name && part.prefix.is_none() && !part.descending)
    };
    let candidates: Vec<&Column> = table.columns.iter().filter(in_key).collect();
    if candidates.is_empty() {
        return;
    }
    let column = random.pick(&candidates);
    let name = quote_name(&column.name);
    let (hash, key) = (format!("HASH ({name}) PARTITIONS 3"), format!("KEY ({name}) PARTITIONS 4"));
    let by = match &column.of {
        Type::Integer { unsigned, .. } => {
            let first = if *unsigned { "" } else { "PARTITION `m,in` VALUES LESS THAN (0), " };
            match random.below(6) {
                0 => hash,
                1 => format!("LINEAR {hash}"),
                2 => key,
                3 => "LIST (X % 3) (PARTITION `a``b` VALUES IN (0, 1, -1), PARTITION `c'd` VALUES IN (2, -2, NULL))"
                    .replace('X', &name),
                4 => format!(
                    "RANGE ({name}) SUBPARTITION BY HASH ({name}) SUBPARTITIONS 2 ({first}PARTITION p1 VALUES LESS THAN (9), \
                     PARTITION `rest é` VALUES LESS THAN MAXVALUE)"
                ),
                _ => format!(
                    "RANGE ({name}) ({first}PARTITION p1 VALUES LESS THAN (20) COMMENT = 'it''s', PARTITION `p 2` VALUES LESS THAN \
                     (70), PARTITION `rest` VALUES LESS THAN MAXVALUE)"
                ),
            }
        }
        Type::Date | Type::Time { name: "DATETIME", .. } => match random.below(3) {
            0 => format!("HASH (YEAR({name})) PARTITIONS 3"),
            1 => format!(
                "RANGE (TO_DAYS({name})) (PARTITION p0 VALUES LESS THAN (TO_DAYS('1950-01-01')), PARTITION p1 VALUES LESS THAN MAXVALUE)"
            ),
            _ => format!(
                "RANGE COLUMNS ({name}) (PARTITION p0 VALUES LESS THAN ('1950-01-01'), PARTITION p1 VALUES LESS THAN (MAXVALUE))"
            ),
        },
        Type::Time { name: "TIMESTAMP", .. } => format!(
            "RANGE (UNIX_TIMESTAMP({name})) (PARTITION p0 VALUES LESS THAN (800000000), PARTITION p1 VALUES LESS THAN MAXVALUE)"
        ),
        Type::Text { .. } if random.percent(50) => format!(
            "RANGE COLUMNS ({name}) (PARTITION p0 VALUES LESS THAN ('b'), PARTITION p1 VALUES LESS THAN ('\\'\\\\'), \
             PARTITION p2 VALUES LESS THAN (MAXVALUE))"
        ),
        of if of.is_large() => return,
        _ => key,
    };
    table.extras.push(Extra::Partitions(format!("PARTITION BY {by}")));
}
